/* What a login leaves: in the log no secret, on the disk no new file.  (Of its process:
 * test_leftover.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

/* Every kind of login once. */
static void log_in_every_way(void)
{
	struct ph_login l = ph_with_key("alice");

	(void)ph_try(ph_with_key("alice"), ph_code(&alice, 0));
	(void)ph_try(ph_with_key("alice"), ph_code(&alice, 0));
	(void)ph_try(ph_stranger("alice"), ph_wrong(&alice));
	(void)ph_try(ph_stranger("no-such-name"), "123456");
	ph_answer(&l, PH_FAIL, NULL);
	ph_start(&l);
	(void)ph_authenticate(&l);
	(void)pam_acct_mgmt(l.pamh, 0);
	(void)pam_setcred(l.pamh, PAM_ESTABLISH_CRED);
	ph_end(&l);
	ph_later(3600);
}

/* A process that logs in many people loads it once. */
static void module_stays_loaded_between_logins(void **state)
{
	void *module;

	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	module = dlopen(ph_module(), RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(module);
	(void)dlclose(module);
}

static void records_are_private_whatever_the_umask(void **state)
{
	struct stat st;

	(void)state;
	(void)umask(0);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	(void)umask(022);
	assert_int_equal(stat(ph_path("state/hot/alice"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 8192);
}

static void login_leaves_no_new_file(void **state)
{
	char before[64], after[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		int n = 0;
		static const char *const dirs[] = {"state", "state/hot", "state/enroll", "etc"};

		for (size_t k = 0; k < sizeof(dirs) / sizeof(dirs[0]); k++) {
			DIR *d = opendir(ph_path(dirs[k]));

			assert_non_null(d);
			while (readdir(d) != NULL)
				n++;
			(void)closedir(d);
		}
		(void)snprintf(i == 0 ? before : after, sizeof(before), "%d", n);
		log_in_every_way();
	}
	assert_string_equal(after, before);
}

/* The log of the program, with `debug`, against everything that was typed. */

static char log_text[PH_LINES * 300];

static void assert_not_in_log(const char *secret)
{
	if (strlen(secret) >= 6 && strstr(log_text, secret) != NULL)
		fail_msg("'%s' is in the log:\n%s", secret, log_text);
}

static void gather_log(void)
{
	size_t n = 0;

	for (int i = 0; i < ph_lines; i++)
		n += (size_t)snprintf(log_text + n, sizeof(log_text) - n, "%s\n", ph_log[i].text);
	assert_true(n < sizeof(log_text));
}

static void to_base32(const struct record_device *d, char out[128])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned int bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < d->secret_len; i++) {
		bits = bits << 8 | d->secret[i];
		for (have += 8; have >= 5; have -= 5)
			out[n++] = digits[bits >> (have - 5) & 31];
	}
	out[n] = '\0';
}

static void to_hex(const struct record_device *d, char out[160])
{
	for (size_t i = 0; i < d->secret_len; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", d->secret[i]);
}

static void debug_logs_no_code_and_no_secret(void **state)
{
	char typed[10][OTP_CODE_SIZE], base32[128], hex[160], joined[32];
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_words_below("auth optional pam_exec.so quiet expose_authtok /bin/true\n",
	    "retry=1 debug after_password");
	ph_answer(&l, PH_TYPE, "correct-horse-password");
	for (int i = 0; i < 10; i++) {
		struct ph_login k = l;

		memcpy(typed[i], i % 3 == 0 ? ph_code(&alice, 0) : ph_wrong(&alice),
		    sizeof(typed[i]));
		if (i < 8)
			(void)ph_try(k, typed[i]); /* ok, wrong, replay, throttled */
		else
			(void)ph_try(k, alice.recovery[i == 9]);
		if (i == 4)
			ph_later(7200);
	}
	(void)ph_try(l, alice.recovery[0]);
	(void)ph_try(l, "an-over-long-answer-that-holds-a-secret-and-does-not-end-soon-"
	    "enough-to-be-judged");
	/* Sealed, but not what it should be. */
	assert_int_equal(truncate(ph_path("state/hot/alice"), 100), 0);
	(void)ph_try(l, ph_wrong(&alice));
	assert_true(ph_logged("user=alice verdict=error reason=record_bad *"));
	gather_log();
	assert_non_null(strstr(log_text, "account=yes proven=yes"));
	assert_non_null(strstr(log_text, "verdict=ok method=totp"));
	assert_non_null(strstr(log_text, "verdict=ok method=recovery"));
	assert_non_null(strstr(log_text, "verdict=replay method=recovery"));
	assert_non_null(strstr(log_text, "verdict=throttled"));

	for (int i = 0; i < 10; i++)
		assert_not_in_log(typed[i]);
	for (int i = 0; i < RECORD_CODES; i++) {
		const char *c = alice.recovery[i];

		assert_not_in_log(c);
		(void)snprintf(joined, sizeof(joined), "%.4s%.4s%.4s%.4s", c, c + 5, c + 10, c + 15);
		assert_not_in_log(joined);
	}
	to_base32(&alice.device, base32);
	to_hex(&alice.device, hex);
	assert_not_in_log(base32);
	assert_not_in_log(hex);
	assert_not_in_log("correct-horse-password");
	assert_not_in_log("an-over-long-answer");
}

static void debug_names_the_path_of_the_decision(void **state)
{
	(void)state;
	ph_words("retry=2 debug window=2", "");
	assert_int_equal(ph_try(ph_with_key("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(ph_lines, 2);
	assert_true(ph_matches("account=yes proven=yes conf=*/etc/pam_bastion.conf retry=2 "
	    "window=2", ph_log[0].text));
}

static void every_decision_is_one_line(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_words("retry=4", "");
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_answer(&l, PH_TYPE, "");
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(ph_lines, 4);
	for (int i = 0; i < ph_lines; i++)
		assert_null(strchr(ph_log[i].text, '\n'));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(module_stays_loaded_between_logins),
	    TEST(records_are_private_whatever_the_umask),
	    TEST(login_leaves_no_new_file),
	    TEST(debug_logs_no_code_and_no_secret),
	    TEST(debug_names_the_path_of_the_decision),
	    TEST(every_decision_is_one_line),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
