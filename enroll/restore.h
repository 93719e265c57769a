/*
 * restore: the records of a backup put back.
 *
 * A state of before knows nothing of what was spent since, so it counts as come from
 * elsewhere now: no code up to this moment is good, recovery codes, invitations,
 * enrolments under way and bypasses are gone.
 */
#ifndef PB_RESTORE_H
#define PB_RESTORE_H

#include "enroll/backup.h"

#include <stdbool.h>

struct restore {
	struct store *store; /* open, of conf */
	const struct conf *conf;
	struct backup_in *in; /* open, so checked */
	bool replace;         /* records of these users that are there */
	int64_t (*clock)(void);
	void (*progress)(void *ctx, uint64_t left, uint64_t all);
	void *ctx;
};

struct restore_result {
	size_t users;
	size_t replaced; /* of these: had records */
	size_t codes;    /* of these: had recovery codes in the backup */
};

/* Killed half way it may be given again, with replace.  0; ERR_REFUSED: there are
 * records and no replace; trouble. */
int restore_run(const struct restore *q, struct restore_result *res, struct err *e);

#endif
