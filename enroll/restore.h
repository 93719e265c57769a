/*
 * restore: the records of a backup put back.
 *
 * A state of before knows nothing of what was spent since, so it counts as come from
 * elsewhere now: no code up to this moment is good, recovery codes, invitations,
 * enrolments under way and bypasses are gone.
 *
 * A password history takes the place of one that is there only where that is of another
 * line (another salt and key, so one that was begun anew).  Two of one line become one
 * (pw_merge.h): either may be the older.
 *
 * A user is bound to the user id of the first success.  Where the account here has
 * another one (another machine counted them otherwise, or the name is somebody else's
 * now), every login is refused, so each is told of; with rebind the first success here
 * binds anew.
 */
#ifndef PB_RESTORE_H
#define PB_RESTORE_H

#include "enroll/backup.h"

#include <stdbool.h>
#include <sys/types.h>

/* A user whose account here is not the one that the record is bound to. */
struct restore_foreign {
	const char *user;
	uid_t bound, has;
};

struct restore {
	struct store *store; /* open, of conf */
	const struct conf *conf;
	struct backup_in *in; /* open, so checked */
	bool replace;         /* records of these users that are there */
	bool rebind;          /* users are known by their names */
	/* The user id of an account: 0, ERR_NONE, or ERR_UNAVAIL: the system does not say. */
	int (*account)(void *ctx, const char *user, uid_t *uid);
	void (*foreign)(void *ctx, const struct restore_foreign *f);
	int64_t (*clock)(void);
	void (*progress)(void *ctx, uint64_t left, uint64_t all);
	void *ctx;
};

struct restore_result {
	size_t users;
	size_t replaced; /* of these: had records */
	size_t codes;    /* of these: had recovery codes in the backup */
	size_t foreign;  /* of these: bound to a user id that their account does not have */
	size_t unknown;  /* of these: bound, and nobody says whether to the right one */
	size_t rebound;  /* of these: bound no more */
	size_t histories; /* of passwords, that were put back */
};

/* Killed half way it may be given again, with replace.  0; ERR_REFUSED: there are
 * records and no replace; trouble. */
int restore_run(const struct restore *q, struct restore_result *res, struct err *e);

#endif
