#include "policy/password/policy.h"

int password_max_age(const struct password_policies *p)
{
	int age = 0;

	for (int i = 0; i < p->count; i++) {
		const int days = p->policy[i].max_age;

		if (days != 0 && (age == 0 || days < age))
			age = days;
	}
	return age;
}

int password_hard_age(const struct password_policies *p)
{
	int age = 0;

	for (int i = 0; i < p->count; i++) {
		const int days = p->policy[i].hard_expiry ? p->policy[i].max_age : 0;

		if (days != 0 && (age == 0 || days < age))
			age = days;
	}
	return age;
}

bool password_hard_expiry(const struct password_policies *p)
{
	return password_hard_age(p) != 0;
}

int password_reuse(const struct password_policies *p)
{
	int reuse = 0;

	for (int i = 0; i < p->count; i++)
		if (p->policy[i].reuse > reuse)
			reuse = p->policy[i].reuse;
	return reuse;
}

bool password_allow_change(const struct password_policies *p)
{
	for (int i = 0; i < p->count; i++)
		if (!p->policy[i].allow_change)
			return false;
	return p->count > 0;
}

int password_least_length(const struct password_policy *p)
{
	int least = 0;

	for (int i = 0; i < p->alternatives; i++)
		if (i == 0 || p->alternative[i].length < least)
			least = p->alternative[i].length;
	return p->min_length > least ? p->min_length : least;
}

/* So many characters have as many bytes at least; so many bytes are a quarter of that in
 * characters at least. */
bool password_lengths_clash(const struct password_policy *least,
    const struct password_policy *most)
{
	int length = password_least_length(least);

	if (least->bytes && !most->bytes)
		length = (length + 3) / 4;
	return most->max_length > 0 && length > most->max_length;
}

bool password_has_rule(const struct password_policy *p, enum password_rule rule)
{
	switch (rule) {
	case PASSWORD_RULE_NUL:
	case PASSWORD_RULE_MAX_LENGTH:
	case PASSWORD_RULE_ALLOW_CHANGE:
		return true;
	case PASSWORD_RULE_MIN_LENGTH:
		return p->min_length > 0;
	case PASSWORD_RULE_UPPER:
		return (p->required & PASSWORD_UPPER) != 0;
	case PASSWORD_RULE_LOWER:
		return (p->required & PASSWORD_LOWER) != 0;
	case PASSWORD_RULE_DIGIT:
		return (p->required & (PASSWORD_DIGIT | PASSWORD_NUMBER)) != 0;
	case PASSWORD_RULE_SYMBOL:
		return (p->required & PASSWORD_SYMBOL) != 0;
	case PASSWORD_RULE_LETTER:
		return (p->required & PASSWORD_LETTER) != 0;
	case PASSWORD_RULE_SPECIAL:
		return (p->required & PASSWORD_SPECIAL) != 0;
	case PASSWORD_RULE_CLASSES:
		return p->classes > 0;
	case PASSWORD_RULE_KINDS:
		return p->alternatives > 0;
	case PASSWORD_RULE_USER:
		return p->not_user != PASSWORD_USER_ANY;
	case PASSWORD_RULE_GECOS:
		return p->not_gecos;
	case PASSWORD_RULE_CHANGED:
		return p->min_changed > 0;
	case PASSWORD_RULE_MAX_AGE:
		return p->max_age > 0;
	case PASSWORD_RULE_HARD_EXPIRY:
		return p->hard_expiry;
	case PASSWORD_RULE_REUSE:
		return p->reuse > 0;
	case PASSWORD_RULES:
		break;
	}
	return false;
}

const char *password_rule_name(enum password_rule rule)
{
	static const char *const names[PASSWORD_RULES] = {"nul", "min_length", "max_length",
	    "upper", "lower", "digit", "symbol", "letter", "special", "classes", "kinds",
	    "not_user", "not_gecos", "min_changed", "max_age", "hard_expiry", "reuse",
	    "allow_change"};

	return (unsigned)rule < PASSWORD_RULES ? names[rule] : "unknown";
}
