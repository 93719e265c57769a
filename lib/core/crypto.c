#include "lib/core/crypto.h"

#include "lib/core/err.h"

#include <liboath/oath.h>
#include <openssl/crypto.h>

int crypto_init(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return ERR_SYSTEM;
	return oath_init() == OATH_OK ? 0 : ERR_SYSTEM;
}
