/*
 * A typing error denies, before any prompt, and the log names the file, the line
 * and the reason; nothing falls back to something weaker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define CONF "etc/pam_bastion.conf"

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

/* A right code is not even asked for; the detail is what the pattern says. */
static void assert_denied(const char *detail)
{
	struct ph_login l = ph_stranger("alice");
	char pattern[512];

	ph_forget();
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SERVICE_ERR);
	ph_end(&l);
	assert_string_equal(l.said, "");
	(void)snprintf(pattern, sizeof(pattern), "user=alice verdict=error reason=config "
	    "source=203.0.113.7 service=bastion detail=\"%s\"", detail);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged(pattern));
	assert_int_equal(ph_log[0].priority, LOG_ERR);
}

static void assert_lets_in(void)
{
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	ph_later(PH_PERIOD);
}

static void malformed_line_denies_with_file_line_and_reason(void **state)
{
	static const struct { const char *text, *detail; } lines[] = {
	    {"window = 1\nnonsense\n", "*/" CONF ":2: 'nonsense' is not 'key = value'"},
	    {"# comment\n\nwindwo = 1\n", "*/" CONF ":3: unknown key 'windwo'"},
	    {"window =\n", "*/" CONF ":1: 'window' has no value"},
	    {"= 1\n", "*/" CONF ":1: unknown key ''"},
	    {"window = 3\n", "*/" CONF ":1: window: '3' is not a whole number from 0 to 2"},
	    {"window = -1\n", "*/" CONF ":1: window: *"},
	    {"window = 1x\n", "*/" CONF ":1: window: *"},
	    {"window = 1 1\n", "*/" CONF ":1: window: *"},
	    {"retry = 0\n", "*/" CONF ":1: retry: *from 1 to 5"},
	    {"retry = 6\n", "*/" CONF ":1: retry: *"},
	    {"retry = 99999999999999999999\n", "*/" CONF ":1: retry: *"},
	    {"lock_after = 0\n", "*/" CONF ":1: lock_after: *"},
	    {"lock_after = 101\n", "*/" CONF ":1: lock_after: *"},
	    {"throttle_free = 0\n", "*/" CONF ":1: throttle_free: *"},
	    {"throttle_base = 30\n", "*/" CONF ":1: throttle_base: *"},
	    {"throttle_base = 0s\n", "*/" CONF ":1: throttle_base: *"},
	    {"throttle_max = 1s\n", "*/" CONF ": throttle_max (1s) is less than *"},
	    {"window = 1\nwindow = 1\n", "*/" CONF ":2: 'window' is given twice"},
	    {"store = /var/lib/x\n", "*/" CONF ":1: store: *"},
	    {"store = redis://h\n", "*/" CONF ":1: store: *"},
	    {"store = file:relative\n", "*/" CONF ":1: store: *"},
	    {"state_dir = /a/../b\n", "*/" CONF ":1: state_dir: *"},
	    {"issuer = a:b\n", "*/" CONF ":1: issuer: *"},
	    {"enroll = anybody\n", "*/" CONF ":1: enroll: *"},
	    {"enroll_by = 2027-02-29\n", "*/" CONF ":1: enroll_by: *"},
	    {"remember = 24h\n", "*/" CONF ":1: remember: *"},
	    {"require = alice\n", "*/" CONF ":1: require: *"},
	    {"exempt = user:alice\n", "*/" CONF ":1: exempt: needs 'until YYYY-MM-DD'*"},
	    {"exempt = user:alice@10.0.0.1/8 until 2027-03-01\n",
	    "*/" CONF ":1: exempt: '10.0.0.1/8' is not a network *"},
	    {"need_auth\n", "*/" CONF ":1: 'need_auth' is not 'key = value'"},
	    {"conf = /etc/x\n", "*/" CONF ":1: unknown key 'conf'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ph_configure_raw(lines[i].text);
		assert_denied(lines[i].detail);
	}
	ph_configure(NULL);
	assert_lets_in();
}

static void key_whose_feature_is_not_built_denies(void **state)
{
	static const char *const lines[] = {"store = dynamodb:t", "store = etcd:h",
	    "helper_dir = /usr/libexec", "store_timeout = 5s", "breach_filter = /f", "breach_at_login = no"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ph_configure_raw(lines[i]);
		assert_denied("*/" CONF ":1: *this version*");
	}
}

static void pam_line_error_denies_and_names_the_line(void **state)
{
	static const struct { const char *words, *detail; } lines[] = {
	    {"nullok", "*: unknown word 'nullok'"},
	    {"need_auth", "*: 'need_auth' belongs on a line of type account"},
	    {"windwo=1", "*: unknown key 'windwo'"},
	    {"window=9", "*: window: '9' is not *"},
	    {"window=1 window=1", "*: 'window' is given twice"},
	    {"window=", "*: 'window' has no value"},
	    {"retry=0", "*: retry: *"},
	    {"enroll_here=yes", "*: unknown key 'enroll_here'"},
	    {"reserve after_password", "*: 'reserve' and 'after_password' cannot stand on one *"},
	    {"use_first_pass", "*: 'use_first_pass' belongs on a line of type password"},
	    {"exempt=user:alice", "*: exempt: needs 'until YYYY-MM-DD'*"},
	    {"[exempt=user:alice until 2027-02-29]", "*: exempt: 'until 2027-02-29' is not *"},
	    {"remember=13h", "*: remember: *"},
	    {"require=alice", "*: require: 'alice' is not *"},
	    {"enroll_by=tomorrow", "*: enroll_by: *"},
	    {"throttle_base=2h", "*: throttle_max (3600s) is less than *"},
	    {"conf=/etc/other", "*: 'conf' is given twice"},
	    {"AFTER_PASSWORD", "*: unknown word *"},
	    {"after_password=yes", "*: unknown key 'after_password'"},
	};
	char detail[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ph_words(lines[i].words, "");
		(void)snprintf(detail, sizeof(detail), "%s", lines[i].detail);
		assert_denied(detail);
	}
	ph_words("windwo=1", "");
	assert_denied("PAM service bastion, auth line: unknown key 'windwo'");
}

static void pam_line_replaces_the_file(void **state)
{
	(void)state;
	ph_configure("window = 0\n");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_AUTH_ERR);
	ph_words("retry=1 window=1", "");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
}

static void file_without_last_newline_and_with_crlf_is_read(void **state)
{
	char text[2048];

	(void)state;
	(void)snprintf(text, sizeof(text), "# c\r\nstore = file:%s\r\nstate_dir=%s\r\n"
	    "   keyring\t=\t%s   # behind\r\n\r\nwindow = 0", ph_path("state"),
	    ph_path("state"), ph_path("etc/keyring"));
	ph_configure_raw(text);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_AUTH_ERR);
	assert_lets_in();
}

static void named_file_must_exist(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path(CONF)), 0);
	assert_denied("*/" CONF ": No such file or directory");
}

static void unsafe_file_denies(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path(CONF), 0664), 0);
	assert_denied("*/" CONF ": mode 0664; *");
	assert_int_equal(chmod(ph_path(CONF), 0646), 0);
	assert_denied("*/" CONF ": mode 0646; *");
	assert_int_equal(chmod(ph_path(CONF), 0644), 0);
	assert_int_equal(chown(ph_path(CONF), 20001, 0), 0);
	assert_denied("*/" CONF ": belongs to uid 20001, *");
	assert_int_equal(chown(ph_path(CONF), 0, 0), 0);
	assert_lets_in();
}

static void unsafe_directory_of_the_file_denies(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path("etc"), 0777), 0);
	assert_denied("*/etc: mode 0777 lets others write; *");
	assert_int_equal(chmod(ph_path("etc"), 0755), 0);
	assert_lets_in();
}

static void link_fifo_or_directory_instead_of_the_file_denies(void **state)
{
	(void)state;
	assert_int_equal(rename(ph_path(CONF), ph_path("etc/real")), 0);
	assert_int_equal(symlink("real", ph_path(CONF)), 0);
	assert_denied("*/" CONF ": *");
	assert_int_equal(unlink(ph_path(CONF)), 0);
	assert_int_equal(mkfifo(ph_path(CONF), 0600), 0);
	assert_denied("*/" CONF ": is not a regular file");
	assert_int_equal(unlink(ph_path(CONF)), 0);
	assert_int_equal(mkdir(ph_path(CONF), 0755), 0);
	assert_denied("*/" CONF ": *");
	assert_int_equal(rmdir(ph_path(CONF)), 0);
}

static void huge_file_and_long_line_deny(void **state)
{
	char *text = malloc(70000);

	(void)state;
	assert_non_null(text);
	memset(text, '#', 70000);
	text[2000] = '\0';
	ph_configure_raw(text);
	assert_denied("*/" CONF ":1: longer than 1023 bytes");
	for (int i = 0; i < 70000; i += 2)
		text[i] = '#', text[i + 1] = '\n';
	text[69999] = '\0';
	ph_configure_raw(text);
	assert_denied("*/" CONF ": is longer than *");
	free(text);
}

static void nul_byte_denies(void **state)
{
	FILE *f = fopen(ph_path(CONF), "we");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fwrite("window = 1\nretry = 1\0\n", 1, 22, f), 22);
	assert_int_equal(fclose(f), 0);
	assert_denied("*/" CONF ":2: a NUL byte");
}

static void relative_conf_path_denies(void **state)
{
	FILE *f = fopen(ph_path("pam.d/" PH_SERVICE), "we");

	(void)state;
	assert_non_null(f);
	assert_true(fprintf(f, "auth required %s conf=pam_bastion.conf\n", ph_module()) > 0);
	assert_int_equal(fclose(f), 0);
	assert_denied("*: conf: 'pam_bastion.conf' is not an absolute path");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(malformed_line_denies_with_file_line_and_reason),
	    TEST(key_whose_feature_is_not_built_denies),
	    TEST(pam_line_error_denies_and_names_the_line),
	    TEST(pam_line_replaces_the_file),
	    TEST(file_without_last_newline_and_with_crlf_is_read),
	    TEST(named_file_must_exist),
	    TEST(unsafe_file_denies),
	    TEST(unsafe_directory_of_the_file_denies),
	    TEST(link_fifo_or_directory_instead_of_the_file_denies),
	    TEST(huge_file_and_long_line_deny),
	    TEST(nul_byte_denies),
	    TEST(relative_conf_path_denies),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
