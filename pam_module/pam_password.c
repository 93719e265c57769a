/*
 * pam_password: this version has no password rules, and says so by refusing.
 */
#include "pam_module/entry.h"
#include "pam_module/report.h"

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct err e = {0};

	(void)flags, (void)argc, (void)argv;
	(void)err_set(&e, ERR_REFUSED,
	    "this version has no password rules; remove the module's password line");
	report_trouble(pamh, "config", &e);
	return PAM_AUTHTOK_ERR;
}
