/*
 * enable_way: who can still get in: the admin who must be enrolled, the console that
 * is a way back, and whether those who are not enrolled yet can come in at all.
 */
#ifndef PB_ENABLE_WAY_H
#define PB_ENABLE_WAY_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/record.h"
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

/* Who is there before anybody has to show a code. */
struct enable_image {
	int enrolled;                /* have a device */
	int invited;                 /* have an account and an open invitation: */
	char user[WHO_NAME_MAX + 1]; /*   the first of them */
};

/* 0, or trouble of the store or of a record. */
int enable_way_image(const struct enable_way *w, struct enable_image *m, struct err *e);

/* Somebody who can become root, has a password and is exempt `@local`: he gets in at
 * the console whatever happens to his code. */
bool enable_way_console(const struct enable_way *w, char user[WHO_NAME_MAX + 1]);

/* How somebody who is not enrolled gets in through the target. */
enum enable_enroll {
	ENABLE_ENROLL_NONE = 0, /* he does not */
	ENABLE_ENROLL_UNPROVEN, /* he does not: the service proves no key or password before */
	ENABLE_ENROLL_NO_WORD,  /* he does not: by invitation, and nobody is invited */
	ENABLE_ENROLL_WORD,     /* by an invitation that is open */
	ENABLE_ENROLL_LOGIN,    /* he enrols at the prompt */
	ENABLE_ENROLL_DAY       /* enroll_by lets him in */
};

/* proves: the planned line has a word that lets it take the password or the caller as
 * proven. */
enum enable_enroll enable_way_to_enroll(const struct enable_way *w,
    enum enable_target target, bool proves, const struct enable_image *m);

/* Whether the user's password is one that can be typed. */
bool enable_way_password(const char *user);

/* Whether a login of the user from host (NULL: at this machine) is asked for a code,
 * though a key or password is proven.  *elsewhere: only when it comes from another
 * machine, since there is an exemption `@local`.  0; ERR_REFUSED: it is not, and why;
 * trouble of the store. */
int enable_way_asked(const struct enable_way *w, const char *user, const char *host,
    bool *elsewhere, struct err *e);

/* How far the user's codes are spent. */
struct enable_spent {
	int devices;
	struct {
		uint64_t id, step; /* the last that counts no more */
	} device[RECORD_DEVICES];
	uint64_t recovery; /* the set, and its codes that are left */
	int recovery_left;
};

/* 0, or trouble of the store or of the records. */
int enable_way_spent(const struct enable_way *w, const char *user, struct enable_spent *out,
    struct err *e);

/* Whether one has been spent in between: what a login does which a code lets in, and no
 * other. */
bool enable_way_has_spent(const struct enable_spent *before, const struct enable_spent *after);

#define ENABLE_KEY_MAX 16384

/* When each device of the user is bound to a public key: the key of the first, found
 * among his own, as sshd reports it ("publickey TYPE BASE64").  Else false: nothing is
 * to be shown, so that nothing but his code lets him in. */
bool enable_way_key(const struct enable_way *w, const char *user, char *key, size_t size);

#endif
