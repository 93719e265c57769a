/*
 * sudoers: reads sudoers(5) as far as it says who becomes root without being asked: its
 * lines with continuations, includes, rules with NOPASSWD, and Defaults with !authenticate.
 *
 * Aliases are not resolved.  What does not read is not judged: the caller is told.
 */
#ifndef PB_AUDIT_SUDOERS_H
#define PB_AUDIT_SUDOERS_H

#include <stdbool.h>
#include <stddef.h>

#define SUDOERS_FILE "/etc/sudoers"
#define SUDOERS_CONF "/etc/sudo.conf" /* may name another one */
#define SUDOERS_LINE 8192

enum sudoers_kind {
	SUDOERS_OTHER,      /* aliases, other Defaults, rules that ask */
	SUDOERS_INCLUDE,    /* path: a file */
	SUDOERS_INCLUDEDIR, /* path: of files whose name has no dot and does not end in ~ */
	SUDOERS_UNASKED,    /* Defaults !authenticate, or exempt_group */
	SUDOERS_ONCE,       /* Defaults timestamp_timeout below 0 */
	SUDOERS_RULE        /* a rule with NOPASSWD */
};

struct sudoers_line {
	enum sudoers_kind kind;
	int line;         /* where it begins */
	const char *text; /* continuations joined, without its comment */
	const char *path; /* of an include, as it stands there; absolute or beside the file */
	bool scoped;      /* Defaults of a command, or of runas other than root, alone */
	bool limited;     /* each command behind NOPASSWD is a path, none of them ALL */
	bool harmless;    /* of root himself, or as those of runas alone */
	char runas[256];  /* who else than root, by names: whether one is root must be asked */
};

/* Calls each() for every line until it returns non-zero, and returns that; 0 at the end; -1:
 * a line longer than SUDOERS_LINE. */
int sudoers_parse(const char *text, int (*each)(void *ctx, const struct sudoers_line *l),
    void *ctx);

/* Whether an includedir takes a file of this name. */
bool sudoers_takes(const char *name);

/* Makes an absolute path of an include of file; %h is host.  False: too long. */
bool sudoers_path(char *out, size_t size, const char *file, const char *path, const char *host);

#endif
