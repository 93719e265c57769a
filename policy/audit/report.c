#include "policy/audit/report.h"

#include "lib/core/json_text.h"
#include "lib/core/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *name;
	bool machines;
	void (*print)(const struct report *r, FILE *out);
} formats[REPORT_FORMATS] = {
    [REPORT_TEXT] = {"text", false, report_text}, [REPORT_JSON] = {"json", true, report_json},
    [REPORT_CSV] = {"csv", true, report_csv}, [REPORT_OCSF] = {"ocsf", true, report_ocsf},
    [REPORT_ASFF] = {"asff", true, report_asff}, [REPORT_HTML] = {"html", false, report_html},
};

const char *report_format_name(enum report_format f)
{
	return formats[f].name;
}

enum report_format report_format_of(const char *name)
{
	int f = 0;

	while (f < REPORT_FORMATS && strcmp(formats[f].name, name) != 0)
		f++;
	return (enum report_format)f;
}

bool report_is_for_machines(enum report_format f)
{
	return formats[f].machines;
}

void report_print(const struct report *r, enum report_format f, FILE *out)
{
	formats[f].print(r, out);
}

bool report_shows(const struct report *r, const struct audit_finding *x)
{
	return (r->statuses & 1U << audit_status_of(x)) != 0;
}

int64_t report_time(const struct report *r)
{
	const char *text = facts_string(r->facts, "host", "time");
	char *end = NULL;
	const long long t = strtoll(text, &end, 10);

	/* To the end of 9999, which is as far as four digits go. */
	return end == text || *end != '\0' || t <= 0 || t > 253402300799 ? 0 : t;
}

void report_time_text(int64_t t, char text[REPORT_TIME])
{
	const time_t at = (time_t)t;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(text, REPORT_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, REPORT_TIME, "1970-01-01T00:00:00Z");
}

const char *report_host(const struct report *r)
{
	return facts_string(r->facts, "host", "name");
}

const char *report_machine(const struct report *r)
{
	const char *instance = facts_string(r->facts, "host", "instance");

	return instance[0] != '\0' ? instance : report_host(r)[0] != '\0' ? report_host(r) : "unknown";
}

void report_evidence(const struct audit_finding *x, struct buffer *b)
{
	for (size_t i = 0; i < x->result.count; i++)
		buffer_format(b, "%s%s", i > 0 ? " | " : "", x->result.note[i].text);
	if (x->result.count == 0)
		buffer_text(b, "the check has noted nothing");
	if (x->result.failed || b->failed)
		buffer_text(b, " | out of memory");
}

/* Those of direction (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and what has
 * no width (U+200B to U+200D, U+2060 to U+2064, U+FEFF), n bytes. */
static bool is_turning(const char *text, size_t n)
{
	const unsigned char *c = (const unsigned char *)text;

	if (n == 2)
		return c[0] == 0xd8 && c[1] == 0x9c;
	if (n != 3)
		return false;
	if (c[0] == 0xef)
		return c[1] == 0xbb && c[2] == 0xbf;
	return c[0] == 0xe2 && ((c[1] == 0x80 && ((c[2] >= 0x8b && c[2] <= 0x8f) ||
	    (c[2] >= 0xaa && c[2] <= 0xae))) || (c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xa9));
}

size_t report_unseen(const char *text)
{
	const unsigned char c = (unsigned char)*text;
	const size_t n = utf8_length(text);

	if (n == 0)
		return 1;
	return c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0) ||
	    is_turning(text, n) ? n : 0;
}

void report_plain(FILE *out, const char *text, int indent)
{
	while (*text != '\0') {
		const size_t unseen = report_unseen(text);

		if (*text == '\n')
			(void)fprintf(out, "\n%*s", indent, "");
		else if (*text == '\t')
			(void)putc(' ', out);
		else if (unseen == 2 && (unsigned char)*text == 0xc2)
			(void)fprintf(out, "\\x%02x", (unsigned char)text[1]);
		else if (unseen > 0)
			for (size_t i = 0; i < unseen; i++)
				(void)fprintf(out, "\\x%02x", (unsigned char)text[i]);
		else
			(void)fwrite(text, 1, utf8_length(text), out);
		text += unseen > 0 ? unseen : utf8_length(text);
	}
}

void report_pair(FILE *out, const char *key, const char *value)
{
	(void)fprintf(out, ",\"%s\":", key);
	json_text_print(out, value);
}

void report_items(FILE *out, const char *key, const char *list)
{
	const char *comma = "", *at;
	size_t n;

	(void)fprintf(out, ",\"%s\":[", key);
	while ((at = audit_next_item(&list, &n)) != NULL) {
		(void)fprintf(out, "%s\"%.*s\"", comma, (int)n, at);
		comma = ",";
	}
	(void)putc(']', out);
}

static int rank(const struct audit_finding *x)
{
	static const int ranks[] = {[AUDIT_FAIL] = 0, [AUDIT_ERROR] = 1, [AUDIT_WARN] = 2,
	    [AUDIT_SKIP] = 4, [AUDIT_INFO] = 5, [AUDIT_PASS] = 6};

	return x->muted != NULL ? 3 : ranks[audit_status_of(x)];
}

size_t report_sort(const struct report *r, size_t *order)
{
	const struct audit *a = r->audit;
	size_t n = 0;

	/* Of one rank the graver first, then as the checks stand. */
	for (int k = 0; k <= 6; k++)
		for (int s = AUDIT_CRITICAL; s >= AUDIT_LOW; s--)
			for (size_t i = 0; i < a->count; i++)
				if (report_shows(r, &a->item[i]) && rank(&a->item[i]) == k &&
				    (int)a->item[i].check->severity == s)
					order[n++] = i;
	return n;
}
