/*
 * cmd_fix: `bastionctl fix`, `rollback` and `history`: puts right what the audit has found,
 * and takes that back.
 */
#ifndef PB_CMD_FIX_H
#define PB_CMD_FIX_H

#include "policy/cmd_config.h"

int cmd_fix(const struct cmd_common *common, int argc, char **argv);
int cmd_rollback(const struct cmd_common *common, int argc, char **argv);
int cmd_history(const struct cmd_common *common, int argc, char **argv);

/* state_dir of the login configuration, made if need be; a host without a configuration has
 * the packaged one.  CMD_YES; else it was said why. */
int cmd_fix_state_dir(const struct cmd_common *common, char *dir, unsigned long size);

#endif
