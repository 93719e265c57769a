#include "policy/fix_future.h"

#include "policy/audit/sshd_args.h"
#include "policy/audit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void copy_facts(struct facts *from, struct facts *to, const char *kind)
{
	const struct fact *x = NULL;

	while ((x = facts_next(from, kind, "", x)) != NULL) {
		if (x->is == FACT_TEXT)
			facts_text(to, kind, x->name, x->text, strlen(x->text));
		else if (x->is == FACT_TROUBLE)
			facts_trouble(to, kind, x->name, x->text);
		else
			facts_none(to, kind, x->name);
	}
}

/* Its directory has no such name any more. */
static void drop_name(struct facts *f, const char *path)
{
	const char *name = strrchr(path, '/');
	struct buffer left = {0};
	const struct fact *x;
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	x = facts_get(f, "dir", dir);
	if (x->is != FACT_TEXT)
		return;
	name++;
	for (const char *p = x->text; *p != '\0';) {
		const size_t n = strcspn(p, "\n");

		if (n != strlen(name) || strncmp(p, name, n) != 0)
			buffer_add(&left, p, n + (p[n] == '\n'));
		p += n + (p[n] == '\n');
	}
	facts_text(f, "dir", dir, buffer_string(&left), left.len);
	f->failed = f->failed || left.failed;
	buffer_free(&left);
}

static void make_facts(struct facts *f, const struct fix_plan *p, struct facts *to)
{
	static const char *const kinds[] = {"file", "meta", "dir"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		copy_facts(f, to, kinds[i]);
	for (int i = 0; i < p->count; i++) {
		const struct enable_file *x = &p->file[i].file;

		if (x->will) {
			facts_text(to, "file", x->path, buffer_string(&x->new), x->new.len);
			continue;
		}
		facts_none(to, "file", x->path);
		facts_none(to, "meta", x->path);
		drop_name(to, x->path);
	}
}

struct way {
	const char *word[FIX_OPTIONS + 1];
	size_t n;
	bool more;
};

static int take_option(void *ctx, const struct sshd_arg *a)
{
	struct way *w = ctx;

	if (a->letter != 'o' && a->letter != 'f')
		return 0;
	if (w->n + 2 > FIX_OPTIONS) {
		w->more = true;
		return 1;
	}
	w->word[w->n++] = a->letter == 'o' ? "-o" : "-f";
	w->word[w->n++] = a->value;
	w->word[w->n] = NULL;
	return 0;
}

struct starts {
	struct buffer seen; /* the words of each, a line each */
	int (*each)(void *ctx, const char *const word[], size_t n, struct err *e);
	void *ctx;
};

static bool is_new(struct starts *s, const struct way *w)
{
	struct buffer one = {0};
	bool new;

	buffer_text(&one, "\n");
	for (size_t i = 0; i < w->n; i++)
		buffer_format(&one, "%s\t", w->word[i]);
	buffer_text(&one, "\n");
	new = strstr(buffer_string(&s->seen), buffer_string(&one)) == NULL;
	buffer_text(&s->seen, buffer_string(&one));
	s->seen.failed = s->seen.failed || one.failed;
	buffer_free(&one);
	return new;
}

static int see_unit(struct facts *f, const char *name, struct starts *s, struct err *e)
{
	struct unit u;
	int r = unit_merge(f, name, &u);

	if (r != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else if (u.untold.name != NULL)
		r = err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed",
		    u.untold.kind, u.untold.name);
	for (size_t i = 0; i < u.commands && r == 0; i++) {
		struct way w = {.n = 0};

		if (!sshd_args_is(&u.command[i]))
			continue;
		(void)sshd_args(&u.command[i], take_option, &w);
		if (w.more)
			r = err_set(e, ERR_UNKNOWN, "%s: more options than are looked at", name);
		else if (w.n > 0 && is_new(s, &w))
			r = s->each(s->ctx, w.word, w.n, e);
	}
	unit_free(&u);
	return r;
}

int fix_future_starts(struct facts *f, const struct fix_plan *p,
    int (*each)(void *ctx, const char *const word[], size_t n, struct err *e), void *ctx,
    struct err *e)
{
	struct facts future = {.count = 0};
	struct starts s = {.each = each, .ctx = ctx};
	int r = 0;

	make_facts(f, p, &future);
	for (size_t i = 0; unit_sshd(i) != NULL && r == 0; i++)
		r = see_unit(&future, unit_sshd(i), &s, e);
	if (r == 0 && (future.failed || s.seen.failed))
		r = err_set(e, ERR_SYSTEM, "out of memory");
	buffer_free(&s.seen);
	facts_free(&future);
	return r;
}
