/*
 * expiry: what the account line says of the age of a local password (`age` in
 * pam_bastion.conf(5)).
 *
 * MUST, each with a test of that name in tests/pam/test_expiry.c:
 *  - nothing is asked where `age = off`, and nobody is refused by `age = warn`
 *    (off_asks_nothing, warn_tells_and_lets_in)
 *  - who is exempt, has no usable password or is not local is never refused
 *    (who_has_no_password_to_change_is_let_in)
 *  - HardExpiry never ends in AUTHTOK_EXPIRED for uid 0 (hard_expiry_is_not_for_root)
 *  - uid 0 is let in with an old password where a new one could not be noted, and it is
 *    logged (root_is_let_in_where_the_password_cannot_be_changed)
 *  - what cannot be judged refuses under `enforce`, root not where root has started the
 *    program (login, sshd): who calls su could make the trouble himself
 *    (what_cannot_be_judged_refuses_under_enforce)
 */
#ifndef PB_EXPIRY_H
#define PB_EXPIRY_H

#include "pam_module/entry.h"

#include <stdbool.h>

/* PAM_SUCCESS; PAM_NEW_AUTHTOK_REQD or PAM_AUTHTOK_EXPIRED; PAM_AUTHINFO_UNAVAIL where it
 * cannot be judged.  Each but the first after one log line; silent: nothing is told. */
int expiry_judge(struct entry *en, bool silent);

#endif
