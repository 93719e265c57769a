#include "lib/net/aws_source.h"

#include "lib/net/aws_imds.h"
#include "lib/net/aws_ini.h"
#include "lib/net/aws_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define TOKEN_MOST 4096
#define TRIES 3

static const char *variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

int aws_source_environment(struct aws_key *k, struct err *e)
{
	const char *id = variable("AWS_ACCESS_KEY_ID"), *key = variable("AWS_SECRET_ACCESS_KEY");

	if (id == NULL && key == NULL)
		return ERR_NONE;
	if (id == NULL || key == NULL)
		return err_set(e, ERR_BAD, "environment: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one "
		    "alone is set");
	return aws_key_set(k, id, key, variable("AWS_SESSION_TOKEN"), NULL, "environment", e);
}

int aws_source_json(struct aws_key *k, const char *text, size_t len, const char *token,
    const char *source, struct err *e)
{
	struct err why = {.code = 0};
	json_t *j;
	int r = json_reply_read(&j, text, len, &why);

	if (r != 0)
		return err_set(e, r, "%s: %s", source, why.text);
	r = aws_key_set(k, json_reply_text(j, "AccessKeyId"), json_reply_text(j, "SecretAccessKey"),
	    json_reply_text(j, token), json_reply_text(j, "Expiration"), source, e);
	json_decref(j);
	return r;
}

/* ---- the container ---- */

/* Whom a key may be asked for in the clear, as AWS's own tools have it. */
static bool is_near(const char *url)
{
	static const char *const hosts[] = {"http://169.254.170.2", "http://169.254.170.23",
	    "http://[fd00:ec2::23]", NULL};
	bool tls;
	const enum http_place place = http_place_of(url, &tls);

	if (tls || place == HTTP_LOOPBACK)
		return place != HTTP_NOWHERE;
	for (int i = 0; hosts[i] != NULL; i++) {
		const size_t n = strlen(hosts[i]);

		if (strncmp(url, hosts[i], n) == 0 && (url[n] == '\0' || strchr("/:?", url[n]) != NULL))
			return place == HTTP_METADATA;
	}
	return false;
}

static int container_url(char url[512], struct err *e)
{
	const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	bool tls;
	int n;

	if (relative == NULL && full == NULL)
		return ERR_NONE;
	n = relative != NULL ?
	    snprintf(url, 512, CONTAINER_HOST "%s%s", relative[0] == '/' ? "" : "/", relative) :
	    snprintf(url, 512, "%s", full);
	if (n < 512 && http_place_of(url, &tls) == HTTP_NOWHERE)
		return http_refuse(url, e);
	if (n >= 512 || !is_near(url))
		return err_set(e, ERR_SYNTAX, "container: %.200s: a key is asked for by https, or of loopback, "
		    "169.254.170.2, 169.254.170.23 or fd00:ec2::23", relative != NULL ? relative : full);
	return 0;
}

/* The header with the container's own token; empty where it has none. */
static int container_header(struct secret *header, struct err *e)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct secret text = {0};
	size_t len = 0;
	int r = 0;

	if (path != NULL) {
		if ((r = aws_ini_load(&text, &len, path, TOKEN_MOST, e)) != 0)
			return r == ERR_NONE ? ERR_BAD : r;
		text.data[strcspn((char *)text.data, "\r\n")] = '\0';
		token = (char *)text.data;
	}
	if (token != NULL && secret_new(header, strlen(token) + sizeof("authorization: ")) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else if (token != NULL)
		(void)snprintf((char *)header->data, header->size, "authorization: %s", token);
	secret_free(&text);
	return r;
}

int aws_source_container(struct aws_key *k, struct http *h, struct err *e)
{
	char url[512];
	struct secret header = {0};
	struct http_answer a = {.r = 0};
	struct http_request q = {.url = url, .connect_ms = 2000, .total_ms = 5000, .metadata = true};
	int r;

	if ((r = container_url(url, e)) != 0 || (r = container_header(&header, e)) != 0)
		return r;
	q.header[0] = (const char *)header.data;
	if ((r = http_do(h, &q, &a)) != 0)
		r = err_set(e, r, "container: %s", a.e.text);
	else if (a.status != 200)
		r = err_set(e, ERR_DENIED, "container: %s: HTTP %d", url, a.status);
	else
		r = aws_source_json(k, (char *)a.body.data, a.len, "Token", "container", e);
	http_answer_free(&a);
	secret_free(&header);
	return r;
}

/* ---- the instance ---- */

#define ROLES "meta-data/iam/security-credentials/"

static int instance_key(struct aws_key *k, struct aws_imds *m, struct err *e)
{
	struct http_answer a;
	char role[129], path[sizeof(ROLES) + sizeof(role)], source[256];
	int r = aws_imds_line(m, ROLES, role, sizeof(role), e);

	if (r != 0)
		return r;
	if (role[strspn(role, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-")] !=
	    '\0')
		return err_set(e, ERR_BAD, "instance role: no name of a role");
	(void)snprintf(path, sizeof(path), ROLES "%s", role);
	(void)snprintf(source, sizeof(source), "instance role %s", role);
	if ((r = aws_imds_get(m, path, &a, e)) == 0)
		r = aws_source_json(k, (char *)a.body.data, a.len, "Token", source, e);
	else if (r == ERR_NONE)
		r = ERR_BAD; /* the role was named */
	http_answer_free(&a);
	return r;
}

int aws_source_instance(struct aws_key *k, struct http *h, struct err *e)
{
	struct aws_imds *m;
	int r = aws_imds_open(&m, h, e);

	if (r == 0)
		r = instance_key(k, m, e);
	else if (r == ERR_REFUSED)
		r = ERR_NONE;
	aws_imds_close(&m);
	/* It is asked last: where it is not there, none was found. */
	return r == ERR_UNAVAIL ? ERR_NONE : r;
}

/* ---- a role ---- */

static int read_role(struct aws_key *k, const struct aws_role *role, const struct aws_answer *a,
    struct err *e)
{
	const struct xml_node *n = xml_at(a->result, "Credentials");
	char source[256];

	(void)snprintf(source, sizeof(source), "role %.200s", role->arn);
	return aws_key_set(k, xml_text(n, "AccessKeyId"), xml_text(n, "SecretAccessKey"),
	    xml_text(n, "SessionToken"), xml_text(n, "Expiration"), source, e);
}

/* A role may be assumed as often as one likes. */
static void ask_role(struct http *h, const struct aws_request *q, int64_t now,
    struct aws_answer *out)
{
	for (int i = 0; i < TRIES; i++) {
		const struct timespec wait = {.tv_nsec = i * 300000000L};
		struct http_answer a;

		(void)nanosleep(&wait, NULL);
		aws_answer_free(out);
		(void)http_do(h, &q->http, &a);
		aws_reply_read(out, q, &a, now);
		http_answer_free(&a);
		if (!aws_reply_may_pass(out))
			return;
	}
}

int aws_source_role(struct aws_key *k, struct http *h, const struct aws_role *role,
    const struct aws_key *with, struct err *e)
{
	char session[64];
	const struct aws_param params[] = {{"RoleArn", role->arn}, {"RoleSessionName",
	    role->session != NULL ? role->session : session}, {"ExternalId", role->external_id},
	    {"DurationSeconds", role->seconds}};
	const struct aws_call c = {.service = AWS_STS, .action = "AssumeRole", .param = params,
	    .params = sizeof(params) / sizeof(params[0])};
	struct aws_endpoint p;
	struct aws_request q = {.service = AWS_STS};
	struct aws_answer a = {.end = AWS_TROUBLE};
	int r;

	(void)snprintf(session, sizeof(session), "pam-bastion-%" PRId64, role->now);
	if ((r = aws_endpoint_find(&p, AWS_STS, role->region, e)) == 0 &&
	    (r = aws_request_make(&q, &c, &p, with, e)) == 0) {
		ask_role(h, &q, role->now, &a);
		r = a.end == AWS_DONE ? read_role(k, role, &a, e) :
		    err_set(e, a.e.code, "role %.128s: %.300s", role->arn, a.e.text);
	}
	if (r == 0)
		(void)snprintf(k->behind, sizeof(k->behind), "%s",
		    with->behind[0] != '\0' ? with->behind : with->id);
	aws_answer_free(&a);
	aws_request_free(&q);
	return r;
}
