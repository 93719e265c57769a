#include "policy/audit/pam_lines.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH 16

struct search {
	struct facts *f;
	enum pamd_type type;
	const char *module;
	struct pam_place *place;
	struct err *e;
	int depth;
	int files; /* that were read in all: a saved stack may be wide */
	size_t bytes;
};

#define FOUND 1
#define FILES_MOST 512
#define BYTES_MOST ((size_t)1 << 20)

static int search_file(struct search *s, const char *name);

static int each_line(void *ctx, const struct pamd_line *l)
{
	struct search *s = ctx;
	const char *slash = strrchr(l->module, '/');
	size_t n = 0;

	if (l->type == PAMD_ANY || (l->type == s->type && (strcasecmp(l->control, "include") == 0 ||
	    strcasecmp(l->control, "substack") == 0)))
		return search_file(s, l->module);
	if (l->type != s->type || strcmp(slash != NULL ? slash + 1 : l->module, s->module) != 0)
		return 0;
	(void)snprintf(s->place->file, sizeof(s->place->file), "%s", l->file);
	s->place->line = l->line;
	s->place->args[0] = '\0';
	for (int i = 0; i < l->argc && n < sizeof(s->place->args); i++)
		n += (size_t)snprintf(s->place->args + n, sizeof(s->place->args) - n, "%s%s",
		    i > 0 ? " " : "", l->argv[i]);
	return FOUND;
}

static int search_file(struct search *s, const char *name)
{
	char path[PAMD_PATH_MAX];
	const struct fact *x;
	int r;

	if (snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : PAM_LINES_DIR,
	    name[0] == '/' ? "" : "/", name) >= (int)sizeof(path) || s->depth >= DEPTH ||
	    ++s->files > FILES_MOST)
		return err_set(s->e, ERR_SYNTAX, "%s: includes too many files", name);
	x = facts_get(s->f, "file", path);
	if (x->is == FACT_TROUBLE)
		return err_set(s->e, ERR_UNAVAIL, "%s: %s", path, x->text);
	if (x->is != FACT_TEXT)
		return s->depth == 0 && x->is == FACT_NONE ? 0 :
		    err_set(s->e, ERR_UNAVAIL, "%s: is not among the facts", path);
	if ((s->bytes += strlen(x->text)) > BYTES_MOST)
		return err_set(s->e, ERR_SYNTAX, "%s: includes too many files", name);
	s->depth++;
	r = pamd_parse(path, x->text, strlen(x->text), each_line, s, s->e);
	s->depth--;
	return r;
}

int pam_lines_find(struct facts *f, const char *service, enum pamd_type type,
    const char *module, struct pam_place *place, struct err *e)
{
	struct search s = {.f = f, .type = type, .module = module, .place = place, .e = e};
	int r;

	*place = (struct pam_place){.line = 0};
	r = search_file(&s, service);
	return r == FOUND ? 0 : r == 0 ? ERR_NONE : r;
}
