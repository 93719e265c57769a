/*
 * reason: why a new password is refused, or cannot be changed, in the words of the person.
 *
 * One sentence each.  English; in Korean where the environment of the process asks for it
 * by the rules of enroll/language.h, and the terminal is not `ssh`: clients show what is
 * not ASCII in octal.  The catalogue is looked for at its fixed place, and only when there
 * is something to say.
 */
#ifndef PB_REASON_H
#define PB_REASON_H

#include "pam_module/allowed.h"
#include "pam_module/weigh.h"

/* All that speaks against a password, at once. */
void reason_tell(const struct change *c, const struct weighed *w);

/* Trouble; t->err in English, as in the log. */
void reason_trouble(pam_handle_t *pamh, const struct change_trouble *t);

/* Why this caller may not change it. */
void reason_not_allowed(pam_handle_t *pamh, enum allowed why);

#endif
