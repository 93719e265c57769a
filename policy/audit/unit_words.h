/*
 * unit_words: words and variables as systemd reads them, and memory for the texts of a
 * unit.
 */
#ifndef PB_AUDIT_UNIT_WORDS_H
#define PB_AUDIT_UNIT_WORDS_H

#include "policy/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Texts that live as long as a unit.  Zeroed memory is an empty one. */
struct words {
	char **item;
	size_t count, room, bytes;
	size_t most; /* bytes of all */
	bool full;   /* more than most: some are "" */
	bool failed; /* memory ran out: likewise */
};

/* A copy of n bytes with a NUL behind; "" when there is no room. */
const char *words_keep(struct words *w, const char *text, size_t n);
void words_free(struct words *w);

/* The next word at *at, its quotes and escapes taken away, into b (emptied before); plain:
 * it had none.  0: the end; 1; 2: a quote of it is not closed. */
int words_next(const char **at, struct buffer *b, bool *plain);

/* Calls each(ctx, name, value, line) for the settings of an environment file. */
typedef void words_variable(void *ctx, const char *name, const char *value, size_t line);
void words_environment(const char *text, words_variable *each, void *ctx);

#endif
