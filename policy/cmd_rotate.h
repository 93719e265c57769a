/*
 * cmd_rotate: `bastionctl rotate`: an access key is replaced by another, and never lost.
 */
#ifndef PB_CMD_ROTATE_H
#define PB_CMD_ROTATE_H

#include "policy/cmd_common.h"
#include "policy/cmd_config.h"
#include "policy/rotate/machine.h"

int cmd_rotate(const struct cmd_common *common, int argc, char **argv);

enum cmd_rotate_what { CMD_ROTATE_RUN, CMD_ROTATE_STATUS, CMD_ROTATE_RESUME, CMD_ROTATE_ROLLBACK,
	CMD_ROTATE_RETIRE, CMD_ROTATE_REPAIR, CMD_ROTATE_STEP };

/* What the line says; NULL: not said. */
struct cmd_rotate_options {
	enum cmd_rotate_what what;
	const char *word;    /* a user, a key's id, or a step */
	const char *secret, *profile, *file, *by, *region, *token, *user,
	    *account;
	bool all, json;
	struct rotate_order order;
	int64_t period, overlap, grace, pace; /* seconds; -1: not said */
};

/* Reads them.  CMD_YES; else it was said why. */
int cmd_rotate_read(struct cmd_rotate_options *o, int argc, char **argv);

/* The directory of the journals, and bastionctl.conf. */
struct cmd_rotate_place {
	char state_dir[CONF_PATH_MAX];
	struct settings settings;
};

/* Says that there is none.  CMD_NO: of those that were asked for; CMD_YES: at all. */
int cmd_rotate_none(const struct cmd_rotate_options *o);

int cmd_rotate_status(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o);

#endif
