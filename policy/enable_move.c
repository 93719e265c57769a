#include "policy/enable_move.h"

#include "policy/enable_files.h"

#include <stdio.h>
#include <string.h>

#define BLOCKS_MAX 8 /* in one file; enable writes two at most */

/* ---- the text of an edited file ---- */

struct block {
	const char *text; /* from the line of its begin, */
	size_t len;       /* up to and with the line of its end */
};

static bool is_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	return strncmp(text, line, n) == 0 && (text[n] == '\n' || text[n] == '\0');
}

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

/* How many blocks there are; -1: too many, or one is not whole. */
static int find_blocks(const char *text, struct block b[BLOCKS_MAX])
{
	bool open = false;
	int n = 0;

	for (; *text != '\0'; text = next_line(text)) {
		if (is_line(text, ENABLE_MARK_BEGIN)) {
			if (open || n == BLOCKS_MAX)
				return -1;
			b[n].text = text;
			open = true;
		} else if (is_line(text, ENABLE_MARK_END)) {
			if (!open)
				return -1;
			b[n].len = (size_t)(next_line(text) - b[n].text);
			n++;
			open = false;
		}
	}
	return open ? -1 : n;
}

static bool same_block(const struct block *a, const struct block *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Each block of live, which is that of from or of to, as it is in to. */
static int exchange(const struct enable_mix *q, struct buffer *out, struct err *e)
{
	struct block live[BLOCKS_MAX], from[BLOCKS_MAX], to[BLOCKS_MAX];
	int n = find_blocks(q->to, to);
	const char *at = q->live;
	bool fits = n >= 0 && find_blocks(q->from, from) == n && find_blocks(q->live, live) == n;

	for (int i = 0; i < n && fits; i++)
		fits = same_block(&live[i], &from[i]) || same_block(&live[i], &to[i]);
	if (!fits)
		return err_set(e, ERR_SYNTAX, "%s: the marked lines have been edited", q->path);
	for (int i = 0; i < n; i++) {
		buffer_add(out, at, (size_t)(live[i].text - at));
		buffer_add(out, to[i].text, to[i].len);
		at = live[i].text + live[i].len;
	}
	buffer_text(out, at);
	return out->failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

/* Whether from and to differ in their blocks alone. */
static bool only_blocks_differ(const struct enable_mix *q)
{
	const struct enable_mix itself = {q->path, q->from, q->from, q->to};
	struct buffer text = {0};
	bool same = exchange(&itself, &text, NULL) == 0 &&
	    strcmp(buffer_string(&text), q->to) == 0;

	buffer_free(&text);
	return same;
}

static bool has_line(const char *text, const char *line, size_t n)
{
	for (; *text != '\0'; text = next_line(text))
		if (strcspn(text, "\n") == n && memcmp(text, line, n) == 0)
			return true;
	return false;
}

/* Whether a line of the blocks of from stands in live, which has none. */
static bool marks_are_gone(const struct enable_mix *q)
{
	struct block from[BLOCKS_MAX], live[BLOCKS_MAX];
	int n = find_blocks(q->from, from);

	if (find_blocks(q->live, live) != 0)
		return false;
	for (int i = 0; i < n; i++) {
		const char *line = from[i].text;

		for (; line < from[i].text + from[i].len; line = next_line(line)) {
			size_t len = strcspn(line, "\n");

			if (len > 0 && line[0] != '#' && has_line(q->live, line, len))
				return true;
		}
	}
	return false;
}

int enable_move_mix(const struct enable_mix *q, struct buffer *out, struct err *e)
{
	struct block to[BLOCKS_MAX];
	bool found;

	if (marks_are_gone(q))
		return err_set(e, ERR_SYNTAX, "%s: the marks are gone and their lines are not", q->path);

	if (find_blocks(q->to, to) == 0)
		return enable_files_unmark(q->path, q->live, out, &found, e);
	if (!only_blocks_differ(q))
		return err_set(e, ERR_SYNTAX, "%s: what stands outside the marks was moved", q->path);
	return exchange(q, out, e);
}

/* ---- the files ---- */

/* What a file was, and what it is to be. */
struct side {
	const struct buffer *from, *to;
	bool exists; /* afterwards */
};

static struct side side_of(const struct enable_file *f, bool on)
{
	return on ? (struct side){&f->old, &f->new, f->will} :
	    (struct side){&f->new, &f->old, f->was};
}

int enable_move_put(const struct enable_change *c, struct err *e)
{
	int r = 0;

	for (int i = 0; i < c->count && r == 0; i++)
		r = enable_file_put(&c->file[i], &c->file[i].new, c->file[i].will, e);
	return r;
}

struct moving {
	const struct enable_txn *txn;
	const char *id;
	bool on;
};

/* Somebody has edited it since; a copy is kept of what gives way. */
static int move_edited(const struct moving *m, int i, const struct enable_file *f,
    const struct enable_file *live, struct err *e)
{
	const struct side s = side_of(f, m->on);
	const struct enable_mix mix = {f->path, buffer_string(&live->old), buffer_string(s.from),
	    buffer_string(s.to)};
	struct buffer text = {0};
	bool mixed = enable_move_mix(&mix, &text, NULL) == 0, exists = true;
	int r = 0;

	if (mixed)
		exists = s.exists || !enable_files_blank(buffer_string(&text));
	if (!mixed || !exists || !buffer_same(&text, &live->old)) {
		r = enable_txn_keep(m->txn, m->id, i, &live->old, e);
		if (r == 0)
			r = mixed ? enable_file_put(live, &text, exists, e) :
			    enable_file_put(f, s.to, s.exists, e);
	}
	buffer_free(&text);
	return r;
}

static int move_one(const struct moving *m, int i, const struct enable_file *f,
    struct err *e)
{
	const struct side s = side_of(f, m->on);
	struct enable_file live = {.mode = 0};
	int r;

	(void)snprintf(live.path, sizeof(live.path), "%s", f->path);
	enable_file_tidy(f->path);
	r = enable_file_read(&live, e);
	if (r != 0) /* a link, or unreadable: the copy is what there is */
		r = enable_file_put(f, s.to, s.exists, e);
	else if (live.was == s.exists && buffer_same(&live.old, s.to))
		r = 0;
	else if (!live.was || buffer_same(&live.old, s.from))
		r = enable_file_put(f, s.to, s.exists, e);
	else
		r = move_edited(m, i, f, &live, e);
	buffer_free(&live.old);
	return r;
}

int enable_move_back(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	const struct moving m = {t, id, false};
	int r = 0;

	for (int i = c->count - 1; i >= 0 && r == 0; i--)
		r = move_one(&m, i, &c->file[i], e);
	return r;
}

int enable_move_on(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	const struct moving m = {t, id, true};
	int r = 0;

	for (int i = 0; i < c->count && r == 0; i++)
		r = move_one(&m, i, &c->file[i], e);
	return r;
}

int enable_move_in_place(const struct enable_change *c, struct err *e)
{
	const char *name = enable_target_name(c->target);
	int r = 0;

	for (int i = 0; i < c->count && r == 0; i++) {
		const struct enable_file *f = &c->file[i];
		struct enable_file live = {.mode = 0};

		(void)snprintf(live.path, sizeof(live.path), "%s", f->path);
		r = enable_file_read(&live, e);
		if (r != 0)
			r = ERR_UNAVAIL; /* e says why it cannot be compared */
		else if (live.was != f->will || !buffer_same(&live.old, &f->new))
			r = err_set(e, ERR_UNAVAIL, "%s: is not what `enable %s` has put there, so a "
			    "login proves nothing; take the rest back with `bastionctl disable %s` and "
			    "enable it again", f->path, name, name);
		buffer_free(&live.old);
	}
	return r;
}
