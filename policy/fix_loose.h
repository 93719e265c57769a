/*
 * fix_loose: which files and directories have a mode or an owner that MFA-13 and KEY-09 fail,
 * and what they have to be.
 *
 * Kinds of facts that fix_loose_gather() notes, since the audit's own tell of many files one:
 *
 *   loose PATH   "TYPE MODE UID GID SIZE" of what is below the directories of records and is not
 *                root's alone
 *   holds DIR    names right in such a directory, one a line; trouble: more than records take
 */
#ifndef PB_FIX_LOOSE_H
#define PB_FIX_LOOSE_H

#include "policy/fix_plan.h"

/* Behind gather_enrolled(). */
void fix_loose_gather(struct facts *f);

/* Pure.  The keyring and the records (MFA-13), or files with an access key (KEY-09): p->mode,
 * and p->left.  Of directories of records only those that are pam-bastion's own, by their name
 * or by what is in them; directories above are told and left.  As fix_plan_eic(). */
int fix_loose_secrets(struct facts *f, struct fix_plan *p, struct err *e);
int fix_loose_keys(struct facts *f, struct fix_plan *p, struct err *e);

#endif
