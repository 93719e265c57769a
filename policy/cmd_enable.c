#include "policy/cmd_enable.h"

#include "enroll/language.h"
#include "lib/core/conf.h"
#include "lib/core/day.h"
#include "lib/core/who.h"
#include "policy/config_check.h"
#include "policy/config_trust.h"
#include "policy/enable.h"
#include "policy/enable_keys.h"
#include "policy/enable_label.h"
#include "policy/enable_people.h"
#include "policy/enable_run.h"
#include "policy/enable_sshd.h"
#include "policy/enable_trial.h"
#include "policy/enable_way.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define PAM_DIR "/etc/pam.d"
#define PAM_VENDOR_DIR "/usr/lib/pam.d"
#define RUN_DIR "/run/pam-bastion"
#define TRIAL_HOST "enable-trial" /* no number, so it is remembered nowhere */
#define CONFIRM_DEFAULT 300
#define CONFIRM_MAX 86400

static const char help_enable[] =
    N_("usage: bastionctl enable sshd|sudo|login [--confirm TIME] [--admin USER]\n"
    "                  [--dry-run] [--yes]\n"
    "       bastionctl enable sshd|sudo|login --no-confirm [--yes]\n"
    "\n"
    "Puts the code into the service's PAM file, between marks, and for sshd a drop-in\n"
    "beside sshd_config.  First it shows the difference, checks what will be, and has an\n"
    "enrolled admin go through it with a code of his own.  The old files come back by\n"
    "themselves unless `bastionctl confirm` is called from a new login in time.\n"
    "\n"
    "  --confirm TIME  until the old files come back: 90s, 5m, 1h (default 5m, 3s to 24h)\n"
    "  --admin USER    who gives the code (default: who calls sudo, else the first one)\n"
    "  --no-confirm    for images: no admin, no trial, no way back; only while nobody is\n"
    "                  enrolled and somebody can enrol: is invited, or anybody may\n"
    "  --dry-run       show the difference and check it, and change nothing; exit 1\n"
    "  --yes           do not ask\n"
    "\n"
    "exit: 0 done or enabled already, 1 refused, 2 usage, 3 trouble or a decision is\n"
    "      needed, 75 another bastionctl is at work\n");

static const char help_confirm[] =
    N_("usage: bastionctl confirm\n"
    "\n"
    "What `enable` has changed stays.  Must be called from a login that began after it.\n"
    "\n"
    "exit: 0 confirmed, 1 nothing to confirm, 2 usage, 3 this login does not count, or\n"
    "      trouble, 75 another bastionctl is at work\n");

static const char help_disable[] =
    N_("usage: bastionctl disable sshd|sudo|login [--yes]\n"
    "       bastionctl disable --unconfirmed ID\n"
    "\n"
    "Takes the marked lines and the drop-in out again; other changes stay.  An `enable`\n"
    "that waits to be confirmed is taken back.\n"
    "\n"
    "  --unconfirmed ID  take transaction ID (a name, or its directory; `any`: one whose\n"
    "                    time is over) back if it still waits; for the timer and at boot\n"
    "  --yes             do not ask\n"
    "\n"
    "exit: 0 done or not enabled, 1 refused, 2 usage, 3 trouble, 75 another bastionctl\n"
    "      is at work\n");

struct options {
	const char *command;
	const char *config;
	bool disable;
	bool has_target;
	enum enable_target target;
	bool yes, no_confirm, dry_run;
	int64_t seconds;
	const char *admin;
	const char *unconfirmed;
};

/* What a command works with. */
struct work {
	const struct options *o;
	struct conf conf;
	struct enable_way way;
	struct enable_plan plan;
	struct enable_image image;      /* with --no-confirm */
	enum enable_enroll enroll;      /* the same */
	char admin[WHO_NAME_MAX + 1];   /* "": none is asked for */
	char console[WHO_NAME_MAX + 1]; /* "": nobody */
	char addr[64];                  /* where the caller comes from, or "" */
	struct err e;
};

static int usage(const char *command, const char *reason, const char *word)
{
	(void)fprintf(stderr, _("bastionctl: %s: %s%s%s; see `bastionctl %s --help`\n"), command,
	    _(reason), word != NULL ? ": " : "", word != NULL ? word : "", command);
	return CMD_USAGE;
}

/* Says what is in the way and gives the exit code. */
static int refuse(const struct work *w, int r)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "bastionctl: %s: %s\n", w->o->command, w->e.text);
	return r == ERR_REFUSED ? CMD_NO : r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE;
}

static int done(int result)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return result;
	(void)fprintf(stderr, _("bastionctl: standard output: %s\n"), strerror(errno));
	return CMD_TROUBLE;
}

/* ---- options ---- */

/* 90s, 5m, 1h; 0 when it is none of these, or out of range. */
static int64_t read_time(const char *text)
{
	char *end = NULL;
	long long n = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
	long long unit = end == NULL || end[0] == '\0' || end[1] != '\0' ? 0 : end[0] == 's' ? 1 :
	    end[0] == 'm' ? 60 : end[0] == 'h' ? 3600 : 0;

	return n < 1 || n > CONFIRM_MAX || n * unit < 3 || n * unit > CONFIRM_MAX ? 0 : n * unit;
}

static bool read_target(struct options *o, const char *word)
{
	for (int i = ENABLE_SSHD; i <= ENABLE_LOGIN && !o->has_target; i++)
		if (strcmp(word, enable_target_name((enum enable_target)i)) == 0) {
			o->target = (enum enable_target)i;
			o->has_target = true;
			return true;
		}
	return false;
}

/* The value of `--name VALUE` or `--name=VALUE`, or NULL; *i moves on. */
static const char *value_of(const char *name, int *i, int argc, char **argv)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return argv[*i][n] == '\0' && *i + 1 < argc ? argv[++*i] : NULL;
}

static int read_options(struct options *o, int argc, char **argv)
{
	const char *value;

	for (int i = 0; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "--yes") == 0)
			o->yes = true;
		else if (!o->disable && strcmp(a, "--no-confirm") == 0)
			o->no_confirm = true;
		else if (!o->disable && strcmp(a, "--dry-run") == 0)
			o->dry_run = true;
		else if (!o->disable && (value = value_of("--confirm", &i, argc, argv)) != NULL) {
			if ((o->seconds = read_time(value)) == 0)
				return usage(o->command, N_("--confirm takes 3s to 24h, as in 90s, 5m, 1h"), value);
		} else if (!o->disable && (value = value_of("--admin", &i, argc, argv)) != NULL)
			o->admin = value;
		else if (o->disable && (value = value_of("--unconfirmed", &i, argc, argv)) != NULL)
			o->unconfirmed = value;
		else if (a[0] == '-')
			return usage(o->command, N_("unknown option, or its value is missing"), a);
		else if (!read_target(o, a))
			return usage(o->command, N_("say one of sshd, sudo, login"), a);
	}
	if (o->has_target == (o->unconfirmed != NULL))
		return usage(o->command, N_("say one of sshd, sudo, login"), NULL);
	if (o->no_confirm && (o->seconds != 0 || o->admin != NULL))
		return usage(o->command, N_("--no-confirm goes without --confirm and --admin"), NULL);
	return CMD_YES;
}

/* ---- what both commands begin with ---- */

static void read_caller(struct work *w)
{
	w->way.caller = getenv("SUDO_USER");
	enable_login_address(w->addr, sizeof(w->addr));
}

static int begin(struct work *w)
{
	struct timespec now = {0};

	if (geteuid() != 0)
		return err_set(&w->e, ERR_DENIED, "this is root's to do; call it through sudo");
	(void)clock_gettime(CLOCK_REALTIME, &now);
	w->way = (struct enable_way){.conf = &w->conf, .named = w->o->admin, .now = now.tv_sec};
	read_caller(w);
	return conf_load(&w->conf, w->o->config, &w->e);
}

static void tell_edited(const char *state_dir, const struct enable_found *found)
{
	if (found->settled && found->edited)
		(void)printf(_("A file had been edited since; a copy as it was is in %s/txn/%s "
		    "(edited.N).\n"), state_dir, found->id);
}

/* One that is open already is settled, or in the way. */
static int look_back(struct work *w, struct enable_found *found)
{
	int r = enable_run_settle(w->conf.state_dir, found, &w->e);

	if (r >= 0 && found->settled)
		(void)printf(_("An earlier change of %s was cut short or not confirmed in time; it has "
		    "been settled.\n"), enable_target_name(found->target));
	if (r >= 0)
		tell_edited(w->conf.state_dir, found);
	return r;
}

static int make_plan(struct work *w)
{
	const struct enable_request q = {{PAM_DIR, PAM_VENDOR_DIR, ENABLE_SSHD_CONFIG,
	    ENABLE_DROPIN}, w->o->target, w->o->disable, &w->conf};
	struct buffer diff = {0};
	int r = enable_plan_make(&q, &w->plan, &w->e);

	if (r != 0 || w->plan.change.count == 0)
		return r;
	enable_plan_diff(&w->plan, &diff);
	r = diff.failed ? err_set(&w->e, ERR_SYSTEM, "out of memory") : 0;
	(void)fputs(buffer_string(&diff), stdout);
	buffer_free(&diff);
	return r == 0 ? enable_plan_lay_out(&w->plan, &w->e) : r;
}

static int tell_findings(const struct config_findings *f, struct err *e)
{
	int failed = 0;

	for (size_t i = 0; i < f->count; i++) {
		failed += f->item[i].level == CONFIG_FAIL;
		if (f->item[i].level != CONFIG_OK)
			(void)printf("%s  %s  %s\n", f->item[i].level == CONFIG_FAIL ? "fail" : "warn",
			    f->item[i].check, f->item[i].text);
	}
	return failed == 0 ? 0 : err_set(e, ERR_REFUSED, "config check fails what would be "
	    "(above: %d); nothing is changed", failed);
}

static int check_config(struct work *w)
{
	struct timex clock = {.modes = 0};
	struct config_request q = {.config = w->o->config, .now = w->way.now};
	struct config_findings f = {0};
	char modules[PAMD_PATH_MAX];
	int state = adjtimex(&clock), r;

	config_module_dir(modules);
	q.module_dir = modules;
	q.synchronised = state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
	r = enable_plan_check(&w->plan, &q, &f, &w->e);
	if (r == 0)
		r = tell_findings(&f, &w->e);
	config_findings_free(&f);
	return r;
}

/* Whether the admin could log in and mend things. */
static int check_admin(struct work *w, const struct enable_sshd *q, const char *said)
{
	char files[1024], why[400];

	if (enable_sshd_turns_away(q, said, why, sizeof(why)))
		return err_set(&w->e, ERR_REFUSED, "%s: %s would not get in by ssh (%s); name another "
		    "admin with --admin", q->shown, q->user, why);
	switch (enable_keys(said, q->user, files, sizeof(files))) {
	case ENABLE_KEYS_SOME:
		return 0;
	case ENABLE_KEYS_UNKNOWN:
		(void)printf(_("warn  sshd  whether %s has a key is not known: AuthorizedKeysCommand, "
		    "TrustedUserCAKeys or a line of cert-authority decides; see that one lets %s in\n"),
		    q->user, q->user);
		return 0;
	case ENABLE_KEYS_NONE:
		break;
	}
	return err_set(&w->e, ERR_REFUSED, "%s: sshd finds no public key of %s (AuthorizedKeysFile "
	    "%s), and a password would count no more; put a key there, in a file that nobody else "
	    "may write, or name another admin with --admin", q->shown, q->user, files);
}

static int tell_people(struct work *w, const struct enable_sshd *q)
{
	struct enable_people p;
	int r = enable_people_look(&w->way, q, w->admin, &p, &w->e);

	if (r != 0)
		return r;
	if (p.keyless.count > 0)
		(void)printf(_("warn  sshd  %d with a password have no public key that sshd finds, and "
		    "would not get in by ssh any more: %s\n"), p.keyless.count, p.keyless.text);
	if (p.codeless.count > 0)
		(void)printf(_("warn  sshd  %d with a public key have no device and no invitation, and "
		    "would be asked for a code in vain: %s\n"), p.codeless.count, p.codeless.text);
	if (p.other.count > 0)
		(void)printf(_("warn  sshd  for %d sshd -T does not say the key and then the code (a "
		    "Match, or an earlier line), and what goes past the code is refused: %s\n"),
		    p.other.count, p.other.text);
	if (p.more)
		(void)printf(_("warn  sshd  not everybody was looked at; sshd was asked about %d at "
		    "most\n"), ENABLE_PEOPLE_MOST);
	return 0;
}

static int check_sshd(struct work *w)
{
	const char *first = w->image.invited > 0 ? w->image.user : "nobody";
	const struct enable_sshd q = {w->plan.sshd_config, ENABLE_SSHD_CONFIG,
	    w->admin[0] != '\0' ? w->admin : first, w->addr[0] != '\0' ? w->addr : NULL};
	struct buffer said = {0};
	char why[400];
	int r;

	if (w->o->target != ENABLE_SSHD)
		return 0;
	r = enable_sshd_test(&q, &w->e);
	if (r != 0 || w->o->disable)
		return r;
	r = enable_sshd_ask(&q, &said, &w->e);
	if (r == 0)
		r = enable_sshd_judge(&q, buffer_string(&said), &w->e);
	if (r == 0 && w->image.invited > 0 &&
	    enable_sshd_turns_away(&q, buffer_string(&said), why, sizeof(why)))
		r = err_set(&w->e, ERR_UNAVAIL, "%s: %s is invited and would not get in by ssh (%s), so "
		    "that nobody ever enrols; change that first", q.shown, q.user, why);
	if (r == 0 && w->admin[0] != '\0')
		r = check_admin(w, &q, buffer_string(&said));
	if (r == 0)
		r = tell_people(w, &q);
	buffer_free(&said);
	return r;
}

static int ask(struct work *w)
{
	char answer[16] = "";

	if (w->o->yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(&w->e, ERR_UNAVAIL, "standard input is no terminal to ask on; say --yes "
		    "when the difference above is what you want; nothing is changed");
	(void)printf(_("Type yes to go on: "));
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0)
		return 0;
	return err_set(&w->e, ERR_REFUSED, "not `yes`; nothing is changed");
}

static int apply(struct work *w, struct enable_done *out)
{
	const struct enable_run q = {w->conf.state_dir, RUN_DIR, w->console[0] != '\0'};
	struct enable_change *c = &w->plan.change;
	struct enable_login here;
	int r = enable_login_now(&c->begun, &w->e);

	enable_login_here(c->target, &here);
	c->audit = here.audit;
	c->seconds = w->o->seconds;
	return r == 0 ? enable_run_apply(&q, &w->plan, out, &w->e) : r;
}

/* ---- enable ---- */

/* Who could mend things; with --no-confirm: that nobody has to. */
static int find_people(struct work *w)
{
	int r;

	if (!w->o->no_confirm)
		return enable_way_admin(&w->way, w->admin, &w->e);
	if ((r = enable_way_image(&w->way, &w->image, &w->e)) != 0)
		return r;
	if (w->image.enrolled > 0)
		return err_set(&w->e, ERR_UNAVAIL, "--no-confirm is for machines where nobody is "
		    "enrolled yet, and somebody is; go without it");
	return 0;
}

/* With --no-confirm: that somebody gets in by the planned lines. */
static int find_enrolment(struct work *w)
{
	/* Where sudo's line has no after_password it has after_login. */
	bool proves = w->plan.after_password || w->o->target == ENABLE_SUDO;

	if (!w->o->no_confirm)
		return 0;
	w->enroll = enable_way_to_enroll(&w->way, w->o->target, proves, &w->image);
	switch (w->enroll) {
	case ENABLE_ENROLL_WORD:
	case ENABLE_ENROLL_LOGIN:
	case ENABLE_ENROLL_DAY:
		return 0;
	case ENABLE_ENROLL_UNPROVEN:
		return err_set(&w->e, ERR_UNAVAIL, "--no-confirm needs a way to enrol, and through %s "
		    "there is none: its line would not know whether the password was right, so that "
		    "whoever is not enrolled is refused; enrol an admin, and go without it",
		    enable_target_name(w->o->target));
	case ENABLE_ENROLL_NO_WORD:
		return err_set(&w->e, ERR_UNAVAIL, "--no-confirm needs a way to enrol, and nobody is "
		    "invited (`enroll = invite`), so that nobody ever gets in; run `enroll-mfa invite "
		    "USER` first, or write `enroll = login` into %s", w->conf.path);
	case ENABLE_ENROLL_NONE:
		break;
	}
	return err_set(&w->e, ERR_UNAVAIL, "--no-confirm needs a way to enrol, or nobody ever gets "
	    "in: `enroll = invite` or `login` for sshd, or `enroll_by` with a day to come, in %s",
	    w->conf.path);
}

/* A code line of the console that cannot take the password as proven exempts nobody. */
static bool console_exempts(const struct work *w)
{
	struct enable_file f = {.path = PAM_DIR "/login"};
	bool exempts;

	if (w->o->target == ENABLE_LOGIN)
		return w->plan.after_password;
	exempts = enable_file_read(&f, NULL) == 0 &&
	    (strstr(buffer_string(&f.old), PAMD_OURS) == NULL ||
	    strstr(buffer_string(&f.old), "after_password") != NULL);
	buffer_free(&f.old);
	return exempts;
}

static void tell_no_way_back(const struct work *w)
{
	const char *name = enable_target_name(w->o->target);
	char day[DAY_TEXT];

	if (w->enroll == ENABLE_ENROLL_WORD) {
		(void)printf(_("Way back: none; nobody is enrolled.  %d can enrol through %s by "
		    "invitation, the first is %s.\n"), w->image.invited, name, w->image.user);
	} else if (w->enroll == ENABLE_ENROLL_LOGIN) {
		(void)printf(_("Way back: none; nobody is enrolled, and whoever comes through %s with a "
		    "key can enrol.\n"), name);
	} else {
		day_text(w->conf.enroll_by, day);
		(void)printf(_("Way back: none; nobody is enrolled, and whoever comes through %s with a "
		    "key or password is let in without a code until %s.\n"), name, day);
	}
}

static void tell_way_back(struct work *w)
{
	if (!console_exempts(w) || !enable_way_console(&w->way, w->console))
		w->console[0] = '\0';
	if (w->o->no_confirm)
		tell_no_way_back(w);
	else
		(void)printf(_("Way back: the old files come back after %lld s unless "
		    "`bastionctl confirm` is called from a new login.\n"), (long long)w->o->seconds);
	if (w->console[0] != '\0')
		(void)printf(_("Way back: %s gets in at the console with the password alone (exempt, "
		    "@local).\n"), w->console);
	if (w->admin[0] != '\0')
		(void)printf(_("Admin: %s.\n"), w->admin);
}

/* What lets somebody in without a code must not pass for one. */
static int try_code(struct work *w, struct enable_trial *q)
{
	struct enable_spent before, after;
	bool elsewhere = false;
	int r = 0;

	if (w->o->target != ENABLE_SSHD || q->keys != NULL)
		r = enable_way_asked(&w->way, w->admin, q->host, &elsewhere, &w->e);
	if (elsewhere || (q->keys != NULL && w->conf.remember > 0))
		q->host = TRIAL_HOST;
	if (r == 0)
		r = enable_way_spent(&w->way, w->admin, &before, &w->e);
	if (r != 0)
		return r;
	(void)printf(_("Trial: what %s will ask; answer it as %s.  The code is spent.\n"), q->service,
	    w->admin);
	(void)fflush(stdout);
	r = enable_trial(q, &w->e);
	if (r == 0)
		r = enable_way_spent(&w->way, w->admin, &after, &w->e);
	if (r == 0 && !enable_way_has_spent(&before, &after))
		r = err_set(&w->e, ERR_REFUSED, "the future stack of %s has let %s in without a code, so "
		    "the trial proves nothing; `bastionctl explain %s` says why it may be; nothing is "
		    "changed", q->service, w->admin, w->admin);
	return r;
}

static int try_out(struct work *w)
{
	struct enable_trial q = {enable_target_name(w->o->target), w->plan.pam, w->admin, "ssh",
	    NULL, NULL};
	const char *tty = ttyname(STDIN_FILENO);
	char key[ENABLE_KEY_MAX];

	if (w->o->no_confirm)
		return 0;
	if (w->o->target != ENABLE_SSHD) {
		q.tty = tty != NULL ? tty : "tty1";
	} else {
		q.host = w->addr[0] != '\0' ? w->addr : NULL;
		q.keys = enable_way_key(&w->way, w->admin, key, sizeof(key)) ? key : NULL;
	}
	return try_code(w, &q);
}

static void tell_enabled(const struct work *w, const struct enable_done *d)
{
	const char *name = enable_target_name(w->o->target);

	(void)printf(d->reload == ENABLE_RELOAD_DONE ?
	    _("%s asks for a code now.  sshd has read its files again.\n") :
	    d->reload == ENABLE_RELOAD_NONE ? _("%s asks for a code now.  No sshd is running that "
	    "would have to read its files again.\n") : _("%s asks for a code now.\n"), name);
	if (w->o->seconds > 0 && d->no_timer.code == 0 && d->no_boot.code != 0)
		(void)printf(_("A reboot ends the timer, and the old files come back only when "
		    "bastionctl is called then: %s.\n"), d->no_boot.text);
	if (d->no_timer.code != 0)
		(void)printf(_("No timer: %s.  The way back is the console.\n"), d->no_timer.text);
	if (!w->o->no_confirm)
		(void)printf(w->o->target == ENABLE_SUDO ?
		    _("Keep this session.  Log in anew with %s and say there, within %lld s:\n"
		    "    bastionctl confirm\n") : _("Keep this session.  Log in anew through %s and say "
		    "there, within %lld s:\n    bastionctl confirm\n"), name, (long long)w->o->seconds);
}

static int enable(struct work *w)
{
	const char *const dirs[2] = {w->conf.state_dir, RUN_DIR};
	struct enable_done d;
	int r = enable_label_check(ENABLE_ENFORCE, dirs, &w->e);

	if (r == 0)
		r = find_people(w);
	if (r == 0)
		r = make_plan(w);
	if (r == 0 && w->plan.change.count == 0) {
		(void)printf(_("%s is enabled already.\n"), enable_target_name(w->o->target));
		return done(CMD_YES);
	}
	if (r == 0)
		r = find_enrolment(w);
	if (r == 0) {
		tell_way_back(w);
		r = check_config(w);
	}
	if (r == 0)
		r = check_sshd(w);
	if (r == 0 && w->o->dry_run) {
		(void)printf(_("Nothing was changed.\n"));
		return done(CMD_NO);
	}
	if (r == 0)
		r = ask(w);
	if (r == 0)
		r = try_out(w);
	if (r == 0)
		r = apply(w, &d);
	if (r != 0)
		return refuse(w, r);
	tell_enabled(w, &d);
	return done(CMD_YES);
}

int cmd_enable(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.command = "enable", .config = common->config};
	struct work w = {.o = &o};
	struct enable_found found = {.id = ""};
	int r;

	if (common->help)
		return fputs(_(help_enable), stdout) < 0 ? CMD_TROUBLE : done(CMD_YES);
	if ((r = read_options(&o, argc, argv)) != CMD_YES)
		return r;
	if (o.seconds == 0 && !o.no_confirm)
		o.seconds = CONFIRM_DEFAULT;
	if (o.config != NULL && strcmp(o.config, conf_default_path()) != 0)
		return usage("enable", N_("the lines it writes go by the packaged configuration, not by "
		    "--config"), o.config);
	r = begin(&w);
	if (r == 0)
		r = look_back(&w, &found);
	if (r == 1)
		r = err_set(&w.e, ERR_UNAVAIL, "`enable %s` waits to be confirmed; `bastionctl confirm` "
		    "from a new login, or `bastionctl disable %s`, first",
		    enable_target_name(found.target), enable_target_name(found.target));
	if (r == 0)
		r = enable_run_no_fix(w.conf.state_dir, &w.e);
	r = r != 0 ? refuse(&w, r) : enable(&w);
	enable_plan_free(&w.plan);
	return r;
}

/* ---- confirm ---- */

/* Who called sudo; root itself, where nobody did. */
static int read_person(struct work *w, struct enable_person *who)
{
	const struct passwd *pw;

	*who = (struct enable_person){w->way.caller != NULL ? w->way.caller : "root", 0};
	if ((pw = getpwnam(who->user)) == NULL)
		return err_set(&w->e, ERR_UNAVAIL, "%s: no such account can be looked up", who->user);
	who->uid = pw->pw_uid;
	return 0;
}

int cmd_confirm(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.command = "confirm", .config = common->config};
	struct work w = {.o = &o};
	enum enable_target target = ENABLE_SSHD;
	struct enable_person who;
	int r;

	if (common->help)
		return fputs(_(help_confirm), stdout) < 0 ? CMD_TROUBLE : done(CMD_YES);
	if (argc > 0)
		return usage("confirm", N_("it takes nothing"), argv[0]);
	r = begin(&w);
	if (r == 0)
		r = read_person(&w, &who);
	if (r == 0)
		r = enable_run_confirm(&w.conf, &who, &target, &w.e);
	if (r == 0) {
		(void)printf(_("Confirmed: %s goes on asking for a code.\n"), enable_target_name(target));
		return done(CMD_YES);
	}
	/* The wrong session is a question of where to say it; nothing to confirm is a no. */
	return refuse(&w, r == ERR_REFUSED ? ERR_UNAVAIL : r == ERR_NONE ? ERR_REFUSED : r);
}

/* ---- disable ---- */

static int disable(struct work *w)
{
	struct enable_done d;
	int r = make_plan(w);

	if (r == 0 && w->plan.change.count == 0) {
		(void)printf(_("%s is not enabled.\n"), enable_target_name(w->o->target));
		return done(CMD_YES);
	}
	if (r == 0)
		r = check_config(w);
	if (r == 0)
		r = check_sshd(w);
	if (r == 0)
		r = ask(w);
	if (r == 0)
		r = apply(w, &d);
	if (r != 0)
		return refuse(w, r);
	(void)printf(d.reload == ENABLE_RELOAD_DONE ?
	    _("%s asks for no code any more.  sshd has read its files again.\n") :
	    _("%s asks for no code any more.\n"), enable_target_name(w->o->target));
	return done(CMD_YES);
}

/* The enable that waits is the one to be taken back. */
static int take_back(struct work *w, const char *id)
{
	struct enable_found found;
	int r = enable_run_back(w->conf.state_dir, id, &found, &w->e);

	if (r != 0 && r != ERR_NONE)
		return refuse(w, r);
	(void)printf("%s", r != 0 ? _("Nothing waits to be confirmed.\n") :
	    found.disable ? _("What was half done is done.\n") : _("The old files are back.\n"));
	tell_edited(w->conf.state_dir, &found);
	return done(CMD_YES);
}

/* The last `state_dir` of a configuration that does not read as a whole. */
static void scan_state_dir(const char *path, char dir[CONF_PATH_MAX])
{
	FILE *f = fopen(path, "re");
	static const char key[] = "state_dir";
	char line[CONF_PATH_MAX + 64];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *p = line + strspn(line, " \t");

		if (strncmp(p, key, sizeof(key) - 1) != 0)
			continue;
		p += sizeof(key) - 1;
		p += strspn(p, " \t=");
		if (*p == '/')
			(void)snprintf(dir, CONF_PATH_MAX, "%.*s", (int)strcspn(p, " \t\r\n"), p);
	}
	if (f != NULL)
		(void)fclose(f);
}

/* For the timer, which names the directory of the transaction, and at boot.  The
 * configuration may be what keeps everybody out, so neither goes by it. */
static int take_back_unconfirmed(struct work *w)
{
	const char *id = w->o->unconfirmed, *slash = strrchr(id, '/');
	struct enable_found found;
	int r;

	if (slash != NULL) {
		const size_t n = (size_t)(slash - id), tail = sizeof("/txn") - 1;

		if (n <= tail || n - tail >= sizeof(w->conf.state_dir) ||
		    memcmp(slash - tail, "/txn", tail) != 0)
			return usage("disable", N_("that is no directory of a transaction"), id);
		memcpy(w->conf.state_dir, id, n - tail);
		w->conf.state_dir[n - tail] = '\0';
		id = slash + 1;
	}
	if (strcmp(id, "any") != 0)
		return take_back(w, id);
	if (access(w->conf.state_dir, F_OK) != 0 && errno == ENOENT)
		return done(CMD_YES);
	if ((r = look_back(w, &found)) < 0)
		return refuse(w, r);
	return done(CMD_YES);
}

int cmd_disable(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.command = "disable", .config = common->config, .disable = true};
	struct work w = {.o = &o};
	struct enable_found found = {.id = ""};
	struct err why;
	int r, conf_r;

	if (common->help)
		return fputs(_(help_disable), stdout) < 0 ? CMD_TROUBLE : done(CMD_YES);
	if ((r = read_options(&o, argc, argv)) != CMD_YES)
		return r;
	conf_r = begin(&w);
	if (w.conf.state_dir[0] == '\0')
		return refuse(&w, conf_r);
	if (conf_r != 0)
		scan_state_dir(w.conf.path, w.conf.state_dir);
	if (o.unconfirmed != NULL)
		return take_back_unconfirmed(&w);
	why = w.e;
	r = look_back(&w, &found);
	if (r == 1 && found.target == o.target)
		return take_back(&w, found.id);
	if (r == 0 && conf_r != 0) {
		w.e = why;
		r = conf_r;
	}
	if (r == 1)
		r = err_set(&w.e, ERR_UNAVAIL, "`enable %s` waits to be confirmed; `bastionctl confirm` "
		    "from a new login, or `bastionctl disable %s`, first",
		    enable_target_name(found.target), enable_target_name(found.target));
	r = r != 0 ? refuse(&w, r) : disable(&w);
	enable_plan_free(&w.plan);
	return r;
}
