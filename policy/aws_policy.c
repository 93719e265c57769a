#include "policy/aws_policy.h"

#include <stdio.h>
#include <string.h>

/* What the actions are allowed on. */
enum on { ON_ALL, ON_USER, ON_SELF, ON_DEVICE, ON_SECRET, ON_KEY, ON_INSTANCE };

/* When a statement is there. */
enum when { ALWAYS, DEEP, WITH_SECRET, WITH_KEY, WITH_USER };

struct statement {
	const char *policy;
	enum on on;
	enum when when;
	const char *actions; /* words between blanks */
};

/* When a key was last used is told of the keys of whom the resource names, too. */
#define KEYS "iam:ListAccessKeys iam:CreateAccessKey iam:UpdateAccessKey iam:DeleteAccessKey " \
	"iam:GetAccessKeyLastUsed"
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
    {"audit", ON_KEY, WITH_KEY, "kms:Decrypt"},
    {"mirror", ON_ALL, ALWAYS, "iam:GetAccountPasswordPolicy"},
    {"fix", ON_ALL, ALWAYS, "iam:GetAccountPasswordPolicy iam:UpdateAccountPasswordPolicy "
        "iam:DeleteAccountPasswordPolicy " REPORT},
    /* Whoever may put a user's policy may give it all: of the one who is named alone. */
    {"fix", ON_USER, WITH_USER, "iam:GetUser iam:GetLoginProfile iam:ListAccessKeys "
        "iam:GetUserPolicy iam:PutUserPolicy iam:DeleteUserPolicy"},
    {"mfa", ON_DEVICE, ALWAYS, "iam:CreateVirtualMFADevice iam:DeleteVirtualMFADevice"},
    {"mfa", ON_USER, ALWAYS, "iam:EnableMFADevice iam:ListMFADevices"},
    {"rotate-self", ON_SELF, ALWAYS, KEYS},
    {"rotate-self", ON_SECRET, WITH_SECRET, SECRET_PUT},
    {"rotate-self", ON_KEY, WITH_KEY, "kms:Decrypt kms:GenerateDataKey"},
    {"rotate-admin", ON_USER, ALWAYS, KEYS},
    {"rotate-admin", ON_SECRET, WITH_SECRET, SECRET_PUT},
    {"rotate-admin", ON_KEY, WITH_KEY, "kms:Decrypt kms:GenerateDataKey"},
    {"probe", ON_INSTANCE, ALWAYS, "ec2-instance-connect:SendSSHPublicKey"},
};

const char *aws_policy_name(int i)
{
	static const char *const names[] = {"audit", "mirror", "fix", "mfa", "rotate-self",
	    "rotate-admin", "probe"};

	return i >= 0 && i < (int)(sizeof(names) / sizeof(names[0])) ? names[i] : NULL;
}

/* ---- on what ---- */

static const char *or_any(const char *text)
{
	return text != NULL ? text : "*";
}

/* arn:PARTITION:, of the secret where none is named. */
static void add_partition(const struct aws_policy_scope *s, struct buffer *out)
{
	if (s->partition == NULL && s->secret != NULL)
		buffer_format(out, "\"arn:%.*s:", (int)strcspn(s->secret + 4, ":"), s->secret + 4);
	else
		buffer_format(out, "\"arn:%s:", s->partition != NULL ? s->partition : "aws");
}

static void add_one_user(const struct aws_policy_scope *s, const char *path, const char *name,
    struct buffer *out)
{
	add_partition(s, out);
	buffer_format(out, "iam::%s:user/%s%s\"", or_any(s->account), path, name);
}

/* A name says nothing of the path that the ARN has, and stands once in an account. */
static void add_user(const struct aws_policy_scope *s, const char *name, struct buffer *out)
{
	if (name == NULL || strchr(name, '/') != NULL) {
		add_one_user(s, "", or_any(name), out);
		return;
	}
	buffer_text(out, "[\n        ");
	add_one_user(s, "", name, out);
	buffer_text(out, ",\n        ");
	add_one_user(s, "*/", name, out);
	buffer_text(out, "\n      ]");
}

/* Its name is the user's, unless another is given. */
static void add_device(const struct aws_policy_scope *s, struct buffer *out)
{
	const char *name = s->device != NULL ? s->device : or_any(s->user), *slash = strrchr(name, '/');

	add_partition(s, out);
	buffer_format(out, "iam::%s:mfa/%s\"", or_any(s->account), slash != NULL ? slash + 1 : name);
}

static void add_resource(enum on on, const struct aws_policy_scope *s, struct buffer *out)
{
	buffer_text(out, ",\n      \"Resource\": ");
	switch (on) {
	case ON_USER:
		add_user(s, s->user, out);
		break;
	case ON_SELF:
		add_user(s, s->user != NULL ? s->user : "${aws:username}", out);
		break;
	case ON_DEVICE:
		add_device(s, out);
		break;
	case ON_SECRET:
		buffer_format(out, "\"%s\"", s->secret);
		break;
	case ON_KEY:
		buffer_format(out, "\"%s\"", s->kms_key);
		break;
	case ON_INSTANCE:
		add_partition(s, out);
		buffer_format(out, "ec2:*:%s:instance/%s\"", or_any(s->account), or_any(s->instance));
		break;
	default:
		buffer_text(out, "\"*\"");
		break;
	}
}

static void add_condition(enum on on, const struct aws_policy_scope *s, struct buffer *out)
{
	/* Whose key is pushed. */
	if (on == ON_INSTANCE && s->user != NULL)
		buffer_format(out, ",\n      \"Condition\": {\n        \"StringEquals\": {\n"
		    "          \"ec2:osuser\": \"%s\"\n        }\n      }", s->user);
}

/* ---- the document ---- */

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
	buffer_text(out, "\n      ]");
	add_resource(st->on, s, out);
	add_condition(st->on, s, out);
	buffer_text(out, "\n    }");
}

static bool is_there(const struct statement *st, const struct aws_policy_scope *s)
{
	switch (st->when) {
	case DEEP:
		return s->deep;
	case WITH_SECRET:
		return s->secret != NULL;
	case WITH_KEY:
		return s->secret != NULL && s->kms_key != NULL;
	case WITH_USER:
		return s->user != NULL;
	default:
		return true;
	}
}

bool aws_policy_write(const char *name, const struct aws_policy_scope *s, struct buffer *out)
{
	const char *comma = "";

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const struct statement *st = &statements[i];

		if (strcmp(st->policy, name) != 0 || !is_there(st, s))
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

const char *aws_policy_wide(const char *name, const struct aws_policy_scope *s)
{
	bool instance = false, user = false;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(statements[i].policy, name) != 0 || !is_there(&statements[i], s))
			continue;
		instance = instance || (statements[i].on == ON_INSTANCE && s->instance == NULL);
		user = user || ((statements[i].on == ON_USER || statements[i].on == ON_INSTANCE) &&
		    s->user == NULL);
	}
	return instance ? user ? "--instance, --user" : "--instance" : user ? "--user" : NULL;
}
