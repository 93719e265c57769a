#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "policy/aws_policy.h"
#include "policy/cmd_common.h"

#include <stdio.h>
#include <string.h>

static const char help_aws_policy[] =
    N_("usage: bastionctl aws-policy audit|mirror|fix|mfa|rotate-self|rotate-admin|probe\n"
    "           [--account ID] [--user NAME] [--secret ARN] [--deep]\n"
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
    "  --account ID  only in this account; --user NAME: only this user; --secret ARN: with\n"
    "                this secret of Secrets Manager\n"
    "\n"
    "exit: 0 printed, 2 usage, 3 trouble\n");

/* What stands in JSON as it is. */
static bool is_plain(const char *text)
{
	return text[0] != '\0' && strlen(text) < 512 && text[strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_:/-*")] == '\0';
}

static int read_options(struct aws_policy_scope *s, int argc, char **argv)
{
	const struct { const char *name; const char **value; } all[] = {{"--account", &s->account},
	    {"--user", &s->user}, {"--secret", &s->secret}};

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		size_t k = 0;

		if (strcmp(a, "--deep") == 0) {
			s->deep = true;
			continue;
		}
		while (k < 3 && (strncmp(a, all[k].name, strlen(all[k].name)) != 0 ||
		    (a[strlen(all[k].name)] != '\0' && a[strlen(all[k].name)] != '=')))
			k++;
		if (k == 3)
			return cmd_usage("aws-policy", a[0] == '-' ? N_("unknown option") :
			    N_("one word too many"), a);
		if (*all[k].value != NULL)
			return cmd_usage("aws-policy", N_("an option is given twice"), a);
		*all[k].value = a[strlen(all[k].name)] == '=' ? a + strlen(all[k].name) + 1 : argv[++i];
		if (*all[k].value == NULL || !is_plain(*all[k].value))
			return cmd_usage("aws-policy", N_("a value is missing"), all[k].name);
	}
	if (s->account != NULL && (strlen(s->account) != 12 || strspn(s->account, "0123456789") != 12))
		return cmd_usage("aws-policy", N_("an account has 12 digits"), s->account);
	return CMD_YES;
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
	if ((r = read_options(&s, argc, argv)) != CMD_YES)
		return r;
	if (!aws_policy_write(argv[0], &s, &out)) {
		r = cmd_usage("aws-policy", N_("there is none of this name"), argv[0]);
	} else if (out.failed) {
		(void)err_set(&e, ERR_SYSTEM, "out of memory");
		r = cmd_tell(&e, CMD_TROUBLE);
	} else {
		(void)fputs(buffer_string(&out), stdout);
		r = cmd_finish(CMD_YES);
	}
	buffer_free(&out);
	return r;
}
