/*
 * policy_compare: whether what is in force is at least as strict as an account password
 * policy of IAM, field by field.
 *
 * In force are policies that all must hold, so a field holds when one of them, or two
 * together, make it hold for every password.  What cannot be shown by the rules alone does
 * not hold: 3 kinds with a special character are no proof of one of IAM's symbols.  Nor do
 * ages (ExpirePasswords, MaxPasswordAge, HardExpiry) that refuse nobody: they are in force
 * where the configuration says `age = enforce`.
 */
#ifndef PB_POLICY_COMPARE_H
#define PB_POLICY_COMPARE_H

#include "lib/core/conf.h"
#include "policy/password/iam_json.h"
#include "policy/password/policy.h"

struct policy_compared {
	int wanted;  /* what the policy says, or its default: a boolean as 0 and 1 */
	int in_force; /* the same of what is in force; 0 for none */
	bool given;  /* it says it itself */
	bool holds;
};

void policy_compare(const struct password_policies *rules, enum conf_age age,
    const struct iam_policy *wanted, struct policy_compared result[IAM_FIELDS]);

/* Whether all hold. */
bool policy_holds(const struct policy_compared result[IAM_FIELDS]);

#endif
