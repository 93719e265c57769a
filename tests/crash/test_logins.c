/*
 * A login killed at any of its system calls, or met by any failing one: its code is good
 * once at most, its guesses count, and the next login goes on as if nothing had been.
 */
#include "tests/crash/people.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

static const char *typed;

static void make(void)
{
	people_make(NULL);
	typed = ph_code(&people_one, 0);
}

static void type_one(const char *user, const char *answer)
{
	crash_seen->login = ph_typing(ph_stranger(user), answer);
	crash_log_in();
}

static bool told_yes(void)
{
	return crash_seen->code == PAM_SUCCESS || strstr(crash_seen->login.said, "info:") != NULL;
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

static int logged(const char *pattern)
{
	int n = 0;

	for (int i = 0; i < crash_seen->lines && i < CRASH_LOGGED; i++)
		n += ph_matches(pattern, crash_seen->log[i].text);
	return n;
}

/* These are made again by whoever is interrupted. */
static bool is_made_again(void)
{
	return crash_seen->number == EINTR && (crash_seen->call == SYS_pwrite64 ||
	    crash_seen->call == SYS_fdatasync || crash_seen->call == SYS_fcntl);
}

/* A login of one prompt that came to its end: one line, and it says what was done. */
static void check_end(bool right)
{
	const bool in = crash_seen->code == PAM_SUCCESS;

	if (!crash_seen->ended)
		return;
	crash_must(crash_seen->lines == 1, "%d lines are logged", crash_seen->lines);
	crash_must(in == (logged("*verdict=ok *") == 1), "the log says otherwise: %.300s",
	    crash_seen->log[0].text);
	crash_must(in || (crash_seen->code == PAM_AUTH_ERR &&
	    strstr(crash_seen->login.said, "error: Refused: ") != NULL),
	    "it ended with %d, and said %.300s", crash_seen->code, crash_seen->login.said);
	if (right && (crash_is_whole() || is_made_again()))
		crash_must(in, "it is refused: %.300s", crash_seen->log[0].text);
	crash_must(right || !in, "it is let in");
	crash_must(!in || !crash_seen->lost, "it is let in, and what it wrote may be lost");
	if (crash_seen->lost)
		crash_must(logged("*verdict=unavailable *") == 1, "the log does not say so: %.300s",
		    crash_seen->log[0].text);
}

static void check_next(void)
{
	people_must_get_in(&people_one, ph_code(&people_one, 1), "the next right code");
	people_must_get_in(&people_other, ph_code(&people_other, 0), "the next right code");
}

static void type_right(void)
{
	type_one(PEOPLE_ONE, typed);
}

static void check_right(void)
{
	check_end(true);
	people_spend_once(PEOPLE_ONE, typed, told_yes());
	check_next();
}

static void type_recovery(void)
{
	type_one(PEOPLE_ONE, people_one.recovery[0]);
}

static void check_recovery(void)
{
	check_end(true);
	people_spend_once(PEOPLE_ONE, people_one.recovery[0], told_yes());
	people_must_get_in(&people_one, people_one.recovery[1], "the next recovery code");
	check_next();
}

/* Two guesses in one authentication. */
static void type_wrong(void)
{
	crash_seen->login = ph_stranger(PEOPLE_ONE);
	ph_answer(&crash_seen->login, PH_TYPE, ph_wrong(&people_one));
	ph_answer(&crash_seen->login, PH_TYPE, ph_wrong(&people_one));
	crash_log_in();
}

/* The text for a code that was not judged is the same; the log knows. */
static void check_wrong(void)
{
	const int counted = people_wrong(PEOPLE_ONE);
	const int told = crash_seen->ended ? logged("*verdict=wrong *") :
	    count(crash_seen->login.said, "error: ");

	crash_must(told <= counted, "%d guesses were told, %d are counted", told, counted);
	crash_must(counted <= crash_seen->login.answered, "%d guesses were typed, %d are counted",
	    crash_seen->login.answered, counted);
	crash_must(crash_seen->code != PAM_SUCCESS, "it is let in");
	if (crash_seen->ended) {
		crash_must(crash_seen->lines == 2, "%d lines are logged", crash_seen->lines);
		crash_must(!crash_seen->lost || told < 2,
		    "both guesses were told, and one of them may be lost");
	}
	if (crash_is_whole() || is_made_again())
		crash_must(counted == 2, "%d guesses are counted", counted);
	check_next();
}

static void guess(void)
{
	for (int i = 0; i < 3; i++)
		crash_must(!people_get_in(PEOPLE_ONE, ph_wrong(&people_one)), "a guess was right");
}

static void make_throttled(void)
{
	make();
	crash_apart(guess);
	if (people_wrong(PEOPLE_ONE) != 3)
		ph_die("the guesses are not counted");
}

static void check_throttled(void)
{
	crash_must(people_wrong(PEOPLE_ONE) == 3, "%d guesses are counted, not 3",
	    people_wrong(PEOPLE_ONE));
	check_end(false);
	if (crash_is_whole())
		crash_must(logged("*verdict=throttled *") == 1, "it is not throttled");
	crash_must(!people_get_in(PEOPLE_ONE, typed), "the delay is over");
	ph_later(31);
	check_next();
}

static void type_unknown(void)
{
	type_one("pbcrash-nobody", "123456");
}

static void check_unknown(void)
{
	check_end(false);
	people_must_get_in(&people_one, typed, "the right code");
	check_next();
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "a right code", .make = make, .play = type_right, .check = check_right},
	    {.name = "two wrong codes", .words = "retry=2", .make = make, .play = type_wrong,
	        .check = check_wrong},
	    {.name = "a right code in the delay", .make = make_throttled, .play = type_right,
	        .check = check_throttled},
	    {.name = "a recovery code", .make = make, .play = type_recovery,
	        .check = check_recovery},
	    {.name = "a name that nobody has", .make = make, .play = type_unknown,
	        .check = check_unknown},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
