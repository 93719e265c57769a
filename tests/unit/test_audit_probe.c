/* The proof that a pushed key is refused, from facts alone: check_probe.c, probe.h. */
#include "tests/unit/audit_said.h"

#include "policy/audit/probe.h"
#include "policy/audit/probe_key.h"

#define DENIED "alice@127.0.0.1: Permission denied (publickey)."
#define REFUSED "status=255 offered=yes refused=yes accepted=no partial=no denied=yes after=4"
#define ASKED "config:probe:alice"
#define TYPES "pubkeyacceptedalgorithms rsa-sha2-512,ssh-ed25519\n"
#define TAKES "usepam yes\npubkeyauthentication yes\n" TYPES

static int set_up(void **state)
{
	(void)state;
	host_text("probe", "asked", "user=alice address=127.0.0.1 port=22");
	host_text("probe", "push", "success=yes instance=i-1");
	host_text("probe", "offered", "yes");
	host_text("probe", "banner", "SSH-2.0-OpenSSH_9.2p1");
	host_text("probe", "login", REFUSED);
	host_text("probe", "said", DENIED);
	host_text("probe", "account", "shell=yes locked=no");
	host_text("listeners", "sshd", "");
	host_text("sshd", ASKED, TAKES "authenticationmethods publickey,keyboard-interactive\n");
	facts_none(&host, "sshd-refuses", ASKED);
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
	static const char *const steps[] = {"asked", "push", "offered", "banner", "login",
	    "account"};

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
	    {"login", "status=255 offered=yes refused=yes accepted=no partial=no denied=no after=4",
	        "it broke"},
	    {"login", "status=1 offered=yes refused=yes accepted=no partial=no denied=yes after=4",
	        "it broke"}};

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

static void denial_of_a_key_that_was_not_shown_is_an_error(void **state)
{
	static const char *const not_shown[] = {"status=255 accepted=no partial=no denied=yes after=4",
	    "status=255 offered=no refused=no accepted=no partial=no denied=yes after=4",
	    "status=255 offered=yes refused=no accepted=no partial=no denied=yes after=4"};

	(void)state;
	for (size_t i = 0; i < sizeof(not_shown) / sizeof(not_shown[0]); i++) {
		host_text("probe", "login", not_shown[i]);
		host_says("EIC-08", AUDIT_ERROR, "has not shown the key");
	}
}

static void refusal_is_no_proof_where_the_key_may_have_been_over(void **state)
{
	static const char *const late[] = {
	    "status=255 offered=yes refused=yes accepted=no partial=no denied=yes after=55",
	    "status=255 offered=yes refused=yes accepted=no partial=no denied=yes after=-1",
	    "status=255 offered=yes refused=yes accepted=no partial=no denied=yes"};

	(void)state;
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		host_text("probe", "login", late[i]);
		host_says("EIC-08", AUDIT_ERROR, "may have been over");
	}
	host_text("probe", "login",
	    "status=255 offered=yes refused=yes accepted=no partial=no denied=yes after=54");
	host_says("EIC-08", AUDIT_PASS, DENIED);
}

static void refusal_of_whom_sshd_turns_away_anyway_is_no_proof(void **state)
{
	(void)state;
	host_text("sshd-refuses", ASKED, "DenyUsers names alice");
	host_says("EIC-08", AUDIT_ERROR, "config: alice is turned away whatever the key is: a refusal proves "
	    "nothing: DenyUsers names alice");
	facts_trouble(&host, "sshd-refuses", ASKED, "AllowGroups: it broke");
	host_says("EIC-08", AUDIT_ERROR, "it broke");
	facts_none(&host, "sshd-refuses", ASKED);
	host_text("probe", "account", "shell=no locked=no");
	host_says("EIC-08", AUDIT_ERROR, "no shell");
	/* Where PAM is asked, it is that which looks at the lock, and behind the key. */
	host_text("probe", "account", "shell=yes locked=yes");
	host_says("EIC-08", AUDIT_PASS, DENIED);
	host_text("sshd", ASKED, "usepam no\npubkeyauthentication yes\n" TYPES);
	host_says("EIC-08", AUDIT_ERROR, "locked");
}

static void refusal_where_sshd_takes_no_key_at_first_is_no_proof(void **state)
{
	static const char *const none[] = {
	    TAKES "authenticationmethods keyboard-interactive:pam,publickey\n",
	    TAKES "authenticationmethods password publickeys\n",
	    "pubkeyauthentication no\n" TYPES,
	    "pubkeyauthentication yes\npubkeyacceptedalgorithms rsa-sha2-512,ssh-ed25519-cert-v01@openssh.com\n",
	    "pubkeyauthentication yes\n", ""},
	    *const some[] = {TAKES, TAKES "authenticationmethods any\n",
	    TAKES "authenticationmethods password publickey\n",
	    "usepam yes\npubkeyauthentication yes\npubkeyacceptedkeytypes ssh-ed25519,ssh-rsa\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		host_text("sshd", ASKED, none[i]);
		host_says("EIC-08", AUDIT_ERROR, "lets alice show no ed25519 key at first");
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		host_text("sshd", ASKED, some[i]);
		host_says("EIC-08", AUDIT_PASS, DENIED);
	}
	facts_none(&host, "sshd", ASKED);
	host_says("EIC-08", AUDIT_ERROR, "there is no sshd");
	facts_trouble(&host, "sshd", ASKED, "it broke");
	host_says("EIC-08", AUDIT_ERROR, "it broke");
}

/* Which of them answers at the port is not known. */
static void refusal_is_proof_where_each_sshd_takes_keys(void **state)
{
	(void)state;
	host_text("listener", "77",
	    "1650000000\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups");
	host_text("listener", "78", "1650000000\n/usr/sbin/sshd\n"
	    "sshd: /usr/sbin/sshd -D -o DenyUsers=alice [listener] 0 of 10-100 startups");
	host_says("EIC-08", AUDIT_ERROR, "process 78:probe:alice");
	host_text("sshd", "process 78:probe:alice", TAKES);
	host_text("sshd-refuses", "process 78:probe:alice", "DenyUsers names alice");
	host_says("EIC-08", AUDIT_ERROR, "process 78: alice is turned away");
	facts_none(&host, "sshd-refuses", "process 78:probe:alice");
	host_says("EIC-08", AUDIT_PASS, DENIED);
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

#define PRINT "SHA256:ztpPXATG3zU+HMDyFHYsPq7ENL71WPYoQwoGUMCy4RE"
#define OFFERS "debug1: Offering public key: /proc/1/fd/3 ED25519 " PRINT " explicit\r\n"
#define GOES_ON "debug1: Authentications that can continue: "

/* set: of "offered refused accepted partial denied". */
static void assert_read(const char *said, const char *set, const char *last)
{
	struct probe_login x;
	char is[64];

	probe_read_login(said, PRINT, &x);
	(void)snprintf(is, sizeof(is), "%s%s%s%s%s", x.offered ? "offered " : "", x.refused ? "refused " : "",
	    x.accepted ? "accepted " : "", x.partial ? "partial " : "", x.denied ? "denied " : "");
	assert_string_equal(is, set);
	assert_string_equal(x.last, last);
}

static void lines_of_ssh_are_told_apart(void **state)
{
	(void)state;
	assert_read("debug1: Next authentication method: publickey\r\n" OFFERS GOES_ON "password,publickey\r\n"
	    "debug1: No more authentication methods to try.\r\n" DENIED "\r\n", "offered refused denied ",
	    DENIED);
	assert_read(OFFERS "debug1: Server accepts key: /proc/1/fd/3 ED25519 " PRINT " explicit\nAuthenticated "
	    "using \"publickey\" with partial success.\n" GOES_ON "keyboard-interactive\n" DENIED "\n",
	    "offered accepted partial denied ", DENIED);
	assert_read("ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", "",
	    "ssh: connect to host 127.0.0.1 port 1: Connection refused");
	assert_read("", "", "");
}

/* As OpenSSH 9.2 says it where the order is the other one, the key cannot be read, and its kind
 * is not allowed. */
static void denial_without_the_key_is_told_apart(void **state)
{
	static const char other[] = "a@127.0.0.1: Permission denied (keyboard-interactive).";

	(void)state;
	assert_read("debug1: Will attempt key: /proc/1/fd/3 ED25519 " PRINT " explicit\r\n" GOES_ON
	    "keyboard-interactive\r\ndebug1: No more authentication methods to try.\r\n"
	    "a@127.0.0.1: Permission denied (keyboard-interactive).\r\n", "", other);
	assert_read(GOES_ON "publickey\ndebug1: Trying private key: /proc/1/fd/3\nno such identity: "
	    "/proc/1/fd/3: No such file or directory\n" DENIED "\n", "denied ", DENIED);
	assert_read("debug1: Skipping ssh-ed25519 key /proc/1/fd/3 - corresponding algo not in "
	    "PubkeyAcceptedAlgorithms\n" GOES_ON "publickey\n" DENIED "\n", "denied ", DENIED);
	assert_read("debug1: Offering public key: /root/.ssh/id_ed25519 ED25519 " PRINT "x explicit\n" GOES_ON
	    "publickey\n" DENIED "\n", "denied ", DENIED);
	assert_read(OFFERS GOES_ON "publickeys,gssapi\n" DENIED "\n", "offered denied ", DENIED);
	/* Cut off by a limit of the answer. */
	assert_read("debug1: Offering public key: /proc/1/fd/3 ED25519 SHA256:ztp", "", "");
}

/* A banner that looks like a denial is not the end. */
static void denial_of_a_banner_is_none(void **state)
{
	(void)state;
	assert_read(DENIED "\nConnection closed by 127.0.0.1 port 22\n", "",
	    "Connection closed by 127.0.0.1 port 22");
	assert_read("debug1: " DENIED "\n", "", "");
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
	char command[256], line[256] = "";
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
	(void)snprintf(command, sizeof(command), "ssh-keygen -l -f - <<'END'\n%s\nEND\n", k.line);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(line, sizeof(line), out));
	assert_int_equal(pclose(out), 0);
	assert_non_null(strstr(line, k.fingerprint));
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
	    TEST(denial_of_a_key_that_was_not_shown_is_an_error),
	    TEST(refusal_is_no_proof_where_the_key_may_have_been_over),
	    TEST(refusal_of_whom_sshd_turns_away_anyway_is_no_proof),
	    TEST(refusal_where_sshd_takes_no_key_at_first_is_no_proof),
	    TEST(refusal_is_proof_where_each_sshd_takes_keys),
	    TEST(key_that_sshd_takes_fails_however_it_ends),
	    cmocka_unit_test(lines_of_ssh_are_told_apart),
	    cmocka_unit_test(denial_without_the_key_is_told_apart),
	    cmocka_unit_test(denial_of_a_banner_is_none),
	    cmocka_unit_test(names_are_those_that_instance_connect_takes),
	    cmocka_unit_test(key_is_one_of_openssh_and_gone_when_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
