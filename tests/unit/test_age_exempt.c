/* Whose passwords may be older: policy/password/age_exempt.h. */
#include "tests/unit/nss.h"
#include "tests/unit/scratch.h"

#include "policy/password/age_exempt.h"

static struct conf conf;

static int set_up(void **state)
{
	(void)state;
	nss_reset();
	return 0;
}

static int judged(const char *lines, const char *user)
{
	const struct who_account a = {user, 100};
	struct err e = {0};

	if (conf_parse(&conf, "test.conf", lines, strlen(lines), &e) != 0)
		fail_msg("%s", e.text);
	return age_exempt_has(&conf, &a);
}

static void users_and_groups_are_named(void **state)
{
	(void)state;
	assert_int_equal(judged("", "alice"), 0);
	assert_int_equal(judged("age_exempt = none", "none"), 0);
	assert_int_equal(judged("age_exempt = user:alice", "alice"), 1);
	assert_int_equal(judged("age_exempt = user:alice", "alicf"), 0);
	assert_int_equal(judged("age_exempt = user:bob, group:lists", "listed"), 1);
	assert_int_equal(judged("age_exempt = user:bob\nage_exempt = group:silent", "by_user"), 1);
	assert_int_equal(judged("age_exempt = user:bob\nage_exempt = group:silent", "bob"), 1);
	assert_int_equal(judged("age_exempt = group:lists", "alice"), 0);
}

static void group_that_cannot_be_looked_up_exempts_nobody(void **state)
{
	(void)state;
	nss_fails = true;
	assert_int_equal(judged("age_exempt = group:lists", "listed"), ERR_UNAVAIL);
	assert_int_equal(judged("age_exempt = group:lists, user:listed", "listed"), 1);
	assert_int_equal(judged("age_exempt = user:bob", "listed"), 0);
	nss_fails = false;
	assert_int_equal(judged("age_exempt = group:no-such-group-here", "listed"), ERR_UNAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(users_and_groups_are_named, set_up),
	    cmocka_unit_test_setup(group_that_cannot_be_looked_up_exempts_nobody, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
