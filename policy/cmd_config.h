/*
 * cmd_config: `bastionctl config check` and `bastionctl config show`.
 */
#ifndef PB_CMD_CONFIG_H
#define PB_CMD_CONFIG_H

#include <stdbool.h>

/* What the tools answer with (DESIGN: exit codes). */
enum cmd_exit { CMD_YES = 0, CMD_NO = 1, CMD_USAGE = 2, CMD_TROUBLE = 3, CMD_AGAIN = 75 };

/* Options that stand before or after any subcommand. */
struct cmd_common {
	const char *config;   /* --config, or NULL */
	const char *settings; /* --settings, or NULL */
	bool help;
};

/* argv holds the words and options behind `config`.  An exit code. */
int cmd_config(const struct cmd_common *common, int argc, char **argv);

#endif
