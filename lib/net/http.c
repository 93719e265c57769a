#include "lib/net/http.h"

#include "lib/net/memory.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define FIRST_ROOM ((size_t)8 << 10)

/* One request on its way. */
struct flight {
	CURL *easy;
	struct curl_slist *headers;
	struct http_request q;
	struct http_answer a;
	void *tag;
	bool busy, too_long, no_memory;
};

struct http {
	CURLM *multi;
	char *ca_bundle, *agent;
	struct flight one; /* of http_do() */
	struct flight flight[HTTP_FLIGHT_MOST];
	size_t count;
};

/* ---- where a URL leads ---- */

static enum http_place place_of_ipv4(uint32_t a)
{
	return a >> 24 == 127 ? HTTP_LOOPBACK : a >> 16 == 0xa9fe ? HTTP_METADATA : HTTP_FAR;
}

/* host as libcurl gives it, an IPv6 address in brackets. */
static enum http_place place_of_host(char *host)
{
	static const unsigned char instance[4] = {0xfd, 0x00, 0x0e, 0xc2};
	const size_t n = strlen(host);
	struct in6_addr six;
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0)
		return HTTP_LOOPBACK;
	if (inet_pton(AF_INET, host, &four) == 1)
		return place_of_ipv4(ntohl(four.s_addr));
	if (n < 3 || host[0] != '[' || host[n - 1] != ']')
		return HTTP_FAR;
	host[n - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &six) != 1)
		return HTTP_FAR;
	return IN6_IS_ADDR_LOOPBACK(&six) ? HTTP_LOOPBACK :
	    memcmp(&six, instance, sizeof(instance)) == 0 ? HTTP_METADATA : HTTP_FAR;
}

enum http_place http_place_of(const char *url, bool *tls)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	enum http_place place = HTTP_NOWHERE;

	*tls = true;
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
	    (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0)) {
		*tls = strcmp(scheme, "https") == 0;
		place = place_of_host(host);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return place;
}

int http_refuse(const char *url, struct err *e)
{
	return strchr(url, '@') != NULL ?
	    err_set(e, ERR_SYNTAX, "a URL with a name or a password in it is not taken") :
	    err_set(e, ERR_SYNTAX, "%.200s: no URL of https", url);
}

/* ---- the answer ---- */

/* Makes room for n more bytes and a NUL. */
static bool grow(struct http_answer *a, size_t n)
{
	struct secret more;
	size_t size = a->body.size > 0 ? a->body.size : FIRST_ROOM;

	while (size < a->len + n + 1)
		size *= 2;
	if (size == a->body.size)
		return true;
	if (secret_new(&more, size) != 0)
		return false;
	if (a->body.data != NULL)
		memcpy(more.data, a->body.data, a->len);
	secret_free(&a->body);
	a->body = more;
	return true;
}

static size_t take_body(char *data, size_t size, size_t n, void *to)
{
	struct flight *f = to;
	const size_t most = f->q.answer_most > 0 ? f->q.answer_most : HTTP_ANSWER_MOST;

	n *= size;
	if (n > most - f->a.len || f->a.len > most) {
		f->too_long = true;
		return 0;
	}
	if (n > 0 && !grow(&f->a, n)) {
		f->no_memory = true;
		return 0;
	}
	if (n > 0)
		memcpy(f->a.body.data + f->a.len, data, n);
	f->a.len += n;
	return n;
}

/* A header is one line, its end among its bytes. */
static size_t take_header(char *data, size_t size, size_t n, void *to)
{
	struct flight *f = to;

	n *= size;
	for (int i = 0; i < HTTP_WANTED_MOST && f->q.want[i] != NULL; i++) {
		const size_t name = strlen(f->q.want[i]);
		size_t at = name + 1, end = n;

		if (n <= name || data[name] != ':' || strncasecmp(data, f->q.want[i], name) != 0)
			continue;
		while (at < end && (data[at] == ' ' || data[at] == '\t'))
			at++;
		while (end > at && strchr("\r\n \t", data[end - 1]) != NULL)
			end--;
		(void)snprintf(f->a.value[i], HTTP_VALUE_MAX, "%.*s", (int)(end - at), data + at);
	}
	return n;
}

void http_answer_free(struct http_answer *a)
{
	secret_free(&a->body);
	*a = (struct http_answer){.r = 0};
}

/* ---- the request ---- */

static int judge_url(const struct http_request *q, enum http_place *place, struct err *e)
{
	bool tls;

	*place = http_place_of(q->url, &tls);
	if (*place == HTTP_NOWHERE)
		return http_refuse(q->url, e);
	if (!tls && *place != HTTP_LOOPBACK && !(*place == HTTP_METADATA && q->metadata))
		return err_set(e, ERR_SYNTAX, "%s: plain http is for loopback addresses alone", q->url);
	if (q->sign != NULL && q->method != HTTP_POST)
		return err_set(e, ERR_SYNTAX, "%s: only a POST can be signed", q->url);
	if (q->answer_most > HTTP_ANSWER_LIMIT)
		return err_set(e, ERR_SYNTAX, "%s: longer answers than are allowed", q->url);
	return 0;
}

/* A line feed in a header would begin another one. */
static int add_headers(struct flight *f, struct err *e)
{
	for (int i = 0; i < HTTP_HEADERS_MOST && f->q.header[i] != NULL; i++) {
		const char *h = f->q.header[i];
		const size_t name = strcspn(h, ":");
		struct curl_slist *more;

		if (h[strcspn(h, "\r\n")] != '\0' || name == 0 || h[name] == '\0' ||
		    h[name + 1 + strspn(h + name + 1, " ")] == '\0')
			return err_set(e, ERR_SYNTAX, "%s: a header that is none", f->q.url);
		if ((more = curl_slist_append(f->headers, h)) == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		f->headers = more;
	}
	return 0;
}

static CURLcode set_method(struct flight *f)
{
	CURL *c = f->easy;
	CURLcode r;

	switch (f->q.method) {
	case HTTP_POST:
		if ((r = curl_easy_setopt(c, CURLOPT_POST, 1L)) == CURLE_OK)
			r = curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->q.body_len);
		return r != CURLE_OK ? r :
		    curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->q.body != NULL ? f->q.body : "");
	case HTTP_PUT: /* of nothing */
		if ((r = curl_easy_setopt(c, CURLOPT_HTTPGET, 1L)) != CURLE_OK)
			return r;
		return curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "PUT");
	case HTTP_GET:
	default:
		return curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	}
}

static CURLcode set_signature(CURL *c, const struct http_sign *s)
{
	char scope[128];
	CURLcode r;

	if (s == NULL)
		return CURLE_OK;
	if (snprintf(scope, sizeof(scope), "aws:amz:%s:%s", s->region, s->service) >=
	    (int)sizeof(scope))
		return CURLE_BAD_FUNCTION_ARGUMENT;
	if ((r = curl_easy_setopt(c, CURLOPT_AWS_SIGV4, scope)) == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_USERNAME, s->key_id);
	return r != CURLE_OK ? r : curl_easy_setopt(c, CURLOPT_PASSWORD, s->secret_key);
}

static CURLcode set_limits(struct flight *f)
{
	const struct http_request *q = &f->q;
	CURL *c = f->easy;
	CURLcode r = curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    q->connect_ms > 0 ? q->connect_ms : (long)HTTP_CONNECT_MS);

	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
		    q->total_ms > 0 ? q->total_ms : (long)HTTP_TOTAL_MS);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	if (r == CURLE_OK && q->fresh)
		r = curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	if (r == CURLE_OK && q->fresh)
		r = curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	return r;
}

/* What verifies the server, and where to go. */
static CURLcode set_way(struct http *h, struct flight *f, enum http_place place)
{
	CURL *c = f->easy;
	CURLcode r = curl_easy_setopt(c, CURLOPT_URL, f->q.url);

	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http"); /* judge_url() */
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (r == CURLE_OK && h->ca_bundle != NULL)
		r = curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_bundle);
	if (r == CURLE_OK && h->ca_bundle != NULL)
		r = curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (r == CURLE_OK && h->agent != NULL)
		r = curl_easy_setopt(c, CURLOPT_USERAGENT, h->agent);
	if (r == CURLE_OK && place != HTTP_FAR)
		r = curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	return r;
}

static CURLcode set_taking(struct flight *f)
{
	CURL *c = f->easy;
	CURLcode r = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);

	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers);
	return r != CURLE_OK ? r : curl_easy_setopt(c, CURLOPT_PRIVATE, f);
}

static int prepare(struct http *h, struct flight *f, const struct http_request *q, struct err *e)
{
	enum http_place place;
	CURLcode c;
	int r;

	f->q = *q;
	f->too_long = f->no_memory = false;
	if ((r = judge_url(q, &place, e)) != 0 || (r = add_headers(f, e)) != 0)
		return r;
	if (f->easy == NULL && (f->easy = curl_easy_init()) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if ((c = set_way(h, f, place)) != CURLE_OK || (c = set_method(f)) != CURLE_OK ||
	    (c = set_limits(f)) != CURLE_OK || (c = set_signature(f->easy, q->sign)) != CURLE_OK ||
	    (c = set_taking(f)) != CURLE_OK)
		return err_set(e, ERR_SYSTEM, "%s: libcurl: %s", q->url, curl_easy_strerror(c));
	return 0;
}

/* The key, the headers and the body go; its connections stay. */
static void clear(struct flight *f)
{
	if (f->easy != NULL)
		curl_easy_reset(f->easy);
	curl_slist_free_all(f->headers);
	f->headers = NULL;
	f->q = (struct http_request){.url = NULL};
	f->busy = false;
}

/* ---- how it ended ---- */

/* From here on the request itself was on its way. */
static bool was_sent(CURL *easy)
{
	curl_off_t begun = 0;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &begun) != CURLE_OK || begun > 0;
}

static int say_failure(struct flight *f, CURLcode c, struct err *e)
{
	const char *url = f->q.url;

	if (f->too_long)
		return err_set(e, ERR_BAD, "%s: the answer is too long", url);
	if (f->no_memory || c == CURLE_OUT_OF_MEMORY)
		return err_set(e, ERR_SYSTEM, "out of memory");
	switch (c) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return err_set(e, ERR_BAD, "%s: its certificate is not trusted: name the file of those "
		    "that are in AWS_CA_BUNDLE", url);
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, ERR_BAD, "%s: AWS_CA_BUNDLE cannot be read, or holds no certificate", url);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, ERR_UNAVAIL, "%s: no answer in time", url);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return http_refuse(url, e);
	default:
		return err_set(e, ERR_UNAVAIL, "%s: %s", url, curl_easy_strerror(c));
	}
}

static void conclude(struct flight *f, CURLcode c)
{
	long status = 0;

	f->a.sent = was_sent(f->easy);
	if (c != CURLE_OK) {
		f->a.r = say_failure(f, c, &f->a.e);
		secret_free(&f->a.body); /* a part of an answer is none */
		f->a.len = 0;
		return;
	}
	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	f->a.status = (int)status;
	if (!grow(&f->a, 0) || f->a.body.data == NULL)
		f->a.r = err_set(&f->a.e, ERR_SYSTEM, "out of memory");
	else
		f->a.body.data[f->a.len] = '\0';
}

/* ---- one at a time ---- */

int http_do(struct http *h, const struct http_request *q, struct http_answer *a)
{
	struct flight *f = &h->one;

	f->a = (struct http_answer){.r = 0};
	if ((f->a.r = prepare(h, f, q, &f->a.e)) == 0)
		conclude(f, curl_easy_perform(f->easy));
	*a = f->a;
	f->a = (struct http_answer){.r = 0};
	clear(f);
	return a->r;
}

/* ---- many ---- */

static struct flight *free_flight(struct http *h)
{
	for (int i = 0; i < HTTP_FLIGHT_MOST; i++)
		if (!h->flight[i].busy)
			return &h->flight[i];
	return NULL;
}

int http_submit(struct http *h, const struct http_request *q, void *tag, struct err *e)
{
	struct flight *f = free_flight(h);
	int r;

	if (f == NULL)
		return err_set(e, ERR_CONFLICT, "too many requests at a time");
	f->a = (struct http_answer){.r = 0};
	r = prepare(h, f, q, e);
	if (r == 0 && curl_multi_add_handle(h->multi, f->easy) != CURLM_OK)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r != 0) {
		clear(f);
		return r;
	}
	f->tag = tag;
	f->busy = true;
	h->count++;
	return 0;
}

/* One that has ended, or NULL. */
static struct flight *ended(struct http *h)
{
	struct flight *f = NULL;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		const CURLcode c = m->data.result;
		CURL *easy = m->easy_handle;

		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &f) != CURLE_OK || f == NULL)
			continue;
		conclude(f, c);
		(void)curl_multi_remove_handle(h->multi, easy);
		return f;
	}
	return NULL;
}

static int64_t milliseconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int http_next(struct http *h, int wait_ms, struct http_answer *a, void **tag)
{
	const int64_t end = milliseconds() + wait_ms;
	struct flight *f;
	int running;

	*a = (struct http_answer){.r = 0};
	*tag = NULL;
	if (h->count == 0)
		return ERR_NONE;
	while (curl_multi_perform(h->multi, &running) == CURLM_OK) {
		int64_t left = wait_ms < 0 ? 1000 : end - milliseconds();

		if ((f = ended(h)) != NULL) {
			*a = f->a;
			*tag = f->tag;
			f->a = (struct http_answer){.r = 0};
			clear(f);
			h->count--;
			return 0;
		}
		if (left <= 0)
			return ERR_UNAVAIL;
		if (curl_multi_poll(h->multi, NULL, 0, (int)(left < 1000 ? left : 1000), NULL) != CURLM_OK)
			return ERR_SYSTEM;
	}
	return ERR_SYSTEM;
}

size_t http_in_flight(const struct http *h)
{
	return h->count;
}

/* ---- its life ---- */

static int copy(char **to, const char *text)
{
	*to = text != NULL ? strdup(text) : NULL;
	return text == NULL || *to != NULL ? 0 : ERR_SYSTEM;
}

int http_open(struct http **h, const struct http_settings *s, struct err *e)
{
	*h = NULL;
	if (memory_use() != 0 || (*h = calloc(1, sizeof(**h))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (((*h)->multi = curl_multi_init()) == NULL || copy(&(*h)->ca_bundle, s->ca_bundle) != 0 ||
	    copy(&(*h)->agent, s->agent) != 0 ||
	    curl_multi_setopt((*h)->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_FLIGHT_MOST) != CURLM_OK) {
		http_close(h);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

static void finish(struct http *h, struct flight *f)
{
	if (f->busy)
		(void)curl_multi_remove_handle(h->multi, f->easy);
	clear(f);
	http_answer_free(&f->a);
	curl_easy_cleanup(f->easy);
}

void http_close(struct http **h)
{
	if (*h == NULL)
		return;
	for (int i = 0; i < HTTP_FLIGHT_MOST; i++)
		finish(*h, &(*h)->flight[i]);
	finish(*h, &(*h)->one);
	(void)curl_multi_cleanup((*h)->multi);
	free((*h)->ca_bundle);
	free((*h)->agent);
	free(*h);
	*h = NULL;
}
