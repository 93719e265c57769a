/*
 * fuzz_state: a row of attempts of all kinds against the rule of one attempt, beside a
 * memory of what was accepted: no step twice or backwards, no recovery code twice, no
 * code while it is locked, every wrong one is counted, and a source is kept waiting
 * exactly as long as its wrong codes in a row say.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/state.h"

#define DEVICES 3
#define ATTEMPTS 200
#define SOURCES 8 /* no more than are known at a time */
#define MONTH (30 * INT64_C(86400))

/* Wrong codes in a row of one source, and when the last of them was judged. */
struct row {
	int wrong;
	int64_t last;
};

struct run {
	struct record_hot hot;
	struct state_limits limits;
	uint64_t accepted[DEVICES]; /* greatest step */
	uint16_t spent;
	int64_t now;
	struct row unknown[SOURCES], known[SOURCES];
	int64_t since[SOURCES]; /* last success of a source that may be remembered */
	bool back; /* the clock was set back: what waits who was known once is not told here */
};

static void make(struct run *r, struct fuzz *f)
{
	memset(r, 0, sizeof(*r));
	r->hot.format = RECORD_FORMAT;
	r->hot.entries = DEVICES;
	for (int i = 0; i < DEVICES; i++)
		r->hot.entry[i].id = 1 + (uint64_t)i;
	r->hot.spent[1].id = 77;
	r->limits = (struct state_limits){1 + (int)fuzz_below(f, 20), 1 + fuzz_below(f, 300), 0,
	    1 + (int)fuzz_below(f, 100), (int)fuzz_below(f, 3), 15};
	r->limits.throttle_max = r->limits.throttle_base + fuzz_below(f, 3600);
	r->now = 1700000000;
}

static void read_attempt(struct run *r, struct fuzz *f, struct state_attempt *a)
{
	const unsigned what = fuzz_byte(f), more = fuzz_byte(f);
	static const int64_t moves[] = {0, 1, 30, 3600, 86400, -30, -3600, 31 * 86400};

	r->now += moves[more & 7];
	r->back = r->back || moves[more & 7] < 0;
	*a = (struct state_attempt){.now = r->now, .proven = (what & 1) != 0,
	    .remember_source = (what & 2) != 0, .uncounted = (what & 4) != 0,
	    .invited = (what & 8) != 0, .remember = (what & 16) != 0, .recovery = -1,
	    .recovery_id = 77, .devices = DEVICES};
	memset(a->source, (int)(more >> 3 & 7), sizeof(a->source));
	a->keys[0] = (uint8_t)(more >> 6);
	if ((what & 32) != 0)
		a->recovery = (int)fuzz_below(f, RECORD_CODES);
	for (int i = 0; i < DEVICES; i++) {
		a->match[i].id = 1 + (uint64_t)i;
		if ((what & 64) != 0)
			a->match[i].step = fuzz_number(f, 1);
		if ((what & 128) != 0)
			a->match[i].floor = fuzz_number(f, 1);
	}
}

/* How long sources wait, from the words of state.h and not from its code. */

static void forget_old(struct row *row, int64_t now)
{
	if (row->last > now)
		row->last = now;
	if (now - row->last >= MONTH)
		*row = (struct row){0, 0};
}

static void forget_all(struct run *r)
{
	memset(r->unknown, 0, sizeof(r->unknown));
	memset(r->known, 0, sizeof(r->known));
}

static bool is_known(const struct run *r, const struct state_attempt *a)
{
	const int64_t since = r->since[a->source[0]];

	return a->remember_source && since > 0 && a->now - since < MONTH;
}

static struct row *row_of(struct run *r, const struct state_attempt *a)
{
	return is_known(r, a) ? &r->known[a->source[0]] : &r->unknown[a->source[0]];
}

/* Nothing before throttle_free; then throttle_base from the last wrong code on, twice as
 * long for each more, throttle_max at most. */
static int64_t expected_wait(const struct run *r, const struct row *row, int64_t now)
{
	const int more = row->wrong - r->limits.throttle_free;
	int64_t delay = r->limits.throttle_max;

	if (more < 0)
		return 0;
	if (more < 16 && r->limits.throttle_base << more < delay)
		delay = r->limits.throttle_base << more;
	return row->last + delay > now ? row->last + delay - now : 0;
}

static void check_wait(struct run *r, const struct state_attempt *a, const struct state_outcome *o,
    const struct record_hot *before)
{
	const bool told = !r->back || r->since[a->source[0]] == 0;
	int64_t wait;

	for (int i = 0; i < SOURCES; i++) {
		forget_old(&r->unknown[i], a->now);
		forget_old(&r->known[i], a->now);
	}
	if (!told || o->by_recovery || before->locked_since != 0)
		return;
	wait = expected_wait(r, row_of(r, a), a->now);
	MUST(o->wait == wait);
	MUST((o->verdict == STATE_THROTTLED) == (wait > 0));
}

static void count(struct run *r, const struct state_attempt *a, const struct state_outcome *o)
{
	struct row *row = row_of(r, a);

	if (o->verdict == STATE_WRONG && !a->uncounted) {
		row->wrong++;
		row->last = a->now;
	}
	if (o->verdict != STATE_OK)
		return;
	*row = (struct row){0, 0};
	if (o->by_recovery)
		forget_all(r);
	if (a->remember_source) {
		r->known[a->source[0]] = (struct row){0, 0};
		r->since[a->source[0]] = a->now;
	}
}

static void check_ok(struct run *r, const struct state_attempt *a, const struct state_outcome *o,
    const struct record_hot *before)
{
	bool fresh = false;

	if (o->by_recovery) {
		MUST(a->recovery >= 0 && (r->spent >> a->recovery & 1) == 0);
		r->spent |= (uint16_t)(1U << a->recovery);
		MUST(r->hot.locked_since == 0);
		MUST(o->recovery_left == RECORD_CODES - __builtin_popcount(r->spent));
		return;
	}
	MUST(before->locked_since == 0 && o->wait == 0);
	for (int i = 0; i < DEVICES; i++) {
		const struct state_match *m = &a->match[i];

		if (m->step == 0 || m->step <= r->accepted[i] || m->step <= m->floor)
			continue;
		fresh = true;
		r->accepted[i] = m->step;
		MUST(r->hot.entry[i].last_step == m->step);
	}
	MUST(fresh);
}

static void check(struct run *r, const struct state_attempt *a, const struct state_outcome *o,
    const struct record_hot *before)
{
	unsigned char bytes[RECORD_PLAIN_MAX];
	struct record_hot again;
	int n;

	for (int i = 0; i < DEVICES; i++)
		MUST(r->hot.entry[i].last_step >= before->entry[i].last_step);
	switch (o->verdict) {
	case STATE_OK:
		check_ok(r, a, o, before);
		break;
	case STATE_WRONG:
		MUST(a->recovery < 0 && before->locked_since == 0);
		MUST(a->uncounted || r->hot.missed.count > before->missed.count ||
		    r->hot.missed.count == UINT32_MAX);
		break;
	case STATE_THROTTLED:
		MUST(o->wait > 0 && o->wait <= r->limits.throttle_max);
		break;
	case STATE_REPLAY:
	case STATE_LOCKED:
	case STATE_INVITED:
		MUST(o->verdict != STATE_INVITED || a->invited);
		break;
	default:
		MUST(!"a verdict");
	}
	n = record_put_hot(&r->hot, bytes);
	MUST(n > 0 && record_get_hot(&again, bytes, (size_t)n) == 0);
}

/* At once again the same is no success, and it is pure. */
static void check_twice(const struct run *r, const struct state_attempt *a,
    const struct record_hot *before, const struct state_outcome *o)
{
	struct record_hot copy = *before;
	struct state_outcome again;

	state_next(&copy, a, &r->limits, &again);
	MUST(memcmp(&again, o, sizeof(again)) == 0);
	copy = r->hot;
	state_next(&copy, a, &r->limits, &again);
	MUST(again.verdict != STATE_OK || o->verdict != STATE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct fuzz f = {data, size};
	struct record_hot before;
	struct state_attempt a = {.recovery = -1, .devices = DEVICES};
	struct state_outcome o;

	make(&r, &f);
	for (int i = 0; i < ATTEMPTS && f.left > 0; i++) {
		if (fuzz_below(&f, 32) == 31)
			state_unlock(&r.hot), forget_all(&r);
		read_attempt(&r, &f, &a);
		before = r.hot;
		memset(&o, 0, sizeof(o));
		state_next(&r.hot, &a, &r.limits, &o);
		check(&r, &a, &o, &before);
		check_wait(&r, &a, &o, &before);
		count(&r, &a, &o);
		check_twice(&r, &a, &before, &o);
	}
	/* With an entry missing nothing is decided or changed. */
	r.hot.entries = DEVICES - 1;
	before = r.hot;
	state_next(&r.hot, &a, &r.limits, &o);
	MUST(o.verdict == STATE_BROKEN && memcmp(&before, &r.hot, sizeof(before)) == 0);
	return 0;
}
