/*
 * pam_say: a module for tests that answers what its line says: the first word is a return
 * code as a number, of auth, account and the first round of password; the second that of
 * the second round.
 */
#include <security/pam_modules.h>
#include <stdlib.h>

#define ENTRY __attribute__((visibility("default")))

static int say(int argc, const char **argv, int at)
{
	return at < argc ? atoi(argv[at]) : PAM_SYSTEM_ERR;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags;
	return say(argc, argv, 0);
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags;
	return say(argc, argv, 0);
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags;
	return say(argc, argv, 0);
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	return say(argc, argv, (flags & PAM_UPDATE_AUTHTOK) != 0 ? 1 : 0);
}
