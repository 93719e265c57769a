#include "policy/cmd_audit_options.h"

#include "enroll/language.h"
#include "policy/cmd_common.h"
#include "policy/iam/gather_iam.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* On a terminal alone, at each fiftieth call. */
static void show_progress(size_t done, size_t all)
{
	if (done == all) {
		(void)fputs("\r\033[K", stderr);
	} else if (done % 50 == 0) {
		(void)fputc('\r', stderr);
		(void)fprintf(stderr, _("asking IAM: %zu of %zu"), done, all);
	}
	(void)fflush(stderr);
}

int cmd_audit_iam(struct facts *f, const struct audit_options *o, const char *rotate_dir)
{
	const struct gather_iam q = {.account = {.profile = o->profile, .region = o->region},
	    .regions = o->region, .secrets = o->secrets, .deep = o->deep, .rotate_dir = rotate_dir,
	    .progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL, .now = (int64_t)time(NULL)};

	gather_iam(f, &q);
	return CMD_YES;
}
