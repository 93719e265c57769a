/*
 * people: the two users of each test, their logins after an operation, and what of
 * theirs must stand nowhere.
 */
#ifndef PB_CRASH_PEOPLE_H
#define PB_CRASH_PEOPLE_H

#include "tests/crash/crash.h"

/* Names that no machine has accounts of. */
#define PEOPLE_ONE "pbcrash-one"
#define PEOPLE_OTHER "pbcrash-other"
#define PEOPLE_NEW "pbcrash-new"

extern struct ph_user people_one, people_other; /* enrolled */

/* Devices that come or have gone; what of them must stand nowhere, too. */
#define PEOPLE_ALSO 4
extern const struct record_device *people_also[PEOPLE_ALSO];

/* The word of an invitation, neither; or NULL. */
extern const char *people_word;

/* Both, in a state with nobody else in it. */
void people_make(const char *more);

/* Whether one login with this answer gets in; the time that it took is noted.  try: the
 * same, in its own way. */
bool people_get_in(const char *user, const char *answer);
bool people_try(struct ph_login *l);

/* They must get in, soon. */
void people_must_get_in(const struct ph_user *u, const char *answer, const char *what);

/* A code, once more where the operation has been told yes (told): it gets in at most
 * once in all. */
void people_spend_once(const char *user, const char *answer, bool told);

/* Wrong codes that are counted against the user. */
int people_wrong(const char *user);

/* "... in clear", or NULL: what of the users or of crash_seen stands in a file. */
const char *people_leak(const struct tree *now);

/* The key that the tool or the prompt has shown, as a device; false: none was. */
bool people_shown(struct record_device *d);
const char *people_shown_code(int64_t at); /* of a moment; good for 8 calls */

#endif
