#include "policy/cmd_audit.h"

#include "enroll/language.h"
#include "policy/audit/audit.h"
#include "policy/audit/gather.h"
#include "policy/audit/report.h"
#include "policy/cmd_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char help_audit[] =
    N_("usage: bastionctl audit [host] [--check IDS] [--exclude IDS] [--status NAMES]\n"
    "                       [--facts FILE] [--json]\n"
    "\n"
    "Looks at this host and changes nothing; asks no network.\n"
    "\n"
    "  --check IDS      these checks alone: EIC-03, or EIC for the group; with commas\n"
    "  --exclude IDS    not these\n"
    "  --status NAMES   show findings of these alone: FAIL, ERROR, WARN, SKIP, INFO, PASS\n"
    "  --facts FILE     judge the facts that were saved of another host; - standard input\n"
    "  --json           one object, for machines\n"
    "\n"
    "exit: 0 nothing fails, 1 a check fails, 2 usage, 3 something could not be told\n");

struct options {
	struct audit_choice which;
	const char *status, *facts;
	bool json;
};

static int usage(const char *reason, const char *word)
{
	return cmd_usage("audit", reason, word);
}

/* The next word as the value of an option, once. */
static int take(const char **value, const char *option, char **argv, int *i)
{
	const size_t n = strlen(option);

	if (*value != NULL)
		return usage(N_("an option is given twice"), option);
	*value = argv[*i][n] == '=' ? argv[*i] + n + 1 : argv[++*i];
	if (*value == NULL || (*value)[0] == '\0')
		return usage(N_("a value is missing"), option);
	return CMD_YES;
}

static int read_options(struct options *o, int argc, char **argv)
{
	const struct { const char *name; const char **value; } values[] = {
	    {"--check", &o->which.check}, {"--exclude", &o->which.exclude},
	    {"--status", &o->status}, {"--facts", &o->facts}};

	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];
		bool taken = false;
		int r;

		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]) && !taken; k++) {
			const size_t n = strlen(values[k].name);

			taken = strncmp(a, values[k].name, n) == 0 && (a[n] == '\0' || a[n] == '=');
			if (taken && (r = take(values[k].value, values[k].name, argv, &i)) != CMD_YES)
				return r;
		}
		if (taken)
			continue;
		if (strcmp(a, "--json") == 0)
			o->json = true;
		else if (a[0] == '-')
			return usage(N_("unknown option"), a);
		else if (i == 0 && (strcmp(a, "iam") == 0 || strcmp(a, "all") == 0))
			return usage(N_("this command is not in this version"), a);
		else if (i != 0 || strcmp(a, "host") != 0)
			return usage(N_("one word too many"), a);
	}
	return CMD_YES;
}

/* Bits of the statuses named; 0: a word is none. */
static unsigned read_statuses(const char *list)
{
	unsigned bits = 0;

	if (list == NULL)
		return ~0U;
	while (*list != '\0') {
		const size_t n = strcspn(list, ",");
		unsigned bit = 0;

		for (int s = AUDIT_PASS; s <= AUDIT_FAIL; s++) {
			const char *name = audit_status_name((enum audit_status)s);

			if (strlen(name) == n && strncasecmp(name, list, n) == 0)
				bit = 1U << s;
		}
		if (bit == 0)
			return 0;
		bits |= bit;
		list += n + (list[n] == ',');
	}
	return bits;
}

static int read_facts(struct facts *f, const char *file)
{
	struct err e = {0};
	const char *name;
	char *text = malloc(FACTS_FILE_MAX);
	size_t len;
	int r;

	if (text == NULL)
		r = err_set(&e, ERR_SYSTEM, "out of memory");
	else if ((r = cmd_read(file, text, FACTS_FILE_MAX, &len, &name, &e)) == 0)
		r = facts_read(f, name, text, len, &e);
	free(text);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

static int judge(const struct options *o, struct facts *f)
{
	const struct audit_rules rules = {.now = strtoll(facts_string(f, "host", "time"), NULL, 10)};
	struct report r = {.facts = f, .statuses = read_statuses(o->status),
	    .korean = language_speaks_korean(),
	    .color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL};
	struct audit a = {.count = 0};
	struct err e = {0};
	int code;

	if (r.statuses == 0)
		return usage(N_("no such status"), o->status);
	if ((code = audit_run(&a, f, &rules, &o->which, &e)) == 0) {
		r.audit = &a;
		(o->json ? report_json : report_text)(&r, stdout);
		code = audit_count(&a, AUDIT_FAIL) > 0 ? CMD_NO :
		    audit_count(&a, AUDIT_ERROR) > 0 ? CMD_TROUBLE : CMD_YES;
		code = cmd_finish(code);
	} else {
		code = cmd_tell(&e, code == ERR_SYNTAX ? CMD_USAGE : CMD_TROUBLE);
	}
	audit_free(&a);
	return code;
}

int cmd_audit(const struct cmd_common *common, int argc, char **argv)
{
	struct gather_request q = {.config = NULL};
	struct options o = {.status = NULL};
	char config[CONF_PATH_MAX];
	struct facts f = {.count = 0};
	int r;

	if (common->help)
		return cmd_help(help_audit);
	if ((r = read_options(&o, argc, argv)) != CMD_YES)
		return r;
	if (common->config != NULL) {
		if (cmd_absolute(common->config, config) != 0)
			return usage(N_("the path is too long"), common->config);
		q.config = config;
	}
	if (o.facts == NULL)
		gather_host(&f, &q);
	else
		r = read_facts(&f, o.facts);
	if (r == CMD_YES)
		r = judge(&o, &f);
	facts_free(&f);
	return r;
}
