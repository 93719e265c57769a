/* Files that a fix puts and takes back, in a scratch directory: fix_txn.h. */
#include "tests/unit/scratch.h"

#include "policy/fix_txn.h"

static struct scratch scratch;
static struct fix_file file;

/* A file "old" that becomes "new", or goes. */
static int set_up(void **state)
{
	(void)state;
	scratch_dir(&scratch);
	file = (struct fix_file){.file = {.will = true}};
	(void)snprintf(file.file.path, sizeof(file.file.path), "%s/x", scratch.dir);
	scratch_write(file.file.path, "old", 3, 0644);
	assert_int_equal(fix_file_copy(&file, NULL), 0);
	buffer_text(&file.file.new, "new");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buffer_free(&file.file.old);
	buffer_free(&file.file.new);
	scratch_remove(&scratch);
	return 0;
}

static void is(const char *text)
{
	unsigned char now[64] = "";

	assert_int_equal(scratch_bytes(&scratch, "x", now, sizeof(now)), strlen(text));
	assert_memory_equal(now, text, strlen(text));
}

static void file_is_put_and_comes_back(void **state)
{
	(void)state;
	assert_int_equal(fix_file_put(&file, NULL), 0);
	is("new");
	assert_int_equal(fix_file_put(&file, NULL), 0);
	assert_int_equal(fix_file_back(&file, NULL), 0);
	is("old");
}

static void file_that_scripts_have_removed_is_put(void **state)
{
	(void)state;
	assert_int_equal(unlink(file.file.path), 0);
	assert_int_equal(fix_file_put(&file, NULL), 0);
	is("new");
}

static void text_of_others_is_neither_written_over_nor_removed(void **state)
{
	struct err e = {0};

	(void)state;
	scratch_write(file.file.path, "mine", 4, 0644);
	assert_int_equal(fix_file_put(&file, &e), ERR_CONFLICT);
	is("mine");
	file.file.will = false;
	assert_int_equal(fix_file_put(&file, &e), ERR_CONFLICT);
	is("mine");
	assert_non_null(strstr(e.text, "/x: has been changed since it was looked at"));
	scratch_write(file.file.path, "old", 3, 0644);
	assert_int_equal(fix_file_put(&file, &e), 0);
	assert_int_not_equal(access(file.file.path, F_OK), 0);
}

static void what_a_kill_has_left_beside_a_file_goes_with_the_way_back(void **state)
{
	char path[512];

	(void)state;
	scratch_path(&scratch, path, ".x.pam-bastion");
	scratch_write(path, "ne", 2, 0600);
	assert_int_equal(fix_file_back(&file, NULL), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	is("old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(file_is_put_and_comes_back), TEST(file_that_scripts_have_removed_is_put),
	    TEST(text_of_others_is_neither_written_over_nor_removed),
	    TEST(what_a_kill_has_left_beside_a_file_goes_with_the_way_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
