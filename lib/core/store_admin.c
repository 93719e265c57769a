#include "lib/core/store.h"

#include "lib/core/seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	r = store_file_admin()->list(impl, "enroll/", found_one, &found, e);
	if (r == 0 && !found)
		r = store_file_admin()->list(impl, "hot/", found_one, &found, e);
	ops->close(impl);
	return r < 0 ? r : found;
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

/* Zero where it cannot be looked at. */
static struct store_seen see(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return (struct store_seen){0};
	return (struct store_seen){st.st_ino, st.st_ctim.tv_sec, st.st_ctim.tv_nsec};
}

static bool is_same(const struct store_seen *a, const struct store_seen *b)
{
	return a->file != 0 && a->file == b->file && a->seconds == b->seconds &&
	    a->nanoseconds == b->nanoseconds;
}

int store_open(struct store *s, const struct conf *c, struct err *e)
{
	const struct store_seen seen = see(c->keyring); /* before it is read */
	struct store_memory *m;
	int r;

	*s = (struct store){0};
	if (secret_new(&s->memory, sizeof(*m)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	m = (struct store_memory *)(void *)s->memory.data;
	r = store_open_in(s, m, c, e);
	s->keyring_path = c->keyring;
	s->keyring_seen = seen;
	if (r == 0)
		s->admin = store_file_admin();
	else
		store_close(s);
	if (r == ERR_INIT || r == ERR_KEYRING)
		r = explain_keyring(c, r, e);
	return r;
}

/* What is sealed under the lock is sealed under a key that `rekey retire` has not
 * taken out meanwhile. */
static int renew_keyring(struct store *s, struct err *e)
{
	struct store_seen now = see(s->keyring_path);
	int r;

	if (is_same(&now, &s->keyring_seen))
		return 0;
	s->keyring_seen = now;
	seal_engine_close(s->keyring);
	r = keyring_load(s->keyring, s->keyring_path, e);
	if (r == ERR_NONE)
		return err_set(e, ERR_KEYRING, "%s: is gone; restore the keyring from its copy",
		    s->keyring_path);
	if (r == 0 && seal_engine_open(s->keyring) != 0)
		r = err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	return r;
}

int store_lock(struct store *s, struct err *e)
{
	int r = s->admin->lock(s->impl, true, e);

	if (r == 0 && (r = renew_keyring(s, e)) != 0)
		store_unlock(s);
	return r;
}

void store_unlock(struct store *s)
{
	(void)s->admin->lock(s->impl, false, NULL);
}

int store_get_raw(struct store *s, const char *key, struct store_raw *out, struct err *e)
{
	return s->ops->get(s->impl, key, NULL, out, e);
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
