/*
 * seal: AES-256-GCM around every value in the store.
 *
 * key = HKDF-SHA256(master key, info = key name) (RFC 5869); nonce = 96 random
 * bits for every call; associated data = format, master key id, key name.  So
 * a value opens only under the name it was sealed for.
 *
 * sealed = format (1) | id length (1) | id | nonce (12) | ciphertext | tag (16)
 */
#ifndef PB_SEAL_H
#define PB_SEAL_H

#include "lib/core/err.h"
#include "lib/core/keyring.h"

#include <stddef.h>

#define SEAL_FORMAT 1
#define SEAL_OVERHEAD (2 + KEYRING_ID_MAX + 12 + 16)
#define SEAL_NAME_MAX 256

struct seal_bytes {
	unsigned char *data;
	size_t cap;
	size_t len;
};

/* Seals plain under the first key into out.  0 or ERR_SYSTEM. */
int seal_close(const struct keyring *k, const char *name,
    const struct seal_bytes *plain, struct seal_bytes *out, struct err *e);

/* Opens sealed into out, which the caller keeps in secret memory.  0; ERR_BAD
 * for anything that is not the value sealed under this name (out is wiped). */
int seal_open(const struct keyring *k, const char *name,
    const struct seal_bytes *sealed, struct seal_bytes *out, struct err *e);

/* The id of the master key that it is sealed under.  0 or ERR_BAD (id is ""). */
int seal_key_id(const struct seal_bytes *sealed, char id[KEYRING_ID_MAX + 1]);

#define SEAL_INFO_MAX 512

/* n bytes (at most 32) of HKDF-SHA256(master key, info), which is at most
 * SEAL_INFO_MAX bytes long.  0 or ERR_SYSTEM. */
int seal_derive(const struct keyring *k, const struct keyring_key *key, const char *info,
    unsigned char *out, size_t n);

/* HMAC-SHA256 of text into out, under a key of at most 64 bytes.  0 or ERR_SYSTEM. */
struct seal_text {
	const void *data;
	size_t len;
};
int seal_hmac(const struct keyring *k, const struct seal_text *key,
    const struct seal_text *text, unsigned char out[32]);

/* Keeps what libcrypto needs, and the first half of HKDF of the first key, for the
 * many calls of one login.  Without it each call begins anew.  0 or ERR_SYSTEM;
 * closed by seal_engine_close(), also after an error. */
int seal_engine_open(struct keyring *k);
void seal_engine_close(struct keyring *k);

#endif
