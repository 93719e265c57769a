/*
 * conf_text: what configuration files of ours are made of: lines `key = value # comment`,
 * whole numbers, durations and absolute paths.
 *
 * Errors are the reason alone; conf_text_lines() puts FILE:LINE before it.
 */
#ifndef PB_CONF_TEXT_H
#define PB_CONF_TEXT_H

#include "lib/core/err.h"

#include <stddef.h>
#include <stdint.h>

#define CONF_TEXT_PATH_MAX 512
#define CONF_TEXT_LINE_MAX 1024 /* bytes of a line, with its end */

/* Calls pair for each line that says something, until it does not return 0.  0; its code, or
 * ERR_SYNTAX: a line is too long, has a NUL byte or no '='. */
struct conf_text {
	const char *path; /* for messages */
	int (*pair)(void *ctx, const char *key, const char *value, int line, struct err *e);
	void *ctx;
};
int conf_text_lines(const struct conf_text *q, const char *text, size_t len, struct err *e);

/* From min to max, or ERR_SYNTAX.  Of a duration, a number and one of s m h d; `0` where min
 * is 0. */
int conf_text_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e);
int conf_text_duration(const char *text, int64_t min, int64_t max, int64_t *out,
    struct err *e);

/* Absolute, without `..`, with room for 32 bytes more; slashes at its end are cut.  out has
 * CONF_TEXT_PATH_MAX bytes. */
int conf_text_path(const char *text, char *out, struct err *e);

/* The next word of a list with commas: its length; *text moves behind it. */
size_t conf_text_word(const char **text, const char **word);

#endif
