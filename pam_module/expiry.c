#include "pam_module/expiry.h"

#include "lib/core/crypto.h"
#include "pam_module/change.h"
#include "pam_module/report.h"
#include "pam_module/talk.h"
#include "policy/password/age.h"
#include "policy/password/age_exempt.h"
#include "policy/password/history.h"
#include "policy/password/profile.h"
#include "policy/password/shadow.h"

#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In secret memory: the field of the password is a secret. */
struct expiry {
	struct entry *en;
	struct shadow_entry shadow;
	struct password_policies policies;
	struct age_facts facts;
	const char *user; /* as getpwnam() spells it */
	int64_t now;
};

/* 0; ERR_NONE: nobody's account, which is not ours to judge. */
static int find_user(struct expiry *x, struct err *e)
{
	static const struct shadow_files packaged;
	const char *typed = entry_item(x->en->pamh, PAM_USER);
	const struct passwd *pw = typed != NULL ? pam_modutil_getpwnam(x->en->pamh, typed) : NULL;
	struct who_account who;
	struct timespec t = {0};
	int exempt;

	if (pw == NULL)
		return ERR_NONE;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	x->now = t.tv_sec;
	x->user = pw->pw_name;
	x->facts.uid = pw->pw_uid;
	who = (struct who_account){pw->pw_name, pw->pw_gid};
	/* A group that cannot be looked up exempts nobody. */
	if ((exempt = age_exempt_has(&x->en->conf, &who)) < 0)
		report_note(x->en->pamh, x->user, "age_exempt", "a group cannot be looked up");
	x->facts.exempt = exempt == 1;
	return x->facts.exempt ? 0 : shadow_read(&packaged, x->user, &x->shadow, e);
}

/* The record of our own can only help, so what keeps it from being read does not. */
static void read_own(struct expiry *x)
{
	struct history_ask ask = {.user = x->user, .live = x->shadow.field, .now = x->now};
	struct history h;
	struct store s;

	if (crypto_init() != 0 || store_open_pw(&s, &x->en->conf, false, NULL) != 0)
		return;
	ask.store = &s;
	if (history_open(&h, NULL) == 0) {
		if (history_changed(&h, &ask, &x->facts.own, NULL) != 0)
			x->facts.own = 0;
		history_close(&h);
	}
	store_close(&s);
}

static void judge_once(const struct expiry *x, struct age_verdict *v)
{
	const struct age_rule rule = {.max_age = password_max_age(&x->policies),
	    .warn_days = x->en->conf.warn_days};

	age_judge_both(&x->facts, &rule, password_hard_age(&x->policies), x->now, v);
}

static int judge(struct expiry *x, struct age_verdict *v, struct err *e)
{
	int r = find_user(x, e);

	*v = (struct age_verdict){.what = AGE_FINE, .why = AGE_NO_PASSWORD};
	if (r == ERR_NONE && x->user == NULL)
		return 0;
	if (r != 0)
		return r;
	/* A directory ages its own; and who is not concerned is let in without the rules. */
	x->facts.no_password = !shadow_is_usable(&x->shadow);
	x->facts.last = x->shadow.last;
	if (!x->shadow.local || x->facts.exempt || x->facts.no_password)
		return 0;
	if ((r = password_policies_load(&x->policies, x->en->conf.password_policy,
	    x->en->conf.policy_file, e)) != 0)
		return r;
	judge_once(x, v);
	if (v->what == AGE_FINE)
		return 0;
	read_own(x);
	judge_once(x, v);
	return 0;
}

static void tell(const struct expiry *x, const struct age_verdict *v)
{
	char text[160];

	/* Where ages only warn, whoever is let in may change it, too (allowed.h). */
	if (v->what == AGE_EXPIRED && x->en->conf.age == CONF_AGE_ENFORCE)
		(void)snprintf(text, sizeof(text),
		    "Your password has expired; an administrator has to set a new one.");
	else if (v->what == AGE_CHANGE || v->what == AGE_EXPIRED)
		(void)snprintf(text, sizeof(text), "Your password is too old; %s.",
		    x->en->conf.age == CONF_AGE_ENFORCE ? "choose a new one" :
		    "change it with passwd");
	else
		(void)snprintf(text, sizeof(text), "Your password has to be changed within %lld day%s.",
		    (long long)v->left, v->left == 1 ? "" : "s");
	talk_say(x->en->pamh, v->what == AGE_WARN ? PAM_TEXT_INFO : PAM_ERROR_MSG, text);
}

static void log_refusal(const struct expiry *x, const struct age_verdict *v)
{
	char detail[64];
	struct err e = {0};

	(void)snprintf(detail, sizeof(detail), "age=%s", age_reason(v->why));
	(void)err_set(&e, ERR_REFUSED, "%s", detail);
	report_trouble(x->en->pamh, v->what == AGE_EXPIRED ? "password_expired" :
	    "password_too_old", &e);
}

/* Root at login or sshd.  A caller of su could make the trouble himself, by his limits. */
static bool is_root_at_the_door(const struct expiry *x)
{
	return x->user != NULL && x->facts.uid == 0 && getuid() == 0;
}

/* Where the change would fail, the demand for one locks out who alone could mend that. */
static bool root_is_stuck(const struct expiry *x, bool silent)
{
	struct change_trouble t;
	struct err e = {0};

	if (!is_root_at_the_door(x) || change_probe(x->en, &t) == 0)
		return false;
	(void)err_set(&e, t.err.code, "%s: %.400s", t.reason, t.err.text);
	report_trouble(x->en->pamh, "password_unchangeable", &e);
	if (!silent)
		talk_say(x->en->pamh, PAM_ERROR_MSG, "Your password is too old, and could not be "
		    "changed now; the system log says why.");
	return true;
}

static int answer(const struct expiry *x, const struct age_verdict *v, bool silent)
{
	const bool must = v->what == AGE_EXPIRED || v->what == AGE_CHANGE;

	if (v->what == AGE_FINE)
		return PAM_SUCCESS;
	if (must && x->en->conf.age == CONF_AGE_ENFORCE && root_is_stuck(x, silent))
		return PAM_SUCCESS;
	if (!silent)
		tell(x, v);
	if (!must || x->en->conf.age == CONF_AGE_WARN)
		return PAM_SUCCESS;
	log_refusal(x, v);
	return v->what == AGE_EXPIRED ? PAM_AUTHTOK_EXPIRED : PAM_NEW_AUTHTOK_REQD;
}

/* Nobody could let root in again; the others an administrator can. */
static int answer_trouble(const struct expiry *x, const struct err *e)
{
	report_trouble(x->en->pamh, "password_age", e);
	return x->en->conf.age == CONF_AGE_WARN || is_root_at_the_door(x) ? PAM_SUCCESS :
	    PAM_AUTHINFO_UNAVAIL;
}

int expiry_judge(struct entry *en, bool silent)
{
	struct age_verdict v;
	struct err e = {0};
	struct secret memory;
	struct expiry *x;
	int r;

	/* Who is not root (a screen locker) cannot look, and nobody need be told of that. */
	if (en->conf.age == CONF_AGE_OFF || (en->conf.age == CONF_AGE_WARN && geteuid() != 0))
		return PAM_SUCCESS;
	if (secret_new(&memory, sizeof(*x)) != 0) {
		(void)err_set(&e, ERR_SYSTEM, "out of memory");
		return answer_trouble(&(struct expiry){.en = en}, &e);
	}
	x = (struct expiry *)(void *)memory.data;
	x->en = en;
	r = judge(x, &v, &e);
	r = r == 0 ? answer(x, &v, silent) : answer_trouble(x, &e);
	secret_free(&memory);
	return r;
}
