/*
 * enable_move: the live files of a transaction: put, taken back, completed.
 *
 * A file that somebody has edited since is neither old nor new.  What was written
 * stays, the marked lines in it become those of the side that is wanted, and a copy of
 * the edited file is kept as edited.N in the transaction.
 */
#ifndef PB_ENABLE_MOVE_H
#define PB_ENABLE_MOVE_H

#include "lib/core/err.h"
#include "policy/buffer.h"
#include "policy/enable_txn.h"

#include <stdbool.h>

/* Puts the new files, in order, over what the caller knows to be the old ones.  0, or
 * the first trouble. */
int enable_move_put(const struct enable_change *c, struct err *e);

/* Puts the old files back, in the other order, and stops at the first trouble: a service
 * file that stays must not meet a sshd that goes without the drop-in.  0 or that
 * trouble; again does no harm. */
int enable_move_back(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e);

/* The new files, in order, as far as they are not there yet.  0, or the first trouble;
 * again does no harm. */
int enable_move_on(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e);

/* 0: each live file is the new one, to the letter; ERR_UNAVAIL names one that is not. */
int enable_move_in_place(const struct enable_change *c, struct err *e);

/* A text that was edited since it was `from`, with the marked blocks of `to`; without
 * any in `to` the marked lines go.  0; ERR_SYNTAX: its blocks are neither those of from
 * nor of to, or their marks are gone; ERR_SYSTEM. */
struct enable_mix {
	const char *path; /* for messages */
	const char *live, *from, *to;
};
int enable_move_mix(const struct enable_mix *q, struct buffer *out, struct err *e);

#endif
