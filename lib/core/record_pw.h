/*
 * record_pw: `pw/USER`, what the host keeps of a user's passwords, and its bytes.
 *
 * No password and no hash of one is in it: an entry is HMAC-SHA256, under the record's
 * random key, of what crypt(3) makes of the password with the record's salt.  One salt
 * for all of them, so that one call of crypt(3) compares a new password with every
 * entry; the key, so that who has the sealed record alone can guess nothing.
 *
 * What the entries mean (which are in force, which count) is history_list.h's.
 * Always in the local file store, below state_dir (store_open_pw()).
 */
#ifndef PB_RECORD_PW_H
#define PB_RECORD_PW_H

#include "lib/core/err.h"
#include "lib/core/record.h"

#include <stddef.h>
#include <stdint.h>

/* Of its own, for a history must not become unreadable when the other records change: it
 * would refuse every change of the password.  What is made anew has the first; the second is
 * the same layout under the number that those have, and stays as it is read.  The next
 * layout is 3. */
#define RECORD_PW_FORMAT 1
#define RECORD_PW_FORMAT_SAME 2

#define RECORD_PW_ENTRIES 56
#define RECORD_PW_SALT_MAX 64
#define RECORD_PW_TAG 16

struct record_pw_entry {
	uint8_t mac[RECORD_HASH];
	/* Which shadow field it was to replace: a keyed hash of that; zero: not known. */
	uint8_t before[RECORD_PW_TAG];
	int64_t set; /* seconds since 1970; 0: not known */
};

struct record_pw {
	uint16_t format;
	char salt[RECORD_PW_SALT_MAX + 1]; /* a setting of crypt(3), yescrypt's */
	uint8_t key[RECORD_HASH];
	uint8_t entries;
	struct record_pw_entry entry[RECORD_PW_ENTRIES]; /* newest first */
};

/* An empty record with a new random key.  0; ERR_SYNTAX: salt is none of yescrypt's;
 * ERR_SYSTEM. */
int record_pw_new(struct record_pw *r, const char *salt);

/* As record_put_hot() and record_get_hot(). */
int record_pw_put(const struct record_pw *r, unsigned char *out);
int record_pw_get(struct record_pw *r, const unsigned char *in, size_t len);

#endif
