/*
 * fakepam: libpam as far as the module calls it, in the hands of a harness: items,
 * the conversation and the log go through the harness, accounts are invented.
 */
#ifndef PB_FAKEPAM_H
#define PB_FAKEPAM_H

#include <pwd.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdbool.h>

struct pam_handle {
	const char *user, *service, *tty, *rhost, *authtok, *auth_info;
	char *mark_name;
	void *mark; /* of pam_set_data() */
	void (*drop)(pam_handle_t *pamh, void *data, int status);
	int marks; /* calls of pam_set_data() */
	int lose;  /* the one that has no memory for it; 0: none */
	bool terse; /* where nothing is typed, no response comes back at all */
	/* The person: a PAM code, and what was typed, in memory of malloc(), or NULL. */
	int (*ask)(pam_handle_t *pamh, int style, const char *text, char **typed);
	void (*log)(pam_handle_t *pamh, const char *line);
	void *ctx;
	struct pam_conv conv; /* of PAM_CONV */
};

/* Ends the handle: its data are dropped. */
void fakepam_end(pam_handle_t *pamh);

/* alice (1000), bob (1001), a@corp (1002), root; ALICE is alice. */
const struct passwd *fakepam_account(const char *name);

#endif
