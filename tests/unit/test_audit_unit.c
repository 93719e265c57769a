/* A unit as systemd puts it together: unit.h, unit_words.h, sshd_args.h. */
#include "tests/unit/scratch.h"

#include "policy/audit/sshd_args.h"
#include "policy/audit/unit.h"

static struct facts f;
static struct unit u;

#define ETC "/etc/systemd/system/"
#define USR "/usr/lib/systemd/system/"
#define LINK(to) "link 0777 0 0 9 1700000000 " to

static void put(const char *path, const char *text)
{
	facts_text(&f, "meta", path, "file 0644 0 0 1 1700000000", 26);
	facts_text(&f, "file", path, text, strlen(text));
}

static void put_dir(const char *path, const char *names)
{
	facts_text(&f, "dir", path, names, strlen(names));
}

/* No unit, in the two directories that there are. */
static int set_up(void **state)
{
	static const char *const here[] = {"/etc/systemd/system", "/usr/lib/systemd/system"};
	static const char *const more[] = {"service"};
	char path[200];

	(void)state;
	f = (struct facts){.count = 0};
	facts_text(&f, "meta", "/lib", LINK("usr/lib"), sizeof(LINK("usr/lib")) - 1);
	for (size_t i = 0; unit_dir(i) != NULL; i++)
		facts_none(&f, "meta", unit_dir(i));
	for (size_t i = 0; i < 2; i++) {
		facts_text(&f, "meta", here[i], "dir 0755 0 0 1 1", 16);
		for (size_t k = 0; unit_sshd(k) != NULL; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s", here[i], unit_sshd(k));
			facts_none(&f, "meta", path);
			facts_none(&f, "file", path);
			(void)snprintf(path, sizeof(path), "%s/%s.d", here[i], unit_sshd(k));
			facts_none(&f, "dir", path);
		}
		(void)snprintf(path, sizeof(path), "%s/%s.d", here[i], more[0]);
		facts_none(&f, "dir", path);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_free(&u);
	facts_free(&f);
	return 0;
}

/* The words of the i-th command, each in brackets. */
static const char *words(size_t i)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t k = 0; i < u.commands && k < u.command[i].count; k++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[%s]", u.command[i].word[k].text);
	return text;
}

static void merge(const char *name)
{
	assert_int_equal(unit_merge(&f, name, &u), 0);
}

static void ubuntu_drop_in_replaces_the_command_and_its_options_have_a_place(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nEnvironmentFile=-/etc/default/ssh\n"
	    "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n");
	put_dir("/usr/lib/systemd/system/ssh.service.d", "ec2-instance-connect.conf\n");
	put(USR "ssh.service.d/ec2-instance-connect.conf", "[Service]\nExecStart=\n"
	    "ExecStart=/usr/sbin/sshd -D -o \"AuthorizedKeysCommand /usr/share/x/eic_run %%u %%f\" "
	    "-o \"AuthorizedKeysCommandUser ec2-instance-connect\" $SSHD_OPTS\n");
	put("/etc/default/ssh", "# none\n\nSSHD_OPTS=\"-p 22 -o 'UsePAM no'\"\n");
	merge("ssh.service");
	assert_null(u.untold.name);
	assert_int_equal(u.commands, 1);
	assert_string_equal(words(0), "[/usr/sbin/sshd][-D][-o]"
	    "[AuthorizedKeysCommand /usr/share/x/eic_run %u %f][-o]"
	    "[AuthorizedKeysCommandUser ec2-instance-connect][-p][22][-o][UsePAM no]");
	assert_string_equal(u.command[0].word[3].at.file,
	    USR "ssh.service.d/ec2-instance-connect.conf");
	assert_int_equal(u.command[0].word[3].at.line, 3);
	assert_string_equal(u.command[0].word[9].at.file, "/etc/default/ssh");
	assert_int_equal(u.command[0].word[9].at.line, 3);
}

static void empty_value_takes_back_what_was_before(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nExecStart=/bin/one\nExecStart=/bin/two\nExecStart= \n"
	    "ExecStart=/bin/three a ; /bin/four b \\; c\n");
	merge("ssh.service");
	assert_int_equal(u.commands, 2);
	assert_string_equal(words(0), "[/bin/three][a]");
	assert_string_equal(words(1), "[/bin/four][b][;][c]");
}

static void link_to_null_in_a_stronger_directory_masks_the_drop_in_of_that_name(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nExecStart=/bin/one\n");
	put_dir("/usr/lib/systemd/system/ssh.service.d", "10-a.conf\nnot-one\n");
	put(USR "ssh.service.d/10-a.conf", "[Service]\nExecStart=\nExecStart=/bin/bad\n");
	put_dir("/etc/systemd/system/ssh.service.d", "10-a.conf\n");
	facts_text(&f, "meta", ETC "ssh.service.d/10-a.conf", LINK("/dev/null"), 35);
	facts_text(&f, "file", ETC "ssh.service.d/10-a.conf", "", 0);
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/one]");
	assert_int_equal(u.parts, 1);
}

static void drop_ins_follow_by_name_whatever_directory_they_are_in(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nExecStart=/bin/sshd $A ${B}x $NONE y$A\n"
	    "Environment=A=0 \"B=b c\"\n");
	put_dir("/usr/lib/systemd/system/ssh.service.d", "20-b.conf\n30-c.conf\n");
	put_dir("/etc/systemd/system/ssh.service.d", "10-a.conf\n30-c.conf\n");
	put_dir("/etc/systemd/system/service.d", "25-all.conf\n");
	put(ETC "ssh.service.d/10-a.conf", "[Service]\nEnvironment=A=10\n");
	put(USR "ssh.service.d/20-b.conf", "[Service]\nEnvironment=A=20\n");
	put(ETC "service.d/25-all.conf", "[Service]\nEnvironment='A=2 5'\n");
	put(ETC "ssh.service.d/30-c.conf", "[Unit]\nEnvironment=A=30\n");
	put(USR "ssh.service.d/30-c.conf", "[Service]\nEnvironment=A=31\n");
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/sshd][2][5][b cx][y$A]");
	assert_string_equal(u.command[0].word[1].at.file, ETC "service.d/25-all.conf");
}

static void unit_of_etc_hides_the_one_of_the_package_and_a_link_to_null_masks_it(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nExecStart=/bin/one\n");
	put(ETC "ssh.service", "[Service]\nExecStart=/bin/two\n");
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/two]");
	unit_free(&u);
	facts_text(&f, "meta", ETC "ssh.service", LINK("/dev/null"), 35);
	facts_text(&f, "file", ETC "ssh.service", "", 0);
	merge("ssh.service");
	assert_true(u.masked);
	assert_int_equal(u.commands, 0);
}

static void drop_ins_of_an_alias_belong_to_the_unit(void **state)
{
	static const char to[] = LINK("/lib/systemd/system/ssh.service");

	(void)state;
	put(USR "ssh.service", "[Service]\nExecStart=/bin/one\n");
	facts_text(&f, "meta", ETC "sshd.service", to, sizeof(to) - 1);
	put_dir("/etc/systemd/system/sshd.service.d", "x.conf\n");
	put(ETC "sshd.service.d/x.conf", "[Service]\nExecStart=\nExecStart=/bin/two\n");
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/two]");
	unit_free(&u);
	merge("sshd.service");
	assert_string_equal(u.alias, "ssh.service");
	assert_int_equal(u.commands, 0);
}

static void continued_lines_are_one_and_comments_between_them_are_none_of_it(void **state)
{
	(void)state;
	put(USR "ssh.service", "# [Service]\n[Service]\n; ExecStart=/bin/no\n"
	    "ExecStart=/bin/one \\\n# not this\n  -o \\\n\t'a b'\nExecStart=/bin/two\n");
	merge("ssh.service");
	assert_int_equal(u.commands, 2);
	assert_string_equal(words(0), "[/bin/one][-o][a b]");
	assert_int_equal(u.command[0].word[2].at.line, 4);
	assert_string_equal(words(1), "[/bin/two]");
}

static void signs_before_the_program_are_none_of_it(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nEnvironment=A=1\nExecStart=-@/bin/one name $A \\x41\\101\n"
	    "ExecStart=:/bin/two $A $$A\nExecStart=/bin/three $$A 50%%\n");
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/one][1][AA]");
	assert_string_equal(words(1), "[/bin/two][$A][$$A]");
	assert_string_equal(words(2), "[/bin/three][$A][50%]");
}

static void environment_files_win_and_go_over_lines(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nEnvironmentFile=/etc/default/ssh\nEnvironment=A=no B=kept\n"
	    "ExecStart=/bin/one $A $B $C\n");
	put("/etc/default/ssh", "A=\"-o \\\n x\n -y\"  \n;B=no\nexport C=no\n  D = 'q' \n");
	merge("ssh.service");
	assert_string_equal(words(0), "[/bin/one][-o][x][-y][kept]");
}

static void what_was_not_gathered_is_not_told(void **state)
{
	(void)state;
	put(USR "ssh.service", "[Service]\nEnvironmentFile=-/etc/other\nExecStart=/bin/one $A\n");
	merge("ssh.service");
	assert_string_equal(u.untold.kind, "file");
	assert_string_equal(u.untold.name, "/etc/other");
	assert_int_equal(u.environments, 1);
	assert_string_equal(u.environment[0], "/etc/other");
}

static void text_that_grows_without_end_is_not_told(void **state)
{
	char big[60000], text[70000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "[Service]\nEnvironment=A=%s\nExecStart=/bin/one", big);
	for (int i = 0; i < 200; i++)
		(void)strcat(text, " ${A}${A}${A}");
	put(USR "ssh.service", text);
	merge("ssh.service");
	assert_string_equal(u.untold.kind, "unit");
}

static void long_variable_that_is_named_often_is_not_told_and_ends_soon(void **state)
{
	const size_t blanks = 400000;
	char *text = malloc(blanks + 4000), *p = text;

	(void)state;
	assert_non_null(text);
	p += sprintf(p, "[Service]\nEnvironment=\"A=");
	memset(p, ' ', blanks);
	p += blanks;
	p += sprintf(p, "\"\nExecStart=/bin/one");
	/* Too long to be kept, or too much work: either way it is not told. */
	for (size_t i = 0; i < 1000; i++)
		p += sprintf(p, " $A");
	put(USR "ssh.service", text);
	free(text);
	merge("ssh.service");
	assert_string_equal(u.untold.kind, "unit");
}

static void line_that_systemd_does_not_take_is_not_told(void **state)
{
	static const char *const lines[] = {"ExecStart=/bin/one \"a b", "ExecStart=@/bin/one",
	    "ExecStart=@/bin/one\nExecStart=\nExecStart=/bin/two"};
	char text[200];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), "[Service]\n%s\n", lines[i]);
		put(USR "ssh.service", text);
		merge("ssh.service");
		assert_string_equal(u.untold.kind, "unit");
		unit_free(&u);
	}
}

static void more_words_than_are_kept_are_not_told(void **state)
{
	char text[4000] = "[Service]\nExecStart=/bin/one";

	(void)state;
	for (int i = 0; i < UNIT_WORDS; i++)
		(void)strcat(text, " -x");
	put(USR "ssh.service", text);
	merge("ssh.service");
	assert_string_equal(u.untold.kind, "unit");
}

static char seen[400];

static int see(void *ctx, const struct sshd_arg *a)
{
	(void)ctx;
	(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%c=%s;", a->letter,
	    a->value);
	return 0;
}

static void options_of_sshd_are_read_as_getopt_does(void **state)
{
	const char *value;

	(void)state;
	seen[0] = '\0';
	put(USR "ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -De -oUsePAM=no -Do \"A b\" -p22 "
	    "-f /x -- -o no\n");
	merge("ssh.service");
	assert_true(sshd_args_is(&u.command[0]));
	assert_int_equal(sshd_args(&u.command[0], see, NULL), 0);
	assert_string_equal(seen, "D=;e=;o=UsePAM=no;D=;o=A b;p=22;f=/x;");
	assert_int_equal(sshd_args_key("UsePAM = no", &value), 6);
	assert_string_equal(value, "no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(ubuntu_drop_in_replaces_the_command_and_its_options_have_a_place),
	    TEST(empty_value_takes_back_what_was_before),
	    TEST(link_to_null_in_a_stronger_directory_masks_the_drop_in_of_that_name),
	    TEST(drop_ins_follow_by_name_whatever_directory_they_are_in),
	    TEST(unit_of_etc_hides_the_one_of_the_package_and_a_link_to_null_masks_it),
	    TEST(drop_ins_of_an_alias_belong_to_the_unit),
	    TEST(continued_lines_are_one_and_comments_between_them_are_none_of_it),
	    TEST(signs_before_the_program_are_none_of_it),
	    TEST(environment_files_win_and_go_over_lines),
	    TEST(what_was_not_gathered_is_not_told),
	    TEST(text_that_grows_without_end_is_not_told),
	    TEST(long_variable_that_is_named_often_is_not_told_and_ends_soon),
	    TEST(line_that_systemd_does_not_take_is_not_told),
	    TEST(more_words_than_are_kept_are_not_told),
	    TEST(options_of_sshd_are_read_as_getopt_does)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
