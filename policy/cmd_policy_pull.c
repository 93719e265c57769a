#include "policy/cmd_policy.h"

#include "enroll/language.h"
#include "policy/iam/iam_policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PULL "pull"

struct pull {
	struct account_options account;
	bool check, yes;
	struct account_caller who; /* account "": it cannot be told */
};

static int read_options(struct pull *o, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];
		const int taken = account_option(&o->account, argv, &i);

		if (taken < 0)
			return cmd_usage("policy", N_("a value is missing, or given twice"), a);
		if (taken > 0)
			continue;
		if (strcmp(a, "--check") == 0)
			o->check = true;
		else if (strcmp(a, "--yes") == 0)
			o->yes = true;
		else
			return cmd_usage("policy", a[0] == '-' ? N_("unknown option") :
			    N_("one word too many"), a);
	}
	return CMD_YES;
}

/* What IAM has now, from which account where that can be told: a role may be let ask IAM
 * alone. */
static int ask(struct pull *o, struct policy_kept *k, struct err *e)
{
	const char *account = o->who.account;
	struct aws *a = NULL;
	int r = account_open(&a, &o->account, e);

	if (r == 0)
		r = iam_policy_get(a, &k->policy, e);
	if (r == 0) {
		(void)account_caller(a, &o->who, NULL);
		k->mirror = (struct iam_mirror){.known = true, .time = (int64_t)time(NULL)};
		(void)snprintf(k->mirror.source, sizeof(k->mirror.source), PULL "%s%s",
		    account[0] != '\0' ? " " : "", account);
		if (iam_json_fingerprint(&k->policy, k->mirror.sha256) != 0)
			r = err_set(e, ERR_SYSTEM, "libcrypto failed");
	}
	aws_close(&a);
	return r;
}

/* What is kept is of a certain account, and this is another one's, or nobody knows: wrong
 * credentials must not put its rules in the place of the right ones. */
static bool is_of_another(const struct pull *o, const char *path)
{
	struct policy_kept kept = {.mirror = {.known = false}};
	const char *of = kept.mirror.source + strlen(PULL " ");

	if (o->yes || policy_store_read(path, &kept, NULL) != 0 || !kept.mirror.known ||
	    strncmp(kept.mirror.source, PULL " ", strlen(PULL " ")) != 0 ||
	    strcmp(of, o->who.account) == 0)
		return false;
	if (o->who.account[0] != '\0')
		(void)fprintf(stderr, _("bastionctl: %s: is of account %s, and %s answers; with --yes its "
		    "policy is taken\n"), path, of, o->who.account);
	else
		(void)fprintf(stderr, _("bastionctl: %s: is of account %s, and which one answers cannot be "
		    "told; with --yes its policy is taken\n"), path, of);
	return true;
}

/* One that waits to be applied is kept, too: what is taken would make an end of it. */
static bool is_foreign(const struct pull *o, const char *path)
{
	char staged[POLICY_PATH_MAX];

	policy_staged_path(path, staged);
	return is_of_another(o, path) || is_of_another(o, staged);
}

static int tell_kept(const struct pull *o, const char *path, int r)
{
	if (!o->check)
		(void)fprintf(stderr, _("bastionctl: %s: stays as it is\n"), path);
	/* What IAM refuses is no "no" about the policy. */
	return r == CMD_NO ? CMD_TROUBLE : r;
}

static int compare(const struct conf *c, const struct policy_kept *now)
{
	struct policy_kept kept;
	char sum[IAM_MIRROR_SHA256];
	struct err e = {0};
	const int r = policy_store_read(c->policy_file, &kept, &e);

	if (r == ERR_NONE) {
		(void)printf(_("%s: is not there: nothing was pulled yet\n"), c->policy_file);
		return CMD_NO;
	}
	if (r != 0)
		return cmd_policy_tell(&e);
	if (iam_json_fingerprint(&kept.policy, sum) != 0) {
		(void)err_set(&e, ERR_SYSTEM, "libcrypto failed");
		return cmd_policy_tell(&e);
	}
	if (strcmp(sum, now->mirror.sha256) == 0) {
		(void)printf(_("%s: the same as IAM has now, sha256 %s\n"), c->policy_file, sum);
		return CMD_YES;
	}
	(void)printf(_("%s: IAM has another policy now\n"), c->policy_file);
	cmd_policy_changes(&kept.policy, &now->policy);
	return CMD_NO;
}

int cmd_policy_pull(const struct cmd_common *common, int argc, char **argv)
{
	struct pull o = {.check = false};
	struct policy_kept k = {.mirror = {.known = false}};
	struct settings settings;
	struct err e = {0};
	struct conf c;
	int r = read_options(&o, argc, argv);

	if (r != CMD_YES || (r = cmd_load(common, &c)) != CMD_YES ||
	    (r = cmd_settings(common, &settings)) != CMD_YES)
		return r;
	account_settings(&o.account, &settings);
	if (ask(&o, &k, &e) != 0)
		return tell_kept(&o, c.policy_file, cmd_policy_tell(&e));
	if (is_foreign(&o, c.policy_file))
		return tell_kept(&o, c.policy_file, CMD_TROUBLE);
	if (o.check)
		return cmd_finish(compare(&c, &k));
	if (!k.policy.custom)
		(void)printf(_("The account has no password policy of its own: iam-default\n"));
	return cmd_policy_take(&c, &k);
}
