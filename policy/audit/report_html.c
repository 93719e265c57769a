/* One page that needs nothing else: no script, nothing loaded, what is wrong first.  All
 * that comes from the host is escaped. */
#include "policy/audit/report.h"

#include "enroll/language.h"
#include "lib/core/utf8.h"

#include <stdlib.h>
#include <string.h>

#ifndef PB_VERSION
#define PB_VERSION "unknown"
#endif

void report_escaped(FILE *out, const char *text)
{
	while (*text != '\0') {
		const char c = *text;
		const size_t unseen = c == '\n' || c == '\t' ? 0 : report_unseen(text);
		const size_t n = unseen > 0 ? unseen : utf8_length(text);

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			(void)fprintf(out, "&#%d;", c);
		else if (unseen > 0)
			(void)fputs("\xEF\xBF\xBD", out);
		else
			(void)fwrite(text, 1, n, out);
		text += n;
	}
}

static void print_head(const struct report *r, FILE *out)
{
	char time[REPORT_TIME];

	report_time_text(report_time(r), time);
	(void)fprintf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	    "'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>bastionctl audit: ",
	    r->korean ? "ko" : "en");
	report_escaped(out, report_host(r));
	(void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n"
	    "<h1>%s <span class=\"any\">", report_style, _("Audit of the host"));
	report_escaped(out, report_host(r));
	(void)fprintf(out, "</span></h1>\n<p class=\"soft\"><time datetime=\"%s\">%s</time> · "
	    "bastionctl " PB_VERSION "</p>\n</header>\n", time, time);
}

static void print_part(FILE *out, const char *name, size_t n, size_t all)
{
	const size_t permille = all > 0 ? 1000 * n / all : 0;

	if (n > 0)
		(void)fprintf(out, "<i class=\"%s\" style=\"width:%zu.%zu%%\"></i>", name, permille / 10,
		    permille % 10);
}

static void print_sums(const struct report *r, FILE *out)
{
	static const enum audit_status order[] = {AUDIT_FAIL, AUDIT_ERROR, AUDIT_WARN, AUDIT_SKIP,
	    AUDIT_INFO, AUDIT_PASS};
	const struct audit *a = r->audit;

	(void)fputs("<section aria-label=\"sums\">\n<div class=\"bar\" aria-hidden=\"true\">", out);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		print_part(out, audit_status_name(order[i]), audit_count(a, order[i]), a->count);
	print_part(out, "MUTED", audit_muted(a), a->count);
	(void)fputs("</div>\n<ul class=\"sums\">", out);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		(void)fprintf(out, "<li class=\"%s\"><span class=\"tag\">%s</span> <b>%zu</b></li>",
		    audit_status_name(order[i]), audit_status_name(order[i]), audit_count(a, order[i]));
	(void)fprintf(out, "<li class=\"MUTED\"><span class=\"tag\">%s</span> <b>%zu</b></li></ul>\n"
	    "</section>\n", _("muted"), audit_muted(a));
}

/* <dt>name</dt><dd>value</dd> */
static void print_pair(FILE *out, const char *name, const char *value, bool code)
{
	if (value == NULL)
		return;
	(void)fprintf(out, "<dt>%s</dt><dd class=\"any\">%s", name, code ? "<code>" : "");
	report_escaped(out, value);
	(void)fprintf(out, "%s</dd>", code ? "</code>" : "");
}

static void print_evidence(const struct audit_finding *x, FILE *out)
{
	(void)fputs("<ul class=\"evidence\">", out);
	for (size_t i = 0; i < x->result.count; i++) {
		const char *status = audit_status_name(x->result.note[i].status);

		(void)fprintf(out, "<li><span class=\"tag %s\">%s</span><span class=\"any\">", status,
		    status);
		report_escaped(out, x->result.note[i].text);
		(void)fputs("</span></li>", out);
	}
	if (x->result.count == 0)
		(void)fprintf(out, "<li>%s</li>", _("the check has noted nothing"));
	if (x->result.failed)
		(void)fprintf(out, "<li>%s</li>", _("out of memory"));
	(void)fputs("</ul>\n", out);
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;
	const char *status = audit_status_name(audit_status_of(x));
	char day[DAY_TEXT] = "";

	(void)fprintf(out, "<article class=\"%s\">\n<div class=\"head\"><span class=\"tag\">%s</span>"
	    "<h3>%s ", x->muted != NULL ? "MUTED" : status, status, c->id);
	report_escaped(out, r->korean ? c->title_ko : c->title);
	(void)fprintf(out, "</h3><span class=\"soft\">%s</span></div>\n",
	    audit_severity_name(c->severity));
	print_evidence(x, out);
	(void)fputs("<dl>", out);
	if (x->muted != NULL) {
		day_text(x->muted->end, day);
		print_pair(out, _("muted until"), day, false);
		print_pair(out, _("because"), x->muted->reason, false);
	}
	print_pair(out, _("rule"), _(c->rule), false);
	if (audit_status_of(x) == AUDIT_FAIL || audit_status_of(x) == AUDIT_WARN) {
		print_pair(out, _("fix"), c->fix != NULL ? _(c->fix) : NULL, true);
		print_pair(out, _("rollback"), c->rollback != NULL ? _(c->rollback) : NULL, true);
	}
	print_pair(out, _("hardening guide"), c->guide, false);
	print_pair(out, "ISMS-P", c->isms_p, false);
	print_pair(out, "CIS", c->cis, false);
	print_pair(out, "prowler", c->prowler, false);
	(void)fputs("</dl>\n</article>\n", out);
}

/* One heading for those of a status. */
static const char *heading(const struct audit_finding *x)
{
	if (x->muted != NULL)
		return _("Muted");
	switch (audit_status_of(x)) {
	case AUDIT_FAIL: return _("What fails");
	case AUDIT_ERROR: return _("What could not be told");
	case AUDIT_WARN: return _("Warnings");
	case AUDIT_SKIP: return _("What does not apply");
	case AUDIT_INFO: return _("To know");
	default: return _("What is as it has to be");
	}
}

static void print_findings(const struct report *r, const size_t *order, size_t n, FILE *out)
{
	const char *last = "";

	for (size_t i = 0; i < n; i++) {
		const struct audit_finding *x = &r->audit->item[order[i]];
		const char *now = heading(x);

		if (strcmp(now, last) != 0)
			(void)fprintf(out, "<h2>%s</h2>\n", now);
		last = now;
		print_finding(r, x, out);
	}
}

static void print_items(const struct report *r, const size_t *order, size_t n, FILE *out)
{
	size_t count;
	struct report_item *all = report_all_items(r, &count);

	for (size_t k = 0; k < count; k++) {
		(void)fprintf(out, "<h2>%s ", report_framework_title(r->framework));
		report_escaped(out, all[k].name);
		(void)fprintf(out, " %s</h2>\n", report_item_title(r->framework, all[k].name));
		for (size_t i = 0; i < n; i++)
			if (report_is_of_item(r, &r->audit->item[order[i]], all[k].name))
				print_finding(r, &r->audit->item[order[i]], out);
	}
	free(all);
}

void report_html(const struct report *r, FILE *out)
{
	size_t *order = calloc(r->audit->count + 1, sizeof(*order));
	size_t n;

	print_head(r, out);
	print_sums(r, out);
	if (order == NULL) {
		(void)fprintf(out, "<p>%s</p>\n", _("out of memory"));
	} else {
		n = report_sort(r, order);
		(r->framework == AUDIT_NO_FRAMEWORK ? print_findings : print_items)(r, order, n, out);
	}
	free(order);
	report_people(r, out);
	(void)fputs("</main>\n</body>\n</html>\n", out);
}
