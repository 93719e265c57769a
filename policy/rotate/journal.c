#include "policy/rotate/journal.h"

#include "lib/core/safefile.h"
#include "lib/core/secret.h"
#include "lib/core/slot.h"
#include "policy/lock_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBDIR "rotate"
#define LOCK_MS 500

/* What a write needs, in secret memory: copies of records. */
struct work {
	struct slot slot;
	unsigned char file[SLOT_FILE];
	unsigned char value[ROTATE_RECORD_MAX];
	size_t len;
	struct rotate_record record;
};

int journal_dir(const char *state_dir, bool make, struct err *e)
{
	char path[JOURNAL_PATH_MAX];
	int state, dir;

	if (strlen(state_dir) >= JOURNAL_DIR_MAX)
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", state_dir);
	(void)snprintf(path, sizeof(path), "%s/" SUBDIR, state_dir);
	if ((state = safefile_open_dir(state_dir, e)) < 0)
		return state;
	dir = !make || mkdirat(state, SUBDIR, 0700) == 0 || errno == EEXIST ? 0 : err_errno(e, "%s", path);
	/* MUST: also where it is there: whoever made it may have died before this
	 * (name_of_a_journal_is_on_the_disk_before_a_key_is_made). */
	if (dir == 0 && make && fsync(state) != 0)
		dir = err_errno(e, "%s: sync", state_dir);
	if (dir == 0)
		dir = safefile_open_subdir(state, SUBDIR, path, e);
	(void)close(state);
	return dir;
}

/* IAM's own letters, none of which a path minds. */
static bool is_name(const char *name, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_+=,.@-";

	return name[0] != '\0' && strlen(name) < size && name[strspn(name, letters)] == '\0';
}

static int set_path(struct journal *j, const char *state_dir, const char *account, const char *user,
    struct err *e)
{
	if (!is_name(user, ROTATE_USER_MAX) || !is_name(account, ROTATE_ACCOUNT_MAX) ||
	    account[strspn(account, "0123456789")] != '\0')
		return err_set(e, ERR_SYNTAX, "%.16s, %.70s: no account and user of IAM", account, user);
	(void)snprintf(j->path, sizeof(j->path), "%.*s/" SUBDIR "/%s.%s.j", JOURNAL_DIR_MAX - 1,
	    state_dir, account, user);
	return 0;
}

static const char *name_in(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int take_lock(struct journal *j, struct err *e)
{
	char path[JOURNAL_PATH_MAX + 8];

	(void)snprintf(path, sizeof(path), "%.*s.lock", (int)strlen(j->path) - 2, j->path);
	j->lock = lock_file_take(j->dir, name_in(path), path, LOCK_MS, e);
	return j->lock < 0 ? j->lock : 0;
}

static int fill(struct work *w, const struct rotate_record *r, struct err *e)
{
	return rotate_record_pack(r, w->value, &w->len) == 0 ? 0 :
	    err_set(e, ERR_SYSTEM, "the record of a rotation is too long");
}

static int write_whole(int fd, const unsigned char *data, size_t len)
{
	errno = ENOSPC; /* for a short write */
	return pwrite(fd, data, len, 0) == (ssize_t)len && fsync(fd) == 0 ? 0 : -1;
}

/* A new one is whole before it has a name, so that there is never a broken one. */
static int make(struct journal *j, struct work *w, struct err *e)
{
	const struct rotate_record none = {.state = ROTATE_CLOSED};
	char proc[64];
	int fd, r = fill(w, &none, e);

	if (r != 0 || slot_image(w->file, 1, w->value, w->len) != 0)
		return r != 0 ? r : err_set(e, ERR_SYSTEM, "%s: value too long", j->path);
	if ((fd = openat(j->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) < 0)
		return err_errno(e, "%s", j->path);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (fchmod(fd, 0600) != 0 || write_whole(fd, w->file, SLOT_FILE) != 0 ||
	    linkat(AT_FDCWD, proc, j->dir, name_in(j->path), AT_SYMLINK_FOLLOW) != 0)
		r = err_errno(e, "%s", j->path);
	(void)close(fd);
	return r;
}

static int open_file(int dir, const char *name, const char *path, int how, struct err *e)
{
	int fd = openat(dir, name, how | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0)
		return err_errno(e, "%s", path);
	if ((r = safefile_check(fd, SAFEFILE_PRIVATE, path, e)) == 0)
		return fd;
	(void)close(fd);
	return r;
}

static int read_record(int fd, struct work *w, struct rotate_record *r, struct err *e)
{
	int result = slot_read(fd, &w->slot, e);

	if (result == 0 && rotate_record_unpack(r, w->slot.value, w->slot.len) != 0)
		result = err_set(e, ERR_BAD, "%s: is no record of a rotation of this version",
		    w->slot.name);
	secret_burn_stack();
	return result;
}

static int load(struct journal *j, struct rotate_record *r, struct err *e)
{
	struct secret memory = {NULL, 0};
	struct work *w;
	int result;

	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)memory.data;
	w->slot.name = j->path;
	j->fd = open_file(j->dir, name_in(j->path), j->path, O_RDWR, e);
	if (j->fd == ERR_NONE && (result = make(j, w, e)) == 0)
		j->fd = open_file(j->dir, name_in(j->path), j->path, O_RDWR, e);
	else if (j->fd == ERR_NONE)
		j->fd = result;
	result = j->fd < 0 ? j->fd : read_record(j->fd, w, r, e);
	/* Of one that is there, too: see journal_dir(). */
	if (result == 0 && fsync(j->dir) != 0)
		result = err_errno(e, "%s: sync", j->path);
	secret_free(&memory);
	return result;
}

static bool has_secret(const struct rotate_record *r)
{
	return r->old.secret[0] != '\0' || r->new.secret[0] != '\0';
}

/* Into the slot that is not the newest: read first, so that a write is always of two. */
static int write_slot(struct journal *j, struct work *w, const struct rotate_record *r, struct err *e)
{
	int result;

	w->record = *r;
	w->record.leaves = j->secret;
	w->slot.name = j->path;
	/* MUST: from here on, whether it is written or not: of a write that fails it may be there all
	 * the same (secret_that_could_not_be_saved_is_not_on_the_disk). */
	j->secret = j->secret || has_secret(r);
	if ((result = fill(w, &w->record, e)) == 0 && (result = slot_read(j->fd, &w->slot, e)) == 0)
		result = slot_write(j->fd, &w->slot, w->value, w->len, e);
	if (result == 0)
		j->secret = has_secret(r);
	return result;
}

int journal_write(struct journal *j, const struct rotate_record *r, struct err *e)
{
	struct secret memory = {NULL, 0};
	const bool over = j->secret && !has_secret(r);
	struct work *w;
	int result;

	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)memory.data;
	result = write_slot(j, w, r, e);
	/* Once more, over the one with the secrets.  Whoever dies before has noted that they are
	 * there (`leaves`), and the next one to open it does this. */
	if (result == 0 && over)
		result = write_slot(j, w, r, e);
	secret_free(&memory);
	secret_burn_stack();
	return result;
}

int journal_open(struct journal *j, const char *state_dir, const char *account, const char *user,
    struct rotate_record *r, struct err *e)
{
	int result;

	*j = (struct journal){.dir = -1, .lock = -1, .fd = -1};
	if ((result = set_path(j, state_dir, account, user, e)) != 0)
		return result;
	if ((j->dir = journal_dir(state_dir, true, e)) < 0)
		result = j->dir;
	if (result == 0)
		result = take_lock(j, e);
	if (result == 0)
		result = load(j, r, e);
	if (result == 0)
		j->secret = has_secret(r);
	if (result == 0 && r->leaves && !j->secret)
		result = journal_write(j, r, e);
	if (result != 0)
		journal_close(j);
	return result;
}

void journal_close(struct journal *j)
{
	const int fds[] = {j->fd, j->lock, j->dir};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	*j = (struct journal){.dir = -1, .lock = -1, .fd = -1};
}

int journal_peek(int dir, const char *name, struct rotate_record *r, struct err *e)
{
	struct secret memory = {NULL, 0};
	struct work *w;
	int fd = open_file(dir, name, name, O_RDONLY, e), result;

	if (fd < 0)
		return fd;
	if (secret_new(&memory, sizeof(*w)) != 0) {
		(void)close(fd);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	w = (struct work *)memory.data;
	w->slot.name = name;
	result = read_record(fd, w, r, e);
	secret_wipe(r->old.secret, sizeof(r->old.secret));
	secret_wipe(r->new.secret, sizeof(r->new.secret));
	secret_free(&memory);
	(void)close(fd);
	return result;
}

int journal_look(const char *state_dir, const char *account, const char *user,
    struct rotate_record *r, struct err *e)
{
	struct journal j = {.dir = -1};
	int result = set_path(&j, state_dir, account, user, e), dir;

	secret_wipe(r, sizeof(*r));
	if (result != 0)
		return result;
	if ((dir = journal_dir(state_dir, false, e)) < 0)
		return dir == ERR_NONE ? 0 : dir;
	result = journal_peek(dir, name_in(j.path), r, e);
	(void)close(dir);
	return result == ERR_NONE ? 0 : result;
}

static int is_journal(const struct dirent *d)
{
	const size_t n = strlen(d->d_name);

	return n > 2 && n < JOURNAL_NAME_MAX && strcmp(d->d_name + n - 2, ".j") == 0;
}

int journal_each(const char *state_dir,
    int (*each)(void *ctx, const struct rotate_record *r, const struct err *e), void *ctx,
    struct err *e)
{
	struct rotate_record record;
	struct dirent **list = NULL;
	int dir = journal_dir(state_dir, false, e), n, r = 0;

	if (dir < 0)
		return dir == ERR_NONE ? 0 : dir;
	if ((n = scandirat(dir, ".", &list, is_journal, alphasort)) < 0)
		r = err_errno(e, "%s", state_dir);
	for (int i = 0; i < n; i++) {
		struct err one = {.code = 0};

		secret_wipe(&record, sizeof(record));
		if (r == 0 && journal_peek(dir, list[i]->d_name, &record, &one) == 0)
			one.code = 0;
		/* Without a home: there was a `retire` of his, and no rotation. */
		if (r == 0 && (one.code != 0 || record.home[0] != '\0'))
			r = each(ctx, &record, &one);
		free(list[i]);
	}
	free(list);
	(void)close(dir);
	return r;
}
