#include "lib/net/aws_imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT_IPV4 "http://169.254.169.254"
#define ENDPOINT_IPV6 "http://[fd00:ec2::254]"
#define LIFE "x-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN "x-aws-ec2-metadata-token: "
#define ANSWER_MOST ((size_t)64 << 10)
#define TOKEN_MOST 1024
#define TRIES_MOST 10
#define SECONDS_MOST 60

struct aws_imds {
	struct http *http;
	char endpoint[256]; /* without a slash at its end */
	long timeout_ms;
	int tries;
	struct secret token; /* with its header's name; empty: not fetched yet */
};

static int read_number(const char *variable, long most, long standard, long *n, struct err *e)
{
	const char *text = secure_getenv(variable);
	char *rest;

	*n = standard;
	if (text == NULL || text[0] == '\0')
		return 0;
	*n = strtol(text, &rest, 10);
	if (*rest != '\0' || *n < 1 || *n > most)
		return err_set(e, ERR_SYNTAX, "%s=%.64s: a number from 1 to %ld is wanted", variable, text,
		    most);
	return 0;
}

static int read_endpoint(struct aws_imds *m, struct err *e)
{
	const char *mode = secure_getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	const char *url = secure_getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	size_t n;

	if (mode != NULL && mode[0] != '\0' && strcasecmp(mode, "IPv4") != 0 &&
	    strcasecmp(mode, "IPv6") != 0)
		return err_set(e, ERR_SYNTAX, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=%.64s: IPv4 or IPv6 is "
		    "wanted", mode);
	if (url == NULL || url[0] == '\0')
		url = mode != NULL && strcasecmp(mode, "IPv6") == 0 ? ENDPOINT_IPV6 : ENDPOINT_IPV4;
	n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n >= sizeof(m->endpoint))
		return err_set(e, ERR_SYNTAX, "AWS_EC2_METADATA_SERVICE_ENDPOINT: too long");
	(void)snprintf(m->endpoint, sizeof(m->endpoint), "%.*s", (int)n, url);
	return 0;
}

int aws_imds_open(struct aws_imds **m, struct http *h, struct err *e)
{
	const char *off = secure_getenv("AWS_EC2_METADATA_DISABLED");
	long seconds, tries;
	int r;

	*m = NULL;
	if (off != NULL && strcasecmp(off, "true") == 0)
		return err_set(e, ERR_REFUSED, "instance metadata: AWS_EC2_METADATA_DISABLED is set");
	if ((r = read_number("AWS_METADATA_SERVICE_TIMEOUT", SECONDS_MOST, 1, &seconds, e)) != 0 ||
	    (r = read_number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", TRIES_MOST, 1, &tries, e)) != 0)
		return r;
	if ((*m = calloc(1, sizeof(**m))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	(*m)->http = h;
	(*m)->timeout_ms = seconds * 1000;
	(*m)->tries = (int)tries;
	if ((r = read_endpoint(*m, e)) != 0)
		aws_imds_close(m);
	return r;
}

void aws_imds_close(struct aws_imds **m)
{
	if (*m == NULL)
		return;
	secret_free(&(*m)->token);
	free(*m);
	*m = NULL;
}

static int request(struct aws_imds *m, const struct http_request *q, struct http_answer *a)
{
	for (int i = 0; i < m->tries; i++) {
		http_answer_free(a);
		if (http_do(m->http, q, a) != ERR_UNAVAIL && a->status < 500)
			break;
	}
	return a->r;
}

static bool is_token(const struct http_answer *a)
{
	const char *text = (const char *)a->body.data;

	for (size_t i = 0; i < a->len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return a->len > 0 && a->len <= TOKEN_MOST;
}

/* A service that knows no tokens is version 1, which anybody who makes a program on this host
 * fetch a URL may ask: it is not asked. */
static int fetch_token(struct aws_imds *m, struct err *e)
{
	struct http_answer a = {.r = 0};
	char url[sizeof(m->endpoint) + 32];
	const struct http_request q = {.method = HTTP_PUT, .url = url, .header = {LIFE},
	    .connect_ms = m->timeout_ms, .total_ms = m->timeout_ms, .answer_most = ANSWER_MOST,
	    .metadata = true};
	int r;

	(void)snprintf(url, sizeof(url), "%s/latest/api/token", m->endpoint);
	if ((r = request(m, &q, &a)) != 0)
		r = err_set(e, r, "instance metadata: %s (not on an instance? in a container its hop limit "
		    "has to be 2)", a.e.text);
	else if (a.status != 200)
		r = err_set(e, a.status >= 500 ? ERR_UNAVAIL : ERR_DENIED, "instance metadata: %s: HTTP %d: "
		    "no token; version 1 is not asked", url, a.status);
	else if (!is_token(&a))
		r = err_set(e, ERR_BAD, "instance metadata: %s: no token", url);
	else if (secret_new(&m->token, sizeof(TOKEN) + a.len) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else
		(void)snprintf((char *)m->token.data, m->token.size, TOKEN "%s", (char *)a.body.data);
	http_answer_free(&a);
	return r;
}

static int get(struct aws_imds *m, const char *path, struct http_answer *a, struct err *e)
{
	char url[sizeof(m->endpoint) + 256];
	const struct http_request q = {.url = url, .header = {(char *)m->token.data},
	    .connect_ms = m->timeout_ms, .total_ms = m->timeout_ms, .answer_most = ANSWER_MOST,
	    .metadata = true};
	int r;

	if (snprintf(url, sizeof(url), "%s/latest/%s", m->endpoint, path) >= (int)sizeof(url))
		return err_set(e, ERR_SYNTAX, "instance metadata: %.64s: too long", path);
	if ((r = request(m, &q, a)) != 0)
		return err_set(e, r, "instance metadata: %s", a->e.text);
	switch (a->status) {
	case 200:
		return 0;
	case 404:
		return err_set(e, ERR_NONE, "instance metadata: %s: HTTP 404", url);
	case 401:
	case 403:
		return err_set(e, ERR_DENIED, "instance metadata: %s: HTTP %d", url, a->status);
	default:
		return err_set(e, ERR_UNAVAIL, "instance metadata: %s: HTTP %d", url, a->status);
	}
}

/* A token lives six hours: one that is refused is fetched anew, once. */
int aws_imds_get(struct aws_imds *m, const char *path, struct http_answer *a, struct err *e)
{
	const bool old = m->token.data != NULL;
	int r;

	*a = (struct http_answer){.r = 0};
	if (!old && (r = fetch_token(m, e)) != 0)
		return r;
	if ((r = get(m, path, a, e)) != ERR_DENIED || !old || a->status != 401)
		return r;
	secret_free(&m->token);
	http_answer_free(a);
	if ((r = fetch_token(m, e)) != 0)
		return r;
	return get(m, path, a, e);
}

int aws_imds_line(struct aws_imds *m, const char *path, char *text, size_t size, struct err *e)
{
	struct http_answer a;
	int r = aws_imds_get(m, path, &a, e);

	text[0] = '\0';
	if (r == 0) {
		size_t n = strcspn((char *)a.body.data, "\r\n");

		if (n == 0 || n >= size || strcspn((char *)a.body.data, " \t") < n ||
		    a.body.data[n + strspn((char *)a.body.data + n, "\r\n")] != '\0')
			r = err_set(e, ERR_BAD, "instance metadata: %s: not one word", path);
		else
			(void)snprintf(text, size, "%.*s", (int)n, (char *)a.body.data);
	}
	http_answer_free(&a);
	return r;
}
