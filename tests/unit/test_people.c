/* Who is enrolled and how old passwords are: policy/audit/people.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/audit/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW (INT64_C(20787) * 86400 + 7)

static struct facts f;
static struct people p;

static int set_up(void **state)
{
	(void)state;
	f = (struct facts){.count = 0};
	p = (struct people){.count = 0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	people_free(&p);
	facts_free(&f);
	return 0;
}

static const struct person *look(const char *account, const char *enrolled)
{
	people_free(&p);
	facts_text(&f, "account", "alice", account, strlen(account));
	if (enrolled != NULL)
		facts_text(&f, "enrolled", "alice", enrolled, strlen(enrolled));
	people_of(&p, &f, NOW);
	return p.count == 1 ? &p.item[0] : NULL;
}

static void without_facts_there_is_nobody_and_no_enrolment(void **state)
{
	(void)state;
	people_of(&p, &f, NOW);
	assert_int_equal(p.count, 0);
	assert_false(p.enrolment);
}

static void a_person_is_what_the_facts_say(void **state)
{
	const struct person *x = look("uid=1000 shell=/bin/bash hash=yescrypt last=20777 max=90",
	    "devices=2 last_used=1796000000 locked=no");

	(void)state;
	assert_non_null(x);
	assert_true(p.enrolment);
	assert_int_equal(x->enrolled, PERSON_ENROLLED);
	assert_int_equal(x->devices, 2);
	assert_int_equal(x->last_used, 1796000000);
	assert_int_equal(x->age, 10);
	assert_int_equal(x->most, 90);
}

static void what_is_missing_or_no_number_is_not_known(void **state)
{
	static const char *const accounts[] = {"", "last= max=", "last=x max=-1", "max=99999",
	    "last=0 max=99999", "last=20788 max=100000", "xlast=1 xmax=1",
	    "last=99999999999999999999999 max=99999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		const struct person *x = look(accounts[i], NULL);

		assert_non_null(x);
		assert_int_equal(x->age, -1);
		assert_int_equal(x->most, -1);
	}
}

static void who_is_not_told_of_is_never_enrolled(void **state)
{
	static const char *const words[] = {"", "devices= locked=no", "devices=x locked=no",
	    "devices=1", "devices=1 locked=", "devices=1 locked=maybe"};

	(void)state;
	assert_int_equal(look("shell=/bin/sh", NULL)->enrolled, PERSON_UNTOLD);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(look("shell=/bin/sh", words[i])->enrolled, PERSON_UNTOLD);
	assert_int_equal(look("shell=/bin/sh", "devices=0 locked=no")->enrolled, PERSON_NOT_ENROLLED);
	assert_int_equal(look("shell=/bin/sh", "devices=1 locked=yes")->enrolled, PERSON_LOCKED);
	facts_none(&f, "enrolled", "alice");
	assert_int_equal(look("shell=/bin/sh", NULL)->enrolled, PERSON_NOT_ENROLLED);
	facts_trouble(&f, "enrolled", "alice", "I/O error");
	assert_int_equal(look("shell=/bin/sh", NULL)->enrolled, PERSON_UNTOLD);
}

static void accounts_of_services_are_nobody(void **state)
{
	(void)state;
	assert_null(look("uid=2 shell=/usr/sbin/nologin", NULL));
	assert_null(look("uid=2 shell=/bin/false last=1", NULL));
	assert_null(look("uid=2 shell=/bin/sync", NULL));
	assert_non_null(look("uid=2 shell=/bin/notfalse", NULL));
	assert_non_null(look("uid=2 shell=false", NULL));
}

static void the_list_has_a_line_for_each_and_no_formula(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	facts_text(&f, "account", "=cmd;\"x\"", "last=20700", 10);
	(void)look("last=20777 max=90", "devices=1 last_used=0 locked=no");
	people_csv(&p, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
	    "NAME;ENROLLED;DEVICES;LAST_USED;PASSWORD_AGE;PASSWORD_MAX_AGE\r\n"
	    "\"'=cmd;\"\"x\"\"\";unknown;0;;87;\r\n"
	    "alice;yes;1;;10;90\r\n");
	free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(without_facts_there_is_nobody_and_no_enrolment),
	    T(a_person_is_what_the_facts_say),
	    T(what_is_missing_or_no_number_is_not_known),
	    T(who_is_not_told_of_is_never_enrolled),
	    T(accounts_of_services_are_nobody),
	    T(the_list_has_a_line_for_each_and_no_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
