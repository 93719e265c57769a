/* OCSF 1.5.0, Detection Finding (2004): one array of all findings. */
#include "policy/audit/report.h"

#include "lib/core/json_text.h"

#include <inttypes.h>

#ifndef PB_VERSION
#define PB_VERSION "unknown"
#endif

/* What does not call for anybody is informational, however grave it would be. */
static void print_severity(const struct audit_finding *x, FILE *out)
{
	static const char *const names[] = {"Informational", "Low", "Medium", "High", "Critical"};
	const enum audit_status s = audit_status_of(x);
	const int n = s == AUDIT_FAIL || s == AUDIT_WARN || s == AUDIT_ERROR ?
	    (int)x->check->severity + 1 : 0;

	(void)fprintf(out, ",\"severity_id\":%d,\"severity\":\"%s\"", n + 1, names[n]);
}

static void print_metadata(const struct report *r, const struct audit_finding *x, FILE *out)
{
	(void)fputs(",\"metadata\":{\"version\":\"1.5.0\",\"product\":{\"name\":\"bastionctl\","
	    "\"vendor_name\":\"pam-bastion\",\"version\":\"" PB_VERSION "\"}", out);
	report_pair(out, "event_code", x->check->id);
	(void)fprintf(out, ",\"profiles\":[\"host\",\"datetime\"%s]}",
	    r->account != NULL || r->region != NULL ? ",\"cloud\"" : "");
	(void)fputs(",\"device\":{\"type_id\":1,\"type\":\"Server\"", out);
	report_pair(out, "hostname", report_host(r));
	report_pair(out, "uid", report_machine(r));
	(void)putc('}', out);
	if (r->account == NULL && r->region == NULL)
		return;
	(void)fputs(",\"cloud\":{\"provider\":\"AWS\"", out);
	if (r->region != NULL)
		report_pair(out, "region", r->region);
	if (r->account != NULL) {
		(void)fputs(",\"account\":{\"type_id\":10,\"type\":\"AWS Account\"", out);
		report_pair(out, "uid", r->account);
		report_pair(out, "name", r->account); /* prowler's readers insist on one */
		(void)putc('}', out);
	}
	(void)putc('}', out);
}

static void print_info(const struct report *r, const struct audit_finding *x, FILE *out)
{
	struct buffer uid = {0};

	buffer_format(&uid, "bastionctl-%s-%s", x->check->id, report_machine(r));
	(void)fprintf(out, ",\"finding_info\":{\"created_time\":%" PRId64 ",\"types\":[\"Software and "
	    "Configuration Checks\"]", 1000 * report_time(r));
	report_pair(out, "uid", buffer_string(&uid));
	report_pair(out, "title", x->check->title);
	report_pair(out, "desc", x->check->rule);
	(void)fputs("},\"resources\":[{\"name\":", out);
	json_text_print(out, report_host(r));
	report_pair(out, "uid", report_machine(r));
	report_pair(out, "type", facts_string(r->facts, "host", "instance")[0] != '\0' ?
	    "AwsEc2Instance" : "Other");
	if (r->region != NULL)
		report_pair(out, "region", r->region);
	(void)fputs("}]", out);
	if (x->check->fix != NULL) {
		(void)fputs(",\"remediation\":{\"references\":[],\"desc\":", out);
		json_text_print(out, x->check->fix);
		(void)putc('}', out);
	}
	buffer_free(&uid);
}

static void print_unmapped(const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;
	char day[DAY_TEXT];

	(void)fputs(",\"unmapped\":{\"check_severity\":", out);
	json_text_print(out, audit_severity_name(c->severity));
	(void)fputs(",\"compliance\":{\"PROVIDER\":[\"host\"]", out);
	if (c->isms_p != NULL)
		report_items(out, "KISA-ISMS-P-2023", c->isms_p);
	if (c->cis != NULL)
		report_items(out, "CIS-AWS", c->cis);
	if (c->guide != NULL)
		report_items(out, "GUIDE", c->guide);
	(void)putc('}', out);
	if (x->muted != NULL) {
		day_text(x->muted->end, day);
		(void)fprintf(out, ",\"muted\":{\"until\":\"%s\"", day);
		report_pair(out, "reason", x->muted->reason);
		(void)putc('}', out);
	}
	(void)putc('}', out);
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	char time[REPORT_TIME];
	struct buffer evidence = {0};

	report_time_text(report_time(r), time);
	report_evidence(x, &evidence);
	/* Milliseconds. */
	(void)fprintf(out, "{\"time\":%" PRId64 ",\"time_dt\":\"%s\",\"activity_id\":1,"
	    "\"activity_name\":\"Create\",\"category_uid\":2,\"category_name\":\"Findings\","
	    "\"class_uid\":2004,\"class_name\":\"Detection Finding\",\"type_uid\":200401,"
	    "\"type_name\":\"Detection Finding: Create\"", 1000 * report_time(r), time);
	print_severity(x, out);
	(void)fprintf(out, ",\"status_id\":%d,\"status\":\"%s\"", x->muted != NULL ? 3 : 1,
	    x->muted != NULL ? "Suppressed" : "New");
	report_pair(out, "status_code", audit_status_name(audit_status_of(x)));
	report_pair(out, "status_detail", buffer_string(&evidence));
	report_pair(out, "message", buffer_string(&evidence));
	print_metadata(r, x, out);
	print_info(r, x, out);
	print_unmapped(x, out);
	(void)putc('}', out);
	buffer_free(&evidence);
}

void report_ocsf(const struct report *r, FILE *out)
{
	const char *comma = "[";

	for (size_t i = 0; i < r->audit->count; i++) {
		if (!report_shows(r, &r->audit->item[i]))
			continue;
		(void)fprintf(out, "%s\n", comma);
		print_finding(r, &r->audit->item[i], out);
		comma = ",";
	}
	(void)fprintf(out, "%s]\n", comma[0] == '[' ? "[" : "\n");
}
