#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/iam_facts.h"
#include "policy/audit/words.h"
#include "policy/password/iam_json.h"

#include <string.h>

#define QUARTER INT64_C(7776000) /* 90 days */
#define AGE_MOST 90
#define REUSE_LEAST 24

/* The policy of the account; false, and noted: it cannot be told.  One that is not there has
 * custom false. */
static bool read_policy(struct facts *f, struct result *r, struct iam_policy *p)
{
	const struct fact *x = facts_get(f, "iam", "policy");
	struct err e = {0};

	*p = (struct iam_policy){.custom = false};
	if (result_untold(r, x, "iam", "policy"))
		return false;
	if (x->is == FACT_NONE || iam_json_parse(p, "iam policy", x->text, strlen(x->text), &e) == 0)
		return true;
	result_note(r, AUDIT_ERROR, N_("the account password policy: %s"), e.text);
	return false;
}

static void check_custom(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy p;

	(void)rules;
	if (read_policy(f, r, &p))
		result_note(r, p.custom ? AUDIT_PASS : AUDIT_FAIL, p.custom ?
		    N_("the account has a password policy of its own") :
		    N_("the account has no password policy of its own (NoSuchEntity)"));
}

/* ---- PWD-02 ---- */

static void check_kinds(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy p;
	int kinds, length;
	bool good;

	(void)rules;
	if (!read_policy(f, r, &p))
		return;
	if (!p.custom) {
		result_note(r, AUDIT_FAIL, N_("IAM's default takes 8 characters with upper and lower case and "
		    "digits, which are two kinds"));
		return;
	}
	length = p.value[IAM_MINIMUM_PASSWORD_LENGTH];
	kinds = (p.value[IAM_REQUIRE_UPPERCASE_CHARACTERS] != 0 ||
	    p.value[IAM_REQUIRE_LOWERCASE_CHARACTERS] != 0) + (p.value[IAM_REQUIRE_NUMBERS] != 0) +
	    (p.value[IAM_REQUIRE_SYMBOLS] != 0);
	good = (kinds == 3 && length >= 8) || (kinds >= 2 && length >= 10);
	result_note(r, good ? AUDIT_PASS : AUDIT_FAIL, N_("MinimumPasswordLength = %d, kinds required: %d"),
	    length, kinds);
}

/* ---- PWD-03, PWD-04 ---- */

static void check_expiry(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy p;
	int age;

	(void)rules;
	if (!read_policy(f, r, &p))
		return;
	age = p.custom ? p.value[IAM_MAX_PASSWORD_AGE] : 0;
	if (age == 0)
		result_note(r, AUDIT_FAIL, N_("MaxPasswordAge is not set: passwords never expire"));
	else
		result_note(r, age <= AGE_MOST ? AUDIT_PASS : AUDIT_FAIL, "MaxPasswordAge = %d", age);
}

static void check_reuse(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy p;
	int n;

	(void)rules;
	if (!read_policy(f, r, &p))
		return;
	n = p.custom ? p.value[IAM_PASSWORD_REUSE_PREVENTION] : 0;
	result_note(r, n >= REUSE_LEAST ? AUDIT_PASS : AUDIT_WARN, "PasswordReusePrevention = %d", n);
}

/* ---- PWD-05 ---- */

/* Younger than the report: what it says of this name is of somebody else. */
static bool is_younger(struct facts *f, const char *user)
{
	const int64_t at = words_number(facts_string(f, "iam", "report"), "generated");

	return words_number(facts_string(f, "iam-user", user), "created") >= at;
}

/* Who has changed it since the report, or has no password any more, is not named: the
 * report may be four hours old, and login says what is now. */
static void judge_user(struct facts *f, struct result *r, const char *user, int64_t now)
{
	const struct fact *row = facts_get(f, "iam-report", user), *login = facts_get(f, "iam-login", user);
	const int64_t changed = words_number(row->text, "changed");
	char age[IAM_FACTS_AGE], old[IAM_FACTS_AGE];

	if (is_younger(f, user) || login->is == FACT_NONE ||
	    (row->is == FACT_TEXT && !words_is(row->text, "password", "true")))
		return;
	if (row->is != FACT_TEXT) {
		if (!result_untold(r, login, "iam-login", user))
			result_note(r, AUDIT_ERROR, N_("%s: the report has no line of this user"), user);
		return;
	}
	if (changed < 0) {
		result_note(r, AUDIT_ERROR, N_("%s: the report does not say when the password was changed"),
		    user);
		return;
	}
	if (now - changed <= QUARTER)
		return;
	iam_facts_age(now - changed, age);
	iam_facts_report(f, now, old);
	if (!result_untold(r, login, "iam-login", user))
		result_note(r, AUDIT_FAIL, N_("%s: password changed %s ago, more than 90 days (report of %s "
		    "ago; the password is confirmed live)"), user, age, old);
}

static void check_ages(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	size_t n = 0;

	if (!iam_facts_users(f, r) || !iam_facts_told(f, r, "iam", "report"))
		return;
	for (; (x = facts_next(f, "iam-user", "", x)) != NULL; n++)
		judge_user(f, r, x->name, rules->now);
	if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_PASS, N_("%zu users: no password is older than 90 days"), n);
}

#define WORDS .scope = AUDIT_ACCOUNT, .guide = "4"

static const struct audit_check checks[] = {
    {.id = "PWD-01", .severity = AUDIT_MEDIUM, WORDS, .title = "The account has a password policy",
        .title_ko = "사용자 지정 정책", .isms_p = "2.5.4 2.10.2",
        .rule = N_("the account has a password policy of its own"), .fix = "bastionctl fix PWD-01",
        .rollback = "bastionctl rollback", .run = check_custom},
    {.id = "PWD-02", .severity = AUDIT_MEDIUM, WORDS, .title = "Passwords of IAM are strong",
        .title_ko = "복잡도", .isms_p = "2.5.4 2.10.2", .cis = "1.8 2.8",
        .prowler = "iam_password_policy_minimum_length_14 iam_password_policy_number "
        "iam_password_policy_symbol iam_password_policy_uppercase iam_password_policy_lowercase",
        .rule = N_("three kinds (letters, digits, symbols) and 8 characters, or two and 10"),
        .fix = "bastionctl fix PWD-02", .rollback = "bastionctl rollback", .run = check_kinds},
    {.id = "PWD-03", .severity = AUDIT_MEDIUM, WORDS, .title = "Passwords of IAM change each quarter",
        .title_ko = "분기 변경", .isms_p = "2.5.4 2.10.2",
        .prowler = "iam_password_policy_expires_passwords_within_90_days_or_less",
        .rule = N_("MaxPasswordAge is 1 to 90"), .fix = "bastionctl fix PWD-03",
        .rollback = "bastionctl rollback", .run = check_expiry},
    {.id = "PWD-04", .severity = AUDIT_LOW, WORDS, .title = "Passwords of IAM are not used again",
        .title_ko = "재사용 금지", .isms_p = "2.5.4 2.10.2", .cis = "1.9 2.9",
        .prowler = "iam_password_policy_reuse_24", .rule = N_("PasswordReusePrevention is 24"),
        .fix = "bastionctl fix PWD-04", .rollback = "bastionctl rollback", .run = check_reuse},
    {.id = "PWD-05", .severity = AUDIT_MEDIUM, WORDS, .title = "Each IAM user's password is young",
        .title_ko = "사용자별 변경일", .isms_p = "2.5.4",
        .rule = N_("no console password was changed more than 90 days ago"),
        .fix = N_("the user has to change it; MaxPasswordAge makes everybody"), .run = check_ages},
};

const struct audit_group audit_iam_password = {checks, sizeof(checks) / sizeof(checks[0])};
