#include "tests/crash/tree.h"

#include "tests/pam/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH 512

static void read_data(struct tree_file *f, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		ph_die("%s: %s", f->path, strerror(errno));
	f->mode = st.st_mode;
	f->len = (size_t)st.st_size;
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

static void walk(struct tree *t, int dir, const char *before)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;

	if (d == NULL)
		ph_die("%s: %s", before, strerror(errno));
	while ((entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;
		char path[PATH];

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s%s%s", before, before[0] != '\0' ? "/" : "",
		    name) >= (int)sizeof(path))
			ph_die("%s: too long", name);
		if (entry->d_type == DT_DIR)
			walk(t, openat(dirfd(d), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
		else
			read_data(add(t, path), dirfd(d), name);
	}
	(void)closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

void tree_take(struct tree *t, const char *root)
{
	*t = (struct tree){0};
	walk(t, open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
	qsort(t->file, t->n, sizeof(*t->file), by_path);
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

const struct tree_file *tree_find(const struct tree *t, const char *path)
{
	char name[PATH];
	struct tree_file f = {.path = name};

	(void)snprintf(name, sizeof(name), "%s", path);
	return t->n > 0 ? bsearch(&f, t->file, t->n, sizeof(f), by_path) : NULL;
}

static bool same(const struct tree_file *a, const struct tree_file *b)
{
	return a->mode == b->mode && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void put(const struct tree_file *f, int root)
{
	int fd;

	if (unlinkat(root, f->path, 0) != 0 && errno != ENOENT)
		ph_die("%s: %s", f->path, strerror(errno));
	fd = openat(root, f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, f->mode & 07777) != 0 ||
	    write(fd, f->data, f->len) != (ssize_t)f->len)
		ph_die("%s: %s", f->path, strerror(errno));
	(void)close(fd);
}

void tree_put_back(const struct tree *t, const char *root)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree now;

	tree_take(&now, root);
	for (size_t i = 0; i < now.n; i++)
		if (tree_find(t, now.file[i].path) == NULL)
			(void)unlinkat(dir, now.file[i].path, 0);
	for (size_t i = 0; i < t->n; i++) {
		const struct tree_file *there = tree_find(&now, t->file[i].path);

		if (there == NULL || !same(there, &t->file[i]))
			put(&t->file[i], dir);
	}
	tree_free(&now);
	(void)close(dir);
}

const char *tree_stray(const struct tree *now, const struct tree *before,
    bool (*may)(const char *path))
{
	for (size_t i = 0; i < now->n; i++) {
		const char *path = now->file[i].path;

		if (tree_find(before, path) == NULL && (may == NULL || !may(path)))
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
