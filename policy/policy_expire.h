/*
 * policy_expire: whose password a new policy would let expire that has not expired yet.
 *
 * Local users alone: those of a shadow file with a password that can be right, without
 * `age_exempt`.  Age counts in whole days of UTC since the last change, and a password has
 * expired when it is as old as the policy says.  A last change that is not there or lies in
 * the future is no proof of a young password: it counts as older than any, but one in the
 * future never needs an administrator, nor does uid 0, and tomorrow is today (age.h).  A
 * last change of 0 has expired already.  A change that our own record alone knows of
 * (age.h) is not looked for: somebody may be named whom that will spare.
 */
#ifndef PB_POLICY_EXPIRE_H
#define PB_POLICY_EXPIRE_H

#include "lib/core/conf.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_EXPIRE_SHADOW "/etc/shadow"
#define POLICY_EXPIRE_UNKNOWN (-1)

/* The ages of a policy, days; 0: none. */
struct policy_ages {
	int max;  /* then a new password is needed */
	int hard; /* then an administrator is */
};

struct policy_expired {
	const char *user;
	int days;  /* since the last change, or POLICY_EXPIRE_UNKNOWN */
	bool hard; /* an administrator is needed */
};

struct policy_expire_ask {
	const char *shadow;
	const struct conf *conf; /* whom it exempts; NULL: nobody */
	struct policy_ages in_force, would_be;
	int64_t now;
};

/* Calls each(ctx, one) for everybody who would newly expire (or newly need an
 * administrator).  The number of them, or a negative code: ERR_NONE and others for the
 * file. */
int policy_expire(const struct policy_expire_ask *ask,
    void (*each)(void *ctx, const struct policy_expired *one), void *ctx, struct err *e);

#endif
