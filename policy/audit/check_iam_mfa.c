#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/iam_facts.h"
#include "policy/audit/words.h"

#include <string.h>

/* ---- MFA-01, MFA-02: root ---- */

/* AccountPasswordPresent is missing in some answers: then root may have one. */
static bool root_has_nothing(const char *summary)
{
	return words_number(summary, "password") == 0 && words_number(summary, "keys") == 0;
}

static void check_root(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = facts_get(f, "iam", "summary");

	(void)rules;
	if (result_untold(r, x, "iam", "summary"))
		return;
	if (words_number(x->text, "mfa") == 1)
		result_note(r, AUDIT_PASS, N_("AccountMFAEnabled = 1"));
	else if (words_number(x->text, "mfa") != 0)
		result_note(r, AUDIT_ERROR, N_("GetAccountSummary does not tell AccountMFAEnabled"));
	else if (root_has_nothing(x->text))
		result_note(r, AUDIT_PASS, N_("root has neither a password nor keys"));
	else
		result_note(r, AUDIT_FAIL, N_("AccountMFAEnabled = 0: root logs in without a second factor"));
}

static void check_root_hardware(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *summary = facts_get(f, "iam", "summary"), *x;

	(void)rules;
	if (result_untold(r, summary, "iam", "summary"))
		return;
	x = facts_get(f, "iam", "root-mfa");
	if (words_number(summary->text, "mfa") != 1)
		result_note(r, AUDIT_SKIP, N_("root has no device: MFA-01 judges that"));
	else if (!result_untold(r, x, "iam", "root-mfa") && x->is == FACT_NONE)
		result_note(r, AUDIT_PASS, N_("root's device is not a virtual one"));
	else if (x->is == FACT_TEXT)
		result_note(r, AUDIT_WARN, N_("%s: root's device is a virtual one"), x->text);
}

/* ---- MFA-03 ---- */

/* 1: may log in, 0: may not or it is not known. */
static int judge_user(struct facts *f, struct result *r, const char *user)
{
	char by[IAM_FACTS_WORD];

	if (!iam_facts_told(f, r, "iam-login", user) ||
	    facts_get(f, "iam-login", user)->is == FACT_NONE || !iam_facts_told(f, r, "iam-mfa", user))
		return 0;
	if (words_number(facts_string(f, "iam-mfa", user), "count") > 0)
		return 1;
	iam_facts_word(facts_get(f, "iam-mfa", user), "by", by);
	result_note(r, AUDIT_FAIL, N_("%s: has a console password and no MFA device (%s)"), user, by);
	return 1;
}

static void check_users(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	size_t users = 0, console = 0;

	(void)rules;
	if (!iam_facts_users(f, r))
		return;
	while ((x = facts_next(f, "iam-user", "", x)) != NULL) {
		users++;
		console += (size_t)judge_user(f, r, x->name);
	}
	if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_PASS, N_("%zu users, %zu of them with a console password: each has an "
		    "MFA device"), users, console);
}

static const struct audit_check checks[] = {
    {.id = "MFA-01", .severity = AUDIT_CRITICAL, .scope = AUDIT_ACCOUNT,
        .title = "Root user has MFA", .title_ko = "루트 계정 MFA 설정", .guide = "1",
        .isms_p = "2.5.3 2.5.5 2.10.2", .cis = "1.5 2.5", .prowler = "iam_root_mfa_enabled",
        .rule = N_("root has an MFA device, or neither a password nor keys"),
        .fix = N_("as root in the console: Security credentials, Assign MFA device"), .run = check_root},
    {.id = "MFA-02", .severity = AUDIT_MEDIUM, .scope = AUDIT_ACCOUNT,
        .title = "Root's MFA is hardware or a passkey", .title_ko = "루트 하드웨어 MFA", .guide = "1",
        .cis = "1.6 2.6", .prowler = "iam_root_hardware_mfa_enabled",
        .rule = N_("root's device is a security key, a passkey or a hardware token; WARN a virtual one"),
        .fix = N_("as root in the console: Security credentials, Assign MFA device"),
        .run = check_root_hardware},
    {.id = "MFA-03", .severity = AUDIT_HIGH, .scope = AUDIT_ACCOUNT,
        .title = "Console users have MFA", .title_ko = "콘솔 사용자 MFA", .guide = "1",
        .isms_p = "2.5.3 2.10.2", .cis = "1.10 2.10", .prowler = "iam_user_mfa_enabled_console_access",
        .rule = N_("each IAM user with a console password has an MFA device"),
        .fix = N_("bastionctl mfa assign USER; bastionctl fix MFA-03 --user USER denies all else until then"),
        .rollback = N_("the user or an administrator deactivates the device; bastionctl rollback"),
        .run = check_users},
};

const struct audit_group audit_iam_mfa = {checks, sizeof(checks) / sizeof(checks[0])};
