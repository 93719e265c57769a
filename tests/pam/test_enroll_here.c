/* Enrolment at the prompt: pam_bastion(8), ENROLMENT AT THE PROMPT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include "enroll/pending.h"
#include "lib/core/sshkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define PROMPT "on: Verification code: \n"
#define WRONG "error: Refused: wrong code.\n"
#define NOT_OPEN "error: Refused: enrolment is not open.\n"
#define ENROLLED "info: Enrolled. From now on every login asks for a code.\n"
#define WHERE "source=203.0.113.7 service=bastion"

static struct ph_user alice;
static char said[2048];
static char prompt[8192];
static char word[WORD_TEXT_SIZE];

/* alice has a device; bob has an account and nothing else, and may enrol. */
static int set_up(void **state)
{
	(void)state;
	ph_make("enroll = login\n");
	ph_words("retry=1 enroll_here", "need_auth");
	ph_enroll(&alice, "alice", 20001);
	ph_account("bob", 20002);
	return 0;
}

static int run(struct ph_login l)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = ph_authenticate(&l);
	memcpy(said, l.said, sizeof(said));
	memcpy(prompt, l.prompt, sizeof(prompt));
	if (code == PAM_SUCCESS)
		assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
	return code;
}

static struct ph_login from(const char *source, const char *keys)
{
	struct ph_login l = ph_stranger("bob");

	l.rhost = source;
	l.ssh_auth_info = keys;
	return l;
}

static struct ph_login bob(void)
{
	return from("203.0.113.7", PH_PUBLICKEY);
}

static struct ph_login calling(struct ph_login l, const char *(*call)(struct ph_login *))
{
	ph_answer_call(&l, call);
	return l;
}

static const char *shown_code(struct ph_login *l)
{
	return ph_shown_code(l->prompt, 0);
}

static bool shows_an_enrolment(void)
{
	return strstr(prompt, "authenticator app") != NULL;
}

/* Looks at what is shown there and hangs up.  The code that it is good for, or "". */
static const char *look_at(struct ph_login l)
{
	ph_answer(&l, PH_FAIL, NULL);
	assert_int_equal(run(l), PAM_CONV_ERR);
	return shows_an_enrolment() ? ph_shown_code(prompt, 0) : "";
}

static struct record_enroll record_of(const char *user)
{
	struct record_enroll r;

	ph_read_enroll(user, &r);
	return r;
}

static void invite(uint32_t life)
{
	struct store store;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = "bob", .now = ph_now()};
	struct err e = {0};

	if (store_open(&store, &ph_conf, &e) != 0 || pending_invite(&s, life, word, &e) != 0)
		ph_die("invite: %s", e.text);
	store_close(&store);
}

static void invite_only(void)
{
	ph_configure("enroll = invite\n");
	invite(3600);
}

/* ---- when it is offered ---- */

static void one_prompt_holds_picture_key_and_question(void **state)
{
	int rows = 1;

	(void)state;
	assert_string_not_equal(look_at(bob()), "");
	for (const char *p = prompt; *p != '\0'; p++)
		rows += *p == '\n';
	assert_true(rows <= 24);
	assert_non_null(strstr(prompt, "\u2588"));
	assert_non_null(strstr(prompt, "Code: "));
	assert_true(strncmp(said, "on: ", 4) == 0);
	assert_null(strstr(said, "\non: "));
}

static void offered_only_behind_a_proof(void **state)
{
	(void)state;
	assert_string_equal(look_at(from("203.0.113.7", NULL)), "");
	assert_string_equal(said, PROMPT);
	assert_string_equal(look_at(from("203.0.113.7", "password\n")), "");
	assert_string_not_equal(look_at(bob()), "");
}

static void offered_only_where_the_service_says_so(void **state)
{
	(void)state;
	ph_words("retry=1", "need_auth");
	assert_string_equal(look_at(bob()), "");
	ph_words("retry=1 enroll_here", "need_auth");
	assert_string_not_equal(look_at(bob()), "");
}

static void offered_only_with_enroll_login(void **state)
{
	static const char *const others[] = {"enroll = admin\n", "enroll = invite\n", ""};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ph_configure(others[i]);
		assert_string_equal(look_at(bob()), "");
		assert_string_equal(said, PROMPT);
	}
}

static void user_with_a_device_is_never_offered_one(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	assert_string_equal(look_at(l), "");
	l.ssh_auth_info = PH_OTHER_KEY;
	l.rhost = "198.51.100.9";
	assert_string_equal(look_at(l), "");
	assert_string_equal(said, PROMPT);
}

static void unknown_name_is_never_offered_one(void **state)
{
	struct ph_login l = ph_with_key("carol");

	(void)state;
	assert_string_equal(look_at(l), "");
	assert_int_equal(access(ph_path("state/enroll/carol"), F_OK), -1);
}

/* ---- the code confirms ---- */

static void code_confirms_and_lets_in(void **state)
{
	struct record_enroll r;
	struct sshkey_set set;

	(void)state;
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	assert_non_null(strstr(said, ENROLLED));
	assert_int_equal(ph_lines, 2);
	assert_true(ph_matches("user=bob verdict=shown device=phone key=SHA256:* " WHERE,
	    ph_log[0].text));
	assert_int_equal(ph_log[0].priority, LOG_NOTICE);
	assert_true(ph_logged("user=bob verdict=enrolled method=totp device=phone key=SHA256:* "
	    WHERE " skew=0 store=file ms=#"));
	r = record_of("bob");
	assert_int_equal(r.devices, 1);
	assert_int_equal(r.pendings, 0);
	sshkey_read(PH_PUBLICKEY, &set);
	assert_true(r.device[0].has_key);
	assert_memory_equal(r.device[0].key, set.hash[0], SSHKEY_HASH);
}

static void confirming_code_is_spent(void **state)
{
	(void)state;
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	assert_int_equal(run(ph_typing(bob(), ph_shown_code(prompt, 0))), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT "error: Refused: code already used, wait for the "
	    "next.\n");
}

static void next_login_asks_for_the_next_code_behind_that_key(void **state)
{
	static char key[sizeof(prompt)];

	(void)state;
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	memcpy(key, prompt, sizeof(key));
	ph_later(PH_PERIOD);
	assert_int_equal(run(ph_typing(from("203.0.113.7", PH_OTHER_KEY), ph_shown_code(key, 0))),
	    PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_int_equal(run(ph_typing(bob(), ph_shown_code(key, 0))), PAM_SUCCESS);
	assert_string_equal(said, PROMPT "info: 1 wrong code since 2027-01-15 08:00 UTC, last "
	    "from 203.0.113.7.\n");
}

static void wrong_code_is_counted_and_leaves_it_open(void **state)
{
	struct record_hot h;

	(void)state;
	assert_int_equal(run(ph_typing(bob(), ph_wrong(&alice))), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=wrong key=* " WHERE " store=file ms=#"));
	ph_read_hot("bob", &h);
	assert_int_equal(h.missed.count, 1);
	assert_int_equal(record_of("bob").devices, 0);
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
}

static char first_shown[sizeof(prompt)];

static const char *wrong_at_first(struct ph_login *l)
{
	memcpy(first_shown, l->prompt, sizeof(first_shown));
	return ph_wrong(&alice);
}

static const char *code_of_the_first(struct ph_login *l)
{
	(void)l;
	return ph_shown_code(first_shown, 0);
}

static void second_prompt_asks_for_the_code_alone(void **state)
{
	(void)state;
	ph_words("retry=3 enroll_here", "need_auth");
	assert_int_equal(run(calling(calling(bob(), wrong_at_first), code_of_the_first)),
	    PAM_SUCCESS);
	assert_non_null(strstr(said, WRONG PROMPT "info: 1 wrong code since 2027-01-15 08:00 UTC, "
	    "last from 203.0.113.7.\n" ENROLLED));
	assert_string_equal(prompt, "Verification code: ");
}

static struct ph_user late;

static void enrol_late(void *arg)
{
	(void)arg;
	ph_enroll(&late, "bob", 20002);
}

static void forty_days_later(void *arg)
{
	(void)arg;
	ph_later(40 * 86400);
}

static void begin_grace(void)
{
	ph_make("enroll_by = 2027-02-01\nenroll = login\n");
	ph_account("bob", 20002);
	ph_words("enroll_here", "need_auth");
}

/* What held when the picture was drawn may be over when the answer comes. */
static void empty_answer_is_judged_by_the_time_it_is_given(void **state)
{
	static void (*const meanwhile[])(void *) = {enrol_late, forty_days_later};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ph_login l = ph_with_key("bob");

		begin_grace();
		l.hold = meanwhile[i];
		assert_int_equal(run(ph_typing(l, "")), PAM_AUTH_ERR);
		assert_true(ph_logged("user=bob verdict=error reason=grace_is_over *"));
		ph_clock(PH_NOW);
	}
}

/* Others must not keep somebody out by leaving enrolments open. */
static void grace_lets_in_where_nothing_more_can_be_shown(void **state)
{
	char address[32];

	(void)state;
	begin_grace();
	for (int i = 0; i < RECORD_PENDING + 1; i++) {
		struct ph_login l = ph_with_key("bob");

		(void)snprintf(address, sizeof(address), "198.51.100.%d", i + 1);
		l.rhost = address;
		if (i < RECORD_PENDING)
			ph_answer(&l, PH_FAIL, NULL);
		assert_int_equal(run(l), i < RECORD_PENDING ? PAM_CONV_ERR : PAM_SUCCESS);
	}
	assert_non_null(strstr(ph_log[0].text, "user=bob note=not_shown "));
	assert_true(ph_logged("user=bob verdict=grace *"));
}

static void throttled_place_is_not_judged(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(run(ph_typing(bob(), ph_wrong(&alice))), PAM_AUTH_ERR);
	assert_int_equal(run(calling(bob(), shown_code)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=throttled *"));
	assert_int_equal(record_of("bob").devices, 0);
	ph_later(30);
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
}

/* ---- the other polarity ---- */

/* The picture of the prompt, every half block as two modules, inverted or not. */
static void modules(const char *text, bool invert, char *out)
{
	static const struct {
		const char *block, *halves;
	} blocks[] = {{"\u2588", "##"}, {"\u2580", "#."}, {"\u2584", ".#"}, {" ", ".."}};

	text = strchr(text, '\n') + 1;
	for (const char *end = strrchr(text, '\n'); text < end;) {
		const char *halves = "??";
		size_t n = 1;

		for (size_t i = 0; i < 4; i++)
			if (strncmp(text, blocks[i].block, strlen(blocks[i].block)) == 0) {
				halves = blocks[i].halves;
				n = strlen(blocks[i].block);
			}
		for (int k = 0; *text != '\n' && k < 2; k++)
			*out++ = invert && halves[k] == '#' ? '.' : invert && halves[k] == '.' ? '#' :
			    halves[k];
		if (*text == '\n')
			*out++ = '\n';
		text += n;
	}
	*out = '\0';
}

static const char *type_i(struct ph_login *l)
{
	memcpy(first_shown, l->prompt, sizeof(first_shown));
	return "i";
}

static void i_draws_the_other_polarity_of_the_same_secret(void **state)
{
	static char one[sizeof(prompt)], two[sizeof(prompt)];

	(void)state;
	assert_int_equal(run(calling(calling(bob(), type_i), shown_code)), PAM_SUCCESS);
	assert_int_equal(ph_lines, 2); /* one showing, one enrolment */
	assert_string_not_equal(first_shown, prompt);
	assert_string_equal(strrchr(first_shown, '\n'), strrchr(prompt, '\n'));
	modules(first_shown, true, one);
	modules(prompt, false, two);
	assert_null(strchr(one, '?'));
	assert_string_equal(one, two);
}

static void i_twice_draws_the_first_again(void **state)
{
	(void)state;
	assert_string_not_equal(look_at(bob()), "");
	memcpy(first_shown, prompt, sizeof(first_shown));
	assert_string_not_equal(look_at(ph_typing(ph_typing(bob(), "i"), "I")), "");
	assert_string_equal(prompt, first_shown);
}

static void endless_i_ends(void **state)
{
	struct ph_login l = bob();

	(void)state;
	for (int i = 0; i < 12; i++)
		l = ph_typing(l, "i");
	assert_int_equal(run(l), PAM_CONV_ERR);
	assert_int_equal(record_of("bob").devices, 0);
}

/* ---- places ---- */

static void second_source_or_key_never_sees_the_same_secret(void **state)
{
	static const struct {
		const char *source, *keys;
	} places[] = {{"203.0.113.7", PH_PUBLICKEY}, {"203.0.113.8", PH_PUBLICKEY},
	    {"203.0.113.7", PH_OTHER_KEY}, {"203.0.113.7", PH_PUBLICKEY PH_OTHER_KEY}};
	char codes[4][8];

	(void)state;
	for (int i = 0; i < 4; i++) {
		(void)snprintf(codes[i], sizeof(codes[i]), "%s",
		    look_at(from(places[i].source, places[i].keys)));
		assert_true(ph_matches("user=bob verdict=shown device=*", ph_log[0].text));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(codes[i], codes[k]);
	}
	/* And each its own again. */
	for (int i = 0; i < 4; i++)
		assert_string_equal(look_at(from(places[i].source, places[i].keys)), codes[i]);
}

static void same_place_sees_it_again_for_15_minutes(void **state)
{
	(void)state;
	(void)look_at(bob());
	memcpy(first_shown, prompt, sizeof(first_shown));
	assert_true(ph_matches("user=bob verdict=shown device=phone *", ph_log[0].text));
	ph_later(899);
	(void)look_at(bob());
	assert_string_equal(prompt, first_shown);
	assert_true(ph_matches("user=bob verdict=shown reason=again device=phone *",
	    ph_log[0].text));
	ph_later(1);
	(void)look_at(bob());
	assert_string_not_equal(prompt, first_shown);
	assert_int_equal(record_of("bob").pendings, 1);
	/* Of what is gone no code is good. */
	assert_int_equal(run(calling(bob(), code_of_the_first)), PAM_AUTH_ERR);
}

static void at_most_four_are_open(void **state)
{
	char source[32];

	(void)state;
	for (int i = 0; i < 4; i++) {
		(void)snprintf(source, sizeof(source), "198.51.100.%d", i + 1);
		assert_string_not_equal(look_at(from(source, PH_PUBLICKEY)), "");
		ph_later(10);
	}
	assert_int_equal(run(bob()), PAM_AUTH_ERR);
	assert_string_equal(said, NOT_OPEN);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=bob verdict=error reason=refused key=* " WHERE
	    " detail=\"4 enrolments of bob are open; *\""));
	assert_int_equal(record_of("bob").pendings, 4);
	/* Those that have one keep it; the oldest makes room by itself. */
	assert_string_not_equal(look_at(from("198.51.100.1", PH_PUBLICKEY)), "");
	ph_later(900 - 40);
	assert_string_not_equal(look_at(bob()), "");
}

static void code_is_judged_against_its_own_only(void **state)
{
	(void)state;
	(void)look_at(from("198.51.100.1", PH_PUBLICKEY));
	memcpy(first_shown, prompt, sizeof(first_shown));
	assert_int_equal(run(calling(bob(), code_of_the_first)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=wrong *"));
	assert_int_equal(record_of("bob").devices, 0);
}

/* Somebody else confirms while the prompt waits. */
static const char *confirm_elsewhere_first(struct ph_login *l)
{
	static char mine[8];

	(void)snprintf(mine, sizeof(mine), "%s", ph_shown_code(l->prompt, 0));
	assert_int_equal(run(calling(from("198.51.100.1", PH_OTHER_KEY), shown_code)), PAM_SUCCESS);
	assert_non_null(strstr(said, ENROLLED "info: 1 other enrolment of this account had been "
	    "shown elsewhere, last at 2027-01-15 08:0"));
	assert_non_null(strstr(said, " UTC; if that was not you, tell the administrator.\n"));
	return mine;
}

static void first_right_code_wins_and_the_others_are_gone(void **state)
{
	struct record_enroll r;

	(void)state;
	assert_int_equal(run(calling(bob(), confirm_elsewhere_first)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=not_enrolled reason=pending_gone *"));
	r = record_of("bob");
	assert_int_equal(r.devices, 1);
	assert_int_equal(r.pendings, 0);
	/* And from now on nothing is offered. */
	assert_string_equal(look_at(bob()), "");
	assert_string_equal(said, PROMPT);
}

/* The administrator enrols the owner while somebody waits at the prompt. */
static const char *enroll_by_admin_first(struct ph_login *l)
{
	static struct ph_user owner;
	static char mine[8];

	(void)snprintf(mine, sizeof(mine), "%s", ph_shown_code(l->prompt, 0));
	owner = (struct ph_user){.name = "bob", .uid = 20002};
	ph_enroll_device(&owner, "desk");
	return mine;
}

static void enrolment_by_the_administrator_ends_what_is_shown(void **state)
{
	(void)state;
	assert_int_equal(run(calling(bob(), enroll_by_admin_first)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=not_enrolled reason=pending_gone *"));
	assert_int_equal(record_of("bob").devices, 1);
	assert_string_equal(record_of("bob").device[0].name, "desk");
}

/* sudo and the console know no keys. */
static void device_of_a_key_is_good_where_no_key_can_be_proven(void **state)
{
	static char key[sizeof(prompt)];
	struct ph_login l = {.user = "bob", .tty = "/dev/pts/1"};

	(void)state;
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	memcpy(key, prompt, sizeof(key));
	ph_later(PH_PERIOD);
	assert_int_equal(run(ph_typing(l, ph_shown_code(key, 0))), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=ok method=totp device=phone source=local:0 *"));
	/* Over ssh without the key it is not. */
	ph_later(PH_PERIOD);
	assert_int_equal(run(ph_typing(ph_stranger("bob"), ph_shown_code(key, 0))), PAM_AUTH_ERR);
}

static const char *fifteen_minutes_late(struct ph_login *l)
{
	ph_later(900);
	return ph_shown_code(l->prompt, 0);
}

static void code_after_15_minutes_is_refused(void **state)
{
	(void)state;
	assert_int_equal(run(calling(bob(), fifteen_minutes_late)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=not_enrolled reason=pending_gone *"));
}

/* ---- hanging up ---- */

static void hanging_up_at_any_prompt_leaves_it_open_and_nothing_in_force(void **state)
{
	for (int at = 0; at < 4; at++) {
		struct ph_login l;

		(void)set_up(state);
		ph_words("retry=3 enroll_here", "need_auth");
		l = bob();
		for (int i = 0; i < at; i++)
			l = ph_typing(l, i == 0 ? "i" : "hello");
		ph_answer(&l, PH_FAIL, NULL);
		assert_int_equal(run(l), PAM_CONV_ERR);
		assert_true(ph_logged("*verdict=error reason=conversation *"));
		assert_int_equal(record_of("bob").devices, 0);
		assert_int_equal(record_of("bob").pendings, 1);
		ph_later(60);
		assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	}
}

/* ---- an empty answer ---- */

static void empty_answer_lets_in_within_grace_only(void **state)
{
	(void)state;
	assert_int_equal(run(ph_typing(bob(), "")), PAM_AUTH_ERR);
	ph_configure("enroll = login\nenroll_by = 2027-01-31\n");
	assert_int_equal(run(ph_typing(bob(), " ")), PAM_SUCCESS);
	assert_non_null(strstr(said, "info: You are not enrolled yet."));
	assert_int_equal(ph_lines, 2);
	assert_true(ph_logged("user=bob verdict=grace key=* " WHERE));
	assert_int_equal(record_of("bob").devices, 0);
	/* A wrong code is no empty one. */
	assert_int_equal(run(ph_typing(bob(), "123456")), PAM_AUTH_ERR);
	ph_configure("enroll = login\nenroll_by = 2027-01-14\n");
	assert_int_equal(run(ph_typing(bob(), "")), PAM_AUTH_ERR);
}

static void empty_answer_to_the_prompt_for_the_word_lets_in_within_grace(void **state)
{
	(void)state;
	invite_only();
	assert_int_equal(run(ph_typing(bob(), "")), PAM_AUTH_ERR);
	ph_configure("enroll = invite\nenroll_by = 2027-01-31\n");
	assert_int_equal(run(ph_typing(bob(), "")), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=grace key=* " WHERE));
	assert_int_equal(run(ph_typing(bob(), "AAAA-BBBB-CCCC-DDDD")), PAM_AUTH_ERR);
	/* Also behind the right word. */
	assert_int_equal(run(ph_typing(ph_typing(bob(), word), "")), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=grace key=* " WHERE));
}

/* ---- an invitation ---- */

static void word_opens_the_enrolment(void **state)
{
	(void)state;
	invite_only();
	assert_int_equal(run(calling(ph_typing(bob(), word), shown_code)), PAM_SUCCESS);
	assert_true(strncmp(said, PROMPT "on: ", strlen(PROMPT "on: ")) == 0);
	assert_int_equal(ph_lines, 2);
	assert_true(ph_matches("user=bob verdict=shown device=phone *", ph_log[0].text));
	assert_true(ph_logged("user=bob verdict=enrolled *"));
	assert_int_equal(record_of("bob").devices, 1);
}

static void invitation_is_spent_by_the_code_and_not_by_showing(void **state)
{
	(void)state;
	invite_only();
	for (int i = 0; i < 3; i++) {
		assert_string_not_equal(look_at(ph_typing(bob(), word)), "");
		assert_true(record_of("bob").invite.open);
	}
	assert_int_equal(run(ph_typing(ph_typing(bob(), word), ph_wrong(&alice))), PAM_AUTH_ERR);
	assert_true(record_of("bob").invite.open);
	assert_int_equal(run(calling(ph_typing(bob(), word), shown_code)), PAM_SUCCESS);
	assert_false(record_of("bob").invite.open);
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_true(ph_logged("user=bob verdict=wrong *"));
}

static void invitation_is_spent_by_an_enrolment_on_first_trust(void **state)
{
	(void)state;
	invite(3600);
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	assert_false(record_of("bob").invite.open);
}

static void wrong_or_expired_word_is_refused_and_counted(void **state)
{
	struct record_hot h;

	(void)state;
	invite_only();
	assert_int_equal(run(ph_typing(bob(), "AAAA-BBBB-CCCC-DDDD")), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_true(ph_logged("user=bob verdict=invalid_invite key=* " WHERE " store=file ms=#"));
	ph_later(3600);
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	ph_read_hot("bob", &h);
	assert_int_equal(h.missed.count, 2);
	ph_later(-3601); /* a start later than now */
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
}

static void word_is_nothing_without_a_proof_or_elsewhere(void **state)
{
	(void)state;
	invite_only();
	assert_int_equal(run(ph_typing(ph_stranger("bob"), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_int_equal(run(ph_typing(ph_with_key("alice"), word)), PAM_AUTH_ERR);
	ph_words("retry=1", "need_auth");
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
	ph_words("retry=1 enroll_here", "need_auth");
	ph_configure("enroll = admin\n");
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_int_equal(record_of("bob").pendings, 0);
	ph_later(3000);
	ph_configure("enroll = invite\n");
	assert_string_not_equal(look_at(ph_typing(bob(), word)), "");
}

static void word_is_not_judged_in_a_delay(void **state)
{
	(void)state;
	invite_only();
	for (int i = 0; i < 3; i++)
		assert_int_equal(run(ph_typing(bob(), ph_wrong(&alice))), PAM_AUTH_ERR);
	assert_int_equal(run(ph_typing(bob(), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT "error: Refused: too many tries.\n");
	assert_true(ph_logged("user=bob verdict=throttled *"));
	ph_later(30);
	assert_string_not_equal(look_at(ph_typing(bob(), word)), "");
}

static void word_lets_nobody_in_by_itself(void **state)
{
	struct ph_login l = bob();

	(void)state;
	invite_only();
	ph_words("retry=5 enroll_here", "need_auth");
	for (int i = 0; i < 6; i++)
		l = ph_typing(l, word);
	assert_int_equal(run(l), PAM_AUTH_ERR);
	assert_int_equal(record_of("bob").devices, 0);
}

static void two_people_with_one_word_see_two_secrets(void **state)
{
	char first[8];

	(void)state;
	invite_only();
	(void)snprintf(first, sizeof(first), "%s", look_at(ph_typing(bob(), word)));
	assert_string_not_equal(look_at(ph_typing(from("198.51.100.1", PH_OTHER_KEY), word)), first);
}

/* A shared account: the invitation is for the second person. */
static void word_adds_the_device_of_another_person(void **state)
{
	static char theirs[sizeof(prompt)];
	const struct ph_login other = from("198.51.100.1", PH_OTHER_KEY);

	(void)state;
	assert_int_equal(run(calling(bob(), shown_code)), PAM_SUCCESS);
	assert_string_equal(look_at(other), ""); /* without a word nothing is offered */
	invite_only();
	assert_int_equal(run(calling(ph_typing(other, word), shown_code)), PAM_SUCCESS);
	memcpy(theirs, prompt, sizeof(theirs));
	assert_int_equal(record_of("bob").devices, 2);
	assert_string_equal(record_of("bob").device[1].name, "phone-2");
	ph_later(PH_PERIOD);
	assert_int_equal(run(ph_typing(bob(), ph_shown_code(theirs, 0))), PAM_AUTH_ERR);
	assert_int_equal(run(ph_typing(other, ph_shown_code(theirs, 0))), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=ok method=totp device=phone-2 key=SHA256:* "
	    "source=198.51.100.1 *"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_prompt_holds_picture_key_and_question),
	    TEST(offered_only_behind_a_proof),
	    TEST(offered_only_where_the_service_says_so),
	    TEST(offered_only_with_enroll_login),
	    TEST(user_with_a_device_is_never_offered_one),
	    TEST(unknown_name_is_never_offered_one),
	    TEST(code_confirms_and_lets_in),
	    TEST(confirming_code_is_spent),
	    TEST(next_login_asks_for_the_next_code_behind_that_key),
	    TEST(wrong_code_is_counted_and_leaves_it_open),
	    TEST(second_prompt_asks_for_the_code_alone),
	    TEST(empty_answer_is_judged_by_the_time_it_is_given),
	    TEST(grace_lets_in_where_nothing_more_can_be_shown),
	    TEST(throttled_place_is_not_judged),
	    TEST(i_draws_the_other_polarity_of_the_same_secret),
	    TEST(i_twice_draws_the_first_again),
	    TEST(endless_i_ends),
	    TEST(second_source_or_key_never_sees_the_same_secret),
	    TEST(same_place_sees_it_again_for_15_minutes),
	    TEST(at_most_four_are_open),
	    TEST(code_is_judged_against_its_own_only),
	    TEST(first_right_code_wins_and_the_others_are_gone),
	    TEST(enrolment_by_the_administrator_ends_what_is_shown),
	    TEST(device_of_a_key_is_good_where_no_key_can_be_proven),
	    TEST(code_after_15_minutes_is_refused),
	    TEST(hanging_up_at_any_prompt_leaves_it_open_and_nothing_in_force),
	    TEST(empty_answer_lets_in_within_grace_only),
	    TEST(empty_answer_to_the_prompt_for_the_word_lets_in_within_grace),
	    TEST(word_opens_the_enrolment),
	    TEST(invitation_is_spent_by_the_code_and_not_by_showing),
	    TEST(invitation_is_spent_by_an_enrolment_on_first_trust),
	    TEST(wrong_or_expired_word_is_refused_and_counted),
	    TEST(word_is_nothing_without_a_proof_or_elsewhere),
	    TEST(word_is_not_judged_in_a_delay),
	    TEST(word_lets_nobody_in_by_itself),
	    TEST(two_people_with_one_word_see_two_secrets),
	    TEST(word_adds_the_device_of_another_person),
	};

	return cmocka_run_group_tests_name("enroll_here", tests, NULL, NULL);
}
