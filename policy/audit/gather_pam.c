#include "policy/audit/gather.h"

#include "policy/audit/pam_facts.h"
#include "policy/config_trust.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILES_MOST 1024 /* with what absolute includes add */

struct reach {
	struct facts *f;
	char *path[FILES_MOST];
	size_t count;
};

static bool add_path(struct reach *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->path[i], path) == 0)
			return false;
	if (w->count == FILES_MOST || (w->path[w->count] = strdup(path)) == NULL) {
		w->f->failed = true;
		return false;
	}
	w->count++;
	return true;
}

/* What is loaded through the path at last, and who else than root may change that. */
static void note_trust(struct facts *f, const char *path)
{
	char real[PATH_MAX];
	struct err e = {0};
	const int r = config_trust_file(path, &e);

	if (r == 0 || r == ERR_UNSAFE || r == ERR_BAD)
		facts_text(f, "trust", path, e.text, r == 0 ? 0 : strlen(e.text));
	else if (r == ERR_NONE)
		facts_none(f, "trust", path);
	else
		facts_trouble(f, "trust", path, e.text);
	if (realpath(path, real) != NULL)
		facts_text(f, "real", path, real, strlen(real));
	else
		facts_none(f, "real", path);
}

/* A link to nothing is no module either. */
static void note_module(struct facts *f, const char *name)
{
	char path[PAMD_PATH_MAX];

	if (!pam_module_path(f, name, path) || facts_get(f, "meta", path)->is != FACT_UNKNOWN)
		return;
	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		facts_none(f, "meta", path);
	else
		gather_file(f, path, false);
	note_trust(f, path);
}

static int each_line(void *ctx, const struct pamd_line *l)
{
	struct reach *w = ctx;
	const bool includes = l->type == PAMD_ANY || strcasecmp(l->control, "include") == 0 ||
	    strcasecmp(l->control, "substack") == 0;

	for (int i = 0; !includes && i < l->argc; i++) /* of pam_faillock */
		if (strncmp(l->argv[i], "conf=/", 6) == 0 && strstr(l->module, "pam_faillock.so") != NULL)
			gather_file(w->f, l->argv[i] + 5, true);
	if (!includes)
		note_module(w->f, l->module);
	else if (l->module[0] == '/' && add_path(w, l->module))
		gather_file(w->f, l->module, true);
	return 0;
}

/* What the lines of all files name: the list grows meanwhile. */
static void follow(struct reach *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct fact *x = facts_get(w->f, "file", w->path[i]);
		const char *text = x->text; /* stays where it is while others are noted */

		if (x->is == FACT_TEXT)
			(void)pamd_parse(w->path[i], text, strlen(text), each_line, w, NULL);
	}
}

void gather_pam(struct facts *f)
{
	static const char *const beside[] = {"/etc/security/faillock.conf",
	    "/etc/security/pwquality.conf", PAM_OUR_CONF};
	struct reach w = {.f = f};
	char modules[PAMD_PATH_MAX];

	config_module_dir(modules);
	facts_text(f, "pam", "modules", modules, strlen(modules));
	for (int i = 0; i < PAM_DIRS; i++) {
		const struct fact *x = NULL;

		gather_dir(f, pam_dirs[i], "");
		while ((x = facts_next(f, "file", pam_dirs[i], x)) != NULL)
			(void)add_path(&w, x->name);
	}
	follow(&w);
	note_module(f, PAMD_OURS);
	for (size_t i = 0; i < w.count; i++)
		note_trust(f, w.path[i]);
	gather_dir(f, "/etc/security/pwquality.conf.d", ".conf");
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		gather_file(f, beside[i], true);
	for (int i = 0; pam_programs[i] != NULL; i++)
		gather_file(f, pam_programs[i], false);
	for (size_t i = 0; i < w.count; i++)
		free(w.path[i]);
}
