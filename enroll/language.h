/*
 * language: what the tools say, in English or Korean.  In the module only why a new
 * password is refused: its prompts are short ASCII and its log is for machines.
 *
 * The tools run as root for people who choose their own environment, so nothing
 * of it names a file or a locale: it chooses one of two languages, and that is all.
 * A new text comes with its Korean in the same change (CONTRIBUTING.md).
 */
#ifndef PB_LANGUAGE_H
#define PB_LANGUAGE_H

#include "enroll/catalogue.h"

#include <stdbool.h>

#define _(text) language_text(text)
#define P_(one, many, n) language_plural(one, many, n)
#define N_(text) text          /* translated where it is printed, by _() */
#define NC_(context, text) text /* the same, by language_in() */

/* The variables as they are; NULL: not set. */
struct language_names {
	const char *lc_all, *lc_messages, *lang, *language;
};

/* Whether they ask for Korean in UTF-8. */
bool language_is_korean(const struct language_names *n);

/* First in main(): chooses, takes out of the environment what libraries could read
 * locales and texts by, and lets err_set() speak the language too.  With --json among
 * the arguments it is English: a machine reads. */
void language_begin(int argc, char *const argv[]);

/* Whether language_begin() has chosen Korean. */
bool language_speaks_korean(void);

/* English for a while, whatever was chosen: for what machines read beside what people do. */
void language_speak_english(bool on);

/* For the module, in a process that is not its own: the translations into the language
 * that the environment asks for, which is left as it is.  0; -1: English, c is empty. */
int language_open(struct catalogue *c);

/* The text in the user's language, or as it is. */
const char *language_text(const char *text) __attribute__((format_arg(1)));

/* The same where a number decides; Korean knows one form. */
const char *language_plural(const char *one, const char *many, unsigned long n)
    __attribute__((format_arg(1), format_arg(2)));

/* A word that is several in another language, by where it stands. */
const char *language_in(const char *context, const char *text);

/* Columns of a terminal that a text takes: Hangul and its like take two. */
int language_width(const char *text);

/* Prints text, and blanks up to so many columns. */
void language_print_padded(const char *text, int columns);

#endif
