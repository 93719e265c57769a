/*
 * fix_account: makes the account password policy as strict as a check of the audit asks, and
 * takes that back.
 *
 * IAM has no partial update: all nine fields are read, merged and written.  The old answer
 * and the new one are kept in a transaction (enable_txn.h) before IAM is told; what became
 * of it is read again and never guessed.
 */
#ifndef PB_IAM_FIX_ACCOUNT_H
#define PB_IAM_FIX_ACCOUNT_H

#include "policy/enable_txn.h"
#include "policy/iam/iam_policy.h"

/* Bits of those that are asked for. */
#define FIX_ACCOUNT_FIRST 1
#define FIX_ACCOUNT_LAST 4
#define FIX_ACCOUNT_BIT(i) (1U << (i)) /* PWD-01, ... */

/* The stricter of what is there and what these checks ask for.  An account without a policy
 * gets one that is stricter than IAM's default.  HardExpiry stays as it is.  Pure. */
void fix_account_merge(const struct iam_policy *old, unsigned what, struct iam_policy *new);

/* Whether IAM would do the same by both. */
bool fix_account_same(const struct iam_policy *a, const struct iam_policy *b);

struct fix_account {
	struct account_caller who;
	char what[32];      /* "PWD-02,PWD-03": the checks, as they were asked for */
	char profile[128];  /* "": none */
	char region[64];    /* likewise */
	struct iam_policy old, new;
};

/* Puts c->new in the place of c->old.  0 with id; ERR_CONFLICT: it is another already;
 * ERR_REFUSED: it was not taken, and all is as it was (e says why); other trouble, also where
 * IAM has taken it and does not show it: then the transaction is open, if *id is not "". */
int fix_account_apply(const struct enable_txn *t, struct aws *a, const struct fix_account *c,
    char id[ENABLE_ID_MAX], struct err *e);

/* Reads one that is open or done.  0; ERR_NONE; ERR_BAD. */
int fix_account_read(const struct enable_txn *t, const char *id, struct fix_account *c,
    struct err *e);

/* Puts c->old back, and ends it.  0; ERR_CONFLICT: somebody has changed it since;
 * ERR_REFUSED: another account answers; trouble. */
int fix_account_back(const struct enable_txn *t, struct aws *a, const char *id,
    const struct fix_account *c, struct err *e);

#endif
