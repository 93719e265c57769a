/* Programs of the system and what they say: run.h. */
#include "tests/unit/scratch.h"

#include "policy/run.h"

static int shell(const char *script, struct run_said *said, int *status)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct err e = {0};
	int r = run_program(argv, said, status, &e);

	if (r != 0)
		(void)fprintf(stderr, "%s\n", e.text);
	return r;
}

static void output_and_errors_are_kept_apart(void **state)
{
	struct run_said said = {0};
	char line[64];
	int status;

	(void)state;
	assert_int_equal(shell("echo out; echo one >&2; echo two >&2; exit 3", &said, &status), 0);
	assert_int_equal(status, 3);
	assert_string_equal(buffer_string(&said.out), "out\n");
	assert_string_equal(buffer_string(&said.err), "one\ntwo\n");
	run_line(&said, line, sizeof(line));
	assert_string_equal(line, "one");
	run_free(&said);
}

static void line_is_of_the_output_where_there_are_no_errors(void **state)
{
	struct run_said said = {0};
	char line[64];
	int status;

	(void)state;
	assert_int_equal(shell("echo out; echo more", &said, &status), 0);
	run_line(&said, line, sizeof(line));
	assert_string_equal(line, "out");
	run_free(&said);
	assert_int_equal(shell("exit 0", &said, &status), 0);
	run_line(&said, line, sizeof(line));
	assert_string_equal(line, "");
	run_free(&said);
}

static void much_is_read_to_its_end(void **state)
{
	struct run_said said = {0};
	int status;

	(void)state;
	/* More than both pipes hold. */
	assert_int_equal(shell("i=0; while [ $i -lt 4000 ]; do echo 0123456789012345678901234567890"
	    "123456789; echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done",
	    &said, &status), 0);
	assert_int_equal(status, 0);
	assert_true(said.out.len > 160000 && said.err.len > 160000);
	run_free(&said);
}

static void nothing_of_the_caller_reaches_it(void **state)
{
	struct run_said said = {0};
	int status;

	(void)state;
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(shell("read -r line && echo input; echo \"${SECRET-none} $PATH $LC_ALL\"",
	    &said, &status), 0);
	assert_string_equal(buffer_string(&said.out), "none /usr/sbin:/usr/bin:/sbin:/bin C\n");
	run_free(&said);
}

static void signal_is_told_as_a_status(void **state)
{
	int status;

	(void)state;
	assert_int_equal(shell("kill -9 $$", NULL, &status), 0);
	assert_int_equal(status, 128 + 9);
}

static void program_that_is_too_slow_is_told_to_end_with_all_that_it_has_started(void **state)
{
	char path[] = "/tmp/test_run.XXXXXX", text[32] = "", script[300];
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	int status, fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(script, sizeof(script), "sh -c 'trap \"echo inner >>%s; exit\" TERM; sleep 60 & "
	    "wait' & trap 'wait; echo outer >>%s; exit 0' TERM; wait", path, path);
	assert_int_equal(run_within(1, argv, NULL, &status, NULL), ERR_UNAVAIL);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "inner\nouter\n");
	(void)close(fd);
	(void)unlink(path);
}

/* The end of its output is not its own. */
static void program_that_closes_its_output_and_lives_on_is_told_to_end(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "exec sleep 1000 >/dev/null 2>&1", NULL};
	struct err e = {0};
	int status;

	(void)state;
	(void)alarm(30);
	assert_int_equal(run_within(1, argv, NULL, &status, &e), ERR_UNAVAIL);
	(void)alarm(0);
	assert_non_null(strstr(e.text, "does not end within 1 seconds"));
}

static void program_may_take_its_time_behind_its_output(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "exec >/dev/null 2>&1; sleep 0.2; exit 3", NULL};
	int status;

	(void)state;
	assert_int_equal(run_within(10, argv, NULL, &status, NULL), 0);
	assert_int_equal(status, 3);
}

static void program_is_in_a_session_of_its_own(void **state)
{
	struct run_said said = {0};
	int status;

	(void)state;
	assert_int_equal(shell("read -r pid name state parent group session rest </proc/self/stat; "
	    "echo $(($session == $$))", &said, &status), 0);
	assert_string_equal(buffer_string(&said.out), "1\n");
	run_free(&said);
}

static void all_lines_are_told_in_one(void **state)
{
	struct run_said said = {0};
	char line[64];
	int status;

	(void)state;
	assert_int_equal(shell("echo one >&2; echo >&2; echo ' two' >&2", &said, &status), 0);
	run_lines(&said, line, sizeof(line));
	assert_string_equal(line, "one; two");
	run_lines(&said, line, 6);
	assert_string_equal(line, "one; ");
	run_free(&said);
}

static void missing_program_is_none(void **state)
{
	const char *const argv[] = {"/nonexistent/program", NULL};
	struct run_said said = {0};
	struct err e = {0};
	int status;

	(void)state;
	assert_int_equal(run_program(argv, &said, &status, &e), ERR_NONE);
	assert_non_null(strstr(e.text, "/nonexistent/program"));
	assert_int_equal(status, -1);
	run_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output_and_errors_are_kept_apart),
	    cmocka_unit_test(line_is_of_the_output_where_there_are_no_errors),
	    cmocka_unit_test(much_is_read_to_its_end),
	    cmocka_unit_test(nothing_of_the_caller_reaches_it),
	    cmocka_unit_test(signal_is_told_as_a_status),
	    cmocka_unit_test(program_that_is_too_slow_is_told_to_end_with_all_that_it_has_started),
	    cmocka_unit_test(program_that_closes_its_output_and_lives_on_is_told_to_end),
	    cmocka_unit_test(program_may_take_its_time_behind_its_output),
	    cmocka_unit_test(program_is_in_a_session_of_its_own),
	    cmocka_unit_test(all_lines_are_told_in_one),
	    cmocka_unit_test(missing_program_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
