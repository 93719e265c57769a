/*
 * people: who has an account here, whether they are enrolled and how old their passwords
 * are, out of the facts:
 *
 *   account NAME    "uid=1000 shell=/bin/bash hash=yescrypt last=20300 max=90"
 *   enrolled NAME   "devices=1 last_used=1796000000 locked=no", or none
 *
 * last is the day of the last change since 1970, max its greatest age in days.
 */
#ifndef PB_PEOPLE_H
#define PB_PEOPLE_H

#include "policy/audit/facts.h"

#include <stdint.h>

enum person_enrolled { PERSON_NOT_ENROLLED, PERSON_ENROLLED, PERSON_LOCKED, PERSON_UNTOLD };

struct person {
	const char *name; /* of the facts */
	enum person_enrolled enrolled;
	long devices;
	int64_t last_used;   /* 0: never, or not known */
	long age, most;      /* of the password in days; -1: not known, or no limit */
};

/* Zeroed memory is an empty one; people_free() in any case. */
struct people {
	struct person *item; /* in order of names */
	size_t count;
	bool enrolment; /* the facts tell of enrolments */
	bool failed;    /* memory ran out */
};

/* Those who have a shell, on that day. */
void people_of(struct people *p, struct facts *f, int64_t now);

/* How many are so. */
size_t people_count(const struct people *p, enum person_enrolled e);

/* The list as CSV: NAME;ENROLLED;DEVICES;LAST_USED;PASSWORD_AGE;PASSWORD_MAX_AGE. */
void people_csv(const struct people *p, FILE *out);

void people_free(struct people *p);

#endif
