/*
 * words: facts that are words `key=value` between blanks, as `account NAME` and others are.
 *
 * A saved one is a stranger's: what is no number is none, and the first of a key counts.
 */
#ifndef PB_AUDIT_WORDS_H
#define PB_AUDIT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of key, n bytes of words; NULL: it is not there. */
const char *words_value(const char *words, const char *key, size_t *n);

/* A number of at most 18 digits, or -1. */
int64_t words_number(const char *words, const char *key);

/* Whether key has this value. */
bool words_is(const char *words, const char *key, const char *value);

/* Whether the account of these words may work in a shell: those of services have none. */
bool words_have_shell(const char *words);

/* Copies text as a value: what would end it there becomes '?'. */
void words_put(char *out, size_t size, const char *text);

#endif
