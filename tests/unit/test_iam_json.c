/* IAM's account password policy: iam_json.h. */
#include "tests/unit/scratch.h"

#include "policy/password/profile.h"
#include "policy/password/iam_json.h"

/* The examples of the CLI reference and of the API reference. */
static const char cli[] =
    "{\n"
    "    \"PasswordPolicy\": {\n"
    "        \"AllowUsersToChangePassword\": false,\n"
    "        \"RequireLowercaseCharacters\": false,\n"
    "        \"RequireUppercaseCharacters\": false,\n"
    "        \"MinimumPasswordLength\": 8,\n"
    "        \"RequireNumbers\": true,\n"
    "        \"RequireSymbols\": true\n"
    "    }\n"
    "}\n";
static const char api[] =
    "{\"PasswordPolicy\":{\"MinimumPasswordLength\":12,\"RequireSymbols\":false,"
    "\"RequireNumbers\":true,\"RequireUppercaseCharacters\":true,"
    "\"RequireLowercaseCharacters\":true,\"AllowUsersToChangePassword\":true,"
    "\"ExpirePasswords\":true,\"MaxPasswordAge\":90,\"PasswordReusePrevention\":12,"
    "\"HardExpiry\":false}}";

static int parse(struct iam_policy *p, const char *text, struct err *e)
{
	memset(p, 0xee, sizeof(*p));
	return iam_json_parse(p, "f", text, strlen(text), e);
}

static struct iam_policy parsed(const char *text)
{
	struct iam_policy p;
	struct err e = {0};

	if (parse(&p, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return p;
}

static void assert_refused(const char *text, const char *why)
{
	struct iam_policy p;
	struct err e = {0};

	if (parse(&p, text, &e) != ERR_SYNTAX)
		fail_msg("taken: %s", text);
	if (strncmp(e.text, why, strlen(why)) != 0)
		fail_msg("%s: '%s', not '%s'", text, e.text, why);
	assert_false(p.custom);
	assert_int_equal(p.given, 0);
}

/* The text of a policy with these members. */
static const char *with(const char *members)
{
	static char text[512];

	(void)snprintf(text, sizeof(text), "{\"PasswordPolicy\":{%s}}", members);
	return text;
}

static void what_aws_prints_is_read(void **state)
{
	struct iam_policy p = parsed(cli);

	(void)state;
	assert_true(p.custom);
	assert_int_equal(p.value[IAM_MINIMUM_PASSWORD_LENGTH], 8);
	assert_int_equal(p.value[IAM_REQUIRE_SYMBOLS], 1);
	assert_int_equal(p.value[IAM_EXPIRE_PASSWORDS], 0);
	assert_int_equal(p.value[IAM_MAX_PASSWORD_AGE], 0);
	p = parsed(api);
	assert_int_equal(p.given, (1 << IAM_FIELDS) - 1);
	assert_int_equal(p.value[IAM_MAX_PASSWORD_AGE], 90);
	assert_int_equal(p.value[IAM_PASSWORD_REUSE_PREVENTION], 12);
	assert_int_equal(p.value[IAM_HARD_EXPIRY], 0);
}

static const char *const members[IAM_FIELDS] = {"\"MinimumPasswordLength\":14",
    "\"RequireSymbols\":true", "\"RequireNumbers\":true", "\"RequireUppercaseCharacters\":true",
    "\"RequireLowercaseCharacters\":true", "\"AllowUsersToChangePassword\":true",
    "\"ExpirePasswords\":true", "\"MaxPasswordAge\":30", "\"PasswordReusePrevention\":5",
    "\"HardExpiry\":true"};

/* All 1,024, forwards and backwards. */
static void every_subset_in_any_order_is_read(void **state)
{
	static const int defaults[IAM_FIELDS] = {6, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const int values[IAM_FIELDS] = {14, 1, 1, 1, 1, 1, 1, 30, 5, 1};

	(void)state;
	for (unsigned set = 0; set < 1U << IAM_FIELDS; set++) {
		const bool expires = (set >> IAM_EXPIRE_PASSWORDS & 1) != 0;
		const bool aged = (set >> IAM_MAX_PASSWORD_AGE & 1) != 0;

		for (int back = 0; back < 2; back++) {
			char text[512] = "";
			struct iam_policy p;

			for (int k = 0; k < IAM_FIELDS; k++) {
				const int i = back ? IAM_FIELDS - 1 - k : k;
				const size_t n = strlen(text);

				if ((set >> i & 1) != 0)
					(void)snprintf(text + n, sizeof(text) - n, "%s%s",
					    n > 0 ? "," : "", members[i]);
			}
			if (expires && !aged) {
				assert_int_equal(parse(&p, with(text), NULL), ERR_SYNTAX);
				continue;
			}
			p = parsed(with(text));
			assert_int_equal(p.given, set);
			for (int i = 0; i < IAM_FIELDS; i++)
				if (i != IAM_EXPIRE_PASSWORDS)
					assert_int_equal(p.value[i], (set >> i & 1) != 0 ? values[i] :
					    defaults[i]);
			assert_int_equal(p.value[IAM_EXPIRE_PASSWORDS], aged);
		}
	}
}

static void numbers_are_in_the_ranges_of_iam(void **state)
{
	static const struct { const char *name; int min, max; } ranges[] = {
	    {"MinimumPasswordLength", 6, 128}, {"MaxPasswordAge", 1, 1095},
	    {"PasswordReusePrevention", 1, 24}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int v = -2; v < 1200; v++) {
			char text[64];
			struct iam_policy p;

			(void)snprintf(text, sizeof(text), "\"%s\":%d", ranges[i].name, v);
			assert_int_equal(parse(&p, with(text), NULL),
			    v >= ranges[i].min && v <= ranges[i].max ? 0 : ERR_SYNTAX);
		}
	}
}

static void anything_else_is_refused_with_its_place(void **state)
{
	static const struct { const char *members, *why; } bad[] = {
	    {"\"MinimumPasswordLength\":5", "f:1:44: MinimumPasswordLength: is not a whole number "
	        "from 6 to 128"},
	    {"\"MinimumPasswordLength\":8.0", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":8e0", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":08", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":+8", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":-8", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":\"8\"", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":true", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":null", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":[8]", "f:1:44: MinimumPasswordLength: is not a whole"},
	    {"\"MinimumPasswordLength\":99999999999999999999", "f:1:44: MinimumPasswordLength: is"},
	    {"\"MinimumPasswordLength\":4294967304", "f:1:44: MinimumPasswordLength: is"},
	    {"\"MaxPasswordAge\":0", "f:1:37: MaxPasswordAge: is not a whole number from 1 to 1095"},
	    {"\"RequireSymbols\":1", "f:1:37: RequireSymbols: is not true or false"},
	    {"\"RequireSymbols\":True", "f:1:37: RequireSymbols: is not true or false"},
	    {"\"RequireSymbols\":\"true\"", "f:1:37: RequireSymbols: is not true or false"},
	    {"\"RequireSymbols\":null", "f:1:37: RequireSymbols: is not true or false"},
	    {"\"RequireSymbols\":trueish", "f:1:37: RequireSymbols: is not true or false"},
	    {"\"RequireSymbols\":true,\"RequireSymbols\":true", "f:1:42: 'RequireSymbols' is given "
	        "twice"},
	    {"\"requireSymbols\":true", "f:1:20: 'requireSymbols' is no field"},
	    {"\"RequireSymbols \":true", "f:1:20: 'RequireSymbols ' is no field"},
	    {"\"R\\u0065quireSymbols\":true", "f:1:20: key: is not a string of printable"},
	    {"\"\":true", "f:1:20: '' is no field"},
	    {"\"ExpirePasswords\":true", "f:1:42: ExpirePasswords is true, and MaxPasswordAge is not"},
	    {"\"ExpirePasswords\":false,\"MaxPasswordAge\":9", "f:1:62: ExpirePasswords is false, and"},
	    {"\"RequireSymbols\":true,", "f:1:42: key: is not a string"},
	    {",", "f:1:20: key: is not a string"},
	    {"\"RequireSymbols\":true \"HardExpiry\":true", "f:1:42: '}' is expected here"},
	    {"\"RequireSymbols\" true", "f:1:37: ':' is expected here"},
	    {"\"RequireSymbols", "f:1:20: key: is not a string of printable"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(with(bad[i].members), bad[i].why);
}

static void only_the_whole_answer_is_taken(void **state)
{
	static const struct { const char *text, *why; } bad[] = {
	    {"", "f:1:1: ends where '{' is expected"},
	    {" \n\t", "f:2:2: ends where '{' is expected"},
	    {"null", "f:1:1: '{' is expected here"},
	    {"[]", "f:1:1: '{' is expected here"},
	    {"\xEF\xBB\xBF{}", "f:1:1: '{' is expected here"},
	    {"{}", "f: the object PasswordPolicy is not there"},
	    {"{\"PasswordPolicy\":null}", "f:1:19: '{' is expected here"},
	    {"{\"PasswordPolicy\":[]}", "f:1:19: '{' is expected here"},
	    {"{\"PasswordPolicy\":{}", "f:1:21: ends where '}' is expected"},
	    {"{\"PasswordPolicy\":{}} x", "f:1:23: something stands behind the end"},
	    {"{\"PasswordPolicy\":{}}{}", "f:1:22: something stands behind the end"},
	    {"{\"PasswordPolicy\":{},\"PasswordPolicy\":{}}", "f:1:22: 'PasswordPolicy' is given "
	        "twice"},
	    {"{\"PasswordPolicy\":{},\"Mirror\":{}}", "f:1:22: 'Mirror': only the object Password"},
	    {"{\"ResponseMetadata\":{}}", "f:1:2: 'ResponseMetadata': only the object Password"},
	    {"{\"MinimumPasswordLength\":8}", "f:1:2: 'MinimumPasswordLength': only the object"},
	    {"{\n \"PasswordPolicy\": {\n  \"HardExpiry\": maybe\n }\n}", "f:3:17: HardExpiry: is "
	        "not true or false"}};
	char text[sizeof(api) + 1];
	struct iam_policy p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i].text, bad[i].why);
	/* Cut anywhere, and with a NUL behind. */
	for (size_t n = 0; n < sizeof(api) - 1; n++)
		assert_int_equal(iam_json_parse(&p, "f", api, n, NULL), ERR_SYNTAX);
	memcpy(text, api, sizeof(api));
	assert_int_equal(iam_json_parse(&p, "f", text, sizeof(api), NULL), ERR_SYNTAX);
}

static void long_text_is_refused(void **state)
{
	static char text[IAM_JSON_MAX + 2];
	struct iam_policy p;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, api, sizeof(api) - 1);
	assert_int_equal(iam_json_parse(&p, "f", text, IAM_JSON_MAX, NULL), 0);
	assert_int_equal(iam_json_parse(&p, "f", text, IAM_JSON_MAX + 1, NULL), ERR_SYNTAX);
}

static size_t kept(const struct iam_policy *p, char text[IAM_JSON_TEXT])
{
	const struct iam_mirror m = {.time = INT64_C(1764445200), .source = "import -"};
	struct err e = {0};
	size_t len;

	if (iam_json_write(p, &m, text, &len, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(len, strlen(text));
	return len;
}

static void what_is_kept_is_read_again(void **state)
{
	(void)state;
	for (unsigned set = 0; set < 1U << IAM_FIELDS; set += 3) {
		struct iam_policy p = {.custom = true, .given = set}, again;
		struct iam_mirror m;
		char text[IAM_JSON_TEXT], sha256[IAM_MIRROR_SHA256];
		struct err e = {0};
		size_t len;

		for (int i = 0; i < IAM_FIELDS; i++)
			p.value[i] = (set >> i & 1) == 0 ? i == IAM_MINIMUM_PASSWORD_LENGTH ? 6 : 0 :
			    iam_field_is_number((enum iam_field)i) ? 7 : 1;
		if ((set >> IAM_EXPIRE_PASSWORDS & 1) != 0 && (set >> IAM_MAX_PASSWORD_AGE & 1) == 0)
			continue;
		p.value[IAM_EXPIRE_PASSWORDS] = p.value[IAM_MAX_PASSWORD_AGE] != 0;
		len = kept(&p, text);
		if (iam_json_parse_kept(&again, &m, "f", text, len, &e) != 0)
			fail_msg("%s: %s", text, e.text);
		assert_int_equal(again.custom, p.custom);
		assert_int_equal(again.given, p.given);
		assert_memory_equal(again.value, p.value, sizeof(p.value));
		assert_true(m.known);
		assert_int_equal(m.time, INT64_C(1764445200));
		assert_string_equal(m.source, "import -");
		assert_int_equal(iam_json_fingerprint(&p, sha256), 0);
		assert_string_equal(m.sha256, sha256);
		/* What aws prints is not this. */
		assert_int_equal(iam_json_parse(&again, "f", text, len, NULL), ERR_SYNTAX);
	}
}

static void account_without_a_policy_is_kept_by_name(void **state)
{
	const struct iam_policy none = {.custom = false};
	struct password_policy rules, fallback;
	struct iam_policy again;
	struct iam_mirror m;
	char text[IAM_JSON_TEXT];
	size_t len = kept(&none, text);

	(void)state;
	assert_int_equal(iam_json_parse_kept(&again, &m, "f", text, len, NULL), 0);
	assert_false(again.custom);
	assert_true(m.known);
	iam_policy_rules(&again, &rules);
	assert_string_equal(rules.name, "iam");
	assert_int_equal(password_profile("iam-default", &fallback), 0);
	assert_int_equal(rules.classes, fallback.classes);
	assert_int_equal(rules.min_length, 8);
	/* By hand it cannot be said. */
	assert_int_equal(iam_json_parse_kept(&again, &m, "f", "{\"PasswordPolicy\":null}", 23, NULL),
	    ERR_SYNTAX);
}

static void policy_that_was_put_there_by_hand_is_taken(void **state)
{
	struct iam_policy p;
	struct iam_mirror m;

	(void)state;
	assert_int_equal(iam_json_parse_kept(&p, &m, "f", api, sizeof(api) - 1, NULL), 0);
	assert_true(p.custom);
	assert_false(m.known);
}

static void kept_policy_that_was_changed_is_bad(void **state)
{
	const struct iam_policy p = parsed(api);
	struct iam_policy again;
	struct iam_mirror m;
	struct err e = {0};
	char text[IAM_JSON_TEXT];
	size_t len = kept(&p, text);

	(void)state;
	strstr(text, ":12,")[1] = '2'; /* length 22 */
	assert_int_equal(iam_json_parse_kept(&again, &m, "f", text, len, &e), ERR_BAD);
	assert_non_null(strstr(e.text, "sha256 differs"));
	assert_false(again.custom);
	assert_false(m.known);
}

static void mirror_is_whole_or_refused(void **state)
{
	static const char *const bad[] = {"{}", "{\"format\":2}", "null",
	    "{\"format\":1,\"time\":\"2026-11-29T19:40:00Z\",\"source\":\"x\"}",
	    "{\"format\":1,\"time\":\"2026-11-29 19:40:00Z\",\"source\":\"x\",\"sha256\":\"\"}",
	    "{\"format\":1,\"time\":\"2026-11-29T24:40:00Z\",\"source\":\"x\",\"sha256\":\"\"}",
	    "{\"format\":1,\"time\":\"2026-11-31T19:40:00Z\",\"source\":\"x\",\"sha256\":\"\"}",
	    "{\"format\":1,\"time\":\"2026-11-29T19:4:000Z\",\"source\":\"x\",\"sha256\":\"\"}",
	    "{\"format\":1,\"format\":1}", "{\"what\":1}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct iam_policy p;
		struct iam_mirror m;
		char text[256];

		(void)snprintf(text, sizeof(text), "{\"PasswordPolicy\":{},\"Mirror\":%s}", bad[i]);
		assert_int_equal(iam_json_parse_kept(&p, &m, "f", text, strlen(text), NULL),
		    ERR_SYNTAX);
		assert_false(m.known);
	}
}

static void source_that_could_not_be_read_back_is_refused(void **state)
{
	const struct iam_policy p = parsed(api);
	struct iam_mirror m = {.time = 1};
	char text[IAM_JSON_TEXT];
	size_t len;

	(void)state;
	for (const char *c = "\"\\\n\x7f\xc3"; *c != '\0'; c++) {
		m.source[0] = *c;
		assert_int_equal(iam_json_write(&p, &m, text, &len, NULL), ERR_SYNTAX);
		assert_int_equal(len, 0);
	}
	m.source[0] = '\0', m.time = -1;
	assert_int_equal(iam_json_write(&p, &m, text, &len, NULL), ERR_SYNTAX);
}

static void fingerprint_is_the_same_however_it_was_printed(void **state)
{
	const struct iam_policy a = parsed(with("\"HardExpiry\":true,\"MinimumPasswordLength\":9"));
	const struct iam_policy b = parsed(with(" \"MinimumPasswordLength\" : 9 ,\n\"HardExpiry\":true"));
	const struct iam_policy c = parsed(with("\"MinimumPasswordLength\":9"));
	char x[IAM_MIRROR_SHA256], y[IAM_MIRROR_SHA256];

	(void)state;
	assert_int_equal(iam_json_fingerprint(&a, x), 0);
	assert_int_equal(iam_json_fingerprint(&b, y), 0);
	assert_string_equal(x, y);
	assert_int_equal(iam_json_fingerprint(&c, y), 0);
	assert_string_not_equal(x, y);
	/* printf '{"PasswordPolicy":{"MinimumPasswordLength":9}}' | sha256sum */
	assert_string_equal(y, "d2ae580fd51f689ed961d4789609f0dc67efa471b619625f58853f7cf4dffcad");
}

static void rules_are_those_of_the_fields(void **state)
{
	const struct iam_policy p = parsed(api), least = parsed(with(""));
	struct password_policy rules;

	(void)state;
	iam_policy_rules(&p, &rules);
	assert_string_equal(rules.name, "iam");
	assert_int_equal(rules.min_length, 12);
	assert_int_equal(rules.max_length, 128);
	assert_int_equal(rules.required, PASSWORD_DIGIT | PASSWORD_UPPER | PASSWORD_LOWER);
	assert_int_equal(rules.max_age, 90);
	assert_int_equal(rules.reuse, 12);
	assert_false(rules.hard_expiry);
	assert_true(rules.allow_change);
	assert_string_equal(rules.origin[PASSWORD_RULE_REUSE].document,
	    "IAM account password policy: PasswordReusePrevention");
	iam_policy_rules(&least, &rules);
	assert_int_equal(rules.min_length, 6);
	assert_int_equal(rules.required, 0);
	assert_int_equal(rules.max_age, 0);
	assert_int_equal(rules.reuse, 0);
	assert_false(rules.allow_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_aws_prints_is_read),
	    cmocka_unit_test(every_subset_in_any_order_is_read),
	    cmocka_unit_test(numbers_are_in_the_ranges_of_iam),
	    cmocka_unit_test(anything_else_is_refused_with_its_place),
	    cmocka_unit_test(only_the_whole_answer_is_taken),
	    cmocka_unit_test(long_text_is_refused),
	    cmocka_unit_test(what_is_kept_is_read_again),
	    cmocka_unit_test(account_without_a_policy_is_kept_by_name),
	    cmocka_unit_test(policy_that_was_put_there_by_hand_is_taken),
	    cmocka_unit_test(kept_policy_that_was_changed_is_bad),
	    cmocka_unit_test(mirror_is_whole_or_refused),
	    cmocka_unit_test(source_that_could_not_be_read_back_is_refused),
	    cmocka_unit_test(fingerprint_is_the_same_however_it_was_printed),
	    cmocka_unit_test(rules_are_those_of_the_fields),
	};

	return crypto_init() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
