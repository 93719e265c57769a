/*
 * A login with a reserved password killed at any of its system calls, or met by any
 * failing one: what was judged is a wrong try or is given back, one try at most is left
 * behind, and the next login goes on as if nothing had been.
 */
#include "tests/crash/people.h"

#include "lib/core/state.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *typed;

static void make(void)
{
	people_make(NULL);
	ph_password_stack(false, "", 0);
}

static void make_with_code(void)
{
	people_make(NULL);
	typed = ph_code(&people_one, 0);
	ph_password_stack(true, "", 0);
}

/* Account too, as each program does: crash_seen->step is 1 when it has been told yes. */
static void log_in(const char *user, const char *password, const char *code)
{
	struct ph_login *l = &crash_seen->login;

	*l = ph_typing(ph_stranger(user), password);
	if (code != NULL)
		ph_answer(l, PH_TYPE, code);
	crash_log_in();
	if (crash_seen->code != PAM_SUCCESS)
		return;
	crash_seen->code = pam_acct_mgmt(l->pamh, 0);
	crash_seen->step = crash_seen->code == PAM_SUCCESS ? 1 : 0;
}

static bool has_record(const char *user)
{
	char tail[64] = "state/hot/";

	strcat(tail, user);
	return access(ph_path(tail), F_OK) == 0;
}

/* Wrong ones, and those that are open and will be. */
static int tries(const char *user)
{
	struct record_hot hot;

	ph_read_hot(user, &hot);
	return people_wrong(user) + hot.reserveds;
}

/* One whole login, by the same stack. */
static void must_get_in(const char *user, const char *code)
{
	struct ph_login l = ph_typing(ph_stranger(user), PH_PASSWORD);
	int r;

	if (code != NULL)
		ph_answer(&l, PH_TYPE, code);
	ph_start(&l);
	if ((r = ph_authenticate(&l)) == PAM_SUCCESS)
		r = pam_acct_mgmt(l.pamh, 0);
	ph_end(&l);
	crash_must(r == PAM_SUCCESS, "the next right password of %s is refused: %.300s", user,
	    ph_lines > 0 ? ph_log[ph_lines - 1].text : "nothing is logged");
}

static bool judged_comes(const char *path)
{
	return strcmp(path, "judged") == 0 || strcmp(path, "state/hot/" PEOPLE_NEW) == 0;
}

static void check_others(void)
{
	ph_words("retry=1", "need_auth");
	people_must_get_in(&people_other, ph_code(&people_other, 0), "the next right code");
}

/* These are made again by whoever is interrupted. */
static bool is_made_again(void)
{
	return crash_seen->number == EINTR && (crash_seen->call == SYS_pwrite64 ||
	    crash_seen->call == SYS_fdatasync || crash_seen->call == SYS_fcntl);
}

static void play_right(void)
{
	log_in(PEOPLE_ONE, PH_PASSWORD, NULL);
}

static void check_right(void)
{
	const int left = tries(PEOPLE_ONE);

	crash_must(left <= 1, "%d tries are left behind", left);
	crash_must(crash_seen->step == 0 || left == 0, "it is let in, and %d tries are left", left);
	crash_must(crash_seen->step == 0 || !crash_seen->lost, "it is let in, and what it wrote may "
	    "be lost");
	if (crash_is_whole() || is_made_again())
		crash_must(crash_seen->step == 1, "it is refused: %.300s", crash_seen->log[0].text);
	must_get_in(PEOPLE_ONE, NULL);
	ph_later(15);
	must_get_in(PEOPLE_ONE, NULL);
	crash_must(tries(PEOPLE_ONE) == 0, "%d tries are left behind the next", tries(PEOPLE_ONE));
	check_others();
}

static void play_wrong(void)
{
	log_in(PEOPLE_ONE, "wrong", NULL);
}

/* The one that must never be: judged, and free. */
static void check_wrong(void)
{
	const int left = tries(PEOPLE_ONE), judged = ph_judged();

	crash_must(judged <= left, "%d passwords are judged, %d counted", judged, left);
	crash_must(left <= 1, "%d tries are counted", left);
	crash_must(crash_seen->step == 0, "it is let in");
	crash_must(judged == 0 || !crash_seen->lost, "it is judged, and the try may be lost");
	if (crash_is_whole())
		crash_must(judged == 1, "%d passwords are judged", judged);
	ph_later(15);
	must_get_in(PEOPLE_ONE, NULL);
	crash_must(tries(PEOPLE_ONE) == 0, "%d tries are left behind a whole login",
	    tries(PEOPLE_ONE));
	check_others();
}

static void play_code(void)
{
	log_in(PEOPLE_ONE, PH_PASSWORD, typed);
}

static void check_code(void)
{
	const int left = tries(PEOPLE_ONE);

	crash_must(left <= 1, "%d tries are left behind", left);
	crash_must(crash_seen->step == 0 || left == 0, "it is let in, and %d tries are left", left);
	if (crash_is_whole() || is_made_again())
		crash_must(crash_seen->step == 1, "it is refused: %.300s", crash_seen->log[0].text);
	ph_words("retry=1", "need_auth");
	people_spend_once(PEOPLE_ONE, typed, crash_seen->step == 1);
	ph_password_stack(true, "", 0);
	must_get_in(PEOPLE_ONE, ph_code(&people_one, 1));
	ph_later(15);
	check_others();
}

static void play_new(void)
{
	log_in(PEOPLE_NEW, PH_PASSWORD, NULL);
}

/* On the way to a record of the own: there is a whole one, or none. */
static void check_new(void)
{
	if (crash_is_whole())
		crash_must(has_record(PEOPLE_NEW), "there is no record");
	if (has_record(PEOPLE_NEW))
		crash_must(tries(PEOPLE_NEW) == 0, "%d tries are in it", tries(PEOPLE_NEW));
	if (crash_is_whole() || is_made_again())
		crash_must(crash_seen->step == 1, "it is refused: %.300s", crash_seen->log[0].text);
	must_get_in(PEOPLE_NEW, NULL);
	crash_must(has_record(PEOPLE_NEW), "the next right password makes no record");
	check_others();
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "a right password", .make = make, .play = play_right, .check = check_right},
	    {.name = "a wrong password", .make = make, .play = play_wrong, .check = check_wrong},
	    {.name = "a right password and a code", .make = make_with_code, .play = play_code,
	        .check = check_code},
	    {.name = "the first right password", .make = make, .play = play_new,
	        .check = check_new},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct crash_op op = ops[i];

		op.may_come = judged_comes;
		crash_try(&op);
	}
	return crash_close();
}
