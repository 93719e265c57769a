/* The word `reserve`: a password is a try that is taken before it is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enroll/steps.h"
#include "lib/core/state.h"
#include "tests/pam/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int wait_for(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The decoys too. */
static int set_up_anew(void **state)
{
	ph_make_bare(NULL);
	ph_init();
	return set_up(state);
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

static struct record_hot hot_of(const char *user)
{
	struct record_hot hot;

	ph_read_hot(user, &hot);
	return hot;
}

/* Of all buckets, once what is open has run out. */
static int wrong_tries(const char *user)
{
	const struct state_limits l = {3, 30, 3600, 100, 1, 15};
	struct record_hot hot = hot_of(user);
	int n = 0;

	state_settle(&hot, ph_now() + 15, &l);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		n += hot.unknown[i].wrong;
	for (int i = 0; i < RECORD_KNOWN; i++)
		n += hot.known[i].bucket.wrong;
	return n;
}

static bool has_record(const char *kind, const char *user)
{
	char tail[64];

	(void)snprintf(tail, sizeof(tail), "state/%s/%s", kind, user);
	return access(ph_path(tail), F_OK) == 0;
}

static void guess(const char *user, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(type(user, "wrong", NULL), PAM_AUTH_ERR);
}

/* So that the next try is judged, and nothing is open. */
static void let_them_run_out(void)
{
	ph_later(15);
}

#define THROTTLED "user=alice verdict=throttled source=203.0.113.7 service=bastion store=file ms=#"

static void wrong_password_is_a_wrong_try(void **state)
{
	(void)state;
	assert_int_equal(type("alice", "wrong", NULL), PAM_AUTH_ERR);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(ph_lines, 0); /* nothing has been decided here */
	assert_int_equal(wrong_tries("alice"), 1);
	let_them_run_out();
	assert_int_equal(type("alice", "wrong", NULL), PAM_AUTH_ERR);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(wrong_tries("alice"), 2);
}

static void throttled_password_is_asked_for_and_not_judged(void **state)
{
	struct ph_login l = ph_stranger("alice"), first = ph_stranger("alice");

	(void)state;
	assert_int_equal(log_in(&first, "wrong", NULL), PAM_AUTH_ERR);
	guess("alice", 2);
	let_them_run_out();
	assert_int_equal(ph_judged(), 3);
	assert_int_equal(log_in(&l, PH_PASSWORD, NULL), PAM_AUTH_ERR);
	assert_int_equal(ph_judged(), 3);
	assert_string_equal(l.said, first.said);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged(THROTTLED));
	ph_later(15);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(ph_judged(), 4);
}

/* The fourth does not wait for what is open to run out: it gives up after ten seconds. */
static void bucket_full_of_open_ones_is_waited_for_ten_seconds(void **state)
{
	(void)state;
	guess("alice", 3);
	ph_hurries = true;
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_AUTH_ERR);
	ph_hurries = false;
	assert_int_equal(ph_judged(), 3);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=alice verdict=throttled reason=reserved source=203.0.113.7 "
	    "service=bastion store=file ms=#"));
	assert_int_equal(hot_of("alice").reserveds, 3);
}

static void give_back_of_another_login_ends_the_wait(void **state)
{
	struct ph_login slow[3];
	pid_t pid;

	(void)state;
	for (int i = 0; i < 3; i++) {
		slow[i] = ph_stranger("alice");
		ph_answer(&slow[i], PH_TYPE, PH_PASSWORD);
		ph_start(&slow[i]);
		assert_int_equal(ph_authenticate(&slow[i]), PAM_SUCCESS);
	}
	assert_int_equal(hot_of("alice").reserveds, 3);
	pid = fork();
	if (pid == 0)
		_exit(type("alice", PH_PASSWORD, NULL) == PAM_SUCCESS ? 0 : 1);
	(void)usleep(300000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it waits */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pam_acct_mgmt(slow[i].pamh, 0), PAM_SUCCESS);
		ph_end(&slow[i]);
	}
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(hot_of("alice").reserveds, 0);
	assert_int_equal(wrong_tries("alice"), 0);
}

static void one_handle_holds_one(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	for (int i = 0; i < 3; i++)
		ph_answer(&l, PH_TYPE, i == 2 ? PH_PASSWORD : "wrong");
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	/* The first was a wrong password: at once, without waiting for its end. */
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(wrong_tries("alice"), 3); /* were it not given back */
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	/* A whole login: its own wrong passwords go too. */
	assert_int_equal(wrong_tries("alice"), 0);
	/* Nothing is given back twice. */
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

/* Behind a wrong code the password was right all the same. */
static void after_password_gives_back_before_the_code(void **state)
{
	struct record_hot hot;

	(void)state;
	ph_password_stack(true, "", 0);
	assert_int_equal(type("alice", PH_PASSWORD, ph_wrong(&alice)), PAM_AUTH_ERR);
	hot = hot_of("alice");
	assert_int_equal(hot.reserveds, 0);
	assert_int_equal(wrong_tries("alice"), 1); /* the code */
	assert_int_equal(type("alice", PH_PASSWORD, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(wrong_tries("alice"), 0);
	assert_int_equal(hot_of("alice").reserveds, 0);
}

static void right_password_gives_nobody_more_guesses_at_the_code(void **state)
{
	(void)state;
	ph_password_stack(true, "", 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(type("alice", PH_PASSWORD, ph_wrong(&alice)), PAM_AUTH_ERR);
	ph_forget();
	assert_int_equal(type("alice", PH_PASSWORD, ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_int_equal(ph_judged(), 3);
	assert_true(ph_logged(THROTTLED));
	assert_int_equal(wrong_tries("alice"), 3);
}

/* A service with a password alone beside one with a code. */
static void login_without_a_code_gives_nobody_more_guesses_at_it(void **state)
{
	(void)state;
	ph_password_stack(true, "", 0);
	assert_int_equal(type("alice", "wrong", NULL), PAM_AUTH_ERR);
	for (int i = 0; i < 2; i++)
		assert_int_equal(type("alice", PH_PASSWORD, ph_wrong(&alice)), PAM_AUTH_ERR);
	let_them_run_out();
	assert_int_equal(wrong_tries("alice"), 3);
	ph_later(60);
	ph_password_stack(false, "", 0);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(wrong_tries("alice"), 2);
}

static void right_code_takes_wrong_passwords_back(void **state)
{
	(void)state;
	ph_password_stack(true, "", 0);
	guess("alice", 2);
	let_them_run_out();
	assert_int_equal(wrong_tries("alice"), 2);
	assert_int_equal(type("alice", PH_PASSWORD, ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(wrong_tries("alice"), 0);
}

/* Or each slip of theirs would count for 30 days. */
static void exempt_user_takes_wrong_passwords_back(void **state)
{
	(void)state;
	ph_configure("exempt = user:alice until 2027-03-01\n");
	ph_password_stack(true, "", 0);
	guess("alice", 2);
	let_them_run_out();
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(wrong_tries("alice"), 0);
	assert_int_equal(hot_of("alice").reserveds, 0);
}

/* At the console; a wrong password is refused all the same, and so is who comes from
 * elsewhere, or is not exempt. */
static void exempt_local_gets_in_with_a_dead_store_behind_reserve(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/tty1"};

	(void)state;
	ph_configure_raw("store = file:/nonexistent/a\nstate_dir = /nonexistent/b\n"
	    "keyring = /nonexistent/c\nexempt = user:alice@local\n");
	ph_password_stack(true, "", 0);
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(ph_lines, 2);
	assert_non_null(strstr(ph_log[0].text, "user=alice note=not_reserved service=bastion "
	    "detail=\"/nonexistent/"));
	assert_true(ph_logged("user=alice verdict=exempt *"));
	l = (struct ph_login){.user = "alice", .tty = "/dev/tty1"};
	assert_int_equal(log_in(&l, "wrong", NULL), PAM_AUTH_ERR);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
	l = (struct ph_login){.user = "bob", .tty = "/dev/tty1"};
	assert_int_equal(log_in(&l, PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
}

/* As su and sudo are, set user id: by limits, or by stopping another one that holds a lock,
 * who calls them could make the trouble himself, and guess without end. */
static void caller_of_su_is_not_let_go_on_without_a_try(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	ph_configure_raw("store = file:/nonexistent/a\nstate_dir = /nonexistent/b\n"
	    "keyring = /nonexistent/c\nexempt = user:alice@local\n");
	ph_password_stack(true, "", 0);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		struct ph_login l = {.user = "alice", .tty = "/dev/pts/0"};

		if (setresuid(20002, 0, 0) != 0)
			_exit(97);
		_exit(log_in(&l, PH_PASSWORD, NULL));
	}
	status = wait_for(pid);
	assert_int_equal(WEXITSTATUS(status), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(ph_judged(), 0);
}

/* The code line does not say that the password was right, so account does. */
static void account_gives_back_where_the_code_line_does_not(void **state)
{
	char text[8192];
	struct ph_login l = ph_stranger("alice");
	const char *conf = ph_path("etc/pam_bastion.conf");

	(void)state;
	(void)snprintf(text, sizeof(text), "auth requisite %s conf=%s reserve\n%s"
	    "auth required %s conf=%s retry=1\naccount required %s conf=%s need_auth\n",
	    ph_module(), conf, ph_judge_line(0), ph_module(), conf, ph_module(), conf);
	ph_service(text);
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").reserveds, 0);
	ph_end(&l);
	/* A login that need_auth refuses has proven nothing. */
	l = ph_stranger("alice");
	ph_answer(&l, PH_TYPE, "wrong");
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
	assert_int_equal(hot_of("alice").reserveds, 1);
}

/* As sshd has it behind PasswordAuthentication: its conversation has no data. */
static int account_of_a_key(struct ph_login *l)
{
	const void *item = NULL;
	struct pam_conv bare;

	assert_int_equal(pam_get_item(l->pamh, PAM_CONV, &item), PAM_SUCCESS);
	bare = *(const struct pam_conv *)item;
	bare.appdata_ptr = NULL;
	assert_int_equal(pam_set_item(l->pamh, PAM_CONV, &bare), PAM_SUCCESS);
	return pam_acct_mgmt(l->pamh, 0);
}

/* sshd judges passwords and then a key in one handle: whoever had the key could guess the
 * password without end. */
static void key_behind_a_refused_password_gives_nothing_back(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, "wrong");
	ph_answer(&l, PH_TYPE, "wrong");
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(account_of_a_key(&l), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(wrong_tries("alice"), 2);
	/* Nor by a right one that the code line has given back: wrong ones before it stay. */
	let_them_run_out();
	ph_password_stack(true, "", 0);
	l = ph_stranger("alice");
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	(void)account_of_a_key(&l);
	ph_end(&l);
	assert_int_equal(wrong_tries("alice"), 3);
}

/* sudo, su and login go on to account behind a success only, whatever their conversation. */
static void other_programs_need_no_data_of_a_conversation(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	l.tty = "/dev/pts/3";
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").reserveds, 1);
	assert_int_equal(account_of_a_key(&l), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(hot_of("alice").reserveds, 0);
	assert_int_equal(wrong_tries("alice"), 0);
}

static void conversation_that_fails_reserves_nothing(void **state)
{
	static const enum ph_how hows[] = {PH_FAIL, PH_NULL, PH_NOTHING};

	(void)state;
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		struct ph_login l = ph_stranger("alice");

		ph_forget();
		ph_answer(&l, hows[i], NULL);
		ph_start(&l);
		assert_int_equal(ph_authenticate(&l), PAM_CONV_ERR);
		ph_end(&l);
		assert_true(ph_logged("user=alice verdict=error reason=conversation "
		    "source=203.0.113.7 service=bastion"));
	}
	assert_int_equal(ph_judged(), 0);
	assert_int_equal(hot_of("alice").reserveds, 0);
}

static void empty_password_is_a_try_like_any_other(void **state)
{
	(void)state;
	assert_int_equal(type("alice", "", NULL), PAM_AUTH_ERR);
	assert_int_equal(ph_judged(), 1);
	assert_int_equal(wrong_tries("alice"), 1);
}

static void silent_flag_changes_nothing(void **state)
{
	struct ph_login loud = ph_stranger("alice"), l = ph_stranger("alice");

	(void)state;
	assert_int_equal(log_in(&loud, "wrong", NULL), PAM_AUTH_ERR);
	l.flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	assert_int_equal(log_in(&l, "wrong", NULL), PAM_AUTH_ERR);
	assert_string_equal(l.said, loud.said);
	assert_int_equal(wrong_tries("alice"), 2);
}

static void caller_who_is_not_root_is_turned_away_before_the_prompt(void **state)
{
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct ph_login l = ph_stranger("alice");
		int code;

		ph_answer(&l, PH_TYPE, PH_PASSWORD);
		ph_start(&l);
		if (seteuid(65534) != 0)
			_exit(2);
		code = ph_authenticate(&l);
		_exit(code == PAM_AUTHINFO_UNAVAIL && l.prompts == 0 ? 0 : 1);
	}
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(ph_judged(), 0);
}

static void trouble_with_the_store_denies_behind_the_prompt(void **state)
{
	struct ph_login l = ph_stranger("alice"), good = ph_stranger("alice");

	(void)state;
	assert_int_equal(log_in(&good, PH_PASSWORD, NULL), PAM_SUCCESS);
	ph_write_fails = EIO;
	assert_int_equal(log_in(&l, PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
	ph_write_fails = 0;
	assert_string_equal(l.said, good.said);
	assert_int_equal(ph_judged(), 1);
	assert_true(ph_logged("user=alice verdict=unavailable reason=un* source=203.0.113.7 "
	    "service=bastion store=file ms=# detail=*"));
	assert_int_equal(rename(ph_path("etc/keyring"), ph_path("etc/away")), 0);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
	assert_true(ph_logged("*verdict=error reason=keyring *"));
	assert_int_equal(rename(ph_path("etc/away"), ph_path("etc/keyring")), 0);
	ph_clock(1000);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
	assert_true(ph_logged("*verdict=error reason=clock *"));
	assert_int_equal(ph_judged(), 1);
}

/* What cannot be given back is not let in: what is refused to be written denies. */
static void give_back_that_fails_denies(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	ph_write_fails = EIO;
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_AUTHINFO_UNAVAIL);
	ph_write_fails = 0;
	assert_int_equal(ph_lines, 1);
	/* It is still there to be given back. */
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
	assert_int_equal(wrong_tries("alice"), 0);
}

static void configuration_that_breaks_denies_before_the_prompt(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	ph_configure_raw("reserve_wait = 1h\n");
	assert_int_equal(log_in(&l, PH_PASSWORD, NULL), PAM_SERVICE_ERR);
	assert_int_equal(l.prompts, 0);
	assert_int_equal(ph_judged(), 0);
}

static void everybody_sees_the_same_prompt(void **state)
{
	static const char *const names[] = {"alice", "bob", "nobody-here", "r\303\266t"};
	struct ph_login first = ph_stranger("alice");

	(void)state;
	assert_int_equal(log_in(&first, "wrong", NULL), PAM_AUTH_ERR);
	assert_string_equal(first.said, "off: Password: \n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ph_login l = ph_stranger(names[i]);

		assert_int_equal(log_in(&l, "wrong", NULL), PAM_AUTH_ERR);
		assert_string_equal(l.said, first.said);
	}
	assert_int_equal(ph_judged(), 5);
	assert_int_equal(ph_lines, 0);
}

static void unknown_name_is_throttled_like_a_known_one(void **state)
{
	(void)state;
	guess("nobody-here", 3);
	let_them_run_out();
	assert_int_equal(type("nobody-here", "wrong", NULL), PAM_AUTH_ERR);
	assert_int_equal(ph_judged(), 3);
	assert_true(ph_logged("user=nobody-here verdict=throttled source=203.0.113.7 *"));
	assert_false(has_record("hot", "nobody-here"));
}

/* A decoy is many names' at once: one right password forgives none of the others. */
static void right_password_leaves_what_others_failed_on_a_decoy(void **state)
{
	(void)state;
	guess("nobody-here", 2);
	let_them_run_out();
	assert_int_equal(type("nobody-here", PH_PASSWORD, NULL), PAM_SUCCESS);
	guess("nobody-here", 1);
	let_them_run_out();
	ph_forget();
	assert_int_equal(type("nobody-here", PH_PASSWORD, NULL), PAM_AUTH_ERR);
	assert_true(ph_logged("user=nobody-here verdict=throttled source=203.0.113.7 *"));
}

static void record_without_an_account_counts_for_nothing(void **state)
{
	struct ph_user gone = {.name = "gone", .uid = 20009};

	(void)state;
	ph_enroll_device(&gone, "phone");
	guess("gone", 1);
	let_them_run_out();
	assert_int_equal(hot_of("gone").reserveds, 0);
	assert_int_equal(wrong_tries("gone"), 0);
}

static void name_of_a_host_becomes_no_known_source(void **state)
{
	struct ph_login l = ph_stranger("bob");

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(hot_of("bob").known[0].since, 0);
	l.rhost = "host.example";
	assert_int_equal(log_in(&l, PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(hot_of("bob").known[0].since, 0);
}

static void account_gets_its_own_record_at_its_first_right_password(void **state)
{
	struct record_hot hot;

	(void)state;
	guess("bob", 2);
	assert_false(has_record("hot", "bob"));
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_true(has_record("hot", "bob"));
	assert_false(has_record("enroll", "bob"));
	hot = hot_of("bob");
	assert_false(hot.ever_confirmed || hot.uid_bound);
	assert_int_equal(hot.entries, 0);
	guess("bob", 3);
	let_them_run_out();
	assert_int_equal(wrong_tries("bob"), 3);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_AUTH_ERR);
	/* A name of nobody's gets none, whatever some module lets in. */
	ph_later(300);
	assert_int_equal(type("nobody-here", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_false(has_record("hot", "nobody-here"));
}

static void source_of_an_account_without_a_device_becomes_known(void **state)
{
	struct ph_login other = ph_stranger("bob");

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(hot_of("bob").known[0].since, ph_now());
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").known[0].since, 0);
	other.rhost = "198.51.100.1";
	assert_int_equal(log_in(&other, "wrong", NULL), PAM_AUTH_ERR);
	assert_int_equal(hot_of("bob").known[1].since, 0);
}

static void own_record_is_no_enrolment(void **state)
{
	struct store store;
	struct steps_status st;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = "bob", .account = true,
	    .uid = 20002, .now = PH_NOW};

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(store_open(&store, &ph_conf, NULL), 0);
	assert_int_equal(steps_status(&s, &st, NULL), 0);
	store_close(&store);
	assert_false(st.enrolled || st.locked);
	assert_int_equal(st.trouble.code, 0);
	ph_password_stack(true, "", 0);
	assert_int_equal(type("bob", PH_PASSWORD, "123456"), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=not_enrolled source=203.0.113.7 *"));
	/* Nor is it in the way of grace. */
	ph_configure("enroll_by = 2027-02-01\n");
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_true(ph_logged("user=bob verdict=grace *"));
}

static void enrolment_takes_the_record_up_and_loses_no_wrong_password(void **state)
{
	struct ph_user bob;

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	guess("bob", 3);
	let_them_run_out();
	ph_enroll(&bob, "bob", 20002);
	assert_int_equal(wrong_tries("bob"), 3);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_AUTH_ERR);
	ph_later(60);
	ph_password_stack(true, "", 0);
	assert_int_equal(type("bob", PH_PASSWORD, ph_code(&bob, 0)), PAM_SUCCESS);
	assert_int_equal(wrong_tries("bob"), 0);
	assert_true(hot_of("bob").ever_confirmed);
}

static int unlock(const char *user, bool account)
{
	struct store store;
	struct steps_unlocked u;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = user, .account = account,
	    .uid = 20002, .now = ph_now()};
	int r;

	assert_int_equal(store_open(&store, &ph_conf, NULL), 0);
	r = steps_unlock(&s, &u, NULL);
	store_close(&store);
	return r;
}

static void unlock_takes_wrong_passwords_back(void **state)
{
	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	guess("bob", 3);
	guess("alice", 3);
	let_them_run_out();
	assert_int_equal(unlock("bob", true), 0);
	assert_int_equal(unlock("alice", true), 0);
	assert_int_equal(wrong_tries("bob"), 0);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
}

/* Whom others have shut out by failing on the same decoy. */
static void unlock_gives_an_account_its_own_record(void **state)
{
	(void)state;
	guess("bob", 3);
	let_them_run_out();
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_AUTH_ERR);
	assert_int_equal(unlock("bob", true), 0);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(unlock("nobody-here", false), ERR_NONE);
	assert_false(has_record("hot", "nobody-here"));
}

static void removal_takes_the_record_away(void **state)
{
	struct store store;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = "bob", .account = true,
	    .uid = 20002, .now = ph_now()};

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(store_open(&store, &ph_conf, NULL), 0);
	assert_int_equal(steps_remove(&s, NULL, NULL), 0);
	store_close(&store);
	assert_false(has_record("hot", "bob"));
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
}

/* Its record is removed between the two: there is nothing left to give back. */
static void record_removed_meanwhile_is_no_trouble(void **state)
{
	struct ph_login l = ph_stranger("bob");

	(void)state;
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	ph_answer(&l, PH_TYPE, PH_PASSWORD);
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(unlink(ph_path("state/hot/bob")), 0);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

/* A first right password while an import holds the lock: the next one makes the record. */
static void record_is_made_later_where_enrolments_are_being_changed(void **state)
{
	struct store store;

	(void)state;
	assert_int_equal(store_open(&store, &ph_conf, NULL), 0);
	assert_int_equal(store_lock(&store, NULL), 0);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_true(ph_logged("user=bob note=no_state_of_its_own service=bastion detail=*"));
	assert_false(has_record("hot", "bob"));
	store_unlock(&store);
	store_close(&store);
	assert_int_equal(type("bob", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_true(has_record("hot", "bob"));
}

static void record_of_another_uid_denies(void **state)
{
	struct record_hot hot = hot_of("alice");

	(void)state;
	hot.uid_bound = true;
	hot.uid = 4711;
	ph_change_hot("alice", &hot);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(ph_judged(), 0);
	assert_true(ph_logged("user=alice verdict=error reason=record_bad *"));
}

static void format_1_record_becomes_format_2(void **state)
{
	struct record_hot hot = hot_of("alice");

	(void)state;
	hot.format = 1;
	ph_change_hot("alice", &hot);
	assert_int_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").format, 2);
}

static void code_alone_leaves_a_format_1_record_as_it_is(void **state)
{
	struct record_hot hot = hot_of("alice");

	(void)state;
	hot.format = 1;
	ph_change_hot("alice", &hot);
	ph_words("retry=1", "need_auth");
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(hot_of("alice").format, 1);
}

static void ignore_alone_lets_nobody_in(void **state)
{
	char text[2048];

	(void)state;
	(void)snprintf(text, sizeof(text), "auth requisite %s conf=%s reserve\n", ph_module(),
	    ph_path("etc/pam_bastion.conf"));
	ph_service(text);
	assert_int_not_equal(type("alice", PH_PASSWORD, NULL), PAM_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define ANEW(name) cmocka_unit_test_setup(name, set_up_anew)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(right_password_is_let_in_and_given_back),
	    TEST(wrong_password_is_a_wrong_try),
	    TEST(throttled_password_is_asked_for_and_not_judged),
	    TEST(bucket_full_of_open_ones_is_waited_for_ten_seconds),
	    TEST(give_back_of_another_login_ends_the_wait),
	    TEST(one_handle_holds_one),
	    TEST(after_password_gives_back_before_the_code),
	    TEST(right_password_gives_nobody_more_guesses_at_the_code),
	    TEST(login_without_a_code_gives_nobody_more_guesses_at_it),
	    TEST(right_code_takes_wrong_passwords_back),
	    TEST(exempt_user_takes_wrong_passwords_back),
	    TEST(exempt_local_gets_in_with_a_dead_store_behind_reserve),
	    TEST(caller_of_su_is_not_let_go_on_without_a_try),
	    TEST(account_gives_back_where_the_code_line_does_not),
	    TEST(key_behind_a_refused_password_gives_nothing_back),
	    TEST(other_programs_need_no_data_of_a_conversation),
	    TEST(conversation_that_fails_reserves_nothing),
	    TEST(empty_password_is_a_try_like_any_other),
	    TEST(silent_flag_changes_nothing),
	    TEST(caller_who_is_not_root_is_turned_away_before_the_prompt),
	    TEST(trouble_with_the_store_denies_behind_the_prompt),
	    TEST(give_back_that_fails_denies),
	    TEST(configuration_that_breaks_denies_before_the_prompt),
	    ANEW(everybody_sees_the_same_prompt),
	    ANEW(unknown_name_is_throttled_like_a_known_one),
	    ANEW(right_password_leaves_what_others_failed_on_a_decoy),
	    ANEW(record_without_an_account_counts_for_nothing),
	    ANEW(name_of_a_host_becomes_no_known_source),
	    ANEW(account_gets_its_own_record_at_its_first_right_password),
	    ANEW(source_of_an_account_without_a_device_becomes_known),
	    ANEW(own_record_is_no_enrolment),
	    ANEW(enrolment_takes_the_record_up_and_loses_no_wrong_password),
	    ANEW(unlock_takes_wrong_passwords_back),
	    ANEW(unlock_gives_an_account_its_own_record),
	    ANEW(removal_takes_the_record_away),
	    ANEW(record_removed_meanwhile_is_no_trouble),
	    ANEW(record_is_made_later_where_enrolments_are_being_changed),
	    TEST(record_of_another_uid_denies),
	    TEST(format_1_record_becomes_format_2),
	    TEST(code_alone_leaves_a_format_1_record_as_it_is),
	    TEST(ignore_alone_lets_nobody_in),
	};

	return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
