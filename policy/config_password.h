/*
 * config_password: the part of config_pamd that judges the password lines of a service:
 * whether what is set is what the module has judged.
 */
#ifndef PB_CONFIG_PASSWORD_H
#define PB_CONFIG_PASSWORD_H

#include "policy/config_check.h"

/* One line by itself: whether a refusal ends the stack. */
void config_password_line(struct config_findings *f, const struct pamd_line *l);

/* The policies of a password or account line of ours, c as it reads its words: whether they
 * can be read, and what the tools, which go by the configuration file (or NULL) alone, do
 * not see. */
void config_password_rules(struct config_findings *f, const struct pamd_line *l,
    const struct conf *c, const struct conf *file);

/* The password lines of a service; w is of pamd_stack_walk(). */
void config_password(struct config_findings *f, const struct pamd_stack *s,
    const struct pamd_ways *w);

/* Whether one of them is ours; and where there is none, the first that sets a password, or
 * NULL. */
bool config_password_judges(const struct pamd_stack *s);
const struct pamd_entry *config_password_unjudged(const struct pamd_stack *s);

#endif
