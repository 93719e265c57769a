/*
 * keyring: the master keys, `ID BASE64` lines; the first one seals.
 *
 * A root-only file (0600) that only `enroll-mfa init` makes.  It is never in
 * the store, so a stolen store opens nothing.  Lives in secret memory.
 */
#ifndef PB_KEYRING_H
#define PB_KEYRING_H

#include "lib/core/err.h"
#include "lib/core/safefile.h"

#include <stdbool.h>
#include <stddef.h>

#define KEYRING_KEYS 8
#define KEYRING_ID_MAX 32
#define KEYRING_KEY_SIZE 32

struct seal_engine;

struct keyring {
	int count;
	struct seal_engine *engine; /* seal_engine_open(), or NULL */
	struct safefile_seen seen;  /* the file of keyring_load() */
	struct keyring_key {
		char id[KEYRING_ID_MAX + 1];
		unsigned char bytes[KEYRING_KEY_SIZE];
		bool extracted; /* prk holds HKDF-Extract of bytes (seal_extract()) */
		unsigned char prk[KEYRING_KEY_SIZE];
	} key[KEYRING_KEYS];
};

/* Reads path into k, which the caller keeps in secret memory and wipes.  judged: the
 * file that this login has read before, or NULL (safefile.h).
 * 0, ERR_NONE (no file), ERR_KEYRING (content), ERR_UNSAFE, ERR_UNAVAIL. */
int keyring_load(struct keyring *k, const char *path, const char *judged, struct err *e);

/* The same from text; path is for messages. */
int keyring_parse(struct keyring *k, const char *path, const char *text, size_t len,
    struct err *e);

/* Writes one line with a new random key into text (cap >= 128). 0 or ERR_SYSTEM. */
int keyring_new_line(char *text, size_t cap, struct err *e);

/* The key called id, or NULL. */
const struct keyring_key *keyring_find(const struct keyring *k, const char *id);

#endif
