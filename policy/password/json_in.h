/*
 * json_in: reads JSON of a known shape (RFC 8259), piece by piece: objects, whole numbers,
 * booleans, null, and strings of printable ASCII without escapes.
 *
 * Stricter than JSON: nothing is skipped, and who asks for a piece gets that or an error
 * with its place.  No recursion: an object within an object is read by its own call.
 */
#ifndef PB_PASSWORD_JSON_IN_H
#define PB_PASSWORD_JSON_IN_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_IN_KEY 64

struct json_in {
	const char *name; /* for messages */
	const char *text;
	size_t len;
	size_t at;
	size_t mark;      /* where the piece begins that was read last */
	struct err why;   /* of a refusal, before json_in_at() */
	struct err *e;
};

/* At the begin of a text. */
struct json_in json_in_text(const char *name, const char *text, size_t len, struct err *e);

/* Reads an object: each(in, key, ctx) is called in front of each value, and reads it.  0,
 * the first code of each(), or ERR_SYNTAX. */
int json_in_object(struct json_in *in, int (*each)(struct json_in *in, const char *key,
    void *ctx), void *ctx);

/* The value of key, for messages.  0, or ERR_SYNTAX when it is another. */
int json_in_number(struct json_in *in, const char *key, int min, int max, int *out);
int json_in_boolean(struct json_in *in, const char *key, bool *out);
int json_in_string(struct json_in *in, const char *key, char *out, size_t size);

/* Whether null stands here; it is read then. */
bool json_in_null(struct json_in *in);

/* Nothing but blanks to the end. */
int json_in_end(struct json_in *in);

/* Fills e with "NAME:LINE:COLUMN: " of the mark and in->why, which err_set() has filled
 * with code, and returns code. */
int json_in_at(struct json_in *in, int code);

#endif
