#include "lib/core/login_reserve.h"

#include "lib/core/otp.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <openssl/rand.h>
#include <string.h>

#define NO_SUCH_KEY "hot/%%" /* "%": what userkey_encode() never makes */

/* What is secret, in one piece of secret memory. */
struct work {
	struct store store;
	struct store_memory memory;
	struct record_hot hot;
	struct store_value value; /* of a record that is made */
	const struct conf *conf;
	const struct login_request *req;
	struct login_reserved *kept;
	char key[STORE_KEY_MAX];
	char alt[STORE_KEY_MAX];
	struct reserve_try try;
	enum reserve_answer answer;
	int64_t wait;
	bool from_alt;
	bool whole;
};

static int begin(struct secret *memory, struct work **w, const struct conf *c,
    const struct login_request *req, struct err *e)
{
	*w = NULL;
	if (secret_new(memory, sizeof(**w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*w = (struct work *)(void *)memory->data;
	(*w)->conf = c;
	(*w)->req = req;
	return 0;
}

static void end(struct secret *memory)
{
	secret_free(memory);
	secret_clear_registers();
}

static struct state_limits limits_of(const struct conf *c)
{
	return (struct state_limits){c->throttle_free, c->throttle_base, c->throttle_max,
	    c->lock_after, c->window, c->reserve_wait};
}

static int get_hot(struct work *w, const struct store_value *value, const char *key,
    struct err *e)
{
	if (record_get_hot(&w->hot, value->data, value->len) != 0)
		return err_set(e, ERR_BAD, "%s: its format is not one of this version's", key);
	/* The account was given to somebody else: the record is not theirs. */
	if (!value->from_alt && w->hot.uid_bound && w->req->account &&
	    w->hot.uid != (uint32_t)w->req->uid)
		return err_set(e, ERR_BAD, "%s: belongs to uid %u, the account is uid %u; "
		    "`enroll-mfa remove` and enrol anew", key, (unsigned)w->hot.uid,
		    (unsigned)w->req->uid);
	return 0;
}

static int put_hot(const struct work *w, struct store_value *value, const char *key,
    struct err *e)
{
	int n = record_put_hot(&w->hot, value->data);

	if (n < 0)
		return err_set(e, n, "%s: too long", key);
	value->len = (size_t)n;
	return 0;
}

/* A refused one is written too, as a code is.  One that waits for others is not: it comes
 * again and again. */
static int judge_try(void *ctx, struct store_value *value, struct err *e)
{
	struct work *w = ctx;
	const struct state_limits l = limits_of(w->conf);
	const char *key = value->from_alt ? w->alt : w->key;
	struct reserve_try try = w->try;
	int r = get_hot(w, value, key, e);

	if (r != 0)
		return r;
	w->from_alt = value->from_alt;
	/* The former one stands in the record that held it then. */
	if (strcmp(w->kept->key, key) != 0)
		try.former = 0;
	if (login_hash_source(w->store.keyring, &w->hot, &w->req->source, try.source) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	w->answer = reserve_take(&w->hot, &try, &l, &w->wait);
	if (w->answer == RESERVE_NONE)
		return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	if (w->answer == RESERVE_FULL && try.former == 0)
		return ERR_REFUSED;
	return put_hot(w, value, key, e);
}

/* Without an account a record of that name counts for nothing. */
static int make_keys(struct work *w, struct err *e)
{
	unsigned char decoy;
	struct text t;

	if (store_decoy(&w->store, w->req->user, &decoy) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	if (!w->req->account || store_key(w->key, "hot", w->req->user) != 0) {
		t = text_in(w->key, sizeof(w->key));
		text_add(&t, NO_SUCH_KEY);
	}
	store_decoy_name(w->alt, "hot", decoy);
	return 0;
}

static int new_id(uint64_t *id, struct err *e)
{
	do {
		if (RAND_bytes((unsigned char *)id, sizeof(*id)) != 1)
			return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	} while (*id == 0);
	return 0;
}

static int take(struct work *w, struct err *e)
{
	int r;

	w->try = (struct reserve_try){.now = w->req->now, .former = w->kept->id};
	if ((r = new_id(&w->try.id, e)) != 0 || (r = make_keys(w, e)) != 0)
		return r;
	r = store_update(&w->store, w->key, w->alt, judge_try, w, e);
	if (r == ERR_NONE)
		return err_set(e, ERR_INIT, "no decoy records; run `enroll-mfa init`");
	if (r == ERR_REFUSED && w->answer == RESERVE_FULL)
		return 0;
	if (r == 0)
		*w->kept = (struct login_reserved){.decoy = w->from_alt,
		    .id = w->answer == RESERVE_TAKEN ? w->try.id : 0};
	if (r == 0)
		memcpy(w->kept->key, w->from_alt ? w->alt : w->key, sizeof(w->kept->key));
	return r;
}

enum reserve_answer login_reserve(const struct conf *c, const struct login_request *req,
    struct login_reserved *kept, struct login_result *res)
{
	enum reserve_answer answer = RESERVE_NONE;
	struct secret memory = {0};
	struct work *w;
	int r;

	*res = (struct login_result){.verdict = LOGIN_ERROR, .rule = STATE_WRONG};
	if (req->now < OTP_EARLIEST) {
		(void)err_set(&res->err, ERR_UNAVAIL, "the clock says %lld, before 2020; set it",
		    (long long)req->now);
		res->reason = "clock";
		return RESERVE_NONE;
	}
	if ((r = begin(&memory, &w, c, req, &res->err)) != 0) {
		login_refuse(res, r);
		return RESERVE_NONE;
	}
	w->kept = kept;
	if ((r = store_open_in(&w->store, &w->memory, c, &res->err)) == 0) {
		res->store = w->store.ops->name;
		r = take(w, &res->err);
		store_close(&w->store);
	}
	if (r == 0) {
		answer = w->answer;
		res->err = (struct err){0};
		res->wait = w->wait;
		res->verdict = answer == RESERVE_THROTTLED ? LOGIN_THROTTLED : LOGIN_ERROR;
	} else {
		login_refuse(res, r);
	}
	end(&memory);
	return answer;
}

/*
 * Giving back.
 */

/* What others have failed on a decoy stays: it is not this user's alone. */
static int judge_back(void *ctx, struct store_value *value, struct err *e)
{
	struct work *w = ctx;
	const struct state_limits l = limits_of(w->conf);
	uint8_t source[16];
	int r = get_hot(w, value, w->kept->key, e);

	if (r != 0)
		return r;
	(void)reserve_give_back(&w->hot, w->kept->id);
	if (w->whole && !w->kept->decoy) {
		if (login_hash_source(w->store.keyring, &w->hot, &w->req->source, source) != 0)
			return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
		reserve_succeed(&w->hot, source, w->req->source.kind != SOURCE_NAME, w->req->now,
		    &l);
	}
	return put_hot(w, value, w->kept->key, e);
}

static int give_back(struct work *w, struct err *e)
{
	int r = store_open_in(&w->store, &w->memory, w->conf, e);

	if (r != 0)
		return r;
	r = store_update(&w->store, w->kept->key, NULL, judge_back, w, e);
	store_close(&w->store);
	/* Root has removed the record meanwhile, and what it held. */
	return r == ERR_NONE ? 0 : r;
}

/* Nobody's enrolment, no uid: only what passwords spend (steps.h takes it up). */
static int fill_own(struct work *w, struct err *e)
{
	w->hot = (struct record_hot){.format = RECORD_FORMAT};
	if (RAND_bytes(w->hot.source_key, sizeof(w->hot.source_key)) != 1)
		return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	(void)memcpy(w->value.version, STORE_NEW, sizeof(STORE_NEW));
	return put_hot(w, &w->value, w->key, e);
}

/* Under the lock that `rekey retire` takes, so that it is sealed under a key that stays. */
static int make_own(struct work *w, struct err *e)
{
	struct store s;
	int r;

	if (store_key(w->key, "hot", w->req->user) != 0)
		return 0; /* a name that no record can have */
	if ((r = store_open(&s, w->conf, e)) != 0)
		return r;
	if ((r = store_try_lock(&s, e)) == 0) {
		if ((r = fill_own(w, e)) == 0)
			r = store_put(&s, w->key, &w->value, e);
		store_unlock(&s);
	}
	store_close(&s);
	return r == ERR_CONFLICT ? 0 : r;
}

int login_give_back(const struct conf *c, const struct login_request *req,
    struct login_reserved *kept, bool whole, struct err *note, struct err *e)
{
	struct secret memory = {0};
	struct work *w;
	int r;

	*note = (struct err){0};
	if (kept->key[0] == '\0' || (kept->id == 0 && !whole))
		return 0;
	if ((r = begin(&memory, &w, c, req, e)) != 0)
		return r;
	w->kept = kept;
	w->whole = whole;
	r = give_back(w, e);
	if (r == 0 && kept->decoy && kept->id != 0 && req->account)
		(void)make_own(w, note);
	if (r == 0)
		kept->id = 0;
	end(&memory);
	return r;
}
