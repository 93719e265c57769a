/* What the account password policy becomes. */
#include "tests/unit/scratch.h"

#include "policy/iam/fix_account.h"

#include <string.h>

static struct iam_policy parsed(const char *fields)
{
	struct iam_policy p;
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"PasswordPolicy\": {%s}}", fields);
	assert_int_equal(iam_json_parse(&p, "x", json, strlen(json), NULL), 0);
	return p;
}

static void assert_becomes(const char *before, unsigned what, const char *after)
{
	const struct iam_policy old = parsed(before), wanted = parsed(after);
	struct iam_policy new;

	fix_account_merge(&old, what, &new);
	for (int i = 0; i < IAM_FIELDS; i++)
		if (i != IAM_EXPIRE_PASSWORDS)
			assert_int_equal(new.value[i], wanted.value[i]);
	assert_true(fix_account_same(&new, &wanted));
	/* Whoever has it as strict already changes nothing. */
	fix_account_merge(&new, what, &new);
	assert_true(fix_account_same(&new, &wanted));
}

static void what_is_stricter_stays(void **state)
{
	(void)state;
	assert_becomes("\"MinimumPasswordLength\": 20, \"RequireSymbols\": true, \"MaxPasswordAge\": 30, "
	    "\"PasswordReusePrevention\": 24, \"HardExpiry\": true", FIX_ACCOUNT_BIT(2) |
	    FIX_ACCOUNT_BIT(3) | FIX_ACCOUNT_BIT(4), "\"MinimumPasswordLength\": 20, "
	    "\"RequireSymbols\": true, \"RequireNumbers\": true, \"RequireLowercaseCharacters\": true, "
	    "\"MaxPasswordAge\": 30, \"PasswordReusePrevention\": 24, \"HardExpiry\": true");
	assert_becomes("\"MinimumPasswordLength\": 6, \"RequireUppercaseCharacters\": true",
	    FIX_ACCOUNT_BIT(2), "\"MinimumPasswordLength\": 8, \"RequireUppercaseCharacters\": true, "
	    "\"RequireNumbers\": true, \"RequireSymbols\": true");
	assert_becomes("\"MaxPasswordAge\": 365", FIX_ACCOUNT_BIT(3), "\"MaxPasswordAge\": 90");
	assert_becomes("\"PasswordReusePrevention\": 1", FIX_ACCOUNT_BIT(4),
	    "\"PasswordReusePrevention\": 24");
}

static void two_kinds_and_ten_are_strong_enough(void **state)
{
	static const char both[] = "\"MinimumPasswordLength\": 10, \"RequireNumbers\": true, "
	    "\"RequireSymbols\": true";

	(void)state;
	assert_becomes(both, FIX_ACCOUNT_BIT(2), both);
}

static void account_without_a_policy_gets_one_stricter_than_the_default(void **state)
{
	const struct iam_policy none = {.custom = false};
	struct iam_policy new;

	(void)state;
	fix_account_merge(&none, FIX_ACCOUNT_BIT(4), &new);
	assert_true(new.custom);
	assert_int_equal(new.value[IAM_MINIMUM_PASSWORD_LENGTH], 8);
	for (int i = IAM_REQUIRE_SYMBOLS; i <= IAM_ALLOW_USERS_TO_CHANGE_PASSWORD; i++)
		assert_int_equal(new.value[i], 1);
	assert_int_equal(new.value[IAM_MAX_PASSWORD_AGE], 0);
	assert_int_equal(new.value[IAM_PASSWORD_REUSE_PREVENTION], 24);
	assert_int_equal(new.value[IAM_HARD_EXPIRY], 0);
	assert_false(fix_account_same(&none, &new));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_stricter_stays),
	    cmocka_unit_test(two_kinds_and_ten_are_strong_enough),
	    cmocka_unit_test(account_without_a_policy_gets_one_stricter_than_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
