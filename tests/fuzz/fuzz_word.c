/*
 * fuzz_word: of all that can be typed only the very word is the invitation's, and only
 * the very code is one of the ten.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/recovery.h"
#include "lib/core/word.h"
#include "tests/fuzz/wrap.h"

static void letters_of(const char *text, char out[WORD_TEXT_SIZE])
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		if (*text != '-')
			out[n++] = *text;
	out[n] = '\0';
}

/* A copy with some bytes as the input has them. */
static char *typed_from(const char *word, struct fuzz *f)
{
	char *text = strdup(word);
	const unsigned n = fuzz_below(f, 4);

	MUST(text != NULL);
	for (unsigned i = 0; i < n && text[0] != '\0'; i++) {
		const unsigned at = fuzz_below(f, (unsigned)strlen(text));

		text[at] = (char)fuzz_byte(f);
	}
	return text;
}

static void check(const struct record_recovery *set, char codes[RECORD_CODES][WORD_TEXT_SIZE],
    const struct record_invite *v, const char *word, const char *typed)
{
	char letters[WORD_TEXT_SIZE];
	struct answer a;
	int index = -2, expected = -1;
	bool yes = true;

	answer_read(typed, &a);
	for (int i = 0; i < RECORD_CODES; i++) {
		letters_of(codes[i], letters);
		if (strcmp(letters, a.text) == 0)
			expected = i;
	}
	MUST(recovery_match(set, &a, &index) == 0 && index == expected);
	letters_of(word, letters);
	MUST(word_is_invited(v, &a, &yes) == 0);
	MUST(yes == (v->open && strcmp(letters, a.text) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct record_recovery set;
	struct record_invite v;
	struct record_hot hot = {.format = RECORD_FORMAT};
	char codes[RECORD_CODES][WORD_TEXT_SIZE], word[WORD_TEXT_SIZE], *typed;

	wrap_begin(fuzz_byte(&f), 1700000000);
	MUST(recovery_new(&set, codes, NULL) == 0);
	MUST(word_invite(&v, wrap.now, 60, word) == 0);
	v.open = fuzz_below(&f, 8) != 7;
	hot.spent[1].id = set.id;
	hot.spent[1].used = (uint16_t)fuzz_number(&f, 2) & 0x3ff;
	MUST(recovery_left(&set, &hot) == RECORD_CODES - __builtin_popcount(hot.spent[1].used));
	typed = typed_from(fuzz_flip(&f) ? word : codes[fuzz_below(&f, RECORD_CODES)], &f);
	check(&set, codes, &v, word, typed);
	free(typed);
	typed = fuzz_text(&f);
	check(&set, codes, &v, word, typed);
	free(typed);
	/* What fails gives no word. */
	wrap_plan(&f);
	if (word_new(set.key, set.hash[0], word) != 0)
		for (int i = 0; i < WORD_TEXT_SIZE; i++)
			MUST(word[i] == '\0');
	if (recovery_new(&set, codes, NULL) != 0)
		MUST(set.id == 0 && codes[0][0] == '\0' && codes[9][0] == '\0');
	if (word_invite(&v, wrap.now, 60, word) != 0)
		MUST(!v.open);
	wrap_end();
	return 0;
}
