/*
 * aws_source: the sources of access keys, one file each, for aws_cred.c alone.
 *
 * Each fills k, which is empty, and names itself in it.  0; ERR_NONE: it is not there, and the
 * next one may be asked; else it is there and failed, and e says which and why.
 */
#ifndef PB_NET_AWS_SOURCE_H
#define PB_NET_AWS_SOURCE_H

#include "lib/net/aws_key.h"
#include "lib/net/http.h"

#include <stddef.h>

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
int aws_source_environment(struct aws_key *k, struct err *e);

/* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI. */
int aws_source_container(struct aws_key *k, struct http *h, struct err *e);

/* The instance's role.  ERR_NONE also where there is no such service; e says so. */
int aws_source_instance(struct aws_key *k, struct http *h, struct err *e);

/* Runs the words of a credential_process without a shell. */
int aws_source_process(struct aws_key *k, const char *command, const char *profile,
    struct err *e);

/* Assumes a role with the key `with`. */
struct aws_role {
	const char *arn;
	const char *session;     /* NULL: a name is made */
	const char *external_id; /* or NULL */
	const char *seconds;     /* that it lasts, or NULL */
	const char *region;      /* of the service that is asked, or "" */
	int64_t now;
};
int aws_source_role(struct aws_key *k, struct http *h, const struct aws_role *role,
    const struct aws_key *with, struct err *e);

/* Reads an object with AccessKeyId, SecretAccessKey, Expiration, and the token under the name
 * given. */
int aws_source_json(struct aws_key *k, const char *text, size_t len, const char *token,
    const char *source, struct err *e);

#endif
