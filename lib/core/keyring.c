#include "lib/core/keyring.h"

#include "lib/core/secret.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEYRING_FILE_MAX 4096
#define KEYRING_BASE64 44 /* of 32 bytes, one '=' at the end */

static bool id_is_good(const char *id, size_t n)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return n >= 1 && n <= KEYRING_ID_MAX && strspn(id, allowed) >= n;
}

static int parse_key(struct keyring *k, const char *line, size_t n)
{
	unsigned char raw[KEYRING_BASE64 / 4 * 3];
	const char *blank = memchr(line, ' ', n);
	struct keyring_key *key = &k->key[k->count];
	size_t id_len = blank != NULL ? (size_t)(blank - line) : 0;
	int decoded;

	if (k->count == KEYRING_KEYS || !id_is_good(line, id_len) ||
	    n - id_len - 1 != KEYRING_BASE64)
		return ERR_KEYRING;
	memcpy(key->id, line, id_len);
	key->id[id_len] = '\0';
	if (keyring_find(k, key->id) != NULL)
		return ERR_KEYRING;
	decoded = EVP_DecodeBlock(raw, (const unsigned char *)blank + 1, KEYRING_BASE64);
	/* EVP_DecodeBlock() takes a '=' anywhere; here it is the last byte. */
	if (decoded == (int)sizeof(raw) &&
	    memchr(blank + 1, '=', KEYRING_BASE64) == line + n - 1) {
		memcpy(key->bytes, raw, sizeof(key->bytes));
		k->count++;
	} else {
		decoded = -1;
	}
	secret_wipe(raw, sizeof(raw));
	return decoded < 0 ? ERR_KEYRING : 0;
}

int keyring_parse(struct keyring *k, const char *path, const char *text, size_t len,
    struct err *e)
{
	size_t at = 0;

	*k = (struct keyring){0};
	for (int number = 1; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (text + at)) : len - at;

		if (n > 0 && text[at] != '#' && parse_key(k, text + at, n) != 0)
			return err_set(e, ERR_KEYRING,
			    "%s:%d: is not 'ID BASE64-OF-32-BYTES' with an ID of its own; "
			    "restore the keyring from its copy", path, number);
		at += n + 1;
	}
	if (k->count == 0)
		return err_set(e, ERR_KEYRING,
		    "%s: holds no key; restore the keyring from its copy", path);
	return 0;
}

int keyring_load(struct keyring *k, const char *path, const char *judged, struct err *e)
{
	char text[KEYRING_FILE_MAX];
	struct safefile_buffer buf = {.data = text, .cap = sizeof(text), .judged = judged};
	int r;

	r = safefile_read(path, SAFEFILE_PRIVATE, &buf, e);
	if (r == ERR_BAD)
		r = err_set(e, ERR_KEYRING, "%s: is longer than a keyring can be; "
		    "restore the keyring from its copy", path);
	if (r == 0)
		r = keyring_parse(k, path, text, buf.len, e);
	if (r == 0)
		k->seen = buf.seen;
	secret_wipe(text, buf.len);
	return r;
}

int keyring_new_line(char *text, size_t cap, struct err *e)
{
	unsigned char random[4 + KEYRING_KEY_SIZE];
	unsigned char base64[KEYRING_BASE64 + 1];
	int r = 0;

	if (RAND_bytes(random, sizeof(random)) != 1 ||
	    EVP_EncodeBlock(base64, random + 4, KEYRING_KEY_SIZE) != KEYRING_BASE64)
		r = err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	else
		(void)snprintf(text, cap, "k%02x%02x%02x%02x %s\n", random[0], random[1],
		    random[2], random[3], base64);
	secret_wipe(random, sizeof(random));
	secret_wipe(base64, sizeof(base64));
	return r;
}

const struct keyring_key *keyring_find(const struct keyring *k, const char *id)
{
	for (int i = 0; i < k->count; i++)
		if (strcmp(k->key[i].id, id) == 0)
			return &k->key[i];
	return NULL;
}
