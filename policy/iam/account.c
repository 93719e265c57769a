#include "policy/iam/account.h"

#include <stdio.h>
#include <string.h>

int account_open(struct aws **a, const struct account_options *o, struct err *e)
{
	const struct aws_settings s = {.cred = {.profile = o->profile, .region = o->region,
	    .assume_role = o->assume_role}};

	return aws_open(a, &s, e);
}

int account_option(struct account_options *o, char **argv, int *i)
{
	const struct { const char *name; const char **value; } all[] = {{"--profile", &o->profile},
	    {"--region", &o->region}};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		const size_t n = strlen(all[k].name);
		const char *a = argv[*i], *value;

		if (strncmp(a, all[k].name, n) != 0 || (a[n] != '\0' && a[n] != '='))
			continue;
		if (*all[k].value != NULL)
			return -1;
		value = a[n] == '=' ? a + n + 1 : argv[++*i];
		if (value == NULL || value[0] == '\0')
			return -1;
		*all[k].value = value;
		return 1;
	}
	return 0;
}

void account_settings(struct account_options *o, const struct settings *s)
{
	if (o->region == NULL && s->regions > 0)
		o->region = s->region[0];
	if (s->assume_role[0] != '\0')
		o->assume_role = s->assume_role;
}

static bool keep(char *out, size_t size, const char *value)
{
	if (value == NULL)
		value = "";
	for (const char *at = value; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return snprintf(out, size, "%s", value) < (int)size;
}

bool account_keep(const struct account_options *o, char profile[ACCOUNT_PROFILE],
    char region[ACCOUNT_REGION])
{
	return keep(profile, ACCOUNT_PROFILE, o->profile) && keep(region, ACCOUNT_REGION, o->region);
}

int account_code(const struct aws_answer *r, struct err *e)
{
	if (r->end == AWS_DONE)
		return 0;
	if (e != NULL) {
		*e = r->e;
		if (r->end == AWS_THROTTLED)
			e->code = ERR_CONFLICT;
	}
	return r->end == AWS_THROTTLED ? ERR_CONFLICT : r->e.code != 0 ? r->e.code : ERR_UNAVAIL;
}

int account_call(struct aws *a, const struct aws_call *c, struct aws_answer *r, struct err *e)
{
	(void)aws_do(a, c, r);
	return account_code(r, e);
}

int account_caller(struct aws *a, struct account_caller *c, struct err *e)
{
	const struct aws_call call = {.service = AWS_STS, .action = "GetCallerIdentity", .repeat = true};
	struct aws_answer r = {.end = AWS_TROUBLE};
	const char *account, *arn;
	int code = account_call(a, &call, &r, e);

	*c = (struct account_caller){.account = ""};
	if (code == 0) {
		account = xml_text(r.result, "Account");
		arn = xml_text(r.result, "Arn");
		if (account == NULL || arn == NULL || strspn(account, "0123456789") != strlen(account) ||
		    snprintf(c->account, sizeof(c->account), "%s", account) != ACCOUNT_ID - 1 ||
		    snprintf(c->arn, sizeof(c->arn), "%s", arn) >= ACCOUNT_ARN)
			code = err_set(e, ERR_BAD, "sts GetCallerIdentity: an answer that tells no account");
	}
	aws_answer_free(&r);
	return code;
}
