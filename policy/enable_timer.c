#include "policy/enable_timer.h"

#include "policy/enable_txn.h"
#include "policy/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 256 /* more are never open here */
#define AGAIN 5 /* seconds until another try to bring the files back */
#define TEXT_OF(n) TEXT_OF_VALUE(n)
#define TEXT_OF_VALUE(n) #n
#define SETTLE_UNIT "pam-bastion-settle.service"
#define SYSTEMD "/run/systemd/system"

static bool has_systemd(void)
{
	return access(SYSTEMD, F_OK) == 0;
}

static int arm_systemd(const struct enable_timer *t, struct err *e)
{
	char unit[128], delay[64], txn[ENABLE_PATH_MAX + ENABLE_ID_MAX + 8];
	const char *argv[16];
	struct run_said said = {0};
	int n = 0, status, r;
	char line[256];

	(void)snprintf(unit, sizeof(unit), "--unit=pam-bastion-return-%s", t->id);
	(void)snprintf(txn, sizeof(txn), "%s/txn/%s", t->state_dir, t->id);
	(void)snprintf(delay, sizeof(delay), "--on-active=%" PRId64 "s", t->seconds);
	argv[n++] = "/usr/bin/systemd-run";
	argv[n++] = unit;
	argv[n++] = delay;
	argv[n++] = "--timer-property=AccuracySec=1s";
	/* Until they are back: a disk may be full, or another bastionctl at work. */
	argv[n++] = "--property=Restart=on-failure";
	argv[n++] = "--property=RestartSec=" TEXT_OF(AGAIN) "s";
	argv[n++] = "--description=pam-bastion: old login files come back";
	argv[n++] = "--setenv=LC_ALL=C"; /* it speaks to the journal */
	argv[n++] = "--";
	argv[n++] = t->program;
	argv[n++] = "disable";
	argv[n++] = "--unconfirmed";
	argv[n++] = txn; /* a path: the configuration may be what is wrong */
	argv[n] = NULL;
	r = run_program(argv, &said, &status, e);
	run_line(&said, line, sizeof(line));
	if (r == 0 && status != 0)
		r = err_set(e, ERR_SYSTEM, "systemd-run: exit %d: %s", status, line);
	run_free(&said);
	return r;
}

static int64_t since_boot(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Nothing of the session stays with the process: no terminal, no descriptor. */
static void leave_session(int keep)
{
	int nothing = open("/dev/null", O_RDWR);
	sigset_t none;

	(void)sigemptyset(&none); /* enable_run holds some back */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);

	for (int fd = 0; fd < 3 && nothing >= 0; fd++)
		(void)dup2(nothing, fd);
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (fd != keep)
			(void)close(fd);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction a = {.sa_handler = i == SIGHUP || i == SIGPIPE ? SIG_IGN : SIG_DFL};

		(void)sigaction(i, &a, NULL);
	}
	if (chdir("/") != 0)
		return; /* it goes by absolute paths anyway */
}

static void pid_path(const struct enable_timer *t, char path[ENABLE_PATH_MAX])
{
	(void)snprintf(path, ENABLE_PATH_MAX, "%s/return-%s.pid", t->run_dir, t->id);
}

/* For people, and for nothing else. */
static void write_pid(const char *path)
{
	char text[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (fd >= 0 && write(fd, text, (size_t)n) < 0)
		(void)unlink(path);
	if (fd >= 0)
		(void)close(fd);
}

/* The process: waits by the clock since boot, which nobody sets. */
static _Noreturn void wait_and_return(const struct enable_timer *t, int ready)
{
	int64_t end = since_boot() + t->seconds * 1000;
	const struct timespec tick = {.tv_nsec = 500000000};
	char path[ENABLE_PATH_MAX];

	leave_session(ready);
	pid_path(t, path);
	write_pid(path);
	if (write(ready, "", 1) != 1)
		_exit(1);
	(void)close(ready);
	while (enable_txn_open(t->state_dir, t->id)) {
		if (since_boot() >= end) {
			t->back(t->ctx);
			end = since_boot() + AGAIN * 1000;
		}
		(void)nanosleep(&tick, NULL);
	}
	(void)unlink(path);
	_exit(0);
}

static int arm_process(const struct enable_timer *t, struct err *e)
{
	int ends[2], status = 0;
	pid_t pid;
	char byte;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, ERR_SYSTEM, "pipe: %s", strerror(errno));
	while (ends[1] < 3 && (ends[1] = dup(ends[1])) >= 0)
		; /* below are those that the process turns away */
	if ((pid = fork()) == 0) {
		/* The second fork: no leader of a session can be given a terminal. */
		if (setsid() < 0 || (pid = fork()) < 0)
			_exit(1);
		if (pid == 0)
			wait_and_return(t, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	while ((n = read(ends[0], &byte, 1)) < 0 && errno == EINTR)
		;
	(void)close(ends[0]);
	return pid > 0 && n == 1 ? 0 : err_set(e, ERR_SYSTEM, "the process that brings the old "
	    "files back does not start");
}

int enable_timer_arm(const struct enable_timer *t, struct err *e)
{
	return has_systemd() ? arm_systemd(t, e) : arm_process(t, e);
}

void enable_timer_disarm(const char *id)
{
	char unit[128];
	const char *const argv[] = {"/usr/bin/systemctl", "-q", "stop", unit, NULL};
	int status;

	(void)snprintf(unit, sizeof(unit), "pam-bastion-return-%s.timer", id);
	if (has_systemd())
		(void)run_program(argv, NULL, &status, NULL);
}

int enable_timer_at_boot(struct err *e)
{
	const char *const argv[] = {"/usr/bin/systemctl", "-q", "enable", SETTLE_UNIT, NULL};
	struct run_said said = {0};
	char line[256];
	int status = 0, r;

	if (!has_systemd())
		return err_set(e, ERR_NONE, "no systemd runs here");
	r = run_program(argv, &said, &status, e);
	run_line(&said, line, sizeof(line));
	if (r == 0 && status != 0)
		r = err_set(e, ERR_SYSTEM, "systemctl enable %s: exit %d: %s", SETTLE_UNIT,
		    status, line);
	run_free(&said);
	return r;
}
