/*
 * explain_meets: from what explain() has found, what a login meets.  The order is that
 * of the module (pam_module/decide.h, and account's `need_auth`); a test compares them.
 */
#ifndef PB_EXPLAIN_MEETS_H
#define PB_EXPLAIN_MEETS_H

#include "policy/explain.h"

enum explain_meets {
	EXPLAIN_REFUSED_TROUBLE = 0, /* asked for a code, and refused whatever it is */
	EXPLAIN_REFUSED_NOBODY,
	EXPLAIN_REFUSED_SSHD,        /* by sshd, whatever is answered */
	EXPLAIN_REFUSED_EXPIRED,     /* by account, whatever is answered */
	EXPLAIN_REFUSED_NOT_ENROLLED,
	EXPLAIN_REFUSED_UNPROVEN,    /* not enrolled, and nothing is proven before */
	EXPLAIN_REFUSED_NEED_AUTH,   /* not asked; account refuses */
	EXPLAIN_REFUSED_MIXED,       /* where the way taken does not ask */
	EXPLAIN_PAST,                /* let in without the module's doing */
	EXPLAIN_PAST_MIXED,
	EXPLAIN_HOLE,                /* asked, and let in without it */
	EXPLAIN_HOLE_GUARDED,        /* the same, and account refuses */
	EXPLAIN_NOT_ASKED,
	EXPLAIN_EXEMPT,              /* let in without a prompt */
	EXPLAIN_NOT_REQUIRED,
	EXPLAIN_BYPASS,
	EXPLAIN_GRACE,
	EXPLAIN_SHOWN,               /* a QR code */
	EXPLAIN_SHOWN_GRACE,
	EXPLAIN_SHOWN_LOCKED,
	EXPLAIN_WORD,                /* the code prompt, with an invitation's word */
	EXPLAIN_WORD_GRACE,
	EXPLAIN_LOCKED,              /* the code prompt */
	EXPLAIN_DELAYED,
	EXPLAIN_REMEMBERED,
	EXPLAIN_REMEMBERED_DELAYED,
	EXPLAIN_CODE
};

enum explain_meets explain_meets(const struct explain_query *q, const struct explain *x);

/* The same in a few words, and one line of what to do next, or "". */
const char *explain_meets_text(enum explain_meets m);
const char *explain_meets_next(enum explain_meets m);

/* Whether a first factor can be proven before the code: sshd's key, after_password,
 * after_login and a caller who is not root. */
bool explain_meets_proof(const struct explain *x);

#endif
