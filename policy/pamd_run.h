/*
 * pamd_run: what libpam's dispatcher comes to, exactly, when it is known what each module
 * answers.
 *
 * As Linux-PAM 1.5.2 does it; tests/pam/test_stacks.c holds it against the real one.  The
 * walk of pamd_stack.h goes by the same step, with every answer that a module may give.
 */
#ifndef PB_PAMD_RUN_H
#define PB_PAMD_RUN_H

#include "policy/pamd_stack.h"

enum pamd_impression { PAMD_UNDEFINED, PAMD_POSITIVE, PAMD_NEGATIVE };

/* What the dispatcher remembers between two lines. */
struct pamd_state {
	enum pamd_impression impression;
	int status; /* a return code of libpam */
};

/* Before the first line. */
struct pamd_state pamd_state_begin(void);

/* What the stack returns when it ends so. */
int pamd_state_end(const struct pamd_state *now);

/* The line at has answered code, which is any number but PAM_INCOMPLETE.  Moves *now, with
 * saved being what it was on entering the line's substack (pamd_state_begin() at level 0).
 * The line that comes next. */
int pamd_step(const struct pamd_stack *s, int at, int code, const struct pamd_state *saved,
    struct pamd_state *now);

/* Called for every line whose module is run, in order: what it answers. */
typedef int (*pamd_answer)(void *ctx, const struct pamd_stack *s, int at);

/* What pam_authenticate() or pam_acct_mgmt() returns, or each of the two rounds of
 * pam_chauthtok(): the first is for PAM_PRELIM_CHECK, and only its PAM_SUCCESS is followed
 * by the second, which nothing of the first binds.  A stack without lines refuses, as
 * libpam does where `other` has none either. */
int pamd_run(const struct pamd_stack *s, pamd_answer answer, void *ctx);

#endif
