/*
 * iam_policy: the account password policy as IAM has it now, got and put.
 *
 * Strict as iam_json.h: an answer with a field that is unknown, out of range or given twice
 * is an error, never a weaker policy.
 */
#ifndef PB_IAM_POLICY_H
#define PB_IAM_POLICY_H

#include "policy/buffer.h"
#include "policy/iam/account.h"
#include "policy/password/iam_json.h"

/* GetAccountPasswordPolicy.  0, with p->custom false where IAM answers NoSuchEntity; as
 * account_call(), or ERR_BAD: an answer that is none. */
int iam_policy_get(struct aws *a, struct iam_policy *p, struct err *e);

/* The same out of what is inside GetAccountPasswordPolicyResult.  0 or ERR_BAD. */
int iam_policy_read(struct iam_policy *p, const struct xml_node *result, struct err *e);

/* UpdateAccountPasswordPolicy with all nine fields of p (those that IAM does not take as 0
 * are left out), or DeleteAccountPasswordPolicy where p is not custom.  *taken: IAM has it, or
 * may have it: the answer was lost. */
int iam_policy_put(struct aws *a, const struct iam_policy *p, bool *taken, struct err *e);

/* As `aws iam get-account-password-policy` prints it; "null" as the policy where there is
 * none. */
void iam_policy_print(const struct iam_policy *p, struct buffer *out);

#endif
