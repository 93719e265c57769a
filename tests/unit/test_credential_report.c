/* The credential report of IAM. */
#include "tests/unit/scratch.h"

#include "policy/audit/credential_report.h"

#include <string.h>

#define HEAD "user,arn,user_creation_time,password_enabled,password_last_changed," \
	"password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated," \
	"access_key_2_active,access_key_2_last_rotated"

static int read_text(struct credential_report *t, const char *text, struct err *e)
{
	return credential_report_read(t, text, strlen(text), e);
}

static const struct credential_row *row_of(const struct credential_report *t, const char *user)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->row[i].user, user) == 0)
			return &t->row[i];
	return NULL;
}

static void rows_are_in_order_of_users_and_columns_found_by_name(void **state)
{
	struct credential_report t;
	const struct credential_row *r;

	(void)state;
	assert_int_equal(read_text(&t, HEAD "\n"
	    "<root_account>,a,2019-01-01T00:00:00+00:00,not_supported,not_supported,not_supported,true,"
	    "false,N/A,false,N/A\n"
	    "kim,a,2020-01-01T00:00:00Z,TRUE,2021-01-01T00:00:00+00:00,N/A,FALSE,false,"
	    "2021-01-01T00:00:00Z,false,N/A\n"
	    "\"a,b\",a,2020-01-01T00:00:00Z,false,N/A,N/A,false,false,N/A,false,N/A", NULL), 0);
	assert_int_equal(t.count, 3);
	assert_string_equal(t.row[0].user, CREDENTIAL_REPORT_ROOT);
	r = &t.row[2];
	assert_string_equal(r->user, "kim");
	assert_true(r->password);
	assert_int_equal(r->changed, 1609459200);
	assert_int_equal(r->next, -1);
	r = row_of(&t, CREDENTIAL_REPORT_ROOT);
	assert_true(r != NULL && !r->password && r->changed == -1);
	r = row_of(&t, "a,b");
	assert_true(r != NULL && !r->password);
	credential_report_free(&t);
}

static void report_that_is_not_whole_is_refused(void **state)
{
	static const char *const bad[] = {"", "user,arn\nkim,a\n", HEAD "\nkim,a\n",
	    HEAD "\nkim,a,b,c,d,e,f,g,h,i,j,k,l\n", HEAD "\n\"kim,a,b,c,d,e,f,g,h,i,j\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct credential_report t;
		struct err e = {0};

		assert_int_equal(read_text(&t, bad[i], &e), ERR_BAD);
		assert_int_equal(t.count, 0);
		assert_null(t.text);
	}
}

static void report_of_no_users_is_empty(void **state)
{
	struct credential_report t;

	(void)state;
	assert_int_equal(read_text(&t, HEAD, NULL), 0);
	assert_int_equal(t.count, 0);
	credential_report_free(&t);
	assert_int_equal(read_text(&t, HEAD "\r\n", NULL), 0);
	credential_report_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_in_order_of_users_and_columns_found_by_name),
	    cmocka_unit_test(report_that_is_not_whole_is_refused),
	    cmocka_unit_test(report_of_no_users_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
