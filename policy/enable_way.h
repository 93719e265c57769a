/*
 * enable_way: who can still get in: the admin who must be enrolled, the console that
 * is a way back, and whether those who are not enrolled yet can come in at all.
 */
#ifndef PB_ENABLE_WAY_H
#define PB_ENABLE_WAY_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/who.h"
#include "policy/enable_files.h"

#include <stdbool.h>
#include <stdint.h>

struct enable_way {
	const struct conf *conf;
	const char *named;  /* --admin, or NULL */
	const char *caller; /* who calls sudo, or NULL */
	int64_t now;
};

/* An enrolled user, not locked, who can become root: the one that is named, else the
 * caller, else the first.  0; ERR_REFUSED: there is none; trouble of the store. */
int enable_way_admin(const struct enable_way *w, char user[WHO_NAME_MAX + 1],
    struct err *e);

/* Whether anybody is enrolled: 1, 0, or trouble of the store. */
int enable_way_anybody(const struct enable_way *w, struct err *e);

/* Somebody who can become root, has a password and is exempt `@local`: he gets in at
 * the console whatever happens to his code. */
bool enable_way_console(const struct enable_way *w, char user[WHO_NAME_MAX + 1]);

/* Somebody who is not enrolled can get in through the target now, and enrol. */
bool enable_way_to_enroll(const struct enable_way *w, enum enable_target target);

#define ENABLE_KEY_MAX 16384

/* When each device of the user is bound to a public key: the key of the first, found
 * among his own, as sshd reports it ("publickey TYPE BASE64").  Else false: nothing is
 * to be shown, so that nothing but his code lets him in. */
bool enable_way_key(const struct enable_way *w, const char *user, char *key, size_t size);

#endif
