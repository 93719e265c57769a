#include "policy/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the end of the output or of the time: 0, or ERR_UNAVAIL. */
static int collect(int fd, char *out, size_t size)
{
	const int64_t end = now_ms() + RUN_SECONDS * 1000;
	size_t got = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		char rest[512];
		ssize_t n;

		out[got] = '\0';
		if (left <= 0)
			return ERR_UNAVAIL;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = got + 1 < size ? read(fd, out + got, size - 1 - got) :
		    read(fd, rest, sizeof(rest));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		if (got + 1 < size)
			got += (size_t)n;
	}
}

static int start(const char *const argv[], int out, pid_t *pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	char *const environment[] = {path, locale, NULL};
	posix_spawn_file_actions_t files;
	int r;

	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv,
		    environment);
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

int run(const char *const argv[], char *out, size_t size, struct err *e)
{
	int pipes[2], r, status = 0;
	pid_t pid;

	out[0] = '\0';
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", argv[0], strerror(errno));
	r = start(argv, pipes[1], &pid);
	(void)close(pipes[1]);
	if (r != 0) {
		(void)close(pipes[0]);
		return err_set(e, r == ENOENT ? ERR_NONE : ERR_SYSTEM, "%s: %s", argv[0],
		    strerror(r));
	}
	r = collect(pipes[0], out, size);
	(void)close(pipes[0]);
	if (r != 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r != 0 || !WIFEXITED(status))
		return err_set(e, ERR_UNAVAIL, "%s: did not end by itself", argv[0]);
	return WEXITSTATUS(status);
}
