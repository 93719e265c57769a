#include "policy/audit/credential_report.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CELLS_MOST 64
#define ROWS_MOST 200000

enum column { USER, PASSWORD, CHANGED, NEXT, COLUMNS };

static const char *const names[COLUMNS] = {"user", "password_enabled", "password_last_changed",
    "password_next_rotation"};

/* Ends the cell at at in place, quotes taken off; where the next begins, NULL: the line ends
 * here (*line is the next one, or NULL).  A quote that is not closed ends with the text. */
static char *cut_cell(char *at, char **line)
{
	const bool quoted = *at == '"';
	char *to = at, *from = at + quoted;
	char ends;

	*line = NULL;
	for (; *from != '\0'; from++) {
		if (quoted && *from == '"' && *++from != '"')
			break;
		if (!quoted && (*from == ',' || *from == '\n'))
			break;
		*to++ = *from;
	}
	from += quoted ? strcspn(from, ",\n") : 0;
	ends = *from;
	if (to > at && !quoted && to[-1] == '\r')
		to--;
	*to = '\0';
	if (ends == ',')
		return from + 1;
	if (ends == '\n' && from[1] != '\0')
		*line = from + 1;
	return NULL;
}

/* The cells of a line; how many, -1: too many. */
static int cut_line(char *at, char *cell[CELLS_MOST], char **line)
{
	int n = 0;

	*line = NULL;
	while (at != NULL) {
		if (n == CELLS_MOST)
			return -1;
		cell[n++] = at;
		at = cut_cell(at, line);
	}
	return n;
}

static int64_t time_of(const char *text)
{
	struct tm tm = {.tm_mday = 1};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest != NULL && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (rest == NULL || (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0))
		return -1;
	return (int64_t)timegm(&tm);
}

static bool is_true(const char *text)
{
	return strcasecmp(text, "true") == 0;
}

static int find_columns(char *const cell[], int n, int at[COLUMNS], struct err *e)
{
	for (int c = 0; c < COLUMNS; c++) {
		at[c] = -1;
		for (int i = 0; i < n; i++)
			if (strcmp(cell[i], names[c]) == 0)
				at[c] = i;
		if (at[c] < 0)
			return err_set(e, ERR_BAD, "the credential report has no column %s", names[c]);
	}
	return 0;
}

static void set_row(struct credential_row *r, char *const cell[], const int at[COLUMNS])
{
	*r = (struct credential_row){.user = cell[at[USER]], .password = is_true(cell[at[PASSWORD]]),
	    .changed = time_of(cell[at[CHANGED]]), .next = time_of(cell[at[NEXT]])};
}

static int add_row(struct credential_report *t, char *const cell[], const int at[COLUMNS],
    struct err *e)
{
	/* Room doubles: at 0, 1, 2, 4, ... */
	if ((t->count & (t->count - 1)) == 0) {
		struct credential_row *more = realloc(t->row, (t->count > 0 ? 2 * t->count : 1) *
		    sizeof(*more));

		if (more == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		t->row = more;
	}
	set_row(&t->row[t->count++], cell, at);
	return 0;
}

static int by_user(const void *a, const void *b)
{
	return strcmp(((const struct credential_row *)a)->user,
	    ((const struct credential_row *)b)->user);
}

static int read_rows(struct credential_report *t, struct err *e)
{
	int at[COLUMNS], n, wide, r;
	char *cell[CELLS_MOST], *line = NULL;
	size_t number = 1;

	if ((wide = cut_line(t->text, cell, &line)) < 0)
		return err_set(e, ERR_BAD, "the credential report has too many columns");
	if ((r = find_columns(cell, wide, at, e)) != 0)
		return r;
	while (line != NULL) {
		number++;
		n = cut_line(line, cell, &line);
		if (n == 1 && cell[0][0] == '\0')
			continue;
		if (n != wide || t->count == ROWS_MOST)
			return err_set(e, ERR_BAD, "the credential report: line %zu has another number of cells",
			    number);
		if ((r = add_row(t, cell, at, e)) != 0)
			return r;
	}
	return 0;
}

int credential_report_read(struct credential_report *t, const char *text, size_t len,
    struct err *e)
{
	int r;

	*t = (struct credential_report){.count = 0};
	if (memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_BAD, "the credential report is no text");
	if ((t->text = strndup(text, len)) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if ((r = read_rows(t, e)) != 0)
		credential_report_free(t);
	else if (t->count > 0)
		qsort(t->row, t->count, sizeof(*t->row), by_user);
	return r;
}

void credential_report_free(struct credential_report *t)
{
	free(t->row);
	free(t->text);
	*t = (struct credential_report){.count = 0};
}
