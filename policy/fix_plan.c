#include "policy/fix_plan.h"

#include "policy/audit/eic.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/unit.h"
#include "policy/fix_options.h"
#include "policy/fix_pair.h"
#include "policy/fix_pin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEYS 256    /* lines of sshd's configuration about commands for keys */
#define DEPTH 16    /* of includes, as sshd's */
#define PARTS 1000  /* files of a configuration */

struct planning {
	struct facts *f;
	struct fix_plan *p;
	struct err *e;
	int r;
	struct fix_key_line key[KEYS];
	size_t count;
};

void fix_plan_free(struct fix_plan *p)
{
	for (int i = 0; i < p->count; i++) {
		buffer_free(&p->file[i].file.old);
		buffer_free(&p->file[i].file.new);
	}
	buffer_free(&p->left);
	free(p->mode);
	memset(p, 0, sizeof(*p));
}

static const char *const names[] = {"EIC", "EIC-11", "MFA-13", "KEY-09"};

const char *fix_name(enum fix_what what)
{
	return names[what];
}

bool fix_of_name(const char *name, enum fix_what *what)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*what = (enum fix_what)i;
			return true;
		}
	return false;
}

bool fix_plan_is_empty(const struct fix_plan *p)
{
	return p->count == 0 && p->packages == 0 && p->account[0] == '\0' && p->modes == 0;
}

bool fix_plan_restarts(const struct fix_plan *p)
{
	bool others = p->packages > 0 || p->account[0] != '\0';

	for (int i = 0; i < p->count; i++)
		others = others || strcmp(p->file[i].file.path, FIX_PIN_PATH) != 0;
	return p->what == FIX_EIC && others;
}

struct fix_file *fix_plan_file(struct fix_plan *p, const char *path)
{
	struct fix_file *x;

	for (int i = 0; i < p->count; i++)
		if (strcmp(p->file[i].file.path, path) == 0)
			return &p->file[i];
	x = &p->file[p->count];
	if (p->count == FIX_FILES ||
	    snprintf(x->file.path, sizeof(x->file.path), "%s", path) >= (int)sizeof(x->file.path))
		return NULL;
	p->count++;
	return x;
}

void fix_plan_leave(struct fix_plan *p, const char *path, size_t line, const char *text)
{
	if (line > 0)
		buffer_format(&p->left, "%s:%zu: %.400s\n", path, line, text);
	else
		buffer_format(&p->left, "%s: %.400s\n", path, text);
}

static void fail(struct planning *g, int code, const char *kind, const char *name)
{
	if (g->r != 0)
		return;
	g->r = code == ERR_UNKNOWN ?
	    err_set(g->e, code, "%s %s: it could not be told, so nothing is changed", kind, name) :
	    err_set(g->e, code, "%s %s: more than is put right at once", kind, name);
}

/* As fix_plan_file(); NULL has been noted. */
static struct fix_file *add_file(struct planning *g, const char *path)
{
	struct fix_file *x = fix_plan_file(g->p, path);

	if (x == NULL)
		fail(g, ERR_REFUSED, "file", path);
	return x;
}

/* With its text where the facts have it, to be shown. */
static void remove_file(struct planning *g, const char *path)
{
	struct fix_file *to = add_file(g, path);

	if (to != NULL && !to->file.will && to->file.old.len == 0)
		buffer_text(&to->file.old, facts_string(g->f, "file", path));
}

static bool is_link(struct planning *g, const char *path)
{
	return strncmp(facts_string(g->f, "meta", path), "link ", 5) == 0;
}

/* What a link leads to may be many programs' file: whoever made it edits it. */
static void edit_file(struct planning *g, const struct fact *x, const struct buffer *text)
{
	struct fix_file *to = add_file(g, x->name);

	if (is_link(g, x->name) && g->r == 0)
		g->r = err_set(g->e, ERR_REFUSED, "%s: is a link; put a file of its own there, or edit what it "
		    "leads to by hand", x->name);

	if (to == NULL || to->file.will)
		return;
	to->file.will = true;
	buffer_text(&to->file.old, x->text);
	buffer_add(&to->file.new, buffer_string(text), text->len);
}

static void leave(struct planning *g, const char *path, size_t line, const char *text)
{
	fix_plan_leave(g->p, path, line, text);
}

/* ---- sshd's configuration ---- */

static bool is_command(struct fix_key_line *to, const char *key)
{
	static const char *const keys[] = {"AuthorizedKeysCommand", "AuthorizedKeysCommandUser",
	    "AuthorizedPrincipalsCommand", "AuthorizedPrincipalsCommandUser"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(key, keys[i]) == 0) {
			to->principals = i >= 2;
			to->user = i % 2 == 1;
			return true;
		}
	return false;
}

/* The name in the facts outlives the walk. */
static const char *name_of(struct planning *g, const char *file)
{
	return file != NULL ? facts_get(g->f, "file", file)->name : NULL;
}

static int see_line(void *ctx, const struct sshd_line *l)
{
	struct planning *g = ctx;
	struct fix_key_line x = {.file = name_of(g, l->file), .line = l->line,
	    .match_file = name_of(g, l->match_file), .match_line = l->match_line,
	    .named = eic_is_named(l->value)};

	if (!is_command(&x, l->key)) {
		if (x.named && strcasecmp(l->key, "Include") != 0)
			leave(g, l->file, l->line, l->key);
		return 0;
	}
	for (size_t i = 0; i < g->count; i++)
		if (g->key[i].line == x.line && g->key[i].file == x.file)
			return 0;
	if (g->count == KEYS)
		fail(g, ERR_REFUSED, "file", l->file);
	else
		g->key[g->count++] = x;
	return 0;
}

static void untold(void *ctx, const char *kind, const char *name)
{
	fail(ctx, ERR_UNKNOWN, kind, name);
}

static bool is_dropped(const struct planning *g, const char *file, size_t line)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->key[i].goes && g->key[i].line == line && strcmp(g->key[i].file, file) == 0)
			return true;
	return false;
}

/* Whether there are but blanks and comments. */
static bool is_bare(const char *text)
{
	while (*text != '\0') {
		const char first = text[strspn(text, " \t\r")];

		if (first != '#' && first != '\n' && first != '\0')
			return false;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return true;
}

static void drop_lines(struct planning *g, const char *file)
{
	const struct fact *x = facts_get(g->f, "file", file);
	const char *name = strrchr(file, '/') + 1;
	struct buffer text = {0};
	size_t line = 0;

	for (const char *p = x->text; *p != '\0';) {
		const size_t n = strcspn(p, "\n"), whole = n + (p[n] == '\n');

		if (!is_dropped(g, file, ++line))
			buffer_add(&text, p, whole);
		p += whole;
	}
	if (strstr(name, EIC_NAME) != NULL && is_bare(buffer_string(&text)))
		remove_file(g, file);
	else
		edit_file(g, x, &text);
	if (text.failed)
		g->r = err_set(g->e, ERR_SYSTEM, "out of memory");
	buffer_free(&text);
}

/* Both lines of a pair at once: one without the other shuts everybody out. */
static void pair_lines(struct planning *g)
{
	const struct fix_key_line *x = fix_pair(g->key, g->count);

	if (x != NULL && g->r == 0)
		g->r = err_set(g->e, ERR_REFUSED, "%s:%zu: this command for keys runs as the user of EC2 "
		    "Instance Connect, or as none; give it one of its own", x->file, x->line);
}

static bool is_planned(const struct fix_plan *p, const char *path)
{
	for (int i = 0; i < p->count; i++)
		if (strcmp(p->file[i].file.path, path) == 0)
			return true;
	return false;
}

/* The files that lose a command, or the user of one. */
static void plan_parts(struct planning *g, bool user)
{
	for (size_t i = 0; i < g->count && g->r == 0; i++)
		if (g->key[i].goes && g->key[i].user == user && !is_planned(g->p, g->key[i].file))
			drop_lines(g, g->key[i].file);
}

static void plan_config(struct planning *g)
{
	const struct sshd_lines l = {g->f, see_line, untold, g};

	if (facts_get(g->f, "file", SSHD_LINES_MAIN)->is == FACT_NONE)
		return;
	if (sshd_lines(&l, SSHD_LINES_MAIN) != 0)
		fail(g, ERR_UNKNOWN, "file", SSHD_LINES_MAIN);
	pair_lines(g);
}

/* ---- units and options ---- */

/* The first line that counts and names it, from 1 on; 0: none.  *own: there are others
 * than heads and the commands that start sshd. */
static size_t find_line(const char *text, bool *own)
{
	size_t line = 0, found = 0;

	*own = false;
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n"), blanks = strspn(text, " \t");
		const char first = text[blanks];
		char one[2000];

		line++;
		(void)snprintf(one, sizeof(one), "%.*s", (int)(n - blanks < 1990 ? n - blanks : 1990),
		    text + blanks);
		text += n + (text[n] == '\n');
		if (first == '#' || first == ';' || first == '\n' || first == '\0')
			continue;
		if (eic_is_named(one))
			found = found == 0 ? line : found;
		*own = *own || n - blanks >= 1990 || (first != '[' && strncmp(one, "ExecStart=", 10) != 0);
	}
	return found;
}

/* A word of a start that the package writes, too: the program, -D, or a variable. */
static bool is_usual(const char *word)
{
	const char *name = strrchr(word, '/');

	return word[0] == '$' || strcmp(word, "-D") == 0 || (name != NULL && strcmp(name, "/sshd") == 0);
}

/* Whether a text without what names it has starts of sshd alone that anybody's would be. */
static bool is_plain(const char *text)
{
	char word[300];

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		char line[2000];
		const char *at = line;

		text += strspn(text, " \t");
		if (strncmp(text, "ExecStart=", 10) != 0)
			continue;
		(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(text + 10, "\n"), text + 10);
		while (sshd_lines_word(&at, word, sizeof(word)))
			if (!is_usual(word))
				return false;
	}
	return true;
}

/* One that starts sshd as the package's does goes; of one that does more, which is somebody's
 * work, what names it. */
static void plan_dropin(struct planning *g, const struct fact *x, size_t line, bool own)
{
	struct buffer text = {0};
	bool other;

	fix_options(x->text, &text);
	if (text.failed)
		g->r = err_set(g->e, ERR_SYSTEM, "out of memory");
	else if (find_line(buffer_string(&text), &other) != 0)
		leave(g, x->name, line, "ExecStart");
	else if (!own && is_plain(buffer_string(&text)))
		remove_file(g, x->name);
	else
		edit_file(g, x, &text);
	buffer_free(&text);
}

static void plan_unit_file(struct planning *g, const struct fact *x)
{
	const char *name = strrchr(x->name, '/');
	bool own = false;
	const size_t line = x->is == FACT_TEXT ? find_line(x->text, &own) : 0;

	if (x->is == FACT_TROUBLE)
		fail(g, ERR_UNKNOWN, "file", x->name);
	if (line == 0)
		return;
	if (name - x->name > 2 && strncmp(name - 2, ".d", 2) == 0)
		plan_dropin(g, x, line, own);
	else if (strstr(name, EIC_NAME) != NULL)
		remove_file(g, x->name);
	else
		leave(g, x->name, line, "ExecStart");
}

static void plan_options(struct planning *g, const char *path)
{
	const struct fact *x = facts_get(g->f, "file", path);
	struct buffer text = {0};
	bool own;
	size_t line;

	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
		fail(g, ERR_UNKNOWN, "file", path);
	if (x->is != FACT_TEXT || (line = find_line(x->text, &own)) == 0)
		return;
	fix_options(x->text, &text);
	if (text.failed)
		g->r = err_set(g->e, ERR_SYSTEM, "out of memory");
	else if (find_line(buffer_string(&text), &own) != 0)
		leave(g, path, line, "options");
	else
		edit_file(g, x, &text);
	buffer_free(&text);
}

static void plan_units(struct planning *g)
{
	char prefix[200];

	for (size_t i = 0; unit_dir(i) != NULL; i++) {
		const struct fact *x = NULL;

		(void)snprintf(prefix, sizeof(prefix), "%s/", unit_dir(i));
		while ((x = facts_next(g->f, "file", prefix, x)) != NULL)
			plan_unit_file(g, x);
	}
	plan_options(g, "/etc/default/ssh");
	plan_options(g, "/etc/sysconfig/sshd");
}

/* ---- package, scripts, leftovers ---- */

/* The third word of a state: what somebody wants of it is the first. */
static bool is_state(const char *state, const char *third)
{
	const size_t n = strcspn(state, "\n"), m = strlen(third);

	return n > m && state[n - m - 1] == ' ' && strncmp(state + n - m, third, m) == 0;
}

static void plan_package(struct planning *g, const char *name)
{
	const struct fact *x = facts_get(g->f, "package", name);
	const char *state = strchr(x->text, '\n'), *version;
	struct fix_package *to = &g->p->package[g->p->packages];

	if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
		return fail(g, ERR_UNKNOWN, "package", name);
	if (x->is == FACT_NONE || state == NULL)
		return;
	if (is_state(++state, "not-installed"))
		return;
	version = state + strcspn(state, "\n");
	version += *version == '\n';
	to->rpm = strncmp(x->text, "rpm\n", 4) == 0;
	if (strncmp(state, "hold ", 5) == 0 && g->r == 0)
		g->r = err_set(g->e, ERR_REFUSED, "package %s: it is held; `apt-mark unhold %s` first", name,
		    name);
	to->installed = is_state(state, "installed");
	(void)snprintf(to->name, sizeof(to->name), "%s", name);
	(void)snprintf(to->version, sizeof(to->version), "%.*s", (int)strcspn(version, " \n"), version);
	g->p->packages++;
}

static void plan_scripts(struct planning *g)
{
	const struct fact *x = NULL;

	for (size_t i = 0; eic_script(i) != NULL; i++) {
		x = facts_get(g->f, "meta", eic_script(i));
		if (x->is == FACT_UNKNOWN || x->is == FACT_TROUBLE)
			fail(g, ERR_UNKNOWN, "meta", eic_script(i));
		else if (x->is == FACT_TEXT)
			remove_file(g, eic_script(i));
	}
	if (facts_get(g->f, "leftovers", EIC_NAME)->is != FACT_TEXT)
		fail(g, ERR_UNKNOWN, "leftovers", EIC_NAME);
	for (x = NULL; (x = facts_next(g->f, "leftover", "", x)) != NULL;) {
		if (strstr(x->name, "/selinux/") != NULL)
			leave(g, x->name, 0, "semodule -r " EIC_NAME);
		else if (strcmp(x->text, "dir") == 0)
			leave(g, x->name, 0, "directory");
		else
			remove_file(g, x->name);
	}
}

/* The value of "key=value" among the words of a fact, "-" for none. */
static void value_of(const char *text, const char *key, char value[200])
{
	const size_t n = strlen(key);

	(void)snprintf(value, 200, "-");
	for (; *text != '\0'; text += strcspn(text, " \n"), text += strspn(text, " \n"))
		if (strncmp(text, key, n) == 0 && text[n] == '=' && strcspn(text + n + 1, " \n") > 0)
			(void)snprintf(value, 200, "%.*s", (int)strcspn(text + n + 1, " \n"), text + n + 1);
}

/* Only one that nobody can log in to. */
static void plan_account(struct planning *g)
{
	const struct fact *x = facts_get(g->f, "account", EIC_NAME);
	char uid[200], gid[200], home[200], shell[200];

	if (x->is != FACT_TEXT)
		return;
	value_of(x->text, "uid", uid);
	value_of(x->text, "gid", gid);
	value_of(x->text, "home", home);
	value_of(x->text, "shell", shell);
	if (strtoul(uid, NULL, 10) < 1 || strtoul(uid, NULL, 10) >= 1000 ||
	    (strstr(shell, "/nologin") == NULL && strstr(shell, "/false") == NULL))
		leave(g, "/etc/passwd", 0, EIC_NAME);
	else
		(void)snprintf(g->p->account, sizeof(g->p->account), "%.20s %.20s %s %s", uid, gid, home,
		    shell);
}

int fix_plan_eic(struct facts *f, struct fix_plan *p, struct err *e)
{
	struct planning *g = calloc(1, sizeof(*g));
	int r;

	if (g == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	g->f = f, g->p = p, g->e = e;
	plan_config(g);
	/* A command without its user is what no sshd starts with, and an option may be one. */
	plan_parts(g, false);
	plan_units(g);
	plan_parts(g, true);
	plan_package(g, EIC_NAME);
	plan_package(g, EIC_NAME "-selinux");
	plan_scripts(g);
	plan_account(g);
	p->what = FIX_EIC;
	if (g->r == 0)
		g->r = fix_pin_plan(f, p, e);
	r = g->r == 0 && p->left.failed ? err_set(e, ERR_SYSTEM, "out of memory") : g->r;
	for (int i = 0; i < p->count && r == 0; i++)
		if (p->file[i].file.old.failed || p->file[i].file.new.failed)
			r = err_set(e, ERR_SYSTEM, "out of memory");
	free(g);
	return r;
}

/* ---- the configuration as it will be ---- */

static const char *text_of(const struct fix_future *q, const char *path)
{
	const struct fix_plan *p = q->plan;

	for (int i = 0; i < p->count; i++)
		if (strcmp(p->file[i].file.path, path) == 0)
			return p->file[i].file.will ? buffer_string(&p->file[i].file.new) : NULL;
	return facts_get(q->facts, "file", path)->is == FACT_TEXT ?
	    facts_string(q->facts, "file", path) : NULL;
}

static int put_part(struct fix_future *q, const char *path, int depth, struct err *e);

/* The words of an Include, each as the files that it stands for. */
static int put_include(struct fix_future *q, const char *value, struct buffer *out, int depth,
    struct err *e)
{
	char pattern[PATH_MAX], name[PATH_MAX + 16], path[PATH_MAX];
	int r = 0;

	while (r >= 0 && sshd_lines_word(&value, pattern, sizeof(pattern))) {
		(void)snprintf(name, sizeof(name), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern);
		for (const char *p = facts_string(q->facts, "glob", name); *p != '\0' && r >= 0;) {
			const size_t n = strcspn(p, "\n");
			const int number = q->next;

			(void)snprintf(path, sizeof(path), "%.*s", (int)(n < sizeof(path) ? n : 0), p);
			p += n + (p[n] == '\n');
			if (text_of(q, path) == NULL)
				continue;
			buffer_format(out, "Include %s/%d\n", q->dir, number);
			r = put_part(q, path, depth + 1, e);
		}
	}
	return r;
}

static int put_part(struct fix_future *q, const char *path, int depth, struct err *e)
{
	const char *text = text_of(q, path);
	const int number = q->next++;
	struct buffer out = {0};
	int r = 0;

	if (depth > DEPTH || q->next > PARTS)
		return err_set(e, ERR_UNKNOWN, "%s: more includes than sshd follows", path);
	while (text != NULL && *text != '\0' && r == 0) {
		const size_t n = strcspn(text, "\n"), blanks = strspn(text, " \t");
		char line[4096];

		(void)snprintf(line, sizeof(line), "%.*s", (int)(n - blanks < 4095 ? n - blanks : 4095),
		    text + blanks);
		line[strcspn(line, "\r")] = '\0';
		if (strncasecmp(line, "Include", 7) == 0 && strchr(" \t=", line[7]) != NULL)
			r = put_include(q, line + 7 + strspn(line + 7, " \t="), &out, depth, e);
		else
			buffer_add(&out, text, n + (text[n] == '\n'));
		text += n + (text[n] == '\n');
	}
	if (r == 0 && out.failed)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0)
		r = q->put(q->ctx, number, &out, e);
	buffer_free(&out);
	return r;
}

int fix_plan_future(struct fix_future *q, struct err *e)
{
	q->next = 0;
	return put_part(q, SSHD_LINES_MAIN, 0, e);
}
