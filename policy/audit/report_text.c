#include "policy/audit/report.h"

#include "enroll/language.h"

#include <stdlib.h>
#include <string.h>

#define COLUMN 62
#define INDENT 6
#define REASON_LONG 60 /* bytes: what is not said twice */

static const char *paint(const struct report *r, const struct audit_finding *x)
{
	const enum audit_status s = audit_status_of(x);

	if (!r->color || x->muted != NULL)
		return "";
	return s == AUDIT_FAIL ? "\033[31m" : s == AUDIT_WARN ? "\033[33m" :
	    s == AUDIT_ERROR ? "\033[35m" : s == AUDIT_PASS ? "\033[32m" : "";
}

static void print_line(FILE *out, const char *text)
{
	(void)fprintf(out, "%*s", INDENT, "");
	report_plain(out, text, INDENT + 2);
	(void)putc('\n', out);
}

/* Where in a note the reason begins that the other one ends with, too; NULL: another, or it
 * is short. */
static const char *same_reason(const char *text, const char *other)
{
	const size_t size = strlen(other);

	for (const char *at = strstr(text, ": "); at != NULL; at = strstr(at + 1, ": ")) {
		const size_t n = strlen(at);

		if (n < REASON_LONG)
			break;
		if (n <= size && strcmp(other + size - n, at) == 0)
			return at + strlen(": ");
	}
	return NULL;
}

/* Without a key to AWS twenty checks have one long reason: it is said once
 * (a_long_reason_is_said_once). */
static const struct audit_check *first_with(const struct report *r, const struct audit_finding *x,
    const char *text, const char **reason)
{
	for (const struct audit_finding *y = r->audit->item; y < x; y++)
		for (size_t i = 0; report_shows(r, y) && i < y->result.count; i++)
			if (y->result.note[i].status == AUDIT_ERROR &&
			    (*reason = same_reason(text, y->result.note[i].text)) != NULL)
				return y->check;
	return NULL;
}

static void print_untold(const struct report *r, const struct audit_finding *x, const char *text,
    FILE *out)
{
	const char *reason = NULL;
	const struct audit_check *first = r->verbose || r->framework != AUDIT_NO_FRAMEWORK ? NULL :
	    first_with(r, x, text, &reason);
	char *what = first != NULL ? strndup(text, (size_t)(reason - text)) : NULL;

	if (what == NULL) {
		print_line(out, text);
		return;
	}
	(void)fprintf(out, "%*s", INDENT, "");
	report_plain(out, what, INDENT + 2);
	(void)fprintf(out, _("as under %s\n"), first->id);
	free(what);
}

static void print_references(const struct audit_check *c, FILE *out)
{
	const struct { const char *name, *items; } all[] = {{_("hardening guide"), c->guide},
	    {"ISMS-P", c->isms_p}, {"CIS", c->cis}, {"prowler", c->prowler}};
	const char *comma = "";

	(void)fprintf(out, "%*s", INDENT, "");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].items == NULL)
			continue;
		(void)fprintf(out, "%s%s %s", comma, all[i].name, all[i].items);
		comma = "; ";
	}
	(void)putc('\n', out);
}

static void print_muted(const struct mute_line *l, FILE *out)
{
	char day[DAY_TEXT];

	day_text(l->end, day);
	(void)fprintf(out, "%*s", INDENT, "");
	(void)fprintf(out, _("muted until %s: %s\n"), day, l->reason);
}

/* What follows a title: why, and what to do. */
static void print_notes(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const enum audit_status s = audit_status_of(x);

	if (x->muted != NULL)
		print_muted(x->muted, out);
	for (size_t i = 0; i < x->result.count; i++)
		if (x->result.note[i].status == AUDIT_ERROR)
			print_untold(r, x, x->result.note[i].text, out);
		else if (x->result.note[i].status != AUDIT_PASS || r->verbose)
			print_line(out, x->result.note[i].text);
	if (x->result.count == 0)
		print_line(out, _("the check has noted nothing"));
	if (x->result.failed)
		print_line(out, _("out of memory"));
	if (s == AUDIT_FAIL || s == AUDIT_WARN) {
		(void)fprintf(out, _("      rule: %s\n"), _(x->check->rule));
		if (x->check->fix != NULL)
			(void)fprintf(out, _("      fix: %s\n"), _(x->check->fix));
		if (x->check->rollback != NULL && r->verbose)
			(void)fprintf(out, _("      rollback: %s\n"), _(x->check->rollback));
	}
	if (r->verbose)
		print_references(x->check, out);
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const char *title = r->korean ? x->check->title_ko : x->check->title;
	const int width = language_width(x->check->id) + 1 + language_width(title);

	(void)fprintf(out, "  %s %s%*s[ %s%s%s ]\n", x->check->id, title,
	    width < COLUMN ? COLUMN - width : 1, "", paint(r, x),
	    audit_status_name(audit_status_of(x)), r->color ? "\033[0m" : "");
	print_notes(r, x, out);
}

/* Under each item of the framework what refers to it. */
static void print_items(const struct report *r, FILE *out)
{
	const struct audit *a = r->audit;
	size_t count;
	struct report_item *all = report_all_items(r, &count);

	for (size_t k = 0; k < count; k++) {
		(void)fprintf(out, "%s%s %s %s\n", k > 0 ? "\n" : "",
		    report_framework_title(r->framework), all[k].name,
		    report_item_title(r->framework, all[k].name));
		for (size_t i = 0; i < a->count; i++)
			if (report_is_of_item(r, &a->item[i], all[k].name))
				print_finding(r, &a->item[i], out);
	}
	free(all);
}

/* The name of a saved file may be anything. */
static void print_title(const struct report *r, FILE *out)
{
	char host[256] = "";
	FILE *f = fmemopen(host, sizeof(host) - 1, "w");

	if (f != NULL) {
		report_plain(f, report_host(r), INDENT + 2);
		(void)fclose(f);
	}
	if (r->account != NULL)
		(void)fprintf(out, _("Audit of %s, AWS account %s\n\n"), host, r->account);
	else
		(void)fprintf(out, _("Audit of %s\n\n"), host);
}

void report_text(const struct report *r, FILE *out)
{
	const struct audit *a = r->audit;

	print_title(r, out);
	if (r->framework != AUDIT_NO_FRAMEWORK)
		print_items(r, out);
	for (size_t i = 0; i < a->count && r->framework == AUDIT_NO_FRAMEWORK; i++)
		if (report_shows(r, &a->item[i]))
			print_finding(r, &a->item[i], out);
	(void)fprintf(out, _("\nchecks: %zu; FAIL %zu, ERROR %zu, WARN %zu, SKIP %zu, INFO %zu, "
	    "PASS %zu\n"), a->count, audit_count(a, AUDIT_FAIL), audit_count(a, AUDIT_ERROR),
	    audit_count(a, AUDIT_WARN), audit_count(a, AUDIT_SKIP), audit_count(a, AUDIT_INFO),
	    audit_count(a, AUDIT_PASS));
	if (audit_muted(a) > 0)
		(void)fprintf(out, _("muted: %zu\n"), audit_muted(a));
}
