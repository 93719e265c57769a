/* One-time codes for a lost phone: recovery.h. */
#include "tests/unit/scratch.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static int set_up(void **state)
{
	(void)state;
	return crypto_init();
}

static struct record_recovery set;
static char text[RECORD_CODES][RECOVERY_TEXT_SIZE];

static void new_set(void)
{
	memset(&set, 0xee, sizeof(set));
	assert_int_equal(recovery_new(&set, text, NULL), 0);
}

static int match(const char *typed)
{
	struct answer a;
	int index = 99;

	answer_read(typed, &a);
	assert_int_equal(recovery_match(&set, &a, &index), 0);
	return index;
}

static void codes_are_16_base32_characters_in_fours(void **state)
{
	(void)state;
	new_set();
	for (int i = 0; i < RECORD_CODES; i++) {
		assert_int_equal(strlen(text[i]), 19);
		for (int k = 0; k < 19; k++)
			if (k % 5 == 4)
				assert_int_equal(text[i][k], '-');
			else
				assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
				    text[i][k], 32));
	}
}

static void every_code_matches_at_its_own_place(void **state)
{
	(void)state;
	new_set();
	for (int i = 0; i < RECORD_CODES; i++)
		assert_int_equal(match(text[i]), i);
}

static void case_blanks_and_dashes_do_not_matter(void **state)
{
	char typed[64] = "";

	(void)state;
	new_set();
	for (int i = 0; i < 19; i++)
		typed[i] = text[3][i] == '-' ? ' ' : (char)(text[3][i] >= 'A' ?
		    text[3][i] - 'A' + 'a' : text[3][i]);
	assert_int_equal(match(typed), 3);
}

static void one_wrong_character_is_no_code(void **state)
{
	(void)state;
	new_set();
	for (int k = 0; k < 19; k++) {
		char typed[RECOVERY_TEXT_SIZE];

		if (k % 5 == 4)
			continue;
		memcpy(typed, text[0], sizeof(typed));
		typed[k] = typed[k] == 'A' ? 'B' : 'A';
		assert_int_equal(match(typed), -1);
	}
	assert_int_equal(match("123456"), -1);
	assert_int_equal(match(""), -1);
	assert_int_equal(match("ABCD-EFGH-IJKL-MNO"), -1);
}

/* HMAC-SHA256 of the 16 letters under the set's key, and nothing of the code. */
static void only_a_keyed_hash_is_kept(void **state)
{
	(void)state;
	new_set();
	for (int i = 0; i < RECORD_CODES; i++) {
		unsigned char expected[32];
		char word[ANSWER_WORD + 1] = "";
		unsigned int n = 0;

		for (int k = 0; k < 4; k++)
			memcpy(word + 4 * k, text[i] + 5 * k, 4);
		assert_non_null(HMAC(EVP_sha256(), set.key, 32, (unsigned char *)word, 16,
		    expected, &n));
		assert_memory_equal(set.hash[i], expected, 32);
		assert_null(memmem(&set, sizeof(set), word, 8));
	}
}

static void codes_and_sets_differ(void **state)
{
	char before[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_recovery first;

	(void)state;
	new_set();
	for (int i = 0; i < RECORD_CODES; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(text[i], text[k]);
	first = set;
	memcpy(before, text, sizeof(before));
	new_set();
	assert_true(set.id != first.id && set.id != 0);
	assert_memory_not_equal(set.key, first.key, sizeof(set.key));
	for (int i = 0; i < RECORD_CODES; i++)
		assert_int_equal(match(before[i]), -1);
}

/* 80 bits: every bit of the 16 characters is used. */
static void every_bit_of_a_code_varies(void **state)
{
	unsigned int ones[16] = {0}, zeros[16] = {0};

	(void)state;
	for (int round = 0; round < 30; round++) {
		new_set();
		for (int i = 0; i < RECORD_CODES; i++)
			for (int k = 0; k < 16; k++) {
				char c = text[i][k + k / 4];
				unsigned int v = (unsigned)(c >= 'A' ? c - 'A' : c - '2' + 26);

				ones[k] |= v;
				zeros[k] |= ~v & 31;
			}
	}
	for (int k = 0; k < 16; k++) {
		assert_int_equal(ones[k], 31);
		assert_int_equal(zeros[k], 31);
	}
}

static void no_set_matches_nothing(void **state)
{
	(void)state;
	new_set();
	set.id = 0;
	for (int i = 0; i < RECORD_CODES; i++)
		assert_int_equal(match(text[i]), -1);
}

static void what_is_left_is_told_by_the_set_in_force(void **state)
{
	struct record_hot hot = {.format = RECORD_FORMAT};

	(void)state;
	new_set();
	assert_int_equal(recovery_left(&set, &hot), 0); /* hot does not know it */
	hot.spent[1].id = set.id;
	assert_int_equal(recovery_left(&set, &hot), 10);
	hot.spent[0].id = set.id + 1;
	hot.spent[0].used = 0x3ff;
	hot.spent[1].used = 1 << 0 | 1 << 9;
	assert_int_equal(recovery_left(&set, &hot), 8);
	hot.spent[1].used = 0x3ff;
	assert_int_equal(recovery_left(&set, &hot), 0);
	set.id = 0;
	hot.spent[0] = hot.spent[1];
	hot.spent[0].id = hot.spent[1].id = 0;
	hot.spent[0].used = hot.spent[1].used = 0;
	assert_int_equal(recovery_left(&set, &hot), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_16_base32_characters_in_fours),
	    cmocka_unit_test(every_code_matches_at_its_own_place),
	    cmocka_unit_test(case_blanks_and_dashes_do_not_matter),
	    cmocka_unit_test(one_wrong_character_is_no_code),
	    cmocka_unit_test(only_a_keyed_hash_is_kept),
	    cmocka_unit_test(codes_and_sets_differ),
	    cmocka_unit_test(every_bit_of_a_code_varies),
	    cmocka_unit_test(no_set_matches_nothing),
	    cmocka_unit_test(what_is_left_is_told_by_the_set_in_force),
	};

	return cmocka_run_group_tests_name("recovery", tests, set_up, NULL);
}
