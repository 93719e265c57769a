/*
 * sshd_lines: the lines of sshd's configuration as they are written, includes in their
 * places, whether a Match fits or not.  Pure: facts `file PATH` and `glob PATTERN`, the
 * paths that fit an Include, a line each.
 */
#ifndef PB_AUDIT_SSHD_LINES_H
#define PB_AUDIT_SSHD_LINES_H

#include "policy/audit/facts.h"

#include <stdbool.h>
#include <stddef.h>

#define SSHD_LINES_MAIN "/etc/ssh/sshd_config"
#define SSHD_LINES_MOST 20000 /* of all files: what is more is not told */

struct sshd_line {
	const char *file;
	size_t line;
	const char *key, *value; /* the value as written, a comment behind it taken off */
	const char *match;       /* the criteria of the Match that it is under or is, or NULL; behind
	                          * those of the Match around the Include of its file */
	const char *match_file;  /* where that stands */
	size_t match_line;
};

struct sshd_lines {
	struct facts *facts;
	int (*each)(void *ctx, const struct sshd_line *l); /* other than 0: stop */
	/* A fact that is missing or in trouble; "lines" with a file: too many. */
	void (*untold)(void *ctx, const char *kind, const char *name);
	void *ctx;
};

/* What each() returned, 0 at the end, -1: too many lines.  each() and untold() note no facts. */
int sshd_lines(const struct sshd_lines *l, const char *main);

/* The next word of a value, quotes taken away, cut at size; false: the end. */
bool sshd_lines_word(const char **at, char *word, size_t size);

#endif
