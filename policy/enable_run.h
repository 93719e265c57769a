/*
 * enable_run: does what was planned, and takes it back: the transaction, the timer
 * and sshd in the one order that leaves nobody outside, whoever is killed when.
 *
 *     copies and manifest, timer, files, reload, "in force"
 */
#ifndef PB_ENABLE_RUN_H
#define PB_ENABLE_RUN_H

#include "lib/core/err.h"
#include "policy/enable.h"
#include "policy/enable_code.h"
#include "policy/enable_txn.h"

#include <stdbool.h>
#include <stdint.h>

struct enable_run {
	const char *state_dir;
	const char *run_dir;
	bool other_way_back; /* without a timer somebody still gets in */
};

enum enable_reload { ENABLE_RELOAD_NOT, ENABLE_RELOAD_DONE, ENABLE_RELOAD_NONE };

struct enable_done {
	char id[ENABLE_ID_MAX];
	enum enable_reload reload; /* NONE: no sshd is running */
	struct err no_timer;       /* code 0: it is armed, or was not asked for */
	struct err no_boot;        /* code 0: so is what looks after a reboot */
};

/* Puts the files of p; signals that end a program wait until that is done.  With
 * change.seconds the transaction stays open until it is confirmed; one without, killed
 * half way, is seen to by a timer too.  0; ERR_CONFLICT: somebody else is at work, or
 * has changed a file since the plan; ERR_UNAVAIL also when one is open already; in all
 * cases the old files are in force, unless e says that they did not come back. */
int enable_run_apply(const struct enable_run *q, const struct enable_plan *p,
    struct enable_done *done, struct err *e);

/* What a command finds that was cut short, or that nobody brought back, is settled:
 * a disable is completed, an enable taken back.  1: one is open and waits to be
 * confirmed (id, target); 0: none is; trouble. */
struct enable_found {
	char id[ENABLE_ID_MAX];
	enum enable_target target;
	bool settled; /* something was */
	bool disable; /* a disable was completed, no enable taken back */
	bool edited;  /* a file had been edited since: TXN/ID/edited.N is a copy of it */
};
int enable_run_settle(const char *state_dir, struct enable_found *found, struct err *e);

/* 0; ERR_UNAVAIL: a fix is open, whose copies may be of the same files. */
int enable_run_no_fix(const char *state_dir, struct err *e);

/* The open transaction id (NULL: whichever) is taken back, or completed if it disables.
 * 0; ERR_NONE: it is not open; trouble: then it stays open, for the next try. */
int enable_run_back(const char *state_dir, const char *id, struct enable_found *found,
    struct err *e);

/* 0: confirmed, *target says what.  who: that calls sudo.  ERR_NONE: nothing is open;
 * ERR_REFUSED: this login does not count; ERR_UNAVAIL: the new files are not all there;
 * trouble. */
int enable_run_confirm(const struct conf *c, const struct enable_person *who,
    enum enable_target *target, struct err *e);

#endif
