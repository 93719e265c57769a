/*
 * enable_trial: goes through a stack that is not in place yet, with a person at the
 * terminal.
 *
 * It is the real module and a real code, which is spent.  libpam is opened in a child
 * of its own and only there: what the modules of the host do must not reach the
 * process that holds the change, and bastionctl itself stays without libpam.
 */
#ifndef PB_ENABLE_TRIAL_H
#define PB_ENABLE_TRIAL_H

#include "lib/core/err.h"

struct enable_trial {
	const char *service; /* "sshd" */
	const char *dir;     /* of the future service files */
	const char *user;
	const char *tty;     /* PAM_TTY: "ssh", or a terminal */
	const char *host;    /* PAM_RHOST, or NULL */
	const char *keys;    /* SSH_AUTH_INFO_0, or NULL */
};

/* Asks on /dev/tty.  0: authentication and account have let the user in;
 * ERR_REFUSED: they have not; ERR_UNAVAIL: no terminal, or a libpam before 1.4;
 * ERR_SYSTEM. */
int enable_trial(const struct enable_trial *q, struct err *e);

#endif
