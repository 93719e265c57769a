/*
 * enroll-mfa: enrols users, and looks after what they have.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "lib/core/crypto.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef PB_VERSION
#define PB_VERSION "unknown"
#endif

enum operand { NO_USER, USER_MAY, USER_MUST, FILE_MUST, WORD_MUST };

struct command {
	const char *name; /* NULL: enrol a user */
	int (*run)(struct cmd *c);
	enum operand operand;
	const char *options; /* blank-separated, beside config, json, help */
	const char *usage;
};

static const struct command enrolling = {NULL, cmd_enroll, USER_MUST,
    " issuer label device key algorithm digits period qr invert png svg no-confirm ",
    N_("enroll-mfa [--] USER [--issuer NAME] [--label NAME] [--device NAME]\n"
    "           [--key SHA256:...] [--algorithm sha1|sha256|sha512]\n"
    "           [--digits 6|7|8] [--period 15..120]\n"
    "           [--qr utf8|ansi|none] [--invert] [--png FILE] [--svg FILE]\n"
    "           [--no-confirm] [--json]\n"
    "  Shows the QR code and the key, lets the phone prove one code, prints ten\n"
    "  recovery codes once.  A device of the same name is replaced after the code,\n"
    "  one of another name is added and leaves the recovery codes as they are.\n"
    "  --key: the device is good behind that public key only.\n")};

/* No argument at all, which is what the sudoers drop-in allows. */
static const struct command self = {NULL, cmd_self, NO_USER, " ",
    N_("enroll-mfa\n  By an ordinary user through sudo: the own enrolment, where `enroll` is invite or\n"
    "  login.\n")};

static const struct command commands[] = {
    {"init", cmd_init, NO_USER, " ",
     N_("enroll-mfa init [--json]\n  Makes keyring, directories and decoys where missing.\n")},
    {"status", cmd_status, USER_MAY, " ",
     N_("enroll-mfa status [USER] [--json]\n  Exit 0: enrolled; 1: not enrolled or locked; 3: "
     "trouble.\n")},
    {"list", cmd_list, NO_USER, " orphans ",
     N_("enroll-mfa list [--orphans] [--json]\n  Everybody enrolled; --orphans: those without an "
     "account.\n")},
    {"verify", cmd_verify, USER_MUST, " key ",
     N_("enroll-mfa verify USER [--key SHA256:...] [--json]\n"
     "  Judges one code from standard input, and spends it; --key: as behind that key.\n")},
    {"recovery", cmd_recovery, USER_MUST, " ",
     N_("enroll-mfa recovery USER [--json]\n  Ten new recovery codes; the old ones end.\n")},
    {"unlock", cmd_unlock, USER_MUST, " ",
     N_("enroll-mfa unlock USER [--json]\n  Takes back lock and delays; makes missing state anew.\n")},
    {"remove", cmd_remove, USER_MUST, " device ",
     N_("enroll-mfa remove USER [--device NAME] [--json]\n  Ends an enrolment, or one device.\n")},
    {"invite", cmd_invite, USER_MUST, " expires ",
     N_("enroll-mfa invite USER [--expires 1m..30d] [--json]\n"
     "  A one-time word with which USER enrols at the next login; default 24h.\n")},
    {"bypass", cmd_bypass, USER_MUST, " for ",
     N_("enroll-mfa bypass USER --for 1m..24h|0 [--json]\n"
     "  For a lost phone: no code is asked for that long; 0 ends it.  Logged.\n")},
    {"import", cmd_import, FILE_MUST, " from device user replace ",
     N_("enroll-mfa import [--from otpauth|google-authenticator|users.oath]\n"
     "           [--user USER] [--device NAME] [--replace] [--json] FILE|-\n"
     "  otpauth: one otpauth://totp/ URI a line.  google-authenticator: a directory of\n"
     "  home directories, or one user's file with --user.  users.oath: of pam_oath.\n"
     "  Who is enrolled already is skipped; --replace: gets the new secret.\n")},
    {"backup", cmd_backup, FILE_MUST, " ",
     N_("enroll-mfa backup FILE [--json]\n"
     "  All records, sealed as they are, in one new file. The keyring is not in it.\n")},
    {"restore", cmd_restore, FILE_MUST, " replace rebind ",
     N_("enroll-mfa restore FILE [--replace] [--rebind] [--json]\n"
     "  Puts them back, under a keyring that holds their keys; no used code is good\n"
     "  again, and recovery codes end.  --replace: where there are records.\n"
     "  --rebind: users whose accounts have other user ids here are the same people.\n")},
    {"rekey", cmd_rekey, WORD_MUST, " ",
     N_("enroll-mfa rekey add|use|retire [--json]\n"
     "  Another master key: add it to the keyring; let it seal, all records anew; take\n"
     "  out the old ones.\n")},
};

static const char *const later[] = {"break-glass"};

#define TEXT(name, field) {name, offsetof(struct cmd, field), true}
#define FLAG(name, field) {name, offsetof(struct cmd, field), false}

static const struct option {
	const char *name;
	size_t offset;
	bool takes_value;
} options[] = {
    TEXT("config", config), FLAG("json", json), TEXT("issuer", issuer), TEXT("label", label),
    TEXT("device", device), TEXT("algorithm", algorithm), TEXT("digits", digits),
    TEXT("period", period), TEXT("qr", qr), FLAG("invert", invert), TEXT("png", png),
    TEXT("svg", svg), TEXT("key", key), TEXT("expires", expires), TEXT("for", lasts), FLAG("no-confirm", no_confirm), TEXT("from", from),
    FLAG("orphans", orphans), TEXT("user", of), FLAG("replace", replace), FLAG("rebind", rebind)};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The command line, taken apart. */
struct line {
	struct cmd *cmd;
	const char *operand[3];
	int operands;
	bool literal; /* the first operand stood behind "--" */
	bool help, version;
	bool given[COUNT(options)];
};

static int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int usage_error(const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), language_text(fmt), ap);
	va_end(ap);
	(void)fprintf(stderr, _("enroll-mfa: %s; see enroll-mfa --help\n"), what);
	return CMD_USAGE;
}

static void print_help(const struct command *command)
{
	if (command != NULL) {
		(void)fputs(_(command->usage), stdout);
		return;
	}
	(void)fputs(_(enrolling.usage), stdout);
	(void)fputs(_(self.usage), stdout);
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fputs(_(commands[i].usage), stdout);
	(void)printf(_("\nBefore or after each: --config FILE.  `enroll-mfa -- NAME` enrols a user "
	    "named\nlike a command.  Exit: 0 yes, 1 no, 2 usage, 3 trouble, 75 try again.\n"
	    "Manual: enroll-mfa(8)\n"));
}

static int find_option(const char *arg, size_t n)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (strlen(options[i].name) == n && memcmp(options[i].name, arg, n) == 0)
			return (int)i;
	return -1;
}

/* An argument that begins with "--"; *i moves over its value. */
static int take_option(struct line *l, int argc, char **argv, int *i)
{
	const char *arg = argv[*i] + 2, *equals = strchr(arg, '=');
	const char *value = equals != NULL ? equals + 1 : NULL;
	int k = find_option(arg, equals != NULL ? (size_t)(equals - arg) : strlen(arg));

	if (strcmp(arg, "help") == 0) {
		l->help = true;
		return 0;
	}
	if (strcmp(arg, "version") == 0) {
		l->version = true;
		return 0;
	}
	if (k < 0)
		return usage_error("unknown option %s", argv[*i]);
	if (l->given[k])
		return usage_error("given twice: --%s", options[k].name);
	l->given[k] = true;
	if (!options[k].takes_value) {
		if (value != NULL)
			return usage_error("takes no value: --%s", options[k].name);
		*(bool *)(void *)((char *)l->cmd + options[k].offset) = true;
		return 0;
	}
	if (value == NULL && *i + 1 < argc)
		value = argv[++*i];
	if (value == NULL || value[0] == '\0')
		return usage_error("needs a value: --%s", options[k].name);
	*(const char **)(void *)((char *)l->cmd + options[k].offset) = value;
	return 0;
}

static int take_apart(struct line *l, int argc, char **argv)
{
	bool rest = false;
	int r;

	for (int i = 1; i < argc; i++) {
		if (!rest && strcmp(argv[i], "--") == 0) {
			rest = true;
			l->literal = l->operands == 0;
		} else if (!rest && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (strcmp(argv[i], "-h") == 0)
				l->help = true;
			else if (argv[i][1] != '-')
				return usage_error("unknown option %s", argv[i]);
			else if ((r = take_option(l, argc, argv, &i)) != 0)
				return r;
		} else if (l->operands == (int)COUNT(l->operand)) {
			return usage_error("too many operands: %s", argv[i]);
		} else {
			l->operand[l->operands++] = argv[i];
		}
	}
	return 0;
}

static const struct command *find_command(struct line *l)
{
	for (size_t i = 0; i < COUNT(commands) && !l->literal && l->operands > 0; i++) {
		if (strcmp(l->operand[0], commands[i].name) != 0)
			continue;
		l->operands--;
		memmove(l->operand, l->operand + 1, sizeof(l->operand[0]) * (COUNT(l->operand) - 1));
		return &commands[i];
	}
	return &enrolling;
}

static int check_options(const struct line *l, const struct command *command)
{
	char word[32];

	for (size_t i = 0; i < COUNT(options); i++) {
		if (!l->given[i] || strcmp(options[i].name, "config") == 0 ||
		    strcmp(options[i].name, "json") == 0)
			continue;
		(void)snprintf(word, sizeof(word), " %s ", options[i].name);
		if (strstr(command->options, word) == NULL)
			return usage_error("does not go with this command: --%s", options[i].name);
	}
	return 0;
}

static int check_operands(struct line *l, const struct command *command)
{
	struct cmd *c = l->cmd;
	int most = command->operand == NO_USER ? 0 : 1;
	int least = command->operand == NO_USER || command->operand == USER_MAY ? 0 : 1;

	if (l->operands > most)
		return usage_error("too many operands: %s", l->operand[most]);
	if (l->operands < least)
		return command->operand == FILE_MUST ? usage_error("which FILE?") :
		    command->operand == WORD_MUST ? usage_error("add, use or retire?") :
		    usage_error("which USER?");
	if (command->operand == FILE_MUST)
		c->file = l->operand[0];
	else if (command->operand == WORD_MUST)
		c->word = l->operand[0];
	else
		c->user = l->operand[0];
	if (c->user != NULL && c->user[0] == '\0')
		return usage_error("the user name is empty");
	if (c->from != NULL && strcmp(c->from, "otpauth") != 0 &&
	    strcmp(c->from, "google-authenticator") != 0 && strcmp(c->from, "users.oath") != 0)
		return usage_error("--from is otpauth, google-authenticator or users.oath, not %s",
		    c->from);
	if (c->qr != NULL && strcmp(c->qr, "utf8") != 0 && strcmp(c->qr, "ansi") != 0 &&
	    strcmp(c->qr, "none") != 0)
		return usage_error("--qr is utf8, ansi or none, not %s", c->qr);
	return 0;
}

static int check(struct line *l, const struct command *command)
{
	int r;

	for (size_t i = 0; i < COUNT(later) && command == &enrolling && !l->literal; i++)
		if (l->operands > 0 && strcmp(l->operand[0], later[i]) == 0)
			return usage_error("this version does not have the command %s", later[i]);
	if ((r = check_options(l, command)) != 0)
		return r;
	return check_operands(l, command);
}

/* Secrets pass through here: no core file, whatever the limits say. */
static void leave_no_core(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int prepare(struct cmd *c)
{
	struct err e = {0};

	if (geteuid() != 0) {
		(void)fprintf(stderr, _("enroll-mfa: only root can read the records; use sudo\n"));
		return CMD_TROUBLE;
	}
	if (crypto_init() != 0) {
		(void)fprintf(stderr, _("enroll-mfa: libcrypto or liboath does not start\n"));
		return CMD_TROUBLE;
	}
	if (conf_load(&c->conf, c->config, &e) != 0) {
		(void)fprintf(stderr, "enroll-mfa: %s\n", e.text);
		return CMD_TROUBLE;
	}
	c->now = cmd_clock();
	return 0;
}

int main(int argc, char **argv)
{
	struct cmd cmd = {0};
	struct line l = {.cmd = &cmd};
	const struct command *command;
	int r;

	language_begin(argc, argv);
	leave_no_core();
	if ((r = take_apart(&l, argc, argv)) != 0)
		return r;
	command = argc == 1 ? &self : find_command(&l);
	if (l.help || l.version) {
		if (l.version)
			(void)printf("enroll-mfa %s\n", PB_VERSION);
		else
			print_help(command == &enrolling ? NULL : command);
		return CMD_YES;
	}
	if ((r = check(&l, command)) != 0 || (r = prepare(&cmd)) != 0)
		return r;
	r = command->run(&cmd);
	free(cmd.name);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, _("enroll-mfa: the output could not be written\n"));
		return CMD_TROUBLE;
	}
	return r;
}
