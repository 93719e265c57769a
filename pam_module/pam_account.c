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

#include <string.h>

/* A machine account has `AuthenticationMethods publickey` in a Match block: sshd calls
 * account then and auth never.  Its exemption is judged here, and nothing else is. */
static bool is_exempt_machine(pam_handle_t *pamh, struct entry *en)
{
	const char *tty = entry_item(pamh, PAM_TTY);
	struct rollout r = {.duty = ROLLOUT_MUST};
	struct attempt a;

	if (mark_ran(pamh) || tty == NULL || strcmp(tty, "ssh") != 0 || crypto_init() != 0)
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

/* Auth has come to its end, so a password that is held was right. */
static int give_back(pam_handle_t *pamh, struct entry *en)
{
	struct attempt a = {0};
	int r = ERR_SYSTEM;

	if (!hold_is(pamh))
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
