/* What a report makes of findings and facts that are not to be trusted: report.h.  That each
 * format is what it says is for tests/system/test_audit_report.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/audit/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct audit_check check = {.id = "TST-01", .severity = AUDIT_HIGH, .title = "a title",
    .title_ko = "제목", .rule = "a rule", .fix = "a fix", .isms_p = "2.10.2 ~2.6.2", .guide = "2"};

static struct facts f;
static struct audit_finding item[7];
static struct audit a;
static struct report r;
static char *said;

static int set_up(void **state)
{
	(void)state;
	memset(item, 0, sizeof(item));
	for (int i = 0; i < 7; i++)
		item[i].check = &check;
	a = (struct audit){item, 1};
	f = (struct facts){.count = 0};
	r = (struct report){.audit = &a, .facts = &f, .statuses = ~0U};
	facts_text(&f, "host", "time", "1796040000", 10);
	facts_text(&f, "host", "name", "bastion1", 8);
	said = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++)
		result_free(&item[i].result);
	facts_free(&f);
	free(said);
	return 0;
}

static const char *say(enum report_format format)
{
	size_t len = 0;
	FILE *out;

	free(said);
	said = NULL;
	out = open_memstream(&said, &len);
	assert_non_null(out);
	report_print(&r, format, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(said), len);
	return said;
}

static void assert_says(enum report_format format, const char *what)
{
	if (strstr(say(format), what) == NULL)
		fail_msg("no '%s' in:\n%s", what, said);
}

static void assert_never(enum report_format format, const char *what)
{
	if (strstr(say(format), what) != NULL)
		fail_msg("'%s' in:\n%s", what, said);
}

/* ---- ---- */

static void a_time_that_is_no_number_is_none(void **state)
{
	static const char *const times[] = {"", "x", "12x", "-1", "0", "0,\"x\":1",
	    "99999999999999999999", "253402300800"};

	(void)state;
	assert_int_equal(report_time(&r), 1796040000);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		facts_text(&f, "host", "time", times[i], strlen(times[i]));
		assert_int_equal(report_time(&r), 0);
		assert_says(REPORT_JSON, "\"time\":0,");
	}
}

static void what_a_terminal_obeys_is_not_printed(void **state)
{
	(void)state;
	result_note(&item[0].result, AUDIT_FAIL, "%s", "a\033[2Jb\rc\x7f" "d\xc2\x9b" "e\xff\tf");
	facts_text(&f, "host", "name", "h\033]0;x\a\n[ PASS ]", 16);
	for (int format = 0; format < REPORT_FORMATS; format++) {
		assert_never((enum report_format)format, "\033");
		assert_never((enum report_format)format, "\x7f");
		assert_never((enum report_format)format, "\xff");
	}
	assert_says(REPORT_TEXT, "a\\x1b[2Jb\\x0dc\\x7fd\\x9be\\xff f\n");
	assert_says(REPORT_TEXT, "Audit of h\\x1b]0;x\\x07\n        [ PASS ]\n");
}

static void what_turns_a_line_round_is_not_drawn(void **state)
{
	static const char *const turning[] = {"\xe2\x80\xae", "\xe2\x81\xa7", "\xe2\x80\x8b", "\xef\xbb\xbf",
	    "\xd8\x9c"};

	(void)state;
	for (size_t i = 0; i < sizeof(turning) / sizeof(turning[0]); i++)
		result_note(&item[0].result, AUDIT_FAIL, "x%sevil: becomes root \xea\xb0\x80", turning[i]);
	for (size_t i = 0; i < sizeof(turning) / sizeof(turning[0]); i++) {
		assert_never(REPORT_TEXT, turning[i]);
		assert_never(REPORT_HTML, turning[i]);
		assert_never(REPORT_CSV, turning[i]);
	}
	assert_says(REPORT_TEXT, "x\\xe2\\x80\\xaeevil: becomes root \xea\xb0\x80\n");
	assert_says(REPORT_HTML, "x\xef\xbf\xbd" "evil: becomes root \xea\xb0\x80<");
	assert_says(REPORT_CSV, "x\xef\xbf\xbd" "evil: becomes root");
}

static void lines_of_evidence_stay_behind_its_indent(void **state)
{
	(void)state;
	result_note(&item[0].result, AUDIT_FAIL, "%s", "one\n  EIC-01 all is well [ PASS ]");
	assert_says(REPORT_TEXT, "\n      one\n          EIC-01 all is well [ PASS ]\n");
}

static void what_was_seen_and_passes_is_shown_when_asked(void **state)
{
	(void)state;
	result_note(&item[0].result, AUDIT_PASS, "%s", "the good");
	result_note(&item[0].result, AUDIT_FAIL, "%s", "the bad");
	assert_never(REPORT_TEXT, "the good");
	assert_says(REPORT_TEXT, "the bad");
	r.verbose = true;
	assert_says(REPORT_TEXT, "the good");
	assert_says(REPORT_TEXT, "hardening guide 2; ISMS-P 2.10.2 ~2.6.2\n");
	r.verbose = false;
	result_free(&item[0].result);
	result_note(&item[0].result, AUDIT_PASS, "%s", "the good");
	assert_never(REPORT_TEXT, "the good");
}

static void a_long_reason_is_said_once(void **state)
{
	static const char why[] = "cannot be told: no credentials: set this variable and that one, or name a profile";
	static const struct audit_check other = {.id = "TST-02", .title = "b title", .title_ko = "제목"};

	(void)state;
	a.count = 3;
	item[1].check = item[2].check = &other;
	result_note(&item[0].result, AUDIT_ERROR, "iam summary: %s", why);
	result_note(&item[1].result, AUDIT_ERROR, "iam users: %s", why);
	result_note(&item[2].result, AUDIT_ERROR, "%s", "iam users: cannot be told: a time-out");
	assert_says(REPORT_TEXT, "\n      iam users: as under TST-01\n");
	assert_says(REPORT_TEXT, "\n      iam users: cannot be told: a time-out\n");
	assert_says(REPORT_TEXT, "iam summary: cannot be told: no credentials: set");
	r.verbose = true;
	assert_never(REPORT_TEXT, "as under");
	r.verbose = false;
	r.statuses = 1U << AUDIT_ERROR;
	assert_says(REPORT_CSV, "iam users: cannot be told: no credentials: set");
	result_note(&item[0].result, AUDIT_FAIL, "%s", "known, and bad");
	assert_never(REPORT_TEXT, "as under TST-01"); /* that one is not shown */
}

static void a_finding_of_nothing_says_so_in_every_format(void **state)
{
	(void)state;
	for (int format = 0; format < REPORT_FORMATS; format++) {
		assert_never((enum report_format)format, "PASSED");
		if (format == REPORT_ASFF)
			assert_says(REPORT_ASFF, "\"Status\":\"NOT_AVAILABLE\"");
		else
			assert_says((enum report_format)format, "ERROR");
		if (format != REPORT_JSON)
			assert_says((enum report_format)format, "the check has noted nothing");
	}
}

static void a_description_is_cut_between_two_characters(void **state)
{
	char text[4000];

	(void)state;
	/* Of three bytes each: 1000 is no multiple. */
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "한", 4);
	result_note(&item[0].result, AUDIT_FAIL, "%s", text);
	text[999] = '"';
	text[1000] = '\0';
	assert_says(REPORT_ASFF, text);
	assert_never(REPORT_ASFF, "\xEF\xBF\xBD");
}

static void the_worst_stands_first_and_what_is_muted_behind_warnings(void **state)
{
	static const enum audit_status in[] = {AUDIT_PASS, AUDIT_SKIP, AUDIT_FAIL, AUDIT_WARN,
	    AUDIT_FAIL, AUDIT_ERROR, AUDIT_INFO};
	static const size_t wanted[] = {4, 5, 3, 2, 1, 6, 0};
	const struct mute_line l = {.check = &check, .end = 1796083200, .reason = (char[]){"why"}};
	size_t order[7];

	(void)state;
	a.count = 7;
	for (int i = 0; i < 7; i++)
		result_note(&item[i].result, in[i], "%s", "x");
	item[2].muted = &l;
	assert_int_equal(report_sort(&r, order), 7);
	for (int i = 0; i < 7; i++)
		assert_int_equal(order[i], wanted[i]);
	r.statuses = 1U << AUDIT_FAIL;
	assert_int_equal(report_sort(&r, order), 2);
	assert_says(REPORT_TEXT, "muted until 2026-11-30: why\n");
	assert_says(REPORT_TEXT, "FAIL 1, ERROR 1, WARN 1, SKIP 1, INFO 1, PASS 1\nmuted: 1\n");
}

static void asff_has_the_partition_of_its_region(void **state)
{
	static const struct { const char *region, *partition; } all[] = {{"ap-northeast-2", "aws"},
	    {"cn-north-1", "aws-cn"}, {"us-gov-west-1", "aws-us-gov"}, {"us-iso-east-1", "aws-iso"}};
	char text[100];

	(void)state;
	result_note(&item[0].result, AUDIT_FAIL, "%s", "x");
	r.account = "123456789012";
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		r.region = all[i].region;
		(void)snprintf(text, sizeof(text), "\"ProductArn\":\"arn:%s:securityhub:%s:123456789012:",
		    all[i].partition, all[i].region);
		assert_says(REPORT_ASFF, text);
		(void)snprintf(text, sizeof(text), "{\"Partition\":\"%s\",", all[i].partition);
		assert_says(REPORT_ASFF, text);
	}
}

static void items_stand_in_the_order_of_their_numbers(void **state)
{
	struct report_item *all;
	size_t n;

	(void)state;
	r.framework = AUDIT_ISMS_P;
	result_note(&item[0].result, AUDIT_FAIL, "%s", "x");
	all = report_all_items(&r, &n);
	assert_int_equal(n, 2);
	assert_string_equal(all[0].name, "2.6.2");
	assert_string_equal(all[1].name, "2.10.2");
	free(all);
	assert_true(report_is_of_item(&r, &item[0], "2.6.2"));
	assert_false(report_is_of_item(&r, &item[0], "2.6"));
	assert_says(REPORT_TEXT, "ISMS-P 2.6.2 access to information systems\n  TST-01");
	assert_says(REPORT_TEXT, "\nISMS-P 2.10.2 security of cloud services\n  TST-01");
	assert_says(REPORT_HTML, "<h2>ISMS-P 2.6.2 access to information systems</h2>");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_time_that_is_no_number_is_none),
	    T(what_a_terminal_obeys_is_not_printed),
	    T(what_turns_a_line_round_is_not_drawn),
	    T(lines_of_evidence_stay_behind_its_indent),
	    T(what_was_seen_and_passes_is_shown_when_asked),
	    T(a_long_reason_is_said_once),
	    T(a_finding_of_nothing_says_so_in_every_format),
	    T(a_description_is_cut_between_two_characters),
	    T(the_worst_stands_first_and_what_is_muted_behind_warnings),
	    T(asff_has_the_partition_of_its_region),
	    T(items_stand_in_the_order_of_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
