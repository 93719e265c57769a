/*
 * pam_lines: the lines of one type of a PAM service, out of the facts `file /etc/pam.d/...`,
 * with what they include; whether they are reached is not asked.
 */
#ifndef PB_AUDIT_PAM_LINES_H
#define PB_AUDIT_PAM_LINES_H

#include "policy/audit/facts.h"
#include "policy/pamd.h"

#define PAM_LINES_DIR "/etc/pam.d"

/* The first line of the service whose module is called so; ERR_NONE: there is none, or no
 * such service (other may be asked for then).  ERR_SYNTAX, ERR_UNAVAIL (a file is not told)
 * with e.  args gets "module arguments" as text, for words_value(); may be NULL. */
struct pam_place {
	char file[PAMD_PATH_MAX];
	int line;
	char args[512];
};
int pam_lines_find(struct facts *f, const char *service, enum pamd_type type,
    const char *module, struct pam_place *place, struct err *e);

#endif
