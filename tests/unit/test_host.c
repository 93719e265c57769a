/* The state woke up on another machine: host.h, DESIGN.md 'State'. */
#include "tests/unit/scratch.h"

#include "lib/core/slot.h"

#define NOW SCRATCH_NOW

static struct scratch sc;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(crypto_init(), 0);
	scratch_dir(&sc);
	scratch_conf(&sc, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int64_t since_at(int64_t now)
{
	struct err e = {0};
	int64_t since = -1;

	if (host_since(&sc.conf, now, &since, &e) != 0)
		fail_msg("%s", e.text);
	return since;
}

static void create(int64_t since)
{
	struct err e = {0};

	if (host_create(&sc.conf, since, &e) != 0)
		fail_msg("%s", e.text);
}

static int code_at(int64_t now)
{
	int64_t since = 0;
	int r = host_since(&sc.conf, now, &since, NULL);

	/* What cannot be told denies every step there is. */
	assert_int_equal(since, r == 0 ? since : INT64_MAX);
	return r;
}

/* The record as another machine, whose id hashes to 0xab..., has left it. */
static void put_foreign(int64_t since)
{
	unsigned char bytes[42] = {0, 1}, image[SLOT_FILE];
	char path[512];

	memset(bytes + 2, 0xab, 32);
	for (int i = 0; i < 8; i++)
		bytes[34 + i] = (unsigned char)((uint64_t)since >> (56 - 8 * i));
	assert_int_equal(slot_image(image, 9, bytes, sizeof(bytes)), 0);
	scratch_path(&sc, path, "machine-id");
	scratch_write(path, image, sizeof(image), 0600);
}

static void machine_that_made_the_state_has_no_floor(void **state)
{
	(void)state;
	create(0);
	assert_int_equal(since_at(NOW), 0);
	assert_int_equal(since_at(NOW + 1000), 0);
}

static void no_record_is_not_initialised(void **state)
{
	struct err e = {0};
	int64_t since;

	(void)state;
	assert_int_equal(host_since(&sc.conf, NOW, &since, &e), ERR_INIT);
	assert_int_equal(since, INT64_MAX);
	assert_non_null(strstr(e.text, "enroll-mfa init"));
	(void)snprintf(sc.conf.state_dir, sizeof(sc.conf.state_dir), "%s/absent", sc.dir);
	assert_int_equal(code_at(NOW), ERR_INIT);
	assert_int_equal(host_create(&sc.conf, 0, NULL), ERR_NONE);
}

static void changed_machine_is_noted_once_and_kept(void **state)
{
	(void)state;
	put_foreign(0);
	assert_int_equal(since_at(NOW), NOW);
	assert_int_equal(since_at(NOW + 1), NOW);
	assert_int_equal(since_at(NOW + 86400 * 400), NOW);
}

static void first_sight_in_the_future_is_settled_to_now(void **state)
{
	(void)state;
	put_foreign(0);
	assert_int_equal(since_at(NOW + 5000), NOW + 5000);
	/* The clock was wrong then; nobody is shut out until that time comes. */
	assert_int_equal(since_at(NOW), NOW);
	assert_int_equal(since_at(NOW + 5000), NOW);
}

static void foreign_first_sight_is_replaced_by_ours(void **state)
{
	(void)state;
	put_foreign(NOW - 86400);
	assert_int_equal(since_at(NOW), NOW);
	put_foreign(NOW + 86400);
	assert_int_equal(since_at(NOW), NOW);
}

static void create_keeps_a_good_record(void **state)
{
	(void)state;
	put_foreign(0);
	create(0);
	/* An init on the clone does not take the floor away. */
	assert_int_equal(since_at(NOW), NOW);
	create(NOW + 7);
	assert_int_equal(since_at(NOW + 9), NOW);
}

static void create_mends_a_bad_record_with_the_floor_it_is_given(void **state)
{
	char path[512];

	(void)state;
	scratch_path(&sc, path, "machine-id");
	scratch_write(path, "torn", 4, 0600);
	assert_int_equal(code_at(NOW), ERR_BAD);
	create(NOW - 3);
	assert_int_equal(since_at(NOW), NOW - 3);
}

static void create_gives_a_root_only_file_of_two_slots(void **state)
{
	mode_t before = umask(0);
	struct stat about;
	char path[512];

	(void)state;
	create(0);
	(void)umask(before);
	scratch_path(&sc, path, "machine-id");
	assert_int_equal(lstat(path, &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0600);
	assert_int_equal(about.st_size, SLOT_FILE);
}

static void record_that_cannot_be_trusted_denies(void **state)
{
	unsigned char image[SLOT_FILE], bytes[43] = {0, 2};
	char path[512], other[512];

	(void)state;
	scratch_path(&sc, path, "machine-id");
	scratch_path(&sc, other, "other");
	create(0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(code_at(NOW), ERR_UNSAFE);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(code_at(NOW), ERR_UNSAFE);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(code_at(NOW), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(code_at(NOW), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	/* another format, a byte too many, one too few, a time before 1970 */
	for (size_t n = 41; n <= 43; n++) {
		bytes[1] = n == 42 ? 2 : 1;
		assert_int_equal(slot_image(image, 9, bytes, n), 0);
		scratch_write(path, image, sizeof(image), 0600);
		assert_int_equal(code_at(NOW), ERR_BAD);
	}
	put_foreign(-1);
	assert_int_equal(code_at(NOW), ERR_BAD);
}

static void state_directory_open_to_others_denies(void **state)
{
	(void)state;
	create(0);
	assert_int_equal(chmod(sc.dir, 0777), 0);
	assert_int_equal(code_at(NOW), ERR_UNSAFE);
	assert_int_equal(chmod(sc.dir, 0700), 0);
}

static void concurrent_first_sights_agree(void **state)
{
	int64_t first;
	pid_t pids[8];

	(void)state;
	put_foreign(0);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int64_t since = 0;

			/* The clock of the machine is one for all of them, give or take. */
			if (host_since(&sc.conf, NOW + 8, &since, NULL) != 0)
				_exit(99);
			_exit(since == NOW + 8 ? 0 : 1);
		}
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(scratch_wait(pids[i]), 0);
	first = since_at(NOW + 20);
	assert_int_equal(first, NOW + 8);
}

/* The real thing: another /etc/machine-id below a root of our own. */
static void set_machine_id(const char *text)
{
	if (text == NULL)
		(void)unlink("/etc/machine-id");
	else
		scratch_write("/etc/machine-id", text, strlen(text), 0444);
}

static int under_another_root(void)
{
	int64_t since = -1;

	scratch_mkdir(&sc, "etc");
	scratch_mkdir(&sc, "state");
	if (chroot(sc.dir) != 0 || chdir("/") != 0)
		return 77;
	memcpy(sc.conf.state_dir, "/state", sizeof("/state"));
	set_machine_id("0123456789abcdef0123456789abcdef\n");
	if (host_create(&sc.conf, 0, NULL) != 0)
		return 1;
	if (host_since(&sc.conf, NOW, &since, NULL) != 0 || since != 0)
		return 2;
	set_machine_id("fedcba9876543210fedcba9876543210\n");
	if (host_since(&sc.conf, NOW, &since, NULL) != 0 || since != NOW)
		return 3;
	/* Back on the first one: it does not know what was spent meanwhile. */
	set_machine_id("0123456789abcdef0123456789abcdef\n");
	if (host_since(&sc.conf, NOW + 60, &since, NULL) != 0 || since != NOW + 60)
		return 4;
	/* None at all is an identity of its own, and a stable one. */
	set_machine_id(NULL);
	if (host_since(&sc.conf, NOW + 90, &since, NULL) != 0 || since != NOW + 90)
		return 5;
	if (host_since(&sc.conf, NOW + 99, &since, NULL) != 0 || since != NOW + 90)
		return 6;
	return 0;
}

static void changed_machine_id_file_is_noticed(void **state)
{
	pid_t pid = fork();
	int r;

	(void)state;
	if (pid == 0)
		_exit(under_another_root());
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
	    T(machine_that_made_the_state_has_no_floor),
	    T(no_record_is_not_initialised),
	    T(changed_machine_is_noted_once_and_kept),
	    T(first_sight_in_the_future_is_settled_to_now),
	    T(foreign_first_sight_is_replaced_by_ours),
	    T(create_keeps_a_good_record),
	    T(create_mends_a_bad_record_with_the_floor_it_is_given),
	    T(create_gives_a_root_only_file_of_two_slots),
	    T(record_that_cannot_be_trusted_denies),
	    T(state_directory_open_to_others_denies),
	    T(concurrent_first_sights_agree),
	    T(changed_machine_id_file_is_noticed),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
