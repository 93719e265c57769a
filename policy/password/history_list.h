/*
 * history_list: which entries of a password history count (pure; history.h makes them).
 *
 * Our line of a password stack runs before pam_unix, which writes /etc/shadow and may
 * still refuse.  Nobody tells us, so an entry notes which shadow field it was to replace
 * (`before`).  Newest first:
 *
 *  - An entry at the front whose `before` is the field of now has never been in force, or
 *    is about to be: its change has not happened.  It counts for nothing: the same password
 *    may be tried again at once (refused_change_may_be_tried_again).
 *  - As soon as the field is another one, it counts.
 *  - One that has not happened HISTORY_UNDER_WAY seconds after it was noted is not waited
 *    for, and goes with the next addition.
 *  - But its process may stand still (who runs passwd may stop it) and go on later.  So what
 *    goes unhappened, by time or withdrawn, leaves a mark: an entry without a password, one
 *    for all of a `before`.
 *  - The next change asks which password it was, of who proves it: where the newest change
 *    that has happened has a mark or more entries than one, the password in force is put
 *    at its front (history_list_settle(); stopped_change_that_goes_on_is_in_the_history).
 *    Where root sets the next password, nobody proves the one in force, and one that left a
 *    mark is forgotten.
 *
 * Entries of one `before` are one change: their processes ran at once, or the first was
 * refused and the next tried within the minute, and only shadow could say which was
 * which.  All of them are compared; together they take one place of the `reuse` that a
 * policy counts, so that changes that are refused push nothing out
 * (refused_changes_push_nothing_out).  Eight may be under way at once.  Where a record is
 * full, the change with the most entries gives one (pw_siblings.h), before a password that
 * was in force does.
 *
 * Kept are HISTORY_CHANGES changes: the password in force and the 24 before it.  `reuse` = N
 * refuses the one in force and the N before it: whether IAM's PasswordReusePrevention counts
 * the one in force is not documented, and this is the stricter reading.
 */
#ifndef PB_HISTORY_LIST_H
#define PB_HISTORY_LIST_H

#include "lib/core/record_pw.h"

#include <stdbool.h>

#define HISTORY_REUSE_MAX 24
#define HISTORY_CHANGES (HISTORY_REUSE_MAX + 1)
#define HISTORY_UNDER_WAY 60 /* seconds */
#define HISTORY_AT_ONCE 8

/* In each, live is the tag of the shadow field as it is now; all zero: not known, and
 * then every entry counts. */

/* Whether mac is that of an entry which counts, among the last reuse + 1 changes.  Takes
 * the same time wherever it is found. */
bool history_list_has(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG], int reuse,
    const uint8_t mac[RECORD_HASH]);

/* Puts new, whose `before` is live, in front; what is too old goes.  0; ERR_UNAVAIL:
 * HISTORY_AT_ONCE are under way (r is as it was). */
int history_list_add(struct record_pw *r, const struct record_pw_entry *new);

/* Whether only the password in force itself can tell which entry of the newest change that
 * counts it is, or that it is none. */
bool history_list_is_unsure(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG]);

/* Where it is unsure, and before an addition: the password in force is mac. */
void history_list_settle(struct record_pw *r, const uint8_t live[RECORD_PW_TAG],
    const uint8_t mac[RECORD_HASH]);

/* Whether no entry counts. */
bool history_list_is_empty(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG]);

/* Puts an entry behind all others, where there is room: what was in force before. */
void history_list_add_oldest(struct record_pw *r, const uint8_t mac[RECORD_HASH]);

/* Takes mac out again where its change has not happened; a mark stays. */
void history_list_withdraw(struct record_pw *r, const uint8_t live[RECORD_PW_TAG],
    const uint8_t mac[RECORD_HASH]);

/* When the newest entry that counts was set; 0: none, or not known. */
int64_t history_list_changed(const struct record_pw *r, const uint8_t live[RECORD_PW_TAG]);

#endif
