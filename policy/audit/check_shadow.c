#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "lib/core/day.h"
#include "policy/audit/pam_facts.h"
#include "policy/audit/rules_in_force.h"
#include "policy/audit/words.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

#define AGE_MOST 90 /* days */

static bool is_usable(const char *words)
{
	return !words_is(words, "hash", "locked") && !words_is(words, "hash", "star") &&
	    !words_is(words, "hash", "none");
}

/* Both checks: false, and noted, where the accounts are not told. */
static bool are_told(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;

	if (result_untold(r, facts_get(f, "accounts", "local"), "accounts", "local"))
		return false;
	while ((x = facts_next(f, "account", "", x)) != NULL)
		if (x->is == FACT_TROUBLE)
			(void)result_untold(r, x, "account", x->name);
	return true;
}

/* ---- PWD-08 ---- */

/* Whether the line says what the login configuration does, and that enforces the age. */
static bool enforces(struct facts *f, const struct pamd_entry *x)
{
	static const char *const others[] = {"conf=", "password_policy=", "policy_file=", "age_exempt="};
	const int renew = x->control.action[PAM_NEW_AUTHTOK_REQD];
	char age[64];

	(void)snprintf(age, sizeof(age), "%.63s", facts_string(f, "conf", "age"));
	(void)pam_has_word(f, x, "age=", age);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (pam_has_word(f, x, others[i], NULL))
			return false;
	return x->ours && strcmp(age, "enforce") == 0 && renew < PAMD_IGNORE && renew != PAMD_RESET;
}

/* The lines that enforce it are what the walk looks for ways past. */
static bool mark_lines(struct facts *f, struct pamd_stack *s)
{
	bool any = false;

	for (int i = 0; i < s->count; i++) {
		struct pamd_entry *x = &s->entry[i];
		const bool is = x->role != PAMD_SUBSTACK && enforces(f, x);

		any = any || is;
		if (is || x->role == PAMD_OURSELVES)
			x->role = is ? PAMD_OURSELVES : PAMD_OTHER;
	}
	return any;
}

/* Whether some login goes past the line, or is let in although it refuses. */
static bool has_way_past(struct result *r, struct pamd_stack *s, const char *service)
{
	bool any = false;

	for (int kind = PAMD_WAY_REFUSED; kind <= PAMD_WAY_CHOSEN; kind++) {
		struct pamd_trace t;

		if (pamd_stack_trace(s, (enum pamd_way)kind, &t, NULL) != 0) {
			result_note(r, AUDIT_ERROR, N_("out of memory"));
			return true;
		}
		if (t.count == 0)
			continue;
		any = true;
		result_note(r, AUDIT_WARN, N_("service %s: gets in past the line of `age = enforce`:"),
		    service);
		pam_note_way(r, AUDIT_WARN, s, &t);
	}
	return any;
}

/* Days after which our account line of a service asks for a new one; 0: it does not; -1: it
 * cannot be told. */
static int our_age(struct facts *f, struct result *r, const char *service)
{
	struct password_policies in_force;
	struct pamd_stack s;
	struct err e = {0};
	bool other, marked = false;
	int days = 0, code = pam_load_lines(f, &s, service, PAMD_ACCOUNT, &other, &e);

	if (code == 0 && (marked = mark_lines(f, &s)) && !has_way_past(r, &s, service) &&
	    (code = rules_in_force(f, &in_force, &e)) == 0)
		days = password_max_age(&in_force);
	pamd_stack_free(&s);
	if (code == 0 || (code == ERR_NONE && !marked))
		return days;
	result_note(r, AUDIT_ERROR, N_("service %s: %s"), service, e.text);
	return -1;
}

/* All doors that take a password have to enforce it, or it is shadow's that counts. */
static bool we_enforce(struct facts *f, struct result *r)
{
	static const char *const services[] = {"sshd", "login"};
	bool enforced = true;

	for (size_t i = 0; i < 2; i++) {
		const int days = our_age(f, r, services[i]);

		enforced = enforced && days > 0 && days <= AGE_MOST;
	}
	if (enforced)
		result_note(r, AUDIT_PASS, N_("age = enforce, in account of sshd and login"));
	return enforced;
}

static void judge_exempt(struct facts *f, struct result *r)
{
	const char *exempt = facts_string(f, "conf", "age_exempt");

	if (exempt[0] != '\0' && strcmp(exempt, "none") != 0)
		result_note(r, AUDIT_WARN, N_("age_exempt = %s: theirs are never too old"), exempt);
}

/* shadow(5): without the day of the last change nothing is too old, and what is changed in a day
 * to come is not before. */
static bool judge_last(struct result *r, const struct fact *x, int64_t now)
{
	const int64_t last = words_number(x->text, "last");

	if (last < 0)
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: the day of the last change is empty: it is "
		    "never too old"), x->name);
	else if (last > now / DAY_SECONDS + 1) /* time zones */
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: the day of the last change, %lld, is yet to "
		    "come: it is not too old before"), x->name, (long long)last);
	else
		return true;
	return false;
}

static void judge_max(struct result *r, const struct fact *x, int64_t now)
{
	const int64_t max = words_number(x->text, "max");
	const bool counts = judge_last(r, x, now);

	if (max < 0)
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: max is empty: it is never too old"), x->name);
	else if (max > AGE_MOST)
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: max is %lld days, more than %d"), x->name,
		    (long long)max, AGE_MOST);
	else if (counts)
		result_note(r, AUDIT_PASS, N_("/etc/shadow: %s: max is %lld days"), x->name, (long long)max);
}

static void check_age(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	bool enforced, any = false;

	if (!are_told(f, r))
		return;
	while (!any && (x = facts_next(f, "account", "", x)) != NULL)
		any = x->is == FACT_TEXT && is_usable(x->text);
	if (!any) {
		result_note(r, AUDIT_SKIP, N_("no local account has a password that could be too old"));
		return;
	}
	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login"))
		return;
	if ((enforced = we_enforce(f, r)))
		judge_exempt(f, r);
	for (x = NULL; !enforced && (x = facts_next(f, "account", "", x)) != NULL;)
		if (x->is == FACT_TEXT && is_usable(x->text))
			judge_max(r, x, rules->now);
}

/* ---- PWD-10 ---- */

static void judge_hash(struct result *r, const struct fact *x)
{
	static const char *const good[] = {"yescrypt", "gost-yescrypt", "scrypt", "bcrypt", "sha512",
	    "sha256", "locked", "star"};
	static const char *const bad[] = {"des", "md5", "nt", "sha1"};
	size_t n = 0;
	const char *hash = words_value(x->text, "hash", &n);

	if (words_is(x->text, "hash", "none")) {
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: the password is empty"), x->name);
		return;
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (words_is(x->text, "hash", bad[i])) {
			result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: hashed by %s"), x->name, bad[i]);
			return;
		}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (words_is(x->text, "hash", good[i])) {
			if (i < 6)
				result_note(r, AUDIT_PASS, N_("/etc/shadow: %s: hashed by %s"), x->name, good[i]);
			return;
		}
	result_note(r, AUDIT_WARN, N_("/etc/shadow: %s: a hash that is not known: %.*s"), x->name, (int)n,
	    hash != NULL ? hash : "");
}

static void check_hashes(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;

	(void)rules;
	if (!are_told(f, r))
		return;
	while ((x = facts_next(f, "account", "", x)) != NULL)
		if (x->is == FACT_TEXT)
			judge_hash(r, x);
	if (r->count == 0)
		result_note(r, AUDIT_SKIP, N_("no local account has a password"));
}

static const struct audit_check age_checks[] = {
    {.id = "PWD-08", .severity = AUDIT_MEDIUM, .title = "Ageing of passwords",
        .title_ko = "비밀번호 만료", .guide = "4", .isms_p = "2.5.4",
        .rule = N_("each local password has to be changed after at most 90 days, by `age = enforce` or "
        "by shadow(5); locked accounts are not looked at"),
        .fix = N_("`age = enforce` in pam_bastion.conf, or `chage -M 90 USER`"),
        .rollback = N_("`chage -M` with the days named in the evidence"), .run = check_age},
};

static const struct audit_check hash_checks[] = {
    {.id = "PWD-10", .severity = AUDIT_HIGH, .title = "Password hashes",
        .title_ko = "비밀번호 해시", .guide = "4", .isms_p = "~2.5.4",
        .rule = N_("no password is empty, or hashed by DES, MD5, NT or SHA-1"),
        .fix = N_("`passwd USER`, or `passwd -l USER`"), .run = check_hashes},
};

const struct audit_group audit_age = {age_checks, 1};
const struct audit_group audit_hash = {hash_checks, 1};
