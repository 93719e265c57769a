#include "lib/core/store_file.h"

#include "lib/core/safefile.h"
#include "lib/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(STORE_SEALED_MAX <= SLOT_VALUE_MAX, "a sealed value fits a slot");

int store_file_kind(const struct store_file *f, const char *key, const char **name)
{
	*name = "";
	for (int i = 0; f->kinds[i] != NULL; i++) {
		size_t n = strlen(f->kinds[i]);

		if (strncmp(key, f->kinds[i], n) == 0 && key[n] == '/' &&
		    key[n + 1] != '\0' && strchr(key + n + 1, '/') == NULL) {
			*name = key + n + 1;
			return i;
		}
	}
	return -1;
}

/* By way of the kind's directory, which store_file_open() has judged: only root
 * could put another one in its place. */
static int open_key(const struct store_file *f, const char *key, int flags)
{
	const char *name;

	if (store_file_kind(f, key, &name) < 0) {
		errno = EINVAL;
		return -1;
	}
	return openat(f->root, key, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

static const char *pair_key(const struct store_pair *p)
{
	return p->used == 0 ? p->key : p->alt;
}

void store_file_close_pair(struct store_pair *p)
{
	(void)close(p->fd[0]);
	/* Always, even when it is -1: the trace of a user who exists must not
	 * differ from that of one who does not. */
	if (p->alt != NULL)
		(void)close(p->fd[1]);
}

static int none(const struct store_file *f, const char *key, struct err *e)
{
	return err_set(e, ERR_NONE, "%s/%s: does not exist", f->path, key);
}

int store_file_open_pair(const struct store_file *f, struct store_pair *p, int flags, struct err *e)
{
	int number;

	p->fd[0] = open_key(f, p->key, flags);
	number = errno;
	p->fd[1] = p->alt != NULL ? open_key(f, p->alt, flags) : -1;
	p->used = 0;
	if (p->fd[0] >= 0)
		return 0;
	if (number != ENOENT) {
		int r;

		errno = number;
		r = err_errno(e, "%s/%s", f->path, p->key);
		if (p->fd[1] >= 0)
			(void)close(p->fd[1]);
		/* A link, a directory or a socket in its place is no record. */
		return r == ERR_UNSAFE || number == EISDIR || number == ENXIO ? ERR_BAD : r;
	}
	if (p->fd[1] >= 0) {
		p->used = 1;
		return 0;
	}
	return none(f, p->key, e);
}

/* 0; ERR_NONE when the file was removed meanwhile; ERR_BAD. */
static int check_record(int fd, const char *name, struct err *e)
{
	struct stat st;
	int r = safefile_check(fd, SAFEFILE_PRIVATE, name, e);

	if (r == ERR_UNSAFE && fstat(fd, &st) == 0 && st.st_nlink == 0)
		return ERR_NONE;
	return r == ERR_UNSAFE ? ERR_BAD : r;
}

static void fill_raw(struct store_raw *raw, const struct slot *s, bool from_alt)
{
	struct text version;

	memcpy(raw->data, s->value, s->len);
	raw->len = s->len;
	raw->from_alt = from_alt;
	version = text_in(raw->version, sizeof(raw->version));
	text_add_number(&version, s->sequence);
}

int store_file_read_pair(const struct store_pair *p, struct slot *s, struct store_raw *raw,
    struct err *e)
{
	int fd = p->fd[p->used];
	int r;

	s->name = pair_key(p);
	if ((r = check_record(fd, s->name, e)) != 0 || (r = slot_read(fd, s, e)) != 0)
		return r;
	if (s->len > sizeof(raw->data))
		return err_set(e, ERR_BAD, "%s: too long", s->name);
	fill_raw(raw, s, p->used == 1);
	return 0;
}

bool store_file_is_empty(const struct store_file *f, const struct store_raw *raw)
{
	return f->lock >= 0 && raw->len == 0;
}

static int file_get(void *impl, const char *key, const char *alt, struct store_raw *out,
    struct err *e)
{
	struct slot s;
	int r = ERR_NONE;

	for (int i = 0; i < STORE_FILE_REOPENS && r == ERR_NONE; i++) {
		struct store_pair p = {.key = key, .alt = alt};

		if ((r = store_file_open_pair(impl, &p, O_RDONLY, e)) != 0)
			return r;
		r = store_file_read_pair(&p, &s, out, e);
		store_file_close_pair(&p);
	}
	return r == 0 && store_file_is_empty(impl, out) ? none(impl, key, e) : r;
}

/* What update_locked() does. */
struct step {
	store_change change;
	void *ctx;
	bool fill;
};

static int update_locked(const struct store_file *f, const struct store_pair *p,
    const struct step *step, bool *empty, struct err *e)
{
	struct store_raw old, new;
	struct slot s;
	int r = store_file_read_pair(p, &s, &old, e);

	*empty = r == 0 && !step->fill && store_file_is_empty(f, &old);
	if (*empty)
		return none(f, p->key, e);
	if (r == 0)
		r = step->change(step->ctx, &old, &new, e);
	if (r == 0)
		r = slot_write(p->fd[p->used], &s, new.data, new.len, e);
	return r;
}

static int update(const struct store_file *f, const char *key, const char *alt,
    const struct step *step, struct err *e)
{
	bool empty = false;
	int r = ERR_NONE;

	for (int i = 0; i < STORE_FILE_REOPENS && r == ERR_NONE && !empty; i++) {
		struct store_pair p = {.key = key, .alt = alt};

		if ((r = store_file_open_pair(f, &p, O_RDWR, e)) != 0)
			return r;
		r = slot_lock(p.fd[p.used], STORE_FILE_LOCK_MS, pair_key(&p), e);
		if (r == 0) {
			r = update_locked(f, &p, step, &empty, e);
			slot_unlock(p.fd[p.used]);
		}
		store_file_close_pair(&p);
	}
	return r;
}

int store_file_update(void *impl, const char *key, const char *alt, store_change change,
    void *ctx, struct err *e)
{
	return update(impl, key, alt, &(struct step){change, ctx, false}, e);
}

int store_file_fill(void *impl, const char *key, store_change change, void *ctx,
    struct err *e)
{
	return update(impl, key, NULL, &(struct step){change, ctx, true}, e);
}

static void file_close(void *impl)
{
	struct store_file *f = impl;

	for (int i = 0; i < STORE_FILE_KINDS; i++)
		if (f->dir[i] >= 0)
			(void)close(f->dir[i]);
	if (f->root >= 0)
		(void)close(f->root);
	free(f);
}

static int file_root(void *impl)
{
	return ((struct store_file *)impl)->root;
}

const struct store_ops store_file_ops = {"file", file_get, store_file_update, file_close,
    file_root};

static int check_kinds(const struct store_file *f, struct err *e)
{
	for (int i = 0; f->kinds[i] != NULL; i++) {
		int r = safefile_check_subdir(f->root, f->kinds[i], f->path, e);

		if (r == ERR_NONE)
			return err_set(e, ERR_INIT, "%s/%s: does not exist; run `enroll-mfa init`",
			    f->path, f->kinds[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

int store_file_new(const char *path, const char *const *kinds, struct store_file **out,
    struct err *e)
{
	struct store_file *f = calloc(1, sizeof(*f));
	struct text t;

	*out = f;
	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t = text_in(f->path, sizeof(f->path));
	text_add(&t, path);
	f->kinds = kinds;
	f->root = f->lock = f->dir[0] = f->dir[1] = -1;
	return 0;
}

int store_file_open(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e)
{
	static const char *const kinds[] = {"enroll", "hot", NULL};
	const char *dir = c->store_dir;
	struct store_file *f;
	int r;

	*impl = NULL;
	*ops = NULL;
	if ((r = store_file_new(dir, kinds, &f, e)) != 0)
		return r;
	f->root = safefile_open_dir_beside(dir, conf_judged(c), e);
	if (f->root == ERR_NONE)
		r = err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`", dir);
	else
		r = f->root < 0 ? f->root : check_kinds(f, e);
	if (r != 0) {
		file_close(f);
		return r;
	}
	*ops = &store_file_ops;
	*impl = f;
	return 0;
}
