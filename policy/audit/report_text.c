#include "policy/audit/report.h"

#include "enroll/language.h"

#include <string.h>

#define COLUMN 62

static const char *paint(const struct report *r, enum audit_status s)
{
	if (!r->color)
		return "";
	return s == AUDIT_FAIL ? "\033[31m" : s == AUDIT_WARN ? "\033[33m" :
	    s == AUDIT_ERROR || s == AUDIT_NOTHING ? "\033[35m" : s == AUDIT_PASS ? "\033[32m" : "";
}

/* What follows a title: why, and what to do. */
static void print_notes(const struct audit_finding *x, FILE *out)
{
	for (size_t i = 0; i < x->result.count; i++)
		if (x->result.note[i].status != AUDIT_PASS || x->result.status == AUDIT_PASS)
			(void)fprintf(out, "      %s\n", x->result.note[i].text);
	if (x->result.failed)
		(void)fprintf(out, "      %s\n", _("out of memory"));
	if (x->result.status != AUDIT_FAIL && x->result.status != AUDIT_WARN)
		return;
	(void)fprintf(out, _("      rule: %s\n"), _(x->check->rule));
	if (x->check->fix != NULL)
		(void)fprintf(out, _("      fix: %s\n"), _(x->check->fix));
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const char *title = r->korean ? x->check->title_ko : x->check->title;
	const int width = language_width(x->check->id) + 1 + language_width(title);

	(void)fprintf(out, "  %s %s%*s[ %s%s%s ]\n", x->check->id, title,
	    width < COLUMN ? COLUMN - width : 1, "", paint(r, x->result.status),
	    audit_status_name(x->result.status), r->color ? "\033[0m" : "");
	print_notes(x, out);
}

void report_text(const struct report *r, FILE *out)
{
	const struct audit *a = r->audit;

	(void)fprintf(out, _("Audit of %s\n\n"), facts_string(r->facts, "host", "name"));
	for (size_t i = 0; i < a->count; i++)
		if (report_shows(r, &a->item[i]))
			print_finding(r, &a->item[i], out);
	(void)fprintf(out, _("\nchecks: %zu; FAIL %zu, ERROR %zu, WARN %zu, SKIP %zu, INFO %zu, "
	    "PASS %zu\n"), a->count, audit_count(a, AUDIT_FAIL), audit_count(a, AUDIT_ERROR),
	    audit_count(a, AUDIT_WARN), audit_count(a, AUDIT_SKIP), audit_count(a, AUDIT_INFO),
	    audit_count(a, AUDIT_PASS));
}
