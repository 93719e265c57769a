#include "policy/cmd_fix.h"

#include "enroll/language.h"
#include "policy/cmd_aws.h"
#include "policy/cmd_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_DIR PB_LOCALSTATEDIR "/lib/pam-bastion"
#define CONFIG PB_SYSCONFDIR "/pam-bastion/pam_bastion.conf"
#define IDS 8

static const char help_fix[] =
    N_("usage: bastionctl fix ID... [--dry-run] [--yes] [--i-have-console]\n"
    "       bastionctl fix MFA-10|MFA-11 [--confirm TIME] [--admin USER] [--dry-run] [--yes]\n"
    "       bastionctl fix MFA-03 --user USER [--profile NAME] [--region NAME] [--dry-run] [--yes]\n"
    "       bastionctl fix [ID] --resume\n"
    "       bastionctl fix PWD-01|PWD-02|PWD-03|PWD-04... [--profile NAME] [--region NAME]\n"
    "           [--dry-run] [--yes]\n"
    "\n"
    "Puts right what a check of `bastionctl audit` fails.  The steps are shown first, and all of\n"
    "them come back when one fails.  `bastionctl rollback` takes it back later.\n"
    "\n"
    "  EIC       takes EC2 Instance Connect off this host: its lines in sshd's files, its\n"
    "            package, drop-ins, scripts and account; then sshd is restarted and has to answer\n"
    "  EIC-11    of that only the pin of apt that keeps it from being installed again\n"
    "  KEY-09    files with an access key: modes, so that nobody but the owner reads them\n"
    "  MFA-03    an IAM user's policy: all but setting up MFA is denied until he has used it\n"
    "  MFA-10    `bastionctl enable` for a service that lets somebody in without a code\n"
    "  MFA-11    `bastionctl enable sshd`\n"
    "  MFA-13    keyring and records: modes and owners\n"
    "  PWD-01 to PWD-04\n"
    "            the password policy of the AWS account: the stricter of what is there and what\n"
    "            these ask for, all fields written; who would have to change his at once is said\n"
    "\n"
    "  --dry-run         show the steps and what changes, and do nothing\n"
    "  --yes             do not ask; without it and without a terminal nothing is done\n"
    "  --i-have-console  EIC also when nobody else would get in any more\n"
    "  --user USER       MFA-03: the IAM user\n"
    "  --confirm TIME, --admin USER\n"
    "                    as of `bastionctl enable`\n"
    "  --resume          go on with one that was cut short\n"
    "\n"
    "exit: 0 done or nothing to do, 1 something is to do or left, or refused, 2 usage,\n"
    "      3 trouble, or a line is to be written by hand, 75 another bastionctl is at work\n");

struct line {
	struct fix_options o;
	const char *id[IDS];
	int count;
};

int cmd_fix_state_dir(const struct cmd_common *common, char *dir, unsigned long size)
{
	struct conf *c = calloc(1, sizeof(*c));
	int r = CMD_YES;

	if (c == NULL)
		return CMD_TROUBLE;
	if (common->config == NULL && access(CONFIG, F_OK) != 0)
		(void)snprintf(dir, size, "%s", STATE_DIR);
	else if ((r = cmd_load(common, c)) == CMD_YES)
		(void)snprintf(dir, size, "%s", c->state_dir);
	free(c);
	return r;
}

bool cmd_fix_iam_names(const char *word)
{
	return strlen(word) == 6 && strncmp(word, "PWD-0", 5) == 0 && word[5] >= '1' && word[5] <= '4';
}

bool cmd_fix_mfa_names(const char *word)
{
	return strcmp(word, "MFA-03") == 0;
}

/* The value of `--name VALUE` or `--name=VALUE`, or NULL; *i moves on. */
static const char *value_of(const char *name, int *i, int argc, char **argv)
{
	const size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n] != '\0' || *i + 1 >= argc || argv[*i + 1] == NULL)
		return NULL;
	return argv[++*i];
}

static bool is_enable(const char *id)
{
	return strcmp(id, "MFA-10") == 0 || strcmp(id, "MFA-11") == 0;
}

static int add_id(struct line *l, const char *id)
{
	enum fix_what what;

	if (id[0] == '-')
		return cmd_usage("fix", N_("unknown option, or its value is missing"), id);
	if (!is_enable(id) && !fix_of_name(id, &what))
		return cmd_usage("fix", N_("there is no such fix"), id);
	if (l->count == IDS)
		return cmd_usage("fix", N_("one word too many"), id);
	l->id[l->count++] = id;
	return CMD_YES;
}

static int check_line(const struct line *l)
{
	const bool enables = l->o.confirm != NULL || l->o.admin != NULL;

	if (l->o.resume && (l->o.dry_run || enables || l->count > 1 ||
	    (l->count == 1 && is_enable(l->id[0]))))
		return cmd_usage("fix", N_("--resume goes with one fix, --yes and --i-have-console alone"), NULL);
	if (l->count == 0 && !l->o.resume)
		return cmd_usage("fix", N_("what is to be put right?  EIC, EIC-11, KEY-09, MFA-03, MFA-10, "
		    "MFA-11, MFA-13, PWD-01 to PWD-04"), NULL);
	for (int i = 0; i < l->count && enables; i++)
		if (!is_enable(l->id[i]))
			return cmd_usage("fix", N_("--confirm and --admin are for MFA-10 and MFA-11"), l->id[i]);
	return CMD_YES;
}

static int read_line(struct line *l, int argc, char **argv)
{
	struct fix_options *o = &l->o;
	int r = CMD_YES;

	for (int i = 0; i < argc && r == CMD_YES; i++) {
		const char *value;

		if (strcmp(argv[i], "--dry-run") == 0)
			o->dry_run = true;
		else if (strcmp(argv[i], "--yes") == 0)
			o->yes = true;
		else if (strcmp(argv[i], "--i-have-console") == 0)
			o->console = true;
		else if (strcmp(argv[i], "--resume") == 0)
			o->resume = true;
		else if ((value = value_of("--confirm", &i, argc, argv)) != NULL)
			o->confirm = value;
		else if ((value = value_of("--admin", &i, argc, argv)) != NULL)
			o->admin = value;
		else
			r = add_id(l, argv[i]);
	}
	return r == CMD_YES ? check_line(l) : r;
}

bool cmd_fix_is_agreed(const struct fix_options *o)
{
	char answer[16] = "";

	if (o->yes || !isatty(STDIN_FILENO))
		return o->yes;
	(void)printf(_("Type yes to go on: "));
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* The first that does not end well ends it; a dry run shows all. */
static int run_all(const struct cmd_common *common, const struct line *l)
{
	int worst = CMD_YES;

	for (int i = 0; i < l->count; i++) {
		enum fix_what what;
		const int r = is_enable(l->id[i]) ? cmd_fix_enable(common, &l->o, l->id[i]) :
		    fix_of_name(l->id[i], &what) ? cmd_fix_run(common, &l->o, what) : CMD_USAGE;

		worst = r > worst ? r : worst;
		if (r > CMD_NO)
			break;
	}
	return worst;
}

int cmd_fix(const struct cmd_common *common, int argc, char **argv)
{
	struct line l = {.count = 0};
	enum fix_what what;
	int r;

	if (common->help)
		return cmd_help(help_fix);
	for (int i = 0; i < argc; i++) {
		if (cmd_fix_iam_names(argv[i]))
			return cmd_fix_iam(common, argc, argv);
		if (cmd_fix_mfa_names(argv[i]))
			return cmd_fix_mfa(common, argc, argv);
	}
	if ((r = read_line(&l, argc, argv)) != CMD_YES)
		return r;
	if (geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "fix");
		return CMD_TROUBLE;
	}
	if (!l.o.resume)
		return cmd_finish(run_all(common, &l));
	return cmd_finish(cmd_fix_resume(common, &l.o, l.count == 1 && fix_of_name(l.id[0], &what) ?
	    &what : NULL));
}
