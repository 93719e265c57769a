/*
 * loss: whether the disk may lack what a traced child wrote, because a write or a sync
 * of it failed.
 *
 * It is made good when the same file is written once more and then synced: after a sync
 * that failed, Linux takes the lost pages for written, and a mere second sync succeeds.
 * A directory needs the sync alone, as does whoever was interrupted.  What never got a
 * name, or has lost it, nobody misses.
 */
#ifndef PB_CRASH_LOSS_H
#define PB_CRASH_LOSS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOSS_SIZE 8192 /* of a record's file; of a longer one nothing is kept */
#define LOSS_FILES 8

/* What the disk has for sure of a file that has been written to since. */
struct loss_kept {
	bool used;
	dev_t dev;
	ino_t number;
	size_t len;
	unsigned char bytes[LOSS_SIZE];
};

struct loss {
	bool some;
	bool written; /* since, or it need not be */
	long call;
	int fd;       /* of the file, in the tracer */
	struct loss_kept kept[LOSS_FILES];
};

/* The child is about to make a call. */
void loss_enter(struct loss *l, pid_t pid, long call, const uint64_t *args);

/* The child is about to make a call that will fail with this number. */
void loss_fail(struct loss *l, pid_t pid, long call, const uint64_t *args, int number);

/* Another call of it has come back with this result. */
void loss_note(struct loss *l, pid_t pid, long call, const uint64_t *args, int64_t result);

/* At its end: whether something is lost.  cut: the power goes, and the file whose sync has
 * failed holds again what the disk had of it before, if that is known. */
bool loss_end(struct loss *l, bool cut);

#endif
