/*
 * cmd_self: `enroll-mfa` without any argument, by an ordinary user through sudo: the
 * own enrolment, as far as the key `enroll` lets people enrol themselves.
 *
 * Who it is says sudo, which sets SUDO_UID anew for each command; that a person sits
 * there says a code (of who is enrolled) or an invitation word, both judged by login()
 * as at any door, counted and throttled.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "enroll/notice.h"
#include "enroll/offer.h"
#include "enroll/pending.h"
#include "lib/core/look.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define INVERSIONS 8
#define IDLE 120 /* seconds that a prompt waits */

/* In secret memory. */
struct self {
	struct cmd *c;
	struct login_request req;
	struct login_result res;
	struct pending_shown shown;
	struct pending_others others;
	struct steps_status before; /* when the code was typed */
	struct steps_proof proof;   /* since 0: none */
	struct record_recovery recovery;
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	char typed[128];
	uint8_t place[RECORD_HASH];
	char issuer[CONF_ISSUER_MAX];
};

static int refuse(const char *why)
{
	(void)fprintf(stderr, "enroll-mfa: %s\n", why);
	return CMD_NO;
}

static bool may_log_in(const struct passwd *pw)
{
	const char *shell;
	bool found = false;

	setusershell();
	while (!found && (shell = getusershell()) != NULL)
		found = strcmp(shell, pw->pw_shell) == 0;
	endusershell();
	return found;
}

/* 0 or an exit code: who called sudo. */
static int find_caller(struct cmd *c)
{
	const char *number = getenv("SUDO_UID"), *name = getenv("SUDO_USER");
	const struct passwd *pw = NULL;
	unsigned long uid = 0;
	char *end;

	if (number == NULL || number[0] < '0' || number[0] > '9') {
		(void)fprintf(stderr, _("enroll-mfa: which USER?; see enroll-mfa --help\n"));
		return CMD_USAGE;
	}
	errno = 0;
	uid = strtoul(number, &end, 10);
	if (errno == 0 && *end == '\0' && uid > 0 && uid < UINT32_MAX)
		pw = getpwuid((uid_t)uid);
	if (pw == NULL || name == NULL || strcmp(pw->pw_name, name) != 0)
		return refuse(_("root names the user; others are named by sudo (SUDO_UID and "
		    "SUDO_USER of one account)"));
	if (!may_log_in(pw))
		return refuse(_("this account has no login shell of /etc/shells, so it has no login "
		    "to enrol for"));
	if ((c->name = strdup(pw->pw_name)) == NULL)
		return CMD_TROUBLE;
	c->user = c->name;
	c->account = true;
	c->uid = pw->pw_uid;
	return 0;
}

static void log_verdict(const struct self *s, const char *verdict)
{
	char line[512], source[SOURCE_TEXT_MAX];
	struct text t = text_in(line, sizeof(line));

	source_text(&s->req.source, source);
	text_add(&t, "user=");
	text_add_escaped(&t, s->c->user);
	text_add(&t, " verdict=");
	text_add(&t, verdict);
	text_add(&t, " source=");
	text_add(&t, source);
	text_add(&t, " service=enroll-mfa");
	syslog(LOG_AUTHPRIV | (s->res.verdict == LOGIN_OK ? LOG_INFO : LOG_NOTICE), "%s", line);
}

static bool read_line(struct self *s, const char *question)
{
	return cmd_read_line_within(IDLE, question, s->typed, sizeof(s->typed));
}

/* Anew before each change: the age of the proof is judged by its clock. */
static struct steps steps_of(const struct self *s, struct store *store)
{
	struct steps steps;

	cmd_steps(s->c, store, &steps);
	if (s->proof.since > 0)
		steps.proof = &s->proof;
	return steps;
}

/* What was right, by its id.  The ids are from before the code was judged: if they have
 * changed since, the proof is of nothing that is there. */
static void keep_proof(struct self *s)
{
	s->proof = (struct steps_proof){.since = s->req.now};
	if (s->res.method != NULL && strcmp(s->res.method, "recovery") == 0)
		s->proof.recovery = s->before.recovery_id;
	for (int i = 0; s->proof.recovery == 0 && i < s->before.devices; i++)
		if (strcmp(s->before.device[i].name, s->res.device) == 0)
			s->proof.device = s->before.device[i].id;
}

/* This success was the owner's chance to hear of it: a login will not tell again. */
static void tell_spent(const struct self *s)
{
	cmd_print_missed(&s->res.missed);
	if (s->proof.recovery != 0)
		(void)printf(P_("%d recovery code left.\n", "%d recovery codes left.\n",
		    (unsigned long)s->res.recovery_left), s->res.recovery_left);
}

static const char *refusal(const struct login_result *res)
{
	if (res->rule == STATE_REPLAY)
		return _("Refused: already used, wait for the next.\n");
	if (res->rule == STATE_THROTTLED || res->rule == STATE_LOCKED)
		return _("Refused: too many tries.\n");
	return _("Refused.\n");
}

/* Asks and judges, up to `retry` times, until the verdict is the wanted one. */
static int prove(struct self *s, struct store *store, const char *question,
    enum login_verdict wanted)
{
	for (int i = 0; i < s->c->conf.retry; i++) {
		struct steps steps = steps_of(s, store);
		struct err e = {0};

		if (!read_line(s, question))
			return refuse(_("nothing was typed; nothing has changed"));
		if (steps_status(&steps, &s->before, &e) != 0)
			return cmd_fail(&e);
		s->req.now = cmd_clock();
		s->req.answer = s->typed;
		login(&s->c->conf, &s->req, &s->res);
		secret_wipe(s->typed, sizeof(s->typed));
		log_verdict(s, login_verdict_name(s->res.verdict));
		if (s->res.verdict == wanted)
			return 0;
		(void)fputs(refusal(&s->res), stderr);
	}
	return refuse(_("nothing has changed"));
}

static const char *issuer_of(struct self *s)
{
	if (s->c->conf.issuer[0] != '\0')
		return s->c->conf.issuer;
	if (gethostname(s->issuer, sizeof(s->issuer) - 1) != 0)
		s->issuer[0] = '\0';
	s->issuer[strcspn(s->issuer, ":")] = '\0';
	return s->issuer;
}

/* Draws it, the other way round as often as wanted; what is typed then is the code. */
static int ask(struct self *s, struct err *e)
{
	struct offer o = {s->c->user, issuer_of(s), &s->shown.device, false};

	for (int i = 0; i < INVERSIONS; i++, o.invert = !o.invert) {
		char *text;
		bool typed;

		if (offer_text(&o, &text, e) != 0)
			return cmd_fail(e);
		(void)fputs(text, stdout);
		(void)fflush(stdout);
		offer_free(&text);
		typed = read_line(s, "");
		if (!typed)
			return refuse(_("nothing was typed; nothing has changed"));
		if (strcmp(s->typed, "i") != 0 && strcmp(s->typed, "I") != 0)
			return 0;
	}
	return refuse(_("no code was typed; nothing has changed"));
}

static int confirm(struct self *s, struct err *e)
{
	int r = ask(s, e);

	s->req.place = s->place;
	/* A device beside others is judged here, as after a word (login.c, take_pending). */
	s->req.take_word = true;
	for (int i = 0; r == 0; i++) {
		s->req.now = cmd_clock();
		s->req.answer = s->typed;
		login(&s->c->conf, &s->req, &s->res);
		secret_wipe(s->typed, sizeof(s->typed));
		cmd_print_missed(&s->res.missed);
		if (s->res.verdict == LOGIN_OK)
			return 0;
		log_verdict(s, login_verdict_name(s->res.verdict));
		(void)fprintf(stderr, _("Wrong code. Are the clocks of phone and host right?\n"));
		if (i + 1 == s->c->conf.retry)
			return refuse(_("no right code was given; nothing has changed"));
		if (!read_line(s, _("Code: ")))
			return refuse(_("nothing was typed; nothing has changed"));
	}
	return r;
}

static int new_codes(struct self *s, struct store *store)
{
	const struct steps steps = steps_of(s, store);
	struct err e = {0};

	if (recovery_new(&s->recovery, s->codes, &e) != 0 ||
	    steps_recovery(&steps, &s->recovery, &e) != 0)
		return cmd_fail(&e);
	cmd_print_codes(s->c->user, s->codes);
	cmd_warn(&e);
	return CMD_YES;
}

/* Ctrl-C or a hang-up between a change and the codes that belong to it would leave the
 * user without them. */
static void hold_signals(sigset_t *before)
{
	static const int held[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, before);
}

static void let_signals(const sigset_t *before)
{
	(void)fflush(stdout);
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

static int put_in_force(struct self *s, struct store *store, bool first)
{
	const struct steps steps = steps_of(s, store);
	struct err e = {0};

	if (pending_confirm(&steps, s->shown.device.id, &s->others, &e) != 0)
		return cmd_fail(&e);
	s->req.place = NULL;
	log_verdict(s, "enrolled");
	if (notice_send(NOTICE_ENROLLED, s->c->user, s->shown.device.name, &e) != 0)
		cmd_warn(&e);
	(void)printf(_("\nEnrolled. From now on every login asks for a code.\n"));
	if (s->others.count > 0)
		(void)printf(P_("%d other enrolment of yours had been shown elsewhere; if that was "
		    "not you, tell the administrator.\n", "%d other enrolments of yours had been "
		    "shown elsewhere; if that was not you, tell the administrator.\n",
		    (unsigned long)s->others.count), s->others.count);
	if (!first)
		return CMD_YES;
	s->proof = (struct steps_proof){.device = s->shown.device.id, .since = s->req.now};
	return new_codes(s, store);
}

static int enrol(struct self *s, struct store *store, bool first)
{
	const struct pending_offer q = {s->place, NULL, first,
	    s->res.verdict == LOGIN_INVITED ? s->req.now : 0};
	const struct steps steps = steps_of(s, store);
	struct err e = {0};
	sigset_t before;
	int r;

	if (look_place(&s->req, s->place) != 0)
		return refuse(_("libcrypto does not work"));
	if (pending_offer(&steps, &q, &s->shown, &e) != 0)
		return cmd_fail(&e);
	log_verdict(s, "shown");
	if ((r = confirm(s, &e)) != 0)
		return r;
	hold_signals(&before);
	r = put_in_force(s, store, first);
	let_signals(&before);
	return r;
}

static int remove_device(struct self *s, struct store *store)
{
	struct steps steps = steps_of(s, store);
	struct steps_status status;
	struct err e = {0};

	if (steps_status(&steps, &status, &e) != 0)
		return cmd_fail(&e);
	if (status.devices < 2)
		return refuse(_("this is the only device; add another one first"));
	for (int i = 0; i < status.devices; i++)
		(void)printf("  %s\n", status.device[i].name);
	if (!read_line(s, _("Name of the device: ")) || s->typed[0] == '\0')
		return refuse(_("nothing was typed; nothing has changed"));
	steps = steps_of(s, store);
	if (steps_remove(&steps, s->typed, &e) != 0)
		return cmd_fail(&e);
	cmd_warn(&e);
	(void)printf(_("Removed.\n"));
	log_verdict(s, "removed");
	if (notice_send(NOTICE_REMOVED, s->c->user, s->typed, &e) != 0)
		cmd_warn(&e);
	return CMD_YES;
}

/* For who has a device and has just shown that it works. */
static int choose(struct self *s, struct store *store)
{
	const struct steps steps = steps_of(s, store);
	struct err e = {0};
	sigset_t before;
	int r;

	if (steps_may_change(&steps, &e) != 0)
		return cmd_fail(&e);
	if (!read_line(s, _("a: add a device, r: remove one, c: new recovery codes, q: nothing: ")))
		return refuse(_("nothing was typed; nothing has changed"));
	switch (s->typed[1] == '\0' ? s->typed[0] : '?') {
	case 'a':
		return enrol(s, store, false);
	case 'r':
		return remove_device(s, store);
	case 'c':
		hold_signals(&before);
		r = new_codes(s, store);
		let_signals(&before);
		return r;
	case 'q':
		return CMD_YES;
	default:
		return refuse(_("not one of a, r, c, q; nothing has changed"));
	}
}

static int go(struct self *s, struct store *store)
{
	struct look seen;
	struct err e = {0};
	int r;

	if (look(&s->c->conf, &s->req, &seen, &e) != 0)
		return cmd_fail(&e);
	if (seen.enrolled) {
		r = prove(s, store, _("Code from the app, or a recovery code: "), LOGIN_OK);
		if (r != 0)
			return r;
		keep_proof(s);
		tell_spent(s);
		return choose(s, store);
	}
	if (s->c->conf.enroll == CONF_ENROLL_LOGIN)
		return enrol(s, store, true);
	if (!seen.invited)
		return refuse(_("ask your administrator for an invitation (enroll-mfa invite)"));
	s->req.take_word = true;
	r = prove(s, store, _("Invitation word: "), LOGIN_INVITED);
	return r != 0 ? r : enrol(s, store, true);
}

int cmd_self(struct cmd *c)
{
	struct secret memory;
	struct store store;
	struct self *s;
	int r;

	if ((r = find_caller(c)) != 0)
		return r;
	if (c->conf.enroll == CONF_ENROLL_ADMIN)
		return refuse(_("here the administrator enrols (enroll = admin)"));
	if ((r = cmd_open(c, &store, false)) != 0)
		return r;
	if (secret_new(&memory, sizeof(*s)) != 0) {
		store_close(&store);
		return CMD_TROUBLE;
	}
	s = (struct self *)(void *)memory.data;
	s->c = c;
	s->req = (struct login_request){.user = c->user, .account = true, .uid = c->uid,
	    .proven = true, .now = cmd_clock()};
	source_parse(NULL, c->uid, &s->req.source);
	r = go(s, &store);
	secret_free(&memory);
	store_close(&store);
	secret_burn_stack();
	return r;
}
