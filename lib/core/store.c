#include "lib/core/store.h"

#include "lib/core/seal.h"
#include "lib/core/userkey.h"

#include <stdio.h>
#include <string.h>

static int found_one(void *ctx, const char *key)
{
	(void)key;
	*(bool *)ctx = true;
	return 1;
}

int store_has_records(const struct conf *c, struct err *e)
{
	const struct store_ops *ops;
	bool found = false;
	void *impl;
	int r = store_file_open(c->store_dir, &ops, &impl, e);

	if (r != 0)
		return r == ERR_INIT ? 0 : r;
	r = ops->list(impl, "enroll/", found_one, &found, e);
	if (r == 0 && !found)
		r = ops->list(impl, "hot/", found_one, &found, e);
	ops->close(impl);
	return r < 0 ? r : found;
}

static int explain_keyring(const struct conf *c, int code, struct err *e)
{
	if (code != ERR_NONE)
		return code;
	if ((code = store_has_records(c, e)) < 0)
		return code;
	if (code == 0)
		return err_set(e, ERR_INIT, "%s: does not exist; run `enroll-mfa init`",
		    c->keyring);
	return err_set(e, ERR_KEYRING,
	    "%s: does not exist, but %s holds records; restore the keyring from its copy",
	    c->keyring, c->store_dir);
}

int store_open(struct store *s, const struct conf *c, struct err *e)
{
	int r;
	struct store_memory *m;

	*s = (struct store){0};
	if (secret_new(&s->memory, sizeof(*m)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	m = (struct store_memory *)(void *)s->memory.data;
	r = store_open_in(s, m, c, e);
	if (r != 0)
		store_close(s);
	return r;
}

int store_open_in(struct store *s, struct store_memory *m, const struct conf *c,
    struct err *e)
{
	int r;

	s->keyring = &m->keyring;
	s->value = &m->value;
	r = keyring_load(s->keyring, c->keyring, e);
	if (r == 0 && seal_engine_open(s->keyring) != 0)
		r = err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	else if (r == 0)
		r = store_file_open(c->store_dir, &s->ops, &s->impl, e);
	else
		r = explain_keyring(c, r, e);
	if (r != 0) {
		seal_engine_close(s->keyring);
		s->keyring = NULL;
		s->ops = NULL;
	}
	return r;
}

int store_root(const struct store *s)
{
	return s->ops->root(s->impl);
}

int store_lock(struct store *s, struct err *e)
{
	return s->ops->lock(s->impl, true, e);
}

void store_unlock(struct store *s)
{
	(void)s->ops->lock(s->impl, false, NULL);
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
	int n;

	if (userkey_encode(user, encoded) != 0)
		return ERR_SYNTAX;
	n = snprintf(key, STORE_KEY_MAX, "%s/%s", kind, encoded);
	return n > 0 && n < STORE_KEY_MAX ? 0 : ERR_SYNTAX;
}

int store_decoy(const struct store *s, const char *user, unsigned char *which)
{
	char info[SEAL_NAME_MAX + 8];

	(void)snprintf(info, sizeof(info), "decoy:%s", user);
	return seal_derive(s->keyring, &s->keyring->key[0], info, which, 1);
}

int store_decoy_key(const struct store *s, char key[STORE_KEY_MAX], const char *kind,
    const char *user)
{
	unsigned char which;

	if (store_decoy(s, user, &which) != 0)
		return ERR_SYSTEM;
	(void)snprintf(key, STORE_KEY_MAX, "%s/.%02x", kind, which);
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

static int seal_raw(const struct store *s, const char *key, const struct store_value *value,
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
	int r = s->ops->get(s->impl, key, alt, &raw, e);

	out->len = 0;
	if (r != 0)
		return r;
	return open_raw(s, raw.from_alt ? alt : key, &raw, out, e);
}

int store_put(struct store *s, const char *key, const struct store_value *value,
    struct err *e)
{
	struct store_raw raw = {0};
	int r = seal_raw(s, key, value, &raw, e);

	if (r != 0)
		return r;
	memcpy(raw.version, value->version, sizeof(raw.version));
	return s->ops->put(s->impl, key, &raw, e);
}

int store_seal_item(struct store *s, struct store_item *item,
    const struct store_value *value, struct err *e)
{
	item->result = 0;
	memcpy(item->raw.version, STORE_NEW, sizeof(STORE_NEW));
	return seal_raw(s, item->key, value, &item->raw, e);
}

int store_create(struct store *s, struct store_item *items, size_t n, struct err *e)
{
	return s->ops->create(s->impl, items, n, e);
}

int store_del(struct store *s, const char *key, const char *version, struct err *e)
{
	return s->ops->del(s->impl, key, version, e);
}

int store_list(struct store *s, const char *prefix, store_each each, void *ctx,
    struct err *e)
{
	return s->ops->list(s->impl, prefix, each, ctx, e);
}

struct update {
	struct store *store;
	const char *key;
	const char *alt;
	store_judge judge;
	void *ctx;
	struct store_value *value; /* in secret memory */
};

static int change(void *ctx, const struct store_raw *old, struct store_raw *new,
    struct err *e)
{
	struct update *u = ctx;
	const char *key = old->from_alt ? u->alt : u->key;
	int r = open_raw(u->store, key, old, u->value, e);

	if (r == 0)
		r = u->judge(u->ctx, u->value, e);
	if (r == 0)
		r = seal_raw(u->store, key, u->value, new, e);
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
