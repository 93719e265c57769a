#include "enroll/pw_merge.h"

#include "lib/core/pw_siblings.h"
#include "lib/core/secret.h"

#include <string.h>

struct list {
	struct record_pw_entry entry[2 * RECORD_PW_ENTRIES];
	int n;
};

/* What is left of a record that is being read. */
struct rest {
	const struct record_pw_entry *entry;
	int n;
};

static bool is_same(const struct record_pw_entry *a, const struct record_pw_entry *b)
{
	return secret_equal(a->mac, b->mac, sizeof(a->mac)) &&
	    memcmp(a->before, b->before, sizeof(a->before)) == 0 && a->set == b->set;
}

static bool has(const struct record_pw_entry *entry, int n, const struct record_pw_entry *one)
{
	for (int i = 0; i < n; i++)
		if (is_same(&entry[i], one))
			return true;
	return false;
}

static void skip_what_is_taken(struct rest *r, const struct list *l)
{
	while (r->n > 0 && has(l->entry, l->n, r->entry)) {
		r->entry++;
		r->n--;
	}
}

/* The one whose first entry is the newer. */
static const struct rest *newer(const struct rest *a, const struct rest *b)
{
	bool a_has, b_has;

	if (a->n == 0 || b->n == 0)
		return a->n > 0 ? a : b;
	a_has = has(a->entry, a->n, b->entry);
	b_has = has(b->entry, b->n, a->entry);
	if (a_has != b_has)
		return a_has ? a : b;
	return a->entry->set >= b->entry->set ? a : b;
}

static void join(struct list *l, struct rest a, struct rest b)
{
	l->n = 0;
	while (a.n > 0 || b.n > 0) {
		l->entry[l->n++] = *newer(&a, &b)->entry;
		skip_what_is_taken(&a, l);
		skip_what_is_taken(&b, l);
	}
}

static void make_room(struct list *l)
{
	while (l->n > RECORD_PW_ENTRIES) {
		int spare = pw_siblings_spare(l->entry, 0, l->n);

		l->n--;
		if (spare < l->n)
			memmove(&l->entry[spare], &l->entry[spare + 1],
			    sizeof(l->entry[0]) * (size_t)(l->n - spare));
	}
}

bool pw_merge_can(const struct record_pw *a, const struct record_pw *b)
{
	return strcmp(a->salt, b->salt) == 0 && secret_equal(a->key, b->key, sizeof(a->key));
}

bool pw_merge(struct record_pw *to, const struct record_pw *from)
{
	struct list l;
	bool is_changed;

	join(&l, (struct rest){to->entry, to->entries}, (struct rest){from->entry, from->entries});
	make_room(&l);
	is_changed = l.n != to->entries;
	for (int i = 0; i < l.n && !is_changed; i++)
		is_changed = !is_same(&l.entry[i], &to->entry[i]);
	if (is_changed) {
		memset(to->entry, 0, sizeof(to->entry));
		memcpy(to->entry, l.entry, sizeof(l.entry[0]) * (size_t)l.n);
		to->entries = (uint8_t)l.n;
	}
	secret_wipe(&l, sizeof(l));
	return is_changed;
}
