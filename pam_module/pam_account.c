/*
 * pam_account: `need_auth` refuses a login that went round the code; a password that is
 * too old is told, or has to be changed.
 */
#include "lib/core/crypto.h"
#include "pam_module/attempt.h"
#include "pam_module/entry.h"
#include "pam_module/expiry.h"
#include "pam_module/hold.h"
#include "pam_module/mark.h"
#include "pam_module/report.h"
#include "pam_module/rule.h"

#include <stddef.h>
#include <string.h>

static bool is_ssh(pam_handle_t *pamh)
{
	const char *tty = entry_item(pamh, PAM_TTY);

	return tty != NULL && strcmp(tty, "ssh") == 0;
}

/* A machine account has `AuthenticationMethods publickey` in a Match block: sshd calls
 * account then and auth never.  Its exemption is judged here, and nothing else is. */
static bool is_exempt_machine(pam_handle_t *pamh, struct entry *en)
{
	struct rollout r = {.duty = ROLLOUT_MUST};
	struct attempt a;

	if (mark_ran(pamh) || !is_ssh(pamh) || crypto_init() != 0)
		return false;
	if (attempt_begin(&a, en) == 0 && a.req.account) {
		rollout_judge(&en->conf, &a.who, &r);
		rule_note_stale(&a, &r);
		if (r.duty == ROLLOUT_EXEMPT)
			rule_report(&a, &r);
	}
	attempt_end(&a);
	return r.duty == ROLLOUT_EXEMPT;
}

/* Every program goes on to account behind a success, but sshd, which judges a password
 * (PasswordAuthentication) and then a public key in one handle: what was held may have been
 * wrong.  For keyboard-interactive auth and account are run one after the other, in a
 * process and with a conversation of their own, whose data is set; that of a password has
 * none, and stays for the key (auth-pam.c: sshpam_thread, sshpam_auth_passwd).
 * MUST: key_behind_a_refused_password_gives_nothing_back. */
static bool auth_has_succeeded(pam_handle_t *pamh)
{
	const void *item = NULL;

	if (!is_ssh(pamh))
		return true;
	return pam_get_item(pamh, PAM_CONV, &item) == PAM_SUCCESS && item != NULL &&
	    ((const struct pam_conv *)item)->appdata_ptr != NULL;
}

/* Auth has come to its end, so a password that is held was right.  Where that is not
 * known, it stays and becomes a wrong one. */
static int give_back(pam_handle_t *pamh, struct entry *en)
{
	struct attempt a = {0};
	int r = ERR_SYSTEM;

	if (!hold_is(pamh) || !auth_has_succeeded(pamh))
		return 0;
	if (crypto_init() == 0 && attempt_begin(&a, en) == 0)
		r = hold_give_back(&a, true);
	else
		report_trouble(pamh, "system", NULL);
	attempt_end(&a);
	return r;
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct entry en;

	if (entry_begin(&en, pamh, CONF_ACCOUNT, argc, argv) != 0)
		return PAM_SERVICE_ERR;
	if (en.words.need_auth && !mark_is(pamh, entry_item(pamh, PAM_USER)) &&
	    !is_exempt_machine(pamh, &en)) {
		report_trouble(pamh, "need_auth", NULL);
		return PAM_PERM_DENIED;
	}
	if (give_back(pamh, &en) != 0)
		return PAM_AUTHINFO_UNAVAIL;
	return expiry_judge(&en, (flags & PAM_SILENT) != 0);
}
