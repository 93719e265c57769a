/* The rule of one attempt: DESIGN.md "Throttle", rules 2 and 6, state.h. */
#include "tests/unit/scratch.h"

#include "lib/core/state.h"

#define NOW SCRATCH_NOW
#define DAY INT64_C(86400)
#define DEVICE UINT64_C(101)
#define SET UINT64_C(77)

static const struct state_limits limits = {
    .throttle_free = 3, .throttle_base = 30, .throttle_max = 3600, .lock_after = 100,
    .window = 1};

static struct record_hot fresh_hot(int devices)
{
	struct record_hot h = {.format = RECORD_FORMAT, .entries = (uint8_t)devices};

	for (int i = 0; i < devices; i++)
		h.entry[i].id = DEVICE + (uint64_t)i;
	h.spent[0].id = SET;
	return h;
}

/* A wrong code from a source (its number also picks the bucket). */
static struct state_attempt wrong_from(int source, int64_t now)
{
	struct state_attempt a = {.now = now, .remember_source = true, .recovery = -1,
	    .recovery_id = SET, .devices = 1, .match[0].id = DEVICE};

	a.source[0] = (uint8_t)source;
	a.source[5] = 1;
	a.from = (struct source){.kind = SOURCE_IPV4, .bytes = {203, 0, 113, (uint8_t)source}};
	return a;
}

static struct state_attempt right_from(int source, int64_t now, uint64_t step)
{
	struct state_attempt a = wrong_from(source, now);

	a.match[0].step = step;
	return a;
}

static struct state_attempt recovery_from(int source, int64_t now, int index)
{
	struct state_attempt a = wrong_from(source, now);

	a.recovery = index;
	return a;
}

static struct state_outcome judge(struct record_hot *h, struct state_attempt a)
{
	struct state_outcome out;

	memset(&out, 0xee, sizeof(out));
	state_next(h, &a, &limits, &out);
	return out;
}

static enum state_verdict verdict_of(struct record_hot *h, struct state_attempt a)
{
	return judge(h, a).verdict;
}

/* n judged wrong codes, each as soon as the delay allows; the time of the last. */
static int64_t judged_wrong(struct record_hot *h, int source, int64_t now, int n, bool proven)
{
	for (int i = 0; i < n;) {
		struct state_attempt a = wrong_from(source, now);
		struct state_outcome out;

		a.proven = proven;
		out = judge(h, a);
		if (out.verdict == STATE_THROTTLED) {
			now += out.wait;
			continue;
		}
		assert_int_equal(out.verdict, STATE_WRONG);
		i++;
	}
	return now;
}

static void same_code_is_refused_twice(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	assert_int_equal(h.entry[0].last_step, 500);
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_REPLAY);
	assert_int_equal(verdict_of(&h, right_from(2, NOW + 1, 500)), STATE_REPLAY);
	assert_int_equal(h.entry[0].last_step, 500);
	assert_int_equal(verdict_of(&h, right_from(1, NOW + 30, 501)), STATE_OK);
}

static void clock_set_back_accepts_nothing_old(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	for (uint64_t step = 500; step > 480; step--)
		assert_int_equal(verdict_of(&h, right_from(1, NOW - 3600, step)), STATE_REPLAY);
	assert_int_equal(h.entry[0].last_step, 500);
	assert_int_equal(verdict_of(&h, right_from(1, NOW - 3600, 501)), STATE_OK);
}

static void clock_far_ahead_and_back_accepts_nothing_old(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW + 365 * DAY, 9000)), STATE_OK);
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_REPLAY);
	assert_int_equal(h.entry[0].last_step, 9000);
}

static void one_code_advances_all_matches(void **state)
{
	struct record_hot h = fresh_hot(3);
	struct state_attempt a = right_from(1, NOW, 500);
	struct state_outcome out;

	(void)state;
	a.devices = 3;
	a.match[1] = (struct state_match){.id = DEVICE + 1};
	a.match[2] = (struct state_match){.id = DEVICE + 2, .step = 502};
	out = judge(&h, a);
	assert_int_equal(out.verdict, STATE_OK);
	assert_int_equal(out.device, DEVICE);
	assert_int_equal(h.entry[0].last_step, 500);
	assert_int_equal(h.entry[0].last_used, NOW);
	assert_int_equal(h.entry[1].last_step, 0);
	assert_int_equal(h.entry[1].last_used, 0);
	assert_int_equal(h.entry[2].last_step, 502);
	assert_int_equal(h.entry[2].last_used, NOW);
	assert_int_equal(verdict_of(&h, a), STATE_REPLAY);
}

static void one_fresh_match_is_enough_and_the_spent_one_stays(void **state)
{
	struct record_hot h = fresh_hot(2);
	struct state_attempt a = right_from(1, NOW, 500);
	struct state_outcome out;

	(void)state;
	h.entry[0].last_step = 600;
	a.devices = 2;
	a.match[1] = (struct state_match){.id = DEVICE + 1, .step = 500};
	out = judge(&h, a);
	assert_int_equal(out.verdict, STATE_OK);
	assert_int_equal(out.device, DEVICE + 1);
	assert_int_equal(h.entry[0].last_step, 600);
	assert_int_equal(h.entry[1].last_step, 500);
}

static void steps_up_to_the_floor_count_as_accepted(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = right_from(1, NOW, 500);

	(void)state;
	a.match[0].floor = 500;
	assert_int_equal(verdict_of(&h, a), STATE_REPLAY);
	assert_int_equal(h.entry[0].last_step, 0);
	a.match[0].step = 501;
	assert_int_equal(verdict_of(&h, a), STATE_OK);
}

static void free_tries_then_doubling_delay(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = NOW, delay = 30;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(verdict_of(&h, wrong_from(1, now)), STATE_WRONG);
	for (int i = 0; i < 7; i++, delay *= 2) {
		struct state_outcome out = judge(&h, wrong_from(1, now));

		assert_int_equal(out.verdict, STATE_THROTTLED);
		assert_int_equal(out.wait, delay);
		out = judge(&h, wrong_from(1, now + delay - 1));
		assert_int_equal(out.verdict, STATE_THROTTLED);
		assert_int_equal(out.wait, 1);
		now += delay;
		assert_int_equal(verdict_of(&h, wrong_from(1, now)), STATE_WRONG);
	}
}

static void delay_stops_at_throttle_max(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 40, false);

	(void)state;
	assert_int_equal(judge(&h, wrong_from(1, now)).wait, 3600);
	h.unknown[1].wrong = UINT16_MAX;
	assert_int_equal(judge(&h, wrong_from(1, now)).wait, 3600);
	now += 3600;
	assert_int_equal(verdict_of(&h, wrong_from(1, now)), STATE_WRONG);
	assert_int_equal(h.unknown[1].wrong, UINT16_MAX);
}

static void right_code_in_a_delay_is_not_judged(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 3, false);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, now + 29, 500)), STATE_THROTTLED);
	assert_int_equal(h.entry[0].last_step, 0);
	assert_int_equal(verdict_of(&h, right_from(1, now + 30, 500)), STATE_OK);
}

static void throttled_answer_is_not_counted(void **state)
{
	struct record_hot h = fresh_hot(1), before;
	int64_t now = judged_wrong(&h, 1, NOW, 3, true);
	struct state_attempt a = wrong_from(1, now + 5);

	(void)state;
	before = h;
	a.proven = true;
	for (int i = 0; i < 50; i++)
		assert_int_equal(verdict_of(&h, a), STATE_THROTTLED);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void replay_does_not_raise_the_bucket(void **state)
{
	struct record_hot h = fresh_hot(1), before;
	struct state_attempt a = right_from(1, NOW, 500);

	(void)state;
	a.proven = true;
	assert_int_equal(verdict_of(&h, a), STATE_OK);
	before = h;
	for (int i = 0; i < 50; i++)
		assert_int_equal(verdict_of(&h, a), STATE_REPLAY);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void replay_does_not_lower_the_bucket(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	(void)judged_wrong(&h, 2, NOW, 2, false);
	assert_int_equal(verdict_of(&h, right_from(2, NOW, 500)), STATE_REPLAY);
	assert_int_equal(h.unknown[2].wrong, 2);
	assert_int_equal(h.missed.count, 2);
}

static void known_source_is_not_delayed(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now;

	(void)state;
	/* 33 shares the bucket of 1 among the unknown. */
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	now = judged_wrong(&h, 33, NOW, 8, false);
	assert_int_equal(verdict_of(&h, wrong_from(33, now)), STATE_THROTTLED);
	assert_int_equal(verdict_of(&h, right_from(1, now, 501)), STATE_OK);
	/* and a stranger in that bucket stays delayed */
	assert_int_equal(verdict_of(&h, wrong_from(33, now)), STATE_THROTTLED);
}

static void known_source_has_a_bucket_of_its_own(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	(void)judged_wrong(&h, 1, NOW, 3, false);
	assert_int_equal(verdict_of(&h, wrong_from(1, NOW)), STATE_THROTTLED);
	assert_int_equal(verdict_of(&h, wrong_from(33, NOW)), STATE_WRONG);
	assert_int_equal(h.unknown[1].wrong, 1);
}

static void unknown_sources_share_32_buckets(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	(void)judged_wrong(&h, 1, NOW, 3, false);
	assert_int_equal(verdict_of(&h, wrong_from(1 + 32, NOW)), STATE_THROTTLED);
	assert_int_equal(verdict_of(&h, wrong_from(1 + 64, NOW)), STATE_THROTTLED);
	for (int i = 2; i < 33; i++)
		assert_int_equal(verdict_of(&h, wrong_from(i, NOW)), STATE_WRONG);
}

static void name_is_never_a_known_source(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = right_from(1, NOW, 500);

	(void)state;
	a.remember_source = false;
	assert_int_equal(verdict_of(&h, a), STATE_OK);
	for (int i = 0; i < RECORD_KNOWN; i++)
		assert_int_equal(h.known[i].since, 0);
	/* Not even when a record already says so. */
	h.known[0].since = NOW;
	memcpy(h.known[0].source, a.source, sizeof(a.source));
	(void)judged_wrong(&h, 33, NOW, 3, false);
	a.match[0].step = 501;
	assert_int_equal(verdict_of(&h, a), STATE_THROTTLED);
}

static void known_source_is_forgotten_after_30_days(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t later = NOW + 30 * DAY;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	(void)judged_wrong(&h, 33, later - 1, 3, false);
	assert_int_equal(verdict_of(&h, right_from(1, later - 1, 501)), STATE_OK);
	h.known[0].since = NOW;
	assert_int_equal(verdict_of(&h, right_from(1, later, 502)), STATE_THROTTLED);
}

static void known_source_from_the_future_is_expired(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW + 1000, 500)), STATE_OK);
	(void)judged_wrong(&h, 33, NOW, 3, false);
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 501)), STATE_THROTTLED);
}

static void bucket_from_the_future_counts_as_now(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	(void)judged_wrong(&h, 1, NOW + 10 * DAY, 3, false);
	/* The clock is set back: the delay is 30 s from now, not ten days. */
	assert_int_equal(judge(&h, wrong_from(1, NOW)).wait, 30);
	assert_int_equal(h.unknown[1].last, NOW);
	assert_int_equal(verdict_of(&h, right_from(1, NOW + 30, 500)), STATE_OK);
}

static void ninth_source_drops_the_least_recently_successful(void **state)
{
	struct record_hot h = fresh_hot(1);
	uint64_t step = 500;

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(verdict_of(&h, right_from(i, NOW + i, step++)), STATE_OK);
	/* 0 logs in again, so 1 is now the oldest. */
	assert_int_equal(verdict_of(&h, right_from(0, NOW + 10, step++)), STATE_OK);
	assert_int_equal(verdict_of(&h, right_from(8, NOW + 11, step++)), STATE_OK);
	for (int i = 0; i <= 8; i++)
		(void)judged_wrong(&h, i + 32, NOW + 20, 3, false);
	for (int i = 0; i <= 8; i++)
		assert_int_equal(verdict_of(&h, right_from(i, NOW + 20, step++)),
		    i == 1 ? STATE_THROTTLED : STATE_OK);
}

static void dropped_source_leaves_its_proven_codes_counted(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(0, NOW, 500)), STATE_OK);
	now = judged_wrong(&h, 0, NOW + 1, 10, true);
	for (int i = 1; i <= 8; i++)
		assert_int_equal(verdict_of(&h, right_from(i, now + i, 500 + (uint64_t)i)),
		    STATE_OK);
	assert_int_equal(h.dropped.proven, 10);
	now = judged_wrong(&h, 9, now + 10, 89, true);
	assert_int_equal(h.locked_since, 0);
	now = judged_wrong(&h, 10, now, 1, true);
	assert_int_equal(h.locked_since, now);
}

static void success_takes_back_only_its_own_bucket(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 5, true);

	(void)state;
	(void)judged_wrong(&h, 2, now, 2, true);
	assert_int_equal(verdict_of(&h, right_from(2, now, 500)), STATE_OK);
	assert_int_equal(h.unknown[2].wrong, 0);
	assert_int_equal(h.unknown[2].proven, 0);
	assert_int_equal(h.unknown[1].wrong, 5);
	assert_int_equal(h.unknown[1].proven, 5);
	assert_int_equal(verdict_of(&h, wrong_from(1, now)), STATE_THROTTLED);
}

static void lock_at_the_bound(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 99, true);

	(void)state;
	assert_int_equal(h.locked_since, 0);
	now = judged_wrong(&h, 2, now, 1, true);
	assert_int_equal(h.locked_since, now);
	assert_int_equal(verdict_of(&h, right_from(3, now, 500)), STATE_LOCKED);
	assert_int_equal(verdict_of(&h, right_from(3, now + 400 * DAY, 500)), STATE_LOCKED);
	assert_int_equal(h.entry[0].last_step, 0);
}

static void lock_counts_over_all_sources(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = NOW;

	(void)state;
	for (int i = 0; i < 33; i++)
		now = judged_wrong(&h, i, now + 40, 3, true);
	assert_int_equal(h.locked_since, 0);
	now = judged_wrong(&h, 200, now + 40, 1, true);
	assert_int_equal(h.locked_since, now);
}

static void owner_at_a_known_source_is_locked_too(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	now = judged_wrong(&h, 2, NOW, 100, true);
	assert_int_equal(verdict_of(&h, right_from(1, now, 501)), STATE_LOCKED);
}

static void codes_without_a_proven_factor_never_lock(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = NOW;

	(void)state;
	for (int i = 0; i < 20; i++)
		now = judged_wrong(&h, i, now, 40, false);
	assert_int_equal(h.locked_since, 0);
	assert_int_equal(verdict_of(&h, right_from(25, now, 500)), STATE_OK);
}

static void proven_codes_are_forgotten_after_30_days(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 99, true);

	(void)state;
	now = judged_wrong(&h, 2, now + 30 * DAY, 98, true);
	assert_int_equal(h.locked_since, 0);
	assert_int_equal(h.unknown[1].proven, 0);
}

static void lock_bound_keeps_guessing_at_0_09_percent(void **state)
{
	struct state_limits l = limits;

	(void)state;
	assert_int_equal(state_lock_bound(&l, 1), 100);
	assert_int_equal(state_lock_bound(&l, 3), 100);
	assert_int_equal(state_lock_bound(&l, 4), 75);
	assert_int_equal(state_lock_bound(&l, 8), 37);
	l.window = 0;
	assert_int_equal(state_lock_bound(&l, 1), 100);
	assert_int_equal(state_lock_bound(&l, 8), 100);
	l.window = 2;
	assert_int_equal(state_lock_bound(&l, 1), 100);
	assert_int_equal(state_lock_bound(&l, 2), 90);
	assert_int_equal(state_lock_bound(&l, 8), 22);
	l.lock_after = 5;
	assert_int_equal(state_lock_bound(&l, 8), 5);
	assert_int_equal(state_lock_bound(&l, 0), 5);
	for (l.window = 0; l.window <= 2; l.window++)
		for (l.lock_after = 1; l.lock_after <= 100; l.lock_after++)
			for (int d = 1; d <= RECORD_DEVICES; d++) {
				int bound = state_lock_bound(&l, d);

				assert_in_range(bound, 1, l.lock_after);
				assert_true(bound * d * (2 * l.window + 1) <= 900);
			}
}

static void eight_devices_lock_at_37(void **state)
{
	struct record_hot h = fresh_hot(8);
	int64_t now = NOW;
	int judged = 0;

	(void)state;
	for (int i = 0; i < 50; i++, now += 3600) {
		struct state_attempt a = wrong_from(1, now);
		struct state_outcome out;

		a.devices = 8;
		a.proven = true;
		for (int d = 0; d < 8; d++)
			a.match[d].id = DEVICE + (uint64_t)d;
		out = judge(&h, a);
		judged += out.verdict == STATE_WRONG;
	}
	assert_int_equal(judged, 37);
	assert_int_not_equal(h.locked_since, 0);
}

static void lock_ends_remembered_logins(void **state)
{
	struct record_hot h = fresh_hot(1);
	static const struct record_remembered none;

	(void)state;
	h.remembered[3].since = NOW;
	(void)judged_wrong(&h, 1, NOW, 99, true);
	assert_int_equal(h.remembered[3].since, NOW);
	(void)judged_wrong(&h, 2, NOW + DAY, 1, true);
	for (int i = 0; i < RECORD_REMEMBERED; i++)
		assert_memory_equal(&h.remembered[i], &none, sizeof(none));
}

static struct state_attempt right_with_keys(int source, int keys, int64_t now, uint64_t step)
{
	struct state_attempt a = right_from(source, now, step);

	a.remember = true;
	a.keys[0] = (uint8_t)keys;
	return a;
}

static int64_t remembered(const struct record_hot *h, int source, int keys, int64_t now)
{
	const struct state_attempt a = right_with_keys(source, keys, now, 0);

	return state_remembered(h, a.source, a.keys, now, 3600);
}

static void right_code_is_remembered_for_its_source_and_keys(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	assert_int_equal(judge(&h, right_with_keys(1, 1, NOW, 100)).verdict, STATE_OK);
	assert_int_equal(remembered(&h, 1, 1, NOW), NOW);
	assert_int_equal(remembered(&h, 2, 1, NOW), 0);
	assert_int_equal(remembered(&h, 1, 2, NOW), 0);
	assert_int_equal(remembered(&h, 2, 2, NOW), 0);
}

/* Nothing and nobody is found among free places, which are all zero. */
static void free_place_is_nobodys(void **state)
{
	static const uint8_t zero[16];
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(state_remembered(&h, zero, zero, NOW, INT64_MAX), 0);
	assert_int_equal(state_remembered(&h, zero, zero, 0, INT64_MAX), 0);
}

static void remembering_counts_from_the_code_and_ends(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	(void)judge(&h, right_with_keys(1, 1, NOW, 100));
	assert_int_equal(remembered(&h, 1, 1, NOW + 3599), NOW);
	assert_int_equal(remembered(&h, 1, 1, NOW + 3600), 0);
	assert_int_equal(remembered(&h, 1, 1, NOW - 1), 0); /* the clock was set back */
	(void)judge(&h, right_with_keys(1, 1, NOW + 60, 102));
	assert_int_equal(remembered(&h, 1, 1, NOW + 3601), NOW + 60);
	/* Set back before both: the next code takes the place of what lies ahead. */
	(void)judge(&h, right_with_keys(2, 1, NOW - 600, 103));
	assert_int_equal(remembered(&h, 1, 1, NOW + 61), 0);
	assert_int_equal(remembered(&h, 2, 1, NOW), NOW - 600);
}

static void only_a_right_code_is_remembered(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = right_with_keys(1, 1, NOW, 100);

	(void)state;
	a.remember = false;
	assert_int_equal(judge(&h, a).verdict, STATE_OK);
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	a.remember = true;
	assert_int_equal(judge(&h, a).verdict, STATE_REPLAY);
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	a.match[0].step = 0;
	assert_int_equal(judge(&h, a).verdict, STATE_WRONG);
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	a.invited = true;
	assert_int_equal(judge(&h, a).verdict, STATE_INVITED);
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	a.invited = false;
	a.recovery = 3;
	assert_int_equal(judge(&h, a).verdict, STATE_OK);
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
	/* In a delay or under a lock a right code is not judged. */
	a = right_with_keys(1, 1, NOW, 101);
	(void)judged_wrong(&h, 1, NOW, 3, false);
	assert_int_equal(judge(&h, a).verdict, STATE_THROTTLED);
	h.locked_since = NOW;
	assert_int_equal(judge(&h, a).verdict, STATE_LOCKED);
	h.locked_since = 0;
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
}

static void one_place_for_each_source_and_keys(void **state)
{
	struct record_hot h = fresh_hot(1);
	int used = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		(void)judge(&h, right_with_keys(1, i % 2, NOW + i * 30, 100 + (uint64_t)i));
	for (int i = 0; i < RECORD_REMEMBERED; i++)
		used += h.remembered[i].since != 0;
	assert_int_equal(used, 2);
	assert_int_equal(remembered(&h, 1, 0, NOW + 600), NOW + 18 * 30);
	assert_int_equal(remembered(&h, 1, 1, NOW + 600), NOW + 19 * 30);
}

static void ninth_memory_drops_the_oldest(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	for (int i = 0; i < RECORD_REMEMBERED; i++)
		(void)judge(&h, right_with_keys(i, 7, NOW + i * 30, 100 + (uint64_t)i));
	(void)judge(&h, right_with_keys(0, 7, NOW + 300, 200)); /* the first is new again */
	(void)judge(&h, right_with_keys(50, 7, NOW + 330, 201));
	assert_int_equal(remembered(&h, 1, 7, NOW + 330), 0);
	assert_int_equal(remembered(&h, 0, 7, NOW + 330), NOW + 300);
	assert_int_equal(remembered(&h, 50, 7, NOW + 330), NOW + 330);
	for (int i = 2; i < RECORD_REMEMBERED; i++)
		assert_int_equal(remembered(&h, i, 7, NOW + 330), NOW + i * 30);
}

static void locked_user_is_not_remembered(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	(void)judge(&h, right_with_keys(1, 1, NOW, 100));
	h.locked_since = NOW;
	assert_int_equal(remembered(&h, 1, 1, NOW), 0);
}

static struct state_attempt word_from(int source, int64_t now)
{
	struct state_attempt a = wrong_from(source, now);

	a.proven = a.invited = true;
	return a;
}

static void invited_spends_and_counts_nothing(void **state)
{
	struct record_hot h = fresh_hot(1), before;

	(void)state;
	(void)judged_wrong(&h, 1, NOW, 2, true);
	before = h;
	for (int i = 0; i < 5; i++)
		assert_int_equal(judge(&h, word_from(1, NOW)).verdict, STATE_INVITED);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void invited_is_judged_under_delay_and_lock(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	(void)judged_wrong(&h, 1, NOW, 3, true);
	assert_int_equal(judge(&h, word_from(1, NOW)).verdict, STATE_THROTTLED);
	assert_int_equal(judge(&h, word_from(1, NOW + 30)).verdict, STATE_INVITED);
	h.locked_since = NOW;
	assert_int_equal(judge(&h, word_from(1, NOW + 30)).verdict, STATE_LOCKED);
}

/* Nobody yet: no device, and the word is all there is. */
static void wrong_words_of_a_user_without_a_device_lock(void **state)
{
	struct record_hot h = fresh_hot(0);
	int64_t now = NOW;
	int judged = 0;

	(void)state;
	for (int i = 0; i < 400 && h.locked_since == 0; i++, now += 3600) {
		struct state_attempt a = wrong_from(1, now);

		a.devices = 0;
		a.proven = true;
		judged += judge(&h, a).verdict == STATE_WRONG;
	}
	assert_int_equal(judged, 100);
	{
		struct state_attempt a = word_from(2, now);

		a.devices = 0;
		assert_int_equal(judge(&h, a).verdict, STATE_LOCKED);
	}
}

static void uncounted_answer_is_wrong_and_changes_nothing(void **state)
{
	struct record_hot h = fresh_hot(1), before;
	struct state_attempt a = wrong_from(1, NOW);

	(void)state;
	(void)judged_wrong(&h, 1, NOW - 10, 2, true);
	before = h;
	a.proven = a.uncounted = true;
	for (int i = 0; i < 200; i++)
		assert_int_equal(judge(&h, a).verdict, STATE_WRONG);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void locked_answer_is_not_counted(void **state)
{
	struct record_hot h = fresh_hot(1), before;
	int64_t now = judged_wrong(&h, 1, NOW, 100, true);
	struct state_attempt a = wrong_from(2, now);

	(void)state;
	a.proven = true;
	before = h;
	assert_int_equal(verdict_of(&h, a), STATE_LOCKED);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void recovery_opens_a_locked_user(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 100, true);
	struct state_outcome out;

	(void)state;
	out = judge(&h, recovery_from(2, now, 4));
	assert_int_equal(out.verdict, STATE_OK);
	assert_true(out.by_recovery);
	assert_int_equal(out.recovery_left, 9);
	assert_int_equal(out.missed.count, 100);
	assert_int_equal(h.locked_since, 0);
	assert_true(h.ever_confirmed);
	out = judge(&h, recovery_from(2, now, 4));
	assert_int_equal(out.verdict, STATE_REPLAY);
	assert_int_equal(verdict_of(&h, right_from(2, now, 500)), STATE_OK);
	/* The count began anew: 99 more do not lock. */
	now = judged_wrong(&h, 1, now, 99, true);
	assert_int_equal(h.locked_since, 0);
}

static void spent_recovery_code_does_not_open_a_lock(void **state)
{
	struct record_hot h = fresh_hot(1), before;
	int64_t now;

	(void)state;
	assert_int_equal(verdict_of(&h, recovery_from(1, NOW, 0)), STATE_OK);
	now = judged_wrong(&h, 2, NOW, 100, true);
	before = h;
	assert_int_equal(verdict_of(&h, recovery_from(1, now, 0)), STATE_REPLAY);
	assert_memory_equal(&h, &before, sizeof(h));
	assert_int_not_equal(h.locked_since, 0);
}

static void recovery_is_judged_in_a_delay(void **state)
{
	struct record_hot h = fresh_hot(1);
	int64_t now = judged_wrong(&h, 1, NOW, 8, true);

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, now, 500)), STATE_THROTTLED);
	assert_int_equal(verdict_of(&h, recovery_from(1, now, 9)), STATE_OK);
	assert_int_equal(h.spent[0].used, 1 << 9);
	assert_int_equal(verdict_of(&h, right_from(1, now, 500)), STATE_OK);
}

static void every_recovery_code_works_once(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	for (int i = 0; i < RECORD_CODES; i++) {
		struct state_outcome out = judge(&h, recovery_from(1, NOW, i));

		assert_int_equal(out.verdict, STATE_OK);
		assert_int_equal(out.recovery_left, RECORD_CODES - 1 - i);
	}
	for (int i = 0; i < RECORD_CODES; i++)
		assert_int_equal(verdict_of(&h, recovery_from(1, NOW, i)), STATE_REPLAY);
	assert_int_equal(h.spent[0].used, 0x3ff);
}

static void recovery_of_a_set_unknown_to_hot_is_wrong(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = recovery_from(1, NOW, 0);

	(void)state;
	a.recovery_id = SET + 1;
	assert_int_equal(verdict_of(&h, a), STATE_WRONG);
	assert_int_equal(h.spent[0].used, 0);
	/* A free slot (id 0) is no set either. */
	a.recovery_id = 0;
	assert_int_equal(verdict_of(&h, a), STATE_WRONG);
	assert_int_equal(h.spent[1].used, 0);
	assert_int_equal(h.unknown[1].wrong, 2);
	a = recovery_from(1, NOW, RECORD_CODES);
	assert_int_equal(verdict_of(&h, a), STATE_WRONG);
}

static void new_recovery_codes_meet_no_old_bits(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = recovery_from(1, NOW, 2);

	(void)state;
	h.spent[1].id = SET + 1;
	assert_int_equal(verdict_of(&h, a), STATE_OK);
	a.recovery_id = SET + 1;
	assert_int_equal(verdict_of(&h, a), STATE_OK);
	assert_int_equal(h.spent[0].used, 4);
	assert_int_equal(h.spent[1].used, 4);
}

static void recovery_ends_remembered_logins(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	h.remembered[0].since = NOW;
	assert_int_equal(verdict_of(&h, recovery_from(1, NOW, 0)), STATE_OK);
	assert_int_equal(h.remembered[0].since, 0);
}

static void recovery_spends_no_time_step(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, recovery_from(1, NOW, 0)), STATE_OK);
	assert_int_equal(h.entry[0].last_step, 0);
	assert_int_equal(h.entry[0].last_used, 0);
}

static void owner_is_told_of_wrong_codes_after_a_success(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_outcome out;
	int64_t now;

	(void)state;
	(void)judged_wrong(&h, 7, NOW, 1, false);
	now = judged_wrong(&h, 8, NOW + 50, 4, true);
	out = judge(&h, right_from(1, now + 9, 500));
	assert_int_equal(out.verdict, STATE_OK);
	assert_int_equal(out.missed.count, 5);
	assert_int_equal(out.missed.first, NOW);
	assert_int_equal(out.missed.last, now);
	assert_int_equal(out.missed.from.kind, SOURCE_IPV4);
	assert_int_equal(out.missed.from.bytes[3], 8);
	out = judge(&h, right_from(1, now + 60, 501));
	assert_int_equal(out.missed.count, 0);
}

static void first_success_confirms_the_state(void **state)
{
	struct record_hot h = fresh_hot(1);

	(void)state;
	assert_int_equal(verdict_of(&h, wrong_from(1, NOW)), STATE_WRONG);
	assert_false(h.ever_confirmed);
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	assert_true(h.ever_confirmed);
}

static void device_without_an_entry_is_broken_and_changes_nothing(void **state)
{
	struct record_hot h = fresh_hot(1), before = h;
	struct state_attempt a = right_from(1, NOW, 500);

	(void)state;
	a.match[0].id = DEVICE + 9;
	assert_int_equal(verdict_of(&h, a), STATE_BROKEN);
	a = right_from(1, NOW, 500);
	a.devices = 2;
	a.match[1].id = DEVICE + 1;
	assert_int_equal(verdict_of(&h, a), STATE_BROKEN);
	/* A recovery code does not make up for a state that does not fit. */
	a.recovery = 0;
	assert_int_equal(verdict_of(&h, a), STATE_BROKEN);
	a.devices = RECORD_DEVICES + 1;
	assert_int_equal(verdict_of(&h, a), STATE_BROKEN);
	a.devices = -1;
	assert_int_equal(verdict_of(&h, a), STATE_BROKEN);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void no_device_never_logs_in(void **state)
{
	struct record_hot h = fresh_hot(1);
	struct state_attempt a = right_from(1, NOW, 500);

	(void)state;
	a.devices = 0;
	assert_int_equal(verdict_of(&h, a), STATE_WRONG);
}

static void codes_that_are_forgotten_count_for_no_lock(void **state)
{
	struct record_hot h = fresh_hot(1);
	static const struct record_bucket none;

	(void)state;
	h.locked_since = NOW;
	h.unknown[1] = (struct record_bucket){.wrong = 5, .proven = 2, .last = NOW, .passwords = 3};
	h.known[0].bucket = (struct record_bucket){.wrong = 2, .proven = 2, .last = NOW};
	h.dropped = (struct record_bucket){.proven = 9, .last = NOW};
	state_forget_codes(&h);
	assert_int_equal(h.locked_since, 0);
	assert_int_equal(h.unknown[1].wrong, 3);
	assert_int_equal(h.unknown[1].proven, 0);
	assert_int_equal(h.unknown[1].passwords, 3);
	assert_memory_equal(&h.known[0].bucket, &none, sizeof(none));
	assert_memory_equal(&h.dropped, &none, sizeof(none));
}

static void unlock_takes_back_the_lock_and_every_bucket_but_no_step(void **state)
{
	struct record_hot h = fresh_hot(1);
	static const struct record_bucket none;
	int64_t now;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW, 500)), STATE_OK);
	assert_int_equal(verdict_of(&h, recovery_from(1, NOW, 3)), STATE_OK);
	now = judged_wrong(&h, 1, NOW, 20, true);
	now = judged_wrong(&h, 2, now, 80, true);
	h.dropped.proven = 4;
	assert_int_not_equal(h.locked_since, 0);
	state_unlock(&h);
	assert_int_equal(h.locked_since, 0);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		assert_memory_equal(&h.unknown[i], &none, sizeof(none));
	for (int i = 0; i < RECORD_KNOWN; i++)
		assert_memory_equal(&h.known[i].bucket, &none, sizeof(none));
	assert_memory_equal(&h.dropped, &none, sizeof(none));
	assert_int_equal(h.entry[0].last_step, 500);
	assert_int_equal(h.spent[0].used, 8);
	assert_int_equal(verdict_of(&h, right_from(1, now, 500)), STATE_REPLAY);
}

static void zeroed_memory_denies(void **state)
{
	(void)state;
	assert_int_equal(STATE_NONE, 0);
	assert_int_not_equal(STATE_OK, 0);
}

static void owner_gets_in_59_of_60_during_an_attack(void **state)
{
	struct record_hot h = fresh_hot(1);
	uint64_t seed = 9, step = 500;
	int in = 0;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW - 60, step++)), STATE_OK);
	for (int t = 0; t < 3600; t++) {
		if (t % 5 == 0) {
			struct state_attempt a = wrong_from(2, NOW + t);

			a.source[0] = (uint8_t)scratch_below(&seed, 256);
			(void)judge(&h, a);
		}
		if (t % 60 == 30)
			in += verdict_of(&h, right_from(1, NOW + t, step++)) == STATE_OK;
	}
	assert_true(in >= 59);
}

static void owner_gets_in_59_of_60_under_proven_attack_from_one_source(void **state)
{
	struct record_hot h = fresh_hot(1);
	uint64_t step = 500;
	int in = 0;

	(void)state;
	assert_int_equal(verdict_of(&h, right_from(1, NOW - 60, step++)), STATE_OK);
	for (int t = 0; t < 3600; t++) {
		if (t % 5 == 0) {
			struct state_attempt a = wrong_from(33, NOW + t);

			a.proven = true;
			(void)judge(&h, a);
		}
		if (t % 60 == 30)
			in += verdict_of(&h, right_from(1, NOW + t, step++)) == STATE_OK;
	}
	assert_true(in >= 59);
}

/* ---- random sequences against a model written from DESIGN.md ---- */

#define SOURCES 48

struct tally { /* of one bucket */
	int wrong, proven;
	int64_t last;
};

struct model {
	struct state_limits l;
	int devices;
	uint64_t last_step[RECORD_DEVICES];
	bool spent[RECORD_CODES];
	int64_t known[SOURCES]; /* last success, 0: unknown */
	struct tally own[SOURCES], shared[RECORD_BUCKETS];
	int dropped, missed;
	bool locked;
};

static struct tally *tally_of(struct model *m, int source)
{
	return m->known[source] != 0 ? &m->own[source] : &m->shared[source % RECORD_BUCKETS];
}

static int64_t delay_after(const struct state_limits *l, int wrong)
{
	int64_t d = l->throttle_base;

	if (wrong < l->throttle_free)
		return 0;
	for (int i = l->throttle_free; i < wrong && d < l->throttle_max; i++)
		d *= 2;
	return d < l->throttle_max ? d : l->throttle_max;
}

static void model_learn(struct model *m, int source, int64_t now)
{
	int count = 0, oldest = -1;

	if (m->known[source] == 0) {
		for (int i = 0; i < SOURCES; i++) {
			if (m->known[i] == 0)
				continue;
			count++;
			if (oldest < 0 || m->known[i] < m->known[oldest])
				oldest = i;
		}
		if (count == RECORD_KNOWN) {
			m->dropped += m->own[oldest].proven;
			m->own[oldest] = (struct tally){0};
			m->known[oldest] = 0;
		}
	}
	m->known[source] = now;
}

static void model_success(struct model *m, int source, int64_t now)
{
	*tally_of(m, source) = (struct tally){0};
	model_learn(m, source, now);
	m->missed = 0;
}

static int model_proven(const struct model *m)
{
	int sum = m->dropped;

	for (int i = 0; i < SOURCES; i++)
		sum += m->own[i].proven;
	for (int i = 0; i < RECORD_BUCKETS; i++)
		sum += m->shared[i].proven;
	return sum;
}

static void model_clear(struct model *m)
{
	memset(m->own, 0, sizeof(m->own));
	memset(m->shared, 0, sizeof(m->shared));
	m->dropped = 0;
	m->locked = false;
}

static enum state_verdict model_wrong(struct model *m, const struct state_attempt *a,
    struct tally *b)
{
	int bound = 900 / (m->devices * (2 * m->l.window + 1));

	b->wrong++;
	b->proven += a->proven;
	b->last = a->now;
	m->missed++;
	if (model_proven(m) >= (bound < m->l.lock_after ? bound : m->l.lock_after))
		m->locked = true;
	return STATE_WRONG;
}

static enum state_verdict model_next(struct model *m, const struct state_attempt *a,
    int source)
{
	struct tally *b = tally_of(m, source);
	bool hit = false, fresh = false;

	if (a->recovery >= 0) {
		if (m->spent[a->recovery])
			return STATE_REPLAY;
		m->spent[a->recovery] = true;
		model_clear(m);
		model_success(m, source, a->now);
		return STATE_OK;
	}
	if (m->locked)
		return STATE_LOCKED;
	if (a->now - b->last < delay_after(&m->l, b->wrong))
		return STATE_THROTTLED;
	for (int i = 0; i < m->devices; i++) {
		hit |= a->match[i].step > 0;
		if (a->match[i].step <= m->last_step[i])
			continue;
		m->last_step[i] = a->match[i].step;
		fresh = true;
	}
	if (fresh) {
		model_success(m, source, a->now);
		return STATE_OK;
	}
	return hit ? STATE_REPLAY : model_wrong(m, a, b);
}

static struct state_attempt random_attempt(uint64_t *seed, const struct model *m,
    int64_t now, int source)
{
	struct state_attempt a = wrong_from(source, now);
	uint64_t present = (uint64_t)now / 30;

	a.devices = m->devices;
	a.proven = scratch_below(seed, 2) == 0;
	for (int i = 0; i < m->devices; i++) {
		a.match[i].id = DEVICE + (uint64_t)i;
		if (scratch_below(seed, 8) == 0)
			a.match[i].step = present + scratch_below(seed, 3) - 1;
	}
	if (scratch_below(seed, 120) == 0)
		a.recovery = (int)scratch_below(seed, RECORD_CODES);
	return a;
}

static void new_sequence(uint64_t *seed, struct model *m, struct record_hot *h)
{
	*m = (struct model){.devices = 1 + (int)scratch_below(seed, 8)};
	m->l = (struct state_limits){.throttle_free = 1 + (int)scratch_below(seed, 5),
	    .throttle_base = 1 + (int64_t)scratch_below(seed, 60), .throttle_max = 3600,
	    .lock_after = 1 + (int)scratch_below(seed, 100),
	    .window = (int)scratch_below(seed, 3)};
	*h = fresh_hot(m->devices);
}

static void compare(const struct model *m, const struct record_hot *h)
{
	assert_int_equal(h->missed.count, m->missed);
	assert_int_equal(h->locked_since != 0, m->locked);
	for (int i = 0; i < m->devices; i++)
		assert_int_equal(h->entry[i].last_step, m->last_step[i]);
	for (int i = 0; i < RECORD_BUCKETS; i++) {
		assert_int_equal(h->unknown[i].wrong, m->shared[i].wrong);
		assert_int_equal(h->unknown[i].proven, m->shared[i].proven);
	}
	assert_int_equal(h->dropped.proven, m->dropped);
}

/* 60 x 2,000 attempts, the clock going forward, against the model. */
static void random_sequences_follow_the_rule(void **state)
{
	uint64_t seed = 20240229;
	long seen[STATE_BROKEN + 1] = {0};

	(void)state;
	for (int s = 0; s < 60; s++) {
		struct record_hot h;
		struct model m;
		int64_t now = NOW;

		new_sequence(&seed, &m, &h);
		for (int i = 0; i < 2000; i++) {
			int source = (int)scratch_below(&seed, SOURCES);
			struct state_attempt a;
			struct state_outcome out;

			now += 1 + (int64_t)scratch_below(&seed, 300);
			a = random_attempt(&seed, &m, now, source);
			state_next(&h, &a, &m.l, &out);
			assert_int_equal(out.verdict, model_next(&m, &a, source));
			compare(&m, &h);
			seen[out.verdict]++;
		}
	}
	for (int v = STATE_OK; v <= STATE_LOCKED; v++)
		assert_true(seen[v] > 100);
	assert_int_equal(seen[STATE_NONE] + seen[STATE_BROKEN], 0);
}

/* 120,000 attempts with a clock that jumps both ways and states that pass
 * through the record's bytes: no step twice or backwards, no recovery code
 * twice, missed codes told exactly, no judgement in a locked state. */
static void clock_jumps_break_no_invariant(void **state)
{
	uint64_t seed = 424242;

	(void)state;
	for (int s = 0; s < 60; s++) {
		uint64_t accepted[RECORD_DEVICES] = {0};
		unsigned int spent = 0, missed = 0;
		struct record_hot h;
		struct model m;

		new_sequence(&seed, &m, &h);
		for (int i = 0; i < 2000; i++) {
			int64_t now = NOW + (int64_t)scratch_below(&seed, 100 * (uint64_t)DAY);
			struct state_attempt a = random_attempt(&seed, &m, now,
			    (int)scratch_below(&seed, SOURCES));
			unsigned char bytes[RECORD_PLAIN_MAX];
			bool locked = h.locked_since != 0;
			struct state_outcome out;
			int n;

			state_next(&h, &a, &m.l, &out);
			for (int d = 0; d < m.devices; d++) {
				if (h.entry[d].last_step == accepted[d])
					continue;
				assert_int_equal(out.verdict, STATE_OK);
				assert_false(out.by_recovery);
				assert_false(locked);
				assert_true(h.entry[d].last_step > accepted[d]);
				accepted[d] = h.entry[d].last_step;
			}
			if (out.by_recovery && out.verdict == STATE_OK) {
				assert_int_equal(spent >> a.recovery & 1, 0);
				spent |= 1u << a.recovery;
			}
			missed += out.verdict == STATE_WRONG;
			if (out.verdict == STATE_OK) {
				assert_int_equal(out.missed.count, missed);
				missed = 0;
			}
			assert_int_equal(h.missed.count, missed);
			assert_true(!locked || out.verdict == STATE_LOCKED || a.recovery >= 0);
			assert_true((n = record_put_hot(&h, bytes)) > 0);
			assert_int_equal(record_get_hot(&h, bytes, (size_t)n), 0);
		}
	}
}

/* An attacker with many sources and time cannot get more wrong codes judged in
 * one bucket than the delays allow, however they are spread. */
static void judged_codes_of_a_bucket_stay_within_the_delays(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int s = 0; s < 30; s++) {
		struct record_hot h = fresh_hot(1);
		int judged[RECORD_BUCKETS] = {0};
		int64_t last[RECORD_BUCKETS] = {0}, now = NOW;

		for (int i = 0; i < 4000; i++) {
			struct state_attempt a = wrong_from((int)scratch_below(&seed, 256), now);
			int b = a.source[0] % RECORD_BUCKETS;

			a.remember_source = scratch_below(&seed, 2) == 0;
			if (judge(&h, a).verdict == STATE_WRONG) {
				assert_true(now - last[b] >= delay_after(&limits, judged[b]));
				judged[b]++;
				last[b] = now;
			}
			now += (int64_t)scratch_below(&seed, 4);
		}
		/* 4,000 tries in about 6,000 s: 3 free, then 30 .. 1920 s. */
		for (int b = 0; b < RECORD_BUCKETS; b++)
			assert_in_range(judged[b], 3, 11);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_code_is_refused_twice),
	    cmocka_unit_test(clock_set_back_accepts_nothing_old),
	    cmocka_unit_test(clock_far_ahead_and_back_accepts_nothing_old),
	    cmocka_unit_test(one_code_advances_all_matches),
	    cmocka_unit_test(one_fresh_match_is_enough_and_the_spent_one_stays),
	    cmocka_unit_test(steps_up_to_the_floor_count_as_accepted),
	    cmocka_unit_test(free_tries_then_doubling_delay),
	    cmocka_unit_test(delay_stops_at_throttle_max),
	    cmocka_unit_test(right_code_in_a_delay_is_not_judged),
	    cmocka_unit_test(throttled_answer_is_not_counted),
	    cmocka_unit_test(replay_does_not_raise_the_bucket),
	    cmocka_unit_test(replay_does_not_lower_the_bucket),
	    cmocka_unit_test(known_source_is_not_delayed),
	    cmocka_unit_test(known_source_has_a_bucket_of_its_own),
	    cmocka_unit_test(unknown_sources_share_32_buckets),
	    cmocka_unit_test(name_is_never_a_known_source),
	    cmocka_unit_test(known_source_is_forgotten_after_30_days),
	    cmocka_unit_test(known_source_from_the_future_is_expired),
	    cmocka_unit_test(bucket_from_the_future_counts_as_now),
	    cmocka_unit_test(ninth_source_drops_the_least_recently_successful),
	    cmocka_unit_test(dropped_source_leaves_its_proven_codes_counted),
	    cmocka_unit_test(success_takes_back_only_its_own_bucket),
	    cmocka_unit_test(lock_at_the_bound),
	    cmocka_unit_test(lock_counts_over_all_sources),
	    cmocka_unit_test(owner_at_a_known_source_is_locked_too),
	    cmocka_unit_test(codes_without_a_proven_factor_never_lock),
	    cmocka_unit_test(proven_codes_are_forgotten_after_30_days),
	    cmocka_unit_test(lock_bound_keeps_guessing_at_0_09_percent),
	    cmocka_unit_test(eight_devices_lock_at_37),
	    cmocka_unit_test(lock_ends_remembered_logins),
	    cmocka_unit_test(right_code_is_remembered_for_its_source_and_keys),
	    cmocka_unit_test(free_place_is_nobodys),
	    cmocka_unit_test(remembering_counts_from_the_code_and_ends),
	    cmocka_unit_test(only_a_right_code_is_remembered),
	    cmocka_unit_test(one_place_for_each_source_and_keys),
	    cmocka_unit_test(ninth_memory_drops_the_oldest),
	    cmocka_unit_test(locked_user_is_not_remembered),
	    cmocka_unit_test(invited_spends_and_counts_nothing),
	    cmocka_unit_test(invited_is_judged_under_delay_and_lock),
	    cmocka_unit_test(wrong_words_of_a_user_without_a_device_lock),
	    cmocka_unit_test(uncounted_answer_is_wrong_and_changes_nothing),
	    cmocka_unit_test(locked_answer_is_not_counted),
	    cmocka_unit_test(recovery_opens_a_locked_user),
	    cmocka_unit_test(spent_recovery_code_does_not_open_a_lock),
	    cmocka_unit_test(recovery_is_judged_in_a_delay),
	    cmocka_unit_test(every_recovery_code_works_once),
	    cmocka_unit_test(recovery_of_a_set_unknown_to_hot_is_wrong),
	    cmocka_unit_test(new_recovery_codes_meet_no_old_bits),
	    cmocka_unit_test(recovery_ends_remembered_logins),
	    cmocka_unit_test(recovery_spends_no_time_step),
	    cmocka_unit_test(owner_is_told_of_wrong_codes_after_a_success),
	    cmocka_unit_test(first_success_confirms_the_state),
	    cmocka_unit_test(device_without_an_entry_is_broken_and_changes_nothing),
	    cmocka_unit_test(no_device_never_logs_in),
	    cmocka_unit_test(codes_that_are_forgotten_count_for_no_lock),
	    cmocka_unit_test(unlock_takes_back_the_lock_and_every_bucket_but_no_step),
	    cmocka_unit_test(zeroed_memory_denies),
	    cmocka_unit_test(owner_gets_in_59_of_60_during_an_attack),
	    cmocka_unit_test(owner_gets_in_59_of_60_under_proven_attack_from_one_source),
	    cmocka_unit_test(random_sequences_follow_the_rule),
	    cmocka_unit_test(clock_jumps_break_no_invariant),
	    cmocka_unit_test(judged_codes_of_a_bucket_stay_within_the_delays),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
