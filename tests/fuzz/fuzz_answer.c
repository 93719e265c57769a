/*
 * fuzz_answer: what somebody types is one kind of answer, by its letters alone.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/answer.h"

#include <ctype.h>

/* The kind, from the description in answer.h and not from its code. */
static enum answer_kind expected(const char *typed, char *kept)
{
	size_t n = 0, digits = 0, letters = 0;

	kept[0] = '\0';
	if (strlen(typed) > ANSWER_TYPED_MAX)
		return ANSWER_OVERLONG;
	for (; *typed != '\0'; typed++)
		if (strchr(" \t\r-", *typed) == NULL)
			kept[n++] = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 32) : *typed;
	kept[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		digits += kept[i] >= '0' && kept[i] <= '9';
		letters += (kept[i] >= 'A' && kept[i] <= 'Z') || (kept[i] >= '2' && kept[i] <= '7');
	}
	if (n == 0)
		return ANSWER_EMPTY;
	if (digits == n && n >= 6 && n <= 8)
		return ANSWER_CODE;
	return letters == n && n == 16 ? ANSWER_RECOVERY : ANSWER_OTHER;
}

static void check(const char *typed)
{
	struct answer a, again;
	char kept[ANSWER_TYPED_MAX + 1];
	enum answer_kind kind = expected(typed, kept);

	memset(&a, 0xff, sizeof(a));
	answer_read(typed, &a);
	MUST(a.kind == kind);
	MUST(a.len == strlen(kept) && strcmp(a.text, kept) == 0);
	for (size_t i = a.len; i < sizeof(a.text); i++)
		MUST(a.text[i] == '\0');
	MUST(answer_is_empty(typed) == (kind == ANSWER_EMPTY));
	/* What is left is an answer of the same kind. */
	if (kind != ANSWER_OVERLONG) {
		answer_read(a.text, &again);
		MUST(memcmp(&again, &a, sizeof(a)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct answer none;

	while (f.left > 0) {
		char *typed = fuzz_text(&f);

		check(typed);
		free(typed);
	}
	answer_read(NULL, &none);
	MUST(none.kind == ANSWER_EMPTY && answer_is_empty(NULL));
	return 0;
}
