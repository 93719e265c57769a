/*
 * rekey: another master key, in three steps, so that every host of a fleet can have it
 * before anything is sealed under it, and logins go on all the while.
 *
 *   add     a new key, which seals nothing yet
 *   use     it becomes the first and seals; every record is sealed anew, and written in
 *           the newest format
 *   retire  keys go that no record is sealed under any more
 *
 * Each may be killed at any point and given again.
 */
#ifndef PB_REKEY_H
#define PB_REKEY_H

#include "lib/core/conf.h"
#include "lib/core/keyring.h"
#include "lib/core/store.h"

#include <stddef.h>

struct rekey {
	const struct conf *conf;
	void (*progress)(void *ctx, size_t done, size_t all);
	void (*bad)(void *ctx, const char *why); /* a record that does not open */
	void *ctx;
};

/* 0 and its id; ERR_REFUSED: one waits already, or there are eight. */
int rekey_add(const struct rekey *q, char id[KEYRING_ID_MAX + 1], struct err *e);

struct rekey_used {
	char id[KEYRING_ID_MAX + 1]; /* of the first key now */
	bool changed;   /* it has become the first by this call */
	size_t records; /* sealed anew */
	size_t bad;     /* stay as they are */
};
int rekey_use(const struct rekey *q, struct rekey_used *res, struct err *e);

struct rekey_retired {
	int keys;
	char id[KEYRING_KEYS][KEYRING_ID_MAX + 1];
};
/* ERR_REFUSED: records are sealed under an old key (the message says how many), or
 * there is none. */
int rekey_retire(const struct rekey *q, struct rekey_retired *res, struct err *e);

#endif
