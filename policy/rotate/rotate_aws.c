#include "policy/rotate/rotate_aws_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- a call ---- */

static bool is_one_of(const char *code, const char *const list[])
{
	for (int i = 0; list[i] != NULL; i++)
		if (strcmp(code, list[i]) == 0)
			return true;
	return false;
}

enum rotate_answer rotate_aws_answer(const struct aws_answer *r)
{
	static const char *const none[] = {"NoSuchEntity", "ResourceNotFoundException", NULL};
	static const char *const taken[] = {"LimitExceeded", "ResourceExistsException",
	    "InvalidParameterException", NULL};
	static const char *const dead[] = {"InvalidClientTokenId", "SignatureDoesNotMatch",
	    "UnrecognizedClientException", "InvalidSignatureException", NULL};

	switch (r->end) {
	case AWS_DONE:
		return ROTATE_OK;
	case AWS_THROTTLED:
		return ROTATE_LATER;
	case AWS_REFUSED:
		return is_one_of(r->code, none) ? ROTATE_NONE : is_one_of(r->code, taken) ? ROTATE_TAKEN :
		    is_one_of(r->code, dead) ? ROTATE_DEAD : ROTATE_REFUSED;
	case AWS_SKEWED:
		return ROTATE_REFUSED;
	default:
		return r->sent ? ROTATE_UNKNOWN : ROTATE_TROUBLE;
	}
}

enum rotate_answer rotate_aws_do(struct rotate_aws *a, struct aws_call *c, struct aws_answer *r,
    struct err *e)
{
	if (c->key == NULL && a->own)
		c->key = &a->key;
	(void)aws_do(a->aws, c, r);
	if (r->end != AWS_DONE && e != NULL)
		*e = r->e;
	return rotate_aws_answer(r);
}

enum rotate_answer rotate_aws_unreadable(const char *action, struct err *e)
{
	(void)err_set(e, ERR_BAD, "%s: an answer that cannot be read", action);
	return ROTATE_UNKNOWN;
}

/* ---- IAM ---- */

static int read_key(struct rotate_key *k, const struct xml_node *n)
{
	const char *id = xml_text(n, "AccessKeyId"), *status = xml_text(n, "Status"),
	    *made = xml_text(n, "CreateDate");

	if (id == NULL || id[0] == '\0' || strlen(id) >= sizeof(k->id) || status == NULL || made == NULL ||
	    aws_key_time(made, &k->created) != 0)
		return -1;
	(void)snprintf(k->id, sizeof(k->id), "%s", id);
	k->active = strcmp(status, "Active") == 0;
	return 0;
}

static enum rotate_answer list(void *ctx, const char *user, struct rotate_keys *out, struct err *e)
{
	const struct aws_param param[] = {{"UserName", user}};
	struct aws_call c = {.service = AWS_IAM, .action = "ListAccessKeys", .param = param, .params = 1,
	    .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = rotate_aws_do(ctx, &c, &r, e);
	const struct xml_node *n = xml_at(r.result, "AccessKeyMetadata/member");
	const char *more = xml_text(r.result, "IsTruncated");

	out->count = 0;
	for (; a == ROTATE_OK && n != NULL; n = xml_next(n))
		if (out->count == ROTATE_KEYS_MOST || read_key(&out->key[out->count++], n) != 0)
			a = rotate_aws_unreadable(c.action, e);
	if (a == ROTATE_OK && (xml_at(r.result, "AccessKeyMetadata") == NULL ||
	    (more != NULL && strcmp(more, "true") == 0)))
		a = rotate_aws_unreadable(c.action, e);
	aws_answer_free(&r);
	return a;
}

static enum rotate_answer create(void *ctx, const char *user, struct rotate_pair *out, struct err *e)
{
	const struct aws_param param[] = {{"UserName", user}};
	struct aws_call c = {.service = AWS_IAM, .action = "CreateAccessKey", .param = param, .params = 1,
	    .fresh = true, .secret = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = rotate_aws_do(ctx, &c, &r, e);
	const char *id = xml_text(r.result, "AccessKey/AccessKeyId"),
	    *secret = xml_text(r.result, "AccessKey/SecretAccessKey");

	if (a == ROTATE_OK && (id == NULL || secret == NULL || id[0] == '\0' || secret[0] == '\0' ||
	    strlen(id) >= sizeof(out->id) || strlen(secret) >= sizeof(out->secret)))
		a = rotate_aws_unreadable(c.action, e);
	if (a == ROTATE_OK) {
		(void)snprintf(out->id, sizeof(out->id), "%s", id);
		(void)snprintf(out->secret, sizeof(out->secret), "%s", secret);
	}
	aws_answer_free(&r);
	return a;
}

static enum rotate_answer change(void *ctx, const char *action, const struct aws_param param[3],
    struct err *e)
{
	struct aws_call c = {.service = AWS_IAM, .action = action, .param = param, .params = 3,
	    .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = rotate_aws_do(ctx, &c, &r, e);

	aws_answer_free(&r);
	return a;
}

static enum rotate_answer update(void *ctx, const char *user, const char *id, bool active, struct err *e)
{
	return change(ctx, "UpdateAccessKey", (const struct aws_param[3]){{"UserName", user},
	    {"AccessKeyId", id}, {"Status", active ? "Active" : "Inactive"}}, e);
}

static enum rotate_answer remove_key(void *ctx, const char *user, const char *id, struct err *e)
{
	return change(ctx, "DeleteAccessKey", (const struct aws_param[3]){{"UserName", user},
	    {"AccessKeyId", id}, {"", NULL}}, e);
}

static enum rotate_answer used(void *ctx, const char *id, struct rotate_used *out, struct err *e)
{
	const struct aws_param param[] = {{"AccessKeyId", id}};
	struct aws_call c = {.service = AWS_IAM, .action = "GetAccessKeyLastUsed", .param = param,
	    .params = 1, .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = rotate_aws_do(ctx, &c, &r, e);
	const struct xml_node *n = xml_at(r.result, "AccessKeyLastUsed");
	const char *user = xml_text(r.result, "UserName"), *date = xml_text(n, "LastUsedDate"),
	    *service = xml_text(n, "ServiceName"), *region = xml_text(n, "Region");

	*out = (struct rotate_used){.at = 0};
	if (a == ROTATE_OK && n == NULL)
		a = rotate_aws_unreadable(c.action, e);
	/* Never used: no date, or what is none. */
	if (a == ROTATE_OK && date != NULL && date[0] != '\0' && strcmp(date, "N/A") != 0 &&
	    aws_key_time(date, &out->at) != 0)
		a = rotate_aws_unreadable(c.action, e);
	if (a == ROTATE_OK && user != NULL)
		(void)snprintf(out->user, sizeof(out->user), "%.*s", ROTATE_USER_MAX - 1, user);
	if (a == ROTATE_OK && out->at != 0)
		(void)snprintf(out->where, sizeof(out->where), "%.40s, %.40s", service != NULL ? service : "?",
		    region != NULL ? region : "?");
	aws_answer_free(&r);
	return a;
}

/* ---- who signs ---- */

static enum rotate_answer ask_identity(struct rotate_aws *x, const struct aws_key *key,
    struct rotate_identity *out, struct err *e)
{
	/* Not tried again here where a new key is tested: that has its own patience. */
	struct aws_call c = {.service = AWS_STS, .action = "GetCallerIdentity", .repeat = key == NULL,
	    .key = key};
	struct aws_answer r = {.end = AWS_TROUBLE};
	enum rotate_answer a = rotate_aws_do(x, &c, &r, e);
	const char *arn = xml_text(r.result, "Arn"), *account = xml_text(r.result, "Account");

	if (a == ROTATE_OK && (arn == NULL || account == NULL || strlen(arn) >= sizeof(out->arn) ||
	    strlen(account) >= sizeof(out->account)))
		a = rotate_aws_unreadable(c.action, e);
	if (a == ROTATE_OK) {
		(void)snprintf(out->arn, sizeof(out->arn), "%s", arn);
		(void)snprintf(out->account, sizeof(out->account), "%s", account);
	}
	aws_answer_free(&r);
	return a;
}

/* What can be no key works as little as one that AWS does not know. */
static enum rotate_answer set_key(struct aws_key *key, const struct rotate_pair *pair, struct err *e)
{
	const int r = aws_key_set(key, pair->id, pair->secret, NULL, NULL, "rotation", e);

	return r == 0 ? ROTATE_OK : r == ERR_BAD ? ROTATE_DEAD : ROTATE_TROUBLE;
}

static enum rotate_answer identity(void *ctx, const struct rotate_pair *pair,
    struct rotate_identity *out, struct err *e)
{
	struct aws_key key = {.id = ""};
	enum rotate_answer a;

	*out = (struct rotate_identity){.arn = ""};
	if (pair == NULL)
		return ask_identity(ctx, NULL, out, e);
	if ((a = set_key(&key, pair, e)) == ROTATE_OK)
		a = ask_identity(ctx, &key, out, e);
	aws_key_free(&key);
	return a;
}

static enum rotate_answer signer(void *ctx, char id[ROTATE_KEY_ID_MAX],
    char behind[ROTATE_KEY_ID_MAX], struct err *e)
{
	const struct rotate_aws *x = ctx;
	const struct aws_key *key = &x->key;

	if (!x->own && aws_cred_get(aws_cred_of(x->aws), (int64_t)time(NULL), &key, e) != 0)
		return ROTATE_TROUBLE;
	(void)snprintf(id, ROTATE_KEY_ID_MAX, "%s", key->id);
	(void)snprintf(behind, ROTATE_KEY_ID_MAX, "%s", key->behind);
	return ROTATE_OK;
}

static enum rotate_answer sign_with(void *ctx, const struct rotate_pair *pair, struct err *e)
{
	struct rotate_aws *x = ctx;
	enum rotate_answer a;

	aws_key_free(&x->key);
	a = set_key(&x->key, pair, e);
	x->own = a == ROTATE_OK;
	return a;
}

void rotate_aws_iam(struct rotate_aws *a, struct rotate_iam *iam)
{
	*iam = (struct rotate_iam){.ctx = a, .list = list, .create = create, .update = update,
	    .remove = remove_key, .used = used, .identity = identity, .signer = signer,
	    .sign_with = sign_with};
}

/* ---- its life ---- */

/* "arn:aws:secretsmanager:REGION:..." */
static void region_of(const char *arn, char region[AWS_REGION_MAX])
{
	region[0] = '\0';
	if (strncmp(arn, "arn:", 4) != 0)
		return;
	for (int colon = 0; colon < 3; colon++)
		if ((arn = strchr(arn, ':')) != NULL)
			arn++;
		else
			return;
	if (strcspn(arn, ":") < AWS_REGION_MAX)
		(void)snprintf(region, AWS_REGION_MAX, "%.*s", (int)strcspn(arn, ":"), arn);
}

static const char *given(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

int rotate_aws_open(struct rotate_aws **a, const struct rotate_aws_settings *s, struct err *e)
{
	struct rotate_aws *x = *a = calloc(1, sizeof(*x));
	struct aws_settings aws = {.cred = {.profile = given(s->profile), .region = given(s->region),
	    .assume_role = given(s->assume_role)}};
	int r;

	if (x == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	x->secret = given(s->secret);
	if (x->secret != NULL)
		region_of(x->secret, x->region);
	if (aws.cred.region == NULL && x->region[0] != '\0')
		aws.cred.region = x->region;
	if ((r = aws_open(&x->aws, &aws, e)) != 0)
		rotate_aws_close(a);
	return r;
}

void rotate_aws_close(struct rotate_aws **a)
{
	if (*a == NULL)
		return;
	aws_close(&(*a)->aws);
	aws_key_free(&(*a)->key);
	free(*a);
	*a = NULL;
}
