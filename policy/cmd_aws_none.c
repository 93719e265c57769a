/* Stands for all commands that ask AWS where bastionctl is built without (AWS=no). */
#include "policy/cmd_audit_options.h"
#include "policy/cmd_aws.h"
#include "policy/cmd_common.h"
#include "policy/cmd_policy.h"

int cmd_policy_pull(const struct cmd_common *common, int argc, char **argv)
{
	(void)common, (void)argc, (void)argv;
	return cmd_without_aws("policy", "pull");
}

int cmd_audit_iam(struct facts *f, const struct audit_options *o, const struct settings *s,
    const char *rotate_dir)
{
	(void)f, (void)o, (void)s, (void)rotate_dir;
	return cmd_without_aws("audit", "iam");
}

int cmd_mfa(const struct cmd_common *common, int argc, char **argv)
{
	(void)argc, (void)argv;
	return common->help ? cmd_mfa_help() : cmd_without_aws("mfa", NULL);
}

int cmd_fix_iam(const struct cmd_common *common, int argc, char **argv)
{
	(void)common, (void)argc;
	return cmd_without_aws("fix", argv[0]);
}

int cmd_fix_mfa(const struct cmd_common *common, int argc, char **argv)
{
	(void)common, (void)argc;
	return cmd_without_aws("fix", argv[0]);
}

int cmd_fix_mfa_back(const struct cmd_common *common, const char *state_dir, const char *id)
{
	return cmd_fix_iam_back(common, state_dir, id);
}

int cmd_fix_iam_back(const struct cmd_common *common, const char *state_dir, const char *id)
{
	(void)common, (void)state_dir;
	return cmd_without_aws("rollback", id);
}
