/* What somebody typed: answer.h. */
#include "tests/unit/scratch.h"

#include "lib/core/answer.h"

static void assert_read(const char *typed, enum answer_kind kind, const char *text)
{
	struct answer a;

	memset(&a, 0xee, sizeof(a));
	answer_read(typed, &a);
	if (a.kind != kind)
		fail_msg("'%s': kind %d", typed != NULL ? typed : "(null)", a.kind);
	assert_string_equal(a.text, text);
	assert_int_equal(a.len, strlen(text));
	/* zero-padded: what is compared whole holds nothing of before */
	for (size_t i = a.len; i < sizeof(a.text); i++)
		assert_int_equal(a.text[i], 0);
}

static void nothing_and_blanks_are_empty(void **state)
{
	(void)state;
	assert_read(NULL, ANSWER_EMPTY, "");
	assert_read("", ANSWER_EMPTY, "");
	assert_read(" \t\r ", ANSWER_EMPTY, "");
	assert_read("----", ANSWER_EMPTY, "");
}

static void six_to_eight_digits_are_a_code(void **state)
{
	(void)state;
	assert_read("12345", ANSWER_OTHER, "12345");
	assert_read("123456", ANSWER_CODE, "123456");
	assert_read("1234567", ANSWER_CODE, "1234567");
	assert_read("00000000", ANSWER_CODE, "00000000");
	assert_read("123456789", ANSWER_OTHER, "123456789");
}

static void blanks_and_dashes_do_not_matter(void **state)
{
	(void)state;
	assert_read("123 456", ANSWER_CODE, "123456");
	assert_read(" 123-456\r", ANSWER_CODE, "123456");
	assert_read("1 2\t3 4 5 6 7 8", ANSWER_CODE, "12345678");
}

static void sixteen_base32_characters_are_a_recovery_code(void **state)
{
	(void)state;
	assert_read("ABCD-EFGH-IJKL-MNOP", ANSWER_RECOVERY, "ABCDEFGHIJKLMNOP");
	assert_read("abcd efgh ijkl mnop", ANSWER_RECOVERY, "ABCDEFGHIJKLMNOP");
	assert_read("qrstuvwxyz234567", ANSWER_RECOVERY, "QRSTUVWXYZ234567");
	assert_read("2345672345672345", ANSWER_RECOVERY, "2345672345672345");
	assert_read("ABCD-EFGH-IJKL-MNO", ANSWER_OTHER, "ABCDEFGHIJKLMNO");
	assert_read("ABCD-EFGH-IJKL-MNOPQ", ANSWER_OTHER, "ABCDEFGHIJKLMNOPQ");
	assert_read("ABCD-EFGH-IJKL-MNO0", ANSWER_OTHER, "ABCDEFGHIJKLMNO0");
	assert_read("ABCD-EFGH-IJKL-MNO1", ANSWER_OTHER, "ABCDEFGHIJKLMNO1");
	assert_read("1234567890123456", ANSWER_OTHER, "1234567890123456");
}

static void other_characters_are_never_a_code(void **state)
{
	static const char *const typed[] = {"12345a", "+123456", "123.456", "12345\n6",
	    "123456\n", "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6",
	    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96",
	    "123456\xc2\xa0", "\x7f-123456", "\xff\xff\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		struct answer a;

		answer_read(typed[i], &a);
		assert_int_equal(a.kind, ANSWER_OTHER);
	}
}

static void more_than_64_bytes_are_over_long_and_not_kept(void **state)
{
	char typed[70];

	(void)state;
	memset(typed, '1', sizeof(typed));
	typed[ANSWER_TYPED_MAX] = '\0';
	assert_read(typed, ANSWER_OTHER, typed);
	typed[ANSWER_TYPED_MAX] = '1';
	typed[ANSWER_TYPED_MAX + 1] = '\0';
	assert_read(typed, ANSWER_OVERLONG, "");
	memset(typed, ' ', ANSWER_TYPED_MAX + 1);
	assert_read(typed, ANSWER_OVERLONG, "");
	memset(typed, ' ', sizeof(typed));
	memcpy(typed + ANSWER_TYPED_MAX - 6, "123456", 7);
	assert_read(typed, ANSWER_CODE, "123456");
}

/* Without its terminator within reach it is not read to the end. */
static void very_long_answer_is_read_no_further_than_needed(void **state)
{
	char *typed = malloc(ANSWER_TYPED_MAX + 1);
	struct answer a;

	(void)state;
	assert_non_null(typed);
	memset(typed, '1', ANSWER_TYPED_MAX + 1);
	answer_read(typed, &a);
	assert_int_equal(a.kind, ANSWER_OVERLONG);
	free(typed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_and_blanks_are_empty),
	    cmocka_unit_test(six_to_eight_digits_are_a_code),
	    cmocka_unit_test(blanks_and_dashes_do_not_matter),
	    cmocka_unit_test(sixteen_base32_characters_are_a_recovery_code),
	    cmocka_unit_test(other_characters_are_never_a_code),
	    cmocka_unit_test(more_than_64_bytes_are_over_long_and_not_kept),
	    cmocka_unit_test(very_long_answer_is_read_no_further_than_needed),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
