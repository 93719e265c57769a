/*
 * sshd_args: the options that a unit starts sshd with.  Pure.
 */
#ifndef PB_AUDIT_SSHD_ARGS_H
#define PB_AUDIT_SSHD_ARGS_H

#include "policy/audit/unit.h"

struct sshd_arg {
	char letter;       /* 'o', 'f', 'p' ... as sshd(8) has them */
	const char *value; /* "" for one without */
	struct unit_place at;
};

/* Calls each() for the options of a command in order, until it returns other than 0, and
 * returns that; 0 at the end. */
int sshd_args(const struct unit_command *c, int (*each)(void *ctx, const struct sshd_arg *a),
    void *ctx);

/* Whether the command runs sshd. */
bool sshd_args_is(const struct unit_command *c);

/* Takes "Key=Value" or "Key Value" apart as sshd does: the length of the key, and where its
 * value begins. */
size_t sshd_args_key(const char *text, const char **value);

#endif
