/* Modes and owners of real files: fix_mode.h, and in a transaction: fix_txn.h.  As root, in a
 * directory that nobody else may write. */
#include "tests/unit/scratch.h"

#include "policy/fix_mode.h"
#include "policy/fix_txn.h"

/* Below directories that root alone writes, as /tmp is not, nor everywhere /run. */
static char dir[] = "/var/lib/pb-fix-mode-XXXXXX";
static struct fix_mode entry;
static struct fix_plan plan;

static int set_up(void **state)
{
	(void)state;
	memcpy(strrchr(dir, '-'), "-XXXXXX", 7);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	plan = (struct fix_plan){.what = FIX_KEYS, .mode = calloc(FIX_MODES, sizeof(entry))};
	assert_non_null(plan.mode);
	return 0;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	fix_plan_free(&plan);
	return nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of mode 0644 that is to lose what others may, as planned. */
static const char *make(const char *name, uid_t owner)
{
	struct fix_mode *x = &plan.mode[plan.modes++];

	*x = (struct fix_mode){.old = {0644, owner}, .new = {0600, owner}};
	(void)snprintf(x->path, sizeof(x->path), "%s/%s", dir, name);
	scratch_write(x->path, "x", 1, 0644);
	assert_int_equal(chown(x->path, owner, (gid_t)-1), 0);
	return x->path;
}

static void is(const char *path, mode_t mode, uid_t owner)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, owner);
}

static void left_with(const char *why)
{
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	assert_int_equal(plan.modes, 0);
	if (strstr(buffer_string(&plan.left), why) == NULL)
		fail_msg("%s", buffer_string(&plan.left));
}

static void mode_and_owner_go_there_and_back(void **state)
{
	const char *path = make("a", 7);

	(void)state;
	plan.mode[0].new = (struct fix_owned){04600, 0};
	plan.mode[0].old.mode = 06755;
	assert_int_equal(chmod(path, 06755), 0);
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	assert_int_equal(plan.modes, 1);
	assert_int_equal(fix_mode_put(&plan.mode[0], true, NULL), 0);
	is(path, 04600, 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], true, NULL), 0);
	assert_int_equal(fix_mode_check(&plan.mode[0], NULL), 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], false, NULL), 0);
	is(path, 06755, 7);
}

static void half_way_is_gone_on_with_in_either_direction(void **state)
{
	const char *path = make("a", 7);

	(void)state;
	plan.mode[0].new = (struct fix_owned){0600, 0};
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], true, NULL), 0);
	is(path, 0600, 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], false, NULL), 0);
	is(path, 0644, 7);
}

static void what_somebody_has_changed_meanwhile_stays(void **state)
{
	const char *path = make("a", 0);

	(void)state;
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], true, NULL), ERR_CONFLICT);
	is(path, 0640, 0);
	plan.mode[0].inode++;
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(fix_mode_put(&plan.mode[0], true, NULL), ERR_CONFLICT);
	is(path, 0644, 0);
}

static void link_is_not_followed(void **state)
{
	char other[100];
	const char *path = make("a", 0);

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/b", dir);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	left_with("is a link");
	is(other, 0644, 0);
}

static void link_on_the_way_is_not_followed(void **state)
{
	char real[100], link[100];

	(void)state;
	(void)snprintf(real, sizeof(real), "%s/real", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink(real, link), 0);
	(void)make("link/a", 0);
	left_with("link: is a link, or no directory");
}

static void second_name_is_refused(void **state)
{
	char other[100];

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/b", dir);
	assert_int_equal(link(make("a", 0), other), 0);
	left_with("has a second name");
	is(other, 0644, 0);
}

static void fifo_is_refused_and_nobody_waits(void **state)
{
	const char *path = make("a", 0);

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	left_with("neither a file nor a directory");
}

static void directory_that_others_may_write_shelters_nothing(void **state)
{
	char below[100];

	(void)state;
	(void)snprintf(below, sizeof(below), "%s/d", dir);
	assert_int_equal(mkdir(below, 0755), 0);
	(void)make("d/a", 7);
	assert_int_equal(chmod(below, 0775), 0);
	left_with("d: mode 0775, owner 0: others may put another file");
	assert_int_equal(chmod(below, 01777), 0);
	plan.modes = 1;
	left_with("d: mode 1777");
	assert_int_equal(chmod(below, 0755), 0);
	assert_int_equal(chown(below, 8, (gid_t)-1), 0);
	plan.modes = 1;
	left_with("d: mode 0755, owner 8");
	assert_int_equal(chown(below, 7, (gid_t)-1), 0);
	plan.modes = 1;
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	assert_int_equal(plan.modes, 1); /* the owner's own directory */
}

static void transaction_keeps_modes_and_no_contents(void **state)
{
	struct fix_change c = {.listens = 0}, again;
	char id[ENABLE_ID_MAX];
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	(void)make("a", 7);
	(void)make("with a blank", 0);
	assert_int_equal(fix_mode_look(&plan, NULL), 0);
	c.plan = plan;
	assert_int_equal(enable_txn_lock(&t, dir, 0, &e), 0);
	assert_int_equal(fix_txn_begin(&t, &c, id, &e), 0);
	assert_int_equal(fix_txn_read(&t, id, ENABLE_TXN_FIX, &again, &e), 0);
	assert_int_equal(again.plan.what, FIX_KEYS);
	assert_int_equal(again.plan.modes, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(again.plan.mode[i].path, plan.mode[i].path);
		assert_memory_equal(&again.plan.mode[i].old, &plan.mode[i].old, sizeof(struct fix_owned));
		assert_memory_equal(&again.plan.mode[i].new, &plan.mode[i].new, sizeof(struct fix_owned));
		assert_int_equal(again.plan.mode[i].inode, plan.mode[i].inode);
	}
	fix_change_free(&again);
	enable_txn_unlock(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(mode_and_owner_go_there_and_back), TEST(half_way_is_gone_on_with_in_either_direction),
	    TEST(what_somebody_has_changed_meanwhile_stays), TEST(link_is_not_followed),
	    TEST(link_on_the_way_is_not_followed), TEST(second_name_is_refused),
	    TEST(fifo_is_refused_and_nobody_waits),
	    TEST(directory_that_others_may_write_shelters_nothing),
	    TEST(transaction_keeps_modes_and_no_contents)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
