#include "tests/fuzz/fakepam.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wrap.h"

#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdarg.h>

#define VISIBLE __attribute__((visibility("default")))
#define TEXT 16384

void fakepam_end(pam_handle_t *pamh)
{
	if (pamh->mark != NULL && pamh->drop != NULL)
		pamh->drop(pamh, pamh->mark, PAM_SUCCESS);
	free(pamh->mark_name);
	pamh->mark_name = NULL;
	pamh->mark = NULL;
}

const struct passwd *fakepam_account(const char *name)
{
	static char alice[] = "alice", bob[] = "bob", corp[] = "a@corp", root[] = "root";
	static const struct passwd all[] = {{.pw_name = alice, .pw_uid = 1000, .pw_gid = 1000},
	    {.pw_name = bob, .pw_uid = 1001, .pw_gid = 1001},
	    {.pw_name = corp, .pw_uid = 1002, .pw_gid = 1002}, {.pw_name = root}};

	if (strcmp(name, "ALICE") == 0)
		return &all[0];
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].pw_name, name) == 0)
			return &all[i];
	return NULL;
}

VISIBLE struct passwd *pam_modutil_getpwnam(pam_handle_t *pamh, const char *user)
{
	static struct passwd pw;
	const struct passwd *found = fakepam_account(user);

	(void)pamh;
	if (found == NULL)
		return NULL;
	pw = *found;
	return &pw;
}

static int converse(int n, const struct pam_message **m, struct pam_response **out, void *data)
{
	const bool was = wrap_pause();
	pam_handle_t *pamh = data;
	char *typed = NULL;
	int r;

	MUST(n == 1 && m[0]->msg != NULL);
	r = pamh->ask(pamh, m[0]->msg_style, m[0]->msg, &typed);
	/* Some give nothing back where there is no answer, some something empty. */
	if (typed != NULL || (r == PAM_SUCCESS && !pamh->terse)) {
		*out = calloc(1, sizeof(**out));
		MUST(*out != NULL);
		(*out)->resp = typed;
	}
	wrap_resume(was);
	return r;
}

VISIBLE int pam_get_item(const pam_handle_t *pamh, int item, const void **value)
{
	switch (item) {
	case PAM_CONV: {
		pam_handle_t *own = (pam_handle_t *)(uintptr_t)pamh;

		own->conv = (struct pam_conv){converse, own};
		*value = &own->conv;
		return PAM_SUCCESS;
	}
	case PAM_USER:
		*value = pamh->user;
		return PAM_SUCCESS;
	case PAM_SERVICE:
		*value = pamh->service;
		return PAM_SUCCESS;
	case PAM_TTY:
		*value = pamh->tty;
		return PAM_SUCCESS;
	case PAM_RHOST:
		*value = pamh->rhost;
		return PAM_SUCCESS;
	case PAM_AUTHTOK:
		*value = pamh->authtok;
		return PAM_SUCCESS;
	default:
		return PAM_BAD_ITEM;
	}
}

VISIBLE int pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt)
{
	(void)prompt;
	*user = pamh->user;
	return pamh->user != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
}

VISIBLE const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
	return strcmp(name, "SSH_AUTH_INFO_0") == 0 ? pamh->auth_info : NULL;
}

VISIBLE int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*drop)(pam_handle_t *pamh, void *data, int status))
{
	const bool was = wrap_pause();

	if (++pamh->marks == pamh->lose) {
		wrap_resume(was);
		return PAM_BUF_ERR;
	}
	MUST(pamh->mark_name == NULL || strcmp(pamh->mark_name, name) == 0);
	fakepam_end(pamh);
	pamh->mark_name = strdup(name);
	pamh->mark = data;
	pamh->drop = drop;
	wrap_resume(was);
	return PAM_SUCCESS;
}

VISIBLE int pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
	if (pamh->mark_name == NULL || strcmp(pamh->mark_name, name) != 0)
		return PAM_NO_MODULE_DATA;
	*data = pamh->mark;
	return PAM_SUCCESS;
}

/* Of a `reserve` line, which these harnesses do not choose. */
VISIBLE int pam_get_authtok(pam_handle_t *pamh, int item, const char **authtok,
    const char *prompt)
{
	(void)prompt;
	*authtok = item == PAM_AUTHTOK ? pamh->authtok : NULL;
	return *authtok != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
}

VISIBLE void pam_syslog(const pam_handle_t *pamh, int priority, const char *fmt, ...)
{
	const bool was = wrap_pause();
	pam_handle_t *own = (pam_handle_t *)(uintptr_t)pamh;
	static char line[TEXT];
	va_list args;

	(void)priority;
	va_start(args, fmt);
	MUST(vsnprintf(line, sizeof(line), fmt, args) < TEXT);
	va_end(args);
	pamh->log(own, line);
	wrap_resume(was);
}
