#include "policy/enable_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT 3
#define CELLS_MAX 4000000 /* of the table; longer texts are replaced as a whole */

struct line {
	const char *text;
	size_t len; /* without the newline */
	bool open;  /* the last one, and no newline behind it */
};

struct lines {
	struct line *line;
	size_t count;
};

/* What becomes of a line: ' ' stays, '-' goes, '+' comes. */
struct step {
	char mark;
	struct line line;
};

struct work {
	struct lines old, new;
	struct step *step;
	size_t steps;
	uint32_t *common; /* lines in common from (i, j) on */
};

static bool cut(const char *text, struct lines *out)
{
	size_t n = 1;

	for (const char *p = text; *p != '\0'; p++)
		n += *p == '\n';
	if ((out->line = calloc(n, sizeof(*out->line))) == NULL)
		return false;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		out->line[out->count++] = (struct line){text, len, text[len] == '\0'};
		text += len + (text[len] == '\n');
	}
	return true;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && a->open == b->open && memcmp(a->text, b->text, a->len) == 0;
}

static void take(struct work *w, char mark, const struct line *l)
{
	w->step[w->steps++] = (struct step){mark, *l};
}

/* The middle, between equal heads and tails: old from a to b, new from c to d. */
static bool compare(struct work *w, size_t a, size_t b, size_t c, size_t d)
{
	size_t rows = b - a, columns = d - c, wide = columns + 1, i = 0, j = 0;
	bool whole = rows > 0 && columns > 0 && rows * columns <= CELLS_MAX;

	if (whole && (w->common = calloc((rows + 1) * wide, sizeof(*w->common))) == NULL)
		return false;
	for (size_t y = whole ? rows : 0; y-- > 0;)
		for (size_t x = columns; x-- > 0;) {
			uint32_t down = w->common[(y + 1) * wide + x];
			uint32_t right = w->common[y * wide + x + 1];

			w->common[y * wide + x] = same(&w->old.line[a + y], &w->new.line[c + x]) ?
			    w->common[(y + 1) * wide + x + 1] + 1 : down > right ? down : right;
		}
	while (i < rows || j < columns) {
		const uint32_t *at = whole ? &w->common[i * wide + j] : NULL;

		if (whole && i < rows && j < columns &&
		    same(&w->old.line[a + i], &w->new.line[c + j])) {
			take(w, ' ', &w->old.line[a + i++]);
			j++;
		} else if (i < rows && (j == columns || !whole || at[wide] >= at[1])) {
			take(w, '-', &w->old.line[a + i++]);
		} else {
			take(w, '+', &w->new.line[c + j++]);
		}
	}
	return true;
}

static bool make_steps(struct work *w)
{
	size_t n = w->old.count, m = w->new.count, head = 0, tail = 0;

	if ((w->step = calloc(n + m + 1, sizeof(*w->step))) == NULL)
		return false;
	while (head < n && head < m && same(&w->old.line[head], &w->new.line[head]))
		take(w, ' ', &w->old.line[head++]);
	while (tail < n - head && tail < m - head &&
	    same(&w->old.line[n - tail - 1], &w->new.line[m - tail - 1]))
		tail++;
	if (!compare(w, head, n - tail, head, m - tail))
		return false;
	for (size_t i = n - tail; i < n; i++)
		take(w, ' ', &w->old.line[i]);
	return true;
}

/* The steps from..to, which begin behind so many old and new lines. */
static void print_hunk(const struct work *w, size_t from, size_t to, const size_t before[2],
    struct buffer *out)
{
	size_t old = 0, new = 0;

	for (size_t i = from; i < to; i++) {
		old += w->step[i].mark != '+';
		new += w->step[i].mark != '-';
	}
	buffer_format(out, "@@ -%zu,%zu +%zu,%zu @@\n", before[0] + (old > 0), old,
	    before[1] + (new > 0), new);
	for (size_t i = from; i < to; i++) {
		const struct line *l = &w->step[i].line;

		buffer_add(out, &w->step[i].mark, 1);
		buffer_add(out, l->text, l->len);
		buffer_text(out, l->open ? "\n\\ No newline at end of file\n" : "\n");
	}
}

/* One behind the last step of the hunk that the change at first belongs to. */
static size_t hunk_end(const struct work *w, size_t first)
{
	size_t last = first;

	for (size_t i = first; i < w->steps && i <= last + 2 * CONTEXT + 1; i++)
		if (w->step[i].mark != ' ')
			last = i;
	return last + CONTEXT + 1 < w->steps ? last + CONTEXT + 1 : w->steps;
}

static void print_hunks(const struct work *w, struct buffer *out)
{
	size_t before[2] = {0, 0}, from, to;

	for (size_t i = 0, done = 0; i < w->steps; i++) {
		if (w->step[i].mark == ' ')
			continue;
		from = i > done + CONTEXT ? i - CONTEXT : done;
		to = hunk_end(w, i);
		for (; done < from; done++) {
			before[0]++; /* between hunks every line stays */
			before[1]++;
		}
		print_hunk(w, from, to, before, out);
		for (; done < to; done++) {
			before[0] += w->step[done].mark != '+';
			before[1] += w->step[done].mark != '-';
		}
		i = to - 1;
	}
}

void enable_diff(const struct enable_diff *d, struct buffer *out)
{
	struct work w = {.steps = 0};
	const char *old = d->old != NULL ? d->old : "", *new = d->new != NULL ? d->new : "";

	if (strcmp(old, new) == 0 && (d->old == NULL) == (d->new == NULL))
		return;
	if (!cut(old, &w.old) || !cut(new, &w.new) || !make_steps(&w)) {
		out->failed = true;
	} else {
		buffer_format(out, "--- %s\n+++ %s\n", d->old != NULL ? d->path : "/dev/null",
		    d->new != NULL ? d->path : "/dev/null");
		print_hunks(&w, out);
	}
	free(w.old.line);
	free(w.new.line);
	free(w.step);
	free(w.common);
}
