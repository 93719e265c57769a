/*
 * pw_siblings: which entry of a password history goes first when there is no room (pure).
 *
 * Siblings are entries in a row with one known `before` (record_pw.h): tries of one change
 * and the password that it ended with, or several that ran at once.  Which of them has
 * been in force nobody knows any more.  Changes must not push out one another, so the change
 * with the most siblings gives one, of several such the oldest.  The newest of them stays
 * last, for a try is refused before the next one is made, and the one noted first beside it
 * for as long as there is room.  Where the next change proved which one was in force, that
 * stands in front as the newest (history_list.h).
 */
#ifndef PB_PW_SIBLINGS_H
#define PB_PW_SIBLINGS_H

#include "lib/core/record_pw.h"

#include <stdbool.h>

/* Whether both are of one change. */
bool pw_siblings_are(const struct record_pw_entry *a, const struct record_pw_entry *b);

/* Which of the entries first .. n - 1 (newest first) can be spared; n: none has a sibling. */
int pw_siblings_spare(const struct record_pw_entry *entry, int first, int n);

#endif
