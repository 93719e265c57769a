#include "tests/crash/loss.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MARK 8 /* bytes, of a slot: when it is lost, the next writer writes once more */

static void name_fd(pid_t pid, uint64_t fd, char path[64])
{
	(void)snprintf(path, 64, "/proc/%d/fd/%d", (int)pid, (int)fd);
}

static bool is_write(long call, const uint64_t *args)
{
	return (call == SYS_pwrite64 || call == SYS_write) && args[2] > MARK;
}

static bool is_sync(long call)
{
	return call == SYS_fsync || call == SYS_fdatasync || call == SYS_syncfs;
}

void loss_fail(struct loss *l, pid_t pid, long call, const uint64_t *args, int number)
{
	struct stat st;
	char path[64];

	if (!is_write(call, args) && !is_sync(call))
		return;
	name_fd(pid, args[0], path);
	if (stat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
	    (l->fd = open(path, O_PATH | O_CLOEXEC)) < 0)
		return;
	l->some = true;
	l->call = call;
	l->written = is_sync(call) &&
	    (number == EINTR || (call == SYS_fsync && S_ISDIR(st.st_mode)));
}

static struct loss_kept *find_kept(struct loss *l, const struct stat *st)
{
	for (int i = 0; i < LOSS_FILES; i++)
		if (l->kept[i].used && l->kept[i].dev == st->st_dev &&
		    l->kept[i].number == st->st_ino)
			return &l->kept[i];
	return NULL;
}

void loss_enter(struct loss *l, pid_t pid, long call, const uint64_t *args)
{
	struct loss_kept *k = NULL;
	struct stat st;
	char path[64];
	int fd;

	if (!is_write(call, args))
		return;
	name_fd(pid, args[0], path);
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != LOSS_SIZE ||
	    find_kept(l, &st) != NULL)
		return;
	for (int i = 0; i < LOSS_FILES && k == NULL; i++)
		k = l->kept[i].used ? NULL : &l->kept[i];
	if (k == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	k->dev = st.st_dev;
	k->number = st.st_ino;
	k->len = sizeof(k->bytes);
	k->used = read(fd, k->bytes, k->len) == (ssize_t)k->len;
	(void)close(fd);
}

/* A sync that succeeds brings what was written to the disk; of all files, or of one. */
static void drop_kept(struct loss *l, pid_t pid, long call, const uint64_t *args)
{
	struct loss_kept *k;
	struct stat st;
	char path[64];

	name_fd(pid, args[0], path);
	if (call == SYS_syncfs)
		memset(l->kept, 0, sizeof(l->kept));
	else if (stat(path, &st) == 0 && (k = find_kept(l, &st)) != NULL)
		k->used = false;
}

static bool is_same(const struct loss *l, pid_t pid, uint64_t fd)
{
	struct stat here, there;
	char path[64];

	name_fd(pid, fd, path);
	return stat(path, &there) == 0 && fstat(l->fd, &here) == 0 && here.st_ino == there.st_ino &&
	    here.st_dev == there.st_dev;
}

void loss_note(struct loss *l, pid_t pid, long call, const uint64_t *args, int64_t result)
{
	if (is_sync(call) && result >= 0 && !(l->some && is_same(l, pid, args[0])))
		drop_kept(l, pid, call, args);
	if (!l->some || result < 0 || (!is_write(call, args) && !is_sync(call)) ||
	    !is_same(l, pid, args[0]))
		return;
	if (is_write(call, args))
		l->written = true;
	else if (l->written && (l->call != SYS_syncfs || call == SYS_syncfs))
		l->some = false;
	if (!l->some)
		(void)close(l->fd);
}

static void put_back(struct loss *l, const struct stat *st)
{
	const struct loss_kept *k = find_kept(l, st);
	char path[64];
	int fd;

	if (k == NULL)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd);
	if ((fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0) {
		(void)!pwrite(fd, k->bytes, k->len, 0);
		(void)close(fd);
	}
}

bool loss_end(struct loss *l, bool cut)
{
	struct stat st;
	bool is;

	if (!l->some)
		return false;
	is = fstat(l->fd, &st) != 0 || st.st_nlink > 0;
	if (is && cut && S_ISREG(st.st_mode))
		put_back(l, &st);
	(void)close(l->fd);
	l->some = false;
	return is;
}
