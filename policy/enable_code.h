/*
 * enable_code: whether somebody has given a code at this machine since a moment.
 *
 * sudo asks nothing while its ticket lasts, asks nobody who is root or NOPASSWD, and
 * has no need_auth behind it, so a new sudo is no proof that its new files let anybody
 * in.  The record is one: a success is noted there by its source, which of sudo is the
 * caller's own uid.  The trial of `enable` runs as root and is another source.
 */
#ifndef PB_ENABLE_CODE_H
#define PB_ENABLE_CODE_H

#include "lib/core/conf.h"

#include <stdint.h>
#include <sys/types.h>

struct enable_person {
	const char *user;
	uid_t uid;
};

/* 0: after that second a code of theirs, or a recovery code, has been right in a program
 * that this uid has called.  ERR_REFUSED: none has; trouble with the records. */
int enable_code_since(const struct conf *c, const struct enable_person *p, int64_t since,
    struct err *e);

#endif
