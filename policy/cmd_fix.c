#include "policy/cmd_fix.h"

#include "enroll/language.h"
#include "policy/audit/gather.h"
#include "policy/cmd_common.h"
#include "policy/enable_diff.h"
#include "policy/fix_run.h"
#include "policy/fix_sshd.h"
#include "policy/fix_way.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_DIR PB_LOCALSTATEDIR "/lib/pam-bastion"
#define CONFIG PB_SYSCONFDIR "/pam-bastion/pam_bastion.conf"
#define WAIT 30 /* seconds for another bastionctl */

static const char help_fix[] =
    N_("usage: bastionctl fix EIC [--dry-run] [--yes] [--i-have-console]\n"
    "       bastionctl fix EIC --resume\n"
    "\n"
    "Takes EC2 Instance Connect off this host: its lines in sshd's files, its package, its\n"
    "drop-ins, scripts and account; then sshd is restarted and has to answer, or all comes\n"
    "back.  `bastionctl rollback` takes it back later.\n"
    "\n"
    "  --dry-run         show the steps and what changes, and do nothing\n"
    "  --yes             do not ask; without it and without a terminal nothing is done\n"
    "  --i-have-console  also when nobody else would get in any more\n"
    "  --resume          go on with one that was cut short\n"
    "\n"
    "exit: 0 done or nothing to do, 1 something is to do or left, or refused, 2 usage,\n"
    "      3 trouble, 75 another bastionctl is at work\n");

struct options {
	bool eic, dry_run, yes, console, resume;
};

struct work {
	struct options o;
	char state_dir[CONF_PATH_MAX];
	struct facts facts;
	struct fix_change change;
	struct enable_txn txn;
	struct fix_done done;
	struct err e;
};

int cmd_fix_state_dir(const struct cmd_common *common, char *dir, unsigned long size)
{
	struct conf *c = calloc(1, sizeof(*c));
	int r = CMD_YES;

	if (c == NULL)
		return CMD_TROUBLE;
	if (common->config == NULL && access(CONFIG, F_OK) != 0)
		(void)snprintf(dir, size, "%s", STATE_DIR);
	else if ((r = cmd_load(common, c)) == CMD_YES)
		(void)snprintf(dir, size, "%s", c->state_dir);
	free(c);
	if (r == CMD_YES && geteuid() == 0)
		(void)mkdir(dir, 0700);
	return r;
}

static int read_options(struct options *o, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--dry-run") == 0)
			o->dry_run = true;
		else if (strcmp(argv[i], "--yes") == 0)
			o->yes = true;
		else if (strcmp(argv[i], "--i-have-console") == 0)
			o->console = true;
		else if (strcmp(argv[i], "--resume") == 0)
			o->resume = true;
		else if (argv[i][0] == '-')
			return cmd_usage("fix", N_("unknown option"), argv[i]);
		else if (strcmp(argv[i], "EIC") != 0)
			return cmd_usage("fix", N_("this fix is not in this version"), argv[i]);
		else
			o->eic = true;
	}
	if (!o->eic)
		return cmd_usage("fix", N_("what is to be put right? EIC"), NULL);
	if (o->resume && (o->dry_run || o->console))
		return cmd_usage("fix", N_("--resume goes with --yes alone"), NULL);
	return CMD_YES;
}

static int exit_of(int r)
{
	return r == ERR_REFUSED ? CMD_NO : r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE;
}

/* ---- what is to be done ---- */

static void print_files(const struct fix_plan *p, bool will)
{
	for (int i = 0; i < p->count; i++)
		if (p->file[i].file.will == will)
			(void)printf(will ? _("  - edit %s\n") : _("  - remove %s\n"), p->file[i].file.path);
}

static void print_steps(const struct fix_change *c)
{
	const struct fix_plan *p = &c->plan;

	(void)printf(_("To take EC2 Instance Connect off this host:\n"));
	print_files(p, true);
	for (int i = 0; i < p->packages; i++)
		(void)printf(_("  - purge package %s %s\n"), p->package[i].name, p->package[i].version);
	print_files(p, false);
	if (p->account[0] != '\0')
		(void)printf(_("  - remove account %s\n"), "ec2-instance-connect");
	(void)printf(_("  - restart sshd\n"));
	for (int i = 0; i < c->listens; i++)
		(void)printf(_("  - wait until it answers at %s port %d\n"), c->listen[i].addr,
		    c->listen[i].port);
}

static void print_left(const struct fix_plan *p)
{
	if (p->left.len > 0)
		(void)printf(_("Left to you, because more than EC2 Instance Connect is in it:\n%s"),
		    buffer_string(&p->left));
}

static void print_diffs(const struct fix_plan *p)
{
	struct buffer out = {0};

	for (int i = 0; i < p->count; i++)
		if (p->file[i].file.will)
			enable_diff(&(struct enable_diff){p->file[i].file.path,
			    buffer_string(&p->file[i].file.old), buffer_string(&p->file[i].file.new)}, &out);
	(void)fputs(buffer_string(&out), stdout);
	buffer_free(&out);
}

/* ---- doing it ---- */

static bool is_agreed(const struct options *o)
{
	char answer[16] = "";

	if (o->yes || !isatty(STDIN_FILENO))
		return o->yes;
	(void)printf(_("Type yes to go on: "));
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* What became of it, in a line or two. */
static int tell_done(struct work *w, int r)
{
	const struct fix_done *d = &w->done;

	if (r != 0)
		(void)fprintf(stderr, "bastionctl: fix: %s\n", d->went_back && d->why.text[0] != '\0' ?
		    d->why.text : w->e.text);
	if (d->went_back)
		(void)fprintf(stderr, _("bastionctl: fix: all is as it was; transaction %s\n"), d->id);
	if (d->no_package)
		(void)fprintf(stderr, _("bastionctl: the package is not installed again: no copy of its "
		    "version is in the cache; its files are back\n"));
	if (d->open)
		(void)fprintf(stderr, _("bastionctl: transaction %s is open: `bastionctl fix EIC --resume` or "
		    "`bastionctl rollback`\n"), d->id);
	if (r != 0 || d->went_back)
		return d->open || !d->went_back ? exit_of(r) : CMD_TROUBLE;
	(void)printf(_("Done; transaction %s.  `bastionctl rollback %s` takes it back.\n"), d->id, d->id);
	return CMD_YES;
}

/* A listener that was started with options of its own may still have them. */
static bool still_runs(struct work *w)
{
	struct facts now = {.count = 0};
	const struct fact *x = NULL;
	bool found = false;

	gather_listen(&now);
	while ((x = facts_next(&now, "listener", "", x)) != NULL)
		if (strstr(x->text, "eic_") != NULL || strstr(x->text, "ec2-instance-connect") != NULL) {
			(void)printf(_("Left to you: process %s was started with it; end it and start sshd "
			    "anew.\n"), x->name);
			found = true;
		}
	facts_free(&now);
	return found || w->change.plan.left.len > 0;
}

static int lock(struct work *w)
{
	const int r = enable_txn_lock(&w->txn, w->state_dir, WAIT, &w->e);

	return r == 0 ? CMD_YES : cmd_tell(&w->e, exit_of(r));
}

/* None may be open: what it has copied is older than what is there. */
static int begin(struct work *w)
{
	char id[ENABLE_ID_MAX];
	int r = lock(w);

	if (r != CMD_YES)
		return r;
	if (fix_txn_open(&w->txn, id) > 0) {
		(void)fprintf(stderr, _("bastionctl: transaction %s is open: `bastionctl fix EIC --resume` or "
		    "`bastionctl rollback`\n"), id);
		r = CMD_NO;
	} else {
		r = tell_done(w, fix_run_apply(&w->txn, &w->change, &w->done, &w->e));
	}
	enable_txn_unlock(&w->txn);
	return r == CMD_YES && still_runs(w) ? CMD_NO : r;
}

static int resume(struct work *w)
{
	char id[ENABLE_ID_MAX];
	int r = lock(w);

	if (r != CMD_YES)
		return r;
	if (fix_txn_open(&w->txn, id) == 0) {
		(void)printf(_("No fix was cut short.\n"));
		r = CMD_YES;
	} else {
		r = tell_done(w, fix_run_resume(&w->txn, id, &w->done, &w->e));
	}
	enable_txn_unlock(&w->txn);
	return r == CMD_YES && still_runs(w) ? CMD_NO : r;
}

/* Whether sshd would take it, and whether somebody else gets in. */
static int judge(struct work *w)
{
	char who[400];
	int r = fix_sshd_test(&w->facts, &w->change.plan, &w->e);

	if (r != 0 && r != ERR_NONE)
		return cmd_tell(&w->e, exit_of(r));
	if (w->o.console)
		return CMD_YES;
	fix_way_gather(&w->facts);
	if ((r = fix_way_judge(&w->facts, who, sizeof(who), &w->e)) != 0)
		return cmd_tell(&w->e, exit_of(r));
	(void)printf(_("Gets in without it: %s\n"), who);
	return CMD_YES;
}

static int fix(struct work *w)
{
	const struct fix_plan *p = &w->change.plan;
	int r = fix_plan_eic(&w->facts, &w->change.plan, &w->e);

	if (r == 0 && w->facts.failed)
		r = err_set(&w->e, ERR_SYSTEM, "out of memory");
	if (r != 0)
		return cmd_tell(&w->e, r == ERR_REFUSED ? CMD_NO : CMD_TROUBLE);
	fix_sshd_listens(&w->facts, &w->change);
	if (fix_plan_is_empty(p)) {
		(void)printf(_("Nothing of EC2 Instance Connect is there that could be taken off.\n"));
		print_left(p);
		return still_runs(w) ? CMD_NO : CMD_YES;
	}
	print_steps(&w->change);
	print_left(p);
	print_diffs(p);
	(void)fflush(stdout);
	if ((r = judge(w)) != CMD_YES)
		return r;
	if (w->o.dry_run || !is_agreed(&w->o)) {
		(void)printf(_("Nothing was changed; `bastionctl fix EIC --yes` does it.\n"));
		return CMD_NO;
	}
	return begin(w);
}

int cmd_fix(const struct cmd_common *common, int argc, char **argv)
{
	struct gather_request q = {.config = NULL};
	char config[CONF_PATH_MAX];
	struct work *w;
	int r;

	if (common->help)
		return cmd_help(help_fix);
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return CMD_TROUBLE;
	if ((r = read_options(&w->o, argc, argv)) == CMD_YES && geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "fix");
		r = CMD_TROUBLE;
	}
	if (r == CMD_YES)
		r = cmd_fix_state_dir(common, w->state_dir, sizeof(w->state_dir));
	if (r == CMD_YES && common->config != NULL && cmd_absolute(common->config, config) == 0)
		q.config = config;
	if (r == CMD_YES && w->o.resume) {
		r = resume(w);
	} else if (r == CMD_YES) {
		gather_host(&w->facts, &q);
		r = fix(w);
	}
	fix_change_free(&w->change);
	facts_free(&w->facts);
	free(w);
	return cmd_finish(r);
}
