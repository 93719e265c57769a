/* bastionctl.conf: settings.h.  As root: files must belong to it. */
#include "tests/unit/scratch.h"

#include "policy/settings.h"

static struct settings s;
static struct err e;

static int parse(const char *text)
{
	e = (struct err){0};
	return settings_parse(&s, "/x", text, strlen(text), &e);
}

static void takes(const char *text)
{
	if (parse(text) != 0)
		fail_msg("%s: %s", text, e.text);
}

static void refuses(const char *text, const char *why)
{
	assert_int_equal(parse(text), ERR_SYNTAX);
	if (strstr(e.text, why) == NULL)
		fail_msg("%s: %s", text, e.text);
	assert_int_equal(s.key_max_age, 90 * 86400); /* the defaults, and nothing half */
	assert_int_equal(s.regions, 0);
	assert_string_equal(s.mute_file, "");
}

static void empty_file_is_the_defaults(void **state)
{
	static const char *const is[SETTINGS_KEYS] = {"90d", "45d", "1d", "7d", "none", "none", "none"};
	char value[SETTINGS_VALUE_MAX];

	(void)state;
	takes("# nothing\n\n");
	assert_true(s.file_read);
	for (int i = 0; i < SETTINGS_KEYS; i++) {
		settings_value(&s, i, value);
		assert_string_equal(value, is[i]);
		assert_int_equal(s.line[i], 0);
	}
	assert_int_equal(s.key_max_age, 90 * 86400);
	assert_int_equal(s.key_unused, 45 * 86400);
	assert_int_equal(s.rotate_overlap, 86400);
	assert_int_equal(s.rotate_grace, 7 * 86400);
}

static void each_key_is_taken_with_its_line(void **state)
{
	(void)state;
	takes("key_max_age = 30d\nkey_unused=1d # short\nrotate_overlap = 0\nrotate_grace = 12h\n"
	    "regions = ap-northeast-2,us-gov-west-1 , eu-central-1\n"
	    "assume_role = arn:aws-us-gov:iam::123456789012:role/audit/reader\n"
	    "mute_file = /etc/pam-bastion/mute/");
	assert_int_equal(s.key_max_age, 30 * 86400);
	assert_int_equal(s.rotate_overlap, 0);
	assert_int_equal(s.rotate_grace, 12 * 3600);
	assert_int_equal(s.regions, 3);
	assert_string_equal(s.region[1], "us-gov-west-1");
	assert_string_equal(s.region[2], "eu-central-1");
	assert_string_equal(s.assume_role, "arn:aws-us-gov:iam::123456789012:role/audit/reader");
	assert_string_equal(s.mute_file, "/etc/pam-bastion/mute");
	assert_int_equal(s.line[6], 7);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct { const char *text, *why; } bad[] = {
	    {"\nkey_max_ages = 90d\n", "/x:2: unknown key 'key_max_ages'"},
	    {"store = file:/x\n", "unknown key 'store'"}, {"key_max_age\n", "/x:1: 'key_max_age' is not"},
	    {"key_max_age =\n", "'key_max_age' has no value"},
	    {"mute_file = /a\nkey_max_age = 12h\n", "/x:2: key_max_age: '12h' is not a duration"},
	    {"key_max_age = 0\n", "is not a duration"}, {"key_max_age = 90\n", "is not a duration"},
	    {"key_unused = 3651d\n", "is not a duration"}, {"rotate_grace = -1d\n", "is not a duration"},
	    {"rotate_overlap = 91d\n", "is not a duration"},
	    {"key_max_age = 90d\nkey_max_age = 90d\n", "/x:2: 'key_max_age' is given twice"},
	    {"regions = us-east-1,\n", "ends with a comma"}, {"regions = us-east-1,,a\n", "is no region"},
	    {"regions = US-EAST-1\n", "is no region"}, {"regions = us-east\n", "is no region"},
	    {"regions = us--east-1\n", "is no region"}, {"regions = none, us-east-1\n", "is no region"},
	    {"regions = us-east-1, us-east-1\n", "'us-east-1' is named twice"},
	    {"assume_role = admin\n", "is not the ARN"},
	    {"assume_role = arn:aws:iam::12345678901:role/x\n", "is not the ARN"},
	    {"assume_role = arn:aws:iam::1234567890123:role/x\n", "is not the ARN"},
	    {"assume_role = arn:aws:iam::123456789012:user/x\n", "is not the ARN"},
	    {"assume_role = arn:aws:iam::123456789012:role/\n", "is not the ARN"},
	    {"assume_role = arn:aws:iam::123456789012:role/a b\n", "is not the ARN"},
	    {"mute_file = mute\n", "is not an absolute path"}, {"mute_file = /a/../b\n", "'..'"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i].text, bad[i].why);
}

static void more_regions_than_there_is_room_for_are_refused(void **state)
{
	char text[CONF_TEXT_LINE_MAX] = "regions = r-a-0";
	size_t n = strlen(text);

	(void)state;
	for (int i = 1; i < SETTINGS_REGIONS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",r-a-%d", i);
	takes(text);
	assert_int_equal(s.regions, SETTINGS_REGIONS);
	(void)snprintf(text + n, sizeof(text) - n, ",r-a-%d", SETTINGS_REGIONS);
	refuses(text, "more than 40 regions");
}

static void nul_and_a_long_line_are_refused(void **state)
{
	static const char nul[] = "key_max_age = 90d\nregions\0 = none\n";
	char text[CONF_TEXT_LINE_MAX + 2];

	(void)state;
	assert_int_equal(settings_parse(&s, "/x", nul, sizeof(nul) - 1, &e), ERR_SYNTAX);
	assert_string_equal(e.text, "/x:2: a NUL byte");
	memset(text, '#', sizeof(text));
	assert_int_equal(settings_parse(&s, "/x", text, sizeof(text), &e), ERR_SYNTAX);
	assert_string_equal(e.text, "/x:1: longer than 1023 bytes");
}

static void file_must_be_roots_and_one_that_is_named_must_exist(void **state)
{
	struct scratch sc;
	char path[512];

	(void)state;
	scratch_dir(&sc);
	scratch_path(&sc, path, "conf");
	assert_int_equal(settings_load(&s, path, &e), ERR_NONE);
	scratch_write(path, "key_unused = 2d\n", 16, 0644);
	assert_int_equal(settings_load(&s, path, &e), 0);
	assert_int_equal(s.key_unused, 2 * 86400);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(settings_load(&s, path, &e), ERR_UNSAFE);
	assert_int_equal(s.key_unused, 45 * 86400);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 1, (gid_t)-1), 0);
	assert_int_equal(settings_load(&s, path, &e), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(sc.dir), 0);
}

/* What is shipped says nothing but comments, and each line behind '#' is right. */
static void shipped_file_has_every_key_at_its_default(void **state)
{
	char text[8192], line[SETTINGS_VALUE_MAX + 64], value[SETTINGS_VALUE_MAX];
	const int fd = open("packaging/bastionctl.conf", O_RDONLY | O_CLOEXEC);
	const ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)state;
	assert_true(n > 0);
	(void)close(fd);
	text[n] = '\0';
	takes(text);
	for (int i = 0; i < SETTINGS_KEYS; i++) {
		assert_int_equal(s.line[i], 0);
		settings_value(&s, i, value);
		(void)snprintf(line, sizeof(line), "\n#%s = %s\n", settings_key(i),
		    strcmp(value, "1d") == 0 ? "24h" : value);
		if (strstr(text, line) == NULL)
			fail_msg("%s", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(empty_file_is_the_defaults),
	    cmocka_unit_test(each_key_is_taken_with_its_line),
	    cmocka_unit_test(what_is_wrong_is_named_with_its_line),
	    cmocka_unit_test(more_regions_than_there_is_room_for_are_refused),
	    cmocka_unit_test(nul_and_a_long_line_are_refused),
	    cmocka_unit_test(file_must_be_roots_and_one_that_is_named_must_exist),
	    cmocka_unit_test(shipped_file_has_every_key_at_its_default)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
