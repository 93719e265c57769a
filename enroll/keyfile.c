#include "enroll/keyfile.h"

#include "lib/core/safefile.h"
#include "lib/core/secret.h"
#include "lib/core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NEXT "# next "
#define WHY " has been added and seals nothing before `enroll-mfa rekey use`\n"
#define BESIDE ".new" /* the name under which it waits for its own */
#define TICK_NS 2000000L
#define TICKS 1500 /* 3 s: file systems count in seconds at the worst */

int keyfile_read(struct keyfile *k, const char *path, struct err *e)
{
	struct safefile_buffer buf = {.data = k->text, .cap = sizeof(k->text)};
	struct keyring ring;
	int r = safefile_read(path, SAFEFILE_PRIVATE, &buf, e);

	k->len = r == 0 ? buf.len : 0;
	if (r == 0)
		r = keyring_parse(&ring, path, k->text, k->len, e);
	secret_wipe(&ring, sizeof(ring));
	return r;
}

static int write_file(int dir, const struct keyfile *k, const char *path, struct err *e)
{
	int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, "%s", path);
	if (fchmod(fd, 0600) == 0 && write(fd, k->text, k->len) == (ssize_t)k->len && fsync(fd) == 0)
		return fd;
	(void)err_errno(e, "%s: write", path);
	(void)close(fd);
	return ERR_UNAVAIL;
}

/* Who has read a keyring knows it by its number and the time of its change.  The one
 * after next may get the same number, so each must have another time than the one
 * before. */
static int be_later(int dir, int fd, const char *name, const char *path, struct err *e)
{
	const struct timespec pause = {.tv_nsec = TICK_NS};
	struct stat old, new;

	for (int i = 0; i < TICKS; i++) {
		if (fstat(fd, &new) != 0 || fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) != 0)
			return err_errno(e, "%s", path);
		if (new.st_ctim.tv_sec != old.st_ctim.tv_sec ||
		    new.st_ctim.tv_nsec != old.st_ctim.tv_nsec)
			return 0;
		(void)nanosleep(&pause, NULL);
		if (fchmod(fd, 0600) != 0)
			return err_errno(e, "%s", path);
	}
	return err_set(e, ERR_UNAVAIL, "%s: the clock stands still", path);
}

/* Complete under the name beside, then in the place of the old one. */
static int take_place(int dir, int fd, const char *path, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	char proc[64], beside[NAME_MAX + 1];
	int r;

	if (snprintf(beside, sizeof(beside), "%s" BESIDE, name) >= (int)sizeof(beside))
		return err_set(e, ERR_SYSTEM, "%s: the name is too long", path);
	/* The one that was there has to be on the disk before this one is read: whoever put
	 * it there may have been killed, and logins seal under what they read. */
	if (fsync(dir) != 0)
		return err_errno(e, "%s: sync", path);
	/* What one that was killed has left. */
	if (unlinkat(dir, beside, 0) != 0 && errno != ENOENT)
		return err_errno(e, "%s.new: remove", path);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, dir, beside, AT_SYMLINK_FOLLOW) != 0)
		return err_errno(e, "%s.new", path);
	if ((r = be_later(dir, fd, name, path, e)) != 0) {
		(void)unlinkat(dir, beside, 0);
		return r;
	}
	if (renameat(dir, beside, dir, name) != 0) {
		r = err_errno(e, "%s", path);
		(void)unlinkat(dir, beside, 0);
		return r;
	}
	return fsync(dir) == 0 ? 0 : err_errno(e, "%s: sync", path);
}

int keyfile_replace(struct keyfile *k, const char *path, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	char dir_path[PATH_MAX];
	struct keyring ring;
	int dir, fd, r = keyring_parse(&ring, path, k->text, k->len, e);

	secret_wipe(&ring, sizeof(ring));
	if (r != 0)
		return r;
	(void)snprintf(dir_path, sizeof(dir_path), "%.*s", (int)(name - path), path);
	if ((dir = safefile_open_dir(dir_path, e)) < 0)
		return dir;
	r = fd = write_file(dir, k, path, e);
	if (fd >= 0) {
		r = take_place(dir, fd, path, e);
		(void)close(fd);
	}
	(void)close(dir);
	return r;
}

void keyfile_tidy(struct store *s, const char *path)
{
	char beside[PATH_MAX];

	if (snprintf(beside, sizeof(beside), "%s" BESIDE, path) >= (int)sizeof(beside) ||
	    access(beside, F_OK) != 0 || store_lock(s, NULL) != 0)
		return;
	(void)unlink(beside);
	store_unlock(s);
}

/* The line that begins at *at; *at goes behind it. */
static size_t next_line(const struct keyfile *k, size_t *at)
{
	const char *end = memchr(k->text + *at, '\n', k->len - *at);
	size_t n = end != NULL ? (size_t)(end - (k->text + *at)) + 1 : k->len - *at;

	*at += n;
	return n;
}

static bool names(const char *line, size_t n, const char *before, const char *id)
{
	size_t skip = strlen(before), len = strlen(id);

	return n > skip + len && memcmp(line, before, skip) == 0 &&
	    memcmp(line + skip, id, len) == 0 && line[skip + len] == ' ';
}

void keyfile_next(const struct keyfile *k, char id[KEYRING_ID_MAX + 1])
{
	id[0] = '\0';
	for (size_t at = 0; at < k->len;) {
		const char *line = k->text + at;
		size_t n = next_line(k, &at), skip = sizeof(NEXT) - 1, len;

		if (n <= skip || memcmp(line, NEXT, skip) != 0)
			continue;
		for (len = 0; skip + len < n && line[skip + len] != ' ' && line[skip + len] != '\n';)
			len++;
		if (len > KEYRING_ID_MAX)
			continue;
		memcpy(id, line + skip, len);
		id[len] = '\0';
	}
}

int keyfile_add(struct keyfile *k, char id[KEYRING_ID_MAX + 1], struct err *e)
{
	char line[128], more[sizeof(line) + 160];
	int n, r = keyring_new_line(line, sizeof(line), e);

	if (r != 0)
		return r;
	(void)snprintf(id, KEYRING_ID_MAX + 1, "%.*s", (int)strcspn(line, " "), line);
	n = snprintf(more, sizeof(more), "%s%s" NEXT "%s" WHY,
	    k->len > 0 && k->text[k->len - 1] != '\n' ? "\n" : "", line, id);
	secret_wipe(line, sizeof(line));
	/* keyring_load() wants room behind it. */
	if (n < 0 || n >= (int)sizeof(more) || k->len + (size_t)n >= KEYFILE_MAX) {
		r = err_set(e, ERR_REFUSED, "the keyring is full; `enroll-mfa rekey retire` first");
	} else {
		/* Not as one string: a comment may hold a NUL. */
		memcpy(k->text + k->len, more, (size_t)n);
		k->len += (size_t)n;
	}
	secret_wipe(more, sizeof(more));
	return r;
}

/* Every line but that of the key and the one that says it waits; that of the key goes
 * to the front, or goes. */
static void rebuild(struct keyfile *k, const char *id, bool front)
{
	size_t len = 0;

	for (int pass = front ? 0 : 1; pass < 2; pass++) {
		for (size_t at = 0; at < k->len;) {
			const char *line = k->text + at;
			size_t n = next_line(k, &at);
			bool its = names(line, n, "", id);

			if (pass == 0 ? !its : its || names(line, n, NEXT, id))
				continue;
			memcpy(k->scratch + len, line, n);
			len += n;
			if (line[n - 1] != '\n')
				k->scratch[len++] = '\n';
		}
	}
	if (len <= KEYFILE_MAX) {
		memcpy(k->text, k->scratch, len);
		k->len = len;
	}
}

void keyfile_use(struct keyfile *k)
{
	char id[KEYRING_ID_MAX + 1];

	keyfile_next(k, id);
	if (id[0] != '\0')
		rebuild(k, id, true);
}

void keyfile_remove(struct keyfile *k, const char *id)
{
	rebuild(k, id, false);
}
