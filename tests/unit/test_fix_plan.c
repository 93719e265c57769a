/* What a fix of EC2 Instance Connect would change, from facts alone: fix_plan.h, fix_options.h,
 * fix_way.h. */
#include "tests/unit/audit_host.h"

#include "policy/fix_options.h"
#include "policy/fix_pin.h"
#include "policy/fix_plan.h"
#include "policy/fix_way.h"

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

static void drop_in_of_its_own_goes_and_one_that_does_more_is_left(void **state)
{
	static const char start[] = "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o "
	    "\"AuthorizedKeysCommand " SCRIPT " %%u %%f\"\n";
	char more[1000];

	(void)state;
	host_file("/etc/systemd/system/ssh.service.d/90-keys.conf", start);
	(void)snprintf(more, sizeof(more), "%sRestart=always\n", start);
	host_file("/run/systemd/system/ssh.service.d/mine.conf", more);
	host_file("/etc/systemd/system/ssh.service", start);
	make_plan();
	assert_int_equal(plan.count, 1);
	assert_false(file_of("/etc/systemd/system/ssh.service.d/90-keys.conf")->file.will);
	assert_non_null(strstr(plan.left.data, "/run/systemd/system/ssh.service.d/mine.conf:3: "));
	assert_non_null(strstr(plan.left.data, "/etc/systemd/system/ssh.service:3: "));
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
	assert_true(plan.left.len > 0);
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

static void way_is(int verdict, const char *says)
{
	struct err e = {0};
	char who[300];

	assert_int_equal(fix_way_judge(&host, who, sizeof(who), &e), verdict);
	if (strstr(verdict == 0 ? who : e.text, says) == NULL)
		fail_msg("%s%s", who, e.text);
}

static void somebody_else_has_to_get_in(void **state)
{
	(void)state;
	facts_none(&host, "own-login", "fingerprint");
	way_is(ERR_REFUSED, "nobody who may log in");
	host_text("own-key", "alice", "/home/alice/.ssh/authorized_keys: 2");
	way_is(0, "alice (/home/alice/.ssh/authorized_keys: 2)");
	host_text("sshd-refuses", "config:alice", "DenyUsers alice");
	way_is(ERR_REFUSED, "nobody who may log in");
}

static void login_by_a_key_that_it_has_handed_out_is_refused(void **state)
{
	(void)state;
	host_text("own-key", "alice", "/home/alice/.ssh/authorized_keys: 2");
	host_text("own-login", "fingerprint", "SHA256:abc");
	way_is(0, "alice");
	host_text("eic-use", "journal", "1699999200 0 " EIC_LOGGED " with fingerprint: SHA256:abc, x\n");
	way_is(ERR_REFUSED, "this login came in by EC2 Instance Connect (SHA256:abc)");
	host_text("own-login", "fingerprint", "SHA256:def");
	way_is(0, "alice");
	facts_trouble(&host, "own-login", "fingerprint", "no log");
	way_is(ERR_REFUSED, "it could not be told");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(clean_host_has_nothing_to_do), TEST(nothing_is_planned_from_facts_that_are_not_there),
	    TEST(both_lines_go_also_inside_a_match_and_nothing_else_does),
	    TEST(own_command_for_keys_stays),
	    TEST(drop_in_of_its_own_goes_and_one_that_does_more_is_left),
	    TEST(options_of_it_are_taken_out_of_a_line),
	    TEST(what_cannot_be_taken_out_of_options_is_left),
	    TEST(package_is_purged_also_when_only_its_configuration_is_there),
	    TEST(account_that_can_log_in_is_left),
	    TEST(more_files_than_there_is_room_for_are_refused),
	    TEST(pin_is_written_where_none_is_in_force),
	    TEST(pin_of_ours_that_was_edited_is_written_anew),
	    TEST(what_a_pin_does_not_keep_out_is_left),
	    TEST(configuration_to_come_has_every_include_in_its_place),
	    TEST(somebody_else_has_to_get_in),
	    TEST(login_by_a_key_that_it_has_handed_out_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
