/*
 * allowed: whether the caller may change this password at all.
 *
 * Root may, and sshd and login for a user whose password is too old: they ask the account
 * line first.  Who runs passwd(1) with a uid of his own is judged by facts.  The flag
 * PAM_CHANGE_EXPIRED_AUTHTOK proves nothing there: `passwd -k` sets it for anybody, and
 * sshd behind a public key runs passwd without it.
 *
 * MUST, each with a test of that name in tests/pam/test_expiry.c:
 *  - where a policy says that people may not change their own, who has to may, and nobody
 *    else (who_has_to_change_may_and_nobody_else)
 *  - what HardExpiry has ended only an administrator replaces, where ages are enforced
 *    (hard_expiry_is_for_an_administrator)
 */
#ifndef PB_ALLOWED_H
#define PB_ALLOWED_H

#include "pam_module/change.h"

enum allowed {
	ALLOWED_NOT,   /* a policy: people may not change their own */
	ALLOWED_NO_MORE, /* HardExpiry */
	ALLOWED_YES
};

/* c: after change_begin(). */
enum allowed allowed_judge(const struct change *c, int flags);

#endif
