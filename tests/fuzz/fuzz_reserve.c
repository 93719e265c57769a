/*
 * fuzz_reserve: a row of passwords, codes and moves of the clock against the rule of one
 * password: no bucket has more open than it has tries left, nothing wrong is lost but by
 * what may take it back, and passwords never lock.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/reserve.h"

#define SOURCES 8
#define STEPS 300

struct run {
	struct record_hot hot;
	struct state_limits limits;
	uint64_t id;
	int64_t now;
};

static void hash_of(unsigned source, uint8_t out[16])
{
	memset(out, (int)(source % SOURCES), 16);
}

static int total(const struct record_hot *hot)
{
	int n = hot->reserveds;

	for (int i = 0; i < RECORD_BUCKETS; i++)
		n += hot->unknown[i].passwords;
	for (int i = 0; i < RECORD_KNOWN; i++)
		n += hot->known[i].bucket.passwords;
	return n;
}

static int open_in(struct record_hot *hot, const struct record_bucket *b, int64_t now)
{
	int n = 0;

	for (int i = 0; i < hot->reserveds; i++)
		n += state_bucket(hot, hot->reserved[i].source, now) == b;
	return n;
}

static void check_whole(const struct record_hot *hot)
{
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	static struct record_hot back;
	int n = record_put_hot(hot, bytes);

	MUST(n > 0 && record_get_hot(&back, bytes, (size_t)n) == 0);
	MUST(record_put_hot(&back, again) == n && memcmp(bytes, again, (size_t)n) == 0);
}

static void try_password(struct run *r, struct fuzz *f, unsigned source)
{
	struct reserve_try t = {.now = r->now, .id = ++r->id};
	const int64_t locked = r->hot.locked_since;
	struct record_bucket *b;
	enum reserve_answer answer;
	int before;
	int64_t wait;

	hash_of(source, t.source);
	if (fuzz_flip(f))
		t.former = fuzz_number(f, 1);
	state_settle(&r->hot, r->now, &r->limits);
	before = total(&r->hot);
	answer = reserve_take(&r->hot, &t, &r->limits, &wait);
	MUST(answer != RESERVE_NONE && r->hot.locked_since == locked);
	MUST((wait > 0) == (answer == RESERVE_THROTTLED) && wait <= r->limits.throttle_max);
	MUST(total(&r->hot) == before + (answer == RESERVE_TAKEN));
	b = state_bucket(&r->hot, t.source, r->now);
	if (answer == RESERVE_TAKEN) {
		MUST(r->hot.format == RECORD_FORMAT);
		MUST(open_in(&r->hot, b, r->now) + b->wrong <= r->limits.throttle_free ||
		    open_in(&r->hot, b, r->now) == 1);
	}
}

static void try_code(struct run *r, struct fuzz *f, unsigned source)
{
	struct state_attempt a = {.now = r->now, .proven = fuzz_flip(f), .remember_source = true,
	    .recovery = -1, .devices = 1, .match = {{.id = 1}}};
	struct state_outcome o;

	hash_of(source, a.source);
	if (fuzz_below(f, 4) == 3)
		a.match[0].step = (uint64_t)r->now;
	state_next(&r->hot, &a, &r->limits, &o);
	MUST(o.verdict != STATE_BROKEN && o.verdict != STATE_NONE);
}

static void succeed(struct run *r, unsigned source)
{
	uint8_t hash[16];
	int codes;
	struct record_bucket *b;

	hash_of(source, hash);
	state_settle(&r->hot, r->now, &r->limits);
	b = state_bucket(&r->hot, hash, r->now);
	codes = b->wrong - b->passwords;
	reserve_succeed(&r->hot, hash, true, r->now, &r->limits);
	b = state_bucket(&r->hot, hash, r->now);
	MUST(r->hot.entries == 0 || (b->wrong == codes && b->passwords == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moves[] = {0, 0, 1, 5, 15, 60, 3600, 31 * 86400, -5, -3600};
	static struct run r;
	struct fuzz f = {data, size};

	memset(&r, 0, sizeof(r));
	r.now = 1700000000;
	r.hot.format = fuzz_flip(&f) ? 1 : RECORD_FORMAT;
	r.hot.entries = 1;
	r.hot.entry[0].id = 1;
	r.limits = (struct state_limits){1 + (int)fuzz_below(&f, 20), 30, 3600, 100, 1,
	    1 + fuzz_below(&f, 60)};
	for (int i = 0; i < STEPS && f.left > 0; i++) {
		const unsigned what = fuzz_byte(&f), source = fuzz_byte(&f);

		r.now += moves[(source >> 4) % (sizeof(moves) / sizeof(moves[0]))];
		if (what < 128)
			try_password(&r, &f, source);
		else if (what < 192)
			(void)reserve_give_back(&r.hot, fuzz_number(&f, 1));
		else if (what < 224)
			try_code(&r, &f, source);
		else if (what < 250)
			succeed(&r, source);
		else
			state_unlock(&r.hot);
		check_whole(&r.hot);
	}
	return 0;
}
