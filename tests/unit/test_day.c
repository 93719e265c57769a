/* Days as configuration writes them: day.h. */
#include "tests/unit/scratch.h"

#include "lib/core/day.h"

#include <time.h>

static void every_day_from_1970_to_2400_there_and_back(void **state)
{
	const struct tm last = {.tm_year = 2401 - 1900, .tm_mday = 1};
	struct tm copy = last;
	const int64_t stop = timegm(&copy);

	(void)state;
	assert_true(stop > 0);
	for (int64_t start = 0; start < stop; start += DAY_SECONDS) {
		const time_t t = (time_t)start;
		char expected[32], text[DAY_TEXT];
		int64_t end = 0;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%d", &tm), 10);
		assert_int_equal(day_end(expected, &end), 0);
		if (end != start + DAY_SECONDS)
			fail_msg("%s ends at %lld", expected, (long long)end);
		day_text(end, text);
		assert_string_equal(text, expected);
	}
}

static void day_ends_at_24_utc(void **state)
{
	int64_t end = 0;

	(void)state;
	assert_int_equal(day_end("2027-01-15", &end), 0);
	assert_int_equal(end, INT64_C(1800057600)); /* 2027-01-16 00:00 UTC */
}

static void last_day_of_the_calendar_is_9999(void **state)
{
	struct tm tm = {.tm_year = 9999 - 1900, .tm_mon = 11, .tm_mday = 31};
	char text[DAY_TEXT];
	int64_t end = 0;

	(void)state;
	assert_int_equal(day_end("9999-12-31", &end), 0);
	assert_int_equal(end, timegm(&tm) + DAY_SECONDS);
	day_text(end, text);
	assert_string_equal(text, "9999-12-31");
}

/* Every text of the form that is not a day, for years of each kind. */
static void no_such_day_is_refused(void **state)
{
	static const int years[] = {1970, 2000, 2023, 2024, 2100, 2400};
	int good = 0;

	(void)state;
	for (size_t y = 0; y < sizeof(years) / sizeof(years[0]); y++)
		for (int m = 0; m <= 14; m++)
			for (int d = 0; d <= 33; d++) {
				struct tm tm = {.tm_year = years[y] - 1900, .tm_mon = m - 1,
				    .tm_mday = d};
				char text[16];
				int64_t end;
				bool exists;

				(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", years[y], m, d);
				(void)timegm(&tm); /* moves what does not exist */
				exists = tm.tm_year == years[y] - 1900 && tm.tm_mon == m - 1 &&
				    tm.tm_mday == d;
				if ((day_end(text, &end) == 0) != exists)
					fail_msg("%s", text);
				good += exists;
			}
	assert_int_equal(good, 365 * 6 + 3); /* 2000, 2024 and 2400 have a day more */
}

static void other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {"", "2027-01-1", "2027-1-01", "2027-01-011",
	    "27-01-01", "2027/01/01", "2027-01/01", " 2027-01-01", "2027-01-01 ", "20270101",
	    "2027-01-0x", "+027-01-01", "-027-01-01", "2027--1-01", "2027-01--1", "1969-12-31",
	    "0000-01-01", "2027-01-01T00:00", "01-01-2027", "2027-01- 1", "today",
	    "2027-01-\xb2\xb3"};
	int64_t end = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (day_end(bad[i], &end) != ERR_SYNTAX)
			fail_msg("a day: '%s'", bad[i]);
	assert_int_equal(end, 42);
}

static void every_end_has_ten_characters(void **state)
{
	static const int64_t ends[] = {INT64_MIN, -1, 0, 1, DAY_SECONDS - 1, DAY_SECONDS,
	    INT64_C(253402300800), INT64_C(253402300801), INT64_C(999999999999), INT64_MAX};
	char text[DAY_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		text[DAY_TEXT] = 'x';
		day_text(ends[i], text);
		assert_int_equal(strlen(text), 10);
		assert_int_equal(text[DAY_TEXT], 'x');
	}
}

/* By days of the calendar, at any hour of today. */
static void day_is_far_beyond_366_days(void **state)
{
	const int64_t today = INT64_C(1800000000) - INT64_C(1800000000) % DAY_SECONDS;

	(void)state;
	for (int64_t second = 0; second < DAY_SECONDS; second += 1799) {
		assert_false(day_is_far(today + 367 * DAY_SECONDS, today + second));
		assert_true(day_is_far(today + 368 * DAY_SECONDS, today + second));
	}
	assert_false(day_is_far(today + 367 * DAY_SECONDS, today + DAY_SECONDS - 1));
	assert_true(day_is_far(today + 368 * DAY_SECONDS, today + DAY_SECONDS - 1));
	assert_false(day_is_far(0, today));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_day_from_1970_to_2400_there_and_back),
	    cmocka_unit_test(day_ends_at_24_utc),
	    cmocka_unit_test(last_day_of_the_calendar_is_9999),
	    cmocka_unit_test(no_such_day_is_refused),
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(every_end_has_ten_characters),
	    cmocka_unit_test(day_is_far_beyond_366_days),
	};

	return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
