/*
 * names: everybody who has a record in a store.
 */
#ifndef PB_NAMES_H
#define PB_NAMES_H

#include "lib/core/store.h"

struct names {
	char **name; /* sorted, each once */
	size_t n, room;
	size_t foreign; /* files that are no record's */
};

/* Also who has a state without an enrolment.  names_free() in any case. */
int names_of(struct store *s, struct names *out, struct err *e);

/* Who has a password history, of store_open_pw(); added to those that out has. */
int names_add_pw(struct store *pw, struct names *out, struct err *e);
void names_free(struct names *n);

#endif
