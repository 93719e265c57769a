/*
 * crypto: brings up libcrypto and liboath in a process that is not ours.
 */
#ifndef PB_CRYPTO_H
#define PB_CRYPTO_H

#include <openssl/types.h>

/* May be called any number of times.  The default context is used, openssl.cnf
 * is not loaded by us when we are the first, and nothing is ever cleaned up:
 * the host process owns the library.  0 or ERR_SYSTEM. */
int crypto_init(void);

/* Of the default context; NULL: libcrypto has none to give, now.  The first one
 * that it gives stays with the process, as the module does: it holds no state and
 * no secret, may be used by any number of threads and after a fork, and asking
 * anew takes libcrypto longer than hashing a name. */
const EVP_MD *crypto_sha256(void);
const EVP_CIPHER *crypto_aes256_gcm(void);

#endif
