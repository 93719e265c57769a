#include "enroll/cmd.h"

#include "enroll/init.h"
#include "enroll/keyfile.h"
#include "enroll/language.h"
#include "enroll/line.h"
#include "lib/core/otp.h"
#include "lib/core/secret.h"
#include "lib/core/sshkey.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int cmd_fail(const struct err *e)
{
	(void)fprintf(stderr, "enroll-mfa: %s\n", e->text);
	switch (e->code) {
	case ERR_NONE:
	case ERR_REFUSED:
		return CMD_NO;
	case ERR_CONFLICT:
	case ERR_UNAVAIL:
		return CMD_AGAIN;
	default:
		return CMD_TROUBLE;
	}
}

void cmd_warn(const struct err *e)
{
	if (e->text[0] != '\0')
		(void)fprintf(stderr, _("enroll-mfa: warning: %s\n"), e->text);
}

/* 0 or an exit code after its message. */
static int run_init(struct cmd *c)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&c->conf, c->now, &made, &e) != 0)
		return cmd_fail(&e);
	if (made.keyring)
		(void)fprintf(stderr, _("enroll-mfa: made %s; keep a copy of it apart\n"),
		    c->conf.keyring);
	else
		(void)fprintf(stderr, _("enroll-mfa: an earlier init had not come to its end; it "
		    "has now (%d decoy pairs made)\n"), made.decoys);
	return 0;
}

int cmd_open(struct cmd *c, struct store *s, bool may_init)
{
	struct err e = {0};
	int r;

	if (c->now < OTP_EARLIEST) {
		(void)err_set(&e, ERR_SYSTEM, "the clock says %lld, before 2020; set it first",
		    (long long)c->now);
		return cmd_fail(&e);
	}
	if (may_init && init_is_due(&c->conf) && (r = run_init(c)) != 0)
		return r;
	if (store_open(s, &c->conf, &e) != 0)
		return cmd_fail(&e);
	keyfile_tidy(s, c->conf.keyring);
	if (may_init && init_is_unfinished(s, &c->conf) && (r = run_init(c)) != 0) {
		store_close(s);
		return r;
	}
	return 0;
}

static bool has_record(struct store *store, const char *user)
{
	static const char *const kinds[] = {"enroll", "hot"};
	char key[STORE_KEY_MAX];
	bool has = false;

	for (int i = 0; i < 2 && !has; i++)
		has = store_key(key, kinds[i], user) == 0 &&
		    store_get(store, key, NULL, store->value, NULL) != ERR_NONE;
	secret_wipe(store->value, sizeof(*store->value));
	return has;
}

int cmd_account(struct cmd *c, struct store *store)
{
	const struct passwd *pw = getpwnam(c->user);

	c->account = pw != NULL;
	c->uid = pw != NULL ? pw->pw_uid : 0;
	if (pw == NULL || strcmp(pw->pw_name, c->user) == 0)
		return 0;
	if (store != NULL && has_record(store, c->user)) {
		c->account = false;
		(void)fprintf(stderr, _("enroll-mfa: the account '%s' is called '%s'; there is a record "
		    "of '%s', which no login looks at, and this is about that\n"), c->user,
		    pw->pw_name, c->user);
		return 0;
	}
	if ((c->name = strdup(pw->pw_name)) == NULL) {
		(void)fprintf(stderr, _("enroll-mfa: out of memory\n"));
		return CMD_TROUBLE;
	}
	(void)fprintf(stderr, _("enroll-mfa: the account '%s' is called '%s'; that name is used\n"),
	    c->user, c->name);
	c->user = c->name;
	return 0;
}

int cmd_check_device(const char *name, struct err *e)
{
	struct record_device d = {.id = 1, .algorithm = RECORD_SHA1, .digits = 6, .period = 30,
	    .secret_len = 20};

	if (strlen(name) <= RECORD_DEVICE_NAME_MAX) {
		(void)snprintf(d.name, sizeof(d.name), "%s", name);
		if (record_device_valid(&d))
			return 0;
	}
	return err_set(e, ERR_SYNTAX, "--device: empty, longer than %d bytes, or with a control "
	    "character in it", RECORD_DEVICE_NAME_MAX);
}

int cmd_check_key(const char *text, uint8_t hash[RECORD_HASH], struct err *e)
{
	if (sshkey_parse(text, hash) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "--key: is not SHA256: and 43 characters, as `ssh-keygen -lf "
	    "FILE.pub` prints it");
}

int cmd_duration(const char *text, const struct cmd_span *span, int64_t *seconds,
    struct err *e)
{
	static const struct { char letter; int64_t seconds; } units[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	long long v = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : -1;
	int64_t unit = 0;

	for (size_t i = 0; v >= 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (end[0] == units[i].letter && end[1] == '\0')
			unit = units[i].seconds;
	if (unit > 0 && v <= span->most / unit && v * unit >= span->least) {
		*seconds = v * unit;
		return 0;
	}
	if (span->most > 86400)
		return err_set(e, ERR_SYNTAX, "--%s: '%s' is not a time from %lldm to %lldd, such as "
		    "30m, 4h", span->option, text, (long long)span->least / 60,
		    (long long)span->most / 86400);
	return err_set(e, ERR_SYNTAX, "--%s: '%s' is not a time from %lldm to %lldh, such as "
	    "30m, 4h", span->option, text, (long long)span->least / 60,
	    (long long)span->most / 3600);
}

int64_t cmd_clock(void)
{
	struct timespec now = {0}; /* before OTP_EARLIEST: refused everywhere */

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

void cmd_steps(const struct cmd *c, struct store *store, struct steps *s)
{
	*s = (struct steps){.store = store, .conf = &c->conf, .user = c->user,
	    .account = c->account, .uid = c->uid, .now = cmd_clock()};
}

bool cmd_read_line_within(int seconds, const char *question, char *line, size_t cap)
{
	enum line_end end;

	if (isatty(STDIN_FILENO)) {
		(void)fputs(question, stderr);
		(void)fflush(stderr);
	}
	end = line_read(STDIN_FILENO, seconds, line, cap);
	if (end == LINE_LATE)
		(void)fprintf(stderr, _("\nenroll-mfa: no answer for %d seconds\n"), seconds);
	return end == LINE_READ;
}

bool cmd_read_line(const char *question, char *line, size_t cap)
{
	return cmd_read_line_within(0, question, line, cap);
}

void cmd_time(int64_t t, char text[32])
{
	time_t when = (time_t)t;
	struct tm tm;

	if (t <= 0 || gmtime_r(&when, &tm) == NULL)
		(void)snprintf(text, 32, "never");
	else
		(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void cmd_print_missed(const struct record_missed *missed)
{
	char since[32] = "?", from[SOURCE_TEXT_MAX];
	time_t first = (time_t)missed->first;
	struct tm tm;

	if (missed->count == 0)
		return;
	if (gmtime_r(&first, &tm) != NULL)
		(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M UTC", &tm);
	source_text(&missed->from, from);
	(void)printf(P_("%u wrong code since %s, last from %s.\n",
	    "%u wrong codes since %s, last from %s.\n", missed->count), missed->count, since, from);
}

void cmd_print_codes(const char *user, char codes[RECORD_CODES][20])
{
	(void)printf(_("\nRecovery codes of %s, each good once; they are not shown again.\n"
	    "Keep them away from the phone:\n\n"), user);
	for (int i = 0; i < RECORD_CODES; i += 2)
		(void)printf("    %s    %s\n", codes[i], codes[i + 1]);
}
