#include "enroll/cmd.h"

#include "enroll/init.h"
#include "lib/core/otp.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
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
		(void)fprintf(stderr, "enroll-mfa: warning: %s\n", e->text);
}

/* 0 or an exit code after its message. */
static int run_init(struct cmd *c)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&c->conf, c->now, &made, &e) != 0)
		return cmd_fail(&e);
	if (made.keyring)
		(void)fprintf(stderr, "enroll-mfa: made %s; keep a copy of it apart\n",
		    c->conf.keyring);
	else
		(void)fprintf(stderr, "enroll-mfa: an earlier init had not come to its end; it "
		    "has now (%d decoy pairs made)\n", made.decoys);
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
	if (may_init && init_is_unfinished(s, &c->conf) && (r = run_init(c)) != 0) {
		store_close(s);
		return r;
	}
	return 0;
}

void cmd_steps(const struct cmd *c, struct store *store, struct steps *s)
{
	const struct passwd *pw = getpwnam(c->user);
	struct timespec now = {.tv_sec = (time_t)c->now};

	/* Somebody may have sat at the prompt meanwhile. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*s = (struct steps){.store = store, .conf = &c->conf, .now = now.tv_sec};
	s->account = pw != NULL;
	s->user = c->user;
	s->uid = pw != NULL ? pw->pw_uid : 0;
}

bool cmd_read_line(const char *question, char *line, size_t cap)
{
	size_t n = 0;
	bool any = false;
	char c = '\0';

	if (isatty(STDIN_FILENO)) {
		(void)fputs(question, stderr);
		(void)fflush(stderr);
	}
	for (;;) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == '\n')
			break;
		any = true;
		if (n + 1 < cap)
			line[n++] = c;
	}
	line[n] = '\0';
	return any || c == '\n';
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

void cmd_print_codes(const char *user, char codes[RECORD_CODES][20])
{
	(void)printf("\nRecovery codes of %s, each good once; they are not shown again.\n"
	    "Keep them away from the phone:\n\n", user);
	for (int i = 0; i < RECORD_CODES; i += 2)
		(void)printf("    %s    %s\n", codes[i], codes[i + 1]);
}
