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

void fix_loose_gather(struct facts *f)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(dir, sizeof(dir), "%s", facts_string(f, "conf", places[i]));
		if (dir[0] == '/')
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

/* Root's, without the bits: of a directory above only those that let others write. */
static int judge_fact(struct fix_plan *p, const struct fact *x, unsigned bits, struct err *e)
{
	const bool above = bits == 022;
	struct meta m;

	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", x->kind,
		    x->name);
	if (x->is == FACT_NONE)
		return 0;
	if (!meta_read(x, &m))
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", x->kind,
		    x->name);
	if (strcmp(m.type, "dir") != 0 && (above || strcmp(m.type, "file") != 0)) {
		fix_plan_leave(p, x->name, 0, _("is a link, or has no business there"));
		return 0;
	}
	if (m.uid == 0 && ((m.mode & bits) == 0 || (above && (m.mode & 01000) != 0)))
		return 0;
	return add_mode(p, x->name, &m, (struct fix_owned){(mode_t)(m.mode & ~bits), 0}, e);
}

/* The directories above path, from the root on. */
static int judge_above(struct facts *f, struct fix_plan *p, const char *path, struct err *e)
{
	char part[PATH_MAX];
	int r = judge_fact(p, facts_get(f, "meta", "/"), 022, e);

	for (const char *at = path + 1; r == 0 && (at = strchr(at, '/')) != NULL; at++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		r = judge_fact(p, facts_get(f, "meta", part), 022, e);
	}
	return r;
}

/* A fact lives until the next is noted, and none is here. */
static int judge_place(struct facts *f, struct fix_plan *p, const char *key, struct err *e)
{
	const char *path = facts_string(f, "conf", key);
	int r;

	if (path[0] != '/')
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed", "conf",
		    key);
	if ((r = judge_above(f, p, path, e)) == 0)
		r = judge_fact(p, facts_get(f, "meta", path), 077, e);
	return r;
}

/* Whether what is to be put right lets others replace what is in the directory of states: a
 * transaction in it would be theirs. */
static bool is_theirs(const struct fix_mode *x, const char *state)
{
	const size_t n = strlen(x->path);
	const bool above = strcmp(x->path, "/") == 0 ||
	    (strncmp(x->path, state, n) == 0 && (state[n] == '/' || state[n] == '\0'));

	return above && (x->old.uid != 0 || (x->old.mode & 022) != 0);
}

/* Nothing is changed where nothing could be kept. */
static void leave_theirs(struct fix_plan *p, const char *state)
{
	bool theirs = false;

	for (int i = 0; i < p->modes; i++)
		if (is_theirs(&p->mode[i], state)) {
			fix_plan_leave(p, p->mode[i].path, 0, _("others may put another directory in the place of "
			    "what is below, also of the transactions; look what is in it, then chown root and "
			    "chmod go-w it by hand"));
			theirs = true;
		}
	p->by_hand = p->by_hand || theirs;
	p->modes = theirs ? 0 : p->modes;
}

int fix_loose_secrets(struct facts *f, struct fix_plan *p, struct err *e)
{
	const struct fact *conf = facts_get(f, "conf-file", "login"), *x = NULL;
	int r = 0;

	p->what = FIX_SECRETS;
	if (conf->is == FACT_UNKNOWN || conf->is == FACT_TROUBLE)
		return err_set(e, ERR_UNKNOWN, "%s %s: it could not be told, so nothing is changed",
		    "conf-file", "login");
	if (facts_get(f, "store", "open")->is == FACT_NONE &&
	    facts_get(f, "meta", facts_string(f, "conf", "keyring"))->is == FACT_NONE)
		return 0; /* there are no secrets yet */
	r = judge_place(f, p, "keyring", e);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == 0; i++)
		r = judge_place(f, p, places[i], e);
	/* In order of names: a directory comes before what is in it. */
	while (r == 0 && (x = facts_next(f, "loose", "", x)) != NULL)
		r = judge_fact(p, x, 077, e);
	leave_theirs(p, facts_string(f, "conf", "state_dir"));
	return r == 0 && p->left.failed ? no_memory(e) : r;
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
