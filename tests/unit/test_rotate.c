/* The rotation of a key, with a fault at each call and at each write: no key is ever lost. */
#include "tests/unit/scratch.h"

#include "policy/rotate/machine.h"
#include "policy/rotate/profile.h"
#include "policy/rotate/profile_text.h"
#include "tests/unit/rotate_cloud.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static struct scratch sc;
static struct cloud *cloud; /* shared with the children */

/* ---- changes of files are events too ---- */

static bool in_child;

/* 0: goes on; else it fails. */
static int file_event(void)
{
	enum cloud_fault f;

	if (!in_child)
		return 0;
	f = cloud_event(cloud);
	if (f == CLOUD_KILL_AFTER)
		_exit(CLOUD_KILLED); /* as before the next one */
	if (f == CLOUD_FINE)
		return 0;
	cloud->excused = true;
	errno = EIO;
	return -1;
}

static void do_meanwhile(int what);

/* What a power cut takes, until the directory is synced. */
static int loosen(int dir, uint64_t *which, long result)
{
	struct stat st;

	if (result == 0 && in_child && fstat(dir, &st) == 0)
		*which = st.st_ino;
	return (int)result;
}

/* MUST: as long as the file that was replaced may not stay, the journal has its secret. */
static void check_block(const void *data, size_t n)
{
	const char *secret = cloud->keys > 0 ? cloud->key[cloud->keys - 1].secret : "";

	if (in_child && cloud->loose[2] != 0 && n > 8 && memmem(data, n, secret, strlen(secret)) == NULL)
		cloud_break(cloud, "a secret is forgotten, and the file with it may not stay", "");
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	check_block(data, n);
	return file_event() != 0 ? -1 : syscall(SYS_pwrite64, fd, data, n, at);
}

int fdatasync(int fd)
{
	(void)fd;
	if (file_event() != 0)
		return -1;
	cloud->unsaved = false;
	return 0; /* the disk of this machine is not what is tested */
}

int fsync(int fd)
{
	struct stat st;

	if (file_event() != 0)
		return -1;
	for (int i = 0; in_child && i < 3 && fstat(fd, &st) == 0; i++)
		if (cloud->loose[i] == st.st_ino)
			cloud->loose[i] = 0;
	return 0;
}

int renameat(int from, const char *a, int to, const char *b)
{
	if (in_child && cloud->fixed) {
		errno = EPERM;
		return -1;
	}
	return file_event() != 0 ? -1 :
	    loosen(to, &cloud->loose[2], syscall(SYS_renameat2, from, a, to, b, 0));
}

/* The file was read, and its copy is not there yet. */
int unlinkat(int dir, const char *name, int flags)
{
	const int what = cloud->meanwhile;

	if (in_child && what != 0) {
		cloud->meanwhile = 0;
		do_meanwhile(what);
	}
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int linkat(int from, const char *a, int to, const char *b, int flags)
{
	return loosen(to, &cloud->loose[1], syscall(SYS_linkat, from, a, to, b, flags));
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	return loosen(dir, &cloud->loose[0], syscall(SYS_mkdirat, dir, name, mode));
}

/* ---- a run in a process of its own ---- */

struct ask {
	bool profile;       /* the key is in a credentials file, and signs */
	const char *step;   /* of Secrets Manager */
	const char *retire; /* a key's id */
	const char *user, *account; /* of the rotation that is known */
	struct rotate_order order;
	struct rotate_times times;
};

static const struct ask daily = {.times = {.period = 90 * CLOUD_DAY, .overlap = CLOUD_DAY,
    .overlap_most = 7 * CLOUD_DAY, .grace = 7 * CLOUD_DAY, .orphan = CLOUD_DAY, .pace_ms = 2000}};

static struct rotate_record target_of(const struct ask *ask)
{
	struct rotate_record target = {.home_kind = ROTATE_HOME_SECRET};

	(void)snprintf(target.home, sizeof(target.home), "arn:aws:secretsmanager:eu-west-1:1:secret:x");
	if (ask->user != NULL)
		(void)snprintf(target.user, sizeof(target.user), "%s", ask->user);
	if (ask->account != NULL)
		(void)snprintf(target.account, sizeof(target.account), "%s", ask->account);
	if (ask->profile) {
		target.home_kind = ROTATE_HOME_PROFILE;
		(void)snprintf(target.home, sizeof(target.home), "%s/credentials", sc.dir);
		(void)snprintf(target.profile, sizeof(target.profile), "deploy");
		(void)snprintf(target.by, sizeof(target.by), "deploy");
	}
	return target;
}

static enum rotate_end go(struct rotate *m, const struct ask *ask, const struct rotate_record *target)
{
	const struct rotate_record of_user = {.user = CLOUD_USER};
	enum rotate_end end;

	if (ask->retire != NULL) {
		m->signer.account[0] = '\0';
		(void)snprintf(m->signer.account, sizeof(m->signer.account), CLOUD_ACCOUNT);
		(void)m->iam->signer(m->iam->ctx, m->signer_id, m->behind_id, &m->e);
		return rotate_retire(m, &of_user, ask->retire);
	}
	end = rotate_open(m, target);
	if (end != ROTATE_GO)
		return end;
	return ask->step != NULL ? rotate_call(m, ask->step) : rotate_run(m);
}

static int run_here(const struct ask *ask)
{
	const struct rotate_record target = target_of(ask);
	struct rotate_profile profile = {.path = target.home, .name = target.profile, .state_dir = sc.dir};
	struct rotate_iam iam = cloud_iam;
	struct rotate_home home = cloud_home;
	struct rotate_host host = cloud_host;
	struct rotate *m = rotate_new();
	enum rotate_end end;

	if (m == NULL)
		return 99;
	iam.ctx = home.ctx = host.ctx = cloud;
	if (ask->profile)
		rotate_profile_home(&profile, &home);
	m->iam = &iam;
	m->home = &home;
	m->host = &host;
	m->times = ask->times;
	m->order = ask->order;
	m->state_dir = sc.dir;
	end = go(m, ask, &target);
	if (end != ROTATE_DONE)
		(void)snprintf(cloud->last, sizeof(cloud->last), "%.255s", m->e.text);
	rotate_free(&m);
	return (int)end;
}

/* The end, or CLOUD_KILLED. */
static int run(const struct ask *ask)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		in_child = true;
		_exit(run_here(ask));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	cloud->unsaved = cloud->excused = false;
	return WEXITSTATUS(status);
}

static void later(int days)
{
	cloud->now_ms += (int64_t)days * CLOUD_DAY * 1000;
}

/* The record on disk, with its secrets. */
static void read_journal(struct rotate_record *r)
{
	struct journal j;
	struct err e = {0};

	assert_int_equal(journal_open(&j, sc.dir, CLOUD_ACCOUNT, CLOUD_USER, r, &e), 0);
	journal_close(&j);
}

/* Neither of its slots has one of the cloud's secrets. */
static void assert_no_secret_on_disk(void)
{
	char path[512], bytes[16384];
	ssize_t n;
	int fd;

	scratch_path(&sc, path, "rotate/" CLOUD_ACCOUNT "." CLOUD_USER ".j");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	assert_true(n > 0);
	assert_null(memmem(bytes, (size_t)n, "secret/of/key", 13));
}

/* The pair in the file; it has to be an active key's that has passed the test. */
static void read_file(struct rotate_pair *pair)
{
	struct rotate_profile p = {.path = NULL, .name = "deploy"};
	struct cloud_key *k;
	struct err e = {0};
	char path[512];

	scratch_path(&sc, path, "credentials");
	p.path = path;
	assert_int_equal(rotate_profile_read(&p, pair, &e), 0);
	k = cloud_key(cloud, pair->id);
	assert_non_null(k);
	if (k == NULL)
		return; /* for who reads without knowing cmocka */
	assert_true(k->there && k->active);
	assert_string_equal(k->secret, pair->secret);
	assert_true(k == &cloud->key[0] || k->tests >= 3);
}

static const char file_text[] = "# mine\n[default]\nregion = eu-west-1\n[deploy]\n"
    "aws_access_key_id = %s\n; a remark\n\taws_secret_access_key = a continuation\n"
    "aws_secret_access_key=%s\n";

static void put_into_file(const struct cloud_key *k)
{
	char path[512], text[512];

	(void)snprintf(text, sizeof(text), file_text, k->id, k->secret);
	scratch_path(&sc, path, "credentials");
	scratch_write(path, text, strlen(text), 0600);
}

static void begin_file(void)
{
	cloud_begin(cloud, true);
	scratch_dir(&sc);
	cloud->events = 1;
	cloud->current = -1;
	put_into_file(&cloud->key[0]);
}

static void begin(bool self)
{
	cloud_begin(cloud, self);
	scratch_dir(&sc);
	cloud->events = 1;
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void drop(void)
{
	(void)nftw(sc.dir, drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- what must be in the end ---- */

#define WRONG(what) do { (void)snprintf(why, 256, "%s", what); return false; } while (0)

/* One key, made since, in AWSCURRENT, of which the secret there is right; no second one that
 * is active, none whose secret nobody has. */
static bool is_well(struct cloud *c, char why[256])
{
	const struct cloud_key *k = cloud_current(c);

	if (c->broken[0] != '\0')
		WRONG(c->broken);
	if (k == NULL || !k->there || !k->active)
		WRONG("AWSCURRENT names no active key");
	if (strcmp(k->secret, c->version[c->current].secret) != 0)
		WRONG("AWSCURRENT has another secret");
	if (k->created < 1700000000)
		WRONG("the old key is still the current one");
	if (cloud_count(c) != 1)
		WRONG("there is a key that nobody needs");
	return true;
}

/* Runs once a week until the rotation has ended, or 12 weeks long. */
static bool run_to_the_end(const struct ask *ask, char why[256])
{
	char last[256];

	why[0] = '\0';
	for (int week = 0; week < 12 && cloud->broken[0] == '\0'; week++) {
		(void)run(ask);
		later(8);
		if (is_well(cloud, why))
			return true;
	}
	memcpy(last, why, sizeof(last));
	(void)snprintf(why, 256, "%.120s (%.120s)", last, cloud->last);
	return false;
}

static const struct ask daily_file = {.profile = true, .times = {.period = 90 * CLOUD_DAY,
    .overlap = CLOUD_DAY, .overlap_most = 7 * CLOUD_DAY, .grace = 7 * CLOUD_DAY,
    .orphan = CLOUD_DAY, .pace_ms = 2000}};

/* The same with a file: each process signs with the key that it finds there. */
static bool run_file_to_the_end(const struct ask *ask, char why[256])
{
	struct rotate_pair pair;

	for (int week = 0; week < 12; week++) {
		(void)run(ask);
		later(8);
		read_file(&pair);
		(void)snprintf(cloud->signer, sizeof(cloud->signer), "%.31s", pair.id);
		if (cloud->broken[0] != '\0')
			break;
		if (cloud_count(cloud) == 1 && strcmp(pair.id, cloud->key[0].id) != 0)
			return true;
	}
	(void)snprintf(why, 256, "%.120s (%.120s)", cloud->broken, cloud->last);
	return false;
}

/* ---- without a fault ---- */

static void key_is_rotated_in_three_runs(void **state)
{
	struct rotate_record r;
	char why[256];

	(void)state;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(cloud_count(cloud), 2);
	assert_int_equal(cloud->current, 1);
	assert_no_secret_on_disk();
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_OVERLAP);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(cloud->key[0].active);
	later(1);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(cloud->key[0].there);
	assert_false(cloud->key[0].active);
	later(6);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(cloud->key[0].there);
	later(1);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(is_well(cloud, why));
	assert_no_secret_on_disk();
	/* And nothing more until the next one is due. */
	later(79);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(cloud->made, 2);
	later(1);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(cloud->made, 3);
	drop();
}

static void new_key_signs_once_it_is_current(void **state)
{
	char why[256];

	(void)state;
	begin(true);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(run_to_the_end(&daily, why));
	assert_string_equal(cloud->signer, cloud->key[1].id);
	drop();
}

static void old_key_that_is_used_stays_on_and_is_told(void **state)
{
	(void)state;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	cloud->key[0].used = cloud->now_ms / 1000 - 60;
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_non_null(strstr(cloud->last, "still used"));
	assert_true(cloud->key[0].active);
	later(6);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[0].active);
	drop();
}

static void key_that_is_slow_is_waited_for(void **state)
{
	char why[256];

	(void)state;
	begin(false);
	cloud->slow = 15;
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

static void key_that_never_works_is_taken_back(void **state)
{
	(void)state;
	begin(false);
	cloud->slow = 100000;
	assert_int_equal(run(&daily), ROTATE_AGAIN);
	assert_int_equal(cloud_count(cloud), 1);
	assert_true(cloud->key[0].active);
	assert_int_equal(cloud->current, 0);
	assert_int_equal(cloud->pending, -1);
	assert_string_equal(cloud->broken, "");
	drop();
}

static void version_of_another_is_left_alone(void **state)
{
	char why[256];

	(void)state;
	begin(false);
	cloud->put_is_another = true;
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

static void current_key_that_is_off_is_drift_and_nothing_changes(void **state)
{
	(void)state;
	begin(false);
	cloud->key[0].active = false;
	cloud->events = 0;
	cloud->current = -1; /* not the cloud's fault */
	cloud->current = 0;
	assert_int_equal(run(&daily), ROTATE_DRIFT);
	assert_int_equal(cloud->made, 1);
	assert_false(cloud->key[0].active);
	drop();
}

static void second_active_key_is_for_people_to_decide(void **state)
{
	(void)state;
	begin(false);
	(void)cloud_make(cloud);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "decide"));
	assert_int_equal(cloud_count(cloud), 2);
	assert_true(cloud->key[1].active);
	drop();
}

static void second_key_that_was_off_for_long_makes_room(void **state)
{
	char why[256];

	(void)state;
	begin(false);
	(void)cloud_make(cloud);
	cloud->key[1].created -= 30 * CLOUD_DAY;
	cloud->key[1].active = false;
	/* Since when, IAM does not say: since it was seen off. */
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "is off"));
	later(6);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[1].there);
	later(1);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_false(cloud->key[1].there);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

static void dry_run_changes_nothing(void **state)
{
	struct ask ask = daily;
	char path[512];

	(void)state;
	begin(false);
	ask.order.dry_run = true;
	assert_int_equal(run(&ask), ROTATE_DONE);
	assert_int_equal(cloud->made, 1);
	scratch_path(&sc, path, "rotate");
	assert_int_equal(access(path, F_OK), -1);
	drop();
}

static void rollback_goes_back_and_the_new_key_goes_away(void **state)
{
	struct ask back = daily;

	(void)state;
	begin(false);
	back.order.rollback = true;
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE); /* the old one is off now */
	assert_false(cloud->key[0].active);
	assert_int_equal(run(&back), ROTATE_DONE);
	assert_int_equal(cloud->current, 0);
	assert_true(cloud->key[0].active);
	assert_true(cloud->key[1].active);
	back.order.rollback = false;
	back.order.resume = true;
	later(2);
	assert_int_equal(run(&back), ROTATE_DONE);
	assert_false(cloud->key[1].active);
	later(8);
	assert_int_equal(run(&back), ROTATE_DONE);
	assert_int_equal(cloud_count(cloud), 1);
	assert_true(cloud->key[0].there);
	assert_string_equal(cloud->broken, "");
	drop();
}

static void repair_finds_the_version_whose_key_works(void **state)
{
	struct ask repair = daily;
	struct cloud_key *k;

	(void)state;
	begin(false);
	repair.order.repair = true;
	k = cloud_make(cloud);
	(void)cloud_put(cloud, "22222222-1111-4111-8111-111111111111", k->id, k->secret);
	cloud->pending = 1;
	cloud->key[0].there = cloud->key[0].active = false;
	assert_int_equal(run(&daily), ROTATE_DRIFT);
	cloud->broken[0] = '\0'; /* as it was found */
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_int_equal(cloud->current, 1);
	assert_int_equal(cloud->made, 2);
	drop();
}

static void repair_makes_a_key_where_none_works(void **state)
{
	struct ask repair = daily;

	(void)state;
	begin(false);
	repair.order.repair = true;
	cloud->key[0].there = cloud->key[0].active = false;
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_int_equal(cloud_count(cloud), 1);
	assert_string_equal(cloud->version[cloud->current].key, cloud->key[1].id);
	assert_true(cloud->key[1].active);
	drop();
}

/* With room for two, the quota does not tell of the one whose answer was lost. */
static void create_is_not_asked_again_before_its_key_is_looked_for(void **state)
{
	struct ask repair = daily;

	(void)state;
	repair.order.repair = true;
	for (int at = 1; at <= 40; at++) {
		begin(false);
		cloud->key[0].there = cloud->key[0].active = false;
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_LOST;
		for (int week = 0; week < 4; week++) {
			(void)run(&repair);
			later(8);
		}
		cloud->broken[0] = '\0'; /* AWSCURRENT was dead at the beginning */
		assert_true(cloud->current >= 1);
		for (int i = 0; i < cloud->keys; i++)
			if (cloud->key[i].active)
				assert_string_equal(cloud->key[i].id, cloud->version[cloud->current].key);
		drop();
	}
}

static void key_that_became_current_meanwhile_is_not_deleted(void **state)
{
	(void)state;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE);
	/* Somebody has gone back by hand. */
	cloud->key[0].active = true;
	cloud->current = 0;
	later(30);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[0].there && cloud->key[0].active && cloud->key[1].active);
	drop();
}

static void steps_of_a_rotation_function_may_each_be_called_twice(void **state)
{
	static const char *const steps[] = {"createSecret", "setSecret", "testSecret", "finishSecret"};
	struct ask ask = daily;

	(void)state;
	begin(false);
	ask.order.token = "33333333-1111-4111-8111-111111111111";
	ask.step = "testSecret";
	assert_int_equal(run(&ask), ROTATE_STUCK); /* there is no such version */
	/* As RotateSecret makes it: a version with the label and without a value. */
	(void)cloud_put(cloud, ask.order.token, "", "");
	cloud->pending = 1;
	assert_int_equal(run(&ask), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "createSecret"));
	for (int i = 0; i < 4; i++)
		for (int twice = 0; twice < 2; twice++) {
			ask.step = steps[i];
			if (run(&ask) != ROTATE_DONE)
				fail_msg("%s: %s", steps[i], cloud->last);
			assert_int_equal(cloud->made, 2);
			assert_int_equal(cloud->current, i == 3 ? 1 : 0);
		}
	assert_string_equal(cloud->version[1].key, cloud->key[1].id);
	assert_true(cloud->key[0].active);
	/* The rest is the timer's; meanwhile no other version can be made. */
	(void)cloud_put(cloud, "44444444-1111-4111-8111-111111111111", "", "");
	cloud->pending = 2;
	ask.order.token = "44444444-1111-4111-8111-111111111111";
	ask.step = "createSecret";
	assert_int_equal(run(&ask), ROTATE_AGAIN);
	assert_int_equal(cloud->made, 2);
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(8);
	assert_int_equal(run(&ask), ROTATE_DONE); /* ends that one, and makes this one */
	assert_int_equal(cloud->made, 3);
	assert_string_equal(cloud->broken, "");
	drop();
}

static void faults_in_the_four_steps_lose_no_key(void **state)
{
	static const char *const steps[] = {"createSecret", "setSecret", "testSecret", "finishSecret"};

	(void)state;
	for (int at = 1; at <= 60; at++)
		for (int f = CLOUD_NOT_SENT; f < CLOUD_FAULTS; f++) {
			struct ask ask = daily;

			begin(false);
			ask.order.token = "33333333-1111-4111-8111-111111111111";
			(void)cloud_put(cloud, ask.order.token, "", "");
			cloud->pending = 1;
			cloud->plan[0].at = at;
			cloud->plan[0].fault = (enum cloud_fault)f;
			for (int tries = 0, i = 0; tries < 12 && i < 4; tries++) {
				ask.step = steps[i];
				/* Secrets Manager begins with the first one again. */
				i = run(&ask) == ROTATE_DONE ? i + 1 : 0;
				later(i == 0 && tries > 0 ? 2 : 0);
			}
			if (cloud->broken[0] != '\0' || cloud->current != 1 || cloud_count(cloud) != 2)
				fail_msg("event %d, fault %d: %s (%s)", at, f, cloud->broken, cloud->last);
			drop();
		}
}

static void retire_switches_off_what_is_nobodys(void **state)
{
	struct ask ask = daily;
	char id[32], current[32];

	(void)state;
	begin(false);
	(void)cloud_make(cloud);
	memcpy(id, cloud->key[1].id, sizeof(id));
	memcpy(current, cloud->key[0].id, sizeof(current));
	ask.retire = current;
	assert_int_equal(run(&ask), ROTATE_STUCK);
	ask.retire = "AKIANONE";
	assert_int_equal(run(&ask), ROTATE_DRIFT);
	ask.retire = id;
	assert_int_equal(run(&ask), ROTATE_DONE);
	assert_true(cloud->key[0].active);
	assert_false(cloud->key[1].active);
	assert_int_equal(run(&ask), ROTATE_DONE);
	drop();
}

static void profile_is_rotated_and_goes_back(void **state)
{
	struct ask back = daily_file;
	struct rotate_pair pair;
	struct rotate_record r;

	(void)state;
	begin_file();
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	assert_string_equal(cloud->signer, cloud->key[1].id);
	/* The old one's secret is nowhere else: for the way back. */
	read_journal(&r);
	assert_string_equal(r.old.secret, cloud->key[0].secret);
	assert_string_equal(r.new.secret, "");
	back.order.rollback = true;
	assert_int_equal(run(&back), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[0].id);
	assert_no_secret_on_disk();
	drop();
}

static void no_fault_loses_the_key_of_a_profile(void **state)
{
	char why[256];
	int n;

	(void)state;
	begin_file();
	assert_true(run_file_to_the_end(&daily_file, why));
	n = cloud->event;
	drop();
	for (int at = 1; at <= n; at++)
		for (int f = CLOUD_NOT_SENT; f < CLOUD_FAULTS; f++) {
			begin_file();
			cloud->plan[0].at = at;
			cloud->plan[0].fault = (enum cloud_fault)f;
			if (!run_file_to_the_end(&daily_file, why))
				fail_msg("event %d, fault %d: %s", at, f, why);
			(void)run(&daily_file); /* where the last one could not note that it is the last */
			assert_no_secret_on_disk();
			drop();
		}
}

static void hidden_orphan_is_found_by_the_quota(void **state)
{
	char why[256];

	(void)state;
	/* The answer to the create is lost, and lists do not show the key. */
	for (int at = 1; at < 60; at++) {
		begin(false);
		cloud->hide = 3;
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_LOST;
		assert_true(run_to_the_end(&daily, why));
		drop();
	}
}

/* ---- what other hosts and people do meanwhile ---- */

/* Runs until a process has died at the first event that leaves this state and this version. */
static void die_in(enum rotate_state s, int current, enum cloud_fault fault)
{
	struct rotate_record r;

	for (int at = 1; at < 60; at++) {
		begin(false);
		cloud->plan[0].at = at;
		cloud->plan[0].fault = fault;
		(void)run(&daily);
		read_journal(&r);
		if (r.state == s && cloud->current == current)
			return;
		drop();
	}
	fail_msg("no event leaves the state %d", (int)s);
}

static void key_that_another_host_made_current_is_not_switched_off(void **state)
{
	struct scratch first;

	(void)state;
	die_in(ROTATE_INTENT, 0, CLOUD_KILL_BEFORE);
	first = sc;
	scratch_dir(&sc); /* another host, which knows nothing of it */
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(cloud->current, 1);
	drop();
	sc = first;
	(void)run(&daily);
	assert_string_equal(cloud->broken, "");
	assert_true(cloud->key[0].active && cloud->key[1].active);
	drop();
}

/* Another host was a moment faster, and its file is not here. */
static void key_that_took_the_room_is_no_suspect(void **state)
{
	struct rotate_record r;

	(void)state;
	begin(false);
	(void)cloud_make(cloud);
	cloud->key[1].hidden = 2;
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[0].active && cloud->key[1].active);
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_CLOSED);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[0].active && cloud->key[1].active);
	drop();
}

static void dead_key_that_signs_for_itself_is_drift(void **state)
{
	(void)state;
	begin_file();
	cloud->key[0].active = false;
	assert_int_equal(run(&daily_file), ROTATE_DRIFT);
	assert_non_null(strstr(cloud->last, "InvalidClientTokenId"));
	assert_non_null(strstr(cloud->last, "--by"));
	drop();
}

/* Made by a person a day behind a process that died before its create. */
static void key_that_somebody_uses_is_no_suspect(void **state)
{
	struct cloud_key *k;

	(void)state;
	/* AWS tells uses hours later: also the one that signs here is used. */
	for (int told = 0; told < 2; told++) {
		die_in(ROTATE_INTENT, 0, CLOUD_KILL_BEFORE);
		assert_int_equal(cloud->made, 1);
		later(1);
		k = cloud_make(cloud);
		if (told == 1)
			k->used = cloud->now_ms / 1000 + 60;
		else
			memcpy(cloud->behind, k->id, sizeof(cloud->behind));
		later(1);
		assert_int_equal(run(&daily), ROTATE_STUCK);
		assert_non_null(strstr(cloud->last, "for you to decide"));
		assert_true(cloud->key[0].active && cloud->key[1].active);
		drop();
	}
}

static void dry_run_of_a_repair_changes_nothing(void **state)
{
	struct ask repair = daily;
	struct cloud_key *k;

	(void)state;
	repair.order.repair = repair.order.dry_run = true;
	begin(false);
	k = cloud_make(cloud);
	(void)cloud_put(cloud, "22222222-1111-4111-8111-111111111111", k->id, k->secret);
	cloud->pending = 1;
	cloud->key[0].there = cloud->key[0].active = false;
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_int_equal(cloud->current, 0);
	assert_non_null(strstr(cloud->last, "would become"));
	drop();
	begin(false);
	repair.order.yes = true;
	cloud->key[0].active = false;
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_false(cloud->key[0].active);
	assert_non_null(strstr(cloud->last, "would be switched on"));
	drop();
}

static int count_one(void *ctx, const struct rotate_record *r, const struct err *e)
{
	(void)r;
	assert_int_equal(e->code, 0);
	++*(int *)ctx;
	return 0;
}

static void user_who_was_never_rotated_is_no_ones_to_run(void **state)
{
	struct ask ask = daily;
	struct err e = {0};
	int count = 0;

	(void)state;
	begin(false);
	ask.retire = "AKIANONE";
	assert_int_equal(run(&ask), ROTATE_DRIFT);
	assert_int_equal(journal_each(sc.dir, count_one, &count, &e), 0);
	assert_int_equal(count, 0);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(journal_each(sc.dir, count_one, &count, &e), 0);
	assert_int_equal(count, 1);
	drop();
}

static void rollback_behind_a_lost_promotion_goes_back(void **state)
{
	struct ask back = daily;

	(void)state;
	back.order.rollback = true;
	die_in(ROTATE_TESTED, 1, CLOUD_KILL_AFTER);
	assert_int_equal(run(&back), ROTATE_DONE);
	assert_int_equal(cloud->current, 0);
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(8);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_false(cloud->key[1].there);
	assert_string_equal(cloud->broken, "");
	drop();
}

/* As a journal of before: it was given up, and is the current one all the same. */
static void key_that_was_given_up_and_is_current_goes_on(void **state)
{
	struct rotate_record r;
	struct journal j;
	struct err e = {0};
	char why[256];

	(void)state;
	die_in(ROTATE_TESTED, 1, CLOUD_KILL_AFTER);
	assert_int_equal(journal_open(&j, sc.dir, CLOUD_ACCOUNT, CLOUD_USER, &r, &e), 0);
	r.state = ROTATE_ABORT;
	assert_int_equal(journal_write(&j, &r, &e), 0);
	journal_close(&j);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

static void second_rollback_of_a_profile_is_refused_and_the_rest_goes_on(void **state)
{
	struct ask back = daily_file;
	struct rotate_pair pair;

	(void)state;
	begin_file();
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	back.order.rollback = true;
	for (int i = 0; i < 2; i++) {
		read_file(&pair);
		(void)snprintf(cloud->signer, sizeof(cloud->signer), "%.31s", pair.id);
		assert_int_equal(run(&back), i == 0 ? ROTATE_DONE : ROTATE_STUCK);
	}
	assert_non_null(strstr(cloud->last, "nobody has the secret"));
	later(2);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	later(8);
	(void)run(&daily_file);
	assert_false(cloud->key[1].there);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[0].id);
	drop();
}

/* Both keys are deleted by hand, and another is stored. */
static void repair_ends_a_rotation_that_people_have_overtaken(void **state)
{
	struct ask repair = daily;
	struct cloud_key *k;
	struct rotate_record r;

	(void)state;
	repair.order.repair = true;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE);
	cloud->key[0].there = false;
	k = cloud_make(cloud);
	(void)cloud_put(cloud, "55555555-1111-4111-8111-111111111111", k->id, k->secret);
	cloud->current = cloud->versions - 1;
	cloud->key[1].there = cloud->key[1].active = false;
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "rotate repair"));
	assert_int_equal(run(&repair), ROTATE_DONE);
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_CLOSED);
	assert_int_equal(cloud->made, 3);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_string_equal(cloud->broken, "");
	drop();
}

static void repair_begins_anew_where_both_keys_are_gone(void **state)
{
	struct ask repair = daily;

	(void)state;
	repair.order.repair = true;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	for (int i = 0; i < 2; i++)
		cloud->key[i].there = cloud->key[i].active = false;
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_int_equal(cloud->made, 3);
	assert_true(cloud_current(cloud) == &cloud->key[2]);
	drop();
}

static void new_key_that_no_list_shows_yet_is_not_taken_back(void **state)
{
	struct ask ask = daily;

	(void)state;
	begin(false);
	ask.order.token = "33333333-1111-4111-8111-111111111111";
	(void)cloud_put(cloud, ask.order.token, "", "");
	cloud->pending = 1;
	cloud->hide = 4;
	ask.step = "createSecret";
	assert_int_equal(run(&ask), ROTATE_DONE);
	ask.step = "setSecret";
	assert_int_equal(run(&ask), ROTATE_AGAIN);
	assert_true(cloud->key[1].active);
	while (cloud->key[1].hidden > 0)
		cloud->key[1].hidden--;
	assert_int_equal(run(&ask), ROTATE_DONE);
	drop();
}

/* Neither lists nor changes know it yet: it is there all the same. */
static void key_that_iam_does_not_know_yet_is_not_taken_for_gone(void **state)
{
	struct ask back = daily;
	struct rotate_record r;

	(void)state;
	back.order.rollback = true;
	for (int hidden = 0; hidden < 2; hidden++) {
		die_in(ROTATE_SAVED, 0, CLOUD_KILL_BEFORE);
		cloud->key[1].hidden = hidden == 0 ? 4 : 1000;
		cloud->late = true;
		assert_int_equal(run(&back), hidden == 0 ? ROTATE_AGAIN : ROTATE_DONE);
		read_journal(&r);
		assert_int_equal(r.state, hidden == 0 ? ROTATE_ABORT : ROTATE_CLOSED);
		drop();
	}
}

/* The environment holds it, and nobody replaces it there. */
static void key_that_signs_here_is_not_switched_off(void **state)
{
	char why[256];

	(void)state;
	begin(true);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	(void)snprintf(cloud->signer, sizeof(cloud->signer), "%s", cloud->key[0].id);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "what signs"));
	assert_true(cloud->key[0].active);
	assert_true(run_to_the_end(&daily, why)); /* with the new one */
	drop();
}

/* It signed once more while both were on, and has the new one since. */
static void uses_of_the_rotation_itself_are_not_told_to_be_others(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(run(&daily), ROTATE_DONE);
	cloud->now_ms += CLOUD_DAY / 2 * 1000;
	(void)snprintf(cloud->signer, sizeof(cloud->signer), "%s", cloud->key[0].id);
	assert_int_equal(run(&daily), ROTATE_DONE);
	(void)snprintf(cloud->signer, sizeof(cloud->signer), "%s", cloud->key[1].id);
	later(1);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_false(cloud->key[0].active);
	drop();
}

/* AWS tells a use of today tomorrow. */
static void key_that_assumes_the_role_that_signs_is_not_switched_off(void **state)
{
	struct ask hasty = daily;
	char id[32], why[256];

	(void)state;
	begin(false);
	(void)snprintf(cloud->behind, sizeof(cloud->behind), "%s", cloud->key[0].id);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(2);
	hasty.order.yes = true;
	assert_int_equal(run(&hasty), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "what signs"));
	assert_true(cloud->key[0].active);
	hasty.retire = id;
	memcpy(id, cloud->key[0].id, sizeof(id));
	assert_int_equal(run(&hasty), ROTATE_STUCK);
	assert_true(cloud->key[0].active);
	(void)snprintf(cloud->behind, sizeof(cloud->behind), "%s", cloud->key[1].id);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

/* The profile of this name in the file that the AWS tools read is another than that which is
 * rotated, and has the old key. */
static void old_key_that_a_file_of_others_signs_with_is_not_switched_off(void **state)
{
	struct ask hasty = daily_file;

	(void)state;
	begin_file();
	cloud->signer[0] = '\0';
	(void)snprintf(cloud->behind, sizeof(cloud->behind), "%s", cloud->key[0].id);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	later(2);
	assert_int_equal(run(&daily_file), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "what signs"));
	assert_true(cloud->key[0].active);
	drop();
	/* What was read before the promotion may have been this file. */
	begin_file();
	cloud->signer[0] = '\0';
	(void)snprintf(cloud->behind, sizeof(cloud->behind), "%s", cloud->key[0].id);
	hasty.times.overlap = 0;
	hasty.order.yes = true;
	assert_int_equal(run(&hasty), ROTATE_DONE);
	assert_false(cloud->key[0].active);
	drop();
}

static void rollback_leaves_no_pending_label(void **state)
{
	struct ask back = daily;

	(void)state;
	begin(false);
	back.order.rollback = true;
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_int_equal(run(&back), ROTATE_DONE);
	assert_int_equal(cloud->current, 0);
	assert_int_equal(cloud->pending, -1);
	drop();
}

/* struct posix_acl_xattr_header and _entry: rw for the owner, r for the user 65534. */
static const unsigned char acl[] = {2, 0, 0, 0,
    0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 4, 0, 0xfe, 0xff, 0, 0,
    0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
    0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

#define ACL "system.posix_acl_access"

static void access_list_of_a_credentials_file_stays(void **state)
{
	unsigned char now[sizeof(acl) + 1];
	char path[512];

	(void)state;
	begin_file();
	scratch_path(&sc, path, "credentials");
	if (setxattr(path, ACL, acl, sizeof(acl), 0) != 0 && errno == EOPNOTSUPP) {
		drop();
		skip();
	}
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	assert_int_equal(getxattr(path, ACL, now, sizeof(now)), sizeof(acl));
	assert_memory_equal(now, acl, sizeof(acl));
	drop();
}

/* The directory gives each new file one; the file that is replaced has none. */
static void rewritten_file_inherits_no_access_list(void **state)
{
	unsigned char now[64];
	char path[512];

	(void)state;
	begin_file();
	scratch_path(&sc, path, "credentials");
	if (setxattr(sc.dir, "system.posix_acl_default", acl, sizeof(acl), 0) != 0 && errno == EOPNOTSUPP) {
		drop();
		skip();
	}
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	assert_int_equal(getxattr(path, ACL, now, sizeof(now)), -1);
	drop();
}

static void retired_key_is_kept_for_the_grace(void **state)
{
	struct ask ask = daily;
	char id[32], why[256];

	(void)state;
	begin(false);
	(void)cloud_make(cloud);
	cloud->key[1].created -= 400 * CLOUD_DAY;
	memcpy(id, cloud->key[1].id, sizeof(id));
	ask.retire = id;
	assert_int_equal(run(&ask), ROTATE_DONE);
	assert_int_equal(run(&daily), ROTATE_STUCK);
	later(8);
	/* In use again meanwhile, and retired once more. */
	cloud->key[1].active = true;
	assert_int_equal(run(&daily), ROTATE_STUCK);
	cloud->key[1].active = false;
	assert_int_equal(run(&daily), ROTATE_STUCK);
	assert_true(cloud->key[1].there);
	later(8);
	assert_int_equal(run(&daily), ROTATE_DONE);
	assert_false(cloud->key[1].there);
	assert_true(run_to_the_end(&daily, why));
	drop();
}

static void pace_of_nothing_waits_for_a_slow_key(void **state)
{
	struct ask hasty = daily;
	char why[256];

	(void)state;
	hasty.times.pace_ms = 0;
	begin(false);
	cloud->slow = 15;
	assert_int_equal(run(&hasty), ROTATE_DONE);
	assert_true(run_to_the_end(&hasty, why));
	drop();
}

static void lists_that_show_no_orphan_take_half_a_minute(void **state)
{
	struct ask hasty = daily;
	int64_t before;

	(void)state;
	hasty.times.pace_ms = 0;
	die_in(ROTATE_INTENT, 0, CLOUD_KILL_BEFORE);
	assert_int_equal(cloud->made, 1);
	before = cloud->now_ms;
	assert_int_equal(run(&hasty), ROTATE_DONE);
	assert_true(cloud->now_ms - before >= 30000);
	drop();
}

/* Somebody has stored another text beside its id. */
static void old_key_stays_where_the_current_one_does_not_work(void **state)
{
	char secret[48], why[256];

	(void)state;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	memcpy(secret, cloud->version[1].secret, sizeof(secret));
	for (int off = 0; off < 2; off++) {
		(void)snprintf(cloud->version[1].secret, sizeof(cloud->version[1].secret), "another");
		later(8);
		assert_int_equal(run(&daily), ROTATE_STUCK);
		assert_non_null(strstr(cloud->last, "does not work"));
		assert_true(cloud->key[0].there);
		assert_int_equal(cloud->key[0].active, off == 0);
		memcpy(cloud->version[1].secret, secret, sizeof(secret));
		if (off == 0)
			assert_int_equal(run(&daily), ROTATE_DONE);
	}
	assert_true(run_to_the_end(&daily, why));
	drop();
}

/* The new key's version was replaced by another with its id. */
static void rollback_goes_back_from_a_version_that_somebody_has_stored(void **state)
{
	struct ask back = daily;

	(void)state;
	back.order.rollback = true;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	(void)cloud_put(cloud, "55555555-1111-4111-8111-111111111111", cloud->key[1].id, "another");
	cloud->previous = cloud->current;
	cloud->current = cloud->versions - 1;
	if (run(&back) != ROTATE_DONE)
		fail_msg("%s", cloud->last);
	assert_int_equal(cloud->current, 0);
	assert_string_equal(cloud->broken, "");
	drop();
}

/* ---- a signal in a step that waits ---- */

static void key_whose_test_is_stopped_is_not_given_up(void **state)
{
	struct rotate_record r;
	char why[256];

	(void)state;
	begin(false);
	cloud->slow = 15;
	cloud->stop_at = cloud->now_ms + 3000;
	assert_int_equal(run(&daily), ROTATE_STOPPED);
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_PUT);
	assert_true(cloud->now_ms < cloud->stop_at + 3000);
	cloud->stop_at = 0;
	assert_true(run_to_the_end(&daily, why));
	assert_int_equal(cloud->made, 2);
	drop();
}

static void stopped_search_for_a_key_is_none(void **state)
{
	struct rotate_record r;
	int made;

	(void)state;
	die_in(ROTATE_INTENT, 0, CLOUD_KILL_AFTER);
	while (cloud->made < 2) { /* the one that dies behind the create */
		const int at = cloud->plan[0].at + 1;

		drop();
		begin(false);
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_KILL_AFTER;
		(void)run(&daily);
	}
	made = cloud->made;
	cloud->key[1].hidden = 3;
	cloud->stop_at = cloud->now_ms + 1000;
	cloud->event = 1000;
	assert_int_equal(run(&daily), ROTATE_STOPPED);
	assert_int_equal(cloud->event, 1000 + 7); /* no create among them */
	assert_int_equal(cloud->made, made);
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_INTENT);
	drop();
}

static void stopped_repair_forgets_nothing(void **state)
{
	struct ask repair = daily;
	struct rotate_record r;
	char id[32], secret[48];

	(void)state;
	repair.order.repair = true;
	begin(false);
	assert_int_equal(run(&daily), ROTATE_DONE);
	cloud->key[0].there = cloud->key[0].active = false;
	assert_non_null(cloud_make(cloud));
	memcpy(id, cloud->key[2].id, sizeof(id));
	memcpy(secret, cloud->key[2].secret, sizeof(secret));
	(void)cloud_put(cloud, "55555555-1111-4111-8111-111111111111", id, secret);
	cloud->current = cloud->versions - 1;
	cloud->slow = 15;
	cloud->stop_at = cloud->now_ms + 3000;
	assert_int_equal(run(&repair), ROTATE_STOPPED);
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_OVERLAP);
	drop();
}

/* ---- what a failure must not leave ---- */

/* The key is deleted where its secret could not be kept. */
static void secret_that_could_not_be_saved_is_not_on_the_disk(void **state)
{
	int found = 0;

	(void)state;
	for (int at = 1; at <= 60; at++) {
		begin(false);
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_NOT_SENT;
		(void)run(&daily);
		if (cloud->made == 2 && !cloud->key[1].there) {
			found++;
			assert_no_secret_on_disk();
		}
		drop();
	}
	assert_true(found > 0);
}

/* Its save fails at the sync, which leaves it readable, and the process dies while it takes
 * the key back. */
static void key_that_is_being_taken_back_is_no_hindrance(void **state)
{
	int found = 0;
	char why[256];

	(void)state;
	for (int at = 1; at <= 60; at++)
		for (int next = 1; next <= 8; next++) {
			begin(false);
			cloud->plan[0].at = at;
			cloud->plan[0].fault = CLOUD_NOT_SENT;
			cloud->plan[1].at = at + next;
			cloud->plan[1].fault = CLOUD_KILL_AFTER;
			found += run(&daily) == CLOUD_KILLED && cloud->made == 2 && !cloud->key[1].active;
			if (!run_to_the_end(&daily, why))
				fail_msg("event %d, killed at %d: %s", at, at + next, why);
			drop();
		}
	assert_true(found > 0);
}

static void assert_no_copy_of_the_file(void)
{
	char path[512];

	scratch_path(&sc, path, ".credentials.pam-bastion");
	assert_int_equal(access(path, F_OK), -1);
}

static void file_that_cannot_be_replaced_leaves_no_copy(void **state)
{
	struct ask back = daily_file;
	int kept = 0;

	(void)state;
	back.order.rollback = true;
	for (int at = 1; at <= 60; at++) {
		begin_file();
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_NOT_SENT;
		kept += run(&daily_file) == ROTATE_STUCK ? 1 : 0;
		assert_no_copy_of_the_file();
		drop();
		/* Nor does one that was killed meanwhile, once it is given up. */
		begin_file();
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_KILL_BEFORE;
		if (run(&daily_file) == CLOUD_KILLED && run(&back) == ROTATE_DONE)
			assert_no_copy_of_the_file();
		drop();
	}
	assert_true(kept > 0);
}

static void no_key_is_made_for_a_file_that_cannot_take_it(void **state)
{
	struct rotate_pair pair;
	struct rotate_record r;

	(void)state;
	begin_file();
	cloud->fixed = true;
	assert_int_equal(run(&daily_file), ROTATE_STUCK);
	assert_int_equal(cloud->made, 1);
	assert_no_copy_of_the_file();
	assert_no_secret_on_disk();
	read_journal(&r);
	assert_int_equal(r.state, ROTATE_CLOSED);
	cloud->fixed = false;
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	drop();
}

/* Else the key below it would be taken for that of the profile above. */
static void heading_with_a_remark_begins_a_profile(void **state)
{
	static const char *const headings[] = {"[b]", "[b] # prod", " [ b ]\t; prod]"};
	struct profile_place place;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		(void)snprintf(text, sizeof(text), "[a]\nregion = x\n%s\naws_access_key_id = B\n"
		    "aws_secret_access_key = s\n", headings[i]);
		assert_true(profile_text_find(text, strlen(text), "a", &place));
		assert_false(place.has_id || place.has_secret);
		assert_true(profile_text_find(text, strlen(text), "b", &place));
		assert_true(place.has_id && place.has_secret && !place.twice);
	}
}

/* Of an application that runs as another user, in a directory of root's. */
static void file_of_another_owner_in_a_directory_of_root_is_safe(void **state)
{
	struct rotate_pair pair;
	struct stat st;
	char path[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	begin_file();
	scratch_path(&sc, path, "credentials");
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	/* But not where the directory is another's than the file. */
	assert_int_equal(chown(path, 1, 1), 0);
	assert_int_equal(chown(sc.dir, 65534, 65534), 0);
	assert_int_equal(run(&daily_file), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "its owner alone"));
	assert_int_equal(chown(sc.dir, 0, 0), 0);
	drop();
}

/* Each process in turn dies where it syncs what the one before has named. */
static void name_of_a_journal_is_on_the_disk_before_a_key_is_made(void **state)
{
	(void)state;
	for (int at = 1; at <= 60; at++) {
		begin(false);
		cloud->plan[0].at = at;
		cloud->plan[0].fault = CLOUD_KILL_BEFORE;
		(void)run(&daily);
		(void)run(&daily);
		assert_string_equal(cloud->broken, "");
		drop();
	}
}

static void file_is_replaced_on_the_disk_before_the_journal_forgets(void **state)
{
	(void)state;
	for (int at = 1; at <= 60; at++)
		for (int f = CLOUD_NOT_SENT; f <= CLOUD_KILL_BEFORE; f++) {
			begin_file();
			cloud->plan[0].at = at;
			cloud->plan[0].fault = (enum cloud_fault)f;
			(void)run(&daily_file);
			(void)run(&daily_file);
			assert_string_equal(cloud->broken, "");
			drop();
		}
}

/* Somebody needs it again, between two looks. */
static void key_that_is_switched_on_again_is_not_deleted(void **state)
{
	int woken = 0;

	(void)state;
	for (int at = 1; at <= 8; at++) {
		begin(false);
		assert_int_equal(run(&daily), ROTATE_DONE);
		later(2);
		assert_int_equal(run(&daily), ROTATE_DONE);
		later(8);
		cloud->wake = at;
		(void)run(&daily);
		if (cloud->wake == 0 && cloud->key[0].there)
			woken++, assert_true(cloud->key[0].active);
		assert_true(cloud->wake > 0 || cloud->key[0].there);
		drop();
	}
	assert_true(woken > 0);
}

/* ---- others at the same file ---- */

#define SECOND "[second]\naws_access_key_id = AKIASECOND0000000000\naws_secret_access_key = a\n"
enum { BY_HAND = 1, BY_ANOTHER, BY_NEW_SECRET };

static struct rotate_pair second_new = {.id = "AKIASECOND0000000001", .secret = "b"};

/* Another process rotates another profile. */
static enum rotate_answer rotate_second(const char *path)
{
	struct rotate_profile p = {.path = path, .name = "second", .state_dir = sc.dir};
	const struct rotate_value none = {.version = ""};
	struct rotate_home home;

	rotate_profile_home(&p, &home);
	(void)home.put(home.ctx, "t", &none, &second_new, NULL);
	return home.move(home.ctx, "t", "AKIASECOND0000000000", NULL);
}

static void do_meanwhile(int what)
{
	char path[512];
	FILE *f;

	scratch_path(&sc, path, "credentials");
	if (what == BY_ANOTHER) {
		cloud->told = (int)rotate_second(path);
		return;
	}
	if (what == BY_NEW_SECRET) {
		(void)snprintf(cloud->key[0].secret, sizeof(cloud->key[0].secret), "secret/of/key/by/hand");
		put_into_file(&cloud->key[0]);
		return;
	}
	if ((f = fopen(path, "ae")) != NULL) {
		(void)fputs("# by hand\n", f);
		(void)fclose(f);
	}
}

static void assert_in_file(const char *text)
{
	char path[512], bytes[1024];
	size_t n;
	FILE *f;

	scratch_path(&sc, path, "credentials");
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	assert_non_null(memmem(bytes, n, text, strlen(text)));
}

static void begin_two_profiles(int meanwhile)
{
	char path[512];
	FILE *f;

	begin_file();
	scratch_path(&sc, path, "credentials");
	f = fopen(path, "ae");
	assert_non_null(f);
	(void)fputs(SECOND, f);
	(void)fclose(f);
	cloud->meanwhile = meanwhile;
}

static void change_by_hand_is_not_lost_to_a_rotation(void **state)
{
	struct rotate_pair pair;

	(void)state;
	begin_two_profiles(BY_HAND);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	assert_int_equal(cloud->meanwhile, 0);
	assert_in_file("# by hand\n");
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	drop();
}

/* Before its key is replaced: the way back needs it. */
static void secret_that_is_put_right_by_hand_is_not_lost_to_a_rotation(void **state)
{
	struct ask back = daily_file;
	struct rotate_pair pair;

	(void)state;
	back.order.rollback = true;
	begin_file();
	cloud->meanwhile = BY_NEW_SECRET;
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	assert_int_equal(cloud->meanwhile, 0);
	assert_int_equal(run(&back), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[0].id);
	drop();
}

static void rotations_of_two_profiles_of_a_file_wait_for_each_other(void **state)
{
	struct rotate_pair pair;
	char path[512];

	(void)state;
	begin_two_profiles(BY_ANOTHER);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	assert_int_equal(cloud->told, ROTATE_LATER);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	assert_in_file(SECOND);
	scratch_path(&sc, path, "credentials");
	assert_int_equal(rotate_second(path), ROTATE_OK);
	assert_in_file(second_new.id);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[1].id);
	drop();
}

/* The file may have the only copy of its secret.  What is no key is in nobody's way. */
static void rollback_leaves_a_key_that_people_have_stored_where_it_is(void **state)
{
	const struct cloud_key none = {.id = "AKIANOBODYNOBODY0000", .secret = "x"};
	struct ask back = daily_file;
	struct rotate_pair pair;
	struct cloud_key *k;

	(void)state;
	back.order.rollback = true;
	back.user = CLOUD_USER;
	begin_file();
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	later(2);
	assert_int_equal(run(&daily_file), ROTATE_DONE);
	cloud->key[1].there = cloud->key[1].active = false;
	k = cloud_make(cloud);
	assert_non_null(k);
	(void)snprintf(cloud->signer, sizeof(cloud->signer), "%s", k->id);
	put_into_file(k);
	assert_int_equal(run(&back), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, "rotate repair"));
	assert_in_file(k->secret);
	assert_false(cloud->key[0].active);
	cloud->signer[0] = '\0';
	put_into_file(&none);
	assert_int_equal(run(&back), ROTATE_DONE);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[0].id);
	drop();
}

/* ---- two accounts, whose users have one name ---- */

static void repair_leaves_the_key_of_another_account_where_it_is(void **state)
{
	struct ask repair = daily_file;
	struct rotate_pair pair;

	(void)state;
	repair.order.repair = true;
	begin_file();
	cloud->key[0].foreign = true;
	cloud->signer[0] = '\0';
	assert_int_equal(run(&repair), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, CLOUD_OTHER_ACCOUNT));
	assert_int_equal(cloud->made, 1);
	read_file(&pair);
	assert_string_equal(pair.id, cloud->key[0].id);
	drop();
}

static void rotation_of_another_account_is_not_told_to_be_done(void **state)
{
	struct ask ask = daily;
	char path[512];

	(void)state;
	ask.account = CLOUD_OTHER_ACCOUNT;
	ask.order.resume = true;
	begin(false);
	assert_int_equal(run(&ask), ROTATE_STUCK);
	assert_non_null(strstr(cloud->last, CLOUD_OTHER_ACCOUNT));
	scratch_path(&sc, path, "rotate/" CLOUD_ACCOUNT "." CLOUD_USER ".j");
	assert_int_equal(access(path, F_OK), -1);
	ask.account = CLOUD_ACCOUNT;
	assert_int_equal(run(&ask), ROTATE_DONE);
	drop();
}

/* The user was moved to another path since his last rotation. */
static void repair_learns_anew_who_the_user_is(void **state)
{
	struct ask repair = daily;
	struct rotate_record r;
	struct journal j;
	struct err e = {0};

	(void)state;
	repair.order.repair = true;
	begin(false);
	assert_int_equal(journal_open(&j, sc.dir, CLOUD_ACCOUNT, CLOUD_USER, &r, &e), 0);
	(void)snprintf(r.arn, sizeof(r.arn), "arn:aws:iam::" CLOUD_ACCOUNT ":user/old/" CLOUD_USER);
	assert_int_equal(journal_write(&j, &r, &e), 0);
	journal_close(&j);
	cloud->key[0].there = cloud->key[0].active = false;
	assert_int_equal(run(&repair), ROTATE_DONE);
	assert_true(cloud_current(cloud) == &cloud->key[1]);
	drop();
}

/* finishSecret was done, and its process died before it could note that. */
static void next_version_does_not_take_a_key_that_is_current(void **state)
{
	struct ask ask = daily;

	(void)state;
	die_in(ROTATE_TESTED, 1, CLOUD_KILL_AFTER);
	(void)cloud_put(cloud, "44444444-1111-4111-8111-111111111111", "", "");
	cloud->pending = cloud->versions - 1;
	ask.order.token = "44444444-1111-4111-8111-111111111111";
	ask.step = "createSecret";
	assert_int_equal(run(&ask), ROTATE_AGAIN); /* the rotation before goes on */
	later(2);
	assert_int_equal(run(&daily), ROTATE_DONE);
	later(8);
	assert_int_equal(run(&ask), ROTATE_DONE);
	assert_int_equal(cloud->made, 3);
	assert_string_equal(cloud->version[cloud->pending].key, cloud->key[2].id);
	assert_string_equal(cloud->broken, "");
	drop();
}

/* ---- the matrix ---- */

static int count_events(const struct ask *ask, bool self)
{
	char why[256];
	int n;

	begin(self);
	if (!run_to_the_end(ask, why))
		fail_msg("without a fault: %s", why);
	n = cloud->event;
	drop();
	return n;
}

static void try_faults(const struct ask *ask, bool self, const int at[2], const enum cloud_fault fault[2])
{
	char why[256];

	begin(self);
	for (int i = 0; i < 2; i++) {
		cloud->plan[i].at = at[i];
		cloud->plan[i].fault = fault[i];
	}
	if (!run_to_the_end(ask, why))
		fail_msg("event %d, fault %d; event %d, fault %d: %s", at[0], (int)fault[0], at[1],
		    (int)fault[1], why);
	(void)run(ask);
	assert_no_secret_on_disk();
	drop();
}

static void try_each_event(bool self)
{
	const int n = count_events(&daily, self);

	for (int at = 1; at <= n; at++)
		for (int f = CLOUD_NOT_SENT; f < CLOUD_FAULTS; f++)
			try_faults(&daily, self, (int[2]){at, 0}, (enum cloud_fault[2]){(enum cloud_fault)f,
			    CLOUD_FINE});
}

static void no_fault_at_any_event_loses_a_key(void **state)
{
	(void)state;
	try_each_event(false);
}

static void no_fault_loses_a_key_that_rotates_itself(void **state)
{
	(void)state;
	try_each_event(true);
}

/* ROTATE_PAIRS=all: each pair; ROTATE_PAIRS=N: one in N; else one in 397. */
static int part_of_pairs(void)
{
	const char *s = getenv("ROTATE_PAIRS");
	const int n = s == NULL ? 397 : strcmp(s, "all") == 0 ? 1 : atoi(s);

	assert_true(n > 0);
	return n;
}

static void no_two_faults_lose_a_key(void **state)
{
	const int part = part_of_pairs(), n = count_events(&daily, false);
	int i = 0;

	(void)state;
	for (int a = 1; a <= n; a++)
		for (int b = a + 1; b <= n + 20; b++)
			for (int f = CLOUD_NOT_SENT; f < CLOUD_FAULTS; f++)
				for (int g = CLOUD_NOT_SENT; g < CLOUD_FAULTS; g++)
					if (i++ % part == 0)
						try_faults(&daily, false, (int[2]){a, b}, (enum cloud_fault[2]){
						    (enum cloud_fault)f, (enum cloud_fault)g});
}

/* ---- the control: the procedure of the guide on the same cloud ---- */

/* setSecret: where there are two keys the oldest goes, then a new one is made and put; the
 * test accepts whatever is no AuthFailure; finishSecret moves the label. */
static int guide_here(void)
{
	struct rotate_value cur = {.version = ""};
	struct rotate_keys keys;
	struct rotate_identity who;
	struct rotate_pair new;

	if (cloud_list(cloud, CLOUD_USER, &keys, NULL) != ROTATE_OK)
		return 1;
	if (keys.count == 2 && cloud_remove(cloud, CLOUD_USER,
	    keys.key[keys.key[0].created <= keys.key[1].created ? 0 : 1].id, NULL) != ROTATE_OK)
		return 1;
	if (cloud_create(cloud, CLOUD_USER, &new, NULL) != ROTATE_OK)
		return 1;
	cloud->unsaved = false; /* it is never saved */
	if (cloud_get(cloud, NULL, ROTATE_CURRENT, &cur, NULL) != ROTATE_OK ||
	    cloud_put_value(cloud, "99999999-1111-4111-8111-111111111111", &cur, &new, NULL) != ROTATE_OK)
		return 1;
	(void)cloud_identity(cloud, &new, &who, NULL);
	return cloud_move(cloud, "99999999-1111-4111-8111-111111111111", cur.version, NULL) == ROTATE_OK ? 0 : 1;
}

static int guide(void)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		in_child = true;
		_exit(guide_here());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cloud->unsaved = false;
	return WEXITSTATUS(status);
}

static void procedure_of_the_guide_loses_keys_in_the_same_cloud(void **state)
{
	int lost = 0, deleted = 0;

	(void)state;
	for (int at = 1; at <= 6; at++)
		for (int f = CLOUD_NOT_SENT; f < CLOUD_FAULTS; f++) {
			const struct cloud_key *k;

			begin(false);
			cloud->plan[0].at = at;
			cloud->plan[0].fault = (enum cloud_fault)f;
			for (int again = 0; again < 3 && guide() != 0; again++)
				later(0);
			k = cloud_current(cloud);
			lost += k == NULL || !k->there || !k->active ? 1 : 0;
			deleted += strstr(cloud->broken, "an active key is deleted") != NULL ? 1 : 0;
			drop();
		}
	assert_true(lost > 0);
	assert_true(deleted > 0);
}

static int make_cloud(void **state)
{
	(void)state;
	cloud = mmap(NULL, sizeof(*cloud), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cloud == MAP_FAILED || crypto_init() != 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_rotated_in_three_runs),
		cmocka_unit_test(new_key_signs_once_it_is_current),
		cmocka_unit_test(old_key_that_is_used_stays_on_and_is_told),
		cmocka_unit_test(key_that_is_slow_is_waited_for),
		cmocka_unit_test(key_that_never_works_is_taken_back),
		cmocka_unit_test(version_of_another_is_left_alone),
		cmocka_unit_test(current_key_that_is_off_is_drift_and_nothing_changes),
		cmocka_unit_test(second_active_key_is_for_people_to_decide),
		cmocka_unit_test(second_key_that_was_off_for_long_makes_room),
		cmocka_unit_test(dry_run_changes_nothing),
		cmocka_unit_test(rollback_goes_back_and_the_new_key_goes_away),
		cmocka_unit_test(repair_finds_the_version_whose_key_works),
		cmocka_unit_test(repair_makes_a_key_where_none_works),
		cmocka_unit_test(create_is_not_asked_again_before_its_key_is_looked_for),
		cmocka_unit_test(key_that_became_current_meanwhile_is_not_deleted),
		cmocka_unit_test(steps_of_a_rotation_function_may_each_be_called_twice),
		cmocka_unit_test(faults_in_the_four_steps_lose_no_key),
		cmocka_unit_test(retire_switches_off_what_is_nobodys),
		cmocka_unit_test(profile_is_rotated_and_goes_back),
		cmocka_unit_test(no_fault_loses_the_key_of_a_profile),
		cmocka_unit_test(hidden_orphan_is_found_by_the_quota),
		cmocka_unit_test(key_that_another_host_made_current_is_not_switched_off),
		cmocka_unit_test(key_that_took_the_room_is_no_suspect),
		cmocka_unit_test(dead_key_that_signs_for_itself_is_drift),
		cmocka_unit_test(key_that_somebody_uses_is_no_suspect),
		cmocka_unit_test(dry_run_of_a_repair_changes_nothing),
		cmocka_unit_test(user_who_was_never_rotated_is_no_ones_to_run),
		cmocka_unit_test(rollback_behind_a_lost_promotion_goes_back),
		cmocka_unit_test(key_that_was_given_up_and_is_current_goes_on),
		cmocka_unit_test(second_rollback_of_a_profile_is_refused_and_the_rest_goes_on),
		cmocka_unit_test(repair_ends_a_rotation_that_people_have_overtaken),
		cmocka_unit_test(repair_begins_anew_where_both_keys_are_gone),
		cmocka_unit_test(new_key_that_no_list_shows_yet_is_not_taken_back),
		cmocka_unit_test(key_that_iam_does_not_know_yet_is_not_taken_for_gone),
		cmocka_unit_test(key_that_signs_here_is_not_switched_off),
		cmocka_unit_test(uses_of_the_rotation_itself_are_not_told_to_be_others),
		cmocka_unit_test(key_that_assumes_the_role_that_signs_is_not_switched_off),
		cmocka_unit_test(old_key_that_a_file_of_others_signs_with_is_not_switched_off),
		cmocka_unit_test(rollback_leaves_no_pending_label),
		cmocka_unit_test(access_list_of_a_credentials_file_stays),
		cmocka_unit_test(rewritten_file_inherits_no_access_list),
		cmocka_unit_test(retired_key_is_kept_for_the_grace),
		cmocka_unit_test(pace_of_nothing_waits_for_a_slow_key),
		cmocka_unit_test(lists_that_show_no_orphan_take_half_a_minute),
		cmocka_unit_test(old_key_stays_where_the_current_one_does_not_work),
		cmocka_unit_test(rollback_goes_back_from_a_version_that_somebody_has_stored),
		cmocka_unit_test(key_whose_test_is_stopped_is_not_given_up),
		cmocka_unit_test(stopped_search_for_a_key_is_none),
		cmocka_unit_test(stopped_repair_forgets_nothing),
		cmocka_unit_test(secret_that_could_not_be_saved_is_not_on_the_disk),
		cmocka_unit_test(key_that_is_being_taken_back_is_no_hindrance),
		cmocka_unit_test(file_that_cannot_be_replaced_leaves_no_copy),
		cmocka_unit_test(no_key_is_made_for_a_file_that_cannot_take_it),
		cmocka_unit_test(file_of_another_owner_in_a_directory_of_root_is_safe),
		cmocka_unit_test(name_of_a_journal_is_on_the_disk_before_a_key_is_made),
		cmocka_unit_test(file_is_replaced_on_the_disk_before_the_journal_forgets),
		cmocka_unit_test(change_by_hand_is_not_lost_to_a_rotation),
		cmocka_unit_test(secret_that_is_put_right_by_hand_is_not_lost_to_a_rotation),
		cmocka_unit_test(rotations_of_two_profiles_of_a_file_wait_for_each_other),
		cmocka_unit_test(heading_with_a_remark_begins_a_profile),
		cmocka_unit_test(rollback_leaves_a_key_that_people_have_stored_where_it_is),
		cmocka_unit_test(key_that_is_switched_on_again_is_not_deleted),
		cmocka_unit_test(repair_leaves_the_key_of_another_account_where_it_is),
		cmocka_unit_test(rotation_of_another_account_is_not_told_to_be_done),
		cmocka_unit_test(repair_learns_anew_who_the_user_is),
		cmocka_unit_test(next_version_does_not_take_a_key_that_is_current),
		cmocka_unit_test(no_fault_at_any_event_loses_a_key),
		cmocka_unit_test(no_fault_loses_a_key_that_rotates_itself),
		cmocka_unit_test(no_two_faults_lose_a_key),
		cmocka_unit_test(procedure_of_the_guide_loses_keys_in_the_same_cloud),
	};

	return cmocka_run_group_tests(tests, make_cloud, NULL);
}
