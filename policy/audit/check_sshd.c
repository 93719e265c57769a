#include "policy/audit/check_sshd.h"

#include "enroll/language.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"
#include "policy/audit/sshd_way.h"
#include "policy/buffer.h"
#include "policy/sshd_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME 1100
#define PLACE 500 /* FILE:LINE */
#define PLACED "place:"
#define NAMED 8    /* of those to whom the same is said; the others are counted */
#define CLASSES 64 /* of people */
#define LOOKS 500000   /* in all at logins; a kind of them costs LOOK_CLASS besides */
#define LOOK_CLASS 500

void check_sshd_untold(struct facts *f, struct result *r, const char *kind, const char *name)
{
	if (strcmp(kind, "lines") == 0 || strcmp(kind, "unit") == 0 ||
	    !result_untold(r, facts_get(f, kind, name), kind, name))
		result_note(r, AUDIT_ERROR, N_("%s: cannot be told as a whole"), name);
}

/* ---- whose word holds ---- */

static void note_units(struct facts *f, struct result *r)
{
	for (size_t i = 0; unit_sshd(i) != NULL; i++) {
		struct unit u;

		if (unit_merge(f, unit_sshd(i), &u) != 0)
			r->failed = true;
		if (u.untold.name != NULL)
			check_sshd_untold(f, r, u.untold.kind, u.untold.name);
		unit_free(&u);
	}
}

struct sshd_sources *check_sshd_sources(struct facts *f, struct result *r)
{
	struct sshd_sources *all = sshd_sources(f);

	if (all == NULL || all->failed) {
		r->failed = true;
		sshd_sources_free(all);
		return NULL;
	}
	(void)result_untold(r, facts_get(f, "listeners", "sshd"), "listeners", "sshd");
	if (all->more)
		result_note(r, AUDIT_ERROR, N_("there are more kinds of sshd than are looked at"));
	return all;
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
static void find_place(struct facts *f, const struct sshd_source *s, struct search *q)
{
	const struct sshd_lines l = {f, find_setting, pass_over, q};

	(void)snprintf(q->place, sizeof(q->place), "%s: ", strcmp(s->name, SSHD_SOURCE_FILE) == 0 ?
	    "sshd -T" : s->name);
	(void)sshd_lines(&l, s->main);
}

/* ---- MFA-11 ---- */

/* What a Match says that could not be asked about. */
struct block {
	const char *file; /* of the Match; NULL: none */
	size_t line;
	struct buffer said; /* as `sshd -T` would say it */
	char place[1600];   /* of the line that decides most */
	bool methods;       /* it is AuthenticationMethods */
};

struct asking {
	struct facts *f;
	struct result *r;
	const struct sshd_source *s;
	size_t asked; /* people of whom sshd says that they are asked on every way */
	size_t in;    /* and the others that it lets in, or may */
	size_t *left; /* looks: a saved file may have any number of logins and Matches */
	struct block block;
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
static void sort_person(struct asking *a, const char *under, const char *user, const char *bad,
    struct names *in)
{
	const struct fact *x;
	char name[NAME];

	/* Who comes from there, else from anywhere. */
	(void)snprintf(name, sizeof(name), "%s:%s%.256s", a->s->name, under, user);
	x = facts_get(a->f, "exempt", name);
	if (x->is != FACT_TEXT)
		x = facts_get(a->f, "exempt", user);
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

/* Where the setting stands that lets people in; no other than SSHD_WAY_UNASKED has one.  False:
 * it could not be told. */
static bool find_way(struct asking *a, const char *name, enum sshd_way *way, char *bad, size_t size)
{
	const struct fact *said = facts_get(a->f, "sshd", name);
	char why[1200];
	struct search q = {.setting = why};

	if (result_untold(a->r, said, "sshd", name))
		return false;
	if ((*way = sshd_way(said->text, why, sizeof(why))) == SSHD_WAY_UNASKED) {
		find_place(a->f, a->s, &q);
		(void)snprintf(bad, size, "%s%s", q.place, why);
	}
	return true;
}

/* Turned away, whatever is shown. */
static bool is_refused(struct asking *a, const char *under, const char *user)
{
	char name[NAME];

	(void)snprintf(name, sizeof(name), "%s:%s%.256s", a->s->name, under, user);
	return facts_get(a->f, "sshd-refuses", name)->is == FACT_TEXT;
}

/* All to whom sshd says what it says to this one; under: "", "match:FILE:LINE:", or
 * "place:WORDS:". */
static void judge_class(struct asking *a, const char *under, const char *first)
{
	const struct fact *x = NULL;
	char name[NAME], bad[2000] = "";
	struct names in = {.count = 0};
	size_t count = 0;
	enum sshd_way way = SSHD_WAY_UNASKED;
	bool told;

	if (*a->left <= LOOK_CLASS) {
		result_note(a->r, AUDIT_ERROR, N_("more kinds of logins than are looked at"));
		return;
	}
	*a->left -= LOOK_CLASS;
	(void)snprintf(name, sizeof(name), "%s:%s%.256s", a->s->name, under, first);
	told = find_way(a, name, &way, bad, sizeof(bad));
	if (strncmp(under, PLACED, sizeof(PLACED) - 1) == 0)
		(void)snprintf(bad + strlen(bad), sizeof(bad) - strlen(bad), " (%.*s)",
		    (int)strlen(under) - (int)sizeof(PLACED), under + sizeof(PLACED) - 1);
	while ((x = facts_next(a->f, "login", "", x)) != NULL) {
		const char *class;

		*a->left -= *a->left > 0;
		(void)snprintf(name, sizeof(name), "%s:%.256s", a->s->name, x->name);
		class = facts_string(a->f, "sshd-class", name);
		if (strcmp(class, first) != 0 || is_refused(a, under, x->name))
			continue;
		count++;
		if (told && way == SSHD_WAY_UNASKED)
			sort_person(a, under, x->name, bad, &in);
	}
	note_names(a, &in, bad);
	if (under[0] == '\0')
		*(told && way != SSHD_WAY_UNASKED ? &a->asked : &a->in) += count;
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
		judge_class(a, "", x->name);
	}
	(void)result_untold(a->r, facts_get(a->f, "login", LOGINS_NOBODY), "login", LOGINS_NOBODY);
}

/* Those of each class under a Match by address or port; one by people alone was not asked
 * about by itself. */
static void judge_matched(struct asking *a, const char *place, const char *users)
{
	char under[PLACE + 10], user[300], name[NAME];
	bool any = false;

	(void)snprintf(under, sizeof(under), "match:%.*s:", PLACE, place);
	(void)snprintf(name, sizeof(name), "%s:%s", a->s->name, under);
	if (facts_next(a->f, "sshd", name, NULL) == NULL)
		return;
	for (const char *p = users; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		(void)snprintf(user, sizeof(user), "%.*s", (int)strcspn(p, "\n"), p);
		judge_class(a, under, user);
		any = true;
	}
	if (!any)
		check_sshd_untold(a->f, a->r, "match", place);
}

/* Those of each class who come from elsewhere: "SOURCE:place:WORDS:USER". */
static void judge_places(struct asking *a)
{
	const struct fact *x = NULL;
	char prefix[320], under[NAME];

	(void)snprintf(prefix, sizeof(prefix), "%s:" PLACED, a->s->name);
	while ((x = facts_next(a->f, "sshd", prefix, x)) != NULL) {
		const char *rest = x->name + strlen(prefix) - (sizeof(PLACED) - 1);
		const char *user = strrchr(rest, ':') + 1;

		(void)snprintf(under, sizeof(under), "%.*s", (int)(user - rest), rest);
		judge_class(a, under, user);
	}
}

/* Of a Match by more than people the other places must have been asked about, too. */
static void judge_placed(struct asking *a, const struct sshd_line *l)
{
	const struct sshd_person nobody = {.user = ""};
	bool by_people;

	(void)sshd_match_fits(l->match, &nobody, &by_people);
	if (!by_people)
		(void)result_untold(a->r, facts_get(a->f, "places", a->s->name), "places", a->s->name);
}

/* What a key is called by `sshd -T`, when it decides who gets in and how; else NULL. */
static const char *decides(const char *key)
{
	static const char *const keys[] = {"AuthenticationMethods", "UsePAM",
	    "KbdInteractiveAuthentication", "PasswordAuthentication", "PubkeyAuthentication",
	    "HostbasedAuthentication", "GSSAPIAuthentication", "KerberosAuthentication",
	    "PermitRootLogin", "AllowUsers", "DenyUsers", "AllowGroups", "DenyGroups"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(keys[i], key) == 0)
			return keys[i];
	return strcasecmp(key, "ChallengeResponseAuthentication") == 0 ||
	    strcasecmp(key, "SkeyAuthentication") == 0 ? keys[2] : NULL;
}

/* A way in that its lines leave open is one, whoever comes under it.  Where each of its
 * AuthenticationMethods asks, so do all.  Else nobody can tell. */
static void end_block(struct asking *a)
{
	const struct fact *general = facts_get(a->f, "sshd", a->s->name);
	char why[1200];
	struct block *b = &a->block;

	if (b->file != NULL && !result_untold(a->r, general, "sshd", a->s->name)) {
		buffer_text(&b->said, general->text);
		if (sshd_way(buffer_string(&b->said), why, sizeof(why)) == SSHD_WAY_UNASKED)
			result_note(a->r, AUDIT_FAIL, N_("%s: in without a code, for whoever comes under this "
			    "Match: it could not be asked about"), b->place);
		else
			result_note(a->r, b->methods ? AUDIT_INFO : AUDIT_ERROR,
			    N_("%s: in a Match that could not be asked about"), b->place);
	}
	a->r->failed = a->r->failed || b->said.failed;
	buffer_free(&b->said);
	*b = (struct block){.file = NULL};
}

static void add_to_block(struct asking *a, const struct sshd_line *l, const char *key)
{
	struct block *b = &a->block;
	const char *at = l->value;
	char word[1024];

	if (b->file != NULL && (b->file != l->match_file || b->line != l->match_line))
		end_block(a);
	buffer_text(&b->said, key);
	while (sshd_lines_word(&at, word, sizeof(word)))
		buffer_format(&b->said, " %s", word);
	buffer_text(&b->said, "\n");
	if (b->file == NULL || strcmp(key, "AuthenticationMethods") == 0)
		(void)snprintf(b->place, sizeof(b->place), "%.500s:%zu: %.60s %.900s", l->file, l->line,
		    l->key, l->value);
	b->methods = b->methods || (strcmp(key, "AuthenticationMethods") == 0 &&
	    strcasecmp(l->value, "any") != 0);
	b->file = l->match_file, b->line = l->match_line;
}

static int judge_line(void *ctx, const struct sshd_line *l)
{
	struct asking *a = ctx;
	const bool is_match = strcasecmp(l->key, "Match") == 0;
	const struct fact *x;
	char place[PLACE];

	if (l->match == NULL)
		return 0;
	if (is_match)
		judge_placed(a, l);
	(void)snprintf(place, sizeof(place), "%.400s:%zu", l->match_file, l->match_line);
	x = facts_get(a->f, "match", place);
	if (x->is == FACT_NONE && is_match)
		result_note(a->r, AUDIT_INFO, N_("%s: Match %s: no login that was asked about comes under it"),
		    place, l->match);
	else if (x->is == FACT_NONE && decides(l->key) != NULL)
		add_to_block(a, l, decides(l->key));
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

	if (a->s->untold[0] != '\0') {
		result_note(a->r, AUDIT_ERROR, N_("%s: cannot be asked: %s"), a->s->name, a->s->untold);
		return;
	}
	if (facts_get(a->f, "sshd", a->s->name)->is == FACT_NONE) {
		result_note(a->r, AUDIT_ERROR, N_("%s: cannot be asked: %s"), a->s->name,
		    _("there is no sshd"));
		return;
	}
	judge_people(a);
	if (x->is == FACT_TROUBLE)
		(void)result_untold(a->r, x, "match", a->s->main);
	(void)sshd_lines(&l, a->s->main);
	end_block(a);
	judge_places(a);
	if (a->asked > 0)
		result_note(a->r, AUDIT_PASS, N_("%s: %zu logins that were asked about are asked by PAM on "
		    "every way in"), a->s->name, a->asked);
	else if (a->in == 0)
		result_note(a->r, AUDIT_ERROR, N_("%s: lets in nobody that was asked about: who gets in cannot "
		    "be told"), a->s->name);
}

/* What was asked is what the files say now: one that has not read them goes by others. */
static void judge_ages(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;

	while ((x = facts_next(f, "listener", "", x)) != NULL)
		if (x->is == FACT_TEXT && strtoll(x->text, NULL, 10) > 0)
			check_sshd_age(f, r, x);
}

static void check_methods(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *listens = facts_next(f, "listener", "", NULL);
	struct sshd_sources *all;
	size_t left = LOOKS;

	(void)rules;
	if (facts_get(f, "sshd", SSHD_SOURCE_FILE)->is == FACT_NONE &&
	    (listens == NULL || listens->is == FACT_NONE)) {
		result_note(r, AUDIT_SKIP, N_("there is no sshd"));
		return;
	}
	note_units(f, r);
	if ((all = check_sshd_sources(f, r)) == NULL)
		return;
	for (size_t i = 0; i < all->count; i++) {
		struct asking a = {.f = f, .r = r, .s = &all->item[i], .left = &left};

		judge_source(&a);
	}
	sshd_sources_free(all);
	judge_ages(f, r);
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
