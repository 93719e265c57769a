#include "policy/enable_login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ABOVE_MAX 64 /* processes on the way up */
#define ENVIRON_MOST 131072 /* bytes that are looked at */

/* A small file as one text; "" when it cannot be read. */
static bool read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n > 0;
}

int enable_login_now(struct enable_moment *m, struct err *e)
{
	struct timespec t = {0};
	long hz = sysconf(_SC_CLK_TCK);

	*m = (struct enable_moment){.ticks = UINT64_MAX};
	if (!read_small("/proc/sys/kernel/random/boot_id", m->boot, sizeof(m->boot)))
		return err_set(e, ERR_UNAVAIL, "/proc/sys/kernel/random/boot_id: %s",
		    strerror(errno));
	if (hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &t) != 0)
		return err_set(e, ERR_UNAVAIL, "the clock since boot cannot be read");
	m->ticks = (uint64_t)t.tv_sec * (uint64_t)hz +
	    (uint64_t)t.tv_nsec / (UINT64_C(1000000000) / (uint64_t)hz);
	m->wall = (int64_t)time(NULL);
	return 0;
}

/* Parent and start of a process. */
static bool read_stat(pid_t pid, pid_t *parent, uint64_t *start)
{
	char path[64], text[1024], *p;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_small(path, text, sizeof(text)) || (p = strrchr(text, ')')) == NULL)
		return false;
	p++;
	p += strspn(p, " ");
	for (int field = 3; field < 22; field++) { /* p is at that field */
		if (field == 4)
			*parent = (pid_t)strtol(p, NULL, 10);
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	*start = strtoull(p, NULL, 10);
	return *p != '\0';
}

/* By the program, which is root's, not by the name that a process may give itself. */
static bool lets_in(pid_t pid, enum enable_target target)
{
	static const char *const names[][2] = {
	    {"sshd", "sshd-session"}, {"sudo", "sudo"}, {"login", "login"}};
	char path[64], exe[512];
	const char *name;
	struct stat st;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st) != 0 || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	exe[strcspn(exe, " ")] = '\0'; /* " (deleted)": the package was upgraded */
	name = strrchr(exe, '/');
	return name != NULL && (strcmp(name + 1, names[target][0]) == 0 ||
	    strcmp(name + 1, names[target][1]) == 0);
}

void enable_login_here(enum enable_target target, struct enable_login *l)
{
	pid_t pid = getppid(), parent = 0;
	uint64_t start = 0;
	char text[32];

	*l = (struct enable_login){.audit = ENABLE_NO_AUDIT};
	if (read_small("/proc/self/sessionid", text, sizeof(text)))
		l->audit = (uint32_t)strtoul(text, NULL, 10);
	for (int i = 0; i < ABOVE_MAX && pid > 1; i++) {
		if (!read_stat(pid, &parent, &start))
			return;
		if (lets_in(pid, target)) {
			l->pid = pid;
			l->start = start;
			return;
		}
		pid = parent;
	}
}

static bool find_address(pid_t pid, char *address, size_t size)
{
	static const char key[] = "SSH_CONNECTION=";
	char path[64], *text = malloc(ENVIRON_MOST + 1);
	bool found = false;
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (text != NULL && (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, text, ENVIRON_MOST);
		(void)close(fd);
	}
	if (n > 0)
		text[n] = '\0';
	for (char *p = text; n > 0 && p < text + n && !found; p += strlen(p) + 1) {
		found = strncmp(p, key, sizeof(key) - 1) == 0;
		if (found)
			(void)snprintf(address, size, "%.*s",
			    (int)strcspn(p + sizeof(key) - 1, " "), p + sizeof(key) - 1);
	}
	free(text);
	return found;
}

void enable_login_address(char *address, size_t size)
{
	pid_t pid = getpid();
	uint64_t start;

	address[0] = '\0';
	for (int i = 0; i < ABOVE_MAX && pid > 1; i++)
		if (find_address(pid, address, size) || !read_stat(pid, &pid, &start))
			return;
}

int64_t enable_login_wall(const struct enable_login *l)
{
	struct timespec boot = {0}, now = {0};
	long hz = sysconf(_SC_CLK_TCK);

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return hz <= 0 ? INT64_MAX : now.tv_sec - boot.tv_sec - (now.tv_nsec < boot.tv_nsec) +
	    (int64_t)(l->start / (uint64_t)hz);
}

int enable_login_is_new(enum enable_target target, const struct enable_login *here,
    uint32_t old_audit, const struct enable_moment *since, struct err *e)
{
	const char *name = enable_target_name(target);
	struct enable_moment now;
	int r = enable_login_now(&now, e);

	if (r != 0)
		return r;
	if (here->pid == 0 && target == ENABLE_SUDO)
		return err_set(e, ERR_REFUSED, "this is not called from a login through sudo; log in "
		    "anew with sudo and say `bastionctl confirm` there");
	if (here->pid == 0)
		return err_set(e, ERR_REFUSED, "this is not called from a login through %s; log in "
		    "anew by %s and say `bastionctl confirm` there", name, name);
	if (strcmp(now.boot, since->boot) != 0)
		return 0; /* everybody here has logged in since */
	if (here->start <= since->ticks)
		return err_set(e, ERR_REFUSED, "this login through %s (process %d) is older than the "
		    "new files, so it proves nothing; leave this one open, log in anew and say "
		    "`bastionctl confirm` there", name, (int)here->pid);
	/* sudo makes no session of its own. */
	if (target != ENABLE_SUDO && here->audit != ENABLE_NO_AUDIT && here->audit == old_audit)
		return err_set(e, ERR_REFUSED, "this is the session that called `enable` (audit "
		    "session %u); log in anew and say `bastionctl confirm` there", here->audit);
	return 0;
}
