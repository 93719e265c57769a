/*
 * aws_imds: the instance's metadata service, version 2 alone: without a token nothing is
 * asked, and a service that gives none is not asked without.
 *
 * AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT, _ENDPOINT_MODE (IPv4, IPv6),
 * AWS_METADATA_SERVICE_TIMEOUT (seconds, 1) and _NUM_ATTEMPTS (1) are respected.
 */
#ifndef PB_NET_AWS_IMDS_H
#define PB_NET_AWS_IMDS_H

#include "lib/net/http.h"

struct aws_imds;

/* Asks nothing yet; h must live as long.  0; ERR_SYNTAX: a variable is wrong; ERR_REFUSED: it
 * is switched off; ERR_SYSTEM. */
int aws_imds_open(struct aws_imds **m, struct http *h, struct err *e);
void aws_imds_close(struct aws_imds **m);

/* GET of a path below /latest/, "meta-data/instance-id".  The body is a's, which
 * http_answer_free() frees.  0: 200; ERR_NONE: 404; ERR_DENIED: 401, 403, or no token;
 * ERR_UNAVAIL: there is no such service here, or it does not answer. */
int aws_imds_get(struct aws_imds *m, const char *path, struct http_answer *a, struct err *e);

/* The same of one line without blanks, into text.  ERR_BAD: it is longer, or none. */
int aws_imds_line(struct aws_imds *m, const char *path, char *text, size_t size, struct err *e);

#endif
