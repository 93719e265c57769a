#include "lib/core/crypto.h"

#include "lib/core/err.h"

#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stddef.h>

int crypto_init(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return ERR_SYSTEM;
	return oath_init() == OATH_OK ? 0 : ERR_SYSTEM;
}

const EVP_MD *crypto_sha256(void)
{
	static EVP_MD *_Atomic kept;
	EVP_MD *first = NULL, *md = atomic_load(&kept);

	if (md != NULL || (md = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
		return md;
	if (atomic_compare_exchange_strong(&kept, &first, md))
		return md;
	EVP_MD_free(md); /* another thread was faster */
	return first;
}

const EVP_CIPHER *crypto_aes256_gcm(void)
{
	static EVP_CIPHER *_Atomic kept;
	EVP_CIPHER *first = NULL, *cipher = atomic_load(&kept);

	if (cipher != NULL || (cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL)) == NULL)
		return cipher;
	if (atomic_compare_exchange_strong(&kept, &first, cipher))
		return cipher;
	EVP_CIPHER_free(cipher);
	return first;
}
