/*
 * enable_label: where SELinux is enforcing, a wrong label on the state refuses every
 * login that the module judges.
 */
#ifndef PB_ENABLE_LABEL_H
#define PB_ENABLE_LABEL_H

#include "lib/core/err.h"

#define ENABLE_ENFORCE "/sys/fs/selinux/enforce"

/* The directories (state, run) must be of the type of packaging/selinux.  0, also
 * where nothing enforces; ERR_REFUSED with the restorecon line. */
int enable_label_check(const char *enforce, const char *const dirs[2], struct err *e);

#endif
