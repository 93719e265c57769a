/*
 * aws_key: an access key, and for how long it is good.
 */
#ifndef PB_NET_AWS_KEY_H
#define PB_NET_AWS_KEY_H

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <stdbool.h>
#include <stdint.h>

#define AWS_KEY_ID_MAX 132
#define AWS_KEY_MOST 8192 /* bytes of a secret key or a session token */

/* Zeroed memory is none; aws_key_free() in any case. */
struct aws_key {
	char id[AWS_KEY_ID_MAX];
	struct secret secret_key; /* a NUL ends it */
	struct secret token;      /* likewise; empty: a key for good */
	int64_t expires;          /* seconds since 1970; 0: never */
	char source[256];         /* where it is from, for people: "environment", ... */
	char behind[AWS_KEY_ID_MAX]; /* of a role: the id of the first key, which has assumed it */
};

/* Copies one in; token NULL or "": none; expires NULL or "": never, else as AWS writes it,
 * 2026-11-30T05:12:18Z.  0; ERR_BAD: it cannot be a key (bytes that no key has, a time that
 * is none); ERR_SYSTEM.  k was empty, and is after an error. */
int aws_key_set(struct aws_key *k, const char *id, const char *secret_key, const char *token,
    const char *expires, const char *source, struct err *e);

/* 2026-11-30T05:12:18Z, with a fraction or an offset of +00:00 too.  0 or ERR_BAD. */
int aws_key_time(const char *text, int64_t *at);

/* Whether it is gone within so many seconds. */
bool aws_key_expires(const struct aws_key *k, int64_t now, int within);

void aws_key_free(struct aws_key *k);

#endif
