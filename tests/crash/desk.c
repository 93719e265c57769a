#include "tests/crash/desk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

void desk_make(void)
{
	people_make(NULL);
	ph_clock(0);
	ph_enroll_device(&people_one, "phone");
	ph_enroll_device(&people_other, "phone");
}

const char *desk_confirm(const struct tool_said *said)
{
	static char line[OTP_CODE_SIZE + 1];

	if (!tool_has_key(said))
		return NULL;
	crash_seen->step = otp_step(ph_now(), PH_PERIOD);
	(void)snprintf(line, sizeof(line), "%s\n", people_shown_code(ph_now()));
	return line;
}

void desk_must_go_on(void)
{
	const long call = crash_seen->call;

	if (crash_seen->number == EINTR && (call == SYS_pwrite64 || call == SYS_fdatasync ||
	    call == SYS_fcntl || call == SYS_flock))
		crash_must(crash_seen->status == 0, "the exit status is %d: %.300s",
		    crash_seen->status, crash_seen->said.err);
}

bool desk_said_yes(void)
{
	const int status = crash_seen->status;
	const char *err = crash_seen->said.err;

	if (!crash_seen->ended)
		return false;
	crash_must(status == 0 || status == 1 || status == 3 || status == 75,
	    "the exit status is %d: %.300s", status, err);
	crash_must(status == 0 || strstr(err, "enroll-mfa: ") != NULL, "no message says why");
	if (crash_is_whole())
		crash_must(status == 0, "the exit status is %d: %.300s", status, err);
	return status == 0;
}

bool desk_said_no(void)
{
	static const char *const unsure[] = {"in force is not known",
	    "the output could not be written"};

	for (size_t i = 0; i < sizeof(unsure) / sizeof(unsure[0]); i++)
		if (strstr(crash_seen->said.err, unsure[i]) != NULL)
			return false;
	return crash_seen->ended && crash_seen->status != 0;
}

bool desk_new_gets_in(const char *user)
{
	const int64_t then = (int64_t)crash_seen->step * PH_PERIOD;
	struct record_device d;

	if (crash_seen->step == 0 || !people_shown(&d) ||
	    !people_get_in(user, people_shown_code(then + PH_PERIOD)))
		return false;
	crash_must(!people_get_in(user, people_shown_code(then)),
	    "the code that confirmed gets in");
	return true;
}

int desk_again(const char *const *words, tool_answer *answer)
{
	crash_seen->step = 0;
	return tool_run(words, answer, &crash_seen->said);
}

void desk_must_succeed(const char *const *words, tool_answer *answer)
{
	int status = desk_again(words, answer);

	crash_must(status == 0, "once more ends with %d: %.300s", status, crash_seen->said.err);
}

void desk_check_other(void)
{
	people_must_get_in(&people_other, ph_code(&people_other, 0), "the next right code");
}
