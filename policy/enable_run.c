#include "policy/enable_run.h"

#include "policy/enable_login.h"
#include "policy/enable_sshd.h"
#include "policy/enable_timer.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LATE 10 /* seconds a timer may be late */
#define WAIT 30 /* seconds for another bastionctl */

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
	struct err why = {0};
	int r = enable_txn_back(t, id, c, e), one = reload(c, &how, &why);

	if (r == 0 && one != 0)
		r = err_set(e, one, "%s", why.text);
	if (r == 0)
		r = enable_txn_end(t, id, "returned", e);
	if (r == 0)
		enable_timer_disarm(id);
	(void)err_translate(translator);
	note(r == 0 ? "the old files are back" : "the old files do not come back", id,
	    r == 0 ? NULL : e != NULL ? e->text : "");
	return r;
}

int enable_run_back(const char *state_dir, const char *id, struct err *e)
{
	struct enable_change c;
	char open_id[ENABLE_ID_MAX];
	struct enable_txn t;
	int r = enable_txn_lock(&t, state_dir, WAIT, e);

	if (r != 0)
		return r;
	r = enable_txn_find(&t, open_id, &c, e);
	if (r == 1 && (id == NULL || strcmp(id, open_id) == 0)) {
		r = take_back(&t, open_id, &c, e);
	} else if (r >= 0) {
		r = err_set(e, ERR_NONE, "nothing waits to be confirmed");
	}
	enable_change_free(&c);
	enable_txn_unlock(&t);
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

static int complete(const struct enable_txn *t, const char *id,
    const struct enable_change *c, struct err *e)
{
	enum enable_reload how;
	int r = enable_txn_put(c, e);

	if (r == 0)
		r = reload(c, &how, e);
	if (r == 0)
		r = enable_txn_end(t, id, "done", e);
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
		if (c.disable || is_late(&c) || !enable_txn_armed(t, found->id)) {
			found->settled = true;
			r = c.disable ? complete(t, found->id, &c, e) :
			    take_back(t, found->id, &c, e);
		}
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

/* ---- enable and disable ---- */

struct going {
	const struct enable_run *run;
	struct enable_txn txn;
	const char *id;
};

/* In the process that waits. */
static void bring_back(void *ctx)
{
	const struct going *g = ctx;
	struct err e = {0};

	note("nobody has confirmed", g->id, NULL);
	(void)enable_run_back(g->run->state_dir, g->id, &e);
}

static int arm(const struct going *g, const struct enable_change *c, struct enable_done *done,
    struct err *e)
{
	char program[ENABLE_PATH_MAX] = "";
	struct going of_timer = {.run = g->run, .id = g->id};
	struct enable_timer t = {g->id, g->run->state_dir, g->run->run_dir, program,
	    g->run->config, c->seconds, bring_back, &of_timer};
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (c->seconds == 0)
		return 0;
	program[n > 0 ? n : 0] = '\0';
	if (enable_timer_arm(&t, &done->no_timer) == 0)
		return 0;
	if (g->run->other_way_back)
		return 0;
	return err_set(e, done->no_timer.code, "%s; without a timer there is no way back, nothing "
	    "is changed", done->no_timer.text);
}

static int in_force(const struct going *g, const struct enable_change *c, struct err *e)
{
	struct enable_moment now;
	int r;

	if (c->seconds == 0)
		return enable_txn_end(&g->txn, g->id, "done", e);
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
	r = enable_txn_put(c, e);
	if (r == 0)
		r = reload(c, &done->reload, e);
	if (r == 0)
		r = in_force(g, c, e);
	if (r == 0 || take_back(&g->txn, g->id, c, &why) == 0)
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
	int r = enable_txn_lock(&g.txn, q->state_dir, 0, e);

	*done = (struct enable_done){.id = ""};
	if (r != 0)
		return r;
	r = settle(&g.txn, &found, e);
	if (r == 1)
		r = err_set(e, ERR_UNAVAIL, "an `enable` waits to be confirmed since this one began; "
		    "`bastionctl confirm` or `bastionctl disable %s` first",
		    enable_target_name(found.target));
	if (r == 0 && !enable_plan_holds(p))
		r = err_set(e, ERR_CONFLICT, "somebody has changed the files meanwhile; try again");
	if (r == 0)
		r = enable_txn_begin(&g.txn, &p->change, done->id, e);
	if (r == 0)
		r = go(&g, &p->change, done, e);
	enable_txn_unlock(&g.txn);
	return r;
}

/* ---- confirm ---- */

static int judge(const struct enable_txn *t, const char *id, const struct enable_change *c,
    struct err *e)
{
	struct enable_moment since;
	struct enable_login here;
	int r = enable_txn_since(t, id, &since, e);

	if (r == ERR_NONE)
		return err_set(e, ERR_UNAVAIL, "`enable %s` was cut short, so the new files may not be "
		    "in force; say `bastionctl disable %s`, or wait until the old ones come back",
		    enable_target_name(c->target), enable_target_name(c->target));
	if (r != 0)
		return r;
	enable_login_here(c->target, &here);
	return enable_login_is_new(c->target, &here, c->audit, &since, e);
}

int enable_run_confirm(const char *state_dir, enum enable_target *target, struct err *e)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	struct enable_txn t;
	int r = enable_txn_lock(&t, state_dir, WAIT, e);

	if (r != 0)
		return r;
	r = enable_txn_find(&t, id, &c, e);
	if (r == 0 || (r == 1 && c.disable)) {
		r = err_set(e, ERR_NONE, "nothing waits to be confirmed");
	} else if (r == 1) {
		*target = c.target;
		r = judge(&t, id, &c, e);
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
