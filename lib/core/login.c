#include "lib/core/login.h"

#include "lib/core/answer.h"
#include "lib/core/host.h"
#include "lib/core/look.h"
#include "lib/core/otp.h"
#include "lib/core/recovery.h"
#include "lib/core/seal.h"
#include "lib/core/secret.h"
#include "lib/core/store.h"
#include "lib/core/text.h"
#include "lib/core/word.h"

#include <string.h>

#define NO_SUCH_KEY "%%" /* "%": what userkey_encode() never makes */

/* All that is secret in one login, in one piece of secret memory. */
struct work {
	struct store store;
	struct store_memory memory;
	unsigned char decoy; /* which one stands in when there is no such user */
	struct record_enroll enroll;
	struct record_hot hot;
	struct answer answer;
	struct otp_match match[RECORD_DEVICES];
	struct state_attempt attempt;
	struct state_outcome outcome;
	bool enroll_is_decoy;
	bool hot_is_decoy;
	bool ever_confirmed;
	char key[STORE_KEY_MAX];
	char alt[STORE_KEY_MAX];
	const struct conf *conf;
	const struct login_request *req;
};

const char *login_verdict_name(enum login_verdict v)
{
	static const char *const names[] = {"error", "ok", "wrong", "replay", "throttled",
	    "locked", "not_enrolled", "unavailable", "shown", "invalid_invite"};

	return (size_t)v < sizeof(names) / sizeof(names[0]) ? names[v] : "error";
}

static void refuse(struct login_result *res, enum login_verdict v, const char *reason)
{
	res->verdict = v;
	res->reason = reason;
}

void login_refuse(struct login_result *res, int code)
{
	switch (code) {
	case ERR_INIT:
		refuse(res, LOGIN_ERROR, "not_initialised");
		break;
	case ERR_BAD:
		refuse(res, LOGIN_ERROR, "record_bad");
		break;
	case ERR_NONE:
	case ERR_CONFLICT:
	case ERR_UNAVAIL:
	case ERR_UNKNOWN:
	case ERR_DENIED:
		refuse(res, LOGIN_UNAVAILABLE, err_name(code));
		break;
	default:
		refuse(res, LOGIN_ERROR, err_name(code));
		break;
	}
}

static void make_keys(struct work *w, const char *kind)
{
	const struct login_request *q = w->req;

	/* Without an account a record of that name counts for nothing. */
	if (!q->account || store_key(w->key, kind, q->user) != 0) {
		struct text none = text_in(w->key, sizeof(w->key));

		text_add(&none, kind);
		text_add(&none, "/" NO_SUCH_KEY);
	}
	store_decoy_name(w->alt, kind, w->decoy);
}

/* A code for a pending enrolment is judged against that one only; where somebody has
 * got a device meanwhile it is gone, unless a word asks for another one. */
static void take_pending(struct work *w)
{
	const struct record_pending *p = look_pending(&w->enroll, w->req->place, w->req->now);

	if (w->enroll.devices > 0 && !w->req->take_word)
		p = NULL;
	w->enroll.devices = 0;
	w->enroll.recovery.id = 0;
	w->enroll.invite.open = false;
	if (p != NULL && !w->enroll_is_decoy)
		w->enroll.device[w->enroll.devices++] = p->device;
}

static int read_enroll(struct work *w, struct err *e)
{
	int r;

	if (store_decoy(&w->store, w->req->user, &w->decoy) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	make_keys(w, "enroll");
	r = store_get(&w->store, w->key, w->alt, &w->memory.value, e);
	if (r == ERR_NONE)
		return err_set(e, ERR_INIT, "no decoy records; run `enroll-mfa init`");
	if (r != 0)
		return r;
	w->enroll_is_decoy = w->memory.value.from_alt;
	if (record_get_enroll(&w->enroll, w->memory.value.data, w->memory.value.len) != 0)
		return err_set(e, ERR_BAD, "%s: its format is not one of this version's", w->key);
	if (w->req->place != NULL)
		take_pending(w);
	return 0;
}

/* Such an answer is no guess.  It walks the line to its end all the same: sshd puts
 * something else in the place of what is typed for a name it does not know, so that
 * cutting it short would tell the names it knows. */
static const char *why_uncounted(const struct answer *a)
{
	if (a->kind == ANSWER_EMPTY)
		return "empty";
	return a->kind == ANSWER_OVERLONG ? "over_long" : NULL;
}

/* A word counts where an enrolment may be shown, and while its invitation runs. */
static int match_word(const struct work *w, bool *invited)
{
	const struct record_invite *v = &w->enroll.invite;
	int r = word_is_invited(v, &w->answer, invited);

	if (!w->req->take_word || !w->req->proven || w->enroll_is_decoy ||
	    !look_is_running(v->since, v->life, w->req->now))
		*invited = false;
	return r;
}

/* Every device, every step of the window, every recovery code: always. */
static int match_answer(struct work *w, int64_t since, struct err *e)
{
	const struct login_request *q = w->req;
	struct state_attempt *a = &w->attempt;

	*a = (struct state_attempt){.now = q->now, .proven = q->proven, .from = q->source,
	    .remember_source = q->source.kind != SOURCE_NAME, .recovery = -1,
	    .recovery_id = w->enroll.recovery.id, .devices = w->enroll.devices,
	    .uncounted = why_uncounted(&w->answer) != NULL,
	    .remember = q->place == NULL && look_may_remember(w->conf, q)};
	if (a->remember && sshkey_set_hash(q->keys, a->keys) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run SHA-256");
	for (int i = 0; i < w->enroll.devices; i++) {
		const struct record_device *d = &w->enroll.device[i];
		struct state_match *m = &a->match[i];

		if (otp_match(d, &w->answer, q->now, w->conf->window, &w->match[i]) != 0)
			return err_set(e, ERR_SYSTEM, "liboath cannot make a code");
		m->id = d->id;
		/* A device bound to a key is no good behind another one. */
		if (d->has_key && q->keys != NULL && !sshkey_has(q->keys, d->key))
			w->match[i].hit = false;
		m->step = w->match[i].hit ? w->match[i].step : 0;
		if (since > 0)
			m->floor = otp_step(since, d->period) + (uint64_t)w->conf->window;
	}
	if (recovery_match(&w->enroll.recovery, &w->answer, &a->recovery) != 0 ||
	    match_word(w, &a->invited) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	return 0;
}

int login_hash_source(const struct keyring *k, const struct record_hot *hot,
    const struct source *s, uint8_t out[16])
{
	const struct seal_text key = {hot->source_key, sizeof(hot->source_key)};
	unsigned char in[1 + sizeof(s->bytes)], md[32];

	in[0] = s->kind;
	memcpy(in + 1, s->bytes, sizeof(s->bytes));
	if (seal_hmac(k, &key, &(struct seal_text){in, sizeof(in)}, md) != 0)
		return ERR_SYSTEM;
	memcpy(out, md, 16);
	return 0;
}

/* The account was given to somebody else: the record is not theirs. */
static bool is_foreign(const struct work *w)
{
	return !w->hot_is_decoy && w->hot.uid_bound && w->req->account &&
	    w->hot.uid != (uint32_t)w->req->uid;
}

static int judge(void *ctx, struct store_value *value, struct err *e)
{
	struct work *w = ctx;
	struct state_limits limits = {w->conf->throttle_free, w->conf->throttle_base,
	    w->conf->throttle_max, w->conf->lock_after, w->conf->window,
	    w->conf->reserve_wait};
	struct state_attempt attempt = w->attempt;
	int n;

	w->hot_is_decoy = value->from_alt;
	if (record_get_hot(&w->hot, value->data, value->len) != 0)
		return err_set(e, ERR_BAD, "%s: its format is not one of this version's", w->key);
	if (is_foreign(w))
		return err_set(e, ERR_BAD, "%s: belongs to uid %u, the account is uid %u; "
		    "`enroll-mfa remove` and enrol anew", w->key, (unsigned)w->hot.uid,
		    (unsigned)w->req->uid);
	if (login_hash_source(w->store.keyring, &w->hot, &w->req->source, attempt.source) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	w->ever_confirmed = w->hot.ever_confirmed;
	/* A state without its enrolment: counted, never judged by a decoy's secret. */
	if (w->enroll_is_decoy && !w->hot_is_decoy)
		attempt.devices = 0;
	state_next(&w->hot, &attempt, &limits, &w->outcome);
	if (w->outcome.verdict == STATE_BROKEN || w->outcome.verdict == STATE_NONE)
		return err_set(e, ERR_REFUSED, "%s: is missing, or not the enrolment's; "
		    "run `enroll-mfa unlock`", w->key);
	if (w->outcome.verdict == STATE_OK && !w->hot_is_decoy) {
		w->hot.uid_bound = true;
		w->hot.uid = (uint32_t)w->req->uid;
	}
	if ((n = record_put_hot(&w->hot, value->data)) < 0)
		return err_set(e, n, "%s: too long", w->key);
	value->len = (size_t)n;
	return 0;
}

static int spend(struct work *w, struct err *e)
{
	int r;

	make_keys(w, "hot");
	r = store_update(&w->store, w->key, w->alt, judge, w, e);
	if (r == ERR_NONE)
		return err_set(e, ERR_INIT, "no decoy records; run `enroll-mfa init`");
	return r;
}

static void name_device(const struct work *w, struct login_result *res)
{
	for (int i = 0; i < w->enroll.devices; i++) {
		if (w->enroll.device[i].id != w->outcome.device)
			continue;
		memcpy(res->device, w->enroll.device[i].name, sizeof(res->device));
		res->skew = w->match[i].skew;
	}
}

/* A word is judged like a code: the log says when it was not judged at all. */
static void refuse_unenrolled(const struct work *w, struct login_result *res)
{
	const bool word = w->answer.kind == ANSWER_RECOVERY && w->req->take_word &&
	    w->enroll.invite.open && !w->enroll_is_decoy;

	if (w->req->place != NULL)
		refuse(res, LOGIN_NOT_ENROLLED, "pending_gone");
	else if (word && w->outcome.verdict == STATE_THROTTLED)
		refuse(res, LOGIN_THROTTLED, NULL);
	else if (word && w->outcome.verdict == STATE_LOCKED)
		refuse(res, LOGIN_LOCKED, NULL);
	else
		refuse(res, word ? LOGIN_INVALID_INVITE : LOGIN_NOT_ENROLLED, NULL);
}

/* The only place where LOGIN_OK is said. */
static void tell(const struct work *w, struct login_result *res)
{
	static const enum login_verdict verdicts[] = {
	    [STATE_NONE] = LOGIN_ERROR, [STATE_OK] = LOGIN_OK, [STATE_WRONG] = LOGIN_WRONG,
	    [STATE_REPLAY] = LOGIN_REPLAY, [STATE_THROTTLED] = LOGIN_THROTTLED,
	    [STATE_LOCKED] = LOGIN_LOCKED, [STATE_INVITED] = LOGIN_INVITED,
	    [STATE_BROKEN] = LOGIN_ERROR};

	res->rule = w->outcome.verdict == STATE_OK ? STATE_WRONG : w->outcome.verdict;
	res->wait = w->outcome.wait;
	if (!w->req->account) {
		refuse(res, LOGIN_NOT_ENROLLED, "no_account");
	} else if (w->enroll_is_decoy != w->hot_is_decoy &&
	    (w->hot_is_decoy || w->ever_confirmed)) {
		(void)err_set(&res->err, ERR_REFUSED, "%s: its enrolment is missing; restore it, "
		    "or run `enroll-mfa remove` and enrol anew", w->key);
		refuse(res, LOGIN_ERROR, "state_missing");
	} else if (w->outcome.verdict == STATE_INVITED) {
		res->verdict = LOGIN_INVITED;
	} else if (w->enroll_is_decoy || w->hot_is_decoy || w->enroll.devices == 0) {
		refuse_unenrolled(w, res);
	} else {
		res->verdict = verdicts[w->outcome.verdict];
		if (res->verdict == LOGIN_WRONG)
			res->reason = why_uncounted(&w->answer);
		res->rule = w->outcome.verdict;
		if (res->rule == STATE_OK || res->rule == STATE_REPLAY)
			res->method = w->outcome.by_recovery ? "recovery" : "totp";
		res->recovery_left = w->outcome.recovery_left;
		res->missed = w->outcome.missed;
		name_device(w, res);
	}
}

static void walk(struct work *w, struct login_result *res)
{
	int64_t since;
	int r, dir;

	if ((r = store_open_in(&w->store, &w->memory, w->conf, &res->err)) != 0) {
		login_refuse(res, r);
		return;
	}
	res->store = w->store.ops->name;
	/* By default STATE_DIR is the store's own directory, which is open. */
	dir = strcmp(w->conf->state_dir, w->conf->store_dir) == 0 ? store_root(&w->store) : -1;
	if ((r = host_since_at(dir, w->conf, w->req->now, &since, &res->err)) == 0 &&
	    (r = read_enroll(w, &res->err)) == 0 &&
	    (r = match_answer(w, since, &res->err)) == 0)
		r = spend(w, &res->err);
	store_close(&w->store);
	if (r == 0)
		tell(w, res);
	else if (r == ERR_REFUSED)
		refuse(res, LOGIN_ERROR, "state_missing");
	else
		login_refuse(res, r);
}

void login(const struct conf *c, const struct login_request *req, struct login_result *res)
{
	struct secret memory;
	struct work *w;

	*res = (struct login_result){.verdict = LOGIN_ERROR, .rule = STATE_WRONG};
	if (req->now < OTP_EARLIEST) {
		(void)err_set(&res->err, ERR_UNAVAIL, "the clock says %lld, before 2020; set it",
		    (long long)req->now);
		refuse(res, LOGIN_ERROR, "clock");
		return;
	}
	if (secret_new(&memory, sizeof(*w)) != 0) {
		refuse(res, LOGIN_ERROR, "system");
		return;
	}
	w = (struct work *)(void *)memory.data;
	w->conf = c;
	w->req = req;
	answer_read(req->answer, &w->answer);
	walk(w, res);
	secret_free(&memory);
	secret_burn_stack();
}
