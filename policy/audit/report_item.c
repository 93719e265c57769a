#include "policy/audit/report.h"

#include "enroll/language.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	enum audit_framework framework;
	const char *item, *title;
} titles[] = {
    {AUDIT_GUIDE, "1", N_("a second factor for everybody who logs in")},
    {AUDIT_GUIDE, "2", N_("EC2 Instance Connect is off")},
    {AUDIT_GUIDE, "3", N_("access keys are rotated on schedule")},
    {AUDIT_GUIDE, "4", N_("passwords are strong, changed each quarter, and not to be guessed")},
    {AUDIT_ISMS_P, "2.5.1", N_("management of user accounts")},
    {AUDIT_ISMS_P, "2.5.2", N_("identification of users")},
    {AUDIT_ISMS_P, "2.5.3", N_("authentication of users")},
    {AUDIT_ISMS_P, "2.5.4", N_("management of passwords")},
    {AUDIT_ISMS_P, "2.5.5", N_("special accounts and rights")},
    {AUDIT_ISMS_P, "2.5.6", N_("review of access rights")},
    {AUDIT_ISMS_P, "2.6.1", N_("access to networks")},
    {AUDIT_ISMS_P, "2.6.2", N_("access to information systems")},
    {AUDIT_ISMS_P, "2.6.6", N_("control of remote access")},
    {AUDIT_ISMS_P, "2.7.1", N_("use of cryptography")},
    {AUDIT_ISMS_P, "2.7.2", N_("management of cryptographic keys")},
    {AUDIT_ISMS_P, "2.9.4", N_("management of logs")},
    {AUDIT_ISMS_P, "2.9.6", N_("synchronised clocks")},
    {AUDIT_ISMS_P, "2.10.2", N_("security of cloud services")},
    {AUDIT_ISMS_P, "2.10.8", N_("management of patches")},
};

const char *report_item_title(enum audit_framework w, const char *item)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].framework == w && strcmp(titles[i].item, item) == 0)
			return _(titles[i].title);
	return "";
}

const char *report_framework_title(enum audit_framework w)
{
	return w == AUDIT_ISMS_P ? "ISMS-P" : w == AUDIT_CIS ? "CIS AWS Foundations" :
	    w == AUDIT_GUIDE ? _("the hardening guide") : "";
}

/* 2.6.2 stands before 2.10.2. */
static int by_numbers(const void *a, const void *b)
{
	return strverscmp(((const struct report_item *)a)->name, ((const struct report_item *)b)->name);
}

static bool is_word(const char *list, const char *item)
{
	const char *at;
	size_t n;

	while ((at = audit_next_item(&list, &n)) != NULL)
		if (strlen(item) == n && strncmp(at, item, n) == 0)
			return true;
	return false;
}

bool report_is_of_item(const struct report *r, const struct audit_finding *x, const char *item)
{
	return report_shows(r, x) && is_word(audit_items(x->check, r->framework), item);
}

static bool is_there(const struct report_item *all, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0)
			return true;
	return false;
}

struct report_item *report_all_items(const struct report *r, size_t *count)
{
	const struct audit *a = r->audit;
	struct report_item *all = NULL;

	*count = 0;
	for (size_t i = 0; i < a->count; i++) {
		const char *list = audit_items(a->item[i].check, r->framework), *at;
		size_t n;

		while (report_shows(r, &a->item[i]) && (at = audit_next_item(&list, &n)) != NULL) {
			struct report_item one = {.name = ""}, *more;

			(void)snprintf(one.name, sizeof(one.name), "%.*s", (int)n, at);
			if (is_there(all, *count, one.name))
				continue;
			if ((more = realloc(all, (*count + 1) * sizeof(*more))) == NULL)
				return all;
			all = more;
			all[(*count)++] = one;
		}
	}
	if (all != NULL)
		qsort(all, *count, sizeof(*all), by_numbers);
	return all;
}
