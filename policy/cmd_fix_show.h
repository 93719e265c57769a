/*
 * cmd_fix_show: what `bastionctl fix` prints of what it is about to do.
 */
#ifndef PB_CMD_FIX_SHOW_H
#define PB_CMD_FIX_SHOW_H

#include "policy/fix_txn.h"

/* The steps, the differences of edited files, and what is left to the administrator. */
void cmd_fix_show_steps(const struct fix_change *c);
void cmd_fix_show_diffs(const struct fix_plan *p);
void cmd_fix_show_left(const struct fix_plan *p);

/* That there is nothing to do. */
void cmd_fix_show_nothing(const struct fix_plan *p);

#endif
