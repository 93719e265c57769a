/*
 * crypto: brings up libcrypto and liboath in a process that is not ours.
 */
#ifndef PB_CRYPTO_H
#define PB_CRYPTO_H

/* May be called any number of times.  The default context is used, openssl.cnf
 * is not loaded by us when we are the first, and nothing is ever cleaned up:
 * the host process owns the library.  0 or ERR_SYSTEM. */
int crypto_init(void);

#endif
