/* Two slots in a permanent file, and its lock: slot.h. */
#include "tests/unit/scratch.h"

#include "lib/core/slot.h"

#include <signal.h>
#include <time.h>

#define SECTOR 512
#define BEFORE_MARK (SLOT_BLOCK - 8) /* the last 8 bytes speak of the other slot */

static struct scratch sc;
static int fd = -1;

static int set_up(void **state)
{
	char path[512];

	(void)state;
	assert_int_equal(crypto_init(), 0);
	scratch_dir(&sc);
	scratch_path(&sc, path, "slots");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(fd);
	scratch_remove(&sc);
	return 0;
}

static void put_file(const unsigned char file[SLOT_FILE])
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, file, SLOT_FILE, 0), SLOT_FILE);
}

static void get_file(unsigned char file[SLOT_FILE])
{
	assert_int_equal(pread(fd, file, SLOT_FILE, 0), SLOT_FILE);
}

static void new_file(uint64_t sequence, const void *value, size_t len)
{
	unsigned char file[SLOT_FILE];

	assert_int_equal(slot_image(file, sequence, value, len), 0);
	put_file(file);
}

/* Reads, checks the value, and leaves it in s. */
static void assert_value(struct slot *s, const void *value, size_t len)
{
	struct err e = {0};

	s->name = "slots";
	if (slot_read(fd, s, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(s->len, len);
	assert_memory_equal(s->value, value, len);
}

static void write_value(const void *value, size_t len)
{
	struct slot s = {.name = "slots"};

	assert_int_equal(slot_read(fd, &s, NULL), 0);
	assert_int_equal(slot_write(fd, &s, value, len, NULL), 0);
}

static void assert_bad(void)
{
	struct slot s = {.name = "slots"};
	struct err e = {0};

	assert_int_equal(slot_read(fd, &s, &e), ERR_BAD);
	assert_non_null(strstr(e.text, "slots"));
}

static void new_file_holds_its_value(void **state)
{
	struct slot s;

	(void)state;
	new_file(7, "first", 5);
	assert_value(&s, "first", 5);
	assert_int_equal(s.sequence, 7);
	assert_int_equal(s.index, 0);
}

static void each_write_goes_to_the_slot_that_is_not_the_newest(void **state)
{
	struct slot s;

	(void)state;
	new_file(7, "first", 5);
	for (uint64_t i = 1; i <= 10; i++) {
		unsigned char before[SLOT_FILE], after[SLOT_FILE];
		char text[16];
		int n = snprintf(text, sizeof(text), "value %u", (unsigned)i);
		size_t kept = i % 2 == 1 ? 0 : SLOT_BLOCK;

		get_file(before);
		write_value(text, (size_t)n);
		get_file(after);
		assert_memory_equal(before + kept, after + kept, BEFORE_MARK);
		assert_value(&s, text, (size_t)n);
		assert_int_equal(s.sequence, 7 + i);
		assert_int_equal(s.index, i % 2);
	}
}

static void write_keeps_the_size_and_the_blocks_of_the_file(void **state)
{
	struct stat before, after;

	(void)state;
	new_file(1, "a", 1);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(fstat(fd, &before), 0);
	for (int i = 0; i < 5; i++)
		write_value("bbbb", 4);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_size, SLOT_FILE);
	assert_int_equal(after.st_blocks, before.st_blocks);
	assert_int_equal(after.st_ino, before.st_ino);
}

static void value_of_any_size_up_to_the_maximum_is_kept(void **state)
{
	unsigned char value[SLOT_VALUE_MAX + 1], file[SLOT_FILE];
	static const size_t sizes[] = {0, 1, 511, 512, 3999, SLOT_VALUE_MAX};
	struct slot s;

	(void)state;
	memset(value, 0xa5, sizeof(value));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		new_file(1, "x", 1);
		write_value(value, sizes[i]);
		assert_value(&s, value, sizes[i]);
	}
	assert_int_equal(slot_write(fd, &s, value, sizeof(value), NULL), ERR_UNAVAIL);
	assert_value(&s, value, SLOT_VALUE_MAX);
	assert_int_not_equal(slot_image(file, 1, value, sizeof(value)), 0);
}

/* A power cut tears a write at sector boundaries: any subset of the new
 * sectors may have reached the disk. */
static void torn_write_at_every_sector_opens_to_old_or_new(void **state)
{
	unsigned char old_value[3900], new_value[3900];

	(void)state;
	memset(old_value, 'o', sizeof(old_value));
	memset(new_value, 'n', sizeof(new_value));
	for (int block = 0; block < 2; block++) {
		unsigned char before[SLOT_FILE], after[SLOT_FILE], torn[SLOT_FILE];

		new_file(5, "older", 5);
		if (block == 1)
			write_value("older still", 11);
		write_value(old_value, sizeof(old_value));
		get_file(before);
		write_value(new_value, sizeof(new_value));
		get_file(after);
		for (int mask = 0; mask < 256; mask++) {
			struct slot s = {.name = "slots"};
			bool whole;

			memcpy(torn, before, sizeof(torn));
			for (int k = 0; k < SLOT_FILE / SECTOR; k++)
				if ((mask >> (k % 8) & 1) != 0)
					memcpy(torn + k * SECTOR, after + k * SECTOR, SECTOR);
			put_file(torn);
			assert_int_equal(slot_read(fd, &s, NULL), 0);
			assert_int_equal(s.len, sizeof(old_value));
			whole = memcmp(s.value, new_value, s.len) == 0;
			assert_true(whole || memcmp(s.value, old_value, s.len) == 0);
			assert_true(mask != 0 || !whole);
			assert_true(mask != 255 || whole);
		}
	}
}

static void value_is_marked_as_durable_when_it_is_new_or_written(void **state)
{
	struct slot s;

	(void)state;
	new_file(7, "first", 5);
	assert_value(&s, "first", 5);
	assert_true(s.durable);
	for (int i = 0; i < 4; i++) {
		write_value("next", 4);
		assert_value(&s, "next", 4);
		assert_true(s.durable);
	}
}

static void set_mark(int block, unsigned char byte)
{
	unsigned char mark[8];

	memset(mark, byte, sizeof(mark));
	assert_int_equal(pwrite(fd, mark, 8, (off_t)block * SLOT_BLOCK + BEFORE_MARK), 8);
}

/* The file of an earlier version has zeros there. */
static void lost_or_foreign_mark_costs_one_write_and_nothing_else(void **state)
{
	static const unsigned char bytes[] = {0, 1, 0xff};
	struct slot s;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		new_file(7, "first", 5);
		write_value("second", 6);
		set_mark(0, bytes[i]);
		set_mark(1, bytes[i]);
		assert_value(&s, "second", 6);
		assert_int_equal(s.sequence, 8);
		assert_false(s.durable);
		assert_int_equal(slot_settle(fd, &s, NULL), 0);
		assert_value(&s, "second", 6);
		assert_int_equal(s.sequence, 8);
		assert_true(s.durable);
		write_value("third", 5);
		assert_value(&s, "third", 5);
		assert_int_equal(s.sequence, 9);
	}
}

/* The sequence may come again, after a disk lost a value; its bytes do not. */
static void mark_of_another_value_of_the_same_sequence_is_no_mark(void **state)
{
	unsigned char file[SLOT_FILE], other[SLOT_FILE];
	struct slot s;

	(void)state;
	assert_int_equal(slot_image(file, 7, "lost", 4), 0);
	assert_int_equal(slot_image(other, 7, "here", 4), 0);
	memcpy(file, other, SLOT_BLOCK);
	put_file(file);
	assert_value(&s, "here", 4);
	assert_false(s.durable);
}

static void rubbish_in_any_sector_of_one_slot_opens_to_the_other(void **state)
{
	unsigned char older[3960], newer[3960];

	(void)state;
	memset(older, 'o', sizeof(older));
	memset(newer, 'n', sizeof(newer));
	for (int k = 0; k < SLOT_FILE / SECTOR; k++) {
		unsigned char file[SLOT_FILE];
		struct slot s;

		new_file(5, older, sizeof(older));
		write_value(newer, sizeof(newer));
		get_file(file);
		for (int i = 0; i < SECTOR; i++)
			file[k * SECTOR + i] ^= 0xff;
		put_file(file);
		if (k < SLOT_BLOCK / SECTOR)
			assert_value(&s, newer, sizeof(newer));
		else
			assert_value(&s, older, sizeof(older));
		/* and the next write mends it, under a sequence beyond both */
		write_value("mended", 6);
		assert_value(&s, "mended", 6);
		get_file(file);
		write_value("again", 5);
		assert_value(&s, "again", 5);
	}
}

static void every_flipped_byte_of_a_slot_is_noticed(void **state)
{
	unsigned char file[SLOT_FILE];
	size_t used = 24 + 100;
	char value[100];

	(void)state;
	memset(value, 'v', sizeof(value));
	assert_int_equal(slot_image(file, 5, value, sizeof(value)), 0);
	for (size_t i = 0; i < used; i++) {
		file[i] ^= 1;
		put_file(file);
		assert_bad();
		file[i] ^= 1;
	}
}

static void both_slots_bad_is_bad(void **state)
{
	unsigned char file[SLOT_FILE] = {0};

	(void)state;
	put_file(file);
	assert_bad();
	memset(file, 0xff, sizeof(file));
	put_file(file);
	assert_bad();
	new_file(5, "a", 1);
	write_value("b", 1);
	get_file(file);
	file[24] ^= 1;
	file[SLOT_BLOCK + 24] ^= 1;
	put_file(file);
	assert_bad();
}

static void file_of_another_size_is_bad(void **state)
{
	static const off_t sizes[] = {0, 1, SLOT_BLOCK, SLOT_FILE - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		new_file(5, "a", 1);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_bad();
	}
}

static void greater_sequence_is_the_value(void **state)
{
	unsigned char one[SLOT_FILE], two[SLOT_FILE], file[SLOT_FILE];
	static const uint64_t pairs[][2] = {{1, 2}, {255, 256}, {0xffffffff, 0x100000000},
	    {UINT64_MAX - 1, UINT64_MAX}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (int swap = 0; swap < 2; swap++) {
			struct slot s;

			assert_int_equal(slot_image(one, pairs[i][0], "less", 4), 0);
			assert_int_equal(slot_image(two, pairs[i][1], "more", 4), 0);
			memcpy(file, swap ? two : one, SLOT_BLOCK);
			memcpy(file + SLOT_BLOCK, swap ? one : two, SLOT_BLOCK);
			put_file(file);
			assert_value(&s, "more", 4);
			assert_int_equal(s.index, swap ? 0 : 1);
		}
}

static void last_sequence_is_never_passed(void **state)
{
	struct slot s;

	(void)state;
	new_file(UINT64_MAX, "end", 3);
	assert_value(&s, "end", 3);
	assert_int_not_equal(slot_write(fd, &s, "x", 1, NULL), 0);
	assert_value(&s, "end", 3);
}

static void read_only_descriptor_writes_nothing(void **state)
{
	char path[512];
	struct slot s;
	int ro;

	(void)state;
	new_file(5, "kept", 4);
	assert_value(&s, "kept", 4);
	scratch_path(&sc, path, "slots");
	ro = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(ro >= 0);
	assert_int_not_equal(slot_write(ro, &s, "lost", 4, NULL), 0);
	(void)close(ro);
	assert_value(&s, "kept", 4);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A child that holds the lock until it is killed or told to go (by its pipe). */
static pid_t holder(int *go)
{
	char path[512], ready;
	int told[2], tell[2];
	pid_t pid;

	scratch_path(&sc, path, "slots");
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(tell), 0);
	pid = fork();
	if (pid == 0) {
		int mine = open(path, O_RDWR | O_CLOEXEC);

		(void)close(told[1]);
		if (mine < 0 || slot_lock(mine, 0, "slots", NULL) != 0 ||
		    write(tell[1], "r", 1) != 1)
			_exit(1);
		(void)!read(told[0], &ready, 1); /* end of file: go */
		slot_unlock(mine);
		_exit(0);
	}
	assert_true(pid > 0);
	(void)close(told[0]);
	(void)close(tell[1]);
	assert_int_equal(read(tell[0], &ready, 1), 1);
	(void)close(tell[0]);
	*go = told[1];
	return pid;
}

static void lock_of_another_process_is_waited_for_then_unavailable(void **state)
{
	struct err e = {0};
	int64_t start, took;
	pid_t pid;
	int go;

	(void)state;
	new_file(1, "a", 1);
	pid = holder(&go);
	start = now_ms();
	assert_int_equal(slot_lock(fd, 300, "slots", &e), ERR_UNAVAIL);
	took = now_ms() - start;
	assert_in_range(took, 300, 900);
	assert_non_null(strstr(e.text, "slots"));
	(void)close(go);
	assert_int_equal(scratch_wait(pid), 0);
	assert_int_equal(slot_lock(fd, 0, "slots", NULL), 0);
	slot_unlock(fd);
}

static void lock_freed_within_the_wait_is_taken(void **state)
{
	pid_t pid;
	int go;

	(void)state;
	new_file(1, "a", 1);
	pid = holder(&go);
	(void)close(go);
	assert_int_equal(slot_lock(fd, 2000, "slots", NULL), 0);
	slot_unlock(fd);
	assert_int_equal(scratch_wait(pid), 0);
}

static void lock_of_a_killed_holder_is_free(void **state)
{
	int status, go;
	pid_t pid;

	(void)state;
	new_file(1, "a", 1);
	pid = holder(&go);
	assert_int_equal(slot_lock(fd, 0, "slots", NULL), ERR_UNAVAIL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(slot_lock(fd, 0, "slots", NULL), 0);
	slot_unlock(fd);
	(void)close(go);
}

/* An open-file-description lock: two descriptors of one process exclude each
 * other, and closing one does not free the other's. */
static void lock_is_of_the_description_not_of_the_process(void **state)
{
	char path[512];
	int other;

	(void)state;
	new_file(1, "a", 1);
	scratch_path(&sc, path, "slots");
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(slot_lock(fd, 0, "slots", NULL), 0);
	assert_int_equal(slot_lock(other, 0, "slots", NULL), ERR_UNAVAIL);
	(void)close(open(path, O_RDWR | O_CLOEXEC));
	assert_int_equal(slot_lock(other, 0, "slots", NULL), ERR_UNAVAIL);
	slot_unlock(fd);
	assert_int_equal(slot_lock(other, 0, "slots", NULL), 0);
	slot_unlock(other);
	(void)close(other);
}

/* A forked child keeps the description open; unlocking must not wait for it. */
static void unlock_frees_it_though_a_child_shares_the_description(void **state)
{
	char path[512], byte;
	int pipes[2], other;
	pid_t pid;

	(void)state;
	new_file(1, "a", 1);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(slot_lock(fd, 0, "slots", NULL), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(pipes[1]);
		(void)!read(pipes[0], &byte, 1);
		_exit(0);
	}
	assert_true(pid > 0);
	slot_unlock(fd);
	scratch_path(&sc, path, "slots");
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(slot_lock(other, 0, "slots", NULL), 0);
	slot_unlock(other);
	(void)close(other);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	assert_int_equal(scratch_wait(pid), 0);
}

static void lock_needs_a_writable_descriptor(void **state)
{
	char path[512];
	int ro;

	(void)state;
	new_file(1, "a", 1);
	scratch_path(&sc, path, "slots");
	ro = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(ro >= 0);
	assert_int_equal(slot_lock(ro, 0, "slots", NULL), ERR_UNAVAIL);
	(void)close(ro);
}

/* A reader takes no lock; against a writer it always sees a whole value. */
static void reader_beside_a_writer_sees_whole_values(void **state)
{
	uint64_t last = 0;
	char path[512];
	pid_t pid, done;
	int status;

	(void)state;
	new_file(1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32);
	scratch_path(&sc, path, "slots");
	pid = fork();
	if (pid == 0) {
		int mine = open(path, O_RDWR | O_CLOEXEC);
		struct slot s = {.name = "slots"};
		char value[3000];

		for (int i = 0; i < 150; i++) {
			memset(value, 'a' + i % 26, sizeof(value));
			if (slot_read(mine, &s, NULL) != 0 ||
			    slot_write(mine, &s, value, (size_t)(32 + i * 19), NULL) != 0)
				_exit(1);
		}
		_exit(0);
	}
	assert_true(pid > 0);
	do {
		struct slot s = {.name = "slots"};

		done = waitpid(pid, &status, WNOHANG);
		assert_int_equal(slot_read(fd, &s, NULL), 0);
		assert_true(s.sequence >= last);
		last = s.sequence;
		for (size_t i = 1; i < s.len; i++)
			assert_int_equal(s.value[i], s.value[0]);
	} while (done == 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(last, 151);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(new_file_holds_its_value),
	    T(each_write_goes_to_the_slot_that_is_not_the_newest),
	    T(write_keeps_the_size_and_the_blocks_of_the_file),
	    T(value_of_any_size_up_to_the_maximum_is_kept),
	    T(torn_write_at_every_sector_opens_to_old_or_new),
	    T(value_is_marked_as_durable_when_it_is_new_or_written),
	    T(lost_or_foreign_mark_costs_one_write_and_nothing_else),
	    T(mark_of_another_value_of_the_same_sequence_is_no_mark),
	    T(rubbish_in_any_sector_of_one_slot_opens_to_the_other),
	    T(every_flipped_byte_of_a_slot_is_noticed),
	    T(both_slots_bad_is_bad),
	    T(file_of_another_size_is_bad),
	    T(greater_sequence_is_the_value),
	    T(last_sequence_is_never_passed),
	    T(read_only_descriptor_writes_nothing),
	    T(lock_of_another_process_is_waited_for_then_unavailable),
	    T(lock_freed_within_the_wait_is_taken),
	    T(lock_of_a_killed_holder_is_free),
	    T(lock_is_of_the_description_not_of_the_process),
	    T(unlock_frees_it_though_a_child_shares_the_description),
	    T(lock_needs_a_writable_descriptor),
	    T(reader_beside_a_writer_sees_whole_values),
	};

	return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
