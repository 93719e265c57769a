/*
 * rules_in_force: the password policies of a host, out of its facts.
 */
#ifndef PB_AUDIT_RULES_IN_FORCE_H
#define PB_AUDIT_RULES_IN_FORCE_H

#include "policy/audit/facts.h"
#include "policy/password/iam_json.h"
#include "policy/password/policy.h"

/* The mirrored policy of IAM: 0; ERR_NONE: there is no file; ERR_SYNTAX, ERR_BAD; ERR_UNAVAIL:
 * the facts do not tell it. */
int rules_mirror(struct facts *f, struct iam_policy *p, struct iam_mirror *m, struct err *e);

/* Those that `password_policy` names.  0, or as password_policies_load(); ERR_UNAVAIL: the
 * facts do not tell a file of theirs. */
int rules_in_force(struct facts *f, struct password_policies *p, struct err *e);

#endif
