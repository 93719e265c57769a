/*
 * notice: the optional program SYSCONFDIR/pam-bastion/notify, which is told of
 * enrolments and removals: `notify enrolled|removed USER DEVICE`.
 */
#ifndef PB_NOTICE_H
#define PB_NOTICE_H

#include "lib/core/err.h"

#define NOTICE_ENROLLED "enrolled"
#define NOTICE_REMOVED "removed" /* DEVICE is "" when all of them are */

/* Starts it, detached, with a clean environment and nothing on its descriptors, as root
 * in every id, and with nothing of the caller's limits, umask and signals; and
 * does not wait for it: a login must not hang on it.  0 (also when there is none);
 * ERR_UNSAFE (not root's, others may write it or its directories, not executable);
 * ERR_SYSTEM. */
int notice_send(const char *event, const char *user, const char *device, struct err *e);

/* The same for any program (tests). */
int notice_send_by(const char *program, const char *const words[3], struct err *e);

#endif
