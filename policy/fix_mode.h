/*
 * fix_mode: gives files and directories another mode and owner, and takes that back.
 *
 * What is changed is the descriptor that was looked at: no part of the path is a link, a file
 * has one name, and each directory above is root's, or the owner's to be, and nobody else may
 * write it.  Whoever may would have chosen the file.
 */
#ifndef PB_FIX_MODE_H
#define PB_FIX_MODE_H

#include "policy/fix_plan.h"

/* Notes which each is, for fix_txn.h.  Those that are not what the facts said, or that are
 * not to be touched, leave the list for p->left, with the reason.  0 or ERR_SYSTEM. */
int fix_mode_look(struct fix_plan *p, struct err *e);

/* Makes it as it becomes (will), or as it was, durably.  Also after a kill half way.  0;
 * ERR_CONFLICT: it is another one, or has another mode or owner than before and after;
 * ERR_REFUSED: it is not to be touched; trouble. */
int fix_mode_put(const struct fix_mode *x, bool will, struct err *e);

/* Whether it could be: 0, or as fix_mode_put(); nothing is changed. */
int fix_mode_check(const struct fix_mode *x, struct err *e);

#endif
