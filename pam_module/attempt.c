#include "pam_module/attempt.h"

#include "pam_module/proof.h"
#include "pam_module/report.h"

#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool authtok_is_set(const pam_handle_t *pamh)
{
	const char *token = entry_item(pamh, PAM_AUTHTOK);

	return token != NULL && token[0] != '\0';
}

static void find_account(struct attempt *a)
{
	const struct passwd *pw = pam_modutil_getpwnam(a->en->pamh, a->typed);

	a->req.account = pw != NULL;
	a->req.user = pw != NULL ? pw->pw_name : a->typed;
	a->req.uid = pw != NULL ? pw->pw_uid : 0;
	a->who.account.user = a->req.user;
	a->who.account.gid = pw != NULL ? pw->pw_gid : (gid_t)-1;
}

static void find_source(struct attempt *a, uid_t ruid)
{
	const char *rhost = entry_item(a->en->pamh, PAM_RHOST);

	source_parse(rhost, ruid, &a->req.source);
	a->who.local = rhost == NULL || rhost[0] == '\0';
	if (!a->who.local)
		(void)address_parse(rhost, &a->who.from);
}

void attempt_clock(struct attempt *a)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	a->req.now = a->who.now = now.tv_sec;
}

int attempt_begin(struct attempt *a, struct entry *en)
{
	pam_handle_t *pamh = en->pamh;
	struct proof_facts facts = {.ruid = getuid()};
	const char *user = NULL;

	*a = (struct attempt){.en = en};
	if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL || user[0] == '\0' ||
	    (a->typed = strdup(user)) == NULL)
		return ERR_UNAVAIL;
	attempt_clock(a);
	find_account(a);
	find_source(a, facts.ruid);
	facts.tty = entry_item(pamh, PAM_TTY);
	facts.ssh_auth_info = pam_getenv(pamh, "SSH_AUTH_INFO_0");
	facts.authtok = authtok_is_set(pamh);
	facts.account = a->req.account;
	facts.uid = a->req.uid;
	a->req.proven = proof_holds(&en->words, &facts);
	if (facts.tty != NULL && strcmp(facts.tty, "ssh") == 0) {
		sshkey_read(facts.ssh_auth_info, &a->keys);
		a->req.keys = &a->keys;
	}
	if (a->keys.count > 0)
		sshkey_text(a->keys.hash[0], a->key);
	return 0;
}

void attempt_end(struct attempt *a)
{
	free(a->typed);
	a->typed = NULL;
}

static long milliseconds_since(const struct timespec *start)
{
	struct timespec now = *start;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

void attempt_judge(struct attempt *a, const char *typed)
{
	struct report r = {&a->req, &a->res, a->key, NULL, 0};
	struct timespec start = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	attempt_clock(a);
	a->req.answer = typed;
	login(&a->en->conf, &a->req, &a->res);
	a->req.answer = NULL;
	r.ms = milliseconds_since(&start);
	if (a->res.verdict == LOGIN_OK && a->req.place != NULL)
		return; /* right, and not in force yet: logged when it is */
	if (a->res.verdict != LOGIN_INVITED)
		report_login(a->en->pamh, &r);
}
