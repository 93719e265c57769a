#include "policy/password/history_list.h"

#include "lib/core/pw_siblings.h"
#include "lib/core/secret.h"

#include <string.h>

static bool is_known(const uint8_t tag[RECORD_PW_TAG])
{
	static const uint8_t none[RECORD_PW_TAG];

	return memcmp(tag, none, RECORD_PW_TAG) != 0;
}

static bool is_same(const uint8_t a[RECORD_PW_TAG], const uint8_t b[RECORD_PW_TAG])
{
	return is_known(a) && memcmp(a, b, RECORD_PW_TAG) == 0;
}

/* How many at the front have not happened. */
static int under_way(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	int n = 0;

	while (n < r->entries && is_same(r->entry[n].before, live))
		n++;
	return n;
}

/* Whether the i-th entry, not the first, begins a change that is older than the one in
 * front of it. */
static bool is_older(const struct record_pw *r, int i)
{
	return !pw_siblings_are(&r->entry[i], &r->entry[i - 1]);
}

static bool is_mark(const struct record_pw_entry *x)
{
	static const uint8_t none[RECORD_HASH];

	return memcmp(x->mac, none, sizeof(none)) == 0;
}

bool history_list_has(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG], int reuse,
    const uint8_t mac[RECORD_HASH])
{
	const int first = under_way(r, live);
	bool has = false;
	int change = 0;

	for (int i = 0; i < r->entries; i++) {
		change += i > first && is_older(r, i) ? 1 : 0;
		has |= secret_equal(r->entry[i].mac, mac, RECORD_HASH) & (i >= first) &
		    (change <= reuse);
	}
	return has;
}

bool history_list_is_empty(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	return under_way(r, live) == r->entries;
}

static void take_out(struct record_pw *r, int i)
{
	memmove(&r->entry[i], &r->entry[i + 1], sizeof(r->entry[0]) * (size_t)(r->entries - i - 1));
	r->entries--;
	memset(&r->entry[r->entries], 0, sizeof(r->entry[0]));
}

static void put_in(struct record_pw *r, int i, const struct record_pw_entry *x)
{
	memmove(&r->entry[i + 1], &r->entry[i], sizeof(r->entry[0]) * (size_t)(r->entries - i));
	r->entry[i] = *x;
	r->entries++;
}

/* The i-th, which has not happened.  Its process may be standing still and go on: a mark,
 * one for all of the change, says so behind the others. */
static void forget(struct record_pw *r, const uint8_t live[RECORD_PW_TAG], int i)
{
	const int last = under_way(r, live) - 1;
	struct record_pw_entry x = r->entry[i];
	const bool marked = is_mark(&r->entry[last]);

	take_out(r, i);
	if (marked)
		return;
	secret_wipe(x.mac, sizeof(x.mac));
	put_in(r, last, &x);
}

/* A time later than now: the clock was set back, so nobody knows; it is not now. */
static bool is_over(const struct record_pw_entry *x, int64_t now)
{
	return x->set > now || now - x->set >= HISTORY_UNDER_WAY;
}

/* How many entries the last HISTORY_CHANGES changes are, and those under way. */
static int kept(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	const int first = under_way(r, live);
	int change = 1;

	for (int i = first + 1; i < r->entries; i++) {
		change += is_older(r, i) ? 1 : 0;
		if (change > HISTORY_CHANGES)
			return i;
	}
	return r->entries;
}

/* For one more.  Those under way stay: each of them may be in force in a moment. */
static void make_room(struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	const int spare = pw_siblings_spare(r->entry, under_way(r, live), r->entries);

	if (r->entries == RECORD_PW_ENTRIES)
		take_out(r, spare < r->entries ? spare : r->entries - 1);
}

/* How many others are under way still. */
static int waiting(const struct record_pw *r, const struct record_pw_entry *new)
{
	int n = 0;

	for (int i = under_way(r, new->before) - 1; i >= 0; i--)
		n += !is_mark(&r->entry[i]) && !is_over(&r->entry[i], new->set) &&
		    !secret_equal(r->entry[i].mac, new->mac, RECORD_HASH) ? 1 : 0;
	return n;
}

int history_list_add(struct record_pw *r, const struct record_pw_entry *new)
{
	if (waiting(r, new) >= HISTORY_AT_ONCE)
		return ERR_UNAVAIL;
	for (int i = under_way(r, new->before) - 1; i >= 0; i--) {
		if (secret_equal(r->entry[i].mac, new->mac, RECORD_HASH))
			take_out(r, i);
		else if (!is_mark(&r->entry[i]) && is_over(&r->entry[i], new->set))
			forget(r, new->before, i);
	}
	make_room(r, new->before);
	put_in(r, 0, new);
	while (r->entries > kept(r, new->before))
		take_out(r, r->entries - 1);
	return 0;
}

/* Behind the newest change that has happened, which has not to be there. */
static int end_of_change(const struct record_pw *r, int first)
{
	int i = first + 1;

	while (i < r->entries && !is_older(r, i))
		i++;
	return i;
}

bool history_list_is_unsure(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	const int first = under_way(r, live);

	return first < r->entries &&
	    (is_mark(&r->entry[first]) || end_of_change(r, first) > first + 1);
}

void history_list_settle(struct record_pw *r, const uint8_t live[RECORD_PW_TAG],
    const uint8_t mac[RECORD_HASH])
{
	const int first = under_way(r, live), end = end_of_change(r, first);
	struct record_pw_entry x = r->entry[first];

	memcpy(x.mac, mac, RECORD_HASH);
	for (int i = end - 1; i >= first; i--) {
		const bool is = secret_equal(r->entry[i].mac, mac, RECORD_HASH);

		if (is)
			x = r->entry[i];
		if (is || is_mark(&r->entry[i]))
			take_out(r, i);
	}
	if (r->entries == RECORD_PW_ENTRIES)
		take_out(r, end - 1);
	put_in(r, first, &x);
}

void history_list_add_oldest(struct record_pw *r, const uint8_t mac[RECORD_HASH])
{
	if (r->entries == RECORD_PW_ENTRIES)
		return;
	r->entry[r->entries] = (struct record_pw_entry){0};
	memcpy(r->entry[r->entries++].mac, mac, RECORD_HASH);
}

void history_list_withdraw(struct record_pw *r, const uint8_t live[RECORD_PW_TAG],
    const uint8_t mac[RECORD_HASH])
{
	for (int i = under_way(r, live) - 1; i >= 0; i--)
		if (secret_equal(r->entry[i].mac, mac, RECORD_HASH))
			forget(r, live, i);
}

int64_t history_list_changed(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG])
{
	const int first = under_way(r, live);

	return first < r->entries ? r->entry[first].set : 0;
}
