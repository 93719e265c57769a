/*
 * mark: what this handle's auth did: it ran, and whom it let in (`need_auth`).
 */
#ifndef PB_MARK_H
#define PB_MARK_H

#include <security/pam_modules.h>
#include <stdbool.h>

/* At the start of every auth: it has run, and let nobody in.  0 or ERR_SYSTEM. */
int mark_start(pam_handle_t *pamh);

/* It let user in.  0 or ERR_SYSTEM. */
int mark_set(pam_handle_t *pamh, const char *user);

/* Whether auth has run at all in this handle, or may have: after a mark_start() that
 * failed always. */
bool mark_ran(pam_handle_t *pamh);

/* Whether it let this user in. */
bool mark_is(pam_handle_t *pamh, const char *user);

#endif
