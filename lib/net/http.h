/*
 * http: one request and its answer, one at a time or many in flight (libcurl).
 *
 * Safe by itself: https alone, with the server's certificate verified; plain http to
 * loopback addresses, and with `metadata` to those of the machine's own services; no
 * redirect, no credentials in a URL, time and length of an answer bounded.  Proxies are
 * libcurl's (HTTPS_PROXY, NO_PROXY), but never for loopback, 169.254.0.0/16 and
 * fd00:ec2::/32.
 *
 * Nothing is logged.  Answers are secret memory; what libcurl copies of keys, headers
 * and bodies is wiped when it gives it back (memory.h says what remains).  The key of a
 * signed request stays with libcurl until its answer is there.
 */
#ifndef PB_NET_HTTP_H
#define PB_NET_HTTP_H

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADERS_MOST 8
#define HTTP_WANTED_MOST 4
#define HTTP_VALUE_MAX 256           /* of a header of an answer, with its NUL; longer is cut */
#define HTTP_FLIGHT_MOST 64          /* requests at a time */
#define HTTP_CONNECT_MS 5000
#define HTTP_TOTAL_MS 30000
#define HTTP_ANSWER_MOST ((size_t)1 << 20)
#define HTTP_ANSWER_LIMIT ((size_t)15 << 20) /* no caller may ask for more */

enum http_method { HTTP_GET, HTTP_PUT, HTTP_POST };

/* Signature Version 4, by libcurl: POST alone.  Never give a header x-amz-date, nor one
 * without a value: libcurl signs what it then does not send, or sends it twice. */
struct http_sign {
	const char *region, *service; /* of the scope: "us-east-1", "iam" */
	const char *key_id, *secret_key;
};

/* What is NULL or 0 is not given, or is the default above.  Everything it points to must
 * live until its answer. */
struct http_request {
	enum http_method method;
	const char *url;
	const char *header[HTTP_HEADERS_MOST]; /* "name: value"; NULL behind the last */
	const char *want[HTTP_WANTED_MOST];    /* names of the answer's headers */
	const char *body;                      /* of a POST */
	size_t body_len;
	const struct http_sign *sign;
	long connect_ms, total_ms;
	size_t answer_most;
	bool fresh;    /* on a connection of its own: over one that was used before, and turns
	                * out dead, libcurl sends a request again without asking */
	bool metadata; /* a service of the machine itself: plain http to its addresses */
};

/* Zeroed memory is an empty one; http_answer_free() in any case. */
struct http_answer {
	int r; /* 0: the server answered, whatever its status.  ERR_UNAVAIL: it cannot be
	        * reached, or not in time; ERR_BAD: its certificate is not trusted, or its answer
	        * is too long; ERR_SYNTAX: the request is not one that is allowed; ERR_SYSTEM */
	struct err e;
	bool sent; /* the server may have got the request, and may have done what it asks */
	int status;
	struct secret body; /* a NUL stands behind its len bytes */
	size_t len;
	char value[HTTP_WANTED_MOST][HTTP_VALUE_MAX]; /* of the headers wanted, or "" */
};

struct http_settings {
	const char *ca_bundle; /* a file; NULL: the system's */
	const char *agent;     /* User-Agent */
};

/* Its connections, kept between requests.  One thread at a time. */
struct http;

/* 0 or ERR_SYSTEM (*h NULL). */
int http_open(struct http **h, const struct http_settings *s, struct err *e);
/* What is in flight is given up, without an answer.  NULL is allowed. */
void http_close(struct http **h);

/* One request, waited for.  Gives a->r. */
int http_do(struct http *h, const struct http_request *q, struct http_answer *a);

/* Begins one, which tag will tell.  0; ERR_CONFLICT: HTTP_FLIGHT_MOST are in flight;
 * ERR_SYNTAX, ERR_SYSTEM: no answer will come. */
int http_submit(struct http *h, const struct http_request *q, void *tag, struct err *e);
/* The next that has ended, with its tag, waited for wait_ms at most (-1: until one ends).
 * 0 (whatever a->r is); ERR_NONE: none is in flight; ERR_UNAVAIL: none ended in time;
 * ERR_SYSTEM. */
int http_next(struct http *h, int wait_ms, struct http_answer *a, void **tag);
size_t http_in_flight(const struct http *h);

void http_answer_free(struct http_answer *a);

/* Where a URL leads, by its host alone: loopback is "localhost" or an address of it;
 * metadata is in 169.254.0.0/16 or fd00:ec2::/32.  HTTP_NOWHERE: it is no URL of http or
 * https, or it has a name or a password in it. */
enum http_place { HTTP_NOWHERE, HTTP_FAR, HTTP_LOOPBACK, HTTP_METADATA };
enum http_place http_place_of(const char *url, bool *tls);
/* Says that it is HTTP_NOWHERE, and no password. */
int http_refuse(const char *url, struct err *e);

#endif
