#include "policy/audit/gather.h"

#include "lib/core/exempt.h"
#include "lib/core/rollout.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"
#include "policy/audit/sshd_source.h"
#include "policy/audit/sshd_way.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- the files ---- */

#define ROUNDS 16 /* as deep as sshd includes */

static int pass_over(void *ctx, const struct sshd_line *l)
{
	(void)ctx, (void)l;
	return 0;
}

struct missing {
	char *kind, *name;
};

/* The first thing that the walk misses: what it notes itself would move facts. */
static void keep_missing(void *ctx, const char *kind, const char *name)
{
	struct missing *m = ctx;

	if (m->name != NULL)
		return;
	m->kind = strdup(kind);
	m->name = strdup(name);
}

static void gather_glob(struct facts *f, const char *pattern)
{
	struct buffer list = {0};
	glob_t g = {.gl_pathc = 0};
	int r = glob(pattern, 0, NULL, &g);

	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++) {
		gather_file(f, g.gl_pathv[i], true);
		buffer_format(&list, "%s\n", g.gl_pathv[i]);
	}
	if (r == GLOB_NOMATCH)
		facts_none(f, "glob", pattern);
	else if (r != 0)
		facts_trouble(f, "glob", pattern, "cannot be looked at");
	else
		facts_text(f, "glob", pattern, buffer_string(&list), list.len);
	f->failed = f->failed || list.failed;
	buffer_free(&list);
	globfree(&g);
}

static void gather_config(struct facts *f, const char *main)
{
	bool more = true;

	gather_file(f, main, true);
	/* Each round looks at one pattern. */
	for (int i = 0; i < ROUNDS * 64 && more; i++) {
		struct missing m = {NULL, NULL};
		const struct sshd_lines l = {f, pass_over, keep_missing, &m};

		(void)sshd_lines(&l, main);
		more = m.name != NULL && m.kind != NULL && strcmp(m.kind, "glob") == 0 &&
		    facts_get(f, "glob", m.name)->is == FACT_UNKNOWN;
		if (more)
			gather_glob(f, m.name);
		free(m.kind);
		free(m.name);
	}
}

/* ---- asking sshd ---- */

#define NAME 1100 /* of a fact */

/* What sshd stops at where -G (OpenSSH 9.3) does not look: a directory that is made when it is
 * started, and keys that are made before. */
static const struct { const char *said, *do_this; } lacks[] = {
    {"separation directory", "start it once, or mkdir -m 0755 /run/sshd"},
    {"no hostkeys available", "ssh-keygen -A makes them"}};

/* What to do about what -T has stopped at, or NULL: it is something else. */
static const char *find_lack(const struct run_said *said)
{
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		if (strstr(buffer_string(&said->err), lacks[i].said) != NULL)
			return lacks[i].do_this;
	return NULL;
}

/* *lack: what could be done that it answers, or NULL. */
static int run_sshd(const char *argv[], struct run_said *said, int *status, const char **lack,
    struct err *e)
{
	struct run_said again = {{0}, {0}};
	int r = run_program(argv, said, status, e), other = 1;

	*lack = NULL;
	if (r != 0 || *status == 0 || (*lack = find_lack(said)) == NULL)
		return r;
	argv[1] = "-G";
	if (run_program(argv, &again, &other, NULL) == 0 && other == 0) {
		run_free(said);
		*said = again;
		*status = 0;
	} else {
		run_free(&again);
	}
	return r;
}

static void note_failed(struct facts *f, const char *name, const struct run_said *said,
    const char *lack)
{
	char line[400], text[600];

	run_line(said, line, sizeof(line));
	line[strcspn(line, "\r")] = '\0';
	(void)snprintf(text, sizeof(text), "%s%s%s%s", line[0] != '\0' ? line :
	    "fails and says nothing", lack != NULL ? " (" : "", lack != NULL ? lack : "",
	    lack != NULL ? ")" : "");
	facts_trouble(f, "sshd", name, text);
}

void gather_sshd_ask(struct facts *f, const struct sshd_source *s, const char *what,
    const char *words)
{
	const char *argv[SSHD_SOURCE_WORDS + 8] = {SSHD_SAID_PROGRAM, "-T"}, *lack;
	struct run_said said = {{0}, {0}};
	struct err e = {0};
	char name[NAME];
	size_t n = 2;
	int status = 0, r;

	(void)snprintf(name, sizeof(name), "%s%s", s->name, what);
	if (s->untold[0] != '\0')
		return facts_trouble(f, "sshd", name, s->untold);
	if (words != NULL)
		argv[n++] = "-C", argv[n++] = words;
	for (size_t i = 0; i < s->words; i++)
		argv[n++] = s->word[i];
	r = run_sshd(argv, &said, &status, &lack, &e);
	if (r == ERR_NONE)
		facts_none(f, "sshd", name);
	else if (r != 0)
		facts_trouble(f, "sshd", name, e.text);
	else if (status != 0)
		note_failed(f, name, &said, lack);
	else
		facts_text(f, "sshd", name, buffer_string(&said.out), said.out.len);
	run_free(&said);
}

/* ---- by people ---- */

#define MATCHES SSHD_PLACE_LINES
#define CLASSES MATCHES
#define KEY 2048
#define ASKED 512 /* times that a Match is asked about */

struct match {
	char name[400];     /* FILE:LINE */
	char criteria[SSHD_MATCH_WORD]; /* whole: of a longer list the end would be cut off */
};

struct asking {
	struct facts *f;
	const struct logins *people;
	struct match match[MATCHES];
	size_t matches;
	bool more;
	struct { char *key; const struct logins_one *first; } class[CLASSES];
	size_t classes;
	const struct logins_one **class_of; /* of each of the people, or NULL */
	size_t left; /* times that a Match or a place may be asked about */
	struct sshd_places places;
	const char *line[MATCHES]; /* Match lines, and networks that `exempt` names, as such lines */
	size_t lines;
	char nets[CONF_EXEMPTS][WHO_NAME_MAX + 80];
	char held[MATCHES + SSHD_PLACES + 1][MATCHES + 1]; /* which lines hold where one was asked about */
	size_t helds;
};

static int take_match(void *ctx, const struct sshd_line *l)
{
	struct asking *a = ctx;
	struct match *m = &a->match[a->matches];

	if (strcasecmp(l->key, "Match") != 0)
		return 0;
	if (a->matches == MATCHES ||
	    snprintf(m->name, sizeof(m->name), "%s:%zu", l->file, l->line) >= (int)sizeof(m->name) ||
	    snprintf(m->criteria, sizeof(m->criteria), "%s", l->match) >= (int)sizeof(m->criteria))
		a->more = true;
	else
		a->matches++;
	return 0;
}

static void pass_missing(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

/* What sshd says to one person, by each source, who comes from nowhere in particular. */
static void ask_person(struct asking *a, const struct sshd_source *s, const char *user)
{
	char words[1200], what[300];

	(void)snprintf(what, sizeof(what), ":%.256s", user);
	if (sshd_match_login(&a->places.item[0], user, words, sizeof(words)))
		gather_sshd_ask(a->f, s, what, words);
}

/* Somebody who is the same to every line; himself, when he is the first. */
static const struct logins_one *find_class(struct asking *a, const struct logins_one *p)
{
	const struct sshd_person who = {p->name, p->group, p->groups};
	char key[KEY] = "";

	for (size_t i = 0; i < a->lines; i++)
		if (!sshd_match_key(a->line[i], &who, key, sizeof(key)))
			return NULL;
	for (size_t i = 0; i < a->classes; i++)
		if (strcmp(a->class[i].key, key) == 0)
			return a->class[i].first;
	if (a->classes == CLASSES || (a->class[a->classes].key = strdup(key)) == NULL)
		return NULL;
	return a->class[a->classes++].first = p;
}

static void sort_people(struct asking *a, const struct sshd_source *s)
{
	for (size_t i = 0; i < a->people->count; i++) {
		const struct logins_one *p = &a->people->item[i];
		char name[NAME];
		const struct logins_one *class = strpbrk(p->name, ",= ") == NULL ? find_class(a, p) : NULL;

		a->class_of[i] = class;
		(void)snprintf(name, sizeof(name), "%s:%s", s->name, p->name);
		if (class == NULL)
			facts_trouble(a->f, "sshd-class", name, "sshd was not asked about this name");
		else
			facts_text(a->f, "sshd-class", name, class->name, strlen(class->name));
	}
}

/* Why sshd turns somebody away whatever is shown, where it has said this (NULL: nothing);
 * whole: that it does not is noted, too. */
static void note_refusal(struct asking *a, const char *name, const struct logins_one *p,
    const char *said, bool whole)
{
	const struct sshd_login who = {.user = p->name, .group = p->group, .groups = p->groups,
	    .not_root = p->uid != 0};
	char why[400];
	int r;

	if (said == NULL)
		facts_trouble(a->f, "sshd-refuses", name, "sshd has not answered");
	else if ((r = sshd_way_refuses(said, &who, why, sizeof(why))) > 0)
		facts_text(a->f, "sshd-refuses", name, why, strlen(why));
	else if (r < 0)
		facts_trouble(a->f, "sshd-refuses", name, why);
	else if (whole)
		facts_none(a->f, "sshd-refuses", name);
}

/* Whom the login configuration lets off the code who comes from there. */
static void note_exempt(struct asking *a, const char *name, const struct logins_one *p,
    const struct sshd_place *from)
{
	const struct conf *c = a->people->conf;
	struct exempt_facts x = {.account = {p->name, p->gid}, .now = time(NULL)};
	struct rollout r;

	if (c == NULL || strcmp(p->name, LOGINS_NOBODY) == 0)
		return;
	(void)address_parse(from->addr, &x.from);
	rollout_judge(c, &x, &r);
	if (r.duty == ROLLOUT_EXEMPT)
		facts_format(a->f, "exempt", name, "exempt = %s", conf_exempt(c, r.rule));
}

/* Of each of a class, by what sshd says to the first of it; under: "", or
 * "match:FILE:LINE:" or "place:WORDS:", for who comes from there. */
static void note_refusals(struct asking *a, const struct sshd_source *s, const char *under,
    const struct logins_one *class, const struct sshd_place *from)
{
	char name[NAME], *said = NULL;
	const struct fact *x;

	(void)snprintf(name, sizeof(name), "%s:%s%s", s->name, under, class->name);
	x = facts_get(a->f, "sshd", name);
	if (x->is == FACT_TEXT && (said = strdup(x->text)) == NULL)
		a->f->failed = true;
	for (size_t i = 0; i < a->people->count; i++) {
		if (a->class_of[i] != class)
			continue;
		(void)snprintf(name, sizeof(name), "%s:%s%s", s->name, under, a->people->item[i].name);
		note_refusal(a, name, &a->people->item[i], said, under[0] == '\0');
		if (under[0] != '\0')
			note_exempt(a, name, &a->people->item[i], from);
	}
	free(said);
}

/* Asks about one login that comes under the Match. */
static void ask_matched(struct asking *a, const struct sshd_source *s, const struct match *m,
    const struct logins_one *p, const struct sshd_place *from)
{
	char what[NAME], under[500], words[1200];

	if (!sshd_match_login(from, p->name, words, sizeof(words)))
		return;

	if (a->left == 0)
		return facts_trouble(a->f, "match", s->main, "more Match lines than are asked about");
	a->left--;
	(void)snprintf(what, sizeof(what), ":match:%s:%.256s", m->name, p->name);
	(void)snprintf(under, sizeof(under), "match:%s:", m->name);
	gather_sshd_ask(a->f, s, what, words);
	note_refusals(a, s, under, p, from);
}

/* Made up, or one of the places where other lines hold: "10.0.0.0/8,!10.0.0.0/24". */
static bool find_from(const struct asking *a, const struct match *m, struct sshd_place *from)
{
	bool found = sshd_match_place(m->criteria, from);

	for (size_t i = 0; i < a->places.count && !found; i++)
		if ((found = sshd_place_fits(&a->places.item[i], m->criteria)))
			*from = a->places.item[i];
	return found;
}

/* Asks with a login of each class that comes under the Match: whom another setting turns away
 * says nothing of the others.  One that names people alone is reached by asking about them. */
static void ask_match(struct asking *a, const struct sshd_source *s, const struct match *m)
{
	struct buffer users = {0};
	bool by_people = false;

	for (size_t i = 0; i < a->classes; i++) {
		const struct logins_one *p = a->class[i].first;
		const struct sshd_person who = {p->name, p->group, p->groups};
		struct sshd_place from;

		if (!sshd_match_fits(m->criteria, &who, &by_people) || (!by_people &&
		    !find_from(a, m, &from)))
			continue;
		buffer_format(&users, "%s\n", p->name);
		if (!by_people)
			ask_matched(a, s, m, p, &from);
	}
	if (users.len == 0)
		facts_none(a->f, "match", m->name);
	else
		facts_text(a->f, "match", m->name, users.data, users.len);
	a->f->failed = a->f->failed || users.failed;
	buffer_free(&users);
}

/* ---- by places ---- */

/* Whether other lines hold for them there than where they were asked about before; notes them. */
static bool is_new_place(struct asking *a, const struct logins_one *p, const struct sshd_place *from)
{
	const struct sshd_person who = {p->name, p->group, p->groups};
	char *held = a->held[a->helds];
	bool by_people;

	for (size_t i = 0; i < a->lines; i++)
		held[i] = sshd_match_fits(a->line[i], &who, &by_people) &&
		    sshd_place_fits(from, a->line[i]) ? '1' : '0';
	held[a->lines] = '\0';
	for (size_t i = 0; i < a->helds; i++)
		if (strcmp(a->held[i], held) == 0)
			return false;
	a->helds++;
	return true;
}

/* Where the login that ask_match() has made up comes from. */
static void pass_matched(struct asking *a, const struct logins_one *p)
{
	const struct sshd_person who = {p->name, p->group, p->groups};

	for (size_t i = 0; i < a->matches; i++) {
		struct sshd_place from;
		bool by_people;

		if (sshd_match_fits(a->match[i].criteria, &who, &by_people) && !by_people &&
		    find_from(a, &a->match[i], &from))
			(void)is_new_place(a, p, &from);
	}
}

static bool ask_place(struct asking *a, const struct sshd_source *s, const struct logins_one *p,
    const struct sshd_place *from)
{
	char what[NAME], under[700], place[650], words[1200];

	if (a->left == 0 || !sshd_place_words(from, place, sizeof(place)) ||
	    !sshd_match_login(from, p->name, words, sizeof(words)))
		return false;
	a->left--;
	(void)snprintf(under, sizeof(under), "place:%s:", place);
	(void)snprintf(what, sizeof(what), ":%s%.256s", under, p->name);
	gather_sshd_ask(a->f, s, what, words);
	note_refusals(a, s, under, p, from);
	return true;
}

/* Who comes from elsewhere may come under other lines, or under none: an earlier Match may hold
 * where a later one was asked about, and one that asks for a code may leave out some. */
static void ask_places(struct asking *a, const struct sshd_source *s)
{
	bool all = !a->places.more;

	/* A file that it does not read says nothing anywhere. */
	if (facts_get(a->f, "sshd", s->name)->is != FACT_TEXT)
		return facts_trouble(a->f, "places", s->name, "sshd has not answered");
	for (size_t i = 0; i < a->classes; i++) {
		const struct logins_one *p = a->class[i].first;

		a->helds = 0;
		(void)is_new_place(a, p, &a->places.item[0]);
		pass_matched(a, p);
		for (size_t k = 1; k < a->places.count; k++)
			if (is_new_place(a, p, &a->places.item[k]))
				all = ask_place(a, s, p, &a->places.item[k]) && all;
	}
	if (all)
		facts_format(a->f, "places", s->name, "%zu", a->places.count);
	else
		facts_trouble(a->f, "places", s->name, "more of them than are asked about");
}

/* Without a port sshd does not answer where a Match names one: it is asked about one that none
 * does, as far as one can tell. */
static const char *general_words(const struct asking *a)
{
	for (size_t i = 0; i < a->matches; i++) {
		char name[SSHD_MATCH_WORD], list[SSHD_MATCH_WORD];

		for (const char *at = a->match[i].criteria; sshd_match_next(&at, name, list);)
			if (strcasecmp(name, "localport") == 0)
				return "lport=1";
	}
	return NULL;
}

static bool is_by_places(const struct asking *a)
{
	const struct sshd_person nobody = {.user = ""};
	bool by_people = true;

	for (size_t i = 0; i < a->matches && by_people; i++)
		(void)sshd_match_fits(a->match[i].criteria, &nobody, &by_people);
	return !by_people;
}

/* "user:deploy@10.0.0.0/8 until 2027-03-01" as such a line: for him alone, where sshd takes the
 * name for no pattern.  False: it names no network. */
static bool write_network(const char *exempt, char *line, size_t size)
{
	const size_t n = strcspn(exempt, " \t");
	struct exempt x;
	const char *net;

	if (exempt_parse(exempt, &x, NULL) != 0 || x.from != EXEMPT_NET ||
	    (net = memrchr(exempt, '@', n)) == NULL)
		return false;
	net++;
	if (x.who.group || strpbrk(x.who.name, "*?!\"'=") != NULL)
		return snprintf(line, size, "Address %.*s", (int)(exempt + n - net), net) < (int)size;
	return snprintf(line, size, "User %s Address %.*s", x.who.name, (int)(exempt + n - net), net) <
	    (int)size;
}

static bool has_line(const struct asking *a, const char *line)
{
	for (size_t i = 0; i < a->lines; i++)
		if (strcmp(a->line[i], line) == 0)
			return true;
	return false;
}

/* Where a Match lets somebody in by a key alone, it has to be from a network that he is let off
 * from: these tell places apart, too. */
static void add_networks(struct asking *a)
{
	const struct conf *c = a->people->conf;

	for (int i = 0; c != NULL && i < c->exempts; i++) {
		if (!write_network(conf_exempt(c, i), a->nets[i], sizeof(a->nets[i])) ||
		    has_line(a, a->nets[i]))
			continue;
		if (a->lines < MATCHES)
			a->line[a->lines++] = a->nets[i];
		else
			a->more = true;
	}
}

static void find_places(struct asking *a, const struct sshd_source *s)
{
	a->lines = 0;
	for (size_t i = 0; i < a->matches; i++)
		a->line[a->lines++] = a->match[i].criteria;
	a->more = false;
	if (is_by_places(a))
		add_networks(a);
	if (!sshd_places(&a->places, a->line, a->lines, facts_string(a->f, "sshd", s->name)))
		a->f->failed = true;
	a->places.more = a->places.more || a->more;
}

static void ask_source(struct asking *a, const struct sshd_source *s)
{
	const struct sshd_lines l = {a->f, take_match, pass_missing, a};

	a->matches = a->classes = 0;
	a->more = false;
	(void)sshd_lines(&l, s->main);
	if (a->more)
		facts_trouble(a->f, "match", s->main, "more Match lines than are looked at");
	gather_sshd_ask(a->f, s, "", general_words(a));
	find_places(a, s);
	/* Without a Match one answer is everybody's. */
	sort_people(a, s);
	for (size_t i = 0; i < a->classes; i++) {
		ask_person(a, s, a->class[i].first->name);
		note_refusals(a, s, "", a->class[i].first, NULL);
	}
	for (size_t i = 0; i < a->matches; i++)
		ask_match(a, s, &a->match[i]);
	ask_places(a, s);
	for (size_t i = 0; i < a->classes; i++)
		free(a->class[i].key);
}

static void free_all(struct asking *a, struct sshd_sources *all)
{
	if (a != NULL)
		free(a->class_of);
	free(a);
	sshd_sources_free(all);
}

void gather_sshd(struct facts *f, const struct logins *people)
{
	const struct sshd_source file = {.name = SSHD_SOURCE_FILE, .main = SSHD_LINES_MAIN};
	struct sshd_sources *all = sshd_sources(f);
	struct asking *a = calloc(1, sizeof(*a));

	if (a != NULL)
		*a = (struct asking){.f = f, .people = people, .left = ASKED,
		    .class_of = calloc(people->count + 1, sizeof(const void *))};
	if (a == NULL || all == NULL || all->failed || a->class_of == NULL) {
		f->failed = true;
		free_all(a, all);
		return;
	}
	gather_config(f, SSHD_LINES_MAIN);
	ask_source(a, &file);
	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(all->item[i].name, SSHD_SOURCE_FILE) == 0)
			continue;
		if (all->item[i].main[0] == '/')
			gather_config(f, all->item[i].main);
		ask_source(a, &all->item[i]);
	}
	free_all(a, all);
}
