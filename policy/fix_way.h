/*
 * fix_way: whether somebody still gets in when EC2 Instance Connect is gone.
 *
 * Kinds of facts that fix_way_gather() notes:
 *
 *   own-key NAME           "PATH: N" lines of keys that sshd takes of this account; none
 *   own-login fingerprint  of the key that this login came in with; none: it came in without
 */
#ifndef PB_FIX_WAY_H
#define PB_FIX_WAY_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"

#include <stddef.h>

/* Behind gather_host(). */
void fix_way_gather(struct facts *f);

/* Pure.  0 with who gets in and by what; ERR_REFUSED: nobody does, or this login came in
 * by EC2 Instance Connect, or that could not be told though it was in use lately. */
int fix_way_judge(struct facts *f, char *who, size_t size, struct err *e);

#endif
