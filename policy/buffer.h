/*
 * buffer: a text that grows.  Memory that runs out is remembered, so that a caller
 * asks once, at the end.
 */
#ifndef PB_BUFFER_H
#define PB_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory is an empty one.  data is freed by buffer_free(), and is ended by
 * a NUL that len does not count, or NULL while nothing was added. */
struct buffer {
	char *data;
	size_t len;
	size_t size;
	bool failed; /* memory ran out: the text is not whole */
};

void buffer_add(struct buffer *b, const char *data, size_t len);
void buffer_text(struct buffer *b, const char *text);
void buffer_format(struct buffer *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, "" for an empty one. */
const char *buffer_string(const struct buffer *b);
bool buffer_same(const struct buffer *a, const struct buffer *b);
void buffer_free(struct buffer *b);

#endif
