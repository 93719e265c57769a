/*
 * pw: what becomes of a password history when its user's enrolment is mended or removed.
 *
 * It stays: who lost a phone has not lost the passwords of before.  It goes where no account
 * is left, and where it does not open, for then it refuses every change of the password.
 */
#ifndef PB_PW_H
#define PB_PW_H

#include "lib/core/conf.h"
#include "lib/core/err.h"

#include <stdbool.h>

/* Removes that of user, all or only where it cannot be trusted; *gone: it has.  0, or
 * trouble. */
int pw_forget(const struct conf *c, const char *user, bool all, bool *gone, struct err *e);

#endif
