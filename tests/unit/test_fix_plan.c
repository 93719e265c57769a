/* What a fix of EC2 Instance Connect would change, from facts alone: fix_plan.h, fix_options.h,
 * fix_key.h, fix_way.h. */
#include "tests/unit/audit_host.h"

#include "policy/audit/eic_log.h"
#include "policy/fix_future.h"
#include "policy/fix_key.h"
#include "policy/fix_options.h"
#include "policy/fix_package.h"
#include "policy/fix_pin.h"
#include "policy/fix_plan.h"
#include "policy/fix_sshd.h"
#include "policy/fix_way.h"

#include <openssl/evp.h>

#define SCRIPT "/usr/share/ec2-instance-connect/eic_run_authorized_keys"
#define COMMAND "AuthorizedKeysCommand " SCRIPT " %u %f\n"
#define USER "AuthorizedKeysCommandUser ec2-instance-connect\n"

static struct fix_plan plan;

static int set_up(void **state)
{
	return host_set_up(state);
}

static int tear_down(void **state)
{
	fix_plan_free(&plan);
	return host_tear_down(state);
}

static void make_plan(void)
{
	struct err e = {0};

	fix_plan_free(&plan);
	if (fix_plan_eic(&host, &plan, &e) != 0)
		fail_msg("%s", e.text);
}

static const struct fix_file *file_of(const char *path)
{
	for (int i = 0; i < plan.count; i++)
		if (strcmp(plan.file[i].file.path, path) == 0)
			return &plan.file[i];
	fail_msg("%s: is not in the plan", path);
	abort(); /* gcc does not know that it ends there */
}

static void becomes(const char *path, const char *text)
{
	const struct fix_file *x = file_of(path);

	assert_true(x->file.will);
	assert_string_equal(buffer_string(&x->file.new), text);
}

static void clean_host_has_nothing_to_do(void **state)
{
	(void)state;
	make_plan();
	assert_true(fix_plan_is_empty(&plan));
	assert_int_equal(plan.left.len, 0);
}

static void nothing_is_planned_from_facts_that_are_not_there(void **state)
{
	struct err e = {0};

	(void)state;
	facts_free(&host);
	assert_int_equal(fix_plan_eic(&host, &plan, &e), ERR_UNKNOWN);
}

static void both_lines_go_also_inside_a_match_and_nothing_else_does(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Port 22\n" COMMAND "# " COMMAND USER "Match User a\n  " COMMAND
	    "  authorizedkeyscommanduser=ec2-instance-connect\n  X11Forwarding no\n");
	make_plan();
	becomes(HOST_CONFIG, "Port 22\n# " COMMAND "Match User a\n  X11Forwarding no\n");
	host_says("EIC-04", AUDIT_FAIL, "in Match User a");
	host_file(HOST_CONFIG, buffer_string(&file_of(HOST_CONFIG)->file.new));
	host_says("EIC-04", AUDIT_PASS, "");
}

static void own_command_for_keys_stays(void **state)
{
#define OWN "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser nobody\n"
	(void)state;
	host_file(HOST_CONFIG, OWN);
	make_plan();
	assert_true(fix_plan_is_empty(&plan));
	host_file(HOST_CONFIG, COMMAND USER OWN);
	make_plan();
	becomes(HOST_CONFIG, OWN);
}

static void plan_says(int code, const char *why)
{
	struct err e = {0};

	fix_plan_free(&plan);
	assert_int_equal(fix_plan_eic(&host, &plan, &e), code);
	if (strstr(e.text, why) == NULL)
		fail_msg("%s", e.text);
}

static void command_goes_with_the_user_that_it_runs_as_and_leaves_others_theirs(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, COMMAND "AuthorizedKeysCommandUser nobody\n"
	    "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser daemon\n");
	make_plan();
	becomes(HOST_CONFIG, "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser daemon\n");
	host_file(HOST_CONFIG, "AuthorizedKeysCommandUser nobody\n" COMMAND "Port 22\n");
	make_plan();
	becomes(HOST_CONFIG, "Port 22\n");
	/* One user of both stays with the other; so does that of a Match below. */
	host_file(HOST_CONFIG, COMMAND "AuthorizedKeysCommand /opt/keys %u\n"
	    "AuthorizedKeysCommandUser nobody\n");
	make_plan();
	becomes(HOST_CONFIG, "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser nobody\n");
	host_file(HOST_CONFIG, COMMAND "AuthorizedKeysCommandUser nobody\nMatch User a\n"
	    "AuthorizedKeysCommand /opt/keys %u\n");
	make_plan();
	becomes(HOST_CONFIG, "AuthorizedKeysCommandUser nobody\nMatch User a\n"
	    "AuthorizedKeysCommand /opt/keys %u\n");
}

/* A command without its user is what no sshd starts with. */
static void file_with_the_command_is_changed_before_that_with_its_user(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, USER "Include /etc/ssh/sshd_config.d/*.conf\n" USER);
	host_text("glob", "/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/50-keys.conf\n");
	host_file("/etc/ssh/sshd_config.d/50-keys.conf", "Port 22\n" COMMAND);
	make_plan();
	assert_string_equal(plan.file[0].file.path, "/etc/ssh/sshd_config.d/50-keys.conf");
	assert_string_equal(plan.file[1].file.path, HOST_CONFIG);
	host_file("/etc/ssh/sshd_config.d/50-keys.conf", "Port 22\n");
	host_file("/etc/default/ssh", "SSHD_OPTS='-o \"AuthorizedKeysCommand " SCRIPT " %u\"'\n");
	make_plan();
	assert_string_equal(plan.file[0].file.path, "/etc/default/ssh");
	assert_string_equal(plan.file[1].file.path, HOST_CONFIG);
}

static void own_command_that_would_lose_its_user_is_refused_also_below_a_match(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "AuthorizedKeysCommand /opt/keys %u\n" USER);
	plan_says(ERR_REFUSED, HOST_CONFIG ":1: this command for keys");
	host_file(HOST_CONFIG, COMMAND USER "Match User a\nAuthorizedKeysFile none\n"
	    "AuthorizedKeysCommand /opt/keys %u\n" USER);
	plan_says(ERR_REFUSED, HOST_CONFIG ":5: this command for keys");
}

#define START "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o " \
	"\"AuthorizedKeysCommand " SCRIPT " %%u %%f\" "

static void drop_in_of_its_own_goes_and_one_that_does_more_loses_but_that(void **state)
{
	static const char own[] = HOST_DROPIN "/" EIC_NAME ".conf";

	(void)state;
	host_file("/etc/systemd/system/ssh.service.d/90-keys.conf", START "$SSHD_OPTS\n");
	host_file("/run/systemd/system/ssh.service.d/mine.conf", START "\nRestart=always\n");
	host_file("/etc/systemd/system/ssh.service", START "\n");
	host_file(own, START "-o AuthorizedKeysCommandUser=" EIC_NAME " -o AllowGroups=admins "
	    "-o AuthenticationMethods=publickey,keyboard-interactive:pam $SSHD_OPTS\n");
	make_plan();
	assert_int_equal(plan.count, 3);
	assert_false(file_of("/etc/systemd/system/ssh.service.d/90-keys.conf")->file.will);
	assert_true(file_of("/etc/systemd/system/ssh.service.d/90-keys.conf")->file.old.len > 0);
	becomes("/run/systemd/system/ssh.service.d/mine.conf",
	    "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D \nRestart=always\n");
	becomes(own, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o AllowGroups=admins "
	    "-o AuthenticationMethods=publickey,keyboard-interactive:pam $SSHD_OPTS\n");
	assert_non_null(strstr(plan.left.data, "/etc/systemd/system/ssh.service:3: "));
}

static int add_words(void *ctx, const char *const word[], size_t n, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < n; i++)
		buffer_format(ctx, "%s ", word[i]);
	return 0;
}

static void options_of_the_start_to_come_are_judged_with_the_file(void **state)
{
	struct buffer all = {0};

	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=-oAuthorizedKeysCommand=/opt/own\n");
	host_text("dir", HOST_DROPIN, "x.conf\n");
	host_file(HOST_DROPIN "/x.conf", START "$SSHD_OPTS\n");
	make_plan();
	assert_int_equal(fix_future_starts(&host, &plan, add_words, &all, NULL), 0);
	assert_string_equal(buffer_string(&all), "-o AuthorizedKeysCommand=/opt/own ");
	buffer_free(&all);
}

static void package_that_is_held_is_refused(void **state)
{
	(void)state;
	host_text("package", EIC_NAME, "dpkg\nhold ok installed\n1.1.14\n");
	plan_says(ERR_REFUSED, "it is held");
	host_text("package", EIC_NAME, "dpkg\ndeinstall ok installed\n1.1.14\n");
	make_plan();
	assert_true(plan.package[0].installed);
}

static void package_that_dpkg_alone_remembers_is_none(void **state)
{
	(void)state;
	host_text("package", EIC_NAME, "dpkg\nunknown ok not-installed\n");
	make_plan();
	assert_true(fix_plan_is_empty(&plan));
	host_text("package", EIC_NAME, "dpkg\nhold ok not-installed\n");
	make_plan();
	assert_true(fix_plan_is_empty(&plan));
}

static void package_is(enum fix_package_is is, bool rpm, int status, const char *out, const char *err)
{
	struct run_said said = {{0}, {0}};

	buffer_text(&said.out, out);
	buffer_text(&said.err, err);
	assert_int_equal(fix_package_read(&said, status, rpm), is);
	run_free(&said);
}

static void query_that_fails_is_never_taken_for_gone(void **state)
{
	(void)state;
	package_is(FIX_PACKAGE_NONE, false, 1, "", "dpkg-query: no packages found matching x");
	package_is(FIX_PACKAGE_NONE, false, 0, "unknown ok not-installed", "");
	package_is(FIX_PACKAGE_CONFIG, false, 0, "deinstall ok config-files", "");
	package_is(FIX_PACKAGE_UNTOLD, false, 2, "", "dpkg-query: error: parsing file");
	package_is(FIX_PACKAGE_UNTOLD, false, 137, "", "");
	package_is(FIX_PACKAGE_UNTOLD, false, 0, "", "");
	package_is(FIX_PACKAGE_NONE, true, 1, "package x is not installed", "");
	package_is(FIX_PACKAGE_UNTOLD, true, 1, "package x is not installed", "error: db5");
	package_is(FIX_PACKAGE_UNTOLD, true, 137, "", "");
}

static void package_that_is_half_configured_is_not_as_it_was(void **state)
{
	(void)state;
	package_is(FIX_PACKAGE_HALF, false, 0, "deinstall ok half-configured", "");
	package_is(FIX_PACKAGE_HALF, false, 0, "install reinstreq half-installed", "");
	package_is(FIX_PACKAGE_HALF, false, 0, "install ok unpacked", "");
	package_is(FIX_PACKAGE_WHOLE, false, 0, "deinstall ok installed", "");
	package_is(FIX_PACKAGE_WHOLE, false, 0, "hold ok installed", "");
}

static void link_in_the_place_of_a_file_is_refused_by_the_plan(void **state)
{
	(void)state;
	host_text("file", HOST_CONFIG, COMMAND USER);
	host_text("meta", HOST_CONFIG, "link 0777 0 0 9 1 /opt/sshd_config");
	plan_says(ERR_REFUSED, HOST_CONFIG ": is a link");
}

static void directory_of_its_name_is_left(void **state)
{
	(void)state;
	host_text("leftover", "/etc/systemd/system/" EIC_NAME ".service.d", "dir");
	make_plan();
	assert_int_equal(plan.count, 0);
	assert_string_equal(buffer_string(&plan.left), "/etc/systemd/system/" EIC_NAME
	    ".service.d: directory\n");
}

static int add_text(void *ctx, int number, const struct buffer *text, struct err *e)
{
	(void)number, (void)e;
	buffer_text(ctx, buffer_string(text));
	return 0;
}

static void line_of_many_blanks_is_read_within_bounds(void **state)
{
	struct buffer all = {0}, text = {0};
	struct fix_future q = {.facts = &host, .plan = &plan, .dir = "/run/x", .put = add_text,
	    .ctx = &all};

	(void)state;
	for (int i = 0; i < 6000; i++)
		buffer_text(&text, " ");
	buffer_text(&text, "Include /x\n");
	host_file(HOST_CONFIG, buffer_string(&text));
	assert_int_equal(fix_plan_future(&q, NULL), 0);
	assert_int_equal(all.len, 0);
	host_file("/etc/default/ssh", buffer_string(&text));
	host_file(HOST_CONFIG, "Port 22\n");
	make_plan();
	buffer_free(&all);
	buffer_free(&text);
}

static void place_is(const char *text, const char *addr, int port)
{
	struct fix_listen l;

	assert_true(fix_sshd_place(text, &l));
	assert_string_equal(l.addr, addr);
	assert_int_equal(l.port, port);
}

static void places_of_a_socket_and_of_a_configuration_are_read(void **state)
{
	struct fix_listen l;

	(void)state;
	place_is("0.0.0.0:22 (Stream)\nx", "127.0.0.1", 22);
	place_is("[::]:2222 (Stream)", "::1", 2222);
	place_is("[2001:db8::1]:22", "2001:db8::1", 22);
	place_is("192.0.2.7:22", "192.0.2.7", 22);
	assert_false(fix_sshd_place("/run/sshd.sock (Stream)", &l));
	assert_false(fix_sshd_place("vsock:2:22", &l));
	assert_false(fix_sshd_place("192.0.2.7:99999", &l));
	assert_false(fix_sshd_place("", &l));
}

static void options_become(const char *before, const char *after)
{
	struct buffer out = {0};

	fix_options(before, &out);
	assert_string_equal(buffer_string(&out), after);
	buffer_free(&out);
}

static void options_of_it_are_taken_out_of_a_line(void **state)
{
	(void)state;
	options_become("SSHD_OPTS=\"-o AuthorizedKeysCommand=" SCRIPT " "
	    "-o AuthorizedKeysCommandUser=nobody -4\"\n", "SSHD_OPTS=\"-4\"\n");
	options_become("OPTIONS='-4 -o \"AuthorizedKeysCommand " SCRIPT " %u %f\" "
	    "-oAuthorizedKeysCommandUser=ec2-instance-connect'\nX=1", "OPTIONS='-4 '\nX=1");
	options_become("SSHD_OPTS=\"-o \\\"AuthorizedKeysCommand " SCRIPT " %u\\\" -6\"\n",
	    "SSHD_OPTS=\"-6\"\n");
	options_become("# -o AuthorizedKeysCommand=" SCRIPT "\n",
	    "# -o AuthorizedKeysCommand=" SCRIPT "\n");
	options_become("SSHD_OPTS=\"-o AuthorizedKeysCommand=/opt/keys -o "
	    "AuthorizedKeysCommandUser=nobody\"\n", "SSHD_OPTS=\"-o AuthorizedKeysCommand=/opt/keys -o "
	    "AuthorizedKeysCommandUser=nobody\"\n");
}

static void what_cannot_be_taken_out_of_options_is_left(void **state)
{
	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=\"$(cat /opt/x) -o \\\"AuthorizedKeysCommand " SCRIPT
	    "\n");
	make_plan();
	assert_int_equal(plan.count, 0);
	assert_non_null(strstr(plan.left.data, "/etc/default/ssh:1: "));
}

static void package_is_purged_also_when_only_its_configuration_is_there(void **state)
{
	(void)state;
	host_text("package", EIC_NAME, "dpkg\ndeinstall ok config-files\n1:1.1.14-0ubuntu1\n");
	make_plan();
	assert_int_equal(plan.packages, 1);
	assert_false(plan.package[0].installed);
	assert_string_equal(plan.package[0].version, "1:1.1.14-0ubuntu1");
	host_text("package", EIC_NAME, "rpm\ninstall ok installed\n1.1-19.amzn2023\n");
	make_plan();
	assert_true(plan.package[0].installed && plan.package[0].rpm);
}

static void account_that_can_log_in_is_left(void **state)
{
	(void)state;
	host_text("account", EIC_NAME,
	    "uid=998 gid=997 shell=/usr/sbin/nologin home=/nonexistent hash=locked");
	make_plan();
	assert_string_equal(plan.account, "998 997 /nonexistent /usr/sbin/nologin");
	host_text("account", EIC_NAME, "uid=998 gid=997 shell=/bin/sh home=/home/x");
	make_plan();
	assert_string_equal(plan.account, "");
	assert_string_equal(plan.left.data, "/etc/passwd: " EIC_NAME "\n");
}

static void more_files_than_there_is_room_for_are_refused(void **state)
{
	struct err e = {0};
	char path[100];

	(void)state;
	for (int i = 0; i <= FIX_FILES; i++) {
		(void)snprintf(path, sizeof(path), "/etc/systemd/system/" EIC_NAME "-%d.service", i);
		host_text("leftover", path, "");
	}
	assert_int_equal(fix_plan_eic(&host, &plan, &e), ERR_REFUSED);
}

/* The same facts say what is missing, and that nothing is behind the fix. */
static void pin_is_written_where_none_is_in_force(void **state)
{
	(void)state;
	host_text("file", FIX_PIN_DIR "/eic", "Package: ec2-instance-connect\nPin: release *\n"
	    "Pin-Priority: 1\n");
	host_text("dir", FIX_PIN_DIR, "eic\n");
	host_says("EIC-11", AUDIT_WARN, "apt: no pin");
	make_plan();
	assert_int_equal(plan.count, 1);
	assert_true(file_of(FIX_PIN_PATH)->fresh);
	assert_false(fix_plan_restarts(&plan));
	host_text("file", FIX_PIN_PATH, buffer_string(&file_of(FIX_PIN_PATH)->file.new));
	host_says("EIC-11", AUDIT_PASS, FIX_PIN_PATH ":2: apt does not install it");
	make_plan();
	assert_true(fix_plan_is_empty(&plan));
}

static void pin_of_ours_that_was_edited_is_written_anew(void **state)
{
	(void)state;
	facts_none(&host, "file", FIX_PIN_DIR "/eic");
	host_text("file", FIX_PIN_PATH, "# off\n");
	host_text("dir", FIX_PIN_DIR, "x\n");
	make_plan();
	assert_false(file_of(FIX_PIN_PATH)->fresh);
	assert_string_equal(buffer_string(&file_of(FIX_PIN_PATH)->file.old), "# off\n");
}

static void pin_that_comes_before_any_of_ours_is_left(void **state)
{
	static const char lets[] = "\nPackage: ec2-*\nPin: release *\nPin-Priority: 1001\n";
	static const char *const before[] = {"/etc/apt/preferences", FIX_PIN_DIR "/00-a"};

	(void)state;
	host_text("dir", FIX_PIN_DIR, "x\n");
	facts_none(&host, "file", FIX_PIN_DIR "/eic");
	for (size_t i = 0; i < 2; i++) {
		host_text("file", before[i], lets);
		make_plan();
		assert_int_equal(plan.count, 0);
		assert_true(plan.by_hand);
		assert_non_null(strstr(plan.left.data, ":2: lets apt install it"));
		facts_none(&host, "file", before[i]);
	}
	host_text("file", FIX_PIN_DIR "/01-a", lets);
	make_plan();
	assert_int_equal(plan.count, 1);
	host_text("file", FIX_PIN_PATH, buffer_string(&file_of(FIX_PIN_PATH)->file.new));
	host_says("EIC-11", AUDIT_PASS, FIX_PIN_PATH ":2: apt does not install it");
}

static void what_a_pin_does_not_keep_out_is_left(void **state)
{
	(void)state;
	host_text("dnf-exclude", "/etc/yum.conf", "exclude=kernel*\n");
	host_text("eic-in", "/etc/cloud/cloud.cfg", "7: - ec2-instance-connect");
	host_text("eic-in", "/usr/local/bin/keys", "1: eic_run_authorized_keys");
	assert_int_equal(fix_pin_plan(&host, &plan, NULL), 0);
	assert_int_equal(plan.count, 0);
	assert_true(plan.by_hand);
	assert_non_null(strstr(plan.left.data, "/etc/yum.conf: write below [main]"));
	assert_non_null(strstr(plan.left.data, "/etc/cloud/cloud.cfg:7: cloud-init"));
	assert_null(strstr(plan.left.data, "/usr/local/bin/keys"));
}

static int put(void *ctx, int number, const struct buffer *text, struct err *e)
{
	(void)e;
	buffer_format(ctx, "<%d>%s", number, buffer_string(text));
	return 0;
}

static void configuration_to_come_has_every_include_in_its_place(void **state)
{
	struct buffer all = {0};
	struct fix_future q = {.facts = &host, .plan = &plan, .dir = "/run/x", .put = put, .ctx = &all};
	struct err e = {0};

	(void)state;
	host_file(HOST_CONFIG, "Include /etc/ssh/sshd_config.d/*.conf\n" COMMAND USER "Port 22\n");
	host_text("glob", "/etc/ssh/sshd_config.d/*.conf",
	    "/etc/ssh/sshd_config.d/1.conf\n/etc/ssh/sshd_config.d/60-ec2-instance-connect.conf\n");
	host_file("/etc/ssh/sshd_config.d/1.conf", "Match User a\nBanner none\n");
	host_file("/etc/ssh/sshd_config.d/60-ec2-instance-connect.conf", COMMAND USER);
	make_plan();
	assert_false(file_of("/etc/ssh/sshd_config.d/60-ec2-instance-connect.conf")->file.will);
	assert_int_equal(fix_plan_future(&q, &e), 0);
	assert_string_equal(buffer_string(&all), "<1>Match User a\nBanner none\n"
	    "<0>Include /run/x/1\nPort 22\n");
	buffer_free(&all);
}

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP"
#define NOW 1790000000 /* 2026-09-21 */

static void way_is(int verdict, const char *says)
{
	struct err e = {0};
	char who[300], why[300];
	const struct fix_way_who way = {who, why, sizeof(who), NOW};

	assert_int_equal(fix_way_judge(&host, &way, &e), verdict);
	if (strstr(verdict == 0 ? who : why, says) == NULL && strstr(e.text, says) == NULL)
		fail_msg("%s; %s; %s", who, why, e.text);
}

static bool lets_in(const char *line)
{
	const struct fix_key_login l = {"198.51.100.7", "ssh-ed25519,rsa-sha2-512", NULL, NOW, 0};

	return fix_key_lets_in(line, &l);
}

static void key_without_a_shell_or_past_its_time_is_no_way_in(void **state)
{
	(void)state;
	assert_true(lets_in(KEY " me\n"));
	assert_true(lets_in("  " KEY));
	assert_true(lets_in("restrict,environment=\"A=\\\"x, y\",no-pty " KEY " me\n"));
	assert_true(lets_in("expiry-time=\"20270101\" " KEY "\n"));
	assert_false(lets_in("no-port-forwarding,command=\"echo Please login as the user ubuntu;"
	    "exit 142\" " KEY " x\n"));
	assert_false(lets_in("environment=\"A=\\\"x, y\",Command=\"x\" " KEY "\n"));
	assert_false(lets_in("expiry-time=\"20200101\" " KEY " x\n"));
	assert_false(lets_in("no-pty,EXPIRY-TIME=\"202609210000Z\" " KEY " x\n"));
	assert_true(lets_in("expiry-time=\"20270101120059z\" " KEY " x\n"));
	assert_false(lets_in("expiry-time=\"20270101 or so\" " KEY " x\n"));
	assert_false(lets_in("expiry-time=\"2027010112\" " KEY " x\n"));
	assert_false(lets_in("expiry-time=\"soon\" " KEY " x\n"));
	assert_false(lets_in("expiry-time=\" " KEY "\n"));
	assert_false(lets_in("cert-authority " KEY " x\n"));
	assert_false(lets_in("garbage\n"));
	assert_false(lets_in("# " KEY "\n"));
	assert_false(lets_in("\n"));
	assert_false(lets_in(""));
	assert_false(lets_in("ssh-ed25519 AAAA\n"));
	assert_false(lets_in("ssh-ed25519\n"));
	assert_false(lets_in("ssh-dss AAAAB3NzaC1kc3MAAACB\n"));
}

static void key_for_logins_from_elsewhere_is_no_way_in(void **state)
{
	const struct fix_key_login console = {.from = "", .algorithms = "", .now = NOW};

	(void)state;
	assert_true(lets_in("from=\"192.0.2.0/24,198.51.100.0/24\" " KEY "\n"));
	assert_true(lets_in("no-pty,FROM=\"198.51.100.*\" " KEY "\n"));
	assert_false(lets_in("from=\"192.0.2.0/24\" " KEY "\n"));
	assert_false(lets_in("from=\"*,!198.51.100.7\" " KEY "\n"));
	assert_false(lets_in("from=\"office.example.com\" " KEY "\n"));
	/* A network that is none makes sshd refuse the whole list. */
	assert_false(lets_in("from=\"10.0.0.5/24,198.51.100.7\" " KEY "\n"));
	assert_false(lets_in("from=\"198.51.100.7,!10.0.0.0/33\" " KEY "\n"));
	assert_false(fix_key_lets_in("from=\"198.51.100.7\" " KEY "\n", &console));
}

static void key_that_sshd_would_not_read_is_no_way_in(void **state)
{
	(void)state;
	assert_false(lets_in("no-such-option " KEY "\n"));
	assert_false(lets_in("environment=A " KEY "\n"));
	/* Cut when it was copied; another type than its line says; a type that is not taken. */
	assert_false(lets_in("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPPPPPPPPPPPPPP\n"));
	assert_false(lets_in("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP\n"));
	assert_true(lets_in("ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAED\n"));
	assert_false(lets_in("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAABAwAAAAED\n"));
}

/* A whole line of a key whose modulus has as many bits; of no number that anybody factored. */
static void make_rsa(int bits, char line[4000])
{
	static const uint8_t head[] = "\0\0\0\7ssh-rsa\0\0\0\3\1\0\1";
	const int n = (bits + 7) / 8 + (bits % 8 == 0);
	uint8_t blob[2000] = {0};
	size_t at = sizeof(head) - 1;

	(void)memcpy(blob, head, at);
	blob[at + 2] = (uint8_t)(n / 256);
	blob[at + 3] = (uint8_t)(n % 256);
	at += 4;
	(void)memset(blob + at, 0xff, (size_t)n);
	blob[at] = (uint8_t)(bits % 8 == 0 ? 0 : 0xff >> (8 - bits % 8));
	(void)memcpy(line, "ssh-rsa ", 8);
	(void)EVP_EncodeBlock((unsigned char *)line + 8, blob, (int)at + n);
}

static void rsa_key_of_fewer_bits_than_sshd_takes_is_no_way_in(void **state)
{
	struct fix_key_login l = {.from = "", .algorithms = "", .now = NOW, .rsa_bits = 2048};
	char line[4000];

	(void)state;
	make_rsa(2048, line);
	assert_true(fix_key_lets_in(line, &l));
	l.rsa_bits = 3072;
	assert_false(fix_key_lets_in(line, &l));
	assert_true(fix_key_lets_in(KEY, &l));
	make_rsa(3071, line);
	assert_false(fix_key_lets_in(line, &l));
	make_rsa(4096, line);
	assert_true(fix_key_lets_in(line, &l));
}

static void key_that_is_revoked_is_no_way_in(void **state)
{
	struct fix_key_login l = {"", "", "# gone\n" KEY " me\n", NOW, 0};

	(void)state;
	assert_false(fix_key_lets_in("no-pty " KEY " me\n", &l));
	l.revoked = "# none\n";
	assert_true(fix_key_lets_in("no-pty " KEY " me\n", &l));
}

#define PAM_SSHD "auth required pam_bastion.so\naccount required pam_unix.so\n"

/* An admin with a key of her own, who is enrolled, becomes root and has a password. */
static void alice_is_an_admin(void)
{
	facts_none(&host, "own-login", "fingerprint");
	host_text("own-key", "config:alice", "/home/alice/.ssh/authorized_keys: 2");
	host_text("own-root", "alice", "sudo");
	host_text("accounts", "local", "1");
	host_text("account", "alice", "uid=1000 gid=1000 shell=/bin/sh hash=yescrypt last=20700 max=99999");
	host_text("file", "/etc/pam.d/sshd", PAM_SSHD);
	host_text("file", "/etc/pam.d/sudo", "auth required pam_unix.so\naccount required pam_unix.so\n");
	host_text("duty", "alice", "duty=must until=0 line=0");
	host_text("enrolled", "alice", "devices=1 last_used=0 locked=no recovery=10");
	host_text("conf-number", "enroll_by", "0");
}

static void somebody_else_has_to_get_in_and_become_root(void **state)
{
	(void)state;
	alice_is_an_admin();
	way_is(0, "alice (/home/alice/.ssh/authorized_keys: 2)");
	facts_none(&host, "own-root", "alice");
	way_is(ERR_REFUSED, "nobody who may log in");
	way_is(ERR_REFUSED, "alice: becomes root neither");
	host_text("own-root", "alice", "sudo");
	facts_none(&host, "own-key", "config:alice");
	way_is(ERR_REFUSED, "nobody who may log in");
	host_text("own-key", "config:alice", "/home/alice/.ssh/authorized_keys: 2");
	host_text("sshd-refuses", "config:alice", "DenyUsers alice");
	way_is(ERR_REFUSED, "alice: DenyUsers alice");
}

static void account_of_which_it_could_not_be_told_is_no_way_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	facts_trouble(&host, "sshd", "config:alice", "fails and says nothing");
	way_is(ERR_REFUSED, "nobody");
	host_text("sshd", "config:alice", HOST_SAID);
	facts_trouble(&host, "sshd-class", "config:alice", "sshd was not asked about this name");
	way_is(ERR_REFUSED, "nobody");
	host_text("sshd-class", "config:alice", "alice");
	facts_trouble(&host, "sshd-refuses", "config:alice", "AllowGroups: Connection refused");
	way_is(ERR_REFUSED, "alice: AllowGroups: Connection refused");
	facts_none(&host, "sshd-refuses", "config:alice");
	facts_trouble(&host, "account", "alice", "shadow:3: cannot be read");
	way_is(ERR_REFUSED, "alice: the account could not be told");
	alice_is_an_admin();
	facts_trouble(&host, "enrolled", "alice", "the record is bad");
	way_is(ERR_REFUSED, "alice: is asked for a code");
	alice_is_an_admin();
	facts_trouble(&host, "file", "/etc/pam.d/sshd", "Permission denied");
	way_is(ERR_REFUSED, "alice: what PAM asks for could not be told");
	alice_is_an_admin();
	way_is(0, "alice");
}

static void account_past_its_time_is_no_way_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("account", "alice", "uid=1000 hash=yescrypt last=20700 max=99999 expire=20719");
	way_is(0, "alice");
	host_text("account", "alice", "uid=1000 hash=yescrypt last=20700 max=99999 expire=20718");
	way_is(ERR_REFUSED, "alice: the account is past its time");
	host_text("account", "alice", "uid=1000 hash=yescrypt last=20700 max=99999 expire=1");
	way_is(ERR_REFUSED, "alice: the account is past its time");
	host_text("account", "alice", "uid=1000 hash=yescrypt last=0 max=99999");
	way_is(ERR_REFUSED, "alice: the password has to be changed");
	host_text("account", "alice", "uid=1000 hash=star max=90");
	way_is(ERR_REFUSED, "alice: the password has to be changed");
	host_text("account", "alice", "uid=1000 hash=yescrypt last=20627 max=90");
	way_is(ERR_REFUSED, "alice: the password has to be changed");
	host_text("account", "alice", "uid=1000 hash=yescrypt last=20628 max=90");
	way_is(0, "alice");
}

static void account_that_is_not_enrolled_is_no_way_in_where_a_code_is_asked_for(void **state)
{
	(void)state;
	alice_is_an_admin();
	facts_none(&host, "enrolled", "alice");
	way_is(ERR_REFUSED, "alice: is asked for a code");
	host_text("conf-number", "enroll_by", "1800000000");
	way_is(0, "alice");
	host_text("enrolled", "alice", "devices=1 last_used=0 locked=yes recovery=10");
	way_is(ERR_REFUSED, "alice: is asked for a code");
	host_text("duty", "alice", "duty=exempt until=1800000000 line=3");
	way_is(0, "alice");
	host_text("duty", "alice", "duty=exempt until=1790000060 line=3");
	way_is(ERR_REFUSED, "alice: is asked for a code");
	host_text("file", "/etc/pam.d/sshd", "auth required pam_unix.so\naccount required pam_unix.so\n");
	way_is(0, "alice");
}

static void account_without_a_password_is_no_way_in_where_one_is_asked_for(void **state)
{
#define STAR "uid=1000 gid=1000 shell=/bin/sh hash=star last=20700 max=99999"
	(void)state;
	alice_is_an_admin();
	host_text("account", "alice", STAR);
	way_is(ERR_REFUSED, "alice: is asked for a password");
	host_text("own-root", "alice", "sudo unasked");
	way_is(0, "alice");
	host_text("file", "/etc/pam.d/sshd", "auth required pam_unix.so\n" PAM_SSHD);
	way_is(ERR_REFUSED, "alice: is asked for a password");
	/* sshd itself turns a locked one away. */
	host_text("sshd", "config:alice", "usepam no\npubkeyauthentication yes\n"
	    "authenticationmethods any\n");
	way_is(0, "alice");
	host_text("account", "alice", "uid=1000 hash=locked last=20700 max=99999");
	way_is(ERR_REFUSED, "alice: UsePAM no, and the password is locked");
}

static void key_alone_is_no_way_in_where_the_account_line_wants_a_code(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("sshd", "config:alice", "usepam yes\npubkeyauthentication yes\n"
	    "authenticationmethods publickey\n");
	way_is(0, "alice");
	host_text("file", "/etc/pam.d/sshd", PAM_SSHD "account requisite pam_bastion.so need_auth\n");
	way_is(ERR_REFUSED, "alice: has to show a code");
	host_text("duty", "alice", "duty=exempt until=1800000000 line=3");
	way_is(0, "alice");
}

static void account_that_a_list_of_pam_may_turn_away_is_no_way_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("file", "/etc/pam.d/sshd", PAM_SSHD "account required pam_access.so\n");
	way_is(ERR_REFUSED, "alice: whether pam_access.so lets them in");
	host_text("sshd", "config:alice", "usepam yes\npubkeyauthentication yes\n"
	    "authenticationmethods publickey\n");
	way_is(ERR_REFUSED, "alice: whether pam_access.so lets them in");
	host_text("file", "/etc/pam.d/sshd", PAM_SSHD "auth required pam_listfile.so item=user\n");
	way_is(0, "alice"); /* a key alone goes past auth */
	host_text("sshd", "config:alice", HOST_SAID);
	way_is(ERR_REFUSED, "alice: whether pam_listfile.so lets them in");
	host_text("sshd", "config:alice", "usepam no\npubkeyauthentication yes\n"
	    "authenticationmethods publickey\n");
	host_text("file", "/etc/pam.d/sshd", PAM_SSHD "account required pam_access.so\n");
	way_is(0, "alice");
}

static void methods_that_cannot_ask_for_what_is_wanted_are_no_way_in(void **state)
{
#define METHODS(pam, list) "usepam " pam "\npubkeyauthentication yes\npasswordauthentication yes\n" \
	"kbdinteractiveauthentication yes\nauthenticationmethods " list "\n"
	static const struct { const char *said; int verdict; } of[] = {
	    {METHODS("yes", "publickey,keyboard-interactive:pam"), 0},
	    {METHODS("yes", "publickey,password"), ERR_REFUSED},
	    {METHODS("no", "publickey,password"), 0},
	    {METHODS("no", "publickey,keyboard-interactive"), ERR_REFUSED},
	    {METHODS("yes", "publickey,publickey"), ERR_REFUSED}};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		alice_is_an_admin();
		host_text("sshd", "config:alice", of[i].said);
		way_is(of[i].verdict, of[i].verdict == 0 ? "alice" : "nobody");
	}
	host_text("sshd", "config:alice", METHODS("yes", "publickey,password"));
	host_text("duty", "alice", "duty=exempt until=1800000000 line=3");
	way_is(0, "alice");
}

static void login_that_is_forced_into_a_command_is_no_way_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("sshd", "config:alice", HOST_SAID "forcecommand none\nchrootdirectory none\n");
	way_is(0, "alice");
	host_text("sshd", "config:alice", HOST_SAID "forcecommand internal-sftp\n");
	way_is(ERR_REFUSED, "alice: ForceCommand internal-sftp");
	host_text("sshd", "config:alice", HOST_SAID "chrootdirectory /srv\n");
	way_is(ERR_REFUSED, "alice: ChrootDirectory /srv");
	host_text("own-root", "alice", "root");
	host_text("sshd", "config:alice", "usepam yes\npubkeyauthentication yes\n"
	    "authenticationmethods publickey\npermitrootlogin forced-commands-only\n");
	way_is(ERR_REFUSED, "alice: PermitRootLogin forced-commands-only");
}

static void options_of_a_start_are_asked_too_who_gets_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_file("/etc/default/ssh", "SSHD_OPTS=-oAllowUsers=bob\n");
	way_is(ERR_REFUSED, "nobody");
	host_person("ssh.service", "alice", "alice");
	host_text("sshd", "ssh.service:alice", HOST_SAID);
	host_text("own-key", "ssh.service:alice", "/home/alice/.ssh/authorized_keys: 2");
	way_is(0, "alice");
	host_text("sshd-refuses", "ssh.service:alice", "AllowUsers does not name alice");
	way_is(ERR_REFUSED, "alice: AllowUsers does not name alice");
}

static void account_that_sshd_lets_in_from_elsewhere_alone_is_no_way_in(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("own-login", "from", "198.51.100.7");
	way_is(ERR_REFUSED, "nobody");
	host_person(FIX_WAY_HERE, "alice", "alice");
	host_text("own-key", FIX_WAY_HERE ":alice", "/home/alice/.ssh/authorized_keys: 2");
	host_text("sshd", FIX_WAY_HERE ":alice", HOST_SAID);
	way_is(0, "alice");
	host_text("sshd", FIX_WAY_HERE ":alice", "usepam yes\npubkeyauthentication no\n");
	way_is(ERR_REFUSED, "alice: AuthenticationMethods");
}

static void sudo_that_asks_for_nothing_is_told_by_its_last_rule(void **state)
{
#define MAY "Matching Defaults entries for a on h:\n    env_reset\n\nUser a may run the following:\n"
	(void)state;
	assert_true(fix_way_unasked(MAY "    (ALL : ALL) NOPASSWD: ALL\n"));
	assert_true(fix_way_unasked(MAY "    (ALL) ALL\n    (root) NOPASSWD: SETENV: ALL\n"));
	assert_false(fix_way_unasked(MAY "    (ALL) NOPASSWD: ALL\n    (ALL : ALL) ALL\n"));
	assert_false(fix_way_unasked(MAY "    (ALL) NOPASSWD: /bin/ls, PASSWD: ALL\n"));
	assert_false(fix_way_unasked(MAY "    (bob) NOPASSWD: ALL\n"));
	assert_false(fix_way_unasked(""));
}

static void rule_for_one_command_or_another_account_says_nothing_of_a_shell_of_roots(void **state)
{
	static const char *const asks[] = {"(ALL : ALL) NOPASSWD: /bin/sh /opt/backup.sh",
	    "(root) NOPASSWD: /usr/bin/systemctl restart ALL", "(root) NOPASSWD: /bin/sh -c a\\, ALL",
	    "(ALL, !root) NOPASSWD: ALL", "(rootless) NOPASSWD: ALL", "(ALL, !#0) NOPASSWD: ALL"};
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		(void)snprintf(text, sizeof(text), MAY "    (ALL : ALL) ALL\n    %s\n", asks[i]);
		assert_false(fix_way_unasked(text));
	}
	assert_true(fix_way_unasked(MAY "    (bob, root) NOPASSWD: /bin/ls -l, SETENV: /bin/sh\n"));
	assert_true(fix_way_unasked(MAY "    (root, bob : bob) NOPASSWD: ALL, PASSWD: /bin/sh -i\n"));
	assert_true(fix_way_unasked(MAY "    (ALL) ROLE=sysadm_r TYPE=sysadm_t NOPASSWD: ALL\n"));
}

static void key_counts_where_sshd_offers_every_method_that_it_asks_for(void **state)
{
#define OFFERS "usepam yes\npubkeyauthentication yes\npasswordauthentication no\n" \
	"kbdinteractiveauthentication no\n"
	static const struct { const char *methods; int verdict; } of[] = {{"any", 0}, {"publickey", 0},
	    {"publickey,password publickey", 0}, {"publickey,keyboard-interactive:pam", ERR_REFUSED},
	    {"password", ERR_REFUSED}, {"publickey,gssapi-with-mic", ERR_REFUSED}};

	(void)state;
	alice_is_an_admin();
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		char said[300];

		(void)snprintf(said, sizeof(said), OFFERS "authenticationmethods %s\n", of[i].methods);
		host_text("sshd", "config:alice", said);
		way_is(of[i].verdict, of[i].verdict == 0 ? "alice" : "nobody");
	}
	host_text("sshd", "config:alice", "pubkeyauthentication no\nauthenticationmethods any\n");
	way_is(ERR_REFUSED, "nobody");
}

static void login_by_a_key_that_it_has_handed_out_is_refused(void **state)
{
	(void)state;
	alice_is_an_admin();
	host_text("own-login", "fingerprint", "SHA256:abc");
	way_is(0, "alice");
	host_text("eic-use", "journal", "1699999200 0 " EIC_LOGGED " with fingerprint: SHA256:abc, x\n");
	way_is(ERR_REFUSED, "this login came in by EC2 Instance Connect (SHA256:abc)");
	host_text("own-login", "fingerprint", "SHA256:def");
	way_is(0, "alice");
	facts_trouble(&host, "own-login", "fingerprint", "no log");
	way_is(ERR_REFUSED, "it could not be told");
}

/* With a code behind the key no log has the key of a login. */
static void login_while_it_has_handed_out_none_is_another(void **state)
{
#define HANDED(time) time " 0 " EIC_LOGGED " with fingerprint: SHA256:abc, x\n"
	(void)state;
	alice_is_an_admin();
	facts_trouble(&host, "own-login", "fingerprint", "no log");
	host_text("own-login", "begun", "1789990000");
	host_text("eic-use", "journal", HANDED("1789900000") HANDED("1789995000"));
	way_is(0, "alice");
	host_text("eic-use", "journal", HANDED("1789900000") HANDED("1789989990"));
	way_is(ERR_REFUSED, "it could not be told");
	host_text("eic-use", "journal", HANDED("1789990030"));
	way_is(ERR_REFUSED, "it could not be told");
	/* As long as a login may take. */
	host_text("eic-use", "journal", HANDED("1789986500"));
	way_is(0, "alice");
	host_text("sshd", "process 9:alice", "logingracetime 3600\n");
	way_is(ERR_REFUSED, "it could not be told");
	host_text("sshd", "process 9:alice", "logingracetime 0\n");
	host_text("eic-use", "journal", HANDED("1789900000"));
	way_is(ERR_REFUSED, "it could not be told");
	facts_none(&host, "sshd", "process 9:alice");
	way_is(0, "alice");
	/* Logs may have lost what is older, or have had more of it than is kept. */
	host_text("own-login", "begun", "1789900000");
	host_text("eic-use", "journal", HANDED("1789995000"));
	way_is(ERR_REFUSED, "it could not be told");
}

static void login_is_not_told_where_no_log_of_keys_that_were_handed_out_could_be_read(void **state)
{
	(void)state;
	alice_is_an_admin();
	facts_trouble(&host, "own-login", "fingerprint", "no log");
	host_text("own-login", "begun", "1789990000");
	facts_trouble(&host, "eic-use", "journal", "journalctl: Bad message");
	facts_none(&host, "eic-use", "/var/log/auth.log");
	way_is(ERR_REFUSED, "nor whether it was in use: journalctl: Bad message");
	host_text("eic-use", "/var/log/auth.log", "");
	way_is(0, "alice");
	facts_none(&host, "eic-use", "/var/log/auth.log");
	facts_none(&host, "own-login", "fingerprint");
	way_is(0, "alice");
}

static void login_among_more_keys_than_are_kept_is_not_told(void **state)
{
	struct buffer all = {0};

	(void)state;
	alice_is_an_admin();
	facts_trouble(&host, "own-login", "fingerprint", "no log");
	host_text("own-login", "begun", "1789990000");
	for (int i = 0; i < EIC_LOG_MOST; i++)
		buffer_text(&all, HANDED("1789995000"));
	host_text("eic-use", "journal", buffer_string(&all));
	way_is(ERR_REFUSED, "it could not be told");
	buffer_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(clean_host_has_nothing_to_do), TEST(nothing_is_planned_from_facts_that_are_not_there),
	    TEST(both_lines_go_also_inside_a_match_and_nothing_else_does),
	    TEST(own_command_for_keys_stays),
	    TEST(command_goes_with_the_user_that_it_runs_as_and_leaves_others_theirs),
	    TEST(file_with_the_command_is_changed_before_that_with_its_user),
	    TEST(own_command_that_would_lose_its_user_is_refused_also_below_a_match),
	    TEST(drop_in_of_its_own_goes_and_one_that_does_more_loses_but_that),
	    TEST(options_of_the_start_to_come_are_judged_with_the_file),
	    TEST(package_that_is_held_is_refused), TEST(package_that_dpkg_alone_remembers_is_none),
	    TEST(query_that_fails_is_never_taken_for_gone),
	    TEST(package_that_is_half_configured_is_not_as_it_was),
	    TEST(link_in_the_place_of_a_file_is_refused_by_the_plan),
	    TEST(directory_of_its_name_is_left), TEST(line_of_many_blanks_is_read_within_bounds),
	    TEST(places_of_a_socket_and_of_a_configuration_are_read),
	    TEST(key_without_a_shell_or_past_its_time_is_no_way_in),
	    TEST(key_counts_where_sshd_offers_every_method_that_it_asks_for),
	    TEST(key_for_logins_from_elsewhere_is_no_way_in),
	    TEST(key_that_sshd_would_not_read_is_no_way_in), TEST(key_that_is_revoked_is_no_way_in),
	    TEST(rsa_key_of_fewer_bits_than_sshd_takes_is_no_way_in),
	    TEST(account_of_which_it_could_not_be_told_is_no_way_in),
	    TEST(account_past_its_time_is_no_way_in),
	    TEST(account_that_is_not_enrolled_is_no_way_in_where_a_code_is_asked_for),
	    TEST(account_without_a_password_is_no_way_in_where_one_is_asked_for),
	    TEST(key_alone_is_no_way_in_where_the_account_line_wants_a_code),
	    TEST(account_that_a_list_of_pam_may_turn_away_is_no_way_in),
	    TEST(methods_that_cannot_ask_for_what_is_wanted_are_no_way_in),
	    TEST(login_that_is_forced_into_a_command_is_no_way_in),
	    TEST(options_of_a_start_are_asked_too_who_gets_in),
	    TEST(account_that_sshd_lets_in_from_elsewhere_alone_is_no_way_in),
	    TEST(sudo_that_asks_for_nothing_is_told_by_its_last_rule),
	    TEST(rule_for_one_command_or_another_account_says_nothing_of_a_shell_of_roots),
	    TEST(options_of_it_are_taken_out_of_a_line),
	    TEST(what_cannot_be_taken_out_of_options_is_left),
	    TEST(package_is_purged_also_when_only_its_configuration_is_there),
	    TEST(account_that_can_log_in_is_left),
	    TEST(more_files_than_there_is_room_for_are_refused),
	    TEST(pin_is_written_where_none_is_in_force),
	    TEST(pin_of_ours_that_was_edited_is_written_anew),
	    TEST(pin_that_comes_before_any_of_ours_is_left),
	    TEST(what_a_pin_does_not_keep_out_is_left),
	    TEST(configuration_to_come_has_every_include_in_its_place),
	    TEST(somebody_else_has_to_get_in_and_become_root),
	    TEST(login_by_a_key_that_it_has_handed_out_is_refused),
	    TEST(login_while_it_has_handed_out_none_is_another),
	    TEST(login_is_not_told_where_no_log_of_keys_that_were_handed_out_could_be_read),
	    TEST(login_among_more_keys_than_are_kept_is_not_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
