#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "policy/audit/credential_report.h"
#include "policy/cmd_common.h"
#include "policy/cmd_fix.h"
#include "policy/cmd_policy.h"
#include "policy/fix_txn.h"
#include "policy/iam/fix_account.h"
#include "policy/iam/gather_iam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT 30 /* seconds for another bastionctl */
#define DAY INT64_C(86400)

struct work {
	struct fix_options o;
	struct account_options account;
	struct settings settings;
	unsigned what;
	char state_dir[CONF_PATH_MAX];
	struct aws *aws;
	struct fix_account c;
	struct err e;
};

static int exit_of(int r)
{
	return r == ERR_REFUSED ? CMD_NO : r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE;
}

/* Of several the transaction bears each name. */
static void name_all(struct work *w)
{
	size_t n = 0;

	for (unsigned i = 1; i <= 4; i++)
		if ((w->what & FIX_ACCOUNT_BIT(i)) != 0 && n < sizeof(w->c.what))
			n += (size_t)snprintf(w->c.what + n, sizeof(w->c.what) - n, "%sPWD-0%u", n > 0 ? "," : "", i);
}

static int read_options(struct work *w, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];
		const int taken = account_option(&w->account, argv, &i);

		if (taken < 0)
			return cmd_usage("fix", N_("a value is missing, or given twice"), a);
		if (taken > 0)
			continue;
		if (strcmp(a, "--dry-run") == 0)
			w->o.dry_run = true;
		else if (strcmp(a, "--yes") == 0)
			w->o.yes = true;
		else if (a[0] == '-')
			return cmd_usage("fix", N_("unknown option"), a);
		else if (!cmd_fix_iam_names(a))
			return cmd_usage("fix", N_("fixes of the account go by themselves"), a);
		else
			w->what |= FIX_ACCOUNT_BIT(a[5] - '0');
	}
	name_all(w);
	return CMD_YES;
}

/* ---- who would be hit ---- */

/* Those whose password is older than the new age, and not than the old one. */
static int print_hit(struct work *w, const struct credential_report *t)
{
	const int64_t now = (int64_t)time(NULL);
	const int before = w->c.old.custom ? w->c.old.value[IAM_MAX_PASSWORD_AGE] : 0;
	const int after = w->c.new.value[IAM_MAX_PASSWORD_AGE];
	int n = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct credential_row *row = &t->row[i];
		const int64_t days = row->changed >= 0 ? (now - row->changed) / DAY : 100000;

		if (!row->password || strcmp(row->user, CREDENTIAL_REPORT_ROOT) == 0 || days < after ||
		    (before > 0 && days >= before))
			continue;
		if (n++ == 0)
			(void)printf("%s", w->c.new.value[IAM_HARD_EXPIRY] != 0 ?
			    _("These users are locked out at once, until an administrator sets a new password:\n") :
			    _("These users have to change their passwords at their next login:\n"));
		if (row->changed >= 0)
			(void)printf(_("  %s: %d days old\n"), row->user, (int)days);
		else
			(void)printf(_("  %s: day of the last change unknown\n"), row->user);
	}
	if (n == 0)
		(void)printf(_("No user's password expires at once by it.\n"));
	return CMD_YES;
}

/* An age hits at once, so without knowing whom nothing is done. */
static int tell_hit(struct work *w)
{
	const int before = w->c.old.custom ? w->c.old.value[IAM_MAX_PASSWORD_AGE] : 0;
	struct credential_report report = {.count = 0};
	struct facts f = {.count = 0};
	struct gather_iam_part p = {.f = &f, .aws = w->aws, .report = &report, .report_time = -1};
	const struct fact *x;
	int r;

	if (w->c.new.value[IAM_MAX_PASSWORD_AGE] == before)
		return CMD_YES;
	gather_iam_report(&p);
	x = facts_get(&f, "iam", "report");
	if (x->is == FACT_TEXT) {
		r = print_hit(w, &report);
	} else {
		(void)err_set(&w->e, ERR_UNAVAIL, "who would have to change his password cannot be told: %s",
		    x->text);
		r = cmd_tell(&w->e, CMD_TROUBLE);
	}
	credential_report_free(&report);
	facts_free(&f);
	return r;
}

/* ---- doing it ---- */

static int tell_open(const char *id)
{
	(void)fprintf(stderr, _("bastionctl: transaction %s is open: `bastionctl rollback %s`\n"), id, id);
	return CMD_TROUBLE;
}

static int apply(struct work *w)
{
	char id[ENABLE_ID_MAX] = "", open[ENABLE_ID_MAX];
	struct enable_txn t;
	int r = enable_txn_lock(&t, w->state_dir, WAIT, &w->e);

	if (r != 0)
		return cmd_tell(&w->e, exit_of(r));
	if (fix_txn_open(&t, open) > 0) {
		enable_txn_unlock(&t);
		(void)tell_open(open);
		return CMD_NO;
	}
	r = fix_account_apply(&t, w->aws, &w->c, id, &w->e);
	enable_txn_unlock(&t);
	if (r != 0) {
		const int code = cmd_tell(&w->e, r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);

		return id[0] != '\0' && r != ERR_REFUSED && r != ERR_UNKNOWN ? tell_open(id) : code;
	}
	(void)printf(_("Done; transaction %s.  `bastionctl rollback %s` takes it back.\n"), id, id);
	return CMD_YES;
}

static int fix(struct work *w)
{
	int r;

	if (account_open(&w->aws, &w->account, &w->e) != 0 ||
	    account_caller(w->aws, &w->c.who, &w->e) != 0 ||
	    iam_policy_get(w->aws, &w->c.old, &w->e) != 0)
		return cmd_tell(&w->e, w->e.code == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);
	fix_account_merge(&w->c.old, w->what, &w->c.new);
	if (fix_account_same(&w->c.old, &w->c.new)) {
		(void)printf(_("The policy of account %s is as strict as that already.\n"), w->c.who.account);
		return CMD_YES;
	}
	(void)printf(_("The password policy of account %s becomes:\n"), w->c.who.account);
	cmd_policy_changes(&w->c.old, &w->c.new);
	if ((r = tell_hit(w)) != CMD_YES)
		return r;
	if (w->o.dry_run || !cmd_fix_is_agreed(&w->o)) {
		(void)printf(_("Nothing was changed; with --yes it is done.\n"));
		return CMD_NO;
	}
	return apply(w);
}

int cmd_fix_iam(const struct cmd_common *common, int argc, char **argv)
{
	struct work *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return CMD_TROUBLE;
	if ((r = read_options(w, argc, argv)) == CMD_YES && geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "fix");
		r = CMD_TROUBLE;
	}
	if (r == CMD_YES && (r = cmd_settings(common, &w->settings)) == CMD_YES)
		r = cmd_fix_state_dir(common, w->state_dir, sizeof(w->state_dir));
	if (r == CMD_YES) {
		account_settings(&w->account, &w->settings);
		(void)snprintf(w->c.profile, sizeof(w->c.profile), "%s", w->account.profile != NULL ?
		    w->account.profile : "");
		(void)snprintf(w->c.region, sizeof(w->c.region), "%s", w->account.region != NULL ?
		    w->account.region : "");
		r = fix(w);
	}
	aws_close(&w->aws);
	free(w);
	return cmd_finish(r);
}

/* ---- the way back ---- */

static int back(struct work *w, const struct enable_txn *t, const char *id)
{
	int r = fix_account_read(t, id, &w->c, &w->e);

	if (r != 0)
		return r;
	w->account.profile = w->c.profile[0] != '\0' ? w->c.profile : NULL;
	w->account.region = w->c.region[0] != '\0' ? w->c.region : NULL;
	account_settings(&w->account, &w->settings);
	if ((r = account_open(&w->aws, &w->account, &w->e)) != 0)
		return r;
	return fix_account_back(t, w->aws, id, &w->c, &w->e);
}

int cmd_fix_iam_back(const struct cmd_common *common, const char *state_dir, const char *id)
{
	struct work *w = calloc(1, sizeof(*w));
	struct enable_txn t;
	int r;

	if (w == NULL)
		return CMD_TROUBLE;
	if ((r = cmd_settings(common, &w->settings)) != CMD_YES) {
		free(w);
		return r;
	}
	if ((r = enable_txn_lock(&t, state_dir, WAIT, &w->e)) != 0) {
		r = cmd_tell(&w->e, r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);
	} else {
		if ((r = back(w, &t, id)) != 0)
			r = cmd_tell(&w->e, r == ERR_CONFLICT || r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE);
		else
			(void)printf(_("All is as it was before transaction %s.\n"), id);
		enable_txn_unlock(&t);
	}
	aws_close(&w->aws);
	free(w);
	return r;
}
