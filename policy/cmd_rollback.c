#include "enroll/language.h"
#include "policy/cmd_aws.h"
#include "policy/cmd_common.h"
#include "policy/cmd_enable.h"
#include "policy/cmd_fix.h"
#include "policy/enable_run.h"
#include "policy/fix_run.h"
#include "policy/hold_signals.h"
#include "policy/txn_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT 30 /* seconds for another bastionctl */

static const char help_rollback[] =
    N_("usage: bastionctl rollback [TXN] [--force]\n"
    "\n"
    "Takes a `bastionctl fix` back: its files byte for byte, modes and owners, the account, and\n"
    "the package where the cache of this host has it.  Of an `enable` that waits to be confirmed\n"
    "the old files come back; one that is confirmed is disabled.  TXN: the name that\n"
    "`bastionctl history` shows (default: the one that is open, or the last, if that is a fix).\n"
    "\n"
    "  --force  also where somebody else has changed a file since; that text is kept\n"
    "\n"
    "exit: 0 all is as it was, 1 there is none, or a file was changed since, 2 usage, 3 trouble,\n"
    "      75 another bastionctl is at work\n");

struct back {
	const struct cmd_common *common;
	char state_dir[CONF_PATH_MAX];
	char id[ENABLE_ID_MAX]; /* "": the one that is open, or the last */
	struct txn_said said;
	bool force;
	struct err e;
};

/* The exit code, when it was said why. */
static int refuse(struct back *b, int r)
{
	(void)fprintf(stderr, "bastionctl: rollback: %s\n", b->e.text);
	return r == ERR_NONE || r == ERR_CONFLICT || r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE;
}

/* ---- a fix ---- */

static int tell_back(struct back *b, const struct fix_done *d, int r)
{
	cmd_fix_tell_edited(d);
	if (r != 0)
		return refuse(b, r);
	if (d->left > 0)
		cmd_fix_tell_left(d, stdout);
	else if (d->no_package || d->account.text[0] != '\0')
		(void)printf(_("All files are as they were before transaction %s.\n"), d->id);
	else
		(void)printf(_("All is as it was before transaction %s.\n"), d->id);
	if (d->no_package)
		(void)printf(_("The package is not installed again: no copy of its version is in the cache; "
		    "its files are back.\n"));
	if (d->account.text[0] != '\0')
		(void)printf(_("The account is not made again: %s\n"), d->account.text);
	return d->left > 0 ? CMD_NO : CMD_YES;
}

/* What an enable that waits puts back must not be older than what a fix does. */
static int refuse_waiting(struct enable_txn *t, struct err *e)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	const char *name;
	int r = enable_txn_find(t, id, &c, e);

	name = enable_target_name(c.target);
	if (r == 1)
		r = err_set(e, ERR_REFUSED, "`enable %s` waits to be confirmed; `bastionctl confirm` from a "
		    "new login, or `bastionctl disable %s`, first", name, name);
	enable_change_free(&c);
	return r;
}

static int fix_back(struct back *b)
{
	struct fix_done done = {.open = false};
	struct enable_txn t;
	sigset_t before;
	int r = enable_txn_lock(&t, b->state_dir, WAIT, &b->e);

	if (r != 0)
		return cmd_tell(&b->e, r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);
	hold_signals(&before);
	if ((r = refuse_waiting(&t, &b->e)) == 0)
		r = fix_run_back(&t, b->id, b->force, &done, &b->e);
	enable_txn_unlock(&t);
	r = tell_back(b, &done, r);
	buffer_free(&done.edited);
	(void)fflush(stdout);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* ---- an enable ---- */

static int enable_back(struct back *b)
{
	char yes[] = "--yes";
	char *argv[] = {b->said.target, yes, NULL};
	struct enable_found found;
	int r;

	if (b->said.disable && !txn_said_is_open(&b->said)) {
		(void)err_set(&b->e, ERR_REFUSED, "transaction %s has disabled; `bastionctl enable %s` asks "
		    "for the code again", b->id, b->said.target);
		return refuse(b, ERR_REFUSED);
	}
	if (!txn_said_is_open(&b->said))
		return cmd_disable(b->common, 2, argv);
	if ((r = enable_run_back(b->state_dir, b->id, &found, &b->e)) != 0)
		return r == ERR_CONFLICT ? cmd_tell(&b->e, CMD_AGAIN) : refuse(b, r);
	(void)printf("%s", found.disable ? _("What was half done is done.\n") :
	    _("The old files are back.\n"));
	return CMD_YES;
}

/* ---- which ---- */

/* The one that is open, else the last of those that are in force. */
static int find(struct back *b, const struct enable_txn *t)
{
	txn_said_id *id = NULL;
	const int n = txn_said_list(t, &id);
	bool open = false;

	for (int i = 0; i < n; i++) {
		struct txn_said x;

		if (!open && txn_said_read(t, id[i], &x) && strcmp(x.state, "returned") != 0) {
			open = txn_said_is_open(&x);
			(void)snprintf(b->id, sizeof(b->id), "%s", id[i]);
			b->said = x;
		}
	}
	free(id);
	if (b->id[0] == '\0')
		return err_set(&b->e, ERR_NONE, "there is no fix to take back");
	/* To be asked for no code is nobody's meaning who does not say so. */
	if (!b->said.fix && !open)
		return err_set(&b->e, ERR_REFUSED, "the last change is `%s`; `bastionctl rollback %s` takes "
		    "that back; `bastionctl history` shows the others", b->said.what, b->id);
	return 0;
}

static int roll_back(struct back *b)
{
	struct enable_txn t = {.lock = -1};
	int r = 0;

	(void)snprintf(t.dir, sizeof(t.dir), "%.*s/txn", ENABLE_PATH_MAX - 8, b->state_dir);
	if (b->id[0] == '\0')
		r = find(b, &t);
	else if (!txn_said_read(&t, b->id, &b->said))
		r = err_set(&b->e, ERR_NONE, "there is no transaction %s", b->id);
	else if (strcmp(b->said.state, "returned") == 0)
		r = err_set(&b->e, ERR_NONE, "transaction %s is back already", b->id);
	if (r != 0)
		return refuse(b, r);
	if (b->said.fix && strncmp(b->said.what, "fix PWD-", 8) == 0)
		return cmd_fix_iam_back(b->common, b->state_dir, b->id);
	if (b->said.fix && strcmp(b->said.what, "fix MFA-03") == 0)
		return cmd_fix_mfa_back(b->common, b->state_dir, b->id);
	return b->said.fix ? fix_back(b) : enable_back(b);
}

/* A name, no path. */
static bool is_name(const char *id)
{
	return id[0] != '\0' && strlen(id) < ENABLE_ID_MAX &&
	    id[strspn(id, "0123456789T.-")] == '\0' && id[0] != '.';
}

int cmd_rollback(const struct cmd_common *common, int argc, char **argv)
{
	struct back b = {.common = common};
	int r;

	if (common->help)
		return cmd_help(help_rollback);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--force") == 0) {
			b.force = true;
			continue;
		}
		if (b.id[0] != '\0')
			return cmd_usage("rollback", N_("more than one transaction"), argv[i]);
		if (!is_name(argv[i]))
			return cmd_usage("rollback", N_("not the name of a transaction"), argv[i]);
		(void)snprintf(b.id, sizeof(b.id), "%s", argv[i]);
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "rollback");
		return CMD_TROUBLE;
	}
	if ((r = cmd_fix_state_dir(common, b.state_dir, sizeof(b.state_dir))) != CMD_YES)
		return r;
	return cmd_finish(roll_back(&b));
}
