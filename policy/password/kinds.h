/*
 * kinds: what a character of a password counts as.
 *
 * ASCII: IAM's classes and the three kinds.  Beyond it a character belongs to no class of
 * IAM.  As a kind it is a letter (Hangul, kana, accents), but for digits of full width and
 * for the blocks of punctuation and pictures, which are specials; control characters, what
 * nobody sees (zero width, marks of direction), and bytes that are not UTF-8, are of no
 * kind and count as one character each.
 */
#ifndef PB_PASSWORD_KINDS_H
#define PB_PASSWORD_KINDS_H

#include <stddef.h>
#include <stdint.h>

/* The character at s (n > 0 bytes left): its number, and *len its bytes.  A byte that does
 * not begin a well-formed one is a character of its own, above all of Unicode. */
uint32_t kinds_decode(const char *s, size_t n, size_t *len);

#define KINDS_NUL 128U /* beside enum password_class: a NUL byte is in it */

/* enum password_class of a password, or'ed, and *characters. */
unsigned kinds_of(const char *s, size_t n, int *characters);

#endif
