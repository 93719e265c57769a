#include "policy/audit/report.h"

#include "lib/core/json_text.h"

static void print_pair(FILE *out, const char *key, const char *value)
{
	(void)fprintf(out, ",\"%s\":", key);
	json_text_print(out, value);
}

static void print_finding(const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;

	(void)fputs("{\"id\":", out);
	json_text_print(out, c->id);
	print_pair(out, "status", audit_status_name(x->result.status));
	print_pair(out, "severity", audit_severity_name(c->severity));
	print_pair(out, "title", c->title);
	print_pair(out, "title_ko", c->title_ko);
	(void)fputs(",\"evidence\":[", out);
	for (size_t i = 0; i < x->result.count; i++) {
		(void)fprintf(out, "%s{\"status\":\"%s\",\"text\":", i > 0 ? "," : "",
		    audit_status_name(x->result.note[i].status));
		json_text_print(out, x->result.note[i].text);
		(void)putc('}', out);
	}
	(void)putc(']', out);
	print_pair(out, "rule", c->rule);
	print_pair(out, "fix", c->fix);
	print_pair(out, "rollback", c->rollback);
	(void)fputs(",\"references\":{\"guide\":", out);
	json_text_print(out, c->guide);
	print_pair(out, "isms_p", c->isms_p);
	print_pair(out, "cis", c->cis);
	print_pair(out, "prowler", c->prowler);
	(void)fputs("}}", out);
}

void report_json(const struct report *r, FILE *out)
{
	const struct audit *a = r->audit;
	const char *comma = "";

	(void)fputs("{\"host\":", out);
	json_text_print(out, facts_string(r->facts, "host", "name"));
	(void)fprintf(out, ",\"time\":%s,\"findings\":[", facts_string(r->facts, "host", "time"));
	for (size_t i = 0; i < a->count; i++) {
		if (!report_shows(r, &a->item[i]))
			continue;
		(void)fputs(comma, out);
		print_finding(&a->item[i], out);
		comma = ",";
	}
	(void)fprintf(out, "],\"counts\":{\"FAIL\":%zu,\"ERROR\":%zu,\"WARN\":%zu,\"SKIP\":%zu,"
	    "\"INFO\":%zu,\"PASS\":%zu}}\n", audit_count(a, AUDIT_FAIL), audit_count(a, AUDIT_ERROR),
	    audit_count(a, AUDIT_WARN), audit_count(a, AUDIT_SKIP), audit_count(a, AUDIT_INFO),
	    audit_count(a, AUDIT_PASS));
}
