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
#include "policy/enable_txn.h"

#include <stdbool.h>
#include <stdint.h>

struct enable_run {
	const char *state_dir;
	const char *run_dir;
	const char *config;  /* --config for the timer, or NULL */
	bool other_way_back; /* without a timer somebody still gets in */
};

enum enable_reload { ENABLE_RELOAD_NOT, ENABLE_RELOAD_DONE, ENABLE_RELOAD_NONE };

struct enable_done {
	char id[ENABLE_ID_MAX];
	enum enable_reload reload; /* NONE: no sshd is running */
	struct err no_timer;       /* code 0: it is armed, or was not asked for */
};

/* Puts the files of p.  With change.seconds the transaction stays open until it is
 * confirmed.  0; ERR_CONFLICT: somebody else is at work, or has changed a file since
 * the plan; ERR_UNAVAIL also when one is open already; in all cases the old files are in
 * force, unless e says that they did not come back. */
int enable_run_apply(const struct enable_run *q, const struct enable_plan *p,
    struct enable_done *done, struct err *e);

/* The open transaction id (NULL: whichever) is taken back.  0; ERR_NONE: it is not
 * open; trouble: then it stays open, for the next try. */
int enable_run_back(const char *state_dir, const char *id, struct err *e);

/* What a command finds that was cut short, or that nobody brought back, is settled:
 * a disable is completed, an enable taken back.  1: one is open and waits to be
 * confirmed (id, target); 0: none is; trouble. */
struct enable_found {
	char id[ENABLE_ID_MAX];
	enum enable_target target;
	bool settled; /* something was */
};
int enable_run_settle(const char *state_dir, struct enable_found *found, struct err *e);

/* 0: confirmed, *target says what.  ERR_NONE: nothing is open; ERR_REFUSED: this login
 * does not count; trouble. */
int enable_run_confirm(const char *state_dir, enum enable_target *target, struct err *e);

#endif
