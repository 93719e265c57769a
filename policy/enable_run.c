#include "policy/enable_run.h"

#include "policy/enable_login.h"
#include "policy/enable_move.h"
#include "policy/enable_sshd.h"
#include "policy/enable_timer.h"
#include "policy/fix_txn.h"
#include "policy/hold_signals.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LATE 10 /* seconds a timer may be late */
#define WAIT 30 /* seconds for another bastionctl */
#define CUT_SHORT 90 /* seconds until what nobody has to confirm is seen to, if it was killed */

static void note(const char *what, const char *id, const char *text)
{
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "bastionctl: transaction=%s %s%s%s", id, what,
	    text != NULL ? ": " : "", text != NULL ? text : "");
}

static int reload(const struct enable_change *c, enum enable_reload *how, struct err *e)
{
	int r = c->reload ? enable_sshd_reload(e) : 0;

	*how = !c->reload ? ENABLE_RELOAD_NOT : r == ERR_NONE ? ENABLE_RELOAD_NONE :
	    ENABLE_RELOAD_DONE;
	return r == ERR_NONE ? 0 : r;
}

/* Old files, sshd, and the end of it.  What is wrong goes to the log as well, so it is
 * said in English. */
static int take_back(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	err_translator *translator = err_translate(NULL);
	enum enable_reload how;
	int r = 0;

	enable_txn_return(t, id);
	/* While ours are as they were put, it is another file that sshd refuses: going back
	 * would leave the old PAM lines under a sshd that cannot read the old settings. */
	if (c->reload && enable_move_in_place(c, NULL) == 0)
		r = enable_sshd_live(e);
	if (r == 0)
		r = enable_move_back(t, id, c, e);
	if (r == 0)
		r = reload(c, &how, e);
	if (r == 0)
		r = enable_txn_end(t, id, "returned", e);
	if (r == 0)
		enable_timer_disarm(id);
	(void)err_translate(translator);
	note(r == 0 ? "the old files are back" : "the old files do not come back", id,
	    r == 0 ? NULL : e != NULL ? e->text : "");
	return r;
}

/* ---- what was left ---- */

/* The timer of an open one has gone off, or is gone: a timer does not survive a
 * reboot. */
static bool is_late(const struct enable_change *c)
{
	struct enable_moment now;
	long hz = sysconf(_SC_CLK_TCK);

	if (c->seconds == 0)
		return true;
	if (enable_login_now(&now, NULL) != 0 || hz <= 0)
		return false;
	return strcmp(now.boot, c->begun.boot) != 0 ||
	    now.ticks > c->begun.ticks + (uint64_t)(c->seconds + LATE) * (uint64_t)hz;
}

/* The new files of a disable, as far as they are not there. */
static int complete(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	err_translator *translator = err_translate(NULL);
	enum enable_reload how;
	int r = enable_move_on(t, id, c, e);

	if (r == 0)
		r = reload(c, &how, e);
	if (r == 0)
		r = enable_txn_end(t, id, "done", e);
	if (r == 0)
		enable_timer_disarm(id);
	(void)err_translate(translator);
	note(r == 0 ? "the disable is completed" : "the disable cannot be completed", id,
	    r == 0 ? NULL : e != NULL ? e->text : "");
	return r;
}

/* Ends the open one, whichever way it goes. */
static int end_open(const struct enable_txn *t, const struct enable_change *c,
    struct enable_found *found, struct err *e)
{
	sigset_t before;
	int r;

	hold_signals(&before);
	r = c->disable ? complete(t, found->id, c, e) : take_back(t, found->id, c, e);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	found->settled = true;
	found->disable = c->disable;
	found->edited = enable_txn_edited(t, found->id);
	return r;
}

/* As enable_run_settle(), with the lock held. */
static int settle(const struct enable_txn *t, struct enable_found *found, struct err *e)
{
	struct enable_change c;
	int r = enable_txn_find(t, found->id, &c, e);

	found->settled = false;
	if (r == 1) {
		found->target = c.target;
		if (c.disable || is_late(&c) || !enable_txn_armed(t, found->id) ||
		    enable_txn_returning(t, found->id))
			r = end_open(t, &c, found, e);
	}
	enable_change_free(&c);
	return r;
}

int enable_run_settle(const char *state_dir, struct enable_found *found, struct err *e)
{
	struct enable_txn t;
	int r = enable_txn_lock(&t, state_dir, 0, e);

	*found = (struct enable_found){.id = ""};
	if (r != 0)
		return r;
	r = settle(&t, found, e);
	enable_txn_unlock(&t);
	return r;
}

int enable_run_back(const char *state_dir, const char *id, struct enable_found *found,
    struct err *e)
{
	struct enable_change c;
	struct enable_txn t;
	int r = enable_txn_lock(&t, state_dir, WAIT, e);

	*found = (struct enable_found){.id = ""};
	if (r != 0)
		return r;
	r = enable_txn_find(&t, found->id, &c, e);
	if (r == 1 && (id == NULL || strcmp(id, found->id) == 0)) {
		found->target = c.target;
		r = end_open(&t, &c, found, e);
	} else if (r >= 0) {
		r = err_set(e, ERR_NONE, "nothing waits to be confirmed");
	}
	enable_change_free(&c);
	enable_txn_unlock(&t);
	return r;
}

int enable_run_no_fix(const char *state_dir, struct err *e)
{
	struct enable_txn t = {.lock = -1};
	char id[ENABLE_ID_MAX];

	(void)snprintf(t.dir, sizeof(t.dir), "%.*s/txn", ENABLE_PATH_MAX - 8, state_dir);
	if (fix_txn_open(&t, id) == 0)
		return 0;
	return err_set(e, ERR_UNAVAIL, "the fix of transaction %s is open; `bastionctl fix --resume` or "
	    "`bastionctl rollback` first", id);
}

/* ---- enable and disable ---- */

struct going {
	const struct enable_run *run;
	struct enable_txn txn;
	const char *id;
	int64_t seconds; /* 0: nobody has to confirm */
};

/* In the process that waits. */
static void bring_back(void *ctx)
{
	const struct going *g = ctx;
	struct enable_found found;
	struct err e = {0};

	note(g->seconds == 0 ? "it was cut short" : "nobody has confirmed", g->id, NULL);
	(void)enable_run_back(g->run->state_dir, g->id, &found, &e);
}

static int arm(const struct going *g, const struct enable_change *c, struct enable_done *done,
    struct err *e)
{
	char program[ENABLE_PATH_MAX] = "";
	struct going of_timer = {.run = g->run, .id = g->id, .seconds = c->seconds};
	struct enable_timer t = {g->id, g->run->state_dir, g->run->run_dir, program,
	    c->seconds != 0 ? c->seconds : CUT_SHORT, bring_back, &of_timer};
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[n > 0 ? n : 0] = '\0';
	(void)enable_timer_at_boot(&done->no_boot);
	if (enable_timer_arm(&t, &done->no_timer) == 0)
		return 0;
	if (g->run->other_way_back)
		return 0;
	if (c->seconds == 0) { /* it is over in a moment, and the timer is for a kill only */
		done->no_timer = (struct err){0};
		return 0;
	}
	return err_set(e, done->no_timer.code, "%s; without a timer there is no way back, nothing "
	    "is changed", done->no_timer.text);
}

static int in_force(const struct going *g, const struct enable_change *c, struct err *e)
{
	struct enable_moment now;
	int r;

	if (c->seconds == 0) {
		if ((r = enable_txn_end(&g->txn, g->id, "done", e)) == 0)
			enable_timer_disarm(g->id);
		return r;
	}
	r = enable_login_now(&now, e);
	return r == 0 ? enable_txn_in_force(&g->txn, g->id, &now, e) : r;
}

static int go(const struct going *g, const struct enable_change *c, struct enable_done *done,
    struct err *e)
{
	struct err first, why = {0};
	int r = arm(g, c, done, e);

	if (r == 0)
		r = enable_txn_arm(&g->txn, g->id, e);
	if (r != 0) {
		(void)enable_txn_end(&g->txn, g->id, "returned", NULL);
		return r;
	}
	note(c->disable ? "disable" : "enable", g->id, enable_target_name(c->target));
	r = enable_move_put(c, e);
	if (r == 0)
		r = reload(c, &done->reload, e);
	if (r == 0)
		r = in_force(g, c, e);
	/* ERR_UNKNOWN: it is over, and only the disk has not said so. */
	if (r == 0 || r == ERR_UNKNOWN || take_back(&g->txn, g->id, c, &why) == 0)
		return r;
	first = *e;
	return err_set(e, r, "%s; and the old files do not come back: %s; the copies are in %s/%s",
	    first.text, why.text, g->txn.dir, g->id);
}

int enable_run_apply(const struct enable_run *q, const struct enable_plan *p,
    struct enable_done *done, struct err *e)
{
	struct going g = {.run = q, .id = done->id};
	struct enable_found found;
	sigset_t before;
	int r = enable_txn_lock(&g.txn, q->state_dir, 0, e);

	*done = (struct enable_done){.id = ""};
	if (r != 0)
		return r;
	r = settle(&g.txn, &found, e);
	if (r == 1)
		r = err_set(e, ERR_UNAVAIL, "an `enable` waits to be confirmed since this one began; "
		    "`bastionctl confirm` or `bastionctl disable %s` first",
		    enable_target_name(found.target));
	/* A disable is the way out, and never in the way. */
	if (r == 0 && !p->change.disable)
		r = enable_run_no_fix(q->state_dir, e);
	if (r == 0 && !enable_plan_holds(p))
		r = err_set(e, ERR_CONFLICT, "somebody has changed the files meanwhile; try again");
	if (r == 0)
		r = enable_txn_begin(&g.txn, &p->change, done->id, e);
	if (r == 0) {
		hold_signals(&before);
		r = go(&g, &p->change, done, e);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	enable_txn_unlock(&g.txn);
	return r;
}

/* ---- confirm ---- */

struct confirming {
	const struct conf *conf;
	const struct enable_person *who;
	const struct enable_txn *txn;
	const char *id;
};

static int judge(const struct confirming *q, const struct enable_change *c, struct err *e)
{
	const char *name = enable_target_name(c->target);
	struct enable_moment since;
	struct enable_login here;
	int r = enable_txn_since(q->txn, q->id, &since, e);

	if (r == ERR_NONE)
		return err_set(e, ERR_UNAVAIL, "`enable %s` was cut short, so the new files may not be "
		    "in force; say `bastionctl disable %s`, or wait until the old ones come back", name,
		    name);
	if (r == 0 && enable_txn_returning(q->txn, q->id))
		r = err_set(e, ERR_UNAVAIL, "the old files have begun to come back; say `bastionctl "
		    "disable %s`, which goes on with it", name);
	if (r == 0)
		r = enable_move_in_place(c, e);
	if (r != 0)
		return r;
	enable_login_here(c->target, &here);
	r = enable_login_is_new(c->target, &here, c->audit, &since, e);
	if (r == 0 && c->target == ENABLE_SSHD)
		r = enable_code_since(q->conf, q->who, false, since.wall, e);
	if (r == 0 && c->target == ENABLE_SUDO) {
		int64_t asked = enable_login_wall(&here); /* this very sudo, and a later second */

		r = enable_code_since(q->conf, q->who, true,
		    asked > since.wall ? asked : since.wall + 1, e);
	}
	return r;
}

int enable_run_confirm(const struct conf *conf, const struct enable_person *who,
    enum enable_target *target, struct err *e)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	struct enable_txn t;
	const struct confirming q = {conf, who, &t, id};
	int r = enable_txn_lock(&t, conf->state_dir, WAIT, e);

	if (r != 0)
		return r;
	r = enable_txn_find(&t, id, &c, e);
	if (r == 0 || (r == 1 && c.disable)) {
		r = err_set(e, ERR_NONE, "nothing waits to be confirmed");
	} else if (r == 1) {
		*target = c.target;
		r = judge(&q, &c, e);
		if (r == 0)
			r = enable_txn_end(&t, id, "confirmed", e);
		if (r == 0) {
			note("confirmed", id, NULL);
			enable_timer_disarm(id);
		}
	}
	enable_change_free(&c);
	enable_txn_unlock(&t);
	return r;
}
