#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/meta.h"
#include "policy/audit/pam_lines.h"
#include "policy/audit/rules_in_force.h"
#include "policy/audit/words.h"
#include "policy/password/profile.h"
#include "policy/policy_compare.h"

#include <string.h>

#define MIRROR_OLD INT64_C(86400) /* seconds */
#define MIRROR_AHEAD 300
#define PWHISTORY_CONF "/etc/security/pwhistory.conf"
#define PWHISTORY_STANDARD 10

/* Both checks: false, and noted, where there is nothing to compare. */
static bool read_mirror(struct facts *f, struct result *r, struct iam_policy *p,
    struct iam_mirror *m)
{
	const char *file = facts_string(f, "conf", "policy_file");
	struct err e = {0};
	int code;

	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login"))
		return false;
	if ((code = rules_mirror(f, p, m, &e)) == 0)
		return true;
	if (code != ERR_NONE)
		result_note(r, AUDIT_ERROR, N_("the mirror of IAM's policy: %s"), e.text);
	else if (password_list_names(facts_string(f, "conf", "password_policy"), "iam"))
		result_note(r, AUDIT_FAIL, N_("%s: is not there, and `password_policy` names iam: no new "
		    "password is taken"), file);
	else
		result_note(r, AUDIT_SKIP, N_("%s: is not there: no policy of IAM is mirrored"), file);
	return false;
}

/* ---- PWD-07 ---- */

static void judge_age(struct facts *f, struct result *r, const struct iam_mirror *m, int64_t now)
{
	const char *file = facts_string(f, "conf", "policy_file");
	struct meta meta;
	int64_t at = m->time;

	if (!m->known)
		at = meta_read(facts_get(f, "meta", file), &meta) ? meta.mtime : 0;
	if (at <= 0)
		result_note(r, AUDIT_ERROR, N_("%s: does not say when it was got"), file);
	else if (at > now + MIRROR_AHEAD)
		result_note(r, AUDIT_WARN, N_("%s: got %lld s from now: a clock was wrong"), file,
		    (long long)(at - now));
	else if (now - at > MIRROR_OLD)
		result_note(r, AUDIT_WARN, N_("%s: got %lld hours ago, more than %d"), file,
		    (long long)((now - at) / 3600), (int)(MIRROR_OLD / 3600));
	else
		result_note(r, AUDIT_PASS, N_("%s: got %lld hours ago"), file,
		    (long long)((now - at) / 3600));
}

static void judge_fields(struct facts *f, struct result *r, const struct iam_policy *wanted)
{
	struct policy_compared result[IAM_FIELDS];
	struct password_policies in_force;
	const char *list = facts_string(f, "conf", "password_policy");
	struct err e = {0};
	const int code = rules_in_force(f, &in_force, &e);

	if (code != 0) {
		result_note(r, AUDIT_ERROR, N_("password_policy = %s: %s"), list, e.text);
		return;
	}
	/* Whether ages are enforced PWD-08 judges, which sees shadow's too. */
	policy_compare(&in_force, CONF_AGE_ENFORCE, wanted, result);
	for (int i = 0; i < IAM_FIELDS; i++)
		if (!result[i].holds)
			result_note(r, AUDIT_FAIL, N_("password_policy = %s: %s: IAM has %d, this host %d"), list,
			    iam_field_name((enum iam_field)i), result[i].wanted, result[i].in_force);
	if (policy_holds(result))
		result_note(r, AUDIT_PASS, N_("password_policy = %s: as strict as the mirror in every field"),
		    list);
}

/* An account without a policy of its own is held to the default, which classes tell and
 * no field: who names iam has it. */
static void judge_default(struct facts *f, struct result *r)
{
	const char *list = facts_string(f, "conf", "password_policy");

	if (password_list_names(list, "iam") || password_list_names(list, "iam-default"))
		result_note(r, AUDIT_PASS, N_("password_policy = %s: IAM has no policy of its own, and its "
		    "default is in force"), list);
	else
		result_note(r, AUDIT_WARN, N_("password_policy = %s: IAM has no policy of its own, and its "
		    "default is not named"), list);
}

/* Where the account was asked, what it has now is what counts, whatever the mirror says. */
static void take_live(struct facts *f, struct result *r, struct iam_policy *wanted)
{
	const struct fact *x = facts_get(f, "iam", "policy");
	char kept[IAM_MIRROR_SHA256], live[IAM_MIRROR_SHA256];
	struct iam_policy now = {.custom = false};
	struct err e = {0};

	if (x->is == FACT_UNKNOWN || (x->is == FACT_TROUBLE && result_untold(r, x, "iam", "policy")))
		return;
	if (x->is == FACT_TEXT && iam_json_parse(&now, "iam policy", x->text, strlen(x->text), &e) != 0)
		result_note(r, AUDIT_ERROR, N_("the account password policy: %s"), e.text);
	else if (iam_json_fingerprint(wanted, kept) != 0 || iam_json_fingerprint(&now, live) != 0)
		result_note(r, AUDIT_ERROR, N_("libcrypto failed"));
	else if (strcmp(kept, live) != 0)
		result_note(r, AUDIT_WARN, N_("IAM has another policy now than the mirror: `bastionctl policy "
		    "pull`"));
	else
		result_note(r, AUDIT_PASS, N_("the mirror is what IAM has now"));
	if (r->status != AUDIT_ERROR)
		*wanted = now;
}

static void check_mirror(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy wanted;
	struct iam_mirror mirror;

	if (!read_mirror(f, r, &wanted, &mirror))
		return;
	judge_age(f, r, &mirror, rules->now);
	take_live(f, r, &wanted);
	if (wanted.custom)
		judge_fields(f, r, &wanted);
	else
		judge_default(f, r);
}

/* ---- PWD-11 ---- */

/* How many passwords a line of the group keeps from being used again; 0: none, -1: it cannot
 * be told. */
static int64_t history_of_others(struct facts *f, struct result *r)
{
	static const char *const modules[] = {"pam_pwhistory.so", "pam_unix.so"};
	int64_t most = 0;

	for (int i = 0; i < 2; i++) {
		struct pam_place place;
		struct err e = {0};
		const int code = pam_lines_find(f, "passwd", PAMD_PASSWORD, modules[i], &place, &e);
		int64_t n = code == 0 ? words_number(place.args, "remember") : 0;

		if (code != 0 && code != ERR_NONE) {
			result_note(r, AUDIT_ERROR, N_("service %s: %s"), "passwd", e.text);
			return -1;
		}
		if (n < 0)
			n = i > 0 ? 0 : facts_string(f, "file", PWHISTORY_CONF)[0] == '\0' ? PWHISTORY_STANDARD :
			    1; /* its file says more than is read here */
		most = n > most ? n : most;
	}
	return most;
}

static int64_t our_history(struct facts *f, struct result *r)
{
	struct password_policies in_force;
	struct pam_place place;
	struct err e = {0};
	int code = pam_lines_find(f, "passwd", PAMD_PASSWORD, "pam_bastion.so", &place, &e);

	if (code == ERR_NONE)
		return 0;
	if (code == 0 && (code = rules_in_force(f, &in_force, &e)) == 0)
		return password_reuse(&in_force);
	result_note(r, AUDIT_ERROR, N_("service %s: %s"), "passwd", e.text);
	return -1;
}

static void check_history(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct iam_policy wanted;
	struct iam_mirror mirror;
	int64_t ours, others;
	int want;

	(void)rules;
	if (!read_mirror(f, r, &wanted, &mirror))
		return;
	if ((want = wanted.value[IAM_PASSWORD_REUSE_PREVENTION]) == 0) {
		result_note(r, AUDIT_SKIP, N_("the mirrored policy refuses no password for having been "
		    "used"));
		return;
	}
	if ((ours = our_history(f, r)) < 0 || (others = history_of_others(f, r)) < 0)
		return;
	if (others > ours)
		ours = others;
	result_note(r, ours >= want ? AUDIT_PASS : AUDIT_WARN, N_("the last %lld passwords are refused; "
	    "IAM: %d"), (long long)ours, want);
}

static const struct audit_check mirror_checks[] = {
    {.id = "PWD-07", .severity = AUDIT_HIGH, .scope = AUDIT_EITHER, .title = "Mirror in sync with IAM",
        .title_ko = "IAM 정책 동기화", .guide = "4",
        .rule = N_("what is in force is at least as strict as the mirrored policy of IAM in every "
        "field; WARN where the mirror is older than 24 hours, or IAM has another now"),
        .fix = "bastionctl policy pull",
        .rollback = N_("the earlier `password_policy` and policy_file"), .run = check_mirror},
};

static const struct audit_check history_checks[] = {
    {.id = "PWD-11", .severity = AUDIT_LOW, .title = "Password history", .title_ko = "비밀번호 이력",
        .guide = "4", .rule = N_("as many of the last passwords are refused as IAM's "
        "PasswordReusePrevention says"), .fix = N_("name iam in `password_policy`"),
        .rollback = N_("the earlier `password_policy` and policy_file"), .run = check_history},
};

const struct audit_group audit_mirror = {mirror_checks, 1};
const struct audit_group audit_history = {history_checks, 1};
