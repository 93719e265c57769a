/* shadow: one user's lines of passwd and shadow. */
#include "tests/unit/scratch.h"

#include "policy/password/shadow.h"

#include <shadow.h>

static struct scratch sc;
static char passwd_path[512], shadow_path[512];
static const struct shadow_files files = {passwd_path, shadow_path};
static struct shadow_entry got;
static struct err why;

static void put(const char *passwd, const char *shadow)
{
	scratch_write(passwd_path, passwd, strlen(passwd), 0644);
	scratch_write(shadow_path, shadow, strlen(shadow), 0640);
}

static int look(const char *user)
{
	memset(&got, 0xee, sizeof(got));
	why = (struct err){0};
	return shadow_read(&files, user, &got, &why);
}

#define PASSWD "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n" \
	"al:x:1001:1001::/home/al:/bin/sh\n"
#define LINES "root:*:19000:0:99999:7:::\nalice:$y$j9T$a$b:20000:1:90:7:30:21000:\n" \
	"al:!$y$j9T$c$d::::::::\n"

static void users_line_is_found_with_its_days(void **state)
{
	(void)state;
	put(PASSWD, LINES);
	assert_int_equal(look("alice"), 0);
	assert_true(got.local);
	assert_string_equal(got.field, "$y$j9T$a$b");
	assert_int_equal(got.last, 20000);
	assert_int_equal(got.min, 1);
	assert_int_equal(got.max, 90);
	assert_int_equal(got.warn, 7);
	assert_int_equal(got.inactive, 30);
	assert_int_equal(got.expire, 21000);
	assert_true(shadow_is_usable(&got));
}

static void empty_numbers_are_unset_and_name_is_the_whole_one(void **state)
{
	(void)state;
	put(PASSWD, LINES);
	assert_int_equal(look("al"), 0);
	assert_string_equal(got.field, "!$y$j9T$c$d");
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(got.expire, SHADOW_UNSET);
	assert_false(shadow_is_usable(&got));
	assert_int_equal(look("a"), 0);
	assert_false(got.local);
	assert_int_equal(look("alice:x"), 0);
	assert_false(got.local);
}

/* Even where a line of shadow is left over. */
static void user_of_a_directory_is_not_local(void **state)
{
	(void)state;
	put("root:x:0:0::/:/bin/sh\n+bob:x:::::\n+::::::\n-carl:x:::::\n",
	    "bob:$y$j9T$a$b:1::::::\n+bob:x:1::::::\n");
	assert_int_equal(look("bob"), 0);
	assert_false(got.local);
	assert_string_equal(got.field, "");
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(look("+bob"), 0);
	assert_false(got.local);
	assert_int_equal(look("-carl"), 0);
	assert_false(got.local);
	assert_int_equal(look(""), 0);
	assert_false(got.local);
}

static void first_line_of_a_name_counts(void **state)
{
	(void)state;
	put("a:x:1:1:::\na:x:2:2:::\n", "a:one:1::::::\na:two:2::::::\n");
	assert_int_equal(look("a"), 0);
	assert_string_equal(got.field, "one");
	assert_int_equal(got.last, 1);
}

static void field_of_passwd_counts_where_it_stands_there(void **state)
{
	(void)state;
	put("a:$6$x$y:1:1:::\nb:x:2:2:::\nc::3:3:::\n", "a:other:1::::::\n");
	assert_int_equal(look("a"), 0);
	assert_string_equal(got.field, "$6$x$y");
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(look("b"), 0);
	assert_true(got.local);
	assert_string_equal(got.field, "*");
	assert_false(shadow_is_usable(&got));
	assert_int_equal(look("c"), 0);
	assert_string_equal(got.field, "");
	assert_false(shadow_is_usable(&got));
}

static void fields_without_a_password_are_not_usable(void **state)
{
	static const char *const none[] = {"", "*", "!", "!!", "*LK*", "!*", "!$y$j9T$a$b"};
	static const char *const some[] = {"$y$j9T$a$b", "$6$a$b", "abJnggxhB/yWI", "_J9..", "x"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		(void)snprintf(got.field, sizeof(got.field), "%s", none[i]);
		assert_false(shadow_is_usable(&got));
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		(void)snprintf(got.field, sizeof(got.field), "%s", some[i]);
		assert_true(shadow_is_usable(&got));
	}
}

static void last_change_that_is_no_number_is_bad(void **state)
{
	static const char *const bad[] = {"1x", " 1", "1 ", "+1", "-2", "-", "-11", "0x10", "1e3",
	    "999999999", "99999999999999999999999", "."};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "b:x:1::::::\na:h:%s::::::\n", bad[i]);
		put("a:x:1:1:::\n", text);
		assert_int_equal(look("a"), ERR_BAD);
		assert_non_null(strstr(why.text, ":2: "));
		assert_false(got.local);
		assert_string_equal(got.field, "");
		assert_int_equal(got.last, SHADOW_UNSET);
	}
}

static void number_that_nobody_uses_does_not_make_the_line_bad(void **state)
{
	static const char *const lines[] = {"a:h:5:x:1y:-2: 3:99999999999999999999:",
	    "a:h:5:-:.:+1:0x1:9999999999:junk", "a:h:5:-1:-1:-1:-1:-1:-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		put("a:x:1:1:::\n", lines[i]);
		assert_int_equal(look("a"), 0);
		assert_string_equal(got.field, "h");
		assert_int_equal(got.last, 5);
		assert_int_equal(got.min, SHADOW_UNSET);
		assert_int_equal(got.max, SHADOW_UNSET);
		assert_int_equal(got.warn, SHADOW_UNSET);
		assert_int_equal(got.inactive, SHADOW_UNSET);
		assert_int_equal(got.expire, SHADOW_UNSET);
	}
	put("a:x:1:1:::\n", "a:h:::99999999:x:7::\n");
	assert_int_equal(look("a"), 0);
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(got.max, 99999999);
	assert_int_equal(got.warn, SHADOW_UNSET);
	assert_int_equal(got.inactive, 7);
}

/* chage(1) means that by it; glibc skips such a line. */
static void minus_one_is_unset(void **state)
{
	(void)state;
	put("a:x:1:1:::\n", "a:h:-1:-1:-1:-1:-1:-1:\n");
	assert_int_equal(look("a"), 0);
	assert_string_equal(got.field, "h");
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(got.expire, SHADOW_UNSET);
}

static void user_of_passwd_whom_shadow_lacks_has_no_usable_password(void **state)
{
	(void)state;
	put("a:x:1:1:::\nb:x:2:2:::\n", "a:h:1::::::\n");
	assert_int_equal(look("b"), 0);
	assert_true(got.local);
	assert_string_equal(got.field, "*");
	assert_false(shadow_is_usable(&got));
	assert_int_equal(got.last, SHADOW_UNSET);
	assert_int_equal(look("d"), 0);
	assert_false(got.local);
	put("a:x:1:1:::\n", "a:h:x::::::\n");
	assert_int_equal(look("a"), ERR_BAD);
	assert_false(got.local);
}

static void line_of_another_user_is_not_judged(void **state)
{
	(void)state;
	put("junk\n:\n\na:x:1:1:::\n", "junk\nb:x:nonsense\n::::\n\na:h:5::::::");
	assert_int_equal(look("a"), 0);
	assert_int_equal(got.last, 5);
}

static void line_that_ends_early_is_taken_as_far_as_it_goes(void **state)
{
	(void)state;
	put("a:x\n", "a:h:7\n");
	assert_int_equal(look("a"), 0);
	assert_int_equal(got.last, 7);
	assert_int_equal(got.max, SHADOW_UNSET);
	put("a\n", "a:h:7\n");
	assert_int_equal(look("a"), 0);
	assert_false(got.local);
}

static void too_long_a_line_and_a_nul_are_bad(void **state)
{
	static char text[9000];

	(void)state;
	memset(text, 'h', sizeof(text) - 1);
	memcpy(text, "a:", 2);
	put("a:x:1:1:::\n", text);
	assert_int_equal(look("a"), ERR_BAD);
	memcpy(text + 600, ":1::::::\n", 10);
	put("a:x:1:1:::\n", text);
	assert_int_equal(look("a"), ERR_BAD);
	memcpy(text + 513, ":1::::::\n", 10);
	put("a:x:1:1:::\n", text);
	assert_int_equal(look("a"), 0);
	assert_int_equal(strlen(got.field), SHADOW_FIELD_MAX);
	put("a:x:1:1:::\n", "");
	scratch_write(shadow_path, "a:h\0:1::::::\n", 13, 0640);
	assert_int_equal(look("a"), ERR_BAD);
	assert_int_equal(look("b"), 0);
}

static void files_larger_than_one_read_are_read_whole(void **state)
{
	static char text[64 * 4000];
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 3000; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "user%d:$y$j9T$%d:%d::::::\n", i, i,
		    i);
	put("user2999:x:1:1:::\n", text);
	assert_int_equal(look("user2999"), 0);
	assert_int_equal(got.last, 2999);
	assert_string_equal(got.field, "$y$j9T$2999");
}

static void missing_file_is_trouble_not_an_answer(void **state)
{
	(void)state;
	put(PASSWD, LINES);
	assert_int_equal(unlink(shadow_path), 0);
	assert_int_equal(look("alice"), ERR_NONE);
	assert_false(got.local);
	assert_non_null(strstr(why.text, shadow_path));
	assert_int_equal(look("nobody-here"), 0);
	assert_int_equal(unlink(passwd_path), 0);
	assert_int_equal(look("alice"), ERR_NONE);
	assert_int_equal(mkdir(passwd_path, 0700), 0);
	assert_int_equal(look("alice"), ERR_UNAVAIL);
	assert_int_equal(rmdir(passwd_path), 0);
}

/* glibc's reader of the same file. */
static void glibc_reads_the_same(void **state)
{
	static const char *const lines[] = {"a:$y$j9T$a$b:20000:0:99999:7:::", "a:*:20000::::::",
	    "a:!:0:0:0:0:0:0:0", "a::19000:1:2:3:4:5:6", "a:x:::::::"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct spwd entry, *sp = NULL;
		char buffer[512];

		put("a:x:1:1:::\n", "");
		(void)snprintf(text, sizeof(text), "%s\n", lines[i]);
		put("a:x:1:1:::\n", text);
		assert_int_equal(look("a"), 0);
		(void)snprintf(text, sizeof(text), "%s", lines[i]);
		if (sgetspent_r(text, &entry, buffer, sizeof(buffer), &sp) != 0)
			fail_msg("%s", lines[i]);
		assert_string_equal(got.field, sp->sp_pwdp);
		assert_int_equal(got.last, sp->sp_lstchg);
		assert_int_equal(got.min, sp->sp_min);
		assert_int_equal(got.max, sp->sp_max);
		assert_int_equal(got.warn, sp->sp_warn);
		assert_int_equal(got.inactive, sp->sp_inact);
		assert_int_equal(got.expire, sp->sp_expire);
	}
}

/* The name that glibc finds first in the file, or "". */
static const char *glibc_finds(const char *path, char *field, size_t size)
{
	static char name[64];
	FILE *f = fopen(path, "re");
	const struct spwd *sp = f != NULL ? fgetspent(f) : NULL;

	assert_non_null(f);
	(void)snprintf(name, sizeof(name), "%s", sp != NULL ? sp->sp_namp : "");
	(void)snprintf(field, size, "%s", sp != NULL ? sp->sp_pwdp : "");
	(void)fclose(f);
	return name;
}

static void blanks_before_the_name_are_skipped_as_glibc_does(void **state)
{
	static const char *const lines[] = {" a:h:5::::::\n", "\t \v\f\ra:h:5::::::\n",
	    "\n \n  a:h:5::::::\n", "#a:other:1::::::\n a:h:5::::::\n",
	    "  #a:other:1::::::\n\ta:h:5::::::\n"};
	char field[64];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		put(" \ta:x:1:1:::\n", lines[i]);
		assert_string_equal(glibc_finds(shadow_path, field, sizeof(field)), "a");
		assert_string_equal(field, "h");
		assert_int_equal(look("a"), 0);
		assert_true(got.local);
		assert_string_equal(got.field, "h");
		assert_int_equal(got.last, 5);
		assert_int_equal(look("#a"), 0);
		assert_false(got.local);
	}
	put("#a:x:1:1:::\n", "#a:h:5::::::\n");
	assert_string_equal(glibc_finds(shadow_path, field, sizeof(field)), "");
	assert_int_equal(look("#a"), 0);
	assert_false(got.local);
	/* One behind the name is of it. */
	put("a :x:1:1:::\n", "a :h:5::::::\n");
	assert_string_equal(glibc_finds(shadow_path, field, sizeof(field)), "a ");
	assert_int_equal(look("a"), 0);
	assert_false(got.local);
}

static int make(void **state)
{
	(void)state;
	scratch_dir(&sc);
	scratch_path(&sc, passwd_path, "passwd");
	scratch_path(&sc, shadow_path, "shadow");
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(users_line_is_found_with_its_days),
	    cmocka_unit_test(empty_numbers_are_unset_and_name_is_the_whole_one),
	    cmocka_unit_test(user_of_a_directory_is_not_local),
	    cmocka_unit_test(first_line_of_a_name_counts),
	    cmocka_unit_test(field_of_passwd_counts_where_it_stands_there),
	    cmocka_unit_test(fields_without_a_password_are_not_usable),
	    cmocka_unit_test(last_change_that_is_no_number_is_bad),
	    cmocka_unit_test(number_that_nobody_uses_does_not_make_the_line_bad),
	    cmocka_unit_test(minus_one_is_unset),
	    cmocka_unit_test(user_of_passwd_whom_shadow_lacks_has_no_usable_password),
	    cmocka_unit_test(line_of_another_user_is_not_judged),
	    cmocka_unit_test(line_that_ends_early_is_taken_as_far_as_it_goes),
	    cmocka_unit_test(too_long_a_line_and_a_nul_are_bad),
	    cmocka_unit_test(files_larger_than_one_read_are_read_whole),
	    cmocka_unit_test(missing_file_is_trouble_not_an_answer),
	    cmocka_unit_test(glibc_reads_the_same),
	    cmocka_unit_test(blanks_before_the_name_are_skipped_as_glibc_does),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
