#include "lib/core/sshkey.h"

#include "lib/core/crypto.h"
#include "lib/core/err.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define WORD "publickey "
#define BASE64_MAX 32768
#define CERT "-cert-v01@openssh.com"
#define TYPE_MAX 64

struct reader {
	const uint8_t *at;
	size_t left;
};

/* A length and so many bytes (RFC 4251, section 5: string, mpint). */
static int take(struct reader *r, const uint8_t **value, size_t *n)
{
	if (r->left < 4)
		return ERR_SYNTAX;
	*n = (size_t)r->at[0] << 24 | (size_t)r->at[1] << 16 | (size_t)r->at[2] << 8 | r->at[3];
	if (*n > r->left - 4)
		return ERR_SYNTAX;
	*value = r->at + 4;
	r->at += 4 + *n;
	r->left -= 4 + *n;
	return 0;
}

/* How many fields of a certificate, behind its nonce, make up the key. */
static int key_fields(const char *plain)
{
	if (strcmp(plain, "ssh-ed25519") == 0)
		return 1;
	if (strcmp(plain, "ssh-rsa") == 0 || strncmp(plain, "ecdsa-", 6) == 0 ||
	    strcmp(plain, "sk-ssh-ed25519@openssh.com") == 0)
		return 2;
	if (strncmp(plain, "sk-ecdsa-", 9) == 0)
		return 3;
	return strcmp(plain, "ssh-dss") == 0 ? 4 : 0;
}

/* The name of the certified key's type, "" when the blob is no certificate. */
static void plain_type(const uint8_t *type, size_t n, char plain[TYPE_MAX])
{
	size_t tail = sizeof(CERT) - 1;

	plain[0] = '\0';
	if (n <= tail || n >= TYPE_MAX || memcmp(type + n - tail, CERT, tail) != 0)
		return;
	memcpy(plain, type, n - tail);
	plain[n - tail] = '\0';
	if (strncmp(plain, "sk-", 3) == 0 && n - tail + 12 < TYPE_MAX)
		memcpy(plain + n - tail, "@openssh.com", 13);
}

static int digest(const uint8_t *data, size_t n, uint8_t out[SSHKEY_HASH])
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (EVP_Digest(data, n, md, NULL, crypto_sha256(), NULL) != 1)
		return ERR_SYSTEM;
	memcpy(out, md, SSHKEY_HASH);
	return 0;
}

/* The key's own blob: its type, then the fields as they stand in the certificate. */
static int hash_certified(struct reader *r, const char *plain, uint8_t out[SSHKEY_HASH])
{
	size_t name = strlen(plain), n;
	const uint8_t *nonce, *value, *first;
	uint8_t *key;
	int result;

	if (take(r, &nonce, &n) != 0)
		return ERR_SYNTAX;
	first = r->at;
	for (int i = key_fields(plain); i > 0; i--)
		if (take(r, &value, &n) != 0)
			return ERR_SYNTAX;
	n = (size_t)(r->at - first);
	if ((key = malloc(4 + name + n)) == NULL)
		return ERR_SYSTEM;
	memcpy(key, "\0\0\0", 3);
	key[3] = (uint8_t)name;
	memcpy(key + 4, plain, name);
	memcpy(key + 4 + name, first, n);
	result = digest(key, 4 + name + n, out);
	free(key);
	return result;
}

int sshkey_hash(const uint8_t *blob, size_t n, uint8_t out[SSHKEY_HASH])
{
	struct reader r = {blob, n};
	char plain[TYPE_MAX];
	const uint8_t *type;
	size_t len;

	if (take(&r, &type, &len) != 0)
		return ERR_SYNTAX;
	plain_type(type, len, plain);
	if (key_fields(plain) > 0)
		return hash_certified(&r, plain, out);
	return digest(blob, n, out);
}

static int add_key(struct sshkey_set *set, const char *base64, size_t len)
{
	uint8_t *blob, hash[SSHKEY_HASH];
	int n, r = ERR_SYNTAX;

	if (len == 0 || len % 4 != 0 || len > BASE64_MAX || (blob = malloc(len / 4 * 3)) == NULL)
		return ERR_SYNTAX;
	n = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)len);
	for (size_t i = len; i > 0 && n > 0 && base64[i - 1] == '='; i--)
		n--;
	if (n > 0)
		r = sshkey_hash(blob, (size_t)n, hash);
	free(blob);
	if (r != 0 || sshkey_has(set, hash))
		return r;
	if (set->count == SSHKEY_MOST)
		return ERR_SYNTAX;
	memcpy(set->hash[set->count++], hash, SSHKEY_HASH);
	return 0;
}

void sshkey_read(const char *info, struct sshkey_set *set)
{
	*set = (struct sshkey_set){.whole = true};
	while (info != NULL && *info != '\0') {
		const char *line = info, *base64;

		info = strchr(info, '\n');
		if (info != NULL)
			info++;
		if (strncmp(line, WORD, sizeof(WORD) - 1) != 0)
			continue;
		base64 = line + sizeof(WORD) - 1;
		base64 += strcspn(base64, " \n");
		if (*base64 == ' ')
			base64++;
		if (add_key(set, base64, strcspn(base64, " \n")) != 0)
			set->whole = false;
	}
}

bool sshkey_has(const struct sshkey_set *set, const uint8_t hash[SSHKEY_HASH])
{
	for (int i = 0; set != NULL && i < set->count; i++)
		if (memcmp(set->hash[i], hash, SSHKEY_HASH) == 0)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, SSHKEY_HASH);
}

int sshkey_set_hash(const struct sshkey_set *set, uint8_t out[16])
{
	struct sshkey_set sorted = *set;
	uint8_t hash[SSHKEY_HASH];

	qsort(sorted.hash, (size_t)sorted.count, SSHKEY_HASH, compare);
	if (digest(sorted.hash[0], (size_t)sorted.count * SSHKEY_HASH, hash) != 0)
		return ERR_SYSTEM;
	memcpy(out, hash, 16);
	return 0;
}

void sshkey_text(const uint8_t hash[SSHKEY_HASH], char text[SSHKEY_TEXT])
{
	unsigned char base64[48];

	(void)EVP_EncodeBlock(base64, hash, SSHKEY_HASH);
	memcpy(text, "SHA256:", 7);
	memcpy(text + 7, base64, 43); /* without its '=' */
	text[50] = '\0';
}

int sshkey_parse(const char *text, uint8_t hash[SSHKEY_HASH])
{
	unsigned char base64[45], bytes[36];
	char again[SSHKEY_TEXT];

	if (strnlen(text, SSHKEY_TEXT) != 50 || strncmp(text, "SHA256:", 7) != 0)
		return ERR_SYNTAX;
	memcpy(base64, text + 7, 43);
	base64[43] = '=';
	if (EVP_DecodeBlock(bytes, base64, 44) != 33)
		return ERR_SYNTAX;
	memcpy(hash, bytes, SSHKEY_HASH);
	sshkey_text(hash, again);
	return strcmp(again, text) == 0 ? 0 : ERR_SYNTAX;
}
