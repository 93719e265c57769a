/* The secrets that were named: what they hold is tried, and only what came of it is noted. */
#include "policy/iam/gather_iam.h"

#include "policy/audit/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOLD 160

/* What a fact of a secret says. */
struct told {
	char user[TOLD], key[GATHER_IAM_ID], status[TOLD], works[TOLD], current[TOLD], pending[TOLD];
	bool enabled;
	int64_t changed, created; /* the secret; its key in IAM */
};

static int64_t seconds_of(const json_t *j, const char *member)
{
	const json_t *v = json_object_get(j, member);

	return json_is_number(v) ? (int64_t)json_number_value(v) : -1;
}

static int ask(struct gather_iam_part *p, const char *action, const char *name, struct aws_answer *r)
{
	const struct aws_param param[] = {{"SecretId", name}, {"VersionStage",
	    strcmp(action, "GetSecretValue") == 0 ? "AWSCURRENT" : NULL}};
	const struct aws_call call = {.service = AWS_SECRETS_MANAGER, .action = action, .param = param,
	    .params = 2, .repeat = true};

	return aws_do(p->aws, &call, r);
}

static void take_stage(struct told *t, const char *version, const char *stage)
{
	if (stage != NULL && strcmp(stage, "AWSCURRENT") == 0)
		words_put(t->current, TOLD, version);
	else if (stage != NULL && strcmp(stage, "AWSPENDING") == 0)
		words_put(t->pending, TOLD, version);
}

static void take_stages(struct told *t, json_t *stages)
{
	for (void *at = json_object_iter(stages); at != NULL; at = json_object_iter_next(stages, at)) {
		const json_t *list = json_object_iter_value(at);

		for (size_t i = 0; i < json_array_size(list); i++)
			take_stage(t, json_object_iter_key(at), json_string_value(json_array_get(list, i)));
	}
}

static int describe(struct gather_iam_part *p, const char *name, struct told *t, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(p, "DescribeSecret", name, &r);

	if (code == 0) {
		t->enabled = json_is_true(json_object_get(r.json, "RotationEnabled"));
		t->changed = seconds_of(r.json, "LastChangedDate");
		take_stages(t, json_object_get(r.json, "VersionIdsToStages"));
		if (strcmp(t->current, "-") == 0)
			code = err_set(e, ERR_BAD, "secretsmanager DescribeSecret: an answer without AWSCURRENT");
	} else if (e != NULL) {
		*e = r.e;
	}
	aws_answer_free(&r);
	return code;
}

/* Active, Inactive or gone. */
static int find_key(struct gather_iam_part *p, const char *id, struct told *t, struct err *e)
{
	const struct aws_param param = {"UserName", t->user};
	const struct aws_call call = {.service = AWS_IAM, .action = "ListAccessKeys", .param = &param,
	    .params = 1, .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = aws_do(p->aws, &call, &r);

	(void)snprintf(t->status, TOLD, "gone");
	for (const struct xml_node *k = xml_at(r.result, "AccessKeyMetadata/member");
	    code == 0 && k != NULL; k = xml_next(k)) {
		const char *other = xml_text(k, "AccessKeyId"), *status = xml_text(k, "Status");

		if (other == NULL || status == NULL || strcmp(other, id) != 0)
			continue;
		words_put(t->status, TOLD, status);
		t->created = gather_iam_time(xml_text(k, "CreateDate"));
	}
	if (code == 0 && !gather_iam_is_whole(&r, "AccessKeyMetadata"))
		code = err_set(e, ERR_BAD, "iam ListAccessKeys: an answer that is not whole");
	else if (aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	else if (code != 0 && e != NULL)
		*e = r.e;
	aws_answer_free(&r);
	return code;
}

/* Whether it signs as its user. */
static void try_key(struct gather_iam_part *p, const struct aws_key *key, struct told *t)
{
	const struct aws_call call = {.service = AWS_STS, .action = "GetCallerIdentity", .repeat = true,
	    .key = key};
	struct aws_answer r = {.end = AWS_TROUBLE};
	char end[TOLD + 8];

	(void)snprintf(end, sizeof(end), "/%s", t->user);
	if (aws_do(p->aws, &call, &r) == 0) {
		const char *arn = xml_text(r.result, "Arn"), *user = arn != NULL ? strrchr(arn, '/') : NULL;

		(void)snprintf(t->works, TOLD, "%s", user != NULL && strstr(arn, ":user/") != NULL &&
		    strcmp(user, end) == 0 ? "yes" : "another-user");
	} else if (r.end == AWS_REFUSED && r.code[0] != '\0') {
		words_put(t->works, TOLD, r.code);
	} else {
		(void)snprintf(t->works, TOLD, "no-trial");
	}
	aws_answer_free(&r);
}

/* The guide's layout: accesskey, secretkey, username. */
static int take_value(struct gather_iam_part *p, const char *text, struct told *t, struct err *e)
{
	json_t *value = NULL;
	const char *id, *secret, *user;
	struct aws_key key = {.id = ""};
	int r = json_reply_read(&value, text, strlen(text), e);

	if (r == 0) {
		id = json_reply_text(value, "accesskey");
		secret = json_reply_text(value, "secretkey");
		user = json_reply_text(value, "username");
		if (id == NULL || secret == NULL || user == NULL)
			r = err_set(e, ERR_BAD, "it does not hold accesskey, secretkey and username");
		else if ((r = aws_key_set(&key, id, secret, NULL, NULL, "secret", e)) == 0) {
			words_put(t->user, TOLD, user);
			gather_iam_key_id(id, t->key);
			if ((r = find_key(p, id, t, e)) == 0)
				try_key(p, &key, t);
		}
	}
	aws_key_free(&key);
	json_decref(value);
	return r;
}

static int read_value(struct gather_iam_part *p, const char *name, struct told *t, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(p, "GetSecretValue", name, &r);
	const char *text = code == 0 ? json_reply_text(r.json, "SecretString") : NULL;

	if (code != 0) {
		if (e != NULL)
			*e = r.e;
	} else if (text == NULL) {
		code = err_set(e, ERR_BAD, "secretsmanager GetSecretValue: an answer without a text");
	} else {
		code = take_value(p, text, t, e);
	}
	aws_answer_free(&r);
	return code;
}

static void note_secret(struct gather_iam_part *p, const char *name)
{
	struct told t = {.user = "-", .key = "-", .status = "-", .works = "-", .current = "-",
	    .pending = "-", .created = -1};
	struct err e = {0};

	if (describe(p, name, &t, &e) != 0 || read_value(p, name, &t, &e) != 0)
		facts_trouble(p->f, "iam-secret", name, e.text);
	else
		facts_format(p->f, "iam-secret", name, "user=%s key=%s status=%s works=%s enabled=%s "
		    "created=%" PRId64 " changed=%" PRId64 " current=%s pending=%s", t.user, t.key, t.status,
		    t.works, t.enabled ? "yes" : "no", t.created, t.changed, t.current, t.pending);
}

void gather_iam_secrets(struct gather_iam_part *p)
{
	const char *at = p->q->secrets;
	char name[512];
	size_t n, count = 0;

	for (; at != NULL && *at != '\0'; at += n, count++) {
		at += strspn(at, ", \t");
		if ((n = strcspn(at, ", \t")) == 0)
			break;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(n < 500 ? n : 500), at);
		note_secret(p, name);
	}
	if (count == 0)
		facts_none(p->f, "iam-secrets", "all");
	else
		facts_format(p->f, "iam-secrets", "all", "count=%zu", count);
}
