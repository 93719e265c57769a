/*
 * pam_auth: ask for the code, let login() judge it, say and log the verdict.
 */
#include "lib/core/crypto.h"
#include "lib/core/login.h"
#include "pam_module/entry.h"
#include "pam_module/mark.h"
#include "pam_module/proof.h"
#include "pam_module/report.h"
#include "pam_module/talk.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

struct auth {
	struct entry *en;
	char *typed; /* PAM_USER as it was: the item is not ours, and may change */
	struct login_request req;
	struct login_result res;
	char key[PROOF_KEY_MAX];
};

static bool authtok_is_set(const pam_handle_t *pamh)
{
	const char *token = entry_item(pamh, PAM_AUTHTOK);

	return token != NULL && token[0] != '\0';
}

/* Who is asking, from where, behind what; nothing of the store is read yet. */
static int identify(struct auth *a)
{
	pam_handle_t *pamh = a->en->pamh;
	struct proof_facts facts = {.ruid = getuid()};
	const struct passwd *pw;
	const char *user = NULL;

	if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL || user[0] == '\0' ||
	    (a->typed = strdup(user)) == NULL)
		return ERR_UNAVAIL;
	pw = pam_modutil_getpwnam(pamh, a->typed);
	a->req.account = pw != NULL;
	a->req.user = pw != NULL ? pw->pw_name : a->typed;
	a->req.uid = pw != NULL ? pw->pw_uid : 0;
	source_parse(entry_item(pamh, PAM_RHOST), getuid(), &a->req.source);
	facts.tty = entry_item(pamh, PAM_TTY);
	facts.ssh_auth_info = pam_getenv(pamh, "SSH_AUTH_INFO_0");
	facts.authtok = authtok_is_set(pamh);
	facts.account = a->req.account;
	facts.uid = a->req.uid;
	a->req.proven = proof_holds(&a->en->words, &facts);
	proof_key(&facts, a->key);
	return 0;
}

static long milliseconds_since(const struct timespec *start)
{
	struct timespec now = *start;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void judge(struct auth *a, const char *typed)
{
	struct report r = {&a->req, &a->res, a->key, 0};
	struct timespec start = {0}, now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	a->req.now = now.tv_sec;
	a->req.answer = typed;
	login(&a->en->conf, &a->req, &a->res);
	a->req.answer = NULL;
	r.ms = milliseconds_since(&start);
	report_login(a->en->pamh, &r);
}

/* Up to `retry` prompts.  0 when the last answer was right. */
static int converse(struct auth *a)
{
	for (int i = 0; i < a->en->conf.retry; i++) {
		char *typed;

		if (talk_ask(a->en->pamh, &typed) != 0) {
			report_trouble(a->en->pamh, "conversation", NULL);
			return ERR_UNAVAIL;
		}
		judge(a, typed);
		talk_wipe(&typed);
		if (a->res.verdict == LOGIN_OK) {
			talk_welcome(a->en->pamh, &a->res);
			return 0;
		}
		talk_refused(a->en->pamh, &a->res, a->req.proven);
	}
	return ERR_REFUSED;
}

static int refuse(pam_handle_t *pamh, const char *reason, int pam_code)
{
	report_trouble(pamh, reason, NULL);
	return pam_code;
}

static void say_path(const struct auth *a)
{
	if (a->en->words.debug)
		pam_syslog(a->en->pamh, LOG_DEBUG,
		    "account=%s proven=%s conf=%s%s retry=%d window=%d",
		    a->req.account ? "yes" : "no", a->req.proven ? "yes" : "no",
		    a->en->conf.path, a->en->conf.file_read ? "" : " (absent: defaults)",
		    a->en->conf.retry, a->en->conf.window);
}

/* The mark is for the name that was judged, and for no other. */
static int let_in(const struct auth *a)
{
	const char *user = entry_item(a->en->pamh, PAM_USER);

	if (user == NULL || strcmp(user, a->typed) != 0)
		return ERR_REFUSED;
	return mark_set(a->en->pamh, a->typed);
}

static int authenticate(struct auth *a)
{
	pam_handle_t *pamh = a->en->pamh;

	if (identify(a) != 0)
		return refuse(pamh, "no_user", PAM_USER_UNKNOWN);
	say_path(a);
	switch (converse(a)) {
	case 0:
		break;
	case ERR_UNAVAIL:
		return PAM_CONV_ERR;
	default:
		return PAM_AUTH_ERR;
	}
	if (let_in(a) != 0)
		return refuse(pamh, "user_changed", PAM_AUTH_ERR);
	return PAM_SUCCESS;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct entry en;
	struct auth a = {.en = &en};
	int r;

	(void)flags;
	mark_clear(pamh);
	if (geteuid() != 0)
		return refuse(pamh, "not_root", PAM_AUTHINFO_UNAVAIL);
	if (entry_begin(&en, pamh, CONF_AUTH, argc, argv) != 0)
		return PAM_SERVICE_ERR;
	if (crypto_init() != 0)
		return refuse(pamh, "libcrypto", PAM_AUTHINFO_UNAVAIL);
	r = authenticate(&a);
	free(a.typed);
	return r;
}

/* Nothing to establish: the login is the code. */
ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
