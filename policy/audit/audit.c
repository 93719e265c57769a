#include "policy/audit/audit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct audit_group *const groups[] = {&audit_iam_mfa, &audit_pam, &audit_sshd,
    &audit_enrolled, &audit_clock, &audit_door, &audit_sudo, &audit_eic, &audit_iam_eic,
    &audit_eic_return, &audit_iam_key, &audit_iam_secret, &audit_key, &audit_iam_key_initial,
    &audit_iam_password, &audit_pam_password, &audit_mirror, &audit_age, &audit_pam_counter, &audit_hash, &audit_history};

const struct audit_check *audit_check_at(size_t i)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		if (i < groups[g]->count)
			return &groups[g]->check[i];
		i -= groups[g]->count;
	}
	return NULL;
}

const struct audit_check *audit_check_find(const char *id, size_t len)
{
	const struct audit_check *c;

	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++)
		if (strlen(c->id) == len && strncmp(c->id, id, len) == 0)
			return c;
	return NULL;
}

/* ---- references ---- */

enum audit_framework audit_framework_of(const char *name)
{
	static const char *const names[] = {"", "isms-p", "cis", "guide"};

	for (int i = AUDIT_ISMS_P; i <= AUDIT_GUIDE; i++)
		if (strcasecmp(name, names[i]) == 0)
			return (enum audit_framework)i;
	return AUDIT_NO_FRAMEWORK;
}

const char *audit_items(const struct audit_check *c, enum audit_framework w)
{
	return w == AUDIT_ISMS_P ? c->isms_p : w == AUDIT_CIS ? c->cis : w == AUDIT_GUIDE ? c->guide :
	    NULL;
}

const char *audit_next_item(const char **list, size_t *n)
{
	const char *at = *list != NULL ? *list + strspn(*list, " ~") : "";

	*n = strcspn(at, " ");
	if (*n == 0)
		return NULL;
	*list = at + *n;
	return at;
}

/* ---- the choice ---- */

/* Whether the word (n bytes) is the id, or the part before its dash. */
static bool is_named(const char *id, const char *word, size_t n)
{
	const size_t group = strcspn(id, "-");

	return strncasecmp(id, word, n) == 0 && (id[n] == '\0' || n == group);
}

static bool is_listed(const char *id, const char *list)
{
	for (const char *at = list; *at != '\0';) {
		const size_t n = strcspn(at, ",");

		if (n > 0 && is_named(id, at, n))
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

/* Each word must name some check: a typing error would audit nothing. */
static int look_at(const char *list, struct err *e)
{
	for (const char *at = list != NULL ? list : ""; *at != '\0';) {
		const size_t n = strcspn(at, ",");
		const struct audit_check *c;
		bool found = false;

		for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++)
			found = found || (n > 0 && is_named(c->id, at, n));
		if (!found)
			return err_set(e, ERR_SYNTAX, "%.*s: no such check", (int)n, at);
		at += n + (at[n] == ',');
	}
	return 0;
}

/* Bits of the severities named, or of all. */
static int read_severities(const char *list, unsigned *bits, struct err *e)
{
	*bits = list == NULL ? ~0U : 0;
	for (const char *at = list != NULL ? list : ""; *at != '\0';) {
		const size_t n = strcspn(at, ",");
		unsigned bit = 0;

		for (int s = AUDIT_LOW; s <= AUDIT_CRITICAL; s++) {
			const char *name = audit_severity_name((enum audit_severity)s);

			if (strlen(name) == n && strncasecmp(name, at, n) == 0)
				bit = 1U << s;
		}
		if (bit == 0)
			return err_set(e, ERR_SYNTAX, "%.*s: no such severity", (int)n, at);
		*bits |= bit;
		at += n + (at[n] == ',');
	}
	return 0;
}

static bool is_in_scope(const struct audit_check *c, enum audit_what what)
{
	return c->scope == AUDIT_EITHER || what == AUDIT_WHAT_ALL ||
	    (c->scope == AUDIT_ACCOUNT) == (what == AUDIT_WHAT_IAM);
}

static bool is_chosen(const struct audit_check *c, const struct audit_choice *which,
    unsigned severities)
{
	return is_in_scope(c, which->what) &&
	    (which->check == NULL || is_listed(c->id, which->check)) &&
	    (which->exclude == NULL || !is_listed(c->id, which->exclude)) &&
	    (severities & 1U << c->severity) != 0 &&
	    (which->framework == AUDIT_NO_FRAMEWORK || audit_items(c, which->framework) != NULL);
}

bool audit_chooses(const struct audit_choice *which, const struct audit_check *c)
{
	unsigned severities = 0;

	return read_severities(which->severity, &severities, NULL) == 0 && is_chosen(c, which, severities);
}

static bool is_referred_to(const struct audit_choice *which)
{
	const struct audit_check *c;

	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++)
		if (is_in_scope(c, which->what) && audit_items(c, which->framework) != NULL)
			return true;
	return false;
}

int audit_run(struct audit *a, struct facts *f, const struct audit_rules *rules,
    const struct audit_choice *which, struct err *e)
{
	const struct audit_check *c;
	unsigned severities = 0;
	size_t n = 0;
	int r;

	if ((r = look_at(which->check, e)) != 0 || (r = look_at(which->exclude, e)) != 0 ||
	    (r = read_severities(which->severity, &severities, e)) != 0)
		return r;
	while (audit_check_at(n) != NULL)
		n++;
	if (f->failed || (a->item = calloc(n + 1, sizeof(*a->item))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++) {
		struct audit_finding *x = &a->item[a->count];

		if (!is_chosen(c, which, severities))
			continue;
		x->check = c;
		c->run(f, rules, &x->result);
		a->count++;
	}
	if (a->count == 0 && which->framework != AUDIT_NO_FRAMEWORK && !is_referred_to(which))
		return err_set(e, ERR_SYNTAX, "no check of a host refers to this framework; isms-p and guide "
		    "are referred to");
	return a->count > 0 ? 0 : err_set(e, ERR_SYNTAX, "no check is chosen");
}

void audit_free(struct audit *a)
{
	for (size_t i = 0; i < a->count; i++)
		result_free(&a->item[i].result);
	free(a->item);
	*a = (struct audit){.count = 0};
}

enum audit_status audit_status_of(const struct audit_finding *x)
{
	const enum audit_status s = x->result.status;

	return s == AUDIT_NOTHING || (x->result.failed && s < AUDIT_ERROR) ? AUDIT_ERROR : s;
}

size_t audit_count(const struct audit *a, enum audit_status s)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->item[i].muted == NULL && audit_status_of(&a->item[i]) == s;
	return n;
}

size_t audit_muted(const struct audit *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->item[i].muted != NULL;
	return n;
}

enum audit_status audit_verdict(const struct audit *a)
{
	return audit_count(a, AUDIT_FAIL) > 0 ? AUDIT_FAIL :
	    audit_count(a, AUDIT_ERROR) > 0 ? AUDIT_ERROR : AUDIT_PASS;
}
