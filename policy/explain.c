#include "policy/explain.h"

#include "lib/core/login.h"
#include "lib/core/look.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"
#include "lib/core/state.h"
#include "lib/core/store.h"
#include "policy/pamd_stack.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define PAM_DIR "/etc/pam.d"
#define PAM_VENDOR_DIR "/usr/lib/pam.d"
#define ARGS 66

struct lines {
	struct explain *x;
	const char *config;
	struct err *why;
	int code;
};

/* The first line of ours in auth is the one that asks. */
static int see_line(void *ctx, const struct pamd_line *l)
{
	struct lines *s = ctx;
	const char *argv[ARGS];
	char conf[CONF_PATH_MAX + 8];
	struct conf_args args = {.what = s->x->line, .argv = argv};

	if (!pamd_is_ours(l->module))
		return 0;
	for (int i = 0; l->type == PAMD_ACCOUNT && i < l->argc; i++)
		s->x->guarded = s->x->guarded || strcmp(l->argv[i], "need_auth") == 0;
	if (l->type != PAMD_AUTH || s->x->line[0] != '\0')
		return 0;
	(void)snprintf(s->x->line, sizeof(s->x->line), "%s:%d", l->file, l->line);
	for (int i = 0; i < l->argc && args.argc < ARGS - 1; i++)
		if (s->config == NULL || strncmp(l->argv[i], "conf=", 5) != 0)
			argv[args.argc++] = l->argv[i];
	if (s->config != NULL) {
		(void)snprintf(conf, sizeof(conf), "conf=%s", s->config);
		argv[args.argc++] = conf;
	}
	s->code = conf_load_args(&s->x->conf, &s->x->words, CONF_AUTH, &args, s->why);
	return 0;
}

static int read_service(const struct explain_query *q, struct explain *x, struct err *e)
{
	const struct pamd_dirs dirs = {PAM_DIR, PAM_VENDOR_DIR};
	struct lines s = {x, q->config, e, 0};
	char path[PAMD_PATH_MAX];
	int r = pamd_find(&dirs, q->service, path);

	if (r == ERR_NONE)
		r = pamd_find(&dirs, "other", path);
	if (r == 0)
		r = pamd_read(path, see_line, &s, e);
	else
		r = err_set(e, ERR_NONE, "%s/%s: does not exist", PAM_DIR, q->service);
	if (r != 0 || s.code != 0)
		return r != 0 ? r : s.code;
	return x->line[0] == '\0' ? conf_load(&x->conf, q->config, e) : 0;
}

static void find_account(const struct explain_query *q, struct explain *x,
    struct exempt_facts *f, const char **name)
{
	const struct passwd *pw = getpwnam(q->user);

	*name = pw != NULL ? pw->pw_name : q->user;
	x->account = pw != NULL;
	x->uid = pw != NULL ? pw->pw_uid : 0;
	f->account.user = *name;
	f->account.gid = pw != NULL ? pw->pw_gid : (gid_t)-1;
	f->now = q->now;
	f->local = q->from == NULL;
	if (q->from != NULL)
		(void)address_parse(q->from, &f->from);
}

struct work {
	struct store store;
	struct record_enroll enroll;
	struct record_hot hot;
	struct store_value value;
};

static int get(struct work *w, const char *kind, const char *user, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r;

	if (store_key(key, kind, user) != 0)
		return ERR_NONE;
	if ((r = store_get(&w->store, key, NULL, &w->value, e)) != 0)
		return r;
	r = strcmp(kind, "hot") == 0 ? record_get_hot(&w->hot, w->value.data, w->value.len) :
	    record_get_enroll(&w->enroll, w->value.data, w->value.len);
	return r == 0 ? 0 : err_set(e, ERR_BAD, "%s: its format is not one of this version's", key);
}

static void tell_devices(struct work *w, struct explain *x)
{
	x->devices = w->enroll.devices;
	for (int i = 0; i < w->enroll.devices; i++) {
		const struct record_device *d = &w->enroll.device[i];
		const struct record_entry *entry = record_find_entry(&w->hot, d->id);
		struct explain_device *out = &x->device[i];

		memcpy(out->name, d->name, sizeof(out->name));
		memcpy(out->key, d->key, sizeof(out->key));
		out->has_key = d->has_key;
		out->created = d->created;
		out->last_used = entry != NULL ? entry->last_used : 0;
	}
}

/* Any known source, any bucket of the unknown ones. */
static int64_t worst_wait(const struct record_hot *hot, int64_t now,
    const struct state_limits *l)
{
	uint8_t source[16] = {0};
	int64_t worst = 0, wait;

	for (int i = 0; i < RECORD_BUCKETS + RECORD_KNOWN; i++) {
		source[0] = (uint8_t)i;
		memset(source + 1, 0xff, sizeof(source) - 1);
		if (i >= RECORD_BUCKETS)
			memcpy(source, hot->known[i - RECORD_BUCKETS].source, sizeof(source));
		wait = state_wait(hot, source, now, l);
		worst = wait > worst ? wait : worst;
	}
	return worst;
}

static void tell_state(struct work *w, const struct explain_query *q, struct explain *x)
{
	const struct state_limits limits = {x->conf.throttle_free, x->conf.throttle_base,
	    x->conf.throttle_max, x->conf.lock_after, x->conf.window};
	struct source source;
	uint8_t hash[16];

	x->locked_since = w->hot.locked_since;
	x->missed = w->hot.missed;
	x->recovery_left = recovery_left(&w->enroll.recovery, &w->hot);
	x->worst_wait = worst_wait(&w->hot, q->now, &limits);
	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		const struct record_remembered *r = &w->hot.remembered[i];

		if (!look_is_running(r->since, x->conf.remember, q->now) || x->locked_since != 0)
			continue;
		x->remembered++;
		if (r->since + x->conf.remember > x->remembered_until)
			x->remembered_until = r->since + x->conf.remember;
	}
	source_parse(q->from, 0, &source);
	if (q->from != NULL &&
	    login_hash_source(w->store.keyring, &w->hot, &source, hash) == 0)
		x->wait = state_wait(&w->hot, hash, q->now, &limits);
}

static void tell_offers(const struct work *w, const struct explain_query *q, struct explain *x)
{
	const struct record_enroll *r = &w->enroll;

	if (look_is_running(r->bypass_since, r->bypass_life, q->now))
		x->bypass_until = r->bypass_since + r->bypass_life;
	if (r->invite.open && look_is_running(r->invite.since, r->invite.life, q->now))
		x->invited_until = r->invite.since + r->invite.life;
}

static int read_records(struct work *w, const struct explain_query *q, const char *name,
    struct explain *x)
{
	struct err *why = &x->trouble;
	int enroll = get(w, "enroll", name, why), hot;

	if (enroll != 0 && enroll != ERR_NONE)
		return enroll;
	hot = get(w, "hot", name, why);
	if (hot != 0 && hot != ERR_NONE)
		return hot;
	if (enroll != hot && (enroll == 0 || w->hot.ever_confirmed))
		return err_set(why, ERR_REFUSED, "the %s is missing; %s", enroll == 0 ? "state" :
		    "enrolment", enroll == 0 ? "run `enroll-mfa unlock`" :
		    "restore it, or `enroll-mfa remove` and enrol anew");
	if (hot == 0 && w->hot.uid_bound && x->account && w->hot.uid != x->uid)
		return err_set(why, ERR_BAD, "the enrolment is bound to uid %u; "
		    "`enroll-mfa remove` and enrol anew", (unsigned)w->hot.uid);
	*why = (struct err){0};
	tell_devices(w, x);
	tell_state(w, q, x);
	tell_offers(w, q, x);
	x->state = x->devices > 0 ? EXPLAIN_ENROLLED : EXPLAIN_NOT;
	return 0;
}

static void look_up(const struct explain_query *q, const char *name, struct explain *x)
{
	struct secret memory;
	struct work *w;

	x->state = EXPLAIN_TROUBLE;
	if (secret_new(&memory, sizeof(*w)) != 0) {
		(void)err_set(&x->trouble, ERR_SYSTEM, "out of memory");
		return;
	}
	w = (struct work *)(void *)memory.data;
	if (store_open(&w->store, &x->conf, &x->trouble) == 0) {
		(void)read_records(w, q, name, x);
		store_close(&w->store);
	}
	secret_free(&memory);
}

int explain(const struct explain_query *q, struct explain *x, struct err *e)
{
	struct exempt_facts f = {0};
	const char *name;
	int r;

	memset(x, 0, sizeof(*x));
	if ((r = read_service(q, x, e)) != 0)
		return r;
	find_account(q, x, &f, &name);
	rollout_judge(&x->conf, &f, &x->rollout);
	look_up(q, name, x);
	return 0;
}

static const char *meets_unenrolled(const struct explain_query *q, const struct explain *x)
{
	const bool here = x->words.enroll_here;

	if (x->conf.enroll == CONF_ENROLL_LOGIN && here)
		return "is shown a QR code to enrol with";
	if (x->invited_until != 0 && here && x->conf.enroll != CONF_ENROLL_ADMIN)
		return "is asked for a code, and may type the invitation word";
	if (q->now < x->conf.enroll_by)
		return "is let in without a code until enroll_by";
	return "is asked for a code and refused: not enrolled";
}

const char *explain_meets(const struct explain_query *q, const struct explain *x)
{
	if (!x->account)
		return "is asked for a code and refused: no such account";
	if (x->line[0] == '\0')
		return "is not asked for a code: the service does not name the module";
	if (x->rollout.duty == ROLLOUT_EXEMPT)
		return "is let in without a code: exempt";
	if (x->rollout.duty == ROLLOUT_NOT_REQUIRED)
		return "is let in without a code: not required";
	if (x->state == EXPLAIN_TROUBLE)
		return "is asked for a code and refused: the records are not whole";
	if (x->bypass_until != 0)
		return "is let in without a code: bypass";
	if (x->state == EXPLAIN_NOT)
		return meets_unenrolled(q, x);
	if (x->locked_since != 0)
		return "is asked for a code; only a recovery code is taken: locked";
	if (x->wait > 0)
		return "is asked for a code, and refused for now: delayed";
	if (x->remembered > 0)
		return "is asked for a code, but not where one is remembered";
	return "is asked for a code";
}

const char *explain_next(const struct explain *x)
{
	if (!x->account)
		return "no such account: every answer is refused";
	if (x->line[0] == '\0')
		return "the service does not ask for a code: `bastionctl enable`";
	if (x->state == EXPLAIN_TROUBLE)
		return "mend the records: every code is refused until then";
	if (x->rollout.duty != ROLLOUT_MUST || x->bypass_until != 0)
		return "";
	if (x->locked_since != 0)
		return "find out who guesses, then `enroll-mfa unlock`, or a recovery code";
	if (x->state == EXPLAIN_NOT && x->invited_until == 0)
		return "enrol: `enroll-mfa USER`, or `enroll-mfa invite USER`";
	if (x->wait > 0)
		return "wait, or `enroll-mfa unlock`";
	return "";
}
