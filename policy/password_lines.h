/*
 * password_lines: reads passwords, one a line, fast and without a copy of them left.
 *
 * The lines lie in secret memory that is read into at once and wiped at the end.  A line
 * that is longer than any password is passed over piece by piece, and counted.
 */
#ifndef PB_PASSWORD_LINES_H
#define PB_PASSWORD_LINES_H

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct password_lines {
	int fd;
	struct secret memory;
	size_t at, end; /* what is not given out yet */
	bool ended;
};

/* Reads from fd, which stays open.  0 or ERR_SYSTEM. */
int password_lines_open(struct password_lines *l, int fd, struct err *e);

/* The next line without its newline, until the next call: 1; 0 at the end; or a code.  Of
 * a line longer than PASSWORD_LONGEST only *len is right. */
int password_lines_next(struct password_lines *l, const char **line, size_t *len,
    struct err *e);

void password_lines_close(struct password_lines *l);

#endif
