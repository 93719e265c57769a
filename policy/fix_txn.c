#include "policy/fix_txn.h"

#include "policy/fix_package.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD "pam-bastion fix 1\n"
#define STEPS "steps"

void fix_change_free(struct fix_change *c)
{
	fix_plan_free(&c->plan);
	memset(c, 0, sizeof(*c));
}

/* ---- files ---- */

int fix_file_copy(struct fix_file *x, struct err *e)
{
	char target[ENABLE_PATH_MAX];
	struct stat st;
	ssize_t n;

	buffer_free(&x->file.old);
	x->link = false;
	if (lstat(x->file.path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		x->file.was = false;
		x->file.mode = 0644;
		return 0;
	}
	if (!S_ISLNK(st.st_mode))
		return enable_file_read(&x->file, e);
	if ((n = readlink(x->file.path, target, sizeof(target))) <= 0 || n == sizeof(target))
		return err_set(e, ERR_REFUSED, "%s: the link cannot be kept", x->file.path);
	x->link = x->file.was = true;
	x->file.uid = st.st_uid, x->file.gid = st.st_gid;
	buffer_add(&x->file.old, target, (size_t)n);
	return x->file.old.failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

/* The directories above, which went with the package. */
static void make_above(const char *path)
{
	char dir[ENABLE_PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = strchr(dir + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(dir, 0755);
		*p = '/';
	}
}

static int put_link(const struct fix_file *x, struct err *e)
{
	char new[ENABLE_PATH_MAX + 16];

	(void)snprintf(new, sizeof(new), "%s.pam-bastion", x->file.path);
	(void)unlink(new);
	if (symlink(buffer_string(&x->file.old), new) != 0 ||
	    lchown(new, x->file.uid, x->file.gid) != 0 || rename(new, x->file.path) != 0) {
		const int r = err_errno(e, "%s", x->file.path);

		(void)unlink(new);
		return r;
	}
	return 0;
}

int fix_file_back(const struct fix_file *x, struct err *e)
{
	enable_file_tidy(x->file.path);
	if (fix_file_is(x, false))
		return 0;
	if (x->file.was)
		make_above(x->file.path);
	else if (access(x->file.path, F_OK) != 0)
		return 0;
	return x->link ? put_link(x, e) : enable_file_put(&x->file, &x->file.old, x->file.was, e);
}

int fix_file_put(const struct fix_file *x, struct err *e)
{
	struct stat st;

	if (fix_file_is(x, true))
		return 0;
	if (lstat(x->file.path, &st) == 0 && !fix_file_is(x, false))
		return err_set(e, ERR_CONFLICT, "%s: has been changed since it was looked at", x->file.path);
	enable_file_tidy(x->file.path);
	return enable_file_put(&x->file, &x->file.new, x->file.will, e);
}

bool fix_file_is(const struct fix_file *x, bool will)
{
	struct fix_file now = {.link = false};
	const bool exists = will ? x->file.will : x->file.was, link = !will && x->link;
	bool same;

	(void)snprintf(now.file.path, sizeof(now.file.path), "%s", x->file.path);
	same = fix_file_copy(&now, NULL) == 0 && now.file.was == exists;
	if (same && exists)
		same = now.link == link && (link || now.file.mode == x->file.mode) &&
		    now.file.uid == x->file.uid && now.file.gid == x->file.gid &&
		    buffer_same(&now.file.old, will ? &x->file.new : &x->file.old);
	buffer_free(&now.file.old);
	return same;
}

/* ---- the manifest ---- */

static void add_mode(const struct fix_mode *x, struct buffer *out)
{
	buffer_format(out, "mode %llu %o %u %o %u %s\n", (unsigned long long)x->inode,
	    (unsigned)x->old.mode, (unsigned)x->old.uid, (unsigned)x->new.mode, (unsigned)x->new.uid,
	    x->path);
}

static int write_manifest(const struct enable_txn *t, const char *id, const struct fix_change *c,
    struct err *e)
{
	const struct fix_plan *p = &c->plan;
	struct buffer text = {0};
	int r;

	buffer_format(&text, HEAD "what %s\n", fix_name(p->what));
	for (int i = 0; i < p->packages; i++)
		buffer_format(&text, "package %s %s %s %s\n", p->package[i].rpm ? "rpm" : "dpkg",
		    p->package[i].installed ? "installed" : "configured", p->package[i].name,
		    p->package[i].version[0] != '\0' ? p->package[i].version : "-");
	if (p->account[0] != '\0')
		buffer_format(&text, "account %s\n", p->account);
	if (c->unit[0] != '\0')
		buffer_format(&text, "unit %s\n", c->unit);
	for (int i = 0; i < c->listens; i++)
		buffer_format(&text, "listen %s %d\n", c->listen[i].addr, c->listen[i].port);
	for (int i = 0; i < p->count; i++)
		enable_txn_add_file(&p->file[i].file, i, p->file[i].link ? "link" : "text", &text);
	for (int i = 0; i < p->modes; i++)
		add_mode(&p->mode[i], &text);
	buffer_text(&text, "end\n");
	r = enable_txn_write(t, id, ENABLE_TXN_FIX, &text, e);
	buffer_free(&text);
	return r;
}

int fix_txn_begin(const struct enable_txn *t, const struct fix_change *c,
    char id[ENABLE_ID_MAX], struct err *e)
{
	char name[24], dir[ENABLE_PATH_MAX + ENABLE_ID_MAX];
	int r = enable_txn_make(t, id, e);

	(void)snprintf(dir, sizeof(dir), "%s/%s", t->dir, id);
	if (r == 0)
		r = fix_package_keep(&c->plan, dir, e);
	for (int i = 0; i < c->plan.count && r == 0; i++) {
		(void)snprintf(name, sizeof(name), "old.%d", i);
		r = enable_txn_write(t, id, name, &c->plan.file[i].file.old, e);
		(void)snprintf(name, sizeof(name), "new.%d", i);
		if (r == 0)
			r = enable_txn_write(t, id, name, &c->plan.file[i].file.new, e);
	}
	return r != 0 ? r : write_manifest(t, id, c, e);
}

static bool keep_text(const char *text, char *out, size_t size)
{
	return text[0] != '\0' && snprintf(out, size, "%s", text) < (int)size;
}

static bool read_file_line(struct fix_plan *p, char *at)
{
	struct fix_file *x = &p->file[p->count];
	const char *kind;

	if (p->count == FIX_FILES || !enable_txn_read_file(at, p->count, &kind, &x->file))
		return false;
	x->link = strcmp(kind, "link") == 0;
	p->count++;
	return true;
}

static bool read_package(struct fix_plan *p, char *at)
{
	struct fix_package *x = &p->package[p->packages];
	const char *w[4];

	if (p->packages == FIX_PACKAGES || !enable_txn_words(&at, w, 4))
		return false;
	x->rpm = strcmp(w[0], "rpm") == 0;
	x->installed = strcmp(w[1], "installed") == 0;
	p->packages++;
	return keep_text(w[2], x->name, sizeof(x->name)) &&
	    keep_text(w[3], x->version, sizeof(x->version));
}

static bool read_listen(struct fix_change *c, char *at)
{
	struct fix_listen *l = &c->listen[c->listens];
	const char *w[2];

	if (c->listens == FIX_LISTEN || !enable_txn_words(&at, w, 2))
		return false;
	l->port = (int)strtol(w[1], NULL, 10);
	c->listens++;
	return keep_text(w[0], l->addr, sizeof(l->addr)) && l->port > 0 && l->port < 65536;
}

static bool read_mode_line(struct fix_plan *p, char *at)
{
	struct fix_mode *x;
	const char *w[5];

	if (p->mode == NULL && (p->mode = calloc(FIX_MODES, sizeof(*p->mode))) == NULL)
		return false;
	if (p->modes == FIX_MODES || !enable_txn_words(&at, w, 5))
		return false;
	x = &p->mode[p->modes];
	x->inode = (ino_t)strtoull(w[0], NULL, 10);
	x->old.mode = (mode_t)strtoul(w[1], NULL, 8) & 07777;
	x->old.uid = (uid_t)strtoul(w[2], NULL, 10);
	x->new.mode = (mode_t)strtoul(w[3], NULL, 8) & 07777;
	x->new.uid = (uid_t)strtoul(w[4], NULL, 10);
	p->modes++;
	return at[0] == '/' && keep_text(at, x->path, sizeof(x->path));
}

static bool read_line(struct fix_change *c, char *line)
{
	if (strncmp(line, "file ", 5) == 0)
		return read_file_line(&c->plan, line + 5);
	if (strncmp(line, "package ", 8) == 0)
		return read_package(&c->plan, line + 8);
	if (strncmp(line, "account ", 8) == 0)
		return keep_text(line + 8, c->plan.account, sizeof(c->plan.account));
	if (strncmp(line, "listen ", 7) == 0)
		return read_listen(c, line + 7);
	if (strncmp(line, "unit ", 5) == 0)
		return keep_text(line + 5, c->unit, sizeof(c->unit));
	if (strncmp(line, "mode ", 5) == 0)
		return read_mode_line(&c->plan, line + 5);
	return strncmp(line, "what ", 5) == 0 && fix_of_name(line + 5, &c->plan.what);
}

static bool parse(struct fix_change *c, char *text)
{
	char *save = NULL;

	if (strncmp(text, HEAD, strlen(HEAD)) != 0)
		return false;
	for (char *line = strtok_r(text + strlen(HEAD), "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		if (strcmp(line, "end") == 0)
			return true;
		if (!read_line(c, line))
			return false;
	}
	return false;
}

int fix_txn_read(const struct enable_txn *t, const char *id, const char *manifest,
    struct fix_change *c, struct err *e)
{
	struct buffer text = {0};
	char name[24];
	int r = enable_txn_read(t, id, manifest, &text, e);

	memset(c, 0, sizeof(*c));
	if (r == 0 && !parse(c, text.data))
		r = err_set(e, ERR_BAD, "%s/%s/%s: does not read; compare the copies beside it with the "
		    "live files", t->dir, id, manifest);
	buffer_free(&text);
	for (int i = 0; i < c->plan.count && r == 0; i++) {
		(void)snprintf(name, sizeof(name), "old.%d", i);
		r = enable_txn_read(t, id, name, &c->plan.file[i].file.old, e);
		(void)snprintf(name, sizeof(name), "new.%d", i);
		if (r == 0)
			r = enable_txn_read(t, id, name, &c->plan.file[i].file.new, e);
	}
	if (r != 0)
		fix_change_free(c);
	return r;
}

/* ---- which there are ---- */

static bool is_fix(const struct enable_txn *t, const char *id)
{
	struct buffer text = {0};
	const bool is = enable_txn_read(t, id, "done", &text, NULL) == 0 &&
	    strncmp(buffer_string(&text), HEAD, strlen(HEAD)) == 0;

	buffer_free(&text);
	return is;
}

static int find(const struct enable_txn *t, char id[ENABLE_ID_MAX], bool open)
{
	const struct dirent *entry;
	DIR *d = opendir(t->dir);
	int found = 0;

	id[0] = '\0';
	while (d != NULL && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] == '.' || strlen(name) >= ENABLE_ID_MAX || strcmp(name, id) < 0 ||
		    !(open ? enable_txn_has(t, name, ENABLE_TXN_FIX) : is_fix(t, name)))
			continue;
		(void)snprintf(id, ENABLE_ID_MAX, "%.*s", ENABLE_ID_MAX - 1, name);
		found = 1;
	}
	if (d != NULL)
		(void)closedir(d);
	return found;
}

int fix_txn_open(const struct enable_txn *t, char id[ENABLE_ID_MAX])
{
	return find(t, id, true);
}

int fix_txn_last(const struct enable_txn *t, char id[ENABLE_ID_MAX])
{
	return find(t, id, false);
}

/* ---- steps ---- */

int fix_txn_step(const struct enable_txn *t, const char *id, const char *step, struct err *e)
{
	struct buffer text = {0};
	int r = 0;

	if (enable_txn_has(t, id, STEPS))
		r = enable_txn_read(t, id, STEPS, &text, e);
	buffer_format(&text, "%s %lld\n", step, (long long)time(NULL));
	if (r == 0)
		r = enable_txn_write(t, id, STEPS, &text, e);
	buffer_free(&text);
	return r;
}

bool fix_txn_has_step(const struct enable_txn *t, const char *id, const char *step)
{
	struct buffer text = {0};
	const size_t n = strlen(step);
	bool found = false;

	if (enable_txn_read(t, id, STEPS, &text, NULL) == 0)
		for (const char *p = buffer_string(&text); *p != '\0' && !found;) {
			found = strncmp(p, step, n) == 0 && p[n] == ' ';
			p += strcspn(p, "\n");
			p += *p == '\n';
		}
	buffer_free(&text);
	return found;
}
