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
	no_admin("no admin is enrolled");
	enrol("root", 0);
	assert_int_equal(enable_way_admin(&way, user, &e), 0);
	assert_string_equal(user, "root");
	way.caller = "nobody"; /* no admin himself */
	assert_int_equal(enable_way_admin(&way, user, &e), 0);
	assert_string_equal(user, "root");
}

static void who_is_invited_is_not_enrolled(void **state)
{
	struct record_enroll r = {.format = RECORD_FORMAT};
	const struct record_hot h = scratch_hot(&r);
	struct enable_image m;
	struct err e = {0};

	(void)state;
	assert_int_equal(enable_way_image(&way, &m, &e), 0);
	assert_int_equal(m.enrolled + m.invited, 0);
	r.invite.open = true;
	r.invite.since = SCRATCH_NOW - 60;
	r.invite.life = 3600;
	scratch_user(&sc, "no such user", &r, &h);
	assert_int_equal(enable_way_image(&way, &m, &e), 0);
	assert_int_equal(m.enrolled + m.invited, 0);
	scratch_user(&sc, "nobody", &r, &h);
	assert_int_equal(enable_way_image(&way, &m, &e), 0);
	assert_int_equal(m.enrolled, 0);
	assert_int_equal(m.invited, 1);
	assert_string_equal(m.user, "nobody");
	way.now = SCRATCH_NOW + 3600;
	assert_int_equal(enable_way_image(&way, &m, &e), 0);
	assert_int_equal(m.invited, 0);
	enrol("root", 0);
	assert_int_equal(enable_way_image(&way, &m, &e), 0);
	assert_int_equal(m.enrolled, 1);
}

static void record_that_is_not_whole_is_not_nobody(void **state)
{
	struct record_enroll r = scratch_enroll(1, 77);
	struct enable_image m;
	struct err e = {0};

	(void)state;
	scratch_user(&sc, "nobody", &r, NULL);
	assert_int_equal(enable_way_image(&way, &m, &e), ERR_BAD);
}

static void code_that_is_spent_is_seen_by_the_steps(void **state)
{
	struct record_enroll r = scratch_enroll(2, 77);
	struct enable_spent before, after;
	struct record_hot h;
	struct err e = {0};

	(void)state;
	r.recovery.id = 99;
	h = scratch_hot(&r);
	h.entry[0].last_step = 7;
	scratch_user(&sc, "root", &r, &h);
	assert_int_equal(enable_way_spent(&way, "root", &before, &e), 0);
	assert_int_equal(enable_way_spent(&way, "root", &after, &e), 0);
	assert_false(enable_way_has_spent(&before, &after));
	h.entry[1].last_step = 8; /* the first of the second device */
	scratch_change_hot(&sc, "root", &h);
	assert_int_equal(enable_way_spent(&way, "root", &after, &e), 0);
	assert_true(enable_way_has_spent(&before, &after));
	assert_false(enable_way_has_spent(&after, &before));
	before = after;
	h.spent[0].used = 1;
	scratch_change_hot(&sc, "root", &h);
	assert_int_equal(enable_way_spent(&way, "root", &after, &e), 0);
	assert_true(enable_way_has_spent(&before, &after));
	/* Somebody who has no records gives no evidence. */
	assert_int_equal(enable_way_spent(&way, "nobody", &after, &e), ERR_NONE);
	assert_false(enable_way_has_spent(&before, &after));
}

static void who_is_exempt_at_the_console_is_asked_from_elsewhere(void **state)
{
	struct err e = {0};
	bool elsewhere;

	(void)state;
	assert_int_equal(enable_way_asked(&way, "root", NULL, &elsewhere, &e), 0);
	assert_false(elsewhere);
	scratch_conf(&sc, "exempt = user:root@local\n");
	assert_int_equal(enable_way_asked(&way, "root", NULL, &elsewhere, &e), 0);
	assert_true(elsewhere);
	assert_int_equal(enable_way_asked(&way, "root", "192.0.2.1", &elsewhere, &e), 0);
	assert_false(elsewhere);
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

static enum enable_enroll way_to_enroll(enum enable_target target, bool proves, int invited)
{
	const struct enable_image m = {.invited = invited};

	return enable_way_to_enroll(&way, target, proves, &m);
}

static void a_way_to_enroll_is_open_by_word_at_the_prompt_or_by_day(void **state)
{
	(void)state;
	/* enroll = invite */
	assert_int_equal(way_to_enroll(ENABLE_SSHD, false, 0), ENABLE_ENROLL_NO_WORD);
	assert_int_equal(way_to_enroll(ENABLE_SSHD, false, 1), ENABLE_ENROLL_WORD);
	assert_int_equal(way_to_enroll(ENABLE_SUDO, true, 1), ENABLE_ENROLL_NONE);
	sc.conf.enroll = CONF_ENROLL_LOGIN;
	assert_int_equal(way_to_enroll(ENABLE_SSHD, false, 0), ENABLE_ENROLL_LOGIN);
	assert_int_equal(way_to_enroll(ENABLE_LOGIN, true, 0), ENABLE_ENROLL_NONE);
	sc.conf.enroll = CONF_ENROLL_ADMIN;
	assert_int_equal(way_to_enroll(ENABLE_SSHD, false, 1), ENABLE_ENROLL_NONE);
	sc.conf.enroll_by = SCRATCH_NOW + 86400;
	assert_int_equal(way_to_enroll(ENABLE_SSHD, false, 0), ENABLE_ENROLL_DAY);
	assert_int_equal(way_to_enroll(ENABLE_SUDO, true, 0), ENABLE_ENROLL_DAY);
	assert_int_equal(way_to_enroll(ENABLE_LOGIN, false, 0), ENABLE_ENROLL_UNPROVEN);
	sc.conf.enroll_by = SCRATCH_NOW - 1;
	assert_int_equal(way_to_enroll(ENABLE_SUDO, true, 0), ENABLE_ENROLL_NONE);
	sc.conf.enroll_by = SCRATCH_NOW + INT64_C(400) * 86400;
	assert_int_equal(way_to_enroll(ENABLE_SUDO, true, 0), ENABLE_ENROLL_NONE);
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
	    cmocka_unit_test_setup_teardown(who_is_invited_is_not_enrolled, make, drop),
	    cmocka_unit_test_setup_teardown(record_that_is_not_whole_is_not_nobody, make, drop),
	    cmocka_unit_test_setup_teardown(code_that_is_spent_is_seen_by_the_steps, make, drop),
	    cmocka_unit_test_setup_teardown(
	        who_is_exempt_at_the_console_is_asked_from_elsewhere, make, drop),
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
