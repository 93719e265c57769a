/*
 * attempt: one run of pam_sm_authenticate: who is asking, from where, behind what,
 * and the judgement of what they answer.
 */
#ifndef PB_ATTEMPT_H
#define PB_ATTEMPT_H

#include "lib/core/exempt.h"
#include "lib/core/login.h"
#include "lib/core/sshkey.h"
#include "pam_module/entry.h"

struct attempt {
	struct entry *en;
	char *typed; /* PAM_USER as it was: the item is not ours, and may change */
	struct login_request req;
	struct login_result res; /* of the last answer */
	struct sshkey_set keys;
	struct exempt_facts who;
	char key[SSHKEY_TEXT]; /* the first of keys, for the log; or "" */
};

/* Nothing of the store is read.  0, or ERR_UNAVAIL when there is no user name.
 * attempt_end() is called in either case. */
int attempt_begin(struct attempt *a, struct entry *en);
void attempt_end(struct attempt *a);

/* Takes the time anew: somebody may have sat at a prompt. */
void attempt_clock(struct attempt *a);

/* Judges one answer by login() and logs the verdict, unless it is LOGIN_INVITED:
 * what comes of that is logged when it is shown. */
void attempt_judge(struct attempt *a, const char *typed);

#endif
