/* What a PAM stack returns for given answers, and stacks that are not on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/pamd_run.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

/* ---- files in memory ---- */

struct file {
	const char *path, *text; /* NULL: cannot be read */
};

static int read_memory(void *ctx, const char *path, const char **text, size_t *len,
    struct err *e)
{
	for (const struct file *f = ctx; f->path != NULL; f++) {
		if (strcmp(f->path, path) != 0)
			continue;
		if (f->text == NULL)
			return err_set(e, ERR_DENIED, "%s: denied", path);
		*text = f->text;
		*len = strlen(f->text);
		return 0;
	}
	return ERR_NONE;
}

static struct file files[8];

static struct pamd_dirs memory(void)
{
	static const struct pamd_source source = {read_memory, files};

	return (struct pamd_dirs){.dir = "/etc/pam.d", .fallback = "/usr/lib/pam.d",
	    .source = &source};
}

static struct pamd_stack load(const char *service, bool *other)
{
	const struct pamd_dirs dirs = memory();
	struct pamd_stack s;
	struct err e = {0};

	if (pamd_stack_load_or_other(&s, &dirs, service, PAMD_AUTH, other, &e) != 0)
		fail_msg("%s", e.text);
	return s;
}

/* ---- runs ---- */

static int nth_answer(void *ctx, const struct pamd_stack *s, int at)
{
	const int **next = ctx;

	(void)s, (void)at;
	return *(*next)++;
}

#define END 999

/* The lines that are run answer these in order; all of them are used. */
static void returns(const char *text, const int *answers, int expected)
{
	const int *next = answers;
	struct pamd_stack s;
	bool other;
	int code;

	files[0] = (struct file){"/etc/pam.d/svc", text};
	s = load("svc", &other);
	code = pamd_run(&s, nth_answer, &next);
	pamd_stack_free(&s);
	assert_int_equal(*next, END);
	assert_int_equal(code, expected);
}

#define SAYS(...) ((const int[]){__VA_ARGS__, END})

static void keywords_do_what_pam_conf_says(void **state)
{
	(void)state;
	returns("auth required a\nauth required b\n", SAYS(PAM_AUTH_ERR, PAM_USER_UNKNOWN),
	    PAM_AUTH_ERR);
	returns("auth requisite a\nauth required b\n", SAYS(PAM_AUTH_ERR), PAM_AUTH_ERR);
	returns("auth sufficient a\nauth required b\n", SAYS(PAM_SUCCESS), PAM_SUCCESS);
	returns("auth optional a\n", SAYS(PAM_AUTH_ERR), PAM_PERM_DENIED);
	returns("auth required a\n", SAYS(PAM_IGNORE), PAM_PERM_DENIED);
}

static void a_sufficient_success_behind_a_failure_ends_nothing(void **state)
{
	(void)state;
	returns("auth required a\nauth sufficient b\nauth required c\n",
	    SAYS(PAM_AUTH_ERR, PAM_SUCCESS, PAM_SUCCESS), PAM_AUTH_ERR);
}

static void a_success_that_counts_as_bad_is_a_refusal(void **state)
{
	(void)state;
	returns("auth [success=bad] a\n", SAYS(PAM_SUCCESS), PAM_PERM_DENIED);
	returns("auth [ignore=bad] a\n", SAYS(PAM_IGNORE), PAM_PERM_DENIED);
}

static void a_code_that_libpam_does_not_know_is_a_refusal(void **state)
{
	(void)state;
	returns("auth optional a\nauth required b\n", SAYS(77, PAM_SUCCESS), PAM_PERM_DENIED);
}

static void a_jump_past_the_end_is_a_refusal(void **state)
{
	(void)state;
	returns("auth required a\nauth [success=2] b\nauth required c\n",
	    SAYS(PAM_SUCCESS, PAM_SUCCESS), PAM_PERM_DENIED);
	/* To the end is none. */
	returns("auth required a\nauth [success=1] b\nauth required c\n",
	    SAYS(PAM_SUCCESS, PAM_SUCCESS), PAM_SUCCESS);
}

static void a_reset_in_a_substack_goes_back_to_what_was_before_it(void **state)
{
	(void)state;
	files[1] = (struct file){"/etc/pam.d/inner", "auth required x\nauth [default=reset] y\n"};
	returns("auth required a\nauth substack inner\n",
	    SAYS(PAM_SUCCESS, PAM_AUTH_ERR, PAM_SUCCESS), PAM_SUCCESS);
	returns("auth required a\nauth include inner\nauth required b\n",
	    SAYS(PAM_SUCCESS, PAM_AUTH_ERR, PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL),
	    PAM_AUTHINFO_UNAVAIL);
	files[1] = (struct file){NULL, NULL};
}

static void a_stack_without_lines_refuses(void **state)
{
	const struct pamd_stack none = {.count = 0};

	(void)state;
	assert_int_equal(pamd_run(&none, nth_answer, NULL), PAM_PERM_DENIED);
}

/* ---- where the files are ---- */

static void the_vendors_file_counts_where_there_is_no_other(void **state)
{
	struct pamd_stack s;
	bool other;

	(void)state;
	files[0] = (struct file){"/usr/lib/pam.d/svc", "auth required a\n"};
	s = load("svc", &other);
	assert_int_equal(s.count, 1);
	assert_false(other);
	assert_string_equal(s.entry[0].file, "/usr/lib/pam.d/svc");
	assert_string_equal(s.entry[0].module, "a");
	pamd_stack_free(&s);
}

static void a_service_without_lines_is_run_as_other(void **state)
{
	struct pamd_stack s;
	bool other;

	(void)state;
	files[0] = (struct file){"/etc/pam.d/svc", "account required a\n"};
	files[1] = (struct file){"/etc/pam.d/other", "auth required b\n"};
	s = load("svc", &other);
	assert_true(other);
	assert_string_equal(s.entry[0].module, "b");
	pamd_stack_free(&s);
	s = load("nowhere", &other);
	assert_true(other);
	assert_int_equal(s.count, 1);
	pamd_stack_free(&s);
}

static void a_file_that_cannot_be_told_is_not_taken_for_none(void **state)
{
	const struct pamd_dirs dirs = memory();
	struct pamd_stack s;
	struct err e = {0};
	bool other;

	(void)state;
	files[0] = (struct file){"/etc/pam.d/svc", NULL};
	files[1] = (struct file){"/usr/lib/pam.d/svc", "auth required a\n"};
	assert_int_equal(pamd_stack_load_or_other(&s, &dirs, "svc", PAMD_AUTH, &other, &e),
	    ERR_DENIED);
	assert_string_equal(e.text, "/etc/pam.d/svc: denied");
	pamd_stack_free(&s);
	files[0] = (struct file){"/etc/pam.d/svc", "auth include inner\n"};
	files[1] = (struct file){"/etc/pam.d/inner", NULL};
	assert_int_equal(pamd_stack_load_or_other(&s, &dirs, "svc", PAMD_AUTH, &other, &e),
	    ERR_DENIED);
	pamd_stack_free(&s);
}

static void includes_that_multiply_are_an_error(void **state)
{
	const struct pamd_dirs dirs = memory();
	static char text[6][64];
	struct pamd_stack s;
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 6; i++) {
		static const char *const paths[] = {"/etc/pam.d/0", "/etc/pam.d/1", "/etc/pam.d/2",
		    "/etc/pam.d/3", "/etc/pam.d/4", "/etc/pam.d/5"};

		for (int k = 0; k < 4 && i < 5; k++)
			(void)snprintf(text[i] + strlen(text[i]), 16, "@include %d\n", i + 1);
		files[i] = (struct file){paths[i], text[i]};
	}
	assert_int_equal(pamd_stack_load(&s, &dirs, "0", PAMD_AUTH, &e), ERR_BAD);
	assert_non_null(strstr(e.text, "more than 512 includes"));
	pamd_stack_free(&s);
}

/* ---- ways ---- */

static void a_way_is_told_line_by_line(void **state)
{
	struct pamd_trace t;
	struct pamd_stack s;
	bool other;

	(void)state;
	files[0] = (struct file){"/etc/pam.d/svc", "auth required pam_env.so\n"
	    "auth sufficient pam_unix.so\nauth requisite pam_bastion.so\n"};
	s = load("svc", &other);
	assert_int_equal(pamd_stack_trace(&s, PAMD_WAY_JUMPED, &t, NULL), 0);
	assert_int_equal(t.count, 2);
	assert_true(t.exact);
	assert_int_equal(t.pass[0].at, 0);
	assert_int_equal(t.pass[1].at, 1);
	assert_int_equal(t.pass[1].code, PAM_SUCCESS);
	assert_int_equal(pamd_stack_trace(&s, PAMD_WAY_REFUSED, &t, NULL), 0);
	assert_int_equal(t.count, 0);
	pamd_stack_free(&s);
}

static void a_missing_module_has_one_answer(void **state)
{
	struct pamd_trace t;
	struct pamd_stack s;
	bool other;

	(void)state;
	files[0] = (struct file){"/etc/pam.d/svc", "auth [success=ok module_unknown=ignore "
	    "default=die] pam_bastion.so\nauth required pam_permit.so\n"};
	s = load("svc", &other);
	s.entry[0].missing = true;
	assert_int_equal(pamd_stack_trace(&s, PAMD_WAY_REFUSED, &t, NULL), 0);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.pass[0].code, PAM_MODULE_UNKNOWN);
	assert_int_equal(pamd_stack_trace(&s, PAMD_WAY_CODE, &t, NULL), 0);
	assert_int_equal(t.count, 0);
	pamd_stack_free(&s);
}

static int forget(void **state)
{
	(void)state;
	memset(files, 0, sizeof(files));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(keywords_do_what_pam_conf_says, forget),
	    cmocka_unit_test_setup(a_sufficient_success_behind_a_failure_ends_nothing, forget),
	    cmocka_unit_test_setup(a_success_that_counts_as_bad_is_a_refusal, forget),
	    cmocka_unit_test_setup(a_code_that_libpam_does_not_know_is_a_refusal, forget),
	    cmocka_unit_test_setup(a_jump_past_the_end_is_a_refusal, forget),
	    cmocka_unit_test_setup(a_reset_in_a_substack_goes_back_to_what_was_before_it, forget),
	    cmocka_unit_test_setup(a_stack_without_lines_refuses, forget),
	    cmocka_unit_test_setup(the_vendors_file_counts_where_there_is_no_other, forget),
	    cmocka_unit_test_setup(a_service_without_lines_is_run_as_other, forget),
	    cmocka_unit_test_setup(a_file_that_cannot_be_told_is_not_taken_for_none, forget),
	    cmocka_unit_test_setup(includes_that_multiply_are_an_error, forget),
	    cmocka_unit_test_setup(a_way_is_told_line_by_line, forget),
	    cmocka_unit_test_setup(a_missing_module_has_one_answer, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
