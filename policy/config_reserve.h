/*
 * config_reserve: what `config check` says of the word `reserve` (pam_bastion(8),
 * PASSWORDS): a try is taken before each password is judged, a refused one ends the
 * stack, and what was right is given back.
 */
#ifndef PB_CONFIG_RESERVE_H
#define PB_CONFIG_RESERVE_H

#include "policy/config_check.h"
#include "policy/pamd_stack.h"

/* The control field of a `reserve` line by itself: each refusal ends the stack, so that no
 * password is judged that was not reserved, and its "ignore" does nothing. */
void config_reserve_line(struct config_findings *f, const struct pamd_line *l);

/* The auth and the account lines of a service, both walked. */
void config_reserve(struct config_findings *f, const char *service,
    const struct pamd_stack *auth, const struct pamd_stack *account);

#endif
