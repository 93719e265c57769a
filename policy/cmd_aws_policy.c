#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "policy/aws_policy.h"
#include "policy/cmd_common.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char help_aws_policy[] =
    N_("usage: bastionctl aws-policy audit|mirror|fix|mfa|rotate-self|rotate-admin|probe\n"
    "           [--account ID] [--partition NAME] [--user NAME] [--device NAME]\n"
    "           [--instance ID] [--secret ARN] [--kms-key ARN] [--deep]\n"
    "\n"
    "Prints the least policy of IAM with which that command works, as JSON:\n"
    "\n"
    "  audit         bastionctl audit iam; with --deep and --secret what these ask too\n"
    "  mirror        bastionctl policy pull\n"
    "  fix           bastionctl fix PWD-01 to PWD-04; with --user MFA-03, too; their rollback\n"
    "  mfa           bastionctl mfa assign\n"
    "  rotate-self   bastionctl rotate with the user's own key\n"
    "  rotate-admin  bastionctl rotate of others\n"
    "  probe         bastionctl audit --probe\n"
    "\n"
    "  --account ID      only in this account\n"
    "  --partition NAME  of the ARNs: aws-cn, aws-us-gov (default: the secret's, or aws)\n"
    "  --user NAME       only this user, under any path; PATH/NAME: under this one. Of probe:\n"
    "                    only this account of the host\n"
    "  --device NAME     mfa: only this device (default: the user's name)\n"
    "  --instance ID     probe: only this instance\n"
    "  --secret ARN      with this secret of Secrets Manager; the whole ARN, with the six\n"
    "                    letters at its end\n"
    "  --kms-key ARN     the secret is sealed with this key of KMS, not with AWS's own\n"
    "\n"
    "exit: 0 printed, 2 usage, 3 trouble\n");

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define VALUE_MOST 640 /* the ARN of a secret has its name of up to 512 in it */

static bool is_of(const char *text, const char *letters)
{
	return text[0] != '\0' && text[strspn(text, letters)] == '\0' && strlen(text) < VALUE_MOST;
}

static bool is_account(const char *text)
{
	return strlen(text) == 12 && is_of(text, "0123456789");
}

static bool is_partition(const char *text)
{
	return strncmp(text, "aws", 3) == 0 && is_of(text, "abcdefghijklmnopqrstuvwxyz-");
}

static bool is_device(const char *text)
{
	return is_of(text, LETTERS "+=,.@_-");
}

/* Of IAM, with its path or without. */
static bool is_user(const char *text)
{
	return is_of(text, LETTERS "+=,.@_-/") && text[0] != '/' && text[strlen(text) - 1] != '/';
}

static bool is_instance(const char *text)
{
	return strncmp(text, "i-", 2) == 0 && is_of(text + 2, "0123456789abcdef");
}

/* arn:PARTITION:SERVICE:... */
static const char *behind_service(const char *text, const char *service)
{
	const char *at = strncmp(text, "arn:aws", 7) == 0 ? strchr(text + 4, ':') : NULL;

	return at != NULL && is_of(text, LETTERS "/_+=.@:-") &&
	    strncmp(at, service, strlen(service)) == 0 ? at + strlen(service) : NULL;
}

/* MUST: with the six letters, without which IAM allows nothing (secret_is_named_by_its_whole_arn). */
static bool is_secret(const char *text)
{
	const char *name = behind_service(text, ":secretsmanager:"), *end;

	name = name != NULL ? strstr(name, ":secret:") : NULL;
	end = name != NULL ? strrchr(name, '-') : NULL;
	return end != NULL && strlen(end) == 7 && is_of(end + 1, LETTERS);
}

static bool is_kms_key(const char *text)
{
	const char *name = behind_service(text, ":kms:");

	return name != NULL && strstr(name, ":key/") != NULL;
}

static const struct option {
	const char *name, *of; /* the policies; NULL: all */
	size_t at;
	bool (*is_right)(const char *text);
	const char *wrong;
} options[] = {
    {"--account", NULL, offsetof(struct aws_policy_scope, account), is_account,
        N_("an account has 12 digits")},
    {"--partition", NULL, offsetof(struct aws_policy_scope, partition), is_partition,
        N_("no partition, such as aws or aws-cn")},
    {"--user", " fix mfa rotate-self rotate-admin probe ", offsetof(struct aws_policy_scope, user),
        is_user, N_("no name of a user")},
    {"--device", " mfa ", offsetof(struct aws_policy_scope, device), is_device,
        N_("no name of a device")},
    {"--instance", " probe ", offsetof(struct aws_policy_scope, instance), is_instance,
        N_("no id of an instance")},
    {"--secret", " audit rotate-self rotate-admin ", offsetof(struct aws_policy_scope, secret),
        is_secret, N_("no whole ARN of a secret")},
    {"--kms-key", " audit rotate-self rotate-admin ", offsetof(struct aws_policy_scope, kms_key),
        is_kms_key, N_("no ARN of a key of KMS")},
};

static bool is_for(const struct option *o, const char *policy)
{
	char word[32];

	(void)snprintf(word, sizeof(word), " %.20s ", policy);
	return o->of == NULL || strstr(o->of, word) != NULL;
}

/* argv[*i], which moves behind its value. */
static int read_option(struct aws_policy_scope *s, const char *policy, char **argv, int *i)
{
	const char *a = argv[*i], *equals = strchr(a, '='), **to, *value;
	const size_t n = equals != NULL ? (size_t)(equals - a) : strlen(a);
	const struct option *o = NULL;

	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
		if (strlen(options[k].name) == n && strncmp(a, options[k].name, n) == 0)
			o = &options[k];
	if (o == NULL)
		return cmd_usage("aws-policy", a[0] == '-' ? N_("unknown option") : N_("one word too many"), a);
	if (!is_for(o, policy))
		return cmd_usage("aws-policy", N_("this policy has no such option"), o->name);
	to = (const char **)((char *)s + o->at);
	if (*to != NULL)
		return cmd_usage("aws-policy", N_("an option is given twice"), o->name);
	value = equals != NULL ? equals + 1 : argv[++*i];
	if (value == NULL || value[0] == '\0')
		return cmd_usage("aws-policy", N_("a value is missing"), o->name);
	if (!o->is_right(value))
		return cmd_usage("aws-policy", o->wrong, value);
	*to = value;
	return CMD_YES;
}

static int read_options(struct aws_policy_scope *s, int argc, char **argv)
{
	const char *policy = argv[0];
	int r = CMD_YES;

	for (int i = 1; i < argc && r == CMD_YES; i++)
		if (strcmp(argv[i], "--deep") != 0)
			r = read_option(s, policy, argv, &i);
		else if (strcmp(policy, "audit") == 0)
			s->deep = true;
		else
			r = cmd_usage("aws-policy", N_("this policy has no such option"), argv[i]);
	if (r == CMD_YES && s->kms_key != NULL && s->secret == NULL)
		r = cmd_usage("aws-policy", N_("only with --secret"), "--kms-key");
	return r;
}

static bool is_policy(const char *name)
{
	int i = 0;

	while (aws_policy_name(i) != NULL && strcmp(aws_policy_name(i), name) != 0)
		i++;
	return aws_policy_name(i) != NULL;
}

/* Who may act for anybody should know it. */
static void warn(const char *name, const struct aws_policy_scope *s)
{
	const char *wide = aws_policy_wide(name, s);

	if (wide != NULL)
		(void)fprintf(stderr, _("bastionctl: warning: whoever has this policy can act for anybody; "
		    "narrow it by %s\n"), wide);
}

int cmd_aws_policy(const struct cmd_common *common, int argc, char **argv)
{
	struct aws_policy_scope s = {.account = NULL};
	struct buffer out = {0};
	struct err e = {0};
	int r;

	if (common->help)
		return cmd_help(help_aws_policy);
	if (argc == 0)
		return cmd_usage("aws-policy", N_("of which command?"), NULL);
	if (!is_policy(argv[0]))
		return cmd_usage("aws-policy", N_("there is none of this name"), argv[0]);
	if ((r = read_options(&s, argc, argv)) != CMD_YES)
		return r;
	if (!aws_policy_write(argv[0], &s, &out) || out.failed) {
		(void)err_set(&e, ERR_SYSTEM, "out of memory");
		r = cmd_tell(&e, CMD_TROUBLE);
	} else {
		(void)fputs(buffer_string(&out), stdout);
		warn(argv[0], &s);
		r = cmd_finish(CMD_YES);
	}
	buffer_free(&out);
	return r;
}
