#include "enroll/language.h"

#include "lib/core/err.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef PB_LOCALEDIR
#define PB_LOCALEDIR "/usr/share/locale"
#endif
#define KOREAN PB_LOCALEDIR "/ko/LC_MESSAGES/pam-bastion.mo"
#define KEY 256

static struct catalogue catalogue;
static bool english; /* for a while */

/* ---- the choice ---- */

static const char *first_set(const struct language_names *n)
{
	const char *const names[] = {n->lc_all, n->lc_messages, n->lang};

	for (int i = 0; i < 3; i++)
		if (names[i] != NULL && names[i][0] != '\0')
			return names[i];
	return "C";
}

/* "ko" of "ko", "ko_KR", "ko_KR.UTF-8", "ko@x"; not of "kok". */
static bool is_of(const char *name, size_t len, const char *language)
{
	size_t n = strlen(language);

	return len >= n && memcmp(name, language, n) == 0 &&
	    (len == n || strchr("_.@", name[n]) != NULL);
}

/* Without a codeset: UTF-8, which is what terminals speak now. */
static bool is_utf8(const char *name)
{
	const char *dot = strchr(name, '.');
	size_t n = dot != NULL ? strcspn(dot + 1, "@") : 0;

	return dot == NULL || (n == 5 && strncasecmp(dot + 1, "UTF-8", n) == 0) ||
	    (n == 4 && strncasecmp(dot + 1, "UTF8", n) == 0);
}

bool language_is_korean(const struct language_names *n)
{
	const char *name = first_set(n);
	const char *list = n->language != NULL ? n->language : "";

	if (is_of(name, strlen(name), "C") || strcmp(name, "POSIX") == 0 || !is_utf8(name))
		return false;
	while (*list != '\0') {
		size_t len = strcspn(list, ":");

		if (is_of(list, len, "ko"))
			return true;
		if (is_of(list, len, "en") || is_of(list, len, "C"))
			return false;
		list += len + (list[len] == ':');
	}
	return is_of(name, strlen(name), "ko");
}

static bool asks_for_korean(void)
{
	const struct language_names n = {getenv("LC_ALL"), getenv("LC_MESSAGES"),
	    getenv("LANG"), getenv("LANGUAGE")};

	return language_is_korean(&n);
}

int language_open(struct catalogue *c)
{
	*c = (struct catalogue){.data = NULL};
	return asks_for_korean() ? catalogue_open(c, KOREAN) : -1;
}

void language_begin(int argc, char *const argv[])
{
	static const char *const names[] = {"LANGUAGE", "LOCPATH", "NLSPATH", "TEXTDOMAIN",
	    "TEXTDOMAINDIR", "OUTPUT_CHARSET"};
	bool korean = asks_for_korean();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unsetenv(names[i]);
	for (int i = 1; i < argc; i++)
		korean = korean && strcmp(argv[i], "--json") != 0;
	if (korean && catalogue_open(&catalogue, KOREAN) == 0)
		(void)err_translate(language_text);
}

bool language_speaks_korean(void)
{
	return catalogue.data != NULL && !english;
}

void language_speak_english(bool on)
{
	english = on;
}

static const char *find(const char *key)
{
	return english ? NULL : catalogue_find(&catalogue, key);
}

/* ---- texts ---- */

const char *language_text(const char *text)
{
	/* "" stands for the head of the file. */
	const char *found = text[0] != '\0' ? find(text) : NULL;

	return found != NULL ? found : text;
}

const char *language_plural(const char *one, const char *many, unsigned long n)
{
	const char *found = find(one);

	return found != NULL ? found : n == 1 ? one : many;
}

const char *language_in(const char *context, const char *text)
{
	const char *found = NULL;
	char key[KEY];

	if (snprintf(key, sizeof(key), "%s\004%s", context, text) < (int)sizeof(key))
		found = find(key);
	return found != NULL ? found : text;
}

/* ---- columns ---- */

/* Hangul and its letters, Chinese characters, full-width forms. */
static bool is_wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
	    (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	    (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x20000 && c <= 0x3fffd);
}

int language_width(const char *text)
{
	int width = 0;

	while (*text != '\0') {
		unsigned char c = (unsigned char)*text++;
		uint32_t point = c < 0x80 ? c : c < 0xe0 ? c & 0x1fU : c < 0xf0 ? c & 0x0fU :
		    c & 0x07U;

		while (c >= 0xc0 && ((unsigned char)*text & 0xc0) == 0x80)
			point = point << 6 | ((unsigned char)*text++ & 0x3fU);
		width += is_wide(point) ? 2 : 1;
	}
	return width;
}

void language_print_padded(const char *text, int columns)
{
	int width = language_width(text);

	(void)printf("%s%*s", text, width < columns ? columns - width : 0, "");
}
