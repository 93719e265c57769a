#include "policy/audit/gather.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SCAN_MOST ((off_t)4 << 20) /* bytes of a file: of a longer one its end */
#define KEYS_OF_FILE 4 /* its mode is judged: more of them say nothing new */
#define HOMES_MOST 20000
#define FILES_MOST 20000
#define KEY_LEN 20
#define UNIT_MOST ((off_t)1 << 20)
#define CHUNK 65536

/* Below a home: where keys are kept, set and typed. */
static const char *const homes[] = {".aws/credentials", ".aws/config", ".env", ".bashrc", ".profile",
    ".bash_profile", ".zshrc", ".zshenv", ".pam_environment", ".bash_history", ".zsh_history",
    ".ash_history", ".sh_history", ".history", ".local/share/fish/fish_history", ".python_history",
    ".s3cfg", ".boto", ".passwd-s3fs", ".config/rclone/rclone.conf"};

static const char *const files[] = {"/etc/environment", "/etc/profile", "/etc/bash.bashrc",
    "/etc/boto.cfg", "/etc/s3cfg", "/etc/passwd-s3fs", "/etc/crontab"};

static const char *const dirs[] = {"/etc/default", "/etc/sysconfig", "/etc/profile.d",
    "/etc/environment.d", "/etc/cron.d", "/etc/systemd/system", "/run/systemd/system"};

struct scan {
	struct facts *f;
	size_t files, keys; /* keys: of this file */
	bool cut; /* not all was looked at */
	char chunk[CHUNK];
};

static bool is_key_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The key id itself is not noted: it names the account. */
static void note_key(struct scan *s, const char *path, long line, const struct stat *st,
    const char *key)
{
	char name[PATH_MAX + 32];

	if (s->keys++ >= KEYS_OF_FILE)
		return;
	(void)snprintf(name, sizeof(name), "%s:%ld", path, line);
	facts_format(s->f, "aws-key", name, "mode=%04o uid=%u gid=%u id=AKIA...%.4s",
	    (unsigned)st->st_mode & 07777, (unsigned)st->st_uid, (unsigned)st->st_gid,
	    key + KEY_LEN - 4);
}

/* A run of key characters that begins with AKIA and is just as long. */
static void scan_fd(struct scan *s, const char *path, int fd, const struct stat *st)
{
	char run[KEY_LEN + 1];
	size_t len = 0;
	long line = st->st_size > SCAN_MOST ? 0 : 1; /* 0: lines before it were not read */
	/* No more than it had: a file may grow, or say that it is empty and never end. */
	off_t left = st->st_size > SCAN_MOST ? SCAN_MOST : st->st_size;
	ssize_t n = 0;

	s->keys = 0;
	for (; left > 0 && (n = read(fd, s->chunk, left < CHUNK ? (size_t)left : CHUNK)) > 0; left -= n)
		for (ssize_t i = 0; i < n; i++) {
			const char c = s->chunk[i];

			if (is_key_char(c)) {
				if (len < sizeof(run))
					run[len] = c;
				len++;
				continue;
			}
			if (len == KEY_LEN && memcmp(run, "AKIA", 4) == 0)
				note_key(s, path, line, st, run);
			len = 0;
			line += c == '\n' && line > 0;
		}
	if (len == KEY_LEN && memcmp(run, "AKIA", 4) == 0)
		note_key(s, path, line, st, run);
	if (n < 0)
		s->cut = true;
}

/* In a home it may be a link to anything: a fifo, a device to which opening it is an order,
 * a file of /proc.  So it is looked at before it is opened.  -1: errno, 0 for none of these
 * to be read. */
static int open_file(const char *path, struct stat *st)
{
	const int at = open(path, O_PATH | O_CLOEXEC);
	struct statfs fs;
	char again[32];
	int fd = -1, e;

	if (at < 0)
		return -1;
	errno = 0;
	if (fstat(at, st) == 0 && S_ISREG(st->st_mode) && fstatfs(at, &fs) == 0 &&
	    fs.f_type != PROC_SUPER_MAGIC) {
		(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", at);
		fd = open(again, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT) /* no /proc */
			errno = EACCES;
	}
	e = errno;
	(void)close(at);
	errno = e;
	return fd;
}

static void scan_file(struct scan *s, const char *path)
{
	struct stat st;
	const int fd = open_file(path, &st);

	if (fd < 0) {
		s->cut = s->cut || (errno != 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP);
		return;
	}
	if (++s->files > FILES_MOST) {
		s->cut = true;
	} else {
		if (st.st_size > SCAN_MOST)
			(void)lseek(fd, -SCAN_MOST, SEEK_END);
		scan_fd(s, path, fd, &st);
	}
	(void)close(fd);
}

/* ---- files that units take variables from ---- */

/* A specifier may be anything; "-": it may be missing. */
static void scan_variables(struct scan *s, char *path)
{
	glob_t found = {.gl_pathc = 0};
	int r;

	path += strspn(path, " \t\"'");
	path += *path == '-';
	path[strcspn(path, "\"'\r\n")] = '\0';
	for (char *p = path; (p = strchr(p, '%')) != NULL && p[1] != '\0'; p++) {
		*p = '*';
		memmove(p + 1, p + 2, strlen(p + 2) + 1);
	}
	if (path[0] != '/')
		return;
	r = glob(path, GLOB_NOSORT, NULL, &found);
	s->cut = s->cut || (r != 0 && r != GLOB_NOMATCH);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		scan_file(s, found.gl_pathv[i]);
	globfree(&found);
}

static void scan_unit(struct scan *s, const char *path)
{
	static const char key[] = "EnvironmentFile";
	struct stat st;
	char line[PATH_MAX + 100];
	const int fd = open_file(path, &st);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && in == NULL)
		(void)close(fd);
	s->cut = s->cut || (fd >= 0 && (in == NULL || st.st_size > UNIT_MOST));
	while (in != NULL && st.st_size <= UNIT_MOST && fgets(line, sizeof(line), in) != NULL) {
		char *at = line + strspn(line, " \t");

		if (strncmp(at, key, sizeof(key) - 1) != 0)
			continue;
		at += sizeof(key) - 1;
		at += strspn(at, " \t");
		if (*at == '=')
			scan_variables(s, at + 1);
	}
	if (in != NULL)
		(void)fclose(in);
	explicit_bzero(line, sizeof(line));
}

/* ---- directories ---- */

static void scan_dir(struct scan *s, const char *dir, int depth);

/* A link is followed: who reads the directory does so, too. */
static void scan_entry(struct scan *s, const char *path, int depth)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		s->cut = s->cut || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP);
	} else if (S_ISREG(st.st_mode)) {
		scan_file(s, path);
		if (strstr(path, "/systemd/system/") != NULL)
			scan_unit(s, path);
	} else if (S_ISDIR(st.st_mode) && depth > 0) {
		scan_dir(s, path, depth - 1);
	}
}

/* Files, and those of the directories right in it (drop-ins). */
static void scan_dir(struct scan *s, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	char path[PATH_MAX];

	if (d == NULL) {
		s->cut = s->cut || (errno != ENOENT && errno != ENOTDIR);
		return;
	}
	while (errno = 0, (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path))
			scan_entry(s, path, depth);
	s->cut = s->cut || errno != 0;
	(void)closedir(d);
}

static void scan_homes(struct scan *s)
{
	FILE *in = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	char path[PATH_MAX];
	size_t n = 0;

	while (in != NULL && (pw = fgetpwent(in)) != NULL) {
		if (n++ == HOMES_MOST) {
			s->cut = true;
			break;
		}
		if (pw->pw_dir[0] != '/' || pw->pw_dir[1] == '\0')
			continue;
		for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
			if (snprintf(path, sizeof(path), "%s/%s", pw->pw_dir, homes[i]) < (int)sizeof(path))
				scan_file(s, path);
	}
	if (in == NULL)
		s->cut = true;
	else
		(void)fclose(in);
}

void gather_key(struct facts *f)
{
	struct scan *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		f->failed = true;
		return;
	}
	s->f = f;
	scan_homes(s);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		scan_file(s, files[i]);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		scan_dir(s, dirs[i], 1);
	if (s->cut)
		facts_trouble(f, "aws-keys", "scan", "not all files could be read in full");
	else
		facts_format(f, "aws-keys", "scan", "%zu", s->files);
	/* Secrets have passed here. */
	explicit_bzero(s->chunk, sizeof(s->chunk));
	free(s);
}
