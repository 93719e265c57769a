/*
 * pam_services: the services whose PAM lines decide: those of sshd (PAMServiceName; before
 * OpenSSH 9.8 the name that it is started by), of sudo (pam_service and pam_login_service of
 * sudoers), and login.
 */
#ifndef PB_AUDIT_PAM_SERVICES_H
#define PB_AUDIT_PAM_SERVICES_H

#include "policy/audit/finding.h"

#include <stdbool.h>
#include <stddef.h>

#define PAM_SERVICES 24
#define PAM_SERVICE 64 /* bytes of a name */

struct pam_services {
	struct {
		char name[PAM_SERVICE];
		bool sshd;
		bool named; /* a setting names it: it is there, whether it has a file or not */
	} item[PAM_SERVICES];
	size_t count;
};

/* What could not be told of a setting is noted. */
void pam_services(struct facts *f, struct result *r, struct pam_services *out);

#endif
