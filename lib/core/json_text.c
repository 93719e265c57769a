#include "lib/core/json_text.h"

#include <stddef.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The bytes of the well-formed sequence at s (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF), or 0. */
static size_t sequence(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xBF; /* of the second byte */
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		n = 2;
	else if (s[0] >= 0xE0 && s[0] <= 0xEF)
		n = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xBF)
			return 0;
	return n;
}

static void print_ascii(FILE *f, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		(void)fprintf(f, "\\%c", c);
		break;
	case '\n':
		(void)fputs("\\n", f);
		break;
	case '\t':
		(void)fputs("\\t", f);
		break;
	default:
		/* DEL too: the output may meet a terminal. */
		if (c < 0x20 || c == 0x7F)
			(void)fprintf(f, "\\u%04x", c);
		else
			(void)fputc(c, f);
		break;
	}
}

void json_text_print(FILE *f, const char *utf8)
{
	const unsigned char *s = (const unsigned char *)utf8;

	if (s == NULL) {
		(void)fputs("null", f);
		return;
	}
	(void)fputc('"', f);
	while (*s != '\0') {
		size_t n = sequence(s);

		if (n == 1)
			print_ascii(f, *s);
		else if (n == 0)
			(void)fputs(REPLACEMENT, f);
		else
			(void)fwrite(s, 1, n, f);
		s += n > 0 ? n : 1;
	}
	(void)fputc('"', f);
}
