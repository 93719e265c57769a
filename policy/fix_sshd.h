/*
 * fix_sshd: where sshd answers, whether it would take the configuration that is to come, and
 * a start that makes it let go of what it was started with.
 */
#ifndef PB_FIX_SSHD_H
#define PB_FIX_SSHD_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"
#include "policy/fix_txn.h"

/* `sshd -t` of the configuration as the plan leaves it, alone and with the options of each
 * unit as that will be, in a directory of its own.  0; ERR_REFUSED with what it says; ERR_NONE:
 * no sshd; ERR_UNKNOWN: the options could not be told; trouble. */
int fix_sshd_test(struct facts *f, const struct fix_plan *p, struct err *e);

/* Notes its unit, and where it answers with its banner now: where processes of the facts listen,
 * where its socket does, and else where the configuration says. */
void fix_sshd_listens(struct facts *f, struct fix_change *c);

/* "192.0.2.1:22" or "[::1]:22", up to a blank, as a place that can be connected to. */
bool fix_sshd_place(const char *text, struct fix_listen *l);

/* Restarts it: by systemd the unit of c, behind daemon-reload and whatever has become of it,
 * else it is told to begin anew.  0; ERR_NONE: none is running; ERR_UNAVAIL. */
int fix_sshd_restart(const struct fix_change *c, struct err *e);

/* Waits until it answers again wherever it did.  0; ERR_UNAVAIL with the place. */
int fix_sshd_answers(const struct fix_change *c, struct err *e);

#endif
