/*
 * aws_policy: the least policy of IAM for a command of bastionctl that asks AWS.  Pure.
 *
 * GetCallerIdentity needs no permission and stands in none of them.
 */
#ifndef PB_AWS_POLICY_H
#define PB_AWS_POLICY_H

#include "policy/buffer.h"

/* NULL: not given. */
struct aws_policy_scope {
	const char *account; /* 12 digits; else any */
	const char *user;    /* whose keys or device; else any */
	const char *secret;  /* an ARN; else no secret */
	bool deep;           /* audit --deep too */
};

/* "audit", ... "probe", in order; NULL behind the last. */
const char *aws_policy_name(int i);

/* Writes the document of a name.  false: there is none of this name. */
bool aws_policy_write(const char *name, const struct aws_policy_scope *s, struct buffer *out);

#endif
