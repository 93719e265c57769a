#include "policy/audit/mute.h"

#include "enroll/language.h"
#include "lib/core/utf8.h"

#include <stdlib.h>
#include <string.h>

#define UNTIL "until"

struct reading {
	struct mute *m;
	const char *name;
	size_t line;
	struct err *e;
};

static int bad(const struct reading *r, const char *why)
{
	return err_set(r->e, ERR_SYNTAX, "%s:%zu: %s", r->name, r->line, _(why));
}

/* The next word of a line, n bytes; at moves behind it and the blanks that follow. */
static const char *next_word(char **at, size_t *n)
{
	const char *word = *at;

	*n = strcspn(word, " \t");
	*at += *n;
	*at += strspn(*at, " \t");
	return word;
}

static int add(const struct reading *r, const struct mute_line *l)
{
	struct mute *m = r->m;
	struct mute_line *item;

	for (size_t i = 0; i < m->count; i++)
		if (m->item[i].check == l->check)
			return bad(r, N_("this check is muted twice"));
	if ((item = realloc(m->item, (m->count + 1) * sizeof(*item))) == NULL)
		return err_set(r->e, ERR_SYSTEM, "out of memory");
	m->item = item;
	item += m->count;
	*item = *l;
	item->line = r->line;
	if ((item->reason = strdup(l->reason)) == NULL)
		return err_set(r->e, ERR_SYSTEM, "out of memory");
	m->count++;
	return 0;
}

static int read_line(const struct reading *r, char *line)
{
	struct mute_line l = {.check = NULL};
	char *at = line + strspn(line, " \t"), day[DAY_TEXT];
	const char *word;
	size_t n;

	if (*at == '\0' || *at == '#')
		return 0;
	if (!utf8_is_text(at))
		return bad(r, N_("a control character, or no UTF-8"));
	word = next_word(&at, &n);
	if ((l.check = audit_check_find(word, n)) == NULL)
		return bad(r, N_("no such check; one line names one id in full"));
	word = next_word(&at, &n);
	if (n != strlen(UNTIL) || strncmp(word, UNTIL, n) != 0)
		return bad(r, N_("a day is missing: ID until YYYY-MM-DD REASON"));
	word = next_word(&at, &n);
	memset(day, 0, sizeof(day));
	memcpy(day, word, n < sizeof(day) ? n : sizeof(day) - 1);
	if (n != sizeof(day) - 1 || day_end(day, &l.end) != 0)
		return bad(r, N_("no such day: YYYY-MM-DD"));
	if (*at == '\0')
		return bad(r, N_("a reason is missing"));
	l.reason = at;
	return add(r, &l);
}

int mute_read(struct mute *m, const char *name, const char *text, size_t len, struct err *e)
{
	struct reading r = {m, name, 0, e};
	char *copy = strndup(text, len), *at = copy;
	int code = 0;

	if (copy == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r.line = 1;
	if (strlen(copy) != len)
		code = bad(&r, N_("a NUL in the file"));
	while (code == 0 && at != NULL) {
		char *newline = strchr(at, '\n');

		/* A TAB parts words like a blank, and is no part of a reason. */
		for (char *c = at; *c != '\0' && c != newline; c++)
			*c = *c == '\t' ? ' ' : *c;
		if (newline != NULL)
			*newline++ = '\0';
		code = read_line(&r, at);
		at = newline;
		r.line++;
	}
	free(copy);
	return code;
}

bool mute_is_in_force(const struct mute_line *l, int64_t now)
{
	return now < l->end && !day_is_far(l->end, now);
}

void mute_apply(const struct mute *m, struct audit *a, int64_t now)
{
	for (size_t i = 0; i < a->count; i++) {
		struct audit_finding *x = &a->item[i];
		const enum audit_status s = audit_status_of(x);

		x->muted = NULL;
		for (size_t k = 0; k < m->count && (s == AUDIT_FAIL || s == AUDIT_WARN); k++)
			if (m->item[k].check == x->check && mute_is_in_force(&m->item[k], now))
				x->muted = &m->item[k];
	}
}

void mute_free(struct mute *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->item[i].reason);
	free(m->item);
	*m = (struct mute){.count = 0};
}
