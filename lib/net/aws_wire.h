/*
 * aws_wire: a call of a service as a request, and its answer read: no network, no clock.
 *
 * IAM, STS and EC2 speak the Query protocol (a form, answered in XML), Secrets Manager and
 * EC2 Instance Connect JSON 1.1.
 */
#ifndef PB_NET_AWS_WIRE_H
#define PB_NET_AWS_WIRE_H

#include "lib/net/aws_key.h"
#include "lib/net/http.h"
#include "lib/net/json_reply.h"
#include "lib/net/xml.h"

enum aws_service { AWS_IAM, AWS_STS, AWS_EC2, AWS_SECRETS_MANAGER, AWS_EC2_INSTANCE_CONNECT };
#define AWS_SERVICES 5

struct aws_param {
	const char *name, *value; /* value NULL: it is left out */
};

struct aws_call {
	enum aws_service service;
	const char *action;            /* "ListUsers" */
	const struct aws_param *param; /* of either protocol; in JSON each is a text */
	size_t params;
	const json_t *json;   /* instead, for what is more than texts; of JSON 1.1 alone */
	bool repeat;          /* may be done twice: it is tried again on what may pass by itself; else
	                       * it has a connection of its own (http.h) */
	bool fresh;           /* has one, and is not tried again, whatever repeat says */
	bool secret;          /* a parameter is a secret: what AWS says of an error is not repeated */
	const struct aws_key *key; /* signs instead of the session's; for one call, not renewed */
	size_t answer_most;   /* bytes; 0: HTTP_ANSWER_MOST */
};

/* How a call has ended. */
enum aws_end {
	AWS_TROUBLE = 0,  /* it is not known whether it was done, if `sent`; else it was not */
	AWS_DONE,
	AWS_REFUSED,      /* AWS answered, and the answer is no: code says why */
	AWS_THROTTLED,    /* not done: too many requests, also after all tries: exit 75 */
	AWS_SKEWED        /* not done: this host's clock is wrong */
};

#define AWS_CODE_MAX 96

/* Zeroed memory is an empty one; aws_answer_free() in any case. */
struct aws_answer {
	enum aws_end end;
	struct err e; /* unless done: service, call, HTTP status, code, message, request id */
	bool sent;    /* AWS may have got the request */
	bool unsure;  /* not AWS_DONE, and AWS may have done it: by this try or one before */
	int status;   /* of HTTP; 0: no answer */
	char code[AWS_CODE_MAX]; /* "NoSuchEntity" */
	char request_id[AWS_CODE_MAX];
	const struct xml_node *result; /* the Query protocol's: what is inside XResult, or XResponse
	                                * where there is none */
	json_t *json;                  /* JSON 1.1's, an object */
	struct xml xml;
	int tries;
};

void aws_answer_free(struct aws_answer *a);
/* Whether AWS refused it with this code. */
bool aws_answer_is(const struct aws_answer *a, const char *code);

/* "iam", as AWS_ENDPOINT_URL_IAM and the scope of a signature have it. */
const char *aws_service_scope(enum aws_service s);

/* Where a service of a region is ("": none is known). */
struct aws_endpoint {
	char url[512];
	char region[33]; /* of the signature's scope */
};
/* override NULL: AWS's own.  0; ERR_NONE: this service needs a region. ERR_SYNTAX. */
int aws_endpoint_of(struct aws_endpoint *p, enum aws_service s, const char *region,
    const char *override, struct err *e);
/* As above, with AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SERVICE of the environment. */
int aws_endpoint_find(struct aws_endpoint *p, enum aws_service s, const char *region,
    struct err *e);

/* A request ready for http.h.  aws_request_free() in any case; it must live until the answer
 * is there, and not be moved.  key NULL: unsigned. */
struct aws_request {
	struct http_request http;
	struct http_sign sign;
	struct aws_endpoint endpoint;
	struct secret body, headers, key;
	enum aws_service service;
	char action[64];
	bool secret;
};
int aws_request_make(struct aws_request *q, const struct aws_call *c,
    const struct aws_endpoint *p, const struct aws_key *key, struct err *e);
/* Signs it once more, with another key. */
int aws_request_sign(struct aws_request *q, const struct aws_key *key, struct err *e);
/* The id of the key that it is signed with, or "". */
const char *aws_request_key_id(const struct aws_request *q);
void aws_request_free(struct aws_request *q);

/* Reads the answer of q at the time now into out (empty before). */
void aws_reply_read(struct aws_answer *out, const struct aws_request *q,
    const struct http_answer *a, int64_t now);
/* Whether the same may go well in a moment: throttled, 5xx, no connection. */
bool aws_reply_may_pass(const struct aws_answer *a);

#endif
