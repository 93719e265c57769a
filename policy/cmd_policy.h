/*
 * cmd_policy: `bastionctl policy show|import|check|apply`, and `bastionctl password check`.
 */
#ifndef PB_CMD_POLICY_H
#define PB_CMD_POLICY_H

#include "policy/cmd_common.h"

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

#endif
