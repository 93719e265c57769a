/*
 * enable_code: whether somebody has given a code since a moment.
 *
 * That a login is new says little of a sudo, which asks nothing while its ticket lasts,
 * nor of a sshd: another one may run, and an old connection has the old settings.  The
 * record is a proof: a success is noted there by its source, which of sudo is the
 * caller's own uid and of sshd an address.  The trial of `enable` and `enroll-mfa
 * verify` run as root and are other sources.
 */
#ifndef PB_ENABLE_CODE_H
#define PB_ENABLE_CODE_H

#include "lib/core/conf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct enable_person {
	const char *user;
	uid_t uid;
};

/* 0: in that second or later a code of theirs, or a recovery code, has been right; local:
 * in a program that their uid has called, else from another machine.  ERR_REFUSED: none
 * has; trouble with the records. */
int enable_code_since(const struct conf *c, const struct enable_person *p, bool local,
    int64_t since, struct err *e);

#endif
