#include "tests/crash/loss.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

bool loss_end(struct loss *l)
{
	struct stat st;
	bool is;

	if (!l->some)
		return false;
	is = fstat(l->fd, &st) != 0 || st.st_nlink > 0;
	(void)close(l->fd);
	l->some = false;
	return is;
}
