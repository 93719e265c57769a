/*
 * pam_account: `need_auth` refuses a login that went round the code.
 */
#include "pam_module/entry.h"
#include "pam_module/mark.h"
#include "pam_module/report.h"

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct entry en;

	(void)flags;
	if (entry_begin(&en, pamh, CONF_ACCOUNT, argc, argv) != 0)
		return PAM_SERVICE_ERR;
	if (en.words.need_auth && !mark_is(pamh, entry_item(pamh, PAM_USER))) {
		report_trouble(pamh, "need_auth", NULL);
		return PAM_PERM_DENIED;
	}
	return PAM_SUCCESS;
}
