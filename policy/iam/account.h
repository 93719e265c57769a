/*
 * account: a session with the AWS account that this host belongs to, and its calls of IAM.
 *
 * Errors are one line with service, call, code and request id (lib/net/aws.h).  Where AWS
 * has too many requests the code is ERR_CONFLICT: the caller says "try again" (75).
 */
#ifndef PB_IAM_ACCOUNT_H
#define PB_IAM_ACCOUNT_H

#include "lib/net/aws.h"
#include "policy/settings.h"

/* What is not given is NULL. */
struct account_options {
	const char *profile, *region;
	const char *assume_role; /* an ARN */
};

/* o's texts must live as long as the session, which aws_close() ends.  0 or as aws_open(). */
int account_open(struct aws **a, const struct account_options *o, struct err *e);

/* An option of a command line: --profile NAME, --region NAME (or with =) at argv[*i].  1:
 * taken; 0: it is another; -1: its value is missing, or it is given twice. */
int account_option(struct account_options *o, char **argv, int *i);

/* What bastionctl.conf says and the line does not: assume_role, and the first of regions. */
void account_settings(struct account_options *o, const struct settings *s);

/* What the way back has to name once more.  false: it does not fit into a line of a manifest. */
#define ACCOUNT_PROFILE 128
#define ACCOUNT_REGION 64
bool account_keep(const struct account_options *o, char profile[ACCOUNT_PROFILE],
    char region[ACCOUNT_REGION]);

/* Who signs: 12 digits and the ARN. */
#define ACCOUNT_ID 13
#define ACCOUNT_ARN 2049
struct account_caller {
	char account[ACCOUNT_ID];
	char arn[ACCOUNT_ARN];
};
int account_caller(struct aws *a, struct account_caller *c, struct err *e);

/* A call with its answer, for those whose error is told by *e alone: 0, and the answer is
 * freed by aws_answer_free() in any case. */
int account_call(struct aws *a, const struct aws_call *c, struct aws_answer *r, struct err *e);
/* The code that the answer's error has for its caller: 0 when done. */
int account_code(const struct aws_answer *r, struct err *e);

#endif
