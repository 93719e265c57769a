#include "policy/cmd_config.h"

#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_common.h"
#include "policy/config_check.h"
#include "policy/config_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define PAM_DIR "/etc/pam.d"
#define PAM_VENDOR_DIR "/usr/lib/pam.d"

static const char help_config[] =
    N_("usage: bastionctl config check [FILE]   is the configuration fit for logins?\n"
    "       bastionctl config show           every key, its value and where it is set\n"
    "\n"
    "`bastionctl config check --help` and `bastionctl config show --help` say more.\n");

static const char help_check[] =
    N_("usage: bastionctl config check [--syntax-only] [--pam-dir DIR] [--json] [FILE | -]\n"
    "\n"
    "Checks pam_bastion.conf (FILE, or --config, or the packaged one), the lines of\n"
    "pam_bastion.so in the PAM service files, keyring and store, owners and modes, and\n"
    "the clock.  It writes nothing.\n"
    "\n"
    "  --syntax-only   only the syntax and every key of FILE, which need not be in place\n"
    "                  yet: its owner, the PAM files and the store are not looked at\n"
    "  -               the file comes on standard input; as --syntax-only\n"
    "  --pam-dir DIR   service files (default /etc/pam.d, then /usr/lib/pam.d)\n"
    "  --json          {\"result\":\"ok|fail\",\"findings\":[{\"level\",\"check\",\"text\"}]}\n"
    "  --config PATH   the same as FILE\n"
    "\n"
    "exit: 0 nothing fails (there may be warnings), 1 something fails, 2 usage,\n"
    "      3 a check could not be run\n");

static const char help_show[] =
    N_("usage: bastionctl config show [--config PATH] [--json]\n"
    "\n"
    "Prints every key, its value in force and where it comes from: FILE:LINE, default,\n"
    "or `not in this version`.\n"
    "\n"
    "exit: 0, 2 usage, 3 the file cannot be read or has an error\n");

struct options {
	const char *file;
	const char *pam_dir;
	bool syntax_only;
	bool json;
};

static int usage(const char *reason, const char *word)
{
	(void)fprintf(stderr, "bastionctl: config: %s%s%s\n", _(reason), word != NULL ? ": " : "",
	    word != NULL ? word : "");
	return CMD_USAGE;
}

static int finish(int result)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return result;
	(void)fprintf(stderr, _("bastionctl: standard output: %s\n"), strerror(errno));
	return CMD_TROUBLE;
}

static int help(const char *text)
{
	(void)fputs(_(text), stdout);
	return finish(CMD_YES);
}

static int read_options(struct options *o, bool check, int argc, char **argv)
{
	bool words = false;

	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];

		if (!words && strcmp(a, "--") == 0)
			words = true;
		else if (!words && strcmp(a, "--json") == 0)
			o->json = true;
		else if (!words && check && strcmp(a, "--syntax-only") == 0)
			o->syntax_only = true;
		else if (!words && check && strcmp(a, "--pam-dir") == 0 && i + 1 < argc)
			o->pam_dir = argv[++i];
		else if (!words && check && strncmp(a, "--pam-dir=", 10) == 0)
			o->pam_dir = a + 10;
		else if (!words && a[0] == '-' && a[1] != '\0')
			return usage(strcmp(a, "--pam-dir") == 0 && check ?
			    N_("a value is missing") : N_("unknown option"), a);
		else if (!check || o->file != NULL)
			return usage(N_("one word too many"), a);
		else
			o->file = a;
	}
	if (o->pam_dir != NULL && o->pam_dir[0] == '\0')
		return usage(N_("--pam-dir needs a directory"), NULL);
	return CMD_YES;
}

/* Control characters of a checked file must not reach the terminal. */
static void print_clean(const char *text)
{
	for (; *text != '\0'; text++)
		(void)putchar((unsigned char)*text < 0x20 || *text == 0x7F ? '?' : *text);
}

static void print_text(const struct config_findings *f)
{
	static const char *const names[] = {"ok", "warn", "fail"};
	static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
	const char *no_color = getenv("NO_COLOR");
	bool colour = isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');

	for (size_t i = 0; i < f->count; i++) {
		const struct config_finding *x = &f->item[i];

		(void)printf("%s%-4s%s  %-13s  ", colour ? colours[x->level] : "",
		    names[x->level], colour ? "\033[0m" : "", x->check);
		print_clean(x->text);
		(void)putchar('\n');
	}
}

static void print_json(const struct config_findings *f, const struct err *trouble)
{
	static const char *const names[] = {"ok", "warn", "fail"};

	(void)printf("{\"result\":\"%s\",",
	    trouble != NULL ? "trouble" : f->failed ? "fail" : "ok");
	if (trouble != NULL) {
		(void)fputs("\"error\":", stdout);
		json_text_print(stdout, trouble->text);
		(void)putchar(',');
	}
	(void)fputs("\"findings\":[", stdout);
	for (size_t i = 0; i < f->count; i++) {
		const struct config_finding *x = &f->item[i];

		(void)printf("%s{\"level\":\"%s\",\"check\":\"%s\",\"text\":",
		    i > 0 ? "," : "", names[x->level], x->check);
		json_text_print(stdout, x->text);
		(void)putchar('}');
	}
	(void)fputs("]}\n", stdout);
}

static int tell(const struct options *o, struct config_findings *f, const struct err *trouble)
{
	int result = trouble != NULL ? CMD_TROUBLE : f->failed ? CMD_NO : CMD_YES;

	if (o->json)
		print_json(f, trouble);
	else
		print_text(f);
	config_findings_free(f);
	result = finish(result);
	if (trouble != NULL)
		(void)fprintf(stderr, "bastionctl: %s\n", trouble->text);
	return result;
}

static int read_all(int fd, const char *name, char *text, size_t *len, struct err *e)
{
	ssize_t n = 1;

	for (*len = 0; n != 0 && *len <= CONF_FILE_MAX;) {
		n = read(fd, text + *len, CONF_FILE_MAX + 1 - *len);
		if (n < 0 && errno != EINTR)
			return err_errno(e, "%s", name);
		if (n > 0)
			*len += (size_t)n;
	}
	if (*len > CONF_FILE_MAX)
		return err_set(e, ERR_BAD, "%s: is longer than %d bytes", name, CONF_FILE_MAX);
	return 0;
}

/* Whoever runs this may read the file; whose it is does not matter yet. */
static int check_syntax(const struct options *o, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? _("standard input") : path;
	struct config_findings f = {0};
	struct err e = {0};
	char *text = malloc(CONF_FILE_MAX + 1);
	size_t len = 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (text == NULL)
		r = err_set(&e, ERR_SYSTEM, "out of memory");
	else if (fd < 0)
		r = err_errno(&e, "%s", name);
	else
		r = read_all(fd, name, text, &len, &e);
	if (r == 0)
		config_check_text(name, text, len, &f);
	if (fd >= 0 && !standard)
		(void)close(fd);
	free(text);
	return tell(o, &f, r != 0 ? &e : NULL);
}

static int check_whole(const struct options *o, const char *path)
{
	struct timex clock = {.modes = 0};
	struct config_request q = {.pam = {PAM_DIR, PAM_VENDOR_DIR}};
	struct config_findings f = {0};
	char config[CONF_PATH_MAX], modules[PAMD_PATH_MAX];
	struct timespec now = {0};
	struct err e = {0};
	int state, r;

	if (path != NULL) {
		if (cmd_absolute(path, config) != 0)
			return usage(N_("the path is too long"), path);
		q.config = config;
	}
	if (o->pam_dir != NULL) {
		q.pam = (struct pamd_dirs){.dir = o->pam_dir, .fallback = NULL};
	} else {
		config_module_dir(modules);
		q.module_dir = modules;
	}
	if (geteuid() != 0) {
		(void)err_set(&e, ERR_DENIED,
		    "keyring and store are root's: run it as root, or with --syntax-only");
		return tell(o, &f, &e);
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	state = adjtimex(&clock);
	q.now = now.tv_sec;
	q.synchronised = state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
	r = config_check(&q, &f, &e);
	return tell(o, &f, r != 0 ? &e : NULL);
}

static int cmd_check(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.file = NULL};
	const char *path;
	int r = read_options(&o, true, argc, argv);

	if (r != CMD_YES)
		return r;
	if (o.file != NULL && common->config != NULL)
		return usage(N_("FILE and --config name the same thing; give one"), NULL);
	path = o.file != NULL ? o.file : common->config;
	if (path != NULL && path[0] == '\0')
		return usage(N_("the name of the file is empty"), NULL);
	if (o.syntax_only || (path != NULL && strcmp(path, "-") == 0))
		return check_syntax(&o, path != NULL ? path : conf_default_path());
	return check_whole(&o, path);
}

static void origin_text(const struct conf *c, int i, char *text, size_t size)
{
	if (!conf_key_built(i))
		(void)snprintf(text, size, "%s", _("not in this version"));
	else if (c->origin[i].where == CONF_FILE)
		(void)snprintf(text, size, "%s:%d", c->path, c->origin[i].line);
	else
		(void)snprintf(text, size, "%s", _("default"));
}

static void show_key(const struct conf *c, int i, bool json)
{
	char value[CONF_VALUE_MAX], origin[CONF_PATH_MAX + 16];

	conf_value(c, i, value);
	origin_text(c, i, origin, sizeof(origin));
	if (!json) {
		(void)printf("%-16s = ", conf_key(i));
		print_clean(value);
		(void)printf("%*s  # %s\n", (int)(strlen(value) < 30 ? 30 - strlen(value) : 0), "",
		    origin);
		return;
	}
	(void)printf("%s{\"key\":\"%s\",\"value\":", i > 0 ? "," : "", conf_key(i));
	json_text_print(stdout, value);
	(void)fputs(",\"origin\":", stdout);
	json_text_print(stdout, origin);
	(void)putchar('}');
}

static int cmd_show(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.file = NULL};
	char config[CONF_PATH_MAX];
	struct err e = {0};
	struct conf c;
	int r = read_options(&o, false, argc, argv);

	if (r != CMD_YES)
		return r;
	if (common->config != NULL && cmd_absolute(common->config, config) != 0)
		return usage(N_("the path is too long"), common->config);
	if (conf_load(&c, common->config != NULL ? config : NULL, &e) != 0) {
		(void)fprintf(stderr, "bastionctl: %s\n", e.text);
		return CMD_TROUBLE;
	}
	if (o.json) {
		(void)fputs("{\"file\":", stdout);
		json_text_print(stdout, c.path);
		(void)printf(",\"exists\":%s,\"keys\":[", c.file_read ? "true" : "false");
	}
	for (int i = 0; i < CONF_KEYS; i++)
		show_key(&c, i, o.json);
	if (o.json)
		(void)fputs("]}\n", stdout);
	return finish(CMD_YES);
}

int cmd_config(const struct cmd_common *common, int argc, char **argv)
{
	bool check = argc > 0 && strcmp(argv[0], "check") == 0;
	bool show = argc > 0 && strcmp(argv[0], "show") == 0;

	if (common->help)
		return help(check ? help_check : show ? help_show : help_config);
	if (check)
		return cmd_check(common, argc - 1, argv + 1);
	if (show)
		return cmd_show(common, argc - 1, argv + 1);
	return usage(argc > 0 ? N_("unknown command") : N_("say `config check` or `config show`"),
	    argc > 0 ? argv[0] : NULL);
}
