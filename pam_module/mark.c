#include "pam_module/mark.h"

#include "lib/core/err.h"

#include <stdlib.h>
#include <string.h>

#define NAME "pam_bastion_let_in"

static void drop(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

int mark_set(pam_handle_t *pamh, const char *user)
{
	char *copy = strdup(user);

	if (copy == NULL)
		return ERR_SYSTEM;
	if (pam_set_data(pamh, NAME, copy, drop) != PAM_SUCCESS) {
		free(copy);
		return ERR_SYSTEM;
	}
	return 0;
}

/* libpam had no memory for a mark.  Which handle it was is not kept: one that has gone
 * lends its address to the next.  So in this process account judges no exemption any
 * more; of sshd's, each has one connection. */
static _Atomic bool unmarked;

/* "" is nobody's name: attempt_begin() refuses it.  Not a copy: without memory for one,
 * account would take it that auth had not run, and judge an exemption. */
int mark_start(pam_handle_t *pamh)
{
	static char nobody[] = "";

	if (pam_set_data(pamh, NAME, nobody, NULL) == PAM_SUCCESS)
		return 0;
	unmarked = true;
	return ERR_SYSTEM;
}

static const char *read_mark(pam_handle_t *pamh)
{
	const void *data = NULL;

	return pam_get_data(pamh, NAME, &data) == PAM_SUCCESS ? data : NULL;
}

bool mark_ran(pam_handle_t *pamh)
{
	return unmarked || read_mark(pamh) != NULL;
}

bool mark_is(pam_handle_t *pamh, const char *user)
{
	const char *marked = read_mark(pamh);

	return user != NULL && user[0] != '\0' && marked != NULL && strcmp(marked, user) == 0;
}
