/*
 * What cannot be read, trusted or written refuses a right code, with the same
 * prompt and words as a wrong one, and says in the log what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"

#include "lib/core/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define HOT "state/hot/alice"
#define ENROLL "state/enroll/alice"
#define WHERE "source=203.0.113.7 service=bastion "
#define BAD "user=alice verdict=error reason=record_bad " WHERE "store=file ms=# detail=\"*\""
#define MISSING "user=alice verdict=error reason=state_missing " WHERE "store=file ms=#*"

static struct ph_user alice;

static int set_up(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

/* For tests that spoil the machine, not only alice. */
static int tear_down(void **state)
{
	(void)state;
	ph_remove();
	return 0;
}

/* The right code is refused like a wrong one; one line, a trouble. */
static void assert_refused(const char *pattern)
{
	struct ph_login l = ph_stranger("alice");

	ph_forget();
	ph_answer(&l, PH_TYPE, ph_code(&alice, 0));
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	assert_int_equal(pam_acct_mgmt(l.pamh, 0), PAM_PERM_DENIED);
	ph_end(&l);
	assert_string_equal(l.said, "on: Verification code: \nerror: Refused: wrong code.\n");
	assert_int_equal(ph_lines, 2);
	ph_lines = 1; /* the other one is account's */
	assert_true(ph_logged(pattern));
	assert_int_equal(ph_log[0].priority, LOG_ERR);
}

static void assert_lets_in(void)
{
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void spoil_file(const char *path, off_t at, size_t n)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char c;

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(pread(fd, &c, 1, at + (off_t)i), 1);
		c ^= 0x55;
		assert_int_equal(pwrite(fd, &c, 1, at + (off_t)i), 1);
	}
	(void)close(fd);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Which slot of the file is the newest. */
static int newest_slot(const char *path)
{
	struct slot s = {.name = path};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(slot_read(fd, &s, NULL), 0);
	(void)close(fd);
	return s.index;
}

static void empty_record_denies(void **state)
{
	(void)state;
	assert_int_equal(truncate(ph_path(HOT), 0), 0);
	assert_refused(BAD);
}

static void short_record_denies(void **state)
{
	(void)state;
	assert_int_equal(truncate(ph_path(ENROLL), SLOT_BLOCK), 0);
	assert_refused(BAD);
}

static void directory_instead_of_a_record_denies(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path(HOT)), 0);
	assert_int_equal(mkdir(ph_path(HOT), 0700), 0);
	assert_refused(BAD);
}

static void fifo_instead_of_a_record_denies_at_once(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path(ENROLL)), 0);
	assert_int_equal(mkfifo(ph_path(ENROLL), 0600), 0);
	assert_refused(BAD);
}

static void record_of_another_owner_denies(void **state)
{
	(void)state;
	assert_int_equal(chown(ph_path(HOT), 1, 0), 0);
	assert_refused(BAD);
	assert_int_equal(chown(ph_path(HOT), 0, 0), 0);
	assert_int_equal(chown(ph_path(ENROLL), 20001, 0), 0);
	assert_refused(BAD);
	assert_int_equal(chown(ph_path(ENROLL), 0, 0), 0);
	assert_lets_in();
}

static void record_that_others_may_read_denies(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path(HOT), 0640), 0);
	assert_refused(BAD);
	assert_int_equal(chmod(ph_path(HOT), 0600), 0);
	assert_int_equal(chmod(ph_path(ENROLL), 0604), 0);
	assert_refused(BAD);
	assert_int_equal(chmod(ph_path(ENROLL), 0600), 0);
	assert_lets_in();
}

static void symbolic_link_instead_of_a_record_denies(void **state)
{
	(void)state;
	assert_int_equal(rename(ph_path(HOT), ph_path("state/hot/real")), 0);
	assert_int_equal(symlink("real", ph_path(HOT)), 0);
	assert_refused(BAD);
}

static void hard_link_to_a_record_denies(void **state)
{
	(void)state;
	assert_int_equal(link(ph_path(ENROLL), ph_path("state/enroll/copy")), 0);
	assert_refused(BAD);
	assert_int_equal(unlink(ph_path("state/enroll/copy")), 0);
	assert_lets_in();
}

static void torn_slot_still_works_from_the_other(void **state)
{
	int newest = newest_slot(ph_path(HOT));

	(void)state;
	/* As a kill in the middle of a write leaves it: the write was to the
	 * slot that is not the newest. */
	spoil_file(ph_path(HOT), (1 - newest) * SLOT_BLOCK, SLOT_BLOCK / 2);
	assert_lets_in();
	assert_int_equal(newest_slot(ph_path(HOT)), 1 - newest);
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=replay *"));
}

static void torn_newest_slot_works_from_the_one_before(void **state)
{
	(void)state;
	assert_int_equal(ph_try(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	spoil_file(ph_path(HOT), newest_slot(ph_path(HOT)) * SLOT_BLOCK + 100, 1);
	assert_lets_in();
}

static void both_slots_bad_denies(void **state)
{
	(void)state;
	spoil_file(ph_path(HOT), 100, 1);
	spoil_file(ph_path(HOT), SLOT_BLOCK + 100, 1);
	assert_refused(BAD);
}

static void bad_enrolment_denies_and_writes_nothing(void **state)
{
	struct record_hot before, after;

	(void)state;
	spoil_file(ph_path(ENROLL), 100, 1);
	spoil_file(ph_path(ENROLL), SLOT_BLOCK + 100, 1);
	ph_read_hot("alice", &before);
	assert_refused(BAD);
	ph_read_hot("alice", &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void record_of_another_user_does_not_open(void **state)
{
	struct ph_user mallory;

	(void)state;
	ph_enroll(&mallory, "mallory", 20002);
	assert_int_equal(rename(ph_path("state/enroll/mallory"), ph_path(ENROLL)), 0);
	assert_int_equal(rename(ph_path("state/hot/mallory"), ph_path(HOT)), 0);
	alice.device = mallory.device;
	assert_refused(BAD);
}

static void unknown_format_denies(void **state)
{
	struct record_enroll enroll;

	(void)state;
	ph_read_enroll("alice", &enroll);
	enroll.format = RECORD_FORMAT + 1;
	ph_change_enroll("alice", &enroll);
	assert_refused(BAD);
}

static void replaced_keyring_denies(void **state)
{
	char line[128];

	(void)state;
	assert_int_equal(keyring_new_line(line, sizeof(line), NULL), 0);
	write_file(ph_path("etc/keyring"), line, 0600);
	assert_refused(BAD);
}

static void other_bytes_under_the_same_key_id_deny(void **state)
{
	char line[128], new[128];
	FILE *f = fopen(ph_path("etc/keyring"), "re");

	(void)state;
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(keyring_new_line(new, sizeof(new), NULL), 0);
	assert_non_null(strchr(line, ' '));
	memcpy(new, line, (size_t)(strchr(line, ' ') - line));
	write_file(ph_path("etc/keyring"), new, 0600);
	assert_refused(BAD);
}

static void lost_keyring_denies(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path("etc/keyring")), 0);
	assert_refused("user=alice verdict=error reason=keyring " WHERE
	    "ms=# detail=\"*/etc/keyring: does not exist, but */state holds records; *\"");
}

static void unsafe_or_broken_keyring_denies(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path("etc/keyring"), 0644), 0);
	assert_refused("user=alice verdict=error reason=unsafe " WHERE "ms=# detail=\"*\"");
	write_file(ph_path("etc/keyring"), "k1 c2hvcnQ=\n", 0600);
	assert_refused("user=alice verdict=error reason=keyring " WHERE
	    "ms=# detail=\"*/etc/keyring:1: is not *\"");
	write_file(ph_path("etc/keyring"), "", 0600);
	assert_refused("user=alice verdict=error reason=keyring *");
}

static void before_init_everything_is_refused(void **state)
{
	(void)state;
	ph_make_bare(NULL);
	ph_account("alice", 20001);
	assert_refused("user=alice verdict=error reason=not_initialised " WHERE
	    "ms=# detail=\"*\"");
}

static void half_an_init_refuses(void **state)
{
	char path[PH_PATH + 64];

	(void)state;
	/* A decoy pair is read with every name; without it the answer would
	 * take another way for unknown names. */
	ph_make(NULL);
	ph_account("alice", 20001);
	for (int i = 0; i < STORE_DECOYS; i++) {
		(void)snprintf(path, sizeof(path), "%s/.%02x", ph_path("state/hot"), i);
		assert_int_equal(unlink(path), 0);
	}
	assert_refused("user=alice verdict=error reason=not_initialised *");
}

static void lost_machine_note_refuses(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path("state/machine-id")), 0);
	assert_refused("user=alice verdict=error reason=not_initialised *");
}

static void missing_hot_denies(void **state)
{
	(void)state;
	assert_int_equal(unlink(ph_path(HOT)), 0);
	assert_refused(MISSING);
}

static void hot_without_enroll_denies_and_counts(void **state)
{
	struct record_hot hot;

	(void)state;
	assert_lets_in();
	ph_later(PH_PERIOD);
	assert_int_equal(unlink(ph_path(ENROLL)), 0);
	assert_refused(MISSING);
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.missed.count, 1);
}

static void hot_of_another_enrolment_denies(void **state)
{
	struct record_hot hot;

	(void)state;
	ph_read_hot("alice", &hot);
	hot.entry[0].id ^= 1;
	ph_change_hot("alice", &hot);
	assert_refused(MISSING);
}

static void account_given_to_another_uid_denies(void **state)
{
	(void)state;
	assert_lets_in();
	ph_later(PH_PERIOD);
	ph_account("alice", 20009);
	assert_refused("user=alice verdict=error reason=record_bad " WHERE "store=file ms=# "
	    "detail=\"hot/alice: belongs to uid 20001, the account is uid 20009; *\"");
	ph_account("alice", 20001);
	assert_lets_in();
}

/* Enrolment refuses a secret twice; a record that holds it is still safe. */
static void same_secret_on_two_devices_is_accepted_once(void **state)
{
	struct record_enroll enroll;
	struct record_hot hot;

	(void)state;
	ph_read_enroll("alice", &enroll);
	enroll.device[1] = enroll.device[0];
	enroll.device[1].id ^= 0xff00;
	memcpy(enroll.device[1].name, "copy", sizeof("copy"));
	enroll.devices = 2;
	ph_change_enroll("alice", &enroll);
	ph_read_hot("alice", &hot);
	hot.entry[1] = (struct record_entry){.id = enroll.device[1].id};
	hot.entries = 2;
	ph_change_hot("alice", &hot);

	assert_lets_in();
	assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
	assert_true(ph_logged("user=alice verdict=replay *"));
	ph_read_hot("alice", &hot);
	assert_int_equal(hot.entry[0].last_step, otp_step(ph_now(), PH_PERIOD));
	assert_int_equal(hot.entry[1].last_step, otp_step(ph_now(), PH_PERIOD));
}

static void clock_before_2020_denies(void **state)
{
	(void)state;
	ph_clock(OTP_EARLIEST - 1);
	assert_refused("user=alice verdict=error reason=clock " WHERE
	    "ms=# detail=\"the clock says 1577836799, before 2020; set it\"");
	ph_clock(1);
	assert_refused("user=alice verdict=error reason=clock *");
}

static void lock_held_longer_than_the_wait_denies(void **state)
{
	struct timespec before, after;
	int fd = open(ph_path(HOT), O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(slot_lock(fd, 0, "test", NULL), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	assert_refused("user=alice verdict=unavailable reason=unavailable " WHERE "store=file ms=# "
	    "detail=\"hot/alice: locked by another process for more than 2000 ms\"");
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 1, 4);
	slot_unlock(fd);
	(void)close(fd);
	assert_lets_in();
}

static void store_directory_that_others_may_write_denies(void **state)
{
	(void)state;
	assert_int_equal(chmod(ph_path("state/hot"), 0777), 0);
	assert_refused("user=alice verdict=error reason=unsafe *");
	assert_int_equal(chmod(ph_path("state/hot"), 0700), 0);
	assert_int_equal(chown(ph_path("state"), 1, 0), 0);
	assert_refused("user=alice verdict=error reason=unsafe *");
}

static void restored_state_accepts_nothing_of_before(void **state)
{
	(void)state;
	/* Records without a note of their machine count as arrived now. */
	assert_int_equal(unlink(ph_path("state/machine-id")), 0);
	ph_init();
	for (int skew = -1; skew <= 1; skew++) {
		assert_int_equal(ph_try(ph_stranger("alice"), ph_code(&alice, skew)),
		    PAM_AUTH_ERR);
		assert_true(ph_logged("user=alice verdict=replay *"));
	}
	ph_later(2 * PH_PERIOD);
	assert_lets_in();
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define SPOILS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(empty_record_denies),
	    TEST(short_record_denies),
	    TEST(directory_instead_of_a_record_denies),
	    TEST(fifo_instead_of_a_record_denies_at_once),
	    TEST(record_of_another_owner_denies),
	    TEST(record_that_others_may_read_denies),
	    TEST(symbolic_link_instead_of_a_record_denies),
	    TEST(hard_link_to_a_record_denies),
	    TEST(torn_slot_still_works_from_the_other),
	    TEST(torn_newest_slot_works_from_the_one_before),
	    TEST(both_slots_bad_denies),
	    TEST(bad_enrolment_denies_and_writes_nothing),
	    TEST(record_of_another_user_does_not_open),
	    TEST(unknown_format_denies),
	    TEST(missing_hot_denies),
	    TEST(hot_without_enroll_denies_and_counts),
	    TEST(hot_of_another_enrolment_denies),
	    TEST(account_given_to_another_uid_denies),
	    TEST(same_secret_on_two_devices_is_accepted_once),
	    TEST(clock_before_2020_denies),
	    TEST(lock_held_longer_than_the_wait_denies),
	    SPOILS(replaced_keyring_denies),
	    SPOILS(other_bytes_under_the_same_key_id_deny),
	    SPOILS(lost_keyring_denies),
	    SPOILS(unsafe_or_broken_keyring_denies),
	    SPOILS(before_init_everything_is_refused),
	    SPOILS(half_an_init_refuses),
	    SPOILS(lost_machine_note_refuses),
	    SPOILS(store_directory_that_others_may_write_denies),
	    SPOILS(restored_state_accepts_nothing_of_before),
	};

	return cmocka_run_group_tests_name("fail closed", tests, NULL, NULL);
}
