/* One line that a person types: enroll/line.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enroll/line.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char line[8];
static int ends[2];

static int set_up(void **state)
{
	(void)state;
	return pipe(ends);
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static void type(const char *text)
{
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
}

static void lines_come_one_by_one_and_the_long_one_is_cut(void **state)
{
	(void)state;
	type("a\n\n0123456789\nrest");
	(void)close(ends[1]);
	assert_int_equal(line_read(ends[0], 5, line, sizeof(line)), LINE_READ);
	assert_string_equal(line, "a");
	assert_int_equal(line_read(ends[0], 0, line, sizeof(line)), LINE_READ);
	assert_string_equal(line, "");
	assert_int_equal(line_read(ends[0], 5, line, sizeof(line)), LINE_READ);
	assert_string_equal(line, "0123456");
	assert_int_equal(line_read(ends[0], 5, line, sizeof(line)), LINE_READ);
	assert_string_equal(line, "rest");
	assert_int_equal(line_read(ends[0], 5, line, sizeof(line)), LINE_NONE);
	assert_int_equal(line_read(ends[0], 0, line, sizeof(line)), LINE_NONE);
}

static void line_that_is_never_ended_is_late(void **state)
{
	struct timespec before, after;

	(void)state;
	type("abc");
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	assert_int_equal(line_read(ends[0], 1, line, sizeof(line)), LINE_LATE);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	assert_string_equal(line, "");
	assert_in_range(after.tv_sec - before.tv_sec, 0, 10);
}

static void prompt_that_nobody_answers_is_late(void **state)
{
	(void)state;
	assert_int_equal(line_read(ends[0], 1, line, sizeof(line)), LINE_LATE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(lines_come_one_by_one_and_the_long_one_is_cut),
	    T(line_that_is_never_ended_is_late),
	    T(prompt_that_nobody_answers_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
