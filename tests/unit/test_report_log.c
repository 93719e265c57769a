/* What fails as a line for syslog: report_log.h. */
#include "tests/unit/scratch.h"

#include "policy/audit/report_log.h"

#include <syslog.h>

static const struct audit_check check = {.id = "EIC-04", .severity = AUDIT_CRITICAL};
static struct audit_finding finding;
static char line[REPORT_LOG_MAX];
static int priority;

static int set_up(void **state)
{
	(void)state;
	finding = (struct audit_finding){.check = &check};
	priority = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	result_free(&finding.result);
	return 0;
}

static void what_fails_is_a_line_at_crit_with_its_worst_note(void **state)
{
	(void)state;
	result_note(&finding.result, AUDIT_PASS, "%s", "fine");
	result_note(&finding.result, AUDIT_FAIL, "%s", "/etc/ssh/sshd_config:3: bad");
	result_note(&finding.result, AUDIT_FAIL, "%s", "also bad");
	assert_true(report_log_line(&finding, line, &priority));
	assert_int_equal(priority, LOG_CRIT);
	assert_string_equal(line, "bastionctl: audit check=EIC-04 status=FAIL severity=critical notes=2: "
	    "/etc/ssh/sshd_config:3: bad");
}

static void what_could_not_be_told_is_a_line_at_err(void **state)
{
	(void)state;
	assert_true(report_log_line(&finding, line, &priority)); /* nothing was noted */
	assert_int_equal(priority, LOG_ERR);
	assert_non_null(strstr(line, "status=ERROR severity=critical notes=0: "));
}

static void what_passes_warns_or_is_muted_is_none(void **state)
{
	(void)state;
	result_note(&finding.result, AUDIT_WARN, "%s", "hm");
	assert_false(report_log_line(&finding, line, &priority));
	assert_string_equal(line, "");
	result_note(&finding.result, AUDIT_FAIL, "%s", "bad");
	finding.muted = (const struct mute_line *)(const void *)&check;
	assert_false(report_log_line(&finding, line, &priority));
}

static void note_forges_no_line_and_is_bounded(void **state)
{
	char note[3000];

	(void)state;
	memset(note, 'x', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	memcpy(note, "a\nJan 1 sshd: ok\033[2J\xC3\xA9", 22);
	result_note(&finding.result, AUDIT_FAIL, "%s", note);
	assert_true(report_log_line(&finding, line, &priority));
	assert_true(strlen(line) == REPORT_LOG_MAX - 1);
	assert_non_null(strstr(line, ": a?Jan 1 sshd: ok?[2J??x"));
	for (const char *p = line; *p != '\0'; p++)
		assert_true(*p >= 0x20 && *p < 0x7f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(what_fails_is_a_line_at_crit_with_its_worst_note),
	    TEST(what_could_not_be_told_is_a_line_at_err), TEST(what_passes_warns_or_is_muted_is_none),
	    TEST(note_forges_no_line_and_is_bounded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
