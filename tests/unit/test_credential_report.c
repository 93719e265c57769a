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

static void rows_are_found_by_user_and_columns_by_name(void **state)
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
	r = credential_report_find(&t, "kim");
	assert_non_null(r);
	assert_true(r->password && !r->mfa && r->keys);
	assert_int_equal(r->created, 1577836800);
	assert_int_equal(r->changed, 1609459200);
	assert_int_equal(r->next, -1);
	r = credential_report_find(&t, CREDENTIAL_REPORT_ROOT);
	assert_true(r != NULL && r->mfa && !r->password && !r->keys && r->changed == -1);
	r = credential_report_find(&t, "a,b");
	assert_true(r != NULL && !r->password && !r->keys);
	assert_null(credential_report_find(&t, "lee"));
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
	assert_null(credential_report_find(&t, "kim"));
	credential_report_free(&t);
	assert_int_equal(read_text(&t, HEAD "\r\n", NULL), 0);
	credential_report_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_found_by_user_and_columns_by_name),
	    cmocka_unit_test(report_that_is_not_whole_is_refused),
	    cmocka_unit_test(report_of_no_users_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
