/*
 * age: whether a password is too old (pure; days of UTC, as in shadow(5)).
 *
 * It goes by policy alone, live: nothing needs chage(1) or sp_max.  A change is due when as
 * many days have passed as the policy says (>=; pam_unix before 1.6 waits for one more).
 *
 * When it was set is the newer of shadow's last change and of ours (history_changed()),
 * neither of them in the future: a clock that was set back, or a line that was edited,
 * does not escape.  A last change of tomorrow is today's: east of Greenwich `chage -d` by the
 * local date is a day ahead.  Where neither says it:
 *
 *   last change   of ours      then
 *   0             any          due: the administrator wants it (never AGE_EXPIRED)
 *   empty or -1   sane         ours counts, though shadow's own rules are off
 *   in the future sane         ours counts, but never AGE_EXPIRED
 *   empty or -1   none, future older than any age: AGE_EXPIRED under hard_expiry
 *   in the future none, future due, never AGE_EXPIRED: the clock may be what is wrong, and
 *                              all users at once would be locked out; a change sets it right
 *
 * Skipped: max_age 0, exempt users, and who has no password that could be too old: a field
 * that is empty (they log in without one: a matter for the audit, not of age) or begins
 * with '!' or '*' (locked, keys only).
 *
 * hard_expiry (IAM's HardExpiry: only an administrator helps) never holds for uid 0: nobody
 * could let root in again.
 */
#ifndef PB_AGE_H
#define PB_AGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AGE_UNSET INT64_C(-1) /* an empty number of shadow(5) */
#define AGE_AHEAD 1 /* days that the date of a place may be ahead of that of UTC */

struct age_rule {
	int max_age;      /* days; 0: never too old */
	bool hard_expiry;
	int warn_days;    /* so many days before, 0: not at all */
};

/* Zeroed: root's, to be changed. */
struct age_facts {
	bool no_password;   /* not shadow_is_usable() */
	bool exempt;        /* age_exempt */
	uid_t uid;
	int64_t last;       /* shadow's last change, in days since 1970; AGE_UNSET */
	int64_t own;        /* ours, in seconds since 1970; 0: none.  It can only help: who
	                     * is AGE_FINE with 0 needs no look at it */
};

/* Zero is the answer that refuses. */
enum age_what { AGE_EXPIRED, AGE_CHANGE, AGE_WARN, AGE_FINE };

enum age_why {
	AGE_OLD,          /* too old: left is how long ago it became so, 0 or less */
	AGE_NOT_KNOWN,    /* nobody knows when it was set, or it says in the future */
	AGE_ADMINISTRATOR, /* last change 0 */
	AGE_SOON,
	AGE_YOUNG,
	AGE_NO_RULE,
	AGE_IS_EXEMPT,
	AGE_NO_PASSWORD
};

struct age_verdict {
	enum age_what what;
	enum age_why why;
	int64_t left; /* AGE_SOON, AGE_YOUNG: days until the change is due, 1 or more */
};

void age_judge(const struct age_facts *f, const struct age_rule *rule, int64_t now,
    struct age_verdict *out);

/* By the shortest age of several policies, in rule, and the shortest of those among them
 * that say HardExpiry; 0: none does. */
void age_judge_both(const struct age_facts *f, const struct age_rule *rule, int hard_age,
    int64_t now, struct age_verdict *out);

/* A stable word for logs: "old", "not_known", ... */
const char *age_reason(enum age_why why);

#endif
