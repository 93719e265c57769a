/* The word `reserve`: a password is a try that is taken before it is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <stdio.h>
#include <string.h>

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	ph_account("bob", 20002);
	ph_password_stack(false, "", 0);
	return 0;
}

/* One handle: a password, the code when there is one, and account behind a success. */
static int log_in(struct ph_login *l, const char *password, const char *code)
{
	int r;

	ph_answer(l, PH_TYPE, password);
	if (code != NULL)
		ph_answer(l, PH_TYPE, code);
	ph_start(l);
	r = ph_authenticate(l);
	if (r == PAM_SUCCESS)
		r = pam_acct_mgmt(l->pamh, 0);
	ph_end(l);
	return r;
}

static int type(const char *user, const char *password, const char *code)
{
	struct ph_login l = ph_stranger(user);

	return log_in(&l, password, code);
}

static void right_password_is_let_in_and_given_back(void **state)
{
	struct record_hot hot;

	(void)state;
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(ph_judged(), 1);
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.reserveds, 0);
	assert_int_equal(ph_lines, 0);
}

static void wrong_password_is_a_wrong_try(void **state)
{
	struct record_hot hot;

	(void)state;
	assert_int_equal(type("alice", "wrong", NULL), PAM_AUTH_ERR);
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.reserveds, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(right_password_is_let_in_and_given_back),
	    TEST(wrong_password_is_a_wrong_try),
	};

	return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
