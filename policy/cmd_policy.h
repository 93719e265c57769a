/*
 * cmd_policy: `bastionctl policy show|pull|import|check|apply`, and `bastionctl password check`.
 */
#ifndef PB_CMD_POLICY_H
#define PB_CMD_POLICY_H

#include "policy/cmd_common.h"
#include "policy/policy_store.h"

/* argv holds the words and options behind `policy` and `password`.  An exit code. */
int cmd_policy(const struct cmd_common *common, int argc, char **argv);
int cmd_password(const struct cmd_common *common, int argc, char **argv);

/* The words behind `policy show` and the like, read. */
struct policy_options {
	bool json;
	bool explain;
	const char *file; /* "": not given */
};

int cmd_policy_show(const struct cmd_common *common, const struct policy_options *o);
int cmd_policy_check(const struct cmd_common *common, const struct policy_options *o);

/* `policy pull`; argv is behind it. */
int cmd_policy_pull(const struct cmd_common *common, int argc, char **argv);

/* Puts a policy in force, or stages it where it would newly expire somebody, and says so;
 * the fingerprint of k is made here.  An exit code. */
int cmd_policy_take(const struct conf *c, struct policy_kept *k);

/* A line for each field that is another. */
void cmd_policy_changes(const struct iam_policy *old, const struct iam_policy *new);
/* Says it, with the exit code for it. */
int cmd_policy_tell(const struct err *e);

#endif
