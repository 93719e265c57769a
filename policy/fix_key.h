/*
 * fix_key: whether sshd takes a key in a file of its owner's for a login with a shell.  Pure.
 */
#ifndef PB_FIX_KEY_H
#define PB_FIX_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct fix_key_login {
	const char *from;       /* the address that the login comes from; "": not known */
	const char *algorithms; /* those that sshd takes, with "," between; "": not known, any */
	const char *revoked;    /* a list of keys that it takes no more; NULL: none */
	int64_t now;
	int rsa_bits;           /* the fewest that it takes; 0: not known, any */
};

/* Whether the key of this line of authorized_keys gives a shell: of a type that is taken, with
 * no command of its own, no authority of certificates, not past its time or near it, for logins
 * from there, with no option that nobody knows, and not revoked. */
bool fix_key_lets_in(const char *line, const struct fix_key_login *l);

/* Whether the address is one of a list of patterns and networks, as sshd reads it: "!" before
 * one shuts it out.  One that is not known is none. */
bool fix_key_is_from(const char *list, const char *from);

#endif
