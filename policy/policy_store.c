#include "policy/policy_store.h"

#include "lib/core/safefile.h"
#include "policy/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE ".new" /* the name under which it waits for its own */
#define LOCK_MS 2000

void policy_staged_path(const char *path, char staged[POLICY_PATH_MAX])
{
	(void)snprintf(staged, POLICY_PATH_MAX, "%s" POLICY_STAGED, path);
}

int policy_store_read(const char *path, struct policy_kept *k, struct err *e)
{
	struct safefile_buffer buf = {.cap = IAM_JSON_MAX + 1};
	int r = safefile_read(path, SAFEFILE_PUBLIC, &buf, e);

	*k = (struct policy_kept){.policy = {.custom = false}};
	if (r == 0)
		r = iam_json_parse_kept(&k->policy, &k->mirror, path, buf.data, buf.len, e);
	free(buf.data);
	return r;
}

/* The directory of a policy file, and its lock. */
struct home {
	int dir;
	int lock;
};

static void close_home(struct home *h)
{
	(void)close(h->lock);
	(void)close(h->dir);
}

/* Locked against others at the same work: 0, and close_home() ends it; or a code. */
static int open_home(struct home *h, const char *path, struct err *e)
{
	char dir[CONF_PATH_MAX], lock[CONF_PATH_MAX + sizeof(POLICY_LOCK)];
	const char *slash = strrchr(path, '/');

	*h = (struct home){-1, -1};
	if (strlen(path) >= sizeof(dir))
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", path);
	(void)snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	(void)snprintf(lock, sizeof(lock), "%s" POLICY_LOCK, path);
	if ((h->dir = safefile_open_dir(dir, e)) < 0)
		return h->dir;
	h->lock = lock_file_take(h->dir, lock + (slash - path) + 1, lock, LOCK_MS, e);
	if (h->lock >= 0)
		return 0;
	(void)close(h->dir);
	return h->lock;
}

static int write_file(int dir, const char *path, const char *text, size_t len, struct err *e)
{
	int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return err_errno(e, "%s", path);
	errno = ENOSPC; /* for a short write */
	n = write(fd, text, len);
	if (n == (ssize_t)len && fchmod(fd, 0600) == 0 && fsync(fd) == 0)
		return fd;
	(void)err_errno(e, "%s: write", path);
	(void)close(fd);
	return ERR_UNAVAIL;
}

/* From one name to another, and then for good. */
static int rename_durably(int dir, const char *from, const char *path, struct err *e)
{
	if (renameat(dir, from, dir, strrchr(path, '/') + 1) != 0)
		return err_errno(e, "%s", path);
	if (fsync(dir) == 0)
		return 0;
	(void)err_errno(e, "%s: it is in place, but may not stay: sync", path);
	return ERR_UNKNOWN;
}

/* Complete under the name beside, then in the place of the old one. */
static int take_place(int dir, int fd, const char *path, struct err *e)
{
	char proc[64], beside[NAME_MAX + 1];
	int r;

	if (snprintf(beside, sizeof(beside), "%s" BESIDE, strrchr(path, '/') + 1) >=
	    (int)sizeof(beside))
		return err_set(e, ERR_SYSTEM, "%s: the name is too long", path);
	/* What one that was killed has left. */
	if (unlinkat(dir, beside, 0) != 0 && errno != ENOENT)
		return err_errno(e, "%s.new: remove", path);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, dir, beside, AT_SYMLINK_FOLLOW) != 0)
		return err_errno(e, "%s.new", path);
	r = rename_durably(dir, beside, path, e);
	if (r != 0 && r != ERR_UNKNOWN)
		(void)unlinkat(dir, beside, 0);
	return r;
}

static int put(int dir, const char *path, const char *text, size_t len, struct err *e)
{
	int r, fd = write_file(dir, path, text, len, e);

	if (fd < 0)
		return fd;
	r = take_place(dir, fd, path, e);
	(void)close(fd);
	return r;
}

/* The new one is in force: also where the one that waits does not go. */
static int drop_staged(int dir, const char *path, struct err *e)
{
	char staged[POLICY_PATH_MAX];

	policy_staged_path(path, staged);
	if (unlinkat(dir, strrchr(staged, '/') + 1, 0) == 0)
		(void)fsync(dir); /* a staged one that comes back only waits again */
	else if (errno != ENOENT) {
		(void)err_errno(e, "%s: remove", staged);
		return ERR_UNKNOWN;
	}
	return 0;
}

int policy_store_write(const char *path, const struct policy_kept *k, struct err *e)
{
	char text[IAM_JSON_TEXT];
	struct home h;
	size_t len;
	int r = iam_json_write(&k->policy, &k->mirror, text, &len, e);

	if (r != 0 || (r = open_home(&h, path, e)) != 0)
		return r;
	r = put(h.dir, path, text, len, e);
	/* MUST: under the same lock, or one that another has staged meanwhile is lost
	 * (policy_that_is_staged_after_another_came_in_force_stays). */
	if (r == 0)
		r = drop_staged(h.dir, path, e);
	else if (r == ERR_UNKNOWN)
		(void)drop_staged(h.dir, path, NULL);
	close_home(&h);
	return r;
}

int policy_store_stage(const char *path, const struct policy_kept *k, struct err *e)
{
	char text[IAM_JSON_TEXT], staged[POLICY_PATH_MAX];
	struct home h;
	size_t len;
	int r = iam_json_write(&k->policy, &k->mirror, text, &len, e);

	policy_staged_path(path, staged);
	if (r != 0 || (r = open_home(&h, path, e)) != 0)
		return r;
	r = put(h.dir, staged, text, len, e);
	close_home(&h);
	return r;
}

int policy_store_apply(const char *path, const struct policy_kept *seen, struct err *e)
{
	char staged[POLICY_PATH_MAX];
	struct policy_kept k;
	struct home h;
	int r;

	policy_staged_path(path, staged);
	if ((r = open_home(&h, path, e)) != 0)
		return r;
	/* Under the lock, so that what was judged is what is put there. */
	r = policy_store_read(staged, &k, e);
	if (r == 0 && strcmp(k.mirror.sha256, seen->mirror.sha256) != 0)
		r = err_set(e, ERR_CONFLICT, "%s: another policy has been staged meanwhile", staged);
	if (r == 0)
		r = rename_durably(h.dir, strrchr(staged, '/') + 1, path, e);
	close_home(&h);
	return r;
}
