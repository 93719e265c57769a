/*
 * rules_file: a password policy of one's own, as a file that `password_policy` names.
 *
 *     # comment
 *     min_length = 12
 *     require = letter, digit
 *
 * Strict, as pam_bastion.conf is: an unknown key, a bad value, a key given twice, rules
 * that contradict each other or a last line without a newline, which may have lost its
 * end, are errors with file, line and reason.  A file says at least
 * how long a password must be (min_length or kinds): zero rules would take the empty one.
 *
 *   min_length = 1..255          max_length = 8..511        count = characters | bytes
 *   require = upper, lower, digit, symbol, letter, special
 *   classes = 1..4               kinds = 2:10, 3:8 (KINDS:LENGTH, one of them must hold)
 *   not_user = no | same | inside    not_gecos = yes | no   min_changed = 0..16
 *   max_age = 0, or 1d..1095d    hard_expiry = yes | no     reuse = 0..24
 *   allow_change = yes | no
 */
#ifndef PB_PASSWORD_RULES_FILE_H
#define PB_PASSWORD_RULES_FILE_H

#include "lib/core/err.h"
#include "policy/password/policy.h"

#include <stddef.h>

#define RULES_FILE_MAX 8192

/* Reads the text of the file path (shorter than PASSWORD_NAME_MAX), which names the policy.
 * 0, or ERR_SYNTAX with "FILE:LINE: reason"; then p has no rules, and is not to be used. */
int rules_file_parse(struct password_policy *p, const char *path, const char *text,
    size_t len, struct err *e);

#endif
