/*
 * fix_future: the units of sshd as they will be, and the options that sshd will be started
 * with.  Pure.
 */
#ifndef PB_FIX_FUTURE_H
#define PB_FIX_FUTURE_H

#include "policy/fix_plan.h"

#define FIX_OPTIONS 64 /* words of a start at most */

/* Each way that a unit starts sshd when the plan is done, -f and -o alone, each before its
 * value; a way without them, and one that was there before, is left out.  word[n] is NULL.  0;
 * what each() returned; ERR_UNKNOWN: it could not be told; ERR_SYSTEM. */
int fix_future_starts(struct facts *f, const struct fix_plan *p,
    int (*each)(void *ctx, const char *const word[], size_t n, struct err *e), void *ctx,
    struct err *e);

#endif
