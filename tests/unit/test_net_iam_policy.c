/* iam_policy: what IAM's answers say of the account password policy. */
#include "policy/iam/iam_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const always[] = {"<MinimumPasswordLength>12</MinimumPasswordLength>",
    "<RequireSymbols>true</RequireSymbols>", "<RequireNumbers>true</RequireNumbers>",
    "<RequireUppercaseCharacters>true</RequireUppercaseCharacters>",
    "<RequireLowercaseCharacters>true</RequireLowercaseCharacters>",
    "<AllowUsersToChangePassword>true</AllowUsersToChangePassword>"};
#define ALWAYS ((int)(sizeof(always) / sizeof(always[0])))

static struct iam_policy policy;
static struct err e;

/* Without the one at left_out, and with more behind. */
static int reads(int left_out, const char *more)
{
	char text[1024] = "<R><PasswordPolicy>";
	struct xml x;
	int r;

	for (int i = 0; i < ALWAYS; i++)
		if (i != left_out)
			(void)strcat(text, always[i]);
	(void)strcat(strcat(text, more), "</PasswordPolicy></R>");
	assert_int_equal(xml_read(&x, text, strlen(text), &e), 0);
	r = iam_policy_read(&policy, x.root, &e);
	xml_free(&x);
	return r;
}

static void what_is_always_there_is_enough(void **state)
{
	(void)state;
	assert_int_equal(reads(-1, ""), 0);
	assert_true(policy.custom);
	assert_int_equal(policy.value[IAM_MINIMUM_PASSWORD_LENGTH], 12);
	assert_int_equal(policy.value[IAM_MAX_PASSWORD_AGE], 0);
	assert_int_equal(reads(-1, "<ExpirePasswords>true</ExpirePasswords><MaxPasswordAge>90</MaxPasswordAge>"), 0);
	assert_int_equal(policy.value[IAM_MAX_PASSWORD_AGE], 90);
}

/* Else a default, which is weaker, would take its place in the mirror, and in what a fix writes. */
static void answer_that_lacks_what_is_always_there_is_none(void **state)
{
	(void)state;
	for (int i = 0; i < ALWAYS; i++) {
		assert_int_equal(reads(i, ""), ERR_BAD);
		assert_non_null(strstr(e.text, "without "));
		assert_false(policy.custom);
		assert_int_equal(policy.given, 0);
	}
}

static void fields_that_are_given_twice_or_not_known_are_refused(void **state)
{
	(void)state;
	assert_int_equal(reads(-1, always[0]), ERR_BAD);
	assert_int_equal(reads(-1, "<MoreOfIt>true</MoreOfIt>"), ERR_BAD);
	assert_int_equal(reads(0, "<MinimumPasswordLength><a/></MinimumPasswordLength>"), ERR_BAD);
	assert_int_equal(reads(-1, "<ExpirePasswords>true</ExpirePasswords>"), ERR_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_always_there_is_enough),
	    cmocka_unit_test(answer_that_lacks_what_is_always_there_is_none),
	    cmocka_unit_test(fields_that_are_given_twice_or_not_known_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
