#include "lib/core/answer.h"

#include "lib/core/secret.h"

#include <string.h>

static enum answer_kind kind_of(const char *text, size_t len)
{
	if (len == 0)
		return ANSWER_EMPTY;
	if (len >= 6 && len <= 8 && strspn(text, "0123456789") == len)
		return ANSWER_CODE;
	if (len == ANSWER_WORD && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == len)
		return ANSWER_RECOVERY;
	return ANSWER_OTHER;
}

void answer_read(const char *typed, struct answer *out)
{
	memset(out, 0, sizeof(*out));
	if (typed == NULL)
		return;
	if (strnlen(typed, ANSWER_TYPED_MAX + 1) > ANSWER_TYPED_MAX) {
		out->kind = ANSWER_OVERLONG;
		return;
	}
	for (size_t i = 0; typed[i] != '\0'; i++) {
		char c = typed[i];

		if (c == ' ' || c == '\t' || c == '-' || c == '\r')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		out->text[out->len++] = c;
	}
	out->kind = kind_of(out->text, out->len);
}

bool answer_is_empty(const char *typed)
{
	struct answer a;
	bool empty;

	answer_read(typed, &a);
	empty = a.kind == ANSWER_EMPTY;
	secret_wipe(&a, sizeof(a));
	return empty;
}
