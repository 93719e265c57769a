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

/* "eu-west-1,us-east-1", of the settings. */
static void join_regions(const struct settings *s, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < s->regions && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? "," : "", s->region[i]);
}

int cmd_audit_iam(struct facts *f, const struct audit_options *o, const struct settings *s,
    const char *rotate_dir)
{
	char regions[SETTINGS_REGIONS * (SETTINGS_REGION_MAX + 1)];
	struct gather_iam q = {.account = {.profile = o->profile, .region = o->region},
	    .regions = o->region != NULL ? o->region : s->regions > 0 ? regions : NULL,
	    .secrets = o->secrets, .deep = o->deep, .rotate_dir = rotate_dir,
	    .progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL, .now = (int64_t)time(NULL)};

	join_regions(s, regions, sizeof(regions));
	account_settings(&q.account, s);
	gather_iam(f, &q);
	return CMD_YES;
}
