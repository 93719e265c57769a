#include "policy/cmd_rotate.h"

#include "enroll/language.h"
#include "policy/cmd_fix.h"
#include "policy/rotate/profile.h"
#include "policy/rotate/rotate_aws.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help_text[] =
    N_("usage: bastionctl rotate run USER|--secret ARN|--profile NAME|--all\n"
    "       bastionctl rotate resume [USER]\n"
    "       bastionctl rotate status [USER] [--json]\n"
    "       bastionctl rotate rollback USER\n"
    "       bastionctl rotate retire KEYID [--user USER]\n"
    "       bastionctl rotate repair USER|--secret ARN|--profile NAME\n"
    "       bastionctl rotate step createSecret|setSecret|testSecret|finishSecret\n"
    "                              --secret ARN --token VERSION\n"
    "\n"
    "  run       where the key is due: makes a new one, tests it, makes it the current one;\n"
    "            later runs switch the old one off and delete it\n"
    "  resume    goes on with what was begun, and begins nothing new\n"
    "  status    how far rotations have come; asks no network\n"
    "  rollback  back to the old key, while it is there\n"
    "  retire    switches a key off that is nobody's\n"
    "  repair    where the current key is gone or off: another that works, or a new one\n"
    "  step      the steps of a rotation function of Secrets Manager\n"
    "\n"
    "USER alone: his key in the file and profile of his last rotation, or in the one profile\n"
    "of the credentials file that has a key of his.\n"
    "\n"
    "  --secret ARN      the key is in this secret: accesskey, secretkey, username\n"
    "  --profile NAME    the key is in this profile of the credentials file; it signs, too\n"
    "  --file PATH       that file (default: AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials)\n"
    "  --all             every key that was rotated from this host before\n"
    "  --by PROFILE      the profile that signs (default: as the AWS tools find a key)\n"
    "  --region REGION   of the secret (default: its ARN's)\n"
    "  --user USER       whose key it is (default: AWS is asked)\n"
    "  --account ID      where users of several accounts have the name USER\n"
    "  --force           also a key that is not due\n"
    "  --dry-run         says what would be done\n"
    "  --yes             yes to what only people decide: see bastionctl(8)\n"
    "  --period, --overlap, --grace DURATION   instead of those of bastionctl.conf\n"
    "  --pace DURATION   between two tests of a new key (default: 2s)\n"
    "  --json            for machines\n"
    "\n"
    "exit: 0 done, or nothing is due, 1 the current key does not work, or there is no such,\n"
    "      2 usage, 3 trouble, or for you to decide, 75 try again\n");

/* ---- the host ---- */

/* They end a run between two steps: in one, a key could be lost sight of. */
static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
static bool stopped;

static void list_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaddset(set, signals[i]);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return (int64_t)time(NULL);
}

static void wait_ms(void *ctx, int64_t ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	sigset_t set;

	(void)ctx;
	list_signals(&set);
	if (!stopped && sigtimedwait(&set, NULL, &t) > 0)
		stopped = true;
}

static bool stop(void *ctx)
{
	const struct timespec none = {0};
	sigset_t set;

	(void)ctx;
	list_signals(&set);
	if (sigtimedwait(&set, NULL, &none) > 0)
		stopped = true;
	return stopped;
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	(void)printf("%s\n", line);
	(void)fflush(stdout);
}

/* ---- one key ---- */

struct world {
	struct rotate_aws *aws;
	struct rotate_iam iam;
	struct rotate_home home;
	struct rotate_host host;
	struct secret memory; /* of the profile's pair */
	struct rotate *m;
};

static int exit_of(enum rotate_end end)
{
	switch (end) {
	case ROTATE_DONE:
		return CMD_YES;
	case ROTATE_DRIFT:
		return CMD_NO;
	case ROTATE_AGAIN:
	case ROTATE_BUSY:
	case ROTATE_STOPPED:
		return CMD_AGAIN;
	default:
		return CMD_TROUBLE;
	}
}

static void set_times(struct rotate *m, const struct cmd_rotate_place *p,
    const struct cmd_rotate_options *o)
{
	m->times.period = o->period >= 0 ? o->period : p->settings.key_max_age;
	m->times.overlap = o->overlap >= 0 ? o->overlap : p->settings.rotate_overlap;
	m->times.grace = o->grace >= 0 ? o->grace : p->settings.rotate_grace;
	if (m->times.overlap_most < m->times.overlap * 7)
		m->times.overlap_most = m->times.overlap * 7;
	if (o->pace >= 0)
		m->times.pace_ms = o->pace * 1000;
}

/* Of a profile its own key signs: that of the file that was named, which the AWS tools may not
 * know.  With assume_role, what they find has to. */
static int sign_by_own(struct world *w, const struct cmd_rotate_place *p,
    const struct rotate_record *target, struct err *e)
{
	const struct rotate_profile own = {.path = target->home, .name = target->profile};
	int r;

	if (target->profile[0] == '\0' || strcmp(target->by, target->profile) != 0 ||
	    p->settings.assume_role[0] != '\0')
		return 0;
	if ((r = rotate_profile_read(&own, &w->m->cur.pair, e)) != 0)
		return r;
	return w->iam.sign_with(w->iam.ctx, &w->m->cur.pair, e) == ROTATE_OK ? 0 : ERR_BAD;
}

static int open_world(struct world *w, const struct cmd_rotate_place *p,
    const struct cmd_rotate_options *o, const struct rotate_record *target, struct err *e)
{
	const bool secret = target->home_kind == ROTATE_HOME_SECRET;
	const struct rotate_aws_settings s = {.profile = target->by, .region = o->region,
	    .assume_role = p->settings.assume_role, .secret = secret ? target->home : NULL};
	struct rotate_profile *profile;
	int r;

	*w = (struct world){.host = {.now = now, .sleep = wait_ms, .stop = stop, .say = say}};
	if ((r = rotate_aws_open(&w->aws, &s, e)) != 0)
		return r;
	rotate_aws_iam(w->aws, &w->iam);
	if ((w->m = rotate_new()) == NULL || secret_new(&w->memory, sizeof(*profile)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	profile = (struct rotate_profile *)w->memory.data;
	profile->path = target->home;
	profile->name = target->profile;
	profile->state_dir = p->state_dir;
	if (secret)
		rotate_aws_home(w->aws, &w->home);
	else
		rotate_profile_home(profile, &w->home);
	w->m->iam = &w->iam;
	w->m->home = target->home[0] != '\0' ? &w->home : NULL;
	w->m->host = &w->host;
	w->m->order = o->order;
	w->m->state_dir = p->state_dir;
	set_times(w->m, p, o);
	return secret ? 0 : sign_by_own(w, p, target, e);
}

static void close_world(struct world *w)
{
	rotate_free(&w->m);
	secret_free(&w->memory);
	rotate_aws_close(&w->aws);
}

static int tell_end(const struct rotate *m, enum rotate_end end)
{
	return end == ROTATE_DONE ? CMD_YES : cmd_tell(&m->e, exit_of(end));
}

/* ERR_REFUSED: bastionctl is built without AWS. */
static int tell_closed(const struct err *e, int r)
{
	return cmd_tell(e, r == ERR_REFUSED ? CMD_USAGE : CMD_TROUBLE);
}

static int rotate_one(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o,
    const struct rotate_record *target)
{
	struct world w;
	struct err e = {0};
	enum rotate_end end;
	int r = open_world(&w, p, o, target, &e);

	if (r != 0) {
		r = tell_closed(&e, r);
	} else {
		end = rotate_open(w.m, target);
		if (end == ROTATE_GO)
			end = o->what == CMD_ROTATE_STEP ? rotate_call(w.m, o->word) : rotate_run(w.m);
		r = tell_end(w.m, end);
	}
	close_world(&w);
	return r;
}

/* ---- which ones ---- */

static int set_file(struct rotate_record *t, const struct cmd_rotate_options *o, struct err *e)
{
	const char *file = o->file != NULL ? o->file : secure_getenv("AWS_SHARED_CREDENTIALS_FILE"),
	    *home = secure_getenv("HOME");
	char path[CONF_PATH_MAX];

	if (file == NULL || file[0] == '\0')
		(void)snprintf(path, sizeof(path), "%.400s/.aws/credentials", home != NULL ? home : "");
	else if (cmd_absolute(file, path) != 0)
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", file);
	(void)snprintf(t->home, sizeof(t->home), "%s", path);
	t->home_kind = ROTATE_HOME_PROFILE;
	return 0;
}

/* A text of the line into the record; too long is an error. */
static int set_text(char *to, size_t size, const char *text, struct err *e)
{
	if (text == NULL)
		return 0;
	return (size_t)snprintf(to, size, "%s", text) < size ? 0 :
	    err_set(e, ERR_SYNTAX, "%.40s...: is too long", text);
}

static int set_target(struct rotate_record *t, const struct cmd_rotate_options *o, struct err *e)
{
	const char *user = o->what == CMD_ROTATE_STEP ? NULL : o->word;
	int r = set_text(t->user, sizeof(t->user), user, e);

	if (r == 0 && o->secret != NULL)
		return (r = set_text(t->home, sizeof(t->home), o->secret, e)) != 0 ? r :
		    set_text(t->by, sizeof(t->by), o->by, e);
	if (r == 0)
		r = set_file(t, o, e);
	if (r == 0)
		r = set_text(t->profile, sizeof(t->profile), o->profile, e);
	/* The user's own key signs, unless another is named. */
	return r != 0 ? r : set_text(t->by, sizeof(t->by), o->by != NULL ? o->by : o->profile, e);
}

/* How a call ends a run that has not begun: what is not there is no trouble. */
static enum rotate_end end_of(enum rotate_answer a)
{
	return a == ROTATE_OK ? ROTATE_GO : a == ROTATE_NONE ? ROTATE_DRIFT :
	    a == ROTATE_LATER ? ROTATE_AGAIN : ROTATE_STUCK;
}

/* CMD_YES, or it was said why. */
static int list_keys(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o,
    const char *user, struct rotate_keys *keys)
{
	struct rotate_record none = {.home = ""};
	enum rotate_end end = ROTATE_GO;
	struct err e = {0};
	struct world w;
	int r;

	(void)set_text(none.by, sizeof(none.by), o->by, NULL);
	if ((r = open_world(&w, p, o, &none, &e)) == 0)
		end = end_of(w.iam.list(w.iam.ctx, user, keys, &e));
	close_world(&w);
	return r != 0 ? tell_closed(&e, r) : end != ROTATE_GO ? cmd_tell(&e, exit_of(end)) : CMD_YES;
}

/* Of USER alone: the one profile of the file with a key of his.  CMD_YES, or it was said why. */
static int find_profile(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o,
    struct rotate_record *t)
{
	char name[ROTATE_PROFILE_MAX];
	struct rotate_keys keys = {.count = 0};
	struct err e = {0};
	int n, found = 0, r = list_keys(p, o, t->user, &keys);

	if (r != CMD_YES)
		return r;
	for (size_t i = 0; r == 0 && i < keys.count; i++) {
		r = rotate_profile_find(t->home, keys.key[i].id, name, &n, &e);
		if (r == 0 && n > 0)
			(void)snprintf(t->profile, sizeof(t->profile), "%s", name);
		found += r == 0 ? n : 0;
	}
	if (r == 0 && found != 1)
		r = err_set(&e, ERR_NONE, "%s: %d profiles of %s have a key of this user: say --secret or "
		    "--profile", t->user, found, t->home);
	if (r == 0 && t->by[0] == '\0')
		r = set_text(t->by, sizeof(t->by), t->profile, &e);
	return r == 0 ? CMD_YES : cmd_tell(&e, r == ERR_NONE ? CMD_NO : CMD_TROUBLE);
}

struct search {
	const struct cmd_rotate_place *place;
	const struct cmd_rotate_options *o;
	const char *user, *account;  /* NULL: each */
	struct rotate_record *found; /* the last one; NULL: each is run */
	int count, worst;
};

static int worse(int a, int b)
{
	static const int order[] = {CMD_YES, CMD_NO, CMD_AGAIN, CMD_TROUBLE, CMD_USAGE};
	int r = a;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] == a || order[i] == b)
			r = order[i];
	return r;
}

static void take_home(struct rotate_record *t, const struct rotate_record *r)
{
	t->home_kind = r->home_kind;
	memcpy(t->home, r->home, sizeof(t->home));
	memcpy(t->profile, r->profile, sizeof(t->profile));
	memcpy(t->by, r->by, sizeof(t->by));
	memcpy(t->account, r->account, sizeof(t->account));
	memcpy(t->user, r->user, sizeof(t->user));
}

static bool is_other(const char *wanted, const char *name)
{
	return wanted != NULL && strcmp(wanted, name) != 0;
}

static int take_one(void *ctx, const struct rotate_record *r, const struct err *e)
{
	struct search *s = ctx;
	struct rotate_record t = {.home = ""};

	if (e->code != 0) {
		s->worst = worse(s->worst, cmd_tell(e, CMD_TROUBLE));
		return 0;
	}
	if (is_other(s->user, r->user) || is_other(s->account, r->account))
		return 0;
	s->count++;
	if (s->found != NULL) {
		take_home(s->found, r);
		return 0;
	}
	if (r->state == ROTATE_CLOSED && s->o->what == CMD_ROTATE_RESUME)
		return 0;
	take_home(&t, r);
	s->worst = worse(s->worst, rotate_one(s->place, s->o, &t));
	return stopped ? 1 : 0;
}

/* Every key that this host knows: `run --all`, `resume`. */
static int rotate_each(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o)
{
	struct search s = {.place = p, .o = o, .user = o->word, .account = o->account, .worst = CMD_YES};
	struct err e = {0};

	if (journal_each(p->state_dir, take_one, &s, &e) < 0)
		return cmd_tell(&e, CMD_TROUBLE);
	return s.count == 0 ? worse(s.worst, cmd_rotate_none(o)) : s.worst;
}

static int several(const char *user, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "%s: rotations of users of several accounts have this name: "
	    "say --account", user);
}

/* The one that is named, or (USER alone) where his last rotation was, or where he has one. */
static int rotate_named(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o)
{
	struct rotate_record t = {.home = ""};
	struct search s = {.place = p, .o = o, .user = o->word, .account = o->account, .found = &t,
	    .worst = CMD_YES};
	struct err e = {0};
	int r = 0;

	if (o->secret == NULL && o->profile == NULL && o->file == NULL) {
		r = journal_each(p->state_dir, take_one, &s, &e);
		if (r == 0 && s.count > 1)
			r = several(o->word, &e);
		if (r == 0 && s.count == 0 && o->what == CMD_ROTATE_ROLLBACK)
			r = err_set(&e, ERR_NONE, "%s: no key of this user has been rotated from this host", o->word);
	}
	if (r == 0 && s.count == 0)
		r = set_target(&t, o, &e);
	else if (r == 0 && o->by != NULL)
		r = set_text(t.by, sizeof(t.by), o->by, &e);
	if (r == 0)
		r = set_text(t.account, sizeof(t.account), o->account, &e);
	if (r != 0)
		return cmd_tell(&e, r == ERR_NONE ? CMD_NO : CMD_TROUBLE);
	if (t.profile[0] == '\0' && t.home_kind == ROTATE_HOME_PROFILE)
		r = find_profile(p, o, &t);
	return r != CMD_YES ? r : rotate_one(p, o, &t);
}

/* ---- retire ---- */

/* Whose key it is: AWS knows those of the account that signs alone. */
static enum rotate_end ask_owner(struct world *w, const char *id, struct rotate_record *t)
{
	struct rotate_used used = {.at = 0};
	struct rotate_identity who;
	enum rotate_answer a = w->iam.used(w->iam.ctx, id, &used, &w->m->e);

	if (a == ROTATE_OK)
		a = w->iam.identity(w->iam.ctx, NULL, &who, &w->m->e);
	if (a != ROTATE_OK)
		return end_of(a);
	(void)snprintf(t->user, sizeof(t->user), "%s", used.user);
	if (t->account[0] == '\0')
		(void)snprintf(t->account, sizeof(t->account), "%s", who.account);
	return ROTATE_GO;
}

static enum rotate_end retire_key(struct world *w, const char *id, const struct rotate_record *t)
{
	struct rotate *m = w->m;

	if (m->iam->identity(m->iam->ctx, NULL, &m->signer, &m->e) != ROTATE_OK ||
	    m->iam->signer(m->iam->ctx, m->signer_id, m->behind_id, &m->e) != ROTATE_OK)
		return ROTATE_STUCK;
	return rotate_retire(m, t, id);
}

/* MUST: with the home of this account's user, whose key is not to be switched off
 * (test_current_key_is_not_retired_beside_a_user_of_this_name_in_another_account). */
static int find_home(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o,
    struct rotate_record *t)
{
	const struct rotate_record asked = *t;
	struct search s = {.place = p, .o = o, .user = asked.user,
	    .account = asked.account[0] != '\0' ? asked.account : NULL, .found = t, .worst = CMD_YES};
	struct err e = {0};
	int r = journal_each(p->state_dir, take_one, &s, &e);

	if (r == 0 && s.count > 1)
		r = several(asked.user, &e);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

static int retire_at_home(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o,
    struct rotate_record *t)
{
	struct err e = {0};
	struct world w;
	int r = find_home(p, o, t);

	if (r != CMD_YES)
		return r;
	if (o->by != NULL)
		(void)set_text(t->by, sizeof(t->by), o->by, NULL);
	r = open_world(&w, p, o, t, &e);
	r = r != 0 ? tell_closed(&e, r) : tell_end(w.m, retire_key(&w, o->word, t));
	close_world(&w);
	return r;
}

static int retire(const struct cmd_rotate_place *p, const struct cmd_rotate_options *o)
{
	struct rotate_record t = {.home = ""};
	enum rotate_end end = ROTATE_GO;
	struct world w = {.aws = NULL};
	struct err e = {0};
	int r = set_text(t.by, sizeof(t.by), o->by, &e);

	if (r == 0)
		r = set_text(t.user, sizeof(t.user), o->user, &e);
	if (r == 0)
		r = set_text(t.account, sizeof(t.account), o->account, &e);
	if (r == 0 && o->user == NULL && (r = open_world(&w, p, o, &t, &e)) == 0)
		end = ask_owner(&w, o->word, &t);
	r = r != 0 ? tell_closed(&e, r) :
	    end != ROTATE_GO ? tell_end(w.m, end) : CMD_YES;
	close_world(&w);
	return r != CMD_YES ? r : retire_at_home(p, o, &t);
}

/* ---- the command ---- */

static int run(const struct cmd_rotate_place *p, struct cmd_rotate_options *o)
{
	sigset_t set;

	if (o->what == CMD_ROTATE_STATUS)
		return cmd_rotate_status(p, o);
	list_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	o->order.token = o->token;
	o->order.resume = o->what == CMD_ROTATE_RESUME;
	o->order.rollback = o->what == CMD_ROTATE_ROLLBACK;
	o->order.repair = o->what == CMD_ROTATE_REPAIR;
	if (o->what == CMD_ROTATE_RETIRE)
		return retire(p, o);
	return o->all || o->order.resume ? rotate_each(p, o) : rotate_named(p, o);
}

int cmd_rotate(const struct cmd_common *common, int argc, char **argv)
{
	struct cmd_rotate_options o;
	struct cmd_rotate_place *p;
	int r;

	if (common->help)
		return cmd_help(help_text);
	if ((r = cmd_rotate_read(&o, argc, argv)) != CMD_YES)
		return r;
	if (geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "rotate");
		return CMD_TROUBLE;
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return CMD_TROUBLE;
	if ((r = cmd_settings(common, &p->settings)) == CMD_YES &&
	    (r = cmd_fix_state_dir(common, p->state_dir, sizeof(p->state_dir))) == CMD_YES)
		r = run(p, &o);
	free(p);
	return cmd_finish(r);
}
