/*
 * What else enroll-mfa changes, killed or failing at any system call: it is done or it is
 * not, nobody gets in by half of it, and the same command once more completes it.
 */
#include "tests/crash/desk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INVITING "enroll = invite\n"

static const char *const remove_one[] = {"remove", PEOPLE_ONE, NULL};
static const char *const remove_phone[] = {"remove", PEOPLE_ONE, "--device", "phone", NULL};
static const char *const enroll_one[] = {PEOPLE_ONE, "--json", NULL};
static const char *const recovery_one[] = {"recovery", PEOPLE_ONE, "--json", NULL};
static const char *const invite_new[] = {"invite", PEOPLE_NEW, "--json", NULL};
static const char *const bypass_one[] = {"bypass", PEOPLE_ONE, "--for", "4h", NULL};
static const char *const init[] = {"init", NULL};

static void check_removed(void)
{
	const bool yes = desk_said_yes(), in = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));
	int status;

	desk_must_go_on();
	crash_must(!in || !yes, "who is removed gets in");
	crash_must(!people_get_in(PEOPLE_ONE, people_one.recovery[0]) || in,
	    "the device is refused, and the recovery code gets in");
	status = desk_again(remove_one, NULL);
	crash_must(status == 0 || status == 1, "once more ends with %d: %.300s", status,
	    crash_seen->said.err);
	crash_must(!people_get_in(PEOPLE_ONE, ph_code(&people_one, 1)), "the old device gets in");
	desk_must_succeed(enroll_one, desk_confirm);
	crash_must(desk_new_gets_in(PEOPLE_ONE), "the device of a new enrolment is refused");
	desk_check_other();
}

static struct ph_user tablet; /* another device of PEOPLE_ONE */

static const char *confirm_tablet(const struct tool_said *said)
{
	const char *line = desk_confirm(said);

	if (line != NULL && !people_shown(&tablet.device))
		ph_die("no key was shown");
	return line;
}

static void make_two_devices(void)
{
	static const char *const add[] = {PEOPLE_ONE, "--json", "--device", "tablet", NULL};

	desk_make();
	if (tool_run(add, confirm_tablet, &crash_seen->said) != 0)
		ph_die("enrol: %s", crash_seen->said.err);
	tablet.name = PEOPLE_ONE;
	people_also[0] = &tablet.device;
}

/* The device that stays has confirmed by the code of the moment. */
static void check_one_left(void)
{
	const bool yes = desk_said_yes(), in = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));
	int status;

	desk_must_go_on();
	crash_must(!in || !yes, "the device that is removed gets in");
	people_must_get_in(&tablet, ph_code(&tablet, 1), "the code of the device that stays");
	status = desk_again(remove_phone, NULL);
	crash_must(status == 0 || status == 1, "once more ends with %d: %.300s", status,
	    crash_seen->said.err);
	crash_must(!people_get_in(PEOPLE_ONE, ph_code(&people_one, 1)), "the old device gets in");
	crash_must(people_get_in(PEOPLE_ONE, people_one.recovery[0]),
	    "the recovery code is refused");
	desk_check_other();
}

/* The i-th code of the list that was printed. */
static void printed_code(int i, char code[RECOVERY_TEXT_SIZE])
{
	const char *list = strstr(crash_seen->said.out, "\"recovery\": [\"");

	code[0] = '\0';
	if (list != NULL)
		(void)snprintf(code, RECOVERY_TEXT_SIZE, "%.19s",
		    list + strlen("\"recovery\": [\"") + (size_t)i * strlen("ABCD-EFGH-IJKL-MNOP\", \""));
}

static void check_codes(void)
{
	const bool yes = desk_said_yes(), old = people_get_in(PEOPLE_ONE, people_one.recovery[0]);
	char code[RECOVERY_TEXT_SIZE];

	desk_must_go_on();
	crash_must(!old || !yes, "it said yes, and an old recovery code gets in");
	if (old) {
		crash_must(!people_get_in(PEOPLE_ONE, people_one.recovery[0]),
		    "the old recovery code gets in twice");
		desk_must_succeed(recovery_one, NULL);
	}
	/* Where the list was not printed whole, nobody has the new ones. */
	printed_code(0, code);
	if (strstr(crash_seen->said.out, "]}") != NULL) {
		crash_must(people_get_in(PEOPLE_ONE, code), "the new recovery code is refused");
		crash_must(!people_get_in(PEOPLE_ONE, code), "the new recovery code gets in twice");
	}
	crash_must(!people_get_in(PEOPLE_ONE, people_one.recovery[1]), "an old one gets in");
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	desk_check_other();
}

static void make_inviting(void)
{
	people_make(INVITING);
	ph_clock(0);
	ph_enroll_device(&people_one, "phone");
	ph_enroll_device(&people_other, "phone");
}

/* Typed behind a key: whether a picture comes. */
static bool is_shown(const char *word)
{
	struct ph_login l = ph_typing(ph_with_key(PEOPLE_NEW), word);

	ph_words("retry=1 enroll_here", "need_auth");
	crash_must(!people_try(&l), "the word alone gets in");
	return strstr(l.prompt, "authenticator app") != NULL;
}

static const char *printed_word(void)
{
	const char *at = strstr(crash_seen->said.out, "\"word\": \"");
	static char word[WORD_TEXT_SIZE];

	word[0] = '\0';
	if (at != NULL)
		(void)snprintf(word, sizeof(word), "%.19s", at + strlen("\"word\": \""));
	return word;
}

static void check_invited(void)
{
	const bool yes = desk_said_yes();

	desk_must_go_on();
	crash_must(!yes || is_shown(printed_word()), "the word is refused");
	if (!yes) {
		desk_must_succeed(invite_new, NULL);
		crash_must(is_shown(printed_word()), "the word of a second invitation is refused");
	}
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	desk_check_other();
}

static bool may_be_new(const char *path)
{
	return strcmp(path, "state/enroll/" PEOPLE_NEW) == 0 ||
	    strcmp(path, "state/hot/" PEOPLE_NEW) == 0;
}

static bool passes(void)
{
	struct ph_login l = ph_with_key(PEOPLE_ONE);
	const bool in = people_try(&l);

	return in && l.prompts == 0;
}

static void check_bypassed(void)
{
	const bool yes = desk_said_yes();

	desk_must_go_on();
	crash_must(!yes || passes(), "a code is asked for");
	if (!yes) {
		desk_must_succeed(bypass_one, NULL);
		crash_must(passes(), "a code is asked for behind a second one");
	}
	/* By a name alone nobody gets in, whatever was opened. */
	crash_must(!people_get_in(PEOPLE_ONE, "123456"), "a stranger gets in");
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	desk_check_other();
}

/* Nothing but the directories. */
static void make_empty(void)
{
	people_make(NULL);
	ph_clock(0);
	for (int i = 0; i < 2 * STORE_DECOYS; i++) {
		char key[STORE_KEY_MAX], tail[STORE_KEY_MAX + 8];

		store_decoy_name(key, i % 2 == 0 ? "enroll" : "hot", (unsigned char)(i / 2));
		(void)snprintf(tail, sizeof(tail), "state/%s", key);
		(void)unlink(ph_path(tail));
	}
	(void)unlink(ph_path("state/hot/" PEOPLE_ONE));
	(void)unlink(ph_path("state/enroll/" PEOPLE_ONE));
	(void)unlink(ph_path("state/hot/" PEOPLE_OTHER));
	(void)unlink(ph_path("state/enroll/" PEOPLE_OTHER));
	(void)unlink(ph_path("state/machine-id"));
	(void)unlink(ph_path("etc/keyring"));
}

static bool may_be_made(const char *path)
{
	return strcmp(path, "etc/keyring") == 0 || strcmp(path, "state/machine-id") == 0 ||
	    strncmp(path, "state/enroll/.", 14) == 0 || strncmp(path, "state/hot/.", 11) == 0;
}

static void check_init(void)
{
	const bool yes = desk_said_yes();

	crash_must(!people_get_in(PEOPLE_NEW, "123456"), "who is not enrolled gets in");
	if (!yes)
		desk_must_succeed(init, NULL);
	crash_must(!people_get_in("pbcrash-nobody", "123456"), "a stranger gets in");
	crash_must(ph_logged("*verdict=not_enrolled *"), "a stranger meets no decoy");
	ph_enroll(&people_one, PEOPLE_ONE, 20001);
	people_must_get_in(&people_one, ph_code(&people_one, 1), "the right code");
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "a removal", .make = desk_make, .tool = remove_one, .check = check_removed,
	        .most = 60},
	    {.name = "a removal of one of two devices", .make = make_two_devices,
	        .tool = remove_phone, .check = check_one_left, .most = 60},
	    {.name = "new recovery codes", .make = desk_make, .tool = recovery_one,
	        .check = check_codes, .most = 60},
	    {.name = "an invitation", .make = make_inviting, .tool = invite_new,
	        .check = check_invited, .may_come = may_be_new, .most = 60},
	    {.name = "a bypass", .make = desk_make, .tool = bypass_one, .check = check_bypassed,
	        .most = 60},
	    {.name = "the first init", .make = make_empty, .tool = init, .check = check_init,
	        .may_come = may_be_made, .most = 20, .head = 60, .tail = 20},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
