/* Who may log in, where the directory of accounts does not answer: gather_logins.h, sshd_said.h. */
#include "tests/unit/audit_said.h"

#include "policy/audit/gather_logins.h"
#include "policy/sshd_said.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>

#define EXPORTED __attribute__((visibility("default")))

static bool groups_fail, list_ends_early;

EXPORTED struct group *getgrgid(gid_t gid)
{
	struct group *(*libc)(gid_t) = (struct group *(*)(gid_t))dlsym(RTLD_NEXT, "getgrgid");

	if (!groups_fail)
		return libc(gid);
	errno = EIO;
	return NULL;
}

EXPORTED struct passwd *getpwent(void)
{
	struct passwd *(*libc)(void) = (struct passwd *(*)(void))dlsym(RTLD_NEXT, "getpwent");

	if (!list_ends_early)
		return libc();
	errno = EIO;
	return NULL;
}

static int set_up(void **state)
{
	(void)state;
	groups_fail = list_ends_early = false;
	host = (struct facts){.count = 0};
	host_result = (struct result){.count = 0};
	host_text("listeners", "sshd", "");
	return 0;
}

static void gather(void)
{
	const struct gather_request q = {.config = "/no/such/file"};
	struct logins people;

	gather_logins(&host, &q, &people);
	logins_free(&people);
}

static void group_that_cannot_be_looked_up_refuses_nobody(void **state)
{
	const struct sshd_login root = {.user = "root"}, unknown = {.user = LOGINS_NOBODY};
	static const char said[] = "allowgroups alice\n";
	char why[200] = "";

	(void)state;
	assert_int_equal(sshd_said_refuses(said, &root, true, why, sizeof(why)), 1);
	groups_fail = true;
	assert_int_equal(sshd_said_refuses(said, &root, true, why, sizeof(why)), -1);
	assert_string_equal(why, "AllowGroups: Input/output error");
	assert_int_equal(sshd_said_refuses(said, &unknown, true, why, sizeof(why)), 1);
}

static void groups_that_were_looked_up_once_are_not_asked_for_again(void **state)
{
	static char staff[] = "staff";
	char *groups[] = {staff}, why[200];
	const struct sshd_login root = {.user = "root", .group = groups, .groups = 1};

	(void)state;
	groups_fail = true;
	assert_int_equal(sshd_said_refuses("allowgroups alice\n", &root, true, why, sizeof(why)), 1);
	assert_int_equal(sshd_said_refuses("allowgroups st*\n", &root, true, why, sizeof(why)), 0);
	assert_int_equal(sshd_said_refuses("denygroups staff\n", &root, true, why, sizeof(why)), 1);
}

static void login_whose_groups_are_not_told_is_an_error(void **state)
{
	(void)state;
	gather();
	assert_int_equal(facts_get(&host, "login", "root")->is, FACT_TEXT);
	assert_int_equal(facts_get(&host, "login", "*")->is, FACT_UNKNOWN);
	groups_fail = true;
	gather();
	assert_int_equal(facts_get(&host, "login", "root")->is, FACT_TROUBLE);
	host_says("MFA-11", AUDIT_ERROR, "login root: cannot be told: Input/output error");
}

static void list_of_logins_that_ends_in_an_error_is_an_error(void **state)
{
	(void)state;
	list_ends_early = true;
	gather();
	assert_int_equal(facts_get(&host, "login", "*")->is, FACT_TROUBLE);
	host_says("MFA-11", AUDIT_ERROR, "login *: cannot be told: Input/output error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, host_tear_down)
	    TEST(group_that_cannot_be_looked_up_refuses_nobody),
	    TEST(groups_that_were_looked_up_once_are_not_asked_for_again),
	    TEST(login_whose_groups_are_not_told_is_an_error),
	    TEST(list_of_logins_that_ends_in_an_error_is_an_error)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
