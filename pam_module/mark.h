/*
 * mark: this handle's auth let this user in through the module (`need_auth`).
 */
#ifndef PB_MARK_H
#define PB_MARK_H

#include <security/pam_modules.h>
#include <stdbool.h>

/* Sets the mark for user.  0 or ERR_SYSTEM. */
int mark_set(pam_handle_t *pamh, const char *user);

/* Takes it back: at the start of every auth. */
void mark_clear(pam_handle_t *pamh);

/* Whether the mark is there and is user's. */
bool mark_is(pam_handle_t *pamh, const char *user);

#endif
