#include "policy/enable_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILE_MAX 1000000

static int read_text(int fd, const char *path, struct buffer *text, struct err *e)
{
	char part[8192];
	ssize_t n;

	buffer_text(text, "");
	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "%s", path);
		if (text->len + (size_t)n > FILE_MAX || memchr(part, '\0', (size_t)n) != NULL)
			return err_set(e, ERR_REFUSED, "%s: is not a text of reasonable length", path);
		buffer_add(text, part, (size_t)n);
	}
	return text->failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

int enable_file_read(struct enable_file *f, struct err *e)
{
	int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), r = 0;
	char target[ENABLE_PATH_MAX];
	struct stat st = {.st_mode = 0};
	ssize_t n;

	f->was = fd >= 0;
	f->mode = 0644;
	if (fd < 0 && errno == ELOOP) {
		n = readlink(f->path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		return err_set(e, ERR_REFUSED, "%s: is a link to %s, which belongs to whoever made "
		    "it (authselect?); put a file of its own there", f->path, target);
	}
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "%s", f->path);
	if (fstat(fd, &st) != 0)
		r = err_errno(e, "%s", f->path);
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		r = err_set(e, ERR_REFUSED, "%s: is no regular file, or has a second name; put a "
		    "file of its own there", f->path);
	else
		r = read_text(fd, f->path, &f->old, e);
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	(void)close(fd);
	return r;
}

static int write_all(int fd, const struct buffer *text)
{
	const char *p = buffer_string(text);
	size_t left = text->len;
	ssize_t n;

	while (left > 0) {
		if ((n = write(fd, p, left)) < 0 && errno != EINTR)
			return -1;
		p += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Label, access lists and whatever else it has go along, where they can. */
static void copy_attributes(const char *from, int to)
{
	char names[4096], value[4096];
	const ssize_t all = llistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < all; at += (ssize_t)strlen(names + at) + 1) {
		const ssize_t n = lgetxattr(from, names + at, value, sizeof(value));

		if (n >= 0)
			(void)fsetxattr(to, names + at, value, (size_t)n, 0);
	}
}

static int write_new(const struct enable_file *f, const char *new, const struct buffer *text,
    struct err *e)
{
	int fd, r;

	/* Left by somebody who was killed. */
	if (unlink(new) != 0 && errno != ENOENT)
		return err_errno(e, "%s", new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "%s", new);
	copy_attributes(f->path, fd);
	if (write_all(fd, text) != 0 || fchown(fd, f->uid, f->gid) != 0 ||
	    fchmod(fd, f->mode) != 0 || fsync(fd) != 0) {
		r = err_errno(e, "%s", new);
		(void)unlink(new);
	} else {
		r = 0;
	}
	(void)close(fd);
	return r;
}

/* No service of PAM, and no `*.conf` of sshd. */
static int new_name(const char *path, char new[ENABLE_PATH_MAX])
{
	const char *name = strrchr(path, '/');
	int n = name == NULL ? -1 : snprintf(new, ENABLE_PATH_MAX, "%.*s/.%s.pam-bastion",
	    (int)(name - path), path, name + 1);

	return n > 0 && n < ENABLE_PATH_MAX ? 0 : -1;
}

void enable_file_tidy(const char *path)
{
	char new[ENABLE_PATH_MAX];

	if (new_name(path, new) == 0)
		(void)unlink(new);
}

static int sync_dir(const char *path, struct err *e)
{
	char dir[ENABLE_PATH_MAX];
	int fd, r;

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || fsync(fd) != 0 ? err_errno(e, "%s", dir) : 0;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int enable_file_put(const struct enable_file *f, const struct buffer *text, bool exists,
    struct err *e)
{
	char new[ENABLE_PATH_MAX];
	int r = 0;

	if (new_name(f->path, new) != 0)
		return err_set(e, ERR_SYNTAX, "%s: the path is too long", f->path);
	if (!exists) {
		if (unlink(f->path) != 0 && errno != ENOENT)
			return err_errno(e, "%s", f->path);
		return sync_dir(f->path, e);
	}
	if ((r = write_new(f, new, text, e)) != 0)
		return r;
	if (rename(new, f->path) != 0) {
		r = err_errno(e, "%s", f->path);
		(void)unlink(new);
		return r;
	}
	return sync_dir(f->path, e);
}
