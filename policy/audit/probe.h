/*
 * probe: whether a key that EC2 Instance Connect has pushed opens this host: the one part
 * of an audit that asks a network, and that pushes something (a key, for a minute).
 */
#ifndef PB_AUDIT_PROBE_H
#define PB_AUDIT_PROBE_H

#include "policy/audit/facts.h"

#include <stdbool.h>

/* A pushed key is good for 60 seconds from some moment of the push: a refusal that is seen
 * this many after its beginning is one of a key that sshd could have had. */
#define PROBE_SECONDS 55

struct probe_request {
	const char *user;   /* whom to log in as */
	const char *region; /* NULL: as AWS's tools find it */
	int port;           /* of sshd, on 127.0.0.1 */
};

/* Whether this program was built with AWS; else gather_probe() is none. */
bool probe_is_built(void);

/* Whether EC2 Instance Connect takes a name as one of an account. */
bool probe_user_is_allowed(const char *user);

/* What one run of `ssh -v` says. */
struct probe_login {
	bool offered;  /* ssh has shown the key to sshd */
	bool refused;  /* and sshd has asked for another one */
	bool accepted; /* sshd takes a key */
	bool partial;  /* some login was one, also as a part of it */
	bool denied;   /* the end is a denial, and a key was a way in */
	char last[300];
};

/* fingerprint: "SHA256:..." of the key. */
void probe_read_login(const char *said, const char *fingerprint, struct probe_login *to);

#endif
