#include "tests/crash/loss.h"

#include "tests/crash/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MARK 8 /* bytes, of a slot: when it is lost, the next writer writes once more */
#define ENTRIES 2048
#define PROC 64

enum kind {
	BYTES, /* of file: it held `bytes` */
	NAME   /* in dir: it stood for file, or for none (-1) */
};

/* What is not on the disk yet, and what is there instead. */
struct entry {
	enum kind kind;
	dev_t dev;         /* of the file, or of the directory */
	ino_t number;
	int file, dir;     /* in the tracer; -1: none */
	char name[INJECT_TEXT];
	size_t len;
	unsigned char *bytes;
	bool failed;       /* a call failed that was to bring it there */
	bool again;        /* it has to be written again before a sync helps */
};

struct loss {
	int n;
	int comes;         /* of them, what the call that is under way would bring */
	struct entry entry[ENTRIES];
};

struct loss *loss_begin(void)
{
	return calloc(1, sizeof(struct loss));
}

static void name_fd(const struct loss_call *c, uint64_t fd, char path[PROC])
{
	(void)snprintf(path, PROC, "/proc/%d/fd/%d", (int)c->pid, (int)fd);
}

static bool is_write(const struct loss_call *c)
{
	return (c->number == SYS_pwrite64 || c->number == SYS_write) && c->args[2] > MARK;
}

static bool is_sync(const struct loss_call *c)
{
	return c->number == SYS_fsync || c->number == SYS_fdatasync || c->number == SYS_syncfs;
}

static struct entry *add(struct loss *l, enum kind kind, const struct stat *st)
{
	struct entry *e = &l->entry[l->n];

	if (l->n == ENTRIES)
		return NULL;
	*e = (struct entry){.kind = kind, .dev = st->st_dev, .number = st->st_ino, .file = -1,
	    .dir = -1};
	l->n++;
	return e;
}

static void drop(struct loss *l, int i)
{
	struct entry *e = &l->entry[i];

	if (e->file >= 0)
		(void)close(e->file);
	if (e->dir >= 0)
		(void)close(e->dir);
	free(e->bytes);
	memmove(e, e + 1, sizeof(*e) * (size_t)(l->n - i - 1));
	l->n--;
}

static bool stat_fd(const struct loss_call *c, struct stat *st)
{
	char path[PROC];

	name_fd(c, c->args[0], path);
	return stat(path, st) == 0;
}

static bool is_of(const struct entry *e, const struct stat *st)
{
	return e->dev == st->st_dev && e->number == st->st_ino;
}

static void add_bytes(struct loss *l, const struct loss_call *c, const struct stat *st)
{
	struct entry *e;
	char path[PROC];

	for (int i = 0; i < l->n; i++)
		if (l->entry[i].kind == BYTES && is_of(&l->entry[i], st))
			return;
	if (!S_ISREG(st->st_mode) || (e = add(l, BYTES, st)) == NULL)
		return;
	name_fd(c, c->args[0], path);
	e->len = (size_t)st->st_size;
	if ((e->bytes = malloc(e->len + 1)) == NULL || (e->file = open(path, O_RDWR | O_CLOEXEC)) < 0 ||
	    pread(e->file, e->bytes, e->len, 0) != (ssize_t)e->len)
		drop(l, l->n - 1);
}

/* The directory and the last part of a path of the child's. */
static int open_parent(const struct loss_call *c, int at, char name[INJECT_TEXT])
{
	char text[INJECT_TEXT], path[INJECT_TEXT + PROC];
	const int dir = (int)c->args[at];
	char *slash;

	inject_text(c->pid, c->args[at + 1], text);
	if ((slash = strrchr(text, '/')) != NULL)
		*slash = '\0';
	(void)snprintf(name, INJECT_TEXT, "%s", slash != NULL ? slash + 1 : text);
	if (text[0] == '/' && slash != NULL)
		(void)snprintf(path, sizeof(path), "%s", text);
	else if (dir == AT_FDCWD)
		(void)snprintf(path, sizeof(path), "/proc/%d/cwd/%s", (int)c->pid,
		    slash != NULL ? text : "");
	else
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d/%s", (int)c->pid, dir,
		    slash != NULL ? text : "");
	return name[0] != '\0' ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* The name of args[at] and args[at + 1] will stand for something else. */
static void add_name(struct loss *l, const struct loss_call *c, int at)
{
	char name[INJECT_TEXT];
	int dir = open_parent(c, at, name);
	struct entry *e;
	struct stat st;

	if (dir < 0)
		return;
	if (fstat(dir, &st) != 0 || (e = add(l, NAME, &st)) == NULL) {
		(void)close(dir);
		return;
	}
	e->dir = dir;
	e->file = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	(void)snprintf(e->name, sizeof(e->name), "%s", name);
}

static bool makes_file(const struct loss_call *c)
{
	char name[INJECT_TEXT];
	struct stat st;
	int dir;
	bool is;

	if (c->number != SYS_openat || (c->args[2] & O_CREAT) == 0 ||
	    (c->args[2] & O_TMPFILE) == O_TMPFILE || (dir = open_parent(c, 0, name)) < 0)
		return false;
	is = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0;
	(void)close(dir);
	return is;
}

void loss_enter(struct loss *l, const struct loss_call *c)
{
	const int n = l->n;
	struct stat st;

	if (is_write(c) && stat_fd(c, &st))
		add_bytes(l, c, &st);
	else if (c->number == SYS_linkat)
		add_name(l, c, 2);
	else if (c->number == SYS_unlinkat || makes_file(c))
		add_name(l, c, 0);
	else if (c->number == SYS_renameat2 || c->number == SYS_renameat) {
		add_name(l, c, 0);
		add_name(l, c, 2);
	}
	l->comes = l->n - n;
}

static void take_back(struct loss *l)
{
	for (; l->comes > 0; l->comes--)
		drop(l, l->n - 1);
}

static bool is_synced(const struct entry *e, const struct loss_call *c, const struct stat *st)
{
	if (e->again)
		return false;
	return c->number == SYS_syncfs ? e->dev == st->st_dev : is_of(e, st);
}

void loss_leave(struct loss *l, const struct loss_call *c, int64_t result)
{
	struct stat st;

	if (result < 0)
		take_back(l);
	l->comes = 0;
	if (result < 0 || (!is_write(c) && !is_sync(c)) || !stat_fd(c, &st))
		return;
	for (int i = l->n - 1; i >= 0; i--) {
		if (is_write(c) && l->entry[i].kind == BYTES && is_of(&l->entry[i], &st))
			l->entry[i].again = false;
		else if (is_sync(c) && is_synced(&l->entry[i], c, &st))
			drop(l, i);
	}
}

/* Nothing is there to be made good where all was synced before. */
void loss_fail(struct loss *l, const struct loss_call *c, int number)
{
	struct stat st;

	if ((!is_write(c) && !is_sync(c)) || !stat_fd(c, &st))
		return;
	if (is_write(c))
		add_bytes(l, c, &st);
	for (int i = 0; i < l->n; i++) {
		struct entry *e = &l->entry[i];

		if (c->number == SYS_syncfs ? e->dev != st.st_dev : !is_of(e, &st))
			continue;
		e->failed = true;
		e->again = e->kind == BYTES && (is_write(c) || number != EINTR);
	}
	l->comes = 0;
}

static void copy_file(int from, int dir, const char *name)
{
	char bytes[4096];
	ssize_t n;
	off_t at = 0;
	int fd;

	(void)unlinkat(dir, name, 0);
	if ((fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return;
	while ((n = pread(from, bytes, sizeof(bytes), at)) > 0) {
		(void)!pwrite(fd, bytes, (size_t)n, at);
		at += n;
	}
	(void)close(fd);
}

static void undo(const struct entry *e)
{
	if (e->kind == BYTES)
		(void)!(ftruncate(e->file, (off_t)e->len) == 0 &&
		    pwrite(e->file, e->bytes, e->len, 0) == (ssize_t)e->len);
	else if (e->file >= 0)
		copy_file(e->file, e->dir, e->name);
	else
		(void)unlinkat(e->dir, e->name, 0);
}

static bool is_missed(const struct entry *e)
{
	struct stat st;

	return e->failed && (e->kind == NAME || fstat(e->file, &st) != 0 || st.st_nlink > 0);
}

bool loss_end(struct loss *l, bool cut)
{
	bool lost = false;

	/* The last call may not have been made. */
	take_back(l);
	for (int i = 0; i < l->n; i++)
		lost = lost || is_missed(&l->entry[i]);
	while (l->n > 0) {
		if (cut)
			undo(&l->entry[l->n - 1]);
		drop(l, l->n - 1);
	}
	free(l);
	return lost;
}
