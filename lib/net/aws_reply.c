#include "lib/net/aws_wire.h"

#include "lib/core/utf8.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_MOST 300 /* seconds that AWS allows */
#define MESSAGE_MAX 256

/* What an error of a service says of itself. */
struct said {
	char message[MESSAGE_MAX];
	int64_t skew; /* seconds that this host's clock is ahead of the server's */
	bool dated;
};

/* One line of printable text, whatever the server sent, and no part of a character. */
static void copy_line(char *to, size_t size, const char *from)
{
	size_t n = 0, one;

	for (; from != NULL && *from != '\0'; from += one) {
		const bool good = (one = utf8_length(from)) > 0 && !utf8_is_control(from);

		if (one == 0)
			one = 1;
		if (n + one >= size)
			break;
		if (good)
			memcpy(to + n, from, one);
		else
			to[n] = ' ';
		n += good ? one : 1;
	}
	to[n] = '\0';
}

static bool is_one_of(const char *code, const char *const list[])
{
	for (int i = 0; list[i] != NULL; i++)
		if (strcmp(code, list[i]) == 0)
			return true;
	return false;
}

static bool is_throttling(const struct aws_answer *a)
{
	static const char *const codes[] = {"Throttling", "ThrottlingException", "ThrottledException",
	    "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
	    "TooManyRequestsException", "SlowDown", "BandwidthLimitExceeded", "LimitExceededException",
	    "ProvisionedThroughputExceededException", "TransactionInProgressException",
	    "EC2ThrottledException", NULL};

	return a->status == 429 || is_one_of(a->code, codes);
}

static bool is_about_time(const char *code)
{
	static const char *const codes[] = {"RequestTimeTooSkewed", "RequestExpired",
	    "SignatureDoesNotMatch", "InvalidSignatureException", "RequestInTheFuture", NULL};

	return is_one_of(code, codes);
}

static bool is_denial(const char *code)
{
	static const char *const codes[] = {"AccessDenied", "AccessDeniedException",
	    "UnauthorizedOperation", "AuthFailure", "AuthException", "InvalidClientTokenId",
	    "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException",
	    "SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken",
	    "MissingAuthenticationTokenException", "IncompleteSignature", "OptInRequired", NULL};

	return is_one_of(code, codes);
}

/* ---- what was answered ---- */

/* The server's time against ours. */
static void read_date(struct said *s, const char *date, int64_t now)
{
	const int64_t at = curl_getdate(date, NULL);

	s->dated = at > 0;
	s->skew = s->dated ? now - at : 0;
}

/* <ErrorResponse><Error>, or EC2's <Response><Errors><Error>. */
static void read_xml_error(struct aws_answer *out, struct said *s)
{
	const struct xml_node *error = xml_at(out->xml.root, "Error"), *id;

	if (error == NULL)
		error = xml_at(out->xml.root, "Errors/Error");
	copy_line(out->code, sizeof(out->code), xml_text(error, "Code"));
	copy_line(s->message, sizeof(s->message), xml_text(error, "Message"));
	if ((id = xml_at(out->xml.root, "RequestId")) == NULL)
		id = xml_at(out->xml.root, "RequestID");
	if (id != NULL)
		copy_line(out->request_id, sizeof(out->request_id), id->text);
}

/* A __type may have a name space in front, and a URL behind. */
static void read_json_error(struct aws_answer *out, struct said *s)
{
	const char *type = json_reply_text(out->json, "__type"), *message, *hash;

	if (type == NULL)
		type = json_reply_text(out->json, "code");
	if (type != NULL && (hash = strchr(type, '#')) != NULL)
		type = hash + 1;
	copy_line(out->code, sizeof(out->code), type);
	out->code[strcspn(out->code, ":")] = '\0';
	if ((message = json_reply_text(out->json, "message")) == NULL)
		message = json_reply_text(out->json, "Message");
	copy_line(s->message, sizeof(s->message), message);
}

/* An error may come in the other protocol's clothes: a proxy's in none. */
static void read_error(struct aws_answer *out, const struct http_answer *a, struct said *s)
{
	const char *text = (const char *)a->body.data;
	const size_t blanks = strspn(text, " \t\r\n");

	if (text[blanks] == '<' && xml_read(&out->xml, text, a->len, NULL) == 0)
		read_xml_error(out, s);
	else if (text[blanks] == '{' && json_reply_read(&out->json, text, a->len, NULL) == 0)
		read_json_error(out, s);
}

static int read_query(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, struct err *e)
{
	char name[sizeof(q->action) + 8];
	const char *id;
	int r = xml_read(&out->xml, (const char *)a->body.data, a->len, e);

	if (r != 0)
		return r;
	(void)snprintf(name, sizeof(name), "%sResponse", q->action);
	if (strcmp(out->xml.root->name, name) != 0)
		return err_set(e, ERR_BAD, "no %s", name);
	(void)snprintf(name, sizeof(name), "%sResult", q->action);
	if ((out->result = xml_at(out->xml.root, name)) == NULL)
		out->result = out->xml.root;
	if ((id = xml_text(out->xml.root, "ResponseMetadata/RequestId")) != NULL ||
	    (id = xml_text(out->xml.root, "requestId")) != NULL)
		copy_line(out->request_id, sizeof(out->request_id), id);
	return 0;
}

static int read_result(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, struct err *e)
{
	const bool json = q->service == AWS_SECRETS_MANAGER || q->service == AWS_EC2_INSTANCE_CONNECT;

	return json ? json_reply_read(&out->json, (const char *)a->body.data, a->len, e) :
	    read_query(out, q, a, e);
}

/* ---- how it ended ---- */

static void say_skew(struct aws_answer *out, const struct aws_request *q, const struct said *s)
{
	const long long off = (long long)s->skew;

	out->end = AWS_SKEWED;
	if (s->dated && off < 0)
		(void)err_set(&out->e, ERR_DENIED, "%s %s: the clock of this host is %lld seconds slow: put it "
		    "right", aws_service_scope(q->service), q->action, -off);
	else if (s->dated)
		(void)err_set(&out->e, ERR_DENIED, "%s %s: the clock of this host is %lld seconds fast: put it "
		    "right", aws_service_scope(q->service), q->action, off);
	else
		(void)err_set(&out->e, ERR_DENIED, "%s %s: the clock of this host is wrong: put it right",
		    aws_service_scope(q->service), q->action);
}

static void say_error(struct aws_answer *out, const struct aws_request *q, const struct said *s)
{
	const int code = out->end == AWS_THROTTLED ? ERR_UNAVAIL : is_denial(out->code) ? ERR_DENIED :
	    out->end == AWS_REFUSED ? ERR_REFUSED : ERR_UNAVAIL;

	(void)err_set(&out->e, code, "%s %s: HTTP %d %s%s%s%s%s%s", aws_service_scope(q->service),
	    q->action, out->status, out->code[0] != '\0' ? out->code : "-",
	    s->message[0] != '\0' && !q->secret ? ": " : "", q->secret ? "" : s->message,
	    out->request_id[0] != '\0' ? " (request " : "", out->request_id,
	    out->request_id[0] != '\0' ? ")" : "");
}

static void conclude_error(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, int64_t now)
{
	struct said s = {.skew = 0};

	read_date(&s, a->value[0], now);
	read_error(out, a, &s);
	if (is_about_time(out->code) &&
	    (strcmp(out->code, "RequestTimeTooSkewed") == 0 || llabs(s.skew) > SKEW_MOST)) {
		say_skew(out, q, &s);
		return;
	}
	/* A 5xx may come behind the work. */
	out->end = is_throttling(out) ? AWS_THROTTLED :
	    out->status >= 400 && out->status < 500 && out->code[0] != '\0' ? AWS_REFUSED : AWS_TROUBLE;
	say_error(out, q, &s);
}

static void conclude(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, int64_t now)
{
	struct err why = {.code = 0};
	int r;

	if (a->status != 200) {
		conclude_error(out, q, a, now);
		return;
	}
	if ((r = read_result(out, q, a, &why)) == 0) {
		out->end = AWS_DONE;
		return;
	}
	(void)err_set(&out->e, r, "%s %s: an answer that cannot be read: %s",
	    aws_service_scope(q->service), q->action, why.text);
}

void aws_reply_read(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, int64_t now)
{
	const int tries = out->tries;

	*out = (struct aws_answer){.end = AWS_TROUBLE, .sent = a->sent, .status = a->status,
	    .tries = tries};
	copy_line(out->request_id, sizeof(out->request_id),
	    a->value[1][0] != '\0' ? a->value[1] : a->value[2]);
	if (a->r == 0)
		conclude(out, q, a, now);
	else
		(void)err_set(&out->e, a->r, "%s %s: %s", aws_service_scope(q->service), q->action,
		    a->e.text);
}

bool aws_reply_may_pass(const struct aws_answer *a)
{
	static const char *const codes[] = {"RequestTimeout", "RequestTimeoutException",
	    "PriorRequestNotComplete", "InternalFailure", "InternalServiceError", "ServiceUnavailable",
	    NULL};

	if (a->end == AWS_DONE || a->end == AWS_SKEWED)
		return false;
	if (a->end == AWS_THROTTLED)
		return true;
	if (a->status == 0)
		return a->e.code == ERR_UNAVAIL;
	return a->status == 500 || a->status == 502 || a->status == 503 || a->status == 504 ||
	    is_one_of(a->code, codes);
}

bool aws_answer_is(const struct aws_answer *a, const char *code)
{
	return a->end == AWS_REFUSED && strcmp(a->code, code) == 0;
}

void aws_answer_free(struct aws_answer *a)
{
	xml_free(&a->xml);
	json_decref(a->json);
	*a = (struct aws_answer){.end = AWS_TROUBLE};
}
