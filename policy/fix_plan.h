/*
 * fix_plan: what has to be changed so that a check of the audit passes, out of the facts of a
 * host.  Pure.
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
#define FIX_MODES 4000 /* of more the first ones */

/* Which checks: the group EIC with its last one, and those of modes. */
enum fix_what { FIX_EIC, FIX_EIC_RETURN, FIX_SECRETS, FIX_KEYS };

/* "EIC", "EIC-11", "MFA-13", "KEY-09"; and false for another word. */
const char *fix_name(enum fix_what what);
bool fix_of_name(const char *name, enum fix_what *what);

/* file.will: it stays, with file.new; else it goes.  Of an edited one file.old is what the
 * facts say; of one that goes it is not known yet (fix_file_copy()). */
struct fix_file {
	struct enable_file file;
	bool link;  /* file.old is where it leads to */
	bool fresh; /* there is none yet */
};

struct fix_owned {
	mode_t mode;
	uid_t uid;
};

/* A file or directory that gets another mode or owner; of what is in it nothing is read. */
struct fix_mode {
	char path[ENABLE_PATH_MAX];
	ino_t inode; /* 0: not looked at yet (fix_mode_look()) */
	struct fix_owned old, new;
};

struct fix_package {
	char name[64];
	char version[128];
	bool rpm;       /* else dpkg */
	bool installed; /* else removed, and its configuration is there */
};

struct fix_plan {
	enum fix_what what;
	struct fix_file file[FIX_FILES];
	int count;
	struct fix_package package[FIX_PACKAGES];
	int packages;
	char account[600];  /* "UID GID HOME SHELL", "": none to remove */
	struct fix_mode *mode; /* directories before what is in them */
	int modes;
	bool more;          /* than FIX_MODES */
	struct buffer left; /* what nobody but an administrator can judge, a line each */
	bool by_hand;       /* something of it is a line that he has to write */
};

/* Zeroed memory is an empty one; fix_plan_free() in any case.  0; ERR_UNKNOWN: the facts do
 * not tell all that has to be known; ERR_REFUSED: there are too many files; ERR_SYSTEM. */
int fix_plan_eic(struct facts *f, struct fix_plan *p, struct err *e);
void fix_plan_free(struct fix_plan *p);

/* Nothing is to be done. */
bool fix_plan_is_empty(const struct fix_plan *p);

/* sshd is another one behind it: it has to be restarted, and somebody has to get in. */
bool fix_plan_restarts(const struct fix_plan *p);

/* For the other files that plan: the file with this path, added if need be; NULL: there are
 * too many, or the path is too long.  And one more line of what is left. */
struct fix_file *fix_plan_file(struct fix_plan *p, const char *path);
void fix_plan_leave(struct fix_plan *p, const char *path, size_t line, const char *text);

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
