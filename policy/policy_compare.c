#include "policy/policy_compare.h"

/* What every password that p accepts has in characters. */
static int least_length(const struct password_policy *p)
{
	const int least = password_least_length(p);

	return p->bytes ? (least + 3) / 4 : least; /* a character has up to 4 bytes */
}

static int length_in_force(const struct password_policies *p)
{
	int least = 0;

	for (int i = 0; i < p->count; i++)
		if (least_length(&p->policy[i]) > least)
			least = least_length(&p->policy[i]);
	return least;
}

static bool requires(const struct password_policies *p, unsigned class)
{
	for (int i = 0; i < p->count; i++)
		if ((p->policy[i].required & class) != 0 || p->policy[i].classes == 4)
			return true;
	return false;
}

static int in_force(const struct password_policies *p, enum iam_field field)
{
	switch (field) {
	case IAM_MINIMUM_PASSWORD_LENGTH:
		return length_in_force(p);
	case IAM_REQUIRE_SYMBOLS:
		return requires(p, PASSWORD_SYMBOL);
	case IAM_REQUIRE_NUMBERS:
		return requires(p, PASSWORD_DIGIT);
	case IAM_REQUIRE_UPPERCASE_CHARACTERS:
		return requires(p, PASSWORD_UPPER);
	case IAM_REQUIRE_LOWERCASE_CHARACTERS:
		return requires(p, PASSWORD_LOWER);
	case IAM_ALLOW_USERS_TO_CHANGE_PASSWORD:
		return password_allow_change(p);
	case IAM_EXPIRE_PASSWORDS:
		return password_max_age(p) != 0;
	case IAM_MAX_PASSWORD_AGE:
		return password_max_age(p);
	case IAM_PASSWORD_REUSE_PREVENTION:
		return password_reuse(p);
	case IAM_HARD_EXPIRY:
		return password_hard_expiry(p);
	case IAM_FIELDS:
		break;
	}
	return 0;
}

/* Whether a password that is refused by its age alone needs an administrator no later. */
static bool is_hard_enough(const struct password_policies *p, const struct iam_policy *wanted)
{
	const int age = wanted->value[IAM_MAX_PASSWORD_AGE], hard = password_hard_age(p);

	return wanted->value[IAM_HARD_EXPIRY] == 0 || age == 0 || (hard != 0 && hard <= age);
}

static bool holds(const struct password_policies *p, const struct iam_policy *wanted,
    enum iam_field field)
{
	const int has = in_force(p, field), want = wanted->value[field];

	switch (field) {
	case IAM_MAX_PASSWORD_AGE:
		return want == 0 || (has != 0 && has <= want);
	case IAM_HARD_EXPIRY:
		return is_hard_enough(p, wanted);
	case IAM_ALLOW_USERS_TO_CHANGE_PASSWORD:
		return has <= want; /* here less is stricter */
	default:
		return has >= want;
	}
}

/* Ages that refuse nobody hold nothing. */
static void forget_ages(struct password_policies *p)
{
	for (int i = 0; i < p->count; i++) {
		p->policy[i].max_age = 0;
		p->policy[i].hard_expiry = false;
	}
}

void policy_compare(const struct password_policies *rules, enum conf_age age,
    const struct iam_policy *wanted, struct policy_compared result[IAM_FIELDS])
{
	struct password_policies copy = *rules;
	const struct password_policies *p = &copy;

	if (age != CONF_AGE_ENFORCE)
		forget_ages(&copy);
	for (int i = 0; i < IAM_FIELDS; i++) {
		const enum iam_field field = (enum iam_field)i;

		result[i] = (struct policy_compared){.wanted = wanted->value[i],
		    .given = (wanted->given & 1U << i) != 0, .in_force = in_force(p, field),
		    .holds = p->count > 0 && holds(p, wanted, field)};
	}
}

bool policy_holds(const struct policy_compared result[IAM_FIELDS])
{
	for (int i = 0; i < IAM_FIELDS; i++)
		if (!result[i].holds)
			return false;
	return true;
}
