/*
 * enable_people: who else could not log in by ssh any more, or would get in by less:
 * those who are enrolled, and those who have a password and a login shell.
 */
#ifndef PB_ENABLE_PEOPLE_H
#define PB_ENABLE_PEOPLE_H

#include "lib/core/err.h"
#include "policy/enable_sshd.h"
#include "policy/enable_way.h"

#include <pwd.h>
#include <stdbool.h>

#define ENABLE_PEOPLE_MOST 100 /* sshd is asked about each of them */

struct enable_names {
	int count;
	char text[160]; /* "alice, bob and 3 more" */
};

struct enable_people {
	struct enable_names keyless; /* have a password, and no key that sshd would find */
	struct enable_names codeless; /* have a key, and nothing to answer the code with */
	struct enable_names other;   /* not every way in asks the key and the code */
	bool more;                   /* others were not looked at */
};

/* Those whom sshd turns away anyway are left out, and the admin, who is judged more
 * strictly.  q: user is of no account.  0; ERR_REFUSED: somebody would get in by the code
 * alone; trouble of the store or of sshd. */
int enable_people_look(const struct enable_way *w, const struct enable_sshd *q,
    const char *admin, struct enable_people *out, struct err *e);

/* Whether the shell lets anybody work. */
bool enable_people_logs_in(const struct passwd *pw);

#endif
