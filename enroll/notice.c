#include "enroll/notice.h"

#include "lib/core/safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PB_SYSCONFDIR
#define PB_SYSCONFDIR "/etc"
#endif
#define PROGRAM PB_SYSCONFDIR "/pam-bastion/notify"
#define FILES 4096U            /* that it may always open */
#define FILES_MOST (1U << 20)  /* that are closed where the kernel cannot close a range */

/* 0, or ERR_NONE when there is no such program. */
static int check(const char *program, struct err *e)
{
	char dir[512];
	const char *slash = strrchr(program, '/');
	size_t n = slash != NULL ? (size_t)(slash - program) : 0;
	struct stat st;
	int fd;

	if (lstat(program, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NONE : err_errno(e, "%s", program);
	if (n == 0 || n >= sizeof(dir))
		return err_set(e, ERR_UNSAFE, "%.100s: is not an absolute path", program);
	memcpy(dir, program, n);
	dir[n] = '\0';
	if ((fd = safefile_open_dir(dir, e)) < 0)
		return fd;
	(void)close(fd);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    (st.st_mode & S_IXUSR) == 0)
		return err_set(e, ERR_UNSAFE, "%s: must be a regular file of root's, executable, "
		    "writable by nobody else; it is not run", program);
	return 0;
}

/* What follows runs in the grandchild: only calls that are safe behind fork(). */

/* Signals as they are in a fresh process: what the caller ignores or blocks is his. */
static void forget_signals(void)
{
	struct sigaction how = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &how, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The caller's limits must not silence it.  Root may raise them; who may not, goes as
 * far as the hard limit. */
static void raise_limit(int what, rlim_t hard_least)
{
	struct rlimit own, best;

	if (getrlimit(what, &own) != 0)
		return;
	best = own;
	if (best.rlim_max != RLIM_INFINITY && best.rlim_max < hard_least)
		best.rlim_max = hard_least;
	best.rlim_cur = best.rlim_max;
	own.rlim_cur = own.rlim_max;
	if (setrlimit(what, &best) != 0)
		(void)setrlimit(what, &own);
}

static void forget_limits(void)
{
	raise_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	raise_limit(RLIMIT_CPU, RLIM_INFINITY);
	raise_limit(RLIMIT_AS, RLIM_INFINITY);
	raise_limit(RLIMIT_DATA, RLIM_INFINITY);
	raise_limit(RLIMIT_NOFILE, FILES);
}

static void close_from(int first)
{
	struct rlimit l = {FILES, FILES};

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
#endif
	(void)getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max > FILES_MOST)
		l.rlim_max = FILES_MOST;
	for (int fd = first; fd < (int)l.rlim_max; fd++)
		(void)close(fd);
}

/* Root's own, whoever called: behind sudo or a file with the setuid bit the real ids
 * are the caller's, and a shell would fall back to them. */
static bool become_root(void)
{
	return setgroups(0, NULL) == 0 && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

static _Noreturn void become(const char *program, char *const argv[])
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	char *const environment[] = {path, locale, NULL};
	int null = open("/dev/null", O_RDWR);

	(void)setsid();
	if (null < 0 || chdir("/") != 0 || !become_root())
		_exit(127);
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	forget_limits();
	close_from(3);
	forget_signals();
	(void)umask(022);
	(void)execve(program, argv, environment);
	_exit(127);
}

/* By a child that ends at once, so that the host process (login waits for any child)
 * never meets a child it has not made. */
static int run(const char *program, char *const argv[], struct err *e)
{
	pid_t child = fork();

	if (child < 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", program, strerror(errno));
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			become(program, argv);
		_exit(grandchild > 0 ? 0 : 127);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return 0;
}

/* A device's name stands in secret memory, which is the process's alone: its child would
 * find zeros there (words_in_secret_memory_reach_the_program). */
int notice_send_by(const char *program, const char *const words[3], struct err *e)
{
	char *argv[5] = {NULL};
	int r = check(program, e);

	if (r != 0)
		return r == ERR_NONE ? 0 : r;
	argv[0] = (char *)(uintptr_t)program;
	for (int i = 0; i < 3 && r == 0; i++)
		if ((argv[1 + i] = strdup(words[i] != NULL ? words[i] : "")) == NULL)
			r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0)
		r = run(program, argv, e);
	for (int i = 0; i < 3; i++)
		free(argv[1 + i]);
	return r;
}

int notice_send(const char *event, const char *user, const char *device, struct err *e)
{
	const char *const words[3] = {event, user, device};

	return notice_send_by(PROGRAM, words, e);
}
