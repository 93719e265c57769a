#include "policy/audit/gather.h"

#include "policy/audit/gather_logins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const char *type_name(mode_t mode)
{
	return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "dir" : S_ISLNK(mode) ? "link" :
	    S_ISCHR(mode) ? "char" : "other";
}

static void note_meta(struct facts *f, const char *path, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = S_ISLNK(st->st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;

	if (n >= 0)
		target[n] = '\0';
	facts_format(f, "meta", path, "%s %04o %u %u %lld %lld%s%s", type_name(st->st_mode),
	    (unsigned)st->st_mode & 07777, (unsigned)st->st_uid, (unsigned)st->st_gid,
	    (long long)st->st_size, (long long)st->st_mtime, n >= 0 ? " " : "", n >= 0 ? target : "");
}

/* None: ENOENT and ENOTDIR; else trouble. */
static void note_failure(struct facts *f, const char *kind, const char *name)
{
	if (errno == ENOENT || errno == ENOTDIR)
		facts_none(f, kind, name);
	else
		facts_trouble(f, kind, name, strerror(errno));
}

static void read_whole(struct facts *f, const char *path, int fd)
{
	char *text = malloc(GATHER_FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (text == NULL) {
		f->failed = true;
		return;
	}
	while (n > 0 && len <= GATHER_FILE_MAX) {
		n = read(fd, text + len, GATHER_FILE_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		facts_trouble(f, "file", path, strerror(errno));
	else if (len > GATHER_FILE_MAX)
		facts_trouble(f, "file", path, "too long");
	else
		facts_text(f, "file", path, text, len);
	free(text);
}

void gather_file(struct facts *f, const char *path, bool whole)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0) {
		note_failure(f, "meta", path);
		if (whole)
			note_failure(f, "file", path);
		return;
	}
	note_meta(f, path, &st);
	if (!whole)
		return;
	/* A fifo that nobody writes must not stop the audit. */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0) {
		note_failure(f, "file", path);
		return;
	}
	if (fstat(fd, &st) != 0)
		facts_trouble(f, "file", path, strerror(errno));
	else if (S_ISCHR(st.st_mode))
		facts_text(f, "file", path, "", 0); /* masked by /dev/null */
	else if (!S_ISREG(st.st_mode))
		facts_trouble(f, "file", path, "no regular file");
	else
		read_whole(f, path, fd);
	(void)close(fd);
}

static bool ends_in(const char *name, const char *suffix)
{
	const size_t n = strlen(name), m = strlen(suffix);

	return n >= m && strcmp(name + n - m, suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define NAMES_MOST 4096

/* Sorted; free() each and the list.  -1: errno. */
static int read_names(const char *path, char ***names)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int n = 0;

	*names = NULL;
	if (d == NULL)
		return -1;
	if ((*names = calloc(NAMES_MOST, sizeof(**names))) == NULL) {
		(void)closedir(d);
		return -1;
	}
	while ((entry = readdir(d)) != NULL && n < NAMES_MOST)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    ((*names)[n] = strdup(entry->d_name)) != NULL)
			n++;
	(void)closedir(d);
	qsort(*names, (size_t)n, sizeof(**names), by_name);
	return n;
}

void gather_dir(struct facts *f, const char *path, const char *suffix)
{
	char **names = NULL, *list = NULL;
	size_t len = 0;
	FILE *out;
	int n = read_names(path, &names);

	if (n < 0) {
		note_failure(f, "dir", path);
		free(names);
		return;
	}
	out = open_memstream(&list, &len);
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX];

		if (out != NULL)
			(void)fprintf(out, "%s\n", names[i]);
		if (ends_in(names[i], suffix) &&
		    snprintf(file, sizeof(file), "%s/%s", path, names[i]) < (int)sizeof(file))
			gather_file(f, file, true);
		free(names[i]);
	}
	free(names);
	if (out == NULL || fclose(out) != 0)
		f->failed = true;
	else if (n == NAMES_MOST)
		facts_trouble(f, "dir", path, "too many names"); /* some are not looked at */
	else
		facts_text(f, "dir", path, list, len);
	free(list);
}

/* Amazon's machines tell their instance in the place of a tag of the board: no network is
 * asked, and elsewhere a tag is somebody's inventory. */
static void gather_instance(struct facts *f)
{
	static const char *const files[] = {"/sys/devices/virtual/dmi/id/board_vendor",
	    "/sys/devices/virtual/dmi/id/board_asset_tag"};
	char text[2][64] = {"", ""};

	for (int i = 0; i < 2; i++) {
		const int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		const ssize_t n = fd >= 0 ? read(fd, text[i], sizeof(text[i]) - 1) : -1;

		text[i][n > 0 ? n : 0] = '\0';
		text[i][strcspn(text[i], "\n")] = '\0';
		if (fd >= 0)
			(void)close(fd);
	}
	if (strcmp(text[0], "Amazon EC2") == 0 && strncmp(text[1], "i-", 2) == 0)
		facts_text(f, "host", "instance", text[1], strlen(text[1]));
}

static void gather_self(struct facts *f)
{
	struct utsname u;

	facts_format(f, "host", "time", "%" PRId64, (int64_t)time(NULL));
	facts_format(f, "host", "euid", "%u", (unsigned)geteuid());
	if (uname(&u) == 0) {
		facts_text(f, "host", "name", u.nodename, strlen(u.nodename));
		facts_text(f, "host", "kernel", u.release, strlen(u.release));
	}
	gather_instance(f);
	gather_file(f, "/etc/os-release", true);
}

void gather_little(struct facts *f, const struct gather_request *q)
{
	gather_self(f);
	gather_enrolled(f, q);
}

void gather_host(struct facts *f, const struct gather_request *q)
{
	struct logins logins;

	gather_self(f);
	gather_package(f);
	gather_logins(f, q, &logins);
	gather_unit(f);
	gather_listen(f);
	gather_sshd(f, &logins);
	gather_eic(f);
	logins_free(&logins);
	gather_pam(f);
	gather_account(f, (q->without & GATHER_HOMES) == 0);
	if ((q->without & GATHER_RECORDS) == 0)
		gather_enrolled(f, q);
	if ((q->without & GATHER_CLOCK) == 0)
		gather_clock(f);
	gather_door(f);
	gather_sudo(f);
	if ((q->without & GATHER_HOMES) == 0)
		gather_key(f);
	gather_probe(f, q->probe);
}
