#include "policy/fix_mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the way to it ---- */

/* Nobody but root and owner decides what is in it. */
static int check_dir(int fd, const char *path, size_t len, uid_t owner, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "%.*s", (int)len, path);
	if ((st.st_uid != 0 && st.st_uid != owner) || (st.st_mode & 022) != 0)
		return err_set(e, ERR_REFUSED, "%.*s: mode %04o, owner %u: others may put another file in "
		    "the place of what is below; put the directory right first, and see what is in it",
		    len > 0 ? (int)len : 1, path, (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
	return 0;
}

/* Opens the directory that path is in; *name is the rest. */
static int open_above(const char *path, uid_t owner, const char **name, struct err *e)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), next, r = 0;
	const char *at = path + strspn(path, "/");
	char part[ENABLE_PATH_MAX];

	for (;;) {
		const size_t n = strcspn(at, "/");

		if (fd < 0)
			return err_errno(e, "%.*s", (int)(at - path), path);
		r = check_dir(fd, path, at > path + 1 ? (size_t)(at - path) - 1 : 0, owner, e);
		if (r != 0 || at[n] == '\0')
			break;
		(void)snprintf(part, sizeof(part), "%.*s", (int)n, at);
		next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && (errno == ELOOP || errno == ENOTDIR))
			r = err_set(e, ERR_REFUSED, "%.*s: is a link, or no directory", (int)(at + n - path), path);
		else if (next < 0)
			r = err_errno(e, "%.*s", (int)(at + n - path), path);
		(void)close(fd);
		if (r != 0)
			return r;
		fd = next;
		at += n + strspn(at + n, "/");
	}
	*name = at;
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

static int judge_kind(const struct stat *st, const char *path, struct err *e)
{
	if (S_ISLNK(st->st_mode))
		return err_set(e, ERR_REFUSED, "%s: is a link", path);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return err_set(e, ERR_REFUSED, "%s: is neither a file nor a directory", path);
	if (S_ISREG(st->st_mode) && st->st_nlink != 1)
		return err_set(e, ERR_REFUSED, "%s: has a second name, somewhere else", path);
	return 0;
}

/* The file itself, and what it is now; a descriptor, or a code. */
static int open_it(const struct fix_mode *x, struct stat *st, struct err *e)
{
	const char *name = "";
	const int dir = open_above(x->path, x->new.uid, &name, e);
	struct stat seen;
	int fd = -1, r = dir;

	if (dir < 0)
		return r;
	if (name[0] == '\0') /* "/" */
		name = ".";
	/* Looked at before it is opened: it may be a device. */
	if (fstatat(dir, name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
		r = err_errno(e, "%s", x->path);
	else if ((r = judge_kind(&seen, x->path, e)) == 0 && (fd = openat(dir, name, O_RDONLY |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
		r = err_errno(e, "%s", x->path);
	else if (r == 0 && fstat(fd, st) != 0)
		r = err_errno(e, "%s", x->path);
	else if (r == 0 && (r = judge_kind(st, x->path, e)) == 0 &&
	    (st->st_ino != seen.st_ino || st->st_dev != seen.st_dev))
		r = err_set(e, ERR_CONFLICT, "%s: has been changed since it was looked at", x->path);
	(void)close(dir);
	if (r == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* ---- what it is ---- */

static bool is_owned(const struct stat *st, const struct fix_owned *o)
{
	return (st->st_mode & 07777) == o->mode && st->st_uid == o->uid;
}

/* Also half way between the two: a new owner takes the set-user-id bits away. */
static bool is_ours(const struct stat *st, const struct fix_mode *x)
{
	const mode_t mode = st->st_mode & 01777;

	return st->st_ino == x->inode && (st->st_uid == x->old.uid || st->st_uid == x->new.uid) &&
	    (mode == (x->old.mode & 01777) || mode == (x->new.mode & 01777));
}

static int judge_state(const struct stat *st, const struct fix_mode *x, struct err *e)
{
	return is_ours(st, x) ? 0 : err_set(e, ERR_CONFLICT, "%s: has been changed since; it had mode "
	    "%04o, owner %u", x->path, (unsigned)x->old.mode, (unsigned)x->old.uid);
}

int fix_mode_check(const struct fix_mode *x, struct err *e)
{
	struct stat st = {.st_ino = 0};
	const int fd = open_it(x, &st, e);

	if (fd < 0)
		return fd;
	(void)close(fd);
	return judge_state(&st, x, e);
}

int fix_mode_put(const struct fix_mode *x, bool will, struct err *e)
{
	const struct fix_owned *to = will ? &x->new : &x->old;
	struct stat st = {.st_ino = 0};
	const int fd = open_it(x, &st, e);
	int r;

	if (fd < 0)
		return fd;
	r = judge_state(&st, x, e);
	/* Bits go before the owner comes, and once more: a new owner takes some away. */
	if (r == 0 && !is_owned(&st, to) && (fchmod(fd, to->mode) != 0 ||
	    (st.st_uid != to->uid && (fchown(fd, to->uid, (gid_t)-1) != 0 ||
	    fchmod(fd, to->mode) != 0)) || fsync(fd) != 0))
		r = err_errno(e, "%s", x->path);
	(void)close(fd);
	return r;
}

/* ---- before anything is planned for it ---- */

static int look_at(struct fix_mode *x, struct err *e)
{
	struct stat st = {.st_ino = 0};
	const int fd = open_it(x, &st, e);

	if (fd < 0)
		return fd;
	(void)close(fd);
	if (!is_owned(&st, &x->old))
		return err_set(e, ERR_CONFLICT, "%s: has been changed since it was looked at", x->path);
	x->inode = st.st_ino;
	return 0;
}

int fix_mode_look(struct fix_plan *p, struct err *e)
{
	int kept = 0;

	for (int i = 0; i < p->modes; i++) {
		struct err why = {0};

		if (look_at(&p->mode[i], &why) == 0)
			p->mode[kept++] = p->mode[i];
		else if (strncmp(why.text, p->mode[i].path, strlen(p->mode[i].path)) == 0)
			buffer_format(&p->left, "%s\n", why.text);
		else
			buffer_format(&p->left, "%s: %s\n", p->mode[i].path, why.text);
	}
	p->modes = kept;
	return p->left.failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}
