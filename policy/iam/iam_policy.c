#include "policy/iam/iam_policy.h"

#include <stdio.h>
#include <string.h>

#define CALL "iam GetAccountPasswordPolicy"

/* Nothing that could end a string or a number of JSON: the reader judges the rest. */
static bool is_plain(const char *text)
{
	return text[0] != '\0' && strlen(text) < 64 &&
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
	    strlen(text);
}

/* IAM leaves out what is not set alone.  What it never does leave out has no default that
 * could stand for it: that would be weaker. */
static int check_whole(const struct iam_policy *p, struct err *e)
{
	static const enum iam_field always[] = {IAM_MINIMUM_PASSWORD_LENGTH, IAM_REQUIRE_SYMBOLS,
	    IAM_REQUIRE_NUMBERS, IAM_REQUIRE_UPPERCASE_CHARACTERS, IAM_REQUIRE_LOWERCASE_CHARACTERS,
	    IAM_ALLOW_USERS_TO_CHANGE_PASSWORD};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if ((p->given & 1U << always[i]) == 0)
			return err_set(e, ERR_BAD, "iam GetAccountPasswordPolicy: an answer without %s",
			    iam_field_name(always[i]));
	return 0;
}

int iam_policy_read(struct iam_policy *p, const struct xml_node *result, struct err *e)
{
	const struct xml_node *policy = xml_at(result, "PasswordPolicy");
	struct buffer json = {0};
	const char *comma = "";
	int r = 0;

	*p = (struct iam_policy){.custom = false};
	if (policy == NULL)
		return err_set(e, ERR_BAD, "iam GetAccountPasswordPolicy: an answer without a policy");
	buffer_text(&json, "{\"PasswordPolicy\": {");
	for (const struct xml_node *n = policy->child; n != NULL && r == 0; n = n->next) {
		if (!is_plain(n->name) || n->child != NULL || !is_plain(n->text))
			r = err_set(e, ERR_BAD, "iam GetAccountPasswordPolicy: a field that cannot be read");
		buffer_format(&json, "%s\"%.64s\": %.64s", comma, n->name, n->text);
		comma = ", ";
	}
	buffer_text(&json, "}}");
	if (r == 0 && json.failed)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0 && iam_json_parse(p, CALL, buffer_string(&json), json.len, e) != 0)
		r = ERR_BAD;
	if (r == 0)
		r = check_whole(p, e);
	if (r != 0)
		*p = (struct iam_policy){.custom = false};
	if (r == ERR_BAD && e != NULL)
		e->code = ERR_BAD;
	buffer_free(&json);
	return r;
}

int iam_policy_get(struct aws *a, struct iam_policy *p, struct err *e)
{
	const struct aws_call call = {.service = AWS_IAM, .action = "GetAccountPasswordPolicy",
	    .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	int code = account_call(a, &call, &r, e);

	*p = (struct iam_policy){.custom = false};
	/* By the code, never by the text. */
	if (code != 0 && aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	else if (code == 0)
		code = iam_policy_read(p, r.result, e);
	aws_answer_free(&r);
	return code;
}

static const enum iam_field settable[] = {IAM_MINIMUM_PASSWORD_LENGTH, IAM_REQUIRE_SYMBOLS,
    IAM_REQUIRE_NUMBERS, IAM_REQUIRE_UPPERCASE_CHARACTERS, IAM_REQUIRE_LOWERCASE_CHARACTERS,
    IAM_ALLOW_USERS_TO_CHANGE_PASSWORD, IAM_MAX_PASSWORD_AGE, IAM_PASSWORD_REUSE_PREVENTION,
    IAM_HARD_EXPIRY};
#define SETTABLE (sizeof(settable) / sizeof(settable[0]))

/* What is left out goes back to its default, which for MaxPasswordAge and
 * PasswordReusePrevention is what no number says: none. */
int iam_policy_put(struct aws *a, const struct iam_policy *p, bool *taken, struct err *e)
{
	struct aws_param param[SETTABLE];
	struct aws_call call = {.service = AWS_IAM, .action = p->custom ? "UpdateAccountPasswordPolicy" :
	    "DeleteAccountPasswordPolicy", .param = param, .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	char number[SETTABLE][16];
	int code;

	for (size_t i = 0; i < SETTABLE && p->custom; i++) {
		const int value = p->value[settable[i]];
		const bool is_number = iam_field_is_number(settable[i]);

		if (is_number && value == 0)
			continue;
		(void)snprintf(number[i], sizeof(number[i]), "%d", value);
		param[call.params++] = (struct aws_param){iam_field_name(settable[i]), is_number ? number[i] :
		    value != 0 ? "true" : "false"};
	}
	code = account_call(a, &call, &r, e);
	/* One that is gone is what was asked for, also by the first try of two. */
	if (!p->custom && aws_answer_is(&r, "NoSuchEntity"))
		code = 0;
	*taken = code == 0 || r.unsure;
	aws_answer_free(&r);
	return code;
}

void iam_policy_print(const struct iam_policy *p, struct buffer *out)
{
	const char *comma = "";

	if (!p->custom) {
		buffer_text(out, "{\"PasswordPolicy\": null}\n");
		return;
	}
	buffer_text(out, "{\"PasswordPolicy\": {");
	for (int i = 0; i < IAM_FIELDS; i++) {
		const enum iam_field field = (enum iam_field)i;

		if ((p->given & 1U << i) == 0)
			continue;
		buffer_format(out, "%s\"%s\": ", comma, iam_field_name(field));
		if (iam_field_is_number(field))
			buffer_format(out, "%d", p->value[i]);
		else
			buffer_text(out, p->value[i] != 0 ? "true" : "false");
		comma = ", ";
	}
	buffer_text(out, "}}\n");
}
