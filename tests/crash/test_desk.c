/*
 * An enrolment at the desk, or an unlock, killed or failing at any system call: the old
 * device works or the new one, never neither; and the same command once more completes it.
 */
#include "tests/crash/desk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const enroll_new[] = {PEOPLE_NEW, "--json", NULL};
static const char *const enroll_one[] = {PEOPLE_ONE, "--json", NULL};
static const char *const add_one[] = {PEOPLE_ONE, "--json", "--device", "tablet", NULL};
static const char *const unlock_one[] = {"unlock", PEOPLE_ONE, NULL};

static bool may_be_new(const char *path)
{
	return strcmp(path, "state/enroll/" PEOPLE_NEW) == 0 ||
	    strcmp(path, "state/hot/" PEOPLE_NEW) == 0;
}

/* The object that it prints says what is in force. */
static bool check_output(void)
{
	const char *out = crash_seen->said.out;
	const bool yes = desk_said_yes();

	crash_must(!yes || strstr(out, "\"confirmed\": true}") != NULL, "it printed %.300s", out);
	crash_must(yes || !desk_said_no() || strstr(out, "\"confirmed\": true}") == NULL,
	    "it said no, and printed %.300s", out);
	return yes;
}

/* The first recovery code that it has printed. */
static void check_recovery(const char *user)
{
	const char *list = strstr(crash_seen->said.out, "\"recovery\": [\"");
	char code[RECOVERY_TEXT_SIZE];

	crash_must(list != NULL, "no recovery codes are printed");
	if (list == NULL)
		return;
	(void)snprintf(code, sizeof(code), "%.19s", list + strlen("\"recovery\": [\""));
	crash_must(people_get_in(user, code), "the recovery code is refused");
	crash_must(!people_get_in(user, code), "the recovery code gets in twice");
}

static void enrol_again(const char *const *words, const char *user)
{
	desk_must_succeed(words, desk_confirm);
	crash_must(desk_new_gets_in(user), "the device of a second enrolment is refused");
}

static void check_new(void)
{
	const bool yes = check_output(), in = desk_new_gets_in(PEOPLE_NEW);

	desk_must_go_on();
	crash_must(in || !yes, "the new device is refused");
	crash_must(!in || !desk_said_no(), "it said no, and the device gets in");
	if (yes)
		check_recovery(PEOPLE_NEW);
	if (!in)
		enrol_again(enroll_new, PEOPLE_NEW);
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	desk_check_other();
}

static void check_replaced(void)
{
	const bool yes = check_output(), new = desk_new_gets_in(PEOPLE_ONE);
	const bool old = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));

	desk_must_go_on();
	crash_must(new || old, "neither the old device nor the new one gets in");
	crash_must(!new || !old, "the old device gets in beside the new one");
	crash_must(new || !yes, "the new device is refused");
	crash_must(old || !desk_said_no(), "it said no, and the old device is refused");
	if (yes)
		check_recovery(PEOPLE_ONE);
	if (old)
		crash_must(people_get_in(PEOPLE_ONE, people_one.recovery[0]),
		    "the old recovery code is refused");
	if (!new)
		enrol_again(enroll_one, PEOPLE_ONE);
	desk_check_other();
}

static void check_added(void)
{
	const bool yes = check_output(), new = desk_new_gets_in(PEOPLE_ONE);

	desk_must_go_on();
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	crash_must(new || !yes, "the new device is refused");
	crash_must(!new || !desk_said_no(), "it said no, and the device gets in");
	crash_must(people_get_in(PEOPLE_ONE, people_one.recovery[0]),
	    "the recovery code is refused");
	if (!new)
		enrol_again(add_one, PEOPLE_ONE);
	desk_check_other();
}

static void make_locked(void)
{
	struct record_hot hot;

	desk_make();
	ph_read_hot(PEOPLE_ONE, &hot);
	hot.locked_since = ph_now() - 60;
	hot.unknown[0] = (struct record_bucket){.wrong = 100, .proven = 100,
	    .last = ph_now() - 60};
	ph_change_hot(PEOPLE_ONE, &hot);
}

static void check_unlocked(void)
{
	const bool yes = desk_said_yes(), in = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));

	desk_must_go_on();
	crash_must(in || !yes, "it is locked still");
	if (!in)
		desk_must_succeed(unlock_one, NULL);
	people_must_get_in(&people_one, ph_code(&people_one, 1), "the next right code");
	desk_check_other();
}

static void make_stateless(void)
{
	desk_make();
	if (unlink(ph_path("state/hot/" PEOPLE_ONE)) != 0)
		ph_die("state/hot");
}

static bool may_be_state(const char *path)
{
	return strcmp(path, "state/hot/" PEOPLE_ONE) == 0;
}

/* Which codes were used before nobody knows, so those of now are refused either way. */
static void check_state(void)
{
	const bool yes = desk_said_yes();

	desk_must_go_on();
	crash_must(!people_get_in(PEOPLE_ONE, ph_code(&people_one, 0)), "the code of now gets in");
	desk_check_other();
	if (!yes)
		desk_must_succeed(unlock_one, NULL);
	crash_must(!people_get_in(PEOPLE_ONE, ph_code(&people_one, 0)), "the code of now gets in");
	ph_later(3 * PH_PERIOD);
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the code after the next");
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "an enrolment", .make = desk_make, .most = 90, .tool = enroll_new,
	        .answer = desk_confirm, .check = check_new, .may_come = may_be_new},
	    {.name = "an enrolment in the place of another", .make = desk_make, .most = 90,
	        .tool = enroll_one, .answer = desk_confirm, .check = check_replaced},
	    {.name = "an enrolment of one more device", .make = desk_make, .most = 90,
	        .tool = add_one, .answer = desk_confirm,
	        .check = check_added},
	    {.name = "an unlock", .make = make_locked, .most = 90, .tool = unlock_one,
	        .check = check_unlocked},
	    {.name = "an unlock that makes the state anew", .make = make_stateless,
	        .most = 90, .tool = unlock_one, .check = check_state, .may_come = may_be_state},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
