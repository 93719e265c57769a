/*
 * aws_call: one call of lib/net/aws.h, many times where that is asked for, and its result
 * as lines, for tests/system/test_aws.py.
 *
 *     aws_call [--profile P] [--region R] [--role ARN] [--repeat] [--fresh] [--secret]
 *              [--times N] SERVICE ACTION [NAME=VALUE]...
 *
 * Lines `end WORD`, `code CODE`, `status N`, `request ID`, `tries N`, `error TEXT`, `source TEXT`,
 * and for each text of the answer `PATH TEXT`.  Exit 0 when done.
 */
#include "lib/net/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARAMS_MOST 16

struct options {
	struct aws_settings s;
	struct aws_call c;
	struct aws_param param[PARAMS_MOST];
	int times;
};

static void print_xml(const struct xml_node *n, const char *path)
{
	for (; n != NULL; n = n->next) {
		char inner[512];

		(void)snprintf(inner, sizeof(inner), "%s%s%s", path, path[0] != '\0' ? "/" : "", n->name);
		if (n->child == NULL)
			(void)printf("%s %s\n", inner, n->text);
		print_xml(n->child, inner);
	}
}

static void print_json(json_t *j)
{
	const char *name;
	json_t *v;

	json_object_foreach(j, name, v)
		if (json_is_string(v))
			(void)printf("%s %s\n", name, json_string_value(v));
		else if (json_is_boolean(v))
			(void)printf("%s %s\n", name, json_is_true(v) ? "true" : "false");
}

static void print_answer(const struct aws_answer *r)
{
	static const char *const ends[] = {"trouble", "done", "refused", "throttled", "skewed"};

	(void)printf("end %s\nstatus %d\ntries %d\nsent %d\n", ends[r->end], r->status, r->tries, r->sent);
	if (r->code[0] != '\0')
		(void)printf("code %s\n", r->code);
	if (r->request_id[0] != '\0')
		(void)printf("request %s\n", r->request_id);
	if (r->end != AWS_DONE)
		(void)printf("error %s\nwhy %d\n", r->e.text, r->e.code);
	if (r->end == AWS_DONE && r->result != NULL)
		print_xml(r->result->child, "");
	if (r->end == AWS_DONE && r->json != NULL)
		print_json(r->json);
}

static int read_service(const char *name, enum aws_service *s)
{
	for (int i = 0; i < AWS_SERVICES; i++)
		if (strcmp(aws_service_scope((enum aws_service)i), name) == 0) {
			*s = (enum aws_service)i;
			return 0;
		}
	return -1;
}

static int read_options(struct options *o, int argc, char **argv)
{
	int i = 1;

	o->times = 0;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--repeat") == 0)
			o->c.repeat = true;
		else if (strcmp(argv[i], "--fresh") == 0)
			o->c.fresh = true;
		else if (strcmp(argv[i], "--secret") == 0)
			o->c.secret = true;
		else if (i + 1 == argc)
			return -1;
		else if (strcmp(argv[i], "--profile") == 0)
			o->s.cred.profile = argv[++i];
		else if (strcmp(argv[i], "--region") == 0)
			o->s.cred.region = argv[++i];
		else if (strcmp(argv[i], "--role") == 0)
			o->s.cred.assume_role = argv[++i];
		else if (strcmp(argv[i], "--times") == 0)
			o->times = (int)strtol(argv[++i], NULL, 10);
		else
			return -1;
	}
	if (argc - i < 2 || read_service(argv[i], &o->c.service) != 0)
		return -1;
	o->c.action = argv[i + 1];
	o->c.param = o->param;
	for (i += 2; i < argc && o->c.params < PARAMS_MOST; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals == NULL)
			return -1;
		*equals = '\0';
		o->param[o->c.params++] = (struct aws_param){argv[i], equals + 1};
	}
	return 0;
}

/* Keeps as many in flight as there is room for. */
static int call_many(struct aws *a, const struct options *o)
{
	struct err e = {0};
	int begun = 0, done = 0;

	while (done < o->times) {
		struct aws_answer r;
		void *tag;

		while (begun < o->times && aws_room(a) > 0) {
			if (aws_submit(a, &o->c, &begun, &e) != 0) {
				(void)printf("error %s\n", e.text);
				return 1;
			}
			begun++;
		}
		if (aws_next(a, &r, &tag) != 0)
			return 1;
		if (r.end != AWS_DONE) {
			print_answer(&r);
			return 1;
		}
		aws_answer_free(&r);
		done++;
	}
	(void)printf("end done\ntimes %d\n", done);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.times = 0};
	struct aws_answer r = {.end = AWS_TROUBLE};
	const struct aws_key *key;
	struct aws *a = NULL;
	struct err e = {0};
	int status = 1;

	if (read_options(&o, argc, argv) != 0)
		return 2;
	if (aws_open(&a, &o.s, &e) != 0) {
		(void)printf("error %s\n", e.text);
		return 1;
	}
	if (aws_cred_get(aws_cred_of(a), time(NULL), &key, &e) == 0)
		(void)printf("source %s\nkey %s\n", key->source, key->id);
	if (o.times > 0)
		status = call_many(a, &o);
	else {
		status = aws_do(a, &o.c, &r) == 0 ? 0 : 1;
		print_answer(&r);
	}
	aws_answer_free(&r);
	aws_close(&a);
	return status;
}
