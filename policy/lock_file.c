#include "policy/lock_file.h"

#include "lib/core/safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 20

static bool is_held(void)
{
	return errno == EAGAIN || errno == EACCES;
}

static int take(int fd, const char *path, int wait_ms, struct err *e)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	for (int waited = 0; fcntl(fd, F_OFD_SETLK, &lock) != 0; waited += POLL_MS) {
		if (!is_held() && errno != EINTR)
			return err_errno(e, "%s: lock", path);
		if (waited >= wait_ms)
			return err_set(e, ERR_CONFLICT, "%s: another bastionctl is changing files; "
			    "try again", path);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int lock_file_take(int dir, const char *name, const char *path, int wait_ms, struct err *e)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	int r;

	if (fd < 0)
		return err_errno(e, "%s", path);
	/* Who can open it for reading can hold off whoever writes. */
	r = safefile_check(fd, SAFEFILE_PRIVATE, path, e);
	if (r == 0)
		r = take(fd, path, wait_ms, e);
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}
