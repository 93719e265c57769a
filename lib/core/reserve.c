#include "lib/core/reserve.h"

#include <string.h>

static void drop(struct record_hot *hot, int i)
{
	hot->reserveds--;
	memmove(&hot->reserved[i], &hot->reserved[i + 1],
	    sizeof(hot->reserved[0]) * (size_t)(hot->reserveds - i));
	memset(&hot->reserved[hot->reserveds], 0, sizeof(hot->reserved[0]));
}

static int find(const struct record_hot *hot, uint64_t id)
{
	for (int i = 0; i < hot->reserveds; i++)
		if (hot->reserved[i].id == id)
			return i;
	return -1;
}

/* A wrong try, judged when it was reserved: what was waited for since is no delay. */
static void make_wrong(struct record_hot *hot, int i, int64_t now)
{
	const struct record_reserved r = hot->reserved[i];

	drop(hot, i);
	state_wrong_password(state_bucket(hot, r.source, now), r.since);
}

void reserve_settle(struct record_hot *hot, int64_t now, const struct state_limits *l)
{
	for (int i = 0; i < hot->reserveds;) {
		struct record_reserved *r = &hot->reserved[i];

		if (r->since > now)
			r->since = now;
		if (now - r->since >= l->reserve_wait)
			make_wrong(hot, i, now);
		else
			i++;
	}
}

static int count_open(struct record_hot *hot, const struct record_bucket *b, int64_t now)
{
	int n = 0;

	for (int i = 0; i < hot->reserveds; i++)
		n += state_bucket(hot, hot->reserved[i].source, now) == b;
	return n;
}

/* Many unknown sources together could fill the list, and so shut out the owner: the
 * oldest of them makes room, as a wrong try. */
static bool make_room(struct record_hot *hot, const struct reserve_try *t)
{
	int oldest = -1;

	if (hot->reserveds < RECORD_RESERVED)
		return true;
	if (!state_is_known(hot, t->source, t->now))
		return false;
	for (int i = 0; i < hot->reserveds; i++)
		if (!state_is_known(hot, hot->reserved[i].source, t->now) &&
		    (oldest < 0 || hot->reserved[i].since < hot->reserved[oldest].since))
			oldest = i;
	if (oldest < 0)
		return false;
	make_wrong(hot, oldest, t->now);
	return true;
}

enum reserve_answer reserve_take(struct record_hot *hot, const struct reserve_try *t,
    const struct state_limits *l, int64_t *wait)
{
	struct record_bucket *b;
	int former, left;

	*wait = 0;
	if (t->id == 0 || find(hot, t->id) >= 0)
		return RESERVE_NONE;
	state_settle(hot, t->now, l);
	if ((former = find(hot, t->former)) >= 0)
		make_wrong(hot, former, t->now);
	b = state_bucket(hot, t->source, t->now);
	if ((*wait = state_bucket_wait(b, t->now, l)) > 0)
		return RESERVE_THROTTLED;
	/* Behind a delay one try at a time. */
	left = b->wrong < l->throttle_free ? l->throttle_free - b->wrong : 1;
	if (count_open(hot, b, t->now) >= left || !make_room(hot, t))
		return RESERVE_FULL;
	hot->format = RECORD_FORMAT;
	hot->reserved[hot->reserveds].id = t->id;
	memcpy(hot->reserved[hot->reserveds].source, t->source, sizeof(t->source));
	hot->reserved[hot->reserveds].since = t->now;
	hot->reserveds++;
	return RESERVE_TAKEN;
}

bool reserve_give_back(struct record_hot *hot, uint64_t id)
{
	int i = id != 0 ? find(hot, id) : -1;

	if (i >= 0)
		drop(hot, i);
	return i >= 0;
}

void reserve_succeed(struct record_hot *hot, const uint8_t source[16], bool learn,
    int64_t now, const struct state_limits *l)
{
	struct record_bucket *b;

	state_settle(hot, now, l);
	b = state_bucket(hot, source, now);
	b->wrong = (uint16_t)(b->wrong - b->passwords);
	b->passwords = 0;
	if (b->wrong == 0)
		*b = (struct record_bucket){0};
	if (learn && hot->entries == 0)
		state_learn(hot, source, now);
}
