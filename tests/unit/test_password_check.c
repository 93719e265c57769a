/* What a new password must be: check.h. */
#include "tests/unit/scratch.h"

#include "policy/password/check.h"
#include "policy/password/profile.h"

static struct password_policies named(const char *list)
{
	struct password_policies p;
	struct err e = {0};

	memset(&p, 0xee, sizeof(p));
	if (password_policies_load(&p, list, NULL, &e) != 0)
		fail_msg("%s: %s", list, e.text);
	return p;
}

static struct password_broken check(const struct password_policies *p, const char *fresh)
{
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh)};
	struct password_broken b;

	memset(&b, 0xee, sizeof(b));
	password_check(p, &f, &b);
	assert_true(b.judged);
	return b;
}

static bool good(const char *list, const char *fresh)
{
	const struct password_policies p = named(list);
	const struct password_broken b = check(&p, fresh);

	return password_is_good(&b);
}

static void kisa_and_iam_each_take_what_the_other_refuses(void **state)
{
	(void)state;
	assert_true(good("kisa", "password12"));
	assert_false(good("iam-default", "password12"));
	assert_false(good("kisa", "Passw0rdx"));
	assert_true(good("iam-default", "Passw0rdx"));
	assert_true(good("kisa", "pass12!!"));
	assert_true(good("iam-default", "pass12!!"));
	assert_true(good("kisa,iam-default", "pass12!!"));
	assert_false(good("kisa,iam-default", "password12"));
	assert_false(good("iam-default,kisa", "Passw0rdx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kisa_and_iam_each_take_what_the_other_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
