/*
 * bastionctl: what must hold on a bastion host.
 */
#include "enroll/language.h"
#include "lib/core/crypto.h"
#include "policy/cmd_audit.h"
#include "policy/cmd_aws.h"
#include "policy/cmd_common.h"
#include "policy/cmd_config.h"
#include "policy/cmd_enable.h"
#include "policy/cmd_explain.h"
#include "policy/cmd_fix.h"
#include "policy/cmd_policy.h"
#include "policy/cmd_rotate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef PB_VERSION
#define PB_VERSION "unknown"
#endif

static const char help_text[] =
    N_("usage: bastionctl [--config PATH] [--settings PATH] COMMAND\n"
    "\n"
    "  config check [FILE]   is the configuration fit for logins?\n"
    "  config show           every key, its value and where it is set\n"
    "  explain USER [--service NAME] [--from ADDRESS]\n"
    "                        what a login of USER would meet, and why\n"
    "  audit [host|iam|all]  are this host, and the AWS account, as they have to be?\n"
    "  fix ID...             put right what checks of the audit fail: EIC, EIC-11,\n"
    "                        KEY-09, MFA-10, MFA-11, MFA-13, PWD-01 to PWD-04\n"
    "  rollback [TXN]        take a fix or an enable back\n"
    "  history               what fix, enable and disable have changed\n"
    "  enable sshd|sudo|login   ask for a code there, with a way back\n"
    "  confirm               from a new login: what enable has changed stays\n"
    "  disable sshd|sudo|login  ask no more\n"
    "  policy show|pull|import FILE|check FILE|apply\n"
    "                        the password rules in force, and IAM's\n"
    "  mfa assign [USER]     give an IAM user an MFA device\n"
    "  aws-policy NAME       the least policy of IAM for a command\n"
    "  password check [--user USER]\n"
    "                        do these passwords keep the rules?\n"
    "  rotate run|status|resume|rollback|retire|repair|step\n"
    "                        replace access keys, and never lose one\n"
    "\n"
    "  --config PATH         the login configuration (default: the packaged file)\n"
    "  --settings PATH       that of audits and of the cloud, bastionctl.conf (likewise)\n"
    "  --help                behind a command: what it takes\n"
    "  --version\n"
    "\n"
    "exit: 0 yes, 1 no, 2 usage, 3 trouble, 75 try again\n");

struct line {
	struct cmd_common common;
	bool version;
	int argc; /* words and options of the command */
	char **argv;
};

static int usage(const char *reason, const char *word)
{
	(void)fprintf(stderr, _("bastionctl: %s%s%s; see `bastionctl --help`\n"), _(reason),
	    word != NULL ? ": " : "", word != NULL ? word : "");
	return CMD_USAGE;
}

/* Takes the options that stand anywhere out of argv; the rest keeps its order. */
static int read_line(struct line *l, int argc, char **argv)
{
	bool words = false;

	for (int i = 1; i < argc; i++) {
		char *a = argv[i];

		words = words || strcmp(a, "--") == 0;
		if (words) {
			l->argv[l->argc++] = a;
		} else if (strcmp(a, "--settings") == 0 || strncmp(a, "--settings=", 11) == 0) {
			if (l->common.settings != NULL)
				return usage(N_("--settings is given twice"), NULL);
			l->common.settings = a[10] == '=' ? a + 11 : argv[++i];
			if (l->common.settings == NULL || l->common.settings[0] == '\0')
				return usage(N_("--settings needs a path"), NULL);
		} else if (strcmp(a, "--config") == 0 || strncmp(a, "--config=", 9) == 0) {
			if (l->common.config != NULL)
				return usage(N_("--config is given twice"), NULL);
			l->common.config = a[8] == '=' ? a + 9 : argv[++i];
			if (l->common.config == NULL || l->common.config[0] == '\0')
				return usage(N_("--config needs a path"), NULL);
		} else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
			l->common.help = true;
		} else if (strcmp(a, "--version") == 0) {
			l->version = true;
		} else {
			l->argv[l->argc++] = a;
		}
	}
	l->argv[l->argc] = NULL; /* an option that waits for its value finds the end */
	return CMD_YES;
}

static int print(const char *text)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return CMD_YES;
	(void)fprintf(stderr, _("bastionctl: standard output: %s\n"), strerror(errno));
	return CMD_TROUBLE;
}

/* A file that is named must exist and be right, whatever the command makes of it. */
static int check_settings(const struct cmd_common *common)
{
	struct settings s;

	return common->settings == NULL || common->help ? CMD_YES : cmd_settings(common, &s);
}

static int run(const struct line *l)
{
	static const struct {
		const char *name;
		int (*run)(const struct cmd_common *common, int argc, char **argv);
	} commands[] = {{"config", cmd_config}, {"enable", cmd_enable}, {"confirm", cmd_confirm},
	    {"disable", cmd_disable},
	    {"explain", cmd_explain}, {"policy", cmd_policy}, {"password", cmd_password},
	    {"audit", cmd_audit}, {"fix", cmd_fix}, {"rollback", cmd_rollback},
	    {"history", cmd_history}, {"mfa", cmd_mfa}, {"aws-policy", cmd_aws_policy},
	    {"rotate", cmd_rotate}};
	static const char *const absent[] = {"breach"};

	if (l->version)
		return print("bastionctl " PB_VERSION "\n");
	if (l->argc == 0)
		return l->common.help ? print(_(help_text)) : usage(N_("no command"), NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(l->argv[0], commands[i].name) == 0)
			return check_settings(&l->common) != CMD_YES ? CMD_TROUBLE :
			    commands[i].run(&l->common, l->argc - 1, l->argv + 1);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (strcmp(l->argv[0], absent[i]) == 0)
			return usage(N_("this command is not in this version"), absent[i]);
	return usage(l->argv[0][0] == '-' ? N_("unknown option") : N_("unknown command"), l->argv[0]);
}

/* Keys of AWS, the keyring and passwords pass through here, and through libraries that do not
 * keep them out of a core file. */
static void leave_no_core(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	/* Words only move towards the front, so argv itself has room for them. */
	struct line l = {.argv = argv};
	int r;

	language_begin(argc, argv);
	leave_no_core();
	if ((r = read_line(&l, argc, argv)) != CMD_YES)
		return r;
	if (crypto_init() != 0) {
		(void)fprintf(stderr, _("bastionctl: libcrypto or liboath does not start\n"));
		return CMD_TROUBLE;
	}
	return run(&l);
}
