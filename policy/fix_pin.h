/*
 * fix_pin: what keeps EC2 Instance Connect from being installed again (EIC-11).  Pure.
 */
#ifndef PB_FIX_PIN_H
#define PB_FIX_PIN_H

#include "policy/fix_plan.h"

#define FIX_PIN_DIR "/etc/apt/preferences.d"
#define FIX_PIN_PATH FIX_PIN_DIR "/00-pam-bastion-ec2-instance-connect"

/* Adds a pin of apt to p, where none is in force, before all others of its directory; and what is to be done by hand: dnf's
 * configuration may hold passwords and be a link, so a line of it is told.  0; ERR_UNKNOWN:
 * the facts do not tell; ERR_REFUSED, ERR_SYSTEM. */
int fix_pin_plan(struct facts *f, struct fix_plan *p, struct err *e);

#endif
