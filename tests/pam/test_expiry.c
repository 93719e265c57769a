/* The age of a password in account: pam_module/expiry.h, with /etc/passwd and /etc/shadow
 * of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "pbexpiry"
#define UID 20001
#define HASH "$y$j75$saltsalt$0000000000000000000000000000000000000000000"
#define NEW "rain over 7 hills"
#define TODAY (PH_NOW / 86400)

static char passwd_path[PH_PATH], shadow_path[PH_PATH];
static const char *shadow_max = "";
static struct ph_user user;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		ph_die("%s: %s", path, strerror(errno));
}

/* uid -1: nobody of that name in passwd.  field NULL: no line in shadow. */
static void have(int uid, const char *field, const char *last)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "root:x:0:0::/root:/bin/sh\n");
	if (uid >= 0)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    NAME ":x:%d:20001::/:/bin/sh\n", uid);
	put(passwd_path, text);
	(void)snprintf(text, sizeof(text), "root:*:19000::::::\n");
	if (field != NULL)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    NAME ":%s:%s::%s:::::\n", field, last, shadow_max);
	put(shadow_path, text);
	ph_account(NAME, uid >= 0 ? (uid_t)uid : UID);
}

static const char *days_ago(int64_t n)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)(TODAY - n));
	return text;
}

static void give_place(const char *from, const char *to)
{
	if (mount(from, to, "none", MS_BIND, NULL) != 0)
		ph_die("%s: %s", to, strerror(errno));
}

static int open_group(void **state)
{
	(void)state;
	ph_make(NULL);
	(void)snprintf(passwd_path, sizeof(passwd_path), "%s", ph_path("passwd"));
	(void)snprintf(shadow_path, sizeof(shadow_path), "%s", ph_path("shadow"));
	have(UID, HASH, days_ago(1));
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		ph_die("mounts: %s", strerror(errno));
	give_place(passwd_path, "/etc/passwd");
	give_place(shadow_path, "/etc/shadow");
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	ph_make("age = enforce\n");
	ph_words("retry=1", "");
	ph_clock(PH_NOW);
	ph_enroll(&user, NAME, UID);
	have(UID, HASH, days_ago(1));
	return 0;
}

static struct ph_login last_login;

static int account_with(int flags)
{
	int r;

	last_login = ph_with_key(NAME);
	ph_forget();
	ph_start(&last_login);
	r = pam_acct_mgmt(last_login.pamh, flags);
	ph_end(&last_login);
	return r;
}

static int account(void)
{
	return account_with(0);
}

static bool said(const char *text)
{
	return strstr(last_login.said, text) != NULL;
}

static void password_of_89_days_is_fine_and_of_90_is_too_old(void **state)
{
	(void)state;
	have(UID, HASH, days_ago(75));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_string_equal(last_login.said, "");
	have(UID, HASH, days_ago(89));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_true(said("info: Your password has to be changed within 1 day."));
	assert_int_equal(ph_lines, 0);
	have(UID, HASH, days_ago(90));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	assert_true(said("error: Your password is too old; choose a new one."));
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=" NAME " verdict=error reason=password_too_old "
	    "source=203.0.113.7 service=bastion detail=\"age=old\""));
}

static void warn_tells_and_lets_in(void **state)
{
	(void)state;
	ph_configure("age = warn\n");
	have(UID, HASH, days_ago(400));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_true(said("change it with passwd"));
	assert_int_equal(ph_lines, 0);
	assert_int_equal(account_with(PAM_SILENT), PAM_SUCCESS);
	assert_string_equal(last_login.said, "");
}

static void off_asks_nothing(void **state)
{
	(void)state;
	ph_configure("age = off\npassword_policy = iam\n");
	have(UID, HASH, days_ago(400));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_string_equal(last_login.said, "");
}

static void who_has_no_password_to_change_is_let_in(void **state)
{
	static const char *const fields[] = {"*", "!", "!!", "!" HASH, "*LK*", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		have(UID, fields[i], days_ago(4000));
		assert_int_equal(account(), PAM_SUCCESS);
		assert_string_equal(last_login.said, "");
	}
	have(-1, NULL, "");
	assert_int_equal(account(), PAM_SUCCESS);
	ph_configure("age = enforce\nage_exempt = user:" NAME "\n");
	have(UID, HASH, days_ago(4000));
	assert_int_equal(account(), PAM_SUCCESS);
}

static void last_change_in_the_future_does_not_escape(void **state)
{
	(void)state;
	have(UID, HASH, days_ago(-2));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	have(UID, HASH, days_ago(-4000));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	have(UID, HASH, "");
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	have(UID, HASH, "0");
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
}

/* `chage -d` by the date of a place east of Greenwich. */
static void last_change_of_tomorrow_is_todays(void **state)
{
	(void)state;
	have(UID, HASH, days_ago(-1));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_string_equal(last_login.said, "");
}

static void mirror(const char *more)
{
	char path[PH_PATH], text[512], lines[PH_PATH + 128];

	(void)snprintf(path, sizeof(path), "%s", ph_path("etc/iam.json"));
	(void)snprintf(text, sizeof(text), "{\"PasswordPolicy\": {\"MinimumPasswordLength\": 8, "
	    "\"MaxPasswordAge\": 30, \"ExpirePasswords\": true%s}}\n", more);
	put(path, text);
	(void)snprintf(lines, sizeof(lines), "age = enforce\npassword_policy = kisa, iam\n"
	    "policy_file = %s\n", path);
	ph_configure(lines);
}

static void shortest_age_counts_and_hard_expiry_is_final(void **state)
{
	(void)state;
	mirror("");
	have(UID, HASH, days_ago(30));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	mirror(", \"HardExpiry\": true");
	have(UID, HASH, days_ago(29));
	assert_int_equal(account(), PAM_SUCCESS);
	have(UID, HASH, days_ago(30));
	assert_int_equal(account(), PAM_AUTHTOK_EXPIRED);
	assert_true(said("an administrator has to set a new one"));
	assert_true(ph_logged("*reason=password_expired *"));
}

/* Whose clock was set back can let himself in again. */
static void last_change_in_the_future_is_never_expired_for_good(void **state)
{
	(void)state;
	mirror(", \"HardExpiry\": true");
	have(UID, HASH, days_ago(-2));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	have(UID, HASH, "");
	assert_int_equal(account(), PAM_AUTHTOK_EXPIRED);
}

static void hard_expiry_is_not_for_root(void **state)
{
	(void)state;
	mirror(", \"HardExpiry\": true");
	have(0, HASH, days_ago(400));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
}

/* As passwd(1) is, set user id; its own flags are those of `passwd -k`. */
static int change_as(uid_t real, int flags)
{
	int status = -1;
	pid_t pid;

	ph_password_lines("", "retry=1", "");
	if ((pid = fork()) == 0) {
		last_login = ph_typing(ph_typing(ph_stranger(NAME), NEW), NEW);
		last_login.rhost = NULL;
		ph_start(&last_login);
		if (setresuid(real, 0, 0) != 0)
			_exit(97);
		_exit(pam_chauthtok(last_login.pamh, flags));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* Of an account line that a set user id program runs, as su. */
static int account_for_a_caller(uid_t real)
{
	int status = -1;
	pid_t pid;

	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		if (setresuid(real, 0, 0) != 0)
			_exit(97);
		_exit(account());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* Root's login goes on and is logged; everybody else's is refused as ever. */
static void assert_root_is_let_in(const char *log)
{
	have(0, HASH, days_ago(400));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_true(said("error: Your password is too old, and could not be changed now; the "
	    "system log says why."));
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=" NAME " verdict=error reason=password_unchangeable *"));
	assert_true(ph_logged(log));
	assert_int_equal(account_with(PAM_SILENT), PAM_SUCCESS);
	assert_string_equal(last_login.said, "");
	/* By his limits a caller of su could make the trouble himself. */
	assert_int_equal(account_for_a_caller(UID), PAM_NEW_AUTHTOK_REQD);
	have(0, HASH, days_ago(89));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_int_equal(ph_lines, 0);
	have(UID, HASH, days_ago(400));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
}

static void assert_root_is_asked(void)
{
	have(0, HASH, days_ago(400));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
}

static void fill(const char *path)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(close(fd), 0);
}

static void root_is_let_in_where_the_password_cannot_be_changed(void **state)
{
	char pw[PH_PATH], lines[3 * PH_PATH];

	(void)state;
	(void)snprintf(pw, sizeof(pw), "%s", ph_path("state/pw"));
	assert_root_is_asked();
	assert_int_equal(rename(ph_path("etc/keyring"), ph_path("etc/away")), 0);
	assert_root_is_let_in("*detail=\"history: */keyring*\"");
	assert_int_equal(rename(ph_path("etc/away"), ph_path("etc/keyring")), 0);
	give_place(pw, pw);
	assert_int_equal(mount("none", pw, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	assert_root_is_let_in("*detail=\"history: */pw: *Read-only file system\"");
	assert_int_equal(umount(pw), 0);
	assert_int_equal(mount("tmpfs", pw, "tmpfs", 0, "mode=0700,size=64k"), 0);
	assert_root_is_asked();
	fill(ph_path("state/pw/full"));
	assert_root_is_let_in("*detail=\"history: */pw: *no space left*\"");
	assert_int_equal(umount(pw), 0);
	(void)snprintf(lines, sizeof(lines), "age=enforce state_dir=%s keyring=%s store=file:%s "
	    "password_policy=pci-4.0.1", ph_path("none"), ph_path("none/keyring"), ph_path("none"));
	ph_words("retry=1", lines);
	assert_root_is_let_in("*detail=\"not_initialised: *enroll-mfa init*\"");
	*strstr(lines, "password_policy") = '\0';
	ph_words("retry=1", lines);
	assert_root_is_asked();
}

/* The record itself, too: only that is written then. */
static void root_is_asked_only_where_his_record_can_be_written(void **state)
{
	char record[PH_PATH];

	(void)state;
	(void)snprintf(record, sizeof(record), "%s", ph_path("state/pw/" NAME));
	have(0, HASH, days_ago(400));
	assert_int_equal(change_as(0, PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
	ph_words("retry=1", "");
	assert_root_is_asked(); /* nothing has set it */
	give_place(record, record);
	assert_int_equal(mount("none", record, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	assert_root_is_let_in("*detail=\"history: */pw/" NAME ": Read-only file system\"");
	assert_int_equal(umount(record), 0);
	assert_root_is_asked();
	assert_int_equal(unlink(record), 0);
}

static void what_cannot_be_judged_refuses_under_enforce(void **state)
{
	(void)state;
	ph_configure("age = enforce\npassword_policy = iam\npolicy_file = /nonexistent/p.json\n");
	assert_int_equal(account(), PAM_AUTHINFO_UNAVAIL);
	assert_true(ph_logged("*verdict=error reason=password_age *"));
	have(0, HASH, days_ago(1));
	assert_int_equal(account(), PAM_SUCCESS);
	assert_true(ph_logged("*verdict=error reason=password_age *"));
	have(UID, HASH, "x");
	ph_configure("age = enforce\n");
	assert_int_equal(account(), PAM_AUTHINFO_UNAVAIL);
	ph_configure("age = warn\n");
	assert_int_equal(account(), PAM_SUCCESS);
	assert_int_equal(ph_lines, 1);
}

/* A policy that is lost shuts out nobody whom it does not concern. */
static void who_is_not_concerned_needs_no_policy(void **state)
{
	(void)state;
	ph_configure("age = enforce\npassword_policy = iam\npolicy_file = /nonexistent/p.json\n");
	have(UID, "*", days_ago(400));
	assert_int_equal(account(), PAM_SUCCESS);
	have(UID, "!", days_ago(400));
	assert_int_equal(account(), PAM_SUCCESS);
	have(-1, NULL, "");
	assert_int_equal(account(), PAM_SUCCESS);
	ph_configure("age = enforce\npassword_policy = iam\npolicy_file = /nonexistent/p.json\n"
	    "age_exempt = user:" NAME "\n");
	have(UID, HASH, "x");
	assert_int_equal(account(), PAM_SUCCESS);
	assert_int_equal(ph_lines, 0);
}

static void longer_hard_age_takes_nothing_back(void **state)
{
	char path[PH_PATH], lines[PH_PATH + 128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", ph_path("etc/iam.json"));
	put(path, "{\"PasswordPolicy\": {\"MinimumPasswordLength\": 8, \"MaxPasswordAge\": 365, "
	    "\"ExpirePasswords\": true, \"HardExpiry\": true}}\n");
	(void)snprintf(lines, sizeof(lines), "age = enforce\npassword_policy = kisa, iam\n"
	    "policy_file = %s\n", path);
	ph_configure(lines);
	have(UID, HASH, days_ago(90));
	assert_int_equal(account(), PAM_NEW_AUTHTOK_REQD);
	have(UID, HASH, days_ago(365));
	assert_int_equal(account(), PAM_AUTHTOK_EXPIRED);
}

static void shadow_that_is_missing_refuses_under_enforce(void **state)
{
	int r;

	(void)state;
	assert_int_equal(mount("tmpfs", "/etc", "tmpfs", 0, NULL), 0);
	r = account();
	assert_int_equal(umount("/etc"), 0);
	assert_int_equal(r, PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(account(), PAM_SUCCESS);
}

static void need_auth_comes_first(void **state)
{
	(void)state;
	ph_words("retry=1", "need_auth");
	have(UID, HASH, days_ago(400));
	assert_int_equal(account(), PAM_PERM_DENIED);
	assert_string_equal(last_login.said, "");
}

/* Behind a right code too: the code is no password. */
static void old_password_has_to_be_changed_behind_a_right_code(void **state)
{
	struct ph_login l = ph_typing(ph_with_key(NAME), ph_code(&user, 0));

	(void)state;
	ph_words("retry=1", "need_auth");
	have(UID, HASH, days_ago(400));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_NEW_AUTHTOK_REQD);
	ph_end(&l);
}

static int account_of_a_caller(void)
{
	int r;

	last_login = ph_with_key(NAME);
	ph_forget();
	ph_start(&last_login);
	if (seteuid(UID) != 0)
		_exit(9);
	r = pam_acct_mgmt(last_login.pamh, 0);
	if (seteuid(0) != 0)
		_exit(9);
	ph_end(&last_login);
	return r;
}

static void who_is_not_root_judges_nothing(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path(""), 0755), 0);
	assert_int_equal(account_of_a_caller(), PAM_AUTHINFO_UNAVAIL);
	ph_configure("age = warn\n");
	assert_int_equal(account_of_a_caller(), PAM_SUCCESS);
	assert_int_equal(ph_lines, 0);
	assert_int_equal(chmod(ph_path(""), 0700), 0);
}

#define DENIED PAM_PERM_DENIED
#define EXPIRED_FLAG PAM_CHANGE_EXPIRED_AUTHTOK

/* Also not with `passwd -k`; and sshd behind a key runs passwd without the flag. */
static void who_has_to_change_may_and_nobody_else(void **state)
{
	(void)state;
	mirror("");
	have(UID, HASH, days_ago(29));
	assert_int_equal(change_as(UID, 0), DENIED);
	assert_int_equal(change_as(UID, EXPIRED_FLAG), DENIED);
	assert_int_equal(change_as(0, 0), PAM_SUCCESS);
	assert_int_equal(change_as(0, EXPIRED_FLAG), PAM_SUCCESS);
	have(UID, HASH, days_ago(30));
	assert_int_equal(change_as(UID, 0), PAM_SUCCESS);
	assert_int_equal(change_as(UID, EXPIRED_FLAG), PAM_SUCCESS);
}

static void who_has_to_by_shadow_may_too(void **state)
{
	(void)state;
	mirror("");
	have(UID, HASH, "0");
	assert_int_equal(change_as(UID, 0), PAM_SUCCESS);
	shadow_max = "7";
	have(UID, HASH, days_ago(6));
	assert_int_equal(change_as(UID, 0), DENIED);
	have(UID, HASH, days_ago(7));
	assert_int_equal(change_as(UID, 0), PAM_SUCCESS);
	shadow_max = "-1";
	have(UID, HASH, days_ago(7));
	assert_int_equal(change_as(UID, 0), DENIED);
	shadow_max = "";
}

static void who_need_not_by_exemption_or_without_ages_may_not(void **state)
{
	char path[PH_PATH], lines[PH_PATH + 128];

	(void)state;
	mirror("");
	have(UID, HASH, days_ago(400));
	(void)snprintf(path, sizeof(path), "%s", ph_path("etc/iam.json"));
	for (int i = 0; i < 3; i++) {
		static const char *const ages[] = {"age = off", "age = enforce\nage_exempt = user:" NAME,
		    "age = warn"};

		(void)snprintf(lines, sizeof(lines), "%s\npassword_policy = iam\npolicy_file = %s\n",
		    ages[i], path);
		ph_configure(lines);
		assert_int_equal(change_as(UID, EXPIRED_FLAG), i < 2 ? DENIED : PAM_SUCCESS);
	}
}

/* passwd of somebody who is still logged in would take it back. */
static void hard_expiry_is_for_an_administrator(void **state)
{
	char path[PH_PATH], lines[PH_PATH + 128];

	(void)state;
	mirror(", \"HardExpiry\": true, \"AllowUsersToChangePassword\": true");
	have(UID, HASH, days_ago(29));
	assert_int_equal(change_as(UID, 0), PAM_SUCCESS);
	have(UID, HASH, days_ago(30));
	assert_int_equal(change_as(UID, 0), DENIED);
	assert_int_equal(change_as(UID, EXPIRED_FLAG), DENIED);
	assert_int_equal(change_as(0, 0), PAM_SUCCESS);
	/* Where ages only warn, it is told to do so. */
	(void)snprintf(path, sizeof(path), "%s", ph_path("etc/iam.json"));
	(void)snprintf(lines, sizeof(lines), "password_policy = iam\npolicy_file = %s\n", path);
	ph_configure(lines);
	assert_int_equal(change_as(UID, 0), PAM_SUCCESS);
	ph_words("retry=1", "");
	assert_int_equal(account(), PAM_SUCCESS);
	assert_true(said("error: Your password is too old; change it with passwd."));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(password_of_89_days_is_fine_and_of_90_is_too_old),
	    T(warn_tells_and_lets_in),
	    T(off_asks_nothing),
	    T(who_has_no_password_to_change_is_let_in),
	    T(last_change_in_the_future_does_not_escape),
	    T(last_change_of_tomorrow_is_todays),
	    T(shortest_age_counts_and_hard_expiry_is_final),
	    T(last_change_in_the_future_is_never_expired_for_good),
	    T(hard_expiry_is_not_for_root),
	    T(root_is_let_in_where_the_password_cannot_be_changed),
	    T(root_is_asked_only_where_his_record_can_be_written),
	    T(what_cannot_be_judged_refuses_under_enforce),
	    T(who_is_not_concerned_needs_no_policy),
	    T(longer_hard_age_takes_nothing_back),
	    T(shadow_that_is_missing_refuses_under_enforce),
	    T(need_auth_comes_first),
	    T(old_password_has_to_be_changed_behind_a_right_code),
	    T(who_is_not_root_judges_nothing),
	    T(who_has_to_change_may_and_nobody_else),
	    T(who_has_to_by_shadow_may_too),
	    T(who_need_not_by_exemption_or_without_ages_may_not),
	    T(hard_expiry_is_for_an_administrator),
	};

	return cmocka_run_group_tests(tests, open_group, NULL);
}
