/* account and the other groups: need_auth, setcred, session, password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <dlfcn.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define NEED_AUTH "user=alice verdict=error reason=need_auth source=203.0.113.7 service=bastion"

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

static void need_auth_refuses_a_login_without_auth(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
	assert_int_equal(l.prompts, 0);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged(NEED_AUTH));
	assert_int_equal(ph_log[0].priority, LOG_ERR);
}

static void need_auth_passes_behind_a_right_code(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	/* It may be asked again. */
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

static void need_auth_passes_behind_a_recovery_code(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, alice.recovery[0]);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

static void need_auth_refuses_after_a_wrong_code(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
	assert_true(ph_logged(NEED_AUTH));
}

/* A host that sshd names (UseDNS yes) stands in the log as it was named. */
static void trouble_names_the_host_it_came_from(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	l.rhost = "bad.example.net";
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
	assert_true(ph_logged("user=alice verdict=error reason=need_auth "
	    "source=bad.example.net service=bastion"));
}

static void need_auth_refuses_another_user_than_auth_let_in(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_account("bob", 20002);
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_set_item(l.pamh, PAM_USER, "bob"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	assert_true(ph_logged("user=bob verdict=error reason=need_auth *"));
	assert_int_equal(pam_set_item(l.pamh, PAM_USER, "alice"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

static void second_auth_that_fails_takes_the_first_back(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

static void conversation_that_fails_takes_the_first_back(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_answer(&l, PH_FAIL, NULL);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(ph_authenticate(&l), PAM_CONV_ERR);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

static void configuration_that_breaks_takes_the_first_back(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_configure_raw("nonsense\n");
	assert_int_equal(ph_authenticate(&l), PAM_SERVICE_ERR);
	ph_configure(NULL);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

static void mark_ends_with_its_handle(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	assert_int_equal(ph_try(l, ph_code(&alice, 0)), PAM_SUCCESS);
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

static bool no_memory; /* libpam's, for what a module keeps in the handle */

__attribute__((visibility("default"))) int pam_set_data(pam_handle_t *pamh, const char *name,
    void *data, void (*cleanup)(pam_handle_t *, void *, int))
{
	typedef int (*pam_set_data_type)(pam_handle_t *, const char *, void *,
	    void (*)(pam_handle_t *, void *, int));
	const pam_set_data_type libpam = (pam_set_data_type)dlsym(RTLD_NEXT, "pam_set_data");

	return no_memory ? PAM_BUF_ERR : libpam(pamh, name, data, cleanup);
}

/* The exit code of a child: what account says behind an auth, or without one. */
static int account_of_an_exempt_user(bool auth_without_memory)
{
	struct ph_login l = ph_stranger("alice");
	int status, code = PAM_AUTHINFO_UNAVAIL;
	pid_t child = fork();

	if (child == 0) {
		ph_start(&l);
		no_memory = true;
		if (auth_without_memory)
			code = ph_authenticate(&l);
		no_memory = false;
		if (code != PAM_AUTHINFO_UNAVAIL)
			_exit(99);
		_exit(pam_acct_mgmt(l.pamh, 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void exempt_user_is_refused_behind_an_auth_that_had_no_memory(void **state)
{
	(void)state;
	ph_configure("exempt = user:alice until 2027-06-30\n");
	assert_int_equal(account_of_an_exempt_user(false), PAM_SUCCESS);
	assert_int_equal(account_of_an_exempt_user(true), PAM_PERM_DENIED);
}

static void account_without_need_auth_passes(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_words("retry=1", "");
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(ph_lines, 0);
}

static void account_with_a_broken_configuration_refuses(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_words("retry=1", "");
	ph_configure_raw("window = 1\nwindow = 1\n");
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SERVICE_ERR);
	ph_end(&l);
	assert_true(ph_logged("user=alice verdict=error reason=config source=203.0.113.7 "
	    "service=bastion detail=\"*/etc/pam_bastion.conf:2: 'window' is given twice\""));
}

static void account_refuses_unknown_words(void **state)
{
	static const char *const words[] = {"needauth", "need_auth=yes", "after_password",
	    "enroll_here", "reserve", "NEED_AUTH"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct ph_login l = ph_with_key("alice");

		ph_words("retry=1", words[i]);
		ph_start(&l);
		assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SERVICE_ERR);
		ph_end(&l);
		assert_true(ph_logged("user=alice verdict=error reason=config * "
		    "detail=\"PAM service bastion, account line: *\""));
	}
}

static void account_without_auth_asks_and_says_nothing(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/pts/1"};

	(void)state;
	/* cron and the like ask account without auth. */
	ph_words("retry=1", "");
	ph_start(&l);
	assert_int_equal(pam_acct_mgmt(l.pamh, PAM_SILENT), PAM_SUCCESS);
	ph_end(&l);
	assert_string_equal(l.said, "");
}

static void setcred_and_session_succeed_and_do_nothing(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_forget();
	assert_int_equal(pam_setcred(l.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(pam_open_session(l.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_setcred(l.pamh, PAM_REINITIALIZE_CRED), PAM_SUCCESS);
	assert_int_equal(pam_close_session(l.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_setcred(l.pamh, PAM_DELETE_CRED), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(ph_lines, 0);
	assert_string_equal(l.said, "on: Verification code: \n");
}

static void setcred_does_not_set_the_mark(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_start(&l);
	(void)pam_setcred(l.pamh, PAM_ESTABLISH_CRED);
	assert_int_equal(pam_open_session(l.pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

static void every_entry_point_is_found_by_dlsym(void **state)
{
	static const char *const names[] = {"pam_sm_authenticate", "pam_sm_setcred",
	    "pam_sm_acct_mgmt", "pam_sm_open_session", "pam_sm_close_session",
	    "pam_sm_chauthtok"};
	void *so;

	(void)state;
	so = dlopen(ph_module(), RTLD_NOW | RTLD_LOCAL);
	assert_non_null(so);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(dlsym(so, names[i]));
	assert_int_equal(dlclose(so), 0);
}

static void become_bob(void *pamh)
{
	pam_handle_t **h = pamh;

	assert_int_equal(pam_set_item(*h, PAM_USER, "bob"), PAM_SUCCESS);
}

static void name_changed_at_the_prompt_is_not_let_in(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_account("bob", 20002);
	ph_words("", "need_auth");
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	l.hold = become_bob;
	l.hold_arg = &l.pamh;
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=error reason=user_changed *"));
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(need_auth_refuses_a_login_without_auth),
	    TEST(need_auth_passes_behind_a_right_code),
	    TEST(need_auth_passes_behind_a_recovery_code),
	    TEST(trouble_names_the_host_it_came_from),
	    TEST(need_auth_refuses_after_a_wrong_code),
	    TEST(need_auth_refuses_another_user_than_auth_let_in),
	    TEST(second_auth_that_fails_takes_the_first_back),
	    TEST(conversation_that_fails_takes_the_first_back),
	    TEST(configuration_that_breaks_takes_the_first_back),
	    TEST(mark_ends_with_its_handle),
	    TEST(exempt_user_is_refused_behind_an_auth_that_had_no_memory),
	    TEST(account_without_need_auth_passes),
	    TEST(account_with_a_broken_configuration_refuses),
	    TEST(account_refuses_unknown_words),
	    TEST(account_without_auth_asks_and_says_nothing),
	    TEST(setcred_and_session_succeed_and_do_nothing),
	    TEST(setcred_does_not_set_the_mark),
	    TEST(every_entry_point_is_found_by_dlsym),
	    TEST(name_changed_at_the_prompt_is_not_let_in),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
