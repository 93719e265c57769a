/* Files that change together: killed anywhere they are old or new, and come back. */
#include "tests/unit/scratch.h"

#include "policy/enable_login.h"
#include "policy/enable_move.h"
#include "policy/enable_run.h"
#include "policy/enable_txn.h"

#include <signal.h>
#include <sys/syscall.h>

#define FILES 3

/* The calls by which anything on disk changes are counted here, and the process dies
 * before the one that it is told; they are libc's otherwise. */
static int die_at, calls;

static void count(void)
{
	if (++calls == die_at)
		(void)raise(SIGKILL);
}

int rename(const char *from, const char *to)
{
	count();
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
	count();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int fsync(int fd)
{
	count();
	return (int)syscall(SYS_fsync, fd);
}

int mkdir(const char *path, mode_t mode)
{
	count();
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	count();
	return (int)syscall(SYS_fchown, fd, uid, gid);
}

static struct scratch sc;

static void put(int i, const char *text)
{
	char name[16], path[512];

	(void)snprintf(name, sizeof(name), "etc/%d", i);
	scratch_path(&sc, path, name);
	scratch_write(path, text, strlen(text), 0640);
}

static bool get(int i, char text[64])
{
	char name[16], path[512];

	(void)snprintf(name, sizeof(name), "etc/%d", i);
	scratch_path(&sc, path, name);
	memset(text, 0, 64);
	if (access(path, F_OK) != 0)
		return false;
	(void)scratch_bytes(&sc, name, (unsigned char *)text, 63);
	return true;
}

static int make(void **state)
{
	(void)state;
	die_at = calls = 0;
	scratch_dir(&sc);
	scratch_mkdir(&sc, "etc");
	put(0, "old 0\n");
	put(2, "old 2\n"); /* 1 is made, 2 is removed */
	return 0;
}

static int drop(void **state)
{
	(void)state;
	die_at = 0;
	scratch_remove(&sc);
	return 0;
}

/* 0 changes, 1 comes, 2 goes. */
static void change(struct enable_change *c)
{
	*c = (struct enable_change){.target = ENABLE_SUDO, .count = FILES, .seconds = 9,
	    .audit = 7, .reload = true, .begun = {"boot-id", 12345}};
	for (int i = 0; i < FILES; i++) {
		struct enable_file *f = &c->file[i];
		char name[16];

		(void)snprintf(name, sizeof(name), "etc/%d", i);
		scratch_path(&sc, f->path, name);
		assert_int_equal(enable_file_read(f, NULL), 0);
		f->will = i != 2;
		f->is_service = i == 0;
		if (f->will)
			buffer_format(&f->new, "new %d\n", i);
	}
}

static bool is_old(int i)
{
	char text[64], old[64];

	(void)snprintf(old, sizeof(old), "old %d\n", i);
	return i == 1 ? !get(i, text) : get(i, text) && strcmp(text, old) == 0;
}

static bool is_new(int i)
{
	char text[64], new[64];

	(void)snprintf(new, sizeof(new), "new %d\n", i);
	return i == 2 ? !get(i, text) : get(i, text) && strcmp(text, new) == 0;
}

static void lock(struct enable_txn *t)
{
	struct err e = {0};

	if (enable_txn_lock(t, sc.dir, 0, &e) != 0)
		fail_msg("%s", e.text);
}

static void works(int r, const struct err *e)
{
	if (r != 0)
		fail_msg("%d: %s", r, e->text);
}

static void do_enable(char id[ENABLE_ID_MAX])
{
	struct enable_change c;
	struct enable_txn t;
	struct enable_moment m = {"boot-id", 12400, 1700000000};
	struct err e = {0};

	change(&c);
	lock(&t);
	works(enable_txn_begin(&t, &c, id, &e), &e);
	works(enable_move_put(&c, &e), &e);
	works(enable_txn_in_force(&t, id, &m, &e), &e);
	enable_txn_unlock(&t);
	enable_change_free(&c);
}

static void do_back(void)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	struct enable_txn t;
	struct err e = {0};
	int r;

	lock(&t);
	if ((r = enable_txn_find(&t, id, &c, &e)) == 1) {
		works(enable_move_back(&t, id, &c, &e), &e);
		works(enable_txn_end(&t, id, "returned", &e), &e);
	} else {
		works(r, &e);
	}
	enable_txn_unlock(&t);
	enable_change_free(&c);
}

/* Whether the work, done in a child that dies at that call, was killed. */
static bool killed(void (*work)(void), int at)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		calls = 0;
		die_at = at;
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

static void enable_it(void)
{
	char id[ENABLE_ID_MAX];

	do_enable(id);
}

static void nothing_is_left(void)
{
	char path[512];
	struct dirent *entry;
	DIR *d;

	scratch_path(&sc, path, "etc");
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] == '.' && entry->d_name[1] != '\0' && entry->d_name[1] != '.')
			fail_msg("%s is left", entry->d_name);
	(void)closedir(d);
}

static void a_kill_at_any_call_leaves_old_or_new_and_the_old_come_back(void **state)
{
	bool seen_old = false, seen_both = false, seen_new = false, died = true;
	int at;

	for (at = 1; died; at++) {
		int old = 0;

		died = killed(enable_it, at);
		for (int i = 0; i < FILES; i++) {
			assert_true(is_old(i) || is_new(i));
			old += is_old(i);
		}
		seen_old = seen_old || old == FILES;
		seen_new = seen_new || old == 0;
		seen_both = seen_both || (old > 0 && old < FILES);
		do_back();
		for (int i = 0; i < FILES; i++)
			assert_true(is_old(i));
		nothing_is_left();
		(void)drop(state);
		(void)make(state);
	}
	assert_true(seen_old && seen_both && seen_new);
	assert_true(at > 30);
}

static void a_return_that_is_killed_at_any_call_is_completed_by_the_next(void **state)
{
	bool died = true;

	for (int at = 1; died; at++) {
		char id[ENABLE_ID_MAX];

		do_enable(id);
		died = killed(do_back, at);
		for (int i = 0; i < FILES; i++)
			assert_true(is_old(i) || is_new(i));
		do_back();
		for (int i = 0; i < FILES; i++)
			assert_true(is_old(i));
		nothing_is_left();
		(void)drop(state);
		(void)make(state);
	}
}

static void the_open_one_is_found_as_it_was_written(void **state)
{
	struct enable_change c, found;
	struct enable_moment m;
	char id[ENABLE_ID_MAX], open_id[ENABLE_ID_MAX];
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	do_enable(id);
	lock(&t);
	assert_int_equal(enable_txn_find(&t, open_id, &found, &e), 1);
	assert_string_equal(open_id, id);
	assert_true(enable_txn_open(sc.dir, id));
	assert_int_equal(found.target, ENABLE_SUDO);
	assert_false(found.disable);
	assert_true(found.reload);
	assert_int_equal(found.seconds, 9);
	assert_int_equal(found.audit, 7);
	assert_string_equal(found.begun.boot, "boot-id");
	assert_int_equal(found.begun.ticks, 12345);
	assert_int_equal(found.count, FILES);
	assert_true(found.file[0].was && found.file[0].will && found.file[0].is_service);
	assert_true(!found.file[1].was && found.file[1].will && !found.file[1].is_service);
	assert_true(found.file[2].was && !found.file[2].will);
	assert_string_equal(found.file[0].old.data, "old 0\n");
	assert_string_equal(found.file[0].new.data, "new 0\n");
	assert_int_equal(found.file[0].mode, 0640);
	assert_int_equal(enable_txn_since(&t, id, &m, &e), 0);
	assert_int_equal(m.ticks, 12400);
	assert_int_equal(enable_txn_end(&t, id, "confirmed", &e), 0);
	assert_false(enable_txn_open(sc.dir, id));
	assert_int_equal(enable_txn_find(&t, open_id, &c, &e), 0);
	enable_change_free(&found);
	enable_txn_unlock(&t);
}

static void what_was_edited_since_loses_only_the_marked_lines(void **state)
{
	char id[ENABLE_ID_MAX], text[64];

	(void)state;
	do_enable(id);
	put(0, "# pam-bastion: begin\nours\n# pam-bastion: was: old 0\n# pam-bastion: end\nedit\n");
	put(1, "# pam-bastion: begin\nours\n# pam-bastion: end\n\n");
	do_back();
	assert_true(get(0, text));
	assert_string_equal(text, "old 0\nedit\n");
	assert_false(get(1, text)); /* nothing of anybody is left in it */
	assert_true(is_old(2));
}

static void marks_that_an_edit_has_broken_bring_the_copy_back(void **state)
{
	char id[ENABLE_ID_MAX];

	(void)state;
	do_enable(id);
	put(0, "# pam-bastion: begin\nours\n");
	do_back();
	for (int i = 0; i < FILES; i++)
		assert_true(is_old(i));
}

static void owner_and_mode_stay(void **state)
{
	char id[ENABLE_ID_MAX], path[512];
	struct stat st;

	(void)state;
	scratch_path(&sc, path, "etc/0");
	assert_int_equal(chown(path, 12, 34), 0);
	do_enable(id);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 0640);
	do_back();
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 0640);
}

static void only_one_holds_the_lock(void **state)
{
	struct enable_txn a, b;
	struct err e = {0};

	(void)state;
	lock(&a);
	assert_int_equal(enable_txn_lock(&b, sc.dir, 0, &e), ERR_CONFLICT);
	enable_txn_unlock(&a);
	assert_int_equal(enable_txn_lock(&b, sc.dir, 0, &e), 0);
	enable_txn_unlock(&b);
}

static void a_manifest_that_does_not_read_stops_everything(void **state)
{
	static const char *const bad[] = {"", "pam-bastion transaction 1\n",
	    "pam-bastion transaction 2\nend\n", "pam-bastion transaction 1\nwhat 1\nend\n",
	    "pam-bastion transaction 1\nfile 1 pam was will 644 0 0 /x\nend\n",
	    "pam-bastion transaction 1\nfile 0 pam was will 644 0 0 x\nend\n",
	    "pam-bastion transaction 1\ntarget su\nend\n"};
	char id[ENABLE_ID_MAX], path[512], name[128];
	struct enable_change c;
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	do_enable(id);
	(void)snprintf(name, sizeof(name), "txn/%s/manifest", id);
	scratch_path(&sc, path, name);
	lock(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_write(path, bad[i], strlen(bad[i]), 0600);
		assert_int_equal(enable_txn_find(&t, id, &c, &e), ERR_BAD);
		assert_int_equal(c.count, 0);
	}
	enable_txn_unlock(&t);
}

static void a_link_is_nobodys_to_replace(void **state)
{
	struct enable_file f = {.mode = 0};
	char to[512];
	struct err e = {0};

	(void)state;
	scratch_path(&sc, f.path, "etc/link");
	scratch_path(&sc, to, "etc/0");
	assert_int_equal(symlink(to, f.path), 0);
	assert_int_equal(enable_file_read(&f, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, "is a link to"));
	scratch_path(&sc, f.path, "etc/2");
	scratch_path(&sc, to, "etc/second");
	assert_int_equal(link(f.path, to), 0);
	assert_int_equal(enable_file_read(&f, &e), ERR_REFUSED);
	buffer_free(&f.old);
}

/* Opened just now, by somebody who was killed then. */
static void leave(bool armed, bool disable, int64_t seconds, uint64_t ago)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	struct enable_txn t;
	struct err e = {0};

	change(&c);
	c.reload = false;
	c.disable = disable;
	c.seconds = seconds;
	works(enable_login_now(&c.begun, &e), &e);
	c.begun.ticks -= ago * (uint64_t)sysconf(_SC_CLK_TCK);
	lock(&t);
	works(enable_txn_begin(&t, &c, id, &e), &e);
	if (armed) {
		works(enable_txn_arm(&t, id, &e), &e);
		works(enable_file_put(&c.file[0], &c.file[0].new, true, &e), &e);
	}
	enable_txn_unlock(&t);
	enable_change_free(&c);
}

static int settled(bool *done)
{
	struct enable_found found;
	struct err e = {0};
	int r = enable_run_settle(sc.dir, &found, &e);

	if (r < 0)
		fail_msg("%s", e.text);
	*done = found.settled;
	return r;
}

static void what_was_left_is_settled_unless_its_timer_still_runs(void **state)
{
	bool done;

	(void)state;
	assert_int_equal(settled(&done), 0);
	assert_false(done);
	leave(false, false, 300, 0); /* killed before the timer: nothing has changed */
	assert_int_equal(settled(&done), 0);
	assert_true(done && is_old(0));
	leave(true, false, 300, 5);
	assert_int_equal(settled(&done), 1);
	assert_true(!done && is_new(0));
	do_back();
	leave(true, false, 300, 320); /* its timer is gone */
	assert_int_equal(settled(&done), 0);
	assert_true(done && is_old(0));
	leave(true, false, 0, 0); /* --no-confirm has no timer */
	assert_int_equal(settled(&done), 0);
	assert_true(done && is_old(0));
	leave(true, true, 0, 0); /* disable goes on where it was */
	assert_int_equal(settled(&done), 0);
	assert_true(done && is_new(0) && is_new(1) && is_new(2));
	assert_int_equal(settled(&done), 0);
	assert_false(done);
}

static void an_edit_made_before_a_disable_is_completed_stays(void **state)
{
	struct enable_found found;
	char text[128];
	struct err e = {0};

	(void)state;
	leave(true, true, 0, 0);
	put(0, "# pam-bastion: begin\nours\n# pam-bastion: end\nedit\n");
	assert_int_equal(enable_run_settle(sc.dir, &found, &e), 0);
	assert_true(found.settled && found.disable && found.edited);
	assert_true(get(0, text));
	assert_string_equal(text, "edit\n");
	assert_true(is_new(1) && is_new(2));
}

static void marks_of_before_are_back_in_a_file_that_was_edited(void **state)
{
	static const char old[] = "a\n# pam-bastion: begin\nold\n# pam-bastion: end\nb\n";
	static const char new[] = "a\n# pam-bastion: begin\nnew\n# pam-bastion: end\nb\n";
	static const char live[] = "a\n# pam-bastion: begin\nnew\n# pam-bastion: end\nb\nedit\n";
	static const char odd[] = "a\n# pam-bastion: begin\nmine\n# pam-bastion: end\nb\n";
	struct buffer out = {0};
	struct err e = {0};

	(void)state;
	works(enable_move_mix(&(struct enable_mix){"f", live, new, old}, &out, &e), &e);
	assert_string_equal(buffer_string(&out),
	    "a\n# pam-bastion: begin\nold\n# pam-bastion: end\nb\nedit\n");
	buffer_free(&out);
	assert_int_equal(enable_move_mix(&(struct enable_mix){"f", odd, new, old}, &out, &e),
	    ERR_SYNTAX);
	buffer_free(&out);
}

static void transactions_of_a_time_to_come_are_no_obstacle(void **state)
{
	char id[ENABLE_ID_MAX], name[64], path[512];
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	do_enable(id);
	for (int i = 0; i < ENABLE_KEPT + 5; i++) {
		(void)snprintf(name, sizeof(name), "txn/20990101T0000%02d.000000-1", i);
		scratch_mkdir(&sc, name);
		(void)snprintf(name, sizeof(name), "txn/20990101T0000%02d.000000-1/done", i);
		scratch_path(&sc, path, name);
		scratch_write(path, "", 0, 0600);
	}
	lock(&t);
	works(enable_txn_end(&t, id, "confirmed", &e), &e);
	enable_txn_unlock(&t);
	(void)snprintf(name, sizeof(name), "txn/%.40s/old.0", id);
	scratch_path(&sc, path, name);
	assert_int_equal(access(path, F_OK), 0);
	do_enable(id);
	do_back();
	assert_true(is_new(0)); /* what was there before the second */
}

static void an_edit_that_cannot_be_kept_is_not_overwritten(void **state)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX], name[128], path[512], text[64];
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	do_enable(id);
	put(0, "# pam-bastion: begin\nbroken\n");
	(void)snprintf(name, sizeof(name), "txn/%.60s/edited.0", id);
	scratch_mkdir(&sc, name); /* a directory in the place of the copy */
	lock(&t);
	assert_int_equal(enable_txn_find(&t, id, &c, &e), 1);
	assert_int_not_equal(enable_move_back(&t, id, &c, &e), 0);
	assert_true(get(0, text));
	assert_string_equal(text, "# pam-bastion: begin\nbroken\n");
	scratch_path(&sc, path, name);
	assert_int_equal(rmdir(path), 0);
	works(enable_move_back(&t, id, &c, &e), &e);
	assert_true(is_old(0));
	enable_change_free(&c);
	enable_txn_unlock(&t);
}

static void lines_whose_marks_are_gone_are_not_left_behind(void **state)
{
	static const char old[] = "a\nb\n";
	static const char new[] = "a\n# pam-bastion: begin\nours\n# pam-bastion: end\nb\n";
	struct buffer out = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(enable_move_mix(&(struct enable_mix){"f", "a\nours\nb\n", new, old}, &out,
	    &e), ERR_SYNTAX);
	buffer_free(&out);
	works(enable_move_mix(&(struct enable_mix){"f", "a\nb\nedit\n", new, old}, &out, &e), &e);
	assert_string_equal(buffer_string(&out), "a\nb\nedit\n");
	buffer_free(&out);
}

static void going_back_stops_where_a_file_cannot_be_put(void **state)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX], path[512];
	struct enable_txn t;
	struct err e = {0};

	(void)state;
	do_enable(id);
	/* In the place of the file that it is written to first, and not empty. */
	scratch_mkdir(&sc, "etc/.2.pam-bastion");
	scratch_mkdir(&sc, "etc/.2.pam-bastion/x");
	lock(&t);
	assert_int_equal(enable_txn_find(&t, id, &c, &e), 1);
	assert_int_not_equal(enable_move_back(&t, id, &c, &e), 0);
	assert_true(is_new(0) && is_new(1)); /* those that were put before it */
	scratch_path(&sc, path, "etc/.2.pam-bastion/x");
	assert_int_equal(rmdir(path), 0);
	scratch_path(&sc, path, "etc/.2.pam-bastion");
	assert_int_equal(rmdir(path), 0);
	works(enable_move_back(&t, id, &c, &e), &e);
	for (int i = 0; i < FILES; i++)
		assert_true(is_old(i));
	enable_change_free(&c);
	enable_txn_unlock(&t);
}

static void confirm_says(const char *what)
{
	const struct enable_person root = {"root", 0};
	enum enable_target target;
	struct err e = {0};

	assert_int_equal(enable_run_confirm(&sc.conf, &root, &target, &e), ERR_UNAVAIL);
	if (strstr(e.text, what) == NULL)
		fail_msg("%s", e.text);
}

static void confirm_is_refused_unless_the_new_files_are_there(void **state)
{
	char id[ENABLE_ID_MAX];
	struct enable_txn t;

	(void)state;
	(void)snprintf(sc.conf.state_dir, sizeof(sc.conf.state_dir), "%s", sc.dir);
	do_enable(id);
	put(0, "old 0\n");
	confirm_says("/etc/0: is not what `enable sudo` has put there");
	put(0, "new 0\n");
	put(2, "old 2\n");
	confirm_says("/etc/2: is not what");
	do_back();
	do_enable(id);
	lock(&t);
	enable_txn_return(&t, id);
	enable_txn_unlock(&t);
	confirm_says("have begun to come back");
}

static void line_is_found_by_its_whole_key_and_has_to_fit(void **state)
{
	static const char text[] = "head 1\nwhatever no\nwhat PWD-02,PWD-03\nwhat two\nprofile \nended x\nend\n";
	char out[16];

	(void)state;
	assert_true(enable_txn_line(text, "what", out, sizeof(out)));
	assert_string_equal(out, "PWD-02,PWD-03");
	assert_true(enable_txn_line(text, "profile", out, sizeof(out)));
	assert_string_equal(out, "");
	assert_true(enable_txn_line(text, "end", out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(enable_txn_line(text, "what", out, 8)); /* another id would be named */
	assert_string_equal(out, "");
	assert_false(enable_txn_line(text, "region", out, sizeof(out)));
	assert_false(enable_txn_line("endless 1\n", "end", out, sizeof(out)));
}

static void line_of_a_file_is_read_as_it_was_written(void **state)
{
	const struct enable_file f = {.path = "/etc/a b", .was = true, .mode = 04640, .uid = 7, .gid = 8};
	struct enable_file g = {.path = ""};
	struct buffer b = {0};
	const char *kind;
	char line[128];

	(void)state;
	enable_txn_add_file(&f, 3, "link", &b);
	assert_true(enable_txn_line(buffer_string(&b), "file", line, sizeof(line)));
	assert_true(enable_txn_read_file(line, 3, &kind, &g));
	assert_string_equal(kind, "link");
	assert_string_equal(g.path, f.path);
	assert_true(g.was && !g.will && g.mode == f.mode && g.uid == 7 && g.gid == 8);
	(void)strcpy(line, "3 link was - 640 7 8 /x");
	assert_false(enable_txn_read_file(line, 2, &kind, &g));
	(void)strcpy(line, "3 link was - 640 7 8 x");
	assert_false(enable_txn_read_file(line, 3, &kind, &g));
	(void)strcpy(line, "3 link was - 640 7");
	assert_false(enable_txn_read_file(line, 3, &kind, &g));
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_kill_at_any_call_leaves_old_or_new_and_the_old_come_back, make, drop),
	    cmocka_unit_test_setup_teardown(
	        a_return_that_is_killed_at_any_call_is_completed_by_the_next, make, drop),
	    cmocka_unit_test_setup_teardown(the_open_one_is_found_as_it_was_written, make, drop),
	    cmocka_unit_test_setup_teardown(
	        what_was_edited_since_loses_only_the_marked_lines, make, drop),
	    cmocka_unit_test_setup_teardown(
	        marks_that_an_edit_has_broken_bring_the_copy_back, make, drop),
	    cmocka_unit_test_setup_teardown(owner_and_mode_stay, make, drop),
	    cmocka_unit_test_setup_teardown(only_one_holds_the_lock, make, drop),
	    cmocka_unit_test_setup_teardown(
	        a_manifest_that_does_not_read_stops_everything, make, drop),
	    cmocka_unit_test_setup_teardown(a_link_is_nobodys_to_replace, make, drop),
	    cmocka_unit_test_setup_teardown(
	        an_edit_made_before_a_disable_is_completed_stays, make, drop),
	    cmocka_unit_test_setup_teardown(
	        marks_of_before_are_back_in_a_file_that_was_edited, make, drop),
	    cmocka_unit_test_setup_teardown(
	        transactions_of_a_time_to_come_are_no_obstacle, make, drop),
	    cmocka_unit_test_setup_teardown(
	        an_edit_that_cannot_be_kept_is_not_overwritten, make, drop),
	    cmocka_unit_test_setup_teardown(
	        lines_whose_marks_are_gone_are_not_left_behind, make, drop),
	    cmocka_unit_test_setup_teardown(
	        going_back_stops_where_a_file_cannot_be_put, make, drop),
	    cmocka_unit_test_setup_teardown(
	        confirm_is_refused_unless_the_new_files_are_there, make, drop),
	    cmocka_unit_test_setup_teardown(
	        what_was_left_is_settled_unless_its_timer_still_runs, make, drop),
	    cmocka_unit_test(line_is_found_by_its_whole_key_and_has_to_fit),
	    cmocka_unit_test(line_of_a_file_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
