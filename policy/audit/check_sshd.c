#include "policy/audit/check_sshd.h"

#include "enroll/language.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/sshd_args.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_way.h"
#include "policy/sshd_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME 700
#define NAMED 8    /* of those to whom the same is said; the others are counted */
#define CLASSES 64 /* of people */

void check_sshd_untold(struct facts *f, struct result *r, const char *kind, const char *name)
{
	if (strcmp(kind, "lines") == 0 || strcmp(kind, "unit") == 0 ||
	    !result_untold(r, facts_get(f, kind, name), kind, name))
		result_note(r, AUDIT_ERROR, N_("%s: cannot be told as a whole"), name);
}

/* ---- whose word holds ---- */

struct source {
	const char *name; /* "config", or the unit that gives options of its own */
	char main[400];   /* the file that it goes by */
};

struct sources {
	struct source item[8];
	size_t count;
};

static int take_file(void *ctx, const struct sshd_arg *a)
{
	struct source *s = ctx;

	if (a->letter == 'f')
		(void)snprintf(s->main, sizeof(s->main), "%s", a->value);
	if (a->letter == 'f' || a->letter == 'o')
		s->name = ""; /* no longer the file's */
	return 0;
}

static void add_source(struct sources *all, const struct source *s)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->item[i].name, s->name) == 0)
			return;
	all->item[all->count++] = *s;
}

/* What a unit says on its command line is stronger than the file. */
static void find_sources(struct facts *f, struct result *r, struct sources *all)
{
	*all = (struct sources){.count = 0};
	for (size_t i = 0; unit_sshd(i) != NULL; i++) {
		struct source s = {.name = "config", .main = SSHD_LINES_MAIN};
		struct unit u;

		if (unit_merge(f, unit_sshd(i), &u) != 0)
			r->failed = true;
		if (u.untold.name != NULL)
			check_sshd_untold(f, r, u.untold.kind, u.untold.name);
		for (size_t k = 0; k < u.commands; k++)
			if (sshd_args_is(&u.command[k]))
				(void)sshd_args(&u.command[k], take_file, &s);
		if (s.name[0] == '\0')
			s.name = unit_sshd(i);
		if (u.commands > 0)
			add_source(all, &s);
		unit_free(&u);
	}
	if (all->count == 0)
		add_source(all, &(struct source){.name = "config", .main = SSHD_LINES_MAIN});
}

/* ---- where a setting stands ---- */

struct search {
	const char *setting; /* "AuthenticationMethods any" */
	char place[600];
};

static int find_setting(void *ctx, const struct sshd_line *l)
{
	struct search *s = ctx;
	const size_t n = strlen(l->key);

	if (strncasecmp(s->setting, l->key, n) != 0 || s->setting[n] != ' ' ||
	    strncasecmp(s->setting + n + 1, l->value, strlen(l->value)) != 0 || l->value[0] == '\0')
		return 0;
	(void)snprintf(s->place, sizeof(s->place), "%.400s:%zu: ", l->file, l->line);
	return 1;
}

static void pass_over(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

/* "FILE:LINE: ", or what said it. */
static void find_place(struct facts *f, const struct source *s, struct search *q)
{
	const struct sshd_lines l = {f, find_setting, pass_over, q};

	(void)snprintf(q->place, sizeof(q->place), "%s: ", strcmp(s->name, "config") == 0 ?
	    "sshd -T" : s->name);
	(void)sshd_lines(&l, s->main);
}

/* ---- MFA-11 ---- */

struct asking {
	struct facts *f;
	struct result *r;
	const struct source *s;
	size_t asked; /* people who are asked on every way */
};

/* Some of those to whom the same is said. */
struct names {
	char text[300];
	size_t count;
};

static void add_name(struct names *n, const char *name)
{
	const size_t len = strlen(n->text);

	if (n->count++ < NAMED)
		(void)snprintf(n->text + len, sizeof(n->text) - len, "%s%.40s", len > 0 ? ", " : "", name);
}

/* Whose ways in are bad: the login configuration may let them off. */
static void sort_person(struct asking *a, const char *user, const char *bad, struct names *in)
{
	const struct fact *x = facts_get(a->f, "exempt", user);

	if (result_untold(a->r, x, "exempt", user))
		return;
	if (x->is == FACT_TEXT)
		result_note(a->r, AUDIT_INFO, N_("%s: %s: is let off by the login configuration: %s"), bad,
		    user, x->text);
	else
		add_name(in, user);
}

static void note_names(struct asking *a, const struct names *in, const char *bad)
{
	if (in->count > NAMED)
		result_note(a->r, AUDIT_FAIL, N_("%s: %s and %zu more get in without a code"), bad, in->text,
		    in->count - NAMED);
	else if (in->count > 0)
		result_note(a->r, AUDIT_FAIL, N_("%s: %s: in without a code"), bad, in->text);
}

/* Where the setting stands that lets people in; false: nobody gets in unasked. */
static bool is_bad(struct asking *a, const char *name, char *bad, size_t size)
{
	const struct fact *said = facts_get(a->f, "sshd", name);
	char why[1200];
	struct search q = {.setting = why};

	if (result_untold(a->r, said, "sshd", name) ||
	    sshd_way(said->text, why, sizeof(why)) != SSHD_WAY_UNASKED)
		return false;
	find_place(a->f, a->s, &q);
	(void)snprintf(bad, size, "%s%s", q.place, why);
	return true;
}

/* Turned away, whatever is shown. */
static bool is_refused(struct asking *a, const char *user)
{
	char name[NAME];

	(void)snprintf(name, sizeof(name), "%s:%.256s", a->s->name, user);
	return facts_get(a->f, "sshd-refuses", name)->is == FACT_TEXT;
}

/* All to whom sshd says what it says to this one. */
static void judge_class(struct asking *a, const char *first)
{
	const struct fact *x = NULL;
	char name[NAME], bad[2000];
	struct names in = {.count = 0};
	size_t count = 0;
	bool unasked;

	(void)snprintf(name, sizeof(name), "%s:%.256s", a->s->name, first);
	unasked = is_bad(a, name, bad, sizeof(bad));
	while ((x = facts_next(a->f, "login", "", x)) != NULL) {
		const char *class;

		(void)snprintf(name, sizeof(name), "%s:%.256s", a->s->name, x->name);
		class = facts_string(a->f, "sshd-class", name);
		if (strcmp(class, first) != 0 || is_refused(a, x->name))
			continue;
		count++;
		if (unasked)
			sort_person(a, x->name, bad, &in);
	}
	note_names(a, &in, bad);
	a->asked += unasked ? 0 : count;
}

static void judge_people(struct asking *a)
{
	const struct fact *x = NULL;
	size_t classes = 0;

	while ((x = facts_next(a->f, "login", "", x)) != NULL) {
		const struct fact *class;
		char name[NAME];

		(void)snprintf(name, sizeof(name), "%s:%.256s", a->s->name, x->name);
		class = facts_get(a->f, "sshd-class", name);
		if (result_untold(a->r, x, "login", x->name) ||
		    result_untold(a->r, class, "sshd-class", name) || strcmp(class->text, x->name) != 0)
			continue;
		if (++classes > CLASSES) {
			result_note(a->r, AUDIT_ERROR, N_("more kinds of logins than are looked at"));
			return;
		}
		judge_class(a, x->name);
	}
	(void)result_untold(a->r, facts_get(a->f, "login", LOGINS_NOBODY), "login", LOGINS_NOBODY);
}

/* The one that was asked about because of a Match by address or port. */
static void judge_matched(struct asking *a, const char *place, const char *user)
{
	struct names in = {.count = 0};
	char name[NAME + 100], bad[2000];

	(void)snprintf(name, sizeof(name), "%s:match:%s", a->s->name, place);
	if (facts_get(a->f, "sshd", name)->is == FACT_UNKNOWN || is_refused(a, user) ||
	    !is_bad(a, name, bad, sizeof(bad)))
		return;
	sort_person(a, user, bad, &in);
	note_names(a, &in, bad);
}

static bool decides(const char *key)
{
	static const char *const keys[] = {"AuthenticationMethods", "UsePAM",
	    "KbdInteractiveAuthentication", "ChallengeResponseAuthentication",
	    "PasswordAuthentication", "PubkeyAuthentication", "PermitRootLogin"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(keys[i], key) == 0)
			return true;
	return false;
}

static int judge_line(void *ctx, const struct sshd_line *l)
{
	struct asking *a = ctx;
	const bool is_match = strcasecmp(l->key, "Match") == 0;
	const struct fact *x;
	char place[NAME];

	if (l->match == NULL)
		return 0;
	(void)snprintf(place, sizeof(place), "%.400s:%zu", l->match_file, l->match_line);
	x = facts_get(a->f, "match", place);
	if (x->is == FACT_NONE && is_match)
		result_note(a->r, AUDIT_INFO, N_("%s: Match %s: no login that was asked about comes under it"),
		    place, l->match);
	else if (x->is == FACT_NONE && decides(l->key))
		result_note(a->r, AUDIT_WARN, N_("%s:%zu: %s %s: in a Match that could not be asked about"),
		    l->file, l->line, l->key, l->value);
	else if (is_match && !result_untold(a->r, x, "match", place))
		judge_matched(a, place, x->text);
	return 0;
}

static void untold_line(void *ctx, const char *kind, const char *name)
{
	struct asking *a = ctx;

	check_sshd_untold(a->f, a->r, kind, name);
}

static void judge_source(struct asking *a)
{
	const struct sshd_lines l = {a->f, judge_line, untold_line, a};
	const struct fact *x = facts_get(a->f, "match", a->s->main);

	judge_people(a);
	if (x->is == FACT_TROUBLE)
		(void)result_untold(a->r, x, "match", a->s->main);
	(void)sshd_lines(&l, a->s->main);
}

static void check_methods(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct sources all;

	(void)rules;
	if (facts_get(f, "sshd", "config")->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("there is no sshd"));
		return;
	}
	find_sources(f, r, &all);
	for (size_t i = 0; i < all.count; i++) {
		struct asking a = {f, r, &all.item[i], 0};

		judge_source(&a);
		result_note(r, AUDIT_PASS, N_("%s: %zu logins that were asked about are asked by PAM on every "
		    "way in"), a.s->name, a.asked);
	}
}

/* ---- guessing ---- */

static long seconds_of(const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	return *end == 'm' ? n * 60 : *end == 'h' ? n * 3600 : n;
}

void check_sshd_guessing(struct facts *f, struct result *r)
{
	const struct fact *x = facts_get(f, "sshd", "config");
	char value[200];
	long n;

	if (result_untold(r, x, "sshd", "config"))
		return;
	if (x->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("there is no sshd"));
		return;
	}
	if (sshd_said_value(x->text, "maxauthtries", value, sizeof(value)))
		result_note(r, strtol(value, NULL, 10) > SSHD_TRIES ? AUDIT_WARN : AUDIT_PASS,
		    "MaxAuthTries %s", value);
	if (sshd_said_value(x->text, "logingracetime", value, sizeof(value))) {
		n = seconds_of(value);
		result_note(r, n <= 0 || n > SSHD_GRACE ? AUDIT_WARN : AUDIT_PASS, "LoginGraceTime %s",
		    value);
	}
	/* From OpenSSH 9.8 on. */
	if (sshd_said_value(x->text, "persourcepenalties", value, sizeof(value)))
		result_note(r, strcmp(value, "no") == 0 ? AUDIT_WARN : AUDIT_PASS, "PerSourcePenalties %s",
		    value);
}

static const struct audit_check checks[] = {
    {.id = "MFA-11", .severity = AUDIT_CRITICAL, .title = "sshd requires the second factor",
        .title_ko = "sshd 2차 인증 요구", .guide = "1", .isms_p = "2.5.3 2.6.6",
        .rule = N_("for every login UsePAM is yes, and each alternative of AuthenticationMethods has "
        "keyboard-interactive, or password by PAM, unless the login configuration lets the user off"),
        .fix = "bastionctl fix MFA-11", .rollback = "bastionctl disable sshd",
        .run = check_methods},
};

const struct audit_group audit_sshd = {checks, sizeof(checks) / sizeof(checks[0])};
