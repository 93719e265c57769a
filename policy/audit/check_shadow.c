#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/pam_lines.h"
#include "policy/audit/rules_in_force.h"
#include "policy/audit/words.h"

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

/* Days after which our account line of a service asks for a new one; 0: it does not; -1: it
 * cannot be told. */
static int our_age(struct facts *f, struct result *r, const char *service)
{
	struct password_policies in_force;
	struct pam_place place;
	struct err e = {0};
	size_t n;
	const char *age;
	int code = pam_lines_find(f, service, PAMD_ACCOUNT, "pam_bastion.so", &place, &e);

	if (code == ERR_NONE)
		return 0;
	if (code == 0) {
		/* The line's own word comes before the file. */
		age = words_value(place.args, "age", &n);
		if (age != NULL ? !words_is(place.args, "age", "enforce") :
		    strcmp(facts_string(f, "conf", "age"), "enforce") != 0)
			return 0;
		if ((code = rules_in_force(f, &in_force, &e)) == 0)
			return password_max_age(&in_force);
	}
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

static void judge_max(struct result *r, const struct fact *x)
{
	const int64_t max = words_number(x->text, "max");

	if (max < 0)
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: max is empty: it is never too old"), x->name);
	else if (max > AGE_MOST)
		result_note(r, AUDIT_FAIL, N_("/etc/shadow: %s: max is %lld days, more than %d"), x->name,
		    (long long)max, AGE_MOST);
	else
		result_note(r, AUDIT_PASS, N_("/etc/shadow: %s: max is %lld days"), x->name, (long long)max);
}

static void check_age(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	bool enforced, any = false;

	(void)rules;
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
			judge_max(r, x);
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
