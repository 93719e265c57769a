#include "tests/crash/tree.h"

#include "tests/pam/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH 512

/* The time of the last change that a tree gives its files: whoever writes one leaves
 * another. */
static time_t marks;

static struct tree_file *find(const struct tree *t, const char *path);

static bool is_marked(const struct stat *st, const struct tree_file *f, time_t mark)
{
	return st->st_mtim.tv_sec == mark && st->st_mtim.tv_nsec == 0 && st->st_ino == f->number &&
	    st->st_mode == f->mode && (size_t)st->st_size == f->len;
}

static void read_data(struct tree_file *f, int dir, const char *name, const struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		ph_die("%s: %s", f->path, strerror(errno));
	f->mode = st->st_mode;
	f->number = st->st_ino;
	f->len = (size_t)st->st_size;
	if ((f->data = malloc(f->len + 1)) == NULL ||
	    read(fd, f->data, f->len) != (ssize_t)f->len)
		ph_die("%s: cannot be read", f->path);
	(void)close(fd);
}

static struct tree_file *add(struct tree *t, const char *path)
{
	if (t->n % 256 == 0)
		t->file = realloc(t->file, (t->n + 256) * sizeof(*t->file));
	if (t->file == NULL)
		ph_die("out of memory");
	t->file[t->n] = (struct tree_file){.path = strdup(path)};
	return &t->file[t->n++];
}

struct walk {
	struct tree *into;
	struct tree *before; /* what is as it is there is left out; NULL: all comes in */
};

static int set_mark(int dir, const char *name, time_t mark)
{
	const struct timespec t[2] = {{.tv_sec = mark}, {.tv_sec = mark}};

	return utimensat(dir, name, t, AT_SYMLINK_NOFOLLOW);
}

static void meet(const struct walk *w, int dir, const char *name, const char *path)
{
	struct tree_file *old = w->before != NULL ? find(w->before, path) : NULL;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		ph_die("%s: %s", path, strerror(errno));
	if (old != NULL)
		old->seen = true;
	if (old != NULL && is_marked(&st, old, w->before->mark))
		return;
	read_data(add(w->into, path), dir, name, &st);
	if (w->before == NULL && set_mark(dir, name, w->into->mark) != 0)
		ph_die("%s: %s", path, strerror(errno));
}

static void walk(const struct walk *w, int dir, const char *above)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;

	if (d == NULL)
		ph_die("%s: %s", above, strerror(errno));
	while ((entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;
		char path[PATH];

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s%s%s", above, above[0] != '\0' ? "/" : "",
		    name) >= (int)sizeof(path))
			ph_die("%s: too long", name);
		w->into->directories += entry->d_type == DT_DIR;
		if (entry->d_type == DT_DIR)
			walk(w, openat(dirfd(d), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
		else
			meet(w, dirfd(d), name, path);
	}
	(void)closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

static struct tree_file *find(const struct tree *t, const char *path)
{
	struct tree_file f;
	char name[PATH];

	f.path = name;
	(void)snprintf(name, sizeof(name), "%s", path);
	return t->n > 0 ? bsearch(&f, t->file, t->n, sizeof(f), by_path) : NULL;
}

static void walk_root(const struct walk *w, const char *root)
{
	*w->into = (struct tree){.mark = ++marks};
	walk(w, open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
	if (w->into->n > 0)
		qsort(w->into->file, w->into->n, sizeof(*w->into->file), by_path);
}

void tree_take(struct tree *t, const char *root)
{
	walk_root(&(struct walk){t, NULL}, root);
}

void tree_changes(struct tree *now, const char *root, struct tree *before)
{
	for (size_t i = 0; i < before->n; i++)
		before->file[i].seen = false;
	walk_root(&(struct walk){now, before}, root);
}

void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->file[i].path);
		free(t->file[i].data);
	}
	free(t->file);
	*t = (struct tree){0};
}

static void put(struct tree_file *f, int root, time_t mark)
{
	struct stat st;
	int fd;

	if (unlinkat(root, f->path, 0) != 0 && errno != ENOENT)
		ph_die("%s: %s", f->path, strerror(errno));
	fd = openat(root, f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, f->mode & 07777) != 0 ||
	    write(fd, f->data, f->len) != (ssize_t)f->len || set_mark(root, f->path, mark) != 0 ||
	    fstat(fd, &st) != 0)
		ph_die("%s: %s", f->path, strerror(errno));
	f->number = st.st_ino;
	(void)close(fd);
}

void tree_put_back(struct tree *t, const char *root)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree_file *old;
	struct tree now;

	tree_changes(&now, root, t);
	for (size_t i = 0; i < now.n; i++) {
		if ((old = find(t, now.file[i].path)) != NULL)
			old->seen = false;
		else if (unlinkat(dir, now.file[i].path, 0) != 0)
			ph_die("%s: %s", now.file[i].path, strerror(errno));
	}
	for (size_t i = 0; i < t->n; i++)
		if (!t->file[i].seen)
			put(&t->file[i], dir, t->mark);
	tree_free(&now);
	(void)close(dir);
}

const char *tree_stray(const struct tree *now, const struct tree *before,
    bool (*may)(const char *path))
{
	for (size_t i = 0; i < now->n; i++) {
		const char *path = now->file[i].path;

		if (find(before, path) == NULL && (may == NULL || !may(path)))
			return path;
	}
	return NULL;
}

const char *tree_search(const struct tree *t, const char *dir, const void *data, size_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct tree_file *f = &t->file[i];

		if (strncmp(f->path, dir, strlen(dir)) == 0 && len > 0 &&
		    memmem(f->data, f->len, data, len) != NULL)
			return f->path;
	}
	return NULL;
}
