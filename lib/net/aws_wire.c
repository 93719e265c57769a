#include "lib/net/aws_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 64
#define PART_ACTION "Action="
#define PART_VERSION "&Version="
#define JSON_TYPE "content-type: application/x-amz-json-1.1"
#define FORM_TYPE "content-type: application/x-www-form-urlencoded; charset=utf-8"
#define TARGET "x-amz-target: "
#define TOKEN "x-amz-security-token: "

static const struct {
	const char *version; /* of the Query protocol; NULL: JSON 1.1 */
	const char *target;
} protocols[AWS_SERVICES] = {
    [AWS_IAM] = {.version = "2010-05-08"},
    [AWS_STS] = {.version = "2011-06-15"},
    [AWS_EC2] = {.version = "2016-11-15"},
    [AWS_SECRETS_MANAGER] = {.target = "secretsmanager."},
    [AWS_EC2_INSTANCE_CONNECT] = {.target = "AWSEC2InstanceConnectService."},
};

/* ---- the form ---- */

/* What is written to secret memory of a size that was reckoned before. */
struct pen {
	struct secret *to;
	size_t len;
};

static void put(struct pen *p, const char *text)
{
	const size_t n = strlen(text);

	memcpy(p->to->data + p->len, text, n);
	p->len += n;
}

/* All but the unreserved ones of RFC 3986, and a blank as a plus: a form as AWS's own tools for
 * Python write it, from which moto reckons the signature anew. */
static void put_encoded(struct pen *p, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c) != NULL) {
			p->to->data[p->len++] = c;
		} else if (c == ' ') {
			p->to->data[p->len++] = '+';
		} else {
			p->to->data[p->len++] = '%';
			p->to->data[p->len++] = (unsigned char)digits[c >> 4];
			p->to->data[p->len++] = (unsigned char)digits[c & 15];
		}
	}
}

static int make_form(struct aws_request *q, const struct aws_call *c, struct err *e)
{
	size_t most = sizeof(PART_ACTION) + sizeof(PART_VERSION) + 2 * NAME_MOST;
	struct pen p = {.to = &q->body};

	for (size_t i = 0; i < c->params; i++)
		if (c->param[i].value != NULL)
			most += 2 + 3 * (strlen(c->param[i].name) + strlen(c->param[i].value));
	if (secret_new(&q->body, most) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	put(&p, PART_ACTION);
	put(&p, c->action);
	put(&p, PART_VERSION);
	put(&p, protocols[c->service].version);
	for (size_t i = 0; i < c->params; i++) {
		if (c->param[i].value == NULL)
			continue;
		put(&p, "&");
		put_encoded(&p, c->param[i].name);
		put(&p, "=");
		put_encoded(&p, c->param[i].value);
	}
	q->http.body_len = p.len;
	return 0;
}

/* ---- JSON ---- */

static json_t *texts_of(const struct aws_call *c)
{
	json_t *j = json_object();

	for (size_t i = 0; j != NULL && i < c->params; i++) {
		if (c->param[i].value == NULL)
			continue;
		if (json_object_set_new(j, c->param[i].name, json_string(c->param[i].value)) != 0) {
			json_decref(j);
			return NULL;
		}
	}
	return j;
}

static int make_json(struct aws_request *q, const struct aws_call *c, struct err *e)
{
	json_t *made = c->json == NULL ? texts_of(c) : NULL;
	const json_t *j = c->json != NULL ? c->json : made;
	size_t n = j != NULL ? json_dumpb(j, NULL, 0, JSON_COMPACT) : 0;
	int r = 0;

	if (j == NULL || n == 0 || secret_new(&q->body, n) != 0)
		r = err_set(e, ERR_SYSTEM, "%s: parameters that are no JSON, or out of memory", c->action);
	else
		q->http.body_len = json_dumpb(j, (char *)q->body.data, n, JSON_COMPACT);
	json_decref(made);
	return r;
}

/* ---- the request ---- */

static int make_headers(struct aws_request *q, const struct aws_key *key, struct err *e)
{
	const char *target = protocols[q->service].target;
	const char *token = key != NULL && key->token.data != NULL ? (char *)key->token.data : NULL;
	const size_t size = sizeof(TOKEN) + (token != NULL ? strlen(token) : 0);
	int n = 0;

	if (secret_new(&q->headers, size + 4 * NAME_MOST) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	q->http.header[n++] = target != NULL ? JSON_TYPE : FORM_TYPE;
	if (target != NULL) {
		char *at = (char *)q->headers.data + size;

		(void)snprintf(at, (size_t)4 * NAME_MOST, TARGET "%s%s", target, q->action);
		q->http.header[n++] = at;
	}
	if (token != NULL) {
		(void)snprintf((char *)q->headers.data, size, TOKEN "%s", token);
		q->http.header[n++] = (char *)q->headers.data;
	}
	return 0;
}

static int make_signature(struct aws_request *q, const struct aws_key *key, struct err *e)
{
	if (key == NULL)
		return 0;
	if (secret_new(&q->key, sizeof(key->id) + key->secret_key.size) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	memcpy(q->key.data, key->id, sizeof(key->id));
	memcpy(q->key.data + sizeof(key->id), key->secret_key.data, key->secret_key.size);
	q->sign = (struct http_sign){.region = q->endpoint.region,
	    .service = aws_service_scope(q->service), .key_id = (char *)q->key.data,
	    .secret_key = (char *)q->key.data + sizeof(key->id)};
	q->http.sign = &q->sign;
	return 0;
}

int aws_request_sign(struct aws_request *q, const struct aws_key *key, struct err *e)
{
	int r;

	secret_free(&q->headers);
	secret_free(&q->key);
	memset(q->http.header, 0, sizeof(q->http.header));
	q->http.sign = NULL;
	r = make_headers(q, key, e);
	return r != 0 ? r : make_signature(q, key, e);
}

const char *aws_request_key_id(const struct aws_request *q)
{
	return q->sign.key_id != NULL && q->http.sign != NULL ? q->sign.key_id : "";
}

int aws_request_make(struct aws_request *q, const struct aws_call *c,
    const struct aws_endpoint *p, const struct aws_key *key, struct err *e)
{
	int r;

	*q = (struct aws_request){.endpoint = *p, .service = c->service, .secret = c->secret};
	if (strlen(c->action) >= sizeof(q->action) ||
	    (c->json != NULL && protocols[c->service].version != NULL))
		return err_set(e, ERR_SYNTAX, "%.64s: no such call", c->action);
	(void)snprintf(q->action, sizeof(q->action), "%s", c->action);
	r = protocols[c->service].version != NULL ? make_form(q, c, e) : make_json(q, c, e);
	if (r == 0)
		r = aws_request_sign(q, key, e);
	q->http.method = HTTP_POST;
	q->http.url = q->endpoint.url;
	q->http.body = (const char *)q->body.data;
	q->http.fresh = c->fresh || !c->repeat;
	q->http.answer_most = c->answer_most;
	q->http.want[0] = "date";
	q->http.want[1] = "x-amzn-requestid";
	q->http.want[2] = "x-amz-request-id";
	return r;
}

void aws_request_free(struct aws_request *q)
{
	secret_free(&q->body);
	secret_free(&q->headers);
	secret_free(&q->key);
	*q = (struct aws_request){.service = AWS_IAM};
}
