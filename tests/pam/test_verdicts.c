/* Every verdict of the shipped module: PAM code, words said, line logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define WRONG_SAID "on: Verification code: \nerror: Refused: wrong code.\n"
#define WHERE "source=203.0.113.7 service=bastion "

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

static void assert_logged(int priority, const char *pattern)
{
	assert_true(ph_logged(pattern));
	assert_int_equal(ph_log[ph_lines - 1].priority, priority);
}

static void right_code_lets_in(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
	assert_string_equal(l.said, "on: Verification code: \n");
	assert_int_equal(ph_lines, 1);
	assert_logged(LOG_INFO, "user=alice verdict=ok method=totp device=phone " WHERE
	    "skew=0 store=file ms=#");
}

static void right_code_by_the_real_clock_lets_in(void **state)
{
	(void)state;
	ph_clock(0);
	ph_enroll(&alice, "alice", 20001);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void neighbours_in_the_window_let_in_with_their_skew(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, -1)), PAM_SUCCESS);
	assert_logged(LOG_INFO, "*device=phone " WHERE "skew=-1 store=file ms=#");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
	assert_logged(LOG_INFO, "*device=phone " WHERE "skew=1 store=file ms=#");
}

static void codes_outside_the_window_are_wrong(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, -2)), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 2)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=wrong " WHERE "store=file ms=#");
}

static void window_0_takes_the_present_code_only(void **state)
{
	(void)state;
	ph_words("retry=1 window=0", "");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, -1)), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void blanks_and_dashes_in_a_code_do_not_matter(void **state)
{
	const char *code = ph_code(&alice, 0);
	char typed[16];

	(void)state;
	(void)snprintf(typed, sizeof(typed), " %.3s-%.3s ", code, code + 3);
	assert_int_equal(ph_try(ph_stranger("alice"), typed), PAM_SUCCESS);
}

static void wrong_code_is_refused(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	ph_end(&l);
	assert_string_equal(l.said, WRONG_SAID);
	assert_int_equal(ph_lines, 1);
	assert_logged(LOG_NOTICE, "user=alice verdict=wrong " WHERE "store=file ms=#");
}

static void same_code_is_refused_twice(void **state)
{
	const char *code = ph_code(&alice, 0);

	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), code), PAM_SUCCESS);
	assert_int_equal(ph_try(ph_stranger("alice"), code), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=replay method=totp device=phone " WHERE
	    "skew=0 store=file ms=#");
	ph_later(PH_PERIOD);
	assert_int_equal(ph_try(ph_stranger("alice"), code), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void earlier_step_after_a_later_one_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=replay *");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, -1)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=replay *");
}

static void clock_set_back_accepts_nothing_old(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	ph_later(-3600);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=replay *");
}

static void three_wrong_codes_then_throttled(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ph_try(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
		assert_true(ph_logged("user=alice verdict=wrong *"));
	}
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=throttled " WHERE "store=file ms=#");
	ph_later(29);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=throttled *"));
	ph_later(1);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void wrong_codes_elsewhere_do_not_delay_a_known_source(void **state)
{
	struct ph_login elsewhere = ph_stranger("alice");

	(void)state;
	elsewhere.rhost = "198.51.100.9";
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ph_try(elsewhere, ph_wrong(&alice)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=throttled *"));
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
}

/* lock_after = 5 wrong codes behind a key, from five sources. */
static void lock(void)
{
	struct ph_login l = ph_with_key("alice");
	char rhost[32];

	ph_words("retry=1 lock_after=5 throttle_base=1s throttle_max=1s", "need_auth");
	for (int i = 0; i < 5; i++) {
		(void)snprintf(rhost, sizeof(rhost), "198.51.100.%d", i + 1);
		l.rhost = rhost;
		assert_int_equal(ph_try(l, ph_wrong(&alice)), PAM_AUTH_ERR);
		assert_true(ph_logged("user=alice verdict=wrong *"));
		ph_later(2);
	}
}

static void wrong_codes_behind_a_key_lock_at_the_bound(void **state)
{
	(void)state;
	lock();
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=locked " WHERE "store=file ms=#");
	ph_later(86400);
	assert_int_equal(ph_try(ph_with_key("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=locked *"));
}

static void wrong_codes_without_a_first_factor_never_lock(void **state)
{
	(void)state;
	ph_words("retry=1 lock_after=1 throttle_base=1s throttle_max=1s", "");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ph_try(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
		ph_later(2);
	}
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void recovery_code_lets_in_once(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, alice.recovery[3]);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_end(&l);
	assert_string_equal(l.said, "on: Verification code: \ninfo: 9 recovery codes left.\n");
	assert_logged(LOG_INFO, "user=alice verdict=ok method=recovery " WHERE "store=file ms=#");
	assert_int_equal(ph_try(ph_stranger("alice"), alice.recovery[3]), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=alice verdict=replay method=recovery " WHERE
	    "store=file ms=#");
	assert_int_equal(ph_try(ph_stranger("alice"), alice.recovery[4]), PAM_SUCCESS);
}

static void recovery_code_opens_a_locked_user(void **state)
{
	(void)state;
	lock();
	assert_int_equal(ph_try(ph_stranger("alice"), alice.recovery[0]), PAM_SUCCESS);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void recovery_codes_of_before_end_with_a_new_enrolment(void **state)
{
	struct ph_user before = alice;

	(void)state;
	ph_enroll_device(&alice, "phone");
	assert_int_equal(ph_try(ph_stranger("alice"), before.recovery[0]), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&before, 0)), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void second_device_is_named_in_the_log(void **state)
{
	struct ph_user tablet = alice;

	(void)state;
	ph_enroll_device(&tablet, "my tablet");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&tablet, 0)), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=ok method=totp device=my\\x20tablet *"));
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=ok method=totp device=phone *"));
}

static void account_without_device_is_not_enrolled(void **state)
{
	(void)state;
	ph_account("bob", 20002);
	assert_int_equal(ph_try(ph_stranger("bob"), "123456"), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=bob verdict=not_enrolled " WHERE "store=file ms=#");
}

static void account_without_device_is_not_enrolled_behind_a_key(void **state)
{
	(void)state;
	ph_account("bob", 20002);
	assert_int_equal(ph_try(ph_with_key("bob"), "123456"), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=not_enrolled key=SHA256:* " WHERE
	    "store=file ms=#"));
}

static void real_account_is_found(void **state)
{
	struct ph_user root;

	(void)state;
	ph_enroll(&root, "root", 0);
	assert_int_equal(ph_try(ph_stranger("root"), ph_code(&root, 0)), PAM_SUCCESS);
}

static void unknown_name_is_not_enrolled(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("no-such-name"), "123456"), PAM_AUTH_ERR);
	assert_logged(LOG_NOTICE, "user=no-such-name verdict=not_enrolled reason=no_account "
	    WHERE "store=file ms=#");
}

static void record_without_account_lets_nobody_in(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_account("gone", 20003);
	ph_enroll(&alice, "gone", 20003);
	ph_nss_fails = true;
	assert_int_equal(ph_try(ph_stranger("gone"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=gone verdict=not_enrolled reason=no_account *"));
	ph_nss_fails = false;
	assert_int_equal(ph_try(ph_stranger("gone"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void key_is_the_name_that_getpwnam_returns(void **state)
{
	(void)state;
	ph_alias("ALICE@corp", "alice");
	assert_int_equal(ph_try(ph_stranger("ALICE@corp"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=ok *"));
}

static void directory_name_logs_in(void **state)
{
	struct ph_user corp;

	(void)state;
	ph_enroll(&corp, "a.b@corp", 20004);
	assert_int_equal(ph_try(ph_stranger("a.b@corp"), ph_code(&corp, 0)), PAM_SUCCESS);
	assert_int_equal(access(ph_path("state/hot/a.b@corp"), F_OK), 0);
}

static void names_cannot_forge_a_log_line(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("x verdict=ok\nuser=\"root\""), "123456"),
	    PAM_AUTH_ERR);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=x\\x20verdict\\x3dok\\x0auser\\x3d\\x22root\\x22 "
	    "verdict=not_enrolled reason=no_account *"));
}

static void remote_name_is_logged_escaped_and_never_known(void **state)
{
	struct ph_login l = ph_stranger("alice");
	struct record_hot hot;

	(void)state;
	l.rhost = "evil.example\nuser=root";
	assert_int_equal(ph_try(l, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_true(ph_logged("* source=evil.example\\x0auser\\x3droot *"));
	ph_read_hot("alice", &hot);
	for (int i = 0; i < RECORD_KNOWN; i++)
		assert_int_equal(hot.known[i].since, 0);
}

static void local_login_is_logged_with_the_callers_uid(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/tty1"};

	(void)state;
	assert_int_equal(ph_try(l, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_true(ph_logged("* source=local:0 service=bastion *"));
}

/* Checked against the documented form: unpadded base64 of the blob's SHA-256. */
static void key_is_logged_as_ssh_keygen_prints_it(void **state)
{
	static const char base64[] =
	    "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
	unsigned char blob[sizeof(base64)], md[32], text[64];
	char pattern[160];

	(void)state;
	assert_int_equal(EVP_DecodeBlock(blob, (const unsigned char *)base64,
	    sizeof(base64) - 1), 51);
	assert_int_equal(EVP_Digest(blob, 51, md, NULL, EVP_sha256(), NULL), 1);
	assert_int_equal(EVP_EncodeBlock(text, md, 32), 44);
	(void)snprintf(pattern, sizeof(pattern), "* device=phone key=SHA256:%.43s source=*",
	    (const char *)text);
	assert_int_equal(ph_try(ph_with_key("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_true(ph_logged(pattern));
}

static void sha512_and_8_digits_log_in(void **state)
{
	struct record_enroll enroll;

	(void)state;
	ph_read_enroll("alice", &enroll);
	enroll.device[0].algorithm = RECORD_SHA512;
	enroll.device[0].digits = 8;
	enroll.device[0].period = 60;
	ph_change_enroll("alice", &enroll);
	alice.device = enroll.device[0];
	assert_int_equal(strlen(ph_code(&alice, 0)), 8);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0) + 2), PAM_AUTH_ERR);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(right_code_lets_in),
	    TEST(right_code_by_the_real_clock_lets_in),
	    TEST(neighbours_in_the_window_let_in_with_their_skew),
	    TEST(codes_outside_the_window_are_wrong),
	    TEST(window_0_takes_the_present_code_only),
	    TEST(blanks_and_dashes_in_a_code_do_not_matter),
	    TEST(wrong_code_is_refused),
	    TEST(same_code_is_refused_twice),
	    TEST(earlier_step_after_a_later_one_is_refused),
	    TEST(clock_set_back_accepts_nothing_old),
	    TEST(three_wrong_codes_then_throttled),
	    TEST(wrong_codes_elsewhere_do_not_delay_a_known_source),
	    TEST(wrong_codes_behind_a_key_lock_at_the_bound),
	    TEST(wrong_codes_without_a_first_factor_never_lock),
	    TEST(recovery_code_lets_in_once),
	    TEST(recovery_code_opens_a_locked_user),
	    TEST(recovery_codes_of_before_end_with_a_new_enrolment),
	    TEST(second_device_is_named_in_the_log),
	    TEST(account_without_device_is_not_enrolled),
	    TEST(account_without_device_is_not_enrolled_behind_a_key),
	    TEST(real_account_is_found),
	    TEST(unknown_name_is_not_enrolled),
	    TEST(record_without_account_lets_nobody_in),
	    TEST(key_is_the_name_that_getpwnam_returns),
	    TEST(directory_name_logs_in),
	    TEST(names_cannot_forge_a_log_line),
	    TEST(remote_name_is_logged_escaped_and_never_known),
	    TEST(local_login_is_logged_with_the_callers_uid),
	    TEST(key_is_logged_as_ssh_keygen_prints_it),
	    TEST(sha512_and_8_digits_log_in),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
