#include "policy/iam/gather_iam.h"

#include "policy/audit/credential_report.h"
#include "policy/audit/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#define WAIT_MOST 60 /* seconds for a new one */
#define STEP_MOST 8

static int ask(struct gather_iam_part *p, const char *action, struct aws_answer *r)
{
	const struct aws_call call = {.service = AWS_IAM, .action = action, .repeat = true,
	    .answer_most = HTTP_ANSWER_LIMIT};

	return aws_do(p->aws, &call, r);
}

/* Not ready yet. */
static bool is_on_its_way(const struct aws_answer *r)
{
	return aws_answer_is(r, "ReportInProgress") || aws_answer_is(r, "ReportNotPresent") ||
	    aws_answer_is(r, "ReportExpired");
}

/* Asks IAM to make one, unless it has a young one, and waits for it. */
static int await(struct gather_iam_part *p, struct aws_answer *get)
{
	struct aws_answer made = {.end = AWS_TROUBLE};
	int r = ask(p, "GenerateCredentialReport", &made);

	if (r != 0)
		*get = made;
	else
		aws_answer_free(&made);
	for (unsigned step = 1, waited = 0; r == 0; step = 2 * step < STEP_MOST ? 2 * step : STEP_MOST) {
		if ((r = ask(p, "GetCredentialReport", get)) == 0 || !is_on_its_way(get) ||
		    waited >= WAIT_MOST)
			break;
		/* One that has expired in between has to be made anew. */
		if (!aws_answer_is(get, "ReportInProgress")) {
			(void)ask(p, "GenerateCredentialReport", &made);
			aws_answer_free(&made);
		}
		aws_answer_free(get);
		(void)nanosleep(&(struct timespec){.tv_sec = step}, NULL);
		waited += step;
		r = 0;
	}
	return r;
}

static void note_rows(struct gather_iam_part *p)
{
	for (size_t i = 0; i < p->report->count; i++) {
		const struct credential_row *row = &p->report->row[i];

		facts_format(p->f, "iam-report", row->user, "password=%s changed=%" PRId64 " next=%" PRId64,
		    row->password ? "true" : "false", row->changed, row->next);
	}
}

static int decode(const char *content, unsigned char **text, size_t *len)
{
	const size_t n = strlen(content);
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int a = 0, b = 0, r = -1;

	*text = malloc(n + 4);
	EVP_DecodeInit(ctx);
	if (ctx != NULL && *text != NULL && n < HTTP_ANSWER_LIMIT &&
	    EVP_DecodeUpdate(ctx, *text, &a, (const unsigned char *)content, (int)n) >= 0 &&
	    EVP_DecodeFinal(ctx, *text + a, &b) >= 0)
		r = 0;
	*len = r == 0 ? (size_t)(a + b) : 0;
	EVP_ENCODE_CTX_free(ctx);
	return r;
}

static int take(struct gather_iam_part *p, const struct aws_answer *r, struct err *e)
{
	const char *content = xml_text(r->result, "Content");
	unsigned char *text = NULL;
	size_t len;
	int code;

	p->report_time = gather_iam_time(xml_text(r->result, "GeneratedTime"));
	if (content == NULL || p->report_time < 0)
		return err_set(e, ERR_BAD, "iam GetCredentialReport: an answer without a report");
	if (decode(content, &text, &len) != 0)
		code = err_set(e, ERR_BAD, "iam GetCredentialReport: content that is no base64");
	else
		code = credential_report_read(p->report, (const char *)text, len, e);
	free(text);
	return code;
}

void gather_iam_report(struct gather_iam_part *p)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	struct err e = {0};

	if (await(p, &r) != 0) {
		facts_trouble(p->f, "iam", "report", r.e.text);
	} else if (take(p, &r, &e) != 0) {
		facts_trouble(p->f, "iam", "report", e.text);
	} else {
		facts_format(p->f, "iam", "report", "generated=%" PRId64, p->report_time);
		note_rows(p);
	}
	aws_answer_free(&r);
}
