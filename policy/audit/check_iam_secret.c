#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/iam_facts.h"
#include "policy/audit/words.h"

#include <string.h>

#define STUCK INT64_C(3600) /* seconds */

/* Each secret that was named goes to judge(); none at all is said. */
static void each_secret(struct facts *f, struct result *r, const struct audit_rules *rules,
    void (*judge)(struct result *r, const struct audit_rules *rules, const struct fact *x))
{
	const struct fact *all = facts_get(f, "iam-secrets", "all"), *x = NULL;
	size_t n = 0;

	if (result_untold(r, all, "iam-secrets", "all"))
		return;
	if (all->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("no secret was named: --secrets"));
		return;
	}
	for (; (x = facts_next(f, "iam-secret", "", x)) != NULL; n++)
		if (!result_untold(r, x, "iam-secret", x->name))
			judge(r, rules, x);
	if (n == 0)
		result_note(r, AUDIT_ERROR, N_("none of the secrets that were named was looked at"));
}

/* ---- KEY-06 ---- */

static void judge_match(struct result *r, const struct audit_rules *rules, const struct fact *x)
{
	char user[IAM_FACTS_WORD], key[IAM_FACTS_WORD], status[IAM_FACTS_WORD], works[IAM_FACTS_WORD];

	(void)rules;
	iam_facts_word(x, "user", user);
	iam_facts_word(x, "key", key);
	iam_facts_word(x, "status", status);
	iam_facts_word(x, "works", works);
	if (strcmp(status, "Active") != 0)
		result_note(r, AUDIT_FAIL, N_("%s: names key %s of user %s, which is %s in IAM"), x->name, key,
		    user, status);
	else if (strcmp(works, "no-trial") == 0)
		result_note(r, AUDIT_ERROR, N_("%s: whether key %s works could not be tried"), x->name, key);
	else if (strcmp(works, "yes") != 0)
		result_note(r, AUDIT_FAIL, N_("%s: key %s of user %s does not work: %s"), x->name, key, user,
		    works);
	else
		result_note(r, AUDIT_PASS, N_("%s: key %s of user %s is active and works"), x->name, key, user);
}

static void check_match(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	each_secret(f, r, rules, judge_match);
}

/* ---- KEY-07 ---- */

static void judge_stuck(struct result *r, const struct audit_rules *rules, const struct fact *x)
{
	char current[IAM_FACTS_WORD], pending[IAM_FACTS_WORD], age[IAM_FACTS_AGE];
	const int64_t changed = words_number(x->text, "changed");

	iam_facts_word(x, "current", current);
	iam_facts_word(x, "pending", pending);
	iam_facts_age(rules->now - changed, age);
	if (strcmp(pending, "-") == 0 || strcmp(pending, current) == 0)
		result_note(r, AUDIT_PASS, N_("%s: AWSPENDING is nowhere, or on the current version"), x->name);
	else if (changed < 0)
		result_note(r, AUDIT_ERROR, N_("%s: does not say when it was changed"), x->name);
	else if (rules->now - changed > STUCK)
		result_note(r, AUDIT_FAIL, N_("%s: AWSPENDING waits on another version than AWSCURRENT for %s"),
		    x->name, age);
	else
		result_note(r, AUDIT_INFO, N_("%s: a rotation is under way, for %s"), x->name, age);
}

static void check_stuck(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	char age[IAM_FACTS_AGE];

	each_secret(f, r, rules, judge_stuck);
	while ((x = facts_next(f, "rotation", "", x)) != NULL) {
		iam_facts_age(rules->now - words_number(x->text, "changed"), age);
		result_note(r, AUDIT_INFO, N_("%s: a rotation is under way here, its journal last written %s "
		    "ago"), x->name, age);
	}
}

/* ---- KEY-08 ---- */

/* By the age of the key: a rotation may be noted that left the old one in place. */
static void judge_recent(struct result *r, const struct audit_rules *rules, const struct fact *x)
{
	const int64_t at = words_number(x->text, "created"), most = audit_key_max_age(rules);
	char age[IAM_FACTS_AGE];

	iam_facts_age(rules->now - at, age);
	if (at < 0)
		result_note(r, AUDIT_ERROR, N_("%s: when its key was made is not known"), x->name);
	else if (rules->now - at > most)
		result_note(r, AUDIT_WARN, N_("%s: its key was made %s ago, more than %d days"), x->name, age,
		    (int)(most / 86400));
	else if (!words_is(x->text, "enabled", "yes"))
		result_note(r, AUDIT_INFO, N_("%s: its key was made %s ago; Secrets Manager does not rotate it"),
		    x->name, age);
	else
		result_note(r, AUDIT_PASS, N_("%s: its key was made %s ago"), x->name, age);
}

static void check_recent(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	each_secret(f, r, rules, judge_recent);
}

#define SECRETS .scope = AUDIT_ACCOUNT, .guide = "3"

static const struct audit_check checks[] = {
    {.id = "KEY-06", .severity = AUDIT_HIGH, SECRETS, .title = "Secrets match IAM",
        .title_ko = "시크릿-IAM 일치", .isms_p = "2.7.2",
        .rule = N_("AWSCURRENT of each secret that is named holds an active key of its user, and "
        "GetCallerIdentity with it answers that user"), .fix = "bastionctl rotate repair",
        .run = check_match},
    {.id = "KEY-07", .severity = AUDIT_MEDIUM, SECRETS, .title = "No rotation is stuck",
        .title_ko = "교체 중단", .isms_p = "2.7.2",
        .rule = N_("AWSPENDING is not on another version than AWSCURRENT for more than an hour"),
        .fix = "bastionctl rotate resume", .rollback = "bastionctl rotate rollback",
        .run = check_stuck},
    {.id = "KEY-08", .severity = AUDIT_LOW, SECRETS, .title = "Secrets were rotated lately",
        .title_ko = "자동 교체", .isms_p = "2.7.2",
        .prowler = "secretsmanager_secret_rotated_periodically",
        .rule = N_("the key in each secret that is named is not older than key_max_age (90 days)"),
        .fix = "bastionctl rotate run --secret ARN", .run = check_recent},
};

const struct audit_group audit_iam_secret = {checks, sizeof(checks) / sizeof(checks[0])};
