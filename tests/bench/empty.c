/*
 * A module that does nothing and needs the libraries of pam_bastion.so: what loading
 * these costs a login.
 */
#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <security/pam_modules.h>

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pamh, int flags,
    int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argv;
	/* Never so: it only keeps the libraries. */
	if (argc < 0) {
		(void)oath_init();
		(void)OPENSSL_init_crypto(0, NULL);
	}
	return PAM_SUCCESS;
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
