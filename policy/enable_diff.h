/*
 * enable_diff: the difference between two texts as `diff -u` writes it.
 */
#ifndef PB_ENABLE_DIFF_H
#define PB_ENABLE_DIFF_H

#include "policy/buffer.h"

struct enable_diff {
	const char *path;  /* stands in both heads */
	const char *old;   /* NULL: the file does not exist */
	const char *new;   /* NULL: it is removed */
};

/* Adds nothing when the texts are the same.  out->failed when memory ran out. */
void enable_diff(const struct enable_diff *d, struct buffer *out);

#endif
