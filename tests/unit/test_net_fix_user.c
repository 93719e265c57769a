/* fix_user: documents as IAM gives them, and whether two say the same. */
#include "policy/iam/fix_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void decodes(const char *text, const char *to)
{
	struct buffer b = {0};

	assert_true(fix_user_decode(text, &b));
	assert_string_equal(buffer_string(&b), to);
	buffer_free(&b);
}

static void document_is_read_as_it_was_put(void **state)
{
	(void)state;
	decodes("", "");
	decodes("%7B%22a%22%3a+1%7D", "{\"a\":+1}");
	decodes("%ED%95%9C%25", "한%");
}

static void broken_encoding_is_refused(void **state)
{
	static const char *const bad[] = {"%", "a%4", "%g0", "%0g", "%00", "a%-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer b = {0};

		assert_false(fix_user_decode(bad[i], &b));
		assert_int_equal(b.len, 0);
		buffer_free(&b);
	}
}

static void same_is_what_says_the_same(void **state)
{
	(void)state;
	assert_true(fix_user_same("{\"a\":1,\"b\":[2]}", " {\"b\" : [2], \"a\":1 }\n"));
	assert_false(fix_user_same("{\"a\":1}", "{\"a\":2}"));
	assert_false(fix_user_same("{\"a\":1}", "{\"a\":1"));
	assert_false(fix_user_same(fix_user_document(), "{}"));
	assert_true(fix_user_same("no JSON", "no JSON"));
}

/* What IAM takes of a user's policies is 2,048 letters in all. */
static void document_is_json_and_small(void **state)
{
	(void)state;
	assert_true(fix_user_same(fix_user_document(), fix_user_document()));
	assert_true(strlen(fix_user_document()) < 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(document_is_read_as_it_was_put),
	    cmocka_unit_test(broken_encoding_is_refused), cmocka_unit_test(same_is_what_says_the_same),
	    cmocka_unit_test(document_is_json_and_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
