#include "policy/explain.h"

#include "lib/core/login.h"
#include "lib/core/look.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"
#include "lib/core/state.h"
#include "lib/core/store.h"
#include "policy/pamd_stack.h"

#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>

#define PAM_DIR "/etc/pam.d"
#define PAM_VENDOR_DIR "/usr/lib/pam.d"
#define ARGS 66
#define DAY 86400
#define DAYS_MOST 10000000 /* more is never, and does not overflow */

struct lines {
	struct explain *x;
	struct conf *account; /* of the need_auth line */
	const char *config;
	struct err *why;
	int code;
};

static int load(struct lines *s, const struct pamd_line *l, struct conf *c,
    struct conf_words *w)
{
	const char *argv[ARGS];
	char conf[CONF_PATH_MAX + 8], what[600];
	struct conf_args args = {.what = what, .argv = argv};

	(void)snprintf(what, sizeof(what), "%s:%d", l->file, l->line);
	for (int i = 0; i < l->argc && args.argc < ARGS - 1; i++)
		if (s->config == NULL || strncmp(l->argv[i], "conf=", 5) != 0)
			argv[args.argc++] = l->argv[i];
	if (s->config != NULL) {
		(void)snprintf(conf, sizeof(conf), "conf=%s", s->config);
		argv[args.argc++] = conf;
	}
	return conf_load_args(c, w, l->type == PAMD_AUTH ? CONF_AUTH : CONF_ACCOUNT, &args,
	    s->why);
}

static bool has_word(const struct pamd_line *l, const char *word)
{
	for (int i = 0; i < l->argc; i++)
		if (strcmp(l->argv[i], word) == 0)
			return true;
	return false;
}

/* The first line of ours in auth that is no `reserve` is the one that asks, and the first need_auth line in
 * account the one that judges a login which came round it. */
static int see_line(void *ctx, const struct pamd_line *l)
{
	struct lines *s = ctx;
	struct conf_words words;

	if (!pamd_is_ours(l->module) || s->code != 0)
		return 0;
	if (l->type == PAMD_ACCOUNT && !s->x->guarded && has_word(l, "need_auth")) {
		s->x->guarded = true;
		s->code = load(s, l, s->account, &words);
	} else if (l->type == PAMD_AUTH && s->x->line[0] == '\0' && !has_word(l, "reserve")) {
		(void)snprintf(s->x->line, sizeof(s->x->line), "%s:%d", l->file, l->line);
		s->code = load(s, l, &s->x->conf, &s->x->words);
	}
	return 0;
}

static int read_service(const struct explain_query *q, struct explain *x,
    struct conf *account, struct err *e)
{
	const struct pamd_dirs dirs = {.dir = PAM_DIR, .fallback = PAM_VENDOR_DIR};
	struct lines s = {x, account, q->config, e, 0};
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

/* As pam_unix reads the shadow file: the account's own day, and that of a password which
 * nobody has changed in time. */
static int64_t find_expiry(const char *user, int64_t now)
{
	const struct spwd *sp = getspnam(user);
	int64_t first = 0, last;

	if (sp == NULL)
		return 0;
	if (sp->sp_expire >= 0 && sp->sp_expire < DAYS_MOST)
		first = sp->sp_expire > 0 ? (int64_t)sp->sp_expire * DAY : 1;
	if (sp->sp_lstchg > 0 && sp->sp_lstchg < DAYS_MOST && sp->sp_max >= 0 &&
	    sp->sp_max < DAYS_MOST && sp->sp_inact >= 0 && sp->sp_inact < DAYS_MOST) {
		last = ((int64_t)sp->sp_lstchg + sp->sp_max + sp->sp_inact + 1) * DAY;
		first = first == 0 || last < first ? last : first;
	}
	return first <= now ? first : 0;
}

/* A line past which, or after whose refusal, the service still says yes. */
static void find_hole(const struct explain_query *q, struct explain *x)
{
	const struct pamd_dirs dirs = {.dir = PAM_DIR, .fallback = PAM_VENDOR_DIR};
	struct pamd_stack s = {0};
	struct pamd_ways w = {.refused = -1, .jumped = -1, .chosen = -1};
	int at = -1;

	/* What cannot be read, libpam refuses. */
	if (pamd_stack_load(&s, &dirs, q->service, PAMD_AUTH, NULL) == 0 &&
	    pamd_stack_walk(&s, &w, NULL) == 0)
		at = w.jumped >= 0 ? w.jumped : w.refused;
	if (at >= 0)
		(void)snprintf(x->hole, sizeof(x->hole), "%s:%d", s.entry[at].file,
		    s.entry[at].line);
	pamd_stack_free(&s);
}

static void find_account(const struct explain_query *q, struct explain *x,
    struct exempt_facts *f)
{
	const struct passwd *pw = getpwnam(q->user);

	x->account = pw != NULL;
	x->uid = pw != NULL ? pw->pw_uid : 0;
	f->account.user = pw != NULL ? pw->pw_name : q->user;
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
	    x->conf.throttle_max, x->conf.lock_after, x->conf.window, x->conf.reserve_wait};
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
	const int64_t life = r->bypass_life < LOOK_BYPASS_MOST ? (int64_t)r->bypass_life :
	    LOOK_BYPASS_MOST;

	if (look_is_running(r->bypass_since, life, q->now))
		x->bypass_until = r->bypass_since + life;
	if (r->invite.open && look_is_running(r->invite.since, r->invite.life, q->now))
		x->invited_until = r->invite.since + r->invite.life;
}

static int read_records(struct work *w, const struct explain_query *q, struct explain *x)
{
	struct err *why = &x->trouble;
	int enroll = get(w, "enroll", q->user, why), hot;

	if (enroll != 0 && enroll != ERR_NONE)
		return enroll;
	hot = get(w, "hot", q->user, why);
	if (hot != 0 && hot != ERR_NONE)
		return hot;
	if (enroll != hot && enroll == 0)
		return err_set(why, ERR_REFUSED, "the state is missing; run `enroll-mfa unlock`");
	if (enroll != hot && w->hot.ever_confirmed)
		return err_set(why, ERR_REFUSED, "the enrolment is missing; restore it, or "
		    "`enroll-mfa remove` and enrol anew");
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

void explain_records(const struct explain_query *q, struct explain *x)
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
		(void)read_records(w, q, x);
		store_close(&w->store);
	}
	secret_free(&memory);
}

int explain(const struct explain_query *q, struct explain *x, struct err *e)
{
	struct explain_query canonical = *q;
	struct exempt_facts f = {0};
	struct rollout at_account;
	struct conf account = {.exempts = 0};
	char name[WHO_NAME_MAX + 1];
	int r;

	memset(x, 0, sizeof(*x));
	x->is_ssh = strstr(q->service, "sshd") != NULL;
	if ((r = read_service(q, x, &account, e)) != 0)
		return r;
	find_account(q, x, &f);
	/* The name as the directory has it: looking groups up may overwrite it. */
	(void)snprintf(name, sizeof(name), "%s", f.account.user);
	f.account.user = canonical.user = name;
	rollout_judge(&x->conf, &f, &x->rollout);
	if (x->guarded) {
		rollout_judge(&account, &f, &at_account);
		x->account_exempt = at_account.duty == ROLLOUT_EXEMPT;
	}
	if (x->account)
		x->expired = find_expiry(name, q->now);
	if (x->line[0] != '\0')
		find_hole(q, x);
	explain_records(&canonical, x);
	return 0;
}
