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

/* Seconds since 1970 at which the machine came up, or 0. */
static int64_t boot_time(void)
{
	FILE *in = fopen("/proc/stat", "re");
	int64_t t = 0;
	char line[256];

	/* The line of interrupts is longer, and comes in pieces. */
	while (t == 0 && in != NULL && fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, "btime ", 6) == 0)
			t = strtoll(line + 6, NULL, 10);
	if (in != NULL)
		(void)fclose(in);
	return t;
}

/* The 22nd field of its stat, as a time; behind the name, which may have anything in it. */
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
	return ticks < 0 || boot == 0 ? 0 : boot + ticks / sysconf(_SC_CLK_TCK);
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
	return strncmp(title, "sshd: ", 6) == 0 && title[6] != '/' &&
	    strstr(title, " [listener] ") == NULL;
}

static void note_process(struct facts *f, const char *pid, int64_t boot)
{
	char path[64], exe[PATH_MAX] = "";
	struct buffer b = {0};
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%.20s", pid);
	/* Root's alone: anybody may name a process sshd. */
	if (!is_named_sshd(pid) || stat(path, &st) != 0 || st.st_uid != 0 ||
	    !read_proc(pid, "cmdline", &b) || b.len == 0 || is_login(b.data)) {
		buffer_free(&b);
		return;
	}
	(void)snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	if (readlink(path, exe, sizeof(exe) - 1) < 0)
		exe[0] = '\0';
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
