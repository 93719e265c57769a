/*
 * probe: whether a key that EC2 Instance Connect has pushed opens this host: the one part
 * of an audit that asks a network, and that pushes something (a key, for a minute).
 */
#ifndef PB_AUDIT_PROBE_H
#define PB_AUDIT_PROBE_H

#include "policy/audit/facts.h"

#include <stdbool.h>

#define PROBE_SECONDS 60 /* that a pushed key is good for */

struct probe_request {
	const char *user;   /* whom to log in as */
	const char *region; /* NULL: as AWS's tools find it */
	int port;           /* of sshd, on 127.0.0.1 */
};

/* Whether this program was built with AWS; else gather_probe() is none. */
bool probe_is_built(void);

/* Whether EC2 Instance Connect takes a name as one of an account. */
bool probe_user_is_allowed(const char *user);

/* What one run of `ssh -v` has come to, as a fact of words: status, accepted, partial,
 * denied; the last line goes to last. */
void probe_read_login(const char *said, int status, char *words, size_t size, char *last,
    size_t last_size);

#endif
