/* EC2 Instance Connect, from facts alone: check_eic*.c, eic_log.h. */
#include "tests/unit/audit_host.h"

#include "policy/audit/eic_log.h"

#define SCRIPT "/usr/share/ec2-instance-connect/eic_run_authorized_keys"
#define OPTION "-o \"AuthorizedKeysCommand " SCRIPT " %%u %%f\""

static void clean_host_passes(void **state)
{
	static const char *const ids[] = {"EIC-01", "EIC-02", "EIC-03", "EIC-04", "EIC-05", "EIC-06",
	    "EIC-07", "EIC-11"};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		host_says(ids[i], AUDIT_PASS, "PASS ");
}

static void nothing_gathered_is_an_error_in_every_check(void **state)
{
	const struct audit_check *c;

	(void)state;
	facts_free(&host);
	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++)
		if (strncmp(c->id, "EIC-", 4) == 0 || strcmp(c->id, "MFA-11") == 0)
			host_says(c->id, AUDIT_ERROR, "was not looked at");
}

static void trouble_is_an_error_in_every_check(void **state)
{
	static const struct { const char *id, *kind, *name; } told[] = {
	    {"EIC-01", "package", "ec2-instance-connect"}, {"EIC-02", "meta", SCRIPT},
	    {"EIC-03", "file", HOST_UNIT}, {"EIC-03", "file", "/etc/default/ssh"},
	    {"EIC-04", "file", HOST_CONFIG}, {"EIC-04", "sshd", "config"},
	    {"EIC-04", "sshd", "config:alice"}, {"EIC-04", "glob", "/etc/ssh/sshd_config.d/*.conf"},
	    {"EIC-05", "listeners", "sshd"}, {"EIC-06", "leftovers", EIC_NAME},
	    {"EIC-07", "eic-use", "journal"}, {"EIC-11", "meta", "/etc/apt"}};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)host_tear_down(state);
		(void)host_set_up(state);
		facts_trouble(&host, told[i].kind, told[i].name, "it broke");
		host_says(told[i].id, AUDIT_ERROR, "it broke");
	}
}

static void package_that_is_removed_but_configured_is_a_warning(void **state)
{
	(void)state;
	host_text("package", "ec2-instance-connect", "dpkg\ndeinstall ok config-files\n1.1.14");
	host_says("EIC-01", AUDIT_WARN, "deinstall ok config-files");
	host_text("package", "ec2-instance-connect", "dpkg\ninstall ok installed\n1.1.14");
	host_says("EIC-01", AUDIT_FAIL, "ec2-instance-connect 1.1.14: installed");
}

static void package_is_installed_while_its_files_are_there(void **state)
{
	static const struct { const char *state; enum audit_status is; } states[] = {
	    {"hold ok installed", AUDIT_FAIL}, {"deinstall ok installed", AUDIT_FAIL},
	    {"install ok half-configured", AUDIT_FAIL}, {"install reinstreq half-installed", AUDIT_FAIL},
	    {"install ok triggers-pending", AUDIT_FAIL}, {"hold ok config-files", AUDIT_WARN},
	    {"unknown ok not-installed", AUDIT_PASS}, {"hold ok not-installed", AUDIT_PASS},
	    {"", AUDIT_FAIL}};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		char text[100];

		(void)snprintf(text, sizeof(text), "dpkg\n%s\n1.1.14\n", states[i].state);
		host_text("package", "ec2-instance-connect", text);
		if (host_check("EIC-01") != states[i].is)
			fail_msg("%s: %s", states[i].state, host_notes);
	}
	host_text("package", "ec2-instance-connect", "dpkg\nhold ok installed\n1.1.14\n");
	host_says("EIC-01", AUDIT_FAIL, "ec2-instance-connect 1.1.14: installed (hold ok installed)");
}

static void script_fails_when_it_is_called_and_warns_as_an_orphan(void **state)
{
	(void)state;
	host_text("meta", SCRIPT, "file 0755 0 0 1 1");
	host_text("script", SCRIPT, "sha256 abc\npackage ec2-instance-connect\nexecutable");
	host_says("EIC-02", AUDIT_WARN, "sha256 abc, package ec2-instance-connect");
	host_file(HOST_CONFIG, "AuthorizedKeysCommand " SCRIPT " %u %f\n");
	host_says("EIC-02", AUDIT_FAIL, "sshd is told to");
	host_text("script", SCRIPT, "sha256 abc\npackage -\n");
	host_says("EIC-02", AUDIT_WARN, "package -");
}

static void scripts_that_are_called_by_a_script_that_sshd_calls_fail_too(void **state)
{
	static const char other[] = "/usr/share/ec2-instance-connect/eic_parse_authorized_keys";

	(void)state;
	host_text("meta", other, "file 0755 0 0 1 1");
	host_text("script", other, "sha256 abc\npackage -\nexecutable");
	host_says("EIC-02", AUDIT_WARN, other);
	host_text("meta", SCRIPT, "file 0755 0 0 1 1");
	host_text("script", SCRIPT, "sha256 abc\npackage -\nexecutable");
	host_file(HOST_CONFIG, "AuthorizedKeysCommand " SCRIPT " %u %f\n");
	host_says("EIC-02", AUDIT_FAIL, "eic_parse_authorized_keys: can be run");
}

static void drop_in_fails_with_file_and_line(void **state)
{
	(void)state;
	host_text("dir", HOST_DROPIN, "ec2-instance-connect.conf\n");
	host_file(HOST_DROPIN "/ec2-instance-connect.conf",
	    "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D " OPTION " $SSHD_OPTS\n");
	host_says("EIC-03", AUDIT_FAIL, "FAIL " HOST_DROPIN "/ec2-instance-connect.conf:3: "
	    "AuthorizedKeysCommand " SCRIPT " %u %f (ssh.service)");
}

static void drop_in_that_does_not_count_is_a_warning(void **state)
{
	(void)state;
	host_text("dir", HOST_DROPIN, "ec2-instance-connect.conf\nzz.conf\n");
	host_file(HOST_DROPIN "/ec2-instance-connect.conf",
	    "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D " OPTION "\n");
	host_file(HOST_DROPIN "/zz.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D\n");
	host_says("EIC-03", AUDIT_WARN, "WARN " HOST_DROPIN "/ec2-instance-connect.conf:3: ");
}

static void option_in_the_file_of_variables_fails_where_it_stands(void **state)
{
	(void)state;
	host_file("/etc/default/ssh", "# x\nSSHD_OPTS=\"-oAuthorizedKeysCommand=" SCRIPT "\"\n");
	host_says("EIC-03", AUDIT_FAIL, "FAIL /etc/default/ssh:2: -oAuthorizedKeysCommand=");
	host_file("/etc/default/ssh", "# SSHD_OPTS=\"-oAuthorizedKeysCommand=" SCRIPT "\"\n");
	host_says("EIC-03", AUDIT_PASS, "PASS ");
	host_text("file", "/etc/sysconfig/sshd", "OPTIONS='-oAuthorizedKeysCommand=" SCRIPT "'\n");
	host_says("EIC-03", AUDIT_WARN, "WARN /etc/sysconfig/sshd:1: ");
}

static void own_program_that_calls_it_fails(void **state)
{
	(void)state;
	host_text("eic-in", "/usr/local/bin/keys", "3: exec " SCRIPT " \"$@\"");
	host_file("/etc/default/ssh", "SSHD_OPTS=\"-oAuthorizedKeysCommand=/usr/local/bin/keys\"\n");
	host_says("EIC-03", AUDIT_FAIL, "calls it: /usr/local/bin/keys:3: exec ");
	host_file(HOST_CONFIG, "AuthorizedKeysCommand /usr/local/bin/keys %u\n");
	host_says("EIC-04", AUDIT_FAIL, HOST_CONFIG ":1: AuthorizedKeysCommand /usr/local/bin/keys %u");
}

static void own_program_that_nobody_could_look_into_is_an_error(void **state)
{
	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=\"-oAuthorizedKeysCommand=/opt/keys\"\n");
	host_says("EIC-03", AUDIT_ERROR, "eic-in /opt/keys: was not looked at");
	facts_trouble(&host, "eic-in", "/opt/keys", "too long");
	host_says("EIC-03", AUDIT_ERROR, "eic-in /opt/keys: cannot be told: too long");
	host_file("/etc/default/ssh", "SSHD_OPTS=\n");
	host_file(HOST_CONFIG, "AuthorizedKeysCommand /opt/keys %u\n");
	host_says("EIC-04", AUDIT_ERROR, "eic-in /opt/keys: cannot be told: too long");
	facts_none(&host, "eic-in", "/opt/keys");
	host_says("EIC-04", AUDIT_PASS, "");
	host_file(HOST_UNIT, "[Service]\nExecStart=/opt/start-it /etc/ssh/sshd_config\n");
	host_says("EIC-03", AUDIT_ERROR, "eic-in /opt/start-it: was not looked at");
	facts_none(&host, "eic-in", "/opt/start-it");
	host_says("EIC-03", AUDIT_PASS, "");
}

static void findings_name_the_fix_that_mends_them(void **state)
{
	static const char *const ids[] = {"EIC-01", "EIC-02", "EIC-03", "EIC-04", "EIC-05", "EIC-06"};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct audit_check *c = audit_check_find(ids[i], 6);

		assert_string_equal(c->fix, "bastionctl fix EIC");
		assert_string_equal(c->rollback, "bastionctl rollback");
	}
}

static void host_without_units_is_skipped(void **state)
{
	(void)state;
	facts_none(&host, "meta", HOST_UNIT);
	facts_none(&host, "file", HOST_UNIT);
	host_says("EIC-03", AUDIT_SKIP, "no unit");
}

static void lines_of_the_configuration_fail_with_file_and_line(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "UsePAM yes\n\n  authorizedkeyscommand=/opt/aws/bin/"
	    "eic_run_authorized_keys %u %f # x\nAuthorizedKeysCommandUser ec2-instance-connect\n");
	host_says("EIC-04", AUDIT_FAIL, "FAIL " HOST_CONFIG ":3: authorizedkeyscommand "
	    "/opt/aws/bin/eic_run_authorized_keys %u %f\n");
	host_says("EIC-04", AUDIT_FAIL, "WARN " HOST_CONFIG ":4: AuthorizedKeysCommandUser");
	host_file(HOST_CONFIG, "# AuthorizedKeysCommand " SCRIPT "\nMatch User bob\n"
	    "  AuthorizedKeysCommand \"" SCRIPT "\" %u\n");
	host_says("EIC-04", AUDIT_FAIL, HOST_CONFIG ":3: AuthorizedKeysCommand \"" SCRIPT "\" %u "
	    "(in Match User bob)");
}

static void included_files_are_looked_at_in_their_places(void **state)
{
	static const char part[] = "/etc/ssh/sshd_config.d/60-ec2-instance-connect.conf";

	(void)state;
	host_file(HOST_CONFIG, "Match User bob\nInclude sshd_config.d/*.conf\n");
	host_text("glob", "/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/60-ec2-"
	    "instance-connect.conf\n");
	host_file(part, "AuthorizedKeysCommand " SCRIPT "\nMatch all\n");
	host_says("EIC-04", AUDIT_FAIL, "60-ec2-instance-connect.conf:1: AuthorizedKeysCommand " SCRIPT
	    " (in Match User bob)");
}

static void what_sshd_says_of_one_user_fails(void **state)
{
	(void)state;
	host_text("sshd", "config:alice", "authorizedkeyscommand /opt/aws/bin/curl_authorized_keys\n");
	host_says("EIC-04", AUDIT_FAIL, "sshd -T (config:alice): authorizedkeyscommand /opt/aws");
}

static void file_that_a_unit_or_a_process_names_is_read_too(void **state)
{
	static const char said[] = "authorizedkeyscommand " SCRIPT " %u\n";

	(void)state;
	host_file(HOST_UNIT, "[Service]\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/alt\n");
	host_text("sshd", "ssh.service", HOST_SAID);
	host_says("EIC-04", AUDIT_ERROR, "file /etc/ssh/alt: was not looked at");
	host_file("/etc/ssh/alt", "UsePAM yes\nAuthorizedKeysCommand " SCRIPT " %u\n");
	host_says("EIC-04", AUDIT_FAIL, "FAIL /etc/ssh/alt:2: AuthorizedKeysCommand " SCRIPT " %u\n");
	host_file("/etc/ssh/alt", "UsePAM yes\n");
	host_says("EIC-04", AUDIT_PASS, "no line names it");
	host_text("sshd", "ssh.service:alice", said);
	host_says("EIC-04", AUDIT_FAIL, "sshd -T (ssh.service:alice): authorizedkeyscommand " SCRIPT);
	host_text("sshd", "ssh.service:alice", HOST_SAID);
	host_text("listener", "78", "1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -f /etc/ssh/b [listener] 0 of");
	host_text("sshd", "process 78", HOST_SAID);
	host_file("/etc/ssh/b", "AuthorizedKeysCommand " SCRIPT "\n");
	host_says("EIC-04", AUDIT_FAIL, "FAIL /etc/ssh/b:1: AuthorizedKeysCommand " SCRIPT);
}

static void option_of_a_process_that_calls_it_fails(void **state)
{
	(void)state;
	host_text("listener", "78", "1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -o AuthorizedKeysCommand "
	    "/usr/local/bin/keys %u [listener] 0 of 10-100 startups");
	host_text("sshd", "process 78", "authorizedkeyscommand /usr/local/bin/keys %u\n");
	facts_none(&host, "eic-in", "/usr/local/bin/keys");
	host_says("EIC-04", AUDIT_PASS, "no line names it");
	host_text("eic-in", "/usr/local/bin/keys", "3: exec " SCRIPT);
	host_says("EIC-04", AUDIT_FAIL, "sshd -T (process 78): authorizedkeyscommand /usr/local/bin/keys "
	    "%u: calls it: /usr/local/bin/keys:3: exec");
}

static void include_of_itself_ends_in_an_error(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Include sshd_config sshd_config sshd_config\n");
	host_text("glob", "/etc/ssh/sshd_config", HOST_CONFIG "\n" HOST_CONFIG "\n");
	host_says("EIC-04", AUDIT_ERROR, "cannot be told as a whole");
}

static void notes_of_a_check_have_an_end(void **state)
{
	char text[90000] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 9000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d%s", i % 20 == 0 ? "Include " : " ", i,
		    i % 20 == 19 ? "\n" : "");
	host_file(HOST_CONFIG, text);
	host_says("EIC-04", AUDIT_ERROR, "was not looked at");
	assert_int_equal(host_result.count, 1000);
	assert_string_equal(host_result.note[999].text, "there is more, which is left out");
}

static void running_daemon_with_it_fails_and_an_old_one_warns(void **state)
{
	(void)state;
	host_text("listener", "77", "1650000000\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D -o "
	    "AuthorizedKeysCommand " SCRIPT " %u [listener] 0 of 10-100 startups");
	host_says("EIC-05", AUDIT_FAIL, "FAIL process 77: sshd: /usr/sbin/sshd -D -o");
	host_text("listener", "77", "1590000000\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D [listener]");
	host_says("EIC-05", AUDIT_WARN, HOST_CONFIG " was changed: it needs a reload");
	host_says("EIC-05", AUDIT_WARN, "was changed: it needs a restart");
	/* A reload writes the pid file anew, and reads no units. */
	host_text("file", "/run/sshd.pid", "77\n");
	host_text("meta", "/run/sshd.pid", "file 0644 0 0 3 1600000001");
	host_says("EIC-05", AUDIT_WARN, "it needs a restart");
	assert_null(strstr(host_notes, "it needs a reload"));
}

static void no_daemon_is_skipped(void **state)
{
	(void)state;
	facts_free(&host);
	host_text("listeners", "sshd", "");
	host_says("EIC-05", AUDIT_SKIP, "no sshd listens");
}

static void leftovers_and_the_account_are_warnings(void **state)
{
	(void)state;
	host_text("account", EIC_NAME, "uid=999 gid=999 shell=/usr/sbin/nologin home=/nonexistent");
	host_text("leftover", "/etc/systemd/system/multi-user.target.wants/"
	    "ec2-instance-connect.service", "");
	host_says("EIC-06", AUDIT_WARN, "multi-user.target.wants/ec2-instance-connect.service");
	host_says("EIC-06", AUDIT_WARN, "account ec2-instance-connect: uid=999");
}

static void use_is_told_and_a_warning_when_it_is_recent(void **state)
{
	char text[300];

	(void)state;
	(void)snprintf(text, sizeof(text), "%lld 0 " EIC_LOGGED " with fingerprint: a\n",
	    (long long)HOST_NOW - 30 * 86400);
	host_text("eic-use", "journal", text);
	host_says("EIC-07", AUDIT_INFO, "INFO journal: keys handed out in the last 90 days: 1");
	(void)snprintf(text, sizeof(text), "%lld - " EIC_LOGGED " with fingerprint: b\n",
	    (long long)HOST_NOW - 6 * 86400);
	host_text("eic-use", "/var/log/auth.log", text);
	host_says("EIC-07", AUDIT_WARN, "WARN /var/log/auth.log: 2023-11-08T22:13:20Z uid - Providing");
	(void)snprintf(text, sizeof(text), "%lld - " EIC_LOGGED "\n", (long long)HOST_NOW - 91 * 86400);
	host_text("eic-use", "/var/log/auth.log", text);
	facts_none(&host, "eic-use", "journal");
	host_says("EIC-07", AUDIT_PASS, "PASS nothing");
	facts_none(&host, "eic-use", "/var/log/auth.log");
	host_says("EIC-07", AUDIT_SKIP, "neither a journal");
}

static void pin_keeps_it_out_only_when_it_names_all_of_it_below_zero(void **state)
{
	static const struct { const char *text; enum audit_status s; } pins[] = {
	    {"Package: a ec2-instance-connect\nPin: version *\nPin-Priority: -10", AUDIT_PASS},
	    {"Package: *\nPin: release *\nPin-Priority: 500\n\nPackage: ec2-*\nPin: origin *\n"
	        "Pin-Priority: -1\n", AUDIT_PASS},
	    {"Package: ec2-instance-connect\nPin: release *\nPin-Priority: 1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\nPin: version 0.1*\nPin-Priority: -1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\nPin: release o=*\nPin-Priority: -1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\nPin: version\nPin-Priority: -1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\nPin: ver*\nPin-Priority: -1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\nPin: Release \t* \r\nPin-Priority: -1\n", AUDIT_PASS},
	    {"Package: ec2-instance-connect\nPin: version 1.0\nPin-Priority: -1\n", AUDIT_WARN},
	    {"Package: ec2-instance-connect\n\nPin: version *\nPin-Priority: -1\n", AUDIT_WARN},
	    {"#Package: ec2-instance-connect\nPin: version *\nPin-Priority: -1\n", AUDIT_WARN}};

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		host_text("file", "/etc/apt/preferences.d/eic", pins[i].text);
		host_says("EIC-11", pins[i].s, pins[i].s == AUDIT_PASS ? "eic:" : "no pin");
	}
	host_text("file", "/etc/apt/preferences.d/eic.bak", pins[0].text);
	host_says("EIC-11", AUDIT_WARN, "no pin");
}

/* apt takes the first that names the package, in the order of its files. */
static void pin_that_comes_first_decides(void **state)
{
	static const char keeps[] = "Package: ec2-instance-connect\nPin: release *\nPin-Priority: -1\n";
	static const char *const lets[] = {
	    "Package: ec2-instance-connect\nPin: release *\nPin-Priority: 1001\n",
	    "Package: ec2-*\nPin: release a=stable\nPin-Priority: 990\n\nPackage: x\nPin: version 1\n",
	    "Package: /instance/\nPin: release *\nPin-Priority: 1\n",
	    "Package: src:ec2-instance-connect\nPin: release *\nPin-Priority: 1\n",
	    "Package: x\n y\n\tec2-instance-connect\nPin: release *\nPin-Priority: 1\n"};
	static const char *const others[] = {"Package: *\nPin: release *\nPin-Priority: 1001\n",
	    "Package: ec2-instance-connect\nPin: release a=x\nPin-Priority: -1\n",
	    "Package: x\nPin: origin y\n z ec2-instance-connect\nPin-Priority: 1001\n"};
	static const char *const before[] = {"/etc/apt/preferences", "/etc/apt/preferences.d/00-x",
	    "/etc/apt/preferences.d/eib.pref"};

	(void)state;
	host_text("file", "/etc/apt/preferences.d/eic", keeps);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < sizeof(lets) / sizeof(lets[0]); k++) {
			host_text("file", before[i], lets[k]);
			host_says("EIC-11", AUDIT_WARN, "this one comes first");
		}
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
			host_text("file", before[i], others[k]);
			host_says("EIC-11", AUDIT_PASS, "eic:1: apt does not");
		}
	}
	host_text("file", "/etc/apt/preferences.d/zz", lets[0]);
	host_says("EIC-11", AUDIT_PASS, "eic:1: apt does not");
	facts_trouble(&host, "file", "/etc/apt/preferences.d/00-x", "denied");
	host_says("EIC-11", AUDIT_ERROR, "00-x");
}

static void dnf_excludes_it_and_cloud_init_brings_it_back(void **state)
{
	(void)state;
	facts_none(&host, "meta", "/etc/apt");
	host_says("EIC-11", AUDIT_SKIP, "neither apt nor dnf");
	host_text("dnf-exclude", "/etc/dnf/dnf.conf", "");
	host_says("EIC-11", AUDIT_WARN, "no exclude");
	host_text("dnf-exclude", "/etc/dnf/dnf.conf", "excludepkgs=foo,ec2-instance-connect*\n");
	host_says("EIC-11", AUDIT_PASS, "dnf does not install it");
	host_text("eic-in", "/etc/cloud/cloud.cfg", "9: - ec2-instance-connect");
	host_says("EIC-11", AUDIT_WARN, "/etc/cloud/cloud.cfg:9: - ec2-instance-connect: cloud-init");
}

static void journal_is_read_with_fields_of_any_bytes(void **state)
{
	static const char text[] = "__REALTIME_TIMESTAMP=1700000000000001\n_UID=0\nMESSAGE=" EIC_LOGGED
	    " with x\n\n__REALTIME_TIMESTAMP=1700000005000001\nMESSAGE\n\x32\0\0\0\0\0\0\0" EIC_LOGGED
	    "\n\033[1m a\n_UID=5\n\nMESSAGE=I " EIC_LOGGED "\n\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff";
	struct buffer b = {0};

	(void)state;
	eic_log_journal(text, sizeof(text) - 1, &b);
	assert_string_equal(buffer_string(&b), "1700000000 0 " EIC_LOGGED " with x\n"
	    "1700000005 5 " EIC_LOGGED "??[1m a\n");
	buffer_free(&b);
}

static void log_file_is_read_behind_its_header_alone(void **state)
{
	struct buffer b = {0};

	(void)state;
	(void)setenv("TZ", "UTC", 1);
	eic_log_file("Nov 14 22:00:00 host ec2-instance-connect[12]: " EIC_LOGGED " 1\n"
	    "2023-11-14T23:00:00.123456+01:00 host ec2-instance-connect: " EIC_LOGGED " 2\n"
	    "Dec 24 22:00:00 host ec2-instance-connect[12]: " EIC_LOGGED " 3\n"
	    "Nov 14 22:00:00 host sshd[12]: Invalid user x: " EIC_LOGGED " no\n"
	    "Nov 14\n\n", HOST_NOW, &b);
	assert_string_equal(buffer_string(&b), "1699999200 - " EIC_LOGGED " 1\n"
	    "1699999200 - " EIC_LOGGED " 2\n1671919200 - " EIC_LOGGED " 3\n");
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_set_up, host_tear_down)
	    TEST(clean_host_passes), TEST(nothing_gathered_is_an_error_in_every_check),
	    TEST(trouble_is_an_error_in_every_check),
	    TEST(package_that_is_removed_but_configured_is_a_warning),
	    TEST(script_fails_when_it_is_called_and_warns_as_an_orphan),
	    TEST(scripts_that_are_called_by_a_script_that_sshd_calls_fail_too),
	    TEST(drop_in_fails_with_file_and_line), TEST(drop_in_that_does_not_count_is_a_warning),
	    TEST(option_in_the_file_of_variables_fails_where_it_stands),
	    TEST(own_program_that_calls_it_fails),
	    TEST(own_program_that_nobody_could_look_into_is_an_error),
	    TEST(package_is_installed_while_its_files_are_there),
	    TEST(findings_name_the_fix_that_mends_them), TEST(host_without_units_is_skipped),
	    TEST(lines_of_the_configuration_fail_with_file_and_line),
	    TEST(included_files_are_looked_at_in_their_places),
	    TEST(what_sshd_says_of_one_user_fails),
	    TEST(file_that_a_unit_or_a_process_names_is_read_too),
	    TEST(option_of_a_process_that_calls_it_fails), TEST(include_of_itself_ends_in_an_error),
	    TEST(notes_of_a_check_have_an_end),
	    TEST(running_daemon_with_it_fails_and_an_old_one_warns), TEST(no_daemon_is_skipped),
	    TEST(leftovers_and_the_account_are_warnings),
	    TEST(use_is_told_and_a_warning_when_it_is_recent),
	    TEST(pin_keeps_it_out_only_when_it_names_all_of_it_below_zero),
	    TEST(pin_that_comes_first_decides),
	    TEST(dnf_excludes_it_and_cloud_init_brings_it_back),
	    TEST(journal_is_read_with_fields_of_any_bytes),
	    TEST(log_file_is_read_behind_its_header_alone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
