/*
 * noted: an entry of a password history whose change may still be refused.
 *
 * The line below writes /etc/shadow, and nobody tells us whether it did.  So the handle
 * keeps which entry it was, without the password, and pam_end() takes it out again where
 * the user's shadow field is still the one that it was to replace.
 */
#ifndef PB_NOTED_H
#define PB_NOTED_H

#include "pam_module/change.h"

/* Notes the password in the user's history: on the disk when this returns.  0, or a code
 * with *t filled. */
int noted(struct change *c, const char *fresh, struct change_trouble *t);

#endif
