#include "policy/audit/unit.h"

#include "policy/audit/unit_words.h"
#include "policy/buffer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* systemd.unit(5), "Unit File Load Path"; /lib of a host where it is not /usr/lib. */
static const char *const dirs[] = {"/etc/systemd/system.control", "/run/systemd/system.control",
    "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
    "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
    "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system", "/run/systemd/generator.late"};

static const char *const services[] = {"ssh.service", "sshd.service", "ssh@.service",
    "sshd@.service"};

#define DIRS (sizeof(dirs) / sizeof(dirs[0]))
#define NAMES 8    /* of one unit */
#define DROPINS 256
#define VARIABLES 256
#define WORK ((size_t)16 * 1024 * 1024)
#define LINES 512 /* of ExecStart, Environment and EnvironmentFile that are in force */

const char *unit_dir(size_t i)
{
	return i < DIRS ? dirs[i] : NULL;
}

const char *unit_sshd(size_t i)
{
	return i < sizeof(services) / sizeof(services[0]) ? services[i] : NULL;
}

struct line {
	const char *value;
	struct unit_place at;
};

struct lines {
	struct line item[LINES];
	size_t count;
};

struct dropin {
	const char *path, *base;
};

struct variable {
	const char *name, *value;
	struct unit_place at;
};

struct merge {
	struct facts *f;
	struct unit *u;
	struct words w;
	const char *names[NAMES];
	size_t name_count;
	struct dropin dropin[DROPINS];
	size_t dropins;
	struct lines exec, set, files;
	struct variable variable[VARIABLES];
	size_t variables;
	struct unit_word word[UNIT_WORDS]; /* of the command that is read */
	const char *environment[LINES];
	bool broken; /* a line is not taken */
	size_t work; /* bytes of variables that were looked through */
	const char *parts[DROPINS + 1];
};

static void not_told(struct merge *m, const char *kind, const char *name)
{
	if (m->u->untold.name == NULL)
		m->u->untold = (struct unit_untold){words_keep(&m->w, kind, strlen(kind)),
		    words_keep(&m->w, name, strlen(name))};
}

/* ---- which files ---- */

/* On most hosts /lib is a link, and what is below it was seen already. */
static bool is_dir(struct merge *m, size_t i)
{
	if (facts_get(m->f, "meta", dirs[i])->is == FACT_NONE)
		return false;
	return strncmp(dirs[i], "/lib/", 5) != 0 ||
	    strncmp(facts_string(m->f, "meta", "/lib"), "link ", 5) != 0;
}

/* Where the link leads to, or NULL: it is none.  "link MODE UID GID SIZE TIME TARGET" */
static const char *link_target(const struct fact *meta)
{
	const char *p = meta->text;

	if (meta->is != FACT_TEXT || strncmp(p, "link ", 5) != 0)
		return NULL;
	for (int i = 0; i < 6 && *p != '\0'; i++)
		p += strcspn(p, " "), p += *p == ' ';
	return p;
}

/* Its file, in the first directory that has one; path holds PATH_MAX.  NULL: none. */
static const struct fact *find_main(struct merge *m, const char *name, char *path)
{
	for (size_t i = 0; i < DIRS; i++) {
		const struct fact *meta;

		if (!is_dir(m, i))
			continue;
		(void)snprintf(path, PATH_MAX, "%s/%s", dirs[i], name);
		meta = facts_get(m->f, "meta", path);
		if (meta->is == FACT_TEXT)
			return meta;
		if (meta->is != FACT_NONE)
			not_told(m, "meta", path);
	}
	return NULL;
}

/* The other name that the link stands for, or NULL. */
static const char *alias_of(const struct fact *meta, const char *name)
{
	const char *target = meta != NULL ? link_target(meta) : NULL, *base;
	const char *type = strrchr(name, '.');

	if (target == NULL || strcmp(target, "/dev/null") == 0)
		return NULL;
	base = strrchr(target, '/');
	base = base != NULL ? base + 1 : target;
	return strcmp(base, name) != 0 && strrchr(base, '.') != NULL &&
	    strcmp(strrchr(base, '.'), type) == 0 ? base : NULL;
}

/* Its own name, and those of the known ones that are links to it. */
static void find_names(struct merge *m)
{
	char path[PATH_MAX];
	const char *other;

	m->names[m->name_count++] = m->u->name;
	for (size_t i = 0; unit_sshd(i) != NULL && m->name_count < NAMES; i++) {
		if (strcmp(unit_sshd(i), m->u->name) == 0)
			continue;
		other = alias_of(find_main(m, unit_sshd(i), path), unit_sshd(i));
		if (other != NULL && strcmp(other, m->u->name) == 0)
			m->names[m->name_count++] = unit_sshd(i);
	}
}

static void add_dropin(struct merge *m, const char *dir, const char *name, size_t n)
{
	char path[PATH_MAX];
	struct dropin *d;

	if (n < 6 || strncmp(name + n - 5, ".conf", 5) != 0)
		return;
	for (size_t i = 0; i < m->dropins; i++)
		if (strlen(m->dropin[i].base) == n && strncmp(m->dropin[i].base, name, n) == 0)
			return; /* a stronger one of that name */
	if (snprintf(path, sizeof(path), "%s/%.*s", dir, (int)n, name) >= (int)sizeof(path) ||
	    m->dropins == DROPINS) {
		not_told(m, "dir", dir);
		return;
	}
	d = &m->dropin[m->dropins];
	d->path = words_keep(&m->w, path, strlen(path));
	if (d->path[0] == '\0')
		return;
	d->base = d->path + strlen(d->path) - n;
	m->dropins++;
}

static void find_dropins_in(struct merge *m, const char *name)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < DIRS; i++) {
		const struct fact *x;

		if (!is_dir(m, i))
			continue;
		(void)snprintf(dir, sizeof(dir), "%s/%s.d", dirs[i], name);
		x = facts_get(m->f, "dir", dir);
		if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
			not_told(m, "dir", dir);
		for (const char *p = x->text; x->is == FACT_TEXT && *p != '\0';) {
			const size_t n = strcspn(p, "\n");

			add_dropin(m, dir, p, n);
			p += n + (p[n] == '\n');
		}
	}
}

static int by_base(const void *a, const void *b)
{
	return strcmp(((const struct dropin *)a)->base, ((const struct dropin *)b)->base);
}

static void find_dropins(struct merge *m)
{
	for (size_t i = 0; i < m->name_count; i++)
		find_dropins_in(m, m->names[i]);
	find_dropins_in(m, strrchr(m->u->name, '.') + 1); /* of every unit of its type */
	qsort(m->dropin, m->dropins, sizeof(m->dropin[0]), by_base);
}

/* ---- what they say ---- */

static void add_line(struct merge *m, struct lines *l, const char *value,
    const struct unit_place *at)
{
	if (*value == '\0')
		l->count = 0; /* an empty value takes back what was before */
	else if (l->count == LINES)
		not_told(m, "file", at->file);
	else
		l->item[l->count++] = (struct line){words_keep(&m->w, value, strlen(value)), *at};
}

/* Whether systemd does not take a command: it passes over the rest of the file then. */
static bool is_broken(const char *value)
{
	const bool own_name = memchr(value, '@', strspn(value, "@-:+!|")) != NULL;
	struct buffer b = {0};
	size_t words = 0;
	bool plain;
	int how = 1;

	while (how == 1 && (how = words_next(&value, &b, &plain)) == 1)
		words++;
	buffer_free(&b);
	return how == 2 || (own_name && words < 2);
}

static void take_setting(struct merge *m, char *text, const struct unit_place *at)
{
	struct { const char *key; struct lines *lines; } keys[] = {{"ExecStart", &m->exec},
	    {"Environment", &m->set}, {"EnvironmentFile", &m->files}};
	char *value = strchr(text, '='), *end = value;

	if (value == NULL)
		return;
	*value++ = '\0';
	while (end > text && strchr(" \t", end[-1]) != NULL)
		*--end = '\0';
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && strchr(" \t\r", end[-1]) != NULL)
		*--end = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(text, keys[i].key) == 0)
			add_line(m, keys[i].lines, value, at);
	if (strcmp(text, keys[0].key) == 0 && *value != '\0')
		m->broken = m->broken || is_broken(value);
}

struct source {
	const char *at;
	size_t line, next; /* of the logical line, of what follows */
};

/* The next logical line, without the blanks before it.  false: the end. */
static bool next_line(struct source *s, struct buffer *b)
{
	bool any = false, more = true;

	buffer_free(b);
	while (more && *s->at != '\0') {
		const char *p = s->at;
		const size_t blanks = strspn(p, " \t");
		size_t n = strcspn(p, "\n"), slashes = 0;

		s->at += n + (p[n] == '\n');
		s->next++;
		/* A comment inside a continued line is none of it. */
		if (p[blanks] == '#' || p[blanks] == ';')
			continue;
		if (!any) {
			s->line = s->next;
			p += blanks, n -= blanks;
		}
		while (slashes < n && p[n - 1 - slashes] == '\\')
			slashes++;
		more = slashes % 2 == 1;
		buffer_add(b, p, more ? n - 1 : n);
		if (more)
			buffer_add(b, " ", 1);
		any = true;
	}
	return any;
}

static void read_part(struct merge *m, const char *path)
{
	const struct fact *x = facts_get(m->f, "file", path);
	struct source s = {.at = x->text};
	struct buffer b = {0};
	bool service = false;

	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
		not_told(m, "file", path);
	if (x->is != FACT_TEXT || x->text[0] == '\0')
		return;
	m->parts[m->u->parts++] = path;
	while (next_line(&s, &b)) {
		if (b.failed) {
			m->w.failed = true;
			break;
		}
		if (b.len == 0)
			continue;
		if (b.data[0] == '[')
			service = strncmp(b.data, "[Service]", 9) == 0;
		else if (service)
			take_setting(m, b.data, &(struct unit_place){path, s.line});
	}
	buffer_free(&b);
}

/* ---- variables ---- */

/* A later one of the same name counts. */
static void set_variable(struct merge *m, const char *name, const char *value,
    const struct unit_place *at)
{
	struct variable *v = NULL;

	for (size_t i = 0; i < m->variables && v == NULL; i++)
		if (strcmp(m->variable[i].name, name) == 0)
			v = &m->variable[i];
	if (v == NULL && m->variables == VARIABLES) {
		not_told(m, "file", at->file);
		return;
	}
	if (v == NULL) {
		v = &m->variable[m->variables++];
		v->name = words_keep(&m->w, name, strlen(name));
	}
	v->value = words_keep(&m->w, value, strlen(value));
	v->at = *at;
}

/* %% is a percent sign; of the others none tells whose key is taken. */
static void put_percent(struct buffer *b)
{
	size_t to = 0;

	for (size_t from = 0; from < b->len; from++) {
		b->data[to++] = b->data[from];
		from += b->data[from] == '%' && from + 1 < b->len && b->data[from + 1] == '%';
	}
	b->len = to;
	if (b->data != NULL)
		b->data[to] = '\0';
}

static void set_from_line(struct merge *m, const struct line *l)
{
	const char *at = l->value;
	struct buffer b = {0};
	bool plain;

	while (words_next(&at, &b, &plain) != 0 && !b.failed) {
		char *value;

		put_percent(&b);
		if (b.len == 0 || (value = strchr(b.data, '=')) == NULL)
			continue;
		*value++ = '\0';
		set_variable(m, b.data, value, &l->at);
	}
	m->w.failed = m->w.failed || b.failed;
	buffer_free(&b);
}

struct from_file {
	struct merge *m;
	const char *path;
};

static void set_from_file(void *ctx, const char *name, const char *value, size_t line)
{
	const struct from_file *from = ctx;

	set_variable(from->m, name, value, &(struct unit_place){from->path, line});
}

static void read_variables(struct merge *m)
{
	for (size_t i = 0; i < m->set.count; i++)
		set_from_line(m, &m->set.item[i]);
	for (size_t i = 0; i < m->files.count; i++) {
		const char *path = m->files.item[i].value;
		const struct fact *x;

		path += *path == '-';
		m->environment[m->u->environments++] = path;
		x = facts_get(m->f, "file", path);
		if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
			not_told(m, "file", path);
		if (x->is == FACT_TEXT)
			words_environment(x->text, set_from_file, &(struct from_file){m, path});
	}
}

/* ---- commands ---- */

static const struct variable *find_variable(const struct merge *m, const char *name, size_t n)
{
	for (size_t i = 0; i < m->variables; i++)
		if (strlen(m->variable[i].name) == n && strncmp(m->variable[i].name, name, n) == 0)
			return &m->variable[i];
	return NULL;
}

static void add_word(struct merge *m, struct unit_command *c, const char *text,
    const struct unit_place *at)
{
	if (c->count == UNIT_WORDS)
		m->w.full = true;
	else
		m->word[c->count++] = (struct unit_word){words_keep(&m->w, text, strlen(text)), *at};
}

/* A short line can name a long variable many times. */
static void count_work(struct merge *m, size_t n)
{
	m->work += n;
	m->w.full = m->w.full || m->work > WORK;
}

/* $NAME as a word of its own: its words. */
static void add_variable(struct merge *m, struct unit_command *c, const char *name)
{
	const struct variable *v = find_variable(m, name, strlen(name));
	struct buffer b = {0};
	const char *at;
	bool plain;

	if (v == NULL)
		return;
	at = v->value;
	count_work(m, strlen(at));
	while (!m->w.full && words_next(&at, &b, &plain) != 0 && !b.failed)
		add_word(m, c, buffer_string(&b), &v->at);
	m->w.failed = m->w.failed || b.failed;
	buffer_free(&b);
}

/* ${NAME} inside of a word; it stands where the variable is set. */
static void add_replaced(struct merge *m, struct unit_command *c, const char *text,
    const struct unit_place *at)
{
	struct buffer b = {0};
	struct unit_place place = *at;

	while (*text != '\0' && b.len < UNIT_BYTES) {
		const char *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;

		if (end != NULL) {
			const struct variable *v = find_variable(m, text + 2, (size_t)(end - text) - 2);

			if (v != NULL) {
				buffer_text(&b, v->value);
				place = v->at;
			}
			text = end + 1;
		} else {
			buffer_add(&b, text, 1);
			text += strncmp(text, "$$", 2) == 0 ? 2 : 1;
		}
	}
	m->w.failed = m->w.failed || b.failed;
	count_work(m, b.len);
	add_word(m, c, buffer_string(&b), &place);
	buffer_free(&b);
}

static void end_command(struct merge *m, struct unit_command *c, const struct unit_place *at)
{
	if (c->count == 0)
		return;
	if (m->u->commands == UNIT_COMMANDS) {
		not_told(m, "file", at->file);
		return;
	}
	if ((c->word = calloc(c->count, sizeof(*c->word))) == NULL) {
		m->w.failed = true;
		return;
	}
	memcpy(c->word, m->word, c->count * sizeof(*c->word));
	m->u->command[m->u->commands++] = *c;
	*c = (struct unit_command){.count = 0};
}

/* The signs before a program; what they say of the words behind. */
static const char *skip_signs(const char *text, bool *variables, bool *own_name)
{
	const size_t n = strspn(text, "@-:+!|");

	*variables = memchr(text, ':', n) == NULL;
	*own_name = memchr(text, '@', n) != NULL;
	return text + n;
}

/* One ExecStart; a word of a semicolon begins another command. */
static void read_command(struct merge *m, const struct line *l)
{
	struct unit_command c = {.count = 0};
	const char *at = l->value;
	struct buffer b = {0};
	bool plain, variables = true, drop = false;

	while (!m->w.full && words_next(&at, &b, &plain) != 0 && !b.failed) {
		const char *text;


		if (plain && strcmp(buffer_string(&b), ";") == 0) {
			end_command(m, &c, &l->at);
			continue;
		}
		put_percent(&b);
		text = strcmp(buffer_string(&b), "\\;") == 0 ? ";" : buffer_string(&b);
		if (c.count == 0) {
			text = skip_signs(text, &variables, &drop);
			add_word(m, &c, text, &l->at);
		} else if (drop) {
			drop = false; /* the name that it is told to have */
		} else if (variables && text[0] == '$' && text[1] != '{' && text[1] != '$') {
			add_variable(m, &c, text + 1);
		} else if (variables) {
			add_replaced(m, &c, text, &l->at);
		} else {
			add_word(m, &c, text, &l->at);
		}
	}
	m->w.failed = m->w.failed || b.failed;
	buffer_free(&b);
	end_command(m, &c, &l->at);
}

/* ---- the whole ---- */

static void merge(struct merge *m)
{
	char path[PATH_MAX];
	struct unit *u = m->u;
	const struct fact *meta = find_main(m, u->name, path);
	const char *alias = alias_of(meta, u->name);

	if (meta == NULL)
		return;
	if (alias != NULL) {
		u->alias = words_keep(&m->w, alias, strlen(alias));
		return;
	}
	u->file = words_keep(&m->w, path, strlen(path));
	read_part(m, u->file);
	if (u->parts == 0) {
		u->masked = u->untold.name == NULL;
		return;
	}
	find_names(m);
	find_dropins(m);
	for (size_t i = 0; i < m->dropins; i++)
		read_part(m, m->dropin[i].path);
	read_variables(m);
	for (size_t i = 0; i < m->exec.count; i++)
		read_command(m, &m->exec.item[i]);
}

/* What outlives the merge. */
static void hand_over(struct merge *m)
{
	struct unit *u = m->u;
	struct words *own = malloc(sizeof(*own));

	u->part = calloc(u->parts + 1, sizeof(*u->part));
	u->environment = calloc(u->environments + 1, sizeof(*u->environment));
	if (own == NULL || u->part == NULL || u->environment == NULL) {
		m->w.failed = true;
		words_free(&m->w);
		free(own);
		u->parts = u->environments = 0;
		return;
	}
	memcpy(u->part, m->parts, u->parts * sizeof(*u->part));
	memcpy(u->environment, m->environment, u->environments * sizeof(*u->environment));
	if (m->w.full || m->broken)
		u->untold = (struct unit_untold){"unit", u->name};
	*own = m->w;
	u->own = own;
}

int unit_merge(struct facts *f, const char *name, struct unit *u)
{
	struct merge *m = calloc(1, sizeof(*m));
	bool failed;

	*u = (struct unit){.name = name};
	if (m == NULL)
		return ERR_SYSTEM;
	m->f = f;
	m->u = u;
	m->w.most = UNIT_BYTES;
	merge(m);
	hand_over(m);
	failed = m->w.failed;
	free(m);
	return failed ? ERR_SYSTEM : 0;
}

void unit_free(struct unit *u)
{
	for (size_t i = 0; i < u->commands; i++)
		free(u->command[i].word);
	free(u->part);
	free(u->environment);
	if (u->own != NULL)
		words_free(u->own);
	free(u->own);
	*u = (struct unit){.name = NULL};
}
