/*
 * aws: calls of AWS's services, signed with the key that aws_cred.h finds, one at a time or
 * many in flight.
 *
 *     struct aws *a;
 *     struct aws_answer r = {0};
 *     aws_open(&a, &(struct aws_settings){.cred = {.profile = "x"}}, &e);
 *     aws_do(a, &(struct aws_call){.service = AWS_STS, .action = "GetCallerIdentity",
 *         .repeat = true}, &r);
 *     if (r.end == AWS_DONE) arn = xml_text(r.result, "Arn");
 *
 * Retries: calls with `repeat` alone, on throttling and on errors that pass by themselves,
 * AWS_MAX_ATTEMPTS (3) tries, each after a random wait of up to 1 s, 2 s, 4 s, ... 20 s.
 * A key that AWS calls expired is fetched anew, once, for calls that `repeat`.
 *
 * Endpoints: AWS's of the region's partition, or AWS_ENDPOINT_URL_IAM (_STS, _EC2,
 * _SECRETS_MANAGER, _EC2_INSTANCE_CONNECT), or AWS_ENDPOINT_URL for all; plain http for
 * loopback alone.  AWS_CA_BUNDLE is respected.
 */
#ifndef PB_NET_AWS_H
#define PB_NET_AWS_H

#include "lib/net/aws_cred.h"
#include "lib/net/aws_wire.h"

#define AWS_FLIGHT_MOST 32 /* calls at a time */

struct aws_settings {
	struct aws_cred_settings cred; /* its texts must live as long as the session */
	int tries;                     /* 0: AWS_MAX_ATTEMPTS, or 3 */
};

/* A session.  One thread at a time. */
struct aws;

/* Asks no network yet.  0; ERR_SYNTAX: a variable is wrong; ERR_SYSTEM. */
int aws_open(struct aws **a, const struct aws_settings *s, struct err *e);
/* Calls in flight are given up.  NULL is allowed. */
void aws_close(struct aws **a);

/* One call, with its retries.  0 when done (r->end AWS_DONE), else r->e.code. */
int aws_do(struct aws *a, const struct aws_call *c, struct aws_answer *r);

/* Begins one, which tag will tell; nothing of c needs to live longer, but c->key.  0;
 * ERR_CONFLICT: aws_room() is 0; else no answer will come. */
int aws_submit(struct aws *a, const struct aws_call *c, void *tag, struct err *e);
/* How many more may be submitted now. */
size_t aws_room(const struct aws *a);
/* Waits for the next that has ended.  0 (r->end says how) with its tag; ERR_NONE: none is in
 * flight; ERR_SYSTEM. */
int aws_next(struct aws *a, struct aws_answer *r, void **tag);

/* The connections, the keys and the region of the session, for metadata and messages. */
struct http *aws_http(struct aws *a);
struct aws_cred *aws_cred_of(struct aws *a);

#endif
