#include "policy/audit/words.h"

#include <string.h>

const char *words_value(const char *words, const char *key, size_t *n)
{
	const size_t k = strlen(key);

	for (const char *at = words; *at != '\0';) {
		const size_t len = strcspn(at, " \n");

		if (len > k && strncmp(at, key, k) == 0 && at[k] == '=') {
			*n = len - k - 1;
			return at + k + 1;
		}
		at += len;
		at += strspn(at, " \n");
	}
	return NULL;
}

int64_t words_number(const char *words, const char *key)
{
	size_t n = 0;
	const char *text = words_value(words, key, &n);
	int64_t value = 0;

	if (text == NULL || n == 0 || n > 18)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = 10 * value + (text[i] - '0');
	}
	return value;
}

bool words_is(const char *words, const char *key, const char *value)
{
	size_t n = 0;
	const char *text = words_value(words, key, &n);

	return text != NULL && strlen(value) == n && strncmp(text, value, n) == 0;
}

bool words_have_shell(const char *words)
{
	static const char *const none[] = {"nologin", "false", "sync", "halt", "shutdown"};
	size_t n = 0;
	const char *shell = words_value(words, "shell", &n);

	for (size_t i = 0; shell != NULL && i < sizeof(none) / sizeof(none[0]); i++) {
		const size_t m = strlen(none[i]);

		if (n > m && strncmp(shell + n - m, none[i], m) == 0 && shell[n - m - 1] == '/')
			return false;
	}
	return true;
}

void words_put(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < size; n++)
		out[n] = (unsigned char)text[n] <= ' ' || text[n] == 0x7f ? '?' : text[n];
	out[n] = '\0';
}
