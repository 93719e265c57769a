#include "lib/core/safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPLACED_TRIES 8 /* another file came into its place while it was opened */

static int judge_dir(const struct stat *st, const char *path, struct err *e)
{
	if (S_ISLNK(st->st_mode))
		return err_set(e, ERR_UNSAFE,
		    "%s: is a symbolic link; name the real directory", path);
	if (!S_ISDIR(st->st_mode))
		return err_set(e, ERR_UNSAFE, "%s: is not a directory", path);
	if (st->st_uid != 0)
		return err_set(e, ERR_UNSAFE,
		    "%s: belongs to uid %u, not to root; chown root it", path,
		    (unsigned)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st->st_mode & S_ISVTX) == 0)
		return err_set(e, ERR_UNSAFE,
		    "%s: mode %04o lets others write; chmod go-w it", path,
		    (unsigned)(st->st_mode & 07777));
	return 0;
}

/* The directory that holds the thing itself: not even sticky. */
static int judge_leaf_dir(const struct stat *st, const char *path, struct err *e)
{
	int r = judge_dir(st, path, e);

	if (r == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		r = err_set(e, ERR_UNSAFE, "%s: mode %04o lets others write; chmod go-w it",
		    path, (unsigned)(st->st_mode & 07777));
	return r;
}

/* lstat of each parent is enough: once a component is root's and its parent
 * lets nobody else rename it, nobody else can change what is behind it. */
static int judge_parents(const char *path, const char *judged, struct err *e)
{
	char part[PATH_MAX];
	struct stat st;
	size_t n = strlen(path);
	bool same = judged != NULL;
	int r;

	for (size_t i = 0; i < n; i++) {
		same = same && path[i] == judged[i];
		if (path[i] != '/' || same)
			continue;
		size_t keep = i == 0 ? 1 : i;
		memcpy(part, path, keep);
		part[keep] = '\0';
		if (lstat(part, &st) != 0)
			return err_errno(e, "%s", part);
		if ((r = judge_dir(&st, part, e)) != 0)
			return r;
	}
	return 0;
}

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

/* Takes over fd: returns it, or closes it and returns a code. */
static int keep_if_safe(int fd, const char *path, struct err *e)
{
	struct stat st;
	int r;

	if (fd < 0)
		return err_errno(e, "%s", path);
	if (fstat(fd, &st) != 0)
		r = err_errno(e, "%s", path);
	else
		r = judge_leaf_dir(&st, path, e);
	if (r != 0)
		(void)close(fd);
	return r != 0 ? r : fd;
}

int safefile_open_dir(const char *path, struct err *e)
{
	return safefile_open_dir_beside(path, NULL, e);
}

int safefile_open_dir_beside(const char *path, const char *judged, struct err *e)
{
	int r;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return err_set(e, ERR_UNSAFE, "%s: is not an absolute path", path);
	if ((r = judge_parents(path, judged, e)) != 0)
		return r;
	return keep_if_safe(open(path, OPEN_DIR), path, e);
}

int safefile_check_subdir(int dirfd, const char *name, const char *parent, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int r = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r == 0 && judge_leaf_dir(&st, name, NULL) == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s", parent, name);
	return r != 0 ? err_errno(e, "%s", path) : judge_leaf_dir(&st, path, e);
}

int safefile_open_subdir(int dirfd, const char *name, const char *path, struct err *e)
{
	return keep_if_safe(openat(dirfd, name, OPEN_DIR), path, e);
}

static int judge_file(const struct stat *file, enum safefile_kind kind, const char *name,
    struct err *e)
{
	mode_t forbidden = kind == SAFEFILE_PRIVATE ? 0077 : (S_IWGRP | S_IWOTH);
	struct stat st = *file;

	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_UNSAFE, "%s: is not a regular file", name);
	if (st.st_uid != 0)
		return err_set(e, ERR_UNSAFE,
		    "%s: belongs to uid %u, not to root; chown root it", name,
		    (unsigned)st.st_uid);
	if ((st.st_mode & forbidden) != 0)
		return err_set(e, ERR_UNSAFE, "%s: mode %04o; chmod it to %s", name,
		    (unsigned)(st.st_mode & 07777),
		    kind == SAFEFILE_PRIVATE ? "0600" : "0644");
	if (kind == SAFEFILE_PRIVATE && st.st_nlink != 1)
		return err_set(e, ERR_UNSAFE,
		    "%s: has %lu links instead of 1; find and remove the others", name,
		    (unsigned long)st.st_nlink);
	return 0;
}

int safefile_check(int fd, enum safefile_kind kind, const char *name, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "%s", name);
	return judge_file(&st, kind, name, e);
}

static struct safefile_seen seen_of(const struct stat *st)
{
	return (struct safefile_seen){st->st_ino, st->st_ctim.tv_sec, st->st_ctim.tv_nsec};
}

bool safefile_is_seen(const char *path, const struct safefile_seen *seen)
{
	struct safefile_seen now;
	struct stat st;

	if (lstat(path, &st) != 0)
		return false;
	now = seen_of(&st);
	return seen->file != 0 && now.file == seen->file && now.seconds == seen->seconds &&
	    now.nanoseconds == seen->nanoseconds;
}

/* One byte more than the file has, so that its end is seen. */
static int make_room(struct safefile_buffer *buf, const struct stat *st, const char *path,
    struct err *e)
{
	if ((uintmax_t)st->st_size >= buf->cap)
		return err_set(e, ERR_BAD, "%s: is longer than %zu bytes", path, buf->cap - 1);
	buf->cap = (size_t)st->st_size + 1;
	buf->data = malloc(buf->cap);
	return buf->data != NULL ? 0 : err_set(e, ERR_SYSTEM, "%s: out of memory", path);
}

/* 0; ERR_NONE when another file has come into its place meanwhile; or as above. */
static int check_and_read(int fd, enum safefile_kind kind, const char *path,
    struct safefile_buffer *buf, struct err *e)
{
	struct stat st;
	ssize_t n;
	int r;

	buf->len = 0;
	if (fstat(fd, &st) != 0)
		return err_errno(e, "%s", path);
	if (kind == SAFEFILE_PRIVATE && st.st_nlink == 0)
		return err_set(e, ERR_NONE, "%s: is gone", path);
	if ((r = judge_file(&st, kind, path, e)) != 0)
		return r;
	buf->seen = seen_of(&st);
	if (buf->data == NULL && (r = make_room(buf, &st, path, e)) != 0)
		return r;
	for (;;) {
		if (buf->len == buf->cap)
			return err_set(e, ERR_BAD, "%s: is longer than %zu bytes", path,
			    buf->cap - 1);
		n = read(fd, buf->data + buf->len, buf->cap - buf->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "%s", path);
		if (n == 0)
			return 0;
		buf->len += (size_t)n;
		if (buf->len == (size_t)st.st_size && buf->len < buf->cap)
			return 0;
	}
}

/* The directory that holds a file; where `judged` lies in the very same one, it has
 * been judged with it. */
static int judge_home(const char *dir, const char *judged, struct err *e)
{
	size_t n = strlen(dir);
	struct stat st;
	int r;

	if (judged != NULL && n > 1 && strncmp(judged, dir, n) == 0 && judged[n] == '/' &&
	    strchr(judged + n + 1, '/') == NULL)
		return 0;
	if ((r = judge_parents(dir, judged, e)) != 0)
		return r;
	if (lstat(dir, &st) != 0)
		return err_errno(e, "%s", dir);
	return judge_leaf_dir(&st, dir, e);
}

int safefile_read(const char *path, enum safefile_kind kind,
    struct safefile_buffer *buf, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int r;

	if (slash == NULL || path[0] != '/' || strlen(path) >= sizeof(dir))
		return err_set(e, ERR_UNSAFE, "%s: is not an absolute path", path);
	size_t keep = slash == path ? 1 : (size_t)(slash - path);
	memcpy(dir, path, keep);
	dir[keep] = '\0';
	if ((r = judge_home(dir, buf->judged, e)) != 0)
		return r;
	r = ERR_NONE;
	for (int i = 0; i < REPLACED_TRIES && r == ERR_NONE; i++) {
		/* Nobody but root can put another file there between these two lines. */
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0)
			return err_errno(e, "%s", path);
		r = check_and_read(fd, kind, path, buf, e);
		(void)close(fd);
	}
	return r;
}
