#include "lib/core/userkey.h"

#include "lib/core/err.h"

#include <stdbool.h>
#include <string.h>

static bool stands_for_itself(const char *name, size_t i)
{
	char c = name[i];

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	if (c == '.')
		return i > 0 && name[i + 1] != '\0';
	return c == '_' || c == '@' || c == '-';
}

int userkey_encode(const char *name, char *key)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; name[i] != '\0'; i++) {
		unsigned char c = (unsigned char)name[i];
		bool plain = stands_for_itself(name, i);

		if (n + (plain ? 1 : 3) > USERKEY_MAX)
			return ERR_SYNTAX;
		if (plain) {
			key[n++] = (char)c;
			continue;
		}
		key[n++] = '%';
		key[n++] = hex[c >> 4];
		key[n++] = hex[c & 15];
	}
	key[n] = '\0';
	return n == 0 ? ERR_SYNTAX : 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int userkey_decode(const char *key, char *name)
{
	char again[USERKEY_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; key[i] != '\0'; i++) {
		int c = (unsigned char)key[i];

		if (n >= USERKEY_NAME_MAX)
			return ERR_SYNTAX;
		if (c == '%') {
			int high = hex_value(key[i + 1]);
			int low = high < 0 ? -1 : hex_value(key[i + 2]);

			if (low < 0 || (c = high << 4 | low) == 0)
				return ERR_SYNTAX;
			i += 2;
		}
		name[n++] = (char)c;
	}
	name[n] = '\0';
	/* Only the one canonical spelling is a key. */
	if (userkey_encode(name, again) != 0 || strcmp(again, key) != 0)
		return ERR_SYNTAX;
	return 0;
}
