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

void config_trust_owner(struct config_findings *f, const char *path)
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

/* Of the file itself: what is a link may be in another directory. */
static void judge_dir(struct config_findings *f, const char *path)
{
	char real[PATH_MAX];
	char *slash;

	if (realpath(path, real) == NULL || (slash = strrchr(real, '/')) == NULL)
		return;
	*slash = '\0';
	config_trust_owner(f, real[0] != '\0' ? real : "/");
}

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
	config_trust_owner(w->found, path);
	judge_dir(w->found, path);
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

/* path has no links in it. */
static int check_real(const char *path, struct err *e)
{
	char dir[PATH_MAX];
	size_t n = (size_t)(strrchr(path, '/') - path);
	int at, fd, r;

	memcpy(dir, path, n);
	dir[n] = '\0';
	if ((at = safefile_open_dir(n > 0 ? dir : "/", e)) < 0)
		return at;
	fd = openat(at, path + n + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? err_errno(e, "%s", path) :
	    safefile_check(fd, SAFEFILE_PUBLIC, path, e);
	if (fd >= 0)
		(void)close(fd);
	(void)close(at);
	return r;
}

void config_trust_module(const struct config_request *q, struct config_findings *f,
    const struct pamd_line *l)
{
	char path[PAMD_PATH_MAX], real[PATH_MAX];
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
	else if (realpath(path, real) == NULL)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: the module %s is not there: libpam cannot "
		    "load it and refuses; install it, or mend its name", l->file, l->line, path);
	else if (check_real(real, &why) != 0)
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
