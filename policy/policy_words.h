/*
 * policy_words: a rule of a password policy, as a machine and as a person reads it.
 */
#ifndef PB_POLICY_WORDS_H
#define PB_POLICY_WORDS_H

#include "policy/password/policy.h"

#define POLICY_WORDS_MAX 256

/* As a policy file has it (rules_file.h): "12", "yes", "2:10, 3:8". */
void policy_value(const struct password_policy *p, enum password_rule rule,
    char text[POLICY_WORDS_MAX]);

/* In the user's language. */
void policy_words(const struct password_policy *p, enum password_rule rule,
    char text[POLICY_WORDS_MAX]);

/* Where it comes from: the document, or FILE:LINE; "" where nothing is known. */
void policy_source(const struct password_policy *p, enum password_rule rule, char *text,
    size_t size);

#endif
