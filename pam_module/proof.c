#include "pam_module/proof.h"

#include <string.h>

#define WORD "publickey "

/* The text behind the first "publickey " at the start of a line, or NULL. */
static const char *publickey_line(const struct proof_facts *f)
{
	const char *p = f->ssh_auth_info;

	if (f->tty == NULL || strcmp(f->tty, "ssh") != 0)
		return NULL;
	while (p != NULL && *p != '\0') {
		if (strncmp(p, WORD, strlen(WORD)) == 0)
			return p + strlen(WORD);
		p = strchr(p, '\n');
		if (p != NULL)
			p++;
	}
	return NULL;
}

bool proof_holds(const struct conf_words *w, const struct proof_facts *f)
{
	bool ssh = f->tty != NULL && strcmp(f->tty, "ssh") == 0;

	if (publickey_line(f) != NULL)
		return true;
	if (w->after_password && f->authtok)
		return true;
	return w->after_login && !ssh && f->ruid != 0 && f->account && f->ruid == f->uid;
}
