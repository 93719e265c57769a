/* Enrolments, their changes side by side, import and init: enroll/steps.h. */
#include "tests/unit/scratch.h"

#include "enroll/import.h"
#include "enroll/init.h"
#include "enroll/steps.h"
#include "lib/core/secret.h"
#include "lib/core/slot.h"

#include <limits.h>
#include <sys/file.h>
#include <sys/syscall.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define URI(user) "otpauth://totp/" user "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"

static struct scratch sc;

/* These stand before libc's own in the link, so the shipped objects call them. */
static int good_syncs = INT_MAX; /* so many succeed, then */
static int bad_syncs;            /* so many fail */

static bool sync_fails(void)
{
	if (good_syncs > 0) {
		good_syncs--;
		return false;
	}
	errno = EIO;
	return bad_syncs-- > 0;
}

int fdatasync(int fd)
{
	return sync_fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return sync_fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

static void fail_syncs(int after, int n)
{
	good_syncs = after;
	bad_syncs = n;
}

static int set_up(void **state)
{
	(void)state;
	fail_syncs(INT_MAX, 0);
	scratch_init(&sc);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static struct steps who(struct store *st, const char *user)
{
	return (struct steps){.store = st, .conf = &sc.conf, .user = user, .now = SCRATCH_NOW};
}

static int edits;

static int edit(void *ctx, struct record_enroll *r, struct err *e)
{
	(void)ctx, (void)r, (void)e;
	edits++;
	return 0;
}

/* Each change that a user can make in self-service: a device (0), codes (1), removal of
 * the device "old" (2). */
static int change_own(int kind, const struct steps_proof *proof, int64_t now)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_recovery set;
	struct steps s;
	struct store st;
	int r;

	scratch_open(&sc, &st);
	s = who(&st, "alice");
	s.proof = proof;
	s.now = now;
	assert_int_equal(recovery_new(&set, codes, NULL), 0);
	r = kind == 0 ? steps_change(&s, edit, NULL, NULL) :
	    kind == 1 ? steps_recovery(&s, &set, NULL) : steps_remove(&s, "old", NULL);
	store_close(&st);
	return r;
}

static int may_change(const struct steps_proof *proof)
{
	struct steps s;
	struct store st;
	int r;

	scratch_open(&sc, &st);
	s = who(&st, "alice");
	s.proof = proof;
	r = steps_may_change(&s, NULL);
	store_close(&st);
	return r;
}

static void assert_all_refused(const struct steps_proof *proof, int64_t now)
{
	edits = 0;
	for (int kind = 0; kind < 3; kind++)
		assert_int_equal(change_own(kind, proof, now), ERR_REFUSED);
	assert_int_equal(edits, 0);
}

static int kept_codes;   /* of the last enrolment */
static uint8_t bound_to; /* every byte of the key of the next one; 0: none */

static int enroll(const char *user, const char *device, struct err *e)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device d = {.algorithm = RECORD_SHA1, .digits = 6, .period = 30};
	struct record_recovery set;
	struct steps_device put = {&d, &set, 0, &kept_codes};
	struct steps s;
	struct store st;
	int r;

	d.has_key = bound_to != 0;
	memset(d.key, bound_to, sizeof(d.key));
	(void)snprintf(d.name, sizeof(d.name), "%s", device);
	scratch_open(&sc, &st);
	s = who(&st, user);
	if ((r = steps_new_device(&d, SCRATCH_NOW, e)) == 0 &&
	    (r = recovery_new(&set, codes, e)) == 0)
		r = steps_enroll(&s, &put, e);
	store_close(&st);
	return r;
}

static int renew_codes(const char *user)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_recovery set;
	struct steps s;
	struct store st;
	int r;

	scratch_open(&sc, &st);
	s = who(&st, user);
	if ((r = recovery_new(&set, codes, NULL)) == 0)
		r = steps_recovery(&s, &set, NULL);
	store_close(&st);
	return r;
}

static int take_away(const char *user, const char *device)
{
	struct steps s;
	struct store st;
	int r;

	scratch_open(&sc, &st);
	s = who(&st, user);
	r = steps_remove(&s, device, NULL);
	store_close(&st);
	return r;
}

static struct steps_status status_of(const char *user)
{
	struct steps_status status;
	struct err e = {0};
	struct steps s;
	struct store st;

	scratch_open(&sc, &st);
	s = who(&st, user);
	if (steps_status(&s, &status, &e) != 0)
		fail_msg("%s", e.text);
	store_close(&st);
	return status;
}

static void spend_codes(const char *user, int n)
{
	struct record_hot hot = scratch_read_hot(&sc, user);

	for (int i = 0; i < 2; i++)
		if (hot.spent[i].id != 0)
			hot.spent[i].used = (uint16_t)((1u << n) - 1);
	scratch_change_hot(&sc, user, &hot);
}

static void assert_whole(const char *user, int devices)
{
	struct steps_status st = status_of(user);

	if (st.trouble.code != 0)
		fail_msg("%s", st.trouble.text);
	assert_int_equal(st.devices, devices);
	assert_int_equal(st.recovery_left, RECORD_CODES);
}

static void enrolments_side_by_side_leave_every_device_usable(void **state)
{
	char user[16];
	pid_t pid[8];

	(void)state;
	for (int round = 0; round < 10; round++) {
		(void)snprintf(user, sizeof(user), "user%d", round);
		for (int i = 0; i < 8; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				char device[16];

				(void)snprintf(device, sizeof(device), "d%d", i);
				_exit(enroll(user, device, NULL) == 0 ? 0 : 1);
			}
		}
		for (int i = 0; i < 8; i++)
			assert_int_equal(scratch_wait(pid[i]), 0);
		assert_whole(user, 8);
	}
}

static void changes_of_every_kind_side_by_side_leave_the_user_whole(void **state)
{
	pid_t pid[6];

	(void)state;
	for (int round = 0; round < 10; round++) {
		assert_int_equal(enroll("alice", "kept", NULL), 0);
		assert_int_equal(enroll("alice", "old", NULL), 0);
		for (int i = 0; i < 6; i++) {
			pid[i] = fork();
			if (pid[i] == 0)
				_exit((i % 3 == 0 ? renew_codes("alice") :
				    i % 3 == 1 ? enroll("alice", "new", NULL) :
				    take_away("alice", "old")) == ERR_SYSTEM ? 1 : 0);
		}
		for (int i = 0; i < 6; i++)
			assert_int_equal(scratch_wait(pid[i]), 0);
		assert_whole("alice", 2);
	}
}

static void change_without_trouble_warns_of_nothing(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(enroll("alice", "phone", &e), 0);
	assert_string_equal(e.text, "");
	assert_int_equal(enroll("alice", "phone", &e), 0);
	assert_string_equal(e.text, "");
}

static void further_device_leaves_the_first_and_the_recovery_codes(void **state)
{
	struct steps_status before, after;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	before = status_of("alice");
	spend_codes("alice", 3);
	assert_int_equal(enroll("alice", "tablet", NULL), 0);
	after = status_of("alice");
	assert_int_equal(after.devices, 2);
	assert_memory_equal(&after.device[0], &before.device[0], sizeof(after.device[0]));
	assert_int_equal(after.recovery_left, RECORD_CODES - 3);
	assert_int_equal(kept_codes, RECORD_CODES - 3);
}

static void replaced_device_or_spent_codes_bring_new_recovery_codes(void **state)
{
	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(kept_codes, 0);
	spend_codes("alice", 3);
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(kept_codes, 0);
	assert_whole("alice", 1);
	spend_codes("alice", RECORD_CODES);
	assert_int_equal(enroll("alice", "tablet", NULL), 0);
	assert_int_equal(kept_codes, 0);
	assert_whole("alice", 2);
}

static void device_keeps_the_key_that_it_is_bound_to(void **state)
{
	struct steps_status st;

	(void)state;
	bound_to = 7;
	assert_int_equal(enroll("ubuntu", "anna", NULL), 0);
	bound_to = 8;
	assert_int_equal(enroll("ubuntu", "bert", NULL), 0);
	bound_to = 0;
	assert_int_equal(enroll("ubuntu", "spare", NULL), 0);
	st = status_of("ubuntu");
	assert_true(st.device[0].has_key && st.device[1].has_key && !st.device[2].has_key);
	assert_int_equal(st.device[0].key[0], 7);
	assert_int_equal(st.device[1].key[0], 8);
	assert_int_equal(take_away("ubuntu", "anna"), 0);
	assert_int_equal(status_of("ubuntu").device[0].key[0], 8);
}

static void ninth_device_and_a_known_secret_are_refused(void **state)
{
	struct err e = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < RECORD_DEVICES; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(enroll("alice", name, &e), 0);
	}
	assert_int_equal(enroll("alice", "ninth", &e), ERR_REFUSED);
	assert_int_equal(enroll("alice", "d3", &e), 0); /* replaced, not added */
	assert_whole("alice", RECORD_DEVICES);
	assert_int_equal(enroll("alice", "tab\there", &e), ERR_REFUSED);
}

/* The lock of hot/alice is held from when her new enrolment is written. */
static void enrolment_in_force_is_no_failure_though_tidying_fails(void **state)
{
	struct err e = {0};
	char path[1024];
	int ready[2], fd, kind;
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(enroll("alice", "phone", &e), 0);
	(void)snprintf(path, sizeof(path), "%s/hot/alice", sc.conf.store_dir);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		char enrolled[1024];
		struct stat before, now;

		(void)snprintf(enrolled, sizeof(enrolled), "%s/enroll/alice", sc.conf.store_dir);
		fd = open(path, O_RDWR | O_CLOEXEC);
		kind = stat(enrolled, &before);
		(void)!write(ready[1], "x", 1);
		while (kind == 0 && stat(enrolled, &now) == 0 &&
		    now.st_mtim.tv_nsec == before.st_mtim.tv_nsec &&
		    now.st_mtim.tv_sec == before.st_mtim.tv_sec)
			;
		while (slot_lock(fd, 0, "hot", NULL) != 0)
			;
		(void)usleep(2600 * 1000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(enroll("alice", "phone", &e), 0);
	assert_int_equal(scratch_wait(pid), 0);
	assert_whole("alice", 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void enrolment_whose_sync_failed_is_written_again(void **state)
{
	struct err e = {0};

	(void)state;
	fail_syncs(3, 1); /* hot: file, name; enroll: file, then its name */
	assert_int_equal(enroll("alice", "phone", &e), 0);
	assert_string_equal(e.text, "");
	assert_whole("alice", 1);
	fail_syncs(1, 1); /* hot, then enroll */
	assert_int_equal(enroll("alice", "tablet", &e), 0);
	assert_string_equal(e.text, "");
	assert_whole("alice", 2);
}

static void enrolment_that_the_disk_does_not_take_is_no_success(void **state)
{
	struct err e = {0};

	(void)state;
	fail_syncs(3, INT_MAX);
	assert_int_equal(enroll("alice", "phone", &e), ERR_UNKNOWN);
	assert_non_null(strstr(e.text, "not known"));
	assert_non_null(strstr(e.text, strerror(EIO)));
	fail_syncs(INT_MAX, 0);
	assert_int_equal(enroll("alice", "phone", &e), 0);
	fail_syncs(1, INT_MAX);
	assert_int_equal(enroll("alice", "phone", &e), ERR_UNKNOWN);
	fail_syncs(1, INT_MAX);
	assert_int_equal(renew_codes("alice"), ERR_UNKNOWN);
	fail_syncs(INT_MAX, 0);
	assert_int_equal(enroll("alice", "phone", &e), 0);
	assert_whole("alice", 1);
}

static void removal_that_the_disk_does_not_take_is_no_success(void **state)
{
	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	fail_syncs(0, INT_MAX);
	assert_int_equal(take_away("alice", NULL), ERR_UNKNOWN);
	fail_syncs(1, INT_MAX); /* hot goes; enroll has gone, but not from the disk */
	assert_int_equal(take_away("alice", NULL), ERR_UNKNOWN);
	fail_syncs(INT_MAX, 0);
	assert_int_equal(take_away("alice", NULL), ERR_NONE);
}

static int may_enroll(const char *user, const char *device, uid_t uid)
{
	struct store st;
	struct steps s;
	int r;

	scratch_open(&sc, &st);
	s = who(&st, user);
	s.account = true;
	s.uid = uid;
	r = steps_may_enroll(&s, device, NULL);
	store_close(&st);
	return r;
}

static void device_that_would_be_refused_is_refused_before_it_is_shown(void **state)
{
	struct store_value v;
	struct record_hot hot;
	struct store st;
	char name[16];

	(void)state;
	assert_int_equal(may_enroll("alice", "phone", 1000), 0);
	for (int i = 0; i < RECORD_DEVICES; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(may_enroll("alice", name, 1000), 0);
		assert_int_equal(enroll("alice", name, NULL), 0);
	}
	assert_int_equal(may_enroll("alice", "d3", 1000), 0);
	assert_int_equal(may_enroll("alice", "ninth", 1000), ERR_REFUSED);
	scratch_open(&sc, &st);
	assert_int_equal(store_get(&st, "hot/alice", NULL, &v, NULL), 0);
	assert_int_equal(record_get_hot(&hot, v.data, v.len), 0);
	hot.uid_bound = true;
	hot.uid = 1001;
	assert_int_equal(steps_encode_hot(&hot, &v, NULL), 0);
	assert_int_equal(store_put(&st, "hot/alice", &v, NULL), 0);
	store_close(&st);
	assert_int_equal(may_enroll("alice", "d3", 1000), ERR_REFUSED);
	assert_int_equal(may_enroll("alice", "d3", 1001), 0);
}

static void enrolment_over_a_damaged_one_is_made_anew(void **state)
{
	char path[1024];

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/enroll/alice", sc.conf.store_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(may_enroll("alice", "phone", 1000), 0);
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_whole("alice", 1);
}

static void killed_change_frees_its_lock(void **state)
{
	struct store st;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		scratch_open(&sc, &st);
		_exit(store_lock(&st, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(scratch_wait(pid), 0);
	assert_int_equal(enroll("alice", "phone", NULL), 0);
}

static void init_side_by_side_makes_pairs_that_belong_together(void **state)
{
	struct init_made made;
	char path[1024];
	pid_t pid[4];

	(void)state;
	for (int i = 0; i < STORE_DECOYS; i += 3) {
		(void)snprintf(path, sizeof(path), "%s/%s/.%02x", sc.conf.store_dir,
		    i % 2 == 0 ? "hot" : "enroll", i);
		assert_int_equal(unlink(path), 0);
	}
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(init_run(&sc.conf, SCRATCH_NOW, &made, NULL) == 0 ? 0 : 1);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(scratch_wait(pid[i]), 0);
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, NULL), 0);
	assert_int_equal(made.decoys, 0);
}

static void init_mends_a_pair_that_does_not_belong_together(void **state)
{
	struct store_value hot;
	struct init_made made;
	struct store st;

	(void)state;
	scratch_open(&sc, &st);
	assert_int_equal(store_get(&st, "hot/.00", NULL, &hot, NULL), 0);
	(void)snprintf(hot.version, sizeof(hot.version), STORE_NEW);
	assert_int_equal(store_del(&st, "hot/.01", NULL, NULL), 0);
	assert_int_equal(store_put(&st, "hot/.01", &hot, NULL), 0);
	store_close(&st);
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, NULL), 0);
	assert_int_equal(made.decoys, 1);
}

static void init_makes_no_keyring_where_records_exist(void **state)
{
	struct init_made made;
	struct err e = {0};

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(unlink(sc.conf.keyring), 0);
	assert_false(init_is_due(&sc.conf));
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, &e), ERR_KEYRING);
	assert_int_not_equal(access(sc.conf.keyring, F_OK), 0);
}

static void unlock_makes_missing_state_that_accepts_nothing_of_now(void **state)
{
	struct steps_unlocked u;
	struct steps_status status;
	struct steps s;
	struct store st;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	scratch_open(&sc, &st);
	s = who(&st, "alice");
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_not_equal(status_of("alice").trouble.code, 0);
	assert_int_equal(steps_unlock(&s, &u, NULL), 0);
	assert_true(u.recreated);
	store_close(&st);
	status = status_of("alice");
	assert_int_equal(status.trouble.code, 0);
	assert_int_equal(status.recovery_left, 0);
}

struct notes {
	int skipped, refused;
};

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	struct notes *n = ctx;

	(void)line, (void)text;
	*(kind == IMPORT_SKIPPED ? &n->skipped : &n->refused) += 1;
}

static void progress(void *ctx, long lines, long imported)
{
	(void)ctx, (void)lines, (void)imported;
}

static struct import_result import(const char *text, struct notes *n)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct import_result res;
	struct err e = {0};
	struct store st;
	struct import job = {.store = &st, .conf = &sc.conf, .in = in, .name = "test",
	    .device = "phone", .now = SCRATCH_NOW, .note = note, .progress = progress, .ctx = n};

	*n = (struct notes){0};
	scratch_open(&sc, &st);
	if (import_otpauth(&job, &res, &e) != 0)
		fail_msg("%s", e.text);
	store_close(&st);
	(void)fclose(in);
	return res;
}

static void import_skips_who_is_enrolled_and_may_be_run_again(void **state)
{
	struct notes n;

	(void)state;
	assert_int_equal(import(URI("a") "\n# note\n" URI("b") URI("a") "rubbish\n", &n).imported, 2);
	assert_int_equal(n.skipped, 1);
	assert_int_equal(n.refused, 1);
	assert_int_equal(import(URI("a") URI("b") URI("c"), &n).imported, 1);
	assert_int_equal(n.skipped, 2);
	assert_int_equal(status_of("c").devices, 1);
}

static void import_never_takes_a_lost_enrolment_for_a_new_user(void **state)
{
	struct record_hot hot;
	struct notes n;
	struct store st;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	hot = scratch_read_hot(&sc, "alice");
	hot.ever_confirmed = true;
	scratch_change_hot(&sc, "alice", &hot);
	scratch_open(&sc, &st);
	assert_int_equal(store_del(&st, "enroll/alice", NULL, NULL), 0);
	store_close(&st);
	assert_int_equal(import(URI("alice"), &n).imported, 0);
	assert_int_equal(n.refused, 1);
	assert_false(status_of("alice").enrolled);
}

static void import_takes_who_a_killed_enrolment_left_half(void **state)
{
	struct notes n;
	struct store st;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	scratch_open(&sc, &st);
	assert_int_equal(store_del(&st, "enroll/alice", NULL, NULL), 0);
	store_close(&st);
	assert_int_equal(import(URI("alice"), &n).imported, 1);
	assert_int_equal(status_of("alice").trouble.code, 0);
}

static struct steps_proof by_device(int i)
{
	return (struct steps_proof){.device = status_of("alice").device[i].id,
	    .since = SCRATCH_NOW};
}

static void session_whose_device_was_replaced_changes_nothing(void **state)
{
	struct steps_status before, after;
	struct steps_proof proof;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(enroll("alice", "old", NULL), 0);
	proof = by_device(0);
	assert_int_equal(may_change(&proof), 0);
	assert_int_equal(take_away("alice", NULL), 0);
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(enroll("alice", "old", NULL), 0);
	before = status_of("alice");
	assert_int_equal(may_change(&proof), ERR_REFUSED);
	assert_all_refused(&proof, SCRATCH_NOW);
	after = status_of("alice");
	assert_int_equal(after.devices, 2);
	assert_int_equal(after.recovery_id, before.recovery_id);
}

static void session_never_makes_a_record_after_a_removal(void **state)
{
	struct steps_proof proof;
	struct store_value v;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	proof = by_device(0);
	assert_int_equal(take_away("alice", NULL), 0);
	edits = 0;
	assert_int_equal(may_change(&proof), ERR_REFUSED);
	assert_int_equal(change_own(0, &proof, SCRATCH_NOW), ERR_REFUSED);
	assert_int_equal(change_own(1, &proof, SCRATCH_NOW), ERR_NONE);
	assert_int_equal(change_own(2, &proof, SCRATCH_NOW), ERR_NONE);
	assert_int_equal(edits, 0);
	assert_int_equal(scratch_get(&sc, "enroll/alice", &v), ERR_NONE);
	assert_int_equal(scratch_get(&sc, "hot/alice", &v), ERR_NONE);
}

static void session_of_a_recovery_code_ends_with_its_set(void **state)
{
	struct steps_proof proof = {.since = SCRATCH_NOW};

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(enroll("alice", "old", NULL), 0);
	assert_all_refused(&proof, SCRATCH_NOW); /* a proof of nothing */
	proof.recovery = status_of("alice").recovery_id;
	assert_int_equal(change_own(0, &proof, SCRATCH_NOW), 0);
	assert_int_equal(renew_codes("alice"), 0);
	assert_all_refused(&proof, SCRATCH_NOW);
	proof.recovery = status_of("alice").recovery_id;
	assert_int_equal(change_own(1, &proof, SCRATCH_NOW), 0);
}

static void proof_counts_for_five_minutes(void **state)
{
	struct steps_proof proof;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	assert_int_equal(enroll("alice", "old", NULL), 0);
	proof = by_device(0);
	assert_all_refused(&proof, SCRATCH_NOW + STEPS_PROOF_LIFE);
	assert_all_refused(&proof, SCRATCH_NOW - 1);
	for (int kind = 0; kind < 3; kind++)
		assert_int_equal(change_own(kind, &proof, SCRATCH_NOW + STEPS_PROOF_LIFE - 1), 0);
	assert_int_equal(status_of("alice").devices, 1);
}

static void only_device_is_removed_by_root_alone(void **state)
{
	struct steps_proof proof;

	(void)state;
	assert_int_equal(enroll("alice", "old", NULL), 0);
	proof = by_device(0);
	assert_int_equal(change_own(2, &proof, SCRATCH_NOW), ERR_REFUSED);
	assert_int_equal(change_own(2, NULL, SCRATCH_NOW), 0);
}

/* Self-service knows the account, not which of its people sits there. */
static void on_a_shared_account_nobody_changes_anothers_devices(void **state)
{
	struct steps_proof anna, old, codes;

	(void)state;
	bound_to = 7;
	assert_int_equal(enroll("alice", "anna", NULL), 0);
	bound_to = 0;
	assert_int_equal(enroll("alice", "old", NULL), 0);
	anna = by_device(0);
	old = by_device(1);
	codes = (struct steps_proof){.recovery = status_of("alice").recovery_id,
	    .since = SCRATCH_NOW};
	assert_all_refused(&old, SCRATCH_NOW);
	assert_all_refused(&codes, SCRATCH_NOW);
	assert_int_equal(may_change(&old), ERR_REFUSED);
	assert_int_equal(change_own(0, &anna, SCRATCH_NOW), 0);
	bound_to = 8;
	assert_int_equal(enroll("alice", "bert", NULL), 0);
	bound_to = 0;
	assert_all_refused(&anna, SCRATCH_NOW);
}

static void status_tells_of_another_uid(void **state)
{
	struct steps_status status;
	struct record_hot hot;
	struct steps s;
	struct store st;

	(void)state;
	assert_int_equal(enroll("alice", "phone", NULL), 0);
	hot = scratch_read_hot(&sc, "alice");
	hot.uid_bound = true;
	hot.uid = 1000;
	scratch_change_hot(&sc, "alice", &hot);
	scratch_open(&sc, &st);
	s = who(&st, "alice");
	s.account = true;
	s.uid = 1001;
	assert_int_equal(steps_status(&s, &status, NULL), 0);
	assert_int_equal(status.trouble.code, ERR_BAD);
	store_close(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(enrolments_side_by_side_leave_every_device_usable),
	    T(changes_of_every_kind_side_by_side_leave_the_user_whole),
	    T(change_without_trouble_warns_of_nothing),
	    T(further_device_leaves_the_first_and_the_recovery_codes),
	    T(replaced_device_or_spent_codes_bring_new_recovery_codes),
	    T(device_keeps_the_key_that_it_is_bound_to),
	    T(ninth_device_and_a_known_secret_are_refused),
	    T(enrolment_in_force_is_no_failure_though_tidying_fails),
	    T(enrolment_whose_sync_failed_is_written_again),
	    T(enrolment_that_the_disk_does_not_take_is_no_success),
	    T(removal_that_the_disk_does_not_take_is_no_success),
	    T(device_that_would_be_refused_is_refused_before_it_is_shown),
	    T(enrolment_over_a_damaged_one_is_made_anew),
	    T(killed_change_frees_its_lock),
	    T(init_side_by_side_makes_pairs_that_belong_together),
	    T(init_mends_a_pair_that_does_not_belong_together),
	    T(init_makes_no_keyring_where_records_exist),
	    T(unlock_makes_missing_state_that_accepts_nothing_of_now),
	    T(import_skips_who_is_enrolled_and_may_be_run_again),
	    T(import_never_takes_a_lost_enrolment_for_a_new_user),
	    T(import_takes_who_a_killed_enrolment_left_half),
	    T(session_whose_device_was_replaced_changes_nothing),
	    T(session_never_makes_a_record_after_a_removal),
	    T(session_of_a_recovery_code_ends_with_its_set),
	    T(proof_counts_for_five_minutes),
	    T(only_device_is_removed_by_root_alone),
	    T(on_a_shared_account_nobody_changes_anothers_devices),
	    T(status_tells_of_another_uid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
