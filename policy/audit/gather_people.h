/*
 * gather_people: who may log in: root, everybody whose shell lets him work, and one who
 * does not exist.
 */
#ifndef PB_AUDIT_GATHER_PEOPLE_H
#define PB_AUDIT_GATHER_PEOPLE_H

#include "lib/core/who.h"
#include "policy/audit/gather.h"

#include <stddef.h>

#define PEOPLE_MOST 2000
#define PEOPLE_NOBODY "no-such-account"

struct person {
	char name[WHO_NAME_MAX + 1];
	char **group; /* names of groups */
	size_t groups;
};

struct people {
	struct person *item; /* the last one is PEOPLE_NOBODY */
	size_t count;
};

/* Notes `login NAME` and `exempt NAME`, too.  people_free() in any case. */
void gather_people(struct facts *f, const struct gather_request *q, struct people *p);
void people_free(struct people *p);

#endif
