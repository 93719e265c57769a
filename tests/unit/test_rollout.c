/* Who must show a code: rollout.h, the keys `require` and `exempt`. */
#include "tests/unit/nss.h"
#include "tests/unit/scratch.h"

#include "lib/core/rollout.h"

#define NOW INT64_C(1800000000) /* 2027-01-15 08:00 UTC */

static int set_up(void **state)
{
	(void)state;
	nss_reset();
	return 0;
}

static struct rollout judged(const char *text, const char *user, gid_t gid)
{
	const struct exempt_facts f = {.account = {user, gid}, .local = true, .now = NOW};
	struct err e = {0};
	struct rollout r;
	struct conf c;

	if (conf_parse(&c, "x.conf", text, strlen(text), &e) != 0)
		fail_msg("%s", e.text);
	memset(&r, 0xee, sizeof(r));
	rollout_judge(&c, &f, &r);
	return r;
}

static enum rollout_duty duty(const char *text, const char *user)
{
	return judged(text, user, 100).duty;
}

static void by_default_everybody_must(void **state)
{
	struct rollout r = judged("", "root", 0);

	(void)state;
	assert_int_equal(r.duty, ROLLOUT_MUST);
	assert_int_equal(r.rule, -1);
	assert_int_equal(r.stale, -1);
	assert_false(r.ending);
	assert_int_equal(ROLLOUT_MUST, 0);
}

static void require_names_who_must(void **state)
{
	static const char text[] = "require = user:alice, group:lists\n";

	(void)state;
	assert_int_equal(duty(text, "alice"), ROLLOUT_MUST);
	assert_int_equal(duty(text, "listed"), ROLLOUT_MUST);
	assert_int_equal(duty(text, "bob"), ROLLOUT_NOT_REQUIRED);
	assert_int_equal(judged(text, "bob", 7001).duty, ROLLOUT_MUST);
	assert_int_equal(duty("require = group:silent\n", "by_user"), ROLLOUT_MUST);
	assert_int_equal(duty("require = group:silent\n", "bob"), ROLLOUT_NOT_REQUIRED);
}

static void directory_error_in_require_means_required(void **state)
{
	static const char text[] = "require = user:alice,group:silent\n";

	(void)state;
	assert_int_equal(duty("require = group:no-such-group-here\n", "bob"), ROLLOUT_MUST);
	assert_int_equal(duty("require = group:no-such-group-here,user:alice\n", "bob"),
	    ROLLOUT_MUST);
	nss_fails = true;
	assert_int_equal(duty(text, "bob"), ROLLOUT_MUST);
	nss_fails = false;
	nss_lists_no_groups = true;
	assert_int_equal(duty(text, "bob"), ROLLOUT_MUST);
	/* Users need no directory. */
	nss_fails = true;
	assert_int_equal(duty("require = user:alice\n", "bob"), ROLLOUT_NOT_REQUIRED);
}

static void directory_error_in_exempt_exempts_nobody(void **state)
{
	(void)state;
	nss_fails = true;
	assert_int_equal(duty("exempt = group:lists@local\n", "listed"), ROLLOUT_MUST);
	/* The next line still counts. */
	assert_int_equal(duty("exempt = group:lists@local\nexempt = user:listed@local\n",
	    "listed"), ROLLOUT_EXEMPT);
}

static void exempt_comes_before_require(void **state)
{
	static const char text[] = "require = user:alice\nexempt = user:alice@local\n"
	    "exempt = user:bob@local\n";
	struct rollout r = judged(text, "bob", 100);

	(void)state;
	assert_int_equal(duty(text, "alice"), ROLLOUT_EXEMPT);
	assert_int_equal(r.duty, ROLLOUT_EXEMPT); /* not: not required */
	assert_int_equal(r.rule, 1);
	assert_int_equal(r.until, 0);
}

static void line_that_goes_on_is_taken_before_one_that_ends(void **state)
{
	static const char ends[] = "exempt = user:alice until 2027-01-20\n";
	static const char goes_on[] = "exempt = user:alice until 2027-06-30\n";
	char text[256];
	struct rollout r;

	(void)state;
	for (int order = 0; order < 2; order++) {
		(void)snprintf(text, sizeof(text), "%s%s", order == 0 ? ends : goes_on,
		    order == 0 ? goes_on : ends);
		r = judged(text, "alice", 100);
		assert_int_equal(r.duty, ROLLOUT_EXEMPT);
		assert_int_equal(r.rule, order == 0 ? 1 : 0);
		assert_false(r.ending);
	}
}

/* So the warning says when it ends indeed. */
static void of_lines_that_end_the_last_to_end_is_taken(void **state)
{
	struct rollout r = judged("exempt = user:alice until 2027-01-20\n"
	    "exempt = user:alice until 2027-01-22\nexempt = user:alice until 2027-01-18\n",
	    "alice", 100);

	(void)state;
	assert_int_equal(r.duty, ROLLOUT_EXEMPT);
	assert_true(r.ending);
	assert_int_equal(r.rule, 1);
}

static void line_without_effect_is_told(void **state)
{
	struct rollout r = judged("exempt = user:bob@local\nexempt = user:alice until "
	    "2027-01-14\n", "alice", 100);

	(void)state;
	assert_int_equal(r.duty, ROLLOUT_MUST);
	assert_int_equal(r.stale, 1);
	r = judged("exempt = user:alice until 2099-01-01\n", "alice", 100);
	assert_int_equal(r.duty, ROLLOUT_MUST);
	assert_int_equal(r.stale, 0);
	r = judged("exempt = user:alice until 2099-01-01\n", "bob", 100);
	assert_int_equal(r.stale, -1);
	r = judged("exempt = user:alice until 2099-01-01\nexempt = user:alice@local\n", "alice",
	    100);
	assert_int_equal(r.duty, ROLLOUT_EXEMPT);
	assert_int_equal(r.rule, 1);
}

static void all_64_lines_are_judged(void **state)
{
	static char text[CONF_EXEMPTS * 40];
	size_t at = 0;

	(void)state;
	for (int i = 0; i < CONF_EXEMPTS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "exempt = user:u%d@local\n",
		    i);
	for (int i = 0; i < CONF_EXEMPTS; i++) {
		char user[16];

		(void)snprintf(user, sizeof(user), "u%d", i);
		assert_int_equal(judged(text, user, 100).rule, i);
	}
	assert_int_equal(duty(text, "u64"), ROLLOUT_MUST);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(by_default_everybody_must),
	    T(require_names_who_must),
	    T(directory_error_in_require_means_required),
	    T(directory_error_in_exempt_exempts_nobody),
	    T(exempt_comes_before_require),
	    T(line_that_goes_on_is_taken_before_one_that_ends),
	    T(of_lines_that_end_the_last_to_end_is_taken),
	    T(line_without_effect_is_told),
	    T(all_64_lines_are_judged),
	};

	return cmocka_run_group_tests_name("rollout", tests, NULL, NULL);
}
