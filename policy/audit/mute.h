/*
 * mute: findings that somebody has decided to live with until a day, and why.
 *
 *     # ID until YYYY-MM-DD REASON
 *     EIC-01 until 2027-03-01 the vendor's image; ticket 4711
 *
 * A line without a reason, of a check that is not there, or of one named before is an
 * error: it would silence something else, or nothing.  A day that is past, or more than
 * DAY_AHEAD days ahead, mutes nothing.  Only FAIL and WARN can be muted: what could not be
 * told is not known well enough to be lived with.
 */
#ifndef PB_MUTE_H
#define PB_MUTE_H

#include "lib/core/day.h"
#include "policy/audit/audit.h"

#define MUTE_FILE_MAX ((size_t)64 * 1024)

struct mute_line {
	const struct audit_check *check;
	int64_t end; /* of its last day */
	char *reason;
	size_t line;
};

/* Zeroed memory is an empty one; mute_free() in any case, after the audit's end. */
struct mute {
	struct mute_line *item;
	size_t count;
};

/* 0; ERR_SYNTAX with NAME:LINE and reason; ERR_SYSTEM. */
int mute_read(struct mute *m, const char *name, const char *text, size_t len, struct err *e);

/* Whether it mutes on that day. */
bool mute_is_in_force(const struct mute_line *l, int64_t now);

/* Marks the findings that are muted. */
void mute_apply(const struct mute *m, struct audit *a, int64_t now);

void mute_free(struct mute *m);

#endif
