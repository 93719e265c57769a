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

void mark_clear(pam_handle_t *pamh)
{
	(void)pam_set_data(pamh, NAME, NULL, NULL);
}

bool mark_is(pam_handle_t *pamh, const char *user)
{
	const void *data = NULL;

	if (user == NULL || pam_get_data(pamh, NAME, &data) != PAM_SUCCESS || data == NULL)
		return false;
	return strcmp(data, user) == 0;
}
