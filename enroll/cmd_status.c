/*
 * cmd_status: status and list, for people and for machines.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "enroll/names.h"
#include "lib/core/json_text.h"
#include "lib/core/sshkey.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

struct row {
	const char *user;
	bool account;
	uid_t uid;
	struct steps_status st;
};

static void print_json_device(const struct steps_status *st, int i)
{
	char text[64];

	(void)printf("%s{\"name\": ", i > 0 ? ", " : "");
	json_text_print(stdout, st->device[i].name);
	(void)printf(", \"key\": ");
	if (st->device[i].has_key) {
		sshkey_text(st->device[i].key, text);
		json_text_print(stdout, text);
	} else {
		(void)printf("null");
	}
	cmd_time(st->device[i].created, text);
	(void)printf(", \"created\": \"%s\", \"last_used\": ", text);
	cmd_time(st->device[i].last_used, text);
	if (st->device[i].last_used > 0)
		(void)printf("\"%s\"}", text);
	else
		(void)printf("null}");
}

static void print_json_until(const char *name, int64_t until)
{
	char text[32];

	cmd_time(until, text);
	if (until > 0)
		(void)printf(", \"%s\": \"%s\"", name, text);
}

static void print_json_row(const struct row *r)
{
	(void)printf("{\"user\": ");
	json_text_print(stdout, r->user);
	if (r->account)
		(void)printf(", \"uid\": %u", (unsigned)r->uid);
	else
		(void)printf(", \"uid\": null");
	(void)printf(", \"enrolled\": %s, \"devices\": [", r->st.enrolled ? "true" : "false");
	for (int i = 0; i < r->st.devices; i++)
		print_json_device(&r->st, i);
	(void)printf("], \"locked\": %s, \"recovery_left\": %d", r->st.locked ? "true" : "false",
	    r->st.recovery_left);
	print_json_until("invited_until", r->st.invited_until);
	print_json_until("bypass_until", r->st.bypass_until);
	if (r->st.trouble.code != 0) {
		(void)printf(", \"trouble\": ");
		json_text_print(stdout, r->st.trouble.text);
	}
	(void)printf("}");
}

static const char *state_word(const struct steps_status *st)
{
	if (st->trouble.code != 0)
		return _("trouble");
	if (!st->enrolled)
		return _("not enrolled");
	return st->locked ? _("locked") : _("enrolled");
}

static void print_offers(const struct steps_status *st)
{
	char text[32];

	cmd_time(st->invited_until, text);
	if (st->invited_until > 0)
		(void)printf(_("  invited to enrol until %s\n"), text);
	cmd_time(st->bypass_until, text);
	if (st->bypass_until > 0)
		(void)printf(_("  no code is asked (bypass) until %s\n"), text);
}

static void print_device(const struct steps_status *st, int i)
{
	char created[32], used[32], key[SSHKEY_TEXT];

	cmd_time(st->device[i].created, created);
	cmd_time(st->device[i].last_used, used);
	sshkey_text(st->device[i].key, key);
	if (st->device[i].has_key)
		(void)printf(_("  device '%s' %s created %s, last used %s\n"), st->device[i].name, key,
		    created, st->device[i].last_used > 0 ? used : _("never"));
	else
		(void)printf(_("  device '%s' created %s, last used %s\n"), st->device[i].name, created,
		    st->device[i].last_used > 0 ? used : _("never"));
}

static void print_status(const struct row *r)
{
	if (r->account)
		(void)printf("%s: %s\n", r->user, state_word(&r->st));
	else
		(void)printf(_("%s: %s (there is no such account)\n"), r->user, state_word(&r->st));
	if (r->st.trouble.code != 0)
		(void)printf("  %s\n", r->st.trouble.text);
	for (int i = 0; i < r->st.devices; i++)
		print_device(&r->st, i);
	if (r->st.enrolled)
		(void)printf(_("  recovery codes left: %d\n"), r->st.recovery_left);
	print_offers(&r->st);
	if (r->st.locked)
		(void)printf(_("  locked after too many wrong codes; `enroll-mfa unlock %s`, or a "
		    "recovery code, opens it\n"), r->user);
}

/* Of c->user.  0, or an exit code after its message. */
static int fill_row(const struct cmd *c, struct store *store, struct row *r)
{
	struct err e = {0};
	struct steps s;
	int code;

	cmd_steps(c, store, &s);
	*r = (struct row){.user = s.user, .account = s.account, .uid = s.uid};
	code = steps_status(&s, &r->st, &e);
	return code == 0 ? 0 : cmd_fail(&e);
}

static int status_one(struct cmd *c)
{
	struct store store;
	struct row row;
	int r;

	if ((r = cmd_open(c, &store, false)) != 0)
		return r;
	if ((r = cmd_account(c, &store)) == 0)
		r = fill_row(c, &store, &row);
	store_close(&store);
	if (r != 0)
		return r;
	if (c->json) {
		(void)printf("[");
		print_json_row(&row);
		(void)printf("]\n");
	} else {
		print_status(&row);
	}
	if (row.st.trouble.code != 0)
		return CMD_TROUBLE;
	return row.st.enrolled && !row.st.locked ? CMD_YES : CMD_NO;
}

int cmd_status(struct cmd *c)
{
	return c->user != NULL ? status_one(c) : cmd_list(c);
}

static void print_line(const struct row *r)
{
	char used[32], key[SSHKEY_TEXT];
	int64_t last = 0;

	for (int i = 0; i < r->st.devices; i++)
		if (r->st.device[i].last_used > last)
			last = r->st.device[i].last_used;
	cmd_time(last, used);
	(void)printf("%-24s ", r->user);
	language_print_padded(state_word(&r->st), 12);
	(void)printf(P_(" %d device, last used %s, %d recovery codes",
	    " %d devices, last used %s, %d recovery codes", (unsigned long)r->st.devices),
	    r->st.devices, last > 0 ? used : _("never"), r->st.recovery_left);
	if (!r->account)
		(void)printf(_(", no account"));
	for (int i = 0; i < r->st.devices; i++) {
		sshkey_text(r->st.device[i].key, key);
		if (r->st.device[i].has_key)
			(void)printf(", '%s' %s", r->st.device[i].name, key);
	}
	(void)printf("\n");
}

/* A record that is called otherwise than the account is nobody's: no login looks
 * for it. */
static void name_user(struct cmd *c, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	c->user = user;
	c->account = pw != NULL && strcmp(pw->pw_name, user) == 0;
	c->uid = c->account ? pw->pw_uid : 0;
}

/* Who has a password history, and neither account nor enrolment. */
static int print_histories(struct cmd *c, struct store *store, int *shown)
{
	struct names names = {0};
	struct err e = {0};
	struct store pw;
	int r = store_open_pw(&pw, &c->conf, false, &e);

	if (r != 0)
		return r == ERR_NONE ? CMD_YES : cmd_fail(&e);
	r = names_add_pw(&pw, &names, &e) == 0 ? CMD_YES : cmd_fail(&e);
	store_close(&pw);
	for (size_t i = 0; i < names.n && r == CMD_YES; i++) {
		struct row row;

		name_user(c, names.name[i]);
		if (c->account || (r = fill_row(c, store, &row)) != 0 || row.st.enrolled ||
		    row.st.trouble.code != 0)
			continue;
		if (c->json) {
			(void)printf("%s", *shown > 0 ? ",\n " : "");
			print_json_row(&row);
		} else {
			(void)printf("%-24s ", row.user);
			(void)printf(_("password history, no account\n"));
		}
		++*shown;
	}
	names_free(&names);
	return r;
}

static int print_rows(struct cmd *c, struct store *store, const struct names *names)
{
	struct row row;
	int code = CMD_YES, shown = 0;

	for (size_t i = 0; i < names->n; i++) {
		int r;

		name_user(c, names->name[i]);
		if ((r = fill_row(c, store, &row)) != 0)
			return r;
		if (!row.st.enrolled && row.st.trouble.code == 0)
			continue; /* a killed first enrolment: nobody yet */
		if (c->orphans && row.account)
			continue;
		if (row.st.trouble.code != 0)
			code = CMD_TROUBLE;
		if (c->json) {
			(void)printf("%s", shown > 0 ? ",\n " : "");
			print_json_row(&row);
		} else {
			print_line(&row);
		}
		shown++;
	}
	if (c->orphans) {
		int r = print_histories(c, store, &shown);

		code = r != CMD_YES ? r : code;
	}
	if (c->orphans && code == CMD_YES && shown > 0)
		code = CMD_NO;
	return code;
}

int cmd_list(struct cmd *c)
{
	struct names names = {0};
	struct store store;
	struct err e = {0};
	int r;

	if ((r = cmd_open(c, &store, false)) != 0)
		return r;
	(void)printf("%s", c->json ? "[" : "");
	/* Also who has a state without an enrolment: that is trouble to show. */
	if (names_of(&store, &names, &e) != 0)
		r = cmd_fail(&e);
	else
		r = print_rows(c, &store, &names);
	(void)printf("%s", c->json ? "]\n" : "");
	if (names.foreign > 0)
		(void)fprintf(stderr, _("enroll-mfa: %zu files in %s/enroll are not records\n"),
		    names.foreign, c->conf.store_dir);
	names_free(&names);
	store_close(&store);
	return r;
}
