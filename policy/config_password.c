#include "policy/config_password.h"

#include <security/pam_appl.h>

#define PAM "pam"

void config_password_line(struct config_findings *f, const struct pamd_line *l)
{
	struct pamd_control c;

	(void)pamd_control(l->control, &c, NULL);
	for (int i = 0; i < PAMD_CODES; i++) {
		if (i == PAM_SUCCESS || i == PAM_INCOMPLETE || i == PAM_IGNORE ||
		    i == PAM_NEW_AUTHTOK_REQD || c.action[i] == PAMD_DIE)
			continue;
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: '%s' does not end in die: the line below "
		    "would be run for a refused password; write `requisite`", l->file, l->line,
		    pamd_code_name(i));
		return;
	}
}

/* Whether a line above leaves a new password for the i-th. */
static bool is_behind_a_question(const struct pamd_stack *s, int at)
{
	for (int i = 0; i < at; i++)
		if (s->entry[i].asks && s->entry[i].run)
			return true;
	return false;
}

static void judge_ours(struct config_findings *f, const struct pamd_stack *s, int at)
{
	const struct pamd_entry *x = &s->entry[at];
	const bool behind = is_behind_a_question(s, at);

	if (!x->run)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: this password line is never run; the lines "
		    "above always jump over it or end", x->file, x->line);
	else if (x->asks && behind)
		config_find(f, CONFIG_WARN, PAM, "%s:%d: asks for the new password anew, which the "
		    "lines above have not judged; add use_authtok", x->file, x->line);
	else if (!x->asks && !behind)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: use_authtok, but no line above asks for a "
		    "password: every change is refused; remove the word", x->file, x->line);
	for (int i = at + 1; i < s->count; i++) {
		const struct pamd_entry *y = &s->entry[i];

		if (y->asks && !y->ours && y->run)
			config_find(f, CONFIG_FAIL, PAM, "%s:%d: may ask for another new password than "
			    "pam_bastion.so above it has judged; add use_authtok, or put it above",
			    y->file, y->line);
	}
}

void config_password(struct config_findings *f, const struct pamd_stack *s,
    const struct pamd_ways *w)
{
	const struct pamd_entry *x;
	bool any = false;

	for (int i = 0; i < s->count; i++) {
		if (s->entry[i].role != PAMD_OURSELVES)
			continue;
		judge_ours(f, s, i);
		any = true;
	}
	if (any && w->refused >= 0) {
		x = &s->entry[w->refused];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: a refused password is still set; write "
		    "`requisite`", x->file, x->line);
	}
	if (any && w->jumped >= 0) {
		x = &s->entry[w->jumped];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: sets a password past the line of "
		    "pam_bastion.so; put that line above it", x->file, x->line);
	}
}
