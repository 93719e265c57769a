/* Facts of a host: policy/audit/facts.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/audit/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *written(struct facts *f, size_t *len)
{
	char *text = NULL;
	struct err e = {0};
	FILE *out = open_memstream(&text, len);

	assert_non_null(out);
	if (facts_write(f, out, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void note(struct facts *f, const char *kind, const char *name, const char *text)
{
	facts_text(f, kind, name, text, strlen(text));
}

static int read_text(struct facts *f, const char *text, struct err *e)
{
	return facts_read(f, "saved", text, strlen(text), e);
}

static void assert_refused(const char *text, const char *why)
{
	struct facts f = {.count = 0};
	struct err e = {0};

	if (read_text(&f, text, &e) != ERR_SYNTAX)
		fail_msg("taken: %s", text);
	if (strcmp(e.text, why) != 0)
		fail_msg("%s: '%s', not '%s'", text, e.text, why);
	facts_free(&f);
}

/* ---- ---- */

static void what_nobody_gathered_is_unknown_and_never_none(void **state)
{
	struct facts f = {.count = 0};

	(void)state;
	assert_int_equal(facts_get(&f, "file", "/etc/a")->is, FACT_UNKNOWN);
	assert_string_equal(facts_get(&f, "file", "/etc/a")->text, "");
	facts_none(&f, "file", "/etc/a");
	assert_int_equal(facts_get(&f, "file", "/etc/a")->is, FACT_NONE);
	assert_int_equal(facts_get(&f, "file", "/etc/b")->is, FACT_UNKNOWN);
	assert_int_equal(facts_get(&f, "files", "/etc/a")->is, FACT_UNKNOWN);
	assert_int_equal(facts_get(&f, "file", "/etc/")->is, FACT_UNKNOWN);
	facts_trouble(&f, "file", "/etc/b", "I/O error");
	assert_int_equal(facts_get(&f, "file", "/etc/b")->is, FACT_TROUBLE);
	assert_string_equal(facts_string(&f, "file", "/etc/b"), "");
	facts_free(&f);
}

static void the_last_of_a_kind_and_name_counts(void **state)
{
	struct facts f = {.count = 0};

	(void)state;
	note(&f, "k", "b", "1");
	note(&f, "k", "a", "2");
	facts_none(&f, "k", "b");
	assert_int_equal(facts_get(&f, "k", "b")->is, FACT_NONE);
	note(&f, "k", "b", "3");
	note(&f, "k", "b", "4");
	assert_string_equal(facts_string(&f, "k", "b"), "4");
	facts_trouble(&f, "k", "a", "why");
	assert_int_equal(facts_get(&f, "k", "a")->is, FACT_TROUBLE);
	assert_int_equal(f.count, 2);
	facts_free(&f);
}

static void facts_of_a_kind_come_in_order_of_names_that_begin_so(void **state)
{
	static const char *const names[] = {"/b/2", "/a/1", "/b/1", "/b", "/c", "/b/10"};
	static const char *const wanted[] = {"/b/1", "/b/10", "/b/2"};
	const struct fact *x = NULL;
	struct facts f = {.count = 0};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		note(&f, "file", names[i], names[i]);
	note(&f, "files", "/b/0", "");
	note(&f, "fil", "/b/9", "");
	for (size_t i = 0; i < 3; i++) {
		x = facts_next(&f, "file", "/b/", x);
		assert_non_null(x);
		assert_string_equal(x->name, wanted[i]);
		assert_string_equal(x->text, wanted[i]);
	}
	assert_null(facts_next(&f, "file", "/b/", x));
	assert_null(facts_next(&f, "file", "/d", NULL));
	assert_null(facts_next(&f, "dir", "", NULL));
	facts_free(&f);
}

static void what_is_written_is_read_as_the_same(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n", "a", "a\n", "a\nb", "\ta", "\n\ta\n",
	    "= k n\n", "- k n", "\r\n", "\x80\xff", " ", "a\n\n\nb\n\n"};
	struct facts f = {.count = 0}, back = {.count = 0};
	char *first, *second, name[32];
	size_t n, m;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)snprintf(name, sizeof(name), "name %zu = x", i);
		note(&f, "text", name, texts[i]);
		facts_trouble(&f, "trouble", name, texts[i]);
		facts_none(&f, "none", name);
	}
	first = written(&f, &n);
	if (facts_read(&back, "saved", first, n, &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)snprintf(name, sizeof(name), "name %zu = x", i);
		assert_int_equal(facts_get(&back, "text", name)->is, FACT_TEXT);
		assert_string_equal(facts_get(&back, "text", name)->text, texts[i]);
		assert_int_equal(facts_get(&back, "trouble", name)->is, FACT_TROUBLE);
		assert_string_equal(facts_get(&back, "trouble", name)->text, texts[i]);
		assert_int_equal(facts_get(&back, "none", name)->is, FACT_NONE);
	}
	second = written(&back, &m);
	assert_int_equal(n, m);
	assert_memory_equal(first, second, n);
	free(first);
	free(second);
	facts_free(&f);
	facts_free(&back);
}

static void a_nul_in_a_text_is_a_blank_and_a_name_ends_at_its_line(void **state)
{
	struct facts f = {.count = 0};

	(void)state;
	facts_text(&f, "k", "n", "a\0b", 3);
	facts_text(&f, "k", "two\nlines", "x", 1);
	assert_string_equal(facts_string(&f, "k", "n"), "a b");
	assert_string_equal(facts_string(&f, "k", "two"), "x");
	facts_free(&f);
}

static void a_name_longer_than_any_path_comes_back(void **state)
{
	struct facts f = {.count = 0}, back = {.count = 0};
	char *name = malloc(20001), *text;
	struct err e = {0};
	size_t n;

	(void)state;
	assert_non_null(name);
	memset(name, 'n', 20000);
	name[20000] = '\0';
	note(&f, "file", name, "x");
	text = written(&f, &n);
	if (facts_read(&back, "saved", text, n, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(facts_string(&back, "file", name), "x");
	free(name);
	free(text);
	facts_free(&f);
	facts_free(&back);
}

static void what_is_no_file_of_facts_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("", "saved:0: not the facts of a host");
	assert_refused("\n", "saved:1: not the facts of a host");
	assert_refused("pam-bastion facts 2\n", "saved:1: not the facts of a host");
	assert_refused("pam-bastion facts 1", "saved: its last line has no end: it is not whole");
	assert_refused(FACTS_HEAD "\n\n", "saved:2: neither a fact nor a line of one");
	assert_refused(FACTS_HEAD "\n\tx\n", "saved:2: neither a fact nor a line of one");
	assert_refused(FACTS_HEAD "\n? k n\n", "saved:2: neither a fact nor a line of one");
	assert_refused(FACTS_HEAD "\n=k n\n\tx\n", "saved:2: neither a fact nor a line of one");
	assert_refused(FACTS_HEAD "\n= kind\n\tx\n", "saved:2: neither a fact nor a line of one");
	assert_refused(FACTS_HEAD "\n- k n\n= k m\n", "saved:3: its lines are missing");
	assert_refused(FACTS_HEAD "\n! k n\n- k m\n", "saved:2: its lines are missing");
	assert_refused(FACTS_HEAD "\n- k n\n\t\n", "saved:2: there is none, and it has lines");
	assert_refused(FACTS_HEAD "\n= k n\n\tx\n\ty", "saved: its last line has no end: it is not "
	    "whole");
}

static void a_nul_in_the_head_of_a_fact_is_refused(void **state)
{
	static const char text[] = FACTS_HEAD "\n= k a\0b\n\tx\n";
	struct facts f = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_int_equal(facts_read(&f, "saved", text, sizeof(text) - 1, &e), ERR_SYNTAX);
	facts_free(&f);
}

static void more_facts_than_a_host_has_are_refused(void **state)
{
	const size_t lines = FACTS_MOST + 1;
	char *text = malloc(32 + 8 * lines);
	size_t n = 0;
	struct facts f = {.count = 0};
	struct err e = {0};

	(void)state;
	assert_non_null(text);
	n += (size_t)snprintf(text, 32, FACTS_HEAD "\n");
	for (size_t i = 0; i < lines; i++, n += 6)
		memcpy(text + n, "- k n\n", 6);
	assert_int_equal(facts_read(&f, "saved", text, n, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "too many facts"));
	free(text);
	facts_free(&f);
}

/* An insertion for each would take minutes. */
static void two_hundred_thousand_facts_in_the_wrong_order_are_sorted_at_once(void **state)
{
	struct facts f = {.count = 0};
	struct timespec from, to;
	char name[16];

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &from), 0);
	for (int i = 200000; i > 0; i--) {
		(void)snprintf(name, sizeof(name), "%06d", i);
		note(&f, "k", name, name);
	}
	assert_string_equal(facts_string(&f, "k", "000007"), "000007");
	assert_string_equal(facts_next(&f, "k", "", NULL)->name, "000001");
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &to), 0);
	assert_in_range(to.tv_sec - from.tv_sec, 0, 15);
	facts_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_nobody_gathered_is_unknown_and_never_none),
	    cmocka_unit_test(the_last_of_a_kind_and_name_counts),
	    cmocka_unit_test(facts_of_a_kind_come_in_order_of_names_that_begin_so),
	    cmocka_unit_test(what_is_written_is_read_as_the_same),
	    cmocka_unit_test(a_nul_in_a_text_is_a_blank_and_a_name_ends_at_its_line),
	    cmocka_unit_test(a_name_longer_than_any_path_comes_back),
	    cmocka_unit_test(what_is_no_file_of_facts_is_refused_with_its_line),
	    cmocka_unit_test(a_nul_in_the_head_of_a_fact_is_refused),
	    cmocka_unit_test(more_facts_than_a_host_has_are_refused),
	    cmocka_unit_test(two_hundred_thousand_facts_in_the_wrong_order_are_sorted_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
