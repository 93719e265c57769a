#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/iam_facts.h"
#include "policy/audit/words.h"

#include <string.h>

/* A key of the account, judged at a time. */
struct key {
	const struct fact *x;
	char user[IAM_FACTS_WORD], id[IAM_FACTS_WORD];
	bool active;
	int64_t created;
	const struct audit_rules *rules;
};

/* Each key goes to judge(); how many.  What could not be told is noted. */
static size_t each_key(struct facts *f, struct result *r, const struct audit_rules *rules,
    void (*judge)(struct facts *f, struct result *r, const struct key *k))
{
	const struct fact *u = NULL, *x;
	size_t n = 0;

	while ((u = facts_next(f, "iam-user", "", u)) != NULL) {
		if (!iam_facts_told(f, r, "iam-keys", u->name))
			continue;
		for (x = NULL; (x = iam_facts_key(f, u->name, x)) != NULL; n++) {
			struct key k = {.x = x, .active = words_is(x->text, "status", "Active"),
			    .created = words_number(x->text, "created"), .rules = rules};

			iam_facts_user(x, k.user);
			iam_facts_word(x, "id", k.id);
			if (k.created < 0)
				result_note(r, AUDIT_ERROR, N_("%s: %s: does not say when it was made"), k.user, k.id);
			else
				judge(f, r, &k);
		}
	}
	return n;
}

static void note_clean(struct result *r, size_t n)
{
	if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_PASS, N_("%zu access keys looked at"), n);
}

static int days(int64_t seconds)
{
	return (int)(seconds / 86400);
}

/* ---- KEY-01 ---- */

static void judge_age(struct facts *f, struct result *r, const struct key *k)
{
	const int64_t age = k->rules->now - k->created, most = audit_key_max_age(k->rules);
	char text[IAM_FACTS_AGE];

	(void)f;
	iam_facts_age(age, text);
	if (k->active && age > most)
		result_note(r, AUDIT_FAIL, N_("%s: %s: active, %s old, more than %d days"), k->user, k->id, text,
		    days(most));
}

static void check_age(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	if (iam_facts_users(f, r))
		note_clean(r, each_key(f, r, rules, judge_age));
}

/* ---- KEY-02 ---- */

/* In these states of a rotation both keys have to be active. */
static bool needs_both(const struct fact *journal)
{
	static const char *const states[] = {"saved", "put", "tested", "overlap", "back"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (words_is(journal->text, "state", states[i]))
			return true;
	return false;
}

/* By a rotation that is of these very keys. */
static bool is_rotated(struct facts *f, const char *user)
{
	const struct fact *x = NULL, *journal = facts_get(f, "rotation", user);
	char id[IAM_FACTS_WORD];

	if (journal->is != FACT_TEXT || !needs_both(journal))
		return false;
	while ((x = iam_facts_key(f, user, x)) != NULL) {
		iam_facts_word(x, "id", id);
		if (words_is(x->text, "status", "Active") && !words_is(journal->text, "old", id) &&
		    !words_is(journal->text, "new", id))
			return false;
	}
	return true;
}

static void judge_count(struct facts *f, struct result *r, const char *user)
{
	const struct fact *x = NULL;
	size_t active = 0;

	while ((x = iam_facts_key(f, user, x)) != NULL)
		active += words_is(x->text, "status", "Active");
	if (active < 2)
		return;
	if (is_rotated(f, user))
		result_note(r, AUDIT_WARN, N_("%s: two active keys, in a rotation that is under way"), user);
	else
		result_note(r, AUDIT_FAIL, N_("%s: two active keys, and no rotation is under way here"), user);
}

static void check_count(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *u = NULL;
	size_t n = 0;

	(void)rules;
	if (!iam_facts_users(f, r))
		return;
	for (; (u = facts_next(f, "iam-user", "", u)) != NULL; n++)
		if (iam_facts_told(f, r, "iam-keys", u->name))
			judge_count(f, r, u->name);
	if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_PASS, N_("%zu users: none has two active keys"), n);
}

/* ---- KEY-03, KEY-05, KEY-10: when it was used ---- */

/* -1: it cannot be told, and that is noted; 0: never. */
static int64_t last_use(struct facts *f, struct result *r, const struct key *k)
{
	const struct fact *x = facts_get(f, "iam-key-used", k->x->name);
	const int64_t at = words_number(x->text, "last");

	if (result_untold(r, x, "iam-key-used", k->x->name))
		return -1;
	if (x->is == FACT_TEXT && at < 0)
		result_note(r, AUDIT_ERROR, N_("%s: %s: the time of its last use cannot be read"), k->user,
		    k->id);
	return x->is == FACT_NONE ? 0 : at;
}

static void judge_unused(struct facts *f, struct result *r, const struct key *k)
{
	const int64_t most = audit_key_unused(k->rules);
	const int64_t used = k->active ? last_use(f, r, k) : -1;
	const int64_t since = k->rules->now - (used > 0 ? used : k->created);
	char text[IAM_FACTS_AGE];

	if (used < 0 || since <= most)
		return;
	iam_facts_age(since, text);
	if (used > 0)
		result_note(r, AUDIT_FAIL, N_("%s: %s: not used for %s, more than %d days"), k->user, k->id,
		    text, days(most));
	else
		result_note(r, AUDIT_FAIL, N_("%s: %s: never used since it was made %s ago, more than %d days"),
		    k->user, k->id, text, days(most));
}

static void check_unused(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	if (iam_facts_users(f, r))
		note_clean(r, each_key(f, r, rules, judge_unused));
}

/* IAM does not tell since when a key is inactive: not before its last use. */
static void judge_inactive(struct facts *f, struct result *r, const struct key *k)
{
	const int64_t most = audit_rotate_grace(k->rules);
	const int64_t used = !k->active ? last_use(f, r, k) : -1;
	const int64_t since = k->rules->now - (used > 0 ? used : k->created);
	char text[IAM_FACTS_AGE];

	if (used < 0 || since <= most)
		return;
	iam_facts_age(since, text);
	result_note(r, AUDIT_WARN, N_("%s: %s: inactive, last used or made %s ago, more than %d days"),
	    k->user, k->id, text, days(most));
}

static void check_inactive(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	if (iam_facts_users(f, r))
		note_clean(r, each_key(f, r, rules, judge_inactive));
}

static void judge_initial(struct facts *f, struct result *r, const struct key *k)
{
	if (!k->active || !iam_facts_told(f, r, "iam-login", k->user) ||
	    facts_get(f, "iam-login", k->user)->is == FACT_NONE)
		return;
	if (last_use(f, r, k) == 0)
		result_note(r, AUDIT_FAIL, N_("%s: %s: active and never used, of a user with a console "
		    "password"), k->user, k->id);
}

static void check_initial(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	if (iam_facts_users(f, r))
		note_clean(r, each_key(f, r, rules, judge_initial));
}

/* ---- KEY-04 ---- */

static void check_root(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = facts_get(f, "iam", "summary");
	const int64_t n = words_number(x->text, "keys");

	(void)rules;
	if (result_untold(r, x, "iam", "summary"))
		return;
	if (n < 0)
		result_note(r, AUDIT_ERROR, N_("GetAccountSummary does not tell AccountAccessKeysPresent"));
	else
		result_note(r, n == 0 ? AUDIT_PASS : AUDIT_FAIL, "AccountAccessKeysPresent = %lld",
		    (long long)n);
}

#define KEYS .scope = AUDIT_ACCOUNT, .guide = "3"

static const struct audit_check checks[] = {
    {.id = "KEY-01", .severity = AUDIT_MEDIUM, KEYS, .title = "Access keys are not too old",
        .title_ko = "액세스 키 교체주기", .isms_p = "2.7.2 2.10.2", .cis = "1.14 2.12",
        .prowler = "iam_rotate_access_key_90_days",
        .rule = N_("no active key is older than key_max_age (90 days), counted in seconds from when it "
        "was made"), .fix = "bastionctl rotate run USER", .rollback = "bastionctl rotate rollback",
        .run = check_age},
    {.id = "KEY-02", .severity = AUDIT_MEDIUM, KEYS, .title = "One active key per user",
        .title_ko = "활성 키 1개", .isms_p = "2.7.2 2.10.2", .cis = "1.13",
        .prowler = "iam_user_two_active_access_key",
        .rule = N_("no user has two active keys; WARN in a rotation that is under way"),
        .fix = "bastionctl rotate retire KEYID", .rollback = "aws iam update-access-key --status Active",
        .run = check_count},
    {.id = "KEY-03", .severity = AUDIT_MEDIUM, KEYS, .title = "No unused access keys",
        .title_ko = "미사용 키", .isms_p = "2.7.2 2.10.2", .cis = "1.12 2.11",
        .prowler = "iam_user_accesskey_unused",
        .rule = N_("each active key was used within key_unused (45 days); one that was never used counts "
        "from when it was made"), .fix = "bastionctl rotate retire KEYID",
        .rollback = "aws iam update-access-key --status Active", .run = check_unused},
    {.id = "KEY-04", .severity = AUDIT_CRITICAL, KEYS, .title = "No access keys of root",
        .title_ko = "루트 키 없음", .isms_p = "2.5.5 2.7.2 2.10.2", .cis = "1.4 2.4",
        .prowler = "iam_no_root_access_key", .rule = "AccountAccessKeysPresent = 0",
        .fix = N_("as root in the console: Security credentials, delete the access keys"),
        .run = check_root},
    {.id = "KEY-05", .severity = AUDIT_LOW, KEYS, .title = "No inactive keys beyond the grace",
        .title_ko = "비활성 키 방치", .isms_p = "2.7.2 2.10.2",
        .rule = N_("no inactive key is left beyond rotate_grace (7 days)"),
        .fix = N_("aws iam delete-access-key; it cannot be taken back"), .run = check_inactive},
};

static const struct audit_check initial_checks[] = {
    {.id = "KEY-10", .severity = AUDIT_MEDIUM, KEYS, .title = "No keys made with a console user and "
        "never used", .title_ko = "초기 발급 키", .isms_p = "2.7.2 2.10.2", .cis = "1.11",
        .prowler = "iam_user_no_setup_initial_access_key",
        .rule = N_("no user with a console password has an active key that was never used"),
        .fix = "bastionctl rotate retire KEYID", .rollback = "aws iam update-access-key --status Active",
        .run = check_initial},
};

const struct audit_group audit_iam_key = {checks, sizeof(checks) / sizeof(checks[0])};
const struct audit_group audit_iam_key_initial = {initial_checks, 1};
