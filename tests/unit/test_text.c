/* Joining strings in a bounded buffer. */
#include "lib/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void strings_and_numbers_are_joined(void **state)
{
	char out[64];
	struct text t = text_in(out, sizeof(out));

	(void)state;
	assert_string_equal(out, "");
	text_add(&t, "hot/");
	text_add_char(&t, '.');
	text_add_number(&t, 0);
	text_add_char(&t, ' ');
	text_add_number(&t, UINT64_MAX);
	assert_string_equal(out, "hot/.0 18446744073709551615");
	assert_int_equal(t.len, strlen(out));
	assert_false(t.cut);
}

static void what_does_not_fit_is_cut_and_said(void **state)
{
	char out[9] = {0};
	struct text t = text_in(out, 8);

	(void)state;
	out[8] = 0x5a;
	text_add(&t, "1234567");
	assert_false(t.cut);
	text_add(&t, "");
	assert_false(t.cut);
	text_add_char(&t, '8');
	assert_true(t.cut);
	text_add(&t, "90");
	assert_string_equal(out, "1234567");
	assert_int_equal(out[8], 0x5a);
	t = text_in(out, 1);
	text_add(&t, "x");
	assert_true(t.cut);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_and_numbers_are_joined),
	    cmocka_unit_test(what_does_not_fit_is_cut_and_said),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
