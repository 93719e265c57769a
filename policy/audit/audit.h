/*
 * audit: runs the checks over the facts of a host, and of the AWS account it belongs to.
 */
#ifndef PB_AUDIT_H
#define PB_AUDIT_H

#include "policy/audit/finding.h"

struct mute_line;

struct audit_finding {
	const struct audit_check *check;
	struct result result;
	const struct mute_line *muted; /* mute.h; NULL: it counts */
};

/* Whose items the checks refer to. */
enum audit_framework { AUDIT_NO_FRAMEWORK, AUDIT_ISMS_P, AUDIT_CIS, AUDIT_GUIDE };

/* What is audited. */
enum audit_what { AUDIT_WHAT_HOST, AUDIT_WHAT_IAM, AUDIT_WHAT_ALL };

/* Which checks; each list is words between commas, NULL: all.  A word of check and exclude
 * is an id, or the part of ids before the dash: "EIC-03", "EIC". */
struct audit_choice {
	const char *check, *exclude;
	const char *severity;           /* "high,critical" */
	enum audit_framework framework; /* those alone that refer to an item of it */
	enum audit_what what;
};

/* Zeroed memory is an empty one; audit_free() in any case. */
struct audit {
	struct audit_finding *item; /* in the order of ids, groups as in the guide */
	size_t count;
};

/* Whether it is one of them; false where a word of which names nothing. */
bool audit_chooses(const struct audit_choice *which, const struct audit_check *c);

/* 0; ERR_SYNTAX: a word of the choice names nothing, or no check is left: an audit of
 * nothing would be clean; ERR_SYSTEM. */
int audit_run(struct audit *a, struct facts *f, const struct audit_rules *rules,
    const struct audit_choice *which, struct err *e);
void audit_free(struct audit *a);

/* How many findings have this status and are not muted; how many are muted. */
size_t audit_count(const struct audit *a, enum audit_status s);
size_t audit_muted(const struct audit *a);

/* AUDIT_FAIL where something fails, else AUDIT_ERROR where something could not be told,
 * else AUDIT_PASS. */
enum audit_status audit_verdict(const struct audit *a);

/* The status of a finding: one that notes nothing, or not all, is an error. */
enum audit_status audit_status_of(const struct audit_finding *x);

/* The checks there are, in order: the i-th, or NULL. */
const struct audit_check *audit_check_at(size_t i);
/* The one with this id, in full; or NULL. */
const struct audit_check *audit_check_find(const char *id, size_t len);

/* "isms-p", "cis", "guide"; AUDIT_NO_FRAMEWORK for another word. */
enum audit_framework audit_framework_of(const char *name);
/* Its items that a check refers to, "2.6.2 2.6.6", or NULL.  One with ~ in front is near
 * to it by our reading alone. */
const char *audit_items(const struct audit_check *c, enum audit_framework w);
/* The next item in a list, without its ~, n bytes; NULL: no more.  *list moves behind it. */
const char *audit_next_item(const char **list, size_t *n);

#endif
