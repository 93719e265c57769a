/* What stands for rotate_aws*.c where there is no lib/net. */
#include "policy/rotate/rotate_aws.h"

int rotate_aws_open(struct rotate_aws **a, const struct rotate_aws_settings *s, struct err *e)
{
	(void)s;
	*a = NULL;
	return err_set(e, ERR_REFUSED, "this bastionctl was built without AWS (AWS=no)");
}

void rotate_aws_close(struct rotate_aws **a)
{
	*a = NULL;
}

void rotate_aws_iam(struct rotate_aws *a, struct rotate_iam *iam)
{
	(void)a;
	*iam = (struct rotate_iam){.ctx = NULL};
}
