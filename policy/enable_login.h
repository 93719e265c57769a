/*
 * enable_login: which login a command is called from, so that `confirm` comes from
 * another one than `enable` did.
 *
 * The login is the nearest process above that lets people in: sshd or sshd-session,
 * sudo, login.  What counts is when it started: the login of `confirm` must have
 * begun after the new files were in force, so it went through them.  Where the
 * kernel keeps audit sessions, theirs must differ too.
 */
#ifndef PB_ENABLE_LOGIN_H
#define PB_ENABLE_LOGIN_H

#include "lib/core/err.h"
#include "policy/enable_files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ENABLE_NO_AUDIT UINT32_MAX
#define ENABLE_BOOT_MAX 40

struct enable_moment {
	char boot[ENABLE_BOOT_MAX]; /* the kernel's boot id */
	uint64_t ticks;             /* since then, as in /proc/PID/stat */
	int64_t wall;               /* seconds since 1970 */
};

struct enable_login {
	uint32_t audit; /* session id, ENABLE_NO_AUDIT: none */
	pid_t pid;      /* of the program that let the caller in; 0: none was found */
	uint64_t start; /* ticks */
};

/* 0 or ERR_UNAVAIL (no /proc). */
int enable_login_now(struct enable_moment *m, struct err *e);

/* The login that this process came in by, through the program of the target. */
void enable_login_here(enum enable_target target, struct enable_login *l);

/* Where the ssh connection comes from that this process lives in, by the environment of a
 * process above (sudo drops it from its own): "" when none says so.  A hint only. */
void enable_login_address(char *address, size_t size);

/* When that program started: seconds since 1970, by the clock as it is now. */
int64_t enable_login_wall(const struct enable_login *l);

/* 0 when here is a login of its own, begun after since; else ERR_REFUSED with the
 * reason and what to do. */
int enable_login_is_new(enum enable_target target, const struct enable_login *here,
    uint32_t old_audit, const struct enable_moment *since, struct err *e);

#endif
