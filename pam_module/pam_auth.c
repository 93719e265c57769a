/*
 * pam_auth: decide which prompt comes, let login() judge the answer, say the verdict.
 */
#include "lib/core/answer.h"
#include "lib/core/crypto.h"
#include "pam_module/attempt.h"
#include "pam_module/decide.h"
#include "pam_module/entry.h"
#include "pam_module/hold.h"
#include "pam_module/mark.h"
#include "pam_module/report.h"
#include "pam_module/rule.h"
#include "pam_module/show.h"
#include "pam_module/talk.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum end { END_REFUSED = 0, END_LET_IN, END_NO_CONVERSATION };

static int refuse(pam_handle_t *pamh, const char *reason, int pam_code)
{
	report_trouble(pamh, reason, NULL);
	return pam_code;
}

static void say_path(const struct attempt *a)
{
	if (a->en->words.debug)
		pam_syslog(a->en->pamh, LOG_DEBUG,
		    "account=%s proven=%s conf=%s%s retry=%d window=%d",
		    a->req.account ? "yes" : "no", a->req.proven ? "yes" : "no",
		    a->en->conf.path, a->en->conf.file_read ? "" : " (absent: defaults)",
		    a->en->conf.retry, a->en->conf.window);
}

static enum end let_in_for_now(struct attempt *a)
{
	const struct report_decision d = {LOG_NOTICE, "grace", NULL, NULL, NULL};

	report_decision(a->en->pamh, &a->req, a->key, &d);
	talk_grace(a->en->pamh, a->en->conf.enroll_by);
	return END_LET_IN;
}

/* Behind a prompt everything is read again, the time too. */
static enum end let_in_if_still_grace(struct attempt *a)
{
	struct decide now;

	attempt_clock(a);
	decide(&a->en->conf, &a->en->words, &a->req, &a->who, &now);
	if (now.grace)
		return let_in_for_now(a);
	report_trouble(a->en->pamh, "grace_is_over", NULL);
	talk_say(a->en->pamh, PAM_ERROR_MSG, "Refused: wrong code.");
	return END_REFUSED;
}

static enum end show_it(struct attempt *a, bool grace, bool word)
{
	switch (show(a, grace, word)) {
	case SHOW_ENROLLED:
		return END_LET_IN;
	case SHOW_GRACE:
		return let_in_if_still_grace(a);
	case SHOW_NO_CONVERSATION:
		return END_NO_CONVERSATION;
	case SHOW_REFUSED:
		break;
	}
	return END_REFUSED;
}

/* Up to `retry` prompts for a code. */
static enum end converse(struct attempt *a, const struct decide *d)
{
	const bool grace = d->grace && d->take_word;

	a->req.take_word = d->take_word;
	for (int i = 0; i < a->en->conf.retry; i++) {
		bool wait;
		char *typed;

		if (talk_ask(a->en->pamh, &typed) != 0) {
			report_trouble(a->en->pamh, "conversation", NULL);
			return END_NO_CONVERSATION;
		}
		wait = grace && answer_is_empty(typed);
		if (!wait)
			attempt_judge(a, typed);
		talk_wipe(&typed);
		if (wait)
			return let_in_if_still_grace(a);
		if (a->res.verdict == LOGIN_INVITED)
			return show_it(a, d->grace, true);
		if (a->res.verdict == LOGIN_OK) {
			talk_welcome(a->en->pamh, &a->res);
			return END_LET_IN;
		}
		talk_refused(a->en->pamh, &a->res, a->req.proven);
	}
	return END_REFUSED;
}

static enum end without_prompt(struct attempt *a, const char *verdict, const char *reason)
{
	const struct report_decision d = {LOG_NOTICE, verdict, reason, NULL, NULL};

	report_decision(a->en->pamh, &a->req, a->key, &d);
	return END_LET_IN;
}

static enum end go(struct attempt *a, const struct decide *d)
{
	rule_note_stale(a, &d->rollout);
	if (d->far)
		rule_note_far(a);
	switch (d->way) {
	case DECIDE_EXEMPT:
		rule_report(a, &d->rollout);
		return END_LET_IN;
	case DECIDE_NOT_REQUIRED:
		return without_prompt(a, "exempt", "not_required");
	case DECIDE_BYPASS:
		talk_bypass(a->en->pamh, d->look.bypass_until);
		return without_prompt(a, "bypass", NULL);
	case DECIDE_REMEMBERED:
		return without_prompt(a, "remembered", NULL);
	case DECIDE_GRACE:
		return let_in_for_now(a);
	case DECIDE_SHOW:
		return show_it(a, d->grace, false);
	case DECIDE_CODE:
		break;
	}
	return converse(a, d);
}

/* The mark is for the name that was judged, and for no other. */
static int let_in(const struct attempt *a)
{
	const char *user = entry_item(a->en->pamh, PAM_USER);

	if (user == NULL || strcmp(user, a->typed) != 0)
		return ERR_REFUSED;
	return mark_set(a->en->pamh, a->typed);
}

/* Reached behind a password line that ends the stack on a wrong one: it was right. */
static int give_back(struct attempt *a)
{
	return a->en->words.after_password ? hold_give_back(a, false) : 0;
}

/* A code has emptied its bucket; who is let in without one has typed his password well. */
static int settle(struct attempt *a)
{
	if (a->res.verdict == LOGIN_OK)
		hold_forget(a->en->pamh);
	else if (a->en->words.after_password)
		return hold_give_back(a, true);
	return 0;
}

static int authenticate(struct attempt *a, struct entry *en)
{
	struct decide d;

	if (attempt_begin(a, en) != 0)
		return refuse(en->pamh, "no_user", PAM_USER_UNKNOWN);
	say_path(a);
	if (en->words.reserve)
		return hold_line(a);
	if (give_back(a) != 0)
		return PAM_AUTHINFO_UNAVAIL;
	decide(&en->conf, &en->words, &a->req, &a->who, &d);
	switch (go(a, &d)) {
	case END_LET_IN:
		break;
	case END_NO_CONVERSATION:
		return PAM_CONV_ERR;
	case END_REFUSED:
		return PAM_AUTH_ERR;
	}
	if (settle(a) != 0)
		return PAM_AUTHINFO_UNAVAIL;
	if (let_in(a) != 0)
		return refuse(en->pamh, "user_changed", PAM_AUTH_ERR);
	return PAM_SUCCESS;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct attempt a;
	struct entry en;
	int r;

	(void)flags;
	if (mark_start(pamh) != 0)
		return refuse(pamh, "system", PAM_AUTHINFO_UNAVAIL);
	if (geteuid() != 0)
		return refuse(pamh, "not_root", PAM_AUTHINFO_UNAVAIL);
	if (entry_begin(&en, pamh, CONF_AUTH, argc, argv) != 0)
		return PAM_SERVICE_ERR;
	if (crypto_init() != 0)
		return refuse(pamh, "libcrypto", PAM_AUTHINFO_UNAVAIL);
	r = authenticate(&a, &en);
	attempt_end(&a);
	return r;
}

/* Nothing to establish: the login is the code. */
ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
