/*
 * json_text: strings for `--json` output.
 */
#ifndef PB_JSON_TEXT_H
#define PB_JSON_TEXT_H

#include <stdio.h>

/* Prints utf8 to f as a quoted JSON string.  A byte that is not part of
 * well-formed UTF-8 becomes U+FFFD.  NULL prints null.  The caller looks at
 * ferror(f) when all is written. */
void json_text_print(FILE *f, const char *utf8);

#endif
