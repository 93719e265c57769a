/*
 * check: whether a new password is what the policies ask for, and if not, all that is
 * missing, with numbers.
 *
 * Pure: no allocation, locale, clock or I/O.  The passwords stay where the caller has
 * them; what little is copied is on the stack, and wiped.  Costs grow with the length of
 * the input, up to PASSWORD_LONGEST bytes of passwords and PASSWORD_CHECK_TEXT of user name
 * and GECOS.
 */
#ifndef PB_PASSWORD_CHECK_H
#define PB_PASSWORD_CHECK_H

#include "policy/password/policy.h"

#define PASSWORD_CHECK_TEXT 512 /* bytes of user name and GECOS that are looked at */

struct password_facts {
	const char *fresh; /* the new password, fresh_len bytes */
	size_t fresh_len;
	const char *old;   /* the old one, or NULL where it is not known (root, chpasswd) */
	size_t old_len;
	const char *user;  /* NULL: not known */
	const char *gecos; /* pw_gecos as it is; NULL: not known */
};

/* A rule that is broken.  wanted and has are what the rule counts: characters (or bytes),
 * classes, changed characters. */
struct password_break {
	enum password_rule rule;
	int policy; /* index into struct password_policies */
	int wanted;
	int has;
	int kinds;  /* PASSWORD_RULE_KINDS: kinds it has; has is the length, and what was
	             * wanted are the policy's alternatives */
};

#define PASSWORD_BREAKS (PASSWORD_POLICIES * (PASSWORD_RULE_CHANGED + 1))

struct password_broken {
	bool judged; /* false: nothing was judged, which accepts nothing */
	int count;
	struct password_break item[PASSWORD_BREAKS];
};

/* Judges; policy by policy, and in each in the order of enum password_rule. */
void password_check(const struct password_policies *p, const struct password_facts *f,
    struct password_broken *out);

/* Whether it was judged, and broke nothing. */
bool password_is_good(const struct password_broken *b);

/* Leaves of the breaks that say the same to a person only one, the strictest: once each
 * rule, and once each set of alternatives.  For showing; p is what was checked against. */
void password_broken_merge(const struct password_policies *p, struct password_broken *b);

#endif
