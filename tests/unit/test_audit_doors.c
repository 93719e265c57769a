/* Other doors, sudo, keys of AWS, from facts alone: MFA-16, MFA-17, KEY-09; sudoers.h. */
#include "tests/unit/audit_said.h"

#include "policy/audit/sudoers.h"

static int set_up(void **state)
{
	(void)state;
	host = (struct facts){.count = 0};
	host_result = (struct result){.count = 0};
	host_text("host", "name", "bastion1.example.net");
	host_text("doors", "sockets", "");
	host_text("doors", "processes", "");
	facts_none(&host, "file", "/etc/inetd.conf");
	facts_none(&host, "file", "/etc/doas.conf");
	facts_none(&host, "file", "/etc/sudo.conf");
	host_text("file", "/etc/pam.d/su", "auth sufficient pam_rootok.so\n@include common-auth\n");
	host_text("file", "/etc/pam.d/common-auth", "auth required pam_bastion.so\n");
	facts_none(&host, "file", "/etc/pam.d/su-l");
	host_text("listen", "22 0.0.0.0", "uid=0");
	host_text("process", "agetty 700", "/sbin/agetty -o -- \\u --noclear - linux tty1");
	host_text("sudoers", "files", "");
	host_text("file", "/etc/sudoers", "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"
	    "@includedir /etc/sudoers.d\n");
	facts_none(&host, "file", "/etc/nsswitch.conf");
	host_text("dir", "/etc/sudoers.d", "README\n90-cloud\nold~\nx.rpmsave\n");
	host_text("file", "/etc/sudoers.d/README", "# NOPASSWD in a comment\n");
	host_text("file", "/etc/sudoers.d/90-cloud", "");
	host_text("runas", "www-data", "uid=33");
	host_text("runas", "toor", "uid=0");
	facts_none(&host, "runas", "nosuch");
	host_text("aws-keys", "scan", "12");
	return 0;
}

static void a_host_as_it_has_to_be_passes(void **state)
{
	(void)state;
	host_says("MFA-16", AUDIT_PASS, "no other way in");
	host_says("MFA-17", AUDIT_PASS, "3 files");
	host_says("KEY-09", AUDIT_PASS, "12 files");
}

static void nothing_gathered_is_an_error(void **state)
{
	static const char *const ids[] = {"MFA-16", "MFA-17", "KEY-09"};

	(void)state;
	facts_free(&host);
	for (size_t i = 0; i < 3; i++)
		host_says(ids[i], AUDIT_ERROR, "was not looked at");
}

static void trouble_is_an_error(void **state)
{
	static const struct { const char *id, *kind, *name; } told[] = {{"MFA-16", "doors", "sockets"},
	    {"MFA-16", "doors", "processes"}, {"MFA-16", "file", "/etc/inetd.conf"},
	    {"MFA-16", "file", "/etc/doas.conf"}, {"MFA-17", "file", "/etc/sudo.conf"},
	    {"MFA-16", "file", "/etc/pam.d/su"}, {"MFA-16", "file", "/etc/pam.d/common-auth"},
	    {"MFA-17", "sudoers", "files"}, {"MFA-17", "file", "/etc/sudoers"},
	    {"MFA-17", "file", "/etc/nsswitch.conf"},
	    {"MFA-17", "dir", "/etc/sudoers.d"}, {"MFA-17", "file", "/etc/sudoers.d/90-cloud"},
	    {"KEY-09", "aws-keys", "scan"}};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		facts_trouble(&host, told[i].kind, told[i].name, "it broke");
		host_says(told[i].id, AUDIT_ERROR, "it broke");
	}
}

static void other_doors_warn_and_telnet_and_rsh_fail(void **state)
{
	static const struct { const char *kind, *name, *text; enum audit_status is; } doors[] = {
	    {"listen", "23 ::", "uid=0", AUDIT_FAIL}, {"listen", "514 0.0.0.0", "uid=0", AUDIT_FAIL},
	    {"listen", "9090 ::", "uid=0", AUDIT_WARN}, {"listen", "2323 ::", "uid=0", AUDIT_PASS},
	    {"listen", "23", "", AUDIT_FAIL}, {"process", "in.telnetd 5", "", AUDIT_FAIL},
	    {"process", "amazon-ssm-agen 5", "", AUDIT_WARN}, {"process", "dropbear 5", "", AUDIT_WARN},
	    {"process", "in.telnetd 5", "uid=0 ", AUDIT_FAIL},
	    {"process", "in.telnetd 5", "uid=1000 ", AUDIT_WARN},
	    {"process", "agetty 9", "uid=1000 agetty ttyS0", AUDIT_PASS},
	    {"process", "agetty 9", "uid=0 /sbin/agetty -o -- \\u ttyS0", AUDIT_WARN},
	    {"process", "agetty 9", "/sbin/agetty -o -- \\u --keep-baud ttyS0", AUDIT_WARN},
	    {"file", "/etc/inetd.conf", "#telnet stream\n", AUDIT_PASS},
	    {"file", "/etc/inetd.conf", "ftp stream\ntelnet stream tcp nowait\n", AUDIT_FAIL},
	    {"file", "/etc/pam.d/su", "auth required pam_unix.so\n", AUDIT_WARN},
	    {"file", "/etc/pam.d/cockpit", "auth required pam_unix.so\n", AUDIT_WARN},
	    /* A line of ours that is there, and asks for nothing. */
	    {"file", "/etc/pam.d/su", "auth optional pam_bastion.so\nauth required pam_unix.so\n", AUDIT_WARN},
	    {"file", "/etc/pam.d/su", "auth sufficient pam_unix.so\nauth required pam_bastion.so\n", AUDIT_WARN},
	    {"file", "/etc/pam.d/su", "auth sufficient pam_wheel.so trust\nauth required pam_bastion.so\n", AUDIT_PASS},
	    {"file", "/etc/pam.d/doas", "auth required pam_unix.so\n", AUDIT_WARN},
	    {"file", "/etc/doas.conf", "permit :wheel\n# permit nopass x\ndeny nopass x\n", AUDIT_PASS},
	    {"file", "/etc/doas.conf", "permit keepenv nopass :wheel\n", AUDIT_WARN},
	    {"file", "/etc/pam.d/su", "@include su\n", AUDIT_ERROR},
	    {"file", "/etc/pam.d/su", "nonsense\n", AUDIT_ERROR},
	    {"sshd", "config", "port 22\npermitrootlogin without-password\n", AUDIT_WARN},
	    {"sshd", "config:match:/etc/ssh/sshd_config:9:alice", "permitrootlogin yes\n", AUDIT_WARN},
	    {"sshd", "process 7", "permitrootlogin yes\n", AUDIT_WARN},
	    {"sshd", "config", "port 22\npermitrootlogin no\nusepam yes\n", AUDIT_PASS}};

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		host_text(doors[i].kind, doors[i].name, doors[i].text);
		if (host_check("MFA-16") != doors[i].is)
			fail_msg("%s %s: %s", doors[i].kind, doors[i].name, host_notes);
	}
}

static void a_host_without_sudo_is_skipped(void **state)
{
	(void)state;
	facts_none(&host, "file", "/etc/sudoers");
	host_says("MFA-17", AUDIT_SKIP, "/etc/sudoers: does not exist");
}

static void rules_that_ask_nobody_fail_unless_they_name_commands(void **state)
{
	static const struct { const char *line; enum audit_status is; } rules[] = {
	    {"alice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"%wheel\tALL=(ALL)\tNOPASSWD:ALL # why", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD : ALL", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: /usr/bin/systemctl restart nginx", AUDIT_WARN},
	    {"alice ALL = NOPASSWD: sha256:abc= /bin/ls", AUDIT_FAIL}, /* strict: a second `=` */
	    {"alice ALL = NOPASSWD: sha256:abc /bin/ls", AUDIT_WARN},
	    {"alice ALL = NOPASSWD: /bin/ls, /bin/cat", AUDIT_WARN},
	    {"alice ALL = NOPASSWD: /bin/ls, ALL", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: /bin/ls, PASSWD: ALL", AUDIT_WARN},
	    {"alice ALL = /bin/ls, NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: /bin/bash", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: /usr/bin/", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: /usr/bin/*", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: TOOLS", AUDIT_FAIL},
	    {"alice ALL = NOPASSWD: sudoedit /etc/motd", AUDIT_FAIL},
	    {"alice ALL = NOEXEC:NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL = (www-data) NOPASSWD: ALL", AUDIT_PASS},
	    {"alice ALL = (www-data, root) NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL = (WEB) NOPASSWD: ALL", AUDIT_FAIL}, {"alice ALL = (#0) NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL = (: adm) NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice A = NOPASSWD: /bin/ls : B = NOPASSWD: ALL", AUDIT_FAIL},
	    {"root ALL=(ALL) NOPASSWD: ALL", AUDIT_PASS}, {"rooter ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"#1000 ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL}, {"# alice ALL=NOPASSWD: ALL", AUDIT_PASS},
	    {"alice ALL=(ALL) \\\n  NOPASSWD: \\\n ALL", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASS\\\nWD: ALL", AUDIT_FAIL},
	    {"Cmnd_Alias X = /bin/NOPASSWD", AUDIT_PASS}, {"NOPASSWD", AUDIT_FAIL},
	    {"Defaults !authenticate", AUDIT_FAIL}, {"Defaults:alice !authenticate", AUDIT_FAIL},
	    {"Defaults env_reset, ! authenticate", AUDIT_FAIL}, {"Defaults authenticate", AUDIT_PASS},
	    {"Defaults!/bin/ls !authenticate", AUDIT_WARN},
	    {"Defaults>www-data !authenticate", AUDIT_WARN}, {"Defaults>root !authenticate", AUDIT_FAIL},
	    {"Defaults exempt_group=adm", AUDIT_FAIL}, {"Defaults env_reset", AUDIT_PASS}};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		host_text("file", "/etc/sudoers.d/90-cloud", rules[i].line);
		if (host_check("MFA-17") != rules[i].is)
			fail_msg("%s: %s", rules[i].line, host_notes);
	}
	host_text("file", "/etc/sudoers.d/90-cloud", "a \\\nb\n\nalice ALL = NOPASSWD: ALL\n");
	host_says("MFA-17", AUDIT_FAIL, "/etc/sudoers.d/90-cloud:4: alice ALL = NOPASSWD: ALL: becomes");
}

static void rules_are_read_as_sudo_reads_them(void **state)
{
	static const struct { const char *lines; enum audit_status is; } rules[] = {
	    /* A comment does not go on in the next line. */
	    {"# note \\\nalice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"bob ALL=(ALL) ALL # note \\\nalice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"#-note \\\nalice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/ls, \\ \t\n ALL", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/ls, \\\r\n ALL", AUDIT_FAIL},
	    /* A quote among arguments hides nothing. */
	    {"alice ALL=(ALL) /bin/ls \"a, NOPASSWD: ALL", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/ls \"a, /bin/bash", AUDIT_FAIL},
	    {"alice ALL=(ALL) /bin/ls \"a : B = NOPASSWD: ALL", AUDIT_FAIL},
	    {"# one \\", AUDIT_PASS}, {"#\\\n", AUDIT_PASS},
	    /* A list that begins with root. */
	    {"root , alice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"root\t,alice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"root,alice ALL=(ALL) NOPASSWD: ALL", AUDIT_FAIL},
	    {"root\tALL=(ALL) NOPASSWD: ALL", AUDIT_PASS},
	    /* A pattern may be any command. */
	    {"alice ALL=(ALL) NOPASSWD: /bin/b[a]sh", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/?ash", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/b\\ash", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: ^/bin/.*$", AUDIT_FAIL},
	    {"alice ALL=(ALL) NOPASSWD: /bin/ls [a-z]*", AUDIT_WARN},
	    /* Asked once, and then never again. */
	    {"Defaults timestamp_timeout=-1", AUDIT_WARN},
	    {"Defaults:alice env_reset, timestamp_timeout = \"-0.5\"", AUDIT_WARN},
	    {"Defaults timestamp_timeout=-1, !authenticate", AUDIT_FAIL},
	    {"Defaults timestamp_timeout=15", AUDIT_PASS},
	    /* The last of several counts. */
	    {"Defaults authenticate, !authenticate", AUDIT_FAIL},
	    {"Defaults authenticate, env_reset, authenticate", AUDIT_PASS},
	    {"Defaults timestamp_timeout=5,timestamp_timeout=-1", AUDIT_WARN},
	    /* Another name of root. */
	    {"%users ALL=(toor) NOPASSWD: ALL", AUDIT_FAIL},
	    {"%users ALL=(www-data, toor) NOPASSWD: /bin/ls", AUDIT_FAIL},
	    {"%users ALL=(nosuch) NOPASSWD: ALL", AUDIT_PASS},
	    {"%users ALL=(r\\oot) NOPASSWD: ALL", AUDIT_FAIL},
	    {"%users ALL=(www-data,rOOT) NOPASSWD: ALL", AUDIT_FAIL},
	    {"%users ALL=(stranger) NOPASSWD: ALL", AUDIT_ERROR},
	    {"root ALL=(toor) NOPASSWD: ALL", AUDIT_PASS},
	    {"Defaults>toor !authenticate", AUDIT_FAIL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		host_text("file", "/etc/sudoers.d/90-cloud", rules[i].lines);
		if (host_check("MFA-17") != rules[i].is)
			fail_msg("%s: %s", rules[i].lines, host_notes);
	}
}

static void rules_of_sudo_that_no_file_holds_are_an_error(void **state)
{
	(void)state;
	host_text("file", "/etc/nsswitch.conf", "passwd: files sss\n# sudoers: sss\nsudoers: files\n");
	host_says("MFA-17", AUDIT_PASS, "3 files");
	host_text("file", "/etc/nsswitch.conf", "passwd: files\nsudoers:files [NOTFOUND=return]  sss\n");
	host_says("MFA-17", AUDIT_ERROR, "/etc/nsswitch.conf:2: sudoers: sss");
	host_text("file", "/etc/nsswitch.conf", "sudoers: ldap");
	host_says("MFA-17", AUDIT_ERROR, "/etc/nsswitch.conf:1: sudoers: ldap");
}

static void rules_of_sudo_in_another_file_are_an_error(void **state)
{
	static const struct { const char *text; enum audit_status is; } files[] = {
	    {"# Plugin sudoers_policy sudoers.so sudoers_file=/x\nSet disable_coredump false\n", AUDIT_PASS},
	    {"Plugin sudoers_policy sudoers.so\nPlugin sudoers_io sudoers.so\n", AUDIT_PASS},
	    {"Plugin sudoers_policy /usr/libexec/sudo/sudoers.so sudoers_file=/etc/sudoers\n", AUDIT_PASS},
	    {"Plugin sudoers_policy sudoers.so sudoers_mode=0440 sudoers_file=/srv/sudoers\n", AUDIT_ERROR},
	    {"Plugin sudoers_policy sudoers.so\nPlugin my_approval my.so\n", AUDIT_PASS},
	    {"Plugin policy centrify.so\n", AUDIT_ERROR}};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		host_text("file", "/etc/sudo.conf", files[i].text);
		if (host_check("MFA-17") != files[i].is)
			fail_msg("%s%s", files[i].text, host_notes);
	}
}

static void includes_of_sudoers_are_followed_to_an_end(void **state)
{
	(void)state;
	host_text("file", "/etc/sudoers", "#include sub/%h.conf\n#includedir /none\n#include_x\n");
	facts_none(&host, "dir", "/none");
	host_text("file", "/etc/sub/bastion1.conf", "alice ALL = NOPASSWD: ALL\n");
	host_says("MFA-17", AUDIT_FAIL, "/etc/sub/bastion1.conf:1:");
	host_text("file", "/etc/sudoers", "@include /etc/sudoers\n@include /etc/sudoers\n");
	host_says("MFA-17", AUDIT_ERROR, "includes too many files");
	host_text("file", "/etc/sudoers", "@include \"/etc/other\"\n");
	host_says("MFA-17", AUDIT_ERROR, "file /etc/other: was not looked at");
}

static void path_of_an_include_ends_where_sudo_ends_it(void **state)
{
	static const char *const lines[] = {"@include /etc/x/a # note", "#include /etc/x/a\t# note",
	    "@include \"/etc/x/a\" # note", "@include /etc/\\x/a", "@include \"/etc/x\\/a\"",
	    "@includedir /etc/x # note", "  @includedir /etc/x ", "@include ../x/a\r", "@include /etc/x/b\\ c",
	    "@include \"/etc/x/b c\""};

	(void)state;
	host_text("file", "/etc/x/a", "alice ALL=(ALL) NOPASSWD: ALL\n");
	host_text("file", "/etc/x/b c", "alice ALL=(ALL) NOPASSWD: ALL\n");
	host_text("file", "/etc/sudoers.d/../x/a", "alice ALL=(ALL) NOPASSWD: ALL\n");
	host_text("dir", "/etc/x", "a\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		host_text("file", "/etc/sudoers.d/90-cloud", lines[i]);
		if (host_check("MFA-17") != AUDIT_FAIL)
			fail_msg("%s: %s", lines[i], host_notes);
	}
}

static void a_saved_file_that_includes_itself_is_not_read_for_ever(void **state)
{
	const size_t size = (size_t)3 << 20;
	char *text = malloc(size + 1);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	while (n < size - 100)
		n += (size_t)snprintf(text + n, size - n, "%s\n", n == 0 ? "@include /etc/sudoers" :
		    "a ALL = NOPASSWD: ALL");
	facts_text(&host, "file", "/etc/sudoers", text, n);
	host_says("MFA-17", AUDIT_FAIL, "includes too many files");
	assert_true(host_result.count < 2 * size / 20);
	free(text);
}

static int ignore(void *ctx, const struct sudoers_line *l)
{
	(void)l;
	return ++*(int *)ctx < 0;
}

static void a_line_of_sudoers_that_is_too_long_is_not_passed(void **state)
{
	char text[SUDOERS_LINE + 10];
	int n = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(sudoers_parse(text, ignore, &n), -1);
	host_text("file", "/etc/sudoers", text);
	host_says("MFA-17", AUDIT_ERROR, "a line is too long");
	assert_int_equal(sudoers_parse("a\\", ignore, &n), 0);
	assert_int_equal(sudoers_parse("\\\n\\\n", ignore, &n), 0);
	assert_int_equal(sudoers_parse("Defaults", ignore, &n), 0);
	assert_int_equal(sudoers_parse("a = NOPASSWD: (", ignore, &n), 0);
	assert_int_equal(sudoers_parse("a = NOPASSWD: sha1", ignore, &n), 0);
}

static void keys_that_others_can_read_fail_and_any_on_ec2_warns(void **state)
{
	(void)state;
	host_text("aws-key", "/home/a/.aws/credentials:2", "mode=0600 uid=1000 gid=1000 id=AKIA...WXYZ");
	host_says("KEY-09", AUDIT_INFO, "/home/a/.aws/credentials:2: mode=0600");
	host_text("aws-key", "/home/a/.aws/credentials:2", "mode=0640 uid=1000 gid=1000 id=AKIA...WXYZ");
	host_says("KEY-09", AUDIT_FAIL, "mode=0640");
	host_text("aws-key", "/home/a/.aws/credentials:2", "mode=0600 uid=1000 gid=1000 id=AKIA...WXYZ");
	host_text("host", "instance", "i-0123456789abcdef0");
	host_says("KEY-09", AUDIT_WARN, "on i-0123456789abcdef0");
	host_text("aws-key", "/etc/environment:1", "mode=0644 uid=0 gid=0 id=AKIA...WXYZ");
	host_says("KEY-09", AUDIT_FAIL, "FAIL /etc/environment:1: mode=0644");
	host_text("aws-key", "/etc/environment:1", "mode=0600x");
	host_says("KEY-09", AUDIT_FAIL, "FAIL /etc/environment:1: mode=0600x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_host_as_it_has_to_be_passes, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(nothing_gathered_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(trouble_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(other_doors_warn_and_telnet_and_rsh_fail, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(a_host_without_sudo_is_skipped, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(rules_that_ask_nobody_fail_unless_they_name_commands, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(rules_are_read_as_sudo_reads_them, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(rules_of_sudo_that_no_file_holds_are_an_error, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(rules_of_sudo_in_another_file_are_an_error, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(includes_of_sudoers_are_followed_to_an_end, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(path_of_an_include_ends_where_sudo_ends_it, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(a_saved_file_that_includes_itself_is_not_read_for_ever,
	        set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(a_line_of_sudoers_that_is_too_long_is_not_passed, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(keys_that_others_can_read_fail_and_any_on_ec2_warns, set_up,
	        host_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
