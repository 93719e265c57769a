/*
 * exempt: one exemption of the configuration,
 *
 *     user:NAME|group:NAME [@CIDR|@local] [until YYYY-MM-DD]
 *
 * where only `@local` may do without a last day.  Days are parsed at load and
 * judged at use: a day that is past, or more than DAY_AHEAD days ahead, exempts nobody.
 */
#ifndef PB_EXEMPT_H
#define PB_EXEMPT_H

#include "lib/core/address.h"
#include "lib/core/err.h"
#include "lib/core/who.h"

#include <stdbool.h>
#include <stdint.h>

#define EXEMPT_WARN_DAYS 14

enum exempt_from { EXEMPT_ANYWHERE, EXEMPT_LOCAL, EXEMPT_NET };

struct exempt {
	struct who who;
	enum exempt_from from;
	struct address_net net;
	int64_t until; /* end of the last day; 0: for ever */
};

/* 0, or ERR_SYNTAX with e saying what is wrong. */
int exempt_parse(const char *text, struct exempt *out, struct err *e);

struct exempt_facts {
	struct who_account account;
	bool local;          /* no remote host */
	struct address from; /* none for a name */
	int64_t now;
};

enum exempt_answer {
	EXEMPT_NOT = 0, /* not them, not from there, or the group cannot be looked up */
	EXEMPT_YES,
	EXEMPT_ENDING, /* yes, within the last EXEMPT_WARN_DAYS days */
	EXEMPT_PAST,   /* it was them; its day is past */
	EXEMPT_FAR     /* it was them; its day is too far ahead */
};
enum exempt_answer exempt_judge(const struct exempt *x, const struct exempt_facts *f);

#endif
