/*
 * cmd_audit: `bastionctl audit`.
 */
#ifndef PB_CMD_AUDIT_H
#define PB_CMD_AUDIT_H

#include "policy/cmd_config.h"

/* argv holds the words and options behind `audit`.  An exit code. */
int cmd_audit(const struct cmd_common *common, int argc, char **argv);

#endif
