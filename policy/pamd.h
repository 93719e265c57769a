/*
 * pamd: reads PAM service files (/etc/pam.d/NAME), strictly.
 *
 * Lines are cut into words as libpam does it: blanks, [brackets] with `\]`, a
 * backslash at the end of a line, comments from the first `#`, `@include`.
 * What libpam's versions read differently, or turn into a line that fails at
 * run time, is an error here, with file, line and reason.
 */
#ifndef PB_PAMD_H
#define PB_PAMD_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>

#define PAMD_LINE_MAX 1024 /* bytes with continuations: libpam before 1.6 reads no more */
#define PAMD_ARGS_MAX 64
#define PAMD_FILE_MAX 65536
#define PAMD_PATH_MAX 512
#define PAMD_CODES 32 /* return codes of libpam, 0 .. 31 */

enum pamd_type { PAMD_AUTH, PAMD_ACCOUNT, PAMD_PASSWORD, PAMD_SESSION, PAMD_ANY };

struct pamd_line {
	const char *file;
	int line;            /* where it begins */
	enum pamd_type type; /* PAMD_ANY: `@include` */
	bool quiet;          /* `-type` */
	const char *control; /* without brackets; "include" for `@include` */
	const char *module;  /* or the file included */
	int argc;
	const char **argv;
};

/* What a module's return code does: a jump over so many lines, or: */
enum pamd_action {
	PAMD_IGNORE = 0,
	PAMD_OK = -1,
	PAMD_DONE = -2,
	PAMD_BAD = -3,
	PAMD_DIE = -4,
	PAMD_RESET = -5
};

struct pamd_control {
	int action[PAMD_CODES]; /* > 0: a jump, else enum pamd_action */
};

/* Called for every line; what l points to lives until it returns.  A non-zero
 * result ends the reading and is returned. */
typedef int (*pamd_each)(void *ctx, const struct pamd_line *l);

/* Parses text; file is for messages.  0; ERR_SYNTAX with e filled as
 * "FILE:LINE: reason"; or what each() returned. */
int pamd_parse(const char *file, const char *text, size_t len, pamd_each each, void *ctx,
    struct err *e);

/* The same for the file path (a link is followed, as libpam does).  Also the
 * codes of err_errno(), or ERR_BAD when it is too long or no regular file. */
int pamd_read(const char *path, pamd_each each, void *ctx, struct err *e);

/* Reads a control field: a keyword or code=action pairs; not include and
 * substack.  0, or ERR_SYNTAX with a reason (no place) and *c all PAMD_BAD,
 * which is what libpam makes of it. */
int pamd_control(const char *text, struct pamd_control *c, struct err *e);

/* "auth", ... and "success", ... as they are written in the files. */
const char *pamd_type_name(enum pamd_type type);
const char *pamd_code_name(int code);

#endif
