/*
 * fix_way: whether somebody still gets in when EC2 Instance Connect is gone.
 *
 * Kinds of facts that fix_way_gather() notes:
 *
 *   own-key NAME           "PATH: N" keys that give this account a shell; none
 *   own-root NAME          "root" or "sudo": how who has one becomes root; none
 *   own-login fingerprint  of the key that this login came in with; none: it came in without
 */
#ifndef PB_FIX_WAY_H
#define PB_FIX_WAY_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pure: whether a line of authorized_keys has a key that gives a shell: no command of its own,
 * no authority of certificates, and not past its time or near it. */
bool fix_way_key(const char *line, int64_t now);

/* Behind gather_host(). */
void fix_way_gather(struct facts *f);

/* Pure.  0 with who gets in and by what; ERR_REFUSED: nobody does, or this login came in
 * by EC2 Instance Connect, or that could not be told though it was in use lately. */
int fix_way_judge(struct facts *f, char *who, size_t size, struct err *e);

#endif
