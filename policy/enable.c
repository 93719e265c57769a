#include "policy/enable.h"

#include "policy/config_trust.h"
#include "policy/enable_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRS_MAX 16 /* open at once, when a tree is removed */

typedef char wide_path[4 * ENABLE_PATH_MAX];

/* ---- the files ---- */

/* Takes the file in when its new text is another one. */
static void take(struct enable_plan *p, struct enable_file *f)
{
	if (f->was != f->will || (f->will && !buffer_same(&f->old, &f->new))) {
		p->change.file[p->change.count++] = *f;
		return;
	}
	buffer_free(&f->old);
	buffer_free(&f->new);
}

static int drop(struct enable_file *f, int r)
{
	buffer_free(&f->old);
	buffer_free(&f->new);
	return r;
}

static int without_marks(struct enable_file *f, struct err *e)
{
	bool found = false;
	int r = enable_files_unmark(f->path, buffer_string(&f->old), &f->new, &found, e);

	if (r == 0 && !found && f->is_service && f->was &&
	    strstr(buffer_string(&f->old), PAMD_OURS) != NULL)
		return err_set(e, ERR_REFUSED, "%s: names pam_bastion.so outside the marks of `enable`, so "
		    "these lines are not for `disable` to take; take them out by hand", f->path);
	/* What was made by enable alone goes as a whole. */
	f->will = f->was && (!found || f->is_service ||
	    !enable_files_blank(buffer_string(&f->new)));
	return r;
}

static int plan_service(const struct enable_request *q, struct enable_plan *p,
    const char *name, struct err *e)
{
	struct enable_file f = {.is_service = true, .will = true};
	struct enable_service s = {f.path, q->target, q->conf->enroll != CONF_ENROLL_ADMIN};
	struct enable_marked m = {.covered = false};
	wide_path vendor;
	int r;

	(void)snprintf(f.path, sizeof(f.path), "%s/%s", q->dirs.pam, name);
	(void)snprintf(vendor, sizeof(vendor), "%s/%s", q->dirs.pam_vendor, name);
	if ((r = enable_file_read(&f, e)) != 0)
		return drop(&f, r);
	if (!f.was && (q->disable || strcmp(name, "sudo-i") == 0))
		return drop(&f, 0);
	if (!f.was && access(vendor, F_OK) == 0)
		return drop(&f, err_set(e, ERR_NONE, "%s: does not exist; copy the vendor's there "
		    "first: %s", f.path, vendor));
	if (!f.was)
		return drop(&f, err_set(e, ERR_NONE, "%s: does not exist; install what has the "
		    "service %s", f.path, name));
	r = q->disable ? without_marks(&f, e) :
	    enable_files_service(&s, buffer_string(&f.old), &f.new, &m, e);
	if (r != 0)
		return drop(&f, r);
	p->after_password = m.after_password;
	take(p, &f);
	return 0;
}

static int plan_dropin(const struct enable_request *q, struct enable_plan *p, struct err *e)
{
	struct enable_file f = {.will = true};
	char dir[ENABLE_PATH_MAX];
	int r;

	(void)snprintf(f.path, sizeof(f.path), "%s", q->dirs.dropin);
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(f.path, '/') - f.path), f.path);
	if (!q->disable && access(dir, F_OK) != 0)
		return err_set(e, ERR_NONE, "%s: does not exist; make it, and `Include %s/*.conf` in "
		    "%s", dir, dir, q->dirs.sshd_config);
	r = enable_file_read(&f, e);
	if (r == 0 && q->disable)
		r = without_marks(&f, e);
	else if (r == 0)
		r = enable_files_dropin(f.path, buffer_string(&f.old), &f.new, e);
	if (r != 0)
		return drop(&f, r);
	r = p->change.count;
	take(p, &f);
	p->change.reload = p->change.count > r;
	return 0;
}

int enable_plan_make(const struct enable_request *q, struct enable_plan *p, struct err *e)
{
	int r = 0;

	*p = (struct enable_plan){.dirs = q->dirs, .state_dir = q->conf->state_dir};
	p->change.target = q->target;
	p->change.disable = q->disable;
	/* A login must never meet need_auth while sshd still goes by the key alone, so the
	 * drop-in comes first and goes last. */
	if (q->target == ENABLE_SSHD && !q->disable)
		r = plan_dropin(q, p, e);
	/* Nor may sudo -i be the way round sudo. */
	if (r == 0 && q->target == ENABLE_SUDO)
		r = plan_service(q, p, "sudo-i", e);
	if (r == 0)
		r = plan_service(q, p, enable_target_name(q->target), e);
	if (r == 0 && q->target == ENABLE_SSHD && q->disable)
		r = plan_dropin(q, p, e);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

void enable_plan_free(struct enable_plan *p)
{
	if (p->future[0] != '\0')
		(void)nftw(p->future, remove_one, DIRS_MAX, FTW_DEPTH | FTW_PHYS);
	p->future[0] = '\0';
	enable_change_free(&p->change);
}

void enable_plan_diff(const struct enable_plan *p, struct buffer *out)
{
	for (int i = 0; i < p->change.count; i++) {
		const struct enable_file *f = &p->change.file[i];
		const struct enable_diff d = {f->path, f->was ? buffer_string(&f->old) : NULL,
		    f->will ? buffer_string(&f->new) : NULL};

		enable_diff(&d, out);
	}
}

bool enable_plan_holds(const struct enable_plan *p)
{
	bool same = true;

	for (int i = 0; i < p->change.count && same; i++) {
		const struct enable_file *f = &p->change.file[i];
		struct enable_file live = {.mode = 0};

		(void)snprintf(live.path, sizeof(live.path), "%s", f->path);
		same = enable_file_read(&live, NULL) == 0 && live.was == f->was &&
		    buffer_same(&live.old, &f->old);
		buffer_free(&live.old);
	}
	return same;
}

/* ---- the future ---- */

/* Links to the files of a directory; one that is there already stays. */
static int link_all(const char *from, const char *to, struct err *e)
{
	DIR *d = opendir(from);
	struct dirent *entry;
	wide_path target, name;
	int r = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : err_errno(e, "%s", from);
	while (r == 0 && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(target, sizeof(target), "%s/%s", from, entry->d_name) >=
		    (int)sizeof(target) ||
		    snprintf(name, sizeof(name), "%s/%s", to, entry->d_name) >= (int)sizeof(name))
			r = err_set(e, ERR_SYNTAX, "%s: a path is too long", from);
		else if (symlink(target, name) != 0 && errno != EEXIST)
			r = err_errno(e, "%s", name);
	}
	(void)closedir(d);
	return r;
}

/* The changed files of the directory, in their new form. */
static int put_changed(const struct enable_plan *p, bool services, const char *to,
    struct err *e)
{
	int r = 0;

	for (int i = 0; i < p->change.count && r == 0; i++) {
		struct enable_file f = p->change.file[i];
		const char *name = strrchr(p->change.file[i].path, '/');

		if (f.is_service != services)
			continue;
		if (snprintf(f.path, sizeof(f.path), "%s%s", to, name) >= (int)sizeof(f.path))
			return err_set(e, ERR_SYNTAX, "%s: the path is too long", to);
		r = enable_file_put(&f, &f.new, f.will, e);
	}
	return r;
}

static int lay_out_sshd(struct enable_plan *p, struct err *e)
{
	struct enable_file main_file = {.was = false};
	struct buffer text = {0};
	wide_path dir, live;
	struct enable_include q = {p->dirs.sshd_config, p->dirs.dropin, dir};
	int r;

	(void)snprintf(dir, sizeof(dir), "%s/sshd_config.d", p->future);
	(void)snprintf(live, sizeof(live), "%.*s",
	    (int)(strrchr(p->dirs.dropin, '/') - p->dirs.dropin), p->dirs.dropin);
	if (mkdir(dir, 0700) != 0)
		return err_errno(e, "%s", dir);
	(void)snprintf(main_file.path, sizeof(main_file.path), "%s", p->dirs.sshd_config);
	r = enable_file_read(&main_file, e);
	if (r == 0)
		r = enable_files_config(&q, buffer_string(&main_file.old), &text, e);
	/* Without the Include the drop-in has never counted. */
	if (r == ERR_NONE && p->change.disable)
		r = 0;
	(void)snprintf(main_file.path, sizeof(main_file.path), "%s", p->sshd_config);
	if (r == 0)
		r = enable_file_put(&main_file, &text, true, e);
	if (r == 0)
		r = link_all(live, dir, e);
	if (r == 0)
		r = put_changed(p, false, dir, e);
	buffer_free(&main_file.old);
	buffer_free(&text);
	return r;
}

/* Those of processes that are gone. */
static void sweep(const char *txn)
{
	DIR *d = opendir(txn);
	struct dirent *entry;
	wide_path path;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, ".future-", 8) != 0)
			continue;
		/* One of this very number is left from before: the numbers come again. */
		(void)snprintf(path, sizeof(path), "/proc/%s", entry->d_name + 8);
		if (access(path, F_OK) == 0 && strtol(entry->d_name + 8, NULL, 10) != getpid())
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", txn, entry->d_name) < (int)sizeof(path))
			(void)nftw(path, remove_one, DIRS_MAX, FTW_DEPTH | FTW_PHYS);
	}
	if (d != NULL)
		(void)closedir(d);
}

int enable_plan_lay_out(struct enable_plan *p, struct err *e)
{
	wide_path txn;
	int r;

	(void)snprintf(txn, sizeof(txn), "%s/txn", p->state_dir);
	sweep(txn);
	if (snprintf(p->future, sizeof(p->future), "%s/.future-%d", txn, (int)getpid()) >=
	    (int)sizeof(p->future))
		return err_set(e, ERR_SYNTAX, "%s: the path is too long", txn);
	(void)snprintf(p->pam, sizeof(p->pam), "%s/pam.d", p->future);
	(void)snprintf(p->sshd_config, sizeof(p->sshd_config), "%s/sshd_config", p->future);
	if (mkdir(p->future, 0700) != 0 || mkdir(p->pam, 0700) != 0)
		return err_errno(e, "%s", p->future);
	r = link_all(p->dirs.pam, p->pam, e);
	if (r == 0)
		r = link_all(p->dirs.pam_vendor, p->pam, e);
	if (r == 0)
		r = put_changed(p, true, p->pam, e);
	return r == 0 && p->change.target == ENABLE_SSHD ? lay_out_sshd(p, e) : r;
}

/* ---- config check ---- */

/* The name of the live directory in the place of the future one. */
static void rename_places(const struct enable_plan *p, struct config_finding *f)
{
	char text[CONFIG_TEXT_MAX];
	size_t n = strlen(p->pam);
	char *at;

	while ((at = strstr(f->text, p->pam)) != NULL) {
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - f->text), f->text,
		    p->dirs.pam, at + n);
		(void)snprintf(f->text, sizeof(f->text), "%s", text);
	}
}

static bool fails_already(const struct config_findings *live, const struct config_finding *f)
{
	for (size_t i = 0; i < live->count; i++)
		if (live->item[i].level == CONFIG_FAIL && strcmp(live->item[i].text, f->text) == 0)
			return true;
	return false;
}

static int compare_with_live(const struct enable_plan *p, const struct config_request *q,
    struct config_findings *f, struct err *e)
{
	struct config_request now = *q;
	struct config_findings live = {0};
	int r;

	now.pam = (struct pamd_dirs){.dir = p->dirs.pam, .fallback = p->dirs.pam_vendor};
	r = config_check(&now, &live, e);
	f->failed = false;
	for (size_t i = 0; i < f->count && r == 0; i++) {
		if (f->item[i].level != CONFIG_FAIL)
			continue;
		if (fails_already(&live, &f->item[i]))
			f->item[i].level = CONFIG_WARN;
		else
			f->failed = true;
	}
	config_findings_free(&live);
	return r;
}

int enable_plan_check(const struct enable_plan *p, const struct config_request *q,
    struct config_findings *f, struct err *e)
{
	struct config_request future = *q;
	int r;

	future.pam = (struct pamd_dirs){.dir = p->pam, .fallback = NULL};
	r = config_check(&future, f, e);
	config_trust_dir(f, p->dirs.pam);
	for (size_t i = 0; i < f->count; i++)
		rename_places(p, &f->item[i]);
	return r == 0 && p->change.disable ? compare_with_live(p, q, f, e) : r;
}
