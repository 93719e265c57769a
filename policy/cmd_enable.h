/*
 * cmd_enable: `bastionctl enable`, `bastionctl confirm`, `bastionctl disable`.
 */
#ifndef PB_CMD_ENABLE_H
#define PB_CMD_ENABLE_H

#include "policy/cmd_config.h"

/* argv holds the words and options behind the command.  An exit code. */
int cmd_enable(const struct cmd_common *common, int argc, char **argv);
int cmd_confirm(const struct cmd_common *common, int argc, char **argv);
int cmd_disable(const struct cmd_common *common, int argc, char **argv);

#endif
