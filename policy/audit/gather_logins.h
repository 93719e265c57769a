/*
 * gather_logins: who may log in: root, everybody whose shell lets him work, and one who
 * does not exist.
 */
#ifndef PB_AUDIT_GATHER_LOGINS_H
#define PB_AUDIT_GATHER_LOGINS_H

#include "lib/core/conf.h"
#include "lib/core/who.h"
#include "policy/audit/gather.h"

#include <stddef.h>
#include <sys/types.h>

#define LOGINS_MOST 2000
#define LOGINS_NOBODY "no-such-account"

struct logins_one {
	char name[WHO_NAME_MAX + 1];
	uid_t uid;
	gid_t gid;
	char **group; /* names of groups */
	size_t groups;
};

struct logins {
	struct logins_one *item; /* the last one is LOGINS_NOBODY */
	size_t count;
	struct conf *conf; /* the login configuration, or NULL: it could not be read */
};

/* Notes `login NAME` and `exempt NAME`, too.  logins_free() in any case. */
void gather_logins(struct facts *f, const struct gather_request *q, struct logins *p);
void logins_free(struct logins *p);

#endif
