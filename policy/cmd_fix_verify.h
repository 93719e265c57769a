/*
 * cmd_fix_verify: whether the checks of EC2 Instance Connect pass behind `fix EIC`.
 */
#ifndef PB_CMD_FIX_VERIFY_H
#define PB_CMD_FIX_VERIFY_H

#include "policy/audit/facts.h"

/* Prints what fails or could not be told, of these facts of the host as it is now.  CMD_YES;
 * CMD_NO: a check fails; CMD_TROUBLE: one could not be told. */
int cmd_fix_verify(struct facts *now);

#endif
