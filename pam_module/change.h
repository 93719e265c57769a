/*
 * change: one change of a password: whose it is, what must hold for it, and where its
 * history is kept.
 */
#ifndef PB_CHANGE_H
#define PB_CHANGE_H

#include "lib/core/store.h"
#include "pam_module/entry.h"
#include "policy/password/history.h"
#include "policy/password/policy.h"
#include "policy/password/shadow.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Zero keeps none. */
enum change_history {
	CHANGE_NOT_LOCAL, /* the password is not one of this host: a directory keeps its own */
	CHANGE_NOT_MADE,  /* `enroll-mfa init` has not been run, and no policy asks for it */
	CHANGE_KEPT
};

struct change {
	struct entry *en;
	const char *user;  /* as getpwnam() spells it; libpam's */
	const char *gecos; /* the same; may be NULL */
	uid_t uid;
	gid_t gid;
	int64_t changed;   /* when, by our own record; 0: it does not say */
	bool free;         /* a broken rule is told and does not refuse */
	struct password_policies policies;
	int reuse;         /* of the policies */
	struct secret memory;
	struct shadow_entry *shadow; /* in memory; as it was read last */
	enum change_history history;
	struct store store;
	struct history work;
};

/* What is in the way of it: a word for the log, and err. */
struct change_trouble {
	const char *reason; /* "no_user", "no_account", "policy", "shadow", "not_initialised",
	                     * "history", "system" */
	struct err err;
};

/* Looks at all that a change needs and asks nothing.  write: makes the directory of
 * histories where it is not there.  0, or a code with *t filled.  change_end() in either
 * case. */
int change_begin(struct change *c, struct entry *en, int flags, bool write,
    struct change_trouble *t);
void change_end(struct change *c);

/* Whether a forced change of the user's password could be noted now; makes and asks nothing.
 * 0, or a code with *t filled. */
int change_probe(struct entry *en, struct change_trouble *t);

/* Reads the user's line in shadow anew: somebody may have sat at a prompt.  0 or a code. */
int change_look(struct change *c, struct change_trouble *t);

/* Whether this caller is root and does as he likes.  sshd and login call for a user whose
 * password is too old with real uid 0 too, and say so: no liberty of theirs. */
bool change_is_root(int flags);

#endif
