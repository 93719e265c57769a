#include "policy/fix_loose.h"

#include "enroll/language.h"
#include "policy/audit/meta.h"
#include "policy/audit/words.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH 3 /* as gather_enrolled.c looks */
#define NAMES_MOST 64 /* right in a directory of records there are fewer */

static const char *const places[] = {"state_dir", "store_dir"};

/* ---- facts ---- */

static void walk(struct facts *f, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	char path[PATH_MAX];
	struct stat st;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		if (st.st_uid != 0 || (st.st_mode & 077) != 0)
			facts_format(f, "loose", path, "%s %04o %u %u %lld", S_ISDIR(st.st_mode) ? "dir" :
			    S_ISREG(st.st_mode) ? "file" : "other", (unsigned)st.st_mode & 07777,
			    (unsigned)st.st_uid, (unsigned)st.st_gid, (long long)st.st_size);
		if (S_ISDIR(st.st_mode) && depth > 0)
			walk(f, path, depth - 1);
	}
	if (d != NULL)
		(void)closedir(d);
}

/* What is right in it. */
static void note_names(struct facts *f, const char *dir)
{
	struct buffer names = {0};
	DIR *d = opendir(dir);
	const struct dirent *entry;
	int n = 0;

	if (d == NULL && (errno == ENOENT || errno == ENOTDIR)) {
		facts_none(f, "holds", dir);
		return;
	}
	while (d != NULL && (entry = readdir(d)) != NULL && n < NAMES_MOST)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			buffer_format(&names, "%s\n", entry->d_name);
			n++;
		}
	f->failed = f->failed || names.failed;
	if (d == NULL || n == NAMES_MOST)
		facts_trouble(f, "holds", dir, "not all of it could be looked at");
	else
		facts_text(f, "holds", dir, buffer_string(&names), names.len);
	buffer_free(&names);
	if (d != NULL)
		(void)closedir(d);
}

void fix_loose_gather(struct facts *f)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(dir, sizeof(dir), "%s", facts_string(f, "conf", places[i]));
		if (dir[0] != '/')
			continue;
		note_names(f, dir);
		walk(f, dir, DEPTH);
	}
}

/* ---- the list ---- */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

static int add_mode(struct fix_plan *p, const char *path, const struct meta *m,
    struct fix_owned new, struct err *e)
{
	struct fix_mode *x;

	for (int i = p->modes - 1; i >= 0; i--)
		if (strcmp(p->mode[i].path, path) == 0)
			return 0;
	if (p->mode == NULL && (p->mode = calloc(FIX_MODES, sizeof(*p->mode))) == NULL)
		return no_memory(e);
	if (p->modes == FIX_MODES) {
		p->more = true;
		return 0;
	}
	x = &p->mode[p->modes];
	/* The manifest has it in a line. */
	if (strchr(path, '\n') != NULL ||
	    snprintf(x->path, sizeof(x->path), "%s", path) >= (int)sizeof(x->path)) {
		fix_plan_leave(p, path, 0, _("such a name is not put right"));
		return 0;
	}
	*x = (struct fix_mode){.old = {(mode_t)m->mode, (uid_t)m->uid}, .new = new};
	(void)snprintf(x->path, sizeof(x->path), "%s", path);
	p->modes++;
	return 0;
}

static int untold(const struct fact *x, struct err *e)
{
	return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", x->kind,
	    x->name);
}

/* What the configuration names. */
struct place {
	char path[PATH_MAX];
	bool dir;
	bool own;  /* pam-bastion's: its mode and what is in it may be put right */
	bool left; /* it was told that they are not */
};

struct judging {
	struct facts *f;
	struct fix_plan *p;
	struct place place[1 + sizeof(places) / sizeof(places[0])]; /* the keyring first */
	size_t count;
	bool theirs; /* others may replace what is in the directory of states */
};

/* A file or directory becomes root's alone. */
static int judge_fact(struct judging *j, const struct fact *x, bool dirs, struct err *e)
{
	struct meta m;

	if (x->is == FACT_NONE)
		return 0;
	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE || !meta_read(x, &m))
		return untold(x, e);
	if (strcmp(m.type, "file") != 0 && !(dirs && strcmp(m.type, "dir") == 0)) {
		fix_plan_leave(j->p, x->name, 0, _("is a link, or has no business there"));
		return 0;
	}
	if (m.uid == 0 && (m.mode & 077) == 0)
		return 0;
	return add_mode(j->p, x->name, &m, (struct fix_owned){(mode_t)(m.mode & ~077U), 0}, e);
}

/* ---- above them ---- */

/* Also the directory itself. */
static bool is_below(const char *path, const char *dir)
{
	const size_t n = strlen(dir);

	return strcmp(dir, "/") == 0 || (strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* Whether others may replace what is in a directory; of one that is a link it is told. */
static int judge_dir(struct judging *j, const struct fact *x, bool *open, struct err *e)
{
	struct meta m;

	*open = false;
	if (x->is == FACT_NONE)
		return 0;
	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE || !meta_read(x, &m))
		return untold(x, e);
	if (strcmp(m.type, "dir") != 0)
		fix_plan_leave(j->p, x->name, 0, _("is a link, or has no business there"));
	else
		*open = m.uid != 0 || ((m.mode & 022) != 0 && (m.mode & 01000) == 0);
	return 0;
}

/* No directory above is changed: somebody else may live in it. */
static int judge_part(struct judging *j, size_t i, const char *part, struct err *e)
{
	const bool state = strcmp(part, "/") == 0 || is_below(facts_string(j->f, "conf", "state_dir"), part);
	bool open = false;
	int r;

	for (size_t k = 0; k < i; k++)
		if (is_below(j->place[k].path, part))
			return 0; /* it was told there */
	r = judge_dir(j, facts_get(j->f, "meta", part), &open, e);
	if (!open)
		return r;
	fix_plan_leave(j->p, part, 0, _("others may put another directory in the place of what is below; "
	    "name another place in the configuration, or look what is in it, then chown root and chmod "
	    "go-w it by hand"));
	j->p->by_hand = true;
	j->theirs = j->theirs || state;
	return r;
}

/* From the root on. */
static int judge_above(struct judging *j, size_t i, struct err *e)
{
	const char *path = j->place[i].path;
	char part[PATH_MAX];
	int r = judge_part(j, i, "/", e);

	for (const char *at = path + 1; r == 0 && (at = strchr(at, '/')) != NULL; at++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		r = judge_part(j, i, part, e);
	}
	/* A transaction in it would be theirs. */
	if (r == 0 && strcmp(path, facts_string(j->f, "conf", "state_dir")) == 0)
		r = judge_part(j, i, path, e);
	return r;
}

/* ---- the places ---- */

static bool is_ours(const char *name, size_t n)
{
	static const char *const names[] = {"enroll", "hot", "pw", "break-glass", "policy.json", "rotate",
	    "txn", "machine-id"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0)
			return true;
	return false;
}

/* By its name, or by what is in it: somebody may have named a directory of all of the host's. */
static bool is_own(const char *path, const char *holds)
{
	static const char name[] = "pam-bastion";
	const size_t n = strlen(path), m = sizeof(name) - 1;
	bool enroll = false, hot = false;

	if (n > m && strcmp(path + n - m, name) == 0)
		return true;
	for (const char *at = holds; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		const size_t k = strcspn(at, "\n");

		if (!is_ours(at, k))
			return false;
		enroll = enroll || (k == 6 && strncmp(at, "enroll", k) == 0);
		hot = hot || (k == 3 && strncmp(at, "hot", k) == 0);
	}
	return enroll && hot;
}

static int add_place(struct judging *j, const char *key, bool dir, struct err *e)
{
	struct place *x = &j->place[j->count];
	const struct fact *holds;

	*x = (struct place){.dir = dir, .own = !dir};
	(void)snprintf(x->path, sizeof(x->path), "%s", facts_string(j->f, "conf", key));
	if (x->path[0] != '/')
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", "conf",
		    key);
	for (size_t i = 0; i < j->count; i++)
		if (strcmp(j->place[i].path, x->path) == 0)
			return 0;
	j->count++;
	if (!dir)
		return 0;
	holds = facts_get(j->f, "holds", x->path);
	if (holds->is == FACT_UNKNOWN)
		return untold(holds, e);
	x->own = is_own(x->path, holds->is == FACT_TEXT ? holds->text : "");
	return 0;
}

static void leave_foreign(struct judging *j, struct place *x)
{
	if (!x->left)
		fix_plan_leave(j->p, x->path, 0, _("holds what is not pam-bastion's, so nothing of it is "
		    "changed; name a directory of its own in the configuration, or put it right by hand"));
	x->left = j->p->by_hand = true;
}

static int judge_place(struct judging *j, size_t i, struct err *e)
{
	struct place *x = &j->place[i];
	const struct fact *now = facts_get(j->f, "meta", x->path);
	struct meta m;
	int r = judge_above(j, i, e);

	if (r != 0 || x->own || now->is != FACT_TEXT)
		return r == 0 ? judge_fact(j, now, x->dir, e) : r;
	if (!meta_read(now, &m))
		return untold(now, e);
	if (m.uid != 0 || (m.mode & 077) != 0)
		leave_foreign(j, x);
	return 0;
}

/* The directory of records that it is in, the innermost. */
static struct place *place_of(struct judging *j, const char *path)
{
	struct place *in = NULL;

	for (size_t i = 0; i < j->count; i++)
		if (j->place[i].dir && is_below(path, j->place[i].path) &&
		    (in == NULL || is_below(j->place[i].path, in->path)))
			in = &j->place[i];
	return in;
}

/* In order of names: a directory comes before what is in it. */
static int judge_loose(struct judging *j, struct err *e)
{
	const struct fact *x = NULL;
	int r = 0;

	while (r == 0 && (x = facts_next(j->f, "loose", "", x)) != NULL) {
		struct place *in = place_of(j, x->name);

		if (in != NULL && in->own)
			r = judge_fact(j, x, true, e);
		else if (in != NULL)
			leave_foreign(j, in);
	}
	return r;
}

static int judge_secrets(struct judging *j, struct err *e)
{
	int r = add_place(j, "keyring", false, e);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == 0; i++)
		r = add_place(j, places[i], true, e);
	for (size_t i = 0; i < j->count && r == 0; i++)
		r = judge_place(j, i, e);
	if (r == 0)
		r = judge_loose(j, e);
	/* Nothing is changed where nothing could be kept. */
	if (j->theirs)
		j->p->modes = 0;
	return r == 0 && j->p->left.failed ? no_memory(e) : r;
}

int fix_loose_secrets(struct facts *f, struct fix_plan *p, struct err *e)
{
	const struct fact *conf = facts_get(f, "conf-file", "login");
	struct judging *j;
	int r;

	p->what = FIX_SECRETS;
	if (conf->is == FACT_UNKNOWN || conf->is == FACT_TROUBLE)
		return untold(conf, e);
	if (facts_get(f, "store", "open")->is == FACT_NONE &&
	    facts_get(f, "meta", facts_string(f, "conf", "keyring"))->is == FACT_NONE)
		return 0; /* there are no secrets yet */
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return no_memory(e);
	j->f = f, j->p = p;
	r = judge_secrets(j, e);
	free(j);
	return r;
}

/* ---- KEY-09 ---- */

/* Shells and programs of everybody read these. */
static bool is_everybodys(const char *path)
{
	static const char *const files[] = {"/etc/environment", "/etc/profile", "/etc/bash.bashrc",
	    "/etc/profile.d/", "/etc/environment.d/"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const size_t n = strlen(files[i]);

		if (files[i][n - 1] == '/' ? strncmp(path, files[i], n) == 0 : strcmp(path, files[i]) == 0)
			return true;
	}
	return false;
}

static int judge_key(struct fix_plan *p, const struct fact *x, struct err *e)
{
	const char *colon = strrchr(x->name, ':');
	char path[PATH_MAX], octal[8], *end;
	struct meta m = {.type = "file"};
	const int64_t uid = words_number(x->text, "uid");
	size_t n = 0;
	const char *mode = words_value(x->text, "mode", &n);

	(void)snprintf(path, sizeof(path), "%.*s", colon != NULL ? (int)(colon - x->name) : 0, x->name);
	(void)snprintf(octal, sizeof(octal), "%.*s", mode != NULL && n < 6 ? (int)n : 0,
	    mode != NULL ? mode : "");
	m.mode = (unsigned)strtoul(octal, &end, 8);
	if (colon == NULL || path[0] != '/' || octal[0] == '\0' || *end != '\0' || m.mode > 07777 ||
	    uid < 0 || uid >= UINT_MAX)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", x->kind,
		    x->name);
	m.uid = (unsigned)uid;
	if ((m.mode & 077) == 0)
		return 0;
	if (!is_everybodys(path))
		return add_mode(p, path, &m, (struct fix_owned){(mode_t)(m.mode & ~077U), m.uid}, e);
	fix_plan_leave(p, path, strtoul(colon + 1, NULL, 10), _("others have to read this file; take the "
	    "key out of it"));
	return 0;
}

int fix_loose_keys(struct facts *f, struct fix_plan *p, struct err *e)
{
	const struct fact *scan = facts_get(f, "aws-keys", "scan"), *x = NULL;
	int r = 0;

	p->what = FIX_KEYS;
	if (scan->is != FACT_TEXT && scan->is != FACT_TROUBLE)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed",
		    "aws-keys", "scan");
	while (r == 0 && (x = facts_next(f, "aws-key", "", x)) != NULL)
		r = judge_key(p, x, e);
	if (scan->is == FACT_TROUBLE)
		fix_plan_leave(p, "aws-keys", 0, _("not all files could be looked at for keys"));
	return r == 0 && p->left.failed ? no_memory(e) : r;
}
