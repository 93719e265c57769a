/* What of a host's files is covered before it is judged or saved: mask.h. */
#include "tests/unit/audit_host.h"

#include "policy/audit/mask.h"

#define DROPIN "/etc/systemd/system/service.d/proxy.conf"

/* The text of a file afterwards. */
static void becomes(const char *path, const char *text, const char *wanted)
{
	host_text("file", path, text);
	mask_facts(&host);
	if (strcmp(facts_string(&host, "file", path), wanted) != 0)
		fail_msg("%s:\n%s\nnot\n%s", path, facts_string(&host, "file", path), wanted);
}

static void values_of_a_unit_that_nothing_judges_are_covered(void **state)
{
	(void)state;
	becomes(DROPIN, "[Service]\nEnvironment=A=u:pw \\\n  \"B=x y\" C='z'\nSetCredential=x:abc\n",
	    "[Service]\nEnvironment=A=**** \\\n  \"B=***\" C='*'\nSetCredential=*****\n");
	becomes(DROPIN, "# abc\n ; d\nUser = bob\n  ExecStart = /bin/x $K \\\n# in it\n -y\n",
	    "#****\n ;**\nUser =****\n  ExecStart = /bin/x $K \\\n#******\n -y\n");
	/* Named by a command of a unit: it is judged. */
	becomes(DROPIN, "[Service]\nEnvironment=SSHD_OPTS=-oPort=23 SSHD_OPT=abc X=${SSHD_OPTS}\n",
	    "[Service]\nEnvironment=SSHD_OPTS=-oPort=23 SSHD_OPT=*** X=************\n");
	becomes(DROPIN, "Environment=", "Environment=");
	becomes(DROPIN, "Environment=A=\\\"x y=\\\n\"z", "Environment=A=*** y=\\\n\"*");
	becomes(DROPIN, "x", "x");
}

static void variables_that_no_command_names_are_covered(void **state)
{
	static const char path[] = "/etc/default/ssh";

	(void)state;
	becomes(path, "SSHD_OPTS=\"-o a\"\nAWS_SECRET=\"ab\ncd\"\n#x=y \\\nz\nK=1\n",
	    "SSHD_OPTS=\"-o a\"\nAWS_SECRET=\"**\n**\"\n#****\\\n*\nK=*\n");
	becomes(path, "A=b\\\nc=d\nE='\"'f\n=x\nplain\n", "A=*\\\n***\nE='*'*\n=*\n*****\n");
}

static void arguments_of_pam_that_are_secret_are_covered(void **state)
{
	static const char path[] = "/etc/pam.d/x";

	(void)state;
	host_text("trust", path, "");
	becomes(path, "auth [success=1 default=ignore] pam_mysql.so user=a passwd=b,c db=x\n"
	    "auth required pam_x.so [bindpw=a b] \\\n Secret=c use_authtok deny=3\n",
	    "auth [success=1 default=ignore] pam_mysql.so user=a passwd=*** db=x\n"
	    "auth required pam_x.so [bindpw=***] \\\n Secret=* use_authtok deny=3\n");
	becomes(path, "auth required pam_bastion.so keyring=/k password_policy=kisa\n# token=abc",
	    "auth required pam_bastion.so keyring=/k password_policy=kisa\n# token=***");
}

static void variables_that_sshd_sets_are_covered(void **state)
{
	static const char included[] = "/etc/ssh/sshd_config.d/a.conf", alt[] = "/srv/alt";

	(void)state;
	becomes(HOST_CONFIG, "# pw: abc\nPort 22 # abc\n  setenv A=b \"C=d e\"\nSetEnvX a\nSetEnv\n",
	    "#********\nPort 22 # abc\n  setenv ***********\nSetEnvX a\nSetEnv\n");
	host_text("glob", "/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/a.conf\n");
	becomes(included, "Match User x\n\tSetEnv=A=b\n", "Match User x\n\tSetEnv=***\n");
	becomes(alt, "SetEnv A=b\n", "SetEnv A=b\n");
	host_text("listener", "9", "1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -f /srv/alt [listener] 0");
	becomes(alt, "SetEnv A=b\n", "SetEnv ***\n");
	host_text("sshd", "config:alice", "port 22\nsetenv A=b\nusepam yes\n");
	mask_facts(&host);
	assert_string_equal(facts_string(&host, "sshd", "config:alice"), "port 22\nsetenv ***\nusepam yes\n");
}

static void commands_of_inetd_are_covered(void **state)
{
	(void)state;
	becomes("/etc/inetd.conf", "telnet stream tcp\tx -p abc\n# no\n\nshell", "telnet *******************\n# **\n\nshell");
}

/* What libpam's codes are called is no secret. */
static void control_of_a_line_of_pam_is_not_covered(void **state)
{
	static const char path[] = "/etc/pam.d/x";
	static const char *const same[] = {
	    "auth [success=1 cred_err=ignore cred_unavail=2 default=ignore] pam_permit.so\n",
	    " -AUTH\t[cred_expired=die authtok_err=bad] pam_x.so\n",
	    "auth \\\n [cred_insufficient=bad] \\\n pam_x.so\n"};

	(void)state;
	host_text("trust", path, "");
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		becomes(path, same[i], same[i]);
	becomes(path, "auth [cred_err=1] pam_x.so [passwd=a b] pw=c", "auth [cred_err=1] pam_x.so "
	    "[passwd=***] pw=*");
	becomes(path, "auth[cred_err=1]pw=c", "auth[cred_err=1]pw=*");
	becomes(path, "auth [cred_err=1", "auth [cred_err=1");
	becomes(path, "# auth [passwd=1] x", "# auth [passwd=*] x");
	becomes(path, "auth", "auth");
}

/* It is what the checks look for. */
static void what_names_instance_connect_stays(void **state)
{
	static const char env[] = "OPTIONS='-o AuthorizedKeysCommand=/opt/aws/bin/eic_run_authorized_keys'\n";

	(void)state;
	becomes("/etc/sysconfig/sshd", env, env);
	becomes(DROPIN, "[Unit]\nDescription=ec2-instance-connect\n",
	    "[Unit]\nDescription=ec2-instance-connect\n");
}

static void verdicts_are_the_same_behind_it(void **state)
{
	static const char *const ids[] = {"EIC-03", "EIC-04", "EIC-05", "MFA-11"};
	enum audit_status before[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		before[i] = host_check(ids[i]);
	mask_facts(&host);
	mask_facts(&host);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(host_check(ids[i]), before[i]);
	host_file("/etc/default/ssh", "X=\"a\nSSHD_OPTS=\"-oAuthorizedKeysCommand=/opt/aws/bin/"
	    "eic_run_authorized_keys\"\n");
	mask_facts(&host);
	host_file("/etc/default/ssh", "A=1\nSSHD_OPTS=\"-oAuthorizedKeysCommand=/opt/aws/bin/"
	    "eic_run_authorized_keys\"\n");
	mask_facts(&host);
	host_says("EIC-03", AUDIT_FAIL, "FAIL /etc/default/ssh:2: ");
}

static void any_text_keeps_its_length_and_lines(void **state)
{
	static const char bytes[] = "ab=\"'\\\n #;[] \tEnvironment=$K{}";
	static const char *const paths[] = {DROPIN, "/etc/default/ssh", "/etc/pam.d/x"};
	uint64_t seed = 7;

	(void)state;
	host_text("trust", paths[2], "");
	for (int round = 0; round < 6000; round++) {
		char text[64] = "";
		const char *now;
		const size_t n = (size_t)(round % 60);

		for (size_t i = 0; i < n; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			text[i] = bytes[(seed >> 33) % (sizeof(bytes) - 1)];
		}
		host_text("file", paths[round % 3], text);
		mask_facts(&host);
		now = facts_string(&host, "file", paths[round % 3]);
		assert_int_equal(strlen(now), n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(now[i] == '\n', text[i] == '\n');
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_set_up, host_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(values_of_a_unit_that_nothing_judges_are_covered),
	    TEST(variables_that_no_command_names_are_covered),
	    TEST(arguments_of_pam_that_are_secret_are_covered), TEST(variables_that_sshd_sets_are_covered),
	    TEST(commands_of_inetd_are_covered),
	    TEST(control_of_a_line_of_pam_is_not_covered), TEST(what_names_instance_connect_stays),
	    TEST(verdicts_are_the_same_behind_it), TEST(any_text_keeps_its_length_and_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
