/*
 * cmd_change: init, recovery, unlock, remove.
 */
#include "enroll/cmd.h"
#include "enroll/init.h"
#include "enroll/language.h"
#include "enroll/notice.h"
#include "enroll/pw.h"
#include "lib/core/json_text.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"

#include <stdio.h>

int cmd_init(struct cmd *c)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&c->conf, c->now, &made, &e) != 0)
		return cmd_fail(&e);
	if (c->json) {
		(void)printf("{\"keyring_made\": %s, \"decoys_made\": %d}\n",
		    made.keyring ? "true" : "false", made.decoys);
		return CMD_YES;
	}
	if (made.keyring)
		(void)printf(_("Made the keyring %s. Keep a copy of it apart from the records: "
		    "without it they open no more.\n"), c->conf.keyring);
	(void)printf(_("%s is ready (%d decoy pairs made).\n"), c->conf.store_dir, made.decoys);
	return CMD_YES;
}

static void print_json_codes(const struct cmd *c, char codes[RECORD_CODES][RECOVERY_TEXT_SIZE])
{
	(void)printf("{\"user\": ");
	json_text_print(stdout, c->user);
	(void)printf(", \"recovery\": [");
	for (int i = 0; i < RECORD_CODES; i++)
		(void)printf("%s\"%s\"", i > 0 ? ", " : "", codes[i]);
	(void)printf("]}\n");
}

/* 0 or an exit code after its message. */
static int open_account(struct cmd *c, struct store *store, bool record_first)
{
	int r = cmd_open(c, store, false);

	if (r != 0)
		return r;
	if ((r = cmd_account(c, record_first ? store : NULL)) != 0)
		store_close(store);
	return r;
}

int cmd_recovery(struct cmd *c)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_recovery set;
	struct err e = {0};
	struct store store;
	struct steps s;
	int r;

	if ((r = open_account(c, &store, false)) != 0)
		return r;
	cmd_steps(c, &store, &s);
	if ((r = recovery_new(&set, codes, &e)) == 0)
		r = steps_recovery(&s, &set, &e);
	if (r == 0)
		cmd_warn(&e);
	if (r != 0) {
		r = cmd_fail(&e);
	} else if (c->json) {
		print_json_codes(c, codes);
	} else {
		(void)printf(_("The earlier recovery codes of %s are no longer good.\n"), c->user);
		cmd_print_codes(c->user, codes);
	}
	secret_wipe(codes, sizeof(codes));
	secret_wipe(&set, sizeof(set));
	store_close(&store);
	return r;
}

/* Behind what was asked for, which is done: what goes wrong here is a warning. */
static bool forget_history(const struct cmd *c, bool all)
{
	struct err e = {0};
	bool gone;

	if (pw_forget(&c->conf, c->user, all, &gone, &e) != 0)
		cmd_warn(&e);
	if (gone && !c->json)
		(void)printf(all ? _("The password history of %s is removed.\n") :
		    _("The password history of %s could not be read and is removed.\n"), c->user);
	return gone;
}

int cmd_unlock(struct cmd *c)
{
	struct err e = {0};
	struct store store;
	struct steps s;
	struct steps_unlocked u;
	int r;

	if ((r = open_account(c, &store, false)) != 0)
		return r;
	cmd_steps(c, &store, &s);
	r = steps_unlock(&s, &u, &e);
	store_close(&store);
	(void)forget_history(c, false);
	if (r != 0)
		return cmd_fail(&e);
	if (c->json) {
		(void)printf("{\"user\": ");
		json_text_print(stdout, c->user);
		(void)printf(", \"unlocked\": true, \"state_recreated\": %s}\n",
		    u.recreated ? "true" : "false");
		return CMD_YES;
	}
	(void)printf(_("%s is unlocked.\n"), c->user);
	if (u.rebound)
		(void)fprintf(stderr, _("enroll-mfa: warning: the state was bound to uid %u, which is "
		    "not the account's: if it is another person's now, `enroll-mfa remove %s`\n"),
		    (unsigned)u.old_uid, c->user);
	if (u.recreated)
		(void)printf(_("The state was missing or bad and was made anew: the code shown now "
		    "is not good, the one after the next is; recovery codes are gone "
		    "(`enroll-mfa recovery %s`).\n"), c->user);
	return CMD_YES;
}

/* With the last device all of it goes, and that is what is told. */
static void tell_removed(const struct cmd *c, const struct steps *s)
{
	struct steps_status left;
	struct err e = {0};
	bool all = c->device == NULL || (steps_status(s, &left, NULL) == 0 && !left.enrolled);

	if (notice_send(NOTICE_REMOVED, c->user, all ? "" : c->device, &e) != 0)
		cmd_warn(&e);
}

int cmd_remove(struct cmd *c)
{
	struct err e = {0};
	struct store store;
	struct steps s;
	bool enrolled;
	int r;

	if ((r = open_account(c, &store, true)) != 0)
		return r;
	cmd_steps(c, &store, &s);
	if ((r = steps_remove(&s, c->device, &e)) == 0)
		tell_removed(c, &s);
	store_close(&store);
	enrolled = r == 0;
	/* Somebody may have a password history and no enrolment. */
	if ((r == 0 || r == ERR_NONE) && c->device == NULL && forget_history(c, !c->account))
		r = 0;
	if (r != 0)
		return cmd_fail(&e);
	if (enrolled)
		cmd_warn(&e);
	if (c->json) {
		(void)printf("{\"user\": ");
		json_text_print(stdout, c->user);
		(void)printf(", \"removed\": true}\n");
	} else if (c->device != NULL) {
		(void)printf(_("Device '%s' of %s is removed.\n"), c->device, c->user);
	} else if (enrolled) {
		(void)printf(_("The enrolment of %s is removed.\n"), c->user);
	}
	return CMD_YES;
}
