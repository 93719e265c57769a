#include "lib/core/hmac.h"

#include "lib/core/crypto.h"
#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <openssl/evp.h>
#include <string.h>

#define BLOCK 64 /* of SHA-256 */
#define INNER 0x36
#define OUTER 0x5c

_Static_assert(HMAC_KEY_MAX == BLOCK, "a longer key would have to be hashed first");

int hmac_open(struct hmac *h)
{
	*h = (struct hmac){EVP_MD_CTX_new(), EVP_MD_CTX_new(), EVP_MD_CTX_new()};
	return h->run != NULL && h->inner != NULL && h->outer != NULL ? 0 : ERR_SYSTEM;
}

/* libcrypto wipes what they hold. */
void hmac_close(struct hmac *h)
{
	EVP_MD_CTX_free(h->run);
	EVP_MD_CTX_free(h->inner);
	EVP_MD_CTX_free(h->outer);
	*h = (struct hmac){0};
}

static int begin(EVP_MD_CTX *c, unsigned char fill, const unsigned char *key, size_t len)
{
	const EVP_MD *sha256 = crypto_sha256();
	unsigned char block[BLOCK];
	int ok;

	if (sha256 == NULL || len > BLOCK)
		return ERR_SYSTEM;
	memset(block, fill, BLOCK);
	for (size_t i = 0; i < len; i++)
		block[i] ^= key[i];
	ok = EVP_DigestInit_ex(c, sha256, NULL) == 1 && EVP_DigestUpdate(c, block, BLOCK) == 1;
	secret_wipe(block, sizeof(block));
	return ok ? 0 : ERR_SYSTEM;
}

static int end(EVP_MD_CTX *c, const void *data, size_t len, unsigned char md[HMAC_SIZE])
{
	unsigned int n = 0;

	if (EVP_DigestUpdate(c, data, len) != 1 || EVP_DigestFinal_ex(c, md, &n) != 1 ||
	    n != HMAC_SIZE)
		return ERR_SYSTEM;
	return 0;
}

int hmac_once(struct hmac *h, const void *key, size_t key_len, const void *text, size_t len,
    unsigned char out[HMAC_SIZE])
{
	unsigned char md[HMAC_SIZE];
	int r;

	if ((r = begin(h->run, INNER, key, key_len)) == 0 &&
	    (r = end(h->run, text, len, md)) == 0 &&
	    (r = begin(h->run, OUTER, key, key_len)) == 0)
		r = end(h->run, md, sizeof(md), out);
	secret_wipe(md, sizeof(md));
	return r;
}

int hmac_key(struct hmac *h, const void *key, size_t key_len)
{
	int r = begin(h->inner, INNER, key, key_len);

	return r == 0 ? begin(h->outer, OUTER, key, key_len) : r;
}

int hmac_again(struct hmac *h, const void *text, size_t len, unsigned char out[HMAC_SIZE])
{
	unsigned char md[HMAC_SIZE];
	int r = ERR_SYSTEM;

	if (EVP_MD_CTX_copy_ex(h->run, h->inner) == 1 && end(h->run, text, len, md) == 0 &&
	    EVP_MD_CTX_copy_ex(h->run, h->outer) == 1)
		r = end(h->run, md, sizeof(md), out);
	secret_wipe(md, sizeof(md));
	return r;
}
