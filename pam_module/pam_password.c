/*
 * pam_password: judges a new password before the line below sets it.
 */
#include "lib/core/crypto.h"
#include "pam_module/allowed.h"
#include "pam_module/change.h"
#include "pam_module/entry.h"
#include "pam_module/noted.h"
#include "pam_module/reason.h"
#include "pam_module/report.h"
#include "pam_module/weigh.h"

#include <security/pam_ext.h>
#include <syslog.h>
#include <unistd.h>

static int refuse(pam_handle_t *pamh, const struct change_trouble *t, int pam_code)
{
	report_trouble(pamh, t->reason, &t->err);
	reason_trouble(pamh, t);
	return pam_code;
}

static int refuse_early(pam_handle_t *pamh, const char *reason, int pam_code)
{
	const struct change_trouble t = {.reason = reason};

	return refuse(pamh, &t, pam_code);
}

static void report(const struct change *c, const char *verdict, const char *reason,
    const char *rules)
{
	const struct report_change r = {c->user, verdict, reason, rules};

	report_change(c->en->pamh, &r);
}

/* Before anybody is asked for anything: 0, or the PAM code. */
static int look(struct change *c, struct entry *en, int flags, bool write)
{
	struct change_trouble t;
	enum allowed allowed;

	if (change_begin(c, en, flags, write, &t) != 0)
		return refuse(en->pamh, &t, c->user == NULL ? PAM_USER_UNKNOWN : PAM_TRY_AGAIN);
	if ((allowed = allowed_judge(c, flags)) == ALLOWED_YES)
		return 0;
	report(c, "wrong", NULL, password_rule_name(allowed == ALLOWED_NO_MORE ?
	    PASSWORD_RULE_HARD_EXPIRY : PASSWORD_RULE_ALLOW_CHANGE));
	reason_not_allowed(en->pamh, allowed);
	return PAM_PERM_DENIED;
}

static const char *ok_reason(const struct change *c, const struct weighed *w)
{
	if (!w->good)
		return "root_is_free";
	return c->history == CHANGE_NOT_LOCAL ? "not_local" :
	    c->history == CHANGE_NOT_MADE ? "not_initialised" : NULL;
}

/* One password: 0; PAM_AUTHTOK_ERR: another may be better; PAM_ABORT: none will. */
static int judge(struct change *c, const char *fresh)
{
	struct change_trouble t = {.reason = ""};
	struct weighed w;

	if (change_look(c, &t) != 0 || weigh(c, fresh, &w, &t) != 0)
		return refuse(c->en->pamh, &t, PAM_ABORT);
	if (!w.good)
		reason_tell(c, &w);
	if (!w.good && !(c->free && w.possible)) {
		report(c, "wrong", NULL, w.rules);
		return PAM_AUTHTOK_ERR;
	}
	if (c->history == CHANGE_KEPT && noted(c, fresh, &t) != 0)
		return refuse(c->en->pamh, &t, PAM_ABORT);
	report(c, "ok", ok_reason(c, &w), w.rules);
	return 0;
}

/* The one that a line above has asked for. */
static int judge_given(struct change *c)
{
	const char *fresh = entry_item(c->en->pamh, PAM_AUTHTOK);

	if (fresh == NULL)
		return refuse_early(c->en->pamh, "no_password", PAM_ABORT);
	return judge(c, fresh);
}

/* Asks twice, as libpam does, which says when the two differ. */
static int judge_asked(struct change *c)
{
	const char *fresh = NULL;
	int r;

	(void)pam_set_item(c->en->pamh, PAM_AUTHTOK, NULL);
	r = pam_get_authtok(c->en->pamh, PAM_AUTHTOK, &fresh, NULL);
	if (r == PAM_TRY_AGAIN)
		return PAM_AUTHTOK_ERR;
	if (r != PAM_SUCCESS || fresh == NULL) {
		report_trouble(c->en->pamh, "conversation", NULL);
		return PAM_ABORT;
	}
	return judge(c, fresh);
}

static int judge_some(struct change *c)
{
	const struct conf_words *w = &c->en->words;
	int i = 0, r = PAM_AUTHTOK_ERR;

	if (w->use_authtok)
		return judge_given(c);
	if (w->try_first_pass && entry_item(c->en->pamh, PAM_AUTHTOK) != NULL) {
		r = judge_given(c);
		i++;
	}
	for (; i < c->en->conf.retry && r == PAM_AUTHTOK_ERR; i++)
		r = judge_asked(c);
	return r;
}

/* A password that is refused is gone, whatever stands below; one that root was warned of
 * stays: the line below takes it. */
static int update(struct change *c, struct entry *en, int flags)
{
	if (look(c, en, flags, true) == 0 && judge_some(c) == 0)
		return 0;
	(void)pam_set_item(en->pamh, PAM_AUTHTOK, NULL);
	return PAM_AUTHTOK_ERR;
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct change c = {0};
	struct entry en;
	int r;

	if (geteuid() != 0)
		return refuse_early(pamh, "not_root", PAM_AUTHINFO_UNAVAIL);
	if (entry_begin(&en, pamh, CONF_PASSWORD, argc, argv) != 0) {
		const struct change_trouble t = {.reason = "config"};

		reason_trouble(pamh, &t); /* the log has it */
		return PAM_SERVICE_ERR;
	}
	if (crypto_init() != 0)
		return refuse_early(pamh, "libcrypto", PAM_AUTHINFO_UNAVAIL);
	r = (flags & PAM_PRELIM_CHECK) != 0 ? look(&c, &en, flags, false) :
	    update(&c, &en, flags);
	change_end(&c);
	return r == 0 ? PAM_SUCCESS : r;
}
