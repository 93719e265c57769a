#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/check_sshd.h"
#include "policy/audit/eic.h"
#include "policy/audit/sshd_args.h"
#include "policy/audit/sshd_lines.h"
#include "policy/sshd_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether the first line ends so. */
static bool ends_in(const char *text, const char *end)
{
	const size_t n = strcspn(text, "\n"), m = strlen(end);

	return n >= m && strncmp(text + n - m, end, m) == 0;
}

/* "hold ok installed" and "install ok half-configured" have their files there, too. */
static void judge_installed(struct result *r, const char *name, const char *state)
{
	const char *version = strchr(state, '\n');

	version = version != NULL ? version + 1 : "";
	if (ends_in(state, "install ok installed"))
		result_note(r, AUDIT_FAIL, N_("%s %.*s: installed"), name, (int)strcspn(version, "\n"),
		    version);
	else
		result_note(r, AUDIT_FAIL, N_("%s %.*s: installed (%.*s)"), name,
		    (int)strcspn(version, "\n"), version, (int)strcspn(state, "\n"), state);
}

/* EIC-01: removed but configured is not installed. */
static void check_package(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	static const char *const names[] = {EIC_NAME, EIC_NAME "-selinux"};

	(void)rules;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct fact *x = facts_get(f, "package", names[i]);
		const char *state = strchr(x->text, '\n');

		if (result_untold(r, x, "package", names[i]))
			continue;
		state = state != NULL ? state + 1 : "";
		if (x->is == FACT_NONE || ends_in(state, " not-installed"))
			result_note(r, AUDIT_PASS, N_("%s: not installed"), names[i]);
		else if (ends_in(state, " config-files"))
			result_note(r, AUDIT_WARN, N_("%s: %.*s: removed, its configuration is still there"),
			    names[i], (int)strcspn(state, "\n"), state);
		else
			judge_installed(r, names[i], state);
	}
}

/* ---- what the files and programs say ---- */

static bool is_keys_command(const char *key, size_t n)
{
	return (n == 21 && strncasecmp(key, "AuthorizedKeysCommand", n) == 0) ||
	    (n == 27 && strncasecmp(key, "AuthorizedPrincipalsCommand", n) == 0);
}

#define CALLS 900

/* Whether the first word of a value is a program of another name that calls it.  What
 * cannot be told of one is noted; looked: it is one that must have been looked at. */
static bool calls_it(struct facts *f, struct result *r, const char *value, bool looked,
    char line[CALLS])
{
	char path[512];
	const struct fact *x;

	if (!sshd_lines_word(&value, path, sizeof(path)) || path[0] != '/')
		return false;
	x = facts_get(f, "eic-in", path);
	if (x->is == FACT_TROUBLE || looked)
		(void)result_untold(r, x, "eic-in", path);
	if (x->is == FACT_TEXT)
		(void)snprintf(line, CALLS, "%s:%.300s", path, x->text);
	return x->is == FACT_TEXT;
}

/* ---- EIC-02 ---- */

struct reference {
	const char *script;
	bool found;
};

static int refer_line(void *ctx, const struct sshd_line *l)
{
	struct reference *x = ctx;

	x->found = x->found || strstr(l->value, x->script) != NULL;
	return x->found;
}

static void pass_over(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

static bool unit_refers(struct facts *f, const char *script)
{
	bool found = false;

	for (size_t i = 0; unit_sshd(i) != NULL && !found; i++) {
		struct unit u;

		(void)unit_merge(f, unit_sshd(i), &u);
		for (size_t k = 0; k < u.commands; k++)
			for (size_t w = 0; w < u.command[k].count; w++)
				found = found || strstr(u.command[k].word[w].text, script) != NULL;
		unit_free(&u);
	}
	return found;
}

static bool text_refers(struct facts *f, const char *kind, const char *script)
{
	const struct fact *x = NULL;

	while ((x = facts_next(f, kind, "", x)) != NULL)
		if (strstr(x->text, script) != NULL)
			return true;
	return false;
}

static bool is_referenced(struct facts *f, const char *script)
{
	struct reference x = {script, false};
	const struct sshd_lines l = {f, refer_line, pass_over, &x};

	(void)sshd_lines(&l, SSHD_LINES_MAIN);
	/* Of other files what sshd says by them is looked through. */
	return x.found || unit_refers(f, script) || text_refers(f, "sshd", script) ||
	    text_refers(f, "listener", script) || text_refers(f, "eic-in", script);
}

/* The other scripts are called by the first. */
static bool is_called(struct facts *f, const char *script)
{
	const size_t dir = (size_t)(strrchr(script, '/') - script);

	for (size_t i = 0; eic_script(i) != NULL; i++) {
		const char *other = eic_script(i);

		if (strncmp(other, script, dir + 1) == 0 && strchr(other + dir + 1, '/') == NULL &&
		    is_referenced(f, other) && facts_get(f, "script", other)->is == FACT_TEXT)
			return true;
	}
	return false;
}

static void check_scripts(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	(void)rules;
	for (size_t i = 0; eic_script(i) != NULL; i++) {
		const char *path = eic_script(i);
		const struct fact *meta = facts_get(f, "meta", path), *x = facts_get(f, "script", path);
		const char *package = strstr(x->text, "package ");
		bool executable = strstr(x->text, "\nexecutable") != NULL, used;

		if (result_untold(r, meta, "meta", path) || meta->is == FACT_NONE ||
		    result_untold(r, x, "script", path))
			continue;
		used = is_referenced(f, path) || is_called(f, path);
		package = package != NULL ? package + 8 : "-";
		result_note(r, executable && used ? AUDIT_FAIL : AUDIT_WARN, executable && used ?
		    N_("%s: can be run, and sshd is told to: %.*s, package %.*s") :
		    N_("%s: is there, and nothing calls it: %.*s, package %.*s"), path,
		    (int)strcspn(x->text, "\n"), x->text, (int)strcspn(package, "\n"), package);
	}
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_PASS, N_("none of its scripts is there"));
}

/* ---- EIC-03 ---- */

#define FAILED 64

struct units {
	struct facts *f;
	struct result *r;
	const char *unit;
	bool any;            /* some unit starts sshd */
	char failed[FAILED][512]; /* files of which a line counts */
	size_t count;
};

static void keep_failed(struct units *u, const char *file)
{
	if (u->count < FAILED)
		(void)snprintf(u->failed[u->count++], sizeof(u->failed[0]), "%s", file);
}

/* program: it is run in place of sshd. */
static void judge_word(struct units *all, const struct unit_word *w, bool program)
{
	char line[CALLS];

	if (eic_is_named(w->text))
		result_note(all->r, AUDIT_FAIL, N_("%s:%zu: %.400s (%s)"), w->at.file, w->at.line, w->text,
		    all->unit);
	else if (calls_it(all->f, all->r, w->text, program, line))
		result_note(all->r, AUDIT_FAIL, N_("%s:%zu: %.400s (%s) calls it: %s"), w->at.file,
		    w->at.line, w->text, all->unit, line);
	else
		return;
	keep_failed(all, w->at.file);
}

static int judge_arg(void *ctx, const struct sshd_arg *a)
{
	const char *value;
	char line[CALLS];
	struct units *all = ctx;

	if (a->letter != 'o' || !is_keys_command(a->value, sshd_args_key(a->value, &value)) ||
	    eic_is_named(value) || !calls_it(all->f, all->r, value, true, line))
		return 0;
	result_note(all->r, AUDIT_FAIL, N_("%s:%zu: %.400s (%s) calls it: %s"), a->at.file, a->at.line,
	    a->value, all->unit, line);
	keep_failed(all, a->at.file);
	return 0;
}

static void judge_unit(struct units *all, const char *name)
{
	struct unit u;

	if (unit_merge(all->f, name, &u) != 0)
		all->r->failed = true;
	all->unit = name;
	if (u.untold.name != NULL)
		check_sshd_untold(all->f, all->r, u.untold.kind, u.untold.name);
	all->any = all->any || u.commands > 0;
	for (size_t i = 0; i < u.commands; i++) {
		const bool sshd = sshd_args_is(&u.command[i]);

		for (size_t k = 0; k < u.command[i].count; k++)
			judge_word(all, &u.command[i].word[k], k == 0 && !sshd);
		if (sshd)
			(void)sshd_args(&u.command[i], judge_arg, all);
	}
	unit_free(&u);
}

/* Lines of a file that name it though none of them counts. */
static void judge_dormant(struct units *all, const struct fact *x)
{
	size_t line = 0;

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->failed[i], x->name) == 0)
			return;
	for (const char *p = x->text; *p != '\0';) {
		const size_t n = strcspn(p, "\n"), blanks = strspn(p, " \t");
		char text[512];

		line++;
		(void)snprintf(text, sizeof(text), "%.*s", (int)(n < 500 ? n : 500), p);
		if (x->is == FACT_TEXT && p[blanks] != '#' && p[blanks] != ';' && eic_is_named(text)) {
			result_note(all->r, AUDIT_WARN, N_("%s:%zu: %s: is there, and does not count"), x->name,
			    line, text);
			return;
		}
		p += n + (p[n] == '\n');
	}
}

static void judge_files(struct units *all)
{
	static const char *const variables[] = {"/etc/default/ssh", "/etc/sysconfig/sshd"};
	char prefix[200];

	for (size_t i = 0; unit_dir(i) != NULL; i++) {
		const struct fact *x = NULL;

		(void)snprintf(prefix, sizeof(prefix), "%s/", unit_dir(i));
		while ((x = facts_next(all->f, "file", prefix, x)) != NULL)
			judge_dormant(all, x);
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const struct fact *x = facts_get(all->f, "file", variables[i]);

		if (!result_untold(all->r, x, "file", variables[i]))
			judge_dormant(all, x);
	}
}

static void check_units(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct units all = {.f = f, .r = r};

	(void)rules;
	for (size_t i = 0; unit_sshd(i) != NULL; i++)
		judge_unit(&all, unit_sshd(i));
	judge_files(&all);
	if (r->status == AUDIT_NOTHING && !all.any)
		result_note(r, AUDIT_SKIP, N_("no unit of systemd starts sshd"));
	else if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_PASS, N_("no unit that starts sshd, drop-in or options file names it"));
}

/* ---- EIC-04 ---- */

struct config {
	struct facts *f;
	struct result *r;
};

static int judge_line(void *ctx, const struct sshd_line *l)
{
	const struct config *c = ctx;
	char line[CALLS];

	if (is_keys_command(l->key, strlen(l->key))) {
		if (eic_is_named(l->value))
			result_note(c->r, AUDIT_FAIL, l->match != NULL ? N_("%s:%zu: %s %s (in Match %s)") :
			    N_("%s:%zu: %s %s%s"), l->file, l->line, l->key, l->value,
			    l->match != NULL ? l->match : "");
		else if (calls_it(c->f, c->r, l->value, true, line))
			result_note(c->r, AUDIT_FAIL, N_("%s:%zu: %s %s: calls it: %s"), l->file, l->line,
			    l->key, l->value, line);
	} else if (eic_is_named(l->value)) {
		result_note(c->r, AUDIT_WARN, N_("%s:%zu: %s %s: is left over"), l->file, l->line, l->key,
		    l->value);
	}
	return 0;
}

static void untold_line(void *ctx, const char *kind, const char *name)
{
	const struct config *c = ctx;

	check_sshd_untold(c->f, c->r, kind, name);
}

/* What a unit gives by -o is EIC-03's, and the name in what a process was given EIC-05's. */
static void judge_said(struct config *c, const struct sshd_source *s, const struct fact *x)
{
	static const char *const keys[] = {"authorizedkeyscommand", "authorizedprincipalscommand"};
	const bool is_process = strncmp(s->name, "process ", 8) == 0;
	char value[600], line[CALLS];

	if (result_untold(c->r, x, "sshd", x->name))
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const bool is = sshd_said_value(x->text, keys[i], value, sizeof(value));
		const bool given = is && sshd_source_gives(s, keys[i], value);

		if (is && !given && eic_is_named(value))
			result_note(c->r, AUDIT_FAIL, N_("sshd -T (%s): %s %s"), x->name, keys[i], value);
		else if (is && (!given || is_process) && calls_it(c->f, c->r, value, is_process, line))
			result_note(c->r, AUDIT_FAIL, N_("sshd -T (%s): %s %s: calls it: %s"), x->name, keys[i],
			    value, line);
	}
}

/* The lines of its file, when it is another than the system's, and what sshd says by it. */
static void judge_source(struct config *c, const struct sshd_source *s)
{
	const struct sshd_lines l = {c->f, judge_line, untold_line, c};
	const struct fact *x = facts_get(c->f, "sshd", s->name);
	const bool none = x->is == FACT_NONE && strcmp(s->name, SSHD_SOURCE_FILE) != 0;
	char under[320];

	if (s->untold[0] != '\0' || none) {
		result_note(c->r, AUDIT_ERROR, N_("%s: cannot be asked: %s"), s->name,
		    none ? _("there is no sshd") : s->untold);
		return;
	}
	if (strcmp(s->main, SSHD_LINES_MAIN) != 0)
		(void)sshd_lines(&l, s->main);
	if (x->is == FACT_UNKNOWN)
		(void)result_untold(c->r, x, "sshd", s->name);
	else
		judge_said(c, s, x);
	(void)snprintf(under, sizeof(under), "%s:", s->name);
	for (x = NULL; (x = facts_next(c->f, "sshd", under, x)) != NULL;)
		judge_said(c, s, x);
}

static void check_config(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct sshd_source file = {.name = SSHD_SOURCE_FILE, .main = SSHD_LINES_MAIN};
	struct config c = {f, r};
	const struct sshd_lines l = {f, judge_line, untold_line, &c};
	struct sshd_sources *all;

	(void)rules;
	if (facts_get(f, "sshd", file.name)->is == FACT_NONE &&
	    facts_get(f, "file", SSHD_LINES_MAIN)->is == FACT_NONE &&
	    facts_next(f, "listener", "", NULL) == NULL) {
		result_note(r, AUDIT_SKIP, N_("there is no sshd"));
		return;
	}
	if ((all = check_sshd_sources(f, r)) == NULL)
		return;
	(void)sshd_lines(&l, SSHD_LINES_MAIN);
	judge_source(&c, &file);
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->item[i].name, file.name) != 0)
			judge_source(&c, &all->item[i]);
	sshd_sources_free(all);
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_PASS, N_("no line names it, and sshd -T says so of every login that was "
		    "asked about"));
}

/* ---- EIC-05 ---- */

static void judge_listener(struct facts *f, struct result *r, const struct fact *x)
{
	const int64_t start = strtoll(x->text, NULL, 10);
	const char *line = strchr(x->text, '\n');

	line = line != NULL ? strchr(line + 1, '\n') : NULL;
	if (line == NULL)
		return check_sshd_untold(f, r, "listener", x->name);
	line++;
	if (eic_is_named(line))
		result_note(r, AUDIT_FAIL, N_("process %s: %.600s"), x->name, line);
	else
		result_note(r, AUDIT_PASS, N_("process %s: %.200s"), x->name, line);
	if (start > 0)
		check_sshd_age(f, r, x);
	else
		result_note(r, AUDIT_ERROR, N_("process %s: its start cannot be told"), x->name);
}

static void check_listener(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;

	(void)rules;
	if (result_untold(r, facts_get(f, "listeners", "sshd"), "listeners", "sshd"))
		return;
	while ((x = facts_next(f, "listener", "", x)) != NULL)
		judge_listener(f, r, x);
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_SKIP, N_("no sshd listens now"));
}

/* ---- EIC-06 ---- */

static void check_leftovers(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = facts_get(f, "account", EIC_NAME);

	(void)rules;
	if (!result_untold(r, x, "account", EIC_NAME) && x->is == FACT_TEXT)
		result_note(r, AUDIT_WARN, N_("account %s: %s"), EIC_NAME, x->text);
	(void)result_untold(r, facts_get(f, "leftovers", EIC_NAME), "leftovers", EIC_NAME);
	for (x = NULL; (x = facts_next(f, "leftover", "", x)) != NULL;)
		result_note(r, AUDIT_WARN, N_("%s: is left over"), x->name);
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_PASS, N_("neither its account, nor units, presets or a module of SELinux"));
}

/* The guide's second item: EC2 Instance Connect is taken off the host. */
#define TITLE "EC2 Instance Connect: "
#define ISMS_P "2.6.2 2.6.6"

static const struct audit_check checks[] = {
    {.id = "EIC-01", .severity = AUDIT_HIGH, .title = TITLE "package absent",
        .title_ko = TITLE "패키지 제거", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("the packages ec2-instance-connect and ec2-instance-connect-selinux are not installed"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_package},
    {.id = "EIC-02", .severity = AUDIT_HIGH, .title = TITLE "scripts absent",
        .title_ko = TITLE "스크립트 잔존", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("none of its scripts can be run by sshd"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_scripts},
    {.id = "EIC-03", .severity = AUDIT_CRITICAL, .title = TITLE "no unit override",
        .title_ko = TITLE "유닛 오버라이드", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("what systemd starts sshd with, drop-ins and variables put in, does not name it"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_units},
    {.id = "EIC-04", .severity = AUDIT_CRITICAL, .title = TITLE "sshd's configuration clean",
        .title_ko = TITLE "sshd 설정", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("no AuthorizedKeysCommand names it, in any file or Match"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_config},
    {.id = "EIC-05", .severity = AUDIT_CRITICAL, .title = TITLE "running daemon clean",
        .title_ko = TITLE "실행 중 데몬", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("the sshd that listens was not started with it, and is younger than its files"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_listener},
    {.id = "EIC-06", .severity = AUDIT_LOW, .title = TITLE "no leftovers",
        .title_ko = TITLE "잔여물", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("its account, units, presets and SELinux module are gone"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_leftovers},
    {.id = "EIC-07", .severity = AUDIT_MEDIUM, .title = TITLE "was it used",
        .title_ko = TITLE "사용 이력", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("it has handed out no key in the last 90 days; in the last 7 it counts as in use"),
        .run = check_eic_use},
    {.id = "EIC-08", .severity = AUDIT_CRITICAL, .title = TITLE "pushed key refused",
        .title_ko = TITLE "전송된 키 거부", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("a key that was pushed, and that the metadata service offers, is refused by sshd"),
        .fix = "bastionctl fix EIC", .rollback = "bastionctl rollback",
        .run = check_probe},
    {.id = "EIC-11", .severity = AUDIT_LOW, .title = TITLE "will not come back",
        .title_ko = TITLE "재설치 방지", .guide = "2", .isms_p = ISMS_P,
        .rule = N_("an apt pin below 0 or an exclude of dnf keeps it out, and cloud-init does not list it"),
        .fix = "bastionctl fix EIC-11", .rollback = "bastionctl rollback",
        .run = check_eic_return},
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

/* EIC-09 and EIC-10, which are the account's, stand before the last. */
const struct audit_group audit_eic = {checks, CHECKS - 1};
const struct audit_group audit_eic_return = {checks + CHECKS - 1, 1};
