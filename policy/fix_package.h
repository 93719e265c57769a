/*
 * fix_package: takes packages and an account off the host, and puts them back.
 */
#ifndef PB_FIX_PACKAGE_H
#define PB_FIX_PACKAGE_H

#include "policy/fix_plan.h"

/* Purges those of the plan that are there.  0, also when they are gone already; ERR_UNAVAIL
 * with what the tool says. */
int fix_package_purge(const struct fix_plan *p, struct err *e);

/* Keeps what the cache of this host has of the packages in dir, durable: some hosts empty the
 * cache whenever apt-get has worked.  0, also when it has none; trouble. */
int fix_package_keep(const struct fix_plan *p, const char *dir, struct err *e);

/* Installs what was installed, of the same version, from dir or the cache; no network.  0;
 * ERR_NONE: there is no copy, or it does not go in. */
int fix_package_put_back(const struct fix_plan *p, const char *dir);

/* The account of EC2 Instance Connect: gone, or as it was ("UID GID HOME SHELL"). */
int fix_package_drop_account(struct err *e);
int fix_package_make_account(const char *account, struct err *e);

#endif
