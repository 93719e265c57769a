/*
 * enable_timer: what brings the old files back when nobody confirms: a timer of
 * systemd where it runs, else a process of its own that outlives the session.
 */
#ifndef PB_ENABLE_TIMER_H
#define PB_ENABLE_TIMER_H

#include "lib/core/err.h"

#include <stdint.h>

struct enable_timer {
	const char *id;        /* of the transaction */
	const char *state_dir; /* where it is */
	const char *run_dir;   /* of the pid file: /run/pam-bastion */
	const char *program;   /* bastionctl, for systemd */
	int64_t seconds;
	/* Brings the files back, in the process of its own. */
	void (*back)(void *ctx);
	void *ctx;
};

/* Returns when it is sure to go off: 0, or ERR_SYSTEM, ERR_UNAVAIL.  The process
 * inherits no descriptor; it ends by itself when the transaction does. */
int enable_timer_arm(const struct enable_timer *t, struct err *e);

/* The transaction has ended: takes a timer of systemd away. */
void enable_timer_disarm(const char *id);

/* A reboot ends both kinds of timer.  Where systemd runs, a unit that looks at each boot
 * is switched on.  0, or why nobody looks. */
int enable_timer_at_boot(struct err *e);

#endif
