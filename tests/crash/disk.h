/*
 * disk: what may be on a disk when the power goes.
 *
 * It plays a tape.  Each sector of 512 bytes holds what the last sync brought, or any of
 * the contents written to it since: a disk may lose, reorder and tear what was not
 * synced, sector by sector.  A name stands for the file of the last sync of its
 * directory, or for any since; a new file may still be shorter.
 *
 * A sync that fails leaves every unsynced sector as it may be and makes it clean, as
 * Linux does: no later sync brings it, and everybody reads the new content.  Such a
 * sector may be read anew from the disk at any time (disk_evict).  Names stay unsynced:
 * they are in the journal of the file system, which does not forget one by one.
 *
 * Sectors are dirty one by one, though Linux counts by pages: so a sync brings less here.
 */
#ifndef PB_DISK_H
#define PB_DISK_H

#include "tests/crash/tape.h"

#define DISK_SECTOR 512
#define DISK_SECTORS 16
#define DISK_SIZE (DISK_SECTOR * DISK_SECTORS)
#define DISK_VERSIONS 24
#define DISK_FILES 48
#define DISK_NAMES 24
#define DISK_DIRS 4
#define DISK_CHOICES (DISK_FILES * DISK_SECTORS)
#define DISK_ALL (1 << 16) /* so many states are all looked at */
#define DISK_RANDOM 2000   /* of more, so many at random */

struct disk_sector {
	unsigned char may[DISK_VERSIONS][DISK_SECTOR];
	unsigned char cache[DISK_SECTOR];
	int n;
	bool dirty;
};

struct disk_file {
	uint64_t number;
	bool used;
	bool size_dirty;
	int sizes;
	size_t may_size[DISK_VERSIONS];
	size_t size; /* in the cache */
	struct disk_sector sector[DISK_SECTORS];
};

struct disk_name {
	uint64_t dir;
	char path[2 * TAPE_NAME];
	int n;
	int may[DISK_VERSIONS]; /* files; -1: none */
	int cache;
};

struct disk_dir {
	uint64_t dir;
	char prefix[TAPE_NAME];
};

struct disk {
	int names, dirs;
	struct disk_file file[DISK_FILES];
	struct disk_name name[DISK_NAMES];
	struct disk_dir dir[DISK_DIRS];
};

/* One thing that may be one of several. */
struct disk_choice {
	int *at;
	int n;
};

/* One way in which the power may have left it. */
struct disk_state {
	int sector[DISK_FILES][DISK_SECTORS];
	int size[DISK_FILES];
	int name[DISK_NAMES];
};

struct disk_walk {
	struct disk_choice choice[DISK_CHOICES];
	int choices;
	struct disk_state state;
	long states;   /* visited, over all walks */
	long sampled;  /* walks in which not all states were */
	uint64_t random;
	void (*visit)(void *ctx, const struct disk *d, const struct disk_state *s);
	void *ctx;
};

static inline uint64_t disk_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline void disk_add_dir(struct disk *d, const char *path, const char *prefix)
{
	struct disk_dir *dir = &d->dir[d->dirs++];
	struct stat st;

	if (d->dirs > DISK_DIRS || stat(path, &st) != 0)
		tape_die("directory");
	dir->dir = st.st_ino;
	(void)snprintf(dir->prefix, sizeof(dir->prefix), "%s", prefix);
}

static inline bool disk_is_named(const struct disk *d, int file)
{
	for (int i = 0; i < d->names; i++)
		for (int k = 0; k < d->name[i].n; k++)
			if (d->name[i].may[k] == file)
				return true;
	return false;
}

static inline void disk_new(struct disk *d, uint64_t number)
{
	struct disk_file *f = NULL;

	for (int i = 0; i < DISK_FILES; i++) {
		/* The number of a file that is gone may come again. */
		if (d->file[i].used && d->file[i].number == number)
			d->file[i].number = 0;
		if (f == NULL && (!d->file[i].used ||
		    (d->file[i].number == 0 && !disk_is_named(d, i))))
			f = &d->file[i];
	}
	if (f == NULL)
		tape_die("too many files");
	memset(f, 0, sizeof(*f));
	f->used = true;
	f->number = number;
	f->sizes = 1;
	for (int k = 0; k < DISK_SECTORS; k++)
		f->sector[k].n = 1;
}

static inline int disk_find(const struct disk *d, uint64_t number)
{
	for (int i = 0; i < DISK_FILES; i++)
		if (d->file[i].used && d->file[i].number == number)
			return i;
	return -1;
}

static inline void disk_may(struct disk_sector *s)
{
	for (int i = 0; i < s->n; i++)
		if (memcmp(s->may[i], s->cache, DISK_SECTOR) == 0)
			return;
	if (s->n == DISK_VERSIONS)
		tape_die("too many versions of a sector");
	memcpy(s->may[s->n++], s->cache, DISK_SECTOR);
}

static inline void disk_write(struct disk_file *f, const struct tape_event *v)
{
	size_t at = (size_t)v->at, end = at + v->len;

	if (end > DISK_SIZE)
		tape_die("a file of another size");
	for (size_t i = at; i < end;) {
		struct disk_sector *s = &f->sector[i / DISK_SECTOR];
		size_t from = i % DISK_SECTOR;
		size_t n = DISK_SECTOR - from < end - i ? DISK_SECTOR - from : end - i;

		memcpy(s->cache + from, tape->bytes + v->bytes + (i - at), n);
		s->dirty = true;
		disk_may(s);
		i += n;
	}
	if (end > f->size) {
		f->size = end;
		f->size_dirty = true;
		if (f->sizes == DISK_VERSIONS)
			tape_die("too many sizes");
		f->may_size[f->sizes++] = end;
	}
}

static inline void disk_sync_file(struct disk_file *f, bool failed)
{
	for (int k = 0; k < DISK_SECTORS; k++) {
		struct disk_sector *s = &f->sector[k];

		if (s->dirty && !failed) {
			memcpy(s->may[0], s->cache, DISK_SECTOR);
			s->n = 1;
		}
		s->dirty = false;
	}
	if (f->size_dirty && !failed) {
		f->may_size[0] = f->size;
		f->sizes = 1;
		f->size_dirty = false;
	}
}

static inline void disk_sync_dir(struct disk *d, uint64_t dir)
{
	for (int i = 0; i < d->names; i++) {
		if (d->name[i].dir != dir)
			continue;
		d->name[i].may[0] = d->name[i].cache;
		d->name[i].n = 1;
	}
}

static inline bool disk_knows_dir(const struct disk *d, uint64_t dir)
{
	for (int i = 0; i < d->dirs; i++)
		if (d->dir[i].dir == dir)
			return true;
	return false;
}

static inline void disk_sync_all(struct disk *d, bool failed)
{
	for (int i = 0; i < DISK_FILES; i++)
		if (d->file[i].used)
			disk_sync_file(&d->file[i], failed);
	for (int i = 0; i < d->dirs && !failed; i++)
		disk_sync_dir(d, d->dir[i].dir);
}

static inline struct disk_name *disk_name_of(struct disk *d, uint64_t dir, const char *name)
{
	char path[2 * TAPE_NAME] = "";
	struct disk_name *n;

	for (int i = 0; i < d->dirs; i++)
		if (d->dir[i].dir == dir)
			(void)snprintf(path, sizeof(path), "%s%s", d->dir[i].prefix, name);
	if (path[0] == '\0')
		tape_die("a directory that is not known");
	for (int i = 0; i < d->names; i++)
		if (strcmp(d->name[i].path, path) == 0)
			return &d->name[i];
	if (d->names == DISK_NAMES)
		tape_die("too many names");
	n = &d->name[d->names++];
	*n = (struct disk_name){.dir = dir, .n = 1, .may = {-1}, .cache = -1};
	memcpy(n->path, path, sizeof(path));
	return n;
}

static inline void disk_put_name(struct disk_name *n, int file)
{
	n->cache = file;
	for (int i = 0; i < n->n; i++)
		if (n->may[i] == file)
			return;
	if (n->n == DISK_VERSIONS)
		tape_die("too many files under a name");
	n->may[n->n++] = file;
}

static inline void disk_play(struct disk *d, const struct tape_event *v)
{
	int file = v->file != 0 ? disk_find(d, v->file) : -1;

	if (v->kind == TAPE_NEW)
		disk_new(d, v->file);
	else if (v->kind == TAPE_WRITE && file >= 0)
		disk_write(&d->file[file], v);
	else if (v->kind == TAPE_SYNC && file >= 0)
		disk_sync_file(&d->file[file], v->failed);
	else if (v->kind == TAPE_SYNC && disk_knows_dir(d, v->file)) {
		if (!v->failed)
			disk_sync_dir(d, v->file);
	} else if (v->kind == TAPE_SYNC_ALL)
		disk_sync_all(d, v->failed);
	else if (v->kind == TAPE_NAMED && file >= 0)
		disk_put_name(disk_name_of(d, v->dir, v->name), file);
	else if (v->kind == TAPE_UNNAMED)
		disk_put_name(disk_name_of(d, v->dir, v->name), -1);
	else if (v->kind != TAPE_TRIES && v->kind != TAPE_TOLD)
		tape_die("an event of a file that is not known");
}

/* The power has gone and this is what was there: now it is all there is. */
static inline void disk_settle(struct disk *d, const struct disk_state *s)
{
	for (int i = 0; i < DISK_FILES; i++) {
		struct disk_file *f = &d->file[i];

		f->size = f->may_size[0] = f->may_size[s->size[i]];
		f->sizes = 1;
		f->size_dirty = false;
		for (int k = 0; k < DISK_SECTORS; k++) {
			struct disk_sector *c = &f->sector[k];

			memcpy(c->cache, c->may[s->sector[i][k]], DISK_SECTOR);
			memcpy(c->may[0], c->cache, DISK_SECTOR);
			c->n = 1;
			c->dirty = false;
		}
	}
	for (int i = 0; i < d->names; i++) {
		d->name[i].cache = d->name[i].may[0] = d->name[i].may[s->name[i]];
		d->name[i].n = 1;
	}
}

/* Memory runs short: clean pages go and are read anew.  True when anything changed. */
static inline bool disk_evict(struct disk *d, uint64_t *random)
{
	bool changed = false;

	for (int i = 0; i < DISK_FILES; i++)
		for (int k = 0; k < DISK_SECTORS; k++) {
			struct disk_sector *c = &d->file[i].sector[k];
			int from;

			if (!d->file[i].used || c->dirty || c->n < 2)
				continue;
			from = (int)(disk_random(random) % (uint64_t)c->n);
			changed |= memcmp(c->cache, c->may[from], DISK_SECTOR) != 0;
			memcpy(c->cache, c->may[from], DISK_SECTOR);
			memmove(c->may[0], c->cache, DISK_SECTOR);
			c->n = 1;
		}
	return changed;
}

/* The bytes of a file in a state; returns its size. */
static inline size_t disk_bytes(const struct disk *d, const struct disk_state *s, int file,
    unsigned char out[DISK_SIZE])
{
	const struct disk_file *f = &d->file[file];

	for (int k = 0; k < DISK_SECTORS; k++)
		memcpy(out + k * DISK_SECTOR, f->sector[k].may[s->sector[file][k]], DISK_SECTOR);
	return f->may_size[s->size[file]];
}

static inline void disk_choose(struct disk_walk *w, int *at, int n)
{
	if (n < 2)
		return;
	if (w->choices == DISK_CHOICES)
		tape_die("too many choices");
	w->choice[w->choices++] = (struct disk_choice){at, n};
}

/* What may be one way or another, and how many ways there are in all. */
static inline double disk_choices(struct disk_walk *w, const struct disk *d)
{
	double all = 1;

	w->choices = 0;
	memset(&w->state, 0, sizeof(w->state));
	for (int i = 0; i < d->names; i++)
		disk_choose(w, &w->state.name[i], d->name[i].n);
	for (int i = 0; i < DISK_FILES; i++) {
		if (!d->file[i].used || !disk_is_named(d, i))
			continue;
		disk_choose(w, &w->state.size[i], d->file[i].sizes);
		for (int k = 0; k < DISK_SECTORS; k++)
			disk_choose(w, &w->state.sector[i][k], d->file[i].sector[k].n);
	}
	for (int i = 0; i < w->choices; i++)
		all *= w->choice[i].n;
	return all;
}

static inline void disk_visit(struct disk_walk *w, const struct disk *d)
{
	w->states++;
	w->visit(w->ctx, d, &w->state);
}

static inline void disk_visit_all(struct disk_walk *w, const struct disk *d)
{
	int i;

	do {
		disk_visit(w, d);
		for (i = 0; i < w->choices; i++) {
			if (++*w->choice[i].at < w->choice[i].n)
				break;
			*w->choice[i].at = 0;
		}
	} while (i < w->choices);
}

/* The choices [from, to) are the newest, the others the oldest; or the other way round. */
static inline void disk_visit_run(struct disk_walk *w, const struct disk *d, int from, int to)
{
	for (int other = 0; other < 2; other++) {
		for (int i = 0; i < w->choices; i++)
			*w->choice[i].at = (i >= from && i < to) != (other == 1) ?
			    w->choice[i].n - 1 : 0;
		disk_visit(w, d);
	}
}

static inline void disk_visit_some(struct disk_walk *w, const struct disk *d)
{
	w->sampled++;
	for (int i = 0; i < w->choices; i++) {
		disk_visit_run(w, d, i, i + 1);
		disk_visit_run(w, d, 0, i);
	}
	for (int k = 0; k < DISK_RANDOM; k++) {
		for (int i = 0; i < w->choices; i++)
			*w->choice[i].at = (int)(disk_random(&w->random) %
			    (uint64_t)w->choice[i].n);
		disk_visit(w, d);
	}
}

/* Every state that the power may leave; where there are more than DISK_ALL: each choice
 * alone, each run from the first, and DISK_RANDOM at random. */
static inline void disk_walk(struct disk_walk *w, const struct disk *d)
{
	if (disk_choices(w, d) <= DISK_ALL)
		disk_visit_all(w, d);
	else
		disk_visit_some(w, d);
}

/* One of them at random, left in w->state. */
static inline void disk_pick(struct disk_walk *w, const struct disk *d)
{
	(void)disk_choices(w, d);
	for (int i = 0; i < w->choices; i++)
		*w->choice[i].at = (int)(disk_random(&w->random) % (uint64_t)w->choice[i].n);
}

#endif
