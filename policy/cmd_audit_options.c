#include "policy/cmd_audit_options.h"

#include "enroll/language.h"
#include "policy/audit/probe.h"
#include "policy/cmd_common.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* As they were typed. */
struct words {
	const char *status, *framework, *format, *probe_user, *probe_port;
	bool json, probe;
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

/* Takes argv[*i] if it is an option with a value. */
static int take_value(struct audit_options *o, struct words *w, char **argv, int *i, bool *taken)
{
	const struct { const char *name; const char **value; } values[] = {
	    {"--check", &o->which.check}, {"--exclude", &o->which.exclude},
	    {"--severity", &o->which.severity}, {"--status", &w->status},
	    {"--framework", &w->framework}, {"--format", &w->format}, {"--mute", &o->mute},
	    {"--facts", &o->facts}, {"--save-facts", &o->save_facts}, {"--evidence", &o->evidence},
	    {"--account", &o->account}, {"--region", &o->region}, {"--profile", &o->profile},
	    {"--secrets", &o->secrets},
	    {"--probe-user", &w->probe_user}, {"--probe-port", &w->probe_port}};

	*taken = false;
	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		const size_t n = strlen(values[k].name);

		if (strncmp(argv[*i], values[k].name, n) != 0 ||
		    (argv[*i][n] != '\0' && argv[*i][n] != '='))
			continue;
		*taken = true;
		return take(values[k].value, values[k].name, argv, i);
	}
	return CMD_YES;
}

static int read_words(struct audit_options *o, struct words *w, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];
		bool taken;
		int r = take_value(o, w, argv, &i, &taken);

		if (r != CMD_YES)
			return r;
		if (taken)
			continue;
		if (strcmp(a, "--json") == 0)
			w->json = true;
		else if (strcmp(a, "--deep") == 0)
			o->deep = true;
		else if (strcmp(a, "--probe") == 0)
			w->probe = true;
		else if (strcmp(a, "--verbose") == 0 || strcmp(a, "-v") == 0)
			o->verbose = true;
		else if (strcmp(a, "--log") == 0)
			o->log = true;
		else if (a[0] == '-')
			return usage(N_("unknown option"), a);
		else if (i == 0 && (strcmp(a, "iam") == 0 || strcmp(a, "all") == 0))
			o->which.what = a[0] == 'i' ? AUDIT_WHAT_IAM : AUDIT_WHAT_ALL;
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

static bool is_made_of(const char *text, const char *letters, size_t least, size_t most)
{
	const size_t n = strlen(text);

	return n >= least && n <= most && strspn(text, letters) == n;
}

/* Who is logged in as, and where. */
static int read_probe(struct audit_options *o, const struct words *w)
{
	const char *user = w->probe_user != NULL ? w->probe_user : secure_getenv("SUDO_USER");
	char *rest = NULL;
	const long port = w->probe_port != NULL ? strtol(w->probe_port, &rest, 10) : 22;

	if (!w->probe)
		return w->probe_user == NULL && w->probe_port == NULL ? CMD_YES :
		    usage(N_("only with --probe"), w->probe_user != NULL ? "--probe-user" : "--probe-port");
	if (!probe_is_built())
		return usage(N_("built without AWS"), "--probe");
	if (o->facts != NULL)
		return usage(N_("facts that were saved cannot be probed"), "--probe");
	if (user == NULL)
		return usage(N_("a value is missing"), "--probe-user");
	if (!probe_user_is_allowed(user))
		return usage(N_("no name of an account"), user);
	if (port < 1 || port > 65535 || (rest != NULL && *rest != '\0'))
		return usage(N_("no port"), w->probe_port);
	o->probe_user = user;
	o->probe_port = (int)port;
	return CMD_YES;
}

int audit_options_read(struct audit_options *o, int argc, char **argv)
{
	struct words w = {.json = false};
	int r = read_words(o, &w, argc, argv);

	if (r != CMD_YES)
		return r;
	if ((o->statuses = read_statuses(w.status)) == 0)
		return usage(N_("no such status"), w.status);
	if (w.framework != NULL &&
	    (o->which.framework = audit_framework_of(w.framework)) == AUDIT_NO_FRAMEWORK)
		return usage(N_("no such framework"), w.framework);
	if (o->which.what == AUDIT_WHAT_HOST && (o->deep || o->profile != NULL || o->secrets != NULL))
		return usage(N_("goes with iam or all alone"), o->deep ? "--deep" : o->profile != NULL ?
		    "--profile" : "--secrets");
	if (w.json && w.format != NULL)
		return usage(N_("an option is given twice"), "--format");
	o->format = w.json ? REPORT_JSON : w.format != NULL ? report_format_of(w.format) : REPORT_TEXT;
	if (o->log && o->facts != NULL)
		return usage(N_("--log is for this host; --facts are of another"), NULL);
	if (o->format == REPORT_FORMATS)
		return usage(N_("no such format"), w.format);
	if (o->account != NULL && !is_made_of(o->account, "0123456789", 12, 12))
		return usage(N_("an account has 12 digits"), o->account);
	if (o->region != NULL &&
	    !is_made_of(o->region, "abcdefghijklmnopqrstuvwxyz0123456789-", 1, 32))
		return usage(N_("no such region"), o->region);
	return read_probe(o, &w);
}
