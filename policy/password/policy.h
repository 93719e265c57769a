/*
 * policy: what a password must be, as plain numbers: one policy, and several that must
 * all hold.
 *
 * A policy comes from a name, from the mirrored account password policy of IAM or from a
 * file (profile.h), is judged by check.h and put into words by text.h.  Constant after it
 * is read.  Nothing here owns memory.
 */
#ifndef PB_PASSWORD_POLICY_H
#define PB_PASSWORD_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_POLICIES 8 /* as many as CONF_POLICIES */
#define PASSWORD_NAME_MAX 512
#define PASSWORD_ALTERNATIVES 3
/* The longest password that is taken by any policy, in bytes: libpam's PAM_MAX_RESP_SIZE
 * (512) less its terminator.  What is longer is refused by its length, and not looked at. */
#define PASSWORD_LONGEST 511
#define PASSWORD_MOST_CHANGED 16 /* min_changed */
#define PASSWORD_MOST_AGE 1095   /* max_age: IAM's own range */
#define PASSWORD_MOST_REUSE 24   /* reuse: the same */

/* Which a password has at least one of.  The first four are the classes of an IAM account
 * password policy: ASCII only, and as symbols exactly the 20 ! @ # $ % ^ & * ( ) _ + - = [
 * ] { } | '.  The last three are the kinds of the KISA guide: a letter of any case, a
 * digit, and a special, which is everything printable beside these (kinds.h). */
enum password_class {
	PASSWORD_UPPER = 1,
	PASSWORD_LOWER = 2,
	PASSWORD_DIGIT = 4,
	PASSWORD_SYMBOL = 8,
	PASSWORD_LETTER = 16,
	PASSWORD_NUMBER = 32, /* the kind; the same as PASSWORD_DIGIT in ASCII */
	PASSWORD_SPECIAL = 64
};

/* Everything that a policy says.  Up to PASSWORD_RULE_CHANGED a password can break it; the
 * rest is about time, and for history and age to judge. */
enum password_rule {
	PASSWORD_RULE_NUL,        /* a NUL byte: it would end there.  In every policy */
	PASSWORD_RULE_MIN_LENGTH,
	PASSWORD_RULE_MAX_LENGTH, /* also of a policy that has no maximum: PASSWORD_LONGEST */
	PASSWORD_RULE_UPPER,
	PASSWORD_RULE_LOWER,
	PASSWORD_RULE_DIGIT,
	PASSWORD_RULE_SYMBOL,
	PASSWORD_RULE_LETTER,
	PASSWORD_RULE_SPECIAL,
	PASSWORD_RULE_CLASSES,
	PASSWORD_RULE_KINDS,      /* none of the alternatives */
	PASSWORD_RULE_USER,
	PASSWORD_RULE_GECOS,
	PASSWORD_RULE_CHANGED,
	PASSWORD_RULE_MAX_AGE,
	PASSWORD_RULE_HARD_EXPIRY,
	PASSWORD_RULE_REUSE,
	PASSWORD_RULE_ALLOW_CHANGE,
	PASSWORD_RULES
};

enum password_user {
	PASSWORD_USER_ANY,
	PASSWORD_USER_NOT_SAME,  /* the password is not the user name */
	PASSWORD_USER_NOT_INSIDE /* nor has it in it, read either way */
};

/* Where a rule comes from: a document, or a line of the policy's file. */
struct password_origin {
	const char *document; /* static; NULL: none */
	int line;             /* of the file that gave the policy its name; 0: none */
};

struct password_policy {
	char name[PASSWORD_NAME_MAX]; /* as `password_policy` has it */
	int min_length;         /* 0: none */
	int max_length;         /* 0: none beside PASSWORD_LONGEST */
	unsigned required;      /* of enum password_class */
	int classes;            /* so many of the four of IAM; 0: none */
	int alternatives;       /* 0: none; else one of them must hold */
	struct password_alternative {
		int kinds;      /* 1 to 3 of letters, digits, specials */
		int length;
	} alternative[PASSWORD_ALTERNATIVES];
	enum password_user not_user;
	int min_changed;        /* characters beside the old password; 0: none */
	int max_age;            /* days; 0: never expires */
	int reuse;              /* the last 0 to 24 passwords are refused */
	bool bytes;             /* lengths count bytes; false: characters (code points) */
	bool not_gecos;         /* no word of pw_gecos in it, of whichever field */
	bool hard_expiry;       /* after max_age only an administrator may set a new one */
	bool allow_change;      /* whether people may change their own */
	struct password_origin origin[PASSWORD_RULES];
};

/* All of them must hold.  count 0, as zeroed memory has, accepts no password. */
struct password_policies {
	int count;
	struct password_policy policy[PASSWORD_POLICIES];
};

/* The rules in force of several policies together, where one number is needed. */
int password_max_age(const struct password_policies *p);  /* the shortest; 0: never */
/* The shortest of those that have hard_expiry; 0: none.  At password_max_age() days a new
 * password is needed, at these an administrator. */
int password_hard_age(const struct password_policies *p);
bool password_hard_expiry(const struct password_policies *p); /* whether there is one */
int password_reuse(const struct password_policies *p);    /* the largest; 0: off */
bool password_allow_change(const struct password_policies *p); /* whether all allow it */

/* The shortest that a password of p can be, in what p counts. */
int password_least_length(const struct password_policy *p);

/* Whether no password is as long as the one asks for and as short as the other: where they
 * count bytes and characters, of which each has 1 to 4, only what is sure. */
bool password_lengths_clash(const struct password_policy *least,
    const struct password_policy *most);

/* Whether a policy says anything by this rule. */
bool password_has_rule(const struct password_policy *p, enum password_rule rule);

/* A stable word for --json, logs and policy files: "min_length", ... */
const char *password_rule_name(enum password_rule rule);

#endif
