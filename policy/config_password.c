#include "policy/config_password.h"

#include "policy/password/profile.h"

#include <security/pam_appl.h>
#include <string.h>

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

static bool names_iam(const struct conf *c)
{
	return password_list_names(c->password_policy, "iam");
}

static bool has_same_policies(const struct conf *c, const struct conf *file)
{
	return strcmp(c->password_policy, file->password_policy) == 0 &&
	    (!names_iam(c) || strcmp(c->policy_file, file->policy_file) == 0);
}

static void judge_readable(struct config_findings *f, const struct pamd_line *l,
    const struct conf *c)
{
	struct password_policies p;
	struct err why = {0};

	if (password_policies_load(&p, c->password_policy, c->policy_file, &why) == 0)
		return;
	if (l->type == PAMD_PASSWORD)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: no new password will be taken: %s", l->file,
		    l->line, why.text);
	else
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: no password's age can be judged: %s", l->file,
		    l->line, why.text);
}

/* One key that the line, or another file that it names, has otherwise. */
static void judge_key(struct config_findings *f, const struct pamd_line *l, const char *key,
    const struct conf *c, const struct conf *file)
{
	char here[CONF_VALUE_MAX], there[CONF_VALUE_MAX];
	int i = 0;

	while (strcmp(conf_key(i), key) != 0)
		i++;
	conf_value(c, i, here);
	conf_value(file, i, there);
	if (strcmp(here, there) != 0)
		config_find(f, CONFIG_WARN, PAM, "%s:%d: %s is %.200s here and %.200s in %s: `policy "
		    "show`, `policy import` and `policy check` go by the file alone; set it there",
		    l->file, l->line, key, here, there, file->path);
}

void config_password_rules(struct config_findings *f, const struct pamd_line *l,
    const struct conf *c, const struct conf *file)
{
	const bool ages = l->type == PAMD_ACCOUNT;

	if (l->type != PAMD_PASSWORD && !ages)
		return;
	if (ages && file != NULL)
		judge_key(f, l, "age", c, file);
	if (ages && c->age == CONF_AGE_OFF) /* nothing of all that is looked at */
		return;
	/* Of the file's own it is told once. */
	if (file == NULL || !has_same_policies(c, file))
		judge_readable(f, l, c);
	if (file == NULL)
		return;
	judge_key(f, l, "password_policy", c, file);
	if (names_iam(c) || names_iam(file))
		judge_key(f, l, "policy_file", c, file);
	judge_key(f, l, ages ? "age_exempt" : "enforce_for_root", c, file);
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

bool config_password_judges(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return true;
	return false;
}

const struct pamd_entry *config_password_unjudged(const struct pamd_stack *s)
{
	if (config_password_judges(s))
		return NULL;
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_PASSWORDS && s->entry[i].run)
			return &s->entry[i];
	return NULL;
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
