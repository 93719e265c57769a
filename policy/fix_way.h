/*
 * fix_way: whether somebody still gets in when EC2 Instance Connect is gone.  Of whom it could
 * not be told does not.
 *
 * Kinds of facts that fix_way_gather() notes, SOURCE as of gather.h:
 *
 *   own-key SOURCE:USER    "PATH: N" keys that give this account a shell by that sshd; none;
 *                          trouble: what keeps the account from one
 *   own-root USER          "root", "sudo", or "sudo unasked" where sudo wants no password: how
 *                          who has a key becomes root; none
 *   own-login fingerprint  of the key that this login came in with; none: it came in without
 *   own-login begun        when that was, in seconds since 1970
 *   own-login from         the address that it came from; none: not by ssh
 *
 * and, where it came from somewhere, for SOURCE FIX_WAY_HERE those of gather_sshd.c by the file
 * for a login from there.
 */
#ifndef PB_FIX_WAY_H
#define PB_FIX_WAY_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIX_WAY_HERE "from here"
#define FIX_WAY_NAME 700 /* of a fact about one account by one sshd */

/* Behind gather_host(). */
void fix_way_gather(struct facts *f);

/* Pure: what a sshd has said that holds for the account; FACT_TEXT, or it has not. */
const struct fact *fix_way_said(struct facts *f, const char *source, const char *user);

/* Pure: whether what `sudo -l -U USER` says ends in a rule by which he has a shell of root's
 * and is asked for no password. */
bool fix_way_unasked(const char *text);

struct fix_way_who {
	char *who, *why; /* who gets in and by what; why the first of the others does not */
	size_t size;     /* of either */
	int64_t now;
};

/* Pure.  0 with who gets in; ERR_REFUSED: nobody does, or this login came in by EC2 Instance
 * Connect, or that could not be told though it was in use lately. */
int fix_way_judge(struct facts *f, const struct fix_way_who *w, struct err *e);

#endif
