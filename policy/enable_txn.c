#include "policy/enable_txn.h"

#include "lib/core/safefile.h"
#include "policy/lock_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD "pam-bastion transaction 1"
#define MANIFEST "manifest"
#define LOCK ".lock"
#define NAME_ROOM 64 /* of a name behind a path */

#define ID_TRIES 8

typedef char path_buffer[ENABLE_PATH_MAX + ENABLE_ID_MAX + NAME_ROOM];

void enable_change_free(struct enable_change *c)
{
	for (int i = 0; i < ENABLE_FILES_MAX; i++) {
		buffer_free(&c->file[i].old);
		buffer_free(&c->file[i].new);
	}
	*c = (struct enable_change){.count = 0};
}

static void inside(const struct enable_txn *t, const char *id, const char *name,
    path_buffer out)
{
	(void)snprintf(out, sizeof(path_buffer), "%s/%.*s/%s", t->dir, ENABLE_ID_MAX - 1, id, name);
}

/* ---- the directory and its lock ---- */

/* A descriptor of the directory, made if need be; or a code. */
static int open_dir(const char *path, struct err *e)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_errno(e, "%s", path);
	return safefile_open_dir(path, e);
}

int enable_txn_lock(struct enable_txn *t, const char *state_dir, int wait, struct err *e)
{
	path_buffer path;
	int dir;

	t->lock = -1;
	if (snprintf(t->dir, sizeof(t->dir), "%s/txn", state_dir) >= (int)sizeof(t->dir))
		return err_set(e, ERR_SYNTAX, "%s: the path is too long", state_dir);
	if ((dir = open_dir(t->dir, e)) < 0)
		return dir;
	(void)snprintf(path, sizeof(path), "%s/" LOCK, t->dir);
	t->lock = lock_file_take(dir, LOCK, path, wait * 1000, e);
	(void)close(dir);
	return t->lock < 0 ? t->lock : 0;
}

void enable_txn_unlock(struct enable_txn *t)
{
	if (t->lock >= 0)
		(void)close(t->lock);
	t->lock = -1;
}

/* ---- writing ---- */

static int sync_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsync(fd) != 0 ? err_errno(e, "%s", path) : 0;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

int enable_txn_write(const struct enable_txn *t, const char *id, const char *name,
    const struct buffer *text, struct err *e)
{
	struct enable_file f = {.mode = 0600};
	path_buffer path;

	inside(t, id, name, path);
	if (snprintf(f.path, sizeof(f.path), "%s", path) >= (int)sizeof(f.path))
		return err_set(e, ERR_SYNTAX, "%s: the path is too long", t->dir);
	return text->failed ? err_set(e, ERR_SYSTEM, "out of memory") :
	    enable_file_put(&f, text, true, e);
}

void enable_txn_add_file(const struct enable_file *f, int number, const char *kind,
    struct buffer *out)
{
	buffer_format(out, "file %d %s %s %s %o %u %u %s\n", number, kind, f->was ? "was" : "-",
	    f->will ? "will" : "-", (unsigned)f->mode, (unsigned)f->uid, (unsigned)f->gid, f->path);
}

static int write_manifest(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	struct buffer text = {0};
	int r;

	buffer_format(&text, HEAD "\ntarget %s\naction %s\nreload %d\nseconds %" PRId64
	    "\naudit %" PRIu32 "\nbegun %s %" PRIu64 "\n", enable_target_name(c->target),
	    c->disable ? "disable" : "enable", c->reload, c->seconds, c->audit, c->begun.boot,
	    c->begun.ticks);
	for (int i = 0; i < c->count; i++)
		enable_txn_add_file(&c->file[i], i, c->file[i].is_service ? "pam" : "sshd", &text);
	buffer_text(&text, "end\n");
	r = enable_txn_write(t, id, MANIFEST, &text, e);
	buffer_free(&text);
	return r;
}

static void new_id(char id[ENABLE_ID_MAX])
{
	struct timespec now = {0};
	struct tm day = {0};
	char stamp[24];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &day);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &day);
	(void)snprintf(id, ENABLE_ID_MAX, "%s.%06u-%u", stamp,
	    (unsigned)(now.tv_nsec / 1000) % 1000000U, (unsigned)getpid());
}

/* A directory of its own; two in the same instant is one too many. */
int enable_txn_make(const struct enable_txn *t, char id[ENABLE_ID_MAX], struct err *e)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	path_buffer path;

	for (int i = 0; i < ID_TRIES; i++) {
		new_id(id);
		inside(t, id, "", path);
		if (mkdir(path, 0700) == 0)
			return sync_dir(t->dir, e);
		if (errno != EEXIST)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return err_errno(e, "%s", path);
}

int enable_txn_begin(const struct enable_txn *t, const struct enable_change *c,
    char id[ENABLE_ID_MAX], struct err *e)
{
	char name[24];
	int r = enable_txn_make(t, id, e);

	if (r != 0)
		return r;
	for (int i = 0; i < c->count && r == 0; i++) {
		(void)snprintf(name, sizeof(name), "old.%d", i);
		r = enable_txn_write(t, id, name, &c->file[i].old, e);
		(void)snprintf(name, sizeof(name), "new.%d", i);
		if (r == 0)
			r = enable_txn_write(t, id, name, &c->file[i].new, e);
	}
	return r != 0 ? r : write_manifest(t, id, c, e);
}

/* ---- reading ---- */

int enable_txn_read(const struct enable_txn *t, const char *id, const char *name,
    struct buffer *text, struct err *e)
{
	struct enable_file f = {.mode = 0};
	path_buffer path;
	int r;

	inside(t, id, name, path);
	(void)snprintf(f.path, sizeof(f.path), "%.*s", ENABLE_PATH_MAX - 1, path);
	if ((r = enable_file_read(&f, e)) == 0 && !f.was)
		r = err_set(e, ERR_NONE, "%s: does not exist", path);
	if (r == 0)
		*text = f.old;
	else
		buffer_free(&f.old);
	return r;
}

char *enable_txn_word(char **p)
{
	char *s = *p + strspn(*p, " ");

	if (*s == '\0')
		return NULL;
	*p = s + strcspn(s, " ");
	if (**p != '\0')
		*(*p)++ = '\0';
	return s;
}

bool enable_txn_words(char **p, const char *w[], int n)
{
	for (int i = 0; i < n; i++)
		if ((w[i] = enable_txn_word(p)) == NULL)
			return false;
	return true;
}

bool enable_txn_line(const char *text, const char *key, char *out, size_t size)
{
	const size_t n = strlen(key);
	const char *at;

	out[0] = '\0';
	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, key, n) != 0 || (text[n] != '\0' && strchr(" \n", text[n]) == NULL))
			continue;
		at = text + n + (text[n] == ' ');
		if (snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at) < (int)size)
			return true;
		out[0] = '\0';
		return false;
	}
	return false;
}

bool enable_txn_read_file(char *line, int number, const char **kind, struct enable_file *f)
{
	const char *w[7];

	if (!enable_txn_words(&line, w, 7) || strtol(w[0], NULL, 10) != number)
		return false;
	*kind = w[1];
	f->was = strcmp(w[2], "was") == 0;
	f->will = strcmp(w[3], "will") == 0;
	f->mode = (mode_t)strtoul(w[4], NULL, 8) & 07777;
	f->uid = (uid_t)strtoul(w[5], NULL, 10);
	f->gid = (gid_t)strtoul(w[6], NULL, 10);
	return line[0] == '/' && snprintf(f->path, sizeof(f->path), "%s", line) < (int)sizeof(f->path);
}

static bool read_file_line(struct enable_change *c, char *p)
{
	struct enable_file *f = &c->file[c->count];
	const char *kind;

	if (c->count == ENABLE_FILES_MAX || !enable_txn_read_file(p, c->count, &kind, f))
		return false;
	f->is_service = strcmp(kind, "pam") == 0;
	c->count++;
	return true;
}

static bool read_target(struct enable_change *c, const char *name)
{
	for (int i = ENABLE_SSHD; i <= ENABLE_LOGIN; i++)
		if (strcmp(name, enable_target_name((enum enable_target)i)) == 0) {
			c->target = (enum enable_target)i;
			return true;
		}
	return false;
}

static bool read_moment(char *p, struct enable_moment *m)
{
	const char *boot = enable_txn_word(&p), *ticks = enable_txn_word(&p), *wall;

	if (boot == NULL || ticks == NULL ||
	    snprintf(m->boot, sizeof(m->boot), "%s", boot) >= (int)sizeof(m->boot))
		return false;
	m->ticks = strtoull(ticks, NULL, 10);
	wall = enable_txn_word(&p);
	m->wall = wall != NULL ? strtoll(wall, NULL, 10) : 0;
	return true;
}

static bool read_line(struct enable_change *c, char *line, bool *end)
{
	char *p = line;
	const char *key = enable_txn_word(&p);

	if (key == NULL)
		return false;
	*end = strcmp(key, "end") == 0;
	if (strcmp(key, "target") == 0)
		return read_target(c, p);
	if (strcmp(key, "action") == 0)
		c->disable = strcmp(p, "disable") == 0;
	else if (strcmp(key, "reload") == 0)
		c->reload = strcmp(p, "1") == 0;
	else if (strcmp(key, "seconds") == 0)
		c->seconds = strtoll(p, NULL, 10);
	else if (strcmp(key, "audit") == 0)
		c->audit = (uint32_t)strtoul(p, NULL, 10);
	else if (strcmp(key, "begun") == 0)
		return read_moment(p, &c->begun);
	else if (strcmp(key, "file") == 0)
		return read_file_line(c, p);
	else
		return *end || strcmp(line, "pam-bastion") == 0;
	return true;
}

static bool parse_manifest(struct enable_change *c, char *text)
{
	bool end = false;
	char *save = NULL;

	if (strncmp(text, HEAD "\n", sizeof(HEAD)) != 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		if (!read_line(c, line, &end))
			return false;
	return end;
}

static int read_manifest(const struct enable_txn *t, const char *id, struct enable_change *c,
    struct err *e)
{
	struct buffer text = {0};
	char name[24];
	int r = enable_txn_read(t, id, MANIFEST, &text, e);

	*c = (struct enable_change){.count = 0};
	if (r == 0 && !parse_manifest(c, text.data))
		r = err_set(e, ERR_BAD, "%s/%s/manifest: does not read; compare the copies "
		    "beside it with the live files, then move the directory away", t->dir, id);
	buffer_free(&text);
	for (int i = 0; i < c->count && r == 0; i++) {
		(void)snprintf(name, sizeof(name), "old.%d", i);
		r = enable_txn_read(t, id, name, &c->file[i].old, e);
		(void)snprintf(name, sizeof(name), "new.%d", i);
		if (r == 0)
			r = enable_txn_read(t, id, name, &c->file[i].new, e);
	}
	if (r != 0)
		enable_change_free(c);
	return r;
}

bool enable_txn_has(const struct enable_txn *t, const char *id, const char *name)
{
	path_buffer path;

	inside(t, id, name, path);
	return access(path, F_OK) == 0;
}

static void drop_whole(const struct enable_txn *t, const char *id)
{
	path_buffer path;
	struct dirent *entry;
	DIR *d;

	inside(t, id, "", path);
	if ((d = opendir(path)) == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	(void)closedir(d);
	(void)rmdir(path);
}

static bool has_ended(const struct enable_txn *t, const char *id)
{
	return enable_txn_has(t, id, "confirmed") || enable_txn_has(t, id, "returned") ||
	    enable_txn_has(t, id, "done");
}

int enable_txn_find(const struct enable_txn *t, char id[ENABLE_ID_MAX],
    struct enable_change *c, struct err *e)
{
	DIR *d = opendir(t->dir);
	struct dirent *entry;
	int r = 0;

	*c = (struct enable_change){.count = 0};
	if (d == NULL)
		return err_errno(e, "%s", t->dir);
	while (r == 0 && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] == '.' || strlen(name) >= ENABLE_ID_MAX)
			continue;
		if (enable_txn_has(t, name, MANIFEST)) {
			(void)snprintf(id, ENABLE_ID_MAX, "%.*s", ENABLE_ID_MAX - 1, name);
			r = read_manifest(t, id, c, e);
			r = r == 0 ? 1 : r;
		} else if (!has_ended(t, name) && !enable_txn_has(t, name, ENABLE_TXN_FIX)) {
			drop_whole(t, name); /* begun and never opened: nothing has changed */
		}
	}
	(void)closedir(d);
	return r;
}

bool enable_txn_open(const char *state_dir, const char *id)
{
	path_buffer path;

	(void)snprintf(path, sizeof(path), "%s/txn/%s/" MANIFEST, state_dir, id);
	return access(path, F_OK) == 0;
}

/* ---- notes beside the copies ---- */

int enable_txn_keep(const struct enable_txn *t, const char *id, int i,
    const struct buffer *text, struct err *e)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "edited.%d", i);
	return enable_txn_write(t, id, name, text, e);
}

bool enable_txn_edited(const struct enable_txn *t, const char *id)
{
	char name[24];
	bool found = false;

	for (int i = 0; i < ENABLE_FILES_MAX && !found; i++) {
		(void)snprintf(name, sizeof(name), "edited.%d", i);
		found = enable_txn_has(t, id, name);
	}
	return found;
}

void enable_txn_return(const struct enable_txn *t, const char *id)
{
	const struct buffer nothing = {0};

	(void)enable_txn_write(t, id, "returning", &nothing, NULL);
}

bool enable_txn_returning(const struct enable_txn *t, const char *id)
{
	return enable_txn_has(t, id, "returning");
}

int enable_txn_arm(const struct enable_txn *t, const char *id, struct err *e)
{
	const struct buffer nothing = {0};

	return enable_txn_write(t, id, "armed", &nothing, e);
}

bool enable_txn_armed(const struct enable_txn *t, const char *id)
{
	return enable_txn_has(t, id, "armed");
}

int enable_txn_in_force(const struct enable_txn *t, const char *id,
    const struct enable_moment *m, struct err *e)
{
	struct buffer text = {0};
	int r;

	buffer_format(&text, "%s %" PRIu64 " %" PRId64 "\n", m->boot, m->ticks, m->wall);
	r = enable_txn_write(t, id, "in-force", &text, e);
	buffer_free(&text);
	return r;
}

int enable_txn_since(const struct enable_txn *t, const char *id, struct enable_moment *m,
    struct err *e)
{
	struct buffer text = {0};
	int r = enable_txn_read(t, id, "in-force", &text, e);

	if (r == 0 && !read_moment(text.data, m))
		r = err_set(e, ERR_BAD, "%s/%s/in-force: does not read", t->dir, id);
	buffer_free(&text);
	return r;
}

/* ---- the end ---- */

static int is_one(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Their names begin with their time.  Those of a time to come were made when the clock
 * was wrong, so they say nothing about their age and go first. */
static void drop_some(const struct enable_txn *t, struct dirent *const *list, int n,
    const char *id, int *left, bool of_future)
{
	char now[ENABLE_ID_MAX];

	new_id(now);
	for (int i = 0; i < n && *left > 0; i++) {
		const char *name = list[i]->d_name;

		if ((strcmp(name, now) > 0) != of_future || strcmp(name, id) == 0 ||
		    enable_txn_has(t, name, MANIFEST) || enable_txn_has(t, name, ENABLE_TXN_FIX))
			continue;
		drop_whole(t, name);
		(*left)--;
	}
}

/* Those too many, but not id, which has just ended, and none that is open. */
static void drop_oldest(const struct enable_txn *t, const char *id)
{
	struct dirent **list = NULL;
	int n = scandir(t->dir, &list, is_one, alphasort), left = n - ENABLE_KEPT;

	drop_some(t, list, n, id, &left, true);
	drop_some(t, list, n, id, &left, false);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

int enable_txn_end(const struct enable_txn *t, const char *id, const char *how,
    struct err *e)
{
	return enable_txn_turn(t, id, MANIFEST, how, e);
}

int enable_txn_turn(const struct enable_txn *t, const char *id, const char *was,
    const char *how, struct err *e)
{
	path_buffer from, to;

	inside(t, id, was, from);
	inside(t, id, how, to);
	if (rename(from, to) != 0) {
		(void)err_errno(e, "%s", from);
		return ERR_UNAVAIL;
	}
	inside(t, id, "", to);
	if (sync_dir(to, e) != 0)
		return ERR_UNKNOWN;
	drop_oldest(t, id);
	return 0;
}
