/*
 * shadow: one user's lines in /etc/passwd and /etc/shadow, read from the files.
 *
 * Not by way of NSS: what is asked is whether the password is one of this host, whose age
 * and history the host can judge.  A directory's users are none, even where the directory
 * shows shadow entries.  As glibc's "files": blanks at the front of a line are skipped, the
 * first line of a name counts, lines that begin with '+' or '-' (NIS) or '#' are nobody's, a
 * number may be empty.  Otherwise where that helps: -1 is what chage(1) means by it, as if
 * empty; a line whose last change is no number is ERR_BAD, not skipped; another number that is
 * none is unset.
 */
#ifndef PB_SHADOW_H
#define PB_SHADOW_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SHADOW_PATH "/etc/shadow"
#define SHADOW_PASSWD_PATH "/etc/passwd"
#define SHADOW_FIELD_MAX 511 /* bytes of a password field */
#define SHADOW_UNSET INT64_C(-1)

/* The caller keeps it in secret memory, or wipes it. */
struct shadow_entry {
	bool local; /* /etc/passwd has the user */
	char field[SHADOW_FIELD_MAX + 1]; /* the password's, as it stands there */
	int64_t last, min, max, warn, inactive, expire; /* days; SHADOW_UNSET: empty, -1 */
};

struct shadow_files {
	const char *passwd; /* NULL: the packaged ones */
	const char *shadow;
};

/* 0: also where they are not local (all else is unset then), or have a line in passwd
 * alone (the field is that of passwd then; where that says to look in shadow, it is "*").
 * ERR_BAD: a line of theirs that cannot be read, named with its number;
 * ERR_SYSTEM; ERR_DENIED, ERR_UNAVAIL, ERR_NONE (a file is missing).  out is unset after an
 * error. */
int shadow_read(const struct shadow_files *files, const char *user, struct shadow_entry *out,
    struct err *e);

/* Whether there is a password that somebody could type: not "", nothing that begins with
 * '!' or '*'. */
bool shadow_is_usable(const struct shadow_entry *s);

#endif
