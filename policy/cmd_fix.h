/*
 * cmd_fix: `bastionctl fix`, `rollback` and `history`: puts right what the audit has found,
 * and takes that back.
 */
#ifndef PB_CMD_FIX_H
#define PB_CMD_FIX_H

#include "policy/cmd_config.h"
#include "policy/fix_plan.h"

#include <stdio.h>

int cmd_fix(const struct cmd_common *common, int argc, char **argv);
int cmd_rollback(const struct cmd_common *common, int argc, char **argv);
int cmd_history(const struct cmd_common *common, int argc, char **argv);

/* The words of `fix`. */
struct fix_options {
	bool dry_run, yes, console, resume;
	const char *confirm, *admin; /* of `enable`, or NULL */
};

/* One fix by a transaction (cmd_fix_run.c), or the one that was cut short: of any, or, where
 * what is not NULL, of that. */
int cmd_fix_run(const struct cmd_common *common, const struct fix_options *o, enum fix_what what);
int cmd_fix_resume(const struct cmd_common *common, const struct fix_options *o,
    const enum fix_what *what);

/* `fix MFA-10` and `fix MFA-11`, which are `enable` (cmd_fix_enable.c). */
int cmd_fix_enable(const struct cmd_common *common, const struct fix_options *o, const char *id);

/* Says where texts are kept that somebody else has written meanwhile. */
struct fix_done;
void cmd_fix_tell_edited(const struct fix_done *d);
/* And how many files somebody has changed, whose modes were left; on out. */
void cmd_fix_tell_left(const struct fix_done *d, FILE *out);

/* Whether it goes on without --yes: asked on a terminal. */
bool cmd_fix_is_agreed(const struct fix_options *o);

/* state_dir of the login configuration, which is made by whoever writes in it; a host without a
 * configuration has the packaged one.  CMD_YES; else it was said why. */
int cmd_fix_state_dir(const struct cmd_common *common, char *dir, unsigned long size);

#endif
