/*
 * fix_package: takes packages and an account off the host, and puts them back.
 */
#ifndef PB_FIX_PACKAGE_H
#define PB_FIX_PACKAGE_H

#include "policy/fix_plan.h"
#include "policy/run.h"

enum fix_package_is {
	FIX_PACKAGE_UNTOLD, /* never taken for gone */
	FIX_PACKAGE_NONE,
	FIX_PACKAGE_CONFIG, /* its configuration alone */
	FIX_PACKAGE_HALF,   /* a package tool was cut short */
	FIX_PACKAGE_WHOLE
};

/* Pure: what the answer of dpkg-query (${Status}) or rpm -q says. */
enum fix_package_is fix_package_read(const struct run_said *said, int status, bool rpm);

/* Purges those of the plan that are there.  0, also when they are gone already; ERR_UNAVAIL
 * with what the tool says. */
int fix_package_purge(const struct fix_plan *p, struct err *e);

/* Keeps what the cache of this host has of the packages in dir, durable: some hosts empty the
 * cache whenever apt-get has worked.  0, also when it has none; trouble. */
int fix_package_keep(const struct fix_plan *p, const char *dir, struct err *e);

/* Installs what was installed, of the same version, from dir or the cache; no network.  0;
 * ERR_NONE: it is gone, and there is no copy; ERR_UNAVAIL: it does not go in, or is half there;
 * ERR_UNKNOWN. */
int fix_package_put_back(const struct fix_plan *p, const char *dir, struct err *e);

/* The account of EC2 Instance Connect: gone, or as it was ("UID GID HOME SHELL"), where its
 * number is free. */
int fix_package_drop_account(struct err *e);
int fix_package_make_account(const char *account, struct err *e);

#endif
