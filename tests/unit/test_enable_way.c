/* Who can still get in while `bastionctl enable` is under way, and SELinux's labels. */
#include "tests/unit/scratch.h"

#include "policy/enable_label.h"
#include "policy/enable_login.h"
#include "policy/enable_way.h"

#include <sys/xattr.h>

static struct scratch sc;
static struct enable_way way;

static int make(void **state)
{
	(void)state;
	scratch_make(&sc);
	way = (struct enable_way){.conf = &sc.conf, .now = SCRATCH_NOW};
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static void enrol(const char *user, int64_t locked_since)
{
	struct record_enroll r = scratch_enroll(1, 77);
	struct record_hot h = scratch_hot(&r);

	h.locked_since = locked_since;
	scratch_user(&sc, user, &r, &h);
}

static void no_admin(const char *why)
{
	char user[WHO_NAME_MAX + 1];
	struct err e = {0};

	assert_int_equal(enable_way_admin(&way, user, &e), ERR_REFUSED);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, why);
}

static void an_enrolled_root_is_an_admin(void **state)
{
	char user[WHO_NAME_MAX + 1];
	struct err e = {0};

	(void)state;
	assert_int_equal(enable_way_anybody(&way, &e), 0);
	no_admin("no admin is enrolled");
	enrol("root", 0);
	assert_int_equal(enable_way_admin(&way, user, &e), 0);
	assert_string_equal(user, "root");
	way.caller = "nobody"; /* no admin himself */
	assert_int_equal(enable_way_admin(&way, user, &e), 0);
	assert_string_equal(user, "root");
	assert_int_equal(enable_way_anybody(&way, &e), 1);
}

static void who_is_named_must_be_fit_himself(void **state)
{
	(void)state;
	enrol("root", 0);
	way.named = "nobody";
	no_admin("nobody: cannot become root");
	way.named = "no such user";
	no_admin("there is no such account");
}

static void a_locked_admin_is_none(void **state)
{
	(void)state;
	enrol("root", SCRATCH_NOW - 5);
	no_admin("no admin is enrolled");
	way.named = "root";
	no_admin("enroll-mfa unlock root");
}

static void a_user_who_cannot_become_root_is_no_admin(void **state)
{
	(void)state;
	enrol("nobody", 0);
	no_admin("no admin is enrolled");
}

static void a_way_to_enroll_is_open_by_word_at_the_prompt_or_by_day(void **state)
{
	(void)state;
	assert_true(enable_way_to_enroll(&way, ENABLE_SSHD)); /* enroll = invite */
	assert_false(enable_way_to_enroll(&way, ENABLE_SUDO));
	sc.conf.enroll = CONF_ENROLL_ADMIN;
	assert_false(enable_way_to_enroll(&way, ENABLE_SSHD));
	sc.conf.enroll_by = SCRATCH_NOW + 86400;
	assert_true(enable_way_to_enroll(&way, ENABLE_SSHD));
	assert_true(enable_way_to_enroll(&way, ENABLE_SUDO));
	sc.conf.enroll_by = SCRATCH_NOW - 1;
	assert_false(enable_way_to_enroll(&way, ENABLE_SUDO));
	sc.conf.enroll_by = SCRATCH_NOW + INT64_C(400) * 86400;
	assert_false(enable_way_to_enroll(&way, ENABLE_SUDO));
}

static void labels_count_only_where_they_are_enforced(void **state)
{
	char enforce[512], other[512];
	const char *const dirs[2] = {sc.dir, other};
	struct err e = {0};

	(void)state;
	scratch_path(&sc, enforce, "enforce");
	scratch_path(&sc, other, "not-there");
	assert_int_equal(enable_label_check(enforce, dirs, &e), 0);
	scratch_write(enforce, "0", 1, 0600);
	assert_int_equal(enable_label_check(enforce, dirs, &e), 0);
	scratch_write(enforce, "1", 1, 0600);
	assert_int_equal(enable_label_check(enforce, dirs, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, "restorecon -R /tmp/"));
	/* Not every file system and kernel takes labels. */
	if (setxattr(sc.dir, "security.selinux", "u:r:tmp_t:s0", 13, 0) == 0) {
		assert_int_equal(enable_label_check(enforce, dirs, &e), ERR_REFUSED);
		assert_int_equal(setxattr(sc.dir, "security.selinux",
		    "system_u:object_r:var_auth_t:s0", 32, 0), 0);
		assert_int_equal(enable_label_check(enforce, dirs, &e), 0);
	}
}

static void a_login_counts_when_it_is_newer_than_the_files(void **state)
{
	struct enable_login here = {.audit = ENABLE_NO_AUDIT, .pid = 4711, .start = 1000};
	struct enable_moment since;
	struct err e = {0};

	(void)state;
	assert_int_equal(enable_login_now(&since, &e), 0);
	since.ticks = 999;
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, ENABLE_NO_AUDIT, &since, &e), 0);
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 5, &since, &e), 0);
	here.audit = 5; /* the same session, whatever the processes say */
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 5, &since, &e), ERR_REFUSED);
	assert_int_equal(enable_login_is_new(ENABLE_SUDO, &here, 5, &since, &e), 0);
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 6, &since, &e), 0);
	since.ticks = 1000;
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 6, &since, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, "process 4711"));
	here.pid = 0;
	since.ticks = 0;
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 6, &since, &e), ERR_REFUSED);
	/* After a reboot everybody has logged in anew. */
	here.pid = 4711;
	since.ticks = UINT64_MAX;
	memcpy(since.boot, "another", 8);
	assert_int_equal(enable_login_is_new(ENABLE_SSHD, &here, 6, &since, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_enrolled_root_is_an_admin, make, drop),
	    cmocka_unit_test_setup_teardown(who_is_named_must_be_fit_himself, make, drop),
	    cmocka_unit_test_setup_teardown(a_locked_admin_is_none, make, drop),
	    cmocka_unit_test_setup_teardown(a_user_who_cannot_become_root_is_no_admin, make, drop),
	    cmocka_unit_test_setup_teardown(
	        a_way_to_enroll_is_open_by_word_at_the_prompt_or_by_day, make, drop),
	    cmocka_unit_test_setup_teardown(labels_count_only_where_they_are_enforced, make, drop),
	    cmocka_unit_test_setup_teardown(
	        a_login_counts_when_it_is_newer_than_the_files, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
