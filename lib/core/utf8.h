/*
 * utf8: what is text (RFC 3629), for names that others draw on a terminal.
 */
#ifndef PB_UTF8_H
#define PB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes, 1 to 4, of the well-formed character at s (no overlong form, no
 * surrogate, nothing above U+10FFFF), or 0.  Never reads past a terminator. */
size_t utf8_length(const char *s);

/* Whether the character at s is a control character: C0, DEL, and the C1 that some terminals
 * obey. */
bool utf8_is_control(const char *s);

/* Whether s is well-formed and without control characters. */
bool utf8_is_text(const char *s);

#endif
