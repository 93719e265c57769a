/* Records in one file and back: enroll/backup.h, enroll/restore.h. */
#include "tests/unit/scratch.h"

#include "enroll/init.h"
#include "enroll/pending.h"
#include "enroll/restore.h"
#include "lib/core/login.h"
#include "lib/core/seal.h"

#include <sys/syscall.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct scratch sc;
static char file[512];
static int64_t clock_now;
/* The account that everybody has here; 0: the directory does not answer. */
static uid_t everybody;
static bool nobody_has_an_account, rebinds;
static struct restore_foreign told; /* of the last one */
static char told_user[64];

/* The call at which the process dies; 0: it lives. */
static int dies_at_link, dies_at_write;

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	if (dies_at_write > 0 && --dies_at_write == 0)
		_exit(9);
	return syscall(SYS_pwrite64, fd, data, n, at);
}

int linkat(int from, const char *name, int to, const char *new_name, int flags)
{
	if (dies_at_link > 0 && --dies_at_link == 0)
		_exit(9);
	return (int)syscall(SYS_linkat, from, name, to, new_name, flags);
}

/* Called between a look at what is there and the write over it. */
static void (*meanwhile)(void);

static int64_t tell_clock(void)
{
	return clock_now;
}

static int set_up(void **state)
{
	struct init_made made;
	struct err e = {0};

	(void)state;
	if (crypto_init() != 0)
		return -1;
	clock_now = SCRATCH_NOW;
	dies_at_link = dies_at_write = 0;
	meanwhile = NULL;
	everybody = 1000;
	nobody_has_an_account = rebinds = false;
	scratch_dir(&sc);
	scratch_conf(&sc, "");
	if (init_run(&sc.conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
	scratch_path(&sc, file, "backup");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int enrol(const char *user, char codes[RECORD_CODES][RECOVERY_TEXT_SIZE])
{
	struct record_device d = {.name = "phone", .algorithm = RECORD_SHA1, .digits = 6,
	    .period = 30};
	struct record_recovery set;
	struct steps_device put = {.device = &d, .recovery = &set};
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = user, .now = clock_now};

	scratch_open(&sc, &st);
	assert_int_equal(steps_new_device(&d, clock_now, NULL), 0);
	assert_int_equal(recovery_new(&set, codes, NULL), 0);
	assert_int_equal(steps_enroll(&s, &put, NULL), 0);
	store_close(&st);
	return 0;
}

static void note_bad(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

static void no_progress(void *ctx, size_t done, size_t all)
{
	(void)ctx, (void)done, (void)all;
}

static void no_left(void *ctx, uint64_t left, uint64_t all)
{
	(void)ctx, (void)left, (void)all;
}

static int backup(struct backup_result *res)
{
	struct store st;
	struct backup b = {.store = &st, .path = file, .now = clock_now, .bad = note_bad,
	    .progress = no_progress};
	int r;

	scratch_open(&sc, &st);
	r = backup_write(&b, res, NULL);
	store_close(&st);
	return r;
}

static int account(void *ctx, const char *user, uid_t *uid)
{
	(void)ctx, (void)user;
	if (meanwhile != NULL)
		meanwhile();
	*uid = everybody;
	if (nobody_has_an_account)
		return ERR_NONE;
	return everybody != 0 ? 0 : ERR_UNAVAIL;
}

static void note_foreign(void *ctx, const struct restore_foreign *f)
{
	(void)ctx;
	told = *f;
	(void)snprintf(told_user, sizeof(told_user), "%s", f->user);
}

static int restore(bool replace, struct restore_result *res, struct err *e)
{
	struct backup_in in;
	struct keyring k;
	struct store st;
	struct restore q = {.store = &st, .conf = &sc.conf, .in = &in, .replace = replace,
	    .rebind = rebinds, .account = account, .foreign = note_foreign, .clock = tell_clock,
	    .progress = no_left};
	int r;

	assert_int_equal(keyring_load(&k, sc.conf.keyring, NULL, NULL), 0);
	k.engine = NULL;
	r = backup_open(&in, file, &k, e);
	if (r == 0) {
		scratch_open(&sc, &st);
		r = restore_run(&q, res, e);
		store_close(&st);
	}
	backup_close(&in);
	return r;
}

/* Another machine, with a copy of the keyring and the file. */
static void move_to_a_new_machine(void)
{
	static unsigned char data[1 << 16];
	unsigned char line[1024];
	struct init_made made;
	size_t n = scratch_bytes(&sc, "keyring", line, sizeof(line));
	size_t len = scratch_bytes(&sc, "backup", data, sizeof(data));
	char path[512];

	assert_true(len < sizeof(data));
	scratch_remove(&sc);
	scratch_dir(&sc);
	scratch_conf(&sc, "");
	scratch_path(&sc, path, "keyring");
	scratch_write(path, line, n, 0600);
	scratch_path(&sc, file, "backup");
	scratch_write(file, data, len, 0600);
	assert_int_equal(init_run(&sc.conf, clock_now, &made, NULL), 0);
}

static struct record_enroll record(const char *user)
{
	struct record_enroll r = {0};
	char key[STORE_KEY_MAX];
	struct store_value v;

	scratch_key(key, "enroll", user);
	assert_int_equal(scratch_get(&sc, key, &v), 0);
	assert_int_equal(record_get_enroll(&r, v.data, v.len), 0);
	return r;
}

static enum login_verdict answer(const char *user, const char *typed)
{
	struct login_request q = {.user = user, .account = true, .uid = 1000, .answer = typed,
	    .now = clock_now};
	struct login_result res;

	source_parse("203.0.113.7", 0, &q.source);
	login(&sc.conf, &q, &res);
	return res.verdict;
}

static enum login_verdict code_of(const struct record_device *d, int64_t at)
{
	char code[OTP_CODE_SIZE];

	assert_int_equal(otp_code(d, otp_step(at, d->period), code), 0);
	return answer("alice", code);
}

static void backup_and_restore_bring_the_devices_to_a_new_machine(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct record_enroll before;
	struct err e = {0};
	struct stat st;

	(void)state;
	(void)enrol("alice", codes);
	(void)enrol("b.o@b-/x", codes);
	before = record("alice");
	assert_int_equal(backup(&out), 0);
	assert_int_equal(out.users, 2);
	assert_int_equal(out.records, 4);
	assert_int_equal(out.header.keys, 1);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	move_to_a_new_machine();
	clock_now += 3600;
	if (restore(false, &res, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(res.users, 2);
	assert_int_equal(res.replaced, 0);
	assert_memory_equal(&record("alice").device[0], &before.device[0], sizeof(before.device[0]));
	(void)record("b.o@b-/x");
	/* The codes of this moment count as used, those behind the window do not. */
	assert_int_equal(code_of(&before.device[0], clock_now + 30), LOGIN_REPLAY);
	clock_now += 60;
	assert_int_equal(code_of(&before.device[0], clock_now), LOGIN_OK);
}

static void restore_writes_the_newest_format_and_nothing_that_is_open(void **state)
{
	struct restore_result res;
	struct backup_result made;
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_hot hot;

	(void)state;
	(void)enrol("alice", codes);
	hot = scratch_read_hot(&sc, "alice");
	hot.unknown[3] = (struct record_bucket){.wrong = 2, .passwords = 2, .last = SCRATCH_NOW};
	hot.reserveds = 1;
	hot.reserved[0] = (struct record_reserved){.id = 7, .since = SCRATCH_NOW};
	scratch_change_hot(&sc, "alice", &hot);
	/* Somebody of whom only passwords are counted, as an older version would not have. */
	hot = (struct record_hot){.format = RECORD_FORMAT};
	hot.unknown[4] = hot.unknown[5] = (struct record_bucket){.wrong = 1, .passwords = 1,
	    .last = SCRATCH_NOW};
	scratch_user(&sc, "carol", NULL, &hot);
	assert_int_equal(backup(&made), 0);
	move_to_a_new_machine();
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.users, 1);
	hot = scratch_read_hot(&sc, "alice");
	assert_int_equal(hot.format, RECORD_FORMAT);
	assert_int_equal(hot.reserveds, 0);
	assert_int_equal(hot.unknown[3].passwords, 2);
	hot = scratch_read_hot(&sc, "carol");
	assert_false(hot.ever_confirmed);
	assert_int_equal(hot.unknown[5].passwords, 1);
}

static void code_used_after_the_backup_is_refused_after_restore(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct record_device d;
	int64_t used;

	(void)state;
	(void)enrol("alice", codes);
	d = record("alice").device[0];
	assert_int_equal(backup(&out), 0);
	clock_now += 3600;
	used = clock_now + 30;
	assert_int_equal(code_of(&d, used), LOGIN_OK);
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.replaced, 1);
	assert_int_equal(code_of(&d, used), LOGIN_REPLAY);
	clock_now += 30;
	assert_int_equal(code_of(&d, used), LOGIN_REPLAY);
	clock_now += 30;
	assert_int_equal(code_of(&d, clock_now), LOGIN_OK);
}

/* Without the note of the machine too: the records themselves were raised. */
static void restored_last_step_never_falls_though_the_clock_was_set_back(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct record_device d;
	uint64_t last;

	(void)state;
	(void)enrol("alice", codes);
	d = record("alice").device[0];
	assert_int_equal(backup(&out), 0);
	clock_now += 7200;
	assert_int_equal(code_of(&d, clock_now), LOGIN_OK);
	last = scratch_read_hot(&sc, "alice").entry[0].last_step;
	clock_now -= 3600;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(scratch_read_hot(&sc, "alice").entry[0].last_step, last);
}

static void what_was_spent_or_ended_since_does_not_come_back(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE], word[WORD_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct pending_shown shown;
	const uint8_t place[RECORD_HASH] = {1};
	const struct pending_offer q = {place, NULL, false, 0};
	struct record_enroll r;
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = "alice", .now = clock_now};

	(void)state;
	(void)enrol("alice", codes);
	scratch_open(&sc, &st);
	assert_int_equal(pending_invite(&s, 86400, word, NULL), 0);
	assert_int_equal(pending_bypass(&s, 86400, NULL), 0);
	assert_int_equal(pending_offer(&s, &q, &shown, NULL), 0);
	store_close(&st);
	assert_int_equal(backup(&out), 0);
	assert_int_equal(answer("alice", codes[0]), LOGIN_OK);
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.codes, 1);
	assert_int_equal(answer("alice", codes[0]), LOGIN_WRONG);
	assert_int_equal(answer("alice", codes[1]), LOGIN_WRONG);
	r = record("alice");
	assert_int_equal(r.devices, 1);
	assert_int_equal(r.pendings, 0);
	assert_false(r.invite.open);
	assert_int_equal(r.bypass_since, 0);
}

static void damaged_backup_is_refused_before_anything_is_written(void **state)
{
	static unsigned char data[1 << 16];
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_hot before, after;
	struct restore_result res;
	struct backup_result out;
	size_t n;

	(void)state;
	(void)enrol("alice", codes);
	assert_int_equal(backup(&out), 0);
	before = scratch_read_hot(&sc, "alice");
	n = scratch_bytes(&sc, "backup", data, sizeof(data));
	for (size_t i = 0; i < n; i += i < 200 ? 1 : 13) {
		data[i] ^= 4;
		scratch_write(file, data, n, 0600);
		data[i] ^= 4;
		if (restore(true, &res, NULL) == 0)
			fail_msg("byte %zu of %zu", i, n);
	}
	for (size_t i = 0; i < n; i += 97) {
		scratch_write(file, data, i, 0600);
		assert_int_equal(restore(true, &res, NULL), ERR_BAD);
	}
	scratch_write(file, data, n, 0600);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(restore(true, &res, NULL), ERR_UNSAFE);
	after = scratch_read_hot(&sc, "alice");
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(restore(true, &res, NULL), 0);
}

static void keyring_that_lacks_a_key_is_refused(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct err e = {0};

	(void)state;
	(void)enrol("alice", codes);
	assert_int_equal(backup(&out), 0);
	scratch_keyring(&sc);
	assert_int_equal(restore(true, &res, &e), ERR_KEYRING);
	assert_non_null(strstr(e.text, out.header.key[0]));
}

static void store_with_records_is_restored_over_by_replace_only(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_enroll bob;
	struct restore_result res;
	struct backup_result out;
	struct err e = {0};

	(void)state;
	(void)enrol("alice", codes);
	assert_int_equal(backup(&out), 0);
	(void)enrol("bob", codes);
	bob = record("bob");
	assert_int_equal(restore(false, &res, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, "--replace"));
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.users, 1);
	/* Who came since stays. */
	assert_memory_equal(record("bob").device[0].secret, bob.device[0].secret, 20);
}

static void restore_killed_anywhere_is_completed_by_the_next(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE], user[16];
	struct restore_result res;
	struct backup_result out;

	(void)state;
	for (int i = 0; i < 5; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		(void)enrol(user, codes);
	}
	assert_int_equal(backup(&out), 0);
	for (int i = 1; i <= 10; i++) {
		pid_t pid;

		move_to_a_new_machine();
		if ((pid = fork()) == 0) {
			dies_at_link = i;
			_exit(restore(false, &res, NULL) == 0 ? 0 : 1);
		}
		assert_int_equal(scratch_wait(pid), 9);
		assert_int_equal(restore(true, &res, NULL), 0);
		assert_int_equal(res.users, 5);
		for (int k = 0; k < 5; k++) {
			(void)snprintf(user, sizeof(user), "user%d", k);
			assert_int_equal(record(user).devices, 1);
			assert_int_equal(scratch_read_hot(&sc, user).entries, 1);
		}
	}
}

/* Alice with the device of now, whose first recovery code is spent, and a backup of the one
 * before. */
static void enrol_since_the_backup(struct record_device *before, struct record_device *now,
    char codes[RECORD_CODES][RECOVERY_TEXT_SIZE])
{
	struct backup_result out;

	(void)enrol("alice", codes);
	*before = record("alice").device[0];
	(void)unlink(file);
	assert_int_equal(backup(&out), 0);
	(void)enrol("alice", codes);
	*now = record("alice").device[0];
	assert_int_equal(answer("alice", codes[0]), LOGIN_OK);
}

static void restore_killed_between_hot_and_enroll_keeps_the_device_that_is_there(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device before, now;
	struct restore_result res;
	int killed = 0;

	(void)state;
	for (int at = 1, status = 9; status == 9; at++) {
		bool back;
		pid_t pid;

		enrol_since_the_backup(&before, &now, codes);
		if ((pid = fork()) == 0) {
			dies_at_write = at;
			_exit(restore(true, &res, NULL) == 0 ? 0 : 1);
		}
		status = scratch_wait(pid);
		killed += status == 9;
		assert_int_not_equal(answer("alice", codes[0]), LOGIN_OK);
		back = record("alice").device[0].id == before.id;
		assert_int_equal(answer("alice", codes[1]), back ? LOGIN_WRONG : LOGIN_OK);
		clock_now += 90;
		assert_int_equal(code_of(&before, clock_now), back ? LOGIN_OK : LOGIN_WRONG);
		assert_int_equal(code_of(&now, clock_now), back ? LOGIN_WRONG : LOGIN_OK);
		assert_int_equal(code_of(back ? &before : &now, clock_now), LOGIN_REPLAY);
	}
	assert_true(killed >= 4); /* arrival, hot, enroll, arrival; and the marks of the slots */
}

static void steps_of_the_device_that_is_there_rise_in_a_restore_too(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device before, now;
	struct record_entry *entry;
	struct restore_result res;
	struct record_hot hot;

	(void)state;
	enrol_since_the_backup(&before, &now, codes);
	assert_int_equal(restore(true, &res, NULL), 0);
	hot = scratch_read_hot(&sc, "alice");
	assert_non_null(entry = record_find_entry(&hot, now.id));
	assert_int_equal(entry->last_step, otp_step(clock_now, 30) + (uint64_t)sc.conf.window);
}

static struct record_device of_backup;
static char spent_meanwhile[OTP_CODE_SIZE];

/* By a clock that is ahead of the restore's. */
static void log_in_meanwhile(void)
{
	meanwhile = NULL;
	clock_now += 300;
	assert_int_equal(otp_code(&of_backup, otp_step(clock_now, 30), spent_meanwhile), 0);
	assert_int_equal(answer("alice", spent_meanwhile), LOGIN_OK);
	clock_now -= 300;
}

static void what_a_login_spends_during_a_restore_stays_spent(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct backup_result out;
	struct restore_result res;

	(void)state;
	(void)enrol("alice", codes);
	of_backup = record("alice").device[0];
	assert_int_equal(code_of(&of_backup, clock_now), LOGIN_OK);
	assert_int_equal(backup(&out), 0);
	meanwhile = log_in_meanwhile;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_null(meanwhile);
	assert_int_equal(res.users, 1);
	assert_int_equal(res.replaced, 1);
	clock_now += 300;
	assert_int_equal(answer("alice", spent_meanwhile), LOGIN_REPLAY);
	assert_int_equal(code_of(&of_backup, clock_now + 30), LOGIN_OK);
}

static void let_time_pass(void)
{
	meanwhile = NULL;
	clock_now += 1000;
}

/* A kill anywhere: no record is restored before the arrival is noted. */
static void check_arrival_when_killed(int at, bool *restored)
{
	const uint64_t before = scratch_read_hot(&sc, "alice").entry[0].last_step;
	struct restore_result res;
	int64_t since = 0;
	pid_t pid;

	if ((pid = fork()) == 0) {
		dies_at_write = at;
		_exit(restore(true, &res, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(scratch_wait(pid), 9);
	*restored = scratch_read_hot(&sc, "alice").entry[0].last_step != before;
	assert_int_equal(host_since(&sc.conf, clock_now, &since, NULL), 0);
	assert_true(!*restored || since == clock_now);
}

static void restore_is_noted_as_an_arrival_before_and_behind(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct backup_result out;
	struct restore_result res;
	bool restored = false;
	int64_t since = 0;

	(void)state;
	(void)enrol("alice", codes);
	assert_int_equal(answer("alice", codes[0]), LOGIN_OK); /* binds the uid */
	assert_int_equal(backup(&out), 0);
	clock_now += 1000;
	for (int at = 1; !restored; at++)
		check_arrival_when_killed(at, &restored);
	meanwhile = let_time_pass;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_null(meanwhile);
	assert_int_equal(host_since(&sc.conf, clock_now, &since, NULL), 0);
	assert_int_equal(since, clock_now);
}

static void backup_is_complete_or_not_at_all_and_never_over_another(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE], path[512];
	struct restore_result res;
	struct backup_result out;
	pid_t pid;

	(void)state;
	(void)enrol("alice", codes);
	(void)enrol("bob", codes);
	if ((pid = fork()) == 0) {
		dies_at_link = 1;
		_exit(backup(&out) == 0 ? 0 : 1);
	}
	assert_int_equal(scratch_wait(pid), 9);
	assert_int_not_equal(access(file, F_OK), 0);
	scratch_path(&sc, path, "enroll/bob");
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(backup(&out), 0);
	assert_int_equal(out.bad, 1);
	assert_int_equal(out.records, 3);
	assert_int_equal(backup(&out), ERR_REFUSED);
	/* What could be saved can be restored. */
	move_to_a_new_machine();
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(record("alice").devices, 1);
}

static void record_that_opens_and_is_none_keeps_nobody_from_being_restored(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct restore_result res;
	struct backup_result out;
	struct store_value v;

	(void)state;
	(void)enrol("alice", codes);
	(void)enrol("bob", codes);
	assert_int_equal(scratch_get(&sc, "hot/bob", &v), 0);
	v.data[0] ^= 0x40; /* the format */
	scratch_put_key(&sc, "hot/bob", &v);
	assert_int_equal(backup(&out), 0);
	assert_int_equal(out.bad, 1);
	assert_int_equal(out.records, 3);
	move_to_a_new_machine();
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.users, 2);
	assert_int_equal(record("alice").devices, 1);
	assert_int_equal(scratch_read_hot(&sc, "bob").entries, 1);
}

/* alice has logged in, bob has not; the backup is on another machine. */
static struct record_device bound_elsewhere(void)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct backup_result out;
	struct record_device d;

	(void)enrol("alice", codes);
	(void)enrol("bob", codes);
	d = record("alice").device[0];
	assert_int_equal(code_of(&d, clock_now), LOGIN_OK);
	assert_int_equal(backup(&out), 0);
	move_to_a_new_machine();
	everybody = 31002;
	return d;
}

static enum login_verdict code_of_31002(const struct record_device *d)
{
	char code[OTP_CODE_SIZE];
	struct login_request q = {.user = "alice", .account = true, .uid = 31002, .answer = code};
	struct login_result res;

	clock_now += 90;
	q.now = clock_now;
	assert_int_equal(otp_code(d, otp_step(clock_now, d->period), code), 0);
	source_parse("203.0.113.7", 0, &q.source);
	login(&sc.conf, &q, &res);
	return res.verdict;
}

static void user_of_another_uid_is_named_and_stays_bound(void **state)
{
	const struct record_device d = bound_elsewhere();
	struct restore_result res;

	(void)state;
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.users, 2);
	assert_int_equal(res.foreign, 1);
	assert_int_equal(res.rebound, 0);
	assert_string_equal(told_user, "alice");
	assert_int_equal(told.bound, 1000);
	assert_int_equal(told.has, 31002);
	assert_int_equal(code_of_31002(&d), LOGIN_ERROR);
	assert_int_equal(scratch_read_hot(&sc, "alice").uid, 1000);
}

static void rebind_lets_the_first_success_bind_anew(void **state)
{
	const struct record_device d = bound_elsewhere();
	struct restore_result res;

	(void)state;
	assert_int_equal(restore(false, &res, NULL), 0);
	rebinds = true;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.foreign, 0);
	assert_int_equal(res.rebound, 1);
	assert_int_equal(code_of_31002(&d), LOGIN_OK);
	assert_int_equal(scratch_read_hot(&sc, "alice").uid, 31002);
}

static void unlock_of_a_restored_user_of_another_uid_binds_anew(void **state)
{
	const struct record_device d = bound_elsewhere();
	struct restore_result res;
	struct steps_unlocked u;
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = "alice", .account = true,
	    .uid = 31002, .now = clock_now};

	(void)state;
	assert_int_equal(restore(false, &res, NULL), 0);
	scratch_open(&sc, &st);
	assert_int_equal(steps_unlock(&s, &u, NULL), 0);
	store_close(&st);
	assert_true(u.rebound);
	assert_int_equal(code_of_31002(&d), LOGIN_OK);
}

static void rebind_leaves_those_bound_whose_uid_is_the_same(void **state)
{
	struct restore_result res;

	(void)state;
	(void)bound_elsewhere();
	everybody = 1000;
	rebinds = true;
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.rebound, 0);
	assert_true(scratch_read_hot(&sc, "alice").uid_bound);
}

static void user_without_an_account_yet_is_unbound_by_rebind_only(void **state)
{
	struct restore_result res;

	(void)state;
	(void)bound_elsewhere();
	nobody_has_an_account = true;
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.foreign + res.unknown + res.rebound, 0);
	assert_true(scratch_read_hot(&sc, "alice").uid_bound);
	rebinds = true;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.rebound, 1);
	assert_false(scratch_read_hot(&sc, "alice").uid_bound);
}

static void user_whom_the_directory_does_not_tell_is_counted(void **state)
{
	struct restore_result res;

	(void)state;
	(void)bound_elsewhere();
	everybody = 0;
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.unknown, 1);
	rebinds = true;
	assert_int_equal(restore(true, &res, NULL), 0);
	assert_int_equal(res.unknown, 1);
	assert_true(scratch_read_hot(&sc, "alice").uid_bound);
}

static void backup_of_nobody_is_one(void **state)
{
	struct restore_result res;
	struct backup_result out;

	(void)state;
	assert_int_equal(backup(&out), 0);
	assert_int_equal(out.records, 0);
	assert_int_equal(restore(false, &res, NULL), 0);
	assert_int_equal(res.users, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(backup_and_restore_bring_the_devices_to_a_new_machine),
	    T(restore_writes_the_newest_format_and_nothing_that_is_open),
	    T(code_used_after_the_backup_is_refused_after_restore),
	    T(restored_last_step_never_falls_though_the_clock_was_set_back),
	    T(what_was_spent_or_ended_since_does_not_come_back),
	    T(damaged_backup_is_refused_before_anything_is_written),
	    T(keyring_that_lacks_a_key_is_refused),
	    T(store_with_records_is_restored_over_by_replace_only),
	    T(restore_killed_anywhere_is_completed_by_the_next),
	    T(restore_killed_between_hot_and_enroll_keeps_the_device_that_is_there),
	    T(steps_of_the_device_that_is_there_rise_in_a_restore_too),
	    T(what_a_login_spends_during_a_restore_stays_spent),
	    T(restore_is_noted_as_an_arrival_before_and_behind),
	    T(backup_is_complete_or_not_at_all_and_never_over_another),
	    T(record_that_opens_and_is_none_keeps_nobody_from_being_restored),
	    T(user_of_another_uid_is_named_and_stays_bound),
	    T(rebind_lets_the_first_success_bind_anew),
	    T(unlock_of_a_restored_user_of_another_uid_binds_anew),
	    T(rebind_leaves_those_bound_whose_uid_is_the_same),
	    T(user_without_an_account_yet_is_unbound_by_rebind_only),
	    T(user_whom_the_directory_does_not_tell_is_counted),
	    T(backup_of_nobody_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
