#include "enroll/pw.h"

#include "lib/core/record_pw.h"
#include "lib/core/secret.h"
#include "lib/core/store.h"

/* 0: it is there and good; ERR_NONE; ERR_BAD; or trouble. */
static int look(struct store *s, const char *key, struct err *e)
{
	struct secret memory;
	struct record_pw *r;
	int code;

	if (secret_new(&memory, sizeof(*r)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = (struct record_pw *)(void *)memory.data;
	if ((code = store_get(s, key, NULL, s->value, e)) == 0)
		code = record_pw_get(r, s->value->data, s->value->len);
	secret_wipe(s->value, sizeof(*s->value));
	secret_free(&memory);
	return code;
}

static int forget(struct store *s, const char *key, bool all, bool *gone, struct err *e)
{
	struct err why = {0};
	int r = look(s, key, &why);

	if ((r == ERR_NONE || r == 0) && !all)
		return 0;
	if (r != 0 && r != ERR_NONE && r != ERR_BAD)
		return err_set(e, r, "%s", why.text);
	if ((r = store_lock(s, e)) != 0)
		return r;
	r = store_del(s, key, NULL, e);
	store_unlock(s);
	*gone = r == 0;
	return r == ERR_NONE ? 0 : r;
}

int pw_forget(const struct conf *c, const char *user, bool all, bool *gone, struct err *e)
{
	char key[STORE_KEY_MAX];
	struct store s;
	int r;

	*gone = false;
	if (store_key(key, "pw", user) != 0)
		return 0;
	if ((r = store_open_pw(&s, c, false, e)) != 0)
		return r == ERR_NONE ? 0 : r;
	r = forget(&s, key, all, gone, e);
	store_close(&s);
	return r;
}
