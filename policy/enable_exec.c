#include "policy/enable_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const environment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

/* posix_spawn() takes what it does not change as changeable. */
static char *const *changeable(const char *const list[])
{
	union {
		const char *const *in;
		char *const *out;
	} u = {.in = list};

	return u.out;
}

static int start(const char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return r;
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out, 2);
	if (r == 0)
		r = posix_spawn(pid, argv[0], &files, NULL, changeable(argv),
		    changeable(environment));
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static int64_t seconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* What is said until the end, or until its time is over; then false. */
static bool read_all(int fd, struct buffer *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t end = seconds() + ENABLE_EXEC_SECONDS;
	char part[4096];
	ssize_t n;

	while (seconds() < end) {
		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = read(fd, part, sizeof(part));
		if (n == 0 || (n < 0 && errno != EINTR))
			return true;
		if (n > 0 && out != NULL)
			buffer_add(out, part, (size_t)n);
	}
	return false;
}

int enable_exec(const char *const argv[], struct buffer *out, int *status, struct err *e)
{
	int ends[2], r, how = 0;
	pid_t pid = -1;

	*status = -1;
	if (access(argv[0], X_OK) != 0)
		return err_errno(e, "%s", argv[0]);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, ERR_SYSTEM, "pipe: %s", strerror(errno));
	r = start(argv, ends[1], &pid);
	(void)close(ends[1]);
	if (r != 0) {
		(void)close(ends[0]);
		return err_set(e, ERR_SYSTEM, "%s: %s", argv[0], strerror(r));
	}
	/* It is waited for with the lock held, which the way back needs too. */
	if (!read_all(ends[0], out))
		(void)kill(pid, SIGKILL);
	(void)close(ends[0]);
	while (waitpid(pid, &how, 0) < 0)
		if (errno != EINTR)
			return err_set(e, ERR_SYSTEM, "%s: %s", argv[0], strerror(errno));
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	if (out != NULL && out->failed)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

void enable_exec_line(const struct buffer *out, char *line, size_t size)
{
	const char *text = buffer_string(out);
	size_t n = strcspn(text, "\r\n");

	(void)snprintf(line, size, "%.*s", (int)n, text);
}
