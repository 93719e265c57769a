#include "policy/audit/gather.h"

#include "policy/audit/sudoers.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MOST 128

struct reach {
	struct facts *f;
	char *path[FILES_MOST]; /* files, read one after the other */
	size_t count;
	const char *file; /* that is read */
	char host[HOST_NAME_MAX + 1];
};

static void add_file(struct reach *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->path[i], path) == 0)
			return;
	if (w->count == FILES_MOST)
		facts_trouble(w->f, "sudoers", "files", "more of them than are looked at");
	else if ((w->path[w->count] = strdup(path)) != NULL)
		w->count++;
	else
		w->f->failed = true;
}

/* Names in the directory's fact, a line each; the text stays while others are noted. */
static void add_dir(struct reach *w, const char *dir)
{
	char path[PATH_MAX], name[NAME_MAX + 1];
	const char *at;

	gather_dir(w->f, dir, "/"); /* no file ends so: the names alone */
	at = facts_string(w->f, "dir", dir);
	for (; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\n"), at);
		if (sudoers_takes(name) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path))
			add_file(w, path);
	}
}

/* Who the names are that somebody becomes: root may have several. */
static void note_runas(struct reach *w, const char *runas)
{
	char names[sizeof(((struct sudoers_line *)NULL)->runas)], *rest = NULL;

	(void)snprintf(names, sizeof(names), "%s", runas);
	for (char *name = strtok_r(names, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
		const struct passwd *pw;

		if (facts_get(w->f, "runas", name)->is != FACT_UNKNOWN)
			continue;
		errno = 0;
		if ((pw = getpwnam(name)) != NULL)
			facts_format(w->f, "runas", name, "uid=%u", (unsigned)pw->pw_uid);
		else if (errno == 0 || errno == ENOENT || errno == ESRCH)
			facts_none(w->f, "runas", name);
		else
			facts_trouble(w->f, "runas", name, strerror(errno));
	}
}

static int each_line(void *ctx, const struct sudoers_line *l)
{
	struct reach *w = ctx;
	char path[PATH_MAX];

	note_runas(w, l->runas);
	if (l->path == NULL || !sudoers_path(path, sizeof(path), w->file, l->path, w->host))
		return 0;
	if (l->kind == SUDOERS_INCLUDE)
		add_file(w, path);
	else
		add_dir(w, path);
	return 0;
}

void gather_sudo(struct facts *f)
{
	struct reach w = {.f = f};

	(void)gethostname(w.host, sizeof(w.host) - 1);
	w.host[strcspn(w.host, ".")] = '\0';
	gather_file(f, "/etc/nsswitch.conf", true);
	gather_file(f, SUDOERS_CONF, true);
	add_file(&w, SUDOERS_FILE);
	facts_text(f, "sudoers", "files", "", 0);
	for (size_t i = 0; i < w.count; i++) {
		w.file = w.path[i];
		gather_file(f, w.file, true);
		(void)sudoers_parse(facts_string(f, "file", w.file), each_line, &w);
	}
	for (size_t i = 0; i < w.count; i++)
		free(w.path[i]);
}
