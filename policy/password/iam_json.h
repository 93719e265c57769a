/*
 * iam_json: the account password policy of IAM, as `aws iam get-account-password-policy`
 * prints it, and as `policy_file` keeps it.
 *
 *     {"PasswordPolicy": {"MinimumPasswordLength": 12, "RequireSymbols": true, ...}}
 *
 * Strict: any subset of the ten keys in any order, each with its own type and range
 * (API_UpdateAccountPasswordPolicy); anything else is an error with line, column (in
 * bytes) and reason: an unknown key or one given twice, a string for a number, a fraction,
 * ExpirePasswords that denies what MaxPasswordAge says, bytes behind the end.
 *
 * What is absent has the value that IAM gives it when UpdateAccountPasswordPolicy leaves
 * it out: no class is required, people may not change their own, nothing expires, and the
 * length is 6, the least that a policy of an account can have.  It is not the 8 of accounts
 * without a policy: to such an account IAM answers NoSuchEntity, and never an empty policy.
 *
 * The file that is kept has a second object, "Mirror", with time, source and fingerprint,
 * and the policy null where the account has none.  A file that was put there by hand may
 * lack it.
 */
#ifndef PB_PASSWORD_IAM_JSON_H
#define PB_PASSWORD_IAM_JSON_H

#include "lib/core/err.h"
#include "policy/password/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IAM_JSON_MAX 8192       /* bytes that are read */
#define IAM_JSON_TEXT 1024      /* bytes for what iam_json_write() writes, at most */
#define IAM_MIRROR_SOURCE 128
#define IAM_MIRROR_SHA256 65    /* 64 hexadecimal digits */

enum iam_field {
	IAM_MINIMUM_PASSWORD_LENGTH,
	IAM_REQUIRE_SYMBOLS,
	IAM_REQUIRE_NUMBERS,
	IAM_REQUIRE_UPPERCASE_CHARACTERS,
	IAM_REQUIRE_LOWERCASE_CHARACTERS,
	IAM_ALLOW_USERS_TO_CHANGE_PASSWORD,
	IAM_EXPIRE_PASSWORDS, /* absent: whether MaxPasswordAge is there */
	IAM_MAX_PASSWORD_AGE,
	IAM_PASSWORD_REUSE_PREVENTION,
	IAM_HARD_EXPIRY,
	IAM_FIELDS
};

struct iam_policy {
	bool custom;            /* false: the account has no policy of its own */
	unsigned given;         /* 1 << enum iam_field */
	int value[IAM_FIELDS];  /* booleans 0 and 1; of what is absent IAM's default */
};

/* Where and when the policy was got. */
struct iam_mirror {
	bool known;    /* the file has it */
	int64_t time;  /* seconds since 1970 */
	char source[IAM_MIRROR_SOURCE];   /* printable ASCII without '"' and '\\' */
	char sha256[IAM_MIRROR_SHA256];   /* of the policy: iam_json_fingerprint() */
};

/* "MinimumPasswordLength", ...; whether it is a number. */
const char *iam_field_name(enum iam_field field);
bool iam_field_is_number(enum iam_field field);

/* Reads what aws prints; name stands before ":LINE:COLUMN: reason".  0 or ERR_SYNTAX; then
 * nothing is in *p to be used. */
int iam_json_parse(struct iam_policy *p, const char *name, const char *text, size_t len,
    struct err *e);

/* The same for a kept file: also with "Mirror", whose fingerprint must be that of the
 * policy (ERR_BAD). */
int iam_json_parse_kept(struct iam_policy *p, struct iam_mirror *m, const char *name,
    const char *text, size_t len, struct err *e);

/* Hexadecimal SHA-256 of the policy written without blanks, its given fields in the order
 * of enum iam_field: the same for the same policy however it was printed.  0 or ERR_SYSTEM. */
int iam_json_fingerprint(const struct iam_policy *p, char sha256[IAM_MIRROR_SHA256]);

/* Writes the file that is kept: m's time and source, and the fingerprint of p.  0 and *len,
 * or ERR_SYNTAX (the source), ERR_SYSTEM. */
int iam_json_write(const struct iam_policy *p, const struct iam_mirror *m,
    char text[IAM_JSON_TEXT], size_t *len, struct err *e);

/* What it asks for, each rule with its field. */
void iam_policy_rules(const struct iam_policy *p, struct password_policy *out);

#endif
