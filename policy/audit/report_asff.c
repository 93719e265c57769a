/* AWS Security Finding Format 2018-10-08: an array as BatchImportFindings takes it, which
 * is at most 100 at a time. */
#include "policy/audit/report.h"

#include "lib/core/json_text.h"

#include <string.h>

/* Where they are not told: nobody's, so that no finding comes to a wrong account. */
#define NO_ACCOUNT "000000000000"
#define NO_REGION "unknown"

#define TITLE_MOST 256       /* characters that Security Hub takes */
#define DESCRIPTION_MOST 1000
#define FIX_MOST 512
#define REQUIREMENT_MOST 64

/* "key":"value" of at most so many bytes, cut between two characters; an empty one is
 * refused there. */
static void print_only(FILE *out, const char *key, const char *value, size_t most)
{
	size_t n = strlen(value);
	struct buffer b = {0};

	if (n > most)
		for (n = most; n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80;)
			n--;
	buffer_add(&b, value, n);
	(void)fprintf(out, "\"%s\":", key);
	json_text_print(out, n > 0 ? buffer_string(&b) : "-");
	buffer_free(&b);
}

/* China and the regions of governments have clouds of their own. */
static const char *partition(const struct report *r)
{
	static const struct { const char *region, *name; } all[] = {{"cn-", "aws-cn"},
	    {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"},
	    {"us-isof-", "aws-iso-f"}, {"eu-isoe-", "aws-iso-e"}, {"eusc-", "aws-eusc"}};

	for (size_t i = 0; r->region != NULL && i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(r->region, all[i].region, strlen(all[i].region)) == 0)
			return all[i].name;
	return "aws";
}

static void print_cut(FILE *out, const char *key, const char *value, size_t most)
{
	(void)putc(',', out);
	print_only(out, key, value, most);
}

static const char *label(const struct audit_finding *x)
{
	static const char *const names[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
	const enum audit_status s = audit_status_of(x);

	return s == AUDIT_FAIL || s == AUDIT_WARN || s == AUDIT_ERROR ? names[x->check->severity] :
	    "INFORMATIONAL";
}

/* What was not judged is not available: never a pass. */
static const char *compliance(enum audit_status s)
{
	return s == AUDIT_FAIL ? "FAILED" : s == AUDIT_WARN ? "WARNING" :
	    s == AUDIT_PASS ? "PASSED" : "NOT_AVAILABLE";
}

static void add_requirements(const char *name, const char *list, FILE *out, const char **comma)
{
	const char *at;
	size_t n;

	while ((at = audit_next_item(&list, &n)) != NULL) {
		char text[REQUIREMENT_MOST + 1];

		(void)snprintf(text, sizeof(text), "%s %.*s", name, (int)n, at);
		(void)fputs(*comma, out);
		json_text_print(out, text);
		*comma = ",";
	}
}

static void print_compliance(const struct audit_finding *x, FILE *out)
{
	const char *comma = "";

	(void)fprintf(out, ",\"Compliance\":{\"Status\":\"%s\",\"RelatedRequirements\":[",
	    compliance(audit_status_of(x)));
	add_requirements("KISA-ISMS-P-2023", x->check->isms_p, out, &comma);
	add_requirements("CIS-AWS", x->check->cis, out, &comma);
	add_requirements("GUIDE", x->check->guide, out, &comma);
	(void)fputs("]}", out);
}

static void print_resource(const struct report *r, FILE *out)
{
	const char *instance = facts_string(r->facts, "host", "instance");
	struct buffer id = {0};

	(void)fprintf(out, ",\"Resources\":[{\"Partition\":\"%s\"", partition(r));
	report_pair(out, "Type", instance[0] != '\0' ? "AwsEc2Instance" : "Other");
	if (instance[0] != '\0' && r->account != NULL && r->region != NULL)
		buffer_format(&id, "arn:%s:ec2:%s:%s:instance/%s", partition(r), r->region, r->account, instance);
	else
		buffer_text(&id, report_machine(r));
	print_cut(out, "Id", buffer_string(&id), FIX_MOST);
	report_pair(out, "Region", r->region != NULL ? r->region : NO_REGION);
	(void)fputs("}]", out);
	buffer_free(&id);
}

/* Who has muted it is not in the file of mutes. */
static void print_workflow(const struct audit_finding *x, const char *time, FILE *out)
{
	char text[FIX_MOST + 1], day[DAY_TEXT];

	(void)fprintf(out, ",\"Workflow\":{\"Status\":\"%s\"}", x->muted != NULL ? "SUPPRESSED" : "NEW");
	if (x->muted == NULL)
		return;
	day_text(x->muted->end, day);
	(void)snprintf(text, sizeof(text), "muted until %s: %s", day, x->muted->reason);
	(void)fprintf(out, ",\"Note\":{\"UpdatedBy\":\"bastionctl\",\"UpdatedAt\":\"%s\"", time);
	print_cut(out, "Text", text, FIX_MOST - 4);
	(void)putc('}', out);
}

static void print_texts(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const struct audit_check *c = x->check;
	struct buffer evidence = {0}, id = {0};

	report_evidence(x, &evidence);
	buffer_format(&id, "bastionctl-%s-%s", c->id, report_machine(r));
	print_cut(out, "Id", buffer_string(&id), FIX_MOST);
	print_cut(out, "Title", c->title, TITLE_MOST);
	print_cut(out, "Description", buffer_string(&evidence), DESCRIPTION_MOST);
	if (c->fix != NULL) {
		(void)fputs(",\"Remediation\":{\"Recommendation\":{", out);
		print_only(out, "Text", c->fix, FIX_MOST);
		(void)fputs("}}", out);
	}
	buffer_free(&evidence);
	buffer_free(&id);
}

static void print_finding(const struct report *r, const struct audit_finding *x, FILE *out)
{
	const char *account = r->account != NULL ? r->account : NO_ACCOUNT;
	const char *region = r->region != NULL ? r->region : NO_REGION;
	char time[REPORT_TIME];

	report_time_text(report_time(r), time);
	(void)fputs("{\"SchemaVersion\":\"2018-10-08\"", out);
	(void)fprintf(out, ",\"ProductArn\":\"arn:%s:securityhub:%s:%s:product/%s/default\"", partition(r),
	    region, account, account);
	(void)fprintf(out, ",\"ProductName\":\"bastionctl\",\"CompanyName\":\"pam-bastion\","
	    "\"GeneratorId\":\"bastionctl/%s\"", x->check->id);
	report_pair(out, "AwsAccountId", account);
	(void)fprintf(out, ",\"CreatedAt\":\"%s\",\"UpdatedAt\":\"%s\",\"Types\":[\"Software and "
	    "Configuration Checks\"],\"RecordState\":\"ACTIVE\",\"Severity\":{\"Label\":\"%s\"}", time,
	    time, label(x));
	print_texts(r, x, out);
	print_compliance(x, out);
	print_workflow(x, time, out);
	print_resource(r, out);
	(void)putc('}', out);
}

void report_asff(const struct report *r, FILE *out)
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
