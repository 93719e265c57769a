#include "policy/audit/pam_services.h"

#include "enroll/language.h"
#include "policy/audit/sshd_source.h"
#include "policy/audit/sudoers.h"
#include "policy/sshd_said.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 16
#define FILES_MOST 256
#define BYTES_MOST ((size_t)4 << 20) /* as of MFA-17 */

struct look {
	struct facts *f;
	struct result *r;
	struct pam_services *out;
	const char *file;
	char host[256];
	int depth, files;
	size_t bytes;
};

/* The name of a file: with a slash it would be another directory's. */
static bool is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strpbrk(name, "/ \t\"'\\") == NULL;
}

/* libpam makes a name small before it looks for its file. */
static void make_small(char *out, const char *name)
{
	size_t n = 0;

	for (; name[n] != '\0' && n + 1 < PAM_SERVICE; n++)
		out[n] = name[n] >= 'A' && name[n] <= 'Z' ? (char)(name[n] - 'A' + 'a') : name[n];
	out[n] = '\0';
}

static void add(struct result *r, struct pam_services *out, const char *as_written, bool sshd,
    bool named)
{
	char name[PAM_SERVICE];

	make_small(name, as_written);
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->item[i].name, name) == 0) {
			out->item[i].sshd = out->item[i].sshd || sshd;
			out->item[i].named = out->item[i].named || named;
			return;
		}
	if (out->count == PAM_SERVICES || !is_name(name) || strlen(as_written) >= PAM_SERVICE) {
		result_note(r, AUDIT_ERROR, N_("service %s: is not looked at"), as_written);
		return;
	}
	(void)snprintf(out->item[out->count].name, PAM_SERVICE, "%s", name);
	out->item[out->count].sshd = sshd;
	out->item[out->count++].named = named;
}

/* ---- of sshd ---- */

static void add_sshd(struct facts *f, struct result *r, struct pam_services *out)
{
	struct sshd_sources *all = sshd_sources(f);
	char name[PAM_SERVICE + 100];

	r->failed = r->failed || all == NULL;
	for (size_t i = 0; all != NULL && i < all->count; i++) {
		const struct sshd_source *s = &all->item[i];
		const struct fact *x = facts_get(f, "sshd", s->name);

		if (x->is == FACT_NONE)
			continue;
		if (s->untold[0] != '\0')
			result_note(r, AUDIT_ERROR, N_("%s: cannot be asked: %s"), s->name, s->untold);
		else if (result_untold(r, x, "sshd", s->name))
			continue;
		else if (sshd_said_value(x->text, "pamservicename", name, sizeof(name)))
			add(r, out, name, true, true);
		else if (s->program[0] != '\0')
			add(r, out, s->program, true, strcmp(s->program, "sshd") != 0);
	}
	sshd_sources_free(all);
}

/* ---- of sudo ---- */

/* The value of a setting of Defaults, "pam_service=NAME"; at: behind the last one. */
static bool next_value(const char **at, const char *key, char *value, size_t size)
{
	const char *p = *at;

	while ((p = strstr(p, key)) != NULL) {
		const bool begins = p > *at && strchr(" \t,", p[-1]) != NULL;

		p += strlen(key);
		p += strspn(p, " \t");
		if (!begins || *p != '=')
			continue;
		p += 1 + strspn(p + 1, " \t");
		p += *p == '"';
		(void)snprintf(value, size, "%.*s", (int)strcspn(p, "\", \t"), p);
		*at = p;
		return true;
	}
	return false;
}

static void look_at(struct look *w, const char *file);

static void look_in(struct look *w, const char *dir)
{
	const struct fact *x = facts_get(w->f, "dir", dir);
	char path[PATH_MAX], name[NAME_MAX + 1];

	for (const char *at = x->is == FACT_TEXT ? x->text : ""; *at != '\0';
	     at += strcspn(at, "\n"), at += *at == '\n') {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\n"), at);
		if (sudoers_takes(name) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path))
			look_at(w, path);
	}
}

static int each_line(void *ctx, const struct sudoers_line *l)
{
	static const char *const keys[] = {"pam_service", "pam_login_service", "pam_askpass_service"};
	struct look *w = ctx;
	const char *file = w->file;
	char value[PAM_SERVICE + 100], path[PATH_MAX];

	for (size_t i = 0; strncmp(l->text, "Defaults", 8) == 0 &&
	     i < sizeof(keys) / sizeof(keys[0]); i++)
		for (const char *at = l->text; next_value(&at, keys[i], value, sizeof(value));)
			add(w->r, w->out, value, false, true);
	if (l->path == NULL || !sudoers_path(path, sizeof(path), file, l->path, w->host))
		return 0;
	if (l->kind == SUDOERS_INCLUDE)
		look_at(w, path);
	else
		look_in(w, path);
	w->file = file;
	return 0;
}

/* What cannot be told of these files MFA-17 tells, and it says here what it is about. */
static void look_at(struct look *w, const char *file)
{
	const struct fact *x = facts_get(w->f, "file", file);

	if (x->is == FACT_NONE)
		return;
	w->bytes += strlen(x->text);
	if (x->is != FACT_TEXT || w->depth == DEPTH || ++w->files > FILES_MOST ||
	    w->bytes > BYTES_MOST) {
		result_note(w->r, AUDIT_ERROR, N_("%s: which service sudo has cannot be told"), file);
		return;
	}
	w->depth++;
	w->file = file;
	if (sudoers_parse(x->text, each_line, w) != 0)
		result_note(w->r, AUDIT_ERROR, N_("%s: which service sudo has cannot be told"), file);
	w->depth--;
}

static void add_sudo(struct facts *f, struct result *r, struct pam_services *out)
{
	struct look *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		r->failed = true;
		return;
	}
	w->f = f, w->r = r, w->out = out;
	(void)snprintf(w->host, sizeof(w->host), "%.*s",
	    (int)strcspn(facts_string(f, "host", "name"), "."), facts_string(f, "host", "name"));
	look_at(w, SUDOERS_FILE);
	free(w);
}

void pam_services(struct facts *f, struct result *r, struct pam_services *out)
{
	*out = (struct pam_services){.count = 0};
	add(r, out, "sshd", true, false);
	add(r, out, "sudo", false, false);
	add(r, out, "sudo-i", false, false);
	add(r, out, "login", false, false);
	add_sshd(f, r, out);
	add_sudo(f, r, out);
}
