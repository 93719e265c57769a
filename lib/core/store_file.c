/*
 * store_file: `store = file:DIR`, one permanent file per key (slot.h).
 *
 * DIR/enroll/USER and DIR/hot/USER, root's alone.  New files appear complete:
 * O_TMPFILE, write, fsync, linkat, fsync of the directory; a batch shares one
 * syncfs.  Nothing is renamed and there are no temporary names.
 */
#include "lib/core/store.h"

#include "lib/core/safefile.h"
#include "lib/core/slot.h"

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
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS 2000
#define REOPEN_TRIES 4 /* the file was removed while we waited for its lock */
#define CHANGE_POLL_NS 5000000L /* 5 ms */
#define CHANGE_POLLS 6000        /* 30 s */
#define SPARE_FDS 64   /* of the limit, left to others in a batch */

_Static_assert(STORE_SEALED_MAX <= SLOT_VALUE_MAX, "a sealed value fits a slot");

enum { KINDS = 2 };
static const char *const kinds[KINDS] = {"enroll", "hot"};

struct store_file {
	char path[CONF_PATH_MAX];
	int root;
	int dir[KINDS];
};

/* Splits "hot/USER" into its directory and its file name. */
static int locate(const struct store_file *f, const char *key, const char **name)
{
	*name = "";
	for (int i = 0; i < KINDS; i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(key, kinds[i], n) == 0 && key[n] == '/' && key[n + 1] != '\0' &&
		    strchr(key + n + 1, '/') == NULL) {
			*name = key + n + 1;
			return f->dir[i];
		}
	}
	return -1;
}

static int open_key(const struct store_file *f, const char *key, int flags)
{
	const char *name;
	int dir = locate(f, key, &name);

	if (dir < 0) {
		errno = EINVAL;
		return -1;
	}
	return openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

struct pair {
	int fd[2]; /* of the key and of the alternative */
	int used;  /* which one is read */
	const char *key;
	const char *alt;
};

static const char *pair_key(const struct pair *p)
{
	return p->used == 0 ? p->key : p->alt;
}

static void close_pair(struct pair *p)
{
	(void)close(p->fd[0]);
	/* Always, even when it is -1: the trace of a user who exists must not
	 * differ from that of one who does not. */
	if (p->alt != NULL)
		(void)close(p->fd[1]);
}

static int open_pair(const struct store_file *f, struct pair *p, int flags, struct err *e)
{
	int number;

	p->fd[0] = open_key(f, p->key, flags);
	number = errno;
	p->fd[1] = p->alt != NULL ? open_key(f, p->alt, flags) : -1;
	p->used = 0;
	if (p->fd[0] >= 0)
		return 0;
	if (number != ENOENT) {
		int r;

		errno = number;
		r = err_errno(e, "%s/%s", f->path, p->key);
		if (p->fd[1] >= 0)
			(void)close(p->fd[1]);
		/* A link, a directory or a socket in its place is no record. */
		return r == ERR_UNSAFE || number == EISDIR || number == ENXIO ? ERR_BAD : r;
	}
	if (p->fd[1] >= 0) {
		p->used = 1;
		return 0;
	}
	return err_set(e, ERR_NONE, "%s/%s: does not exist", f->path, p->key);
}

/* 0; ERR_NONE when the file was removed meanwhile; ERR_BAD. */
static int check_record(int fd, const char *name, struct err *e)
{
	struct stat st;
	int r = safefile_check(fd, SAFEFILE_PRIVATE, name, e);

	if (r == ERR_UNSAFE && fstat(fd, &st) == 0 && st.st_nlink == 0)
		return ERR_NONE;
	return r == ERR_UNSAFE ? ERR_BAD : r;
}

static void fill_raw(struct store_raw *raw, const struct slot *s, bool from_alt)
{
	memcpy(raw->data, s->value, s->len);
	raw->len = s->len;
	raw->from_alt = from_alt;
	(void)snprintf(raw->version, sizeof(raw->version), "%llu",
	    (unsigned long long)s->sequence);
}

static int read_pair(const struct pair *p, struct slot *s, struct store_raw *raw,
    struct err *e)
{
	int fd = p->fd[p->used];
	int r;

	s->name = pair_key(p);
	if ((r = check_record(fd, s->name, e)) != 0 || (r = slot_read(fd, s, e)) != 0)
		return r;
	if (s->len > sizeof(raw->data))
		return err_set(e, ERR_BAD, "%s: too long", s->name);
	fill_raw(raw, s, p->used == 1);
	return 0;
}

static int file_get(void *impl, const char *key, const char *alt, struct store_raw *out,
    struct err *e)
{
	struct slot s;
	int r = ERR_NONE;

	for (int i = 0; i < REOPEN_TRIES && r == ERR_NONE; i++) {
		struct pair p = {.key = key, .alt = alt};

		if ((r = open_pair(impl, &p, O_RDONLY, e)) != 0)
			return r;
		r = read_pair(&p, &s, out, e);
		close_pair(&p);
	}
	return r;
}

static int update_locked(const struct pair *p, store_change change, void *ctx, struct err *e)
{
	struct store_raw old, new;
	struct slot s;
	int r = read_pair(p, &s, &old, e);

	if (r == 0)
		r = change(ctx, &old, &new, e);
	if (r == 0)
		r = slot_write(p->fd[p->used], &s, new.data, new.len, e);
	return r;
}

static int file_update(void *impl, const char *key, const char *alt, store_change change,
    void *ctx, struct err *e)
{
	int r = ERR_NONE;

	for (int i = 0; i < REOPEN_TRIES && r == ERR_NONE; i++) {
		struct pair p = {.key = key, .alt = alt};

		if ((r = open_pair(impl, &p, O_RDWR, e)) != 0)
			return r;
		r = slot_lock(p.fd[p.used], LOCK_WAIT_MS, pair_key(&p), e);
		if (r == 0) {
			r = update_locked(&p, change, ctx, e);
			slot_unlock(p.fd[p.used]);
		}
		close_pair(&p);
	}
	return r;
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

static int create_one(const struct store_file *f, const char *key,
    const struct store_raw *value, struct err *e)
{
	const char *name;
	int dir = locate(f, key, &name);
	int fd, r = 0;

	if (dir < 0)
		return err_set(e, ERR_SYSTEM, "%s: no such kind of record", key);
	if ((fd = make_unnamed(dir, value, e)) < 0)
		return fd;
	if (fsync(fd) != 0)
		r = err_errno(e, "%s/%s: sync", f->path, key);
	else if (give_name(fd, dir, name) != 0)
		r = err_errno(e, "%s/%s", f->path, key);
	else if (fsync(dir) != 0)
		r = err_set(e, ERR_UNKNOWN, "%s/%s: sync: %s", f->path, key, strerror(errno));
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

static int file_put(void *impl, const char *key, const struct store_raw *value, struct err *e)
{
	struct replacement p = {.value = value};

	if (strcmp(value->version, STORE_NEW) == 0)
		return create_one(impl, key, value, e);
	return file_update(impl, key, NULL, replace, &p, e);
}

/* Makes the unnamed files of items[0..n) in fds[]. */
static int make_group(const struct store_file *f, struct store_item *items, int *fds,
    size_t n, struct err *e)
{
	const char *name;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	for (size_t i = 0; i < n; i++) {
		int dir = locate(f, items[i].key, &name);

		if (dir < 0)
			return err_set(e, ERR_SYSTEM, "%s: no such kind of record", items[i].key);
		if ((fds[i] = make_unnamed(dir, &items[i].raw, e)) < 0)
			return fds[i];
	}
	return 0;
}

/* Names them in order; a directory is synced before the next one is touched,
 * so that hot is there before enroll is. */
static int name_group(const struct store_file *f, struct store_item *items, const int *fds,
    size_t n, struct err *e)
{
	int before = -1;

	for (size_t i = 0; i < n; i++) {
		const char *name;
		int dir = locate(f, items[i].key, &name);

		if (before >= 0 && before != dir && fsync(before) != 0)
			return err_errno(e, "%s: sync", f->path);
		before = dir;
		if (give_name(fds[i], dir, name) != 0)
			items[i].result = errno == EEXIST ? ERR_CONFLICT : ERR_UNAVAIL;
	}
	if (before >= 0 && fsync(before) != 0)
		return err_errno(e, "%s: sync", f->path);
	return 0;
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
		if (r == 0 && syncfs(f->dir[0]) != 0)
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

static int remove_locked(const struct store_file *f, const struct pair *p,
    const char *version, struct err *e)
{
	struct store_raw old;
	const char *name;
	struct slot s;
	int dir = locate(f, p->key, &name);
	int r = 0;

	if (version != NULL && (r = read_pair(p, &s, &old, e)) == 0 &&
	    strcmp(old.version, version) != 0)
		r = err_set(e, ERR_CONFLICT, "%s: somebody else has changed it meanwhile", p->key);
	if (r != 0)
		return r;
	if (unlinkat(dir, name, 0) != 0)
		return err_errno(e, "%s/%s: remove", f->path, p->key);
	if (fsync(dir) != 0)
		return err_set(e, ERR_UNKNOWN, "%s/%s: sync: %s", f->path, p->key,
		    strerror(errno));
	return 0;
}

/* What is not even a record (a link, a foreign file) goes without a lock. */
static int remove_foreign(const struct store_file *f, const char *key, struct err *e)
{
	const char *name;
	int dir = locate(f, key, &name);

	if (dir < 0 || unlinkat(dir, name, 0) != 0)
		return err_errno(e, "%s/%s: remove", f->path, key);
	return fsync(dir) == 0 ? 0 : ERR_UNKNOWN;
}

static int file_del(void *impl, const char *key, const char *version, struct err *e)
{
	struct pair p = {.key = key};
	int r = open_pair(impl, &p, O_RDWR, e);

	if (r == ERR_BAD && version == NULL)
		return remove_foreign(impl, key, e);
	if (r != 0)
		return r;
	r = slot_lock(p.fd[0], LOCK_WAIT_MS, key, e);
	if (r == 0) {
		r = remove_locked(impl, &p, version, e);
		slot_unlock(p.fd[0]);
	}
	close_pair(&p);
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

	for (int i = 0; i < KINDS; i++) {
		size_t n = strlen(kinds[i]);
		int fd, r;
		DIR *d;

		if (strncmp(prefix, kinds[i], n) != 0 || prefix[n] != '/')
			continue;
		fd = openat(f->dir[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || (d = fdopendir(fd)) == NULL) {
			r = err_errno(e, "%s/%s", f->path, kinds[i]);
			if (fd >= 0)
				(void)close(fd);
			return r;
		}
		r = list_dir(d, kinds[i], each, ctx, e);
		(void)closedir(d);
		return r;
	}
	return err_set(e, ERR_SYSTEM, "%s: no such kind of record", prefix);
}

static void file_close(void *impl)
{
	struct store_file *f = impl;

	for (int i = 0; i < KINDS; i++)
		if (f->dir[i] >= 0)
			(void)close(f->dir[i]);
	if (f->root >= 0)
		(void)close(f->root);
	free(f);
}

static int file_root(void *impl)
{
	return ((struct store_file *)impl)->root;
}

/* On the directory, which is permanent too; a lock file would be one more thing
 * to lose. */
static int file_lock(void *impl, bool take, struct err *e)
{
	const struct timespec pause = {.tv_nsec = CHANGE_POLL_NS};
	const struct store_file *f = impl;

	if (!take)
		return flock(f->root, LOCK_UN);
	for (int i = 0; i < CHANGE_POLLS; i++) {
		if (flock(f->root, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, "%s: lock", f->path);
		(void)nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_UNAVAIL, "%s: another command has been changing enrolments for "
	    "30 s; try again", f->path);
}

static const struct store_ops file_ops = {"file", file_get, file_update, file_put,
    file_create, file_del, file_list, file_close, file_root,
    file_lock};

static int open_kinds(struct store_file *f, struct err *e)
{
	char name[CONF_PATH_MAX + 16];

	for (int i = 0; i < KINDS; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", f->path, kinds[i]);
		f->dir[i] = safefile_open_subdir(f->root, kinds[i], name, e);
		if (f->dir[i] == ERR_NONE)
			return err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`",
			    name);
		if (f->dir[i] < 0)
			return f->dir[i];
	}
	return 0;
}

int store_file_open(const char *dir, const struct store_ops **ops, void **impl,
    struct err *e)
{
	struct store_file *f = calloc(1, sizeof(*f));
	int r;

	*impl = NULL;
	*ops = NULL;
	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	(void)snprintf(f->path, sizeof(f->path), "%s", dir);
	f->dir[0] = f->dir[1] = -1;
	f->root = safefile_open_dir(dir, e);
	if (f->root == ERR_NONE)
		r = err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`", dir);
	else
		r = f->root < 0 ? f->root : open_kinds(f, e);
	if (r != 0) {
		file_close(f);
		return r;
	}
	*ops = &file_ops;
	*impl = f;
	return 0;
}
