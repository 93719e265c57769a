/*
 * backup: all records in one file, as they are sealed; the keyring is not in it.
 *
 *   header (BACKUP_HEADER bytes of text, blanks behind it)
 *   for each record: key length (2) | key | value length (2) | value
 *   HMAC-SHA256 (32), under a key of the master key that the header names, of the
 *   SHA-256 of records and header
 *
 * For each user, sorted, enroll comes before hot, and hot before pw.  Decoys are left out: init makes
 * them.
 */
#ifndef PB_BACKUP_H
#define PB_BACKUP_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/keyring.h"
#include "lib/core/store.h"

#include <stdint.h>
#include <stdio.h>

#define BACKUP_HEADER 1024
#define BACKUP_MACHINE_MAX 64
#define BACKUP_MAC 32

struct backup_header {
	int64_t time;
	char machine[BACKUP_MACHINE_MAX + 1];
	int keys; /* master keys that records are sealed under */
	char key[KEYRING_KEYS][KEYRING_ID_MAX + 1];
	char mac[KEYRING_ID_MAX + 1]; /* the one that the MAC is made with */
	uint64_t records;
};

struct backup {
	struct store *store;
	struct store *pw; /* of password histories; NULL: there are none */
	const char *path;
	int64_t now;
	/* A record that is left out, because it does not open. */
	void (*bad)(void *ctx, const char *why);
	void (*progress)(void *ctx, size_t done, size_t all);
	void *ctx;
};

struct backup_result {
	size_t users, records, bad;
	struct backup_header header;
};

/* Makes a new file, 0600, complete or not at all.  0; ERR_REFUSED: it exists already;
 * or trouble. */
int backup_write(const struct backup *b, struct backup_result *res, struct err *e);

/* An open backup.  All of it is checked before the first record is given. */
struct backup_in {
	FILE *f;
	const char *path;
	const struct keyring *keyring;
	struct backup_header header;
	uint64_t left; /* records to come */
	void *digest;  /* EVP_MD_CTX */
	char last[STORE_KEY_MAX];
};

/* 0; ERR_BAD: damaged or no backup; ERR_KEYRING: the keyring lacks a key; trouble.
 * backup_close() in any case. */
int backup_open(struct backup_in *in, const char *path, const struct keyring *k,
    struct err *e);
void backup_close(struct backup_in *in);

/* The next record.  0, ERR_NONE at the end, ERR_BAD. */
int backup_next(struct backup_in *in, char key[STORE_KEY_MAX], struct store_raw *raw,
    struct err *e);

/* For both sides: what is opened here is what can be restored.  0; ERR_BAD: it does not
 * open, or is no record of this version's format; trouble. */
int backup_check_record(const struct keyring *k, const char *key, const struct store_raw *raw,
    struct store_value *v, struct err *e);
int backup_header_put(const struct backup_header *h, char text[BACKUP_HEADER]);
int backup_header_get(struct backup_header *h, const char text[BACKUP_HEADER]);
int backup_mac(const struct keyring *k, const char *id, const unsigned char digest[32],
    unsigned char mac[BACKUP_MAC]);

#endif
