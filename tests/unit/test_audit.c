/* Choice of checks, findings, mutes and verdict: policy/audit/audit.h, finding.h, mute.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/audit/audit.h"
#include "policy/audit/mute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON INT64_C(1796040000) /* 2026-11-30T12:00:00Z */

/* ---- findings ---- */

static void a_check_that_notes_nothing_is_an_error(void **state)
{
	struct audit_finding item[2] = {{.check = NULL}};
	struct audit a = {item, 1};

	(void)state;
	assert_int_equal(audit_status_of(&item[0]), AUDIT_ERROR);
	assert_string_equal(audit_status_name(item[0].result.status), "ERROR");
	assert_int_equal(audit_count(&a, AUDIT_ERROR), 1);
	assert_int_equal(audit_count(&a, AUDIT_PASS), 0);
	assert_int_equal(audit_verdict(&a), AUDIT_ERROR);
}

static void the_worst_note_is_the_status_in_any_order(void **state)
{
	static const enum audit_status all[] = {AUDIT_PASS, AUDIT_INFO, AUDIT_SKIP, AUDIT_WARN,
	    AUDIT_ERROR, AUDIT_FAIL};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			struct result r = {.count = 0};

			result_note(&r, all[i], "%s", "first");
			result_note(&r, all[k], "%s", "second");
			assert_int_equal(r.status, i > k ? all[i] : all[k]);
			assert_int_equal(r.count, 2);
			assert_int_equal(r.note[1].status, all[k]);
			assert_string_equal(r.note[1].text, "second");
			result_free(&r);
			assert_int_equal(r.status, AUDIT_NOTHING);
		}
}

static void what_was_not_told_is_an_error_and_what_was_is_none(void **state)
{
	struct facts f = {.count = 0};
	struct result r = {.count = 0};

	(void)state;
	facts_none(&f, "k", "none");
	facts_text(&f, "k", "text", "", 0);
	facts_trouble(&f, "k", "trouble", "I/O error");
	assert_false(result_untold(&r, facts_get(&f, "k", "none"), "k", "none"));
	assert_false(result_untold(&r, facts_get(&f, "k", "text"), "k", "text"));
	assert_int_equal(r.count, 0);
	assert_true(result_untold(&r, facts_get(&f, "k", "trouble"), "k", "trouble"));
	assert_true(result_untold(&r, facts_get(&f, "k", "nobody"), "k", "nobody"));
	assert_int_equal(r.status, AUDIT_ERROR);
	assert_string_equal(r.note[0].text, "k trouble: cannot be told: I/O error");
	assert_string_equal(r.note[1].text, "k nobody: was not looked at");
	result_free(&r);
	facts_free(&f);
}

static void notes_that_memory_lost_are_an_error(void **state)
{
	struct audit_finding x = {.result = {.status = AUDIT_PASS, .failed = true}};

	(void)state;
	assert_int_equal(audit_status_of(&x), AUDIT_ERROR);
	x.result.status = AUDIT_FAIL;
	assert_int_equal(audit_status_of(&x), AUDIT_FAIL);
}

static void a_failure_comes_before_an_error_and_an_error_is_no_pass(void **state)
{
	struct audit_finding item[3] = {{.result = {.status = AUDIT_PASS}},
	    {.result = {.status = AUDIT_WARN}}, {.result = {.status = AUDIT_SKIP}}};
	struct audit a = {item, 3};
	const struct mute_line l = {.line = 1};

	(void)state;
	assert_int_equal(audit_verdict(&a), AUDIT_PASS);
	item[2].result.status = AUDIT_ERROR;
	assert_int_equal(audit_verdict(&a), AUDIT_ERROR);
	item[1].result.status = AUDIT_FAIL;
	assert_int_equal(audit_verdict(&a), AUDIT_FAIL);
	item[1].muted = &l;
	assert_int_equal(audit_verdict(&a), AUDIT_ERROR);
	assert_int_equal(audit_count(&a, AUDIT_FAIL), 0);
	assert_int_equal(audit_muted(&a), 1);
}

/* ---- the checks there are ---- */

static void every_check_is_whole_and_has_an_id_of_its_own(void **state)
{
	const struct audit_check *c, *d;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++, n++) {
		assert_non_null(c->id);
		assert_non_null(c->title);
		assert_non_null(c->title_ko);
		assert_non_null(c->rule);
		assert_non_null(c->run);
		assert_non_null(strchr(c->id, '-'));
		for (size_t k = i + 1; (d = audit_check_at(k)) != NULL; k++)
			assert_string_not_equal(c->id, d->id);
		assert_ptr_equal(audit_check_find(c->id, strlen(c->id)), c);
	}
	assert_true(n > 0);
	/* As many as BatchImportFindings takes at a time. */
	assert_true(n <= 100);
	assert_null(audit_check_find("EIC", 3));
	assert_null(audit_check_find("", 0));
}

/* A check may not take what nobody has gathered for a pass. */
static void without_facts_nothing_passes(void **state)
{
	struct facts f = {.count = 0};
	const struct audit_rules rules = {.now = NOON};
	const struct audit_choice all = {.check = NULL};
	struct audit a = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(audit_run(&a, &f, &rules, &all, &e), 0);
	for (size_t i = 0; i < a.count; i++)
		if (audit_status_of(&a.item[i]) == AUDIT_PASS)
			fail_msg("%s passes", a.item[i].check->id);
	assert_int_not_equal(audit_verdict(&a), AUDIT_PASS);
	audit_free(&a);
	facts_free(&f);
}

/* ---- the choice ---- */

static int choose(const struct audit_choice *which, struct audit *a, struct err *e)
{
	struct facts f = {.count = 0};
	const struct audit_rules rules = {.now = NOON};
	const int r = audit_run(a, &f, &rules, which, e);

	facts_free(&f);
	return r;
}

static void a_word_is_an_id_or_the_part_before_its_dash(void **state)
{
	static const char *const words[] = {"EIC-01", "eic-01", "EIC-01,EIC-01", "EIC-01,"};
	struct audit a = {.count = 0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct audit_choice which = {.check = words[i]};

		assert_int_equal(choose(&which, &a, &e), 0);
		assert_int_equal(a.count, 1);
		assert_string_equal(a.item[0].check->id, "EIC-01");
		audit_free(&a);
	}
	assert_int_equal(choose(&(struct audit_choice){.check = "eic"}, &a, &e), 0);
	assert_true(a.count >= 1);
	for (size_t i = 0; i < a.count; i++)
		assert_memory_equal(a.item[i].check->id, "EIC-", 4);
	audit_free(&a);
	(void)choose(&(struct audit_choice){.exclude = "EIC-01"}, &a, &e);
	for (size_t i = 0; i < a.count; i++)
		assert_string_not_equal(a.item[i].check->id, "EIC-01");
	audit_free(&a);
}

static void a_word_that_names_nothing_audits_nothing(void **state)
{
	static const struct audit_choice wrong[] = {{.check = "EIC-1"}, {.check = "EIC-"},
	    {.check = "E"}, {.check = "EIC-01,x"}, {.exclude = "EIC-010"}, {.severity = "hi"},
	    {.severity = "high,none"}, {.check = ",EIC-01"}, {.check = "EIC-01 "}};
	struct audit a = {.count = 0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(choose(&wrong[i], &a, &e), ERR_SYNTAX);
		audit_free(&a);
	}
}

static void an_audit_of_no_check_is_not_clean(void **state)
{
	const struct audit_choice none = {.check = "EIC-01", .exclude = "EIC"};
	struct audit a = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(choose(&none, &a, &e), ERR_SYNTAX);
	assert_string_equal(e.text, "no check is chosen");
	audit_free(&a);
	assert_int_equal(choose(&(struct audit_choice){.check = "EIC-01", .severity = "low"}, &a, &e),
	    ERR_SYNTAX);
	audit_free(&a);
}

static void severities_and_frameworks_choose_checks(void **state)
{
	struct audit a = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(choose(&(struct audit_choice){.severity = "HIGH,critical"}, &a, &e), 0);
	for (size_t i = 0; i < a.count; i++)
		assert_true(a.item[i].check->severity >= AUDIT_HIGH);
	audit_free(&a);
	assert_int_equal(choose(&(struct audit_choice){.framework = AUDIT_ISMS_P}, &a, &e), 0);
	assert_true(a.count > 0);
	for (size_t i = 0; i < a.count; i++)
		assert_non_null(a.item[i].check->isms_p);
	audit_free(&a);
	assert_int_equal(choose(&(struct audit_choice){.framework = AUDIT_CIS}, &a, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "isms-p and guide are referred to"));
	audit_free(&a);
}

static void items_are_read_word_by_word_without_their_tilde(void **state)
{
	const char *list = "~2.5.3  2.6.6 ~2.7.2 ", *none = NULL, *at;
	static const char *const wanted[] = {"2.5.3", "2.6.6", "2.7.2"};
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		at = audit_next_item(&list, &n);
		assert_non_null(at);
		assert_int_equal(n, 5);
		assert_memory_equal(at, wanted[i], n);
	}
	assert_null(audit_next_item(&list, &n));
	assert_null(audit_next_item(&none, &n));
	assert_int_equal(audit_framework_of("ISMS-P"), AUDIT_ISMS_P);
	assert_int_equal(audit_framework_of("cis"), AUDIT_CIS);
	assert_int_equal(audit_framework_of("guide"), AUDIT_GUIDE);
	assert_int_equal(audit_framework_of(""), AUDIT_NO_FRAMEWORK);
	assert_int_equal(audit_framework_of("iso"), AUDIT_NO_FRAMEWORK);
}

/* ---- mutes ---- */

static int mutes(struct mute *m, const char *text, struct err *e)
{
	return mute_read(m, "mutes", text, strlen(text), e);
}

static void a_mute_needs_a_check_a_day_and_a_reason(void **state)
{
	static const struct { const char *text, *why; } wrong[] = {
	    {"EIC-01\n", "mutes:1: a day is missing: ID until YYYY-MM-DD REASON"},
	    {"EIC-01 2026-12-01 because\n", "mutes:1: a day is missing: ID until YYYY-MM-DD REASON"},
	    {"EIC-01 until\n", "mutes:1: no such day: YYYY-MM-DD"},
	    {"EIC-01 until 2026-12-32 because\n", "mutes:1: no such day: YYYY-MM-DD"},
	    {"EIC-01 until 2026-12-010 because\n", "mutes:1: no such day: YYYY-MM-DD"},
	    {"\n# x\nEIC-01 until 2026-12-01\n", "mutes:3: a reason is missing"},
	    {"EIC-01 until 2026-12-01  \t \n", "mutes:1: a reason is missing"},
	    {"EIC until 2026-12-01 because\n", "mutes:1: no such check; one line names one id in full"},
	    {"eic-01 until 2026-12-01 because", "mutes:1: no such check; one line names one id in full"},
	    {"EIC-01 until 2026-12-01 a\nEIC-01 until 2026-12-02 b\n",
	        "mutes:2: this check is muted twice"},
	    {"EIC-01 until 2026-12-01 \033[2J\n", "mutes:1: a control character, or no UTF-8"},
	    {"EIC-01 until 2026-12-01 \xff\n", "mutes:1: a control character, or no UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct mute m = {.count = 0};
		struct err e = {0};

		if (mutes(&m, wrong[i].text, &e) != ERR_SYNTAX)
			fail_msg("taken: %s", wrong[i].text);
		assert_string_equal(e.text, wrong[i].why);
		mute_free(&m);
	}
}

static void a_mute_ends_with_its_day_and_is_not_for_ever(void **state)
{
	struct mute m = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(mutes(&m, "\t EIC-01\tuntil 2026-11-30   the vendor's; ticket 4711", &e), 0);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.item[0].reason, "the vendor's; ticket 4711");
	assert_true(mute_is_in_force(&m.item[0], NOON));
	assert_true(mute_is_in_force(&m.item[0], NOON + 43199));
	assert_false(mute_is_in_force(&m.item[0], NOON + 43200));
	assert_true(mute_is_in_force(&m.item[0], NOON - 366 * DAY_SECONDS));
	assert_false(mute_is_in_force(&m.item[0], NOON - 367 * DAY_SECONDS));
	mute_free(&m);
}

static void only_failures_and_warnings_are_muted(void **state)
{
	struct audit_finding item[7] = {{.check = NULL}};
	struct audit a = {item, 7};
	struct mute m = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(mutes(&m, "EIC-01 until 2026-12-01 because\n", &e), 0);
	for (int i = 0; i < 7; i++) {
		item[i].check = audit_check_find("EIC-01", 6);
		item[i].result.status = (enum audit_status)i;
	}
	mute_apply(&m, &a, NOON);
	for (int i = 0; i < 7; i++)
		assert_int_equal(item[i].muted != NULL, i == AUDIT_FAIL || i == AUDIT_WARN);
	mute_apply(&m, &a, NOON + 2 * DAY_SECONDS);
	assert_int_equal(audit_muted(&a), 0);
	mute_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_check_that_notes_nothing_is_an_error),
	    cmocka_unit_test(the_worst_note_is_the_status_in_any_order),
	    cmocka_unit_test(what_was_not_told_is_an_error_and_what_was_is_none),
	    cmocka_unit_test(notes_that_memory_lost_are_an_error),
	    cmocka_unit_test(a_failure_comes_before_an_error_and_an_error_is_no_pass),
	    cmocka_unit_test(every_check_is_whole_and_has_an_id_of_its_own),
	    cmocka_unit_test(without_facts_nothing_passes),
	    cmocka_unit_test(a_word_is_an_id_or_the_part_before_its_dash),
	    cmocka_unit_test(a_word_that_names_nothing_audits_nothing),
	    cmocka_unit_test(an_audit_of_no_check_is_not_clean),
	    cmocka_unit_test(severities_and_frameworks_choose_checks),
	    cmocka_unit_test(items_are_read_word_by_word_without_their_tilde),
	    cmocka_unit_test(a_mute_needs_a_check_a_day_and_a_reason),
	    cmocka_unit_test(a_mute_ends_with_its_day_and_is_not_for_ever),
	    cmocka_unit_test(only_failures_and_warnings_are_muted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
