#include "policy/iam/fix_user.h"

#include "lib/net/json_reply.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#define HEAD "pam-bastion fix-user 1"
#define OLD "old.json"

/* Allows nothing by itself: whoever may not set up a device of his own is given one by
 * `mfa assign`.  An access key signs without a second factor, so it is denied, too, but for
 * GetSessionToken with a code. */
static const char document[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"DenyAllButSettingUpMFA\","
    "\"Effect\":\"Deny\",\"NotAction\":[\"iam:CreateVirtualMFADevice\",\"iam:EnableMFADevice\","
    "\"iam:GetMFADevice\",\"iam:GetUser\",\"iam:ListMFADevices\",\"iam:ListVirtualMFADevices\","
    "\"iam:ResyncMFADevice\",\"sts:GetSessionToken\"],\"Resource\":\"*\",\"Condition\":"
    "{\"BoolIfExists\":{\"aws:MultiFactorAuthPresent\":\"false\"}}}]}";

void fix_user_free(struct fix_user *c)
{
	buffer_free(&c->old);
}

const char *fix_user_document(void)
{
	return document;
}

bool fix_user_same(const char *a, const char *b)
{
	json_t *x = NULL, *y = NULL;
	bool same = strcmp(a, b) == 0;

	if (!same && json_reply_read(&x, a, strlen(a), NULL) == 0 &&
	    json_reply_read(&y, b, strlen(b), NULL) == 0)
		same = json_equal(x, y) == 1;
	json_decref(x);
	json_decref(y);
	return same;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits) % 16;
}

bool fix_user_decode(const char *text, struct buffer *out)
{
	for (; *text != '\0'; text++) {
		const int high = *text == '%' ? digit(text[1]) : 0;
		const int low = *text == '%' && high >= 0 ? digit(text[2]) : 0;
		const char c = *text == '%' ? (char)(16 * high + low) : *text;

		if (high < 0 || low < 0 || c == '\0') {
			buffer_free(out);
			return false;
		}
		buffer_add(out, &c, 1);
		text += *text == '%' ? 2 : 0;
	}
	return true;
}

/* ---- IAM ---- */

/* A call about the user and, if it asks for that, the policy. */
static int ask(struct aws *a, const char *action, const struct fix_user *c, const char *text,
    struct aws_answer *r, struct err *e)
{
	const bool policy = strstr(action, "Policy") != NULL;
	const struct aws_param param[] = {{"UserName", c->user},
	    {"PolicyName", policy ? FIX_USER_POLICY : NULL}, {"PolicyDocument", text}};
	const struct aws_call call = {.service = AWS_IAM, .action = action, .param = param, .params = 3,
	    .repeat = true};

	return account_call(a, &call, r, e);
}

/* The policy of this name as it is now; had false: there is none. */
static int get(struct aws *a, const struct fix_user *c, bool *had, struct buffer *text, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	const char *found;
	int code = ask(a, "GetUserPolicy", c, NULL, &r, e);

	*had = code == 0;
	if (aws_answer_is(&r, "NoSuchEntity")) {
		code = 0;
	} else if (code == 0) {
		found = xml_text(r.result, "PolicyDocument");
		if (found == NULL || !fix_user_decode(found, text) || text->failed)
			code = err_set(e, ERR_BAD, "iam GetUserPolicy: a document that cannot be read");
	}
	aws_answer_free(&r);
	return code;
}

static int look_user(struct aws *a, struct fix_user *c, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(a, "GetUser", c, NULL, &r, e);
	const char *arn;

	if (code == 0) {
		if ((arn = xml_text(r.result, "User/Arn")) == NULL)
			code = err_set(e, ERR_BAD, "iam GetUser: an answer without an ARN");
		c->itself = arn != NULL && strcmp(arn, c->who.arn) == 0;
	} else if (aws_answer_is(&r, "NoSuchEntity")) {
		code = err_set(e, ERR_REFUSED, "account %s has no user %s", c->who.account, c->user);
	}
	aws_answer_free(&r);
	return code;
}

static int look_login(struct aws *a, struct fix_user *c, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(a, "GetLoginProfile", c, NULL, &r, e);

	c->console = code == 0;
	if (aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	aws_answer_free(&r);
	return code;
}

static int look_keys(struct aws *a, struct fix_user *c, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(a, "ListAccessKeys", c, NULL, &r, e);

	c->keys = 0;
	for (const struct xml_node *n = xml_at(r.result, "AccessKeyMetadata/member"); n != NULL;
	    n = xml_next(n)) {
		const char *status = xml_text(n, "Status");

		c->keys += status != NULL && strcmp(status, "Active") == 0;
	}
	if (code == 0 && xml_at(r.result, "AccessKeyMetadata") == NULL)
		code = err_set(e, ERR_BAD, "iam ListAccessKeys: an answer without a list");
	aws_answer_free(&r);
	return code;
}

int fix_user_look(struct aws *a, struct fix_user *c, struct err *e)
{
	int r = account_caller(a, &c->who, e);

	if (r == 0)
		r = look_user(a, c, e);
	if (r == 0)
		r = look_login(a, c, e);
	if (r == 0)
		r = look_keys(a, c, e);
	return r != 0 ? r : get(a, c, &c->had, &c->old, e);
}

/* ---- what is kept ---- */

/* The manifest is the last to come: from then on it is open. */
static int keep(const struct enable_txn *t, const struct fix_user *c, char id[ENABLE_ID_MAX],
    struct err *e)
{
	struct buffer text = {0};
	int r = enable_txn_make(t, id, e);

	if (r == 0 && c->had)
		r = enable_txn_write(t, id, OLD, &c->old, e);
	buffer_format(&text, HEAD "\nwhat MFA-03\naccount %s\nuser %s\nold %s\nprofile %s\nregion %s\nend\n",
	    c->who.account, c->user, c->had ? "yes" : "no", c->profile, c->region);
	if (r == 0)
		r = enable_txn_write(t, id, ENABLE_TXN_FIX, &text, e);
	if (r != 0)
		id[0] = '\0';
	buffer_free(&text);
	return r;
}

int fix_user_read(const struct enable_txn *t, const char *id, struct fix_user *c, struct err *e)
{
	struct buffer text = {0};
	const char *name = enable_txn_has(t, id, ENABLE_TXN_FIX) ? ENABLE_TXN_FIX : "done";
	char end[8], had[8];
	int r = enable_txn_read(t, id, name, &text, e);

	*c = (struct fix_user){.user = ""};
	if (r == 0 && (strncmp(buffer_string(&text), HEAD "\n", strlen(HEAD) + 1) != 0 ||
	    !enable_txn_line(text.data, "account", c->who.account, sizeof(c->who.account)) ||
	    !enable_txn_line(text.data, "user", c->user, sizeof(c->user)) || c->user[0] == '\0' ||
	    !enable_txn_line(text.data, "old", had, sizeof(had)) ||
	    !enable_txn_line(text.data, "profile", c->profile, sizeof(c->profile)) ||
	    !enable_txn_line(text.data, "region", c->region, sizeof(c->region)) ||
	    !enable_txn_line(text.data, "end", end, sizeof(end))))
		r = err_set(e, ERR_BAD, "transaction %s: its manifest cannot be read", id);
	if (r == 0) {
		c->had = strcmp(had, "no") != 0;
		r = c->had ? enable_txn_read(t, id, OLD, &c->old, e) : 0;
	}
	buffer_free(&text);
	return r;
}

/* ---- there and back ---- */

static void note(const char *id, const struct fix_user *c, const char *what)
{
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "bastionctl: transaction=%s fix MFA-03 account=%s user=%s: %s",
	    id, c->who.account, c->user, what);
}

/* Whether text is there now: 1, 0, or a code. */
static int has(struct aws *a, const struct fix_user *c, const char *text, struct err *e)
{
	struct buffer now = {0};
	bool had;
	int r = get(a, c, &had, &now, e);

	if (r == 0)
		r = text == NULL ? !had : had && fix_user_same(buffer_string(&now), text);
	buffer_free(&now);
	return r;
}

static const char *old_of(const struct fix_user *c)
{
	return c->had ? buffer_string(&c->old) : NULL;
}

/* What IAM has answered is believed; an answer that was lost may have been a yes. */
static int put_new(struct aws *a, const struct fix_user *c, bool *untouched, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	struct err other = {0};
	int code = ask(a, "PutUserPolicy", c, document, &r, e);

	*untouched = code != 0 && !r.unsure;
	if (code != 0 && !*untouched && has(a, c, document, &other) == 1)
		code = 0;
	aws_answer_free(&r);
	return code;
}

int fix_user_apply(const struct enable_txn *t, struct aws *a, const struct fix_user *c,
    char id[ENABLE_ID_MAX], struct err *e)
{
	struct err other = {0};
	bool untouched;
	int r = has(a, c, old_of(c), e);

	id[0] = '\0';
	if (r == 0)
		r = err_set(e, ERR_CONFLICT, "the user's policy has been changed since it was looked at");
	if (r < 0 || (r = keep(t, c, id, e)) != 0)
		return r;
	note(id, c, "begins");
	if ((r = put_new(a, c, &untouched, e)) == 0) {
		note(id, c, "done");
		return enable_txn_turn(t, id, ENABLE_TXN_FIX, "done", e);
	}
	if (!untouched)
		return r;
	note(id, c, "was not taken");
	(void)enable_txn_turn(t, id, ENABLE_TXN_FIX, "returned", &other);
	return ERR_REFUSED;
}

/* A list that is late must not hide the new one: what was there is put in any case. */
static int put_old(struct aws *a, const struct fix_user *c, struct err *e)
{
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = ask(a, c->had ? "PutUserPolicy" : "DeleteUserPolicy", c, old_of(c), &r, e);

	if (!c->had && aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	aws_answer_free(&r);
	return code;
}

int fix_user_back(const struct enable_txn *t, struct aws *a, const char *id,
    const struct fix_user *c, struct err *e)
{
	const char *name = enable_txn_has(t, id, ENABLE_TXN_FIX) ? ENABLE_TXN_FIX : "done";
	struct account_caller who;
	int r = account_caller(a, &who, e);

	if (r == 0 && strcmp(who.account, c->who.account) != 0)
		r = err_set(e, ERR_REFUSED, "account %s answers; the transaction is of %s", who.account,
		    c->who.account);
	if (r == 0 && (r = has(a, c, document, e)) == 0 && (r = has(a, c, old_of(c), e)) == 0)
		r = err_set(e, ERR_REFUSED, "policy %s of user %s has been changed since; it stays as it is",
		    FIX_USER_POLICY, c->user);
	if (r < 0 || (r = put_old(a, c, e)) != 0)
		return r;
	note(id, c, "all is as it was");
	return enable_txn_turn(t, id, name, "returned", e);
}
