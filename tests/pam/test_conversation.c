/* What is asked and said: the same for everybody, more only when proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define PROMPT "on: Verification code: \n"
#define WRONG "error: Refused: wrong code.\n"
#define USED "error: Refused: code already used, wait for the next.\n"
#define TOO_MANY "error: Refused: too many tries.\n"
#define WHERE "source=203.0.113.7 service=bastion "
/* Asks for a password, which it sets as PAM_AUTHTOK. */
#define PASSWORD_LINE "auth optional pam_exec.so quiet expose_authtok /bin/true\n"

static struct ph_user alice;
static char said[2048];

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

/* With decoys that nobody has been judged by. */
static int set_up_anew(void **state)
{
	ph_remove();
	return set_up(state);
}

/* An authentication with the answers that l has; what was said is in said. */
static int run(struct ph_login l)
{
	int code;

	ph_start(&l);
	code = ph_authenticate(&l);
	ph_end(&l);
	memcpy(said, l.said, sizeof(said));
	return code;
}

static int run_one(struct ph_login l, const char *answer)
{
	ph_answer(&l, PH_TYPE, answer);
	return run(l);
}

static void failing_conversation_ends_the_login(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_words("retry=5", "");
	ph_answer(&l, PH_FAIL, NULL);
	assert_int_equal(run(l), PAM_CONV_ERR);
	assert_string_equal(said, PROMPT);
	/* libpam logs "conversation failed" itself, before that. */
	assert_true(ph_logged("user=alice verdict=error reason=conversation "
	    "source=203.0.113.7 service=bastion"));
	assert_int_equal(ph_log[ph_lines - 1].priority, LOG_ERR);
}

static void conversation_that_fails_after_a_wrong_code_ends_the_login(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_words("retry=5", "");
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_answer(&l, PH_FAIL, NULL);
	assert_int_equal(run(l), PAM_CONV_ERR);
	assert_string_equal(said, PROMPT WRONG PROMPT);
}

static void assert_not_counted(void)
{
	struct record_hot hot;

	ph_read_hot("alice", &hot);
	assert_int_equal(hot.missed.count, 0);
	assert_int_equal(run_one(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_string_equal(said, PROMPT);
}

static void empty_answers_are_refused_and_not_counted(void **state)
{
	static const char *const empty[] = {"", " ", "\t \r", "-"};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		assert_int_equal(run_one(ph_stranger("alice"), empty[i]), PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
		assert_true(ph_logged("user=alice verdict=wrong reason=empty " WHERE "store=file ms=#"));
	}
	assert_not_counted();
}

static void null_answers_are_refused_and_not_counted(void **state)
{
	static const enum ph_how hows[] = {PH_NULL, PH_NOTHING};

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct ph_login l = ph_stranger("alice");

		ph_answer(&l, hows[i % 2], NULL);
		assert_int_equal(run(l), PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
		assert_true(ph_logged("user=alice verdict=wrong reason=empty " WHERE "store=file ms=#"));
	}
	assert_not_counted();
}

static void answer_of_64_KiB_is_refused_and_not_counted(void **state)
{
	char *answer = malloc(65536 + 1);

	(void)state;
	assert_non_null(answer);
	memset(answer, '1', 65536);
	answer[65536] = '\0';
	for (int i = 0; i < 4; i++) {
		assert_int_equal(run_one(ph_stranger("alice"), answer), PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
		assert_true(ph_logged("user=alice verdict=wrong reason=over_long " WHERE "store=file ms=#"));
	}
	/* A right code does not become wrong, nor right, by what is behind it. */
	memcpy(answer, ph_code(&alice, 0), 6);
	assert_int_equal(run_one(ph_stranger("alice"), answer), PAM_AUTH_ERR);
	free(answer);
	assert_not_counted();
}

static void odd_answers_are_wrong(void **state)
{
	static const char *const odd[] = {"12345", "123456789", "12345a", "%s%n", "٠٠٠٠٠٠",
	    "\xff\xfe", "ABCD-EFGH-IJKL-MNO", "ABCD-EFGH-IJKL-MNO1", "+12345", "0x1234"};

	(void)state;
	ph_words("retry=1 throttle_free=20", "");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(run_one(ph_stranger("alice"), odd[i]), PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
		assert_true(ph_logged("user=alice verdict=wrong " WHERE "store=file ms=#"));
	}
}

static void retry_prompts_1_to_5_times(void **state)
{
	char words[64], expected[512];

	(void)state;
	for (int retry = 1; retry <= 5; retry++) {
		struct ph_login l = ph_stranger("alice");

		(void)snprintf(words, sizeof(words), "retry=%d throttle_free=20", retry);
		ph_words(words, "");
		expected[0] = '\0';
		for (int i = 0; i < 6; i++)
			ph_answer(&l, PH_TYPE, ph_wrong(&alice));
		for (int i = 0; i < retry; i++)
			(void)strcat(expected, PROMPT WRONG);
		ph_forget();
		assert_int_equal(run(l), PAM_AUTH_ERR);
		assert_string_equal(said, expected);
		assert_int_equal(ph_lines, retry);
	}
}

static void retry_is_3_unless_told(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_words("", "");
	for (int i = 0; i < 4; i++)
		ph_answer(&l, PH_TYPE, "");
	assert_int_equal(run(l), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG PROMPT WRONG PROMPT WRONG);
}

static void wrong_then_right_in_one_authentication(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_words("", "");
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	assert_int_equal(run(l), PAM_SUCCESS);
	assert_string_equal(said, PROMPT WRONG PROMPT "info: 1 wrong code since "
	    "2027-01-15 08:00 UTC, last from 203.0.113.7.\n");
	assert_int_equal(ph_lines, 2);
	assert_true(ph_logged("user=alice verdict=ok *"));
}

static void owner_is_told_of_wrong_codes_once(void **state)
{
	struct ph_login elsewhere = ph_stranger("alice");

	(void)state;
	elsewhere.rhost = "2001:db8:1:2:3::4";
	assert_int_equal(run_one(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	ph_later(3600);
	assert_int_equal(run_one(elsewhere, ph_wrong(&alice)), PAM_AUTH_ERR);
	ph_later(60);
	assert_int_equal(run_one(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_string_equal(said, PROMPT "info: 2 wrong codes since 2027-01-15 08:00 UTC, "
	    "last from 2001:db8:1:2::/64.\n");
	assert_int_equal(run_one(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
	assert_string_equal(said, PROMPT);
}

/* sudo always asks for silence; what somebody else has tried is told once, so it must
 * not go unseen. */
static void silent_gives_the_reason_and_the_notices(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	l.flags = PAM_SILENT;
	assert_int_equal(run_one(l, ph_wrong(&alice)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT "error: Refused: wrong code.\n");
	assert_int_equal(run_one(l, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_string_equal(said, PROMPT "info: 1 wrong code since 2027-01-15 08:00 UTC, "
	    "last from 203.0.113.7.\n");
	assert_int_equal(run_one(l, alice.recovery[0]), PAM_SUCCESS);
	assert_string_equal(said, PROMPT "info: 9 recovery codes left.\n");
}

static void recovery_code_tells_of_wrong_codes_and_makes_the_source_known(void **state)
{
	struct record_hot hot;

	(void)state;
	assert_int_equal(run_one(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	assert_int_equal(run_one(ph_stranger("alice"), alice.recovery[0]), PAM_SUCCESS);
	assert_string_equal(said, PROMPT "info: 1 wrong code since 2027-01-15 08:00 UTC, "
	    "last from 203.0.113.7.\ninfo: 9 recovery codes left.\n");
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.known[0].since, ph_now());
	assert_int_equal(run_one(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_string_equal(said, PROMPT);
}

static void last_recovery_code_is_counted_down(void **state)
{
	static const char *const left[RECORD_CODES] = {"9 recovery codes", "8 recovery codes",
	    "7 recovery codes", "6 recovery codes", "5 recovery codes", "4 recovery codes",
	    "3 recovery codes", "2 recovery codes", "1 recovery code", "0 recovery codes"};
	char expected[128];

	(void)state;
	for (int i = 0; i < RECORD_CODES; i++) {
		(void)snprintf(expected, sizeof(expected), PROMPT "info: %s left.\n", left[i]);
		assert_int_equal(run_one(ph_stranger("alice"), alice.recovery[i]), PAM_SUCCESS);
		assert_string_equal(said, expected);
	}
}

/* Texts behind a proven first factor, and without one. */

static void spend_code(void)
{
	ph_later(PH_PERIOD);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void assert_tells_replay(struct ph_login l, const char *text)
{
	assert_int_equal(run_one(l, ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_non_null(strstr(said, text));
	assert_true(ph_logged("user=alice verdict=replay *"));
}

static void public_key_in_ssh_is_a_proof(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	spend_code();
	assert_tells_replay(l, PROMPT USED);
	l.ssh_auth_info = "password\n" PH_PUBLICKEY;
	assert_tells_replay(l, PROMPT USED);
}

static void other_methods_and_other_ttys_are_no_proof(void **state)
{
	static const char *const infos[] = {"", "\n", "password\n", "publickey",
	    "gssapi-with-mic\n", "hostbased ssh-ed25519 AAAA\n", "password publickey x\n",
	    " publickey x\n", "Publickey ssh-ed25519 AAAA\n"};
	struct ph_login l = ph_stranger("alice");

	(void)state;
	spend_code();
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		l.ssh_auth_info = infos[i];
		assert_tells_replay(l, PROMPT WRONG);
	}
	l.ssh_auth_info = PH_PUBLICKEY;
	l.tty = "/dev/pts/1";
	assert_tells_replay(l, PROMPT WRONG);
	l.tty = NULL;
	assert_tells_replay(l, PROMPT WRONG);
}

static struct ph_login behind_a_password(const char *password)
{
	struct ph_login l = {.user = "alice", .rhost = "203.0.113.7", .tty = "/dev/pts/1"};

	ph_answer(&l, PH_TYPE, password);
	return l;
}

static void password_before_after_password_is_a_proof(void **state)
{
	(void)state;
	spend_code();
	ph_words_below(PASSWORD_LINE, "retry=1 after_password");
	assert_tells_replay(behind_a_password("secret"), PROMPT USED);
	assert_true(strncmp(said, "off: Password: \n", 16) == 0);
}

static void password_or_the_word_alone_is_no_proof(void **state)
{
	struct ph_login l = {.user = "alice", .rhost = "203.0.113.7", .tty = "/dev/pts/1"};

	(void)state;
	spend_code();
	ph_words_below(PASSWORD_LINE, "retry=1");
	assert_tells_replay(behind_a_password("secret"), PROMPT WRONG);
	ph_words("retry=1 after_password", "");
	assert_tells_replay(l, PROMPT WRONG);
	ph_words_below(PASSWORD_LINE, "retry=1 after_password");
	assert_tells_replay(behind_a_password(""), PROMPT WRONG);
}

static void as_caller(uid_t uid, struct ph_login l, const char *text)
{
	assert_int_equal(setresuid(uid, 0, 0), 0);
	assert_tells_replay(l, text);
	assert_int_equal(setresuid(0, 0, 0), 0);
}

static void callers_own_uid_with_after_login_is_a_proof(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/pts/1"};

	(void)state;
	spend_code();
	ph_words("retry=1 after_login", "");
	as_caller(20001, l, PROMPT USED);
}

static void other_uids_root_and_ssh_are_no_proof(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/pts/1"};

	(void)state;
	spend_code();
	ph_words("retry=1", "");
	as_caller(20001, l, PROMPT WRONG);
	ph_words("retry=1 after_login", "");
	as_caller(20002, l, PROMPT WRONG);
	as_caller(0, l, PROMPT WRONG);
	l.tty = "ssh";
	as_caller(20001, l, PROMPT WRONG);
	/* root's own uid is never one. */
	ph_account("alice", 0);
	ph_enroll(&alice, "root", 0);
	l = (struct ph_login){.user = "root", .tty = "/dev/pts/1"};
	ph_later(PH_PERIOD);
	assert_int_equal(ph_try(l, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(run_one(l, ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
}

static void too_many_tries_is_said_behind_a_proof_only(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(run_one(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	assert_int_equal(run_one(ph_with_key("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT TOO_MANY);
	assert_true(ph_logged("user=alice verdict=throttled *"));
	assert_int_equal(run_one(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
}

static void proven_stranger_without_a_device_hears_the_same(void **state)
{
	(void)state;
	ph_account("bob", 20002);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run_one(ph_with_key("bob"), "123456"), PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
	}
	assert_int_equal(run_one(ph_with_key("bob"), "123456"), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT TOO_MANY);
}

/* Nobody has a decoy's secret; who guesses its code still learns nothing. */
static void right_code_of_a_decoy_is_refused_like_a_wrong_one(void **state)
{
	static const char *const names[] = {"bob", "no-such-name"};

	(void)state;
	ph_account("bob", 20002);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(run_one(ph_with_key(names[i]), ph_decoy_code(names[i])),
		    PAM_AUTH_ERR);
		assert_string_equal(said, PROMPT WRONG);
		assert_true(ph_matches("user=* verdict=not_enrolled *",
		    ph_log[ph_lines - 1].text));
	}
}

/* Three wrong answers of each kind of user, without a proof. */
static void strangers_cannot_tell_users_apart(void **state)
{
	static const char *const names[] = {"alice", "tired", "shut", "unenrolled",
	    "no-such-name", "broken", "..", "a/b", "%00", " "};
	struct ph_user tired, shut, broken;
	struct record_hot hot;
	char first[sizeof(said)] = "";

	(void)state;
	ph_enroll(&tired, "tired", 20002);
	ph_enroll(&shut, "shut", 20003);
	ph_enroll(&broken, "broken", 20004);
	ph_account("unenrolled", 20005);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ph_try(ph_stranger("tired"), ph_wrong(&tired)), PAM_AUTH_ERR);
	ph_read_hot("shut", &hot);
	hot.locked_since = ph_now();
	ph_change_hot("shut", &hot);
	assert_int_equal(truncate(ph_path("state/hot/broken"), 10), 0);
	ph_words("retry=3", "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ph_login l = ph_stranger(names[i]);

		for (int k = 0; k < 3; k++)
			ph_answer(&l, PH_TYPE, "246802");
		assert_int_equal(run(l), PAM_AUTH_ERR);
		if (i == 0)
			memcpy(first, said, sizeof(first));
		assert_string_equal(said, first);
	}
	assert_string_equal(first, PROMPT WRONG PROMPT WRONG PROMPT WRONG);
}

/* The prompt holds nothing, and what is known then is looked up again. */

static int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static int descriptors_at_prompt;

static void look_around(void *code)
{
	descriptors_at_prompt = count_descriptors();
	/* Somebody else is quicker with the same code. */
	assert_int_equal(ph_try(ph_stranger("alice"), code), PAM_SUCCESS);
}

static void nothing_is_held_and_everything_read_after_the_answer(void **state)
{
	struct ph_login l = ph_stranger("alice");
	char code[OTP_CODE_SIZE];
	int before;

	(void)state;
	memcpy(code, ph_code(&alice, 0), sizeof(code));
	ph_answer(&l, PH_TYPE, code);
	l.hold = look_around;
	l.hold_arg = code;
	ph_start(&l);
	before = count_descriptors();
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	ph_end(&l);
	assert_int_equal(descriptors_at_prompt, before);
	assert_true(ph_logged("user=alice verdict=replay *"));
}

static void enrol_now(void *u)
{
	ph_enroll(u, "late", 20007);
}

static void enrolment_during_the_prompt_counts(void **state)
{
	struct ph_login l = ph_stranger("late");
	struct ph_user late = {0};

	(void)state;
	ph_account("late", 20007);
	l.hold = enrol_now;
	l.hold_arg = &late;
	ph_answer(&l, PH_TYPE, late.recovery[0]);
	ph_start(&l);
	/* The text is read when it is asked for: by then it is a code. */
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_end(&l);
}

static void caller_who_is_not_root_is_turned_away_before_the_prompt(void **state)
{
	struct ph_login l = ph_stranger("alice");
	int status = -1;
	pid_t pid;

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresuid(20001, 20001, 20001) != 0)
			_exit(1);
		if (ph_authenticate(&l) != PAM_AUTHINFO_UNAVAIL)
			_exit(2);
		if (l.prompts != 0 || l.said[0] != '\0')
			_exit(3);
		_exit(ph_logged("user=alice verdict=error reason=not_root "
		    "source=203.0.113.7 service=bastion") ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ph_end(&l);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define ANEW(name) cmocka_unit_test_setup(name, set_up_anew)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(failing_conversation_ends_the_login),
	    TEST(conversation_that_fails_after_a_wrong_code_ends_the_login),
	    TEST(empty_answers_are_refused_and_not_counted),
	    TEST(null_answers_are_refused_and_not_counted),
	    TEST(answer_of_64_KiB_is_refused_and_not_counted),
	    TEST(odd_answers_are_wrong),
	    TEST(retry_prompts_1_to_5_times),
	    TEST(retry_is_3_unless_told),
	    TEST(wrong_then_right_in_one_authentication),
	    TEST(owner_is_told_of_wrong_codes_once),
	    TEST(silent_gives_the_reason_and_the_notices),
	    TEST(recovery_code_tells_of_wrong_codes_and_makes_the_source_known),
	    TEST(last_recovery_code_is_counted_down),
	    TEST(public_key_in_ssh_is_a_proof),
	    TEST(other_methods_and_other_ttys_are_no_proof),
	    TEST(password_before_after_password_is_a_proof),
	    TEST(password_or_the_word_alone_is_no_proof),
	    TEST(callers_own_uid_with_after_login_is_a_proof),
	    TEST(other_uids_root_and_ssh_are_no_proof),
	    TEST(too_many_tries_is_said_behind_a_proof_only),
	    ANEW(proven_stranger_without_a_device_hears_the_same),
	    ANEW(right_code_of_a_decoy_is_refused_like_a_wrong_one),
	    TEST(strangers_cannot_tell_users_apart),
	    TEST(nothing_is_held_and_everything_read_after_the_answer),
	    TEST(enrolment_during_the_prompt_counts),
	    TEST(caller_who_is_not_root_is_turned_away_before_the_prompt),
	};

	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
