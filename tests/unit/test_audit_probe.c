/* The proof that a pushed key is refused, from facts alone: check_probe.c, probe.h. */
#include "tests/unit/audit_said.h"

#include "policy/audit/probe.h"
#include "policy/audit/probe_key.h"

#define DENIED "alice@127.0.0.1: Permission denied (publickey)."

static int set_up(void **state)
{
	(void)state;
	host_text("probe", "asked", "user=alice address=127.0.0.1 port=22");
	host_text("probe", "push", "success=yes instance=i-1");
	host_text("probe", "offered", "yes");
	host_text("probe", "banner", "SSH-2.0-OpenSSH_9.2p1");
	host_text("probe", "login", "status=255 accepted=no partial=no denied=yes");
	host_text("probe", "said", DENIED);
	return 0;
}

static void all_four_steps_as_expected_pass(void **state)
{
	(void)state;
	host_says("EIC-08", AUDIT_PASS, DENIED);
}

static void without_probe_it_is_skipped_and_without_facts_an_error(void **state)
{
	(void)state;
	facts_free(&host);
	facts_none(&host, "probe", "asked");
	host_says("EIC-08", AUDIT_SKIP, "not asked for");
	facts_free(&host);
	host_says("EIC-08", AUDIT_ERROR, "was not looked at");
}

static void each_step_that_could_not_be_told_is_an_error(void **state)
{
	static const char *const steps[] = {"asked", "push", "offered", "banner", "login"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		facts_trouble(&host, "probe", steps[i], "it broke");
		host_says("EIC-08", AUDIT_ERROR, "it broke");
	}
}

static void step_that_proves_nothing_is_an_error(void **state)
{
	static const struct { const char *step, *text, *note; } wrong[] = {
	    {"push", "success=no", "was not pushed"}, {"offered", "no", "proves nothing"},
	    {"banner", "HTTP/1.1 400", "not sshd"}, {"banner", "", "not sshd"},
	    {"login", "status=255 accepted=no partial=no denied=no", "it broke"},
	    {"login", "status=1 accepted=no partial=no denied=yes", "it broke"}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		host_text("probe", wrong[i].step, wrong[i].text);
		host_says("EIC-08", AUDIT_ERROR, wrong[i].note);
	}
	(void)host_tear_down(state);
	(void)set_up(state);
	facts_none(&host, "probe", "offered");
	host_says("EIC-08", AUDIT_ERROR, "proves nothing");
}

static void key_that_sshd_takes_fails_however_it_ends(void **state)
{
	static const char *const taken[] = {"status=0 accepted=yes partial=yes denied=no",
	    "status=0 accepted=no partial=no denied=no", "status=255 accepted=yes partial=yes denied=yes",
	    "status=255 accepted=yes partial=no denied=yes", "status=255 accepted=no partial=yes denied=yes",
	    "status=255", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		host_text("probe", "login", taken[i]);
		host_says("EIC-08", AUDIT_FAIL, "FAIL user=alice");
	}
	/* Nothing before it makes that undone. */
	facts_trouble(&host, "probe", "offered", "it broke");
	facts_trouble(&host, "probe", "banner", "it broke");
	host_says("EIC-08", AUDIT_FAIL, "it broke");
}

/* ---- what ssh says ---- */

static void assert_read(const char *said, int status, const char *words, const char *last)
{
	char is[128], is_last[300];

	probe_read_login(said, status, is, sizeof(is), is_last, sizeof(is_last));
	assert_string_equal(is, words);
	assert_string_equal(is_last, last);
}

static void lines_of_ssh_are_told_apart(void **state)
{
	(void)state;
	assert_read("debug1: Next authentication method: publickey\r\ndebug1: No more authentication methods to "
	    "try.\r\n" DENIED "\r\n", 255, "status=255 accepted=no partial=no denied=yes", DENIED);
	assert_read("debug1: Server accepts key: /proc/1/fd/3 ED25519 SHA256:x explicit\nAuthenticated using "
	    "\"publickey\" with partial success.\n" DENIED "\n", 255,
	    "status=255 accepted=yes partial=yes denied=yes", DENIED);
	assert_read("ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", 255,
	    "status=255 accepted=no partial=no denied=no",
	    "ssh: connect to host 127.0.0.1 port 1: Connection refused");
	assert_read("", 0, "status=0 accepted=no partial=no denied=no", "");
}

/* A banner that looks like a denial is not the end. */
static void denial_of_a_banner_is_none(void **state)
{
	(void)state;
	assert_read(DENIED "\nConnection closed by 127.0.0.1 port 22\n", 255,
	    "status=255 accepted=no partial=no denied=no", "Connection closed by 127.0.0.1 port 22");
	assert_read("debug1: " DENIED "\n", 255, "status=255 accepted=no partial=no denied=no", "");
}

static void names_are_those_that_instance_connect_takes(void **state)
{
	static const char *const good[] = {"a", "ec2-user", "_x", "a.b@corp", "machine$",
	    "a2345678901234567890123456789012"},
	    *const bad[] = {"", "-a", "1a", "a b", "a;b", "a/b", "a$b", "a.", "\xed\x95\x9c",
	    "a23456789012345678901234567890123"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(probe_user_is_allowed(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(probe_user_is_allowed(bad[i]));
}

/* What ssh-keygen makes of the private part is the public one. */
static void key_is_one_of_openssh_and_gone_when_freed(void **state)
{
	struct probe_key k, other;
	char command[128], line[256] = "";
	FILE *out;

	(void)state;
	assert_int_equal(probe_key_make(&k, NULL), 0);
	assert_int_equal(probe_key_make(&other, NULL), 0);
	assert_string_not_equal(k.line, other.line);
	(void)snprintf(command, sizeof(command), "ssh-keygen -y -f %s", k.path);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(line, sizeof(line), out));
	assert_int_equal(pclose(out), 0);
	assert_memory_equal(line, k.line, strlen(k.line));
	probe_key_free(&k);
	probe_key_free(&other);
	assert_int_not_equal(access(k.path, F_OK), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, host_tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(all_four_steps_as_expected_pass),
	    TEST(without_probe_it_is_skipped_and_without_facts_an_error),
	    TEST(each_step_that_could_not_be_told_is_an_error),
	    TEST(step_that_proves_nothing_is_an_error),
	    TEST(key_that_sshd_takes_fails_however_it_ends),
	    cmocka_unit_test(lines_of_ssh_are_told_apart),
	    cmocka_unit_test(denial_of_a_banner_is_none),
	    cmocka_unit_test(names_are_those_that_instance_connect_takes),
	    cmocka_unit_test(key_is_one_of_openssh_and_gone_when_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
