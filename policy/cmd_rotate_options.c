#include "policy/cmd_rotate.h"

#include "enroll/language.h"
#include "lib/core/conf_text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define YEAR (366 * 86400)

static int usage(const char *reason, const char *word)
{
	return cmd_usage("rotate", reason, word);
}

static const char *const words[] = {"run", "status", "resume", "rollback", "retire", "repair", "step"};

/* What each takes, as bits of `1 << what`. */
#define ON(what) (1U << (what))
#define GOES (ON(CMD_ROTATE_RUN) | ON(CMD_ROTATE_RESUME) | ON(CMD_ROTATE_ROLLBACK) | \
	ON(CMD_ROTATE_REPAIR) | ON(CMD_ROTATE_STEP))
#define ALL (GOES | ON(CMD_ROTATE_STATUS) | ON(CMD_ROTATE_RETIRE))
#define TARGET (ON(CMD_ROTATE_RUN) | ON(CMD_ROTATE_REPAIR))

static const struct text_option {
	const char *name;
	unsigned int on;
	size_t at;
} texts[] = {
	{"--secret", TARGET | ON(CMD_ROTATE_STEP), offsetof(struct cmd_rotate_options, secret)},
	{"--profile", TARGET, offsetof(struct cmd_rotate_options, profile)},
	{"--file", TARGET, offsetof(struct cmd_rotate_options, file)},
	{"--by", TARGET | ON(CMD_ROTATE_STEP) | ON(CMD_ROTATE_RETIRE), offsetof(struct cmd_rotate_options, by)},
	{"--region", GOES | ON(CMD_ROTATE_RETIRE), offsetof(struct cmd_rotate_options, region)},
	{"--token", ON(CMD_ROTATE_STEP), offsetof(struct cmd_rotate_options, token)},
	{"--account", ALL & ~ON(CMD_ROTATE_STEP), offsetof(struct cmd_rotate_options, account)},
	{"--user", ON(CMD_ROTATE_RETIRE), offsetof(struct cmd_rotate_options, user)},
};

static const struct flag_option {
	const char *name;
	unsigned int on;
	size_t at;
} flags[] = {
	{"--all", ON(CMD_ROTATE_RUN), offsetof(struct cmd_rotate_options, all)},
	{"--json", ON(CMD_ROTATE_STATUS), offsetof(struct cmd_rotate_options, json)},
	{"--force", ON(CMD_ROTATE_RUN), offsetof(struct cmd_rotate_options, order.force)},
	{"--dry-run", TARGET, offsetof(struct cmd_rotate_options, order.dry_run)},
	{"--yes", GOES | ON(CMD_ROTATE_RETIRE), offsetof(struct cmd_rotate_options, order.yes)},
};

static const struct time_option {
	const char *name;
	unsigned int on;
	size_t at;
	int64_t most;
} times[] = {
	{"--period", ON(CMD_ROTATE_RUN), offsetof(struct cmd_rotate_options, period), 5 * YEAR},
	{"--overlap", GOES, offsetof(struct cmd_rotate_options, overlap), YEAR},
	{"--grace", GOES, offsetof(struct cmd_rotate_options, grace), YEAR},
	{"--pace", GOES, offsetof(struct cmd_rotate_options, pace), 60},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_option(const char *arg, const char *name)
{
	const size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 && (arg[n] == '\0' || arg[n] == '=');
}

static int read_text(struct cmd_rotate_options *o, size_t at, const char *name, const char *value)
{
	const char **to = (const char **)((char *)o + at);

	if (*to != NULL)
		return usage(N_("an option is given twice"), name);
	if (value == NULL || value[0] == '\0')
		return usage(N_("an option needs a value"), name);
	*to = value;
	return CMD_YES;
}

static int read_time(struct cmd_rotate_options *o, const struct time_option *t, const char *value)
{
	int64_t *to = (int64_t *)((char *)o + t->at);
	struct err e = {0};

	if (*to != -1)
		return usage(N_("an option is given twice"), t->name);
	if (value == NULL)
		return usage(N_("an option needs a value"), t->name);
	if (conf_text_duration(value, 0, t->most, to, &e) == 0)
		return CMD_YES;
	return usage(N_("no such duration"), value);
}

/* One with a value: argv[*i], which moves.  CMD_AGAIN: it is none of these. */
static int read_valued(struct cmd_rotate_options *o, char **argv, int *i)
{
	const char *arg = argv[*i], *equals = strchr(arg, '=');

	for (size_t k = 0; k < COUNT(texts); k++)
		if (is_option(arg, texts[k].name) && (texts[k].on & ON(o->what)) != 0)
			return read_text(o, texts[k].at, texts[k].name, equals != NULL ? equals + 1 : argv[++*i]);
	for (size_t k = 0; k < COUNT(times); k++)
		if (is_option(arg, times[k].name) && (times[k].on & ON(o->what)) != 0)
			return read_time(o, &times[k], equals != NULL ? equals + 1 : argv[++*i]);
	return CMD_AGAIN;
}

static int read_one(struct cmd_rotate_options *o, char **argv, int *i)
{
	int r = read_valued(o, argv, i);

	if (r != CMD_AGAIN)
		return r;
	for (size_t k = 0; k < COUNT(flags); k++)
		if (strcmp(argv[*i], flags[k].name) == 0 && (flags[k].on & ON(o->what)) != 0) {
			*(bool *)((char *)o + flags[k].at) = true;
			return CMD_YES;
		}
	if (argv[*i][0] == '-' && argv[*i][1] != '\0')
		return usage(N_("unknown option"), argv[*i]);
	if (o->word != NULL)
		return usage(N_("one word too many"), argv[*i]);
	o->word = argv[*i];
	return CMD_YES;
}

static int check(const struct cmd_rotate_options *o)
{
	static const char *const steps[] = {"createSecret", "setSecret", "testSecret", "finishSecret"};
	const int homes = (o->secret != NULL) + (o->profile != NULL) + o->all;
	bool is_step = false;

	for (size_t i = 0; i < COUNT(steps); i++)
		is_step = is_step || (o->word != NULL && strcmp(o->word, steps[i]) == 0);
	if (o->what == CMD_ROTATE_STEP && !is_step)
		return usage(N_("createSecret, setSecret, testSecret or finishSecret is wanted"), o->word);
	if (o->what == CMD_ROTATE_STEP && (o->secret == NULL || o->token == NULL))
		return usage(N_("a step needs --secret and --token"), NULL);
	if (o->what == CMD_ROTATE_RETIRE && o->word == NULL)
		return usage(N_("the id of a key is wanted"), NULL);
	if (o->what == CMD_ROTATE_ROLLBACK && o->word == NULL)
		return usage(N_("a user is wanted"), NULL);
	if ((ON(o->what) & TARGET) != 0 && (homes > 1 || (o->all && o->word != NULL)))
		return usage(N_("one of --secret, --profile and --all"), NULL);
	if ((ON(o->what) & TARGET) != 0 && homes == 0 && o->word == NULL)
		return usage(N_("whose key? a user, --secret or --profile"), NULL);
	if (o->file != NULL && (o->secret != NULL || o->all))
		return usage(N_("goes with a user or --profile alone"), "--file");
	return CMD_YES;
}

int cmd_rotate_read(struct cmd_rotate_options *o, int argc, char **argv)
{
	size_t what = 0;
	int r = CMD_YES;

	*o = (struct cmd_rotate_options){.period = -1, .overlap = -1, .grace = -1, .pace = -1};
	while (what < COUNT(words) && (argc == 0 || strcmp(argv[0], words[what]) != 0))
		what++;
	if (what == COUNT(words))
		return usage(argc == 0 ? N_("no command") : N_("unknown command"), argc == 0 ? NULL : argv[0]);
	o->what = (enum cmd_rotate_what)what;
	for (int i = 1; i < argc && r == CMD_YES; i++)
		r = read_one(o, argv, &i);
	return r == CMD_YES ? check(o) : r;
}
