/* age: whether a password is too old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/password/age.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400)
#define TODAY INT64_C(20000) /* 2024-10-04 */
#define NOW (TODAY * DAY + 3600)
#define USER 1000

static struct age_facts facts(int64_t last)
{
	return (struct age_facts){.uid = USER, .last = last};
}

static struct age_verdict judge(const struct age_facts *f, int max_age, bool hard, int64_t now)
{
	const struct age_rule rule = {.max_age = max_age, .hard_expiry = hard, .warn_days = 14};
	struct age_verdict v;

	memset(&v, 0xee, sizeof(v));
	age_judge(f, &rule, now, &v);
	return v;
}

static void assert_verdict(struct age_verdict v, enum age_what what, enum age_why why,
    int64_t left)
{
	assert_int_equal(v.what, what);
	assert_int_equal(v.why, why);
	assert_int_equal(v.left, left);
}

static void change_is_due_when_as_many_days_have_passed(void **state)
{
	struct age_facts f = facts(TODAY - 90);

	(void)state;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_OLD, 0);
	f.last = TODAY - 89;
	assert_verdict(judge(&f, 90, false, NOW), AGE_WARN, AGE_SOON, 1);
	f.last = TODAY - 91;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_OLD, -1);
	f.last = TODAY - 1;
	assert_verdict(judge(&f, 1, false, NOW), AGE_CHANGE, AGE_OLD, 0);
	f.last = TODAY;
	assert_verdict(judge(&f, 1, false, NOW), AGE_WARN, AGE_SOON, 1);
}

static void days_begin_at_midnight_utc(void **state)
{
	struct age_facts f = facts(TODAY - 10);

	(void)state;
	assert_verdict(judge(&f, 10, false, TODAY * DAY - 1), AGE_WARN, AGE_SOON, 1);
	assert_verdict(judge(&f, 10, false, TODAY * DAY), AGE_CHANGE, AGE_OLD, 0);
}

static void warning_begins_as_many_days_before_as_asked(void **state)
{
	const struct age_rule none = {.max_age = 90, .warn_days = 0};
	struct age_facts f = facts(TODAY - 76);
	struct age_verdict v;

	(void)state;
	assert_verdict(judge(&f, 90, false, NOW), AGE_WARN, AGE_SOON, 14);
	f.last = TODAY - 75;
	assert_verdict(judge(&f, 90, false, NOW), AGE_FINE, AGE_YOUNG, 15);
	f.last = TODAY - 89;
	age_judge(&f, &none, NOW, &v);
	assert_verdict(v, AGE_FINE, AGE_YOUNG, 1);
}

static void hard_expiry_holds_for_everybody_but_root_and_who_is_exempt(void **state)
{
	struct age_facts f = facts(TODAY - 90);

	(void)state;
	assert_verdict(judge(&f, 90, true, NOW), AGE_EXPIRED, AGE_OLD, 0);
	f.uid = 0;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_OLD, 0);
	f.uid = USER;
	f.exempt = true;
	assert_verdict(judge(&f, 90, true, NOW), AGE_FINE, AGE_IS_EXEMPT, 0);
	f = facts(AGE_UNSET);
	assert_verdict(judge(&f, 90, true, NOW), AGE_EXPIRED, AGE_NOT_KNOWN, 0);
	f.uid = 0;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f = facts(TODAY - 89);
	assert_verdict(judge(&f, 90, true, NOW), AGE_WARN, AGE_SOON, 1);
}

static void no_rule_and_no_password_are_fine(void **state)
{
	struct age_facts f = facts(1);

	(void)state;
	assert_verdict(judge(&f, 0, true, NOW), AGE_FINE, AGE_NO_RULE, 0);
	f.no_password = true;
	assert_verdict(judge(&f, 90, true, NOW), AGE_FINE, AGE_NO_PASSWORD, 0);
	f.last = 0;
	assert_verdict(judge(&f, 90, true, NOW), AGE_FINE, AGE_NO_PASSWORD, 0);
}

static void last_change_in_the_future_does_not_escape(void **state)
{
	struct age_facts f = facts(TODAY + 2);

	(void)state;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.last = INT64_C(99999999);
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.own = NOW + 1;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.own = NOW - 5 * DAY;
	assert_verdict(judge(&f, 90, false, NOW), AGE_FINE, AGE_YOUNG, 85);
	f.own = NOW - 90 * DAY;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_OLD, 0);
	f = facts(TODAY - 100);
	f.own = NOW + 1;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_OLD, -10);
}

/* A clock that was set back would lock everybody out. */
static void last_change_in_the_future_is_never_expired_for_good(void **state)
{
	struct age_facts f = facts(TODAY + 2);

	(void)state;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.own = NOW + DAY;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.last = INT64_C(99999999);
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	/* Nor by what can only help. */
	f.own = NOW - 90 * DAY;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_OLD, 0);
	f = facts(AGE_UNSET);
	assert_verdict(judge(&f, 90, true, NOW), AGE_EXPIRED, AGE_NOT_KNOWN, 0);
}

/* `chage -d $(date +%F)` in Seoul before nine in the morning. */
static void last_change_of_tomorrow_is_todays(void **state)
{
	struct age_facts f = facts(TODAY + 1);

	(void)state;
	assert_verdict(judge(&f, 90, true, NOW), AGE_FINE, AGE_YOUNG, 90);
	assert_verdict(judge(&f, 1, true, NOW), AGE_WARN, AGE_SOON, 1);
	f.own = NOW - 5 * DAY;
	assert_verdict(judge(&f, 90, true, NOW), AGE_FINE, AGE_YOUNG, 90);
	/* From tomorrow on it counts as any does. */
	f.own = 0;
	assert_verdict(judge(&f, 90, true, NOW + DAY), AGE_FINE, AGE_YOUNG, 90);
	assert_verdict(judge(&f, 90, true, NOW + 91 * DAY), AGE_EXPIRED, AGE_OLD, 0);
}

static void empty_last_change_does_not_escape(void **state)
{
	struct age_facts f = facts(AGE_UNSET);

	(void)state;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_NOT_KNOWN, 0);
	f.own = NOW;
	assert_verdict(judge(&f, 90, false, NOW), AGE_FINE, AGE_YOUNG, 90);
}

static void last_change_zero_is_the_administrators_and_never_expired(void **state)
{
	struct age_facts f = facts(0);

	(void)state;
	assert_verdict(judge(&f, 90, true, NOW), AGE_CHANGE, AGE_ADMINISTRATOR, 0);
	f.own = NOW;
	assert_verdict(judge(&f, 90, false, NOW), AGE_CHANGE, AGE_ADMINISTRATOR, 0);
}

static void newer_of_the_two_counts(void **state)
{
	struct age_facts f = facts(TODAY - 100);

	(void)state;
	f.own = NOW - 50 * DAY;
	assert_verdict(judge(&f, 90, false, NOW), AGE_FINE, AGE_YOUNG, 40);
	f.last = TODAY - 10;
	assert_verdict(judge(&f, 90, false, NOW), AGE_FINE, AGE_YOUNG, 80);
}

static void zeroed_memory_refuses(void **state)
{
	const struct age_facts f = {0};
	const struct age_verdict v = {0};

	(void)state;
	assert_int_equal(v.what, AGE_EXPIRED);
	assert_int_equal(judge(&f, 90, false, NOW).what, AGE_CHANGE);
}

static void every_reason_has_a_word(void **state)
{
	(void)state;
	for (int i = AGE_OLD; i <= AGE_NO_PASSWORD; i++)
		for (int j = AGE_OLD; j < i; j++)
			assert_string_not_equal(age_reason((enum age_why)i), age_reason((enum age_why)j));
}

/* ---- an oracle by the calendar: it counts the days on which a password is good ---- */

/* The calendar day of a moment, as a moment. */
static int64_t midnight(int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;

	assert_non_null(gmtime_r(&when, &tm));
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int64_t)timegm(&tm);
}

/* Days from the one of a moment up to the one of now. */
static int nights(int64_t from, int64_t now)
{
	int n = 0;

	for (int64_t t = midnight(from); t < midnight(now); t = midnight(t + 26 * 3600))
		n++;
	return n;
}

struct case_ {
	struct age_facts f;
	int max_age, warn;
	bool hard;
	int64_t now;
};

static enum age_what expected(const struct case_ *c)
{
	const bool ahead = c->f.last > 0 && (c->f.last - 1) * DAY > c->now;
	const bool shadow = c->f.last > 0 && !ahead;
	const bool own = c->f.own > 0 && c->f.own <= c->now;
	const enum age_what refuse = c->hard && c->f.uid != 0 && !ahead ? AGE_EXPIRED : AGE_CHANGE;
	int passed = 0;

	if (c->max_age == 0 || c->f.exempt || c->f.no_password)
		return AGE_FINE;
	if (c->f.last == 0)
		return AGE_CHANGE;
	if (!shadow && !own)
		return refuse;
	if (shadow)
		passed = nights(c->f.last * DAY, c->now);
	if (own && (!shadow || nights(c->f.own, c->now) < passed))
		passed = nights(c->f.own, c->now);
	for (int left = c->max_age; left > 0; left--)
		if (passed + left == c->max_age)
			return left <= c->warn ? AGE_WARN : AGE_FINE;
	return refuse;
}

static void oracle_agrees_on_every_combination(void **state)
{
	static const int64_t lasts[] = {AGE_UNSET, 0, 1, TODAY - 91, TODAY - 90, TODAY - 89,
	    TODAY - 76, TODAY - 75, TODAY - 1, TODAY, TODAY + 1, TODAY + 2,
	    TODAY + 40000};
	static const int64_t owns[] = {0, 1, NOW - 90 * DAY - 3601, NOW - 90 * DAY, NOW - 89 * DAY,
	    NOW - DAY, NOW - 3600, NOW - 3601, NOW, NOW + 1, NOW + 400 * DAY};
	static const int ages[] = {0, 1, 2, 89, 90, 91, 1095}, warns[] = {0, 1, 14, 365};
	int n = 0;

	(void)state;
	for (size_t a = 0; a < sizeof(lasts) / sizeof(lasts[0]); a++)
		for (size_t b = 0; b < sizeof(owns) / sizeof(owns[0]); b++)
			for (size_t i = 0; i < 7 * 4 * 16; i++, n++) {
				struct case_ c = {.f = {.last = lasts[a], .own = owns[b],
				    .no_password = (i & 1) != 0, .exempt = (i & 2) != 0,
				    .uid = (i & 4) != 0 ? USER : 0}, .hard = (i & 8) != 0,
				    .max_age = ages[i / 16 % 7], .warn = warns[i / 16 / 7], .now = NOW};
				const struct age_rule r = {c.max_age, c.hard, c.warn};
				struct age_verdict v;

				age_judge(&c.f, &r, c.now, &v);
				if (v.what != expected(&c))
					fail_msg("last %lld own %lld max %d warn %d i %zu: %d, not %d",
					    (long long)c.f.last, (long long)c.f.own, c.max_age, c.warn, i,
					    (int)v.what, (int)expected(&c));
			}
	assert_int_equal(n, 13 * 11 * 7 * 4 * 16);
}

/* A first look without the store is enough where it says fine. */
static void our_own_time_can_only_help(void **state)
{
	(void)state;
	for (int64_t last = -1; last < TODAY + 200; last += last < TODAY - 100 ? 997 : 1)
		for (int64_t own = 0; own < NOW + DAY; own += 19 * DAY) {
			struct age_facts f = facts(last);
			enum age_what without = judge(&f, 90, true, NOW).what;

			f.own = own;
			assert_true(judge(&f, 90, true, NOW).what >= without);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(change_is_due_when_as_many_days_have_passed),
	    cmocka_unit_test(days_begin_at_midnight_utc),
	    cmocka_unit_test(warning_begins_as_many_days_before_as_asked),
	    cmocka_unit_test(hard_expiry_holds_for_everybody_but_root_and_who_is_exempt),
	    cmocka_unit_test(no_rule_and_no_password_are_fine),
	    cmocka_unit_test(last_change_in_the_future_does_not_escape),
	    cmocka_unit_test(last_change_in_the_future_is_never_expired_for_good),
	    cmocka_unit_test(last_change_of_tomorrow_is_todays),
	    cmocka_unit_test(empty_last_change_does_not_escape),
	    cmocka_unit_test(last_change_zero_is_the_administrators_and_never_expired),
	    cmocka_unit_test(newer_of_the_two_counts),
	    cmocka_unit_test(zeroed_memory_refuses),
	    cmocka_unit_test(every_reason_has_a_word),
	    cmocka_unit_test(oracle_agrees_on_every_combination),
	    cmocka_unit_test(our_own_time_can_only_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
