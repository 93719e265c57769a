#include "policy/run.h"

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

#define GRACE 30 /* seconds between being told to end and being made to */
#define PAUSE_MS 20

static const char *const environment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

/* The reading and the writing ends of what a program says. */
struct pipes {
	int out[2];
	int err[2];
};

static void close_end(int ends[2], int i)
{
	if (ends[i] >= 0)
		(void)close(ends[i]);
	ends[i] = -1;
}

static void close_all(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_end(p->out, i);
		close_end(p->err, i);
	}
}

/* posix_spawn() takes what it does not change as changeable. */
static char *const *changeable(const char *const list[])
{
	union {
		const char *const *in;
		char *const *out;
	} u = {.in = list};

	return u.out;
}

static int add_files(posix_spawn_file_actions_t *files, const struct pipes *p)
{
	int r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, p->out[1], 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, p->err[1], 2);
	return r;
}

static int start(const char *const argv[], const struct pipes *p, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return r;
	if ((r = posix_spawnattr_init(&attr)) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return r;
	}
	(void)sigemptyset(&none); /* what the caller holds back is none of its business */
	r = posix_spawnattr_setsigmask(&attr, &none);
	/* Nor is it any of the terminal's: what a key or a hangup there ends is the caller. */
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	if (r == 0)
		r = add_files(&files, p);
	if (r == 0)
		r = posix_spawn(pid, argv[0], &files, &attr, changeable(argv),
		    changeable(environment));
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static int64_t seconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* Reads a part; closes the end at the end. */
static void read_part(int ends[2], struct buffer *b)
{
	char part[4096];
	ssize_t n = read(ends[0], part, sizeof(part));

	if (n == 0 || (n < 0 && errno != EINTR))
		close_end(ends, 0);
	if (n > 0 && b != NULL && b->len < RUN_MOST)
		buffer_add(b, part, (size_t)n);
}

/* What is said until the end, or until its time is over. */
static void read_all(struct pipes *p, struct run_said *said, int64_t end)
{
	while (p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[2] = {{.fd = p->out[0], .events = POLLIN},
		    {.fd = p->err[0], .events = POLLIN}};

		if (seconds() >= end)
			return;
		if (poll(fds, 2, 1000) <= 0)
			continue;
		if (fds[0].revents != 0)
			read_part(p->out, said != NULL ? &said->out : NULL);
		if (fds[1].revents != 0)
			read_part(p->err, said != NULL ? &said->err : NULL);
	}
}

/* 1: it has ended; 0: not until the end of its time; -1: errno. */
static int ends(pid_t pid, int64_t end, int *how)
{
	struct timespec pause = {.tv_nsec = 1000000L};

	for (;;) {
		const pid_t r = waitpid(pid, how, WNOHANG);

		if (r == pid || (r < 0 && errno != EINTR))
			return r == pid ? 1 : -1;
		if (seconds() >= end)
			return 0;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_MS * 1000000L)
			pause.tv_nsec *= 2;
	}
}

/* It is waited for with a lock held, which the way back needs too: never for ever, also where
 * it has closed its output.  All that it has started is told to end first: a package tool
 * leaves less half done then.  What still holds its output may be another one. */
static int finish(const char *program, pid_t pid, int64_t end, int within, int *status,
    struct err *e)
{
	int how = 0, gone = ends(pid, end, &how);
	const bool late = gone == 0;

	if (late) {
		(void)kill(-pid, SIGTERM);
		gone = ends(pid, seconds() + GRACE, &how);
		(void)kill(-pid, SIGKILL);
	}
	while (gone == 0 && (gone = waitpid(pid, &how, 0) == pid ? 1 : -1) < 0 && errno == EINTR)
		gone = 0;
	if (gone < 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", program, strerror(errno));
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return !late ? 0 : err_set(e, ERR_UNAVAIL, "%s: does not end within %d seconds", program,
	    within);
}

int run_program(const char *const argv[], struct run_said *said, int *status, struct err *e)
{
	return run_within(RUN_SECONDS, argv, said, status, e);
}

int run_within(int within, const char *const argv[], struct run_said *said, int *status,
    struct err *e)
{
	struct pipes p = {{-1, -1}, {-1, -1}};
	pid_t pid = -1;
	const int64_t end = seconds() + within;
	int r;

	*status = -1;
	if (access(argv[0], X_OK) != 0)
		return err_errno(e, "%s", argv[0]);
	if (pipe2(p.out, O_CLOEXEC) != 0 || pipe2(p.err, O_CLOEXEC) != 0) {
		r = err_set(e, ERR_SYSTEM, "pipe: %s", strerror(errno));
		goto out;
	}
	if ((r = start(argv, &p, &pid)) != 0) {
		r = err_set(e, ERR_SYSTEM, "%s: %s", argv[0], strerror(r));
		goto out;
	}
	close_end(p.out, 1);
	close_end(p.err, 1);
	read_all(&p, said, end);
	r = finish(argv[0], pid, end, within, status, e);
	if (r == 0 && said != NULL && (said->out.failed || said->err.failed))
		r = err_set(e, ERR_SYSTEM, "out of memory");
out:
	close_all(&p);
	return r;
}

void run_line(const struct run_said *said, char *line, size_t size)
{
	const char *text = buffer_string(said->err.len > 0 ? &said->err : &said->out);
	size_t n = strcspn(text, "\r\n");

	(void)snprintf(line, size, "%.*s", (int)n, text);
}

void run_lines(const struct run_said *said, char *text, size_t size)
{
	const char *p = buffer_string(said->err.len > 0 ? &said->err : &said->out);
	size_t at = 0;

	text[0] = '\0';
	for (; *p != '\0'; p += *p == '\n' || *p == '\r') {
		const size_t n = strcspn(p, "\r\n"), blanks = strspn(p, " \t");

		if (n > blanks && at < size)
			at += (size_t)snprintf(text + at, size - at, "%s%.*s", at > 0 ? "; " : "",
			    (int)(n - blanks), p + blanks);
		p += n;
	}
}

void run_free(struct run_said *said)
{
	buffer_free(&said->out);
	buffer_free(&said->err);
}
