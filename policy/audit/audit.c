#include "policy/audit/audit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct audit_group *const groups[] = {&audit_pam, &audit_eic,
    &audit_pam_password};

const struct audit_check *audit_check_at(size_t i)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		if (i < groups[g]->count)
			return &groups[g]->check[i];
		i -= groups[g]->count;
	}
	return NULL;
}

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

static bool is_chosen(const struct audit_check *c, const struct audit_choice *which)
{
	return (which->check == NULL || is_listed(c->id, which->check)) &&
	    (which->exclude == NULL || !is_listed(c->id, which->exclude));
}

int audit_run(struct audit *a, struct facts *f, const struct audit_rules *rules,
    const struct audit_choice *which, struct err *e)
{
	const struct audit_check *c;
	size_t n = 0;
	int r;

	if ((r = look_at(which->check, e)) != 0 || (r = look_at(which->exclude, e)) != 0)
		return r;
	while (audit_check_at(n) != NULL)
		n++;
	if ((a->item = calloc(n + 1, sizeof(*a->item))) == NULL || f->failed)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++) {
		struct audit_finding *x = &a->item[a->count];

		if (!is_chosen(c, which))
			continue;
		x->check = c;
		c->run(f, rules, &x->result);
		a->count++;
	}
	return 0;
}

void audit_free(struct audit *a)
{
	for (size_t i = 0; i < a->count; i++)
		result_free(&a->item[i].result);
	free(a->item);
	*a = (struct audit){.count = 0};
}

size_t audit_count(const struct audit *a, enum audit_status s)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->item[i].result.status == s ||
		    (s == AUDIT_ERROR && a->item[i].result.status == AUDIT_NOTHING);
	return n;
}
