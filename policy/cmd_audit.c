#include "policy/cmd_audit.h"

#include "enroll/language.h"
#include "lib/core/safefile.h"
#include "policy/audit/evidence.h"
#include "policy/audit/gather.h"
#include "policy/audit/mask.h"
#include "policy/audit/probe.h"
#include "policy/audit/report_log.h"
#include "policy/audit/words.h"
#include "policy/cmd_audit_options.h"
#include "policy/cmd_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static const char help_audit[] =
    N_("usage: bastionctl audit [host|iam|all] [options]\n"
    "\n"
    "host looks at this host and asks no network, but with --probe; iam asks the AWS\n"
    "account; all does both.  Nothing is changed.\n"
    "\n"
    "  --check IDS      these checks alone: EIC-03, or EIC for the group; with commas\n"
    "  --exclude IDS    not these\n"
    "  --severity NAMES checks of these alone: low, medium, high, critical\n"
    "  --framework NAME checks that refer to isms-p, cis or guide alone, under its items\n"
    "  --status NAMES   show findings of these alone: FAIL, ERROR, WARN, SKIP, INFO, PASS\n"
    "  --mute FILE      live with some findings until a day: ID until YYYY-MM-DD REASON\n"
    "                   (default: mute_file of bastionctl.conf)\n"
    "  --format NAME    text, json, csv, ocsf, asff or html, on standard output\n"
    "  --json           one object, for machines; as --format json\n"
    "  -v, --verbose    text: what was seen where nothing is wrong, and references\n"
    "  --account ID, --region NAME\n"
    "                   of the cloud this host is in, for asff, ocsf and csv; iam asks there\n"
    "  --profile NAME   iam: of the shared AWS files\n"
    "  --secrets NAMES  iam: secrets that hold access keys, with commas\n"
    "  --deep           iam: ask who may push keys by EC2 Instance Connect\n"
    "  --probe          EIC-08: push a key by EC2 Instance Connect and see that sshd refuses it\n"
    "  --probe-user USER  log in as USER for that (default: who called sudo)\n"
    "  --probe-port PORT  at this port of 127.0.0.1 (default: 22)\n"
    "  --facts FILE     judge the facts that were saved of another host; - standard input\n"
    "  --save-facts FILE\n"
    "                   save what is judged\n"
    "  --log            each finding that fails is a line of syslog, authpriv.crit, too\n"
    "  --evidence DIR   make a directory of all reports and facts, with checksums\n"
    "\n"
    "exit: 0 nothing fails, 1 a check fails, 2 usage, 3 something could not be told\n");

/* What is judged, and by what. */
struct audited {
	const struct audit_options *o;
	struct facts facts;
	struct mute mute;
	struct audit audit;
	struct report report;
	int64_t now;
	char account[13];
	struct settings settings;
	const char *mute_file; /* --mute, or that of the settings; NULL: none */
	bool logged;           /* syslog has all that fails */
};

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

static int read_mutes(struct mute *m, const char *file)
{
	struct err e = {0};
	const char *name;
	char *text = malloc(MUTE_FILE_MAX);
	size_t len;
	int r;

	if (text == NULL)
		r = err_set(&e, ERR_SYSTEM, "out of memory");
	else if ((r = cmd_read(file, text, MUTE_FILE_MAX, &len, &name, &e)) == 0)
		r = mute_read(m, name, text, len, &e);
	free(text);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

/* The file that the settings name: it decides what a timer finds, so only root may have
 * written it. */
static int read_set_mutes(struct mute *m, const char *file)
{
	struct safefile_buffer buf = {.cap = MUTE_FILE_MAX - 1};
	struct err e = {0};
	int r = safefile_read(file, SAFEFILE_PUBLIC, &buf, &e);

	if (r == 0)
		r = mute_read(m, file, buf.data, buf.len, &e);
	free(buf.data);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

static int find_mutes(struct audited *d)
{
	if ((d->mute_file = d->o->mute) != NULL)
		return read_mutes(&d->mute, d->mute_file);
	if (d->settings.mute_file[0] == '\0')
		return CMD_YES;
	d->mute_file = d->settings.mute_file;
	return read_set_mutes(&d->mute, d->mute_file);
}

/* A line that mutes nothing more must not go unseen. */
static void tell_mutes(const struct audited *d)
{
	char day[DAY_TEXT];

	for (size_t i = 0; i < d->mute.count; i++) {
		const struct mute_line *l = &d->mute.item[i];

		if (mute_is_in_force(l, d->now))
			continue;
		day_text(l->end, day);
		(void)fprintf(stderr, _("bastionctl: %s:%zu: %s mutes nothing: %s is past, or more than a "
		    "year ahead\n"), d->mute_file, l->line, l->check->id, day);
	}
}

/* The checks, in the language that is spoken now. */
static int run_checks(struct audited *d, struct audit *a, struct err *e)
{
	const struct audit_rules rules = {.now = d->now, .key_max_age = d->settings.key_max_age,
	    .key_unused = d->settings.key_unused, .rotate_grace = d->settings.rotate_grace};
	const int r = audit_run(a, &d->facts, &rules, &d->o->which, e);

	if (r == 0)
		mute_apply(&d->mute, a, d->now);
	return r;
}

/* Evidence is whole, whatever is shown on the terminal, and in two languages. */
static int write_evidence(struct audited *d)
{
	struct audit spoken = {.count = 0}, english = {.count = 0};
	struct report people = d->report, machines = d->report;
	struct evidence v = {.people = &people, .machines = &machines};
	struct err e = {0};
	int r = run_checks(d, &spoken, &e);

	people.color = false, people.verbose = true;
	people.statuses = machines.statuses = ~0U;
	people.audit = &spoken, machines.audit = &english;
	language_speak_english(true);
	if (r == 0)
		r = run_checks(d, &english, &e);
	language_speak_english(false);
	if (r == 0)
		r = evidence_write(&v, d->o->evidence, &e);
	audit_free(&spoken);
	audit_free(&english);
	if (r != 0)
		return cmd_tell(&e, CMD_TROUBLE);
	(void)fprintf(stderr, _("bastionctl: %s: complete; SHA-256 of its SHA256SUMS: %s\n"),
	    d->o->evidence, v.sum);
	return CMD_YES;
}

/* What fails, in English, for who watches the log. */
static int log_findings(struct audited *d)
{
	struct audit a = {.count = 0};
	char line[REPORT_LOG_MAX];
	struct err e = {0};
	int r, priority;

	language_speak_english(true);
	r = run_checks(d, &a, &e);
	language_speak_english(false);
	for (size_t i = 0; i < a.count; i++)
		if (report_log_line(&a.item[i], line, &priority))
			syslog(LOG_AUTHPRIV | priority, "%s", line);
	d->logged = r == 0;
	audit_free(&a);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

/* The findings on standard output, those for machines in English. */
static int tell_findings(struct audited *d)
{
	struct err e = {0};
	enum audit_status verdict;
	int r;

	language_speak_english(report_is_for_machines(d->o->format));
	if ((r = run_checks(d, &d->audit, &e)) == 0)
		report_print(&d->report, d->o->format, stdout);
	language_speak_english(false);
	if (r != 0)
		return cmd_tell(&e, r == ERR_SYNTAX ? CMD_USAGE : CMD_TROUBLE);
	if (d->o->evidence != NULL && (r = write_evidence(d)) != CMD_YES)
		return r;
	if (d->o->log && (r = log_findings(d)) != CMD_YES)
		return r;
	verdict = audit_verdict(&d->audit);
	return cmd_finish(verdict == AUDIT_FAIL ? CMD_NO : verdict == AUDIT_ERROR ? CMD_TROUBLE :
	    CMD_YES);
}

/* What no check needs that was chosen: a home that hangs must not keep a timer from its word.
 * What is kept or drawn is of everything. */
static unsigned not_asked_for(const struct audit_options *o)
{
	unsigned without = GATHER_HOMES | GATHER_RECORDS | GATHER_CLOCK;
	const struct audit_check *c;

	if (o->which.what != AUDIT_WHAT_HOST || o->save_facts != NULL || o->evidence != NULL ||
	    o->format == REPORT_HTML)
		return 0;
	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++) {
		if (!audit_chooses(&o->which, c))
			continue;
		if (strncmp(c->id, "KEY-", 4) == 0 || strcmp(c->id, "MFA-12") == 0)
			without &= ~(unsigned)GATHER_HOMES;
		/* They say what is in force by the login configuration, too. */
		if (strncmp(c->id, "EIC-", 4) != 0 && strncmp(c->id, "KEY-", 4) != 0 &&
		    strcmp(c->id, "MFA-10") != 0 && strcmp(c->id, "MFA-11") != 0)
			without &= ~(unsigned)GATHER_RECORDS;
		if (strcmp(c->id, "MFA-14") == 0)
			without &= ~(unsigned)GATHER_CLOCK;
	}
	return without;
}

/* Whose key has asked, where no account is named. */
static const char *account_of(struct audited *d)
{
	size_t n = 0;
	const char *id = words_value(facts_string(&d->facts, "iam", "caller"), "account", &n);

	if (d->o->account != NULL || id == NULL || n != 12 || strspn(id, "0123456789") < n)
		return d->o->account;
	(void)snprintf(d->account, sizeof(d->account), "%.*s", (int)n, id);
	return d->account;
}

static int judge(struct audited *d)
{
	struct err e = {0};
	int r = CMD_YES;

	d->report = (struct report){.facts = &d->facts, .audit = &d->audit,
	    .statuses = d->o->statuses, .korean = language_speaks_korean(), .verbose = d->o->verbose,
	    .framework = d->o->which.framework, .account = account_of(d), .region = d->o->region,
	    .color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL};
	/* By it ages and days are judged: without one everything would look new. */
	if ((d->now = report_time(&d->report)) == 0) {
		(void)err_set(&e, ERR_BAD, "the facts do not say when they were gathered");
		return cmd_tell(&e, CMD_TROUBLE);
	}
	if ((r = find_mutes(d)) != CMD_YES)
		return r;
	tell_mutes(d);
	if (d->o->format == REPORT_ASFF && (d->report.account == NULL || d->o->region == NULL))
		(void)fprintf(stderr, _("bastionctl: asff: without --account and --region Security Hub "
		    "takes none of the findings\n"));
	return tell_findings(d);
}

/* What is judged, of this host and of the account. */
static int gather(struct audited *d, const struct gather_request *q)
{
	const struct audit_options *o = d->o;
	struct facts *f = &d->facts;
	char rotate_dir[CONF_PATH_MAX + 16];
	const char *state_dir;

	if (o->which.what == AUDIT_WHAT_IAM)
		gather_little(f, q);
	else
		gather_host(f, q);
	if (o->which.what == AUDIT_WHAT_HOST)
		return CMD_YES;
	state_dir = facts_string(f, "conf", "state_dir");
	(void)snprintf(rotate_dir, sizeof(rotate_dir), "%.*s/rotate", CONF_PATH_MAX, state_dir);
	return cmd_audit_iam(f, o, &d->settings, state_dir[0] != '\0' ? rotate_dir : NULL);
}

/* The facts, and the verdicts of them. */
static int look(struct audited *d, const struct cmd_common *common)
{
	const struct audit_options *o = d->o;
	struct gather_request q = {.config = NULL};
	struct probe_request probe;
	char config[CONF_PATH_MAX];
	struct err e = {0};
	int r = cmd_settings(common, &d->settings);

	if (r != CMD_YES)
		return r;
	if (common->config != NULL) {
		if (cmd_absolute(common->config, config) != 0)
			return cmd_usage("audit", N_("the path is too long"), common->config);
		q.config = config;
	}
	probe = (struct probe_request){.user = o->probe_user, .port = o->probe_port, .region = o->region};
	if (o->probe_user != NULL)
		q.probe = &probe;
	q.without = not_asked_for(o);
	if (o->facts != NULL)
		r = read_facts(&d->facts, o->facts);
	else if ((r = gather(d, &q)) == CMD_YES)
		mask_facts(&d->facts);
	if (r == CMD_YES && o->save_facts != NULL &&
	    evidence_save_facts(&d->facts, o->save_facts, &e) != 0)
		r = cmd_tell(&e, CMD_TROUBLE);
	return r == CMD_YES ? judge(d) : r;
}

int cmd_audit(const struct cmd_common *common, int argc, char **argv)
{
	struct audit_options o = {.verbose = false};
	struct audited d = {.o = &o};
	int r;

	if (common->help)
		return cmd_help(help_audit);
	if ((r = audit_options_read(&o, argc, argv)) != CMD_YES)
		return r;
	r = look(&d, common);
	/* Who watches the log would take silence for a clean host. */
	if (o.log && !d.logged)
		syslog(LOG_AUTHPRIV | LOG_CRIT, "bastionctl: audit status=ERROR exit=%d: broke off, and nothing "
		    "was judged", r);
	audit_free(&d.audit);
	mute_free(&d.mute);
	facts_free(&d.facts);
	return r;
}
