/*
 * audit: runs the checks over the facts of a host.
 */
#ifndef PB_AUDIT_H
#define PB_AUDIT_H

#include "policy/audit/finding.h"

struct audit_finding {
	const struct audit_check *check;
	struct result result;
};

/* Which checks; each list is words between commas, NULL: all.  A word of check and exclude
 * is an id, or the part of ids before the dash: "EIC-03", "EIC". */
struct audit_choice {
	const char *check, *exclude;
};

/* Zeroed memory is an empty one; audit_free() in any case. */
struct audit {
	struct audit_finding *item; /* in the order of ids, groups as in the guide */
	size_t count;
};

/* 0; ERR_SYNTAX: a word of the choice names no check; ERR_SYSTEM. */
int audit_run(struct audit *a, struct facts *f, const struct audit_rules *rules,
    const struct audit_choice *which, struct err *e);
void audit_free(struct audit *a);

/* How many findings have this status. */
size_t audit_count(const struct audit *a, enum audit_status s);

/* The checks there are, in order: the i-th, or NULL. */
const struct audit_check *audit_check_at(size_t i);

#endif
