/*
 * cmd_explain: `bastionctl explain USER`.
 */
#ifndef PB_CMD_EXPLAIN_H
#define PB_CMD_EXPLAIN_H

#include "policy/cmd_config.h"

/* argv holds the words and options behind `explain`.  0 told; 2 usage; 3 trouble, or
 * the records of the user are not whole. */
int cmd_explain(const struct cmd_common *common, int argc, char **argv);

#endif
