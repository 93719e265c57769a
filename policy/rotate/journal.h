/*
 * journal: the record of one user's rotation on disk, STATE_DIR/rotate/ACCOUNT.USER.j.
 *
 * One permanent file of two slots (lib/core/slot.h), root's, 0600: the record, and the space
 * of the next one.  Both are written before a key is created, so that a full disk cannot
 * lose a secret that AWS shows once.  A write is in place and durable before it returns;
 * whoever dies meanwhile leaves the old or the new record.  Whoever holds an open journal
 * holds its lock, ACCOUNT.USER.lock.
 */
#ifndef PB_ROTATE_JOURNAL_H
#define PB_ROTATE_JOURNAL_H

#include "policy/rotate/record.h"

#define JOURNAL_DIR_MAX 512
#define JOURNAL_NAME_MAX 128
#define JOURNAL_PATH_MAX (JOURNAL_DIR_MAX + 8 + JOURNAL_NAME_MAX)

/* Zeroed by journal_close(); -1: closed. */
struct journal {
	int dir, lock, fd;
	bool secret; /* the record in the file has secrets */
	char path[JOURNAL_PATH_MAX];
};

/* Makes STATE_DIR/rotate where it is not.  A descriptor, or a code. */
int journal_dir(const char *state_dir, bool make, struct err *e);

/* Opens and locks the journal of a user, made (closed, empty) where there is none, and reads
 * it into r.  0; ERR_CONFLICT: another is at work; ERR_SYNTAX: no such names are in IAM;
 * ERR_BAD: it is broken; ERR_UNSAFE, ERR_DENIED, ERR_UNAVAIL, ERR_UNKNOWN. */
int journal_open(struct journal *j, const char *state_dir, const char *account, const char *user,
    struct rotate_record *r, struct err *e);

/* Makes r what it says; of one without secrets those of the records before it are gone from
 * the file.  0, or trouble; ERR_UNKNOWN: old or new. */
int journal_write(struct journal *j, const struct rotate_record *r, struct err *e);

void journal_close(struct journal *j);

/* Reads the one of a user, without its secrets and its lock; r is zero where there is none. */
int journal_look(const char *state_dir, const char *account, const char *user,
    struct rotate_record *r, struct err *e);

/* Reads one without its lock, by the name of its file, its secrets left out.  Codes as above;
 * ERR_NONE. */
int journal_peek(int dir, const char *name, struct rotate_record *r, struct err *e);

/* Calls each for the record of each user whose key has a home, as journal_look() gives it
 * (e.code of one that cannot be read), until it does not return 0.  Its value; 0 where there are none; a code:
 * the directory cannot be read. */
int journal_each(const char *state_dir,
    int (*each)(void *ctx, const struct rotate_record *r, const struct err *e), void *ctx,
    struct err *e);

#endif
