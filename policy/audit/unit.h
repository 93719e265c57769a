/*
 * unit: a service of systemd as systemd puts it together (systemd.unit(5),
 * systemd.exec(5)) from the facts of its files: the first of its name in the order of
 * directories, aliases, masks, drop-ins by name, and the words of ExecStart with their
 * variables, each with the file and line that it stands in.
 *
 * Pure.  The texts of a unit are its own and live until unit_free().
 */
#ifndef PB_AUDIT_UNIT_H
#define PB_AUDIT_UNIT_H

#include "policy/audit/facts.h"

#include <stdbool.h>
#include <stddef.h>

#define UNIT_COMMANDS 16
#define UNIT_WORDS 512                   /* of a command */
#define UNIT_BYTES ((size_t)1024 * 1024) /* of all texts of a unit: what is more is not told */

struct unit_place {
	const char *file;
	size_t line;
};

struct unit_word {
	const char *text;
	struct unit_place at; /* of a variable's words where it is set */
};

struct unit_command {
	struct unit_word *word; /* the first is the program, without the signs before it */
	size_t count;
};

/* What it could not be told from: a fact that is missing or in trouble; "unit" with its
 * name: it is too long, or has a line that systemd does not take. */
struct unit_untold {
	const char *kind, *name;
};

struct unit {
	const char *name;
	const char *alias; /* it is another name of this one, and nothing else is filled */
	const char *file;  /* NULL: there is none, and no drop-in counts */
	bool masked;       /* it cannot be started */
	struct unit_command command[UNIT_COMMANDS]; /* of ExecStart */
	size_t commands;
	const char **part; /* the files that it is made of, in their order */
	size_t parts;
	const char **environment; /* the paths of EnvironmentFile, patterns as they are */
	size_t environments;
	struct unit_untold untold; /* name NULL: all is told */
	void *own;
};

/* The directories of units, the strongest first; NULL behind the last. */
const char *unit_dir(size_t i);

/* The names of services that sshd is started by; NULL behind the last. */
const char *unit_sshd(size_t i);

/* 0, or ERR_SYSTEM; unit_free() in any case.  Facts asked for: meta of DIR, meta and file of
 * DIR/NAME, dir DIR/NAME.d and DIR/TYPE.d and the files in these, meta /lib, and the files
 * of EnvironmentFile. */
int unit_merge(struct facts *f, const char *name, struct unit *u);
void unit_free(struct unit *u);

#endif
