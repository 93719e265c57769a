/*
 * fix_sshd: where sshd answers, whether it would take the configuration that is to come, and
 * a start that makes it let go of what it was started with.
 */
#ifndef PB_FIX_SSHD_H
#define PB_FIX_SSHD_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"
#include "policy/fix_txn.h"

/* `sshd -t` of the configuration as the plan leaves it, in a directory of its own.  0;
 * ERR_REFUSED with what it says; ERR_NONE: no sshd; trouble. */
int fix_sshd_test(struct facts *f, const struct fix_plan *p, struct err *e);

/* Notes where the listeners of the facts answer with their banner now. */
void fix_sshd_listens(struct facts *f, struct fix_change *c);

/* Restarts it: by systemd, behind daemon-reload, else it is told to begin anew.  0; ERR_NONE: none is
 * running; ERR_UNAVAIL. */
int fix_sshd_restart(struct err *e);

/* Waits until it answers again wherever it did.  0; ERR_UNAVAIL with the place. */
int fix_sshd_answers(const struct fix_change *c, struct err *e);

#endif
