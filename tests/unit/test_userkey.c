/* The injective spelling of a user name: userkey.h, DESIGN.md 'Who is who'. */
#include "tests/unit/scratch.h"

#include "lib/core/userkey.h"

static void assert_key(const char *name, const char *key)
{
	char out[USERKEY_MAX + 1], back[USERKEY_NAME_MAX + 1];

	assert_int_equal(userkey_encode(name, out), 0);
	assert_string_equal(out, key);
	assert_int_equal(userkey_decode(key, back), 0);
	assert_string_equal(back, name);
}

static void plain_names_stand_for_themselves(void **state)
{
	(void)state;
	assert_key("alice", "alice");
	assert_key("a@corp", "a@corp");
	assert_key("A.b-c_9", "A.b-c_9");
	assert_key("a..b", "a..b");
	assert_key("-", "-");
	assert_key("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@-",
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@-");
}

static void everything_else_is_percent_and_two_capital_digits(void **state)
{
	(void)state;
	assert_key("CORP\\alice", "CORP%5Calice");
	assert_key("a b", "a%20b");
	assert_key("a/b", "a%2Fb");
	assert_key("a%b", "a%25b");
	assert_key("svc$", "svc%24");
	assert_key("\xed\x95\x9c", "%ED%95%9C");
	assert_key("a\nb", "a%0Ab");
	assert_key("\x7f", "%7F");
}

static void outer_dots_are_encoded(void **state)
{
	(void)state;
	assert_key(".", "%2E");
	assert_key("..", "%2E%2E");
	assert_key("...", "%2E.%2E");
	assert_key(".hidden", "%2Ehidden");
	assert_key("end.", "end%2E");
	assert_key("in.ner", "in.ner");
}

static void every_byte_goes_there_and_back(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char name[4] = {'x', (char)c, 'y', '\0'};
		char key[USERKEY_MAX + 1], back[USERKEY_NAME_MAX + 1];

		assert_int_equal(userkey_encode(name, key), 0);
		assert_null(strchr(key, '/'));
		assert_int_equal(userkey_decode(key, back), 0);
		assert_string_equal(back, name);
	}
}

static void random_names_meet_no_other(void **state)
{
	static const char pool[] = "aA0.%/_2EeF @";
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char name[2][8] = {"", ""}, key[2][USERKEY_MAX + 1], back[USERKEY_NAME_MAX + 1];

		for (int k = 0; k < 2; k++) {
			size_t n = 1 + scratch_below(&seed, 5);

			for (size_t c = 0; c < n; c++)
				name[k][c] = pool[scratch_below(&seed, sizeof(pool) - 1)];
			assert_int_equal(userkey_encode(name[k], key[k]), 0);
			assert_int_equal(userkey_decode(key[k], back), 0);
			assert_string_equal(back, name[k]);
			assert_true(key[k][0] != '.' && strchr(key[k], '/') == NULL);
		}
		assert_int_equal(strcmp(name[0], name[1]) == 0, strcmp(key[0], key[1]) == 0);
	}
}

static void empty_and_too_long_names_are_refused(void **state)
{
	char name[USERKEY_MAX + 2], key[USERKEY_MAX + 1];

	(void)state;
	assert_int_equal(userkey_encode("", key), ERR_SYNTAX);
	memset(name, 'a', sizeof(name));
	name[USERKEY_MAX + 1] = '\0';
	assert_int_equal(userkey_encode(name, key), ERR_SYNTAX);
	name[USERKEY_MAX] = '\0';
	assert_key(name, name);
	memset(name, '/', sizeof(name));
	name[USERKEY_MAX / 3 + 1] = '\0';
	assert_int_equal(userkey_encode(name, key), ERR_SYNTAX);
	name[USERKEY_MAX / 3] = '\0';
	assert_int_equal(userkey_encode(name, key), 0);
	assert_int_equal(strlen(key), USERKEY_MAX);
}

static void only_the_one_spelling_is_a_key(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".hidden", "end.", "a b", "a/b", "%",
	    "a%", "a%2", "a%2f", "a%2g", "a%zz", "%61", "%00", "a%00b", "a%2Eb", "%%", "%2",
	    "a%5F", "\xed\x95\x9c", "a\n", "%25%", "a$"};
	char name[USERKEY_NAME_MAX + 1], longest[USERKEY_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (userkey_decode(bad[i], name) != ERR_SYNTAX)
			fail_msg("accepted: '%s'", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[USERKEY_MAX + 1] = '\0';
	assert_int_equal(userkey_decode(longest, name), ERR_SYNTAX);
}

/* What login() takes for a name without a key is no user's key. */
static void lone_percent_is_no_users_key(void **state)
{
	char name[USERKEY_NAME_MAX + 1], key[USERKEY_MAX + 1];

	(void)state;
	assert_int_equal(userkey_decode("%", name), ERR_SYNTAX);
	assert_int_equal(userkey_encode("%", key), 0);
	assert_string_equal(key, "%25");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_names_stand_for_themselves),
	    cmocka_unit_test(everything_else_is_percent_and_two_capital_digits),
	    cmocka_unit_test(outer_dots_are_encoded),
	    cmocka_unit_test(every_byte_goes_there_and_back),
	    cmocka_unit_test(random_names_meet_no_other),
	    cmocka_unit_test(empty_and_too_long_names_are_refused),
	    cmocka_unit_test(only_the_one_spelling_is_a_key),
	    cmocka_unit_test(lone_percent_is_no_users_key),
	};

	return cmocka_run_group_tests_name("userkey", tests, NULL, NULL);
}
