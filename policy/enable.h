/*
 * enable: the plan of `bastionctl enable` and `disable`: which files become what,
 * and whether logins would still work with them.
 *
 * Nothing live is changed here.  What will be is laid out in a directory of its own,
 * so that the checks and the trial read what libpam and sshd would read.
 */
#ifndef PB_ENABLE_H
#define PB_ENABLE_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "policy/buffer.h"
#include "policy/config_check.h"
#include "policy/enable_txn.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the files of the system are. */
struct enable_dirs {
	const char *pam;         /* "/etc/pam.d" */
	const char *pam_vendor;  /* "/usr/lib/pam.d" */
	const char *sshd_config; /* "/etc/ssh/sshd_config" */
	const char *dropin;      /* ".../sshd_config.d/10-bastion-mfa.conf" */
};

struct enable_request {
	struct enable_dirs dirs;
	enum enable_target target;
	bool disable;
	const struct conf *conf;
};

struct enable_plan {
	struct enable_dirs dirs;
	const char *state_dir;
	struct enable_change change;     /* count 0: nothing is to be done */
	bool after_password;             /* the console's code line knows the password proven */
	char future[ENABLE_PATH_MAX - 32]; /* "" or the directory with what will be: */
	char pam[ENABLE_PATH_MAX];         /*   service files, */
	char sshd_config[ENABLE_PATH_MAX]; /*   sshd's main file when it is about sshd */
};

/* Reads the live files and makes the new texts.  0; ERR_REFUSED, ERR_SYNTAX: a file
 * that cannot be edited; ERR_NONE: it is missing, or sshd does not read the drop-in;
 * trouble.  The plan is freed after an error too. */
int enable_plan_make(const struct enable_request *q, struct enable_plan *p, struct err *e);

/* Removes what it has laid out. */
void enable_plan_free(struct enable_plan *p);

/* Adds the difference of all files, as diff -u. */
void enable_plan_diff(const struct enable_plan *p, struct buffer *out);

/* Lays the future out below STATE_DIR/txn. */
int enable_plan_lay_out(struct enable_plan *p, struct err *e);

/* `config check` of the future; places of the future are named as the live ones.  For
 * disable only what the live files do not fail already counts.  As config_check(). */
int enable_plan_check(const struct enable_plan *p, const struct config_request *q,
    struct config_findings *f, struct err *e);

/* Whether the live files still are what the plan was made from. */
bool enable_plan_holds(const struct enable_plan *p);

#endif
