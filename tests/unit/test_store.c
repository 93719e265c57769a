/* The file store: DESIGN.md 'The store', store.h. */
#include "tests/unit/scratch.h"

#include "lib/core/safefile.h"
#include "lib/core/slot.h"
#include "lib/core/userkey.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

static struct scratch sc;
static struct store st;

/* ---- what the store asks of the kernel, in order ----
 * These stand before libc's own in the link, so the shipped objects call them. */

static char trace[64];
static bool tracing;
static int failing_sync;   /* errno of the next fdatasync or fsync */
static int passing_syncs;  /* so many before it succeed */
static ssize_t short_write = -1; /* bytes after which the next pwrite fails; -1: none */

static void note(char what)
{
	size_t n = strlen(trace);

	if (tracing && n + 1 < sizeof(trace)) {
		trace[n] = what;
		trace[n + 1] = '\0';
	}
}

static int sync_result(void)
{
	if (failing_sync == 0 || passing_syncs-- > 0)
		return 0;
	passing_syncs = 0;
	errno = failing_sync;
	failing_sync = 0;
	return -1;
}

int fdatasync(int fd)
{
	note('D');
	if (sync_result() != 0)
		return -1;
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	struct stat about;

	note(fstat(fd, &about) == 0 && S_ISDIR(about.st_mode) ? 'd' : 'F');
	if (sync_result() != 0)
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
	note('S');
	if (sync_result() != 0)
		return -1;
	return (int)syscall(SYS_syncfs, fd);
}

int linkat(int from, const char *name, int to, const char *new_name, int flags)
{
	note('L');
	return (int)syscall(SYS_linkat, from, name, to, new_name, flags);
}

int unlinkat(int dir, const char *name, int flags)
{
	note('U');
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	note('W');
	if (short_write == 0) {
		short_write = -1;
		errno = EIO;
		return -1;
	}
	if (short_write > 0 && (size_t)short_write < n) {
		n = (size_t)short_write;
		short_write = 0;
	}
	return syscall(SYS_pwrite64, fd, data, n, at);
}

static int set_up(void **state)
{
	(void)state;
	scratch_make(&sc);
	scratch_open(&sc, &st);
	trace[0] = '\0';
	tracing = false;
	failing_sync = 0;
	short_write = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(&st);
	scratch_remove(&sc);
	return 0;
}

static struct store_value value_of(const char *text, const char *version)
{
	struct store_value v = {.len = strlen(text)};

	memcpy(v.data, text, v.len);
	assert_true(strlen(version) < sizeof(v.version));
	memcpy(v.version, version, strlen(version) + 1);
	return v;
}

static int put(const char *key, const char *text, const char *version)
{
	struct store_value v = value_of(text, version);

	return store_put(&st, key, &v, NULL);
}

static struct store_value got(const char *key)
{
	struct store_value v;
	struct err e = {0};

	if (store_get(&st, key, NULL, &v, &e) != 0)
		fail_msg("%s", e.text);
	return v;
}

static void assert_holds(const char *key, const char *text)
{
	struct store_value v = got(key);

	assert_int_equal(v.len, strlen(text));
	assert_memory_equal(v.data, text, v.len);
}

static int get_code(const char *key)
{
	struct store_value v;

	return store_get(&st, key, NULL, &v, NULL);
}

static void path_of(char out[512], const char *tail)
{
	scratch_path(&sc, out, tail);
}

/* ---- put, get, del ---- */

static void new_value_is_read_back(void **state)
{
	struct store_value v;

	(void)state;
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	v = got("hot/alice");
	assert_int_equal(v.len, 3);
	assert_memory_equal(v.data, "one", 3);
	assert_false(v.from_alt);
	assert_string_not_equal(v.version, STORE_NEW);
}

static void value_of_the_greatest_size_is_kept(void **state)
{
	struct store_value v = {.len = RECORD_PLAIN_MAX, .version = STORE_NEW}, back;

	(void)state;
	memset(v.data, 'x', sizeof(v.data));
	assert_int_equal(store_put(&st, "hot/alice", &v, NULL), 0);
	back = got("hot/alice");
	assert_int_equal(back.len, RECORD_PLAIN_MAX);
	assert_memory_equal(back.data, v.data, RECORD_PLAIN_MAX);
}

static void version_0_means_must_not_exist(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(put("hot/alice", "two", STORE_NEW), ERR_CONFLICT);
	assert_holds("hot/alice", "one");
}

static void put_replaces_only_the_version_it_names(void **state)
{
	struct store_value first;

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	first = got("hot/alice");
	assert_int_equal(put("hot/alice", "two", first.version), 0);
	assert_holds("hot/alice", "two");
	assert_string_not_equal(got("hot/alice").version, first.version);
	assert_int_equal(put("hot/alice", "three", first.version), ERR_CONFLICT);
	assert_int_equal(put("hot/alice", "three", "rubbish"), ERR_CONFLICT);
	assert_int_equal(put("hot/alice", "three", ""), ERR_CONFLICT);
	assert_holds("hot/alice", "two");
}

static void put_never_makes_what_a_version_expects(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", "123"), ERR_NONE);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
}

static void version_of_a_removed_record_is_not_met_again(void **state)
{
	char first[STORE_VERSION_MAX];

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
		if (i > 0)
			assert_int_equal(put("hot/alice", "stale", first), ERR_CONFLICT);
		memcpy(first, got("hot/alice").version, sizeof(first));
		assert_int_equal(store_del(&st, "hot/alice", first, NULL), 0);
	}
}

static void del_removes_only_the_version_it_names(void **state)
{
	struct store_value v;

	(void)state;
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), ERR_NONE);
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	v = got("hot/alice");
	assert_int_equal(put("hot/alice", "two", v.version), 0);
	assert_int_equal(store_del(&st, "hot/alice", v.version, NULL), ERR_CONFLICT);
	assert_holds("hot/alice", "two");
	assert_int_equal(store_del(&st, "hot/alice", got("hot/alice").version, NULL), 0);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
}

static void key_of_no_kind_is_refused(void **state)
{
	static const char *const keys[] = {"alice", "hot/", "/alice", "hot/../enroll/alice",
	    "other/alice", "hot/a/b", "hotalice"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_not_equal(put(keys[i], "x", STORE_NEW), 0);
		assert_int_not_equal(get_code(keys[i]), 0);
		assert_int_not_equal(store_del(&st, keys[i], NULL, NULL), 0);
	}
}

static void new_file_is_root_only_complete_and_allocated(void **state)
{
	static const mode_t masks[] = {0, 0777, 022};
	char path[512];

	(void)state;
	path_of(path, "hot/alice");
	for (int i = 0; i < 3; i++) {
		mode_t before = umask(masks[i]);
		struct stat about;
		int r = put("hot/alice", "one", STORE_NEW);

		(void)umask(before);
		assert_int_equal(r, 0);
		assert_int_equal(lstat(path, &about), 0);
		assert_int_equal(about.st_mode, S_IFREG | 0600);
		assert_int_equal(about.st_uid, 0);
		assert_int_equal(about.st_nlink, 1);
		assert_int_equal(about.st_size, SLOT_FILE);
		assert_int_equal(got("hot/alice").len, 3);
		(void)syscall(SYS_sync);
		assert_int_equal(lstat(path, &about), 0);
		assert_true(about.st_blocks * 512 >= SLOT_FILE);
		assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	}
}

static int count_names(const char *tail)
{
	char path[512];
	struct dirent *entry;
	int n = 0;
	DIR *d;

	path_of(path, tail);
	assert_non_null(d = opendir(path));
	while ((entry = readdir(d)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

static void no_temporary_name_is_left(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(put("hot/alice", "two", STORE_NEW), ERR_CONFLICT);
	assert_int_equal(put("hot/alice", "two", got("hot/alice").version), 0);
	assert_int_equal(count_names("hot"), 1);
	assert_int_equal(count_names("enroll"), 0);
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_equal(count_names("hot"), 0);
}

static void file_holds_nothing_readable(void **state)
{
	unsigned char bytes[SLOT_FILE];
	size_t n;

	(void)state;
	assert_int_equal(put("enroll/alice", "a very recognisable secret", STORE_NEW), 0);
	n = scratch_bytes(&sc, "enroll/alice", bytes, sizeof(bytes));
	assert_null(memmem(bytes, n, "recognisable", 12));
}

static void file_moved_to_another_user_is_bad(void **state)
{
	char from[512], to[512];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	path_of(from, "hot/alice");
	path_of(to, "hot/bob");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(get_code("hot/bob"), ERR_BAD);
	path_of(from, "enroll/bob");
	assert_int_equal(rename(to, from), 0);
	assert_int_equal(get_code("enroll/bob"), ERR_BAD);
	path_of(to, "hot/alice");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(get_code("hot/alice"), 0);
}

/* ---- durability ---- */

static void new_record_is_synced_before_and_after_it_is_named(void **state)
{
	(void)state;
	tracing = true;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	tracing = false;
	assert_string_equal(trace, "WFLd");
}

static int append_x(void *ctx, struct store_value *v, struct err *e)
{
	(void)ctx, (void)e;
	v->data[v->len++] = 'x';
	return 0;
}

static void update_is_one_write_in_place_and_a_sync(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	tracing = true;
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), 0);
	tracing = false;
	assert_string_equal(trace, "WDW");
	assert_holds("hot/alice", "onex");
}

static void removal_is_synced(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	tracing = true;
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	tracing = false;
	assert_string_equal(trace, "Ud");
}

static void failed_sync_is_an_unknown_outcome(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	failing_sync = EIO;
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, &e),
	    ERR_UNKNOWN);
	assert_non_null(strstr(e.text, "hot/alice"));
	failing_sync = EIO;
	assert_int_not_equal(put("hot/bob", "one", STORE_NEW), 0);
	assert_int_equal(get_code("hot/bob"), ERR_NONE);
}

#define BEFORE_MARK (SLOT_BLOCK - 8)

static const char *trace_sync(void)
{
	memset(trace, 0, sizeof(trace));
	tracing = true;
	assert_int_equal(store_sync(&st, "hot/alice", NULL), 0);
	tracing = false;
	return trace;
}

static void sync_after_a_failed_one_writes_the_same_slot_again(void **state)
{
	unsigned char before[SLOT_FILE], after[SLOT_FILE];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	failing_sync = EIO;
	assert_int_equal(put("hot/alice", "two", got("hot/alice").version), ERR_UNKNOWN);
	assert_int_equal(scratch_bytes(&sc, "hot/alice", before, SLOT_FILE), SLOT_FILE);
	tracing = true;
	assert_int_equal(store_sync(&st, "hot/alice", NULL), 0);
	tracing = false;
	assert_string_equal(trace, "WDWd");
	assert_int_equal(scratch_bytes(&sc, "hot/alice", after, SLOT_FILE), SLOT_FILE);
	assert_memory_equal(after, before, BEFORE_MARK);
	assert_memory_equal(after + SLOT_BLOCK, before + SLOT_BLOCK, BEFORE_MARK);
	assert_string_equal(trace_sync(), "d");
	failing_sync = EIO;
	assert_int_equal(store_sync(&st, "hot/alice", NULL), ERR_UNKNOWN);
}

/* The slot beside the newest may be all that the disk has. */
static void write_behind_a_failed_sync_first_writes_the_newest_slot_again(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	failing_sync = EIO;
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), ERR_UNKNOWN);
	tracing = true;
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), 0);
	tracing = false;
	assert_string_equal(trace, "WDWWDW");
	assert_holds("hot/alice", "onexx");
}

static void slot_that_the_disk_has_stays_while_syncs_fail(void **state)
{
	unsigned char before[SLOT_FILE], after[SLOT_FILE];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(scratch_bytes(&sc, "hot/alice", before, SLOT_FILE), SLOT_FILE);
	failing_sync = EIO;
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), ERR_UNKNOWN);
	for (int i = 0; i < 3; i++) {
		failing_sync = EIO;
		assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL),
		    ERR_UNKNOWN);
		assert_int_equal(scratch_bytes(&sc, "hot/alice", after, SLOT_FILE), SLOT_FILE);
		assert_memory_equal(after, before, SLOT_BLOCK);
	}
	assert_holds("hot/alice", "onex");
}

static void write_that_reached_the_disk_is_written_once(void **state)
{
	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	for (int i = 0; i < 3; i++) {
		memset(trace, 0, sizeof(trace));
		tracing = true;
		assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), 0);
		tracing = false;
		assert_string_equal(trace, "WDW");
	}
}

static void sync_of_a_removed_record_syncs_its_directory(void **state)
{
	(void)state;
	tracing = true;
	assert_int_equal(store_sync(&st, "hot/nobody", NULL), 0);
	tracing = false;
	assert_string_equal(trace, "d");
}

static void failed_write_keeps_the_old_value(void **state)
{
	static const ssize_t after[] = {0, 1, 31, 32, 33, 512, 4095};

	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		int r;

		assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
		short_write = after[i];
		r = store_update(&st, "hot/alice", NULL, append_x, NULL, NULL);
		assert_int_equal(r, after[i] == 0 ? ERR_UNAVAIL : ERR_UNKNOWN);
		short_write = -1;
		if (after[i] <= 33)
			assert_holds("hot/alice", "one");
		assert_int_equal(got("hot/alice").len, after[i] <= 33 ? 3 : 4);
		/* and it can be written again */
		assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), 0);
		assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	}
	short_write = 100;
	assert_int_not_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
}

static void fill(struct store_item *item, const char *key, const char *text)
{
	struct store_value v = value_of(text, STORE_NEW);

	memset(item, 0, sizeof(*item));
	assert_true(snprintf(item->key, sizeof(item->key), "%s", key) > 0);
	assert_int_equal(store_seal_item(&st, item, &v, NULL), 0);
}

static void batch_shares_one_syncfs_and_hot_is_named_before_enroll(void **state)
{
	static struct store_item items[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "%s/u%d", i < 3 ? "hot" : "enroll", i % 3);
		fill(&items[i], key, "v");
	}
	tracing = true;
	assert_int_equal(store_create(&st, items, 6, NULL), 0);
	tracing = false;
	assert_string_equal(trace, "WWWWWWSLLLdLLLd");
}

static void batch_with_an_existing_key_keeps_the_rest(void **state)
{
	static struct store_item items[4];

	(void)state;
	assert_int_equal(put("hot/b", "old", STORE_NEW), 0);
	fill(&items[0], "hot/a", "new a");
	fill(&items[1], "hot/b", "new b");
	fill(&items[2], "hot/c", "new c");
	fill(&items[3], "hot/c", "new c again");
	assert_int_equal(store_create(&st, items, 4, NULL), 0);
	assert_int_equal(items[0].result, 0);
	assert_int_equal(items[1].result, ERR_CONFLICT);
	assert_int_equal(items[2].result, 0);
	assert_int_equal(items[3].result, ERR_CONFLICT);
	assert_holds("hot/a", "new a");
	assert_holds("hot/b", "old");
	assert_holds("hot/c", "new c");
}

static void batch_whose_sync_fails_names_nothing(void **state)
{
	static struct store_item items[2];

	(void)state;
	fill(&items[0], "hot/a", "a");
	fill(&items[1], "enroll/a", "a");
	failing_sync = EIO;
	assert_int_not_equal(store_create(&st, items, 2, NULL), 0);
	assert_int_equal(count_names("hot"), 0);
	assert_int_equal(count_names("enroll"), 0);
}

static void batch_whose_names_are_not_synced_is_an_unknown_outcome(void **state)
{
	static struct store_item items[2];

	(void)state;
	fill(&items[0], "hot/a", "a");
	fill(&items[1], "enroll/a", "a");
	passing_syncs = 1; /* that of the contents */
	failing_sync = EIO;
	assert_int_equal(store_create(&st, items, 2, NULL), ERR_UNKNOWN);
}

static void batch_may_be_larger_than_the_limit_of_descriptors(void **state)
{
	enum { N = 300 };
	struct store_item *items = calloc(N, sizeof(*items));
	struct rlimit before, less;

	(void)state;
	assert_non_null(items);
	for (int i = 0; i < N; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "hot/user-%d", i);
		fill(&items[i], key, "v");
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	less = before;
	less.rlim_cur = 200;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
	assert_int_equal(store_create(&st, items, N, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < N; i++)
		assert_int_equal(items[i].result, 0);
	assert_int_equal(count_names("hot"), N);
	assert_int_equal(store_create(&st, items, 0, NULL), 0);
	free(items);
}

/* ---- list ---- */

struct names {
	int count, stop_at;
	char last[STORE_KEY_MAX];
	unsigned int seen; /* of user0 .. user9 */
};

static int each(void *ctx, const char *key)
{
	struct names *n = ctx;

	(void)snprintf(n->last, sizeof(n->last), "%s", key);
	if (strncmp(key, "hot/user", 8) == 0)
		n->seen |= 1u << (key[8] - '0');
	return ++n->count == n->stop_at ? 7 : 0;
}

static void list_gives_every_key_of_its_kind_without_decoys(void **state)
{
	struct names n = {0};

	(void)state;
	for (int i = 0; i < 10; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "hot/user%d", i);
		assert_int_equal(put(key, "v", STORE_NEW), 0);
	}
	assert_int_equal(put("hot/.2a", "decoy", STORE_NEW), 0);
	assert_int_equal(put("enroll/other", "v", STORE_NEW), 0);
	assert_int_equal(store_list(&st, "hot/", each, &n, NULL), 0);
	assert_int_equal(n.count, 10);
	assert_int_equal(n.seen, 0x3ff);
	n = (struct names){0};
	assert_int_equal(store_list(&st, "enroll/", each, &n, NULL), 0);
	assert_int_equal(n.count, 1);
	assert_string_equal(n.last, "enroll/other");
	n = (struct names){.stop_at = 4};
	assert_int_equal(store_list(&st, "hot/", each, &n, NULL), 7);
	assert_int_equal(n.count, 4);
	assert_int_not_equal(store_list(&st, "other/", each, &n, NULL), 0);
}

/* ---- update ---- */

static int count_call(void *ctx, struct store_value *v, struct err *e)
{
	(void)v, (void)e;
	++*(int *)ctx;
	return ERR_REFUSED;
}

static void judge_that_refuses_writes_nothing(void **state)
{
	unsigned char before[SLOT_FILE], after[SLOT_FILE];
	int calls = 0;

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	(void)scratch_bytes(&sc, "hot/alice", before, sizeof(before));
	assert_int_equal(store_update(&st, "hot/alice", NULL, count_call, &calls, NULL),
	    ERR_REFUSED);
	assert_int_equal(calls, 1);
	(void)scratch_bytes(&sc, "hot/alice", after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
}

static void update_gives_a_new_version(void **state)
{
	struct store_value v;

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	v = got("hot/alice");
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), 0);
	assert_string_not_equal(got("hot/alice").version, v.version);
	assert_int_equal(put("hot/alice", "stale", v.version), ERR_CONFLICT);
	assert_int_equal(store_del(&st, "hot/alice", v.version, NULL), ERR_CONFLICT);
}

static int note_alt(void *ctx, struct store_value *v, struct err *e)
{
	*(bool *)ctx = v->from_alt;
	return append_x(NULL, v, e);
}

static void second_key_is_used_only_when_the_first_does_not_exist(void **state)
{
	struct store_value v;
	bool from_alt = false;

	(void)state;
	assert_int_equal(put("hot/.07", "decoy", STORE_NEW), 0);
	assert_int_equal(store_get(&st, "hot/alice", "hot/.07", &v, NULL), 0);
	assert_true(v.from_alt);
	assert_memory_equal(v.data, "decoy", 5);
	assert_int_equal(store_update(&st, "hot/alice", "hot/.07", note_alt, &from_alt, NULL),
	    0);
	assert_true(from_alt);
	assert_holds("hot/.07", "decoyx");
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(store_get(&st, "hot/alice", "hot/.07", &v, NULL), 0);
	assert_false(v.from_alt);
	assert_memory_equal(v.data, "one", 3);
	assert_int_equal(store_update(&st, "hot/alice", "hot/.07", note_alt, &from_alt, NULL),
	    0);
	assert_false(from_alt);
	assert_holds("hot/alice", "onex");
	assert_holds("hot/.07", "decoyx");
	assert_int_equal(store_get(&st, "hot/bob", "hot/.08", &v, NULL), ERR_NONE);
	assert_int_equal(store_update(&st, "hot/bob", "hot/.08", append_x, NULL, NULL),
	    ERR_NONE);
}

/* A record that is there and bad must not fall back to the decoy: that would
 * turn a damaged user into one who is not enrolled. */
static void second_key_does_not_stand_in_for_a_bad_one(void **state)
{
	struct store_value v;
	char path[512], decoy[512];

	(void)state;
	assert_int_equal(put("hot/.07", "decoy", STORE_NEW), 0);
	path_of(path, "hot/alice");
	path_of(decoy, "hot/.07");
	scratch_write(path, "rubbish", 7, 0600);
	assert_int_equal(store_get(&st, "hot/alice", "hot/.07", &v, NULL), ERR_BAD);
	assert_int_equal(store_update(&st, "hot/alice", "hot/.07", append_x, NULL, NULL),
	    ERR_BAD);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(decoy, path), 0);
	assert_int_equal(store_get(&st, "hot/alice", "hot/.07", &v, NULL), ERR_BAD);
	assert_holds("hot/.07", "decoy");
}

static int increment(void *ctx, struct store_value *v, struct err *e)
{
	uint32_t n;

	(void)ctx, (void)e;
	memcpy(&n, v->data, sizeof(n));
	n++;
	memcpy(v->data, &n, sizeof(n));
	return 0;
}

/* Who has waited for the lock too long, on a busy disk, has written nothing. */
static int increment_often(struct store *s, int times)
{
	int r = 0;

	for (int k = 0; k < times && r == 0; k++)
		do
			r = store_update(s, "hot/alice", NULL, increment, NULL, NULL);
		while (r == ERR_UNAVAIL);
	return r;
}

static void update_across_eight_processes_loses_nothing(void **state)
{
	struct store_value v = {.len = 4, .version = STORE_NEW};
	pid_t pids[8];
	uint32_t n;

	(void)state;
	assert_int_equal(store_put(&st, "hot/alice", &v, NULL), 0);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct store mine;
			int r = store_open(&mine, &sc.conf, NULL);

			_exit(r == 0 && increment_often(&mine, 200) == 0 ? 0 : 1);
		}
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(scratch_wait(pids[i]), 0);
	v = got("hot/alice");
	memcpy(&n, v.data, sizeof(n));
	assert_int_equal(n, 1600);
}

static void eight_processes_create_a_key_once(void **state)
{
	pid_t pids[8];
	int made = 0, conflicts = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct store_value v = {.len = 1, .version = STORE_NEW};
			struct store mine;

			if (store_open(&mine, &sc.conf, NULL) != 0)
				_exit(99);
			_exit(-store_put(&mine, "hot/alice", &v, NULL));
		}
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++) {
		int r = scratch_wait(pids[i]);

		made += r == 0;
		conflicts += r == -ERR_CONFLICT;
	}
	assert_int_equal(made, 1);
	assert_int_equal(conflicts, 7);
}

static void eight_processes_replace_a_version_once(void **state)
{
	struct store_value v;
	pid_t pids[8];
	int made = 0, conflicts = 0;

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	v = got("hot/alice");
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct store mine;

			if (store_open(&mine, &sc.conf, NULL) != 0)
				_exit(99);
			_exit(-store_put(&mine, "hot/alice", &v, NULL));
		}
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++) {
		int r = scratch_wait(pids[i]);

		made += r == 0;
		conflicts += r == -ERR_CONFLICT;
	}
	assert_int_equal(made, 1);
	assert_int_equal(conflicts, 7);
}

/* The lock we waited for was that of a file that is gone meanwhile. */
static void update_that_waited_judges_the_record_made_meanwhile(void **state)
{
	struct timespec a_while = {.tv_nsec = 100000000};
	char path[512];
	pid_t pid;
	int fd;

	(void)state;
	assert_int_equal(put("hot/alice", "old", STORE_NEW), 0);
	path_of(path, "hot/alice");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(slot_lock(fd, 0, path, NULL), 0);
	pid = fork();
	if (pid == 0) {
		struct store mine;

		if (store_open(&mine, &sc.conf, NULL) != 0)
			_exit(99);
		_exit(-store_update(&mine, "hot/alice", NULL, append_x, NULL, NULL));
	}
	assert_true(pid > 0);
	(void)nanosleep(&a_while, NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(put("hot/alice", "new", STORE_NEW), 0);
	slot_unlock(fd);
	(void)close(fd);
	assert_int_equal(scratch_wait(pid), 0);
	assert_holds("hot/alice", "newx");
}

/* ---- a record that cannot be trusted ---- */

static void assert_bad_everywhere(const char *what)
{
	struct err e = {0};
	int calls = 0;

	if (get_code("hot/alice") != ERR_BAD)
		fail_msg("%s: get gives %s", what, err_name(get_code("hot/alice")));
	if (store_update(&st, "hot/alice", NULL, count_call, &calls, &e) != ERR_BAD)
		fail_msg("%s: update gives %s", what, e.text);
	assert_int_equal(calls, 0);
	if (put("hot/alice", "x", "1") != ERR_BAD)
		fail_msg("%s: put gives %s", what, err_name(put("hot/alice", "x", "1")));
}

static void symbolic_link_in_place_of_a_record_is_bad(void **state)
{
	char path[512], real[512];

	(void)state;
	assert_int_equal(put("hot/bob", "one", STORE_NEW), 0);
	path_of(real, "hot/bob");
	path_of(path, "hot/alice");
	assert_int_equal(symlink(real, path), 0);
	assert_bad_everywhere("symbolic link");
	assert_int_equal(put("hot/alice", "x", STORE_NEW), ERR_CONFLICT);
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
	assert_int_equal(get_code("hot/bob"), 0);
}

static void hard_link_is_bad(void **state)
{
	char path[512], other[512];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	path_of(path, "hot/alice");
	path_of(other, "copy");
	assert_int_equal(link(path, other), 0);
	assert_bad_everywhere("hard link");
	assert_int_equal(unlink(other), 0);
	assert_holds("hot/alice", "one");
}

static void foreign_owner_is_bad(void **state)
{
	char path[512];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	path_of(path, "hot/alice");
	assert_int_equal(chown(path, 1, 0), 0);
	assert_bad_everywhere("foreign owner");
}

static void mode_open_to_others_is_bad(void **state)
{
	static const mode_t modes[] = {0604, 0620, 0610, 0640, 0666, 0601};
	char path[512];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	path_of(path, "hot/alice");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_bad_everywhere("mode");
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_holds("hot/alice", "one");
}

static void wrong_size_is_bad(void **state)
{
	char path[512];

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	path_of(path, "hot/alice");
	assert_int_equal(truncate(path, SLOT_FILE - 1), 0);
	assert_bad_everywhere("size");
	assert_int_equal(truncate(path, 0), 0);
	assert_bad_everywhere("size");
}

static void directory_in_place_of_a_record_is_bad(void **state)
{
	(void)state;
	scratch_mkdir(&sc, "hot/alice");
	assert_bad_everywhere("directory");
}

static void empty_directory_in_place_of_a_record_is_removed(void **state)
{
	(void)state;
	scratch_mkdir(&sc, "hot/alice");
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_equal(get_code("hot/alice"), ERR_NONE);
}

static void directory_that_cannot_be_removed_is_no_try_again(void **state)
{
	struct err e = {0};

	(void)state;
	scratch_mkdir(&sc, "hot/alice");
	scratch_mkdir(&sc, "hot/alice/more");
	assert_int_equal(store_del(&st, "hot/alice", NULL, &e), ERR_UNSAFE);
	assert_non_null(strstr(e.text, "hot/alice: is a directory"));
	assert_non_null(strstr(e.text, "move it away"));
}

static void fifo_in_place_of_a_record_is_bad(void **state)
{
	char path[512];

	(void)state;
	path_of(path, "hot/alice");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_bad_everywhere("fifo");
}

static void socket_in_place_of_a_record_is_bad(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(snprintf(at.sun_path, sizeof(at.sun_path), "%s/hot/alice", sc.dir) > 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_bad_everywhere("socket");
	(void)close(fd);
}

static void rubbish_in_place_of_a_record_is_bad(void **state)
{
	static unsigned char rubbish[SLOT_FILE];
	char path[512];

	(void)state;
	path_of(path, "hot/alice");
	memset(rubbish, 0x11, sizeof(rubbish));
	scratch_write(path, rubbish, sizeof(rubbish), 0600);
	assert_bad_everywhere("rubbish");
	/* A whole slot whose value is not sealed. */
	assert_int_equal(slot_image(rubbish, 9, "not sealed at all, but long enough", 34), 0);
	scratch_write(path, rubbish, sizeof(rubbish), 0600);
	assert_int_equal(get_code("hot/alice"), ERR_BAD);
	assert_int_equal(store_update(&st, "hot/alice", NULL, append_x, NULL, NULL), ERR_BAD);
}

/* ---- the directories ---- */

static int open_code(const char *dir, struct err *e)
{
	const struct store_ops *ops;
	struct conf c = sc.conf;
	void *impl;
	int r;

	assert_true(snprintf(c.store_dir, sizeof(c.store_dir), "%s", dir) < (int)sizeof(c.store_dir));
	r = store_file_open(&c, &ops, &impl, e);

	if (r == 0)
		ops->close(impl);
	else
		assert_null(impl);
	return r;
}

static void directory_writable_by_others_is_unsafe(void **state)
{
	static const char *const tails[] = {"", "enroll", "hot"};
	static const mode_t modes[] = {0720, 0702, 0777, 01777};

	(void)state;
	assert_int_equal(open_code(sc.dir, NULL), 0);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		for (size_t k = 0; k < sizeof(modes) / sizeof(modes[0]); k++) {
			struct err e = {0};
			char path[512];

			path_of(path, tails[i]);
			assert_int_equal(chmod(path, modes[k]), 0);
			assert_int_equal(open_code(sc.dir, &e), ERR_UNSAFE);
			assert_non_null(strstr(e.text, sc.dir));
			assert_int_equal(chmod(path, 0700), 0);
		}
}

static void directory_of_another_owner_is_unsafe(void **state)
{
	static const char *const tails[] = {"", "enroll", "hot"};

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		char path[512];

		path_of(path, tails[i]);
		assert_int_equal(chown(path, 1, 0), 0);
		assert_int_equal(open_code(sc.dir, NULL), ERR_UNSAFE);
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

static void symbolic_link_on_the_way_is_unsafe(void **state)
{
	char link_path[512], below[600], trailing[600], hot[512], moved[512];

	(void)state;
	path_of(link_path, "link");
	assert_int_equal(symlink(sc.dir, link_path), 0);
	assert_int_equal(open_code(link_path, NULL), ERR_UNSAFE);
	(void)snprintf(trailing, sizeof(trailing), "%s/", link_path);
	assert_int_equal(open_code(trailing, NULL), ERR_UNSAFE);
	/* a parent */
	scratch_mkdir(&sc, "inner");
	(void)snprintf(below, sizeof(below), "%s/inner", link_path);
	assert_int_equal(open_code(below, NULL), ERR_UNSAFE);
	/* one of the two below */
	path_of(hot, "hot");
	path_of(moved, "inner/hot");
	assert_int_equal(rename(hot, moved), 0);
	assert_int_equal(symlink(moved, hot), 0);
	assert_int_equal(open_code(sc.dir, NULL), ERR_UNSAFE);
}

static void parent_must_be_roots_or_sticky(void **state)
{
	char parent[512], dir[512];
	struct err e = {0};

	(void)state;
	scratch_mkdir(&sc, "parent");
	scratch_mkdir(&sc, "parent/store");
	scratch_mkdir(&sc, "parent/store/enroll");
	scratch_mkdir(&sc, "parent/store/hot");
	path_of(parent, "parent");
	path_of(dir, "parent/store");
	assert_int_equal(open_code(dir, NULL), 0);
	assert_int_equal(chmod(parent, 0777), 0);
	assert_int_equal(open_code(dir, &e), ERR_UNSAFE);
	assert_non_null(strstr(e.text, parent));
	assert_int_equal(chmod(parent, 01777), 0);
	assert_int_equal(open_code(dir, NULL), 0);
	assert_int_equal(chown(parent, 1, 0), 0);
	assert_int_equal(open_code(dir, NULL), ERR_UNSAFE);
}

static int open_beside(const char *dir, const char *judged)
{
	char path[512], other[512];
	int fd;

	path_of(path, dir);
	path_of(other, judged);
	fd = safefile_open_dir_beside(path, other, NULL);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 ? 0 : fd;
}

static void only_parents_of_what_was_judged_are_not_judged_again(void **state)
{
	char path[512];

	(void)state;
	scratch_mkdir(&sc, "parent");
	scratch_mkdir(&sc, "parent/dir");
	path_of(path, "parent");
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(open_beside("parent/dir", "parent/file"), 0);
	assert_int_equal(open_beside("parent/dir", "parent/below/file"), 0);
	assert_int_equal(open_beside("parent/dir", "parent"), ERR_UNSAFE);
	assert_int_equal(open_beside("parent/dir", "paren/file"), ERR_UNSAFE);
	assert_int_equal(open_beside("parent/dir", "parents/file"), ERR_UNSAFE);
	assert_int_equal(open_beside("parent/dir", "file"), ERR_UNSAFE);
	/* The directory itself always is. */
	assert_int_equal(open_beside("parent", "parent/file"), ERR_UNSAFE);
	path_of(path, "parent/dir");
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(open_beside("parent/dir", "parent/dir/file"), ERR_UNSAFE);
}

static int read_beside(const char *file, const char *judged)
{
	char path[512], other[512], text[16];
	struct safefile_buffer buf = {.data = text, .cap = sizeof(text), .judged = other};

	path_of(path, file);
	path_of(other, judged);
	return safefile_read(path, SAFEFILE_PRIVATE, &buf, NULL);
}

static void directory_of_what_was_judged_is_not_judged_again(void **state)
{
	char path[512];

	(void)state;
	scratch_mkdir(&sc, "parent");
	scratch_mkdir(&sc, "parent/dir");
	path_of(path, "parent/dir/file");
	scratch_write(path, "x", 1, 0600);
	path_of(path, "parent/dir");
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(read_beside("parent/dir/file", "parent/dir/conf"), 0);
	assert_int_equal(read_beside("parent/dir/file", "parent/dir//conf"), ERR_UNSAFE);
	assert_int_equal(read_beside("parent/dir/file", "parent/dir/below/conf"), ERR_UNSAFE);
	assert_int_equal(read_beside("parent/dir/file", "parent/dirs/conf"), ERR_UNSAFE);
	assert_int_equal(read_beside("parent/dir/file", "parent/di/conf"), ERR_UNSAFE);
	assert_int_equal(read_beside("parent/dir/file", "parent/dir"), ERR_UNSAFE);
	assert_int_equal(read_beside("parent/dir/file", "conf"), ERR_UNSAFE);
	/* A parent of it may have been judged as one: a sticky one is good enough there. */
	assert_int_equal(chmod(path, 01777), 0);
	assert_int_equal(read_beside("parent/dir/file", "parent/dir/below/conf"), ERR_UNSAFE);
}

static void file_in_place_of_a_directory_is_unsafe(void **state)
{
	char path[512];

	(void)state;
	path_of(path, "hot");
	assert_int_equal(rmdir(path), 0);
	scratch_write(path, "x", 1, 0600);
	assert_int_equal(open_code(sc.dir, NULL), ERR_UNSAFE);
	assert_int_equal(open_code(path, NULL), ERR_UNSAFE);
}

static void lock_that_others_could_hold_is_not_taken(void **state)
{
	static const mode_t open_to_others[] = {0755, 0744, 0704, 0740, 0750};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
		assert_int_equal(chmod(sc.dir, open_to_others[i]), 0);
		assert_int_equal(store_lock(&st, &e), ERR_UNSAFE);
		assert_non_null(strstr(e.text, "chmod 0700"));
	}
	/* Who may only pass through cannot open it. */
	assert_int_equal(chmod(sc.dir, 0711), 0);
	assert_int_equal(store_lock(&st, &e), 0);
	store_unlock(&st);
}

static void relative_path_is_unsafe(void **state)
{
	(void)state;
	assert_int_equal(open_code("tmp", NULL), ERR_UNSAFE);
	assert_int_equal(open_code("", NULL), ERR_UNSAFE);
	assert_int_equal(open_code("./tmp", NULL), ERR_UNSAFE);
}

/* ---- opening with a keyring ---- */

static void store_without_keyring_and_records_is_not_initialised(void **state)
{
	struct store other;
	struct err e = {0};
	char path[512];

	(void)state;
	/* Decoys are no records. */
	assert_int_equal(put("hot/.00", "decoy", STORE_NEW), 0);
	assert_int_equal(put("enroll/.00", "decoy", STORE_NEW), 0);
	path_of(path, "keyring");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_has_records(&sc.conf, NULL), 0);
	assert_int_equal(store_open(&other, &sc.conf, &e), ERR_INIT);
	assert_null(other.ops);
	assert_null(other.keyring);
	assert_non_null(strstr(e.text, "enroll-mfa init"));
	assert_int_equal(put("enroll/alice", "one", STORE_NEW), 0);
	assert_int_equal(store_has_records(&sc.conf, NULL), 1);
	assert_int_equal(store_open(&other, &sc.conf, &e), ERR_KEYRING);
	assert_int_equal(store_del(&st, "enroll/alice", NULL, NULL), 0);
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	assert_int_equal(store_open(&other, &sc.conf, &e), ERR_KEYRING);
	assert_null(other.ops);
}

static void another_keyring_opens_nothing(void **state)
{
	struct store other;
	struct store_value v;

	(void)state;
	assert_int_equal(put("hot/alice", "one", STORE_NEW), 0);
	scratch_keyring(&sc);
	scratch_open(&sc, &other);
	assert_int_equal(store_get(&other, "hot/alice", NULL, &v, NULL), ERR_BAD);
	store_close(&other);
}

/* ---- names ---- */

static void user_is_encoded_in_the_key(void **state)
{
	char key[STORE_KEY_MAX], longest[USERKEY_NAME_MAX + 2];

	(void)state;
	assert_int_equal(store_key(key, "hot", "a@corp"), 0);
	assert_string_equal(key, "hot/a@corp");
	assert_int_equal(store_key(key, "enroll", "../x"), 0);
	assert_string_equal(key, "enroll/%2E.%2Fx");
	assert_int_equal(store_key(key, "hot", ""), ERR_SYNTAX);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(store_key(key, "hot", longest), ERR_SYNTAX);
	longest[USERKEY_NAME_MAX] = '\0';
	assert_int_equal(store_key(key, "enroll", longest), 0);
}

static void decoys_are_chosen_by_keyed_hash(void **state)
{
	char key[STORE_KEY_MAX], again[STORE_KEY_MAX], name[32];
	bool used[STORE_DECOYS] = {0};
	struct store other;
	int same = 0, distinct = 0;

	(void)state;
	scratch_keyring(&sc);
	scratch_open(&sc, &other);
	for (int i = 0; i < 3000; i++) {
		unsigned int n;

		(void)snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(store_decoy_key(&st, key, "hot", name), 0);
		assert_int_equal(sscanf(key, "hot/.%02x", &n), 1);
		assert_int_equal(strlen(key), 7);
		assert_true(n < STORE_DECOYS);
		used[n] = true;
		assert_int_equal(store_decoy_key(&st, again, "enroll", name), 0);
		assert_string_equal(key + 3, again + 6);
		assert_int_equal(store_decoy_key(&other, again, "hot", name), 0);
		same += strcmp(key, again) == 0;
	}
	store_close(&other);
	for (int i = 0; i < STORE_DECOYS; i++)
		distinct += used[i];
	assert_true(distinct > 250);
	assert_true(same < 60); /* 3,000 / 256 = 12 by chance */
}

/* ---- a full disk ---- */

/* In a child, in a mount name space of its own: 0, or 77 when not allowed. */
static int on_a_full_disk(void)
{
	struct scratch s = {0};
	struct store mine;
	struct store_value v = {.len = 3, .version = STORE_NEW};
	char path[512], block[4096] = {0};
	int fd;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", sc.dir, "tmpfs", 0, "size=256k,mode=0700") != 0)
		return 77;
	memcpy(s.dir, sc.dir, sizeof(s.dir));
	scratch_mkdir(&s, "enroll");
	scratch_mkdir(&s, "hot");
	scratch_keyring(&s);
	scratch_conf(&s, NULL);
	scratch_open(&s, &mine);
	if (store_put(&mine, "hot/alice", &v, NULL) != 0)
		return 1;
	scratch_path(&s, path, "filler");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	if (errno != ENOSPC)
		return 2;
	for (int i = 0; i < 10; i++)
		if (store_update(&mine, "hot/alice", NULL, append_x, NULL, NULL) != 0)
			return 3;
	if (store_put(&mine, "hot/bob", &v, NULL) == 0)
		return 4;
	if (store_get(&mine, "hot/bob", NULL, &v, NULL) != ERR_NONE)
		return 5;
	store_close(&mine);
	return 0;
}

static void full_disk_still_takes_an_update(void **state)
{
	pid_t pid = fork();
	int r;

	(void)state;
	if (pid == 0)
		_exit(on_a_full_disk());
	assert_true(pid > 0);
	r = scratch_wait(pid);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(new_value_is_read_back),
	    T(value_of_the_greatest_size_is_kept),
	    T(version_0_means_must_not_exist),
	    T(put_replaces_only_the_version_it_names),
	    T(put_never_makes_what_a_version_expects),
	    T(version_of_a_removed_record_is_not_met_again),
	    T(del_removes_only_the_version_it_names),
	    T(key_of_no_kind_is_refused),
	    T(new_file_is_root_only_complete_and_allocated),
	    T(no_temporary_name_is_left),
	    T(file_holds_nothing_readable),
	    T(file_moved_to_another_user_is_bad),
	    T(new_record_is_synced_before_and_after_it_is_named),
	    T(update_is_one_write_in_place_and_a_sync),
	    T(removal_is_synced),
	    T(failed_sync_is_an_unknown_outcome),
	    T(sync_after_a_failed_one_writes_the_same_slot_again),
	    T(write_behind_a_failed_sync_first_writes_the_newest_slot_again),
	    T(slot_that_the_disk_has_stays_while_syncs_fail),
	    T(write_that_reached_the_disk_is_written_once),
	    T(sync_of_a_removed_record_syncs_its_directory),
	    T(failed_write_keeps_the_old_value),
	    T(batch_shares_one_syncfs_and_hot_is_named_before_enroll),
	    T(batch_with_an_existing_key_keeps_the_rest),
	    T(batch_whose_sync_fails_names_nothing),
	    T(batch_whose_names_are_not_synced_is_an_unknown_outcome),
	    T(batch_may_be_larger_than_the_limit_of_descriptors),
	    T(list_gives_every_key_of_its_kind_without_decoys),
	    T(judge_that_refuses_writes_nothing),
	    T(update_gives_a_new_version),
	    T(second_key_is_used_only_when_the_first_does_not_exist),
	    T(second_key_does_not_stand_in_for_a_bad_one),
	    T(update_across_eight_processes_loses_nothing),
	    T(eight_processes_create_a_key_once),
	    T(eight_processes_replace_a_version_once),
	    T(update_that_waited_judges_the_record_made_meanwhile),
	    T(symbolic_link_in_place_of_a_record_is_bad),
	    T(hard_link_is_bad),
	    T(foreign_owner_is_bad),
	    T(mode_open_to_others_is_bad),
	    T(wrong_size_is_bad),
	    T(directory_in_place_of_a_record_is_bad),
	    T(empty_directory_in_place_of_a_record_is_removed),
	    T(directory_that_cannot_be_removed_is_no_try_again),
	    T(fifo_in_place_of_a_record_is_bad),
	    T(socket_in_place_of_a_record_is_bad),
	    T(rubbish_in_place_of_a_record_is_bad),
	    T(directory_writable_by_others_is_unsafe),
	    T(directory_of_another_owner_is_unsafe),
	    T(symbolic_link_on_the_way_is_unsafe),
	    T(parent_must_be_roots_or_sticky),
	    T(only_parents_of_what_was_judged_are_not_judged_again),
	    T(directory_of_what_was_judged_is_not_judged_again),
	    T(file_in_place_of_a_directory_is_unsafe),
	    T(lock_that_others_could_hold_is_not_taken),
	    T(relative_path_is_unsafe),
	    T(store_without_keyring_and_records_is_not_initialised),
	    T(another_keyring_opens_nothing),
	    T(user_is_encoded_in_the_key),
	    T(decoys_are_chosen_by_keyed_hash),
	    T(full_disk_still_takes_an_update),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
