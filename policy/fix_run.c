#include "policy/fix_run.h"

#include "policy/audit/eic.h"
#include "policy/fix_mode.h"
#include "policy/fix_package.h"
#include "policy/fix_sshd.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define RETURNING "returning"
#define CONFIG "/etc/ssh/"

/* ---- steps ---- */

struct job {
	const struct enable_txn *t;
	const char *id;
	struct fix_change *c;
	struct fix_done *done;
};

static void note(const struct job *j, const char *what, const char *text)
{
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "bastionctl: transaction=%s fix %s: %s%s%s", j->id,
	    fix_name(j->c->plan.what), what, text != NULL ? ": " : "", text != NULL ? text : "");
}

/* What sshd reads goes with what of it is edited, before scripts of the package start it anew:
 * half of a pair would keep it from that. */
static bool is_setting(const struct fix_file *x)
{
	return x->file.will || strncmp(x->file.path, CONFIG, sizeof(CONFIG) - 1) == 0;
}

static int put_files(const struct job *j, bool settings, struct err *e)
{
	int r = 0;

	for (int i = 0; i < j->c->plan.count && r == 0; i++)
		if (is_setting(&j->c->plan.file[i]) == settings)
			r = fix_file_put(&j->c->plan.file[i], e);
	return r;
}

/* What somebody else has changed since the copies were made is not written over. */
static int do_settings(const struct job *j, struct err *e)
{
	for (int i = 0; i < j->c->plan.count; i++) {
		const struct fix_file *x = &j->c->plan.file[i];

		if (is_setting(x) && !fix_file_is(x, false) && !fix_file_is(x, true))
			return err_set(e, ERR_CONFLICT, "%s: has been changed since it was looked at",
			    x->file.path);
	}
	return put_files(j, true, e);
}

/* Somebody has put another file in its place, or taken it away: it is not ours to touch, and
 * keeps none of the others from it.  Its owner could stop every fix otherwise. */
static bool is_theirs(int r)
{
	return r == ERR_CONFLICT || r == ERR_REFUSED || r == ERR_NONE || r == ERR_UNSAFE;
}

static int do_modes(const struct job *j, struct err *e)
{
	int r = 0;

	j->done->left = 0;
	for (int i = 0; i < j->c->plan.modes && r == 0; i++) {
		struct err why = {0};

		r = fix_mode_put(&j->c->plan.mode[i], true, &why);
		if (is_theirs(r)) {
			note(j, "is left as it is", why.text);
			j->done->left++;
			r = 0;
		} else if (r != 0 && e != NULL) {
			*e = why;
		}
	}
	return r;
}

/* Scripts of the package remove what has its name, though more may be in it. */
static int do_package(const struct job *j, struct err *e)
{
	int r = fix_package_purge(&j->c->plan, e);

	for (int i = 0; i < j->c->plan.count && r == 0; i++) {
		const struct fix_file *x = &j->c->plan.file[i];

		if (x->file.will && access(x->file.path, F_OK) != 0)
			r = fix_file_put(x, e);
	}
	return r;
}

static int do_files(const struct job *j, struct err *e)
{
	return put_files(j, false, e);
}

/* Nobody gets in by it: not worth to take all back. */
static int do_account(const struct job *j, struct err *e)
{
	(void)e;
	j->done->account.text[0] = '\0';
	if (j->c->plan.account[0] != '\0')
		(void)fix_package_drop_account(&j->done->account);
	return 0;
}

static int do_restart(const struct job *j, struct err *e)
{
	struct err why = {0};
	const int r = fix_plan_restarts(&j->c->plan) ? fix_sshd_restart(j->c, &why) : 0;

	if (r == ERR_NONE)
		j->done->restart = why;
	else if (r != 0 && e != NULL)
		*e = why;
	j->done->unseen = fix_plan_restarts(&j->c->plan) && j->c->listens == 0;
	return r == ERR_NONE ? 0 : r;
}

static int do_banner(const struct job *j, struct err *e)
{
	return fix_plan_restarts(&j->c->plan) ? fix_sshd_answers(j->c, e) : 0;
}

static const struct {
	const char *name;
	int (*run)(const struct job *j, struct err *e);
} steps[] = {{"settings", do_settings}, {"modes", do_modes}, {"package", do_package},
    {"files", do_files}, {"account", do_account}, {"restart", do_restart}, {"banner", do_banner}};

/* Whether there is anything to do in it: a step that is noted costs a write. */
static bool is_wanted(const struct fix_plan *p, const char *name)
{
	if (strcmp(name, "modes") == 0)
		return p->modes > 0;
	return p->what == FIX_EIC || (p->count > 0 && strcmp(name, "settings") == 0);
}

static int go_forward(const struct job *j, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++) {
		if (!is_wanted(&j->c->plan, steps[i].name))
			continue;
		/* Also one that was done: what of it has come back since goes again. */
		if ((r = steps[i].run(j, e)) == 0 && !fix_txn_has_step(j->t, j->id, steps[i].name))
			r = fix_txn_step(j->t, j->id, steps[i].name, e);
	}
	return r == 0 ? enable_txn_turn(j->t, j->id, ENABLE_TXN_FIX, "done", e) : r;
}

/* ---- the way back ---- */

static bool is_edited(const struct fix_file *x)
{
	return !fix_file_is(x, false) && !fix_file_is(x, true);
}

/* 0, or ERR_CONFLICT: somebody has changed a file meanwhile. */
static int check_edited(const struct enable_txn *t, const char *id, const struct fix_plan *p,
    struct err *e)
{
	for (int i = 0; i < p->count; i++)
		if (is_edited(&p->file[i]))
			return err_set(e, ERR_CONFLICT, "%s: has been changed since; %s/%s/old.%d is how it was",
			    p->file[i].file.path, t->dir, id, i);
	return 0;
}

/* A text that is neither the old nor the new one is kept before the old one takes its
 * place. */
static int keep_edited(const struct job *j, int i, struct err *e)
{
	const struct fix_file *x = &j->c->plan.file[i];
	struct fix_file now = {.link = false};
	int r = 0;

	if (!is_edited(x))
		return 0;
	(void)snprintf(now.file.path, sizeof(now.file.path), "%s", x->file.path);
	if ((r = fix_file_copy(&now, e)) == 0 && now.file.was)
		r = enable_txn_keep(j->t, j->id, i, &now.file.old, e);
	if (r == 0 && now.file.was)
		buffer_format(&j->done->edited, "%s %s/%s/edited.%d\n", x->file.path, j->t->dir, j->id, i);
	buffer_free(&now.file.old);
	return r;
}

/* What is another file by now, or has another mode, is somebody's who came later.  Of one that
 * is gone no mode has to come back.  Trouble with one keeps no other from it. */
static int modes_back(const struct job *j, struct err *e)
{
	int first = 0;

	j->done->left = 0;
	for (int i = j->c->plan.modes - 1; i >= 0; i--) {
		struct err why = {0};
		const int r = fix_mode_put(&j->c->plan.mode[i], false, &why);

		if (r == 0 || r == ERR_NONE)
			continue;
		note(j, "is left as it is", why.text);
		if (is_theirs(r)) {
			j->done->left++;
		} else if (first == 0) {
			first = r;
			if (e != NULL)
				*e = why;
		}
	}
	return first;
}

/* The package first: what its scripts write is then as it was.  Trouble with it, or with the
 * account, keeps no file away. */
static int things_back(const struct job *j, struct err *trouble, struct err *e)
{
	struct fix_plan *p = &j->c->plan;
	char dir[ENABLE_PATH_MAX + ENABLE_ID_MAX];
	int package, r = 0;

	(void)snprintf(dir, sizeof(dir), "%s/%s", j->t->dir, j->id);
	package = fix_package_put_back(p, dir, trouble);
	j->done->no_package = package == ERR_NONE;
	/* The other way round: users before their commands. */
	for (int i = p->count - 1; i >= 0 && r == 0; i--)
		r = fix_file_back(&p->file[i], e);
	j->done->account.text[0] = '\0';
	if (p->account[0] != '\0' && fix_package_make_account(p->account, &j->done->account) != 0)
		note(j, "the account is not made again", j->done->account.text);
	if (r == 0)
		r = do_restart(j, e);
	if (r == 0)
		r = do_banner(j, e);
	if (r != 0 || package == 0 || package == ERR_NONE)
		return r;
	if (e != NULL)
		*e = *trouble;
	return package;
}

static int go_back(const struct job *j, struct err *e)
{
	const struct buffer nothing = {0};
	struct err trouble = {0}, modes = {0};
	int r = 0, of_modes;

	/* On a full disk the note is missing, and all still comes back. */
	(void)enable_txn_write(j->t, j->id, RETURNING, &nothing, NULL);
	for (int i = 0; i < j->c->plan.count && (r = keep_edited(j, i, e)) == 0;)
		i++;
	if (r != 0)
		return r;
	of_modes = modes_back(j, &modes);
	if ((r = things_back(j, &trouble, e)) == 0 && (r = of_modes) != 0 && e != NULL)
		*e = modes;
	return r == 0 ? enable_txn_turn(j->t, j->id, ENABLE_TXN_FIX, "returned", e) : r;
}

static int back(const struct job *j, struct err *e)
{
	const int r = go_back(j, e);

	j->done->open = r != 0 && r != ERR_UNKNOWN;
	note(j, r != 0 ? "it is not as it was" : j->done->left > 0 ? "is back, but for what was changed "
	    "since" : "all is as it was", r == 0 || e == NULL ? NULL : e->text);
	return r;
}

/* All steps, or all back; r of the step that failed. */
static int forward(const struct job *j, struct err *e)
{
	struct fix_done *done = j->done;
	struct err other = {0};
	int r = go_forward(j, e);

	if (r == 0) {
		note(j, "done", NULL);
		return 0;
	}
	if (!enable_txn_has(j->t, j->id, ENABLE_TXN_FIX))
		return r; /* it has ended, and the disk may not know */
	note(j, "a step failed", e != NULL ? e->text : NULL);
	if (e != NULL)
		done->why = *e;
	done->went_back = back(j, &other) == 0;
	if (!done->went_back && e != NULL)
		*e = other;
	return r;
}

/* ---- from outside ---- */

static int copy_files(struct fix_plan *p, struct err *e)
{
	int r = 0;

	for (int i = 0; i < p->count && r == 0; i++) {
		struct fix_file *x = &p->file[i];
		struct buffer told = x->file.old;

		x->file.old = (struct buffer){.len = 0};
		r = fix_file_copy(x, e);
		if (r == 0 && x->file.will && (x->link || x->file.was == x->fresh ||
		    (x->file.was && !buffer_same(&told, &x->file.old))))
			r = err_set(e, ERR_CONFLICT, "%s: is a link, or has been changed since it was looked "
			    "at", x->file.path);
		buffer_free(&told);
	}
	return r;
}

int fix_run_apply(const struct enable_txn *t, struct fix_change *c, struct fix_done *done,
    struct err *e)
{
	const struct job j = {t, done->id, c, done};
	int r = copy_files(&c->plan, e);

	if (r == 0)
		r = fix_txn_begin(t, c, done->id, e);
	if (r != 0)
		return r;
	note(&j, "begins", NULL);
	return forward(&j, e);
}

bool fix_run_returns(const struct enable_txn *t, const char *id)
{
	return enable_txn_has(t, id, RETURNING);
}

int fix_run_resume(const struct enable_txn *t, const char *id, struct fix_done *done,
    struct err *e)
{
	struct fix_change c;
	const struct job j = {t, id, &c, done};
	int r = fix_txn_read(t, id, ENABLE_TXN_FIX, &c, e);

	(void)snprintf(done->id, sizeof(done->id), "%s", id);
	if (r != 0)
		return r;
	if (fix_run_returns(t, id)) {
		r = back(&j, e);
		done->went_back = r == 0;
	} else if ((r = check_edited(t, id, &c.plan, e)) != 0) {
		done->open = true;
	} else {
		r = forward(&j, e);
	}
	fix_change_free(&c);
	return r;
}

/* A done one becomes an open one, if nothing is known that would keep it from ending. */
static int reopen(const struct enable_txn *t, const char *id, struct fix_change *c, struct err *e)
{
	for (int i = 0; i < c->plan.modes; i++) {
		const int r = fix_mode_check(&c->plan.mode[i], e);

		if (r != 0 && !is_theirs(r))
			return r;
	}
	return enable_txn_turn(t, id, "done", ENABLE_TXN_FIX, e);
}

/* Who has begun to go back, or is told so, keeps what is newer beside it. */
int fix_run_back(const struct enable_txn *t, const char *id, bool force, struct fix_done *done,
    struct err *e)
{
	const bool open = enable_txn_has(t, id, ENABLE_TXN_FIX);
	struct fix_change c;
	const struct job j = {t, id, &c, done};
	int r;

	(void)snprintf(done->id, sizeof(done->id), "%s", id);
	r = fix_txn_read(t, id, open ? ENABLE_TXN_FIX : "done", &c, e);
	if (r == 0 && !force && !(open && fix_run_returns(t, id)))
		r = check_edited(t, id, &c.plan, e);
	if (r == 0 && !open)
		r = reopen(t, id, &c, e);
	if (r == 0)
		r = back(&j, e);
	fix_change_free(&c);
	return r;
}
