/*
 * near: whether one text has another in it, or is another with a small change.
 *
 * For passwords: nothing is allocated, what is copied is wiped, and every cost is
 * bounded.  Capital and small letters of ASCII are the same.
 */
#ifndef PB_PASSWORD_NEAR_H
#define PB_PASSWORD_NEAR_H

#include <stdbool.h>
#include <stddef.h>

struct near_text {
	const char *s;
	size_t n; /* bytes */
};

bool near_same(struct near_text a, struct near_text b);

/* Whether part stands in whole.  An empty part does not. */
bool near_inside(struct near_text whole, struct near_text part);

/* The same for part read backwards, character by character of ASCII. */
bool near_inside_backwards(struct near_text whole, struct near_text part);

/* How many characters have to be put in, taken out or replaced to make one of the other,
 * the other read backwards, or turned (its end put before its begin): the least of the
 * three, or most when it is not less than that.  Texts of at most PASSWORD_LONGEST bytes
 * and most at most PASSWORD_MOST_CHANGED; else 0, the answer that refuses. */
int near_changed(struct near_text fresh, struct near_text old, int most);

#endif
