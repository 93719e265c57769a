/* The prompt that shows an enrolment: enroll/offer.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enroll/offer.h"
#include "enroll/otpauth.h"
#include "lib/core/crypto.h"

#include <string.h>

static const struct record_device phone = {.id = 1, .name = "phone",
	.algorithm = RECORD_SHA1, .digits = 6, .period = 30, .secret_len = 20,
	.secret = "12345678901234567890"};

/* A code that is too large loses letters of the issuer: whole ones. */
static void issuer_in_any_script_is_cut_and_shown(void **state)
{
	static const char *const row[] = {
		"\xed\x95\x9c\xea\xb5\xad\xec\xa0\x84\xec\x9e\x90\xed\x86\xb5\xec\x8b\xa0"
		"\xec\x97\xb0\xea\xb5\xac\xec\x9b\x90",
		"a\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
		"\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91 keys",
	};
	char groups[OTPAUTH_GROUPS_SIZE];

	(void)state;
	assert_int_equal(otpauth_key_groups(&phone, groups, sizeof(groups)), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct offer o = {"alice@corp.example", row[i], &phone, false};
		struct err e = {0};
		char *text;

		if (offer_text(&o, &text, &e) != 0)
			fail_msg("%s: %s", row[i], e.text);
		assert_non_null(strstr(text, groups));
		offer_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(issuer_in_any_script_is_cut_and_shown),
	};

	assert_int_equal(crypto_init(), 0);
	return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
