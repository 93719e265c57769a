/* Who is asked for a code, and which prompt comes: pam_bastion(8), WHICH PROMPT COMES. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include "enroll/pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define PROMPT "on: Verification code: \n"
#define WRONG "error: Refused: wrong code.\n"
#define WHERE "source=203.0.113.7 service=bastion"
#define HOUR 3600
/* Asks for a password, which it sets as PAM_AUTHTOK. */
#define PASSWORD_LINE "auth optional pam_exec.so quiet expose_authtok /bin/true\n"

static struct ph_user alice;
static char said[2048];
static char word[WORD_TEXT_SIZE];

/* alice has a device; bob has an account and nothing else. */
static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_words("retry=1 enroll_here", "need_auth");
	ph_enroll(&alice, "alice", 20001);
	ph_account("bob", 20002);
	return 0;
}

/* auth, then account as sshd calls it.  The code of auth; account must agree. */
static int run(struct ph_login l)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = ph_authenticate(&l);
	memcpy(said, l.said, sizeof(said));
	assert_int_equal(l.said[sizeof(l.said) - 1], '\0');
	if (code == PAM_SUCCESS)
		assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	else {
		const int lines = ph_lines;

		assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
		ph_lines = lines;
	}
	ph_end(&l);
	return code;
}

/* auth alone, for a service without need_auth. */
static int run_auth(struct ph_login l)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = ph_authenticate(&l);
	ph_end(&l);
	return code;
}

/* Let in without a prompt, with a verdict and the priority of it. */
static void assert_unasked(struct ph_login l, int priority, const char *pattern)
{
	assert_int_equal(run(l), PAM_SUCCESS);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged(pattern));
	assert_int_equal(ph_log[0].priority, priority);
	assert_null(strstr(said, PROMPT));
}

static void assert_asked(struct ph_login l)
{
	const struct ph_user *u = &alice;

	assert_int_equal(run(ph_typing(l, ph_wrong(u))), PAM_AUTH_ERR);
	assert_true(strncmp(said, PROMPT, strlen(PROMPT)) == 0);
}

/* ---- how somebody is let in without a code ---- */

static void exempt(void)
{
	ph_configure("exempt = user:alice until 2027-06-30\n");
}

static void not_required(void)
{
	ph_configure("require = user:somebody-else\n");
}

static void start_bypass(uint32_t life)
{
	struct record_enroll r;

	ph_read_enroll("alice", &r);
	r.bypass_since = ph_now();
	r.bypass_life = life;
	ph_change_enroll("alice", &r);
}

static void bypassed(void)
{
	start_bypass(4 * HOUR);
}

static void remembered_as(struct ph_login l)
{
	ph_configure("remember = 1h\n");
	assert_int_equal(run(ph_typing(l, ph_code(&alice, 0))), PAM_SUCCESS);
}

static void remembered(void)
{
	remembered_as(ph_with_key("alice"));
}

/* By a code without any first factor: the same source, and the same keys: none. */
static void remembered_without_a_key(void)
{
	remembered_as(ph_stranger("alice"));
}

static void grace(void)
{
	ph_configure("enroll_by = 2027-01-31\n");
}

static void may_enroll(void)
{
	ph_configure("enroll = login\n");
}

static void may_enroll_within_grace(void)
{
	ph_configure("enroll = login\nenroll_by = 2027-01-31\n");
}

static void write_word(const char *user, int64_t since, uint32_t life)
{
	struct store store;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = user, .now = since};
	struct err e = {0};

	if (store_open(&store, &ph_conf, &e) != 0 || pending_invite(&s, life, word, &e) != 0)
		ph_die("invite: %s", e.text);
	store_close(&store);
}

static void invited(void)
{
	write_word("bob", ph_now(), HOUR);
}

static const struct way {
	const char *name;
	void (*begin)(void);
	const char *user;
	const char *verdict; /* NULL: there is a prompt */
} ways[] = {
    {"exempt", exempt, "alice", "verdict=exempt key=SHA256:* " WHERE " detail=\"*\""},
    {"not required", not_required, "alice", "verdict=exempt reason=not_required key=SHA256:* "
    WHERE},
    {"bypass", bypassed, "alice", "verdict=bypass key=SHA256:* " WHERE},
    {"remembered", remembered, "alice", "verdict=remembered key=SHA256:* " WHERE},
    {"remembered without a key", remembered_without_a_key, "alice", NULL},
    {"grace", grace, "bob", "verdict=grace key=SHA256:* " WHERE},
    {"enroll = login", may_enroll, "bob", NULL},
    {"enroll = login within grace", may_enroll_within_grace, "bob", NULL},
    {"invited", invited, "bob", NULL},
};

/* A keyboard-interactive-only sshd: the name alone, and whatever is typed. */
static void name_alone_never_logs_in(void **state)
{
	static const char *const answers[] = {"", " ", "123456", "i"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (size_t k = 0; k < 5; k++) {
			(void)set_up(state);
			ways[i].begin();
			ph_later(PH_PERIOD);
			if (run(ph_typing(ph_stranger(ways[i].user), k < 4 ? answers[k] : word)) !=
			    PAM_AUTH_ERR)
				fail_msg("%s: let in", ways[i].name);
			/* The same as for a name that does not exist. */
			assert_string_equal(said, PROMPT WRONG);
			assert_null(strstr(ph_log[0].text, "verdict=exempt"));
			assert_null(strstr(ph_log[0].text, "verdict=shown"));
		}
	}
}

static void behind_a_proof_it_lets_in_and_is_logged(void **state)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char pattern[200];

		if (ways[i].verdict == NULL)
			continue;
		(void)set_up(state);
		ways[i].begin();
		(void)snprintf(pattern, sizeof(pattern), "user=%s %s", ways[i].user,
		    ways[i].verdict);
		assert_unasked(ph_with_key(ways[i].user), LOG_NOTICE, pattern);
	}
}

/* The word of the PAM line is a proof when there was a password, and not before. */
static void password_is_a_proof_where_the_line_says_so(void **state)
{
	struct ph_login l = {.user = "alice", .rhost = "203.0.113.7", .tty = "/dev/pts/1"};

	(void)state;
	exempt();
	ph_words_below(PASSWORD_LINE, "retry=1");
	l = ph_typing(l, "secret");
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
	ph_words_below(PASSWORD_LINE, "retry=1 after_password");
	assert_int_equal(run_auth(l), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=exempt " WHERE " detail=\"*\""));
	l.answer[0].text = "";
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
}

static void callers_own_uid_is_a_proof_in_sudo_only(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/pts/1"};

	(void)state;
	exempt();
	ph_words("retry=1 after_login", "");
	assert_int_equal(setresuid(20001, 0, 0), 0);
	assert_int_equal(run_auth(l), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=exempt source=local:20001 *"));
	l.tty = "ssh";
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
	assert_int_equal(setresuid(20002, 0, 0), 0);
	l.tty = "/dev/pts/1";
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
	assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
}

/* ---- the order ---- */

static void first_that_fits_decides(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	remembered();
	bypassed();
	ph_configure("remember = 1h\nenroll = login\nrequire = user:bob\n"
	    "exempt = user:alice until 2027-06-30\nenroll_by = 2027-01-31\n");
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=exempt key=* detail=*");
	ph_configure("remember = 1h\nenroll = login\nrequire = user:bob\n"
	    "enroll_by = 2027-01-31\n");
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=exempt reason=not_required *");
	ph_configure("remember = 1h\nenroll = login\nenroll_by = 2027-01-31\n");
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=bypass *");
	start_bypass(0);
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=remembered *");
	ph_configure("enroll = login\nenroll_by = 2027-01-31\n");
	assert_asked(l);
}

static void first_that_fits_decides_without_a_device(void **state)
{
	struct ph_login l = ph_with_key("bob");

	(void)state;
	invited();
	ph_configure("enroll = login\nenroll_by = 2027-01-31\n");
	ph_answer(&l, PH_FAIL, NULL);
	assert_int_equal(run(l), PAM_CONV_ERR);
	assert_non_null(strstr(said, "Code: "));
	ph_configure("enroll = invite\nenroll_by = 2027-01-31\n");
	assert_int_equal(run(l), PAM_CONV_ERR);
	assert_string_equal(said, PROMPT);
	ph_configure("enroll = admin\nenroll_by = 2027-01-31\n");
	assert_unasked(ph_with_key("bob"), LOG_NOTICE, "user=bob verdict=grace *");
	ph_configure("enroll = admin\n");
	assert_int_equal(run(ph_typing(ph_with_key("bob"), word)), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
}

/* ---- exemptions ---- */

static void exemption_counts_from_its_network_until_its_day(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_configure("exempt = user:alice@203.0.113.0/24 until 2027-06-30\n");
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=exempt key=SHA256:* " WHERE
	    " detail=\"exempt = user:alice@203.0.113.0/24 until 2027-06-30 (line 4)\"");
	l.rhost = "::ffff:203.0.113.9";
	assert_unasked(l, LOG_NOTICE, "user=alice verdict=exempt * source=203.0.113.9 *");
	l.rhost = "203.0.114.7";
	assert_asked(l);
	l.rhost = "203.0.113.7.example.com";
	assert_asked(l);
	l.rhost = NULL;
	assert_asked(l);
}

static void exemption_of_another_is_none(void **state)
{
	(void)state;
	ph_configure("exempt = user:bob until 2027-06-30\nexempt = group:root@local\n");
	assert_asked(ph_with_key("alice"));
	assert_int_equal(ph_lines, 1);
}

static void last_14_days_of_an_exemption_warn(void **state)
{
	(void)state;
	ph_configure("exempt = user:alice until 2027-01-29\n");
	assert_unasked(ph_with_key("alice"), LOG_NOTICE, "user=alice verdict=exempt key=*");
	ph_configure("exempt = user:alice until 2027-01-28\n");
	assert_unasked(ph_with_key("alice"), LOG_WARNING, "user=alice verdict=exempt "
	    "reason=ends_soon key=* detail=\"exempt = user:alice until 2027-01-28 (line 4): ends "
	    "in 13 days\"");
}

static void exemption_past_or_far_ahead_is_none_and_logged(void **state)
{
	static const char *const days[] = {"2027-01-14", "2028-01-17", "9999-12-31"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "exempt = user:alice until %s\n", days[i]);
		ph_configure(text);
		assert_asked(ph_with_key("alice"));
		assert_int_equal(ph_lines, 2);
		assert_int_equal(ph_log[0].priority, LOG_WARNING);
		assert_true(ph_matches("user=alice note=exemption_without_effect service=bastion "
		    "detail=\"exempt = user:alice until * (line 4): its day is past*\"",
		    ph_log[0].text));
		ph_later(HOUR);
	}
	ph_configure("exempt = user:alice until 2027-01-15\n");
	ph_clock(INT64_C(1800057599));
	assert_unasked(ph_with_key("alice"), LOG_WARNING, "*: ends in 0 days\"");
	ph_later(1);
	assert_asked(ph_with_key("alice"));
}

/* A console account gets in with a dead disk. */
static void exemption_needs_neither_keyring_nor_store(void **state)
{
	struct ph_login l = {.user = "alice", .tty = "/dev/tty1"};

	(void)state;
	ph_configure_raw("store = file:/nonexistent/a\nstate_dir = /nonexistent/b\n"
	    "keyring = /nonexistent/c\nexempt = user:alice@local\n");
	ph_words_below(PASSWORD_LINE, "retry=1 after_password");
	assert_int_equal(run_auth(ph_typing(l, "secret")), PAM_SUCCESS);
	assert_true(ph_logged("user=alice verdict=exempt source=local:0 service=bastion "
	    "detail=\"exempt = user:alice@local (line 4)\""));
	/* Not from elsewhere: then the records are needed. */
	l.rhost = "203.0.113.7";
	l = ph_typing(l, "secret");
	assert_int_equal(run_auth(ph_typing(l, "123456")), PAM_AUTH_ERR);
}

static void nobody_is_exempt_whom_the_system_does_not_know(void **state)
{
	(void)state;
	ph_configure("exempt = user:carol until 2027-06-30\nrequire = user:alice\n"
	    "enroll_by = 2027-01-31\n");
	assert_int_equal(run(ph_typing(ph_with_key("carol"), "123456")), PAM_AUTH_ERR);
	ph_configure("exempt = user:alice until 2027-06-30\n");
	ph_nss_fails = true;
	assert_int_equal(run(ph_typing(ph_with_key("alice"), "123456")), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=not_enrolled reason=no_account *"));
}

/* ---- a machine account: account without auth ---- */

static int account_alone(struct ph_login l)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = pam_acct_mgmt(l.pamh, 0);
	ph_end(&l);
	assert_string_equal(l.said, "");
	return code;
}

static void machine_account_is_let_in_by_its_exemption(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_configure("exempt = user:alice@10.0.0.0/8 until 2027-06-30\n");
	l.rhost = "10.1.2.3";
	assert_int_equal(account_alone(l), PAM_SUCCESS);
	assert_int_equal(ph_lines, 1);
	assert_true(ph_logged("user=alice verdict=exempt key=SHA256:* source=10.1.2.3 "
	    "service=bastion detail=\"exempt = user:alice@10.0.0.0/8 until 2027-06-30 "
	    "(line 4)\""));
	/* sshd may not say which key. */
	l.ssh_auth_info = NULL;
	assert_int_equal(account_alone(l), PAM_SUCCESS);
}

static void machine_account_is_refused_elsewhere_and_later(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	ph_configure("exempt = user:alice@10.0.0.0/8 until 2027-01-20\n");
	assert_int_equal(account_alone(l), PAM_PERM_DENIED);
	assert_true(ph_logged("user=alice verdict=error reason=need_auth *"));
	l.rhost = "deploy.example.com";
	assert_int_equal(account_alone(l), PAM_PERM_DENIED);
	l.rhost = NULL;
	assert_int_equal(account_alone(l), PAM_PERM_DENIED);
	l.rhost = "10.1.2.3";
	assert_int_equal(account_alone(l), PAM_SUCCESS);
	ph_later(6 * 86400);
	assert_int_equal(account_alone(l), PAM_PERM_DENIED);
	assert_int_equal(ph_lines, 2);
	assert_true(ph_matches("user=alice note=exemption_without_effect *", ph_log[0].text));
	l.user = "bob";
	assert_int_equal(account_alone(l), PAM_PERM_DENIED);
}

static void account_judges_exemptions_of_ssh_only(void **state)
{
	static const char *const ttys[] = {"/dev/pts/1", "cron", "", NULL, "ssh2", "SSH"};
	struct ph_login l = ph_with_key("alice");

	(void)state;
	exempt();
	assert_int_equal(account_alone(l), PAM_SUCCESS);
	for (size_t i = 0; i < sizeof(ttys) / sizeof(ttys[0]); i++) {
		l.tty = ttys[i];
		assert_int_equal(account_alone(l), PAM_PERM_DENIED);
	}
}

/* Whatever else would let in at auth is nothing here. */
static void account_judges_exemptions_and_nothing_else(void **state)
{
	static void (*const begin[])(void) = {not_required, bypassed, remembered, grace,
	    may_enroll_within_grace};

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		(void)set_up(state);
		begin[i]();
		assert_int_equal(account_alone(ph_with_key("alice")), PAM_PERM_DENIED);
		assert_int_equal(account_alone(ph_with_key("bob")), PAM_PERM_DENIED);
	}
}

static void account_does_not_judge_again_what_auth_refused(void **state)
{
	struct ph_login l = ph_typing(ph_stranger("alice"), "123456");

	(void)state;
	exempt();
	/* Without a proof auth refuses; run() has account refuse too. */
	assert_int_equal(run(l), PAM_AUTH_ERR);
	assert_int_equal(account_alone(ph_stranger("alice")), PAM_SUCCESS);
}

static void mark_holds_for_the_user_that_was_let_in(void **state)
{
	struct ph_login l = ph_with_key("bob");

	(void)state;
	grace();
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_SUCCESS);
	assert_int_equal(pam_set_item(l.pamh, PAM_USER, "alice"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	assert_int_equal(pam_set_item(l.pamh, PAM_USER, "bob"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_SUCCESS);
	ph_end(&l);
}

/* ---- grace ---- */

static void unenrolled_is_let_in_with_a_notice_until_the_day(void **state)
{
	(void)state;
	ph_configure("enroll_by = 2027-01-15\n");
	ph_clock(INT64_C(1800057599));
	assert_unasked(ph_with_key("bob"), LOG_NOTICE, "user=bob verdict=grace key=SHA256:* "
	    WHERE);
	assert_string_equal(said, "info: You are not enrolled yet. From 2027-01-16 00:00 UTC on, "
	    "a login needs a code.\n");
	ph_later(1);
	assert_int_equal(run(ph_typing(ph_with_key("bob"), "123456")), PAM_AUTH_ERR);
	assert_string_equal(said, PROMPT WRONG);
	assert_true(ph_logged("user=bob verdict=not_enrolled *"));
	assert_int_equal(run(ph_typing(ph_with_key("bob"), "")), PAM_AUTH_ERR);
}

static void enrolled_user_has_no_grace(void **state)
{
	(void)state;
	grace();
	assert_asked(ph_with_key("alice"));
	assert_int_equal(run(ph_typing(ph_with_key("alice"), "")), PAM_AUTH_ERR);
}

static void day_of_grace_far_ahead_is_none_and_logged(void **state)
{
	(void)state;
	ph_configure("enroll_by = 2028-01-16\n");
	assert_unasked(ph_with_key("bob"), LOG_NOTICE, "user=bob verdict=grace *");
	ph_configure("enroll_by = 2028-01-17\n");
	assert_int_equal(run(ph_typing(ph_with_key("bob"), "")), PAM_AUTH_ERR);
	assert_true(ph_matches("user=bob note=enroll_by_without_effect service=bastion "
	    "detail=\"enroll_by = 2028-01-17: *\"", ph_log[0].text));
	assert_asked(ph_with_key("alice"));
	assert_int_equal(ph_lines, 1);
}

/* What cannot be read refuses; half a record is not "not enrolled". */
static void trouble_with_the_records_is_no_grace(void **state)
{
	grace();
	assert_int_equal(run(ph_typing(ph_with_key("alice"), ph_code(&alice, 0))), PAM_SUCCESS);
	assert_int_equal(unlink(ph_path("state/enroll/alice")), 0);
	assert_int_equal(run(ph_typing(ph_with_key("alice"), "")), PAM_AUTH_ERR);
	(void)set_up(state);
	grace();
	assert_int_equal(unlink(ph_path("state/hot/alice")), 0);
	assert_int_equal(run(ph_typing(ph_with_key("alice"), "")), PAM_AUTH_ERR);
	assert_true(ph_logged("*verdict=error reason=state_missing *"));
	(void)set_up(state);
	grace();
	assert_int_equal(rename(ph_path("etc/keyring"), ph_path("etc/away")), 0);
	assert_int_equal(run(ph_typing(ph_with_key("bob"), "")), PAM_AUTH_ERR);
	assert_int_equal(rename(ph_path("etc/away"), ph_path("etc/keyring")), 0);
	assert_int_equal(run(ph_with_key("bob")), PAM_SUCCESS);
}

static void before_init_nobody_has_grace(void **state)
{
	(void)state;
	ph_make_bare("enroll_by = 2027-01-31\n");
	ph_words("retry=1 enroll_here", "need_auth");
	ph_account("bob", 20002);
	assert_int_equal(run(ph_typing(ph_with_key("bob"), "")), PAM_AUTH_ERR);
	assert_true(ph_logged("user=bob verdict=error reason=not_initialised *"));
	ph_remove();
}

/* ---- remember ---- */

static void code_is_remembered_for_its_time_and_does_not_slide(void **state)
{
	(void)state;
	remembered();
	for (int i = 0; i < 3; i++) {
		ph_later(1000);
		assert_unasked(ph_with_key("alice"), LOG_NOTICE, "user=alice verdict=remembered *");
	}
	ph_later(599);
	assert_int_equal(run(ph_with_key("alice")), PAM_SUCCESS);
	ph_later(1);
	assert_asked(ph_with_key("alice"));
}

static void other_source_user_or_keys_are_asked(void **state)
{
	struct ph_login l = ph_with_key("alice");
	struct ph_user carol;

	(void)state;
	ph_enroll(&carol, "carol", 20003);
	remembered();
	assert_asked(ph_with_key("carol"));
	l.rhost = "203.0.113.8";
	assert_asked(l);
	l.rhost = NULL;
	assert_asked(l);
	l.rhost = "203.0.113.7";
	l.ssh_auth_info = PH_OTHER_KEY;
	assert_asked(l);
	l.ssh_auth_info = PH_PUBLICKEY PH_OTHER_KEY;
	assert_asked(l);
	l.ssh_auth_info = PH_PUBLICKEY "publickey ssh-rsa AAA\n";
	assert_asked(l);
	l.ssh_auth_info = PH_PUBLICKEY;
	assert_int_equal(run(l), PAM_SUCCESS);
}

static void name_and_local_are_asked_each_time(void **state)
{
	static const char *const hosts[] = {"host.example.com", NULL};

	for (size_t i = 0; i < 2; i++) {
		struct ph_login l;

		(void)set_up(state);
		l = ph_with_key("alice");
		l.rhost = hosts[i];
		remembered_as(l);
		assert_asked(l);
	}
}

static void clock_set_back_before_the_code_ends_it(void **state)
{
	(void)state;
	remembered();
	ph_later(-1);
	assert_asked(ph_with_key("alice"));
}

static void lock_ends_it(void **state)
{
	(void)state;
	remembered();
	ph_configure("remember = 1h\nlock_after = 1\n");
	assert_int_equal(run(ph_with_key("alice")), PAM_SUCCESS);
	{
		struct ph_login l = ph_with_key("alice");

		l.rhost = "192.0.2.9";
		assert_asked(l);
	}
	assert_asked(ph_with_key("alice"));
	assert_true(ph_logged("user=alice verdict=locked *"));
}

static void recovery_code_ends_it(void **state)
{
	struct ph_login l = ph_with_key("alice");

	(void)state;
	remembered();
	l.rhost = "192.0.2.9";
	assert_int_equal(run(ph_typing(l, alice.recovery[0])), PAM_SUCCESS);
	assert_asked(ph_with_key("alice"));
	assert_asked(l); /* nor is it remembered itself */
}

static void enrolment_anew_ends_it(void **state)
{
	(void)state;
	remembered();
	ph_enroll_device(&alice, "phone");
	assert_asked(ph_with_key("alice"));
}

static void removal_of_a_memory_is_fleet_wide_in_the_record(void **state)
{
	struct record_hot h;

	(void)state;
	remembered();
	ph_read_hot("alice", &h);
	memset(h.remembered, 0, sizeof(h.remembered));
	ph_change_hot("alice", &h);
	assert_asked(ph_with_key("alice"));
}

/* ---- bypass ---- */

static void bypass_lasts_its_time_with_a_notice(void **state)
{
	(void)state;
	bypassed();
	ph_later(4 * HOUR - 1);
	assert_unasked(ph_with_key("alice"), LOG_NOTICE, "user=alice verdict=bypass *");
	assert_string_equal(said, "info: No code is asked until 2027-01-15 12:00 UTC: an "
	    "administrator has switched it off for you.\n");
	ph_later(1);
	assert_asked(ph_with_key("alice"));
}

static void bypass_ends_when_the_clock_is_set_back(void **state)
{
	(void)state;
	bypassed();
	ph_later(-1);
	assert_asked(ph_with_key("alice"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(name_alone_never_logs_in),
	    TEST(behind_a_proof_it_lets_in_and_is_logged),
	    TEST(password_is_a_proof_where_the_line_says_so),
	    TEST(callers_own_uid_is_a_proof_in_sudo_only),
	    TEST(first_that_fits_decides),
	    TEST(first_that_fits_decides_without_a_device),
	    TEST(exemption_counts_from_its_network_until_its_day),
	    TEST(exemption_of_another_is_none),
	    TEST(last_14_days_of_an_exemption_warn),
	    TEST(exemption_past_or_far_ahead_is_none_and_logged),
	    TEST(exemption_needs_neither_keyring_nor_store),
	    TEST(nobody_is_exempt_whom_the_system_does_not_know),
	    TEST(machine_account_is_let_in_by_its_exemption),
	    TEST(machine_account_is_refused_elsewhere_and_later),
	    TEST(account_judges_exemptions_of_ssh_only),
	    TEST(account_judges_exemptions_and_nothing_else),
	    TEST(account_does_not_judge_again_what_auth_refused),
	    TEST(mark_holds_for_the_user_that_was_let_in),
	    TEST(unenrolled_is_let_in_with_a_notice_until_the_day),
	    TEST(enrolled_user_has_no_grace),
	    TEST(day_of_grace_far_ahead_is_none_and_logged),
	    TEST(trouble_with_the_records_is_no_grace),
	    TEST(before_init_nobody_has_grace),
	    TEST(code_is_remembered_for_its_time_and_does_not_slide),
	    TEST(other_source_user_or_keys_are_asked),
	    TEST(name_and_local_are_asked_each_time),
	    TEST(clock_set_back_before_the_code_ends_it),
	    TEST(lock_ends_it),
	    TEST(recovery_code_ends_it),
	    TEST(enrolment_anew_ends_it),
	    TEST(removal_of_a_memory_is_fleet_wide_in_the_record),
	    TEST(bypass_lasts_its_time_with_a_notice),
	    TEST(bypass_ends_when_the_clock_is_set_back),
	};

	return cmocka_run_group_tests_name("rollout", tests, NULL, NULL);
}
