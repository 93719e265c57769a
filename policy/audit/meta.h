/*
 * meta: what the facts `meta PATH` say of a file.
 */
#ifndef PB_AUDIT_META_H
#define PB_AUDIT_META_H

#include "policy/audit/finding.h"

struct meta {
	char type[8]; /* "file", "dir", "link", "char", "other" */
	unsigned mode, uid, gid;
	long long size, mtime;
};

/* "TYPE MODE UID GID SIZE MTIME"; the last may be missing.  False: it is no such text, and
 * m is open to everybody. */
bool meta_parse(const char *text, struct meta *m);

/* The same of a fact. */
bool meta_read(const struct fact *x, struct meta *m);

/* Notes what in the path lets others than root write or replace what is there: each
 * directory up to /, and a link, which the module does not follow.  What was not told is noted
 * too.  True when nothing was. */
bool meta_way_is_safe(struct facts *f, struct result *r, const char *path);

#endif
