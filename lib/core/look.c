#include "lib/core/look.h"

#include "lib/core/crypto.h"
#include "lib/core/record.h"
#include "lib/core/secret.h"
#include "lib/core/store.h"

#include <openssl/evp.h>
#include <string.h>

struct work {
	struct store store;
	struct store_memory memory;
	struct record_enroll enroll;
	struct record_hot hot;
	bool has_enroll;
	bool has_hot;
};

bool look_is_running(int64_t since, int64_t life, int64_t now)
{
	return since > 0 && since <= now && now - since < life;
}

bool look_may_remember(const struct conf *c, const struct login_request *req)
{
	return c->remember > 0 && req->proven && req->keys != NULL && req->keys->whole &&
	    (req->source.kind == SOURCE_IPV4 || req->source.kind == SOURCE_IPV6);
}

int look_place(const struct login_request *req, uint8_t place[RECORD_HASH])
{
	unsigned char in[1 + sizeof(req->source.bytes) + 16] = {req->source.kind};
	unsigned char md[EVP_MAX_MD_SIZE];

	memcpy(in + 1, req->source.bytes, sizeof(req->source.bytes));
	/* Keys that were not all read are no place: somebody else's might look the same. */
	if (req->keys != NULL && (!req->keys->whole ||
	    sshkey_set_hash(req->keys, in + 1 + sizeof(req->source.bytes)) != 0))
		return ERR_SYSTEM;
	if (EVP_Digest(in, sizeof(in), md, NULL, crypto_sha256(), NULL) != 1)
		return ERR_SYSTEM;
	memcpy(place, md, RECORD_HASH);
	return 0;
}

const struct record_pending *look_pending(const struct record_enroll *r,
    const uint8_t place[RECORD_HASH], int64_t now)
{
	for (int i = 0; i < r->pendings; i++)
		if (memcmp(r->pending[i].where, place, RECORD_HASH) == 0 &&
		    look_is_running(r->pending[i].device.created, LOOK_PENDING_LIFE, now))
			return &r->pending[i];
	return NULL;
}

/* 0 and *there, or what is wrong. */
static int get(struct work *w, const char *kind, const char *user, bool *there, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r;

	*there = false;
	if (store_key(key, kind, user) != 0)
		return 0; /* a name that no record can have */
	if ((r = store_get(&w->store, key, NULL, &w->memory.value, e)) == ERR_NONE)
		return 0;
	if (r == 0)
		*there = true;
	return r;
}

static int get_both(struct work *w, const struct login_request *q, struct err *e)
{
	const struct store_value *v = &w->memory.value;
	int r;

	if ((r = get(w, "enroll", q->user, &w->has_enroll, e)) != 0)
		return r;
	if (w->has_enroll && record_get_enroll(&w->enroll, v->data, v->len) != 0)
		return err_set(e, ERR_BAD, "%s: enrolment: its format is not one of this "
		    "version's", q->user);
	if ((r = get(w, "hot", q->user, &w->has_hot, e)) != 0)
		return r;
	if (w->has_hot && record_get_hot(&w->hot, v->data, v->len) != 0)
		return err_set(e, ERR_BAD, "%s: state: its format is not one of this version's",
		    q->user);
	return 0;
}

/* A half of the records is trouble, never "not enrolled". */
static int check(const struct work *w, const struct login_request *q, struct err *e)
{
	if (w->has_enroll != w->has_hot && (w->has_enroll || w->hot.ever_confirmed))
		return err_set(e, ERR_REFUSED, "%s: state or enrolment is missing", q->user);
	if (w->has_hot && w->hot.uid_bound && w->hot.uid != (uint32_t)q->uid)
		return err_set(e, ERR_BAD, "%s: the state belongs to another uid", q->user);
	return 0;
}

static int see_remembered(const struct work *w, const struct conf *c,
    const struct login_request *q, struct look *out)
{
	uint8_t source[16], keys[16];
	int64_t since;

	if (!look_may_remember(c, q) || !out->enrolled)
		return 0;
	if (login_hash_source(w->store.keyring, &w->hot, &q->source, source) != 0 ||
	    sshkey_set_hash(q->keys, keys) != 0)
		return ERR_SYSTEM;
	since = state_remembered(&w->hot, source, keys, q->now, c->remember);
	out->remembered_until = since > 0 ? since + c->remember : 0;
	return 0;
}

static int see(struct work *w, const struct conf *c, const struct login_request *q,
    struct look *out, struct err *e)
{
	int r = get_both(w, q, e);
	int64_t bypass;

	if (r != 0 || (r = check(w, q, e)) != 0 || !w->has_enroll)
		return r;
	out->enrolled = w->enroll.devices > 0;
	out->invited = w->enroll.invite.open &&
	    look_is_running(w->enroll.invite.since, w->enroll.invite.life, q->now);
	bypass = w->enroll.bypass_life;
	if (bypass > LOOK_BYPASS_MOST)
		bypass = LOOK_BYPASS_MOST;
	if (look_is_running(w->enroll.bypass_since, bypass, q->now))
		out->bypass_until = w->enroll.bypass_since + bypass;
	if (see_remembered(w, c, q, out) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	return 0;
}

int look(const struct conf *c, const struct login_request *req, struct look *out,
    struct err *e)
{
	struct secret memory;
	struct work *w;
	int r;

	*out = (struct look){0};
	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)(void *)memory.data;
	r = store_open_in(&w->store, &w->memory, c, e);
	if (r == 0) {
		r = see(w, c, req, out, e);
		store_close(&w->store);
	}
	if (r != 0)
		*out = (struct look){0};
	secret_free(&memory);
	secret_clear_registers();
	return r;
}
