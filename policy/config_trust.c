#include "policy/config_trust.h"

#include "lib/core/safefile.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PAM "pam"
#define LINKS_MAX 40 /* as the kernel */

/* The first component of path that is a link: the length up to its end, or 0. */
static size_t first_link(const char *path)
{
	char part[PATH_MAX];
	struct stat st;

	for (size_t n = strspn(path, "/"); path[n] != '\0'; n += strspn(path + n, "/")) {
		n += strcspn(path + n, "/");
		(void)snprintf(part, sizeof(part), "%.*s", (int)n, path);
		if (lstat(part, &st) == 0 && S_ISLNK(st.st_mode))
			return n;
	}
	return 0;
}

/* The directory that holds the last component of path's first n bytes. */
static int check_holder(const char *path, size_t n, struct err *e)
{
	char dir[PATH_MAX], real[PATH_MAX];
	int fd;

	while (n > 1 && path[n - 1] != '/')
		n--;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)n, path);
	if (realpath(dir, real) == NULL)
		return err_errno(e, "%s", dir);
	if ((fd = safefile_open_dir(real, e)) < 0)
		return fd;
	(void)close(fd);
	return 0;
}

/* Puts what the link, path's first n bytes, says in its place. */
static int follow(char path[PATH_MAX], size_t n, struct err *e)
{
	char link[PATH_MAX], target[PATH_MAX], rest[PATH_MAX];
	size_t keep = n;
	ssize_t len;

	(void)snprintf(link, sizeof(link), "%.*s", (int)n, path);
	if ((len = readlink(link, target, sizeof(target) - 1)) < 0)
		return err_errno(e, "%s", link);
	target[len] = '\0';
	while (keep > 0 && (target[0] == '/' || path[keep - 1] != '/'))
		keep--;
	(void)snprintf(rest, sizeof(rest), "%s", path + n);
	if (snprintf(path + keep, PATH_MAX - keep, "%s%s", target, rest) >=
	    (int)(PATH_MAX - keep))
		return err_set(e, ERR_BAD, "%s: its target is too long", link);
	return 0;
}

/* Who may write the directory of a link on the way to path, or the one where
 * the way ends, or one above them, can put another file there. */
static int check_way(const char *path, struct err *e)
{
	char way[PATH_MAX], here[PATH_MAX] = "";
	size_t n;
	int r;

	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return err_errno(e, "%s", path);
	if (snprintf(way, sizeof(way), "%s%s%s", here, path[0] != '/' ? "/" : "", path) >=
	    (int)sizeof(way))
		return err_set(e, ERR_BAD, "%.200s: the path is too long", path);
	for (int links = 0; (n = first_link(way)) > 0; links++) {
		if (links == LINKS_MAX)
			return err_set(e, ERR_BAD, "%s: more than %d links", path, LINKS_MAX);
		if ((r = check_holder(way, n, e)) != 0 || (r = follow(way, n, e)) != 0)
			return r;
	}
	return check_holder(way, strlen(way), e);
}

static void judge_way(struct config_findings *f, const char *path)
{
	struct err why = {0};
	int r = check_way(path, &why);

	if (r != 0 && r != ERR_NONE) /* it was removed meanwhile */
		config_find(f, CONFIG_FAIL, PAM, "%s: libpam reads through it", why.text);
}

void config_trust_dir(struct config_findings *f, const char *dir)
{
	char inside[PATH_MAX];

	if (access(dir, F_OK) == 0 &&
	    snprintf(inside, sizeof(inside), "%s/.", dir) < (int)sizeof(inside))
		judge_way(f, inside);
}

static void judge_file(struct config_findings *f, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		config_find(f, CONFIG_FAIL, PAM, "%s: others than root may write it; chown root "
		    "and chmod go-w it", path);
}

/* The files of one service, each once. */
struct reach {
	const struct config_request *request;
	struct config_findings *found;
	char (*seen)[PAMD_PATH_MAX];
	size_t count;
	int depth;
	struct err *e;
};

static int visit(struct reach *w, const char *path);

static int each_line(void *ctx, const struct pamd_line *l)
{
	struct reach *w = ctx;
	char path[PAMD_PATH_MAX];

	if (l->type != PAMD_ANY && strcasecmp(l->control, "include") != 0 &&
	    strcasecmp(l->control, "substack") != 0)
		return 0;
	/* One that is missing is told where the stack is resolved. */
	return pamd_find(&w->request->pam, l->module, path) == 0 ? visit(w, path) : 0;
}

static int visit(struct reach *w, const char *path)
{
	char (*more)[PAMD_PATH_MAX];
	int r;

	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->seen[i], path) == 0)
			return 0;
	if (w->depth == PAMD_STACK_DEPTH) /* libpam goes no deeper either */
		return 0;
	if ((more = realloc(w->seen, (w->count + 1) * sizeof(*more))) == NULL)
		return err_set(w->e, ERR_SYSTEM, "out of memory");
	w->seen = more;
	(void)snprintf(w->seen[w->count++], PAMD_PATH_MAX, "%s", path);
	judge_file(w->found, path);
	judge_way(w->found, path);
	w->depth++;
	r = pamd_read(path, each_line, w, w->e);
	w->depth--;
	return r == ERR_SYSTEM ? r : 0; /* what does not parse is told elsewhere */
}

int config_trust_service(const struct config_request *q, struct config_findings *f,
    const char *path, struct err *e)
{
	struct err why = {0};
	struct reach w = {.request = q, .found = f, .e = &why};
	int r = visit(&w, path);

	free(w.seen);
	return r == 0 ? 0 : err_set(e, r, "%s", why.text);
}

int config_trust_file(const char *path, struct err *e)
{
	int r = check_way(path, e), fd;

	if (r != 0)
		return r;
	fd = open(path, O_PATH | O_CLOEXEC);
	r = fd < 0 ? err_errno(e, "%s", path) :
	    safefile_check(fd, SAFEFILE_PUBLIC, path, e);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

void config_trust_module(const struct config_request *q, struct config_findings *f,
    const struct pamd_line *l)
{
	char path[PAMD_PATH_MAX];
	bool absolute = l->module[0] == '/';
	struct err why = {0};
	int n;

	if (!absolute && q->module_dir == NULL)
		return;
	n = snprintf(path, sizeof(path), "%s%s%s", absolute ? "" : q->module_dir,
	    absolute ? "" : "/", l->module);
	if (n >= (int)sizeof(path))
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: the module's path is too long", l->file,
		    l->line);
	else if (access(path, F_OK) != 0)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: the module %s is not there: libpam cannot "
		    "load it and refuses; install it, or mend its name", l->file, l->line, path);
	else if (config_trust_file(path, &why) != 0)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: the module %s", l->file, l->line,
		    why.text);
}

static bool take_dir(char dir[PAMD_PATH_MAX], const char *path)
{
	char probe[PAMD_PATH_MAX];

	(void)snprintf(dir, PAMD_PATH_MAX, "%s", path);
	return snprintf(probe, sizeof(probe), "%s/pam_unix.so", path) < (int)sizeof(probe) &&
	    access(probe, F_OK) == 0;
}

void config_module_dir(char dir[PAMD_PATH_MAX])
{
	char first[PAMD_PATH_MAX];
	/* The second: where the machine's name is not the triplet's (i686, armv7l). */
	const char *const patterns[] = {first, "/lib/*-linux-gnu*/security",
	    "/usr/lib64/security", "/lib64/security", "/usr/lib/security", "/lib/security"};
	struct utsname u = {.machine = ""};

	(void)uname(&u);
	(void)snprintf(first, sizeof(first), "/lib/%s-linux-gnu/security", u.machine);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		glob_t g = {0};
		bool found = false;

		if (glob(patterns[i], 0, NULL, &g) == 0)
			for (size_t k = 0; k < g.gl_pathc && !found; k++)
				found = take_dir(dir, g.gl_pathv[k]);
		globfree(&g);
		if (found)
			return;
	}
	(void)snprintf(dir, PAMD_PATH_MAX, "/lib/security");
}
