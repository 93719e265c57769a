/* Password policies of one's own: rules_file.h. */
#include "tests/unit/scratch.h"

#include "policy/password/rules_file.h"

/* With a newline behind it, but for no line at all. */
static int parse(struct password_policy *p, const char *text, struct err *e)
{
	char whole[1024];
	int n = snprintf(whole, sizeof(whole), "%s%s", text, text[0] != '\0' ? "\n" : "");

	assert_in_range(n, 0, sizeof(whole) - 1);
	memset(p, 0xee, sizeof(*p));
	return rules_file_parse(p, "/p", whole, (size_t)n, e);
}

static void assert_refused(const char *text, const char *why)
{
	struct password_policy p;
	struct err e = {0};

	if (parse(&p, text, &e) != ERR_SYNTAX)
		fail_msg("taken: %s", text);
	if (strncmp(e.text, why, strlen(why)) != 0)
		fail_msg("%s: '%s', not '%s'", text, e.text, why);
	assert_int_equal(p.name[0], '\0');
	assert_false(p.allow_change);
}

static void every_key_says_what_it_says(void **state)
{
	static const char text[] =
	    "# our own\n"
	    "\n"
	    "min_length = 12\n"
	    "max_length=64 # blanks\n"
	    "\tcount = bytes\r\n"
	    "require = upper, lower,digit , symbol, letter, special\n"
	    "classes = 3\n"
	    "kinds = 2:16, 3:14\n"
	    "not_user = inside\n"
	    "not_gecos = yes\n"
	    "min_changed = 4\n"
	    "max_age = 90d\n"
	    "hard_expiry = yes\n"
	    "reuse = 24\n"
	    "allow_change = no";
	struct password_policy p;
	struct err e = {0};

	(void)state;
	if (parse(&p, text, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(p.name, "/p");
	assert_int_equal(p.min_length, 12);
	assert_int_equal(p.max_length, 64);
	assert_true(p.bytes);
	assert_int_equal(p.required, PASSWORD_UPPER | PASSWORD_LOWER | PASSWORD_DIGIT |
	    PASSWORD_SYMBOL | PASSWORD_LETTER | PASSWORD_SPECIAL);
	assert_int_equal(p.classes, 3);
	assert_int_equal(p.alternatives, 2);
	assert_int_equal(p.alternative[1].kinds, 3);
	assert_int_equal(p.alternative[1].length, 14);
	assert_int_equal(p.not_user, PASSWORD_USER_NOT_INSIDE);
	assert_true(p.not_gecos);
	assert_int_equal(p.min_changed, 4);
	assert_int_equal(p.max_age, 90);
	assert_true(p.hard_expiry);
	assert_int_equal(p.reuse, 24);
	assert_false(p.allow_change);
	assert_int_equal(p.origin[PASSWORD_RULE_MIN_LENGTH].line, 3);
	assert_int_equal(p.origin[PASSWORD_RULE_SPECIAL].line, 6);
	assert_int_equal(p.origin[PASSWORD_RULE_ALLOW_CHANGE].line, 15);
}

static void what_is_not_said_is_off(void **state)
{
	struct password_policy p, expected = {.name = "/p", .min_length = 1, .allow_change = true};

	(void)state;
	assert_int_equal(parse(&p, "min_length = 1", NULL), 0);
	assert_memory_equal(&p, &expected, offsetof(struct password_policy, origin));
	for (int i = 0; i < PASSWORD_RULES; i++)
		assert_int_equal(p.origin[i].line, i == PASSWORD_RULE_MIN_LENGTH);
}

static void bad_lines_are_named(void **state)
{
	static const struct { const char *text, *why; } bad[] = {
	    {"min_lenght = 8", "/p:1: unknown key 'min_lenght'"},
	    {"min_length = 8\nMIN_LENGTH = 8", "/p:2: unknown key"},
	    {"min_length = 8\nmin_length = 8", "/p:2: 'min_length' is given twice"},
	    {"min_length = ", "/p:1: 'min_length' has no value"},
	    {"= 8", "/p:1: unknown key ''"},
	    {"\n\nmin_length", "/p:3: 'min_length' is not 'key = value'"},
	    {"min_length = 0", "/p:1: min_length: '0' is not a whole number from 1 to 255"},
	    {"min_length = 256", "/p:1: min_length: '256'"},
	    {"min_length = 8x", "/p:1: min_length: '8x'"},
	    {"min_length = +8", "/p:1: min_length: '+8'"},
	    {"min_length = 99999999999999999999", "/p:1: min_length: '9"},
	    {"max_length = 7", "/p:1: max_length: '7'"},
	    {"max_length = 512", "/p:1: max_length: '512'"},
	    {"count = letters", "/p:1: count: 'letters' is not characters or bytes"},
	    {"require = upper, capital", "/p:1: require: 'upper, capital' is not a list of"},
	    {"require = upper, upper", "/p:1: require: 'upper, upper' is not a list of"},
	    {"require = upper,,lower", "/p:1: require: 'upper,,lower' is not a list of"},
	    {"require = upper,", "/p:1: require: ends with a comma"},
	    {"classes = 5", "/p:1: classes: '5'"},
	    {"classes = 0", "/p:1: classes: '0'"},
	    {"kinds = 2", "/p:1: kinds: '2' is not a list of KINDS:LENGTH"},
	    {"kinds = 4:8", "/p:1: kinds: '4:8' is not a list of KINDS:LENGTH"},
	    {"kinds = 0:8", "/p:1: kinds: '0:8' is not a list of KINDS:LENGTH"},
	    {"kinds = 2:0", "/p:1: kinds: '2:0' is not a list of KINDS:LENGTH"},
	    {"kinds = 2:", "/p:1: kinds: '2:' is not a list of KINDS:LENGTH"},
	    {"kinds = 2:8,", "/p:1: kinds: ends with a comma"},
	    {"kinds = 2:8, 3:10", "/p:1: kinds: '2:8, 3:10': an alternative with more kinds must"},
	    {"kinds = 2:8, 2:10", "/p:1: kinds: '2:8, 2:10': an alternative"},
	    {"kinds = 3:8, 2:8", "/p:1: kinds: '3:8, 2:8': an alternative"},
	    {"kinds = 1:12, 2:10, 3:8, 3:7", "/p:1: kinds: more than 3 alternatives"},
	    {"not_user = yes", "/p:1: not_user: 'yes' is not no, same or inside"},
	    {"not_gecos = 1", "/p:1: not_gecos: '1' is not yes or no"},
	    {"min_changed = 17", "/p:1: min_changed: '17'"},
	    {"max_age = 90", "/p:1: max_age: '90' is not 0 (never) or days from 1d to 1095d"},
	    {"max_age = 0d", "/p:1: max_age: '0d'"},
	    {"max_age = 1096d", "/p:1: max_age: '1096d'"},
	    {"max_age = 90 d", "/p:1: max_age: '90 d'"},
	    {"hard_expiry = maybe", "/p:1: hard_expiry: 'maybe'"},
	    {"reuse = 25", "/p:1: reuse: '25'"},
	    {"allow_change = YES", "/p:1: allow_change: 'YES'"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i].text, bad[i].why);
}

static void rules_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	assert_refused("min_length = 20\nmax_length = 16", "/p:2: max_length (16) is less than");
	assert_refused("kinds = 1:20\nmax_length = 16", "/p:2: max_length (16) is less than");
	assert_refused("min_length = 8\nhard_expiry = yes", "/p:2: hard_expiry without max_age");
	assert_refused("max_age = 0\nmin_length = 8\nhard_expiry = yes", "/p:3: hard_expiry");
	/* Without a length the empty password would do. */
	assert_refused("", "/p: says neither min_length nor kinds");
	assert_refused("# min_length = 8", "/p: says neither min_length nor kinds");
	assert_refused("require = upper", "/p: says neither min_length nor kinds");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	char line[600];
	struct password_policy p;
	struct err e = {0};

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_refused(line, "/p:1: longer than 511 bytes");
	assert_int_equal(rules_file_parse(&p, "/p", "min_length = 8\0\n", 16, &e), ERR_SYNTAX);
	assert_string_equal(e.text, "/p:1: a NUL byte");
}

static void file_that_was_cut_anywhere_in_a_line_is_refused(void **state)
{
	static const char text[] = "kinds = 1:8\nmin_length = 14\n";
	struct password_policy p;
	struct err e = {0};

	(void)state;
	for (size_t n = 1; n < sizeof(text) - 1; n++) {
		const int r = rules_file_parse(&p, "/p", text, n, &e);

		if (text[n - 1] == '\n') {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, ERR_SYNTAX);
		assert_string_equal(e.text, n < 12 ?
		    "/p:1: the last line has no newline: its end may be missing" :
		    "/p:2: the last line has no newline: its end may be missing");
		assert_int_equal(p.name[0], '\0');
	}
	assert_int_equal(rules_file_parse(&p, "/p", "min_length = 8\n#", 16, &e), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_says_what_it_says),
	    cmocka_unit_test(what_is_not_said_is_off),
	    cmocka_unit_test(bad_lines_are_named),
	    cmocka_unit_test(rules_that_contradict_each_other_are_refused),
	    cmocka_unit_test(file_that_was_cut_anywhere_in_a_line_is_refused),
	    cmocka_unit_test(bytes_that_are_no_text_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
