/* `user:NAME` and `group:NAME`: who.h. */
#include "tests/unit/nss.h"
#include "tests/unit/scratch.h"

#include "lib/core/err.h"
#include "lib/core/who.h"

static int set_up(void **state)
{
	(void)state;
	nss_reset();
	return 0;
}

static struct who who(const char *text)
{
	struct who w;

	memset(&w, 0xee, sizeof(w));
	if (who_parse(text, strlen(text), &w) != 0)
		fail_msg("refused: %s", text);
	return w;
}

static int judged(const char *text, const char *user, gid_t gid)
{
	const struct who_account a = {user, gid};
	const struct who w = who(text);

	return who_is(&w, &a);
}

static void words_are_read(void **state)
{
	char longest[WHO_NAME_MAX + 8] = "user:";
	struct who w = who("user:a@corp");

	(void)state;
	assert_false(w.group);
	assert_string_equal(w.name, "a@corp");
	w = who("group:domain_users@corp.example.com");
	assert_true(w.group);
	assert_string_equal(w.name, "domain_users@corp.example.com");
	w = who("user:\xc3\xa9t\xc3\xa9");
	assert_string_equal(w.name, "\xc3\xa9t\xc3\xa9");
	/* The n bytes, and no more. */
	assert_int_equal(who_parse("user:alice,user:bob", 10, &w), 0);
	assert_string_equal(w.name, "alice");
	memset(longest + 5, 'n', WHO_NAME_MAX);
	assert_int_equal(who_parse(longest, 5 + WHO_NAME_MAX, &w), 0);
	assert_int_equal(strlen(w.name), WHO_NAME_MAX);
	longest[5 + WHO_NAME_MAX] = 'n';
	assert_int_equal(who_parse(longest, 6 + WHO_NAME_MAX, &w), ERR_SYNTAX);
}

static void typing_errors_are_refused(void **state)
{
	static const char *const bad[] = {"", "user", "user:", "group", "group:", "alice", ":a",
	    "User:a", "GROUP:a", "uid:0", "user :a", "user: a", "user:a ", "user:a b",
	    "user:a:b", "user:a/b", "user:a,b", "user:a\tb", "user:a\n", "user:\x7f", "users:a",
	    " user:a", "user;a", "%wheel", "@wheel"};
	struct who w;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (who_parse(bad[i], strlen(bad[i]), &w) != ERR_SYNTAX)
			fail_msg("accepted: '%s'", bad[i]);
	assert_int_equal(who_parse("user:a\0b", 8, &w), ERR_SYNTAX);
}

static void user_is_the_whole_name(void **state)
{
	(void)state;
	assert_int_equal(judged("user:alice", "alice", 100), 1);
	assert_int_equal(judged("user:alice", "Alice", 100), 0);
	assert_int_equal(judged("user:alice", "alic", 100), 0);
	assert_int_equal(judged("user:alice", "alice2", 100), 0);
	assert_int_equal(judged("user:a@corp", "a@corp", 100), 1);
	assert_int_equal(judged("user:a@corp", "a", 100), 0);
	assert_int_equal(judged("user:lists", "x", 7001), 0); /* a group's name is no user's */
}

static void user_needs_no_directory(void **state)
{
	(void)state;
	nss_fails = nss_lists_no_groups = true;
	assert_int_equal(judged("user:alice", "alice", 100), 1);
	assert_int_equal(judged("user:alice", "bob", 100), 0);
}

/* Of the machine itself: root and daemon are in every /etc/group. */
static void primary_group_is_a_group(void **state)
{
	(void)state;
	assert_int_equal(judged("group:root", "anybody", 0), 1);
	assert_int_equal(judged("group:daemon", "anybody", getgrnam("daemon")->gr_gid), 1);
	assert_int_equal(judged("group:daemon", "anybody", 7001), 0);
	assert_int_equal(judged("group:root", "daemon", 7001), 0);
}

static void listed_member_is_in_the_group(void **state)
{
	(void)state;
	assert_int_equal(judged("group:lists", "listed", 100), 1);
	assert_int_equal(judged("group:lists", "a@corp", 100), 1);
	assert_int_equal(judged("group:lists", "a", 100), 0);
	assert_int_equal(judged("group:lists", "other", 100), 0);
}

/* A directory that does not list the members of its groups. */
static void member_that_only_initgroups_knows_is_in_the_group(void **state)
{
	(void)state;
	assert_int_equal(judged("group:silent", "by_user", 100), 1);
	assert_int_equal(judged("group:silent", "listed", 100), 0);
}

static void user_of_hundreds_of_groups_is_found(void **state)
{
	static const int counts[] = {0, 60, 61, 62, 63, 64, 65, 1000, 60000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		nss_groups_of_many = counts[i];
		assert_int_equal(judged("group:silent", "many", 100), 1);
		assert_int_equal(judged("group:lists", "many", 100), 0);
	}
	nss_groups_of_many = 70000; /* more than a kernel takes */
	assert_int_equal(judged("group:silent", "many", 100), ERR_UNAVAIL);
}

static void missing_group_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(judged("group:no-such-group-here", "root", 0), ERR_UNAVAIL);
}

static void group_that_cannot_be_looked_up_is_an_error(void **state)
{
	(void)state;
	nss_fails = true;
	assert_int_equal(judged("group:lists", "listed", 7001), ERR_UNAVAIL);
	nss_fails = false;
	nss_lists_no_groups = true;
	assert_int_equal(judged("group:silent", "by_user", 100), ERR_UNAVAIL);
	/* Who is listed is known without it. */
	assert_int_equal(judged("group:lists", "listed", 100), 1);
	assert_int_equal(judged("group:silent", "anybody", 7002), 1);
}

static void large_group_is_read_and_a_huge_one_is_an_error(void **state)
{
	(void)state;
	nss_needs = (size_t)1 << 20;
	assert_int_equal(judged("group:lists", "listed", 100), 1);
	nss_needs = (size_t)1 << 40;
	assert_int_equal(judged("group:lists", "listed", 100), ERR_UNAVAIL);
}

static void interrupted_call_is_made_again(void **state)
{
	(void)state;
	nss_interrupts = 100;
	assert_int_equal(judged("group:lists", "listed", 100), 1);
	assert_int_equal(nss_interrupts, 0);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(words_are_read),
	    T(typing_errors_are_refused),
	    T(user_is_the_whole_name),
	    T(user_needs_no_directory),
	    T(primary_group_is_a_group),
	    T(listed_member_is_in_the_group),
	    T(member_that_only_initgroups_knows_is_in_the_group),
	    T(user_of_hundreds_of_groups_is_found),
	    T(missing_group_is_an_error),
	    T(group_that_cannot_be_looked_up_is_an_error),
	    T(large_group_is_read_and_a_huge_one_is_an_error),
	    T(interrupted_call_is_made_again),
	};

	return cmocka_run_group_tests_name("who", tests, NULL, NULL);
}
