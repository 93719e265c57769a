/*
 * aws_cred: which access key the requests of this process are signed with, and which region
 * they go to.
 *
 * In this order: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) of the
 * environment, unless a profile is named; the profile (the argument, AWS_PROFILE or
 * AWS_DEFAULT_PROFILE, "default") in the shared credentials and configuration files: a role
 * that is assumed, a key of the first, a program (credential_process), a key of the second;
 * the container; the instance, by IMDSv2 alone.  A source
 * that is there and fails ends the search: nothing falls back to another identity.
 * Single sign-on and web identities are refused by name.
 *
 * The environment is read with secure_getenv().  A file must be the caller's or root's and
 * writable by nobody else.
 */
#ifndef PB_NET_AWS_CRED_H
#define PB_NET_AWS_CRED_H

#include "lib/net/aws_key.h"
#include "lib/net/http.h"

#define AWS_CRED_EARLY 300 /* seconds before its end a key is fetched anew */
#define AWS_REGION_MAX 33

/* NULL: not given.  All of it must live as long as the aws_cred. */
struct aws_cred_settings {
	const char *profile;
	const char *region;
	const char *assume_role; /* an ARN: what is found assumes it */
	const char *external_id; /* for that */
};

struct aws_cred;

/* Asks nothing yet; h must live as long.  0 or ERR_SYSTEM. */
int aws_cred_open(struct aws_cred **c, struct http *h, const struct aws_cred_settings *s,
    struct err *e);
void aws_cred_close(struct aws_cred **c);

/* The key for now, fetched if there is none or it ends soon; c owns it, and it lives until
 * the next call.  0; ERR_NONE: no source has one; ERR_UNSAFE, ERR_SYNTAX, ERR_BAD,
 * ERR_UNAVAIL, ERR_DENIED: the source that is named failed. */
int aws_cred_get(struct aws_cred *c, int64_t now, const struct aws_key **key, struct err *e);

/* The same, whatever is known thrown away: AWS said that it is expired. */
int aws_cred_renew(struct aws_cred *c, int64_t now, const struct aws_key **key, struct err *e);

/* The region: the setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's.
 * With ask false no network is asked.  0; ERR_NONE: none is known (*region ""); else as
 * above. */
int aws_cred_region(struct aws_cred *c, bool ask, const char **region, struct err *e);

#endif
