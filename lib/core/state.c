#include "lib/core/state.h"

#include "lib/core/reserve.h"

#include <string.h>

#define FORGET_AFTER (30 * INT64_C(86400)) /* known sources, wrong codes */
#define GUESS_BUDGET 900                   /* of a million: 0.09 % */

/* A start later than now counts as now (a clock that was set back). */
static void settle_bucket(struct record_bucket *b, int64_t now)
{
	if (b->last > now)
		b->last = now;
	if (now - b->last >= FORGET_AFTER)
		*b = (struct record_bucket){0};
}

void state_settle(struct record_hot *hot, int64_t now, const struct state_limits *l)
{
	reserve_settle(hot, now, l);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		settle_bucket(&hot->unknown[i], now);
	for (int i = 0; i < RECORD_KNOWN; i++)
		settle_bucket(&hot->known[i].bucket, now);
	settle_bucket(&hot->dropped, now);
}

/* A start later than now counts as expired for a known source. */
static bool is_fresh(int64_t since, int64_t now)
{
	return since > 0 && since <= now && now - since < FORGET_AFTER;
}

static struct record_known *find_known(struct record_hot *hot, const uint8_t source[16],
    int64_t now)
{
	struct record_known *found = NULL;

	for (int i = 0; i < RECORD_KNOWN; i++) {
		struct record_known *k = &hot->known[i];

		if (is_fresh(k->since, now) && memcmp(k->source, source, sizeof(k->source)) == 0)
			found = k;
	}
	return found;
}

/* A name is never known: state_learn() is not told of it, and the hash holds the kind. */
struct record_bucket *state_bucket(struct record_hot *hot, const uint8_t source[16], int64_t now)
{
	struct record_known *known = find_known(hot, source, now);

	return known != NULL ? &known->bucket : &hot->unknown[source[0] % RECORD_BUCKETS];
}

bool state_is_known(const struct record_hot *hot, const uint8_t source[16], int64_t now)
{
	return find_known((struct record_hot *)(uintptr_t)hot, source, now) != NULL;
}

/* A source that may never be known shares one, whatever it looks like. */
static struct record_bucket *bucket_of(struct record_hot *hot, const struct state_attempt *a)
{
	if (!a->remember_source)
		return &hot->unknown[a->source[0] % RECORD_BUCKETS];
	return state_bucket(hot, a->source, a->now);
}

int64_t state_bucket_wait(const struct record_bucket *b, int64_t now,
    const struct state_limits *l)
{
	int64_t delay = l->throttle_base;

	if (b->wrong < l->throttle_free)
		return 0;
	for (int i = l->throttle_free; i < b->wrong && delay < l->throttle_max; i++)
		delay *= 2;
	if (delay > l->throttle_max)
		delay = l->throttle_max;
	return now - b->last >= delay ? 0 : delay - (now - b->last);
}

int64_t state_wait(const struct record_hot *hot, const uint8_t source[16], int64_t now,
    const struct state_limits *l)
{
	struct record_hot copy = *hot;

	state_settle(&copy, now, l);
	return state_bucket_wait(state_bucket(&copy, source, now), now, l);
}

static int proven_wrong(const struct record_hot *hot)
{
	int sum = hot->dropped.proven;

	for (int i = 0; i < RECORD_BUCKETS; i++)
		sum += hot->unknown[i].proven;
	for (int i = 0; i < RECORD_KNOWN; i++)
		sum += hot->known[i].bucket.proven;
	return sum;
}

int state_lock_bound(const struct state_limits *l, int devices)
{
	int guesses = (devices < 1 ? 1 : devices) * (2 * l->window + 1);
	int bound = GUESS_BUDGET / guesses;

	return bound < l->lock_after ? bound : l->lock_after;
}

void state_unlock(struct record_hot *hot)
{
	hot->locked_since = 0;
	memset(hot->unknown, 0, sizeof(hot->unknown));
	for (int i = 0; i < RECORD_KNOWN; i++)
		hot->known[i].bucket = (struct record_bucket){0};
	hot->dropped = (struct record_bucket){0};
	memset(hot->reserved, 0, sizeof(hot->reserved));
	hot->reserveds = 0;
}

static void keep_passwords(struct record_bucket *b)
{
	if (b->passwords == 0) {
		*b = (struct record_bucket){0};
		return;
	}
	b->wrong = b->passwords;
	b->proven = 0;
}

void state_forget_codes(struct record_hot *hot)
{
	hot->locked_since = 0;
	for (int i = 0; i < RECORD_BUCKETS; i++)
		keep_passwords(&hot->unknown[i]);
	for (int i = 0; i < RECORD_KNOWN; i++)
		keep_passwords(&hot->known[i].bucket);
	hot->dropped = (struct record_bucket){0};
}

static void count_up(uint16_t *n)
{
	if (*n < UINT16_MAX)
		++*n;
}

/* Without a source, and without proof: it is no code, so it tells the owner nothing and
 * never locks. */
void state_wrong_password(struct record_bucket *b, int64_t since)
{
	if (b->passwords < UINT16_MAX && b->wrong < UINT16_MAX)
		b->passwords++;
	count_up(&b->wrong);
	if (b->last < since)
		b->last = since;
}

static void drop_known(struct record_hot *hot, struct record_known *k)
{
	unsigned int sum = (unsigned int)hot->dropped.proven + k->bucket.proven;

	/* What a forgotten source did still counts against the lock. */
	hot->dropped.proven = (uint16_t)(sum > UINT16_MAX ? UINT16_MAX : sum);
	if (k->bucket.proven > 0 && k->bucket.last > hot->dropped.last)
		hot->dropped.last = k->bucket.last;
	*k = (struct record_known){0};
}

/* Known for 30 days; the least recently successful one makes room. */
void state_learn(struct record_hot *hot, const uint8_t source[16], int64_t now)
{
	struct record_known *k = find_known(hot, source, now), *oldest = &hot->known[0];

	for (int i = 0; i < RECORD_KNOWN && k == NULL; i++) {
		int64_t since = is_fresh(hot->known[i].since, now) ? hot->known[i].since : 0;
		int64_t least = is_fresh(oldest->since, now) ? oldest->since : 0;

		if (since < least)
			oldest = &hot->known[i];
	}
	if (k == NULL) {
		k = oldest;
		drop_known(hot, k);
		memcpy(k->source, source, sizeof(k->source));
	}
	k->since = now;
}

static bool is_same(const struct record_remembered *r, const uint8_t source[16],
    const uint8_t keys[16])
{
	return r->since > 0 && memcmp(r->source, source, sizeof(r->source)) == 0 &&
	    memcmp(r->keys, keys, sizeof(r->keys)) == 0;
}

int64_t state_remembered(const struct record_hot *hot, const uint8_t source[16],
    const uint8_t keys[16], int64_t now, int64_t life)
{
	int64_t since = 0;

	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		const struct record_remembered *r = &hot->remembered[i];

		if (is_same(r, source, keys) && r->since <= now && now - r->since < life)
			since = r->since;
	}
	return hot->locked_since == 0 ? since : 0;
}

/* In the place of the same pair, else of the oldest. */
static void remember(struct record_hot *hot, const struct state_attempt *a)
{
	struct record_remembered *place = &hot->remembered[0];

	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		struct record_remembered *r = &hot->remembered[i];

		if (r->since > a->now)
			*r = (struct record_remembered){0};
		if (is_same(place, a->source, a->keys))
			continue;
		if (is_same(r, a->source, a->keys) || r->since < place->since)
			place = r;
	}
	memcpy(place->source, a->source, sizeof(place->source));
	memcpy(place->keys, a->keys, sizeof(place->keys));
	place->since = a->now;
}

static void succeed(struct record_hot *hot, const struct state_attempt *a,
    struct state_outcome *out)
{
	*bucket_of(hot, a) = (struct record_bucket){0};
	if (a->remember_source)
		state_learn(hot, a->source, a->now);
	hot->ever_confirmed = true;
	out->missed = hot->missed;
	hot->missed = (struct record_missed){0};
	out->verdict = STATE_OK;
}

/* A recovery code: 0 not one of ours, 1 decided. */
static int judge_recovery(struct record_hot *hot, const struct state_attempt *a,
    struct state_outcome *out)
{
	uint16_t bit;
	int k = 0;

	if (a->recovery < 0 || a->recovery >= RECORD_CODES || a->recovery_id == 0)
		return 0;
	while (k < 2 && hot->spent[k].id != a->recovery_id)
		k++;
	if (k == 2)
		return 0; /* recreated state: no recovery code of before is good */
	bit = (uint16_t)(1u << a->recovery);
	out->by_recovery = true;
	if ((hot->spent[k].used & bit) != 0) {
		out->verdict = STATE_REPLAY;
		return 1;
	}
	hot->spent[k].used |= bit;
	for (int i = 0; i < RECORD_CODES; i++)
		out->recovery_left += (hot->spent[k].used >> i & 1) == 0;
	state_unlock(hot);
	memset(hot->remembered, 0, sizeof(hot->remembered));
	succeed(hot, a, out);
	return 1;
}

static bool entries_are_whole(struct record_hot *hot, const struct state_attempt *a)
{
	if (a->devices < 0 || a->devices > RECORD_DEVICES)
		return false;
	for (int i = 0; i < a->devices; i++)
		if (record_find_entry(hot, a->match[i].id) == NULL)
			return false;
	return true;
}

static void judge_code(struct record_hot *hot, const struct state_attempt *a,
    struct state_outcome *out)
{
	bool hit = false, fresh = false;

	for (int i = 0; i < a->devices; i++) {
		const struct state_match *m = &a->match[i];
		struct record_entry *entry = record_find_entry(hot, m->id);

		if (m->step == 0)
			continue;
		if (!hit)
			out->device = m->id;
		hit = true;
		if (m->step <= entry->last_step || m->step <= m->floor)
			continue;
		entry->last_step = m->step;
		entry->last_used = a->now;
		if (!fresh)
			out->device = m->id;
		fresh = true;
	}
	if (fresh) {
		succeed(hot, a, out);
		if (a->remember)
			remember(hot, a);
	} else {
		out->verdict = hit ? STATE_REPLAY : a->invited ? STATE_INVITED : STATE_WRONG;
	}
}

static void count_wrong(struct record_hot *hot, const struct state_attempt *a,
    const struct state_limits *l)
{
	struct record_bucket *b = bucket_of(hot, a);

	count_up(&b->wrong);
	if (a->proven)
		count_up(&b->proven);
	b->last = a->now;
	if (hot->missed.count == 0)
		hot->missed.first = a->now;
	if (hot->missed.count < UINT32_MAX)
		hot->missed.count++;
	hot->missed.last = a->now;
	hot->missed.from = a->from;
	if (proven_wrong(hot) >= state_lock_bound(l, a->devices)) {
		hot->locked_since = a->now;
		memset(hot->remembered, 0, sizeof(hot->remembered));
	}
}

void state_next(struct record_hot *hot, const struct state_attempt *a,
    const struct state_limits *l, struct state_outcome *out)
{
	*out = (struct state_outcome){0};
	if (!entries_are_whole(hot, a)) {
		out->verdict = STATE_BROKEN;
		return;
	}
	state_settle(hot, a->now, l);
	if (judge_recovery(hot, a, out) != 0)
		return;
	if (hot->locked_since != 0) {
		out->verdict = STATE_LOCKED;
		return;
	}
	out->wait = state_bucket_wait(bucket_of(hot, a), a->now, l);
	if (out->wait > 0) {
		out->verdict = STATE_THROTTLED;
		return;
	}
	judge_code(hot, a, out);
	if (out->verdict == STATE_WRONG && !a->uncounted)
		count_wrong(hot, a, l);
}
