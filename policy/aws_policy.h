/*
 * aws_policy: the least policy of IAM for a command of bastionctl that asks AWS.  Pure.
 *
 * GetCallerIdentity needs no permission and stands in none of them.
 */
#ifndef PB_AWS_POLICY_H
#define PB_AWS_POLICY_H

#include "policy/buffer.h"

/* NULL: not given.  Nothing of it is checked here. */
struct aws_policy_scope {
	const char *partition; /* aws-cn, ...; else that of the secret, or aws */
	const char *account;   /* 12 digits; else any */
	const char *user;      /* PATH/NAME, or NAME under any path; else any.  Of the probe an account
	                        * of the host */
	const char *device;    /* of the user; else of his name */
	const char *instance;  /* else any */
	const char *secret;    /* an ARN; else no secret */
	const char *kms_key;   /* ARN of what seals the secret, where that is not AWS's own */
	bool deep;             /* audit --deep too */
};

/* "audit", ... "probe", in order; NULL behind the last. */
const char *aws_policy_name(int i);

/* Writes the document of a name.  false: there is none of this name. */
bool aws_policy_write(const char *name, const struct aws_policy_scope *s, struct buffer *out);

/* The options that would narrow what lets somebody act for anybody; NULL: there is no such. */
const char *aws_policy_wide(const char *name, const struct aws_policy_scope *s);

#endif
