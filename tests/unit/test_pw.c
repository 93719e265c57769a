/* Password histories in the hands of init, rekey, backup, restore and remove: the store of
 * store_open_pw(), enroll/pw.h. */
#include "tests/unit/scratch.h"

#include "enroll/init.h"
#include "enroll/names.h"
#include "enroll/pw.h"
#include "enroll/pw_merge.h"
#include "enroll/rekey.h"
#include "enroll/restore.h"
#include "lib/core/seal.h"
#include "lib/core/slot.h"
#include "policy/password/history.h"

#include <crypt.h>
#include <dlfcn.h>
#include <sys/file.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct scratch sc;
static char file[512];
static void (*at_next_crypt)(void);

char *crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	static char *(*real)(const char *, const char *, struct crypt_data *);
	void (*act)(void) = at_next_crypt;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	at_next_crypt = NULL;
	if (act != NULL)
		act();
	return real(phrase, setting, data);
}

static void (*at_next_name)(void);

/* Behind it: a record has just got its name. */
int linkat(int from, const char *name, int to, const char *as, int flags)
{
	static int (*real)(int, const char *, int, const char *, int);
	void (*act)(void) = at_next_name;
	int r;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "linkat");
	at_next_name = NULL;
	r = real(from, name, to, as, flags);
	if (act != NULL)
		act();
	return r;
}

static void init(void)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&sc.conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	(void)state;
	if (crypto_init() != 0)
		return -1;
	at_next_crypt = NULL;
	at_next_name = NULL;
	scratch_dir(&sc);
	scratch_conf(&sc, "");
	init();
	scratch_path(&sc, file, "backup");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static void open_pw(struct store *s)
{
	struct err e = {0};

	if (store_open_pw(s, &sc.conf, true, &e) != 0)
		fail_msg("%s", e.text);
}

static struct history_ask ask(struct store *s, const char *user, const char *password)
{
	return (struct history_ask){.store = s, .user = user, .new = {password, strlen(password)},
	    .reuse = 24, .now = SCRATCH_NOW};
}

/* A record whose crypt(3) costs 2 ms, of a line of its own. */
static void begin(const char *user)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE], key[STORE_KEY_MAX];
	struct store_value v = {.version = STORE_NEW};
	struct record_pw r;
	struct store s;

	assert_non_null(crypt_gensalt_rn("$y$", 1, NULL, 0, salt, sizeof(salt)));
	assert_int_equal(record_pw_new(&r, salt), 0);
	v.len = (size_t)record_pw_put(&r, v.data);
	scratch_key(key, "pw", user);
	open_pw(&s);
	assert_int_equal(store_put(&s, key, &v, NULL), 0);
	store_close(&s);
}

static void note(const char *user, const char *password)
{
	struct history h;
	struct store s;
	struct history_ask q = ask(&s, user, password);
	struct err e = {0};

	open_pw(&s);
	assert_int_equal(history_open(&h, NULL), 0);
	if (history_add(&h, &q, &e) != 0)
		fail_msg("%s", e.text);
	history_close(&h);
	store_close(&s);
}

static bool knows(const char *user, const char *password)
{
	enum history_said said = HISTORY_USED;
	struct history h;
	struct store s;
	struct history_ask q = ask(&s, user, password);
	struct err e = {0};

	open_pw(&s);
	assert_int_equal(history_open(&h, NULL), 0);
	if (history_check(&h, &q, &said, &e) != 0)
		fail_msg("%s", e.text);
	history_close(&h);
	store_close(&s);
	return said == HISTORY_USED;
}

static void spoil(const char *user)
{
	char path[512], tail[64];

	(void)snprintf(tail, sizeof(tail), "pw/%s", user);
	scratch_path(&sc, path, tail);
	scratch_write(path, "junk", 4, 0600);
}

static bool exists(const char *tail)
{
	char path[512];

	scratch_path(&sc, path, tail);
	return access(path, F_OK) == 0;
}

/* ---- the store ---- */

static mode_t mode_of(const char *tail)
{
	char path[512];
	struct stat st;

	scratch_path(&sc, path, tail);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void init_makes_the_directory(void **state)
{
	(void)state;
	assert_int_equal(mode_of("pw"), 0700);
}

static void histories_are_below_state_dir_where_the_store_is_elsewhere(void **state)
{
	char text[1600];
	struct store s;
	struct err e = {0};

	(void)state;
	(void)snprintf(text, sizeof(text), "store = file:%s/there\nstate_dir = %s/here\n"
	    "keyring = %s/keyring\n", sc.dir, sc.dir, sc.dir);
	assert_int_equal(conf_parse(&sc.conf, "scratch.conf", text, strlen(text), &e), 0);
	init();
	begin("alice");
	note("alice", "one");
	assert_true(exists("here/pw/alice"));
	assert_false(exists("there/pw"));
	open_pw(&s);
	assert_int_not_equal(store_get(&s, "hot/alice", NULL, s.value, NULL), 0);
	assert_int_not_equal(store_get(&s, "enroll/.00", NULL, s.value, NULL), 0);
	store_close(&s);
	scratch_open(&sc, &s);
	assert_int_not_equal(store_get(&s, "pw/alice", NULL, s.value, NULL), 0);
	store_close(&s);
	assert_true(store_has_records(&sc.conf, NULL) == 1);
}

static void directory_is_made_at_the_first_use_whatever_the_umask(void **state)
{
	char path[512];
	struct store s;
	mode_t mask;

	(void)state;
	scratch_path(&sc, path, "pw");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(store_open_pw(&s, &sc.conf, false, NULL), ERR_NONE);
	assert_false(exists("pw"));
	assert_int_equal(store_has_records(&sc.conf, NULL), 0);
	mask = umask(0777);
	open_pw(&s);
	(void)umask(mask);
	store_close(&s);
	assert_int_equal(mode_of("pw"), 0700);
	open_pw(&s);
	store_close(&s);
}

static void directory_of_others_is_refused(void **state)
{
	char path[512], other[512];
	struct store s;

	(void)state;
	scratch_path(&sc, path, "pw");
	assert_int_equal(chmod(path, 0770), 0);
	assert_int_equal(store_open_pw(&s, &sc.conf, true, NULL), ERR_UNSAFE);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(chown(path, 1000, 0), 0);
	assert_int_equal(store_open_pw(&s, &sc.conf, true, NULL), ERR_UNSAFE);
	assert_int_equal(rmdir(path), 0);
	scratch_path(&sc, other, "enroll");
	assert_int_equal(symlink(other, path), 0);
	assert_int_not_equal(store_open_pw(&s, &sc.conf, true, NULL), 0);
	assert_int_equal(unlink(path), 0);
	scratch_path(&sc, path, "keyring");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_open_pw(&s, &sc.conf, true, NULL), ERR_INIT);
}

static void only_histories(void)
{
	char command[600];

	begin("alice");
	(void)snprintf(command, sizeof(command), "rm %s/enroll/.[0-9a-f]* %s/hot/.[0-9a-f]*", sc.dir, sc.dir);
	assert_int_equal(system(command), 0);
}

static void lost_keyring_is_not_made_anew_while_there_are_histories(void **state)
{
	struct init_made made;
	char path[512];

	(void)state;
	only_histories();
	scratch_path(&sc, path, "keyring");
	assert_int_equal(unlink(path), 0);
	assert_false(init_is_due(&sc.conf));
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, NULL), ERR_KEYRING);
	assert_int_not_equal(access(path, F_OK), 0);
	/* Nor is a wrong one taken. */
	scratch_keyring(&sc);
	assert_int_equal(init_run(&sc.conf, SCRATCH_NOW, &made, NULL), ERR_KEYRING);
	assert_false(exists("enroll/.00"));
}

/* ---- rekey ---- */

static void no_progress(void *ctx, size_t done, size_t all)
{
	(void)ctx, (void)done, (void)all;
}

static int bad_records;

static void note_bad(void *ctx, const char *why)
{
	(void)ctx, (void)why;
	bad_records++;
}

static const struct rekey job = {&sc.conf, no_progress, note_bad, NULL};

static void key_of(const char *key, char id[KEYRING_ID_MAX + 1])
{
	struct store_raw raw;
	struct store s;

	open_pw(&s);
	assert_int_equal(store_get_raw(&s, key, &raw, NULL), 0);
	assert_int_equal(seal_key_id(&(struct seal_bytes){raw.data, sizeof(raw.data), raw.len}, id),
	    0);
	store_close(&s);
}

static void new_key(void)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used used;
	struct rekey_retired gone;
	struct err e = {0};

	if (rekey_add(&job, id, &e) != 0 || rekey_use(&job, &used, &e) != 0 ||
	    rekey_retire(&job, &gone, &e) != 0)
		fail_msg("%s", e.text);
}

static void another_master_key_loses_no_history(void **state)
{
	char id[KEYRING_ID_MAX + 1], under[KEYRING_ID_MAX + 1];
	struct rekey_used used;
	struct rekey_retired gone;

	(void)state;
	begin("alice");
	begin("bob");
	note("alice", "one");
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &used, NULL), 0);
	assert_int_equal(used.records, 2 * STORE_DECOYS + 2);
	key_of("pw/alice", under);
	assert_string_equal(under, id);
	key_of("pw/bob", under);
	assert_string_equal(under, id);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_true(knows("alice", "one"));
	note("alice", "two");
	assert_true(knows("alice", "one"));
}

static void key_that_a_history_needs_is_not_retired(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used used;
	struct rekey_retired gone;
	static unsigned char before[SLOT_FILE];
	char path[512];
	struct err e = {0};

	(void)state;
	begin("alice");
	note("alice", "one");
	assert_int_equal(scratch_bytes(&sc, "pw/alice", before, sizeof(before)), sizeof(before));
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &used, NULL), 0);
	/* From a copy of the directory. */
	scratch_path(&sc, path, "pw/alice");
	scratch_write(path, before, sizeof(before), 0600);
	assert_int_equal(rekey_retire(&job, &gone, &e), ERR_REFUSED);
	assert_int_equal(strncmp(e.text, "1 records are sealed", 20), 0);
	assert_int_equal(rekey_use(&job, &used, NULL), 0);
	assert_int_equal(used.records, 1);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
	assert_true(knows("alice", "one"));
}

static void damaged_history_keeps_the_old_key_and_is_named(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used used;
	struct rekey_retired gone;
	struct err e = {0};
	bool forgotten;

	(void)state;
	spoil("alice");
	bad_records = 0;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &used, NULL), 0);
	assert_int_equal(used.bad, 1);
	assert_int_equal(bad_records, 1);
	assert_int_equal(rekey_retire(&job, &gone, &e), ERR_REFUSED);
	assert_int_equal(pw_forget(&sc.conf, "alice", false, &forgotten, NULL), 0);
	assert_true(forgotten);
	assert_int_equal(rekey_retire(&job, &gone, NULL), 0);
}

/* The record is not there yet when all are counted, and the key that it would have been
 * sealed under goes. */
static void history_made_across_a_retirement_is_sealed_under_the_key_that_stays(void **state)
{
	(void)state;
	at_next_crypt = new_key;
	note("alice", "one");
	assert_true(knows("alice", "one"));
	at_next_crypt = new_key;
	note("alice", "two");
	assert_true(knows("alice", "one"));
	assert_true(knows("alice", "two"));
}

/* Nor under a key that goes while its maker stands still between its steps. */
static void history_made_by_who_stands_still_is_sealed_under_the_key_that_stays(void **state)
{
	char id[KEYRING_ID_MAX + 1];

	(void)state;
	at_next_name = new_key;
	note("alice", "one");
	assert_true(exists("pw/alice"));
	assert_true(knows("alice", "one"));
	key_of("pw/alice", id);
	at_next_name = new_key;
	note("bob", "one");
	assert_true(knows("alice", "one"));
	assert_true(knows("bob", "one"));
}

/* Whoever runs passwd may stop it: none may hold what the others' changes wait for. */
static void history_is_made_while_another_holds_the_lock_of_changes(void **state)
{
	struct store s;

	(void)state;
	open_pw(&s);
	assert_int_equal(store_lock(&s, NULL), 0);
	note("alice", "one");
	store_unlock(&s);
	store_close(&s);
	assert_true(knows("alice", "one"));
}

static bool is_locked;

static void try_lock(void)
{
	struct store s;

	open_pw(&s);
	is_locked = store_try_lock(&s, NULL) != 0;
	if (!is_locked)
		store_unlock(&s);
	store_close(&s);
}

static void who_makes_a_history_holds_no_lock_of_others(void **state)
{
	(void)state;
	is_locked = true;
	at_next_name = try_lock;
	note("alice", "one");
	assert_false(is_locked);
	assert_true(knows("alice", "one"));
}

static void make_another(void)
{
	note("alice", "of the other");
}

static void history_that_two_make_at_once_has_both(void **state)
{
	(void)state;
	at_next_name = make_another;
	note("alice", "of the one");
	assert_true(knows("alice", "of the one"));
	assert_true(knows("alice", "of the other"));
}

static void retirement_waits_for_who_holds_the_lock_of_changes(void **state)
{
	char id[KEYRING_ID_MAX + 1];
	struct rekey_used used;
	struct store s;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(rekey_add(&job, id, NULL), 0);
	assert_int_equal(rekey_use(&job, &used, NULL), 0);
	open_pw(&s);
	assert_int_equal(store_lock(&s, NULL), 0);
	if ((pid = fork()) == 0) {
		struct rekey_retired gone;

		/* A child shares the description, and so the lock. */
		store_close(&s);
		_exit(rekey_retire(&job, &gone, NULL) == 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	(void)usleep(300000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	store_unlock(&s);
	store_close(&s);
	assert_int_equal(scratch_wait(pid), 0);
}

/* ---- backup and restore ---- */

static void no_left(void *ctx, uint64_t left, uint64_t all)
{
	(void)ctx, (void)left, (void)all;
}

static int64_t tell_clock(void)
{
	return SCRATCH_NOW;
}

static int no_account(void *ctx, const char *user, uid_t *uid)
{
	(void)ctx, (void)user, (void)uid;
	return ERR_NONE;
}

static void no_foreign(void *ctx, const struct restore_foreign *f)
{
	(void)ctx, (void)f;
}

static struct backup_result backup(void)
{
	struct backup_result res;
	struct store s, pw;
	struct backup b = {.store = &s, .pw = &pw, .path = file, .now = SCRATCH_NOW,
	    .bad = note_bad, .progress = no_progress};
	struct err e = {0};

	(void)unlink(file);
	scratch_open(&sc, &s);
	open_pw(&pw);
	if (backup_write(&b, &res, &e) != 0)
		fail_msg("%s", e.text);
	store_close(&pw);
	store_close(&s);
	return res;
}

static int restore(bool replace, struct restore_result *res)
{
	struct backup_in in;
	struct keyring k;
	struct store s;
	struct restore q = {.store = &s, .conf = &sc.conf, .in = &in, .replace = replace,
	    .account = no_account, .foreign = no_foreign, .clock = tell_clock, .progress = no_left};
	struct err e = {0};
	int r;

	assert_int_equal(keyring_load(&k, sc.conf.keyring, NULL, NULL), 0);
	k.engine = NULL;
	if (backup_open(&in, file, &k, &e) != 0)
		fail_msg("%s", e.text);
	scratch_open(&sc, &s);
	r = restore_run(&q, res, &e);
	store_close(&s);
	backup_close(&in);
	return r;
}

static void user_with_device(const char *user)
{
	struct record_enroll r = scratch_enroll(1, 77);
	struct record_hot h = scratch_hot(&r);

	scratch_user(&sc, user, &r, &h);
}

static void forget(const char *user)
{
	bool gone;

	assert_int_equal(pw_forget(&sc.conf, user, true, &gone, NULL), 0);
	assert_true(gone);
}

static void backup_carries_histories_with_and_without_an_enrolment(void **state)
{
	struct backup_result out;
	struct restore_result in;

	(void)state;
	user_with_device("bob");
	begin("alice");
	begin("bob");
	begin("carol");
	note("alice", "of alice");
	note("bob", "of bob");
	out = backup();
	assert_int_equal(out.records, 5);
	assert_int_equal(out.users, 3);
	forget("alice");
	forget("bob");
	assert_false(knows("bob", "of bob"));
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.users, 1);
	assert_int_equal(in.histories, 2); /* carol's is there */
	assert_true(knows("alice", "of alice"));
	assert_true(knows("bob", "of bob"));
}

static void history_that_goes_on_from_the_backups_stays(void **state)
{
	struct restore_result in;

	(void)state;
	begin("alice");
	note("alice", "one");
	(void)backup();
	note("alice", "two");
	assert_int_equal(restore(false, &in), ERR_REFUSED);
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 0);
	assert_true(knows("alice", "one"));
	assert_true(knows("alice", "two"));
}

static void keep_backup(const char *name, bool back)
{
	char path[512];

	scratch_path(&sc, path, name);
	assert_int_equal(back ? rename(path, file) : rename(file, path), 0);
}

static void older_history_that_is_there_gets_what_the_backup_knows(void **state)
{
	static const char *const words[] = {"one", "two", "three", "four"};
	struct restore_result in;

	(void)state;
	begin("alice");
	note("alice", "one");
	note("alice", "two");
	(void)backup();
	keep_backup("b1", false);
	note("alice", "three");
	note("alice", "four");
	(void)backup();
	keep_backup("b2", false);
	forget("alice");
	keep_backup("b1", true);
	assert_int_equal(restore(false, &in), 0);
	assert_int_equal(in.histories, 1);
	assert_false(knows("alice", "three"));
	keep_backup("b2", true);
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 1);
	for (size_t i = 0; i < 4; i++)
		assert_true(knows("alice", words[i]));
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 0);
}

/* Two hosts have gone on from one backup. */
static void histories_that_went_two_ways_are_merged(void **state)
{
	struct restore_result in;

	(void)state;
	begin("alice");
	note("alice", "one");
	(void)backup();
	keep_backup("b1", false);
	note("alice", "of there");
	(void)backup();
	keep_backup("b2", false);
	forget("alice");
	keep_backup("b1", true);
	assert_int_equal(restore(false, &in), 0);
	note("alice", "of here");
	keep_backup("b2", true);
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 1);
	assert_true(knows("alice", "one"));
	assert_true(knows("alice", "of there"));
	assert_true(knows("alice", "of here"));
}

/* ---- merging: lists are "MAC BEFORE SET" a letter each, newest first ---- */

static struct record_pw listed(const char *text)
{
	struct record_pw r = {.format = 1, .salt = "$y$j9T$salt", .key = {7}};

	for (; *text != '\0'; text += strspn(text + 3, " ") + 3) {
		struct record_pw_entry *x = &r.entry[r.entries++];

		x->mac[0] = (uint8_t)text[0];
		x->before[0] = (uint8_t)(text[1] == '-' ? 0 : text[1]);
		x->set = text[2] - '0';
	}
	return r;
}

static void assert_merged(const char *there, const char *backup_has, const char *all)
{
	struct record_pw to = listed(there), from = listed(backup_has), want = listed(all);

	assert_int_equal(pw_merge(&to, &from), strcmp(there, all) != 0);
	assert_memory_equal(&to, &want, sizeof(to));
	assert_false(pw_merge(&to, &from));
	assert_memory_equal(&to, &want, sizeof(to));
}

static void merged_history_has_what_either_has_newest_first(void **state)
{
	(void)state;
	assert_merged("", "", "");
	assert_merged("bx2 aw1", "", "bx2 aw1");
	assert_merged("", "bx2 aw1", "bx2 aw1");
	assert_merged("bx2 aw1", "bx2 aw1", "bx2 aw1");
	assert_merged("cy3 bx2 aw1", "bx2 aw1", "cy3 bx2 aw1");
	assert_merged("bx2 aw1", "dz4 cy3 bx2 aw1", "dz4 cy3 bx2 aw1");
	/* Two ways from one. */
	assert_merged("dx4 bx2 aw1", "cx3 bx2 aw1", "dx4 cx3 bx2 aw1");
	assert_merged("cx3 bx2 aw1", "dx4 bx2 aw1", "dx4 cx3 bx2 aw1");
	/* What one has lost at the end, or in between. */
	assert_merged("cy3 bx2", "bx2 aw1", "cy3 bx2 aw1");
	assert_merged("cy3 aw1", "cy3 bx2 aw1", "cy3 bx2 aw1");
	/* The clock was set back: the order of a list counts. */
	assert_merged("cy1 bx9", "bx9 aw5", "cy1 bx9 aw5");
	assert_merged("bx9 aw5", "dz2 cy1 bx9 aw5", "dz2 cy1 bx9 aw5");
	/* One password in force twice; none of the two is lost. */
	assert_merged("cy3 bx2 aw1", "az4 cy3 bx2 aw1", "az4 cy3 bx2 aw1");
	/* The password of before stands last. */
	assert_merged("bx2 a-0", "bx2", "bx2 a-0");
	assert_merged("cy3 bx2", "bx2 a-0", "cy3 bx2 a-0");
	/* No order that both agree with: still nothing is lost. */
	assert_merged("bx2 aw1", "aw1 bx2", "bx2 aw1");
}

static void merged_history_fits_a_record(void **state)
{
	struct record_pw to = listed(""), from = listed("");

	(void)state;
	for (int i = 0; i < RECORD_PW_ENTRIES; i++) {
		to.entry[i] = (struct record_pw_entry){{(uint8_t)(i + 1)}, {(uint8_t)(i / 8 + 1)}, 900 - i};
		from.entry[i] = (struct record_pw_entry){{(uint8_t)(i + 101)}, {(uint8_t)(i + 101)}, 500 - i};
	}
	to.entries = from.entries = RECORD_PW_ENTRIES;
	assert_true(pw_merge(&to, &from));
	assert_int_equal(to.entries, RECORD_PW_ENTRIES);
	/* Seven changes with eight tries each leave one each; of the others the oldest go. */
	for (int i = 0; i < 7; i++)
		assert_int_equal(to.entry[i].mac[0], 8 * i + 1);
	for (int i = 7; i < RECORD_PW_ENTRIES; i++)
		assert_int_equal(to.entry[i].mac[0], i - 7 + 101);
}

static void history_that_was_begun_anew_or_is_damaged_gives_way(void **state)
{
	struct restore_result in;

	(void)state;
	begin("alice");
	note("alice", "one");
	(void)backup();
	forget("alice");
	begin("alice");
	note("alice", "two");
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 1);
	assert_true(knows("alice", "one"));
	assert_false(knows("alice", "two"));
	spoil("alice");
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 1);
	assert_true(knows("alice", "one"));
}

static void damaged_history_is_left_out_of_a_backup_and_counted(void **state)
{
	struct backup_result out;

	(void)state;
	begin("alice");
	spoil("bob");
	out = backup();
	assert_int_equal(out.records, 1);
	assert_int_equal(out.bad, 1);
}

/* ---- remove ---- */

static void good_history_is_forgotten_only_where_all_are(void **state)
{
	bool gone = true;

	(void)state;
	begin("alice");
	note("alice", "one");
	assert_int_equal(pw_forget(&sc.conf, "alice", false, &gone, NULL), 0);
	assert_false(gone);
	assert_true(knows("alice", "one"));
	assert_int_equal(pw_forget(&sc.conf, "alice", true, &gone, NULL), 0);
	assert_true(gone);
	assert_false(exists("pw/alice"));
	assert_int_equal(pw_forget(&sc.conf, "alice", true, &gone, NULL), 0);
	assert_false(gone);
}

static void history_that_cannot_be_trusted_is_forgotten(void **state)
{
	struct store_value v = {.version = STORE_NEW, .len = 3, .data = {9, 9, 9}};
	struct store s;
	bool gone;

	(void)state;
	spoil("alice");
	assert_int_equal(pw_forget(&sc.conf, "alice", false, &gone, NULL), 0);
	assert_true(gone);
	open_pw(&s);
	assert_int_equal(store_put(&s, "pw/alice", &v, NULL), 0);
	store_close(&s);
	assert_int_equal(pw_forget(&sc.conf, "alice", false, &gone, NULL), 0);
	assert_true(gone);
	assert_false(exists("pw/alice"));
}

static void put_empty(const char *tail)
{
	unsigned char bytes[SLOT_FILE];
	char path[512];

	scratch_path(&sc, path, tail);
	assert_int_equal(slot_image(bytes, 7, "", 0), 0);
	scratch_write(path, bytes, sizeof(bytes), 0600);
}

/* Its maker was killed before it was filled. */
static void history_that_was_never_filled_is_none(void **state)
{
	struct backup_result out;
	struct restore_result in;
	struct store s;
	bool gone;

	(void)state;
	put_empty("pw/alice");
	assert_false(knows("alice", "one"));
	new_key();
	assert_true(exists("pw/alice"));
	note("alice", "one");
	assert_true(knows("alice", "one"));
	/* A backup leaves it out, and one with a history fills it. */
	put_empty("pw/bob");
	bad_records = 0;
	out = backup();
	assert_int_equal(out.records, 1);
	assert_int_equal(bad_records, 0);
	forget("alice");
	put_empty("pw/alice");
	assert_int_equal(restore(true, &in), 0);
	assert_int_equal(in.histories, 1);
	assert_true(knows("alice", "one"));
	/* It goes with its user, and not before. */
	assert_int_equal(pw_forget(&sc.conf, "bob", false, &gone, NULL), 0);
	assert_true(!gone && exists("pw/bob"));
	assert_int_equal(pw_forget(&sc.conf, "bob", true, &gone, NULL), 0);
	assert_false(exists("pw/bob"));
	/* Of other records there is none such. */
	put_empty("hot/carol");
	scratch_open(&sc, &s);
	assert_int_equal(store_get(&s, "hot/carol", NULL, s.value, NULL), ERR_BAD);
	store_close(&s);
}

static void names_of_histories_are_listed(void **state)
{
	struct names names = {0};
	struct store s;

	(void)state;
	begin("b/b");
	begin("alice");
	open_pw(&s);
	assert_int_equal(names_add_pw(&s, &names, NULL), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.name[0], "alice");
	assert_string_equal(names.name[1], "b/b");
	names_free(&names);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(init_makes_the_directory),
	    T(histories_are_below_state_dir_where_the_store_is_elsewhere),
	    T(directory_is_made_at_the_first_use_whatever_the_umask),
	    T(directory_of_others_is_refused),
	    T(lost_keyring_is_not_made_anew_while_there_are_histories),
	    T(another_master_key_loses_no_history),
	    T(key_that_a_history_needs_is_not_retired),
	    T(damaged_history_keeps_the_old_key_and_is_named),
	    T(history_made_across_a_retirement_is_sealed_under_the_key_that_stays),
	    T(history_made_by_who_stands_still_is_sealed_under_the_key_that_stays),
	    T(history_is_made_while_another_holds_the_lock_of_changes),
	    T(who_makes_a_history_holds_no_lock_of_others),
	    T(history_that_two_make_at_once_has_both),
	    T(retirement_waits_for_who_holds_the_lock_of_changes),
	    T(backup_carries_histories_with_and_without_an_enrolment),
	    T(history_that_goes_on_from_the_backups_stays),
	    T(older_history_that_is_there_gets_what_the_backup_knows),
	    T(histories_that_went_two_ways_are_merged),
	    T(merged_history_has_what_either_has_newest_first),
	    T(merged_history_fits_a_record),
	    T(history_that_was_begun_anew_or_is_damaged_gives_way),
	    T(damaged_history_is_left_out_of_a_backup_and_counted),
	    T(good_history_is_forgotten_only_where_all_are),
	    T(history_that_cannot_be_trusted_is_forgotten),
	    T(history_that_was_never_filled_is_none),
	    T(names_of_histories_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
