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

static int last_success(struct work *w, const struct enable_person *p, int64_t *at,
    struct err *e)
{
	char key[STORE_KEY_MAX];
	struct source from;
	uint8_t hash[16];
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
	source_parse(NULL, p->uid, &from);
	if (login_hash_source(w->store.keyring, &w->hot, &from, hash) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	for (int i = 0; i < RECORD_KNOWN; i++)
		if (memcmp(w->hot.known[i].source, hash, sizeof(hash)) == 0 &&
		    w->hot.known[i].since > *at)
			*at = w->hot.known[i].since;
	return 0;
}

int enable_code_since(const struct conf *c, const struct enable_person *p, int64_t since,
    struct err *e)
{
	struct secret memory;
	struct work *w;
	int64_t at = 0;
	int r;

	if (secret_new(&memory, sizeof(*w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w = (struct work *)(void *)memory.data;
	if ((r = store_open(&w->store, c, e)) == 0) {
		r = last_success(w, p, &at, e);
		store_close(&w->store);
	}
	secret_free(&memory);
	if (r != 0)
		return r;
	return at > since ? 0 : err_set(e, ERR_REFUSED, "sudo has taken no code of %s since the "
	    "new files are in force, so this proves nothing; say `sudo -k`, and then `sudo "
	    "bastionctl confirm` as yourself, with a code", p->user);
}
