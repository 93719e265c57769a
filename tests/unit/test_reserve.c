/* reserve: the rule of one password. */
#include "tests/unit/scratch.h"

#include "lib/core/reserve.h"
#include "lib/core/state.h"

#define NOW SCRATCH_NOW
#define WAIT 15

static const struct state_limits limits = {3, 30, 3600, 100, 1, WAIT};
static uint64_t next_id;

static struct record_hot fresh(int devices)
{
	struct record_enroll r = scratch_enroll(devices, 100);

	next_id = 1;
	return scratch_hot(&r);
}

/* Source a shares bucket a % 32 until it is known. */
static struct reserve_try of(uint8_t source, int64_t now)
{
	struct reserve_try t = {.now = now, .id = next_id++};

	memset(t.source, source, sizeof(t.source));
	return t;
}

static enum reserve_answer take(struct record_hot *hot, uint8_t source, int64_t now)
{
	const struct reserve_try t = of(source, now);
	int64_t wait;

	return reserve_take(hot, &t, &limits, &wait);
}

static int wrong(struct record_hot *hot, uint8_t source, int64_t now)
{
	uint8_t hash[16];

	memset(hash, source, sizeof(hash));
	state_settle(hot, now, &limits);
	return state_bucket(hot, hash, now)->wrong;
}

static void succeed(struct record_hot *hot, uint8_t source, int64_t now)
{
	uint8_t hash[16];

	memset(hash, source, sizeof(hash));
	reserve_succeed(hot, hash, true, now, &limits);
}

static enum state_verdict code(struct record_hot *hot, uint8_t source, int64_t now,
    uint64_t step)
{
	struct state_attempt a = {.now = now, .proven = true, .remember_source = true,
	    .recovery = -1, .devices = 1, .match = {{.id = 100, .step = step}}};
	struct state_outcome out;

	memset(a.source, source, sizeof(a.source));
	state_next(hot, &a, &limits, &out);
	return out.verdict;
}

static void no_more_are_open_than_the_bucket_has(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
	for (int i = 0; i < 100; i++)
		assert_int_equal(take(&hot, 1, NOW + i % 14), RESERVE_FULL);
	assert_int_equal(take(&hot, 2, NOW), RESERVE_TAKEN); /* another bucket */
	assert_int_equal(take(&hot, 33, NOW), RESERVE_FULL); /* the same one */
	assert_int_equal(hot.reserveds, 4);
}

static void given_back_leaves_nothing(void **state)
{
	struct record_hot hot = fresh(1), before = hot;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(take(&hot, 1, NOW + i), RESERVE_TAKEN);
		assert_true(reserve_give_back(&hot, next_id - 1));
	}
	assert_memory_equal(&hot, &before, sizeof(hot));
	assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
}

static void not_given_back_is_a_wrong_try(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
	assert_int_equal(take(&hot, 1, NOW + WAIT - 1), RESERVE_FULL);
	assert_int_equal(take(&hot, 1, NOW + WAIT), RESERVE_THROTTLED);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 3);
	assert_int_equal(hot.reserveds, 0);
	/* What has become one is not given back any more. */
	assert_false(reserve_give_back(&hot, 1));
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 3);
}

/* From when it was taken, as if it had been judged at once. */
static void delay_runs_from_the_try_itself(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
	assert_int_equal(take(&hot, 1, NOW + 29), RESERVE_THROTTLED);
	assert_int_equal(take(&hot, 1, NOW + 30), RESERVE_TAKEN);
	/* Behind a delay one at a time, and the next delay is twice as long. */
	assert_int_equal(take(&hot, 1, NOW + 30), RESERVE_FULL);
	assert_int_equal(take(&hot, 1, NOW + 30 + 59), RESERVE_THROTTLED);
	assert_int_equal(take(&hot, 1, NOW + 30 + 60), RESERVE_TAKEN);
}

/* One that turns late does not move the start of the delay back. */
static void delay_runs_from_the_last_wrong_try(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
	assert_int_equal(code(&hot, 1, NOW + 10, 0), STATE_WRONG);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 2);
	assert_int_equal(hot.unknown[1].last, NOW + 10);
}

static void throttled_try_says_how_long(void **state)
{
	struct record_hot hot = fresh(1);
	struct reserve_try t;
	int64_t wait;

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)take(&hot, 1, NOW);
	t = of(1, NOW + 20);
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_THROTTLED);
	assert_int_equal(wait, 10);
}

static void former_one_is_a_wrong_try_at_once(void **state)
{
	struct record_hot hot = fresh(1);
	struct reserve_try t;
	int64_t wait;

	(void)state;
	assert_int_equal(take(&hot, 1, NOW), RESERVE_TAKEN);
	t = of(1, NOW + 2);
	t.former = 1;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_TAKEN);
	assert_int_equal(hot.reserveds, 1);
	assert_int_equal(hot.reserved[0].id, 2);
	assert_int_equal(wrong(&hot, 1, NOW + 2), 1);
	t = of(1, NOW + 4);
	t.former = 2;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_TAKEN);
	t = of(1, NOW + 6);
	t.former = 3;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_THROTTLED);
	assert_int_equal(hot.reserveds, 0);
	assert_int_equal(wrong(&hot, 1, NOW + 6), 3);
}

/* The former one turns also where the new one has to wait. */
static void former_one_turns_where_the_bucket_is_full(void **state)
{
	struct record_hot hot = fresh(1);
	struct reserve_try t;
	int64_t wait;

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)take(&hot, 1, NOW);
	t = of(1, NOW + 1);
	t.former = 2;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_FULL);
	assert_int_equal(hot.reserveds, 2);
	assert_int_equal(wrong(&hot, 1, NOW + 1), 1);
}

static void right_password_resets_no_wrong_code(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	/* The password is known, the code is guessed: three, as without the word. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(take(&hot, 1, NOW + i), RESERVE_TAKEN);
		assert_true(reserve_give_back(&hot, next_id - 1));
		assert_int_equal(code(&hot, 1, NOW + i, 0), STATE_WRONG);
	}
	assert_int_equal(take(&hot, 1, NOW + 3), RESERVE_THROTTLED);
	/* A login elsewhere that asks for no code takes nothing of that back. */
	succeed(&hot, 1, NOW + 3);
	assert_int_equal(wrong(&hot, 1, NOW + 3), 3);
	assert_int_equal(hot.unknown[1].proven, 3);
	assert_int_equal(code(&hot, 1, NOW + 3, 0), STATE_THROTTLED);
}

static void login_without_a_code_takes_back_its_wrong_passwords(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	assert_int_equal(code(&hot, 1, NOW, 0), STATE_WRONG);
	(void)take(&hot, 1, NOW);
	(void)take(&hot, 2, NOW);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 2);
	assert_int_equal(hot.unknown[1].passwords, 1);
	succeed(&hot, 1, NOW + WAIT);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 1);
	assert_int_equal(hot.unknown[1].passwords, 0);
	assert_int_equal(wrong(&hot, 2, NOW + WAIT), 1); /* another bucket's stay */
}

static void right_code_takes_back_all_of_its_bucket(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	(void)take(&hot, 1, NOW);
	assert_int_equal(code(&hot, 1, NOW + WAIT, 0), STATE_WRONG);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 2);
	assert_int_equal(code(&hot, 1, NOW + WAIT, 5000), STATE_OK);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 0);
	assert_int_equal(hot.unknown[1].passwords, 0);
}

/* One that is open at a success is none of the past. */
static void right_code_leaves_open_ones_open(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	(void)take(&hot, 1, NOW);
	assert_int_equal(code(&hot, 1, NOW, 5000), STATE_OK);
	assert_int_equal(hot.reserveds, 1);
	/* The source has become a known one meanwhile: it counts there. */
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 1);
	assert_int_equal(hot.known[0].bucket.wrong, 1);
	assert_int_equal(hot.unknown[1].wrong, 0);
}

static void wrong_passwords_never_lock(void **state)
{
	struct record_hot hot = fresh(1);
	int64_t now = NOW;
	int judged = 0;

	(void)state;
	for (int i = 0; i < 20000; i++, now += 600)
		judged += take(&hot, (uint8_t)i, now) == RESERVE_TAKEN;
	assert_true(judged > 1000);
	state_settle(&hot, now, &limits);
	assert_int_equal(hot.locked_since, 0);
	assert_int_equal(code(&hot, 77, now, 0), STATE_WRONG); /* looks at the sum */
	assert_int_equal(hot.locked_since, 0);
	assert_int_equal(hot.missed.count, 1);
}

static void known_source_always_has_room(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	assert_int_equal(code(&hot, 200, NOW, 5000), STATE_OK);
	for (int i = 0; i < 96; i++)
		(void)take(&hot, (uint8_t)(i % 32), NOW + (i >= RECORD_RESERVED / 2));
	assert_int_equal(hot.reserveds, RECORD_RESERVED);
	assert_int_equal(take(&hot, 7, NOW + 3), RESERVE_FULL);
	/* The oldest of the others makes room, as a wrong try. */
	assert_int_equal(take(&hot, 200, NOW + 3), RESERVE_TAKEN);
	assert_int_equal(hot.reserveds, RECORD_RESERVED);
	assert_int_equal(hot.unknown[0].wrong, 1);
	assert_false(reserve_give_back(&hot, 1));
	assert_int_equal(hot.reserved[0].id, 2);
	assert_int_equal(take(&hot, 200, NOW + 3), RESERVE_TAKEN);
	assert_int_equal(take(&hot, 200, NOW + 3), RESERVE_TAKEN);
	assert_int_equal(take(&hot, 200, NOW + 3), RESERVE_FULL);
}

static void known_source_is_not_delayed_by_passwords_of_others(void **state)
{
	struct record_hot hot = fresh(1);
	int64_t now = NOW;

	(void)state;
	assert_int_equal(code(&hot, 200, NOW, 5000), STATE_OK);
	for (int i = 0; i < 2000; i++, now++) {
		(void)take(&hot, (uint8_t)(i * 7 % 199), now);
		assert_int_equal(take(&hot, 200, now), RESERVE_TAKEN);
		assert_true(reserve_give_back(&hot, next_id - 1));
	}
}

static void source_is_known_by_a_password_where_there_is_no_device(void **state)
{
	struct record_hot none = fresh(0), one = fresh(1);
	uint8_t hash[16];

	(void)state;
	memset(hash, 9, sizeof(hash));
	succeed(&none, 9, NOW);
	assert_true(state_is_known(&none, hash, NOW));
	succeed(&one, 9, NOW);
	assert_false(state_is_known(&one, hash, NOW));
	/* Not a name. */
	none = fresh(0);
	reserve_succeed(&none, hash, false, NOW, &limits);
	assert_false(state_is_known(&none, hash, NOW));
}

static void start_later_than_now_counts_as_now(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	(void)take(&hot, 1, NOW + 86400);
	state_settle(&hot, NOW, &limits);
	assert_int_equal(hot.reserved[0].since, NOW);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT - 1), 0);
	assert_int_equal(wrong(&hot, 1, NOW + WAIT), 1);
	assert_int_equal(hot.unknown[1].last, NOW);
}

static void wrong_try_is_forgotten_after_30_days(void **state)
{
	struct record_hot hot = fresh(1);
	const int64_t month = 30 * INT64_C(86400);

	(void)state;
	(void)take(&hot, 1, NOW);
	assert_int_equal(wrong(&hot, 1, NOW + month - 1), 1);
	assert_int_equal(wrong(&hot, 1, NOW + month), 0);
	assert_int_equal(hot.unknown[1].passwords, 0);
	/* What the bucket had before is as old when an open one turns. */
	hot = fresh(1);
	(void)take(&hot, 1, NOW);
	state_settle(&hot, NOW + WAIT, &limits);
	(void)take(&hot, 1, NOW + month + 5);
	assert_int_equal(wrong(&hot, 1, NOW + month + 5 + WAIT), 1);
}

static void unlock_takes_all_back(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	for (int i = 0; i < 9; i++)
		(void)take(&hot, (uint8_t)(i / 2), NOW + i * WAIT);
	state_unlock(&hot);
	assert_int_equal(hot.reserveds, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(&hot, 1, NOW + 200), RESERVE_TAKEN);
}

static void first_reservation_makes_a_record_format_2(void **state)
{
	struct record_hot hot = fresh(1);

	(void)state;
	hot.format = 1;
	hot.unknown[1].wrong = 3;
	hot.unknown[1].last = NOW;
	assert_int_equal(take(&hot, 1, NOW), RESERVE_THROTTLED);
	assert_int_equal(code(&hot, 2, NOW, 0), STATE_WRONG);
	assert_int_equal(hot.format, 1);
	assert_int_equal(take(&hot, 2, NOW), RESERVE_TAKEN);
	assert_int_equal(hot.format, 2);
}

static void number_that_is_there_is_not_taken_twice(void **state)
{
	struct record_hot hot = fresh(1);
	struct reserve_try t = of(1, NOW);
	int64_t wait;

	(void)state;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_TAKEN);
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_NONE);
	t.id = 0;
	assert_int_equal(reserve_take(&hot, &t, &limits, &wait), RESERVE_NONE);
	assert_false(reserve_give_back(&hot, 0));
}

/*
 * A model that knows nothing of records: of each bucket the tries that were let
 * through, when, and what became of them.
 */
enum { SOURCES = 6, TRIES = 4000 };

struct model_try {
	uint64_t id;
	int source;
	int64_t at;
	bool open;
};

struct model {
	struct model_try t[TRIES];
	int n;
	int wrong[SOURCES];
	int64_t last[SOURCES];
};

static void model_turn(struct model *m, struct model_try *t)
{
	t->open = false;
	m->wrong[t->source]++;
	if (m->last[t->source] < t->at)
		m->last[t->source] = t->at;
}

static void model_settle(struct model *m, int64_t now)
{
	for (int i = 0; i < m->n; i++)
		if (m->t[i].open && now - m->t[i].at >= WAIT)
			model_turn(m, &m->t[i]);
}

static enum reserve_answer model_take(struct model *m, uint64_t id, int source, int64_t now)
{
	int64_t delay = 30;
	int open = 0;

	model_settle(m, now);
	for (int i = 0; i < m->n; i++)
		open += m->t[i].open && m->t[i].source == source;
	for (int i = 3; i < m->wrong[source] && delay < 3600; i++)
		delay *= 2;
	if (m->wrong[source] >= 3 && now - m->last[source] < (delay < 3600 ? delay : 3600))
		return RESERVE_THROTTLED;
	if (open >= (m->wrong[source] < 3 ? 3 - m->wrong[source] : 1))
		return RESERVE_FULL;
	m->t[m->n++] = (struct model_try){id, source, now, true};
	return RESERVE_TAKEN;
}

static void model_back(struct model *m, uint64_t id)
{
	for (int i = 0; i < m->n; i++)
		if (m->t[i].id == id)
			m->t[i].open = false;
}

static void agrees_with_a_model_that_knows_no_records(void **state)
{
	static struct model m;
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct record_hot hot = fresh(1);
		int64_t now = NOW;

		memset(&m, 0, sizeof(m));
		for (int i = 0; i < 1500; i++) {
			const int s = (int)scratch_below(&seed, SOURCES);
			const uint64_t id = next_id;

			now += (int64_t)scratch_below(&seed, 8) == 0 ?
			    (int64_t)scratch_below(&seed, 400) : (int64_t)scratch_below(&seed, 3);
			if (scratch_below(&seed, 3) > 0) {
				assert_int_equal(take(&hot, (uint8_t)s, now), model_take(&m, id, s, now));
			} else if (id > 1) {
				const uint64_t back = 1 + scratch_below(&seed, id - 1);
				/* Whoever gives back settles nothing: neither looks at the time. */
				(void)reserve_give_back(&hot, back);
				model_back(&m, back);
			}
			model_settle(&m, now);
			assert_int_equal(wrong(&hot, (uint8_t)s, now), m.wrong[s]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_are_open_than_the_bucket_has),
	    cmocka_unit_test(given_back_leaves_nothing),
	    cmocka_unit_test(not_given_back_is_a_wrong_try),
	    cmocka_unit_test(delay_runs_from_the_try_itself),
	    cmocka_unit_test(delay_runs_from_the_last_wrong_try),
	    cmocka_unit_test(throttled_try_says_how_long),
	    cmocka_unit_test(former_one_is_a_wrong_try_at_once),
	    cmocka_unit_test(former_one_turns_where_the_bucket_is_full),
	    cmocka_unit_test(right_password_resets_no_wrong_code),
	    cmocka_unit_test(login_without_a_code_takes_back_its_wrong_passwords),
	    cmocka_unit_test(right_code_takes_back_all_of_its_bucket),
	    cmocka_unit_test(right_code_leaves_open_ones_open),
	    cmocka_unit_test(wrong_passwords_never_lock),
	    cmocka_unit_test(known_source_always_has_room),
	    cmocka_unit_test(known_source_is_not_delayed_by_passwords_of_others),
	    cmocka_unit_test(source_is_known_by_a_password_where_there_is_no_device),
	    cmocka_unit_test(start_later_than_now_counts_as_now),
	    cmocka_unit_test(wrong_try_is_forgotten_after_30_days),
	    cmocka_unit_test(unlock_takes_all_back),
	    cmocka_unit_test(first_reservation_makes_a_record_format_2),
	    cmocka_unit_test(number_that_is_there_is_not_taken_twice),
	    cmocka_unit_test(agrees_with_a_model_that_knows_no_records),
	};

	return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
