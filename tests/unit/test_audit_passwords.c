/* Mirror, age, hashes and history, from facts alone: PWD-07, PWD-08, PWD-10, PWD-11. */
#include "tests/unit/audit_said.h"

#define MIRROR "/var/lib/pam-bastion/policy.json"
#define POLICY "{\"PasswordPolicy\": {\"MinimumPasswordLength\": 14, \"MaxPasswordAge\": 90, " \
	"\"PasswordReusePrevention\": 5, \"AllowUsersToChangePassword\": true}}"
#define OURS "password requisite pam_bastion.so\npassword required pam_unix.so yescrypt\n"

static int set_up(void **state)
{
	(void)state;
	host = (struct facts){.count = 0};
	host_result = (struct result){.count = 0};
	host_text("conf-file", "login", "/etc/pam-bastion/pam_bastion.conf");
	host_text("conf", "password_policy", "kisa, iam");
	host_text("conf", "policy_file", MIRROR);
	host_text("conf", "age", "warn");
	host_text("conf", "age_exempt", "none");
	host_text("file", MIRROR, POLICY);
	host_text("meta", MIRROR, "file 0600 0 0 100 1699990000");
	host_text("file", "/etc/pam.d/passwd", OURS);
	host_text("file", "/etc/pam.d/sshd", "account required pam_unix.so\n@include common-account\n");
	host_text("file", "/etc/pam.d/login", "account include common-account\n");
	host_text("file", "/etc/pam.d/common-account", "account required pam_bastion.so\n");
	host_text("accounts", "local", "2");
	host_text("account", "alice", "shell=/bin/bash hash=yescrypt last=19000 max=90");
	host_text("account", "daemon", "shell=/usr/sbin/nologin hash=star max=99999");
	return 0;
}

static void a_host_as_it_has_to_be_passes(void **state)
{
	(void)state;
	host_says("PWD-07", AUDIT_PASS, "as strict as the mirror in every field");
	host_says("PWD-08", AUDIT_PASS, "alice: max is 90 days");
	host_says("PWD-10", AUDIT_PASS, "alice: hashed by yescrypt");
	host_says("PWD-11", AUDIT_PASS, "the last 5 passwords are refused; IAM: 5");
}

static void nothing_gathered_is_an_error(void **state)
{
	static const char *const ids[] = {"PWD-07", "PWD-08", "PWD-10", "PWD-11"};

	(void)state;
	facts_free(&host);
	for (size_t i = 0; i < 4; i++)
		host_says(ids[i], AUDIT_ERROR, "was not looked at");
}

static void trouble_is_an_error(void **state)
{
	static const struct { const char *id, *kind, *name; } told[] = {{"PWD-07", "conf-file", "login"},
	    {"PWD-07", "file", MIRROR}, {"PWD-08", "accounts", "local"}, {"PWD-08", "account", "alice"},
	    {"PWD-08", "file", "/etc/pam.d/sshd"}, {"PWD-10", "accounts", "local"},
	    {"PWD-10", "account", "alice"}, {"PWD-11", "file", MIRROR},
	    {"PWD-11", "file", "/etc/pam.d/passwd"}};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		facts_trouble(&host, told[i].kind, told[i].name, "it broke");
		host_says(told[i].id, AUDIT_ERROR, "it broke");
	}
}

static void without_a_mirror_there_is_nothing_to_compare(void **state)
{
	(void)state;
	facts_none(&host, "file", MIRROR);
	host_text("conf", "password_policy", "kisa");
	host_says("PWD-07", AUDIT_SKIP, "no policy of IAM is mirrored");
	host_says("PWD-11", AUDIT_SKIP, "no policy of IAM is mirrored");
	host_text("conf", "password_policy", "kisa, iam");
	host_says("PWD-07", AUDIT_FAIL, "names iam");
	host_text("file", MIRROR, "{\"PasswordPolicy\": {\"MinimumPasswordLength\": true}}");
	host_says("PWD-07", AUDIT_ERROR, MIRROR);
}

static void what_is_weaker_than_the_mirror_fails_by_its_field(void **state)
{
	(void)state;
	host_text("conf", "password_policy", "kisa");
	host_says("PWD-07", AUDIT_FAIL, "MinimumPasswordLength: IAM has 14, this host 8");
	host_text("conf", "password_policy", "/etc/own");
	host_says("PWD-07", AUDIT_ERROR, "/etc/own: is not among the facts");
	host_text("file", "/etc/own", "min_length = 14\nmax_age = 30d\nreuse = 24\n");
	host_says("PWD-07", AUDIT_PASS, "/etc/own: as strict");
	host_text("file", "/etc/own", "min_length = x\n");
	host_says("PWD-07", AUDIT_ERROR, "/etc/own:1");
	host_text("conf", "password_policy", "none-such");
	host_says("PWD-07", AUDIT_ERROR, "'none-such' is no policy");
	host_text("conf", "password_policy", "kisa,,,,,,,,,,");
	host_says("PWD-07", AUDIT_ERROR, "password_policy");
}

static void an_old_mirror_is_a_warning(void **state)
{
	(void)state;
	host_text("meta", MIRROR, "file 0600 0 0 100 1699913600");
	host_says("PWD-07", AUDIT_PASS, "got 24 hours ago");
	host_text("meta", MIRROR, "file 0600 0 0 100 1699913599");
	host_says("PWD-07", AUDIT_WARN, "more than 24");
	host_text("meta", MIRROR, "file 0600 0 0 100 1700000301");
	host_says("PWD-07", AUDIT_WARN, "a clock was wrong");
	facts_trouble(&host, "meta", MIRROR, "it broke");
	host_says("PWD-07", AUDIT_ERROR, "does not say when");
}

static void passwords_that_never_get_too_old_fail(void **state)
{
	static const struct { const char *words; enum audit_status is; } accounts[] = {
	    {"hash=sha512 last=19000 max=91", AUDIT_FAIL}, {"hash=sha512 last=19000", AUDIT_FAIL},
	    {"hash=sha512 last=19000 max=0", AUDIT_PASS}, {"hash=sha512 last=0 max=90", AUDIT_PASS},
	    {"hash=sha512 last=19000 max=99999", AUDIT_FAIL},
	    /* of a clock that is a day ahead; of nobody knows when; of a day to come */
	    {"hash=sha512 last=19676 max=90", AUDIT_PASS}, {"hash=sha512 max=90", AUDIT_FAIL},
	    {"hash=sha512 last=19677 max=90", AUDIT_FAIL},
	    {"hash=locked max=99999", AUDIT_SKIP}, {"hash=star", AUDIT_SKIP}, {"hash=none", AUDIT_SKIP}};

	(void)state;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		host_text("account", "alice", accounts[i].words);
		assert_int_equal(host_check("PWD-08"), accounts[i].is);
	}
}

static void our_own_age_counts_where_both_logins_ask_for_it(void **state)
{
	(void)state;
	host_text("account", "alice", "hash=sha512 last=19000 max=99999");
	host_says("PWD-08", AUDIT_FAIL, "max is 99999 days, more than 90");
	host_text("conf", "age", "enforce");
	host_says("PWD-08", AUDIT_PASS, "age = enforce");
	host_text("conf", "age_exempt", "user:backup");
	host_says("PWD-08", AUDIT_WARN, "age_exempt = user:backup");
	host_text("conf", "age_exempt", "none");
	host_text("file", "/etc/pam.d/login", "account required pam_unix.so\n");
	host_says("PWD-08", AUDIT_FAIL, "max is 99999");
	host_text("file", "/etc/pam.d/login", "account required pam_bastion.so age=warn\n");
	host_says("PWD-08", AUDIT_FAIL, "max is 99999");
	host_text("file", "/etc/pam.d/login", "account required pam_bastion.so age=enforce\n");
	host_text("conf", "age", "off");
	host_says("PWD-08", AUDIT_FAIL, "max is 99999");
	host_text("conf", "age", "enforce");
	host_text("conf", "password_policy", "nist-800-63b-4");
	host_says("PWD-08", AUDIT_FAIL, "max is 99999");
}

static void our_own_age_counts_only_where_no_way_goes_past_it(void **state)
{
	static const struct { const char *lines; enum audit_status is; } lines[] = {
	    {"account required pam_bastion.so\n", AUDIT_PASS},
	    {"account [success=ok new_authtok_reqd=ok default=die] pam_bastion.so\n", AUDIT_PASS},
	    {"account optional pam_bastion.so\naccount required pam_permit.so\n", AUDIT_FAIL},
	    {"account [success=ok new_authtok_reqd=ignore default=die] pam_bastion.so\n", AUDIT_FAIL},
	    {"account sufficient pam_localuser.so\naccount required pam_bastion.so\n", AUDIT_FAIL},
	    {"account [success=1 default=ignore] pam_succeed_if.so user ingroup x\n"
	        "account required pam_bastion.so\naccount required pam_permit.so\n", AUDIT_FAIL},
	    {"account required pam_bastion.so age=warn\naccount required pam_bastion.so\n", AUDIT_PASS},
	    {"account required pam_bastion.so password_policy=/etc/other\n", AUDIT_FAIL},
	    {"account required pam_bastion.so conf=/etc/other\n", AUDIT_FAIL}};

	(void)state;
	host_text("account", "alice", "hash=sha512 last=19000 max=99999");
	host_text("conf", "age", "enforce");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		host_text("file", "/etc/pam.d/login", lines[i].lines);
		if (host_check("PWD-08") != lines[i].is)
			fail_msg("%s%s", lines[i].lines, host_notes);
	}
}

static void empty_and_weak_hashes_fail(void **state)
{
	static const struct { const char *words; enum audit_status is; } accounts[] = {
	    {"hash=none", AUDIT_FAIL}, {"hash=des", AUDIT_FAIL}, {"hash=md5", AUDIT_FAIL},
	    {"hash=nt", AUDIT_FAIL}, {"hash=sha1", AUDIT_FAIL}, {"hash=sha256", AUDIT_PASS},
	    {"hash=sha512", AUDIT_PASS}, {"hash=bcrypt", AUDIT_PASS}, {"hash=other", AUDIT_WARN},
	    {"", AUDIT_WARN}, {"hash=locked", AUDIT_SKIP}, {"hash=star", AUDIT_SKIP}};

	(void)state;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		host_text("account", "alice", accounts[i].words);
		assert_int_equal(host_check("PWD-10"), accounts[i].is);
	}
}

static void a_short_history_is_a_warning(void **state)
{
	(void)state;
	host_text("conf", "password_policy", "kisa");
	host_says("PWD-11", AUDIT_WARN, "the last 0 passwords are refused; IAM: 5");
	host_text("file", "/etc/pam.d/passwd", "password required pam_pwhistory.so remember=6\n");
	host_says("PWD-11", AUDIT_PASS, "the last 6");
	host_text("file", "/etc/pam.d/passwd", "password required pam_pwhistory.so\n");
	host_says("PWD-11", AUDIT_PASS, "the last 10");
	host_text("file", "/etc/pam.d/passwd", "password required pam_unix.so remember=4\n");
	host_says("PWD-11", AUDIT_WARN, "the last 4");
	host_text("file", "/etc/pam.d/passwd", "nonsense\n");
	host_says("PWD-11", AUDIT_ERROR, "service passwd");
	host_text("file", MIRROR, "{\"PasswordPolicy\": {\"MinimumPasswordLength\": 8}}");
	host_says("PWD-11", AUDIT_SKIP, "refuses no password");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_host_as_it_has_to_be_passes, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(nothing_gathered_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(trouble_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(without_a_mirror_there_is_nothing_to_compare, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(what_is_weaker_than_the_mirror_fails_by_its_field, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(an_old_mirror_is_a_warning, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(passwords_that_never_get_too_old_fail, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(our_own_age_counts_where_both_logins_ask_for_it, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(our_own_age_counts_only_where_no_way_goes_past_it, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(empty_and_weak_hashes_fail, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(a_short_history_is_a_warning, set_up, host_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
