#include "policy/audit/gather.h"

#include "policy/buffer.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIDFILE "/run/sshd.pid"
#define CMDLINE ((size_t)128 * 1024)

/* A file of /proc, NULs as blanks, into b. */
static bool read_proc(const char *pid, const char *what, struct buffer *b)
{
	char path[64], part[4096];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, what);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	while (b->len < CMDLINE && (n = read(fd, part, sizeof(part))) > 0)
		buffer_add(b, part, (size_t)n);
	(void)close(fd);
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] == '\0' || b->data[i] == '\n')
			b->data[i] = ' ';
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	return !b->failed;
}

#define SECOND INT64_C(1000000000)

/* When the machine came up, in nanoseconds since 1970: in whole seconds a process would seem
 * older than a file that it has read. */
static int64_t boot_time(void)
{
	struct timespec now, up;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
		return 0;
	return (now.tv_sec - up.tv_sec) * SECOND + now.tv_nsec - up.tv_nsec;
}

/* The 22nd field of its stat, in seconds since 1970; behind the name, which may have anything
 * in it. */
static int64_t start_time(const char *pid, int64_t boot)
{
	struct buffer b = {0};
	const char *p;
	long long ticks = -1;

	if (read_proc(pid, "stat", &b) && (p = strrchr(buffer_string(&b), ')')) != NULL) {
		for (int i = 0; i < 20 && p != NULL; i++)
			p = strchr(p + 1, ' ');
		if (p != NULL)
			ticks = strtoll(p, NULL, 10);
	}
	buffer_free(&b);
	/* The end of its tick. */
	return ticks < 0 || ticks > INT64_MAX / SECOND || boot == 0 ? 0 :
	    (boot + (ticks + 1) * (SECOND / sysconf(_SC_CLK_TCK))) / SECOND;
}

static bool is_named_sshd(const char *pid)
{
	struct buffer b = {0};
	const bool is = read_proc(pid, "comm", &b) && strcmp(buffer_string(&b), "sshd") == 0;

	buffer_free(&b);
	return is;
}

/* "sshd: alice [priv]", "sshd: alice@pts/0": one of a login.  What listens names itself
 * after its words, and older ones keep these. */
static bool is_login(const char *title)
{
	const char *name = title[0] != '/' ? strstr(title, ": ") : NULL;

	return name != NULL && name[2] != '/' && strstr(title, " [listener] ") == NULL;
}

/* Root's alone, and the program sshd, which may be run by a link of another name: anybody may
 * run a program of root's under this one, and the words of it are asked about. */
static bool is_sshd(const char *pid, char *exe)
{
	static const char gone[] = " (deleted)";
	const size_t m = sizeof(gone) - 1;
	char path[64];
	const char *base;
	struct stat st;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.20s", pid);
	if (stat(path, &st) != 0 || st.st_uid != 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	n = readlink(path, exe, PATH_MAX - 1);
	exe[n > 0 ? n : 0] = '\0';
	base = strrchr(exe, '/');
	base = base != NULL ? base + 1 : exe;
	return n <= 0 ? is_named_sshd(pid) : strcmp(base, "sshd") == 0 ||
	    (strncmp(base, "sshd", 4) == 0 && strlen(base) == 4 + m && strcmp(base + 4, gone) == 0);
}

static void note_process(struct facts *f, const char *pid, int64_t boot)
{
	char exe[PATH_MAX] = "";
	struct buffer b = {0};

	if (!is_sshd(pid, exe) || !read_proc(pid, "cmdline", &b) || b.len == 0 || is_login(b.data)) {
		buffer_free(&b);
		return;
	}
	facts_format(f, "listener", pid, "%" PRId64 "\n%s\n%s", start_time(pid, boot), exe,
	    buffer_string(&b));
	buffer_free(&b);
}

void gather_listen(struct facts *f)
{
	DIR *d = opendir("/proc");
	const int64_t boot = boot_time();
	const struct dirent *entry;

	if (d == NULL) {
		facts_trouble(f, "listeners", "sshd", "/proc cannot be read");
		return;
	}
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
			note_process(f, entry->d_name, boot);
	(void)closedir(d);
	facts_text(f, "listeners", "sshd", "", 0); /* all are told */
	/* A reload keeps the process and its start; it writes this anew. */
	gather_file(f, PIDFILE, true);
}
