/*
 * text: one sentence for each broken rule, with its numbers.
 *
 * Pure: the language is the caller's, by a function that gives the translation of an
 * English format (language_text() of enroll/language.h, catalogue_find() in the module; the
 * formats are in the catalogue).
 */
#ifndef PB_PASSWORD_TEXT_H
#define PB_PASSWORD_TEXT_H

#include "policy/password/check.h"
#include "policy/password/history_said.h"

#define PASSWORD_TEXT_MAX 320

struct password_tongue {
	const char *(*translate)(const void *ctx, const char *fmt);
	const void *ctx;
};

/* Writes the sentence, without a newline at its end, to text (PASSWORD_TEXT_MAX bytes); a
 * longer one is cut at a character.  tongue NULL: English.  p is what was checked
 * against. */
void password_text(const struct password_policies *p, const struct password_break *b,
    const struct password_tongue *tongue, char *text);

/* The same for what history_check() has said; reuse is the number it was asked with.
 * HISTORY_FREE: "". */
void password_history_text(enum history_said said, int reuse,
    const struct password_tongue *tongue, char *text);

#endif
