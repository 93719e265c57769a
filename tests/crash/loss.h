/*
 * loss: what a power cut would take of what a traced child has written and named, and
 * whether the disk may lack any of it because a write or a sync failed.
 *
 * Bytes are on the disk from the sync of their file, names from the sync of their
 * directory, all of it from a sync of the file system.  After a sync that failed, Linux
 * takes the lost pages for written, and a mere second sync succeeds: the file has to be
 * written once more and then synced.  A directory needs the sync alone, as does whoever
 * was interrupted.  What never got a name, or has lost it, nobody misses.
 */
#ifndef PB_CRASH_LOSS_H
#define PB_CRASH_LOSS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loss;

struct loss_call {
	pid_t pid;
	long number;
	const uint64_t *args;
};

struct loss *loss_begin(void);

/* The child is about to make a call: what it would change is looked at before. */
void loss_enter(struct loss *l, const struct loss_call *c);

/* It has come back with this result. */
void loss_leave(struct loss *l, const struct loss_call *c, int64_t result);

/* It will not be made, and fail with this number. */
void loss_fail(struct loss *l, const struct loss_call *c, int number);

/* At its end: whether something is lost that a call failed for.  cut: the power goes, and
 * the disk is as it was at the last sync of each thing.  Frees l. */
bool loss_end(struct loss *l, bool cut);

#endif
