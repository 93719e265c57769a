/*
 * cmd_invite: the two ways that an administrator opens for a while: `invite`, a word
 * that lets somebody enrol at the next login, and `bypass`, no code at all.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "enroll/pending.h"
#include "lib/core/json_text.h"
#include "lib/core/secret.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60
#define DAY 86400

static const struct cmd_span invite_span = {"expires", MINUTE, 30 * DAY};
static const struct cmd_span bypass_span = {"for", MINUTE, DAY};

static int usage(const struct err *e)
{
	(void)cmd_fail(e);
	return CMD_USAGE;
}

static void print_word(const struct cmd *c, const char *word, const char *until)
{
	if (c->json) {
		(void)printf("{\"user\": ");
		json_text_print(stdout, c->user);
		(void)printf(", \"word\": \"%s\", \"expires\": \"%s\"}\n", word, until);
		return;
	}
	(void)printf(_("Invitation for %s, shown this once:\n\n    %s\n\n"
	    "It is good once, until %s.\n"
	    "%s logs in with the usual key or password, types it at the prompt\n"
	    "`Verification code:`, scans the QR code that comes, and types the app's code.\n"
	    "Hand it over where nobody else reads along.\n"), c->user, word, until, c->user);
}

/* 0 or an exit code after its message; the store is open then. */
static int open_for(struct cmd *c, struct store *store, struct steps *s, bool may_init)
{
	int r = cmd_open(c, store, may_init);

	if (r != 0)
		return r;
	if ((r = cmd_account(c, NULL)) != 0) {
		store_close(store);
		return r;
	}
	cmd_steps(c, store, s);
	return 0;
}

int cmd_invite(struct cmd *c)
{
	char word[WORD_TEXT_SIZE] = "", until[32], detail[64];
	int64_t life = DAY;
	struct err e = {0};
	struct store store;
	struct steps s;
	int r;

	if (c->expires != NULL && cmd_duration(c->expires, &invite_span, &life, &e) != 0)
		return usage(&e);
	if (c->conf.enroll == CONF_ENROLL_ADMIN) {
		(void)err_set(&e, ERR_REFUSED, "the configuration says enroll = admin: no login "
		    "takes an invitation; enrol %s with `enroll-mfa %s`", c->user, c->user);
		return cmd_fail(&e);
	}
	if ((r = open_for(c, &store, &s, true)) != 0)
		return r;
	if (!s.account)
		(void)fprintf(stderr, _("enroll-mfa: warning: there is no account '%s' here yet\n"),
		    c->user);
	r = pending_invite(&s, (uint32_t)life, word, &e);
	store_close(&store);
	if (r == 0) {
		cmd_time(s.now + life, until);
		print_word(c, word, until);
		(void)snprintf(detail, sizeof(detail), "until=%s", until);
		cmd_log(c->user, "invite", detail);
	}
	secret_wipe(word, sizeof(word));
	return r == 0 ? CMD_YES : cmd_fail(&e);
}

static void print_bypass(const struct cmd *c, const char *until)
{
	if (c->json) {
		(void)printf("{\"user\": ");
		json_text_print(stdout, c->user);
		(void)printf(", \"until\": ");
		json_text_print(stdout, until);
		(void)printf("}\n");
	} else if (until != NULL) {
		(void)printf(_("%s is asked for no code until %s.  End it earlier with\n"
		    "`enroll-mfa bypass %s --for 0`, or by enrolling the new phone.\n"), c->user,
		    until, c->user);
	} else {
		(void)printf(_("%s is asked for a code again.\n"), c->user);
	}
}

int cmd_bypass(struct cmd *c)
{
	char until[32], detail[64] = "until=ended";
	struct err e = {0};
	struct store store;
	struct steps s;
	int64_t life = 0;
	int r;

	if (c->lasts == NULL) {
		(void)err_set(&e, ERR_SYNTAX, "for how long? --for 4h, at most 24h, or --for 0");
		return usage(&e);
	}
	if (strcmp(c->lasts, "0") != 0 && cmd_duration(c->lasts, &bypass_span, &life, &e) != 0)
		return usage(&e);
	if ((r = open_for(c, &store, &s, false)) != 0)
		return r;
	r = pending_bypass(&s, (uint32_t)life, &e);
	store_close(&store);
	if (r != 0)
		return cmd_fail(&e);
	cmd_time(s.now + life, until);
	if (life > 0)
		(void)snprintf(detail, sizeof(detail), "until=%s", until);
	cmd_log(c->user, "bypass", detail);
	print_bypass(c, life > 0 ? until : NULL);
	return CMD_YES;
}
