/*
 * hmac: HMAC-SHA256 (RFC 2104) over libcrypto's SHA-256.
 *
 * libcrypto's own asks for three objects and copies two more for each text, which
 * costs a login more than all of the hashing; test_hmac.c compares with it.
 */
#ifndef PB_HMAC_H
#define PB_HMAC_H

#include <openssl/types.h>
#include <stddef.h>

#define HMAC_SIZE 32
#define HMAC_KEY_MAX 64

/* Zero: closed. */
struct hmac {
	EVP_MD_CTX *run;
	EVP_MD_CTX *inner, *outer; /* where hmac_key() has brought them */
};

/* 0 or ERR_SYSTEM; hmac_close() also after an error. */
int hmac_open(struct hmac *h);
void hmac_close(struct hmac *h);

/* Of one text under one key of at most HMAC_KEY_MAX bytes.  0 or ERR_SYSTEM. */
int hmac_once(struct hmac *h, const void *key, size_t key_len, const void *text, size_t len,
    unsigned char out[HMAC_SIZE]);

/* The same in two steps, for several texts under one key; hmac_once() between them
 * does no harm.  0 or ERR_SYSTEM. */
int hmac_key(struct hmac *h, const void *key, size_t key_len);
int hmac_again(struct hmac *h, const void *text, size_t len, unsigned char out[HMAC_SIZE]);

#endif
