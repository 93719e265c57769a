/* Stands for all commands that ask AWS where bastionctl is built without (AWS=no). */
#include "enroll/language.h"
#include "policy/cmd_audit_options.h"
#include "policy/cmd_policy.h"

static int refuse(const char *command, const char *word)
{
	return cmd_usage(command, N_("this bastionctl is built without AWS"), word);
}

int cmd_policy_pull(const struct cmd_common *common, int argc, char **argv)
{
	(void)common, (void)argc, (void)argv;
	return refuse("policy", "pull");
}

int cmd_audit_iam(struct facts *f, const struct audit_options *o, const char *rotate_dir)
{
	(void)f, (void)o, (void)rotate_dir;
	return refuse("audit", "iam");
}
