/*
 * cmd_aws: `bastionctl mfa assign` and `bastionctl aws-policy`, and those fixes and returns
 * that change the AWS account.
 */
#ifndef PB_CMD_AWS_H
#define PB_CMD_AWS_H

#include "policy/cmd_config.h"

#include <stdbool.h>

/* argv holds the words and options behind the command.  An exit code. */
int cmd_mfa(const struct cmd_common *common, int argc, char **argv);
int cmd_mfa_help(void);
int cmd_aws_policy(const struct cmd_common *common, int argc, char **argv);

/* Whether a word names a fix of the account: PWD-01 to PWD-04. */
bool cmd_fix_iam_names(const char *word);
/* `fix` with such words. */
int cmd_fix_iam(const struct cmd_common *common, int argc, char **argv);

/* Takes back the fix of the account with this name. */
int cmd_fix_iam_back(const struct cmd_common *common, const char *state_dir, const char *id);

/* The same of a user of the account: MFA-03. */
bool cmd_fix_mfa_names(const char *word);
int cmd_fix_mfa(const struct cmd_common *common, int argc, char **argv);
int cmd_fix_mfa_back(const struct cmd_common *common, const char *state_dir, const char *id);

#endif
