/* Init under a wrong keyring, and after a kill: enroll/init.h. */
#include "tests/unit/scratch.h"

#include "enroll/init.h"
#include "enroll/steps.h"

#include <sys/syscall.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct scratch sc;

/* The call at which the process dies, counted from 1; 0: it lives. */
static int dies_at_link, dies_at_unlink;
static bool dies_at_syncfs;

int linkat(int from, const char *name, int to, const char *new_name, int flags)
{
	if (dies_at_link > 0 && --dies_at_link == 0)
		_exit(9);
	return (int)syscall(SYS_linkat, from, name, to, new_name, flags);
}

int unlinkat(int dir, const char *name, int flags)
{
	if (dies_at_unlink > 0 && --dies_at_unlink == 0)
		_exit(9);
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int syncfs(int fd)
{
	if (dies_at_syncfs)
		_exit(9);
	return (int)syscall(SYS_syncfs, fd);
}

static ino_t synced[16];
static int syncs;

int fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && syncs < 16)
		synced[syncs++] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}

static bool is_synced(const char *tail)
{
	struct stat st;
	char path[512];

	scratch_path(&sc, path, tail);
	assert_int_equal(stat(path, &st), 0);
	for (int i = 0; i < syncs; i++)
		if (synced[i] == st.st_ino)
			return true;
	return false;
}

static int set_up(void **state)
{
	(void)state;
	if (crypto_init() != 0)
		return -1;
	scratch_dir(&sc);
	scratch_conf(&sc, "");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static struct init_made init(void)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&sc.conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
	return made;
}

/* In a process that dies on the way. */
static void killed_init(int at_link, int at_unlink, bool at_syncfs)
{
	struct init_made made;
	pid_t pid = fork();

	if (pid == 0) {
		dies_at_link = at_link;
		dies_at_unlink = at_unlink;
		dies_at_syncfs = at_syncfs;
		_exit(init_run(&sc.conf, SCRATCH_NOW, &made, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(scratch_wait(pid), 9);
}

static bool unfinished(void)
{
	struct store st;
	bool is;

	scratch_open(&sc, &st);
	is = init_is_unfinished(&st, &sc.conf);
	store_close(&st);
	return is;
}

static void enroll_alice(void)
{
	struct record_enroll r = scratch_enroll(1, 7);
	struct record_hot h = scratch_hot(&r);

	scratch_user(&sc, "alice", &r, &h);
}

static struct stat about(const char *tail)
{
	struct stat st = {0};
	char path[512];

	scratch_path(&sc, path, tail);
	assert_int_equal(lstat(path, &st), 0);
	return st;
}

/* One number over the decoys that are there: which files they are, and their size. */
static uint64_t decoys(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < STORE_DECOYS; i++) {
		char tail[32];
		struct stat st;

		(void)snprintf(tail, sizeof(tail), "enroll/.%02x", i);
		st = about(tail);
		sum = sum * 31 + st.st_ino + (uint64_t)st.st_size;
		(void)snprintf(tail, sizeof(tail), "hot/.%02x", i);
		st = about(tail);
		sum = sum * 31 + st.st_ino + (uint64_t)st.st_size;
	}
	return sum;
}

static void spoil(const char *kind, int i)
{
	char tail[32], path[512];

	(void)snprintf(tail, sizeof(tail), "%s/.%02x", kind, i);
	scratch_path(&sc, path, tail);
	assert_int_equal(truncate(path, 100), 0);
}

static void assert_refuses(const char *what)
{
	uint64_t before = decoys();
	struct init_made made;
	struct err e = {0};

	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, &e), ERR_KEYRING);
	assert_non_null(strstr(e.text, what));
	assert_non_null(strstr(e.text, "put the keyring that they were made with"));
	assert_true(decoys() == before);
}

static void init_with_another_keyring_removes_nothing(void **state)
{
	unsigned char line[128];
	char path[512];
	size_t n;

	(void)state;
	(void)init();
	enroll_alice();
	n = scratch_bytes(&sc, "keyring", line, sizeof(line));
	scratch_keyring(&sc);
	assert_refuses("opens none of the records");
	assert_true(unfinished());
	scratch_path(&sc, path, "keyring");
	scratch_write(path, line, n, 0600);
	assert_int_equal(init().decoys, 0);
	assert_false(unfinished());
}

static void init_that_opens_no_decoy_though_records_removes_none(void **state)
{
	(void)state;
	(void)init();
	enroll_alice();
	for (int i = 0; i < STORE_DECOYS; i++) {
		spoil("enroll", i);
		spoil("hot", i);
	}
	assert_refuses("opens none of the decoys");
}

static void init_makes_decoys_anew_where_nobody_is_enrolled(void **state)
{
	(void)state;
	(void)init();
	scratch_keyring(&sc);
	assert_int_equal(init().decoys, STORE_DECOYS);
	assert_false(unfinished());
}

static void init_completes_one_killed_before_its_decoys(void **state)
{
	(void)state;
	killed_init(0, 0, true);
	assert_false(init_is_due(&sc.conf)); /* there is a keyring */
	assert_true(unfinished());
	/* As an earlier version let it happen. */
	enroll_alice();
	assert_true(unfinished());
	assert_int_equal(init().decoys, STORE_DECOYS);
	assert_false(unfinished());
}

static void init_completes_one_killed_at_any_decoy(void **state)
{
	/* The first name is the keyring's. */
	static const int at[] = {2, 3, 100, 257, 258, 259, 400, 512, 513};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		killed_init(at[i], 0, false);
		assert_true(unfinished());
		assert_true(init().decoys > 0);
		assert_false(unfinished());
		assert_int_equal(init().decoys, 0);
		scratch_remove(&sc);
		scratch_dir(&sc);
		scratch_conf(&sc, "");
	}
}

static void init_killed_while_it_mends_is_found_unfinished(void **state)
{
	(void)state;
	(void)init();
	for (int i = 1; i <= 4; i++) {
		spoil("hot", 7);
		killed_init(i, 0, false);
		assert_true(unfinished());
		assert_true(init().decoys > 0);
		assert_false(unfinished());
		spoil("hot", 7);
		/* Before the first removal nothing has changed. */
		killed_init(0, i, false);
		assert_int_equal(unfinished(), i > 1);
		assert_true(init().decoys > 0);
		assert_int_equal(init().decoys, 0);
		assert_false(unfinished());
	}
}

static void init_is_unfinished_without_the_record_of_the_machine(void **state)
{
	char path[512];

	(void)state;
	(void)init();
	assert_false(unfinished());
	scratch_path(&sc, path, "machine-id");
	assert_int_equal(unlink(path), 0);
	assert_true(unfinished());
	(void)init();
	assert_false(unfinished());
	assert_int_equal(truncate(path, 10), 0);
	assert_true(unfinished());
	(void)init();
	assert_false(unfinished());
}

static void init_says_which_decoy_cannot_be_replaced(void **state)
{
	struct init_made made;
	struct err e = {0};
	char path[512];

	(void)state;
	(void)init();
	scratch_path(&sc, path, "hot/.07");
	assert_int_equal(unlink(path), 0);
	scratch_mkdir(&sc, "hot/.07");
	assert_int_equal(init().decoys, 1);
	assert_int_equal(unlink(path), 0);
	scratch_mkdir(&sc, "hot/.07");
	scratch_mkdir(&sc, "hot/.07/more");
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, &e), ERR_UNSAFE);
	assert_non_null(strstr(e.text, "hot/.07: is a directory"));
}

/* One that was killed behind a name and before its sync: its names may be lost still. */
static void init_brings_what_is_there_to_the_disk(void **state)
{
	char more[600];

	(void)state;
	scratch_mkdir(&sc, "etc");
	(void)snprintf(more, sizeof(more), "store = file:%s\nstate_dir = %s\n"
	    "keyring = %s/etc/keyring\n", sc.dir, sc.dir, sc.dir);
	assert_int_equal(conf_parse(&sc.conf, "scratch.conf", more, strlen(more), NULL), 0);
	(void)init();
	syncs = 0;
	(void)init();
	assert_true(is_synced("etc"));
	assert_true(is_synced(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(init_with_another_keyring_removes_nothing),
	    T(init_that_opens_no_decoy_though_records_removes_none),
	    T(init_makes_decoys_anew_where_nobody_is_enrolled),
	    T(init_completes_one_killed_before_its_decoys),
	    T(init_completes_one_killed_at_any_decoy),
	    T(init_killed_while_it_mends_is_found_unfinished),
	    T(init_is_unfinished_without_the_record_of_the_machine),
	    T(init_says_which_decoy_cannot_be_replaced),
	    T(init_brings_what_is_there_to_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
