/*
 * sshd_way: which ways in sshd leaves open, from what `sshd -T` says.
 */
#ifndef PB_AUDIT_SSHD_WAY_H
#define PB_AUDIT_SSHD_WAY_H

#include "policy/sshd_said.h"

#include <stddef.h>

enum sshd_way {
	SSHD_WAY_UNASKED = 0, /* some way in does not ask PAM; why is the setting */
	SSHD_WAY_ASKED,       /* PAM asks on every way in */
	SSHD_WAY_NONE         /* there is no way in */
};

/* why: "AuthenticationMethods any (PubkeyAuthentication yes)". */
enum sshd_way sshd_way(const char *said, char *why, size_t size);

/* sshd_said_refuses() of somebody to whom this is said: PermitRootLogin prohibit-password
 * refuses root where PAM is asked on every way in; one way by key alone is enough for him. */
int sshd_way_refuses(const char *said, const struct sshd_login *who, char *why, size_t size);

#endif
