/* One-time words, invitations: word.h. */
#include "tests/unit/scratch.h"

#include "lib/core/word.h"

#define NOW SCRATCH_NOW

static void invited(struct record_invite *v, char text[WORD_TEXT_SIZE])
{
	memset(v, 0xee, sizeof(*v));
	assert_int_equal(word_invite(v, NOW, 86400, text), 0);
}

static bool is_invited(const struct record_invite *v, const char *typed)
{
	struct answer a;
	bool yes = true;

	answer_read(typed, &a);
	assert_int_equal(word_is_invited(v, &a, &yes), 0);
	return yes;
}

static void word_is_16_base32_characters_in_fours(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct record_invite v;
	char text[WORD_TEXT_SIZE];

	(void)state;
	invited(&v, text);
	assert_int_equal(strlen(text), WORD_TEXT_SIZE - 1);
	for (int i = 0; i < WORD_TEXT_SIZE - 1; i++)
		if (i % 5 == 4)
			assert_int_equal(text[i], '-');
		else
			assert_non_null(strchr(alphabet, text[i]));
	assert_true(v.open);
	assert_int_equal(v.since, NOW);
	assert_int_equal(v.life, 86400);
}

static void word_is_taken_however_it_is_written(void **state)
{
	struct record_invite v;
	char text[WORD_TEXT_SIZE], other[64];
	size_t n = 0;

	(void)state;
	invited(&v, text);
	assert_true(is_invited(&v, text));
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-') {
			other[n++] = ' ';
			other[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
		}
	other[n] = '\0';
	assert_true(is_invited(&v, other));
}

static void any_other_word_is_not_it(void **state)
{
	struct record_invite v, w;
	char text[WORD_TEXT_SIZE], other[WORD_TEXT_SIZE];

	(void)state;
	invited(&v, text);
	invited(&w, other);
	assert_false(is_invited(&v, other));
	assert_false(is_invited(&w, text));
	for (int i = 0; i < WORD_TEXT_SIZE - 1; i++) {
		memcpy(other, text, sizeof(other));
		if (other[i] == '-')
			continue;
		other[i] = other[i] == 'A' ? 'B' : 'A';
		assert_false(is_invited(&v, other));
	}
	text[WORD_TEXT_SIZE - 2] = '\0';
	assert_false(is_invited(&v, text));
	assert_false(is_invited(&v, ""));
	assert_false(is_invited(&v, "123456"));
}

/* Zeroed memory, or spent, invites nobody: not even with the word. */
static void closed_invitation_takes_no_word(void **state)
{
	struct record_invite v;
	char text[WORD_TEXT_SIZE];

	(void)state;
	invited(&v, text);
	v.open = false;
	assert_false(is_invited(&v, text));
	memset(&v, 0, sizeof(v));
	assert_false(is_invited(&v, text));
	assert_false(is_invited(&v, "AAAA-AAAA-AAAA-AAAA"));
}

static void only_a_keyed_hash_is_kept(void **state)
{
	struct record_invite v, w;
	char text[WORD_TEXT_SIZE], word[ANSWER_WORD + 1];
	uint8_t hash[RECORD_HASH];
	size_t n = 0;

	(void)state;
	invited(&v, text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-')
			word[n++] = *p;
	word[n] = '\0';
	assert_null(memmem(&v, sizeof(v), word, 8));
	assert_int_equal(word_hash(v.key, word, hash), 0);
	assert_memory_equal(hash, v.hash, sizeof(hash));
	/* The same word under another key is another hash. */
	invited(&w, text);
	assert_memory_not_equal(w.key, v.key, sizeof(v.key));
	assert_int_equal(word_hash(w.key, word, hash), 0);
	assert_memory_not_equal(hash, v.hash, sizeof(hash));
}

static void every_bit_of_a_word_varies(void **state)
{
	char first[WORD_TEXT_SIZE], text[WORD_TEXT_SIZE];
	uint8_t key[RECORD_HASH] = {0}, hash[RECORD_HASH];
	unsigned seen[WORD_TEXT_SIZE] = {0};

	(void)state;
	assert_int_equal(word_new(key, hash, first), 0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(word_new(key, hash, text), 0);
		assert_string_not_equal(text, first);
		for (int k = 0; k < WORD_TEXT_SIZE - 1; k++)
			if (text[k] != '-')
				seen[k] |= 1u << (text[k] <= '7' ? text[k] - '2' + 26 : text[k] - 'A');
	}
	for (int k = 0; k < WORD_TEXT_SIZE - 1; k++)
		assert_int_equal(seen[k], k % 5 == 4 ? 0 : UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(word_is_16_base32_characters_in_fours),
	    cmocka_unit_test(word_is_taken_however_it_is_written),
	    cmocka_unit_test(any_other_word_is_not_it),
	    cmocka_unit_test(closed_invitation_takes_no_word),
	    cmocka_unit_test(only_a_keyed_hash_is_kept),
	    cmocka_unit_test(every_bit_of_a_word_varies),
	};

	assert_int_equal(crypto_init(), 0);
	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
