/*
 * text: one sentence for each broken rule, with its numbers.
 *
 * Pure: the language is the caller's, by a function that gives the translation of an
 * English format (language_text() of enroll/language.h; the formats are in the catalogue).
 */
#ifndef PB_PASSWORD_TEXT_H
#define PB_PASSWORD_TEXT_H

#include "policy/password/check.h"

#define PASSWORD_TEXT_MAX 320

typedef const char *password_translator(const char *fmt);

/* Writes the sentence, without a newline at its end, to text (PASSWORD_TEXT_MAX bytes); a
 * longer one is cut at a character.  translate NULL: English.  p is what was checked
 * against. */
void password_text(const struct password_policies *p, const struct password_break *b,
    password_translator *translate, char *text);

#endif
