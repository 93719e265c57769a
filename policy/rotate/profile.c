#include "policy/rotate/profile.h"

#include "policy/lock_file.h"
#include "policy/rotate/journal.h"
#include "policy/rotate/profile_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LABEL "security.selinux"
#define ACL "system.posix_acl_access"
#define ACL_MOST 4096
#define NAME_MOST 200
#define COPY_NAME_MOST (NAME_MOST + 16)
#define LOCK "files.lock"
#define LOCK_MS 2000
#define TRIES 3

/* The file, open and read. */
struct file {
	int dir, fd;
	struct stat st;
	struct secret text;
	size_t len;
	char name[NAME_MOST];
};

static void close_file(struct file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->dir >= 0)
		(void)close(f->dir);
	secret_free(&f->text);
	*f = (struct file){.dir = -1, .fd = -1};
}

static bool is_its_owners_alone(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The directory is the file's owner's, or root's, or the caller's, and nobody else writes
 * either. */
static bool is_safe(const struct stat *file, const struct stat *dir)
{
	return is_its_owners_alone(file) && is_its_owners_alone(dir) &&
	    (dir->st_uid == file->st_uid || dir->st_uid == 0 || dir->st_uid == geteuid());
}

static int open_dir(struct file *f, const char *path, struct stat *st, struct err *e)
{
	char dir[ROTATE_HOME_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || strlen(path) >= sizeof(dir) || strlen(slash + 1) >= sizeof(f->name) ||
	    slash[1] == '\0')
		return err_set(e, ERR_SYNTAX, "%.80s: is no absolute path of a file", path);
	(void)snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	(void)snprintf(f->name, sizeof(f->name), "%s", slash + 1);
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->dir < 0 || fstat(f->dir, st) != 0)
		return err_errno(e, "%s", dir);
	return 0;
}

static int read_all(struct file *f, const char *path, struct err *e)
{
	ssize_t n = 1;

	if (f->st.st_size >= (off_t)PROFILE_FILE_MOST)
		return err_set(e, ERR_BAD, "%s: is longer than %zu bytes", path, PROFILE_FILE_MOST);
	if (secret_new(&f->text, (size_t)f->st.st_size + 1) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	while (n != 0 && f->len < (size_t)f->st.st_size) {
		n = read(f->fd, f->text.data + f->len, (size_t)f->st.st_size - f->len);
		if (n < 0 && errno != EINTR)
			return err_errno(e, "%s", path);
		f->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int open_file(struct file *f, const char *path, struct err *e)
{
	struct stat dir;
	int r;

	*f = (struct file){.dir = -1, .fd = -1};
	if ((r = open_dir(f, path, &dir, e)) != 0)
		return r;
	f->fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &f->st) != 0)
		return err_errno(e, "%s", path);
	if (!S_ISREG(f->st.st_mode) || f->st.st_nlink != 1 || !is_safe(&f->st, &dir))
		return err_set(e, ERR_UNSAFE, "%s: is no file of one name that its owner alone may write, in a "
		    "directory likewise", path);
	return read_all(f, path, e);
}

/* ---- the pair ---- */

static bool copy(char *out, size_t size, const struct file *f, struct profile_part p)
{
	const char *text = (const char *)f->text.data + p.at;

	if (p.len == 0 || p.len >= size || memchr(text, '\0', p.len) != NULL)
		return false;
	memcpy(out, text, p.len);
	out[p.len] = '\0';
	return true;
}

static int find_pair(const struct file *f, const struct rotate_profile *p, struct profile_place *place,
    struct rotate_pair *pair, struct err *e)
{
	const bool found = profile_text_find((const char *)f->text.data, f->len, p->name, place);

	secret_wipe(pair, sizeof(*pair));
	if (!found || !place->has_id || !place->has_secret)
		return err_set(e, ERR_NONE, "%s: no key of a profile %s", p->path, p->name);
	if (place->twice)
		return err_set(e, ERR_SYNTAX, "%s: the profile %s, or its key, is given twice", p->path, p->name);
	if (place->has_token)
		return err_set(e, ERR_SYNTAX, "%s: the key of %s has a session token: it is not for good, and "
		    "is not rotated", p->path, p->name);
	if (!copy(pair->id, sizeof(pair->id), f, place->id) ||
	    !copy(pair->secret, sizeof(pair->secret), f, place->secret))
		return err_set(e, ERR_BAD, "%s: the key of %s is none", p->path, p->name);
	return 0;
}

int rotate_profile_read(const struct rotate_profile *p, struct rotate_pair *pair, struct err *e)
{
	struct profile_place place;
	struct file f;
	int r = open_file(&f, p->path, e);

	if (r == 0)
		r = find_pair(&f, p, &place, pair, e);
	close_file(&f);
	return r;
}

/* MUST: what is read is on the disk under this name: whoever replaced the file may have died
 * before his sync (file_is_replaced_on_the_disk_before_the_journal_forgets). */
static int read_synced(const struct rotate_profile *p, struct rotate_pair *pair, struct err *e)
{
	struct profile_place place;
	struct file f;
	int r = open_file(&f, p->path, e);

	if (r == 0 && fsync(f.dir) != 0)
		r = err_errno(e, "%s: sync", p->path);
	if (r == 0)
		r = find_pair(&f, p, &place, pair, e);
	close_file(&f);
	return r;
}

/* ---- replacing it ---- */

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len > 0; p += n > 0 ? n : 0, len -= n > 0 ? (size_t)n : 0)
		if ((n = write(fd, p, len)) < 0 && errno != EINTR)
			return -1;
	return 0;
}

/* The text with two values replaced, which stand in either order. */
static int write_text(int fd, const struct file *f, const struct profile_place *place,
    const struct rotate_pair *pair)
{
	const bool first = place->id.at < place->secret.at;
	const struct profile_part *part[2] = {first ? &place->id : &place->secret,
	    first ? &place->secret : &place->id};
	const char *value[2] = {first ? pair->id : pair->secret, first ? pair->secret : pair->id};
	size_t at = 0;

	for (int i = 0; i < 2; i++) {
		if (write_all(fd, f->text.data + at, part[i]->at - at) != 0 ||
		    write_all(fd, value[i], strlen(value[i])) != 0)
			return -1;
		at = part[i]->at + part[i]->len;
	}
	return write_all(fd, f->text.data + at, f->len - at);
}

static void copy_label(int from, int to)
{
	char label[256];
	ssize_t n = fgetxattr(from, LABEL, label, sizeof(label));

	if (n > 0)
		(void)fsetxattr(to, LABEL, label, (size_t)n, 0);
}

/* The same access list, or none, although the directory may give one to each new file.  MUST:
 * before and behind the mode, which is another one's where there is a list
 * (access_list_of_a_credentials_file_stays). */
static int drop_acl(int fd)
{
	return fremovexattr(fd, ACL) == 0 || errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
}

static int copy_acl(int from, int to)
{
	unsigned char acl[ACL_MOST];
	const ssize_t n = fgetxattr(from, ACL, acl, sizeof(acl));

	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
	return fsetxattr(to, ACL, acl, (size_t)n, 0);
}

/* Complete, under a name of its own. */
static int write_new(const struct file *f, const char *new, const struct profile_place *place,
    const struct rotate_pair *pair)
{
	int fd, r = 0;

	/* What one that was killed has left. */
	if (unlinkat(f->dir, new, 0) != 0 && errno != ENOENT)
		return -1;
	fd = openat(f->dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	copy_label(f->fd, fd);
	if (write_text(fd, f, place, pair) != 0 || fchown(fd, f->st.st_uid, f->st.st_gid) != 0 ||
	    drop_acl(fd) != 0 || fchmod(fd, 0600) != 0 || copy_acl(f->fd, fd) != 0 ||
	    fchmod(fd, f->st.st_mode & 07777) != 0 || fsync(fd) != 0) {
		r = -1;
		(void)unlinkat(f->dir, new, 0);
	}
	(void)close(fd);
	return r;
}

static void name_copy(const struct file *f, char new[COPY_NAME_MOST])
{
	(void)snprintf(new, COPY_NAME_MOST, ".%s.pam-bastion", f->name);
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* MUST: since it was read (change_by_hand_is_not_lost_to_a_rotation). */
static bool is_unchanged(const struct file *f)
{
	struct stat now;

	return fstatat(f->dir, f->name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == f->st.st_dev &&
	    now.st_ino == f->st.st_ino && now.st_size == f->st.st_size &&
	    is_same_time(now.st_mtim, f->st.st_mtim) && is_same_time(now.st_ctim, f->st.st_ctim);
}

static int put_in_place(const struct file *f, const char *new, const char *path, struct err *e)
{
	if (!is_unchanged(f))
		return err_set(e, ERR_CONFLICT, "%s: was changed meanwhile", path);
	return renameat(f->dir, new, f->dir, f->name) == 0 ? 0 : err_errno(e, "%s", path);
}

static int replace(const struct file *f, const char *path, const struct profile_place *place,
    const struct rotate_pair *pair, struct err *e)
{
	char new[COPY_NAME_MOST];
	int r;

	name_copy(f, new);
	if (write_new(f, new, place, pair) != 0)
		return err_errno(e, "%s", path);
	/* MUST: the copy has the secret (file_that_cannot_be_replaced_leaves_no_copy). */
	if ((r = put_in_place(f, new, path, e)) != 0) {
		(void)unlinkat(f->dir, new, 0);
		return r;
	}
	if (fsync(f->dir) == 0)
		return 0;
	(void)err_errno(e, "%s: it is in place, but may not stay: sync", path);
	return ERR_UNKNOWN;
}

/* now is secret memory. */
static int write_once(const struct rotate_profile *p, const char *from, const struct rotate_pair *pair,
    struct rotate_pair *now, struct err *e)
{
	struct profile_place place;
	struct file f;
	int r = open_file(&f, p->path, e);

	if (r == 0)
		r = find_pair(&f, p, &place, now, e);
	if (r == 0 && strcmp(now->id, from) != 0)
		r = err_set(e, ERR_CONFLICT, "%s: the key of %s is another meanwhile", p->path, p->name);
	/* MUST: of the key that is there its secret as it is now
	 * (secret_that_is_put_right_by_hand_is_not_lost_to_a_rotation). */
	if (r == 0)
		r = replace(&f, p->path, &place, strcmp(pair->id, from) == 0 ? now : pair, e);
	close_file(&f);
	return r;
}

int rotate_profile_write(const struct rotate_profile *p, const char *from,
    const struct rotate_pair *pair, struct err *e)
{
	struct secret memory = {NULL, 0};
	int r = ERR_CONFLICT;

	if (secret_new(&memory, sizeof(*pair)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (int i = 0; i < TRIES && r == ERR_CONFLICT; i++)
		r = write_once(p, from, pair, (struct rotate_pair *)memory.data, e);
	secret_free(&memory);
	return r;
}

int rotate_profile_find(const char *path, const char *id, char name[ROTATE_PROFILE_MAX], int *count,
    struct err *e)
{
	struct profile_part section;
	struct profile_place place;
	char one[ROTATE_PROFILE_MAX];
	struct file f;
	size_t at = 0;
	int r = open_file(&f, path, e);

	*count = 0;
	while (r == 0 && profile_text_section((const char *)f.text.data, f.len, &at, &section))
		if (copy(one, sizeof(one), &f, section) &&
		    profile_text_find((const char *)f.text.data, f.len, one, &place) && place.has_id &&
		    place.id.len == strlen(id) && memcmp(f.text.data + place.id.at, id, place.id.len) == 0 &&
		    (*count)++ == 0)
			(void)snprintf(name, ROTATE_PROFILE_MAX, "%s", one);
	close_file(&f);
	return r;
}

/* MUST: one at a time, of whatever file: each has the copy, and what it has read of other
 * profiles (rotations_of_two_profiles_of_a_file_wait_for_each_other).  A descriptor, or a code. */
static int lock_files(const struct rotate_profile *p, struct err *e)
{
	int dir = journal_dir(p->state_dir, true, e), lock;

	if (dir < 0)
		return dir;
	lock = lock_file_take(dir, LOCK, p->path, LOCK_MS, e);
	(void)close(dir);
	return lock;
}

/* ---- the table ---- */

static enum rotate_answer answer_of(int r)
{
	return r == 0 ? ROTATE_OK : r == ERR_NONE ? ROTATE_NONE : r == ERR_CONFLICT ? ROTATE_TAKEN :
	    r == ERR_UNKNOWN ? ROTATE_UNKNOWN : ROTATE_REFUSED;
}

static enum rotate_answer get(void *ctx, const char *version, const char *label,
    struct rotate_value *out, struct err *e)
{
	struct rotate_profile *p = ctx;
	const bool put = version != NULL ? strcmp(version, p->token) == 0 :
	    label != NULL && strcmp(label, ROTATE_PENDING) == 0;
	int r;

	out->user[0] = '\0';
	secret_free(&out->text);
	if (put && p->token[0] != '\0') {
		(void)snprintf(out->version, sizeof(out->version), "%s", p->token);
		out->pair = p->put;
		return ROTATE_OK;
	}
	if (label != NULL && strcmp(label, ROTATE_CURRENT) != 0)
		return ROTATE_NONE;
	r = read_synced(p, &out->pair, e);
	(void)snprintf(out->version, sizeof(out->version), "%s", out->pair.id);
	return r == 0 && version != NULL && strcmp(version, out->pair.id) != 0 ? ROTATE_NONE :
	    answer_of(r);
}

static enum rotate_answer put(void *ctx, const char *token, const struct rotate_value *base,
    const struct rotate_pair *pair, struct err *e)
{
	struct rotate_profile *p = ctx;

	(void)base;
	(void)e;
	(void)snprintf(p->token, sizeof(p->token), "%s", token);
	p->put = *pair;
	return ROTATE_OK;
}

static enum rotate_answer move(void *ctx, const char *to, const char *from, struct err *e)
{
	struct rotate_profile *p = ctx;
	int lock, r;

	if (p->token[0] == '\0' || strcmp(p->token, to) != 0) {
		(void)err_set(e, ERR_NONE, "%s: nothing is put for %s", p->path, p->name);
		return ROTATE_NONE;
	}
	if ((lock = lock_files(p, e)) < 0)
		return lock == ERR_CONFLICT ? ROTATE_LATER : answer_of(lock);
	r = rotate_profile_write(p, from, &p->put, e);
	(void)close(lock);
	return answer_of(r);
}

/* What one that was killed has left of a file that will not be written any more. */
static int remove_copy(const struct rotate_profile *p, struct err *e)
{
	char new[COPY_NAME_MOST];
	struct stat st;
	struct file f = {.dir = -1, .fd = -1};
	int lock = lock_files(p, e), r = lock < 0 ? lock : open_dir(&f, p->path, &st, e);

	name_copy(&f, new);
	if (r == 0 && unlinkat(f.dir, new, 0) != 0 && errno != ENOENT)
		r = err_errno(e, "%s: its copy %s", p->path, new);
	close_file(&f);
	if (lock >= 0)
		(void)close(lock);
	return r;
}

static enum rotate_answer drop(void *ctx, const char *version, struct err *e)
{
	struct rotate_profile *p = ctx;
	int r;

	if (strcmp(p->token, version) == 0)
		secret_wipe(&p->put, sizeof(p->put)), p->token[0] = '\0';
	r = remove_copy(p, e);
	return r == ERR_CONFLICT ? ROTATE_LATER : answer_of(r);
}

static enum rotate_answer stages(void *ctx, const char *version, struct rotate_stages *out,
    struct err *e)
{
	(void)ctx;
	(void)version;
	*out = (struct rotate_stages){.rotating = false};
	(void)err_set(e, ERR_REFUSED, "a credentials file has no versions");
	return ROTATE_REFUSED;
}

void rotate_profile_home(struct rotate_profile *p, struct rotate_home *home)
{
	*home = (struct rotate_home){.ctx = p, .keeps = false, .get = get, .put = put, .move = move,
	    .drop = drop, .stages = stages};
}
