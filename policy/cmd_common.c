#include "policy/cmd_common.h"

#include "enroll/language.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cmd_usage(const char *command, const char *reason, const char *word)
{
	(void)fprintf(stderr, _("bastionctl %s: %s%s%s; see `bastionctl %s --help`\n"), command,
	    _(reason), word != NULL ? ": " : "", word != NULL ? word : "", command);
	return CMD_USAGE;
}

int cmd_without_aws(const char *command, const char *word)
{
	return cmd_usage(command, N_("this bastionctl is built without AWS"), word);
}

int cmd_finish(int result)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return result;
	(void)fprintf(stderr, _("bastionctl: standard output: %s\n"), strerror(errno));
	return CMD_TROUBLE;
}

int cmd_help(const char *text)
{
	(void)fputs(_(text), stdout);
	return cmd_finish(CMD_YES);
}

int cmd_tell(const struct err *e, int result)
{
	result = cmd_finish(result); /* what stands before it comes before it */
	(void)fprintf(stderr, "bastionctl: %s\n", e->text);
	return result;
}

int cmd_absolute(const char *path, char out[CONF_PATH_MAX])
{
	char here[CONF_PATH_MAX];
	int n;

	if (path[0] == '/')
		n = snprintf(out, CONF_PATH_MAX, "%s", path);
	else if (getcwd(here, sizeof(here)) != NULL)
		n = snprintf(out, CONF_PATH_MAX, "%s/%s", here, path);
	else
		n = CONF_PATH_MAX;
	return n < CONF_PATH_MAX ? 0 : -1;
}

int cmd_load(const struct cmd_common *common, struct conf *c)
{
	char config[CONF_PATH_MAX];
	struct err e = {0};

	if (common->config != NULL && cmd_absolute(common->config, config) != 0)
		(void)err_set(&e, ERR_SYNTAX, "%.80s...: the path is too long", common->config);
	else if (conf_load(c, common->config != NULL ? config : NULL, &e) == 0)
		return CMD_YES;
	return cmd_tell(&e, CMD_TROUBLE);
}

int cmd_settings(const struct cmd_common *common, struct settings *s)
{
	char path[CONF_PATH_MAX];
	struct err e = {0};

	if (common->settings != NULL && cmd_absolute(common->settings, path) != 0)
		(void)err_set(&e, ERR_SYNTAX, "%.80s...: the path is too long", common->settings);
	else if (settings_load(s, common->settings != NULL ? path : NULL, &e) == 0)
		return CMD_YES;
	return cmd_tell(&e, CMD_TROUBLE);
}

int cmd_read(const char *file, char *text, size_t size, size_t *len, const char **name,
    struct err *e)
{
	const bool standard = strcmp(file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	int r = 0;

	*name = standard ? _("standard input") : file;
	*len = 0;
	if (fd < 0)
		return err_errno(e, "%s", *name);
	while (r == 0 && n != 0 && *len < size) {
		n = read(fd, text + *len, size - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			r = err_errno(e, "%s", *name);
	}
	if (r == 0 && n != 0)
		r = err_set(e, ERR_SYNTAX, "%s: is longer than %zu bytes", *name, size - 1);
	if (!standard)
		(void)close(fd);
	return r;
}
