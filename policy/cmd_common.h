/*
 * cmd_common: what the newer commands of bastionctl share.
 */
#ifndef PB_CMD_COMMON_H
#define PB_CMD_COMMON_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "policy/cmd_config.h"
#include "policy/settings.h"

#include <stddef.h>

/* Says why the words of a command are wrong; word may be NULL.  CMD_USAGE. */
int cmd_usage(const char *command, const char *reason, const char *word);

/* The same of a command, or a word of one, that asks AWS where this is built without. */
int cmd_without_aws(const char *command, const char *word);

/* The help of a command, marked by N_(); as cmd_finish(). */
int cmd_help(const char *text);

/* result, or CMD_TROUBLE when standard output could not be written. */
int cmd_finish(int result);

/* Says what went wrong, and returns result. */
int cmd_tell(const struct err *e, int result);

/* path from the root on, links in it unresolved: they are to be judged.  0, or -1: too long. */
int cmd_absolute(const char *path, char out[CONF_PATH_MAX]);

/* The login configuration that is asked for.  CMD_YES; else it was said why. */
int cmd_load(const struct cmd_common *common, struct conf *c);

/* bastionctl.conf that is asked for.  CMD_YES; else it was said why. */
int cmd_settings(const struct cmd_common *common, struct settings *s);

/* Reads a file, or standard input for "-", of at most size bytes.  0 and *len with *name
 * for messages, or as err_errno(), or ERR_SYNTAX when it is longer. */
int cmd_read(const char *file, char *text, size_t size, size_t *len, const char **name,
    struct err *e);

#endif
