#include "policy/aws_policy.h"

#include <stdio.h>
#include <string.h>

/* What the actions are allowed on. */
enum on { ON_ALL, ON_USER, ON_SELF, ON_DEVICE, ON_SECRET, ON_INSTANCE };

/* When a statement is there. */
enum when { ALWAYS, DEEP, WITH_SECRET, WITH_USER };

struct statement {
	const char *policy;
	enum on on;
	enum when when;
	const char *actions; /* words between blanks */
};

#define KEYS "iam:ListAccessKeys iam:CreateAccessKey iam:UpdateAccessKey iam:DeleteAccessKey"
#define SECRET "secretsmanager:DescribeSecret secretsmanager:GetSecretValue"
#define SECRET_PUT SECRET " secretsmanager:PutSecretValue secretsmanager:UpdateSecretVersionStage"
#define REPORT "iam:GenerateCredentialReport iam:GetCredentialReport"

static const struct statement statements[] = {
    {"audit", ON_ALL, ALWAYS, "iam:GetAccountSummary iam:GetAccountPasswordPolicy " REPORT " "
        "iam:ListUsers iam:ListVirtualMFADevices iam:GetLoginProfile iam:ListMFADevices "
        "iam:ListAccessKeys iam:GetAccessKeyLastUsed ec2:DescribeInstanceConnectEndpoints "
        "ec2:GetSerialConsoleAccessStatus"},
    {"audit", ON_ALL, DEEP, "iam:ListRoles iam:SimulatePrincipalPolicy"},
    {"audit", ON_SECRET, WITH_SECRET, SECRET},
    {"mirror", ON_ALL, ALWAYS, "iam:GetAccountPasswordPolicy"},
    {"fix", ON_ALL, ALWAYS, "iam:GetAccountPasswordPolicy iam:UpdateAccountPasswordPolicy "
        "iam:DeleteAccountPasswordPolicy " REPORT},
    /* Whoever may put a user's policy may give it all: of the one who is named alone. */
    {"fix", ON_USER, WITH_USER, "iam:GetUser iam:GetLoginProfile iam:ListAccessKeys "
        "iam:GetUserPolicy iam:PutUserPolicy iam:DeleteUserPolicy"},
    {"mfa", ON_DEVICE, ALWAYS, "iam:CreateVirtualMFADevice iam:DeleteVirtualMFADevice"},
    {"mfa", ON_USER, ALWAYS, "iam:EnableMFADevice iam:ListMFADevices"},
    {"rotate-self", ON_SELF, ALWAYS, KEYS},
    {"rotate-self", ON_ALL, ALWAYS, "iam:GetAccessKeyLastUsed"},
    {"rotate-self", ON_SECRET, WITH_SECRET, SECRET_PUT},
    {"rotate-admin", ON_USER, ALWAYS, KEYS},
    {"rotate-admin", ON_ALL, ALWAYS, "iam:GetAccessKeyLastUsed"},
    {"rotate-admin", ON_SECRET, WITH_SECRET, SECRET_PUT},
    {"probe", ON_INSTANCE, ALWAYS, "ec2-instance-connect:SendSSHPublicKey"},
};

const char *aws_policy_name(int i)
{
	static const char *const names[] = {"audit", "mirror", "fix", "mfa", "rotate-self",
	    "rotate-admin", "probe"};

	return i >= 0 && i < (int)(sizeof(names) / sizeof(names[0])) ? names[i] : NULL;
}

static void add_resource(enum on on, const struct aws_policy_scope *s, struct buffer *out)
{
	const char *account = s->account != NULL ? s->account : "*";

	if (on == ON_USER)
		buffer_format(out, "\"arn:aws:iam::%s:user/%s\"", account, s->user != NULL ? s->user : "*");
	else if (on == ON_SELF)
		buffer_format(out, "\"arn:aws:iam::%s:user/%s\"", account, s->user != NULL ? s->user :
		    "${aws:username}");
	else if (on == ON_DEVICE)
		buffer_format(out, "\"arn:aws:iam::%s:mfa/*\"", account);
	else if (on == ON_SECRET)
		buffer_format(out, "\"%s\"", s->secret);
	else if (on == ON_INSTANCE)
		buffer_format(out, "\"arn:aws:ec2:*:%s:instance/*\"", account);
	else
		buffer_text(out, "\"*\"");
}

static void add_statement(const struct statement *st, const struct aws_policy_scope *s,
    struct buffer *out)
{
	const char *comma = "";
	size_t n;

	buffer_text(out, "    {\n      \"Effect\": \"Allow\",\n      \"Action\": [");
	for (const char *at = st->actions; *at != '\0'; at += n) {
		at += strspn(at, " ");
		n = strcspn(at, " ");
		buffer_format(out, "%s\n        \"%.*s\"", comma, (int)n, at);
		comma = ",";
	}
	buffer_text(out, "\n      ],\n      \"Resource\": ");
	add_resource(st->on, s, out);
	buffer_text(out, "\n    }");
}

bool aws_policy_write(const char *name, const struct aws_policy_scope *s, struct buffer *out)
{
	const char *comma = "";

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const struct statement *st = &statements[i];

		if (strcmp(st->policy, name) != 0 || (st->when == DEEP && !s->deep) ||
		    (st->when == WITH_SECRET && s->secret == NULL) ||
		    (st->when == WITH_USER && s->user == NULL))
			continue;
		buffer_text(out, comma[0] == '\0' ? "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n" :
		    comma);
		add_statement(st, s, out);
		comma = ",\n";
	}
	if (comma[0] != '\0')
		buffer_text(out, "\n  ]\n}\n");
	return comma[0] != '\0';
}
