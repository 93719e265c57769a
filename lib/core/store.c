#include "lib/core/store.h"

#include "lib/core/seal.h"
#include "lib/core/text.h"
#include "lib/core/userkey.h"

#include <string.h>

#define GET_TRIES 4 /* another master key has come meanwhile */

/* A keyring that is not there: was it never made, or has it been lost?  A login
 * looks for a decoy; store_open() looks for records. */
static int explain_keyring(const struct conf *c, struct err *e)
{
	const struct store_ops *ops;
	struct store_raw raw;
	char key[STORE_KEY_MAX];
	void *impl;
	int r = store_file_open(c, &ops, &impl, e);

	if (r == 0) {
		store_decoy_name(key, "enroll", 0);
		r = ops->get(impl, key, NULL, &raw, e);
		ops->close(impl);
	} else if (r != ERR_INIT) {
		return r;
	}
	return store_no_keyring(c, r != ERR_INIT && r != ERR_NONE, e);
}

int store_no_keyring(const struct conf *c, bool lost, struct err *e)
{
	if (!lost)
		return err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`",
		    c->keyring);
	return err_set(e, ERR_KEYRING,
	    "%s: does not exist, but %s holds records; restore the keyring from its copy",
	    c->keyring, c->store_dir);
}

int store_open_in(struct store *s, struct store_memory *m, const struct conf *c,
    struct err *e)
{
	return store_open_by(s, m, c, store_file_open, e);
}

int store_open_by(struct store *s, struct store_memory *m, const struct conf *c,
    store_backend open, struct err *e)
{
	int r;

	s->keyring = &m->keyring;
	s->keyring_path = c->keyring;
	s->value = &m->value;
	r = keyring_load(s->keyring, c->keyring, conf_judged(c), e);
	if (r == 0 && seal_engine_open(s->keyring) != 0)
		r = err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	else if (r == 0)
		r = open(c, &s->ops, &s->impl, e);
	else if (r == ERR_NONE)
		r = explain_keyring(c, e);
	if (r != 0) {
		seal_engine_close(s->keyring);
		s->keyring = NULL;
		s->ops = NULL;
	}
	return r;
}

int store_renew_keyring(struct store *s, struct err *e)
{
	struct keyring *k = s->keyring;
	int r;

	if (safefile_is_seen(s->keyring_path, &k->seen))
		return 0;
	seal_engine_close(k);
	r = keyring_load(k, s->keyring_path, NULL, e);
	if (r == ERR_NONE)
		r = err_set(e, ERR_KEYRING, "%s: is gone; restore the keyring from its copy",
		    s->keyring_path);
	if (r == 0 && seal_engine_open(k) != 0)
		r = err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	return r;
}

int store_root(const struct store *s)
{
	return s->ops->root(s->impl);
}

void store_close(struct store *s)
{
	if (s->ops != NULL)
		s->ops->close(s->impl);
	if (s->keyring != NULL)
		seal_engine_close(s->keyring);
	secret_free(&s->memory);
	*s = (struct store){0};
}

int store_key(char key[STORE_KEY_MAX], const char *kind, const char *user)
{
	char encoded[USERKEY_MAX + 1];
	struct text t = text_in(key, STORE_KEY_MAX);

	if (userkey_encode(user, encoded) != 0)
		return ERR_SYNTAX;
	text_add(&t, kind);
	text_add_char(&t, '/');
	text_add(&t, encoded);
	return t.cut ? ERR_SYNTAX : 0;
}

int store_decoy(const struct store *s, const char *user, unsigned char *which)
{
	char info[SEAL_NAME_MAX + 8];
	struct text t = text_in(info, sizeof(info));

	text_add(&t, "decoy:");
	text_add(&t, user);
	return seal_derive(s->keyring, &s->keyring->key[0], info, which, 1);
}

void store_decoy_name(char key[STORE_KEY_MAX], const char *kind, unsigned char which)
{
	static const char hex[] = "0123456789abcdef";
	struct text t = text_in(key, STORE_KEY_MAX);

	text_add(&t, kind);
	text_add(&t, "/.");
	text_add_char(&t, hex[which >> 4]);
	text_add_char(&t, hex[which & 15]);
}

int store_decoy_key(const struct store *s, char key[STORE_KEY_MAX], const char *kind,
    const char *user)
{
	unsigned char which;

	if (store_decoy(s, user, &which) != 0)
		return ERR_SYSTEM;
	store_decoy_name(key, kind, which);
	return 0;
}

static int open_raw(const struct store *s, const char *key, const struct store_raw *raw,
    struct store_value *out, struct err *e)
{
	struct seal_bytes in = {(unsigned char *)(uintptr_t)raw->data, raw->len, raw->len};
	struct seal_bytes plain = {out->data, sizeof(out->data), 0};
	int r = seal_open(s->keyring, key, &in, &plain, e);

	out->len = r == 0 ? plain.len : 0;
	out->from_alt = raw->from_alt;
	memcpy(out->version, raw->version, sizeof(out->version));
	return r;
}

int store_seal_raw(const struct store *s, const char *key, const struct store_value *value,
    struct store_raw *raw, struct err *e)
{
	struct seal_bytes plain = {(unsigned char *)(uintptr_t)value->data, value->len,
	    value->len};
	struct seal_bytes out = {raw->data, sizeof(raw->data), 0};
	int r = seal_close(s->keyring, key, &plain, &out, e);

	raw->len = r == 0 ? out.len : 0;
	return r;
}

int store_get(struct store *s, const char *key, const char *alt, struct store_value *out,
    struct err *e)
{
	struct store_raw raw;
	int r = ERR_BAD;

	out->len = 0;
	for (int i = 0; i < GET_TRIES; i++) {
		if ((r = s->ops->get(s->impl, key, alt, &raw, e)) != 0)
			return r;
		r = open_raw(s, raw.from_alt ? alt : key, &raw, out, e);
		if (r == 0 && i > 0 && e != NULL)
			*e = (struct err){0};
		if (r != ERR_BAD || safefile_is_seen(s->keyring_path, &s->keyring->seen))
			return r;
		/* Sealed since under a key that came since: no fault of the record. */
		if ((r = store_renew_keyring(s, e)) != 0)
			return r;
		r = ERR_BAD;
	}
	return r;
}

struct update {
	struct store *store;
	const char *key;
	const char *alt;
	store_judge judge;
	void *ctx;
	struct store_value *value; /* in secret memory */
	bool make;
};

/* Under the record's lock.  Between the look at the keyring and the write behind this
 * the process may be stopped for any time, and `rekey retire` waits for the lock: the
 * key that seals here stays in the keyring until the record has been looked at
 * (login_stopped_anywhere_strands_no_record). */
static int change(void *ctx, const struct store_raw *old, struct store_raw *new,
    struct err *e)
{
	struct update *u = ctx;
	const char *key = old->from_alt ? u->alt : u->key;
	int r = store_renew_keyring(u->store, e);

	if (r == 0 && u->make && old->len == 0)
		u->value->len = 0;
	else if (r == 0)
		r = open_raw(u->store, key, old, u->value, e);
	if (r == 0)
		r = u->judge(u->ctx, u->value, e);
	if (r == 0)
		r = store_seal_raw(u->store, key, u->value, new, e);
	return r;
}

int store_update(struct store *s, const char *key, const char *alt, store_judge judge,
    void *ctx, struct err *e)
{
	struct update u = {.store = s, .key = key, .alt = alt, .judge = judge, .ctx = ctx,
	    .value = s->value};
	int r = s->ops->update(s->impl, key, alt, change, &u, e);

	secret_wipe(s->value->data, s->value->len);
	return r;
}

int store_make(struct store *s, const char *key, store_judge judge, void *ctx, struct err *e)
{
	struct update u = {.store = s, .key = key, .judge = judge, .ctx = ctx, .value = s->value,
	    .make = true};
	int r = s->admin->make(s->impl, key, change, &u, e);

	secret_wipe(s->value->data, s->value->len);
	return r;
}
