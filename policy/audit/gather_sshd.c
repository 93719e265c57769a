#include "policy/audit/gather.h"

#include "policy/audit/gather_logins.h"
#include "policy/audit/sshd_args.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

#define OPTIONS 64 /* words of a unit at most */

/* The options of a unit that decide what holds. */
struct options {
	const char *word[OPTIONS + 1];
	size_t count;
	bool failed;
};

static int take_option(void *ctx, const struct sshd_arg *a)
{
	static const char *const flags[] = {"-o", "-f"};
	struct options *o = ctx;

	for (size_t i = 0; i < 2; i++)
		if (a->letter == flags[i][1] && o->count + 2 <= OPTIONS)
			o->word[o->count++] = flags[i], o->word[o->count++] = a->value;
		else if (a->letter == flags[i][1])
			o->failed = true;
	return 0;
}

/* One who is asked about: "config", or the name of a unit, and its options. */
struct source {
	const char *name;
	struct options options;
};

/* Where sshd is started for each connection, -T misses a directory that is made then; -G
 * (OpenSSH 9.3) does not look for it. */
static int run_sshd(const char *argv[], struct run_said *said, int *status, struct err *e)
{
	struct run_said again = {{0}, {0}};
	int r = run_program(argv, said, status, e), other = 1;

	if (r != 0 || *status == 0 || strstr(buffer_string(&said->err), "separation directory") == NULL)
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

static void ask(struct facts *f, const struct source *s, const char *what, const char *words)
{
	const char *argv[OPTIONS + 8] = {SSHD_SAID_PROGRAM, "-T"};
	struct run_said said = {{0}, {0}};
	struct err e = {0};
	char name[700], line[400];
	size_t n = 2;
	int status = 0, r;

	if (words != NULL)
		argv[n++] = "-C", argv[n++] = words;
	for (size_t i = 0; i < s->options.count; i++)
		argv[n++] = s->options.word[i];
	(void)snprintf(name, sizeof(name), "%s%s%s", s->name, what[0] != '\0' ? ":" : "", what);
	r = run_sshd(argv, &said, &status, &e);
	run_line(&said, line, sizeof(line));
	if (r == ERR_NONE)
		facts_none(f, "sshd", name);
	else if (r != 0)
		facts_trouble(f, "sshd", name, e.text);
	else if (s->options.failed)
		facts_trouble(f, "sshd", name, "too many options");
	else if (status != 0)
		facts_trouble(f, "sshd", name, line[0] != '\0' ? line : "fails and says nothing");
	else
		facts_text(f, "sshd", name, buffer_string(&said.out), said.out.len);
	run_free(&said);
}

/* ---- by people ---- */

#define CLASSES 48
#define MATCHES 64
#define KEY 2048

struct match {
	char name[400];     /* FILE:LINE */
	char criteria[1200];
};

struct asking {
	struct facts *f;
	const struct logins *people;
	struct match match[MATCHES];
	size_t matches;
	bool more;
	struct { char *key; const char *user; } class[CLASSES];
	size_t classes;
};

static int take_match(void *ctx, const struct sshd_line *l)
{
	struct asking *a = ctx;
	struct match *m = &a->match[a->matches];

	if (strcasecmp(l->key, "Match") != 0)
		return 0;
	if (a->matches == MATCHES ||
	    snprintf(m->name, sizeof(m->name), "%s:%zu", l->file, l->line) >= (int)sizeof(m->name) ||
	    snprintf(m->criteria, sizeof(m->criteria), "%s", l->value) >= (int)sizeof(m->criteria))
		a->more = true;
	else
		a->matches++;
	return 0;
}

static void pass_missing(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

/* What sshd says to one person, by each source. */
static void ask_person(struct asking *a, const struct source *s, const char *user)
{
	char words[800];

	(void)snprintf(words, sizeof(words),
	    "user=%.256s,host=192.0.2.1,addr=192.0.2.1,laddr=127.0.0.1,lport=22", user);
	ask(a->f, s, user, words);
}

/* Somebody who is the same to every Match; himself, when he is the first. */
static const char *find_class(struct asking *a, const struct logins_one *p)
{
	const struct sshd_person who = {p->name, p->group, p->groups};
	char key[KEY] = "";

	for (size_t i = 0; i < a->matches; i++)
		if (!sshd_match_key(a->match[i].criteria, &who, key, sizeof(key)))
			return NULL;
	for (size_t i = 0; i < a->classes; i++)
		if (strcmp(a->class[i].key, key) == 0)
			return a->class[i].user;
	if (a->classes == CLASSES || (a->class[a->classes].key = strdup(key)) == NULL)
		return NULL;
	return a->class[a->classes++].user = p->name;
}

static void sort_people(struct asking *a, const struct source *s)
{
	for (size_t i = 0; i < a->people->count; i++) {
		const struct logins_one *p = &a->people->item[i];
		char name[700];
		const char *class = strpbrk(p->name, ",= ") == NULL ? find_class(a, p) : NULL;

		(void)snprintf(name, sizeof(name), "%s:%s", s->name, p->name);
		if (class == NULL)
			facts_trouble(a->f, "sshd-class", name, "sshd was not asked about this name");
		else
			facts_text(a->f, "sshd-class", name, class, strlen(class));
	}
}

/* Asks with a login that comes under the Match; one that names people alone is reached by
 * asking about them, or not at all. */
static void ask_match(struct asking *a, const struct source *s, const struct match *m)
{
	const char *user = NULL;
	char words[1200], name[420];
	bool by_people = false, fits;

	for (size_t i = a->people->count; i-- > 0;) {
		const struct logins_one *p = &a->people->item[i];
		const struct sshd_person who = {p->name, p->group, p->groups};

		fits = sshd_match_fits(m->criteria, &who, &by_people);
		/* root is turned away on most hosts, which would say nothing of the others */
		if (fits && (user == NULL || strcmp(user, "root") == 0 || strcmp(p->name, "root") != 0))
			user = p->name;
	}
	if (user == NULL || (!by_people && !sshd_match_login(m->criteria, user, words, sizeof(words)))) {
		facts_none(a->f, "match", m->name);
		return;
	}
	facts_text(a->f, "match", m->name, user, strlen(user));
	if (by_people)
		return;
	(void)snprintf(name, sizeof(name), "match:%s", m->name);
	ask(a->f, s, name, words);
}

/* Why sshd turns a person away whatever is shown; asks: every way in asks. */
static void note_refusal(struct asking *a, const struct source *s, const char *user)
{
	const struct sshd_login q = {NULL, user, NULL};
	char why[400], name[1000], methods[512] = "";
	const char *said;
	bool asks;

	(void)snprintf(name, sizeof(name), "%s:%s", s->name, user);
	(void)snprintf(name, sizeof(name), "%s:%.256s", s->name,
	    facts_string(a->f, "sshd-class", name));
	said = facts_string(a->f, "sshd", name);
	(void)sshd_said_value(said, "authenticationmethods", methods, sizeof(methods));
	asks = strstr(methods, "keyboard-interactive") != NULL;
	(void)snprintf(name, sizeof(name), "%s:%s", s->name, user);
	if (said[0] == '\0')
		facts_trouble(a->f, "sshd-refuses", name, "sshd has not answered");
	else if (sshd_said_refuses(said, &q, asks, why, sizeof(why)))
		facts_text(a->f, "sshd-refuses", name, why, strlen(why));
	else
		facts_none(a->f, "sshd-refuses", name);
}

static void ask_source(struct asking *a, const struct source *s, const char *main)
{
	const struct sshd_lines l = {a->f, take_match, pass_missing, a};

	a->matches = a->classes = 0;
	a->more = false;
	(void)sshd_lines(&l, main);
	if (a->more)
		facts_trouble(a->f, "match", main, "more Match lines than are looked at");
	ask(a->f, s, "", NULL);
	/* Without a Match one answer is everybody's. */
	sort_people(a, s);
	for (size_t i = 0; i < a->classes; i++)
		ask_person(a, s, a->class[i].user);
	for (size_t i = 0; i < a->matches; i++)
		ask_match(a, s, &a->match[i]);
	for (size_t i = 0; i < a->people->count; i++)
		note_refusal(a, s, a->people->item[i].name);
	for (size_t i = 0; i < a->classes; i++)
		free(a->class[i].key);
}

/* A unit without options of its own says what the file says. */
static void ask_unit(struct asking *a, const char *name)
{
	struct source s = {.name = name};
	const char *main = SSHD_LINES_MAIN;
	struct unit u;

	if (unit_merge(a->f, name, &u) != 0)
		a->f->failed = true;
	for (size_t i = 0; i < u.commands; i++)
		if (sshd_args_is(&u.command[i]))
			(void)sshd_args(&u.command[i], take_option, &s.options);
	for (size_t i = 0; i + 1 < s.options.count; i += 2)
		if (strcmp(s.options.word[i], "-f") == 0)
			main = s.options.word[i + 1];
	if (s.options.count > 0) {
		if (main[0] == '/')
			gather_config(a->f, main);
		ask_source(a, &s, main);
	}
	unit_free(&u);
}

void gather_sshd(struct facts *f, const struct logins *people)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		f->failed = true;
		return;
	}
	a->f = f;
	a->people = people;
	gather_config(f, SSHD_LINES_MAIN);
	ask_source(a, &(struct source){.name = "config"}, SSHD_LINES_MAIN);
	for (size_t i = 0; unit_sshd(i) != NULL; i++)
		ask_unit(a, unit_sshd(i));
	free(a);
}
