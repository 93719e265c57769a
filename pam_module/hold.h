/*
 * hold: the word `reserve`: ask for the password, take a try out of the user's bucket, and
 * leave the password to the lines below; and give the try back when it was right.
 *
 * What a handle holds is kept with it (pam_set_data): one try, and after it was given back
 * the record that had held it.
 */
#ifndef PB_HOLD_H
#define PB_HOLD_H

#include "pam_module/attempt.h"

#include <stdbool.h>

/* The `reserve` line, of an attempt that has begun.  PAM_IGNORE: reserved, the only place
 * that says it; or a local account that is exempt, which needs neither keyring nor store
 * (exempt_local_gets_in_with_a_dead_store_behind_reserve).  Else PAM_AUTH_ERR (throttled), PAM_CONV_ERR (nothing is reserved),
 * PAM_AUTHINFO_UNAVAIL; each but the second after one log line. */
int hold_line(struct attempt *a);

/* The password was right.  whole: and the login is at its end without a code of ours
 * (reserve.h).  Nothing without a `reserve` line in this handle.  0, or a code after one
 * log line: refuse. */
int hold_give_back(struct attempt *a, bool whole);

/* A code of ours has ended the login: its bucket is empty as it is.  What has not been
 * given back stays, for account: a right code says nothing of the password. */
void hold_forget(pam_handle_t *pamh);

/* Whether this handle holds anything. */
bool hold_is(pam_handle_t *pamh);

#endif
