/*
 * profile: the policies that `password_policy` names (pam_bastion.conf(5)), each rule with
 * the document it comes from.
 *
 *   kisa             KISA guide: 2 kinds and 10 long or 3 kinds and 8 long; 90 days
 *   kisa-2020        PIPC guide of 2020-12: 8 long with 2 kinds, or 10 long
 *   iam-default      what IAM asks for in an account without a policy of its own
 *   cis-aws          CIS AWS Foundations Benchmark 5, 6, 7
 *   nist-800-63b-4   NIST SP 800-63B-4, as if the password were the only factor
 *   pci-4.0.1        PCI DSS 4.0.1, as if the password were the only factor
 *   iam              the account password policy of IAM that `policy_file` mirrors
 *   /absolute/path   a file of one's own (policy_file.h)
 */
#ifndef PB_PASSWORD_PROFILE_H
#define PB_PASSWORD_PROFILE_H

#include "lib/core/err.h"
#include "policy/password/iam_json.h"
#include "policy/password/policy.h"

/* Fills p with one of the first six.  0, or ERR_NONE: there is no such profile. */
int password_profile(const char *name, struct password_policy *p);

/* The name of the i-th of these, NULL behind the last. */
const char *password_profile_name(int i);

/* Reads the policies of a list with commas, as struct conf has it, from the files that it
 * names (root's, safefile.h): policy_file is read for `iam` only, and may be NULL without
 * it.  0; else p is empty, and so accepts no password, and e says why: ERR_SYNTAX (the
 * list, or a file), ERR_NONE (a file is not there), ERR_UNSAFE, ERR_DENIED, ERR_UNAVAIL,
 * ERR_BAD, ERR_REFUSED (no password can keep two of them). */
int password_policies_load(struct password_policies *p, const char *list,
    const char *policy_file, struct err *e);

/* The same with a mirrored policy that is in memory: what would be in force with it. */
int password_policies_load_with(struct password_policies *p, const char *list,
    const struct iam_policy *mirrored, struct err *e);

/* Whether a list has a name in it. */
bool password_list_names(const char *list, const char *name);

#endif
