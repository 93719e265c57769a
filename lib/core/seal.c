#include "lib/core/seal.h"

#include "lib/core/crypto.h"
#include "lib/core/hmac.h"
#include "lib/core/secret.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONCE 12
#define TAG 16

struct seal_engine {
	struct hmac hmac;
	const struct keyring_key *keyed; /* whose prk it has taken, or NULL */
	EVP_CIPHER_CTX *cipher;
	/* The key derived last: an update opens and seals under the same name. */
	const struct keyring_key *from;
	char name[SEAL_NAME_MAX + 1];
	unsigned char key[32];
};

static void engine_done(struct seal_engine *g)
{
	EVP_CIPHER_CTX_free(g->cipher);
	hmac_close(&g->hmac);
	secret_wipe(g, sizeof(*g));
}

static int engine_start(struct seal_engine *g)
{
	*g = (struct seal_engine){0};
	if (hmac_open(&g->hmac) == 0 && (g->cipher = EVP_CIPHER_CTX_new()) != NULL)
		return 0;
	engine_done(g);
	return ERR_SYSTEM;
}

/* The keyring's engine, or own brought up for one call; NULL: libcrypto fails. */
static struct seal_engine *engine_of(const struct keyring *k, struct seal_engine *own)
{
	*own = (struct seal_engine){0};
	if (k->engine != NULL)
		return k->engine;
	return engine_start(own) == 0 ? own : NULL;
}

int seal_hmac(const struct keyring *k, const struct seal_text *key,
    const struct seal_text *text, unsigned char out[32])
{
	struct seal_engine own, *g = engine_of(k, &own);
	int r = ERR_SYSTEM;

	if (g != NULL)
		r = hmac_once(&g->hmac, key->data, key->len, text->data, text->len, out);
	engine_done(&own);
	return r;
}

/* RFC 5869: each half is one HMAC-SHA256; test_seal.c compares with libcrypto's
 * HKDF, which asks for everything anew at each call. */
static int extract(const struct keyring *k, const struct keyring_key *key,
    unsigned char prk[32])
{
	static const unsigned char no_salt[32];

	return seal_hmac(k, &(struct seal_text){no_salt, sizeof(no_salt)},
	    &(struct seal_text){key->bytes, sizeof(key->bytes)}, prk);
}

int seal_engine_open(struct keyring *k)
{
	struct seal_engine *g = calloc(1, sizeof(*g));

	k->engine = NULL;
	if (g == NULL || engine_start(g) != 0) {
		free(g);
		return ERR_SYSTEM;
	}
	k->engine = g;
	k->key[0].extracted = extract(k, &k->key[0], k->key[0].prk) == 0;
	return k->key[0].extracted ? 0 : ERR_SYSTEM;
}

void seal_engine_close(struct keyring *k)
{
	if (k->engine != NULL)
		engine_done(k->engine);
	free(k->engine);
	k->engine = NULL;
}

/* One login derives three times from one key, which is then loaded once. */
static int expand(const struct keyring *k, const struct keyring_key *key,
    const unsigned char prk[32], const struct seal_text *in, unsigned char block[32])
{
	struct seal_engine *g = k->engine;

	if (g == NULL || !key->extracted)
		return seal_hmac(k, &(struct seal_text){prk, 32}, in, block);
	if (g->keyed != key) {
		g->keyed = NULL;
		if (hmac_key(&g->hmac, prk, 32) != 0)
			return ERR_SYSTEM;
		g->keyed = key;
	}
	return hmac_again(&g->hmac, in->data, in->len, block);
}

int seal_derive(const struct keyring *k, const struct keyring_key *key, const char *info,
    unsigned char *out, size_t n)
{
	unsigned char prk[32], block[32], in[SEAL_INFO_MAX + 1];
	size_t len = strlen(info);
	int r = 0;

	if (len > SEAL_INFO_MAX || n > sizeof(block))
		return ERR_SYSTEM;
	memcpy(in, info, len);
	in[len] = 1; /* the number of the one block */
	if (key->extracted)
		memcpy(prk, key->prk, sizeof(prk));
	else
		r = extract(k, key, prk);
	if (r == 0)
		r = expand(k, key, prk, &(struct seal_text){in, len + 1}, block);
	if (r == 0)
		memcpy(out, block, n);
	secret_wipe(prk, sizeof(prk));
	secret_wipe(block, sizeof(block));
	return r;
}

/* Associated data: the header as it stands in the value, then the name. */
struct header {
	unsigned char bytes[2 + KEYRING_ID_MAX + SEAL_NAME_MAX];
	size_t len;       /* of the header */
	size_t whole;     /* of the associated data */
};

static int make_header(const char *id, const char *name, struct header *h)
{
	size_t id_len = strlen(id), name_len = strlen(name);

	if (id_len > KEYRING_ID_MAX || name_len > SEAL_NAME_MAX)
		return ERR_BAD;
	h->bytes[0] = SEAL_FORMAT;
	h->bytes[1] = (unsigned char)id_len;
	memcpy(h->bytes + 2, id, id_len);
	h->len = 2 + id_len;
	memcpy(h->bytes + h->len, name, name_len);
	h->whole = h->len + name_len;
	return 0;
}

struct job {
	const struct keyring *ring;
	const struct keyring_key *key;
	const char *name;
	const struct header *header;
	unsigned char *nonce;
	unsigned char *tag;
	const unsigned char *in;
	size_t len;
	unsigned char *out;
};

static int record_key(struct seal_engine *g, const struct job *j)
{
	size_t n = strlen(j->name) + 1;

	if (n > sizeof(g->name))
		return ERR_SYSTEM;
	if (g->from == j->key && memcmp(g->name, j->name, n) == 0)
		return 0;
	g->from = NULL;
	if (seal_derive(j->ring, j->key, j->name, g->key, sizeof(g->key)) != 0)
		return ERR_SYSTEM;
	memcpy(g->name, j->name, n);
	g->from = j->key;
	return 0;
}

static int gcm(struct seal_engine *g, const struct job *j, int encrypt)
{
	const EVP_CIPHER *aes = crypto_aes256_gcm();
	EVP_CIPHER_CTX *ctx = g->cipher;
	unsigned char last[16];
	int n, ok;

	ok = aes != NULL && record_key(g, j) == 0 &&
	    EVP_CipherInit_ex2(ctx, aes, g->key, j->nonce, encrypt, NULL) == 1;
	if (!ok)
		return ERR_SYSTEM;
	ok = EVP_CipherUpdate(ctx, NULL, &n, j->header->bytes, (int)j->header->whole) == 1 &&
	    EVP_CipherUpdate(ctx, j->out, &n, j->in, (int)j->len) == 1 &&
	    n == (int)j->len;
	if (ok && !encrypt)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, j->tag) == 1;
	ok = ok && EVP_CipherFinal_ex(ctx, last, &n) == 1;
	if (ok && encrypt)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, j->tag) == 1;
	return ok ? 0 : ERR_BAD;
}

static int run(const struct job *j, int encrypt)
{
	struct seal_engine own, *g = engine_of(j->ring, &own);
	int r = g == NULL ? ERR_SYSTEM : gcm(g, j, encrypt);

	engine_done(&own);
	return r;
}

int seal_close(const struct keyring *k, const char *name,
    const struct seal_bytes *plain, struct seal_bytes *out, struct err *e)
{
	struct header h;
	struct job j = {.ring = k, .key = &k->key[0], .name = name, .header = &h,
	    .in = plain->data, .len = plain->len};

	out->len = 0;
	if (k->count < 1 || make_header(k->key[0].id, name, &h) != 0 ||
	    plain->len + h.len + NONCE + TAG > out->cap)
		return err_set(e, ERR_SYSTEM, "%s: too long to seal", name);
	memcpy(out->data, h.bytes, h.len);
	j.nonce = out->data + h.len;
	j.out = j.nonce + NONCE;
	j.tag = j.out + plain->len;
	if (RAND_bytes(j.nonce, NONCE) != 1 || run(&j, 1) != 0)
		return err_set(e, ERR_SYSTEM, "%s: libcrypto cannot seal it", name);
	out->len = h.len + NONCE + plain->len + TAG;
	return 0;
}

int seal_key_id(const struct seal_bytes *sealed, char id[KEYRING_ID_MAX + 1])
{
	size_t n;

	id[0] = '\0';
	if (sealed->len < 2 || sealed->data[0] != SEAL_FORMAT ||
	    (n = sealed->data[1]) > KEYRING_ID_MAX || sealed->len < 2 + n + NONCE + TAG)
		return ERR_BAD;
	memcpy(id, sealed->data + 2, n);
	id[n] = '\0';
	if (strlen(id) == n)
		return 0;
	id[0] = '\0';
	return ERR_BAD;
}

int seal_open(const struct keyring *k, const char *name,
    const struct seal_bytes *sealed, struct seal_bytes *out, struct err *e)
{
	char id[KEYRING_ID_MAX + 1] = "";
	struct job j = {.ring = k, .name = name};
	struct header h;
	size_t id_len;
	int r;

	out->len = 0;
	if (sealed->len < 2 || sealed->data[0] != SEAL_FORMAT ||
	    (id_len = sealed->data[1]) > KEYRING_ID_MAX ||
	    sealed->len < 2 + id_len + NONCE + TAG)
		return err_set(e, ERR_BAD, "%s: is not a sealed record", name);
	memcpy(id, sealed->data + 2, id_len);
	if ((j.key = keyring_find(k, id)) == NULL)
		return err_set(e, ERR_BAD,
		    "%s: sealed under a key that the keyring does not hold", name);
	j.len = sealed->len - 2 - id_len - NONCE - TAG;
	if (make_header(id, name, &h) != 0 || j.len > out->cap)
		return err_set(e, ERR_BAD, "%s: is not a sealed record", name);
	j.header = &h;
	j.nonce = sealed->data + h.len;
	j.in = j.nonce + NONCE;
	j.tag = sealed->data + sealed->len - TAG;
	j.out = out->data;
	if ((r = run(&j, 0)) != 0) {
		secret_wipe(out->data, j.len);
		if (r == ERR_SYSTEM)
			return err_set(e, r, "%s: libcrypto cannot open it", name);
		return err_set(e, ERR_BAD, "%s: does not open: changed, moved, or sealed "
		    "under another key", name);
	}
	out->len = j.len;
	return 0;
}
