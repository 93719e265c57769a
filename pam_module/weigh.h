/*
 * weigh: all that speaks against one new password: the rules, and the history.
 */
#ifndef PB_WEIGH_H
#define PB_WEIGH_H

#include "pam_module/change.h"
#include "policy/password/check.h"

#define WEIGH_RULES 160 /* bytes of the names of rules */

/* Zeroed memory is a password that is refused. */
struct weighed {
	bool good;
	bool possible; /* bad, but a password all the same, which root may set */
	struct password_broken broken; /* merged, for showing */
	enum history_said said;
	char rules[WEIGH_RULES];       /* the broken ones by name, with commas, for the log */
};

/* The history is asked too where a rule is broken, so that all is told at once: it costs
 * at most two crypt(3), and those a good password costs as well.  0, or a code with *t
 * filled: then it is refused. */
int weigh(struct change *c, const char *fresh, struct weighed *out, struct change_trouble *t);

/* What the history is asked about it. */
struct history_ask weigh_ask(struct change *c, const char *fresh);

#endif
