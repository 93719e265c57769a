/*
 * Why no record is ever sealed under a key that the keyring has lost, though logins do
 * not take the lock of changes and may stand still anywhere for any time:
 *
 *  - A login takes its record's lock, looks at the keyring (and reads it anew where the
 *    file is another one), seals under the first key of it, writes, frees the lock.
 *  - `use` puts the new keyring in place first.  From then on whoever takes a record's
 *    lock seals under the new key; whoever holds one may still write under the old key.
 *    `use` takes each lock in turn, so it seals behind them, or gives up with "try again".
 *  - `retire` looks at every record under its lock.  A login that held it since before
 *    `use` has written, and what it wrote is counted, or `retire` gives up.  One that takes
 *    the lock after the look finds a keyring whose first key is the one that stays: `use`
 *    cannot run meanwhile, for both hold the lock of changes, as whoever makes or removes
 *    records does.
 *  - A password history is made without that lock, empty and so under no key; it is filled
 *    as a login writes (store_make()): who makes one between the look and the retirement
 *    finds the key that stays, too.
 *  - What was seen is brought to the disk before the key goes (a login killed between its
 *    write and its sync, or whose sync failed): each record by store_get_locked(), what
 *    has been removed or made by a sync of the file system.
 *  - A login that reads a record under a key that it has not read yet looks at the keyring
 *    again (store_get()).
 *
 * Tests: login_stopped_anywhere_strands_no_record,
 * login_between_look_and_retirement_seals_under_the_key_that_stays,
 * old_key_stays_while_the_disk_does_not_take_what_was_sealed_anew,
 * old_key_stays_while_the_disk_does_not_take_who_has_gone.
 */
#include "enroll/rekey.h"

#include "enroll/keyfile.h"
#include "enroll/names.h"
#include "lib/core/seal.h"
#include "lib/core/secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Calls each(ctx, key) for the records of everybody and for the decoys. */
typedef int (*each_key)(void *ctx, struct store *s, const char *key, struct err *e);

struct walk {
	const struct rekey *q;
	struct store *store;
	struct store *pw; /* of password histories; each() is told which one */
	each_key each;
	void *ctx;
};

static int walk_users(const struct walk *w, struct err *e)
{
	struct names names;
	char key[STORE_KEY_MAX];
	int r = names_of(w->store, &names, e);

	for (size_t i = 0; i < names.n && r == 0; i++) {
		if (store_key(key, "enroll", names.name[i]) == 0)
			r = w->each(w->ctx, w->store, key, e);
		if (r == 0 && store_key(key, "hot", names.name[i]) == 0)
			r = w->each(w->ctx, w->store, key, e);
		if (i % 128 == 0)
			w->q->progress(w->q->ctx, i, names.n);
	}
	names_free(&names);
	return r;
}

static int walk_pw(const struct walk *w, struct err *e)
{
	struct names names = {0};
	char key[STORE_KEY_MAX];
	int r = names_add_pw(w->pw, &names, e);

	for (size_t i = 0; i < names.n && r == 0; i++)
		if (store_key(key, "pw", names.name[i]) == 0)
			r = w->each(w->ctx, w->pw, key, e);
	names_free(&names);
	return r;
}

static int walk_all(const struct walk *w, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r = 0;

	for (int i = 0; i < 2 * STORE_DECOYS && r == 0; i++) {
		store_decoy_name(key, i % 2 == 0 ? "enroll" : "hot", (unsigned char)(i / 2));
		r = w->each(w->ctx, w->store, key, e);
	}
	if (r == 0)
		r = walk_users(w, e);
	return r == 0 ? walk_pw(w, e) : r;
}

typedef int (*read_raw)(struct store *s, const char *key, struct store_raw *out, struct err *e);

/* The key that a record is sealed under: 0; ERR_NONE; ERR_BAD; trouble. */
static int key_of(read_raw read, struct store *s, const char *key, char id[KEYRING_ID_MAX + 1],
    struct err *e)
{
	struct store_raw raw;
	int r = read(s, key, &raw, e);
	const struct seal_bytes sealed = {raw.data, sizeof(raw.data), r == 0 ? raw.len : 0};

	id[0] = '\0';
	if (r == 0 && seal_key_id(&sealed, id) != 0)
		r = err_set(e, ERR_BAD, "%s: is not a sealed record", key);
	return r;
}

/* The keyring as a text, under the lock that changes of enrolments take. */
struct change {
	struct store store;
	struct secret memory;
	struct keyfile *file;
};

static int change_begin(struct change *g, const struct conf *c, struct err *e)
{
	int r;

	*g = (struct change){0};
	if ((r = store_open(&g->store, c, e)) != 0)
		return r;
	if (secret_new(&g->memory, sizeof(*g->file)) != 0) {
		store_close(&g->store);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	g->file = (struct keyfile *)(void *)g->memory.data;
	if ((r = store_lock(&g->store, e)) == 0 &&
	    (r = keyfile_read(g->file, c->keyring, e)) == 0)
		return 0;
	secret_free(&g->memory);
	store_close(&g->store);
	return r;
}

static void change_end(struct change *g)
{
	secret_free(&g->memory);
	store_unlock(&g->store);
	store_close(&g->store);
}

int rekey_add(const struct rekey *q, char id[KEYRING_ID_MAX + 1], struct err *e)
{
	struct change g;
	int r = change_begin(&g, q->conf, e);

	id[0] = '\0';
	if (r != 0)
		return r;
	keyfile_next(g.file, id);
	if (id[0] != '\0')
		r = err_set(e, ERR_REFUSED, "key %s has been added and is not in use yet; "
		    "`enroll-mfa rekey use` comes first", id);
	else if (g.store.keyring->count == KEYRING_KEYS)
		r = err_set(e, ERR_REFUSED, "the keyring has %d keys already; `enroll-mfa rekey "
		    "retire` first", KEYRING_KEYS);
	else if ((r = keyfile_add(g.file, id, e)) == 0)
		r = keyfile_replace(g.file, q->conf->keyring, e);
	change_end(&g);
	return r;
}

static int make_first(const struct rekey *q, struct rekey_used *res, struct err *e)
{
	struct change g;
	char id[KEYRING_ID_MAX + 1];
	int r = change_begin(&g, q->conf, e);

	if (r != 0)
		return r;
	keyfile_next(g.file, id);
	if (id[0] != '\0' && keyring_find(g.store.keyring, id) == NULL)
		r = err_set(e, ERR_KEYRING, "%s: says that %s is next, and has no such key",
		    q->conf->keyring, id);
	if (r == 0 && id[0] != '\0') {
		keyfile_use(g.file);
		r = keyfile_replace(g.file, q->conf->keyring, e);
		res->changed = r == 0;
	}
	change_end(&g);
	return r;
}

/* In secret memory. */
struct resealed {
	struct store_value value;
	struct record_enroll enroll;
	struct record_hot hot;
};

struct sealing {
	const struct rekey *q;
	struct rekey_used *res;
	struct resealed *w;
	const char *key; /* the one at hand, */
	enum { SEALING_ENROLL, SEALING_HOT, SEALING_PW } kind;
};

/* What it says stays as it is; its format becomes the newest, once every host that shares
 * the records reads that. */
static int same(void *ctx, struct store_value *v, struct err *e)
{
	struct sealing *g = ctx;
	int n = ERR_BAD;

	if (g->kind == SEALING_PW)
		return 0;
	if (g->kind == SEALING_HOT && record_get_hot(&g->w->hot, v->data, v->len) == 0) {
		g->w->hot.format = RECORD_FORMAT;
		n = record_put_hot(&g->w->hot, v->data);
	} else if (g->kind == SEALING_ENROLL && record_get_enroll(&g->w->enroll, v->data, v->len) == 0) {
		g->w->enroll.format = RECORD_FORMAT;
		n = record_put_enroll(&g->w->enroll, v->data);
	}
	if (n < 0)
		return err_set(e, ERR_BAD, "%s: its format is not one of this version's", g->key);
	v->len = (size_t)n;
	return 0;
}

/* Sealed under the first key and written in the newest format: 1, 0, or trouble. */
static int is_done(struct sealing *g, struct store *s, const char *key, struct err *e)
{
	struct store_value *v = &g->w->value;
	char id[KEYRING_ID_MAX + 1];
	int r = key_of(store_get_raw, s, key, id, e);

	if (r != 0 || strcmp(id, g->res->id) != 0)
		return r;
	if (g->kind == SEALING_PW)
		return 1;
	if ((r = store_get(s, key, NULL, v, e)) != 0)
		return r;
	/* Both kinds begin with it. */
	return v->len > 1 && v->data[0] == RECORD_FORMAT >> 8 && v->data[1] == (RECORD_FORMAT & 0xff);
}

static int seal_anew(void *ctx, struct store *s, const char *key, struct err *e)
{
	struct sealing *g = ctx;
	struct err why = {0};
	int r;

	g->key = key;
	g->kind = key[0] == 'h' ? SEALING_HOT : key[0] == 'p' ? SEALING_PW : SEALING_ENROLL;
	if ((r = is_done(g, s, key, &why)) == 1)
		return 0;
	if (r == 0)
		r = store_update(s, key, NULL, same, g, &why);
	if (r == 0)
		g->res->records++;
	if (r == ERR_BAD) {
		g->res->bad++;
		g->q->bad(g->q->ctx, why.text);
	}
	return r == 0 || r == ERR_NONE || r == ERR_BAD ? 0 : err_set(e, r, "%s", why.text);
}

/* One record at a time, each by the atomic step of a login; nothing is held. */
int rekey_use(const struct rekey *q, struct rekey_used *res, struct err *e)
{
	struct store store, pw;
	struct sealing g = {.q = q, .res = res};
	const struct walk w = {q, &store, &pw, seal_anew, &g};
	struct secret memory;
	int r;

	*res = (struct rekey_used){0};
	if ((r = make_first(q, res, e)) != 0)
		return r;
	if (secret_new(&memory, sizeof(*g.w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	g.w = (struct resealed *)(void *)memory.data;
	if ((r = store_open(&store, q->conf, e)) == 0) {
		if ((r = store_open_pw(&pw, q->conf, true, e)) == 0) {
			memcpy(res->id, store.keyring->key[0].id, sizeof(res->id));
			r = walk_all(&w, e);
			store_close(&pw);
		}
		store_close(&store);
	}
	secret_free(&memory);
	return r;
}

struct counting {
	struct store *store;
	size_t under[KEYRING_KEYS];
};

static int count(void *ctx, struct store *s, const char *key, struct err *e)
{
	struct counting *c = ctx;
	const struct keyring *k = c->store->keyring;
	char id[KEYRING_ID_MAX + 1];
	struct err why = {0};
	int r = key_of(store_get_locked, s, key, id, &why);

	for (int i = 0; i < k->count && r == 0; i++)
		c->under[i] += strcmp(k->key[i].id, id) == 0 ? 1 : 0;
	if (r == 0 || r == ERR_NONE)
		return 0;
	/* Its mode may be wrong, no more, and mended later. */
	if (r == ERR_BAD)
		return err_set(e, ERR_REFUSED, "%.300s; nobody can see which key it needs: mend it, "
		    "or `enroll-mfa remove` its user (a name that begins with a dot: `enroll-mfa "
		    "init`)", why.text);
	return err_set(e, r, "%s", why.text);
}

/* Which keys are old, and whether anything needs them. */
static int choose(const struct counting *n, const char *next, struct rekey_retired *res,
    struct err *e)
{
	const struct keyring *k = n->store->keyring;

	for (int i = 1; i < k->count; i++) {
		if (strcmp(k->key[i].id, next) == 0)
			continue;
		if (n->under[i] > 0)
			return err_set(e, ERR_REFUSED, "%zu records are sealed under %s still; "
			    "`enroll-mfa rekey use` seals them anew (one that it names as damaged: "
			    "remove it)", n->under[i], k->key[i].id);
		memcpy(res->id[res->keys++], k->key[i].id, sizeof(res->id[0]));
	}
	return res->keys > 0 ? 0 : err_set(e, ERR_REFUSED, "there is no old key in the keyring");
}

/* Names: those of records that were removed or made by somebody who was killed then. */
static int bring_to_disk(struct store *s, struct err *e)
{
	const int root = store_root(s);

	return root < 0 || syncfs(root) == 0 ? 0 : err_errno(e, "the store: sync");
}

static int retire(const struct rekey *q, struct change *g, struct store *pw,
    struct rekey_retired *res, struct err *e)
{
	struct counting n = {&g->store, {0}};
	const struct walk w = {q, &g->store, pw, count, &n};
	char next[KEYRING_ID_MAX + 1];
	int r;

	keyfile_next(g->file, next);
	if ((r = walk_all(&w, e)) != 0 || (r = choose(&n, next, res, e)) != 0 ||
	    (r = bring_to_disk(&g->store, e)) != 0 || (r = bring_to_disk(pw, e)) != 0)
		return r;
	for (int i = 0; i < res->keys; i++)
		keyfile_remove(g->file, res->id[i]);
	return keyfile_replace(g->file, q->conf->keyring, e);
}

/* Under both locks: whoever changes enrolments, or removes a password history, reads the
 * keyring anew behind them. */
int rekey_retire(const struct rekey *q, struct rekey_retired *res, struct err *e)
{
	struct change g;
	struct store pw;
	int r = change_begin(&g, q->conf, e);

	*res = (struct rekey_retired){0};
	if (r != 0)
		return r;
	if ((r = store_open_pw(&pw, q->conf, true, e)) == 0) {
		if ((r = store_lock(&pw, e)) == 0) {
			r = retire(q, &g, &pw, res, e);
			store_unlock(&pw);
		}
		store_close(&pw);
	}
	change_end(&g);
	return r;
}
