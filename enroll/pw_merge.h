/*
 * pw_merge: two password histories of one user, of one salt and key, as one (pure).
 *
 * One goes on from the other, or both from a third: a backup, and what is there.  Neither
 * need be the newer one, so what either knows stays known: entries are the same when all of
 * them is the same, and stand in the order of the list that has both of two, else the
 * one that was set later first.
 */
#ifndef PB_PW_MERGE_H
#define PB_PW_MERGE_H

#include "lib/core/record_pw.h"

#include <stdbool.h>

/* Whether both are of one salt and key: the entries of others say nothing to each other. */
bool pw_merge_can(const struct record_pw *a, const struct record_pw *b);

/* Puts into to what from has and it has not.  Where that is more than a record holds, what
 * pw_siblings.h spares goes, then the oldest.  Whether to is another one now. */
bool pw_merge(struct record_pw *to, const struct record_pw *from);

#endif
