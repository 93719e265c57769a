#include "policy/audit/rules_in_force.h"

#include "policy/password/profile.h"
#include "policy/password/rules_file.h"

#include <stdio.h>
#include <string.h>

/* The text of a file; 0, ERR_NONE, ERR_UNAVAIL. */
static int file_text(struct facts *f, const char *path, const char **text, struct err *e)
{
	const struct fact *x = facts_get(f, "file", path);

	*text = x->text;
	if (x->is == FACT_TEXT)
		return 0;
	if (x->is == FACT_NONE)
		return err_set(e, ERR_NONE, "%s: is not there", path);
	return err_set(e, ERR_UNAVAIL, "%s: %s", path, x->is == FACT_TROUBLE ? x->text :
	    "is not among the facts");
}

int rules_mirror(struct facts *f, struct iam_policy *p, struct iam_mirror *m, struct err *e)
{
	char path[PASSWORD_NAME_MAX];
	const char *text;
	int r;

	(void)snprintf(path, sizeof(path), "%s", facts_string(f, "conf", "policy_file"));
	if ((r = file_text(f, path, &text, e)) != 0)
		return r;
	return iam_json_parse_kept(p, m, path, text, strlen(text), e);
}

static int add_one(struct facts *f, struct password_policies *p, const char *name, struct err *e)
{
	struct password_policy *one = &p->policy[p->count];
	struct iam_policy iam;
	struct iam_mirror mirror;
	const char *text;
	int r;

	if (strcmp(name, "iam") == 0) {
		if ((r = rules_mirror(f, &iam, &mirror, e)) == 0)
			iam_policy_rules(&iam, one);
		return r;
	}
	if (name[0] == '/') {
		r = file_text(f, name, &text, e);
		return r != 0 ? r : rules_file_parse(one, name, text, strlen(text), e);
	}
	if (password_profile(name, one) != 0)
		return err_set(e, ERR_SYNTAX, "password_policy: '%s' is no policy", name);
	return 0;
}

int rules_in_force(struct facts *f, struct password_policies *p, struct err *e)
{
	const struct fact *list = facts_get(f, "conf", "password_policy");

	p->count = 0;
	if (list->is != FACT_TEXT)
		return err_set(e, ERR_UNAVAIL, "password_policy: is not among the facts");
	for (const char *at = list->text;; at++) {
		char name[PASSWORD_NAME_MAX];
		size_t n;
		int r;

		at += strspn(at, " \t");
		n = strcspn(at, ",");
		if (p->count == PASSWORD_POLICIES || n >= sizeof(name))
			return err_set(e, ERR_SYNTAX, "password_policy: more than %d policies",
			    PASSWORD_POLICIES);
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, at);
		at += n;
		while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t'))
			name[--n] = '\0';
		if ((r = add_one(f, p, name, e)) != 0) {
			p->count = 0;
			return r;
		}
		p->count++;
		if (*at == '\0')
			return 0;
	}
}
