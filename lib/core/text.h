/*
 * text: joins strings in a bounded buffer, for the places that every login
 * passes, where the format machinery of printf costs more than the work.
 */
#ifndef PB_TEXT_H
#define PB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* size bytes, always ended by a NUL */
	size_t size;
	size_t len;
	bool cut; /* something did not fit; what did is still there */
};

/* An empty text in data, which has size > 0 bytes. */
struct text text_in(char *data, size_t size);

/* Appends, as far as there is room. */
void text_add(struct text *t, const char *s);
void text_add_char(struct text *t, char c);
void text_add_number(struct text *t, uint64_t n);

/* A value of a log line: printable ASCII stays; everything else, blank, '"', '\\' and
 * '=' become \\xNN. */
void text_add_escaped(struct text *t, const char *s);

#endif
