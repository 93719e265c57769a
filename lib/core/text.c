#include "lib/core/text.h"

#include <string.h>

struct text text_in(char *data, size_t size)
{
	data[0] = '\0';
	return (struct text){.data = data, .size = size};
}

static void add_bytes(struct text *t, const char *s, size_t n)
{
	const size_t room = t->size - 1 - t->len;

	if (n > room) {
		t->cut = true;
		n = room;
	}
	memcpy(t->data + t->len, s, n);
	t->len += n;
	t->data[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
	add_bytes(t, s, strlen(s));
}

void text_add_char(struct text *t, char c)
{
	add_bytes(t, &c, 1);
}

void text_add_number(struct text *t, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	add_bytes(t, digits + at, sizeof(digits) - at);
}

void text_add_escaped(struct text *t, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;
		const char code[5] = {'\\', 'x', hex[c >> 4], hex[c & 15], '\0'};

		if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=')
			text_add_char(t, *s);
		else
			text_add(t, code);
	}
}
