/*
 * rotate_aws_in: what rotate_aws.c and rotate_aws_secret.c share, and nobody else.
 */
#ifndef PB_ROTATE_AWS_IN_H
#define PB_ROTATE_AWS_IN_H

#include "lib/net/aws.h"
#include "policy/rotate/rotate_aws.h"

struct rotate_aws {
	struct aws *aws;
	const char *secret; /* NULL: none */
	char region[AWS_REGION_MAX];
	bool own;           /* `key` signs, instead of the session's */
	struct aws_key key;
};

/* One call; e is set unless ROTATE_OK.  aws_answer_free() in any case. */
enum rotate_answer rotate_aws_do(struct rotate_aws *a, struct aws_call *c, struct aws_answer *r,
    struct err *e);
enum rotate_answer rotate_aws_answer(const struct aws_answer *r);
/* It was done, and what came is not what was promised. */
enum rotate_answer rotate_aws_unreadable(const char *action, struct err *e);

#endif
