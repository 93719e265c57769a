#include "policy/enable_code.h"

#include "lib/core/login.h"
#include "lib/core/secret.h"
#include "lib/core/source.h"
#include "lib/core/store.h"

#include <string.h>

struct work {
	struct store store;
	struct store_value value;
	struct record_hot hot;
};

/* The newest success of that source; with others: of any but that and root's. */
static int newest(const struct work *w, const struct enable_person *p, bool others,
    int64_t *at)
{
	const uid_t uids[] = {p->uid, 0};
	struct source from;
	uint8_t local[2][16];

	for (int i = 0; i < 2; i++) {
		source_parse(NULL, uids[i], &from);
		if (login_hash_source(w->store.keyring, &w->hot, &from, local[i]) != 0)
			return ERR_SYSTEM;
	}
	for (int i = 0; i < RECORD_KNOWN; i++) {
		const struct record_known *k = &w->hot.known[i];
		bool own = memcmp(k->source, local[0], sizeof(k->source)) == 0;
		bool roots = memcmp(k->source, local[1], sizeof(k->source)) == 0;

		if ((others ? !own && !roots : own) && k->since > *at)
			*at = k->since;
	}
	return 0;
}

static int last_success(struct work *w, const struct enable_person *p, bool others,
    int64_t *at, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r;

	*at = 0;
	if (store_key(key, "hot", p->user) != 0)
		return 0; /* a name that no record can have */
	if ((r = store_get(&w->store, key, NULL, &w->value, e)) == ERR_NONE)
		return 0;
	if (r != 0)
		return r;
	if (record_get_hot(&w->hot, w->value.data, w->value.len) != 0)
		return err_set(e, ERR_BAD, "%s: its format is not one of this version's", key);
	return newest(w, p, others, at) == 0 ? 0 :
	    err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
}

static int refuse(const char *user, bool local, struct err *e)
{
	if (local)
		return err_set(e, ERR_REFUSED, "this sudo has taken no code of %s, so it proves nothing; "
		    "say `sudo -k`, and then `sudo bastionctl confirm` as yourself, with a code", user);
	return err_set(e, ERR_REFUSED, "no code of %s has been taken from another machine since the "
	    "new files are in force, so this login proves nothing; log in anew through them, with "
	    "a code, and say `sudo bastionctl confirm` there", user);
}

int enable_code_since(const struct conf *c, const struct enable_person *p, bool local,
    int64_t since, struct err *e)
{
	struct secret memory;
	struct work *w;
	int64_t at = 0;
	int r;

	if (local && p->uid == 0) /* sudo asks root nothing */
		return refuse(p->user, local, e);
	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)(void *)memory.data;
	if ((r = store_open(&w->store, c, e)) == 0) {
		r = last_success(w, p, !local, &at, e);
		store_close(&w->store);
	}
	secret_free(&memory);
	if (r != 0)
		return r;
	return at > 0 && at >= since ? 0 : refuse(p->user, local, e);
}
