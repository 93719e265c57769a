#include "policy/audit/report.h"

#include "lib/core/utf8.h"

#include <string.h>

/* RFC 4180 with ';' between cells, as prowler writes it.  A spreadsheet must not take a
 * cell for a formula: whoever names a file or an account would run it there. */
void report_cell(FILE *out, const char *text)
{
	const bool formula = text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;
	const bool quoted = formula || strpbrk(text, ";\"\r\n") != NULL;

	if (quoted)
		(void)putc('"', out);
	if (formula)
		(void)putc('\'', out);
	while (*text != '\0') {
		const size_t unseen = *text == '\n' || *text == '\t' ? 0 : report_unseen(text);
		const size_t n = unseen > 0 ? unseen : utf8_length(text);

		if (unseen > 0)
			(void)fputs("\xEF\xBF\xBD", out);
		else
			(void)fwrite(text, 1, n, out);
		if (*text == '"')
			(void)putc('"', out);
		text += n;
	}
	if (quoted)
		(void)putc('"', out);
}

/* "KISA-ISMS-P-2023: 2.6.2, 2.6.6 | GUIDE: 2" */
static void add_compliance(const struct audit_check *c, struct buffer *b)
{
	const struct { const char *name, *items; } all[] = {{"KISA-ISMS-P-2023", c->isms_p},
	    {"CIS-AWS", c->cis}, {"GUIDE", c->guide}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *list = all[i].items, *at, *comma = ": ";
		size_t n;

		if (list == NULL)
			continue;
		buffer_format(b, "%s%s", b->len > 0 ? " | " : "", all[i].name);
		while ((at = audit_next_item(&list, &n)) != NULL) {
			buffer_format(b, "%s%.*s", comma, (int)n, at);
			comma = ", ";
		}
	}
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;
	struct buffer evidence = {0}, uid = {0}, compliance = {0};
	char time[REPORT_TIME];

	report_time_text(report_time(r), time);
	report_evidence(x, &evidence);
	buffer_format(&uid, "bastionctl-%s-%s", c->id, report_machine(r));
	add_compliance(c, &compliance);

	const char *const cells[] = {time, r->account != NULL ? r->account : "", buffer_string(&uid),
	    "host", c->id, c->title, audit_status_name(audit_status_of(x)), buffer_string(&evidence),
	    x->muted != NULL ? "True" : "False", audit_severity_name(c->severity),
	    facts_string(r->facts, "host", "instance")[0] != '\0' ? "AwsEc2Instance" : "Other",
	    report_machine(r), report_host(r), r->region != NULL ? r->region : "",
	    c->fix != NULL ? c->fix : "", buffer_string(&compliance)};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		if (i > 0)
			(void)putc(';', out);
		report_cell(out, cells[i]);
	}
	(void)fputs("\r\n", out);
	buffer_free(&evidence);
	buffer_free(&uid);
	buffer_free(&compliance);
}

void report_csv(const struct report *r, FILE *out)
{
	(void)fputs("TIMESTAMP;ACCOUNT_UID;FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;STATUS;"
	    "STATUS_EXTENDED;MUTED;SEVERITY;RESOURCE_TYPE;RESOURCE_UID;RESOURCE_NAME;REGION;"
	    "REMEDIATION_CODE_CLI;COMPLIANCE\r\n", out);
	for (size_t i = 0; i < r->audit->count; i++)
		if (report_shows(r, &r->audit->item[i]))
			print_finding(r, &r->audit->item[i], out);
}
