/*
 * fix_run: does what was planned step by step, goes on with it after a kill, and takes it
 * back.
 *
 *     copies and manifest, settings, modes, package, files, account, restart, banner
 *
 * Each step finds out what of it is done already.  A step that fails takes all back.
 */
#ifndef PB_FIX_RUN_H
#define PB_FIX_RUN_H

#include "policy/fix_txn.h"

struct fix_done {
	char id[ENABLE_ID_MAX];
	bool went_back;         /* a step failed, and all but those of left is as it was */
	struct err why;         /* that step */
	int left;               /* files that somebody has changed since, whose modes were left */
	bool no_package;        /* gone back without it: no copy of this version is on the host */
	struct err account;     /* why it is still there, or not made again */
	struct err restart;     /* why none has been told to begin anew */
	bool unseen;            /* sshd has answered nowhere before, so nobody knows if it does */
	struct buffer edited;   /* "PATH COPY" of texts of others that the old ones took the place of */
	bool open;              /* it is neither done nor as it was */
};

/* Of all of these the caller holds signals back (hold_signals.h) until he has told what became
 * of it, and frees done->edited. */

/* The copies of c->plan, and then all steps.  0; ERR_CONFLICT: a file is another than that
 * of the facts; with done->went_back or done->open trouble of a step. */
int fix_run_apply(const struct enable_txn *t, struct fix_change *c, struct fix_done *done,
    struct err *e);

/* Whether the open one is on its way back already. */
bool fix_run_returns(const struct enable_txn *t, const char *id);

/* Goes on with the open transaction, in the direction that it had, with all steps.  As
 * fix_run_apply(); ERR_CONFLICT with done->open: a file has been changed since, and nothing was
 * done. */
int fix_run_resume(const struct enable_txn *t, const char *id, struct fix_done *done,
    struct err *e);

/* Takes it back, open or done.  0; ERR_NONE: there is none of this name, or it is back
 * already; ERR_CONFLICT, ERR_REFUSED: a file has been changed since, and nothing was done unless
 * force; trouble, then it is open. */
int fix_run_back(const struct enable_txn *t, const char *id, bool force, struct fix_done *done,
    struct err *e);

#endif
