/* history_list: which entries of a password history count. */
#include "tests/unit/scratch.h"

#include "lib/core/pw_siblings.h"
#include "policy/password/history_list.h"

static struct record_pw r;
static int64_t now;

/* Password n, and the tag of the shadow field of state n. */
static const uint8_t *mac(int n)
{
	static uint8_t bytes[4][RECORD_HASH];
	static int at;
	uint8_t *out = bytes[at++ % 4];

	memset(out, 0xa5, RECORD_HASH);
	memcpy(out, &n, sizeof(n));
	return out;
}

static const uint8_t *tag(int n)
{
	static uint8_t bytes[4][RECORD_PW_TAG];
	static int at;
	uint8_t *out = bytes[at++ % 4];

	memset(out, 0x5a, RECORD_PW_TAG);
	memcpy(out, &n, sizeof(n));
	return out;
}

static const uint8_t unknown[RECORD_PW_TAG];

static int add(int password, const uint8_t *before)
{
	struct record_pw_entry x = {.set = now};

	memcpy(x.mac, mac(password), RECORD_HASH);
	memcpy(x.before, before, RECORD_PW_TAG);
	return history_list_add(&r, &x);
}

static bool has(int password, int state, int reuse)
{
	return history_list_has(&r, tag(state), reuse, mac(password));
}

/* Passwords first .. first + n - 1, each in force in turn; password p makes state p. */
static void change(int first, int n)
{
	for (int p = first; p < first + n; p++, now += 3600)
		assert_int_equal(add(p, tag(p - 1)), 0);
}

static int empty(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	r.format = RECORD_PW_FORMAT;
	now = SCRATCH_NOW;
	return 0;
}

static void reuse_counts_the_changes_before_the_present_one(void **state)
{
	(void)state;
	change(1, 25);
	for (int reuse = 0; reuse <= HISTORY_REUSE_MAX; reuse++)
		for (int p = 1; p <= 25; p++)
			assert_int_equal(has(p, 25, reuse), p >= 25 - reuse);
	assert_false(has(26, 25, HISTORY_REUSE_MAX));
}

static void oldest_goes_when_there_are_more_than_a_policy_can_ask_for(void **state)
{
	(void)state;
	change(1, 40);
	assert_int_equal(r.entries, HISTORY_CHANGES + 1); /* the last was under way */
	assert_true(has(16, 40, HISTORY_REUSE_MAX));
	assert_false(has(15, 40, HISTORY_REUSE_MAX));
	assert_int_equal(add(41, tag(40)), 0);
	assert_int_equal(r.entries, HISTORY_CHANGES + 1);
}

static void refused_change_may_be_tried_again(void **state)
{
	(void)state;
	change(1, 3);
	assert_int_equal(add(9, tag(3)), 0); /* pam_unix refuses it */
	assert_false(has(9, 3, HISTORY_REUSE_MAX));
	assert_true(has(3, 3, 0));
	assert_true(has(1, 3, 2));
	assert_false(has(1, 3, 1));
	assert_int_equal(add(9, tag(3)), 0); /* once more, and now it is taken */
	assert_int_equal(r.entries, 4);
	assert_true(has(9, 4, 0));
	assert_true(has(1, 4, 3));
	assert_false(has(1, 4, 2));
}

static void change_that_never_happened_goes_with_the_next(void **state)
{
	(void)state;
	change(1, 2);
	assert_int_equal(add(9, tag(2)), 0);
	now += HISTORY_UNDER_WAY;
	assert_int_equal(add(3, tag(2)), 0);
	assert_int_equal(r.entries, 4); /* with the mark */
	assert_false(has(9, 3, HISTORY_REUSE_MAX));
	assert_true(has(3, 3, 0));
	assert_true(has(1, 3, 2));
	assert_false(has(1, 3, 1));
	/* One for all that go. */
	for (int i = 0; i < 100; i++, now += HISTORY_UNDER_WAY)
		assert_int_equal(add(100 + i, tag(3)), 0);
	assert_int_equal(r.entries, 4 + 2);
	/* And it goes, as soon as somebody proves which password it was. */
	assert_true(history_list_is_unsure(&r, tag(4)));
	history_list_settle(&r, tag(4), mac(199));
	assert_int_equal(r.entries, 4 + 1);
	assert_false(history_list_is_unsure(&r, tag(4)));
	assert_true(has(199, 4, 0));
}

/* n tries of change p that pam_unix refuses. */
static void refuse(int p, int n)
{
	for (int i = 0; i < n; i++, now += 7)
		assert_int_equal(add(1000 * p + i, tag(p - 1)), 0);
}

/* passwd keeps its caller's real user id: he may stop it behind our line, for ever. */
static void stopped_change_that_goes_on_is_in_the_history(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		(void)empty(state);
		change(1, 24);
		assert_int_equal(add(50, tag(24)), 0);
		now += way == 3 ? 1 : HISTORY_UNDER_WAY;
		/* Others are noted and killed, as many as one likes; or the same one is withdrawn. */
		for (int i = 0; i < (way == 0 ? 1 : way == 1 ? 1000 : 0); i++, now += 60)
			assert_int_equal(add(1000 + i, tag(24)), 0);
		if (way >= 2) {
			assert_int_equal(add(50, tag(24)), 0);
			history_list_withdraw(&r, tag(24), mac(50));
		}
		/* It goes on, and the next change proves it. */
		assert_true(history_list_is_unsure(&r, tag(25)));
		history_list_settle(&r, tag(25), mac(50));
		assert_int_equal(add(51, tag(25)), 0);
		for (int p = 26; p <= 49; p++) {
			assert_true(has(50, p, p - 25));
			assert_false(has(50, p, p - 26));
			assert_true(has(p == 26 ? 51 : p, p, 0));
			for (int i = 0; i < 9; i++, now += 8)
				(void)add(5000 + 10 * p + i, tag(p));
			now += HISTORY_UNDER_WAY;
			assert_int_equal(add(p + 1, tag(p)), 0);
			if (history_list_is_unsure(&r, tag(p + 1)))
				history_list_settle(&r, tag(p + 1), mac(p + 1));
		}
	}
}

static void full_record_keeps_what_was_proved(void **state)
{
	(void)state;
	change(1, 1);
	for (int p = 2; p <= 30; p++) {
		/* The first of eight is taken, the others are noted behind it. */
		assert_int_equal(add(p, tag(p - 1)), 0);
		refuse(p, HISTORY_AT_ONCE - 1);
		assert_true(history_list_is_unsure(&r, tag(p)));
		history_list_settle(&r, tag(p), mac(p));
		for (int q = p > 25 ? p - 24 : 1; q <= p; q++)
			assert_true(has(q, p, HISTORY_REUSE_MAX));
	}
}

/* They run at once: shadow is what they found until the first has written it. */
static void change_under_way_is_kept(void **state)
{
	(void)state;
	change(1, 2);
	assert_int_equal(add(8, tag(2)), 0);
	now += HISTORY_UNDER_WAY - 1;
	assert_int_equal(add(9, tag(2)), 0);
	assert_false(has(8, 2, 24));
	assert_false(has(9, 2, 24));
	assert_true(has(8, 7, 0));
	assert_true(has(9, 7, 0));
	assert_true(has(2, 7, 1));
	assert_false(has(2, 7, 0));
}

static void clock_that_was_set_back_keeps_no_change_under_way(void **state)
{
	(void)state;
	change(1, 2);
	assert_int_equal(add(9, tag(2)), 0);
	now -= 1;
	assert_int_equal(add(3, tag(2)), 0);
	assert_false(has(9, 3, 24));
}

static void ninth_change_at_once_is_refused_and_changes_nothing(void **state)
{
	struct record_pw before;

	(void)state;
	change(1, 2);
	for (int i = 0; i < HISTORY_AT_ONCE; i++)
		assert_int_equal(add(100 + i, tag(2)), 0);
	before = r;
	assert_int_equal(add(200, tag(2)), ERR_UNAVAIL);
	assert_memory_equal(&r, &before, sizeof(r));
	/* One of them once more is none more. */
	assert_int_equal(add(100, tag(2)), 0);
	assert_int_equal(r.entries, before.entries);
	now += HISTORY_UNDER_WAY;
	assert_int_equal(add(200, tag(2)), 0);
	assert_int_equal(r.entries, 4);
}

/* Whoever wants an old password back may fail as often as he likes. */
static void refused_changes_push_nothing_out(void **state)
{
	(void)state;
	change(1, 25);
	for (int i = 0; i < 1000; i++, now += 7)
		(void)add(1000 + i, tag(25));
	for (int p = 1; p <= 25; p++)
		assert_true(has(p, 25, HISTORY_REUSE_MAX));
	/* Seven refused ones and one that is taken are one change. */
	for (int i = 0; i < HISTORY_AT_ONCE; i++)
		(void)add(5000 + i, tag(25));
	assert_true(has(2, 26, HISTORY_REUSE_MAX));
	assert_false(has(1, 26, HISTORY_REUSE_MAX));
}

static void refused_changes_that_end_in_one_push_nothing_out(void **state)
{
	(void)state;
	change(1, 1);
	for (int p = 2; p <= 25; p++) {
		refuse(p, HISTORY_AT_ONCE - 1);
		change(p, 1);
		for (int q = 1; q <= p; q++)
			assert_true(has(q, p, HISTORY_REUSE_MAX));
	}
	/* So on for ever: the last 25 stay, and no more. */
	for (int p = 26; p <= 80; p++) {
		refuse(p, p % HISTORY_AT_ONCE);
		change(p, 1);
		for (int q = p - HISTORY_REUSE_MAX; q <= p; q++)
			assert_true(has(q, p, HISTORY_REUSE_MAX));
		assert_false(has(p - HISTORY_REUSE_MAX - 1, p, HISTORY_REUSE_MAX));
	}
}

/* While others are under way, too. */
static void full_record_takes_out_nothing_that_is_under_way(void **state)
{
	(void)state;
	change(1, 1);
	for (int p = 2; p <= 30; p++) {
		refuse(p, HISTORY_AT_ONCE - 1);
		change(p, 1);
	}
	for (int i = 0; i < HISTORY_AT_ONCE; i++)
		assert_int_equal(add(90000 + i, tag(30)), 0);
	assert_true(r.entries <= RECORD_PW_ENTRIES);
	for (int i = 0; i < HISTORY_AT_ONCE; i++)
		assert_true(has(90000 + i, 31, 0));
	for (int q = 30 - HISTORY_REUSE_MAX + 1; q <= 30; q++)
		assert_true(has(q, 31, HISTORY_REUSE_MAX));
}

static void change_with_the_most_tries_gives_one(void **state)
{
	struct record_pw_entry list[7];

	(void)state;
	for (int i = 0; i < 7; i++)
		memcpy(list[i].before, tag(i < 1 ? 1 : i < 4 ? 2 : i < 5 ? 3 : 4), RECORD_PW_TAG);
	assert_int_equal(pw_siblings_spare(list, 0, 7), 2);
	assert_int_equal(pw_siblings_spare(list, 4, 7), 6);
	assert_int_equal(pw_siblings_spare(list, 0, 3), 2);
	assert_int_equal(pw_siblings_spare(list, 0, 2), 2); /* none */
	assert_int_equal(pw_siblings_spare(list, 7, 7), 7);
	assert_int_equal(pw_siblings_spare(list, 0, 0), 0);
	/* Unknown ones are each of their own; of two equal changes the older gives. */
	memset(list[2].before, 0, RECORD_PW_TAG);
	memset(list[3].before, 0, RECORD_PW_TAG);
	memcpy(list[1].before, tag(1), RECORD_PW_TAG);
	assert_int_equal(pw_siblings_spare(list, 0, 7), 6);
	assert_int_equal(pw_siblings_spare(list, 0, 5), 1);
	memset(list, 0, sizeof(list));
	assert_int_equal(pw_siblings_spare(list, 0, 7), 7);
}

static void without_shadow_every_entry_counts_as_a_change_of_its_own(void **state)
{
	(void)state;
	for (int p = 1; p <= 30; p++)
		assert_int_equal(add(p, unknown), 0);
	assert_int_equal(r.entries, HISTORY_CHANGES);
	assert_true(history_list_has(&r, unknown, 0, mac(30)));
	assert_false(history_list_has(&r, unknown, 0, mac(29)));
	assert_true(history_list_has(&r, unknown, 24, mac(6)));
	assert_false(history_list_has(&r, unknown, 23, mac(6)));
	assert_false(history_list_has(&r, tag(7), 23, mac(6)));
}

static void password_of_before_stands_behind_all(void **state)
{
	(void)state;
	assert_true(history_list_is_empty(&r, tag(1)));
	assert_int_equal(add(2, tag(1)), 0);
	assert_true(history_list_is_empty(&r, tag(1)));
	assert_false(history_list_is_empty(&r, tag(2)));
	history_list_add_oldest(&r, mac(1));
	assert_false(history_list_is_empty(&r, tag(1)));
	assert_true(has(1, 1, 0)); /* it is in force */
	assert_true(has(1, 2, 1));
	assert_false(has(1, 2, 0));
	assert_true(has(2, 2, 0));
}

static void withdrawn_is_only_what_has_not_happened(void **state)
{
	(void)state;
	change(1, 2);
	assert_int_equal(add(8, tag(2)), 0);
	assert_int_equal(add(9, tag(2)), 0);
	history_list_withdraw(&r, tag(2), mac(8));
	assert_int_equal(r.entries, 4); /* with the mark */
	assert_false(has(8, 3, 24));
	assert_true(has(9, 3, 0));
	history_list_withdraw(&r, tag(3), mac(9));
	history_list_withdraw(&r, tag(2), mac(2));
	assert_int_equal(r.entries, 4);
	history_list_withdraw(&r, unknown, mac(9));
	assert_int_equal(r.entries, 4);
	assert_true(has(2, 3, 1));
}

static void last_change_is_that_of_the_newest_which_happened(void **state)
{
	(void)state;
	assert_int_equal(history_list_changed(&r, tag(0)), 0);
	change(1, 2);
	assert_int_equal(history_list_changed(&r, tag(2)), SCRATCH_NOW + 3600);
	assert_int_equal(add(9, tag(2)), 0);
	assert_int_equal(history_list_changed(&r, tag(2)), SCRATCH_NOW + 3600);
	assert_int_equal(history_list_changed(&r, tag(3)), SCRATCH_NOW + 7200);
}

/* ---- any order of events, beside what truly was in force ---- */

#define STEPS 4000

struct truth {
	int in_force[STEPS], n; /* newest last; 0: one that never passed here */
	bool was[STEPS * 2];
	int state, password, refused; /* refused in the present state, or 0 */
};

static void assert_truth(const struct truth *t)
{
	for (int reuse = 0; reuse <= HISTORY_REUSE_MAX; reuse++)
		for (int i = 0; i <= reuse && i < t->n; i++)
			if (t->in_force[t->n - 1 - i] != 0 &&
			    !has(t->in_force[t->n - 1 - i], t->state, reuse))
				fail_msg("%d changes back is lost with reuse %d", i, reuse);
	if (t->refused != 0 && !t->was[t->refused])
		assert_false(has(t->refused, t->state, HISTORY_REUSE_MAX));
	assert_false(has(-1, t->state, HISTORY_REUSE_MAX));
}

static void succeed(struct truth *t, int password)
{
	t->in_force[t->n++] = password;
	t->was[password] = true;
	t->state++;
	t->refused = 0;
}

static void step(struct truth *t, uint64_t *seed)
{
	const int password = ++t->password, at_once = t->state;

	now += 120;
	switch (scratch_below(seed, 5)) {
	case 0: /* refused by pam_unix */
		assert_int_equal(add(password, tag(t->state)), 0);
		t->refused = password;
		break;
	case 1: /* root, past PAM */
		succeed(t, 0);
		break;
	case 2: /* two at once, both taken */
		assert_int_equal(add(password, tag(at_once)), 0);
		assert_int_equal(add(++t->password, tag(at_once)), 0);
		succeed(t, password);
		succeed(t, t->password);
		break;
	default:
		assert_int_equal(add(password, tag(t->state)), 0);
		succeed(t, password);
	}
}

static void nothing_that_was_in_force_is_lost_whatever_happens(void **state)
{
	static struct truth t;
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < STEPS / 2 - 1; i++) {
		step(&t, &seed);
		assert_truth(&t);
	}
	assert_true(t.n > STEPS / 4);
}

#define T(name) cmocka_unit_test_setup(name, empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(reuse_counts_the_changes_before_the_present_one),
	    T(oldest_goes_when_there_are_more_than_a_policy_can_ask_for),
	    T(refused_change_may_be_tried_again),
	    T(change_that_never_happened_goes_with_the_next),
	    T(stopped_change_that_goes_on_is_in_the_history),
	    T(full_record_keeps_what_was_proved),
	    T(change_under_way_is_kept),
	    T(clock_that_was_set_back_keeps_no_change_under_way),
	    T(ninth_change_at_once_is_refused_and_changes_nothing),
	    T(refused_changes_push_nothing_out),
	    T(refused_changes_that_end_in_one_push_nothing_out),
	    T(full_record_takes_out_nothing_that_is_under_way),
	    T(change_with_the_most_tries_gives_one),
	    T(without_shadow_every_entry_counts_as_a_change_of_its_own),
	    T(password_of_before_stands_behind_all),
	    T(withdrawn_is_only_what_has_not_happened),
	    T(last_change_is_that_of_the_newest_which_happened),
	    T(nothing_that_was_in_force_is_lost_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
