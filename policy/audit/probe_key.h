/*
 * probe_key: an ed25519 key for one login, in memory alone.
 */
#ifndef PB_AUDIT_PROBE_KEY_H
#define PB_AUDIT_PROBE_KEY_H

#include "lib/core/err.h"
#include "lib/core/sshkey.h"

#define PROBE_KEY_LINE 128

/* Zeroed memory is none; probe_key_free() in any case. */
struct probe_key {
	char line[PROBE_KEY_LINE]; /* "ssh-ed25519 AAAA...", as authorized_keys has it */
	char fingerprint[SSHKEY_TEXT]; /* "SHA256:...", as ssh tells it */
	int fd;                    /* a file in memory with the private key, as OpenSSH writes it; of
	                            * this process alone */
	char path[64];             /* where ssh, a child of this process, finds it */
};

/* 0 or ERR_SYSTEM. */
int probe_key_make(struct probe_key *k, struct err *e);
void probe_key_free(struct probe_key *k);

#endif
