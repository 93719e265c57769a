/*
 * fuzz_facts: a saved file of facts that is taken is written and read as the same again,
 * byte for byte the second time, in the order of kinds and names, each once; the checks and
 * every format of report come through whatever it holds, and nothing that is written for a
 * terminal or a page is obeyed there.  What is refused says where.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/audit/people.h"
#include "policy/audit/report.h"

#include <stdio.h>

static char *written(struct facts *f, size_t *len)
{
	struct err e = {0};
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	MUST(out != NULL && facts_write(f, out, &e) == 0 && fclose(out) == 0);
	return text;
}

static void check_order(const struct facts *f)
{
	for (size_t i = 1; i < f->count; i++) {
		const struct fact *x = &f->item[i - 1], *y = &f->item[i];
		const int r = strcmp(x->kind, y->kind);

		MUST(r < 0 || (r == 0 && strcmp(x->name, y->name) < 0));
	}
	for (size_t i = 0; i < f->count; i++)
		MUST(f->item[i].is != FACT_UNKNOWN && strchr(f->item[i].name, '\n') == NULL &&
		    strchr(f->item[i].kind, ' ') == NULL);
}

static void check_again(struct facts *f)
{
	struct facts back = {.count = 0};
	size_t n, m;
	char *first = written(f, &n), *second;
	struct err e = {0};

	MUST(facts_read(&back, "again", first, n, &e) == 0);
	second = written(&back, &m);
	MUST(n == m && memcmp(first, second, n) == 0);
	MUST(back.count == f->count);
	for (size_t i = 0; i < f->count; i++)
		MUST(f->item[i].is == back.item[i].is &&
		    strcmp(f->item[i].text, back.item[i].text) == 0 &&
		    facts_get(f, f->item[i].kind, f->item[i].name) == &f->item[i]);
	free(first);
	free(second);
	facts_free(&back);
}

static void check_report(const struct report *r, enum report_format format)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	MUST(out != NULL);
	report_print(r, format, out);
	MUST(fclose(out) == 0 && len > 0 && strlen(text) == len);
	for (size_t i = 0; i < len && format != REPORT_CSV; i++)
		MUST((unsigned char)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
	if (format == REPORT_HTML)
		MUST(strstr(text, "<script") == NULL && strstr(text, "<img") == NULL &&
		    strstr(text, "<a") == strstr(text, "<article"));
	free(text);
}

static void check_audit(struct facts *f)
{
	const struct audit_choice all = {.check = NULL};
	struct audit a = {.count = 0};
	struct report r = {.audit = &a, .facts = f, .statuses = ~0U, .verbose = true};
	const struct audit_rules rules = {.now = report_time(&r)};
	struct err e = {0};

	MUST(audit_run(&a, f, &rules, &all, &e) == 0);
	for (size_t i = 0; i < a.count; i++)
		MUST(a.item[i].result.count > 0);
	for (int i = 0; i < REPORT_FORMATS; i++)
		check_report(&r, (enum report_format)i);
	r.framework = AUDIT_ISMS_P;
	check_report(&r, REPORT_HTML);
	audit_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	struct facts f = {.count = 0};
	struct err e = {0};
	size_t len;
	/* A block of its own, so that a read behind it is seen. */
	char *text = (char *)fuzz_rest(&in, &len);
	const int r = facts_read(&f, "input", text, len, &e);

	if (r == 0) {
		check_again(&f);
		check_order(&f);
		check_audit(&f);
	} else {
		MUST(r == ERR_SYNTAX && strncmp(e.text, "input:", 6) == 0);
	}
	free(text);
	facts_free(&f);
	return 0;
}
