/*
 * age_exempt: whether `age_exempt` of the configuration names somebody.
 */
#ifndef PB_AGE_EXEMPT_H
#define PB_AGE_EXEMPT_H

#include "lib/core/conf.h"
#include "lib/core/who.h"

/* 1: it does; 0: not; ERR_UNAVAIL: a group cannot be looked up, or does not exist, and nothing
 * else names them, which does not exempt. */
int age_exempt_has(const struct conf *c, const struct who_account *a);

#endif
