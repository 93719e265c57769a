/*
 * json_reply: an answer of the JSON protocol, or of a service of the machine (jansson).
 *
 * Bounded: JSON_REPLY_MOST bytes, JSON_REPLY_DEEP values in each other; a member that is
 * given twice is refused.  Values may be secrets: jansson wipes what it frees (memory.h).
 */
#ifndef PB_NET_JSON_REPLY_H
#define PB_NET_JSON_REPLY_H

#include "lib/core/err.h"

#include <jansson.h>
#include <stddef.h>

#define JSON_REPLY_MOST ((size_t)15 << 20)
#define JSON_REPLY_DEEP 32

/* An object, for json_decref().  0; ERR_BAD: it is none (*j NULL); ERR_SYSTEM. */
int json_reply_read(json_t **j, const char *text, size_t len, struct err *e);

/* The text of a member, which lives as long as the object; NULL: it is missing, no text, or
 * has a NUL in it. */
const char *json_reply_text(const json_t *j, const char *member);

#endif
