#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "policy/cmd_common.h"
#include "policy/cmd_fix.h"
#include "policy/fix_txn.h"
#include "policy/iam/fix_user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT 30 /* seconds for another bastionctl */

struct work {
	struct fix_options o;
	struct account_options account;
	struct settings settings;
	const char *user;
	char state_dir[CONF_PATH_MAX];
	struct aws *aws;
	struct fix_user c;
	struct err e;
};

static int exit_of(int r)
{
	return r == ERR_REFUSED ? CMD_NO : r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE;
}

/* ---- the words ---- */

/* As IAM takes names of users. */
static bool is_name(const char *text)
{
	return text[0] != '\0' && strlen(text) < FIX_USER_NAME && text[strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-")] == '\0';
}

static int read_user(struct work *w, char **argv, int *i)
{
	const char *value = argv[*i][6] == '=' ? argv[*i] + 7 : argv[++*i];

	if (w->user != NULL || value == NULL)
		return cmd_usage("fix", N_("a value is missing, or given twice"), "--user");
	if (!is_name(value))
		return cmd_usage("fix", N_("no name of an IAM user"), value);
	w->user = value;
	return CMD_YES;
}

static int read_word(struct work *w, char **argv, int *i)
{
	const char *a = argv[*i];
	const int taken = account_option(&w->account, argv, i);

	if (taken != 0)
		return taken > 0 ? CMD_YES : cmd_usage("fix", N_("a value is missing, or given twice"), a);
	if (strcmp(a, "--user") == 0 || strncmp(a, "--user=", 7) == 0)
		return read_user(w, argv, i);
	if (strcmp(a, "--dry-run") == 0)
		w->o.dry_run = true;
	else if (strcmp(a, "--yes") == 0)
		w->o.yes = true;
	else if (a[0] == '-')
		return cmd_usage("fix", N_("unknown option"), a);
	else if (!cmd_fix_mfa_names(a))
		return cmd_usage("fix", N_("MFA-03 goes by itself"), a);
	return CMD_YES;
}

static int read_words(struct work *w, int argc, char **argv)
{
	int r = CMD_YES;

	for (int i = 0; i < argc && r == CMD_YES; i++)
		r = read_word(w, argv, &i);
	if (r == CMD_YES && w->user == NULL)
		return cmd_usage("fix", N_("MFA-03 needs --user"), NULL);
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
	bool is_open;
	int r = enable_txn_lock(&t, w->state_dir, WAIT, &w->e);

	if (r != 0)
		return cmd_tell(&w->e, exit_of(r));
	if (fix_txn_open(&t, open) > 0) {
		enable_txn_unlock(&t);
		(void)tell_open(open);
		return CMD_NO;
	}
	r = fix_user_apply(&t, w->aws, &w->c, id, &w->e);
	is_open = id[0] != '\0' && enable_txn_has(&t, id, ENABLE_TXN_FIX);
	enable_txn_unlock(&t);
	if (r != 0) {
		const int code = cmd_tell(&w->e, w->e.code == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);

		return is_open ? tell_open(id) : code;
	}
	(void)printf(_("Done; transaction %s.  `bastionctl rollback %s` takes it back.\n"), id, id);
	return CMD_YES;
}

/* Why it is not done. */
static int judge(struct work *w)
{
	if (w->c.itself)
		return err_set(&w->e, ERR_REFUSED, "%s signs this call: it would shut itself out, and could "
		    "not take it back", w->user);
	if (!w->c.console)
		return err_set(&w->e, ERR_REFUSED, "%s has no console password: MFA-03 does not ask for it",
		    w->user);
	return 0;
}

static void show(const struct work *w)
{
	(void)printf(_("Until user %s of account %s has logged in with MFA, all but setting it up is "
	    "denied, by its policy %s:\n%s\n"), w->user, w->c.who.account, FIX_USER_POLICY,
	    fix_user_document());
	if (w->c.had)
		(void)printf(_("It takes the place of:\n%s\n"), buffer_string(&w->c.old));
	if (w->c.keys > 0)
		(void)printf(P_("Its active access key is denied, too, but for a session with a code of the "
		    "device.\n", "Its %d active access keys are denied, too, but for a session with a code of "
		    "the device.\n", (unsigned long)w->c.keys), w->c.keys);
	(void)printf(_("It allows nothing: where the user may not set up a device, `bastionctl mfa assign "
	    "%s` does it.\n"), w->user);
}

static int fix(struct work *w)
{
	int r;

	if ((r = account_open(&w->aws, &w->account, &w->e)) != 0 ||
	    (r = fix_user_look(w->aws, &w->c, &w->e)) != 0 || (r = judge(w)) != 0)
		return cmd_tell(&w->e, exit_of(r));
	if (w->c.had && fix_user_same(buffer_string(&w->c.old), fix_user_document())) {
		(void)printf(_("User %s of account %s is denied all without MFA already.\n"), w->user,
		    w->c.who.account);
		return CMD_YES;
	}
	show(w);
	if (w->o.dry_run || !cmd_fix_is_agreed(&w->o)) {
		(void)printf(_("Nothing was changed; with --yes it is done.\n"));
		return CMD_NO;
	}
	return apply(w);
}

static int set_who(struct work *w)
{
	account_settings(&w->account, &w->settings);
	(void)snprintf(w->c.user, sizeof(w->c.user), "%s", w->user);
	return account_keep(&w->account, w->c.profile, w->c.region) ? CMD_YES :
	    cmd_usage("fix", N_("a profile or a region that the way back could not name"), NULL);
}

static void finish(struct work *w)
{
	fix_user_free(&w->c);
	aws_close(&w->aws);
	free(w);
}

int cmd_fix_mfa(const struct cmd_common *common, int argc, char **argv)
{
	struct work *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return CMD_TROUBLE;
	if ((r = read_words(w, argc, argv)) == CMD_YES && geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "fix");
		r = CMD_TROUBLE;
	}
	if (r == CMD_YES && (r = cmd_settings(common, &w->settings)) == CMD_YES)
		r = cmd_fix_state_dir(common, w->state_dir, sizeof(w->state_dir));
	if (r == CMD_YES && (r = set_who(w)) == CMD_YES)
		r = fix(w);
	finish(w);
	return cmd_finish(r);
}

/* ---- the way back ---- */

static int back(struct work *w, const struct enable_txn *t, const char *id)
{
	int r = fix_user_read(t, id, &w->c, &w->e);

	if (r != 0)
		return r;
	w->account.profile = w->c.profile[0] != '\0' ? w->c.profile : NULL;
	w->account.region = w->c.region[0] != '\0' ? w->c.region : NULL;
	account_settings(&w->account, &w->settings);
	if ((r = account_open(&w->aws, &w->account, &w->e)) != 0)
		return r;
	return fix_user_back(t, w->aws, id, &w->c, &w->e);
}

int cmd_fix_mfa_back(const struct cmd_common *common, const char *state_dir, const char *id)
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
			r = cmd_tell(&w->e, exit_of(r));
		else
			(void)printf(_("All is as it was before transaction %s.\n"), id);
		enable_txn_unlock(&t);
	}
	finish(w);
	return r;
}
