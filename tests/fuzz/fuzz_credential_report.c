/*
 * fuzz_credential_report: of a report that is taken every row has a user, lies in the
 * report's own memory; rows are in order, times none or of the years that can be written;
 * what is refused says so and leaves nothing.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seen.h"

#include "policy/audit/credential_report.h"

#define FIRST INT64_C(-62200000000) /* the year 0, or a little before */
#define LAST INT64_C(253500000000)  /* 9999 */

static void check_time(int64_t t)
{
	MUST(t >= FIRST && t <= LAST);
	seen(t >= 0 ? "time" : "none");
}

static void check_row(const struct credential_report *t, size_t i, size_t len)
{
	const struct credential_row *row = &t->row[i];

	MUST(row->user >= t->text && row->user + strlen(row->user) <= t->text + len);
	MUST(i == 0 || strcmp(t->row[i - 1].user, row->user) <= 0);
	check_time(row->changed);
	check_time(row->next);
	if (row->password)
		seen("password");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct credential_report t;
	struct err e = {0};
	size_t len;
	/* A block of its own without an end, so that a read behind it is noticed. */
	char *text = (char *)fuzz_rest(&f, &len);
	const int r = credential_report_read(&t, text, len, &e);

	if (r == 0) {
		for (size_t i = 0; i < t.count; i++)
			check_row(&t, i, len);
		seen(t.count > 0 ? "rows" : "empty");
	} else {
		MUST(r == ERR_BAD && e.code == ERR_BAD && strstr(e.text, "the credential report") != NULL);
		MUST(t.row == NULL && t.text == NULL && t.count == 0);
		seen("refused");
	}
	credential_report_free(&t);
	free(text);
	return 0;
}
