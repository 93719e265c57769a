/*
 * fuzz_net_reply: whatever a service answers, a call ends in one of its ways: what is done has
 * a result, everything else says service and call in one printable line, and what was asked
 * with a secret repeats no message.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/secret.h"
#include "lib/net/aws_source.h"
#include "lib/net/aws_wire.h"

#define NOW INT64_C(1764479538)
#define MARK "hunter2"

static void check_line(const char *text)
{
	for (; *text != '\0'; text++)
		MUST((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check(const struct aws_answer *a, const struct aws_request *q, const struct http_answer *h)
{
	char head[96];

	(void)snprintf(head, sizeof(head), "%s %s: ", aws_service_scope(q->service), q->action);
	MUST(a->status == h->status && a->sent == h->sent);
	check_line(a->code);
	check_line(a->request_id);
	if (a->end == AWS_DONE) {
		MUST(h->status == 200 && (a->result != NULL || json_is_object(a->json)));
		MUST(!aws_reply_may_pass(a) && a->e.code == 0);
		return;
	}
	MUST(a->e.code < 0 && strncmp(a->e.text, head, strlen(head)) == 0);
	check_line(a->e.text);
	MUST(a->end != AWS_REFUSED || a->code[0] != '\0');
	/* The code itself is shown; the message is not. */
	MUST(!q->secret || strstr(a->e.text, MARK) == NULL || strstr(a->code, MARK) != NULL ||
	    strstr(a->request_id, MARK) != NULL);
}

/* The same as the answer of a source of keys. */
static void check_key(const struct http_answer *h)
{
	struct aws_key k = {.expires = 0};
	struct err e = {0};
	const int r = aws_source_json(&k, (const char *)h->body.data, h->len, "Token", "source", &e);

	MUST(r == 0 || (strncmp(e.text, "source: ", 8) == 0 && k.secret_key.data == NULL));
	MUST(r != 0 || (k.id[0] != '\0' && strchr(k.id, ':') == NULL));
	if (r == 0)
		check_line((const char *)k.secret_key.data);
	aws_key_free(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 403, 404, 429, 500, 503, 302};
	static const char *const actions[] = {"GetUser", "GetSecretValue"};
	struct fuzz f = {data, size};
	struct http_answer h = {.sent = true, .status = statuses[fuzz_below(&f, 8)]};
	struct aws_request q = {.service = (enum aws_service)fuzz_below(&f, AWS_SERVICES),
	    .secret = fuzz_flip(&f)};
	struct aws_answer a = {.end = AWS_TROUBLE};
	char *date = fuzz_text(&f);

	(void)snprintf(q.action, sizeof(q.action), "%s", actions[q.service >= AWS_SECRETS_MANAGER]);
	(void)snprintf(h.value[0], sizeof(h.value[0]), "%s", date);
	MUST(secret_new(&h.body, f.left + 1) == 0);
	h.len = f.left;
	if (f.left > 0)
		memcpy(h.body.data, f.at, f.left);
	aws_reply_read(&a, &q, &h, NOW);
	check(&a, &q, &h);
	check_key(&h);
	aws_answer_free(&a);
	http_answer_free(&h);
	free(date);
	return 0;
}
