#include "enroll/language.h"
#include "policy/audit/gather.h"
#include "policy/cmd_common.h"
#include "policy/cmd_fix.h"
#include "policy/cmd_fix_show.h"
#include "policy/cmd_fix_verify.h"
#include "policy/enable_run.h"
#include "policy/fix_loose.h"
#include "policy/fix_mode.h"
#include "policy/fix_pin.h"
#include "policy/fix_run.h"
#include "policy/fix_sshd.h"
#include "policy/fix_way.h"
#include "policy/hold_signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT 30 /* seconds for another bastionctl */

struct work {
	const struct fix_options *o;
	struct gather_request q;
	char config[CONF_PATH_MAX];
	enum fix_what what;
	char state_dir[CONF_PATH_MAX];
	struct facts facts;
	struct fix_change change;
	struct enable_txn txn;
	struct fix_done done;
	struct err e;
};

static int exit_of(int r)
{
	return r == ERR_REFUSED ? CMD_NO : r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE;
}

static int tell_open(const char *id)
{
	(void)fprintf(stderr, _("bastionctl: transaction %s is open: `bastionctl fix --resume` or "
	    "`bastionctl rollback`\n"), id);
	return CMD_NO;
}

/* Texts that somebody else has written meanwhile. */
void cmd_fix_tell_edited(const struct fix_done *d)
{
	const char *p = buffer_string(&d->edited);

	while (*p != '\0') {
		const size_t n = strcspn(p, "\n"), path = strcspn(p, " ");

		(void)fprintf(stderr, _("bastionctl: %.*s had been changed meanwhile; that text is kept as "
		    "%.*s\n"), (int)path, p, (int)(n - path - 1), p + path + 1);
		p += n + (p[n] == '\n');
	}
}

void cmd_fix_tell_left(const struct fix_done *d, FILE *out)
{
	if (d->left > 0)
		(void)fprintf(out, P_("%d file was changed since and keeps its mode and owner; the log says "
		    "which.\n", "%d files were changed since and keep their modes and owners; the log says "
		    "which.\n", (unsigned long)d->left), d->left);
}

static int tell_trouble(const struct work *w, int r)
{
	const struct fix_done *d = &w->done;

	(void)fprintf(stderr, "bastionctl: fix: %s\n", d->went_back && d->why.text[0] != '\0' ?
	    d->why.text : w->e.text);
	if (d->went_back && d->left == 0)
		(void)fprintf(stderr, _("bastionctl: fix: all is as it was; transaction %s\n"), d->id);
	else if (d->went_back)
		(void)fprintf(stderr, _("bastionctl: fix: transaction %s is back, but for this:\n"), d->id);
	cmd_fix_tell_left(d, stderr);
	if (d->no_package)
		(void)fprintf(stderr, _("bastionctl: the package is not installed again: no copy of its "
		    "version is in the cache; its files are back\n"));
	if (d->went_back && d->account.text[0] != '\0')
		(void)fprintf(stderr, _("bastionctl: the account is not made again: %s\n"), d->account.text);
	cmd_fix_tell_edited(d);
	if (d->open)
		(void)tell_open(d->id);
	return d->open || !d->went_back ? exit_of(r) : CMD_TROUBLE;
}

/* What became of it, in a line or two. */
static int tell_done(struct work *w, int r)
{
	const struct fix_done *d = &w->done;

	if (r != 0 || d->went_back)
		return tell_trouble(w, r);
	(void)printf(_("Done; transaction %s.  `bastionctl rollback %s` takes it back.\n"), d->id, d->id);
	if (d->account.text[0] != '\0')
		(void)printf(_("Left to you, the account: %s\n"), d->account.text);
	cmd_fix_tell_left(d, stdout);
	return CMD_YES;
}

/* One that nobody has told to begin anew still goes by what was there before. */
static bool still_runs(const struct work *w)
{
	struct facts now = {.count = 0};
	bool runs;

	if (w->done.restart.text[0] == '\0')
		return false;
	gather_listen(&now);
	runs = facts_next(&now, "listener", "", NULL) != NULL;
	if (runs)
		(void)printf(_("Left to you: restart sshd, which could not be done: %s\n"),
		    w->done.restart.text);
	facts_free(&now);
	return runs;
}

/* What the checks say of the host as it is now. */
static int verify(struct work *w)
{
	const bool runs = still_runs(w);
	int r;

	facts_free(&w->facts);
	w->facts = (struct facts){.count = 0};
	gather_host(&w->facts, &w->q);
	r = cmd_fix_verify(&w->facts);
	if (r == CMD_YES && !runs && w->done.unseen) {
		(void)printf(_("Not verified: sshd answered nowhere before, so nobody has seen whether it "
		    "does now.\n"));
		return CMD_TROUBLE;
	}
	return r == CMD_YES && (runs || w->done.account.text[0] != '\0') ? CMD_NO : r;
}

/* CMD_YES, unless there is more that somebody else has to do. */
static int what_is_left(const struct work *w, int r)
{
	const struct fix_plan *p = &w->change.plan;

	if (p->by_hand)
		return CMD_TROUBLE;
	return r == CMD_YES && (p->left.len > 0 || p->more || w->done.left > 0) ? CMD_NO : r;
}

static int finish_done(struct work *w)
{
	(void)fflush(stdout);
	return what_is_left(w, w->what == FIX_EIC ? verify(w) : CMD_YES);
}

static int lock(struct work *w)
{
	const int r = enable_txn_lock(&w->txn, w->state_dir, WAIT, &w->e);

	return r == 0 ? CMD_YES : cmd_tell(&w->e, exit_of(r));
}

/* An enable that waits may put files back that a fix is about to copy. */
static int refuse_waiting(struct work *w)
{
	struct enable_change c;
	char id[ENABLE_ID_MAX];
	const char *name;
	int r = enable_txn_find(&w->txn, id, &c, &w->e);

	name = enable_target_name(c.target);
	if (r == 1)
		r = err_set(&w->e, ERR_REFUSED, "`enable %s` waits to be confirmed; `bastionctl confirm` from "
		    "a new login, or `bastionctl disable %s`, first", name, name);
	enable_change_free(&c);
	if (r != 0)
		(void)fprintf(stderr, "bastionctl: fix: %s\n", w->e.text);
	return r == 0 ? CMD_YES : r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE;
}

/* None may be open: what it has copied is older than what is there. */
static int begin(struct work *w)
{
	struct enable_found found;
	sigset_t before;
	char id[ENABLE_ID_MAX];
	int r;

	(void)mkdir(w->state_dir, 0700);
	r = enable_run_settle(w->state_dir, &found, &w->e);
	if (r < 0 && r != ERR_CONFLICT)
		return cmd_tell(&w->e, CMD_TROUBLE);
	if ((r = lock(w)) != CMD_YES)
		return r;
	hold_signals(&before);
	if (fix_txn_open(&w->txn, id) > 0)
		r = tell_open(id);
	else if ((r = refuse_waiting(w)) == CMD_YES)
		r = tell_done(w, fix_run_apply(&w->txn, &w->change, &w->done, &w->e));
	enable_txn_unlock(&w->txn);
	r = r == CMD_YES ? finish_done(w) : r;
	(void)fflush(stdout);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* ---- what is to be done ---- */

/* Whether sshd would take it, and whether somebody else gets in. */
static int judge(struct work *w)
{
	char who[400], why[400];
	const struct fix_way_who way = {who, why, sizeof(who), (int64_t)time(NULL)};
	int r;

	r = fix_sshd_test(&w->facts, &w->change.plan, &w->e);
	if (r != 0 && r != ERR_NONE)
		return cmd_tell(&w->e, exit_of(r));
	if (w->o->console)
		return CMD_YES;
	fix_way_gather(&w->facts);
	if ((r = fix_way_judge(&w->facts, &way, &w->e)) != 0) {
		if (why[0] != '\0')
			(void)fprintf(stderr, _("Does not get in without it: %s\n"), why);
		return cmd_tell(&w->e, exit_of(r));
	}
	(void)printf(_("Gets in without it: %s\n"), who);
	return CMD_YES;
}

static void gather(struct work *w)
{
	const struct gather_request *q = &w->q;


	switch (w->what) {
	case FIX_EIC:
		gather_host(&w->facts, q);
		break;
	case FIX_EIC_RETURN:
		gather_eic_return(&w->facts);
		break;
	case FIX_SECRETS:
		gather_enrolled(&w->facts, q);
		fix_loose_gather(&w->facts);
		break;
	case FIX_KEYS:
		gather_key(&w->facts);
		break;
	}
}

static int make_plan(struct work *w)
{
	struct fix_plan *p = &w->change.plan;
	int r = ERR_SYSTEM;

	p->what = w->what;
	switch (w->what) {
	case FIX_EIC:
		r = fix_plan_eic(&w->facts, p, &w->e);
		fix_sshd_listens(&w->facts, &w->change);
		break;
	case FIX_EIC_RETURN:
		r = fix_pin_plan(&w->facts, p, &w->e);
		break;
	case FIX_SECRETS:
		r = fix_loose_secrets(&w->facts, p, &w->e);
		break;
	case FIX_KEYS:
		r = fix_loose_keys(&w->facts, p, &w->e);
		break;
	}
	if (r == 0 && w->facts.failed)
		r = err_set(&w->e, ERR_SYSTEM, "out of memory");
	return r == 0 ? fix_mode_look(p, &w->e) : r;
}

/* Nothing is made and no lock is taken for that. */
static bool is_open(struct work *w, char id[ENABLE_ID_MAX])
{
	(void)snprintf(w->txn.dir, sizeof(w->txn.dir), "%.*s/txn", ENABLE_PATH_MAX - 8, w->state_dir);
	return fix_txn_open(&w->txn, id) > 0;
}

static int fix(struct work *w)
{
	const struct fix_plan *p = &w->change.plan;
	char id[ENABLE_ID_MAX];
	int r = make_plan(w);

	if (r != 0)
		return cmd_tell(&w->e, r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE);
	if (is_open(w, id))
		return tell_open(id);
	if (fix_plan_is_empty(p)) {
		/* A program of another name that calls it is told by the checks alone. */
		r = w->what == FIX_EIC ? cmd_fix_verify(&w->facts) : CMD_YES;
		cmd_fix_show_nothing(p);
		cmd_fix_show_left(p);
		return what_is_left(w, r);
	}
	cmd_fix_show_steps(&w->change);
	cmd_fix_show_left(p);
	cmd_fix_show_diffs(p);
	(void)fflush(stdout);
	if (fix_plan_restarts(p) && (r = judge(w)) != CMD_YES)
		return r;
	if (w->o->dry_run || !cmd_fix_is_agreed(w->o)) {
		(void)printf(_("Nothing was changed; `bastionctl fix %s --yes` does it.\n"), fix_name(w->what));
		return CMD_NO;
	}
	return begin(w);
}

static struct work *start(const struct cmd_common *common, const struct fix_options *o, int *r)
{
	struct work *w = calloc(1, sizeof(*w));

	*r = CMD_TROUBLE;
	if (w == NULL)
		return NULL;
	w->o = o;
	*r = cmd_fix_state_dir(common, w->state_dir, sizeof(w->state_dir));
	if (common->config != NULL && cmd_absolute(common->config, w->config) == 0)
		w->q.config = w->config;
	return w;
}

static void finish(struct work *w)
{
	if (w == NULL)
		return;
	buffer_free(&w->done.edited);
	fix_change_free(&w->change);
	facts_free(&w->facts);
	free(w);
}

int cmd_fix_run(const struct cmd_common *common, const struct fix_options *o, enum fix_what what)
{
	int r;
	struct work *w = start(common, o, &r);

	if (w != NULL && r == CMD_YES) {
		w->what = what;
		gather(w);
		r = fix(w);
	}
	finish(w);
	return r;
}

/* ---- the one that was cut short ---- */

/* Whether it is the one that was meant; its kind. */
static int is_meant(struct work *w, const char *id, const enum fix_what *what)
{
	struct fix_change c;
	const int r = fix_txn_read(&w->txn, id, ENABLE_TXN_FIX, &c, &w->e);

	if (r != 0)
		return cmd_tell(&w->e, CMD_TROUBLE);
	w->what = c.plan.what;
	fix_change_free(&c);
	if (what == NULL || *what == w->what)
		return CMD_YES;
	(void)fprintf(stderr, _("bastionctl: transaction %s is of `fix %s`\n"), id, fix_name(w->what));
	return CMD_NO;
}

/* What has happened since it was judged may have shut everybody else out. */
static int judge_again(struct work *w, const char *id)
{
	int r;

	if (w->what != FIX_EIC || fix_run_returns(&w->txn, id))
		return CMD_YES;
	gather(w);
	if ((r = make_plan(w)) != 0)
		r = cmd_tell(&w->e, r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE);
	else
		r = judge(w);
	if (r != CMD_YES)
		(void)tell_open(id);
	return r;
}

static int resume(struct work *w, const enum fix_what *what)
{
	char id[ENABLE_ID_MAX];
	sigset_t before;
	int r;

	if (access(w->state_dir, F_OK) != 0 && errno == ENOENT) {
		(void)printf(_("No fix was cut short.\n"));
		return CMD_YES;
	}
	if ((r = lock(w)) != CMD_YES)
		return r;
	hold_signals(&before);
	if (fix_txn_open(&w->txn, id) == 0) {
		(void)printf(_("No fix was cut short.\n"));
		w->what = FIX_EIC_RETURN;
	} else if ((r = is_meant(w, id, what)) == CMD_YES && (r = judge_again(w, id)) == CMD_YES) {
		r = tell_done(w, fix_run_resume(&w->txn, id, &w->done, &w->e));
	}
	enable_txn_unlock(&w->txn);
	r = r == CMD_YES ? finish_done(w) : r;
	(void)fflush(stdout);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int cmd_fix_resume(const struct cmd_common *common, const struct fix_options *o,
    const enum fix_what *what)
{
	int r;
	struct work *w = start(common, o, &r);

	if (w != NULL && r == CMD_YES)
		r = resume(w, what);
	finish(w);
	return r;
}
