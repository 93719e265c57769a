/*
 * proof: has a first factor been proven before us, in this very login?
 *
 * Without it no verdict but a right code lets anybody in, and no text tells
 * more than "wrong".  What counts, and nothing else:
 *  - sshd: tty "ssh" and a publickey line in the PAM environment's
 *    SSH_AUTH_INFO_0;
 *  - `after_password` on the PAM line, and PAM_AUTHTOK set by the lines above;
 *  - `after_login` on the PAM line, a tty that is not "ssh", and a caller whose
 *    real uid is not 0 and is the account's.
 */
#ifndef PB_PROOF_H
#define PB_PROOF_H

#include "lib/core/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct proof_facts {
	const char *tty;           /* PAM_TTY, NULL allowed */
	const char *ssh_auth_info; /* pam_getenv SSH_AUTH_INFO_0, NULL allowed */
	bool authtok;              /* PAM_AUTHTOK is set and not empty */
	uid_t ruid;
	bool account;              /* PAM_USER has an account, with this uid: */
	uid_t uid;
};

bool proof_holds(const struct conf_words *w, const struct proof_facts *f);

#endif
