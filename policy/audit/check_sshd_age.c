#include "policy/audit/check_sshd.h"

#include "enroll/language.h"
#include "policy/audit/sshd_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When a file was changed last, or 0.  "TYPE MODE UID GID SIZE TIME" */
static int64_t changed(struct facts *f, const char *path)
{
	const char *p = facts_string(f, "meta", path);

	for (int i = 0; i < 5 && *p != '\0'; i++)
		p += strcspn(p, " "), p += *p == ' ';
	return strtoll(p, NULL, 10);
}

struct newest {
	struct facts *f;
	int64_t at;
	char file[600];
};

static void see_file(struct newest *n, const char *path)
{
	const int64_t at = changed(n->f, path);

	if (at <= n->at)
		return;
	n->at = at;
	(void)snprintf(n->file, sizeof(n->file), "%s", path);
}

static int see_line(void *ctx, const struct sshd_line *l)
{
	see_file(ctx, l->file);
	return 0;
}

static void see_units(struct newest *n)
{
	for (size_t i = 0; unit_sshd(i) != NULL; i++) {
		struct unit u;

		(void)unit_merge(n->f, unit_sshd(i), &u);
		for (size_t k = 0; k < u.parts; k++)
			see_file(n, u.part[k]);
		for (size_t k = 0; k < u.environments; k++)
			see_file(n, u.environment[k]);
		unit_free(&u);
	}
}

static void pass_over(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

/* A reload reads the files anew, and the pid file is written then; what a unit says needs
 * a restart. */
void check_sshd_age(struct facts *f, struct result *r, const struct fact *x)
{
	const int64_t start = strtoll(x->text, NULL, 10);
	static const char pidfile[] = "/run/sshd.pid";
	struct newest config = {.f = f}, units = {.f = f};
	const struct sshd_lines l = {f, see_line, pass_over, &config};
	const char *pid = facts_string(f, "file", pidfile);
	const size_t n = strcspn(pid, "\n");
	int64_t loaded = start;

	if (strlen(x->name) == n && strncmp(x->name, pid, n) == 0 && changed(f, pidfile) > start)
		loaded = changed(f, pidfile);
	(void)sshd_lines(&l, SSHD_LINES_MAIN);
	see_units(&units);
	/* A file of the same second is older than its program. */
	if (config.at > loaded)
		result_note(r, AUDIT_WARN, N_("process %s: runs since before %s was changed: it needs a reload"),
		    x->name, config.file);
	if (units.at > start)
		result_note(r, AUDIT_WARN, N_("process %s: runs since before %s was changed: it needs a restart"),
		    x->name, units.file);
}
