/*
 * fix_user: denies an IAM user all but setting up MFA until he has logged in with it
 * (`fix MFA-03`), by a policy inside of the user, and takes that back.
 *
 * What stood under the policy's name before is kept in a transaction (enable_txn.h) before
 * IAM is told.  An answer that was lost is asked for again, and never guessed.
 */
#ifndef PB_IAM_FIX_USER_H
#define PB_IAM_FIX_USER_H

#include "policy/buffer.h"
#include "policy/enable_txn.h"
#include "policy/iam/account.h"

#define FIX_USER_POLICY "pam-bastion-require-mfa"
#define FIX_USER_NAME 65

/* What IAM says of a user. */
struct fix_user {
	struct account_caller who;
	char user[FIX_USER_NAME];
	char profile[ACCOUNT_PROFILE]; /* "": none */
	char region[ACCOUNT_REGION];   /* likewise */
	bool itself;       /* the user's own key signs */
	bool console;      /* has a console password */
	int keys;          /* active access keys */
	bool had;          /* a policy of this name is there, old */
	struct buffer old;
};

void fix_user_free(struct fix_user *c);

/* The document that is put, as JSON. */
const char *fix_user_document(void);

/* Whether two documents say the same, whatever their blanks and the order of their members. */
bool fix_user_same(const char *a, const char *b);

/* Undoes percent encoding into out.  false: it is none, or has a NUL in it (out is empty). */
bool fix_user_decode(const char *text, struct buffer *out);

/* Fills the rest of c by c->user; he must exist.  0; ERR_REFUSED: there is no such user; else as
 * account_call(). */
int fix_user_look(struct aws *a, struct fix_user *c, struct err *e);

/* Puts the document in the place of c->old.  0 with id; ERR_CONFLICT: it is another already;
 * ERR_REFUSED: IAM did not take it, and all is as it was; other trouble, then the
 * transaction is open, if *id is not "". */
int fix_user_apply(const struct enable_txn *t, struct aws *a, const struct fix_user *c,
    char id[ENABLE_ID_MAX], struct err *e);

/* Reads one that is open or done.  0; ERR_NONE; ERR_BAD. */
int fix_user_read(const struct enable_txn *t, const char *id, struct fix_user *c, struct err *e);

/* Puts c->old back, or takes the policy away, and ends it.  0; ERR_REFUSED: somebody has changed
 * it since, or another account answers; else as account_call(). */
int fix_user_back(const struct enable_txn *t, struct aws *a, const char *id,
    const struct fix_user *c, struct err *e);

#endif
