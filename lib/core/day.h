/*
 * day: calendar days as configuration writes them, YYYY-MM-DD, in UTC.
 */
#ifndef PB_DAY_H
#define PB_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_SECONDS INT64_C(86400)
#define DAY_TEXT 11 /* "2027-03-01" and the terminator */

/* The end of the day (24:00 UTC), in seconds since 1970.  0 or ERR_SYNTAX: not
 * ten characters, no such day, or outside 1970..9999. */
int day_end(const char *text, int64_t *end);

#define DAY_AHEAD 366 /* days; one that is further ahead is a typing error */

/* Whether the day that ends at end is more than DAY_AHEAD days after the day of now. */
bool day_is_far(int64_t end, int64_t now);

/* Writes the day that ends at end. */
void day_text(int64_t end, char text[DAY_TEXT]);

#endif
