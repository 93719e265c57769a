#include "policy/config_reserve.h"

#include <security/pam_appl.h>
#include <string.h>

#define PAM "pam"

void config_reserve_line(struct config_findings *f, const struct pamd_line *l)
{
	struct pamd_control c;

	(void)pamd_control(l->control, &c, NULL);
	for (int i = 0; i < PAMD_CODES; i++) {
		if (i == PAM_SUCCESS || i == PAM_INCOMPLETE || i == PAM_NEW_AUTHTOK_REQD ||
		    c.action[i] == (i == PAM_IGNORE ? PAMD_IGNORE : PAMD_DIE))
			continue;
		if (i == PAM_IGNORE)
			config_find(f, CONFIG_FAIL, PAM, "%s:%d: reserve: its 'ignore' must do nothing, "
			    "or the password is not judged as the lines below say; write `requisite`",
			    l->file, l->line);
		else
			config_find(f, CONFIG_FAIL, PAM, "%s:%d: reserve: '%s' does not end in die: the "
			    "password would be judged all the same; write `requisite`", l->file,
			    l->line, pamd_code_name(i));
		return;
	}
}

static bool is_given_back_in_auth(const struct pamd_stack *auth, int from)
{
	for (int i = from + 1; i < auth->count; i++)
		if (auth->entry[i].after_password && auth->entry[i].run)
			return true;
	return false;
}

static bool gives_back(const struct pamd_stack *auth, const struct pamd_stack *account, int from)
{
	if (is_given_back_in_auth(auth, from))
		return true;
	for (int i = 0; i < account->count; i++)
		if (account->entry[i].ours && account->entry[i].run)
			return true;
	return false;
}

static void judge_reserve_line(struct config_findings *f, const char *service,
    const struct pamd_stack *auth, int at)
{
	const struct pamd_entry *x = &auth->entry[at];
	bool behind = false, code = false, denied = false;

	for (int i = 0; i < auth->count; i++) {
		const struct pamd_entry *y = &auth->entry[i];

		behind = behind || (i > at && y->role == PAMD_PASSWORDS);
		code = code || (i < at && y->role == PAMD_OURSELVES);
		denied = denied || (i > at && y->denied && (y->role == PAMD_PASSWORDS ||
		    y->role == PAMD_OURSELVES));
	}
	if (!x->run)
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: this line is never run; the "
		    "lines above always jump over it or end", x->file, x->line, service);
	if (!behind)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: reserve, but no password line "
		    "below judges what it asks for; put it above pam_unix.so", x->file, x->line,
		    service);
	if (code)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: reserve stands below the line "
		    "for the code; put it first", x->file, x->line, service);
	if (denied)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: reserve refuses and the lines "
		    "below are run all the same; write `requisite`, and not in a substack", x->file,
		    x->line, service);
}

static void judge_asked_anew(struct config_findings *f, const char *service,
    const struct pamd_stack *auth, int first)
{
	for (int i = first + 1; i < auth->count; i++) {
		const struct pamd_entry *x = &auth->entry[i];

		if (x->role == PAMD_RESERVES && x->run)
			config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: a second `reserve` line: it "
			    "makes a wrong try of what the first has taken; keep one", x->file, x->line,
			    service);
		if (x->role == PAMD_PASSWORDS && x->asks)
			config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: may ask for another password "
			    "than the one that `reserve` took a try for; write use_first_pass", x->file,
			    x->line, service);
	}
}

/* The passwords that no try was taken for. */
static void judge_unreserved(struct config_findings *f, const char *service,
    const struct pamd_stack *auth, int first)
{
	for (int i = 0; i < auth->count; i++) {
		const struct pamd_entry *x = &auth->entry[i];

		if (x->role != PAMD_PASSWORDS || !x->run || !x->unreserved)
			continue;
		if (i < first)
			config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: judges a password above the "
			    "`reserve` line; put that one first", x->file, x->line, service);
		else
			config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: also judges passwords that "
			    "go past the `reserve` line; see that it is meant so", x->file, x->line,
			    service);
	}
}

void config_reserve(struct config_findings *f, const char *service,
    const struct pamd_stack *auth, const struct pamd_stack *account)
{
	int first = -1;

	for (int i = auth->count - 1; i >= 0; i--) {
		if (auth->entry[i].role != PAMD_RESERVES)
			continue;
		judge_reserve_line(f, service, auth, i);
		first = i;
	}
	if (first < 0)
		return;
	judge_unreserved(f, service, auth, first);
	judge_asked_anew(f, service, auth, first);
	if (!gives_back(auth, account, first))
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: reserve, but no line gives a try "
		    "back when the password was right, so a few logins shut everybody out; add "
		    "after_password to the line for the code, or `account required pam_bastion.so age=off`",
		    auth->entry[first].file, auth->entry[first].line, service);
	else if (strstr(service, "sshd") != NULL && !is_given_back_in_auth(auth, first))
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: only the account lines give a try "
		    "back, and of sshd they believe keyboard-interactive alone: keep "
		    "`PasswordAuthentication no`, or each right password counts as a wrong one", auth->entry[first].file,
		    auth->entry[first].line, service);
}
