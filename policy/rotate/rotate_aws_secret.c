#include "lib/net/memory.h"
#include "policy/rotate/rotate_aws_in.h"

#include <stdio.h>
#include <string.h>

#define ID "accesskey"
#define SECRET "secretkey"
#define USER "username"

static enum rotate_answer ask(struct rotate_aws *x, const char *action, const json_t *json,
    struct aws_answer *r, struct err *e)
{
	struct aws_call c = {.service = AWS_SECRETS_MANAGER, .action = action, .json = json,
	    .repeat = true, .secret = strcmp(action, "PutSecretValue") == 0};

	if (json == NULL) {
		(void)err_set(e, ERR_SYSTEM, "out of memory");
		return ROTATE_TROUBLE;
	}
	return rotate_aws_do(x, &c, r, e);
}

/* ---- reading ---- */

static bool copy(char *out, size_t size, const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) < size &&
	    snprintf(out, size, "%s", text) >= 0;
}

static enum rotate_answer not_ours(const char *secret, struct err *e)
{
	(void)err_set(e, ERR_BAD, "%s: is no JSON object with %s, %s and %s", secret, ID, SECRET, USER);
	return ROTATE_REFUSED;
}

/* The value itself, {"accesskey": ...}. */
static enum rotate_answer read_value(const struct rotate_aws *x, const char *text,
    struct rotate_value *out, struct err *e)
{
	enum rotate_answer a = ROTATE_OK;
	const size_t len = strlen(text);
	json_t *j = NULL;

	if (json_reply_read(&j, text, len, NULL) != 0 ||
	    !copy(out->pair.id, sizeof(out->pair.id), json_reply_text(j, ID)) ||
	    !copy(out->pair.secret, sizeof(out->pair.secret), json_reply_text(j, SECRET)) ||
	    !copy(out->user, sizeof(out->user), json_reply_text(j, USER)))
		a = not_ours(x->secret, e);
	json_decref(j);
	secret_free(&out->text);
	if (a == ROTATE_OK && secret_new(&out->text, len + 1) != 0) {
		(void)err_set(e, ERR_SYSTEM, "out of memory");
		a = ROTATE_TROUBLE;
	}
	if (a == ROTATE_OK)
		memcpy(out->text.data, text, len + 1);
	return a;
}

static enum rotate_answer get(void *ctx, const char *version, const char *label,
    struct rotate_value *out, struct err *e)
{
	struct rotate_aws *x = ctx;
	json_t *j = json_pack("{s:s, s:s*, s:s*}", "SecretId", x->secret, "VersionId", version,
	    "VersionStage", label);
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = ask(x, "GetSecretValue", j, &r, e);
	const char *id, *text;

	secret_wipe(&out->pair, sizeof(out->pair));
	out->user[0] = out->version[0] = '\0';
	if (a == ROTATE_OK) {
		id = json_reply_text(r.json, "VersionId");
		text = json_reply_text(r.json, "SecretString");
		if (!copy(out->version, sizeof(out->version), id))
			a = rotate_aws_unreadable("GetSecretValue", e);
		else
			a = text != NULL ? read_value(x, text, out, e) : not_ours(x->secret, e);
	}
	aws_answer_free(&r);
	json_decref(j);
	return a;
}

/* ---- changing ---- */

/* What base has, with another pair, as text for memory_free(). */
static char *with_pair(const struct rotate_value *base, const struct rotate_pair *pair)
{
	char *text = NULL;
	json_t *j = NULL;

	if (base->text.data != NULL &&
	    json_reply_read(&j, (const char *)base->text.data, base->text.size - 1, NULL) == 0 &&
	    json_object_set_new(j, ID, json_string(pair->id)) == 0 &&
	    json_object_set_new(j, SECRET, json_string(pair->secret)) == 0)
		text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}

static enum rotate_answer put(void *ctx, const char *token, const struct rotate_value *base,
    const struct rotate_pair *pair, struct err *e)
{
	struct rotate_aws *x = ctx;
	char *text = with_pair(base, pair);
	json_t *j = text == NULL ? NULL : json_pack("{s:s, s:s, s:s, s:[s]}", "SecretId", x->secret,
	    "ClientRequestToken", token, "SecretString", text, "VersionStages", ROTATE_PENDING);
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = ask(x, "PutSecretValue", j, &r, e);

	aws_answer_free(&r);
	json_decref(j);
	memory_free(text);
	return a;
}

static enum rotate_answer label(struct rotate_aws *x, const char *name, const char *to,
    const char *from, struct err *e)
{
	json_t *j = json_pack("{s:s, s:s, s:s*, s:s}", "SecretId", x->secret, "VersionStage", name,
	    "MoveToVersionId", to, "RemoveFromVersionId", from);
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = ask(x, "UpdateSecretVersionStage", j, &r, e);

	aws_answer_free(&r);
	json_decref(j);
	return a;
}

static enum rotate_answer move(void *ctx, const char *to, const char *from, struct err *e)
{
	return label(ctx, ROTATE_CURRENT, to, from, e);
}

static enum rotate_answer stages(void *ctx, const char *version, struct rotate_stages *out,
    struct err *e)
{
	struct rotate_aws *x = ctx;
	json_t *j = json_pack("{s:s}", "SecretId", x->secret), *list, *one;
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = ask(x, "DescribeSecret", j, &r, e);
	const char *id;
	size_t i;

	*out = (struct rotate_stages){.rotating = json_is_true(json_object_get(r.json, "RotationEnabled"))};
	json_object_foreach(json_object_get(r.json, "VersionIdsToStages"), id, list) {
		if (version != NULL && strcmp(id, version) == 0)
			out->known = true;
		json_array_foreach(list, i, one) {
			const char *name = json_is_string(one) ? json_string_value(one) : "";

			if (strcmp(name, ROTATE_CURRENT) == 0)
				(void)copy(out->current, sizeof(out->current), id);
			if (strcmp(name, ROTATE_PENDING) == 0)
				(void)copy(out->pending, sizeof(out->pending), id);
		}
	}
	aws_answer_free(&r);
	json_decref(j);
	return a;
}

static enum rotate_answer drop(void *ctx, const char *version, struct err *e)
{
	struct rotate_stages s;
	enum rotate_answer a = stages(ctx, version, &s, e);

	return a != ROTATE_OK || strcmp(s.pending, version) != 0 ? a :
	    label(ctx, ROTATE_PENDING, NULL, version, e);
}

void rotate_aws_home(struct rotate_aws *a, struct rotate_home *home)
{
	*home = (struct rotate_home){.ctx = a, .keeps = true, .get = get, .put = put, .move = move,
	    .drop = drop, .stages = stages};
}
