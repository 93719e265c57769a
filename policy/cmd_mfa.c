#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "enroll/qr.h"
#include "policy/cmd_common.h"
#include "policy/iam/mfa_device.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3
#define NAME_MOST 128

struct work {
	struct account_options account;
	struct settings settings;
	const char *user, *device;
	bool replace, dry_run, yes;
	struct account_caller who;
	struct mfa_device made;
	struct aws *aws;
	struct err e;
};

/* ---- the words ---- */

/* As IAM takes names of users and of devices. */
static bool is_name(const char *text)
{
	return text[0] != '\0' && strlen(text) <= NAME_MOST && text[strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-")] == '\0';
}

static int read_word(struct work *w, char **argv, int *i)
{
	const char *a = argv[*i];
	const int taken = account_option(&w->account, argv, i);

	if (taken != 0)
		return taken > 0 ? CMD_YES : cmd_usage("mfa", N_("a value is missing, or given twice"), a);
	if (strcmp(a, "--replace") == 0) {
		w->replace = true;
	} else if (strcmp(a, "--dry-run") == 0) {
		w->dry_run = true;
	} else if (strcmp(a, "--yes") == 0) {
		w->yes = true;
	} else if (strcmp(a, "--device") == 0 || strncmp(a, "--device=", 9) == 0) {
		w->device = a[8] == '=' ? a + 9 : argv[++*i];
		if (w->device == NULL || !is_name(w->device))
			return cmd_usage("mfa", N_("no name of a device"), w->device);
	} else if (a[0] == '-') {
		return cmd_usage("mfa", N_("unknown option"), a);
	} else if (w->user != NULL) {
		return cmd_usage("mfa", N_("one word too many"), a);
	} else if (!is_name(a)) {
		return cmd_usage("mfa", N_("no name of an IAM user"), a);
	} else {
		w->user = a;
	}
	return CMD_YES;
}

static int read_words(struct work *w, int argc, char **argv)
{
	int r = CMD_YES;

	if (argc == 0 || strcmp(argv[0], "assign") != 0)
		return cmd_usage("mfa", N_("say assign"), argc > 0 ? argv[0] : NULL);
	for (int i = 1; i < argc && r == CMD_YES; i++)
		r = read_word(w, argv, &i);
	if (r == CMD_YES && w->user == NULL && (w->device != NULL || w->replace))
		return cmd_usage("mfa", N_("USER is missing"), NULL);
	return r;
}

/* ---- the codes ---- */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* Whoever stops it at a prompt leaves no device behind. */
static void catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = stop};

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)sigaction(caught[i], &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Six digits; false: the input ends, or somebody has stopped it. */
static bool ask_code(const char *prompt, char code[8])
{
	char line[64];
	bool good = false;

	while (!good) {
		size_t n = 0;

		(void)printf("%s", _(prompt));
		(void)fflush(stdout);
		if (stopped || fgets(line, sizeof(line), stdin) == NULL || stopped)
			break;
		for (const char *at = line; *at != '\0' && *at != '\n' && n < 7; at++)
			if (*at != ' ')
				code[n++] = *at;
		code[n] = '\0';
		good = n == 6 && strspn(code, "0123456789") == 6;
		if (!good)
			(void)printf(_("A code has six digits.\n"));
	}
	secret_wipe(line, sizeof(line));
	return good;
}

static int prove(struct work *w)
{
	char code[2][8];
	int r = ERR_SYNTAX;

	for (int i = 0; i < TRIES && r == ERR_SYNTAX; i++) {
		if (i > 0)
			(void)printf(_("IAM does not take these two codes; they have to follow each other.\n"));
		if (!ask_code(N_("A code of the device: "), code[0]) ||
		    !ask_code(N_("The code that follows it: "), code[1]))
			r = err_set(&w->e, ERR_REFUSED, "no codes were given");
		else
			r = mfa_device_enable(&w->made, w->aws, (const char (*)[8])code, &w->e);
	}
	secret_wipe(code, sizeof(code));
	return r;
}

/* ---- the device ---- */

static void show(const struct work *w)
{
	const struct mfa_shown *s = (const struct mfa_shown *)(const void *)w->made.shown.data;
	struct qr q = {.width = 0};
	char *text = NULL;
	struct err e = {0};

	if (qr_encode(s->uri, &q, &e) == 0 && qr_render_utf8(&q, 2, false, &text) == 0)
		(void)fputs(text, stdout);
	else
		(void)fprintf(stderr, _("bastionctl: no QR code: %s\n"), e.text);
	qr_text_free(&text);
	qr_free(&q);
	(void)printf(_("\nKey: %s\nDevice: %s\n"), s->key, w->made.serial);
}

/* What nobody has proven is worth nothing, and its name would be taken. */
static int drop(struct work *w, int r)
{
	struct err other = {0};

	if (w->made.serial[0] == '\0')
		return r;
	if (mfa_device_drop(w->aws, w->made.serial, &other) == 0)
		(void)fprintf(stderr, _("bastionctl: %s: not enabled, and removed\n"), w->made.serial);
	else
		(void)fprintf(stderr, _("bastionctl: %s: not enabled, and cannot be removed: %s\n"),
		    w->made.serial, other.text);
	return r;
}

/* Who asks, and for whom: for a user who is not there nothing is made. */
static int look(struct work *w)
{
	const int r = account_caller(w->aws, &w->who, &w->e);

	return r != 0 ? r : mfa_device_look(w->aws, &w->who, w->user, &w->e);
}

static int make(struct work *w)
{
	const char *name = w->device != NULL ? w->device : w->user;
	char serial[MFA_SERIAL];
	int r = look(w);

	(void)snprintf(w->made.user, sizeof(w->made.user), "%s", w->user);
	if (r == 0 && w->replace && (r = mfa_device_serial(&w->who, name, serial, &w->e)) == 0)
		r = mfa_device_drop(w->aws, serial, &w->e);
	if (r == 0)
		r = mfa_device_make(&w->made, w->aws, name, &w->who, &w->e);
	return r;
}

static int exit_of(const struct work *w, int r)
{
	return r == ERR_SYNTAX || r == ERR_REFUSED ? CMD_NO :
	    r != ERR_CONFLICT ? CMD_TROUBLE : w->e.code == ERR_CONFLICT ? CMD_AGAIN : CMD_NO;
}

/* A key that goes into a file or a log is a second factor of whoever reads that, so that
 * without a terminal it is made for those alone who say so. */
static bool is_agreed(const struct work *w)
{
	return !w->dry_run && (w->yes || (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1));
}

static int tell_plan(struct work *w)
{
	char serial[MFA_SERIAL];
	int r = look(w);

	if (r == 0)
		r = mfa_device_serial(&w->who, w->device != NULL ? w->device : w->user, serial, &w->e);
	if (r != 0)
		return cmd_tell(&w->e, exit_of(w, r));
	(void)printf(_("The device %s would be made for IAM user %s, and its key shown here.\n"), serial,
	    w->user);
	if (w->replace)
		(void)printf(_("One of this name that is not assigned would be removed before.\n"));
	(void)printf(_("Nothing was changed; with --yes it is done.\n"));
	return CMD_NO;
}

static int assign(struct work *w)
{
	int r;

	if (!is_agreed(w))
		return tell_plan(w);
	catch_signals();
	if ((r = make(w)) != 0) {
		const bool taken = r == ERR_CONFLICT && w->e.code != ERR_CONFLICT;

		r = cmd_tell(&w->e, exit_of(w, r));
		if (taken)
			(void)fprintf(stderr, _("bastionctl: one of this name that is not assigned goes with "
			    "--replace; --device gives another name\n"));
		return drop(w, r);
	}
	show(w);
	if ((r = prove(w)) != 0)
		return drop(w, cmd_tell(&w->e, exit_of(w, r)));
	(void)printf(_("%s has the device %s now.\n"), w->user, w->made.serial);
	return CMD_YES;
}

/* No API gives root one. */
static int tell_root(void)
{
	(void)printf(_("Root's device is assigned by hand:\n"
	    "  1. Sign in at https://console.aws.amazon.com/ as root user, with the account's e-mail.\n"
	    "  2. Account name (top right) > Security credentials > Multi-factor authentication (MFA)\n"
	    "     > Assign MFA device.\n"
	    "  3. Choose a passkey or security key, or a hardware TOTP token; register a second one.\n"
	    "  4. `bastionctl audit iam --check MFA-01,MFA-02` looks again.\n"));
	return CMD_TROUBLE;
}

int cmd_mfa(const struct cmd_common *common, int argc, char **argv)
{
	struct work *w;
	int r;

	if (common->help)
		return cmd_mfa_help();
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return CMD_TROUBLE;
	if ((r = read_words(w, argc, argv)) == CMD_YES && w->user == NULL)
		r = tell_root();
	else if (r == CMD_YES && (r = cmd_settings(common, &w->settings)) == CMD_YES) {
		account_settings(&w->account, &w->settings);
		r = account_open(&w->aws, &w->account, &w->e) != 0 ? cmd_tell(&w->e, CMD_TROUBLE) : assign(w);
	}
	mfa_device_free(&w->made);
	aws_close(&w->aws);
	free(w);
	return cmd_finish(r);
}
