/*
 * fix_plan: what has to be changed so that nothing of EC2 Instance Connect is left, out of
 * the facts of a host.  Pure.
 */
#ifndef PB_FIX_PLAN_H
#define PB_FIX_PLAN_H

#include "lib/core/err.h"
#include "policy/audit/facts.h"
#include "policy/buffer.h"
#include "policy/enable_put.h"

#include <stdbool.h>

#define FIX_FILES 64
#define FIX_PACKAGES 2

/* file.will: it stays, with file.new; else it goes.  Of an edited one file.old is what the
 * facts say; of one that goes it is not known yet (fix_file_copy()). */
struct fix_file {
	struct enable_file file;
	bool link; /* file.old is where it leads to */
};

struct fix_package {
	char name[64];
	char version[128];
	bool rpm;       /* else dpkg */
	bool installed; /* else removed, and its configuration is there */
};

struct fix_plan {
	struct fix_file file[FIX_FILES];
	int count;
	struct fix_package package[FIX_PACKAGES];
	int packages;
	char account[600];  /* "UID GID HOME SHELL", "": none to remove */
	struct buffer left; /* what nobody but an administrator can judge, a line each */
};

/* Zeroed memory is an empty one; fix_plan_free() in any case.  0; ERR_UNKNOWN: the facts do
 * not tell all that has to be known; ERR_REFUSED: there are too many files; ERR_SYSTEM. */
int fix_plan_eic(struct facts *f, struct fix_plan *p, struct err *e);
void fix_plan_free(struct fix_plan *p);

/* Nothing is to be done. */
bool fix_plan_is_empty(const struct fix_plan *p);

/* sshd's configuration as it will be, so that `sshd -t` can judge it: each file that it is
 * made of goes to put() under a name 0, 1, ..., its Include lines turned to those names below
 * dir.  0 is the main file.  0; what put() returned; ERR_UNKNOWN, ERR_SYSTEM. */
struct fix_future {
	struct facts *facts;
	const struct fix_plan *plan;
	const char *dir;
	int (*put)(void *ctx, int number, const struct buffer *text, struct err *e);
	void *ctx;
	int next; /* number of files so far; 0 at first */
};
int fix_plan_future(struct fix_future *q, struct err *e);

#endif
