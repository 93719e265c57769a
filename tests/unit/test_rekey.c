/* Another master key: enroll/rekey.h. */
#include "tests/unit/scratch.h"

#include "enroll/import.h"
#include "enroll/init.h"
#include "enroll/keyfile.h"
#include "enroll/rekey.h"
#include "enroll/steps.h"
#include "lib/core/login.h"
#include "lib/core/seal.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define USERS 4
#define RECORDS (2 * USERS + 2 * STORE_DECOYS)

static struct scratch sc;
/* The call at which the process dies, counted from 1; 0: it lives. */
static int dies_at_sync, dies_at_rename;

/* Where a login stands still, in its own process. */
enum stop { NOWHERE, AT_KEYRING, BEFORE_LOCK, BEHIND_LOCK, BEFORE_WRITE };
static enum stop stops_at;
static int told[2], go[2];

static void stand_still(enum stop here)
{
	char byte;

	if (stops_at != here || here == NOWHERE)
		return;
	stops_at = NOWHERE;
	(void)!write(told[1], "x", 1);
	(void)!read(go[0], &byte, 1);
}

int fcntl(int fd, int command, ...)
{
	struct flock *lock = NULL;
	va_list more;
	int r;

	va_start(more, command);
	if (command == F_OFD_SETLK)
		lock = va_arg(more, struct flock *);
	va_end(more);
	if (lock != NULL && lock->l_type == F_WRLCK)
		stand_still(BEFORE_LOCK);
	r = (int)syscall(SYS_fcntl, fd, command, lock);
	if (lock != NULL && lock->l_type == F_WRLCK)
		stand_still(BEHIND_LOCK);
	return r;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	stand_still(BEFORE_WRITE);
	return syscall(SYS_pwrite64, fd, data, n, at);
}

static bool counts_in_seconds; /* the file system */

int fstatat(int dir, const char *name, struct stat *st, int flags)
{
	int r = (int)syscall(SYS_newfstatat, dir, name, st, flags);

	if (counts_in_seconds)
		st->st_ctim.tv_nsec = 0;
	return r;
}

int fstat(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}

static const char *comes_instead; /* of the keyring, when it has been opened */

int open(const char *path, int flags, ...)
{
	bool is_keyring = strcmp(path, sc.conf.keyring) == 0;
	mode_t mode = 0;
	va_list more;
	int fd;

	va_start(more, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(more, mode_t);
	va_end(more);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (is_keyring && comes_instead != NULL) {
		assert_int_equal(rename(comes_instead, path), 0);
		comes_instead = NULL;
	}
	/* It has been read when the machine's name is asked for. */
	if (strcmp(path, "/etc/machine-id") == 0)
		stand_still(AT_KEYRING);
	return fd;
}

static bool syncs_fail;

int fdatasync(int fd)
{
	if (dies_at_sync > 0 && --dies_at_sync == 0)
		_exit(9);
	if (syncs_fail) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static bool names_fail; /* to come to the disk */

int syncfs(int fd)
{
	if (names_fail) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_syncfs, fd);
}

static bool directory_synced, renamed_unsynced;

int fsync(int fd)
{
	struct stat st;

	directory_synced = directory_synced || (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode));
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from, const char *name, int to, const char *new_name)
{
	renamed_unsynced = renamed_unsynced || !directory_synced;
	if (dies_at_rename > 0 && --dies_at_rename == 0)
		_exit(9);
	return (int)syscall(SYS_renameat2, from, name, to, new_name, 0);
}

static int enrol(struct store *st, const char *user)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device d = {.name = "phone", .algorithm = RECORD_SHA1, .digits = 6,
	    .period = 30};
	struct record_recovery set;
	struct steps_device put = {.device = &d, .recovery = &set};
	struct steps s = {.store = st, .conf = &sc.conf, .user = user, .now = SCRATCH_NOW};

	assert_int_equal(steps_new_device(&d, SCRATCH_NOW, NULL), 0);
	assert_int_equal(recovery_new(&set, codes, NULL), 0);
	return steps_enroll(&s, &put, NULL);
}

static int set_up(void **state)
{
	struct init_made made;
	struct err e = {0};
	struct store st;
	char user[16];

	(void)state;
	if (crypto_init() != 0)
		return -1;
	dies_at_sync = dies_at_rename = 0;
	syncs_fail = names_fail = directory_synced = renamed_unsynced = false;
	counts_in_seconds = false;
	scratch_dir(&sc);
	scratch_conf(&sc, "");
	if (init_run(&sc.conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
	scratch_open(&sc, &st);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		assert_int_equal(enrol(&st, user), 0);
	}
	store_close(&st);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static void progress(void *ctx, size_t done, size_t all)
{
	(void)ctx, (void)done, (void)all;
}

static void note_bad(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

static const struct rekey job = {&sc.conf, progress, note_bad, NULL};

static struct keyring ring(void)
{
	struct keyring k;

	assert_int_equal(keyring_load(&k, sc.conf.keyring, NULL, NULL), 0);
	return k;
}

/* Under which key a record is sealed. */
static void key_of(const char *key, char id[KEYRING_ID_MAX + 1])
{
	struct store_raw raw;
	struct store st;
	struct seal_bytes sealed = {raw.data, sizeof(raw.data), 0};

	scratch_open(&sc, &st);
	assert_int_equal(store_get_raw(&st, key, &raw, NULL), 0);
	store_close(&st);
	sealed.len = raw.len;
	assert_int_equal(seal_key_id(&sealed, id), 0);
}

static void assert_sealed_under(const char *id)
{
	static const char *const keys[] = {"enroll/user0", "hot/user0", "enroll/user3", "hot/user3",
	    "enroll/.00", "hot/.ff"};
	char has[KEYRING_ID_MAX + 1];
	struct store_value v;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		key_of(keys[i], has);
		assert_string_equal(has, id);
		assert_int_equal(scratch_get(&sc, keys[i], &v), 0);
	}
}

static void added_key_does_not_seal_yet(void **state)
{
	char old[KEYRING_ID_MAX + 1], new[KEYRING_ID_MAX + 1], again[KEYRING_ID_MAX + 1];
	struct store st;
	struct stat file;

	(void)state;
	memcpy(old, ring().key[0].id, sizeof(old));
	assert_int_equal(rekey_add(&job, new, NULL), 0);
	assert_int_equal(ring().count, 2);
	assert_string_equal(ring().key[0].id, old);
	assert_string_equal(ring().key[1].id, new);
	assert_int_equal(stat(sc.conf.keyring, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	scratch_open(&sc, &st);
	assert_int_equal(enrol(&st, "user0"), 0);
	store_close(&st);
	assert_sealed_under(old);
	assert_int_equal(rekey_add(&job, again, NULL), ERR_REFUSED);
	assert_int_equal(ring().count, 2);
}

static void used_key_seals_every_record_anew_and_decoys_too(void **state)
{
	char old[KEYRING_ID_MAX + 1], new[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct err e = {0};

	(void)state;
	memcpy(old, ring().key[0].id, sizeof(old));
	assert_int_equal(rekey_add(&job, new, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_true(res.changed);
	assert_int_equal(res.records, RECORDS);
	assert_string_equal(res.id, new);
	assert_string_equal(ring().key[0].id, new);
	assert_string_equal(ring().key[1].id, old);
	assert_sealed_under(new);
	/* Once more: nothing, and the old key does not come back to the front. */
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_false(res.changed);
	assert_int_equal(res.records, 0);
	assert_string_equal(ring().key[0].id, new);
	if (rekey_retire(&job, &gone, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(gone.keys, 1);
	assert_string_equal(gone.id[0], old);
	assert_int_equal(ring().count, 1);
	assert_sealed_under(new);
	assert_int_equal(rekey_retire(&job, &gone, NULL), ERR_REFUSED);
}

/* As a version before this one has written it. */
static void make_format_1(const char *user)
{
	char key[STORE_KEY_MAX];
	struct record_enroll r;
	struct record_hot h = scratch_read_hot(&sc, user);
	struct store_value v;

	h.format = 1;
	scratch_change_hot(&sc, user, &h);
	scratch_key(key, "enroll", user);
	assert_int_equal(scratch_get(&sc, key, &v), 0);
	assert_int_equal(record_get_enroll(&r, v.data, v.len), 0);
	r.format = 1;
	v.len = (size_t)record_put_enroll(&r, v.data);
	scratch_put_key(&sc, key, &v);
}

static uint16_t format_of(const char *key)
{
	struct store_value v;

	assert_int_equal(scratch_get(&sc, key, &v), 0);
	return (uint16_t)(v.data[0] << 8 | v.data[1]);
}

static void use_writes_the_newest_format(void **state)
{
	struct record_hot before, after;
	char new[KEYRING_ID_MAX + 1];
	struct rekey_used res;

	(void)state;
	make_format_1("user0");
	before = scratch_read_hot(&sc, "user0");
	assert_int_equal(before.format, 1);
	assert_int_equal(rekey_add(&job, new, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_int_equal(format_of("enroll/user0"), RECORD_FORMAT);
	after = scratch_read_hot(&sc, "user0");
	assert_int_equal(after.format, RECORD_FORMAT);
	before.format = RECORD_FORMAT;
	assert_memory_equal(&after, &before, sizeof(after));
	/* Where all are sealed under the first key already too, and those alone. */
	make_format_1("user1");
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_false(res.changed);
	assert_int_equal(res.records, 2);
	assert_int_equal(format_of("hot/user1"), RECORD_FORMAT);
	assert_int_equal(format_of("enroll/user1"), RECORD_FORMAT);
}

static void old_key_is_not_retired_while_records_need_it(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct err e = {0};
	struct store before;
	struct store_value v;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	/* A key that waits is not an old one. */
	assert_int_equal(rekey_retire(&job, &gone, NULL), ERR_REFUSED);
	assert_int_equal(ring().count, 2);
	scratch_open(&sc, &before);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	/* As another host of the same records does, whose keyring is the one of before. */
	assert_int_equal(store_get(&before, "hot/user1", NULL, &v, NULL), 0);
	assert_int_equal(store_put(&before, "hot/user1", &v, NULL), 0);
	store_close(&before);
	assert_int_equal(rekey_retire(&job, &gone, &e), ERR_REFUSED);
	assert_int_equal(strncmp(e.text, "1 records are sealed", 20), 0);
	assert_int_equal(ring().count, 2);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_int_equal(res.records, 1);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_int_equal(scratch_get(&sc, "hot/user1", &v), 0);
}

static void use_killed_anywhere_is_completed_by_the_next(void **state)
{
	static const int at[] = {1, 2, 100, 511, 512, 513, 516, RECORDS};
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct store_value v;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		pid_t pid;

		assert_int_equal(rekey_add(&job, id, NULL), 0);
		if ((pid = fork()) == 0) {
			dies_at_sync = at[i];
			_exit(rekey_use(&job, &res, NULL) == 0 ? 0 : 1);
		}
		assert_int_equal(scratch_wait(pid), 9);
		assert_int_equal(scratch_get(&sc, "enroll/user3", &v), 0);
		assert_int_equal(rekey_use(&job, &res, NULL), 0);
		assert_string_equal(res.id, id);
		assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
		assert_sealed_under(id);
	}
}

static void keyring_is_the_old_or_the_new_one_whatever_is_killed(void **state)
{
	char id[KEYRING_ID_MAX + 1], beside[512];
	pid_t pid;

	(void)state;
	scratch_path(&sc, beside, "keyring.new");
	if ((pid = fork()) == 0) {
		dies_at_rename = 1;
		_exit(rekey_add(&job, id, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(scratch_wait(pid), 9);
	assert_int_equal(ring().count, 1);
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(ring().count, 2);
	assert_int_not_equal(access(beside, F_OK), 0);
}

/* As one string the rest would be cut off there, with the keys of all records. */
static void nul_in_a_comment_of_the_keyring_loses_no_key(void **state)
{
	char text[256], id[KEYRING_ID_MAX + 1], old[KEYRING_ID_MAX + 1];
	size_t n;

	(void)state;
	memcpy(old, ring().key[0].id, sizeof(old));
	memcpy(text, "# a\0b\n", 6);
	n = 6 + scratch_bytes(&sc, "keyring", (unsigned char *)text + 6, sizeof(text) - 6);
	scratch_write(sc.conf.keyring, text, n, 0600);
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(ring().count, 2);
	assert_string_equal(ring().key[0].id, old);
	assert_string_equal(ring().key[1].id, id);
}

static void comments_of_the_keyring_stay(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	unsigned char text[1024];
	struct rekey_used res;
	char line[256];
	size_t n = scratch_bytes(&sc, "keyring", text, sizeof(text));

	(void)state;
	(void)snprintf(line, sizeof(line), "# safe: box 7\n%.*s", (int)n - 1, (char *)text);
	scratch_write(sc.conf.keyring, line, strlen(line), 0600); /* no newline at its end */
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	n = scratch_bytes(&sc, "keyring", text, sizeof(text) - 1);
	text[n] = '\0';
	assert_non_null(strstr((char *)text, "# safe: box 7\n"));
	assert_null(strstr((char *)text, "# next"));
	assert_int_equal(ring().count, 2);
}

static int same_value(void *ctx, struct store_value *v, struct err *e)
{
	(void)ctx, (void)v, (void)e;
	return 0;
}

/* A prompt stood open, an import read from a pipe. */
static void enrolment_begun_before_is_sealed_under_the_key_of_its_end(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct store before;

	(void)state;
	scratch_open(&sc, &before);
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_int_equal(enrol(&before, "user0"), 0);
	store_close(&before);
	assert_sealed_under(id);
}

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	(void)ctx, (void)kind, (void)line, (void)text;
}

static void imported(void *ctx, long lines, long n)
{
	(void)ctx, (void)lines, (void)n;
}

static const char *rest;

static ssize_t give(void *ctx, char *buf, size_t n)
{
	size_t len = strlen(rest);
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used res;

	(void)ctx;
	if (len == 0) {
		assert_int_equal(rekey_add(&job, id, NULL), 0);
		assert_int_equal(rekey_use(&job, &res, NULL), 0);
	}
	len = len < n ? len : n;
	memcpy(buf, rest, len);
	rest += len;
	return (ssize_t)len;
}

static void import_in_which_the_key_changes_stores_nothing_under_the_old_one(void **state)
{
	FILE *in = fopencookie(NULL, "r", (cookie_io_functions_t){.read = give});
	struct import_result res;
	struct store_value v;
	struct store st;
	struct import work = {.store = &st, .conf = &sc.conf, .in = in, .name = "test",
	    .device = "phone", .now = SCRATCH_NOW, .note = note, .progress = imported};

	(void)state;
	rest = "otpauth://totp/bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
	scratch_open(&sc, &st);
	assert_int_equal(import_otpauth(&work, &res, NULL), ERR_CONFLICT);
	store_close(&st);
	(void)fclose(in);
	assert_int_equal(scratch_get(&sc, "enroll/bob", &v), ERR_NONE);
}

static struct login_result answer_as(unsigned i)
{
	struct login_request q = {.account = true, .uid = 1000, .answer = "123", .now = SCRATCH_NOW};
	struct login_result res;
	char user[16];

	source_parse("203.0.113.7", 0, &q.source);
	(void)snprintf(user, sizeof(user), "user%u", i % 8);
	q.user = user;
	login(&sc.conf, &q, &res);
	return res;
}

static bool is_judged(enum login_verdict v)
{
	return v == LOGIN_WRONG || v == LOGIN_THROTTLED || v == LOGIN_NOT_ENROLLED;
}

/* Wrong codes of users and strangers, until it is killed: 1 when one met trouble. */
static void log_in_for_ever(unsigned *judged)
{
	for (unsigned i = 0;; i++) {
		if (!is_judged(answer_as(i).verdict))
			_exit(1);
		__atomic_add_fetch(judged, 1, __ATOMIC_SEQ_CST);
	}
}

#define PEOPLE 3
#define ROUNDS 8

static void logins_go_on_while_a_key_is_added_used_and_retired(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	unsigned *judged = mmap(NULL, sizeof(*judged), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[PEOPLE];
	int status;

	(void)state;
	assert_ptr_not_equal(judged, MAP_FAILED);
	for (int i = 0; i < PEOPLE; i++)
		if ((pid[i] = fork()) == 0)
			log_in_for_ever(judged);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(rekey_add(&job, id, NULL), 0);
		assert_int_equal(rekey_use(&job, &res, NULL), 0);
		assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	}
	for (int i = 0; i < PEOPLE; i++) {
		assert_int_equal(waitpid(pid[i], &status, WNOHANG), 0);
		assert_int_equal(kill(pid[i], SIGKILL), 0);
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
	}
	assert_true(__atomic_load_n(judged, __ATOMIC_SEQ_CST) > ROUNDS);
	assert_int_equal(munmap(judged, sizeof(*judged)), 0);
	assert_sealed_under(id);
}

/* A login of user0 that stands still there until it is let go. */
static pid_t log_in_and_stop(enum stop where)
{
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(go), 0);
	if ((pid = fork()) == 0) {
		stops_at = where;
		(void)close(go[1]); /* the end of the test is one for it too */
		_exit(is_judged(answer_as(0).verdict) ? 0 : 1);
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	return pid;
}

static void let_go(pid_t pid)
{
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(scratch_wait(pid), 0);
	for (int i = 0; i < 2; i++) {
		(void)close(told[i]);
		(void)close(go[i]);
	}
}

static void login_stopped_anywhere_strands_no_record(void **state)
{
	static const enum stop where[] = {AT_KEYRING, BEFORE_LOCK, BEHIND_LOCK, BEFORE_WRITE};
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct store_value v;

	(void)state;
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		const bool holds = where[i] == BEHIND_LOCK || where[i] == BEFORE_WRITE;
		pid_t pid = log_in_and_stop(where[i]);

		assert_int_equal(rekey_add(&job, id, NULL), 0);
		assert_int_equal(rekey_use(&job, &res, NULL), holds ? ERR_UNAVAIL : 0);
		assert_int_equal(rekey_retire(&job, &gone, NULL), holds ? ERR_UNAVAIL : 0);
		assert_int_equal(ring().count, holds ? 2 : 1);
		let_go(pid);
		assert_int_equal(scratch_get(&sc, "hot/user0", &v), 0);
		if (holds) {
			assert_int_equal(rekey_use(&job, &res, NULL), 0);
			assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
		}
		assert_sealed_under(id);
	}
}

static pid_t waiting;

static void let_it_go(void *ctx, size_t done, size_t all)
{
	(void)ctx, (void)done, (void)all;
	if (waiting > 0)
		let_go(waiting);
	waiting = 0;
}

static void login_between_look_and_retirement_seals_under_the_key_that_stays(void **state)
{
	const struct rekey late = {&sc.conf, let_it_go, note_bad, NULL};
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;

	(void)state;
	waiting = log_in_and_stop(BEFORE_LOCK);
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	/* It tells of its progress when it has looked at user0. */
	assert_int_equal(rekey_retire(&late, &gone, NULL), 0);
	assert_int_equal(waiting, 0);
	assert_sealed_under(id);
}

static void record_under_a_key_that_came_since_is_read(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct err e = {0};
	struct rekey_retired gone;
	struct rekey_used res;
	struct store before;
	struct store_value v;

	(void)state;
	scratch_open(&sc, &before);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rekey_add(&job, id, NULL), 0);
		assert_int_equal(rekey_use(&job, &res, NULL), 0);
		assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	}
	assert_int_equal(store_get(&before, "enroll/user1", NULL, &v, &e), 0);
	assert_int_equal(e.code, 0);
	store_close(&before);
}

static void keyring_that_cannot_be_read_any_more_lets_nothing_be_written(void **state)
{
	static unsigned char is[1 << 14], was[1 << 14];
	unsigned char text[256];
	size_t n = scratch_bytes(&sc, "hot/user0", was, sizeof(was));
	size_t len = scratch_bytes(&sc, "keyring", text, sizeof(text));
	struct store st;

	(void)state;
	scratch_open(&sc, &st);
	assert_int_equal(unlink(sc.conf.keyring), 0);
	assert_int_equal(store_update(&st, "hot/user0", NULL, same_value, NULL, NULL), ERR_KEYRING);
	scratch_write(sc.conf.keyring, "k1 short\n", 9, 0600);
	assert_int_equal(store_update(&st, "hot/user0", NULL, same_value, NULL, NULL), ERR_KEYRING);
	assert_int_equal(store_update(&st, "hot/user0", NULL, same_value, NULL, NULL), ERR_KEYRING);
	scratch_write(sc.conf.keyring, text, len, 0644);
	assert_int_equal(store_update(&st, "hot/user0", NULL, same_value, NULL, NULL), ERR_UNSAFE);
	assert_int_equal(scratch_bytes(&sc, "hot/user0", is, sizeof(is)), n);
	assert_memory_equal(is, was, n);
	assert_int_equal(chmod(sc.conf.keyring, 0600), 0);
	assert_int_equal(store_update(&st, "hot/user0", NULL, same_value, NULL, NULL), 0);
	store_close(&st);
}

static void keyring_that_is_replaced_while_it_is_opened_is_read(void **state)
{
	char id[KEYRING_ID_MAX + 1], beside[512];
	unsigned char text[1024];
	size_t n;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	n = scratch_bytes(&sc, "keyring", text, sizeof(text));
	scratch_path(&sc, beside, "keyring.other");
	scratch_write(beside, text, n, 0600);
	comes_instead = beside;
	assert_int_equal(ring().count, 2);
	assert_null(comes_instead);
}

static void keyring_has_another_time_than_the_one_before(void **state)
{
	struct stat old, new;
	struct keyfile k;

	(void)state;
	counts_in_seconds = true;
	assert_int_equal(keyfile_read(&k, sc.conf.keyring, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(stat(sc.conf.keyring, &old), 0);
		assert_int_equal(keyfile_replace(&k, sc.conf.keyring, NULL), 0);
		assert_int_equal(stat(sc.conf.keyring, &new), 0);
		assert_true(new.st_ctim.tv_sec > old.st_ctim.tv_sec);
	}
}

static void old_key_stays_while_a_record_cannot_be_looked_at(void **state)
{
	char id[KEYRING_ID_MAX + 1], path[512];
	struct rekey_retired gone;
	struct rekey_used res;
	struct err e = {0};

	(void)state;
	scratch_path(&sc, path, "hot/user1");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_int_equal(res.bad, 1);
	assert_int_equal(rekey_retire(&job, &gone, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, "hot/user1"));
	assert_int_equal(ring().count, 2);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_sealed_under(id);
}

/* The kernel forgets the lost page, and every later sync, also of the whole file system,
 * succeeds: the record's old value may be all that the disk has. */
static void old_key_stays_while_the_disk_does_not_take_what_was_sealed_anew(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;
	struct store st;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	syncs_fail = true;
	scratch_open(&sc, &st);
	assert_int_equal(store_update(&st, "hot/user1", NULL, same_value, NULL, NULL),
	    ERR_UNKNOWN);
	store_close(&st);
	assert_int_equal(rekey_retire(&job, &gone, NULL), ERR_UNKNOWN);
	assert_int_equal(ring().count, 2);
	syncs_fail = false;
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_sealed_under(id);
}

/* `add` may have been killed behind its name and before the sync: a login that seals
 * under the new key must not be all that the disk has of it. */
static void keyring_is_on_the_disk_before_another_takes_its_place(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used res;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	directory_synced = renamed_unsynced = false;
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	assert_false(renamed_unsynced);
}

/* A record whose removal only memory has comes back with the power, under the old key. */
static void old_key_stays_while_the_disk_does_not_take_who_has_gone(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_retired gone;
	struct rekey_used res;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &res, NULL), 0);
	names_fail = true;
	assert_true(rekey_retire(&job, &gone, NULL) < 0);
	assert_int_equal(ring().count, 2);
	names_fail = false;
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_sealed_under(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(added_key_does_not_seal_yet),
	    T(used_key_seals_every_record_anew_and_decoys_too),
	    T(use_writes_the_newest_format),
	    T(old_key_is_not_retired_while_records_need_it),
	    T(use_killed_anywhere_is_completed_by_the_next),
	    T(keyring_is_the_old_or_the_new_one_whatever_is_killed),
	    T(comments_of_the_keyring_stay),
	    T(nul_in_a_comment_of_the_keyring_loses_no_key),
	    T(enrolment_begun_before_is_sealed_under_the_key_of_its_end),
	    T(import_in_which_the_key_changes_stores_nothing_under_the_old_one),
	    T(logins_go_on_while_a_key_is_added_used_and_retired),
	    T(login_stopped_anywhere_strands_no_record),
	    T(login_between_look_and_retirement_seals_under_the_key_that_stays),
	    T(record_under_a_key_that_came_since_is_read),
	    T(keyring_that_cannot_be_read_any_more_lets_nothing_be_written),
	    T(keyring_that_is_replaced_while_it_is_opened_is_read),
	    T(keyring_has_another_time_than_the_one_before),
	    T(old_key_stays_while_a_record_cannot_be_looked_at),
	    T(old_key_stays_while_the_disk_does_not_take_what_was_sealed_anew),
	    T(old_key_stays_while_the_disk_does_not_take_who_has_gone),
	    T(keyring_is_on_the_disk_before_another_takes_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
