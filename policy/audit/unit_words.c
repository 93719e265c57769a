#include "policy/audit/unit_words.h"

#include <stdlib.h>
#include <string.h>

const char *words_keep(struct words *w, const char *text, size_t n)
{
	char *copy;

	if (w->bytes + n + 1 > w->most) {
		w->full = true;
		return "";
	}
	if (w->count == w->room) {
		char **item = realloc(w->item, (w->room + 64) * sizeof(*item));

		if (item == NULL) {
			w->failed = true;
			return "";
		}
		w->item = item;
		w->room += 64;
	}
	if ((copy = malloc(n + 1)) == NULL) {
		w->failed = true;
		return "";
	}
	memcpy(copy, text, n);
	copy[n] = '\0';
	w->item[w->count++] = copy;
	w->bytes += n + 1;
	return copy;
}

void words_free(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->item[i]);
	free(w->item);
	*w = (struct words){.count = 0};
}

static void empty(struct buffer *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

static void add(struct buffer *b, char c)
{
	buffer_add(b, &c, 1);
}

/* The value of n digits of the base, or -1. */
static int number(const char *p, size_t n, int base)
{
	char digits[4] = "";
	char *end;
	long value;

	memcpy(digits, p, n < strlen(p) ? n : strlen(p));
	value = strtol(digits, &end, base);
	return strlen(digits) == n && end == digits + n && digits[0] != '-' && digits[0] != '+' &&
	    value > 0 && value < 256 ? (int)value : -1;
}

/* Behind a backslash: adds what it stands for; how many bytes it took. */
static size_t unescape(const char *p, struct buffer *b)
{
	static const char from[] = "abfnrtvs\\\"'", to[] = "\a\b\f\n\r\t\v \\\"'";
	const char *at = *p != '\0' ? strchr(from, *p) : NULL;
	int c;

	if (at != NULL) {
		add(b, to[at - from]);
		return 1;
	}
	if (*p == 'x' && (c = number(p + 1, 2, 16)) > 0) {
		add(b, (char)c);
		return 3;
	}
	if ((c = number(p, 3, 8)) > 0) {
		add(b, (char)c);
		return 3;
	}
	add(b, '\\'); /* systemd keeps what it does not know */
	return 0;
}

int words_next(const char **at, struct buffer *b, bool *plain)
{
	const char *p = *at + strspn(*at, " \t\n\r");
	char quote = '\0';

	empty(b);
	*plain = true;
	if (*p == '\0') {
		*at = p;
		return 0;
	}
	while (*p != '\0' && (quote != '\0' || strchr(" \t\n\r", *p) == NULL)) {
		if (*p == '\\') {
			*plain = false;
			p++;
			p += unescape(p, b);
		} else if (quote == '\0' && (*p == '"' || *p == '\'')) {
			*plain = false;
			quote = *p++;
		} else if (*p == quote) {
			quote = '\0';
			p++;
		} else {
			add(b, *p++);
		}
	}
	*at = p;
	return quote == '\0' ? 1 : 2;
}

/* ---- environment files ---- */

struct env {
	const char *at;
	size_t line;
};

static char take(struct env *e)
{
	e->line += *e->at == '\n';
	return *e->at++;
}

/* What stands between quotes, over lines too. */
static void take_quoted(struct env *e, struct buffer *b)
{
	const char quote = take(e);

	while (*e->at != '\0' && *e->at != quote) {
		if (quote == '"' && *e->at == '\\' && e->at[1] != '\0') {
			(void)take(e);
			if (*e->at == '\n') {
				(void)take(e);
				continue;
			}
			if (strchr("\"\\`$", *e->at) == NULL)
				add(b, '\\');
		}
		add(b, take(e));
	}
	if (*e->at != '\0')
		(void)take(e);
}

static void take_value(struct env *e, struct buffer *b)
{
	size_t kept = 0; /* blanks at the end outside of quotes are none of it */

	empty(b);
	while (*e->at == ' ' || *e->at == '\t')
		(void)take(e);
	while (*e->at != '\0' && *e->at != '\n') {
		if (*e->at == '"' || *e->at == '\'') {
			take_quoted(e, b);
			kept = b->len;
			continue;
		}
		if (*e->at == '\\' && e->at[1] != '\0') {
			(void)take(e);
			if (*e->at == '\n') {
				(void)take(e);
				continue;
			}
		}
		add(b, *e->at);
		if (*e->at != ' ' && *e->at != '\t' && *e->at != '\r')
			kept = b->len;
		(void)take(e);
	}
	b->len = kept;
	if (b->data != NULL)
		b->data[kept] = '\0';
}

void words_environment(const char *text, words_variable *each, void *ctx)
{
	struct env e = {text, 1};
	struct buffer name = {0}, value = {0};

	while (*e.at != '\0') {
		size_t n, line;

		e.at += strspn(e.at, " \t\r");
		n = strcspn(e.at, "=\n");
		line = e.line;
		if (*e.at == '#' || *e.at == ';' || e.at[n] != '=') {
			e.at += strcspn(e.at, "\n");
			if (*e.at != '\0')
				(void)take(&e);
			continue;
		}
		empty(&name);
		buffer_add(&name, e.at, n);
		e.at += n + 1;
		while (name.len > 0 && strchr(" \t", name.data[name.len - 1]) != NULL)
			name.data[--name.len] = '\0';
		take_value(&e, &value);
		each(ctx, buffer_string(&name), buffer_string(&value), line);
	}
	buffer_free(&name);
	buffer_free(&value);
}
