#include "policy/audit/report.h"

#include "lib/core/json_text.h"

#include <inttypes.h>

static void print_muted(const struct mute_line *l, FILE *out)
{
	char day[DAY_TEXT];

	if (l == NULL) {
		(void)fputs(",\"muted\":null", out);
		return;
	}
	day_text(l->end, day);
	(void)fprintf(out, ",\"muted\":{\"until\":\"%s\"", day);
	report_pair(out, "reason", l->reason);
	(void)putc('}', out);
}

static void print_finding(const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;

	(void)fputs("{\"id\":", out);
	json_text_print(out, c->id);
	report_pair(out, "status", audit_status_name(audit_status_of(x)));
	report_pair(out, "severity", audit_severity_name(c->severity));
	report_pair(out, "title", c->title);
	report_pair(out, "title_ko", c->title_ko);
	print_muted(x->muted, out);
	(void)fputs(",\"evidence\":[", out);
	for (size_t i = 0; i < x->result.count; i++) {
		(void)fprintf(out, "%s{\"status\":\"%s\",\"text\":", i > 0 ? "," : "",
		    audit_status_name(x->result.note[i].status));
		json_text_print(out, x->result.note[i].text);
		(void)putc('}', out);
	}
	(void)putc(']', out);
	report_pair(out, "rule", c->rule);
	report_pair(out, "fix", c->fix);
	report_pair(out, "rollback", c->rollback);
	(void)fputs(",\"references\":{\"guide\":", out);
	json_text_print(out, c->guide);
	report_pair(out, "isms_p", c->isms_p);
	report_pair(out, "cis", c->cis);
	report_pair(out, "prowler", c->prowler);
	(void)fputs("}}", out);
}

void report_json(const struct report *r, FILE *out)
{
	const struct audit *a = r->audit;
	const char *comma = "";

	(void)fputs("{\"host\":", out);
	json_text_print(out, report_host(r));
	/* A number whatever a saved file says. */
	(void)fprintf(out, ",\"time\":%" PRId64 ",\"findings\":[", report_time(r));
	for (size_t i = 0; i < a->count; i++) {
		if (!report_shows(r, &a->item[i]))
			continue;
		(void)fputs(comma, out);
		print_finding(&a->item[i], out);
		comma = ",";
	}
	(void)fprintf(out, "],\"counts\":{\"FAIL\":%zu,\"ERROR\":%zu,\"WARN\":%zu,\"SKIP\":%zu,"
	    "\"INFO\":%zu,\"PASS\":%zu,\"muted\":%zu}}\n", audit_count(a, AUDIT_FAIL),
	    audit_count(a, AUDIT_ERROR), audit_count(a, AUDIT_WARN), audit_count(a, AUDIT_SKIP),
	    audit_count(a, AUDIT_INFO), audit_count(a, AUDIT_PASS), audit_muted(a));
}
