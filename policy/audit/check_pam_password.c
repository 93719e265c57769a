#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/check_sshd.h"
#include "policy/audit/pam_facts.h"
#include "policy/pamd_run.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DENY_MOST 5     /* wrong passwords until an account is locked */
#define UNLOCK_LEAST 300 /* seconds that it stays so; 0: until somebody unlocks it */
#define FAILLOCK_CONF "/etc/security/faillock.conf"
#define PWQUALITY_CONF "/etc/security/pwquality.conf"

/*
 * PWD-06: what judges a new password.
 */

static bool is_called(const struct pamd_entry *x, const char *name)
{
	return x->role != PAMD_SUBSTACK && strcmp(pam_module_name(x), name) == 0;
}

/* Others that judge are taken for ours: the walk looks for ways past them alike. */
static int mark_judges(struct pamd_stack *s)
{
	int first = -1;

	for (int i = s->count - 1; i >= 0; i--) {
		struct pamd_entry *x = &s->entry[i];

		if (is_called(x, "pam_pwquality.so") || is_called(x, "pam_passwdqc.so"))
			x->role = PAMD_OURSELVES;
		if (x->role == PAMD_OURSELVES)
			first = i;
	}
	return first;
}

/* The files of pam_pwquality, the one that decides last: those of the directory are read
 * first, in order of their names. */
static bool quality_setting(struct facts *f, const char *key, char value[64])
{
	const struct fact *x = NULL;
	bool found = false;

	while ((x = facts_next(f, "file", PWQUALITY_CONF ".d/", x)) != NULL)
		found = pam_setting(f, x->name, key, value) || found;
	return pam_setting(f, PWQUALITY_CONF, key, value) || found;
}

static void judge_quality(struct facts *f, struct result *r, const struct pamd_entry *e)
{
	const struct fact *x = NULL;
	char value[64] = "";

	(void)result_untold(r, facts_get(f, "file", PWQUALITY_CONF), "file", PWQUALITY_CONF);
	(void)result_untold(r, facts_get(f, "dir", PWQUALITY_CONF ".d"), "dir", PWQUALITY_CONF ".d");
	while ((x = facts_next(f, "file", PWQUALITY_CONF ".d/", x)) != NULL)
		(void)result_untold(r, x, "file", x->name);
	if ((pam_has_word(f, e, "enforcing=", value) || quality_setting(f, "enforcing", value)) &&
	    strtol(value, NULL, 10) == 0)
		result_note(r, AUDIT_FAIL, N_("%s:%d: %s: enforcing is %s: it refuses nothing"), e->file,
		    e->line, pam_module_name(e), value);
}

/* Whether root's own choice is judged too; the words of passwdqc say everyone unless told. */
static void judge_root(struct facts *f, struct result *r, const struct pamd_entry *x)
{
	char value[64] = "";
	bool bound;

	if (is_called(x, "pam_passwdqc.so"))
		bound = !pam_has_word(f, x, "enforce=", value) || strcmp(value, "everyone") == 0;
	else if (x->ours)
		bound = pam_has_word(f, x, "enforce_for_root", NULL) ||
		    (!pam_has_word(f, x, "enforce_for_root=", value) &&
		    !pam_setting(f, PAM_OUR_CONF, "enforce_for_root", value)) ||
		    strcmp(value, "no") != 0;
	else
		bound = pam_has_word(f, x, "enforce_for_root", NULL) ||
		    quality_setting(f, "enforce_for_root", value);
	if (strcmp(value, "none") == 0)
		result_note(r, AUDIT_FAIL, N_("%s:%d: %s: enforce=none refuses nothing"), x->file,
		    x->line, pam_module_name(x));
	else if (!bound)
		result_note(r, AUDIT_WARN, N_("%s:%d: %s: root may set any password; add "
		    "enforce_for_root"), x->file, x->line, pam_module_name(x));
}

/* Other rules than those that PWD-07 and PWD-11 go by. */
static void judge_words(struct facts *f, struct result *r, const struct pamd_entry *x,
    const char *service)
{
	static const char *const words[] = {"conf=", "password_policy=", "policy_file="};
	char value[64];

	for (size_t i = 0; x->ours && i < sizeof(words) / sizeof(words[0]); i++)
		if (pam_has_word(f, x, words[i], value) &&
		    (i > 0 || strcmp(value, facts_string(f, "conf-file", "login")) != 0))
			result_note(r, AUDIT_ERROR, N_("%s:%d: service %s: %s%s stands in place of the login "
			    "configuration: the rules it goes by cannot be told"), x->file, x->line, service,
			    words[i], value);
}

/* Lines that set a password which the judge has not seen. */
static bool note_setters(struct result *r, const struct pamd_stack *s, int judge,
    const char *service)
{
	bool any = false;

	for (int i = 0; i < s->count; i++) {
		const struct pamd_entry *x = &s->entry[i];

		if (x->role != PAMD_PASSWORDS || !x->run || x->missing)
			continue;
		if (i > judge && !x->asks)
			continue;
		any = true;
		if (i < judge)
			result_note(r, AUDIT_FAIL, N_("%s:%d: service %s: %s sets the password above "
			    "the line that judges it"), x->file, x->line, service, pam_module_name(x));
		else
			result_note(r, AUDIT_FAIL, N_("%s:%d: service %s: %s may ask for another new "
			    "password than was judged above; add use_authtok"), x->file, x->line, service,
			    pam_module_name(x));
	}
	return any;
}

/* Ways to a change past the judge. */
static bool note_ways(struct result *r, struct pamd_stack *s, const char *service)
{
	bool any = false;

	for (int kind = PAMD_WAY_REFUSED; kind <= PAMD_WAY_CHOSEN; kind++) {
		struct pamd_trace t;
		enum audit_status status;

		if (pamd_stack_trace(s, (enum pamd_way)kind, &t, NULL) != 0) {
			result_note(r, AUDIT_ERROR, N_("out of memory"));
			return true;
		}
		if (t.count == 0)
			continue;
		status = t.exact && kind != PAMD_WAY_CHOSEN ? AUDIT_FAIL : AUDIT_WARN;
		result_note(r, status, kind == PAMD_WAY_REFUSED ?
		    N_("service %s: a refused password is still set:") :
		    N_("service %s: a password is set past the line that judges it:"), service);
		pam_note_way(r, status, s, &t);
		any = true;
	}
	return any;
}

static bool sets(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_PASSWORDS && s->entry[i].run && !s->entry[i].missing)
			return true;
	return false;
}

static void judge_change(struct facts *f, struct result *r, struct pamd_stack *s,
    const char *service)
{
	const int judge = mark_judges(s);
	struct pamd_ways w;
	bool open;

	if (pamd_stack_walk(s, &w, NULL) != 0) {
		result_note(r, AUDIT_ERROR, N_("out of memory"));
	} else if (!sets(s)) {
		result_note(r, AUDIT_PASS, N_("service %s: sets no password"), service);
	} else if (judge < 0) {
		result_note(r, AUDIT_FAIL, N_("service %s: nothing judges a new password: no password "
		    "line of pam_bastion.so, pam_pwquality.so or pam_passwdqc.so"), service);
	} else {
		open = note_setters(r, s, judge, service);
		open = note_ways(r, s, service) || open;
		judge_root(f, r, &s->entry[judge]);
		judge_words(f, r, &s->entry[judge], service);
		if (is_called(&s->entry[judge], "pam_pwquality.so"))
			judge_quality(f, r, &s->entry[judge]);
		if (!open)
			result_note(r, AUDIT_PASS, N_("%s:%d: service %s: %s judges each new password"),
			    s->entry[judge].file, s->entry[judge].line, service,
			    pam_module_name(&s->entry[judge]));
	}
}

/* Runs judge for the lines of each service that is here; what does not load is an error. */
static void each_service(struct facts *f, struct result *r, const char *const *services,
    enum pamd_type type, void (*judge)(struct facts *, struct result *, struct pamd_stack *,
    const char *))
{
	bool any = false;

	for (; *services != NULL; services++) {
		struct pamd_stack s;
		struct err e = {0};
		bool other = false;
		int code;

		if (!pam_is_here(f, *services))
			continue;
		any = true;
		code = pam_load(f, r, &s, *services, type, &other, &e);
		if (code == 0 || (code == ERR_NONE && other))
			judge(f, r, &s, *services);
		else
			result_note(r, AUDIT_ERROR, N_("service %s: %s"), *services, e.text);
		pamd_stack_free(&s);
	}
	if (!any)
		result_note(r, AUDIT_SKIP, N_("no service that it looks at is here"));
}

static void check_rule(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	static const char *const services[] = {"passwd", "chpasswd", "sshd", "login", NULL};

	(void)rules;
	each_service(f, r, services, PAMD_PASSWORD, judge_change);
}

/*
 * PWD-09: what counts wrong passwords.
 */

/* A run in which everything succeeds but: */
struct trial {
	struct facts *f;
	bool right;    /* the password is */
	bool locked;   /* pam_faillock refuses */
	bool counted;  /* its line authfail was run */
	bool cleared;  /* authsucc, or the account line, was */
	bool refusing; /* its line preauth was */
};

static int try_faillock(struct trial *t, const struct pamd_stack *s, int at)
{
	const struct pamd_entry *x = &s->entry[at];

	if (s->type == PAMD_ACCOUNT || pam_has_word(t->f, x, "authsucc", NULL)) {
		t->cleared = true;
		return PAM_SUCCESS;
	}
	if (pam_has_word(t->f, x, "authfail", NULL)) {
		t->counted = true;
		return PAM_AUTH_ERR;
	}
	t->refusing = true;
	return t->locked ? PAM_AUTH_ERR : PAM_SUCCESS;
}

static int answer(void *ctx, const struct pamd_stack *s, int at)
{
	struct trial *t = ctx;
	const struct pamd_entry *x = &s->entry[at];

	if (x->missing)
		return PAM_MODULE_UNKNOWN;
	if (is_called(x, "pam_faillock.so"))
		return try_faillock(t, s, at);
	if (x->role == PAMD_PASSWORDS && s->type == PAMD_AUTH)
		return t->right ? PAM_SUCCESS : PAM_AUTH_ERR;
	if (x->role == PAMD_RESERVES)
		return PAM_IGNORE;
	return x->role == PAMD_DENIES ? PAM_AUTH_ERR : PAM_SUCCESS;
}

static struct trial try_it(struct facts *f, const struct pamd_stack *s, bool right, bool locked,
    bool *in)
{
	struct trial t = {.f = f, .right = right, .locked = locked};

	*in = pamd_run(s, answer, &t) == PAM_SUCCESS;
	return t;
}

static bool clears_in_account(struct facts *f, struct result *r, const char *service)
{
	struct pamd_stack s;
	struct err e = {0};
	bool other, in;
	struct trial t = {.cleared = false};
	const int code = pam_load(f, r, &s, service, PAMD_ACCOUNT, &other, &e);

	if (code == 0)
		t = try_it(f, &s, true, false, &in);
	else if (code != ERR_NONE)
		result_note(r, AUDIT_ERROR, N_("service %s: its account lines: %s"), service, e.text);
	pamd_stack_free(&s);
	return t.cleared;
}

/* What a word of the line says, or the file, or libpam when neither. */
static void judge_limit(struct facts *f, struct result *r, const struct pamd_entry *x,
    const char *conf, const char *key, long standard)
{
	const bool is_deny = strcmp(key, "deny") == 0;
	char word[32], value[64];
	long n = standard;

	(void)snprintf(word, sizeof(word), "%s=", key);
	if (pam_has_word(f, x, word, value) || pam_setting(f, conf, key, value))
		n = strcmp(value, "never") == 0 ? 0 : strtol(value, NULL, 10);
	if (is_deny && (n < 1 || n > DENY_MOST))
		result_note(r, AUDIT_FAIL, N_("%s:%d: pam_faillock.so: deny is %ld: 1 to %d wrong "
		    "passwords must lock"), x->file, x->line, n, DENY_MOST);
	else if (strcmp(key, "fail_interval") == 0 && n < UNLOCK_LEAST)
		result_note(r, AUDIT_WARN, N_("%s:%d: pam_faillock.so: fail_interval is %ld s: who tries more "
		    "slowly is never locked; at least %d"), x->file, x->line, n, UNLOCK_LEAST);
	else if (strcmp(key, "unlock_time") == 0 && n != 0 && n < UNLOCK_LEAST)
		result_note(r, AUDIT_FAIL, N_("%s:%d: pam_faillock.so: unlock_time is %ld s: at least "
		    "%d"), x->file, x->line, n, UNLOCK_LEAST);
}

/* The two lines of auth decide by their own words. */
static void judge_limits(struct facts *f, struct result *r, const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++) {
		char conf[64] = FAILLOCK_CONF;

		if (!is_called(&s->entry[i], "pam_faillock.so"))
			continue;
		(void)pam_has_word(f, &s->entry[i], "conf=", conf);
		(void)result_untold(r, facts_get(f, "file", conf), "file", conf);
		judge_limit(f, r, &s->entry[i], conf, "deny", 3);
		judge_limit(f, r, &s->entry[i], conf, "unlock_time", 600);
		judge_limit(f, r, &s->entry[i], conf, "fail_interval", 900);
	}
}

static void judge_faillock(struct facts *f, struct result *r, struct pamd_stack *s,
    const char *service)
{
	bool in;
	const struct trial wrong = try_it(f, s, false, false, &in);
	const struct trial right = try_it(f, s, true, false, &in);
	const struct trial locked = try_it(f, s, true, true, &in);
	const bool held = locked.refusing && !in;

	if (!wrong.counted)
		result_note(r, AUDIT_FAIL, N_("service %s: a wrong password does not reach a line "
		    "`pam_faillock.so authfail`"), service);
	if (!held)
		result_note(r, AUDIT_FAIL, N_("service %s: no line `pam_faillock.so preauth` keeps out "
		    "who is locked"), service);
	if (wrong.counted && held)
		judge_limits(f, r, s);
	if (!right.cleared && !clears_in_account(f, r, service))
		result_note(r, AUDIT_WARN, N_("service %s: a right password does not forget the wrong "
		    "ones: no account line of pam_faillock.so"), service);
	else if (wrong.counted && held)
		result_note(r, AUDIT_PASS, N_("service %s: pam_faillock.so counts wrong passwords"),
		    service);
}

static bool names_faillock(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (is_called(&s->entry[i], "pam_faillock.so") && s->entry[i].run)
			return true;
	return false;
}

static void judge_counter(struct facts *f, struct result *r, struct pamd_stack *s,
    const char *service)
{
	const struct pamd_entry *loose = NULL;
	struct pamd_ways w;
	bool any = false;

	if (pamd_stack_walk(s, &w, NULL) != 0) {
		result_note(r, AUDIT_ERROR, N_("out of memory"));
		return;
	}
	for (int i = 0; i < s->count; i++) {
		const struct pamd_entry *x = &s->entry[i];

		if (x->role != PAMD_PASSWORDS || !x->run || x->missing)
			continue;
		any = true;
		if (x->unreserved && loose == NULL)
			loose = x;
	}
	if (!any)
		result_note(r, AUDIT_PASS, N_("service %s: judges no password"), service);
	else if (loose == NULL)
		result_note(r, AUDIT_PASS, N_("service %s: pam_bastion.so takes a try before each "
		    "password (reserve)"), service);
	else if (names_faillock(s))
		judge_faillock(f, r, s, service);
	else
		result_note(r, AUDIT_FAIL, N_("%s:%d: service %s: %s judges passwords, and nothing "
		    "counts the wrong ones"), loose->file, loose->line, service, pam_module_name(loose));
}

static void check_guessing(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	static const char *const services[] = {"sshd", "sudo", "sudo-i", "login", NULL};

	(void)rules;
	each_service(f, r, services, PAMD_AUTH, judge_counter);
	if (facts_get(f, "sshd", "config")->is != FACT_NONE)
		check_sshd_guessing(f, r);
}

static const struct audit_check rule_checks[] = {
    {.id = "PWD-06", .severity = AUDIT_HIGH, .title = "PAM judges every new password",
        .title_ko = "호스트 암호 복잡도 적용", .guide = "4", .isms_p = "2.5.4",
        .rule = N_("each way that sets a password passes pam_bastion.so, pam_pwquality.so or "
        "pam_passwdqc.so, and what that refuses is not set, root's neither"),
        .fix = "pam-auth-update --enable pam-bastion",
        .rollback = "pam-auth-update --disable pam-bastion", .run = check_rule},
};

static const struct audit_check counter_checks[] = {
    {.id = "PWD-09", .severity = AUDIT_HIGH, .title = "Wrong passwords are counted",
        .title_ko = "무차별 대입 방지", .guide = "4", .isms_p = "2.5.3",
        .rule = N_("each password of sshd, sudo and login is counted: by `pam_bastion.so reserve`, or "
        "by pam_faillock.so with deny 1 to 5 and unlock_time 0 or at least 300; WARN: sshd takes more "
        "than 6 tries of a connection or 120 s for a login, or holds no source off"),
        .fix = "bastionctl enable sudo", .rollback = "bastionctl disable sudo",
        .run = check_guessing},
};

const struct audit_group audit_pam_password = {rule_checks, 1};
const struct audit_group audit_pam_counter = {counter_checks, 1};
