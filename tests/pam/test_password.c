/* A new password before the line that sets it: what is looked at before any question, what
 * is told, what is left to the lines below and what is noted.
 *
 * /etc/passwd, /etc/shadow and the directory of translations are this process's own, in a
 * mount namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include "lib/core/record_pw.h"
#include "policy/password/history_list.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define GOOD "rain over 7 hills"
#define OTHER "snow over 8 hills"
#define WEAK "abc"
#define ASKED "off: New password: \noff: Retype new password: \n"
#define REFUSED "error: The new password is refused:\n"
#define TOO_SHORT "error: It has 1 of the 3 kinds letters, digits and special characters, and " \
	"length 3; needed are 2 kinds and length 10, or 3 kinds and length 8.\n"
#define TROUBLE "error: The password cannot be changed now; tell an administrator.\n"
#define WHO "source=local:0 service=bastion"

/* ---- the machine ---- */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		ph_die("%s: %s", path, strerror(errno));
}

static void put_shadow(const char *field)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "root:*:1:0:99999:7:::\nalice:%s:19000:0:99999:7:::\n",
	    field);
	put("/etc/shadow", text);
}

static void cover(const char *path, const char *tail)
{
	put(ph_path(tail), "");
	if (mount(ph_path(tail), path, "none", MS_BIND, NULL) != 0)
		ph_die("mount %s: %s", path, strerror(errno));
}

static int make_machine(void **state)
{
	(void)state;
	ph_make_bare(NULL);
	ph_init();
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		ph_die("namespace: %s", strerror(errno));
	cover("/etc/passwd", "passwd");
	cover("/etc/shadow", "shadow");
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	(void)unlink(ph_path("state/pw/alice"));
	(void)unlink(ph_path("state/pw/bob"));
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"
	    "alice:x:20001:20001:Alice Liddell:/home/alice:/bin/sh\n");
	put_shadow("!");
	ph_account("alice", 20001);
	ph_account("bob", 20002); /* a directory's */
	ph_password_lines("", "", "");
	return 0;
}

static struct ph_login user(const char *name)
{
	return (struct ph_login){.user = name, .tty = "pts/1"};
}

static void type_twice(struct ph_login *l, const char *text)
{
	ph_answer(l, PH_TYPE, text);
	ph_answer(l, PH_TYPE, text);
}

static int change_with(struct ph_login *l, int flags)
{
	int code;

	ph_start(l);
	code = pam_chauthtok(l->pamh, flags);
	return code;
}

/* One whole change: the PAM code. */
static int change(struct ph_login *l)
{
	int code = change_with(l, 0);

	ph_end(l);
	return code;
}

static int change_to(const char *name, const char *text)
{
	struct ph_login l = user(name);

	for (int i = 0; i < 3; i++)
		type_twice(&l, text);
	return change(&l);
}

/* Entries of the record, whether they count or not; -1: there is none. */
static int entries_of(const char *name)
{
	static const uint8_t none[RECORD_HASH];
	static struct store_value v;
	static struct record_pw r;
	char key[STORE_KEY_MAX];
	struct store s;
	int n = -1;

	if (store_open_pw(&s, &ph_conf, false, NULL) != 0)
		return -1;
	assert_int_equal(store_key(key, "pw", name), 0);
	if (store_get(&s, key, NULL, &v, NULL) == 0) {
		assert_int_equal(record_pw_get(&r, v.data, v.len), 0);
		n = 0;
		for (int i = 0; i < r.entries; i++) /* a mark holds none (history_list.h) */
			n += memcmp(r.entry[i].mac, none, sizeof(none)) != 0 ? 1 : 0;
	}
	store_close(&s);
	return n;
}

static void read_seen(char text[64])
{
	int fd = open(ph_path("seen"), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, 63);

	text[n > 0 ? n : 0] = '\0';
	(void)close(fd);
	(void)unlink(ph_path("seen"));
}

static const char *seen_line(void)
{
	char words[PH_PATH + 8];

	(void)snprintf(words, sizeof(words), "seen=%s", ph_path("seen"));
	return ph_stub_line(words);
}

/* ---- what is taken ---- */

static void good_password_is_noted_and_left_to_the_line_below(void **state)
{
	struct ph_login l = user("alice");
	char seen[64];

	(void)state;
	ph_password_lines("", "", seen_line());
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SUCCESS);
	assert_int_equal(entries_of("alice"), 1);
	put_shadow("$6$a$as-pam-unix-would"); /* what the line below does */
	ph_end(&l);
	assert_int_equal(entries_of("alice"), 1);
	assert_string_equal(l.said, ASKED);
	read_seen(seen);
	assert_string_equal(seen, GOOD);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=alice verdict=ok method=password " WHO));
	assert_int_equal(ph_log[0].priority, LOG_INFO);
}

static void entry_goes_at_the_end_where_the_line_below_has_refused(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	ph_password_lines("", "", ph_stub_line("seen=/absent/seen"));
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SYSTEM_ERR);
	assert_int_equal(entries_of("alice"), 1);
	ph_end(&l);
	assert_int_equal(entries_of("alice"), 0);
}

static void same_password_may_be_tried_twice_in_one_handle(void **state)
{
	struct ph_login l = user("alice");
	char words[PH_PATH + 8];

	(void)state;
	(void)snprintf(words, sizeof(words), "seen=%s", ph_path("later/seen"));
	ph_configure("password_policy = pci-4.0.1\n");
	ph_password_lines("", "", ph_stub_line(words));
	type_twice(&l, GOOD);
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SYSTEM_ERR);
	assert_int_equal(mkdir(ph_path("later"), 0700), 0);
	assert_int_equal(pam_chauthtok(l.pamh, 0), PAM_SUCCESS);
	put_shadow("$6$a$as-pam-unix-would");
	ph_end(&l);
	assert_int_equal(entries_of("alice"), 1);
}

/* login and su end the handle in a child too. */
static void entry_stays_when_a_child_ends_the_handle(void **state)
{
	struct ph_login l = user("alice");
	pid_t pid;

	(void)state;
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SUCCESS);
	assert_true((pid = fork()) >= 0);
	if (pid == 0)
		_exit(pam_end(l.pamh, PAM_SUCCESS) == PAM_SUCCESS ? 0 : 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(entries_of("alice"), 1);
	ph_end(&l);
	assert_int_equal(entries_of("alice"), 0);
}

/* What the application says of a handle that goes on elsewhere. */
static void entry_stays_at_a_silent_end(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SUCCESS);
	assert_int_equal(pam_end(l.pamh, PAM_SUCCESS | PAM_DATA_SILENT), PAM_SUCCESS);
	assert_int_equal(entries_of("alice"), 1);
}

/* ---- what is refused ---- */

static void all_broken_rules_are_told_at_once_and_asked_for_again(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	type_twice(&l, "alice");
	type_twice(&l, GOOD);
	assert_int_equal(change(&l), PAM_SUCCESS);
	assert_string_equal(l.said, ASKED REFUSED
	    "error: It has 1 of the 3 kinds letters, digits and special characters, and length 5; "
	    "needed are 2 kinds and length 10, or 3 kinds and length 8.\n"
	    "error: It is the user name.\n" ASKED);
	assert_int_equal(ph_lines, 2);
	assert_string_equal(ph_log[0].text,
	    "user=alice verdict=wrong method=password rules=kinds,not_user " WHO);
	assert_int_equal(ph_log[0].priority, LOG_NOTICE);
}

static void refused_password_is_gone_for_the_lines_below(void **state)
{
	char seen[64];

	(void)state;
	ph_password_lines("", "retry=2", seen_line());
	assert_int_equal(change_to("alice", WEAK), PAM_AUTHTOK_ERR);
	read_seen(seen);
	assert_string_equal(seen, "(none)");
	assert_int_equal(entries_of("alice"), -1);
	assert_int_equal(ph_lines, 2);
}

static void empty_and_over_long_passwords_are_refused(void **state)
{
	char text[PAM_MAX_RESP_SIZE + 8];

	(void)state;
	ph_configure("enforce_for_root = no\n");
	ph_password_lines("", "retry=1", "");
	assert_int_equal(change_to("alice", ""), PAM_AUTHTOK_ERR);
	memset(text, 'x', sizeof(text));
	text[512] = '\0';
	assert_int_equal(change_to("alice", text), PAM_AUTHTOK_ERR);
	assert_true(ph_logged("user=alice verdict=wrong method=password rules=max_length " WHO) ||
	    ph_logged("user=alice verdict=wrong method=password rules=kinds,max_length " WHO));
	text[511] = '\0';
	assert_int_equal(change_to("alice", text), PAM_SUCCESS);
}

static void conversation_that_fails_is_not_asked_again(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	ph_answer(&l, PH_FAIL, NULL);
	type_twice(&l, GOOD);
	assert_int_equal(change(&l), PAM_AUTHTOK_ERR);
	assert_int_equal(l.prompts, 1);
	assert_true(ph_logged("user=alice verdict=error reason=conversation " WHO));
}

static void password_of_before_is_refused(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	ph_configure("password_policy = pci-4.0.1\n");
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SUCCESS);
	put_shadow("$6$a$as-pam-unix-would");
	ph_end(&l);
	ph_password_lines("", "retry=1", "");
	assert_int_equal(change_to("alice", GOOD), PAM_AUTHTOK_ERR);
	assert_true(ph_logged("user=alice verdict=wrong method=password rules=reuse " WHO));
	assert_int_equal(change_to("alice", OTHER), PAM_SUCCESS);
}

/* The first change knows what was in force in clear. */
static void old_password_is_judged_and_noted(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	put(ph_path("etc/rules"), "min_length = 8\nmin_changed = 4\nreuse = 4\n");
	ph_password_lines(ph_stub_line("[old=" OTHER "]"), "retry=2", "");
	{
		char more[PH_PATH + 32];

		(void)snprintf(more, sizeof(more), "password_policy = %s\n", ph_path("etc/rules"));
		ph_configure(more);
	}
	type_twice(&l, OTHER "9");
	type_twice(&l, GOOD);
	assert_int_equal(change_with(&l, 0), PAM_SUCCESS);
	assert_string_equal(ph_log[0].text,
	    "user=alice verdict=wrong method=password rules=min_changed " WHO);
	assert_int_equal(entries_of("alice"), 2);
	ph_end(&l);
}

/* ---- root ---- */

static void warned_root_has_his_way_and_the_line_below_the_password(void **state)
{
	struct ph_login l = user("alice");
	char seen[64];

	(void)state;
	ph_configure("enforce_for_root = no\n");
	ph_password_lines("", "", seen_line());
	type_twice(&l, WEAK);
	assert_int_equal(change(&l), PAM_SUCCESS);
	assert_string_equal(l.said, ASKED
	    "error: The new password breaks rules, which do not bind root:\n" TOO_SHORT);
	read_seen(seen);
	assert_string_equal(seen, WEAK);
	assert_true(ph_logged("user=alice verdict=ok reason=root_is_free method=password "
	    "rules=kinds " WHO));
	assert_int_equal(ph_log[ph_lines - 1].priority, LOG_NOTICE);
}

static void change_that_a_login_demands_is_no_liberty_of_root(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	ph_configure("enforce_for_root = no\n");
	ph_password_lines("", "retry=1", "");
	type_twice(&l, WEAK);
	assert_int_equal(change_with(&l, PAM_CHANGE_EXPIRED_AUTHTOK), PAM_AUTHTOK_ERR);
	ph_end(&l);
	assert_string_equal(l.said, ASKED REFUSED TOO_SHORT);
}

/* As passwd(1) is: set user id. */
static int as_user(uid_t real, uid_t effective, int flags, const char *pattern)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct ph_login l = user("alice");
		int code;

		type_twice(&l, GOOD);
		ph_start(&l);
		if (setresuid(real, effective, 0) != 0)
			_exit(97);
		code = pam_chauthtok(l.pamh, flags);
		if (!ph_logged(pattern) || (code != PAM_SUCCESS && l.prompts != 0))
			_exit(98);
		_exit(code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void people_change_their_own_only_where_all_policies_allow_it(void **state)
{
	static const char refused[] = "user=alice verdict=wrong method=password "
	    "rules=allow_change source=local:20001 service=bastion";

	(void)state;
	put(ph_path("etc/iam"), "{\"PasswordPolicy\": {\"MinimumPasswordLength\": 8}}");
	{
		char more[PH_PATH + 64];

		(void)snprintf(more, sizeof(more), "password_policy = kisa, iam\npolicy_file = %s\n",
		    ph_path("etc/iam"));
		ph_configure(more);
	}
	assert_int_equal(as_user(20001, 0, 0, refused), PAM_PERM_DENIED);
	assert_int_equal(as_user(0, 0, PAM_CHANGE_EXPIRED_AUTHTOK, "*verdict=ok *"), PAM_SUCCESS);
	assert_int_equal(as_user(0, 0, 0, "*verdict=ok *"), PAM_SUCCESS);
	ph_configure("password_policy = kisa\n");
	assert_int_equal(as_user(20001, 0, 0, "*verdict=ok *"), PAM_SUCCESS);
}

static void caller_that_is_not_root_is_refused_before_any_question(void **state)
{
	(void)state;
	assert_int_equal(as_user(20001, 20001, 0, "*verdict=error reason=not_root *"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* Also where the line's control makes nothing of what the first pass says. */
static void refusal_of_the_first_pass_is_one_of_the_second_too(void **state)
{
	struct ph_login l = user("alice");
	char text[6 * PH_PATH], seen[64];

	(void)state;
	ph_configure("password_policy = /absent\n");
	(void)snprintf(text, sizeof(text), "password optional %s conf=%s\n%s", ph_module(),
	    ph_path("etc/pam_bastion.conf"), seen_line());
	ph_service(text);
	type_twice(&l, GOOD);
	assert_int_equal(change(&l), PAM_SUCCESS);
	assert_int_equal(l.prompts, 0);
	assert_int_equal(ph_lines, 2);
	read_seen(seen);
	assert_string_equal(seen, "(none)");
}

/* ---- the words ---- */

static void use_authtok_never_asks(void **state)
{
	static const char *const words[] = {"use_authtok", "use_first_pass",
	    "use_authtok try_first_pass"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct ph_login none = user("alice"), weak = user("alice"), good = user("alice");

		ph_password_lines("", words[i], "");
		assert_int_equal(change(&none), PAM_AUTHTOK_ERR);
		assert_true(ph_logged("user=alice verdict=error reason=no_password " WHO));
		ph_password_lines(ph_stub_line("new=" WEAK), words[i], "");
		assert_int_equal(change(&weak), PAM_AUTHTOK_ERR);
		assert_string_equal(weak.said, REFUSED TOO_SHORT);
		ph_password_lines(ph_stub_line("[new=" GOOD "]"), words[i], "");
		assert_int_equal(change(&good), PAM_SUCCESS);
		assert_int_equal(none.prompts + weak.prompts + good.prompts, 0);
	}
}

static void try_first_pass_asks_only_where_there_is_none_and_after_a_refusal(void **state)
{
	struct ph_login none = user("alice"), weak = user("alice"), good = user("alice");

	(void)state;
	ph_password_lines("", "try_first_pass", "");
	type_twice(&none, GOOD);
	assert_int_equal(change(&none), PAM_SUCCESS);
	ph_password_lines(ph_stub_line("new=" WEAK), "try_first_pass retry=2", "");
	type_twice(&weak, OTHER);
	assert_int_equal(change(&weak), PAM_SUCCESS);
	assert_string_equal(weak.said, REFUSED TOO_SHORT ASKED);
	ph_password_lines(ph_stub_line("[new=" GOOD "]"), "try_first_pass", "");
	assert_int_equal(change(&good), PAM_SUCCESS);
	assert_int_equal(good.prompts, 0);
}

static void without_a_word_it_asks_whatever_a_line_above_has_left(void **state)
{
	struct ph_login l = user("alice");

	(void)state;
	ph_password_lines(ph_stub_line("new=" WEAK), "", "");
	type_twice(&l, GOOD);
	assert_int_equal(change(&l), PAM_SUCCESS);
	assert_string_equal(l.said, ASKED);
}

/* ---- trouble, before any question ---- */

static void assert_trouble(const char *name, int code, const char *pattern)
{
	struct ph_login l = user(name);

	ph_forget();
	for (int i = 0; i < 3; i++)
		type_twice(&l, GOOD);
	assert_int_equal(change(&l), code);
	assert_int_equal(l.prompts, 0);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged(pattern));
	assert_int_equal(ph_log[0].priority, LOG_ERR);
	assert_memory_equal(l.said, "error: ", 7);
}

static void trouble_is_told_and_logged_before_any_question(void **state)
{
	(void)state;
	ph_configure("password_policy = iam\n");
	assert_trouble("alice", PAM_TRY_AGAIN, "user=alice verdict=error reason=policy " WHO
	    " detail=\"password_policy: iam: * is not there; *");
	ph_configure("password_policy = kisa, /absent/rules\n");
	assert_trouble("alice", PAM_TRY_AGAIN, "user=alice verdict=error reason=policy " WHO " *");
	ph_configure(NULL);
	ph_configure_raw("windwo = 1\n");
	assert_trouble("alice", PAM_SERVICE_ERR, "user=alice verdict=error reason=config " WHO " *");
	ph_configure(NULL);
	put("/etc/shadow", "alice:!:soon:0:99999:7:::\n");
	assert_trouble("alice", PAM_TRY_AGAIN, "user=alice verdict=error reason=shadow " WHO " *");
	put_shadow("!");
	assert_trouble("nobody-here", PAM_USER_UNKNOWN,
	    "user=nobody-here verdict=error reason=no_account " WHO " *");
	assert_trouble(NULL, PAM_USER_UNKNOWN, "verdict=error reason=no_user " WHO " *");
	assert_int_equal(change_to("alice", GOOD), PAM_SUCCESS);
}

static void history_that_does_not_open_is_told_before_any_question(void **state)
{
	(void)state;
	assert_int_equal(change_to("alice", GOOD), PAM_SUCCESS);
	assert_int_equal(rename(ph_path("etc/keyring"), ph_path("etc/away")), 0);
	assert_trouble("alice", PAM_TRY_AGAIN, "user=alice verdict=error reason=history " WHO " *");
	assert_int_equal(rename(ph_path("etc/away"), ph_path("etc/keyring")), 0);
	assert_int_equal(truncate(ph_path("state/pw/alice"), 100), 0);
	assert_trouble("alice", PAM_TRY_AGAIN, "user=alice verdict=error reason=history " WHO " *");
}

/* A disk that fails between the question and the entry. */
static void password_that_cannot_be_noted_is_refused(void **state)
{
	struct ph_login l = user("alice");
	char seen[64];

	(void)state;
	assert_int_equal(change_to("alice", GOOD), PAM_SUCCESS);
	ph_password_lines("", "", seen_line());
	type_twice(&l, OTHER);
	type_twice(&l, OTHER);
	ph_write_fails = EIO;
	assert_int_equal(change(&l), PAM_AUTHTOK_ERR);
	ph_write_fails = 0;
	assert_int_equal(l.prompts, 2);
	read_seen(seen);
	assert_string_equal(seen, "(none)");
	assert_true(ph_logged("user=alice verdict=error reason=history " WHO " *"));
	assert_string_equal(ph_log[0].text, "user=alice verdict=ok method=password " WHO);
}

/* ---- without a history ---- */

static void password_of_a_directory_is_judged_and_kept_in_no_history(void **state)
{
	(void)state;
	ph_configure("password_policy = pci-4.0.1\n");
	assert_int_equal(change_to("bob", GOOD), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=ok reason=not_local method=password " WHO));
	assert_int_equal(entries_of("bob"), -1);
	assert_int_equal(change_to("bob", WEAK), PAM_AUTHTOK_ERR);
}

static void before_init_a_change_passes_only_where_no_policy_looks_back(void **state)
{
	struct ph_login l = user("alice");
	char words[3 * PH_PATH];

	(void)state;
	(void)snprintf(words, sizeof(words), "state_dir=%s keyring=%s store=file:%s "
	    "password_policy=pci-4.0.1", ph_path("none"), ph_path("none/keyring"),
	    ph_path("none"));
	ph_password_lines("", words, "");
	type_twice(&l, GOOD);
	assert_int_equal(change(&l), PAM_TRY_AGAIN);
	assert_string_equal(l.said, "error: The password cannot be changed: there is no password "
	    "history yet; an administrator has to run `enroll-mfa init`.\n");
	assert_true(ph_logged("user=alice verdict=error reason=not_initialised " WHO " *"));
	*strstr(words, "password_policy") = '\0';
	ph_password_lines("", words, "");
	assert_int_equal(change_to("alice", GOOD), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=ok reason=not_initialised method=password " WHO));
	assert_int_equal(access(ph_path("none"), F_OK), -1);
}

/* ---- the language ---- */

static void korean_is_said_on_terminals_and_never_over_ssh(void **state)
{
	const char *build = getenv("BUILD");
	struct ph_login l = user("alice"), remote = user("alice");
	char command[2 * PH_PATH];

	(void)state;
	(void)snprintf(command, sizeof(command), "mkdir -p %s/ko/LC_MESSAGES && cp "
	    "%s/locale/ko/LC_MESSAGES/pam-bastion.mo %s/ko/LC_MESSAGES/", PB_LOCALEDIR,
	    build != NULL ? build : "build", PB_LOCALEDIR);
	if (mount("none", PB_LOCALEDIR, "tmpfs", 0, NULL) != 0)
		ph_die("mount: %s", strerror(errno));
	assert_int_equal(system(command), 0);
	assert_int_equal(setenv("LC_ALL", "ko_KR.UTF-8", 1), 0);
	ph_password_lines("", "retry=1", "");
	type_twice(&l, WEAK);
	assert_int_equal(change(&l), PAM_AUTHTOK_ERR);
	assert_non_null(strstr(l.said, "error: 새 암호가 거부되었습니다:\n"));
	assert_null(strstr(l.said, "error: It "));
	assert_true(ph_logged("user=alice verdict=wrong method=password rules=kinds " WHO));
	remote.tty = "ssh";
	type_twice(&remote, WEAK);
	assert_int_equal(change(&remote), PAM_AUTHTOK_ERR);
	assert_string_equal(remote.said, ASKED REFUSED TOO_SHORT);
	assert_string_equal(getenv("LC_ALL"), "ko_KR.UTF-8");
	(void)unsetenv("LC_ALL");
	(void)umount2(PB_LOCALEDIR, MNT_DETACH);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(good_password_is_noted_and_left_to_the_line_below),
	    TEST(entry_goes_at_the_end_where_the_line_below_has_refused),
	    TEST(same_password_may_be_tried_twice_in_one_handle),
	    TEST(entry_stays_when_a_child_ends_the_handle),
	    TEST(entry_stays_at_a_silent_end),
	    TEST(all_broken_rules_are_told_at_once_and_asked_for_again),
	    TEST(refused_password_is_gone_for_the_lines_below),
	    TEST(empty_and_over_long_passwords_are_refused),
	    TEST(conversation_that_fails_is_not_asked_again),
	    TEST(password_of_before_is_refused),
	    TEST(old_password_is_judged_and_noted),
	    TEST(warned_root_has_his_way_and_the_line_below_the_password),
	    TEST(change_that_a_login_demands_is_no_liberty_of_root),
	    TEST(people_change_their_own_only_where_all_policies_allow_it),
	    TEST(caller_that_is_not_root_is_refused_before_any_question),
	    TEST(refusal_of_the_first_pass_is_one_of_the_second_too),
	    TEST(use_authtok_never_asks),
	    TEST(try_first_pass_asks_only_where_there_is_none_and_after_a_refusal),
	    TEST(without_a_word_it_asks_whatever_a_line_above_has_left),
	    TEST(trouble_is_told_and_logged_before_any_question),
	    TEST(history_that_does_not_open_is_told_before_any_question),
	    TEST(password_that_cannot_be_noted_is_refused),
	    TEST(password_of_a_directory_is_judged_and_kept_in_no_history),
	    TEST(before_init_a_change_passes_only_where_no_policy_looks_back),
	    TEST(korean_is_said_on_terminals_and_never_over_ssh),
	};

	return cmocka_run_group_tests_name("password", tests, make_machine, NULL);
}
