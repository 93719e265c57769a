#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_policy.h"
#include "policy/password/check.h"
#include "policy/password/profile.h"
#include "policy/password/text.h"
#include "policy/password_lines.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const char help_password[] =
    N_("usage: bastionctl password check [--user USER] [--policy NAMES] [--json]\n"
    "\n"
    "Reads passwords from standard input, one a line, and names the lines that break a\n"
    "rule of the password policy, with every rule they break; never the password.\n"
    "\n"
    "  --user USER      whose passwords they are: neither the name nor a word of the full\n"
    "                   name and the other GECOS fields may be in them\n"
    "  --policy NAMES   instead of password_policy of the configuration: kisa,\n"
    "                   kisa-2020, iam-default, cis-aws, nist-800-63b-4, pci-4.0.1, iam,\n"
    "                   or a file; several with commas\n"
    "\n"
    "exit: 0 all are good, 1 one breaks a rule, 2 usage, 3 trouble\n");

#define SAID 256
#define BUFFER ((size_t)256 * 1024)

struct sentence {
	struct password_break what;
	char *text; /* NULL: none */
	size_t len;
};

struct job {
	bool json;
	const char *user;
	const char *names;
	struct password_policies policies;
	char gecos[PASSWORD_CHECK_TEXT];
	size_t lines, refused;
	struct sentence said[SAID];
};

/* MUST: word is one of our own, never what was typed: that may be a password
 * (passwords_come_from_standard_input_alone). */
static int usage(const char *reason, const char *word)
{
	return cmd_usage("password", reason, word);
}

static const char *translate(const void *nothing, const char *fmt)
{
	(void)nothing;
	return language_text(fmt);
}

static void write_text(const struct job *j, const struct password_break *x, FILE *f)
{
	static const struct password_tongue tongue = {translate, NULL};
	char text[PASSWORD_TEXT_MAX];

	password_text(&j->policies, x, &tongue, text);
	(void)fprintf(f, "%s [%s]\n", text, j->policies.policy[x->policy].name);
}

static void write_json(const struct job *j, const struct password_break *x, FILE *f)
{
	char text[PASSWORD_TEXT_MAX];

	password_text(&j->policies, x, NULL, text);
	(void)fprintf(f, "{\"rule\":\"%s\",\"policy\":", password_rule_name(x->rule));
	json_text_print(f, j->policies.policy[x->policy].name);
	(void)fprintf(f, ",\"wanted\":%d,\"has\":%d", x->wanted, x->has);
	if (x->rule == PASSWORD_RULE_KINDS)
		(void)fprintf(f, ",\"kinds\":%d", x->kinds);
	(void)fputs(",\"text\":", f);
	json_text_print(f, text);
	(void)putc('}', f);
}

static bool is_same(const struct password_break *a, const struct password_break *b)
{
	return a->rule == b->rule && a->policy == b->policy && a->wanted == b->wanted &&
	    a->has == b->has && a->kinds == b->kinds;
}

/* Of a million lines most break the same rules by the same numbers: a sentence is made once
 * and kept until another takes its place. */
static void print_break(struct job *j, const struct password_break *x)
{
	const unsigned key = (unsigned)x->rule * 31 + (unsigned)x->policy * 7 + (unsigned)x->has * 61;
	struct sentence *s = &j->said[key % SAID];
	FILE *f;

	if (s->text == NULL || !is_same(&s->what, x)) {
		free(s->text);
		s->text = NULL;
		f = open_memstream(&s->text, &s->len);
		if (f != NULL) {
			(j->json ? write_json : write_text)(j, x, f);
			if (fclose(f) != 0)
				free(s->text), s->text = NULL;
		}
		s->what = *x;
	}
	if (s->text != NULL)
		(void)fwrite_unlocked(s->text, 1, s->len, stdout);
	else
		(j->json ? write_json : write_text)(j, x, stdout);
}

static void forget(struct job *j)
{
	for (size_t i = 0; i < SAID; i++)
		free(j->said[i].text);
}

static void print_line(struct job *j, const struct password_broken *b)
{
	char line[64];
	const int n = j->json ? snprintf(line, sizeof(line), "%s{\"line\":%zu,\"broken\":[",
	    j->refused > 1 ? "," : "", j->lines) : snprintf(line, sizeof(line), "%zu: ", j->lines);

	for (int i = 0; i < b->count; i++) {
		if (i == 0 || !j->json)
			(void)fwrite_unlocked(line, 1, (size_t)n, stdout);
		else
			(void)putc_unlocked(',', stdout);
		print_break(j, &b->item[i]);
	}
	if (j->json)
		(void)fwrite_unlocked("]}", 1, 2, stdout);
}

static void judge(struct job *j, const char *line, size_t len)
{
	const struct password_facts f = {.fresh = line, .fresh_len = len, .user = j->user,
	    .gecos = j->gecos[0] != '\0' ? j->gecos : NULL};
	struct password_broken b;

	j->lines++;
	password_check(&j->policies, &f, &b);
	if (password_is_good(&b))
		return;
	j->refused++;
	if (!j->json)
		password_broken_merge(&j->policies, &b);
	print_line(j, &b);
}

static int judge_all(struct job *j, struct err *e)
{
	struct password_lines l;
	const char *line;
	size_t len;
	int r = password_lines_open(&l, STDIN_FILENO, e);

	if (j->json)
		(void)fputs("{\"findings\":[", stdout);
	while (r == 0 && (r = password_lines_next(&l, &line, &len, e)) == 1) {
		judge(j, line, len);
		r = 0;
		/* Nobody reads it: no need to judge on. */
		if (ferror(stdout) != 0)
			break;
	}
	password_lines_close(&l);
	return r;
}

static int run(struct job *j)
{
	struct err e = {0};
	int r;

	/* Who types is told at once. */
	if (isatty(STDIN_FILENO) == 0)
		(void)setvbuf(stdout, NULL, _IOFBF, BUFFER);
	r = judge_all(j, &e);
	if (j->json)
		(void)printf("],\"lines\":%zu,\"refused\":%zu,\"result\":\"%s\"}\n", j->lines,
		    j->refused, r != 0 ? "trouble" : j->refused > 0 ? "no" : "ok");
	else if (r == 0)
		(void)printf(_("passwords: %zu, refused: %zu\n"), j->lines, j->refused);
	if (r != 0)
		return cmd_tell(&e, CMD_TROUBLE);
	return cmd_finish(j->refused > 0 ? CMD_NO : CMD_YES);
}

/* The next word as the value of an option, once. */
static int take_value(const char **value, const char *option, int argc, char **argv, int *i)
{
	const size_t n = strlen(option);

	if (*value != NULL)
		return usage(N_("an option is given twice"), option);
	*value = argv[*i][n] == '=' ? argv[*i] + n + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	if (*value == NULL || (*value)[0] == '\0')
		return usage(N_("a value is missing"), option);
	return CMD_YES;
}

static bool is_option(const char *a, const char *option)
{
	const size_t n = strlen(option);

	return strncmp(a, option, n) == 0 && (a[n] == '\0' || a[n] == '=');
}

static int read_options(struct job *j, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		int r = CMD_YES;

		if (strcmp(a, "--json") == 0)
			j->json = true;
		else if (is_option(a, "--user"))
			r = take_value(&j->user, "--user", argc, argv, &i);
		else if (is_option(a, "--policy"))
			r = take_value(&j->names, "--policy", argc, argv, &i);
		else if (a[0] == '-' && a[1] != '\0')
			r = usage(N_("unknown option; passwords come from standard input"), NULL);
		else
			r = usage(N_("one word too many; passwords come from standard input"), NULL);
		if (r != CMD_YES)
			return r;
	}
	return CMD_YES;
}

static void find_user(struct job *j)
{
	const struct passwd *pw = getpwnam(j->user);

	if (pw == NULL)
		(void)fprintf(stderr, _("bastionctl: %s: no such account; only the name is looked "
		    "for\n"), j->user);
	else if (pw->pw_gecos != NULL)
		(void)snprintf(j->gecos, sizeof(j->gecos), "%s", pw->pw_gecos);
}

/* How the terminal was, while it shows nothing; for a handler. */
static struct termios terminal;
static volatile sig_atomic_t hidden;

static void show_typing(void)
{
	if (hidden != 0)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	hidden = 0;
}

static void give_back(int signal)
{
	show_typing();
	(void)raise(signal); /* as it would have ended, SA_RESETHAND */
}

/* Whoever ends it gets a terminal that shows again. */
static void hide_typing(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM};
	struct sigaction a = {.sa_handler = give_back, .sa_flags = (int)SA_RESETHAND};
	struct termios quiet;

	if (tcgetattr(STDIN_FILENO, &terminal) != 0)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &a, NULL);
	quiet = terminal;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	hidden = 1;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

static int cmd_check(const struct cmd_common *common, int argc, char **argv)
{
	struct job j = {.user = NULL};
	struct err e = {0};
	struct conf c;
	int r = read_options(&j, argc, argv);

	if (r != CMD_YES || (r = cmd_load(common, &c)) != CMD_YES)
		return r;
	if (password_policies_load(&j.policies, j.names != NULL ? j.names : c.password_policy,
	    c.policy_file, &e) != 0)
		return cmd_tell(&e, j.names != NULL && e.code == ERR_SYNTAX ? CMD_USAGE : CMD_TROUBLE);
	if (j.user != NULL)
		find_user(&j);
	hide_typing(); /* before it asks: what is typed until then is thrown away */
	if (hidden != 0)
		(void)fprintf(stderr, "%s", _("bastionctl: passwords, one a line, are not shown; "
		    "Ctrl-D ends\n"));
	r = run(&j);
	show_typing();
	forget(&j);
	return r;
}

int cmd_password(const struct cmd_common *common, int argc, char **argv)
{
	if (common->help)
		return cmd_help(help_password);
	if (argc > 0 && strcmp(argv[0], "check") == 0)
		return cmd_check(common, argc, argv);
	return usage(N_("say check"), NULL);
}
