/* What stands for rotate_aws_secret.c where there is no lib/net. */
#include "policy/rotate/rotate_aws.h"

void rotate_aws_home(struct rotate_aws *a, struct rotate_home *home)
{
	(void)a;
	*home = (struct rotate_home){.ctx = NULL};
}
