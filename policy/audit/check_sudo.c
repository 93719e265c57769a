#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/sudoers.h"
#include "policy/audit/words.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH 16
#define FILES_MOST 256
#define BYTES_MOST ((size_t)4 << 20) /* in all: a saved file may include itself */

struct look {
	struct facts *f;
	struct result *r;
	const char *file;
	char host[256];
	int depth, files;
	size_t bytes;
	bool any;
};

static void look_at(struct look *w, const char *file);

static void look_in(struct look *w, const char *dir)
{
	const struct fact *x = facts_get(w->f, "dir", dir);
	char path[PATH_MAX], name[NAME_MAX + 1];

	if (result_untold(w->r, x, "dir", dir))
		return;
	for (const char *at = x->text; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\n"), at);
		if (sudoers_takes(name) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path))
			look_at(w, path);
	}
}

/* Whether one of the names that stand for somebody else is root's too. */
static bool names_root(struct look *w, const struct sudoers_line *l)
{
	char names[sizeof(l->runas)], *rest = NULL;
	bool root = false;

	(void)snprintf(names, sizeof(names), "%s", l->runas);
	for (char *name = strtok_r(names, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
		const struct fact *x = facts_get(w->f, "runas", name);

		/* Nobody becomes one that there is not. */
		if (!result_untold(w->r, x, "runas", name) && x->is == FACT_TEXT)
			root = root || words_number(x->text, "uid") <= 0;
	}
	return root;
}

static void judge_rule(struct look *w, const struct sudoers_line *l)
{
	const bool root = names_root(w, l);

	if (l->harmless && !root)
		return;
	if (l->limited && !root)
		result_note(w->r, AUDIT_WARN, N_("%s:%d: %s: these commands are run without a code"), w->file,
		    l->line, l->text);
	else
		result_note(w->r, AUDIT_FAIL, N_("%s:%d: %s: becomes root without a code"), w->file, l->line,
		    l->text);
	w->any = true;
}

static int each_line(void *ctx, const struct sudoers_line *l)
{
	struct look *w = ctx;
	const char *file = w->file;
	char path[PATH_MAX];

	if (l->kind == SUDOERS_UNASKED) {
		const bool scoped = l->scoped && !names_root(w, l);

		result_note(w->r, scoped ? AUDIT_WARN : AUDIT_FAIL,
		    N_("%s:%d: %s: nobody is asked"), file, l->line, l->text);
		w->any = true;
	}
	if (l->kind == SUDOERS_ONCE) {
		result_note(w->r, AUDIT_WARN, N_("%s:%d: %s: who was asked once is not asked again"), file,
		    l->line, l->text);
		w->any = true;
	}
	if (l->kind == SUDOERS_RULE)
		judge_rule(w, l);
	if (l->path == NULL)
		return 0;
	if (!sudoers_path(path, sizeof(path), file, l->path, w->host))
		result_note(w->r, AUDIT_ERROR, N_("%s:%d: the path is too long"), file, l->line);
	else if (l->kind == SUDOERS_INCLUDE)
		look_at(w, path);
	else
		look_in(w, path);
	w->file = file;
	return 0;
}

static void look_at(struct look *w, const char *file)
{
	const struct fact *x = facts_get(w->f, "file", file);

	if (result_untold(w->r, x, "file", file))
		return;
	w->bytes += strlen(x->text);
	if (w->depth == DEPTH || ++w->files > FILES_MOST || w->bytes > BYTES_MOST) {
		result_note(w->r, AUDIT_ERROR, N_("%s: includes too many files"), file);
		return;
	}
	w->depth++;
	w->file = file;
	if (sudoers_parse(x->text, each_line, w) != 0)
		result_note(w->r, AUDIT_ERROR, N_("%s: a line is too long"), file);
	w->depth--;
}

/* Rules of sss or ldap are in no file: "sudoers: files sss" of nsswitch.conf(5). */
static void judge_sources(struct look *w)
{
	static const char path[] = "/etc/nsswitch.conf", key[] = "sudoers:";
	const struct fact *x = facts_get(w->f, "file", path);
	const char *at = x->text;
	char words[256];

	if (result_untold(w->r, x, "file", path))
		return;
	for (int line = 1; *at != '\0'; line++, at += strcspn(at, "\n"), at += *at == '\n') {
		const char *text = at + strspn(at, " \t");

		if (strncmp(text, key, sizeof(key) - 1) != 0)
			continue;
		text += sizeof(key) - 1;
		(void)snprintf(words, sizeof(words), "%.*s", (int)strcspn(text, "#\n"), text);
		for (char *rest = NULL, *word = strtok_r(words, " \t\r", &rest); word != NULL;
		     word = strtok_r(NULL, " \t\r", &rest))
			if (word[0] != '[' && strcmp(word, "files") != 0)
				result_note(w->r, AUDIT_ERROR, N_("%s:%d: sudoers: %s: rules that are in no file "
				    "cannot be told"), path, line, word);
	}
}

/* "Plugin sudoers_policy sudoers.so sudoers_file=/srv/sudoers", or another plugin in the place
 * of sudoers, of sudo.conf(5). */
static void judge_plugins(struct look *w)
{
	static const char key[] = "Plugin", file[] = "sudoers_file=";
	const struct fact *x = facts_get(w->f, "file", SUDOERS_CONF);
	const char *at = x->text;

	if (result_untold(w->r, x, "file", SUDOERS_CONF))
		return;
	for (int line = 1; *at != '\0'; line++, at += strcspn(at, "\n"), at += *at == '\n') {
		char words[1024], *save = NULL, *word;
		bool policy = false; /* others stand beside it: audit, approval, input and output */

		(void)snprintf(words, sizeof(words), "%.*s", (int)strcspn(at, "#\n"), at);
		if ((word = strtok_r(words, " \t", &save)) == NULL || strcasecmp(word, key) != 0)
			continue;
		for (int i = 1; (word = strtok_r(NULL, " \t", &save)) != NULL; i++) {
			policy = policy || (i == 1 && strstr(word, "policy") != NULL);
			if ((i == 2 && policy && strncmp(word, "sudoers.", 8) != 0 && strstr(word, "/sudoers.") == NULL) ||
			    (strncmp(word, file, sizeof(file) - 1) == 0 &&
			    strcmp(word + sizeof(file) - 1, SUDOERS_FILE) != 0))
				result_note(w->r, AUDIT_ERROR, N_("%s:%d: %s: rules of another place than %s cannot "
				    "be told"), SUDOERS_CONF, line, word, SUDOERS_FILE);
		}
	}
}

static void check_sudo(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct look w = {.f = f, .r = r};
	const struct fact *x = facts_get(f, "file", SUDOERS_FILE);

	(void)rules;
	if (result_untold(r, facts_get(f, "sudoers", "files"), "sudoers", "files") ||
	    result_untold(r, x, "file", SUDOERS_FILE))
		return;
	if (x->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("%s: does not exist"), SUDOERS_FILE);
		return;
	}
	(void)snprintf(w.host, sizeof(w.host), "%.*s",
	    (int)strcspn(facts_string(f, "host", "name"), "."), facts_string(f, "host", "name"));
	judge_sources(&w);
	judge_plugins(&w);
	look_at(&w, SUDOERS_FILE);
	if (!w.any)
		result_note(r, AUDIT_PASS, N_("%s: %d files, no NOPASSWD and no !authenticate"), SUDOERS_FILE,
		    w.files);
}

static const struct audit_check checks[] = {
    {.id = "MFA-17", .severity = AUDIT_HIGH, .title = "sudo asks everybody",
        .title_ko = "sudo 인증 생략 금지", .guide = "1", .isms_p = "~2.5.5",
        .rule = N_("no rule of sudoers lets somebody become root by NOPASSWD or !authenticate; WARN "
        "where it names single commands"), .fix = N_("`visudo -f FILE`: take NOPASSWD and "
        "!authenticate out of the line"), .rollback = N_("`visudo -f FILE`: put the line back"),
        .run = check_sudo},
};

const struct audit_group audit_sudo = {checks, sizeof(checks) / sizeof(checks[0])};
