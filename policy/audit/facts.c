#include "policy/audit/facts.h"

#include "enroll/language.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	const int r = strcmp(x->kind, y->kind);

	return r != 0 ? r : strcmp(x->name, y->name);
}

static void free_fact(struct fact *x)
{
	free((void *)(size_t)x->kind);
	free((void *)(size_t)x->name);
	free((void *)(size_t)x->text);
}

/* A copy of n bytes that is a string whatever is in them. */
static char *copy(const char *text, size_t n)
{
	char *s = malloc(n + 1);

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		s[i] = text[i];
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\0')
			s[i] = ' ';
	s[n] = '\0';
	return s;
}

static bool grow(struct facts *f)
{
	const size_t room = f->room == 0 ? 256 : 2 * f->room;
	struct fact *item;

	if (f->count < f->room)
		return true;
	if ((item = realloc(f->item, room * sizeof(*item))) == NULL)
		return false;
	f->item = item;
	f->room = room;
	return true;
}

static void put(struct facts *f, const struct fact *what, size_t len)
{
	struct fact x = {.is = what->is};

	x.kind = copy(what->kind, strlen(what->kind));
	x.name = copy(what->name, strcspn(what->name, "\n"));
	x.text = copy(what->text, len);
	if (x.kind == NULL || x.name == NULL || x.text == NULL || !grow(f)) {
		free_fact(&x);
		f->failed = true;
		return;
	}
	x.noted = f->noted++;
	f->item[f->count++] = x;
	f->sorted = false;
}

void facts_text(struct facts *f, const char *kind, const char *name, const char *text, size_t len)
{
	put(f, &(struct fact){.kind = kind, .name = name, .is = FACT_TEXT, .text = text}, len);
}

void facts_format(struct facts *f, const char *kind, const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		f->failed = true;
		return;
	}
	facts_text(f, kind, name, text, (size_t)n);
	free(text);
}

void facts_none(struct facts *f, const char *kind, const char *name)
{
	put(f, &(struct fact){.kind = kind, .name = name, .is = FACT_NONE, .text = ""}, 0);
}

void facts_trouble(struct facts *f, const char *kind, const char *name, const char *why)
{
	put(f, &(struct fact){.kind = kind, .name = name, .is = FACT_TROUBLE, .text = why},
	    strlen(why));
}

/* In order of keys; of the same key the last that was noted is the last. */
static int by_key_and_time(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	const int r = by_key(x, y);

	return r != 0 ? r : x->noted < y->noted ? -1 : x->noted > y->noted;
}

/* A saved file may hold them in any order, and many: nothing here is quadratic. */
static void sort(struct facts *f)
{
	size_t n = 0;

	if (f->sorted || f->count == 0)
		return;
	qsort(f->item, f->count, sizeof(*f->item), by_key_and_time);
	for (size_t i = 0; i < f->count; i++) {
		if (i + 1 < f->count && by_key(&f->item[i], &f->item[i + 1]) == 0)
			free_fact(&f->item[i]);
		else
			f->item[n++] = f->item[i];
	}
	f->count = n;
	f->sorted = true;
}

/* The first that is not before the key. */
static size_t find(struct facts *f, const char *kind, const char *name)
{
	const struct fact key = {.kind = kind, .name = name};
	size_t low = 0, high;

	sort(f);
	high = f->count;
	while (low < high) {
		const size_t mid = (low + high) / 2;

		if (by_key(&f->item[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct fact *facts_get(struct facts *f, const char *kind, const char *name)
{
	static const struct fact unknown = {"", "", FACT_UNKNOWN, "", 0};
	const size_t at = find(f, kind, name);

	if (at < f->count && strcmp(f->item[at].kind, kind) == 0 &&
	    strcmp(f->item[at].name, name) == 0)
		return &f->item[at];
	return &unknown;
}

const char *facts_string(struct facts *f, const char *kind, const char *name)
{
	const struct fact *x = facts_get(f, kind, name);

	return x->is == FACT_TEXT ? x->text : "";
}

char *facts_edit(struct facts *f, const char *kind, const char *name)
{
	static char none[1];
	const size_t at = find(f, kind, name);

	if (at >= f->count || by_key(&f->item[at], &(struct fact){.kind = kind, .name = name}) != 0 ||
	    f->item[at].is != FACT_TEXT)
		return none;
	return (char *)(size_t)f->item[at].text;
}

const struct fact *facts_next(struct facts *f, const char *kind, const char *prefix,
    const struct fact *last)
{
	const size_t at = last == NULL ? find(f, kind, prefix) : (size_t)(last - f->item) + 1;

	if (at < f->count && strcmp(f->item[at].kind, kind) == 0 &&
	    strncmp(f->item[at].name, prefix, strlen(prefix)) == 0)
		return &f->item[at];
	return NULL;
}

static void write_text(FILE *out, const char *text)
{
	for (;;) {
		const size_t n = strcspn(text, "\n");

		(void)putc('\t', out);
		(void)fwrite(text, 1, n, out);
		(void)putc('\n', out);
		if (text[n] == '\0')
			return;
		text += n + 1;
	}
}

int facts_write(struct facts *f, FILE *out, struct err *e)
{
	static const char signs[] = {[FACT_UNKNOWN] = '?', [FACT_NONE] = '-', [FACT_TEXT] = '=',
	    [FACT_TROUBLE] = '!'};

	if (f->failed)
		return err_set(e, ERR_SYSTEM, "out of memory");
	sort(f);
	(void)fputs(FACTS_HEAD "\n", out);
	for (size_t i = 0; i < f->count; i++) {
		const struct fact *x = &f->item[i];

		(void)fprintf(out, "%c %s %s\n", signs[x->is], x->kind, x->name);
		if (x->is != FACT_NONE)
			write_text(out, x->text);
	}
	return fflush(out) == 0 && ferror(out) == 0 ? 0 : err_set(e, ERR_SYSTEM,
	    "the facts cannot be written");
}

/* ---- reading ---- */

struct reading {
	struct facts *f;
	const char *name, *at, *end;
	size_t line;
	struct err *e;
};

static int bad(const struct reading *r, const char *why)
{
	return err_set(r->e, ERR_SYNTAX, "%s:%zu: %s", r->name, r->line, _(why));
}

/* The next line, without its newline; its length, or -1 at the end. */
static long next_line(struct reading *r, const char **line)
{
	const char *newline;

	if (r->at == r->end)
		return -1;
	*line = r->at;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	r->at = newline != NULL ? newline + 1 : r->end;
	r->line++;
	return (newline != NULL ? newline : r->end) - *line;
}

/* How many bytes the lines with a TAB in front take that follow. */
static size_t lines_size(const struct reading *r)
{
	const char *at = r->at;

	while (at < r->end && *at == '\t') {
		const char *newline = memchr(at, '\n', (size_t)(r->end - at));

		at = newline != NULL ? newline + 1 : r->end;
	}
	return (size_t)(at - r->at);
}

/* Those lines, as the text they were. */
static char *read_text(struct reading *r, size_t *len)
{
	char *text = malloc(lines_size(r) + 1);
	const char *line = NULL;
	size_t n = 0;
	long length;

	while (text != NULL && r->at < r->end && *r->at == '\t' &&
	    (length = next_line(r, &line)) > 0) {
		memcpy(text + n, line + 1, (size_t)length - 1);
		n += (size_t)length - 1;
		text[n++] = '\n';
	}
	*len = n > 0 ? n - 1 : 0;
	return text;
}

/* "= KIND NAME" into x, whose kind is to be freed. */
static int read_head(const struct reading *r, const char *line, size_t n, struct fact *x)
{
	const enum fact_is is = n < 5 || line[1] != ' ' ? FACT_UNKNOWN : line[0] == '=' ? FACT_TEXT :
	    line[0] == '-' ? FACT_NONE : line[0] == '!' ? FACT_TROUBLE : FACT_UNKNOWN;
	char *head, *name;

	if (is == FACT_UNKNOWN || memchr(line, '\0', n) != NULL ||
	    memchr(line + 2, ' ', n - 2) == NULL)
		return bad(r, N_("neither a fact nor a line of one"));
	if (r->f->count >= FACTS_MOST)
		return bad(r, N_("too many facts"));
	if ((head = copy(line + 2, n - 2)) == NULL)
		return err_set(r->e, ERR_SYSTEM, "out of memory");
	name = head + strcspn(head, " ");
	*name++ = '\0';
	*x = (struct fact){.kind = head, .name = name, .is = is, .text = ""};
	return 0;
}

static int read_fact(struct reading *r, const char *line, size_t n)
{
	struct fact x = {.is = FACT_UNKNOWN};
	const int code = read_head(r, line, n, &x);
	const bool lines = r->at < r->end && *r->at == '\t';
	char *text = NULL;
	size_t len = 0;
	int result = 0;

	if (code != 0)
		return code;
	if (lines != (x.is != FACT_NONE))
		result = bad(r, lines ? N_("there is none, and it has lines") : N_("its lines are missing"));
	else if (lines && (text = read_text(r, &len)) == NULL)
		result = err_set(r->e, ERR_SYSTEM, "out of memory");
	if (result == 0) {
		x.text = text != NULL ? text : "";
		put(r->f, &x, len);
	}
	free(text);
	free((void *)(size_t)x.kind);
	return result;
}

int facts_read(struct facts *f, const char *name, const char *text, size_t len, struct err *e)
{
	struct reading r = {f, name, text, text + len, 0, e};
	const char *line = NULL;
	long n = next_line(&r, &line);
	int code = 0;

	if (n != (long)strlen(FACTS_HEAD) || memcmp(line, FACTS_HEAD, (size_t)n) != 0)
		return bad(&r, N_("not the facts of a host"));
	if (text[len - 1] != '\n')
		return err_set(e, ERR_SYNTAX, "%s: its last line has no end: it is not whole", name);
	while (code == 0 && (n = next_line(&r, &line)) >= 0)
		code = read_fact(&r, line, (size_t)n);
	return code == 0 && f->failed ? err_set(e, ERR_SYSTEM, "out of memory") : code;
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->count; i++)
		free_fact(&f->item[i]);
	free(f->item);
	*f = (struct facts){.count = 0};
}
