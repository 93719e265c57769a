/*
 * An enrolment at the prompt of a login, killed or failing at any system call: the device
 * is in force, or the next login shows it again and completes it.
 */
#include "tests/crash/people.h"

#include "enroll/pending.h"

#include <stdio.h>
#include <string.h>

#define WORDS "retry=1 enroll_here"

static char word[WORD_TEXT_SIZE]; /* "": shown without one */

static void make_open(void)
{
	people_make("enroll = login\n");
	word[0] = '\0';
}

static void make_invited(void)
{
	struct store store;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = PEOPLE_NEW};
	struct err e = {0};

	people_make("enroll = invite\n");
	s.now = ph_now();
	if (store_open(&store, &ph_conf, &e) != 0 || pending_invite(&s, 3600, word, &e) != 0)
		ph_die("invite: %s", e.text);
	store_close(&store);
	people_word = word;
}

/* By another way than the one that the question goes: nothing of it is told there. */
static struct ph_login ask(const char *(*call)(struct ph_login *l))
{
	struct ph_login l = ph_with_key(PEOPLE_NEW);

	if (word[0] != '\0')
		ph_answer(&l, PH_TYPE, word);
	ph_answer_call(&l, call);
	return l;
}

static const char *confirm(struct ph_login *l)
{
	crash_seen->step = otp_step(ph_now(), PH_PERIOD);
	return ph_shown_code(l->prompt, 0);
}

static const char *confirm_later(struct ph_login *l)
{
	return ph_shown_code(l->prompt, 1);
}

static void play(void)
{
	crash_seen->login = ask(confirm);
	crash_log_in();
}

static bool told_yes(void)
{
	return crash_seen->code == PAM_SUCCESS ||
	    strstr(crash_seen->login.said, "info: Enrolled.") != NULL;
}

/* One line says that it was shown, another what has become of it. */
static void check_end(void)
{
	int shown = 0, yes = 0;

	if (!crash_seen->ended)
		return;
	for (int i = 0; i < crash_seen->lines && i < CRASH_LOGGED; i++) {
		shown += ph_matches("*verdict=shown *", crash_seen->log[i].text);
		yes += ph_matches("*verdict=enrolled *", crash_seen->log[i].text);
	}
	crash_must(shown <= 1 && crash_seen->lines == shown + 1, "%d lines are logged",
	    crash_seen->lines);
	crash_must((yes == 1) == (crash_seen->code == PAM_SUCCESS),
	    "it ended with %d, and the log says otherwise", crash_seen->code);
	crash_must(yes == 1 || strstr(crash_seen->login.said, "error: Refused: ") != NULL,
	    "it said %.300s", crash_seen->login.said);
	crash_must(yes == 1 || !crash_is_whole(), "it is refused: %.300s",
	    crash_seen->log[crash_seen->lines > 0 ? crash_seen->lines - 1 : 0].text);
}

/* The device is good behind the key that it was enrolled with. */
static bool type(const char *code)
{
	struct ph_login l = ph_typing(ph_with_key(PEOPLE_NEW), code);
	bool in = people_try(&l);

	crash_must(!told_yes() || strstr(l.prompt, "authenticator app") == NULL,
	    "it said yes, and is shown again");
	return in;
}

/* Once more, to its end. */
static void enrol_again(void)
{
	struct ph_login l = ask(confirm_later);

	crash_must(people_try(&l), "a second enrolment is refused: %.300s",
	    ph_lines > 0 ? ph_log[ph_lines - 1].text : "nothing is logged");
	crash_seen->login = l;
}

/* The code behind the one that was typed gets in, or completes what is shown again. */
static void check(void)
{
	struct record_device d;
	bool in;

	ph_words(WORDS, "need_auth");
	in = people_shown(&d) && type(people_shown_code(ph_now() + PH_PERIOD));
	check_end();
	crash_must(in || !told_yes(), "the device is refused");
	if (!in)
		enrol_again();
	crash_must(!type(people_shown_code(ph_now())), "the code that confirmed gets in");
	ph_later(3 * PH_PERIOD);
	crash_must(type(people_shown_code(ph_now())), "the next right code is refused");
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	people_must_get_in(&people_other, ph_code(&people_other, 0), "the right code");
}

static bool may_come(const char *path)
{
	return strcmp(path, "state/enroll/" PEOPLE_NEW) == 0 ||
	    strcmp(path, "state/hot/" PEOPLE_NEW) == 0;
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "an enrolment at the prompt", .words = WORDS, .make = make_open,
	        .play = play, .check = check, .may_come = may_come, .most = 90},
	    {.name = "an enrolment at the prompt by an invitation", .words = WORDS,
	        .make = make_invited, .play = play, .check = check, .may_come = may_come,
	        .most = 90},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
