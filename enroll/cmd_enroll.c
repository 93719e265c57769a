/*
 * cmd_enroll: `enroll-mfa [USER]`: show the QR code and the key, let the phone
 * prove one code, put the device in force, show the recovery codes once.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "enroll/notice.h"
#include "enroll/otpauth.h"
#include "enroll/qr.h"
#include "enroll/qr_image.h"
#include "lib/core/answer.h"
#include "lib/core/json_text.h"
#include "lib/core/otp.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TRIES 3
#define TEXT_ROWS 6 /* beside the QR code */

/* All that is secret of one enrolment, in secret memory. */
struct work {
	struct otpauth entry;
	struct record_recovery recovery;
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	char uri[OTPAUTH_URI_SIZE];
	char key[OTPAUTH_GROUPS_SIZE];
	char typed[128];
	struct answer answer;
	uint64_t step; /* of the confirming code */
	int kept;      /* of the earlier recovery codes */
	struct qr qr;
};

static int number_in(const char *text, int min, int max)
{
	char *end;
	long v = strtol(text, &end, 10);

	return *text >= '0' && *text <= '9' && *end == '\0' && v >= min && v <= max ? (int)v : -1;
}

static int choose_device(const struct cmd *c, struct record_device *d, struct err *e)
{
	static const char *const names[] = {"sha1", "sha256", "sha512"};
	int digits = 6, period = 30;

	d->algorithm = RECORD_SHA1;
	for (int i = 0; c->algorithm != NULL && i < 3; i++)
		if (strcasecmp(c->algorithm, names[i]) == 0)
			d->algorithm = (uint8_t)(RECORD_SHA1 + i);
	if (c->algorithm != NULL && strcasecmp(c->algorithm, names[d->algorithm - 1]) != 0)
		return err_set(e, ERR_SYNTAX, "--algorithm: '%s' is not sha1, sha256 or sha512",
		    c->algorithm);
	if (c->digits != NULL && (digits = number_in(c->digits, 6, 8)) < 0)
		return err_set(e, ERR_SYNTAX, "--digits: '%s' is not 6, 7 or 8", c->digits);
	if (c->period != NULL && (period = number_in(c->period, 15, 120)) < 0)
		return err_set(e, ERR_SYNTAX, "--period: '%s' is not 15 to 120 (seconds)",
		    c->period);
	d->digits = (uint8_t)digits;
	d->period = (uint8_t)period;
	(void)snprintf(d->name, sizeof(d->name), "%s", c->device != NULL ? c->device : "phone");
	d->has_key = c->key != NULL;
	if (d->has_key && cmd_check_key(c->key, d->key, e) != 0)
		return ERR_SYNTAX;
	return c->device != NULL ? cmd_check_device(c->device, e) : 0;
}

static void warn_of_apps(const struct record_device *d)
{
	if (d->algorithm != RECORD_SHA1 || d->digits != 6 || d->period != 30)
		(void)fprintf(stderr, _("enroll-mfa: warning: some authenticator apps know SHA1, 6 "
		    "digits and 30 seconds only and show wrong codes for anything else\n"));
}

static int name_entry(const struct cmd *c, struct otpauth *o, struct err *e)
{
	const char *issuer = c->issuer != NULL ? c->issuer : c->conf.issuer;
	const char *label = c->label != NULL ? c->label : c->user;
	char host[OTPAUTH_ISSUER_MAX + 1] = "";

	if (issuer[0] == '\0') {
		if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
			(void)snprintf(host, sizeof(host), "bastion");
		issuer = host;
	}
	if (strlen(issuer) > OTPAUTH_ISSUER_MAX || strlen(label) > USERKEY_NAME_MAX)
		return err_set(e, ERR_SYNTAX, "the issuer or the label is too long");
	(void)snprintf(o->issuer, sizeof(o->issuer), "%s", issuer);
	(void)snprintf(o->user, sizeof(o->user), "%s", label);
	return 0;
}

static int prepare(const struct cmd *c, struct work *w, struct err *e)
{
	int r;

	if ((r = choose_device(c, &w->entry.device, e)) != 0 ||
	    (r = name_entry(c, &w->entry, e)) != 0 ||
	    (r = steps_new_device(&w->entry.device, c->now, e)) != 0 ||
	    (r = recovery_new(&w->recovery, w->codes, e)) != 0 ||
	    (r = otpauth_format(&w->entry, w->uri, sizeof(w->uri), e)) != 0)
		return r;
	if (otpauth_key_groups(&w->entry.device, w->key, sizeof(w->key)) != 0)
		return err_set(e, ERR_SYSTEM, "liboath cannot spell the key");
	warn_of_apps(&w->entry.device);
	return 0;
}

/* The widest quiet zone that leaves the code on the screen; 0: none does. */
static int fit_quiet(const struct qr *q)
{
	static const int zones[] = {4, 2, 1};
	struct winsize ws = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0 || ws.ws_row == 0 || ws.ws_col == 0)
		return zones[0];
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (qr_rows(q, zones[i]) + TEXT_ROWS <= ws.ws_row &&
		    qr_columns(q, zones[i]) <= ws.ws_col)
			return zones[i];
	/* Rows scroll, columns do not: a code as wide as this is still readable. */
	return qr_columns(q, 2) <= ws.ws_col && qr_rows(q, 1) <= ws.ws_row ? 1 : 0;
}

static bool wants_ansi(const struct cmd *c)
{
	const char *term = getenv("TERM");

	if (c->qr != NULL)
		return strcmp(c->qr, "ansi") == 0;
	return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && !c->invert &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static int draw(const struct cmd *c, const struct qr *q, struct err *e)
{
	int quiet = isatty(STDOUT_FILENO) ? fit_quiet(q) : 4;
	char *text = NULL;
	int r;

	if (quiet == 0) {
		(void)printf(_("(The terminal is too small for the QR code: %dx%d is needed. "
		    "Type the key.)\n"), qr_columns(q, 1), qr_rows(q, 1) + 2);
		return 0;
	}
	r = wants_ansi(c) ? qr_render_ansi(q, quiet, &text) :
	    qr_render_utf8(q, quiet, c->invert, &text);
	if (r != 0)
		return err_set(e, r, "out of memory");
	(void)fputs(text, stdout);
	qr_text_free(&text);
	return 0;
}

/* The QR code goes to the screen (not for a machine) and into the files. */
static int show_qr(const struct cmd *c, struct work *w, struct err *e)
{
	bool screen = !c->json && (c->qr == NULL || strcmp(c->qr, "none") != 0);
	int r;

	if (!screen && c->png == NULL && c->svg == NULL)
		return 0;
	if ((r = qr_encode(w->uri, &w->qr, e)) != 0) {
		if (c->png != NULL || c->svg != NULL)
			return r;
		(void)fprintf(stderr, _("enroll-mfa: no QR code: %s\n"), e->text);
		return 0; /* the key is enough to enrol */
	}
	if ((c->png != NULL && (r = qr_image_png(&w->qr, c->png, e)) != 0) ||
	    (c->svg != NULL && (r = qr_image_svg(&w->qr, c->svg, e)) != 0)) {
		if (r == ERR_CONFLICT)
			e->code = ERR_REFUSED; /* the name stays taken: no "try again" */
		return r;
	}
	return screen ? draw(c, &w->qr, e) : 0;
}

static void show_text(const struct cmd *c, const struct work *w)
{
	static const char *const names[] = {"", "SHA1", "SHA256", "SHA512"};
	const struct record_device *d = &w->entry.device;

	(void)printf(_("\nKey: %s\n(time-based, %s, %d digits, %d seconds; account %s, issuer %s)\n"),
	    w->key, names[d->algorithm], d->digits, d->period, w->entry.user, w->entry.issuer);
	if (c->png != NULL && c->svg != NULL)
		(void)printf(_("QR code written to %s and %s; it is the secret: delete it after use.\n"),
		    c->png, c->svg);
	else if (c->png != NULL || c->svg != NULL)
		(void)printf(_("QR code written to %s; it is the secret: delete it after use.\n"),
		    c->png != NULL ? c->png : c->svg);
	(void)fflush(stdout);
}

/* One object, streamed: what the phone needs, then what the store has said. */
static void print_json(const struct cmd *c, const struct work *w)
{
	char secret[OTPAUTH_KEY_SIZE];

	if (otpauth_secret_base32(&w->entry.device, secret, sizeof(secret)) != 0)
		secret[0] = '\0';
	(void)printf("{\"user\": ");
	json_text_print(stdout, c->user);
	(void)printf(",\n \"device\": ");
	json_text_print(stdout, w->entry.device.name);
	(void)printf(",\n \"uri\": ");
	json_text_print(stdout, w->uri);
	(void)printf(",\n \"secret\": \"%s\",\n", secret);
	(void)fflush(stdout);
	secret_wipe(secret, sizeof(secret));
}

/* Codes that are not in force are not told. */
static void end_json(const struct cmd *c, const struct work *w, bool stored)
{
	(void)printf(" \"recovery\": [");
	for (int i = 0; i < RECORD_CODES && stored && w->kept == 0; i++)
		(void)printf("%s\"%s\"", i > 0 ? ", " : "", w->codes[i]);
	(void)printf("],\n \"confirmed\": %s}\n", stored && !c->no_confirm ? "true" : "false");
}

static void end_text(const struct cmd *c, struct work *w)
{
	if (c->no_confirm)
		(void)printf(_("\n%s is enrolled with device '%s', not confirmed by a code.\n"), c->user,
		    w->entry.device.name);
	else
		(void)printf(_("\n%s is enrolled with device '%s'.\n"), c->user, w->entry.device.name);
	if (w->kept > 0)
		(void)printf(_("The earlier recovery codes stay good (%d left); `enroll-mfa recovery "
		    "%s` makes new ones.\n"), w->kept, c->user);
	else
		cmd_print_codes(c->user, w->codes);
}

static int judge_code(const struct cmd *c, struct work *w, bool *right)
{
	struct otp_match m;

	answer_read(w->typed, &w->answer);
	if (otp_match(&w->entry.device, &w->answer, cmd_clock(), c->conf.window, &m) != 0)
		return ERR_SYSTEM;
	*right = m.hit;
	w->step = m.step;
	return 0;
}

/* 0, ERR_REFUSED when no right code came. */
static int confirm(const struct cmd *c, struct work *w, struct err *e)
{
	bool right = false;

	for (int left = TRIES; left > 0 && !right; left--) {
		if (!cmd_read_line(_("Code from the app: "), w->typed, sizeof(w->typed)))
			return err_set(e, ERR_REFUSED, "no code was given; nothing has changed");
		if (judge_code(c, w, &right) != 0)
			return err_set(e, ERR_SYSTEM, "liboath cannot make a code");
		if (!right)
			(void)fprintf(stderr, P_("Wrong code; %d try left. Are the clocks of phone "
			    "and host right?\n", "Wrong code; %d tries left. Are the clocks of "
			    "phone and host right?\n", (unsigned long)(left - 1)), left - 1);
	}
	return right ? 0 : err_set(e, ERR_REFUSED, "no right code was given; nothing has changed");
}

static int store_device(struct cmd *c, struct store *store, struct work *w, struct err *e)
{
	struct steps_device d = {&w->entry.device, &w->recovery, w->step, &w->kept};
	struct steps s;

	cmd_steps(c, store, &s);
	if (!s.account)
		(void)fprintf(stderr, _("enroll-mfa: warning: there is no account '%s' here yet\n"),
		    c->user);
	*e = (struct err){0};
	return steps_enroll(&s, &d, e);
}

/* Before the phone has scanned it, not after. */
static int may_enroll(const struct cmd *c, struct store *store, const struct work *w,
    struct err *e)
{
	struct steps s;

	cmd_steps(c, store, &s);
	return steps_may_enroll(&s, w->entry.device.name, e);
}

static void tell(const struct cmd *c, const struct work *w)
{
	struct err e = {0};

	if (notice_send(NOTICE_ENROLLED, c->user, w->entry.device.name, &e) != 0)
		cmd_warn(&e);
}

static int run(struct cmd *c, struct store *store, struct work *w, struct err *e)
{
	int r;

	if ((r = prepare(c, w, e)) != 0 || (r = may_enroll(c, store, w, e)) != 0 ||
	    (r = show_qr(c, w, e)) != 0)
		return r;
	if (c->json)
		print_json(c, w);
	else
		show_text(c, w);
	if (!c->no_confirm && (r = confirm(c, w, e)) != 0)
		goto out;
	if ((r = store_device(c, store, w, e)) == 0)
		tell(c, w);
out:
	if (c->json)
		end_json(c, w, r == 0);
	else if (r == 0)
		end_text(c, w);
	return r;
}

int cmd_enroll(struct cmd *c)
{
	struct secret memory;
	struct err e = {0};
	struct store store;
	struct work *w;
	int code, r;

	if ((code = cmd_open(c, &store, true)) != 0)
		return code;
	if ((code = cmd_account(c, NULL)) != 0) {
		store_close(&store);
		return code;
	}
	if (secret_new(&memory, sizeof(*w)) != 0) {
		store_close(&store);
		(void)err_set(&e, ERR_SYSTEM, "out of memory");
		return cmd_fail(&e);
	}
	w = (struct work *)(void *)memory.data;
	if ((r = run(c, &store, w, &e)) == 0)
		cmd_warn(&e);
	code = r == 0 ? CMD_YES : e.code == ERR_SYNTAX ? CMD_USAGE : CMD_TROUBLE;
	if (r != 0 && e.code != ERR_SYNTAX)
		code = cmd_fail(&e);
	else if (r != 0)
		(void)cmd_fail(&e);
	qr_free(&w->qr);
	secret_free(&memory);
	store_close(&store);
	secret_burn_stack();
	return code;
}
