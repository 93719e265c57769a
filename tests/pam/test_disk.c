/* The state on a disk of its own that is full, cannot be written, or does not sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ph_user alice;
static bool own_mounts; /* a mount namespace that goes with this process */
static bool mounted;

/* 8 MiB in memory; only this process sees it. */
static void mount_state(void)
{
	ph_make_bare(NULL);
	assert_int_equal(mkdir(ph_path("state"), 0700), 0);
	mounted = own_mounts && mount("tmpfs", ph_path("state"), "tmpfs", MS_NOSUID | MS_NODEV,
	    "size=8m,mode=0700") == 0;
}

static int set_up(void **state)
{
	(void)state;
	mount_state();
	if (!mounted)
		return 0;
	ph_init();
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (mounted)
		(void)umount2(ph_path("state"), MNT_DETACH);
	mounted = false;
	ph_remove();
	return 0;
}

static void need_mount(void)
{
	if (!mounted)
		skip();
}

static void fill_disk(void)
{
	static const char block[4096] = "full";
	int fd = open(ph_path("state/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	assert_int_equal(errno, ENOSPC);
	(void)close(fd);
}

static void full_disk_still_logs_in_and_still_counts(void **state)
{
	struct record_hot hot;

	(void)state;
	need_mount();
	fill_disk();
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=replay *"));
	assert_int_equal(ph_try(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=wrong *"));
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.missed.count, 1);
	assert_int_equal(ph_try(ph_stranger("alice"), alice.recovery[0]), PAM_SUCCESS);
}

static void read_only_disk_denies(void **state)
{
	struct ph_login l = ph_stranger("alice");

	(void)state;
	need_mount();
	assert_int_equal(mount("tmpfs", ph_path("state"), "tmpfs",
	    MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), 0);
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	ph_end(&l);
	assert_string_equal(l.said, "on: Verification code: \nerror: Refused: wrong code.\n");
	assert_true(ph_logged("user=alice verdict=unavailable reason=denied "
	    "source=203.0.113.7 service=bastion * ms=# detail=\"*: Read-only file system\""));
}

/* Nobody knows what the disk has: the code may be good there still. */
static void login_whose_sync_fails_is_refused(void **state)
{
	static const int numbers[] = {EIO, ENOSPC, EDQUOT, EROFS};

	(void)state;
	need_mount();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const int before = ph_syncs;

		ph_sync_fails = numbers[i];
		assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
		assert_int_equal(ph_syncs, before + 1);
		assert_true(ph_logged("user=alice verdict=unavailable reason=unknown_outcome *"));
		assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
		assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
		ph_later(3 * PH_PERIOD);
	}
	ph_sync_fails = EIO;
	assert_int_equal(ph_try(ph_stranger("alice"), alice.recovery[0]), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=unavailable reason=unknown_outcome *"));
}

static void login_whose_sync_is_interrupted_syncs_again(void **state)
{
	const int before = ph_syncs;

	(void)state;
	need_mount();
	ph_sync_fails = EINTR;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	assert_int_equal(ph_syncs, before + 2);
}

static void state_that_is_not_mounted_denies(void **state)
{
	(void)state;
	need_mount();
	assert_int_equal(umount2(ph_path("state"), MNT_DETACH), 0);
	mounted = false;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=error reason=not_initialised *"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(full_disk_still_logs_in_and_still_counts),
	    TEST(read_only_disk_denies),
	    TEST(login_whose_sync_fails_is_refused),
	    TEST(login_whose_sync_is_interrupted_syncs_again),
	    TEST(state_that_is_not_mounted_denies),
	};

	/* Without a mount namespace of its own it mounts nothing: skipped. */
	own_mounts = unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
	if (!own_mounts)
		(void)fprintf(stderr, "no mount namespace: %s\n", strerror(errno));
	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
