#include "policy/audit/facts.h"

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
	f->item[f->count++] = x;
	f->sorted = false;
}

void facts_text(struct facts *f, const char *kind, const char *name, const char *text, size_t len)
{
	put(f, &(struct fact){kind, name, FACT_TEXT, text}, len);
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
	put(f, &(struct fact){kind, name, FACT_NONE, ""}, 0);
}

void facts_trouble(struct facts *f, const char *kind, const char *name, const char *why)
{
	put(f, &(struct fact){kind, name, FACT_TROUBLE, why}, strlen(why));
}

/* In order, of the same key the last that was noted: a stable sort by insertion of what is
 * new would be slow, so the place breaks ties. */
static void sort(struct facts *f)
{
	size_t n = 0;

	if (f->sorted || f->count == 0)
		return;
	/* glibc's qsort() is a merge sort as long as memory lasts, but does not promise it. */
	for (size_t i = 1; i < f->count; i++) {
		if (by_key(&f->item[i - 1], &f->item[i]) <= 0)
			continue;
		struct fact x = f->item[i];
		size_t low = 0, high = i;

		while (low < high) {
			const size_t mid = (low + high) / 2;

			if (by_key(&f->item[mid], &x) <= 0)
				low = mid + 1;
			else
				high = mid;
		}
		memmove(&f->item[low + 1], &f->item[low], (i - low) * sizeof(x));
		f->item[low] = x;
	}
	for (size_t i = 0; i < f->count; i++) {
		if (n > 0 && by_key(&f->item[n - 1], &f->item[i]) == 0)
			free_fact(&f->item[--n]);
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
	static const struct fact unknown = {"", "", FACT_UNKNOWN, ""};
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
	return err_set(r->e, ERR_SYNTAX, "%s:%zu: %s", r->name, r->line, why);
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

/* The lines with a TAB in front that follow, as the text they were. */
static char *read_text(struct reading *r, size_t *len)
{
	char *text = malloc((size_t)(r->end - r->at) + 1);
	const char *line = NULL;
	size_t n = 0;

	while (text != NULL && r->at < r->end && *r->at == '\t') {
		const long length = next_line(r, &line);

		if (n > 0)
			text[n - 1] = '\n';
		memcpy(text + n, line + 1, (size_t)length - 1);
		n += (size_t)length - 1;
		text[n++] = '\0';
	}
	*len = n > 0 ? n - 1 : 0;
	return text;
}

static int read_fact(struct reading *r, const char *line, size_t n)
{
	static const struct { char sign; enum fact_is is; } signs[] = {{'=', FACT_TEXT},
	    {'-', FACT_NONE}, {'!', FACT_TROUBLE}};
	struct fact x = {.is = FACT_UNKNOWN};
	char head[4096], *name, *text;
	size_t len = 0;

	if (n < 5 || n >= sizeof(head) || line[1] != ' ' || memchr(line, '\0', n) != NULL)
		return bad(r, "neither a fact nor a line of one");
	(void)snprintf(head, sizeof(head), "%.*s", (int)n - 2, line + 2);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (line[0] == signs[i].sign)
			x.is = signs[i].is;
	if (x.is == FACT_UNKNOWN || (name = strchr(head, ' ')) == NULL)
		return bad(r, "neither a fact nor a line of one");
	*name++ = '\0';
	x.kind = head, x.name = name;
	if (x.is != FACT_NONE && (r->at == r->end || *r->at != '\t'))
		return bad(r, "its lines are missing");
	if ((text = read_text(r, &len)) == NULL)
		return err_set(r->e, ERR_SYSTEM, "out of memory");
	if (x.is == FACT_NONE && len > 0) {
		free(text);
		return bad(r, "there is none, and it has lines");
	}
	x.text = text;
	put(r->f, &x, len);
	free(text);
	return 0;
}

int facts_read(struct facts *f, const char *name, const char *text, size_t len, struct err *e)
{
	struct reading r = {f, name, text, text + len, 0, e};
	const char *line = NULL;
	long n = next_line(&r, &line);
	int code = 0;

	if (n != (long)strlen(FACTS_HEAD) || memcmp(line, FACTS_HEAD, (size_t)n) != 0)
		return bad(&r, "not the facts of a host");
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
