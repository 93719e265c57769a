#include "policy/audit/pam_facts.h"

#include "enroll/language.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

const char *const pam_dirs[PAM_DIRS] = {"/etc/pam.d", "/usr/lib/pam.d"};

const char *const pam_programs[] = {"/usr/sbin/sshd", "/usr/bin/sudo", "/bin/login",
    "/usr/bin/login", NULL};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

const char *pam_module_name(const struct pamd_entry *x)
{
	return base_name(x->module);
}

static bool has_line(const char *text, const char *line)
{
	const size_t n = strlen(line);

	for (const char *at = text; *at != '\0';) {
		const size_t m = strcspn(at, "\n");

		if (m == n && strncmp(at, line, n) == 0)
			return true;
		at += m + (at[m] == '\n');
	}
	return false;
}

/* Nobody has looked at the file: it is none where its directory has no such name. */
static bool is_not_listed(struct facts *f, const char *path)
{
	const char *name = base_name(path);
	char dir[PAMD_PATH_MAX];
	const struct fact *x;

	(void)snprintf(dir, sizeof(dir), "%.*s", name > path ? (int)(name - path - 1) : 0, path);
	x = facts_get(f, "dir", dir);
	return x->is == FACT_NONE || (x->is == FACT_TEXT && !has_line(x->text, name));
}

/* Who may write what libpam reads or loads decides who gets in. */
static void judge_trust(struct facts *f, struct result *r, const char *path)
{
	const struct fact *x = facts_get(f, "trust", path);

	if (!result_untold(r, x, "trust", path) && x->text[0] != '\0')
		result_note(r, AUDIT_FAIL, N_("%s: others than root may change it: %s"), path, x->text);
}

struct reading {
	struct facts *f;
	struct result *r; /* or NULL: whether it is there is asked alone */
};

static int read_fact(void *ctx, const char *path, const char **text, size_t *len, struct err *e)
{
	const struct reading *from = ctx;
	struct facts *f = from->f;
	const struct fact *x = facts_get(f, "file", path);

	if (x->is == FACT_NONE || (x->is == FACT_UNKNOWN && is_not_listed(f, path)))
		return ERR_NONE;
	if (x->is == FACT_UNKNOWN)
		return err_set(e, ERR_UNAVAIL, "%s %s: was not looked at", "file", path);
	if (x->is == FACT_TROUBLE)
		return err_set(e, ERR_UNAVAIL, "%s %s: cannot be told: %s", "file", path, x->text);
	if (from->r != NULL)
		judge_trust(f, from->r, path);
	*text = x->text;
	*len = strlen(x->text);
	return 0;
}

static bool has_file(struct facts *f, const char *service)
{
	struct reading from = {f, NULL};
	const struct pamd_source source = {read_fact, &from};
	const struct pamd_dirs dirs = {.dir = pam_dirs[0], .fallback = pam_dirs[1],
	    .source = &source};
	char path[PAMD_PATH_MAX];

	return pamd_find(&dirs, service, path) != ERR_NONE; /* what cannot be told is told later */
}

bool pam_is_here(struct facts *f, const char *service)
{
	if (has_file(f, service))
		return true;
	for (int i = 0; pam_programs[i] != NULL; i++)
		if (strcmp(base_name(pam_programs[i]), service) == 0 &&
		    facts_get(f, "meta", pam_programs[i])->is == FACT_TEXT)
			return true;
	return false;
}

bool pam_module_path(struct facts *f, const char *module, char path[PAMD_PATH_MAX])
{
	const char *dir = facts_string(f, "pam", "modules"), *isa = strstr(module, "$ISA");
	int n;

	if (module[0] != '/' && dir[0] == '\0')
		return false;
	if (module[0] != '/')
		n = snprintf(path, PAMD_PATH_MAX, "%s/%s", dir, module);
	else if (isa != NULL) /* as libpam is built on Debian and RHEL */
		n = snprintf(path, PAMD_PATH_MAX, "%.*s.%s", (int)(isa - module), module, isa + 4);
	else
		n = snprintf(path, PAMD_PATH_MAX, "%s", module);
	return n < PAMD_PATH_MAX;
}

/* A name alone is found in the directory of modules; a path may be any file of our name. */
static void judge_place(struct facts *f, struct result *r, struct pamd_entry *x, const char *path)
{
	char usual[PAMD_PATH_MAX] = "";
	const struct fact *here = facts_get(f, "real", path);
	const struct fact *ours;

	if (!x->ours || x->module[0] != '/' || x->missing)
		return;
	(void)pam_module_path(f, PAMD_OURS, usual);
	ours = facts_get(f, "real", usual);
	if (result_untold(r, here, "real", path) || result_untold(r, ours, "real", usual) ||
	    (here->is == FACT_TEXT && ours->is == FACT_TEXT && strcmp(here->text, ours->text) == 0))
		return;
	result_note(r, AUDIT_WARN, N_("%s:%d: %s is another file than %s: not taken for ours"), x->file,
	    x->line, x->module, usual);
	x->ours = x->after_password = x->need_auth = false;
	x->role = PAMD_OTHER;
}

static void find_modules(struct facts *f, struct result *r, struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++) {
		struct pamd_entry *x = &s->entry[i];
		char path[PAMD_PATH_MAX];
		const struct fact *m;

		if (x->role == PAMD_SUBSTACK)
			continue;
		if (!pam_module_path(f, x->module, path)) {
			result_note(r, AUDIT_ERROR, N_("%s:%d: where the module %s is cannot be told"),
			    x->file, x->line, x->module);
			continue;
		}
		m = facts_get(f, "meta", path);
		x->missing = m->is == FACT_NONE;
		if (!result_untold(r, m, "meta", path) && !x->missing)
			judge_trust(f, r, path);
		judge_place(f, r, x, path);
	}
}

static int load(struct reading *from, struct pamd_stack *s, const char *service,
    enum pamd_type type, bool *other, struct err *e)
{
	const struct pamd_source source = {read_fact, from};
	const struct pamd_dirs dirs = {.dir = pam_dirs[0], .fallback = pam_dirs[1],
	    .source = &source};

	return pamd_stack_load_or_other(s, &dirs, service, type, other, e);
}

int pam_load_lines(struct facts *f, struct pamd_stack *s, const char *service, enum pamd_type type,
    bool *other, struct err *e)
{
	return load(&(struct reading){f, NULL}, s, service, type, other, e);
}

int pam_load(struct facts *f, struct result *r, struct pamd_stack *s, const char *service,
    enum pamd_type type, bool *other, struct err *e)
{
	int code = load(&(struct reading){f, r}, s, service, type, other, e);

	if (code == 0)
		find_modules(f, r, s);
	return code;
}

/* ---- words and settings ---- */

struct search {
	const struct pamd_entry *entry;
	const char *word;
	char *value;
	bool found;
};

static int look(void *ctx, const struct pamd_line *l)
{
	struct search *s = ctx;
	const size_t n = strlen(s->word);
	const bool begins = n > 0 && s->word[n - 1] == '=';

	if (l->line != s->entry->line)
		return 0;
	for (int i = 0; i < l->argc; i++) {
		if (begins ? strncmp(l->argv[i], s->word, n) != 0 : strcmp(l->argv[i], s->word) != 0)
			continue;
		s->found = true;
		if (s->value != NULL)
			(void)snprintf(s->value, 64, "%s", l->argv[i] + n);
	}
	return 1;
}

bool pam_has_word(struct facts *f, const struct pamd_entry *x, const char *word, char value[64])
{
	const char *text = facts_string(f, "file", x->file);
	struct search s = {x, word, value, false};

	(void)pamd_parse(x->file, text, strlen(text), look, &s, NULL);
	return s.found;
}

bool pam_setting(struct facts *f, const char *path, const char *key, char value[64])
{
	const size_t n = strlen(key);
	bool found = false;

	for (const char *at = facts_string(f, "file", path); *at != '\0';) {
		const size_t m = strcspn(at, "\n");
		const char *s = at + strspn(at, " \t");
		const char *rest = s + n;

		at += m + (at[m] == '\n');
		if (strncmp(s, key, n) != 0 || strchr(" \t=\n", *rest) == NULL)
			continue;
		rest += strspn(rest, " \t");
		rest += *rest == '=';
		rest += strspn(rest, " \t");
		(void)snprintf(value, 64, "%.*s", (int)strcspn(rest, " \t\r\n#"), rest);
		found = true; /* the last one counts */
	}
	return found;
}

/* ---- ways ---- */

static void note_left_out(struct result *r, enum audit_status status,
    const struct pamd_stack *s, int from, int to)
{
	for (int i = from; i < to; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			result_note(r, status, N_("    %s:%d: %s: is not run"), s->entry[i].file,
			    s->entry[i].line, pam_module_name(&s->entry[i]));
}

void pam_note_way(struct result *r, enum audit_status status, const struct pamd_stack *s,
    const struct pamd_trace *t)
{
	int next = 0;

	for (int i = 0; i < t->count; i++) {
		const struct pamd_entry *x = &s->entry[t->pass[i].at];

		note_left_out(r, status, s, next, t->pass[i].at);
		result_note(r, status, N_("    %s:%d: %s: answers %s"), x->file, x->line,
		    pam_module_name(x), pamd_code_name(t->pass[i].code));
		next = t->pass[i].at + 1;
	}
	note_left_out(r, status, s, next, s->count);
}
