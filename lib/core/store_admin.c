#include "lib/core/store.h"

#include "lib/core/seal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int found_one(void *ctx, const char *key)
{
	(void)key;
	*(bool *)ctx = true;
	return 1;
}

/* 1, 0 (also where it does not exist), or trouble. */
static int has_any(const struct conf *c, store_backend open, const char *const *kinds,
    struct err *e)
{
	const struct store_ops *ops;
	bool found = false;
	void *impl;
	int r = open(c, &ops, &impl, e);

	if (r != 0)
		return r == ERR_INIT || r == ERR_NONE ? 0 : r;
	for (int i = 0; kinds[i] != NULL && r == 0 && !found; i++)
		r = store_file_admin()->list(impl, kinds[i], found_one, &found, e);
	ops->close(impl);
	return r < 0 ? r : found;
}

int store_has_records(const struct conf *c, struct err *e)
{
	static const char *const kinds[] = {"enroll/", "hot/", NULL};
	static const char *const pw[] = {"pw/", NULL};
	int r = has_any(c, store_file_open, kinds, e);

	return r == 0 ? has_any(c, store_file_open_pw, pw, e) : r;
}

static int explain_keyring(const struct conf *c, int code, struct err *e)
{
	int records;

	if (access(c->keyring, F_OK) == 0 || errno != ENOENT)
		return code;
	if ((records = store_has_records(c, e)) < 0)
		return records;
	return store_no_keyring(c, records > 0, e);
}

static int open_whole(struct store *s, const struct conf *c, store_backend open, struct err *e)
{
	struct store_memory *m;
	int r;

	*s = (struct store){0};
	if (secret_new(&s->memory, sizeof(*m)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	m = (struct store_memory *)(void *)s->memory.data;
	r = store_open_by(s, m, c, open, e);
	if (r == 0)
		s->admin = store_file_admin();
	else
		store_close(s);
	if (r == ERR_INIT || r == ERR_KEYRING)
		r = explain_keyring(c, r, e);
	return r;
}

int store_open(struct store *s, const struct conf *c, struct err *e)
{
	return open_whole(s, c, store_file_open, e);
}

int store_open_pw(struct store *s, const struct conf *c, bool make, struct err *e)
{
	return open_whole(s, c, make ? store_file_make_pw : store_file_open_pw, e);
}

int store_probe_pw(const struct conf *c, const char *user, struct err *e)
{
	char key[STORE_KEY_MAX];
	struct store s;
	int r;

	if (user != NULL && store_key(key, "pw", user) != 0)
		return err_set(e, ERR_SYNTAX, "'%.64s' cannot be a user's name", user);
	if ((r = store_open_pw(&s, c, false, e)) == ERR_NONE)
		return store_file_probe_pw(c, e);
	if (r != 0)
		return r;
	r = s.admin->probe(s.impl, user != NULL ? key : NULL, e);
	store_close(&s);
	return r;
}

static int take_lock(struct store *s, enum store_locking how, struct err *e)
{
	int r = s->admin->lock(s->impl, how, e);

	if (r == 0 && (r = store_renew_keyring(s, e)) != 0)
		store_unlock(s);
	return r;
}

int store_lock(struct store *s, struct err *e)
{
	return take_lock(s, STORE_WAIT, e);
}

int store_try_lock(struct store *s, struct err *e)
{
	return take_lock(s, STORE_TRY, e);
}

void store_unlock(struct store *s)
{
	(void)s->admin->lock(s->impl, STORE_FREE, NULL);
}

int store_get_raw(struct store *s, const char *key, struct store_raw *out, struct err *e)
{
	return s->ops->get(s->impl, key, NULL, out, e);
}

int store_get_locked(struct store *s, const char *key, struct store_raw *out, struct err *e)
{
	return s->admin->get_locked(s->impl, key, out, e);
}

int store_open_raw(const struct keyring *k, const char *key, const struct store_raw *raw,
    struct store_value *out, struct err *e)
{
	struct seal_bytes in = {(unsigned char *)(uintptr_t)raw->data, raw->len, raw->len};
	struct seal_bytes plain = {out->data, sizeof(out->data), 0};
	int r = seal_open(k, key, &in, &plain, e);

	out->len = r == 0 ? plain.len : 0;
	out->from_alt = false;
	memcpy(out->version, raw->version, sizeof(out->version));
	return r;
}

int store_put(struct store *s, const char *key, const struct store_value *value,
    struct err *e)
{
	struct store_raw raw = {0};
	int r = store_seal_raw(s, key, value, &raw, e);

	if (r != 0)
		return r;
	memcpy(raw.version, value->version, sizeof(raw.version));
	return s->admin->put(s->impl, key, &raw, e);
}

int store_seal_item(struct store *s, struct store_item *item,
    const struct store_value *value, struct err *e)
{
	item->result = 0;
	memcpy(item->raw.version, STORE_NEW, sizeof(STORE_NEW));
	return store_seal_raw(s, item->key, value, &item->raw, e);
}

int store_create(struct store *s, struct store_item *items, size_t n, struct err *e)
{
	return s->admin->create(s->impl, items, n, e);
}

int store_del(struct store *s, const char *key, const char *version, struct err *e)
{
	return s->admin->del(s->impl, key, version, e);
}

int store_sync(struct store *s, const char *key, struct err *e)
{
	return s->admin->sync(s->impl, key, e);
}

int store_list(struct store *s, const char *prefix, store_each each, void *ctx,
    struct err *e)
{
	return s->admin->list(s->impl, prefix, each, ctx, e);
}
