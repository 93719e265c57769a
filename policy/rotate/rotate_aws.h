/*
 * rotate_aws: the tables of api.h for AWS: IAM, STS and Secrets Manager.
 *
 * A secret is what the guide's rotation keeps, {"accesskey", "secretkey", "username",
 * "masterarn"}; other members are kept as they are.
 */
#ifndef PB_ROTATE_AWS_H
#define PB_ROTATE_AWS_H

#include "policy/rotate/api.h"

struct rotate_aws;

/* NULL or "": not given.  All of it must live as long. */
struct rotate_aws_settings {
	const char *profile;     /* that signs */
	const char *region;      /* else that of the secret's ARN */
	const char *assume_role;
	const char *secret;      /* name or ARN */
};

/* Asks no network.  0; ERR_REFUSED: built without AWS; else as aws_open(). */
int rotate_aws_open(struct rotate_aws **a, const struct rotate_aws_settings *s, struct err *e);
void rotate_aws_close(struct rotate_aws **a);

/* They point into a. */
void rotate_aws_iam(struct rotate_aws *a, struct rotate_iam *iam);
void rotate_aws_home(struct rotate_aws *a, struct rotate_home *home);

#endif
