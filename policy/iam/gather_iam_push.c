/* Who may push keys, and what is open in the regions. */
#include "policy/iam/gather_iam.h"

#include "policy/audit/words.h"
#include "policy/iam/flight.h"

#include <stdio.h>
#include <string.h>

#define PAGE "1000"
#define PAGE_MOST ((size_t)8 << 20)
#define TOKEN 1024 /* of the next page, with its NUL */
#define NOT_WHOLE "ec2 DescribeInstanceConnectEndpoints: an answer that is not whole"
#define PREFIX "ec2-instance-connect:"

/* ---- EIC-10 ---- */

static void take_decisions(struct flight *q, const struct flight_job *job,
    const struct aws_answer *r)
{
	struct gather_iam_part *p = q->ctx;
	const struct xml_node *one = xml_at(r->result, "EvaluationResults/member");
	char words[200] = "";
	size_t n = 0, count = 0;

	if (r->end != AWS_DONE) {
		facts_trouble(p->f, "iam-push", job->about, r->e.text);
		return;
	}
	for (; one != NULL && n < sizeof(words) - 60; one = xml_next(one)) {
		const char *action = xml_text(one, "EvalActionName"), *said = xml_text(one, "EvalDecision");

		if (action == NULL || said == NULL || strncmp(action, PREFIX, strlen(PREFIX)) != 0)
			continue;
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%.32s=%s", n > 0 ? " " : "",
		    action + strlen(PREFIX), strcmp(said, "allowed") == 0 ? "allowed" : "denied");
		count++;
	}
	if (count == 3)
		facts_text(p->f, "iam-push", job->about, words, strlen(words));
	else
		facts_trouble(p->f, "iam-push", job->about, "iam SimulatePrincipalPolicy: an answer that is "
		    "not whole");
}

void gather_iam_simulate(struct flight *queue, const char *arn)
{
	struct gather_iam_part *p = queue->ctx;
	char who[512], key[] = PREFIX "SendSSHPublicKey", tunnel[] = PREFIX "OpenTunnel",
	    serial[] = PREFIX "SendSerialConsoleSSHPublicKey";

	(void)snprintf(who, sizeof(who), "%s", arn);
	p->pushers++;
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .action = "SimulatePrincipalPolicy",
	    .param = {{"PolicySourceArn", who}, {"ActionNames.member.1", key},
	    {"ActionNames.member.2", serial}, {"ActionNames.member.3", tunnel}},
	    .done = take_decisions, .about = who});
}

/* Those of services are AWS's own, and nobody can be them. */
static void take_roles(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	struct gather_iam_part *p = q->ctx;
	const struct xml_node *one = xml_at(r->result, "Roles/member");
	bool whole = xml_at(r->result, "Roles") != NULL;
	int more;

	if (r->end != AWS_DONE) {
		facts_trouble(p->f, "iam-pushers", "all", r->e.text);
		return;
	}
	for (; one != NULL; one = xml_next(one)) {
		const char *arn = xml_text(one, "Arn"), *path = xml_text(one, "Path");

		whole = whole && arn != NULL;
		if (arn != NULL && (path == NULL || strncmp(path, "/aws-service-role/", 18) != 0))
			gather_iam_simulate(q, arn);
	}
	more = whole ? flight_next(q, job, r) : -1;
	if (more == 0)
		facts_format(p->f, "iam-pushers", "all", "roles=all");
	else if (more < 0)
		facts_trouble(p->f, "iam-pushers", "all", "iam ListRoles: an answer that is not whole");
}

void gather_iam_roles(struct gather_iam_part *p, struct flight *queue)
{
	char page[] = PAGE;

	(void)p;
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .action = "ListRoles",
	    .param = {{NULL, NULL}, {"MaxItems", page}}, .done = take_roles, .answer_most = PAGE_MOST});
}

/* ---- EIC-09 ---- */

/* 0, or -1: the answer has no list. */
static int note_endpoints(struct gather_iam_part *p, const char *region, const struct aws_answer *r,
    size_t *count)
{
	const struct xml_node *one = xml_at(r->result, "instanceConnectEndpointSet/item");
	char name[128], state[40], vpc[40];

	for (; one != NULL; one = xml_next(one), (*count)++) {
		const char *id = xml_text(one, "instanceConnectEndpointId"), *said = xml_text(one, "state"),
		    *in = xml_text(one, "vpcId");

		(void)snprintf(name, sizeof(name), "%.40s/%.64s", region, id != NULL ? id : "?");
		words_put(state, sizeof(state), said != NULL ? said : "-");
		words_put(vpc, sizeof(vpc), in != NULL ? in : "-");
		facts_format(p->f, "ec2-endpoint", name, "state=%s vpc=%s", state, vpc);
	}
	return xml_at(r->result, "instanceConnectEndpointSet") != NULL ? 0 : -1;
}

/* One page; token becomes that of the next, or "".  0, or it was noted why not. */
static int ask_page(struct gather_iam_part *p, struct aws *a, const char *region, size_t *count,
    char token[TOKEN])
{
	const struct aws_param param = {"NextToken", token[0] != '\0' ? token : NULL};
	const struct aws_call call = {.service = AWS_EC2, .param = &param, .params = 1,
	    .action = "DescribeInstanceConnectEndpoints", .repeat = true};
	struct aws_answer answer = {.end = AWS_TROUBLE};
	const char *more;
	int r = aws_do(a, &call, &answer);

	if (r != 0) {
		facts_trouble(p->f, "ec2-endpoints", region, answer.e.text);
	} else if (note_endpoints(p, region, &answer, count) != 0 ||
	    ((more = xml_text(answer.result, "nextToken")) != NULL && more[0] != '\0' &&
	    (strlen(more) >= TOKEN || strcmp(more, token) == 0))) {
		r = ERR_BAD;
		facts_trouble(p->f, "ec2-endpoints", region, NOT_WHOLE);
	} else {
		(void)snprintf(token, TOKEN, "%s", more != NULL ? more : "");
	}
	aws_answer_free(&answer);
	return r;
}

static void ask_endpoints(struct gather_iam_part *p, struct aws *a, const char *region)
{
	char token[TOKEN] = "";
	size_t count = 0;

	for (int pages = 0; pages < FLIGHT_PAGES; pages++) {
		if (ask_page(p, a, region, &count, token) != 0)
			return;
		if (token[0] == '\0') {
			facts_format(p->f, "ec2-endpoints", region, "count=%zu", count);
			return;
		}
	}
	facts_trouble(p->f, "ec2-endpoints", region, NOT_WHOLE);
}

static void ask_serial(struct gather_iam_part *p, struct aws *a, const char *region)
{
	const struct aws_call call = {.service = AWS_EC2, .action = "GetSerialConsoleAccessStatus",
	    .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	const char *on;

	if (aws_do(a, &call, &r) != 0)
		facts_trouble(p->f, "ec2-serial", region, r.e.text);
	else if ((on = xml_text(r.result, "serialConsoleAccessEnabled")) == NULL)
		facts_trouble(p->f, "ec2-serial", region, "ec2 GetSerialConsoleAccessStatus: an answer that "
		    "does not tell it");
	else
		facts_format(p->f, "ec2-serial", region, "enabled=%s", strcmp(on, "false") == 0 ? "no" : "yes");
	aws_answer_free(&r);
}

static void ask_region(struct gather_iam_part *p, const char *region)
{
	struct account_options o = p->q->account;
	struct aws *a = NULL;
	struct err e = {0};

	o.region = region;
	if (account_open(&a, &o, &e) != 0) {
		facts_trouble(p->f, "ec2-endpoints", region, e.text);
		facts_trouble(p->f, "ec2-serial", region, e.text);
	} else {
		ask_endpoints(p, a, region);
		ask_serial(p, a, region);
	}
	aws_close(&a);
}

void gather_iam_regions(struct gather_iam_part *p)
{
	const char *regions = p->q->regions, *at;
	struct err e = {0};
	char region[64];
	size_t n;

	if (regions == NULL && aws_cred_region(aws_cred_of(p->aws), true, &regions, &e) != 0) {
		facts_trouble(p->f, "ec2", "regions", e.text[0] != '\0' ? e.text : "no region is known");
		return;
	}
	facts_text(p->f, "ec2", "regions", "", 0);
	for (at = regions; *at != '\0'; at += n) {
		at += strspn(at, ", \t");
		n = strcspn(at, ", \t");
		if (n == 0)
			break;
		(void)snprintf(region, sizeof(region), "%.*s", (int)(n < 60 ? n : 60), at);
		ask_region(p, region);
	}
	facts_text(p->f, "ec2", "regions", regions, strlen(regions));
}
