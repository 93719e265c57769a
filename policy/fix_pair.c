#include "policy/fix_pair.h"

struct pairing {
	struct fix_key_line *l;
	size_t count;
};

static bool is_same_block(const struct fix_key_line *a, const struct fix_key_line *b)
{
	return a->match_file == b->match_file && a->match_line == b->match_line &&
	    a->principals == b->principals;
}

/* The n-th command or user of the block that x is in, or NULL. */
static struct fix_key_line *nth(const struct pairing *p, const struct fix_key_line *x, bool user,
    size_t n)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->l[i].user == user && is_same_block(&p->l[i], x) && n-- == 0)
			return &p->l[i];
	return NULL;
}

/* The first of them that stays, or NULL. */
static struct fix_key_line *first_left(const struct pairing *p, const struct fix_key_line *x,
    bool user)
{
	struct fix_key_line *at;

	for (size_t n = 0; (at = nth(p, x, user, n)) != NULL; n++)
		if (!at->goes)
			return at;
	return NULL;
}

/* One that went with its command alone stays where another command needs one. */
static bool keep_user(const struct pairing *p, const struct fix_key_line *x)
{
	struct fix_key_line *at;

	if (first_left(p, x, true) != NULL)
		return true;
	for (size_t n = 0; (at = nth(p, x, true, n)) != NULL; n++)
		if (!at->named) {
			at->goes = false;
			return true;
		}
	return false;
}

static void take_block(const struct pairing *p, const struct fix_key_line *x)
{
	struct fix_key_line *at, *user;

	for (size_t n = 0; (at = nth(p, x, false, n)) != NULL; n++)
		if (at->named) {
			at->goes = true;
			if ((user = nth(p, x, true, n)) != NULL)
				user->goes = true;
		}
	for (size_t n = 0; (at = nth(p, x, true, n)) != NULL; n++)
		at->goes = at->goes || at->named;
}

const struct fix_key_line *fix_pair(struct fix_key_line *l, size_t count)
{
	const struct pairing p = {l, count};

	for (size_t i = 0; i < count; i++)
		l[i].goes = false;
	for (size_t i = 0; i < count; i++)
		take_block(&p, &l[i]);
	for (size_t i = 0; i < count; i++) {
		const struct fix_key_line all = {.principals = l[i].principals};

		if (l[i].user || l[i].goes || keep_user(&p, &l[i]) ||
		    (l[i].match_file != NULL && keep_user(&p, &all)))
			continue;
		return &l[i];
	}
	return NULL;
}
