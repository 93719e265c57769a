/* What sshd asks for, from facts alone: check_sshd.h, sshd_way.h, sshd_match.h. */
#include "tests/unit/audit_host.h"

#include "policy/audit/check_sshd.h"
#include "policy/audit/sshd_match.h"
#include "policy/audit/sshd_way.h"

#define ON "usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication yes\n" \
	"passwordauthentication yes\n"

static void says(const char *methods, const char *source, const char *user)
{
	char text[900], name[200];

	(void)snprintf(text, sizeof(text), ON "authenticationmethods %s\n", methods);
	(void)snprintf(name, sizeof(name), "%s:%s", source, user);
	host_text("sshd", name, text);
}

static void way_is_asked_only_when_each_alternative_is(void **state)
{
	static const struct { const char *said; enum sshd_way way; } ways[] = {
	    {ON "authenticationmethods publickey,keyboard-interactive", SSHD_WAY_ASKED},
	    {ON "authenticationmethods publickey,keyboard-interactive:pam password", SSHD_WAY_ASKED},
	    {ON "authenticationmethods publickey,keyboard-interactive publickey", SSHD_WAY_UNASKED},
	    {ON "authenticationmethods publickey,publickey", SSHD_WAY_UNASKED},
	    {ON "authenticationmethods any", SSHD_WAY_UNASKED},
	    {"usepam no\n" ON "authenticationmethods keyboard-interactive", SSHD_WAY_UNASKED},
	    {"authenticationmethods keyboard-interactive", SSHD_WAY_UNASKED},
	    {"usepam yes\nkbdinteractiveauthentication no\npubkeyauthentication yes\n"
	        "authenticationmethods publickey,keyboard-interactive", SSHD_WAY_NONE},
	    {"usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication no", SSHD_WAY_ASKED},
	    {"usepam yes\nkbdinteractiveauthentication yes\ngssapiauthentication yes", SSHD_WAY_UNASKED},
	    {"", SSHD_WAY_UNASKED}};
	char why[300];

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_int_equal(sshd_way(ways[i].said, why, sizeof(why)), ways[i].way);
}

static void host_that_asks_everybody_passes(void **state)
{
	(void)state;
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
}

static void lone_key_of_one_user_fails_with_the_line_that_says_it(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "AuthenticationMethods publickey,keyboard-interactive\n"
	    "Match User bob\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":2", "bob");
	host_person("config", "bob", "bob");
	says("publickey", "config", "bob");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":3: AuthenticationMethods publickey: bob: "
	    "in without a code");
	host_text("exempt", "bob", "exempt = user:bob until 2026-12-31");
	host_says("MFA-11", AUDIT_INFO, "bob: is let off by the login configuration: exempt = user:bob");
	facts_trouble(&host, "exempt", "bob", "no configuration");
	host_says("MFA-11", AUDIT_ERROR, "no configuration");
}

static void who_is_turned_away_needs_no_code(void **state)
{
	(void)state;
	host_person("config", "root", "root");
	says("any", "config", "root");
	host_says("MFA-11", AUDIT_FAIL, "root");
	host_text("sshd-refuses", "config:root", "PermitRootLogin no");
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
}

static void many_are_named_and_counted(void **state)
{
	char name[20];

	(void)state;
	says("any", "config", "alice");
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "u%02d", i);
		host_person("config", name, "alice");
	}
	host_says("MFA-11", AUDIT_FAIL, "sshd -T: AuthenticationMethods any (PubkeyAuthentication yes): "
	    "alice, no-such-account, u00, u01, u02, u03, u04, u05 and 24 more get in without a code");
}

static void options_of_the_unit_win_over_the_file(void **state)
{
	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=\"-o AuthenticationMethods=any\"\n");
	/* What sshd says with them was not gathered: no pass. */
	host_says("MFA-11", AUDIT_ERROR, "sshd-class ssh.service:alice: was not looked at");
	host_person("ssh.service", "alice", "alice");
	host_person("ssh.service", LOGINS_NOBODY, "alice");
	says("any", "ssh.service", "alice");
	host_says("MFA-11", AUDIT_FAIL, "ssh.service: AuthenticationMethods any");
}

static void match_that_nobody_comes_under_is_told_and_its_methods_warn(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Group gone\n  X11Forwarding no\n");
	facts_none(&host, "match", HOST_CONFIG ":1");
	host_says("MFA-11", AUDIT_INFO, HOST_CONFIG ":1: Match Group gone: no login");
	host_file(HOST_CONFIG, "Match Group gone\n  AuthenticationMethods publickey\n");
	host_says("MFA-11", AUDIT_WARN, HOST_CONFIG ":2: AuthenticationMethods publickey: in a Match");
	facts_trouble(&host, "match", HOST_CONFIG, "more Match lines than are looked at");
	host_says("MFA-11", AUDIT_ERROR, "more Match lines");
}

static void match_by_address_is_judged_by_a_login_from_there(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Address 10.0.0.0/8\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":1", "alice");
	says("publickey", "config", "match:" HOST_CONFIG ":1");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":2: AuthenticationMethods publickey: alice");
}

static void host_without_sshd_is_skipped(void **state)
{
	(void)state;
	facts_none(&host, "sshd", "config");
	host_says("MFA-11", AUDIT_SKIP, "there is no sshd");
}

static void people_with_the_same_key_come_under_the_same_blocks(void **state)
{
	static char staff[] = "staff";
	static char *groups[] = {staff};
	const struct sshd_person alice = {"alice", groups, 1}, bob = {"bob", NULL, 0};
	char key[10] = "", words[300];
	bool by_people;

	(void)state;
	assert_true(sshd_match_key("User a*,!bob Group staff,\"x\" Address 10.0.0.0/8", &alice, key,
	    sizeof(key)));
	assert_string_equal(key, "1010");
	assert_false(sshd_match_key("User a,b,c,d,e,f", &bob, key, sizeof(key)));
	assert_true(sshd_match_fits("User *,!bob", &alice, &by_people) && by_people);
	assert_false(sshd_match_fits("User *,!bob", &bob, &by_people));
	assert_true(sshd_match_fits("Group st?ff LocalPort 22", &alice, &by_people) && !by_people);
	assert_true(sshd_match_login("Address !10.0.0.1,10.1.0.0/16 LocalPort 2200", "alice", words,
	    sizeof(words)));
	assert_string_equal(words, "user=alice,host=10.1.0.0,addr=10.1.0.0,laddr=127.0.0.1,lport=2200");
	assert_false(sshd_match_login("RDomain x", "alice", words, sizeof(words)));
	assert_false(sshd_match_login("Address 10.*", "alice", words, sizeof(words)));
	assert_true(sshd_match_pattern("a*b*c?", "axxbyybzzcd") && !sshd_match_pattern("a?", "a"));
}

static void settings_against_guessing_are_judged(void **state)
{
	struct result r = {.count = 0};

	(void)state;
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_PASS);
	result_free(&r);
	host_text("sshd", "config", "maxauthtries 10\nlogingracetime 0\npersourcepenalties no\n");
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_WARN);
	assert_int_equal(r.count, 3);
	result_free(&r);
	facts_trouble(&host, "sshd", "config", "x");
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_ERROR);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_set_up, host_tear_down)
	    TEST(way_is_asked_only_when_each_alternative_is), TEST(host_that_asks_everybody_passes),
	    TEST(lone_key_of_one_user_fails_with_the_line_that_says_it),
	    TEST(who_is_turned_away_needs_no_code), TEST(many_are_named_and_counted),
	    TEST(options_of_the_unit_win_over_the_file),
	    TEST(match_that_nobody_comes_under_is_told_and_its_methods_warn),
	    TEST(match_by_address_is_judged_by_a_login_from_there),
	    TEST(host_without_sshd_is_skipped),
	    TEST(people_with_the_same_key_come_under_the_same_blocks),
	    TEST(settings_against_guessing_are_judged)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
