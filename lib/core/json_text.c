#include "lib/core/json_text.h"

#include "lib/core/utf8.h"

#include <stddef.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

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
	if (utf8 == NULL) {
		(void)fputs("null", f);
		return;
	}
	(void)fputc('"', f);
	while (*utf8 != '\0') {
		size_t n = utf8_length(utf8);

		if (n == 1)
			print_ascii(f, (unsigned char)*utf8);
		else if (n == 0)
			(void)fputs(REPLACEMENT, f);
		else
			(void)fwrite(utf8, 1, n, f);
		utf8 += n > 0 ? n : 1;
	}
	(void)fputc('"', f);
}
