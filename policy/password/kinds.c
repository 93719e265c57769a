#include "policy/password/kinds.h"

#include "policy/password/policy.h"

#include <stdbool.h>

#define STRAY 0x110000U /* and the byte: what is not UTF-8 */

#define U (PASSWORD_UPPER | PASSWORD_LETTER)
#define L (PASSWORD_LOWER | PASSWORD_LETTER)
#define D (PASSWORD_DIGIT | PASSWORD_NUMBER)
#define Y (PASSWORD_SYMBOL | PASSWORD_SPECIAL) /* the 20 of IAM */
#define S PASSWORD_SPECIAL

static const unsigned char ascii[128] = {
    /* 0x00 */ KINDS_NUL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /* 0x10 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /*   ! " # $ % & ' ( ) * + , - . / */ S, Y, S, Y, Y, Y, Y, Y, Y, Y, Y, Y, S, Y, S, S,
    /* 0 - 9 : ; < = > ? */ D, D, D, D, D, D, D, D, D, D, S, S, S, Y, S, S,
    /* @ A - O */ Y, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
    /* P - Z [ \ ] ^ _ */ U, U, U, U, U, U, U, U, U, U, U, Y, S, Y, Y, Y,
    /* ` a - o */ S, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    /* p - z { | } ~ DEL */ L, L, L, L, L, L, L, L, L, L, L, Y, Y, Y, S, 0};

/* Blocks beyond ASCII that are no letters, in order (Unicode 15, Blocks.txt). */
static const struct {
	uint32_t first, last;
	unsigned class;
} blocks[] = {
    {0x80, 0x9F, 0},                     /* C1 controls */
    {0xA0, 0xA9, PASSWORD_SPECIAL},      /* Latin-1 signs, around the letters ª and º */
    {0xAB, 0xAC, PASSWORD_SPECIAL},
    {0xAD, 0xAD, 0},                     /* soft hyphen */
    {0xAE, 0xB4, PASSWORD_SPECIAL},
    {0xB6, 0xB9, PASSWORD_SPECIAL},
    {0xBB, 0xBF, PASSWORD_SPECIAL},
    {0xD7, 0xD7, PASSWORD_SPECIAL},
    {0xF7, 0xF7, PASSWORD_SPECIAL},
    {0x61C, 0x61C, 0},                   /* Arabic letter mark */
    {0x180B, 0x180F, 0},                 /* Mongolian selectors */
    {0x2000, 0x200A, PASSWORD_SPECIAL},  /* General Punctuation, without what nobody sees */
    {0x200B, 0x200F, 0},
    {0x2010, 0x2027, PASSWORD_SPECIAL},
    {0x2028, 0x202E, 0},
    {0x202F, 0x205F, PASSWORD_SPECIAL},
    {0x2060, 0x206F, 0},
    {0x20A0, 0x20CF, PASSWORD_SPECIAL},  /* Currency Symbols */
    {0x2190, 0x2BFF, PASSWORD_SPECIAL},  /* Arrows to Miscellaneous Symbols and Arrows */
    {0x2E00, 0x2E7F, PASSWORD_SPECIAL},  /* Supplemental Punctuation */
    {0x3000, 0x3004, PASSWORD_SPECIAL},  /* CJK Symbols and Punctuation */
    {0x3007, 0x3020, PASSWORD_SPECIAL},
    {0xE000, 0xF8FF, PASSWORD_SPECIAL},  /* Private Use */
    {0xFE00, 0xFE0F, 0},                 /* variation selectors */
    {0xFE10, 0xFE6F, PASSWORD_SPECIAL},  /* forms of punctuation */
    {0xFEFF, 0xFEFF, 0},                 /* byte order mark */
    {0xFF01, 0xFF0F, PASSWORD_SPECIAL},  /* full width */
    {0xFF10, 0xFF19, PASSWORD_NUMBER},
    {0xFF1A, 0xFF20, PASSWORD_SPECIAL},
    {0xFF3B, 0xFF40, PASSWORD_SPECIAL},
    {0xFF5B, 0xFF65, PASSWORD_SPECIAL},
    {0xFFE0, 0xFFEF, PASSWORD_SPECIAL},
    {0xFFF0, 0xFFFB, 0},
    {0xFFFC, 0xFFFD, PASSWORD_SPECIAL},
    {0x1F000, 0x1FAFF, PASSWORD_SPECIAL}, /* tiles to pictures */
    {0xE0000, 0x10FFFF, 0},              /* tags, selectors, unassigned */
};

static unsigned wide_class(uint32_t c)
{
	if (c >= STRAY)
		return 0;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]) && c >= blocks[i].first; i++)
		if (c <= blocks[i].last)
			return blocks[i].class;
	return PASSWORD_LETTER;
}

static bool is_tail(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
uint32_t kinds_decode(const char *text, size_t n, size_t *len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c;

	*len = 1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] < 0xC2 || s[0] > 0xF4 || n < need)
		return STRAY + s[0];
	c = s[0] & (0xFFU >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if (!is_tail(s[i]))
			return STRAY + s[0];
		c = c << 6 | (s[i] & 0x3F);
	}
	if (c < least[need] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return STRAY + s[0];
	*len = need;
	return c;
}

unsigned kinds_of(const char *s, size_t n, int *characters)
{
	unsigned classes = 0;
	int count = 0;
	size_t i = 0;

	for (size_t len; i < n; i += len, count++) {
		const unsigned char c = (unsigned char)s[i];

		if (c < 0x80) {
			classes |= ascii[c];
			len = 1;
		} else {
			classes |= wide_class(kinds_decode(s + i, n - i, &len));
		}
	}
	*characters = count;
	return classes;
}
