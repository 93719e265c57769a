/*
 * check_pam: MFA-10 of one service.
 */
#ifndef PB_AUDIT_CHECK_PAM_H
#define PB_AUDIT_CHECK_PAM_H

#include "policy/audit/finding.h"

/* What the check says of "sshd", "sudo", "sudo-i" or "login"; AUDIT_NOTHING: it is not here. */
enum audit_status check_pam_service(struct facts *f, const char *service);

#endif
