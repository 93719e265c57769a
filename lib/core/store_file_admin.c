#include "lib/core/store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define CHANGE_POLL_NS 5000000L /* 5 ms */
#define CHANGE_POLLS 6000        /* 30 s */
#define PW "pw"
#define ROOM (2 * SLOT_FILE) /* bytes for a new record, and for its name */
#define SPARE_FDS 64   /* of the limit, left to others in a batch */

/* The open directory of a key, which stays the store's, or -1 with errno. */
static int locate(struct store_file *f, const char *key, const char **name)
{
	const int kind = store_file_kind(f, key, name);

	if (kind < 0) {
		errno = EINVAL;
		return -1;
	}
	if (f->dir[kind] < 0)
		f->dir[kind] = openat(f->root, f->kinds[kind],
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return f->dir[kind];
}

static int write_whole(int fd, const unsigned char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, data + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* An unnamed file with the value in it, not yet synced. */
static int make_unnamed(int dir, const struct store_raw *value, struct err *e)
{
	unsigned char image[SLOT_FILE];
	unsigned char random[6];
	uint64_t sequence = 1;
	int fd;

	/* A random start, so that a version of a removed record is never met again. */
	if (RAND_bytes(random, sizeof(random)) != 1)
		return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	for (size_t i = 0; i < sizeof(random); i++)
		sequence = sequence << 8 | random[i];
	if (slot_image(image, sequence, value->data, value->len) != 0)
		return err_set(e, ERR_SYSTEM, "value too long");
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EOPNOTSUPP)
		return err_set(e, ERR_UNAVAIL, "this file system cannot make unnamed files "
		    "(O_TMPFILE); use ext4, xfs, btrfs or tmpfs");
	if (fd < 0)
		return err_errno(e, "new record");
	if (fchmod(fd, 0600) != 0 || write_whole(fd, image, sizeof(image)) != 0) {
		int r = err_errno(e, "new record");
		(void)close(fd);
		return r;
	}
	return fd;
}

static int give_name(int fd, int dir, const char *name)
{
	char proc[64];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	/* Without CAP_DAC_READ_SEARCH only /proc may be named. */
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW);
}

static int sync_dir(struct store_file *f, int dir, const char *key, struct err *e)
{
	if (fsync(dir) == 0)
		return 0;
	return err_set(e, ERR_UNKNOWN, "%s/%s: sync: %s", f->path, key, strerror(errno));
}

static int create_one(struct store_file *f, const char *key,
    const struct store_raw *value, struct err *e)
{
	const char *name;
	int dir = locate(f, key, &name);
	int fd, r = 0;

	if (dir < 0)
		return err_errno(e, "%s/%s", f->path, key);
	if ((fd = make_unnamed(dir, value, e)) < 0)
		return fd;
	if (fsync(fd) != 0)
		r = err_errno(e, "%s/%s: sync", f->path, key);
	else if (give_name(fd, dir, name) != 0)
		r = err_errno(e, "%s/%s", f->path, key);
	else
		r = sync_dir(f, dir, key, e);
	(void)close(fd);
	return r;
}

struct replacement {
	const struct store_raw *value;
};

static int replace(void *ctx, const struct store_raw *old, struct store_raw *new,
    struct err *e)
{
	const struct replacement *p = ctx;

	if (strcmp(old->version, p->value->version) != 0)
		return err_set(e, ERR_CONFLICT, "somebody else has changed it meanwhile");
	*new = *p->value;
	return 0;
}

static int put_in_empty(void *ctx, const struct store_raw *old, struct store_raw *new,
    struct err *e)
{
	const struct replacement *p = ctx;

	if (old->len > 0)
		return err_set(e, ERR_CONFLICT, "somebody else has made it meanwhile");
	*new = *p->value;
	return 0;
}

static int file_put(void *impl, const char *key, const struct store_raw *value, struct err *e)
{
	const struct store_file *f = impl;
	struct replacement p = {.value = value};

	if (strcmp(value->version, STORE_NEW) == 0) {
		int r = create_one(impl, key, value, e);

		return r == ERR_CONFLICT && f->lock >= 0 ?
		    store_file_fill(impl, key, put_in_empty, &p, e) : r;
	}
	return store_file_update(impl, key, NULL, replace, &p, e);
}

/* Somebody else may make or remove it meanwhile. */
static int file_make(void *impl, const char *key, store_change change, void *ctx,
    struct err *e)
{
	const struct store_raw empty = {.len = 0};
	int r = ERR_NONE;

	for (int i = 0; i < STORE_FILE_REOPENS && r == ERR_NONE; i++) {
		if ((r = store_file_fill(impl, key, change, ctx, e)) != ERR_NONE)
			return r;
		r = create_one(impl, key, &empty, e);
		if (r == 0 || r == ERR_CONFLICT)
			r = store_file_fill(impl, key, change, ctx, e);
	}
	return r;
}

/* Makes the unnamed files of items[0..n) in fds[]. */
static int make_group(struct store_file *f, struct store_item *items, int *fds,
    size_t n, struct err *e)
{
	const char *name;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	for (size_t i = 0; i < n; i++) {
		int dir = locate(f, items[i].key, &name);

		if (dir < 0)
			return err_errno(e, "%s/%s", f->path, items[i].key);
		if ((fds[i] = make_unnamed(dir, &items[i].raw, e)) < 0)
			return fds[i];
	}
	return 0;
}

/* Names them in order; a directory is synced before the next one is touched,
 * so that hot is there before enroll is. */
static int name_group(struct store_file *f, struct store_item *items, const int *fds,
    size_t n, struct err *e)
{
	int before = -1, r;

	for (size_t i = 0; i < n; i++) {
		const char *name;
		int dir = locate(f, items[i].key, &name);

		if (before >= 0 && before != dir && (r = sync_dir(f, before, "new records", e)) != 0)
			return r;
		before = dir;
		if (give_name(fds[i], dir, name) != 0)
			items[i].result = errno == EEXIST ? ERR_CONFLICT : ERR_UNAVAIL;
	}
	return before >= 0 ? sync_dir(f, before, "new records", e) : 0;
}

static size_t group_size(size_t n)
{
	struct rlimit limit = {.rlim_cur = 256};
	size_t most;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	most = limit.rlim_cur > 2 * SPARE_FDS ? (size_t)limit.rlim_cur - SPARE_FDS : SPARE_FDS;
	return n < most ? n : most;
}

static int file_create(void *impl, struct store_item *items, size_t n, struct err *e)
{
	struct store_file *f = impl;
	size_t most = group_size(n);
	int *fds = calloc(most > 0 ? most : 1, sizeof(*fds));
	int r = 0;

	if (fds == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t at = 0; at < n && r == 0; at += most) {
		size_t group = n - at < most ? n - at : most;

		r = make_group(f, items + at, fds, group, e);
		if (r == 0 && syncfs(f->root) != 0)
			r = err_errno(e, "%s: sync", f->path);
		if (r == 0)
			r = name_group(f, items + at, fds, group, e);
		for (size_t i = 0; i < group; i++)
			if (fds[i] >= 0)
				(void)close(fds[i]);
	}
	free(fds);
	return r;
}

static int remove_locked(struct store_file *f, const struct store_pair *p,
    const char *version, struct err *e)
{
	struct store_raw old;
	const char *name;
	struct slot s;
	int dir = locate(f, p->key, &name);
	int r = 0;

	if (version != NULL && (r = store_file_read_pair(p, &s, &old, e)) == 0 &&
	    strcmp(old.version, version) != 0)
		r = err_set(e, ERR_CONFLICT, "%s: somebody else has changed it meanwhile", p->key);
	if (r != 0)
		return r;
	if (unlinkat(dir, name, 0) != 0)
		return err_errno(e, "%s/%s: remove", f->path, p->key);
	return sync_dir(f, dir, p->key, e);
}

/* Unlike a file that the disk does not let go, it is there for ever: no "try again". */
static int remove_directory(struct store_file *f, int dir, const char *name, const char *key,
    struct err *e)
{
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	return err_set(e, ERR_UNSAFE, "%s/%s: is a directory in a record's place and cannot be "
	    "removed (%s); move it away", f->path, key, strerror(errno));
}

/* What is not even a record (a link, a foreign file) goes without a lock. */
static int remove_foreign(struct store_file *f, const char *key, struct err *e)
{
	const char *name;
	int dir = locate(f, key, &name);
	int r = dir < 0 ? -1 : unlinkat(dir, name, 0);

	if (r != 0 && errno != EISDIR)
		return err_errno(e, "%s/%s: remove", f->path, key);
	if (r != 0 && (r = remove_directory(f, dir, name, key, e)) != 0)
		return r;
	return sync_dir(f, dir, key, e);
}

static int file_del(void *impl, const char *key, const char *version, struct err *e)
{
	struct store_pair p = {.key = key};
	int r = store_file_open_pair(impl, &p, O_RDWR, e);

	if (r == ERR_BAD && version == NULL)
		return remove_foreign(impl, key, e);
	if (r != 0)
		return r;
	r = slot_lock(p.fd[0], STORE_FILE_LOCK_MS, key, e);
	if (r == 0) {
		r = remove_locked(impl, &p, version, e);
		slot_unlock(p.fd[0]);
	}
	store_file_close_pair(&p);
	return r;
}

static int list_dir(DIR *d, const char *kind, store_each each, void *ctx, struct err *e)
{
	char key[STORE_KEY_MAX + 16];
	struct dirent *entry;
	int r = 0;

	errno = 0;
	while (r == 0 && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.') {
			(void)snprintf(key, sizeof(key), "%s/%s", kind, entry->d_name);
			r = each(ctx, key);
		}
		errno = 0;
	}
	return r == 0 && errno != 0 ? err_errno(e, "%s", kind) : r;
}

static int file_list(void *impl, const char *prefix, store_each each, void *ctx,
    struct err *e)
{
	struct store_file *f = impl;

	for (int i = 0; f->kinds[i] != NULL; i++) {
		size_t n = strlen(f->kinds[i]);
		int fd, r;
		DIR *d;

		if (strncmp(prefix, f->kinds[i], n) != 0 || prefix[n] != '/')
			continue;
		fd = openat(f->root, f->kinds[i],
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || (d = fdopendir(fd)) == NULL) {
			r = err_errno(e, "%s/%s", f->path, f->kinds[i]);
			if (fd >= 0)
				(void)close(fd);
			return r;
		}
		r = list_dir(d, f->kinds[i], each, ctx, e);
		(void)closedir(d);
		return r;
	}
	return err_set(e, ERR_SYSTEM, "%s: no such kind of record", prefix);
}

static int settle(const struct store_pair *p, struct store_raw *raw, struct err *e)
{
	struct slot s;
	int r = store_file_read_pair(p, &s, raw, e);

	return r == 0 ? slot_settle(p->fd[0], &s, e) : r;
}

/* What others must not be told of before the disk has it. */
static int file_get_locked(void *impl, const char *key, struct store_raw *out, struct err *e)
{
	int r = ERR_NONE;

	for (int i = 0; i < STORE_FILE_REOPENS && r == ERR_NONE; i++) {
		struct store_pair p = {.key = key};

		if ((r = store_file_open_pair(impl, &p, O_RDWR, e)) != 0)
			return r;
		if ((r = slot_lock(p.fd[0], STORE_FILE_LOCK_MS, key, e)) == 0) {
			r = settle(&p, out, e);
			slot_unlock(p.fd[0]);
		}
		store_file_close_pair(&p);
	}
	if (r == 0 && store_file_is_empty(impl, out))
		return err_set(e, ERR_NONE, "%s: does not exist", key);
	return r;
}

/* Not a mere second fsync(): after the one that failed, the kernel takes the lost
 * pages for written. */
static int file_sync(void *impl, const char *key, struct err *e)
{
	struct store_file *f = impl;
	struct store_raw raw;
	const char *name;
	int dir = locate(f, key, &name);
	int r;

	if (dir < 0)
		return err_errno(e, "%s/%s", f->path, key);
	r = file_get_locked(f, key, &raw, e);
	return r != 0 && r != ERR_NONE ? r : sync_dir(f, dir, key, e);
}

/* On a directory, which is permanent too; a lock file would be one more thing
 * to lose.  Whoever can open it could hold its lock for ever. */
static int check_lock(const struct store_file *f, int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "%s", f->path);
	if ((st.st_mode & (S_IRGRP | S_IROTH)) != 0)
		return err_set(e, ERR_UNSAFE, "%s: mode %04o lets others hold the lock that changes "
		    "of enrolments take; run `chmod 0700 %s`", path,
		    (unsigned)(st.st_mode & 07777), path);
	return 0;
}

/* On the directory, which is permanent too; a lock file would be one more thing
 * to lose. */
static int file_lock(void *impl, enum store_locking how, struct err *e)
{
	const struct timespec pause = {.tv_nsec = CHANGE_POLL_NS};
	struct store_file *f = impl;
	const int fd = f->lock >= 0 ? f->lock : f->root;
	char path[CONF_PATH_MAX + 8];
	int r;

	if (how == STORE_FREE)
		return flock(fd, LOCK_UN);
	(void)snprintf(path, sizeof(path), "%s%s", f->path, f->lock >= 0 ? "/" PW : "");
	if ((r = check_lock(f, fd, path, e)) != 0)
		return r;
	for (int i = 0; i < CHANGE_POLLS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, "%s: lock", path);
		if (how == STORE_TRY)
			return err_set(e, ERR_UNAVAIL, "%s: another command is changing enrolments",
			    path);
		(void)nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_UNAVAIL, "%s: another command has been changing enrolments for "
	    "30 s (`fuser -v %s` names it); try again", path, path);
}

/* Whether dir takes a new file.  What root has left is counted, what others have is not. */
static int probe_room(int dir, const char *path, struct err *e)
{
	struct statvfs v;

	if (faccessat(dir, ".", W_OK, AT_EACCESS) != 0 || fstatvfs(dir, &v) != 0)
		return err_errno(e, "%s: new file", path);
	if ((uint64_t)v.f_bfree * v.f_frsize < ROOM || (v.f_files > 0 && v.f_ffree == 0))
		return err_set(e, ERR_UNAVAIL, "%s: new file: no space left on the file system",
		    path);
	return 0;
}

/* key NULL: any new one. */
static int file_probe(void *impl, const char *key, struct err *e)
{
	struct store_file *f = impl;
	char path[CONF_PATH_MAX + 8];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, f->kinds[0]);
	/* An immutable one says no to the opening alone. */
	fd = key == NULL ? -1 : openat(f->root, key,
	    O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	if (key != NULL && errno != ENOENT)
		return err_errno(e, "%s/%s", f->path, key);
	return probe_room(f->dir[0], path, e);
}

/* root's alone, whatever the umask of who changes a password. */
static int make_pw(int root, const char *path, struct err *e)
{
	int fd, r = 0;

	if (mkdirat(root, PW, 0700) != 0)
		return errno == EEXIST ? 0 : err_errno(e, "%s: make directory", path);
	if ((fd = safefile_open_subdir(root, PW, path, e)) < 0)
		return fd;
	if (fchmod(fd, 0700) != 0 || fsync(root) != 0)
		r = err_errno(e, "%s: make directory", path);
	(void)close(fd);
	return r;
}

/* Below the state directory: the lock is on the directory of the records, so that who
 * holds that of the other store, which may be in the same place, can take this one too. */
static int open_pw(const struct conf *c, bool make, void **impl, struct err *e)
{
	static const char *const kinds[] = {PW, NULL};
	char path[CONF_PATH_MAX + 8];
	struct store_file *f;
	int r = store_file_new(c->state_dir, kinds, &f, e);

	if (r != 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/" PW, c->state_dir);
	f->root = safefile_open_dir_beside(c->state_dir, conf_judged(c), e);
	if (f->root == ERR_NONE)
		r = err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`", c->state_dir);
	else if (f->root < 0)
		r = f->root;
	else if (make)
		r = make_pw(f->root, path, e);
	if (r == 0 && (f->dir[0] = safefile_open_subdir(f->root, PW, path, e)) < 0)
		r = f->dir[0];
	f->lock = f->dir[0];
	*impl = f;
	if (r != 0) {
		store_file_ops.close(f);
		*impl = NULL;
	}
	return r;
}

int store_file_open_pw(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e)
{
	*ops = &store_file_ops;
	return open_pw(c, false, impl, e);
}

int store_file_make_pw(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e)
{
	*ops = &store_file_ops;
	return open_pw(c, true, impl, e);
}

int store_file_probe_pw(const struct conf *c, struct err *e)
{
	const int fd = safefile_open_dir_beside(c->state_dir, conf_judged(c), e);
	int r;

	if (fd < 0)
		return fd;
	r = probe_room(fd, c->state_dir, e);
	(void)close(fd);
	return r;
}

const struct store_admin_ops *store_file_admin(void)
{
	static const struct store_admin_ops ops = {file_put, file_create, file_del, file_list,
	    file_lock, file_sync, file_get_locked, file_probe,
	    file_make};

	return &ops;
}
