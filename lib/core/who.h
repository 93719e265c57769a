/*
 * who: `user:NAME` and `group:NAME` in the configuration.
 */
#ifndef PB_WHO_H
#define PB_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WHO_NAME_MAX 256

struct who {
	bool group;
	char name[WHO_NAME_MAX + 1];
};

/* The n bytes at text.  0 or ERR_SYNTAX. */
int who_parse(const char *text, size_t n, struct who *out);

/* Somebody with an account, by the names that getpwnam() gave. */
struct who_account {
	const char *user;
	gid_t gid; /* primary group */
};

/* 1: it is them or their group (primary, listed, or by initgroups); 0: not;
 * ERR_UNAVAIL: the group cannot be looked up, or does not exist. */
int who_is(const struct who *w, const struct who_account *a);

#endif
