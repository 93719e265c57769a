/*
 * sshd_way: which ways in sshd leaves open, from what `sshd -T` says.  Pure.
 */
#ifndef PB_AUDIT_SSHD_WAY_H
#define PB_AUDIT_SSHD_WAY_H

#include <stddef.h>

enum sshd_way {
	SSHD_WAY_UNASKED = 0, /* some way in does not ask PAM; why is the setting */
	SSHD_WAY_ASKED,       /* PAM asks on every way in */
	SSHD_WAY_NONE         /* there is no way in */
};

/* why: "AuthenticationMethods any (PubkeyAuthentication yes)". */
enum sshd_way sshd_way(const char *said, char *why, size_t size);

#endif
