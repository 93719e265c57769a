#include "policy/audit/sshd_lines.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH 16 /* of includes, as sshd's */
#define LINE 4096

struct match {
	char text[LINE];
	const char *file;
	size_t line;
	bool is;
};

struct walk {
	const struct sshd_lines *l;
	size_t left; /* lines */
};

bool sshd_lines_word(const char **at, char *word, size_t size)
{
	const char *p = *at + strspn(*at, " \t");
	char quote = '\0';
	size_t n = 0;

	if (*p == '\0')
		return false;
	for (; *p != '\0' && (quote != '\0' || strchr(" \t", *p) == NULL); p++) {
		if (quote == '\0' && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
		else if (n + 1 < size)
			word[n++] = *p;
	}
	word[n] = '\0';
	*at = p;
	return true;
}

/* Takes the comment behind a value off: OpenSSH ends there since 8.7. */
static void cut_comment(char *value)
{
	char quote = '\0';

	for (char *p = value; *p != '\0'; p++) {
		if (quote == '\0' && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
		else if (quote == '\0' && *p == '#' && (p == value || strchr(" \t", p[-1]) != NULL))
			*p = '\0';
		if (*p == '\0')
			break;
	}
	for (size_t n = strlen(value); n > 0 && strchr(" \t\r\f", value[n - 1]) != NULL; n--)
		value[n - 1] = '\0';
}

static int walk_file(struct walk *w, const char *path, const struct match *around, int depth);

/* The files of an Include; what a Match in them says ends with them. */
static int walk_include(struct walk *w, const char *value, const struct match *m, int depth)
{
	char pattern[PATH_MAX], name[PATH_MAX + 16];
	int r = 0;

	while (r == 0 && sshd_lines_word(&value, pattern, sizeof(pattern))) {
		const struct fact *x;

		if (w->left == 0)
			return -1;
		w->left--;
		(void)snprintf(name, sizeof(name), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern);
		x = facts_get(w->l->facts, "glob", name);
		if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
			w->l->untold(w->l->ctx, "glob", name);
		for (const char *p = x->text; x->is == FACT_TEXT && *p != '\0' && r == 0;) {
			const size_t n = strcspn(p, "\n");
			char path[PATH_MAX];

			(void)snprintf(path, sizeof(path), "%.*s", (int)(n < sizeof(path) ? n : 0), p);
			r = walk_file(w, path, m, depth + 1);
			p += n + (p[n] == '\n');
		}
	}
	return r;
}

/* A Match of an included file holds where the one around its Include does, too. */
static bool begin_match(const struct sshd_line *l, const struct match *around, struct match *m)
{
	m->file = l->file, m->line = l->line, m->is = true;
	return snprintf(m->text, sizeof(m->text), "%s%s%s", around->text, around->is ? " " : "",
	    l->value) < (int)sizeof(m->text);
}

static int walk_line(struct walk *w, struct sshd_line *l, const struct match *around,
    struct match *m, int depth)
{
	int r;

	if (strcasecmp(l->key, "Match") == 0 && !begin_match(l, around, m)) {
		w->l->untold(w->l->ctx, "lines", l->file);
		return -1;
	}
	if (m->is)
		l->match = m->text, l->match_file = m->file, l->match_line = m->line;
	if ((r = w->l->each(w->l->ctx, l)) != 0 || strcasecmp(l->key, "Include") != 0)
		return r;
	return walk_include(w, l->value, m, depth);
}

/* Of a text of n bytes: its key ends with a NUL, its value is returned. */
static char *split(char *text)
{
	char *value = text + strcspn(text, " \t=");

	if (*value != '\0') {
		char *at = value + strspn(value, " \t");

		at += *at == '=';
		*value = '\0';
		value = at + strspn(at, " \t");
	}
	cut_comment(value);
	return value;
}

static int walk_file(struct walk *w, const char *path, const struct match *around, int depth)
{
	const struct fact *x = facts_get(w->l->facts, "file", path);
	struct match m = *around;
	size_t line = 0;
	int r = 0;

	/* An empty file costs something, too: includes multiply. */
	if (depth > DEPTH || w->left == 0) {
		w->l->untold(w->l->ctx, "lines", path);
		return -1;
	}
	w->left--;
	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
		w->l->untold(w->l->ctx, "file", path);
	for (const char *p = x->text; x->is == FACT_TEXT && *p != '\0' && r == 0;) {
		size_t n = strcspn(p, "\n"), blanks = strspn(p, " \t\r\f");
		char text[LINE];

		line++;
		if (w->left == 0 || n >= sizeof(text)) {
			w->l->untold(w->l->ctx, "lines", path);
			return -1;
		}
		w->left--;
		(void)snprintf(text, sizeof(text), "%.*s", (int)(n > blanks ? n - blanks : 0), p + blanks);
		p += n + (p[n] == '\n');
		if (text[0] == '\0' || text[0] == '#')
			continue;
		r = walk_line(w, &(struct sshd_line){.file = path, .line = line, .value = split(text),
		    .key = text}, around, &m, depth);
	}
	return r;
}

int sshd_lines(const struct sshd_lines *l, const char *main)
{
	struct walk w = {l, SSHD_LINES_MOST};
	const struct match none = {.is = false};

	return walk_file(&w, main, &none, 0);
}
