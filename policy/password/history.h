/*
 * history: whether somebody has had this password before, from `pw/USER` (record_pw.h).
 *
 * What it costs, whatever the history holds: two calls of crypt(3), one of the new password
 * with the live shadow field and one with the record's salt; history_add() behind
 * history_check() costs none more.  Where the old password is at hand in clear and the
 * record may not know it (no entry yet, or a change before of which more was tried than one
 * password), the second call makes an entry of that one, whose hash is about to be replaced
 * and has another salt, and whether the new one is in force is then told by comparing the
 * two in clear.  Only a record that changes between the two steps may cost more.
 *
 * Nothing is locked meanwhile: the entry goes in by one atomic update at the end, and is
 * computed again should the record have got another salt.  No lock but the record's own is
 * taken: who runs passwd may stop it for ever.
 *
 * Which entries count, and why a change that pam_unix refuses afterwards does no harm:
 * history_list.h.
 *
 * With reuse 0 history_check() asks for nothing, and history_add() notes the password all
 * the same: a policy of tomorrow finds it, and the time serves the age rule.
 *
 * Not seen is what never passes here: a password set by `usermod -p` or `chpasswd -e` is
 * compared while it is in force and forgotten then.
 */
#ifndef PB_HISTORY_H
#define PB_HISTORY_H

#include "lib/core/store.h"
#include "policy/password/history_list.h"
#include "policy/password/history_said.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes; libxcrypt takes no more, nor does PAM carry more (PAM_MAX_RESP_SIZE). */
#define HISTORY_PASSWORD_MAX 511

struct history_text {
	const char *data; /* NULL: none */
	size_t len;
};

struct history_ask {
	struct store *store; /* of store_open_pw() */
	const char *user;    /* as getpwnam() spells it */
	/* The second field of their line in shadow(5) as it is now, looked up by the caller
	 * ("!" in front, "*" or "" too); NULL: they have none here. */
	const char *live;
	struct history_text new; /* the password that is to be */
	/* The one in force, which somebody has proved (to pam_unix, in the step before). */
	struct history_text old;
	int reuse;               /* 0..HISTORY_REUSE_MAX changes before the present one */
	int64_t now;
};

/* What one change works in: secret memory, 48 KiB, wiped by history_close() (on every path,
 * also after an error).  0 or ERR_SYSTEM. */
struct history {
	struct secret memory;
};
int history_open(struct history *h, struct err *e);
void history_close(struct history *h);

/* Writes nothing.  0 and *said; ERR_SYNTAX: a password that is empty, too long or has a NUL
 * in it; ERR_SYSTEM: crypt(3) or libcrypto failed; what store_get() says (ERR_BAD: the
 * record cannot be trusted).  *said is HISTORY_USED after an error. */
int history_check(struct history *h, const struct history_ask *q, enum history_said *said,
    struct err *e);

/* Notes the new password: behind every rule, before pam_unix.  It is on the disk when this
 * returns.  0; ERR_UNAVAIL: too many changes of this user at once, or the lock; as above. */
int history_add(struct history *h, const struct history_ask *q, struct err *e);

/* For who keeps h for that: wipes the password and all else that it does not need. */
void history_forget(struct history *h);

/* For who learns that the change did not happen: takes out what history_add() of the same
 * h has noted, if the shadow field is still q->live.  0 or as above. */
int history_withdraw(struct history *h, const struct history_ask *q, struct err *e);

/* When the user's last change was that our record knows of and that shadow shows to have
 * happened: *when is 0 where there is none.  Of q it asks for store, user and live only.
 * 0; ERR_SYSTEM; ERR_BAD; trouble of the store. */
int history_changed(struct history *h, const struct history_ask *q, int64_t *when,
    struct err *e);

#endif
