#include "enroll/restore.h"

#include "enroll/pw_merge.h"
#include "enroll/steps.h"
#include "lib/core/host.h"
#include "lib/core/otp.h"
#include "lib/core/record_pw.h"
#include "lib/core/secret.h"
#include "lib/core/userkey.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 200 /* users; two files each are open at once */
#define PUT_TRIES 8

/* One user, in secret memory. */
struct work {
	struct store_value value;
	struct record_enroll enroll, present_enroll;
	struct record_hot hot, present;
	struct record_pw pw, present_pw;
	bool has_enroll, has_hot, has_pw;
	char enroll_key[STORE_KEY_MAX], hot_key[STORE_KEY_MAX], pw_key[STORE_KEY_MAX];
	/* Of the records that are there. */
	char enroll_version[STORE_VERSION_MAX], hot_version[STORE_VERSION_MAX];
	char pw_version[STORE_VERSION_MAX];
	bool uid_looked_at;
};

struct run {
	const struct restore *q;
	struct restore_result *res;
	struct store *pw; /* of password histories */
	struct work *w;
	struct store_item *items; /* BATCH hot ones, then BATCH enroll ones */
	int n;
	/* The record that was read ahead. */
	char key[STORE_KEY_MAX];
	struct store_raw raw;
};

/* What must not come back: it may have been spent, or ended, since. */
static void drop_what_may_be_spent(struct run *r)
{
	struct record_enroll *enroll = &r->w->enroll;
	struct record_hot *hot = &r->w->hot;

	r->res->codes += enroll->recovery.id != 0 ? 1 : 0;
	secret_wipe(&enroll->recovery, sizeof(enroll->recovery));
	secret_wipe(enroll->pending, sizeof(enroll->pending));
	enroll->pendings = 0;
	secret_wipe(&enroll->invite, sizeof(enroll->invite));
	enroll->bypass_since = 0;
	enroll->bypass_life = 0;
	memset(hot->spent, 0, sizeof(hot->spent));
	memset(hot->remembered, 0, sizeof(hot->remembered));
	/* Nobody is left who could give them back. */
	memset(hot->reserved, 0, sizeof(hot->reserved));
	hot->reserveds = 0;
	enroll->format = hot->format = RECORD_FORMAT;
}

/* The host's note of its arrival says the same for all; this holds also for who logs
 * in while the restore goes on, and where the clock was set back. */
static int raise_steps(struct run *r, struct err *e)
{
	struct record_hot *hot = &r->w->hot;
	const int64_t now = r->q->clock();

	if (!r->w->has_hot && steps_new_hot(hot, e) != 0)
		return ERR_SYSTEM;
	hot->ever_confirmed = hot->ever_confirmed || r->w->enroll.devices > 0;
	for (int i = 0; i < r->w->enroll.devices; i++) {
		const struct record_device *d = &r->w->enroll.device[i];
		struct record_entry *entry = record_find_entry(hot, d->id);
		const struct record_entry *has = record_find_entry(&r->w->present, d->id);
		uint64_t floor = otp_step(now, d->period) + (uint64_t)r->q->conf->window;

		if (entry == NULL && hot->entries == RECORD_ENTRIES)
			return err_set(e, ERR_BAD, "%s: no room for its devices", r->w->hot_key);
		if (entry == NULL) {
			entry = &hot->entry[hot->entries++];
			*entry = (struct record_entry){.id = d->id};
		}
		if (has != NULL && has->last_step > floor)
			floor = has->last_step;
		if (entry->last_step < floor)
			entry->last_step = floor;
	}
	return 0;
}

static bool names_device(const struct record_enroll *enroll, uint64_t id)
{
	for (int i = 0; i < enroll->devices; i++)
		if (enroll->device[i].id == id)
			return true;
	return false;
}

/* Hot is written before enroll: what that names until then gets in still, should a kill
 * come between.  Its steps rise as all do. */
static void keep_present(struct run *r)
{
	const struct record_enroll *there = &r->w->present_enroll;
	struct record_hot *hot = &r->w->hot;
	const int64_t now = r->q->clock();
	int n = 0;

	for (int i = 0; i < hot->entries; i++)
		if (names_device(&r->w->enroll, hot->entry[i].id))
			hot->entry[n++] = hot->entry[i];
	hot->entries = (uint8_t)n;
	for (int i = 0; i < there->devices && hot->entries < RECORD_ENTRIES; i++) {
		const struct record_device *d = &there->device[i];
		const struct record_entry *has = record_find_entry(&r->w->present, d->id);
		uint64_t floor = otp_step(now, d->period) + (uint64_t)r->q->conf->window;
		struct record_entry *entry = &hot->entry[hot->entries];

		if (has == NULL || record_find_entry(hot, d->id) != NULL)
			continue;
		*entry = *has;
		if (entry->last_step < floor)
			entry->last_step = floor;
		hot->entries++;
	}
	memset(&hot->entry[hot->entries], 0,
	    sizeof(hot->entry[0]) * (size_t)(RECORD_ENTRIES - hot->entries));
	memcpy(hot->spent, r->w->present.spent, sizeof(hot->spent));
}

/* The record is not changed where it may be somebody else's, unless that was asked for. */
static void look_at_uid(struct run *r)
{
	struct record_hot *hot = &r->w->hot;
	struct restore_foreign f = {.bound = (uid_t)hot->uid};
	char user[USERKEY_NAME_MAX + 1];
	int code;

	if (r->w->uid_looked_at || !hot->uid_bound || !r->w->has_enroll ||
	    userkey_decode(strchr(r->w->hot_key, '/') + 1, user) != 0)
		return;
	r->w->uid_looked_at = true;
	f.user = user;
	code = r->q->account(r->q->ctx, user, &f.has);
	if (code == 0 && f.has == f.bound)
		return;
	if (code != 0 && code != ERR_NONE) {
		r->res->unknown++;
	} else if (r->q->rebind) {
		hot->uid_bound = false;
		hot->uid = 0;
		r->res->rebound++;
	} else if (code == 0) {
		r->res->foreign++;
		r->q->foreign(r->q->ctx, &f);
	}
}

/* In the place of what was found: somebody may have logged in since, and what that has
 * spent stays spent.  ERR_CONFLICT: look again. */
static int put_over(struct store *s, const char *key, const char *version, struct store_value *v,
    struct err *e)
{
	int code;

	/* What cannot be read has no version. */
	if (version[0] == '\0' && (code = store_del(s, key, NULL, e)) != 0)
		return code == ERR_NONE ? ERR_CONFLICT : code;
	(void)snprintf(v->version, sizeof(v->version), "%s",
	    version[0] != '\0' ? version : STORE_NEW);
	return store_put(s, key, v, e);
}

static int flush(struct run *r, struct err *e)
{
	const int n = r->n;
	int code;

	if (n == 0)
		return 0;
	memmove(&r->items[n], &r->items[BATCH], sizeof(*r->items) * (size_t)n);
	code = store_create(r->q->store, r->items, 2 * (size_t)n, e);
	for (int i = 0; i < 2 * n && code == 0; i++)
		if (r->items[i].result != 0)
			code = err_set(e, ERR_UNAVAIL, "%s: cannot be stored", r->items[i].key);
	r->n = 0;
	r->q->progress(r->q->ctx, r->q->in->left, r->q->in->header.records);
	return code;
}

static int seal(const struct run *r, struct store_item *item, const char *key, struct err *e)
{
	(void)snprintf(item->key, sizeof(item->key), "%s", key);
	return store_seal_item(r->q->store, item, &r->w->value, e);
}

static int add(struct run *r, struct err *e)
{
	struct work *w = r->w;
	int code;

	if ((code = steps_encode_hot(&w->hot, &w->value, e)) != 0 ||
	    (code = seal(r, &r->items[r->n], w->hot_key, e)) != 0 ||
	    (code = steps_encode_enroll(&w->enroll, &w->value, e)) != 0 ||
	    (code = seal(r, &r->items[BATCH + r->n], w->enroll_key, e)) != 0)
		return code;
	return ++r->n == BATCH ? flush(r, e) : 0;
}

static int put_one(struct run *r, struct err *e)
{
	struct work *w = r->w;
	int code = steps_encode_hot(&w->hot, &w->value, e);

	if (code == 0 &&
	    (code = put_over(r->q->store, w->hot_key, w->hot_version, &w->value, e)) == 0 &&
	    w->has_enroll && (code = steps_encode_enroll(&w->enroll, &w->value, e)) == 0)
		code = put_over(r->q->store, w->enroll_key, w->enroll_version, &w->value, e);
	return code;
}

static void note_version(char version[STORE_VERSION_MAX], int code, const struct work *w)
{
	(void)snprintf(version, STORE_VERSION_MAX, "%s", code == 0 ? w->value.version :
	    code == ERR_NONE ? STORE_NEW : "");
}

/* 1: the user has a record; w->present and w->present_enroll are what can be read. */
static int look(struct run *r, struct err *e)
{
	struct work *w = r->w;
	int hot = store_get(r->q->store, w->hot_key, NULL, &w->value, e), enroll;

	note_version(w->hot_version, hot, w);
	if (hot != 0 || record_get_hot(&w->present, w->value.data, w->value.len) != 0)
		memset(&w->present, 0, sizeof(w->present));
	enroll = store_get(r->q->store, w->enroll_key, NULL, &w->value, e);
	note_version(w->enroll_version, enroll, w);
	if (enroll != 0 || record_get_enroll(&w->present_enroll, w->value.data, w->value.len) != 0)
		memset(&w->present_enroll, 0, sizeof(w->present_enroll));
	if ((hot != 0 && hot != ERR_NONE && hot != ERR_BAD) ||
	    (enroll != 0 && enroll != ERR_NONE && enroll != ERR_BAD))
		return ERR_UNAVAIL;
	return hot != ERR_NONE || enroll != ERR_NONE;
}

static int try_user(struct run *r, int *there, struct err *e)
{
	int code;

	if ((*there = look(r, e)) < 0)
		return *there;
	/* A state alone is of use only as what keeps a lost enrolment from being taken
	 * for none. */
	if (!r->w->has_enroll && *there > 0)
		return ERR_NONE;
	drop_what_may_be_spent(r);
	if ((code = raise_steps(r, e)) != 0)
		return code;
	if (*there > 0)
		keep_present(r);
	look_at_uid(r);
	return *there == 0 && r->w->has_enroll ? add(r, e) : put_one(r, e);
}

static int restore_user(struct run *r, struct err *e)
{
	int there = 0, code = ERR_CONFLICT;

	for (int i = 0; i < PUT_TRIES && code == ERR_CONFLICT; i++)
		code = try_user(r, &there, e);
	if (code == ERR_NONE)
		return 0;
	/* What only `reserve` has counted is nobody's enrolment. */
	r->res->users += code == 0 && (r->w->has_enroll || r->w->hot.ever_confirmed) ? 1 : 0;
	r->res->replaced += code == 0 && there > 0 ? 1 : 0;
	return code;
}

/* 1: what is there knows all that the backup does, 0: not, or trouble.  w->pw becomes what
 * is to be there: with what is there, where they go together. */
static int look_at_history(struct run *r, struct err *e)
{
	struct work *w = r->w;
	int code = store_get(r->pw, w->pw_key, NULL, &w->value, e);

	note_version(w->pw_version, code, w);
	if (code == 0)
		code = record_pw_get(&w->present_pw, w->value.data, w->value.len);
	if (code != 0)
		return code == ERR_NONE || code == ERR_BAD ? 0 : code;
	if (!pw_merge_can(&w->present_pw, &w->pw))
		return 0;
	if (!pw_merge(&w->present_pw, &w->pw))
		return 1;
	w->pw = w->present_pw;
	return 0;
}

static int try_pw(struct run *r, struct err *e)
{
	struct work *w = r->w;
	int code = look_at_history(r, e), n;

	if (code != 0)
		return code > 0 ? 0 : code;
	if ((n = record_pw_put(&w->pw, w->value.data)) < 0)
		return err_set(e, ERR_SYSTEM, "%s: cannot be encoded", w->pw_key);
	w->value.len = (size_t)n;
	if ((code = put_over(r->pw, w->pw_key, w->pw_version, &w->value, e)) == 0)
		r->res->histories++;
	return code;
}

static int restore_pw(struct run *r, struct err *e)
{
	int code = ERR_CONFLICT;

	for (int i = 0; i < PUT_TRIES && code == ERR_CONFLICT; i++)
		code = try_pw(r, e);
	return code;
}

/* Reads ahead: r->key is "" at the end. */
static int next(struct run *r, struct err *e)
{
	int code = backup_next(r->q->in, r->key, &r->raw, e);

	if (code == ERR_NONE)
		r->key[0] = '\0';
	return code == ERR_NONE ? 0 : code;
}

/* The part of the user that was read ahead. */
static int open_part(struct run *r, bool *has, struct err *e)
{
	struct work *w = r->w;
	int code = store_open_raw(r->q->store->keyring, r->key, &r->raw, &w->value, e);

	if (code != 0)
		return code;
	*has = true;
	if (r->key[0] == 'e')
		code = record_get_enroll(&w->enroll, w->value.data, w->value.len);
	else if (r->key[0] == 'h')
		code = record_get_hot(&w->hot, w->value.data, w->value.len);
	else
		code = record_pw_get(&w->pw, w->value.data, w->value.len);
	return code == 0 ? next(r, e) : err_set(e, ERR_BAD, "%s: its format is not one of this "
	    "version's", r->key);
}

/* The records of one user. */
static int read_user(struct run *r, struct err *e)
{
	struct work *w = r->w;
	const char *name = strchr(r->key, '/') + 1;
	int code = 0;

	secret_wipe(w, sizeof(*w));
	w->enroll.format = RECORD_FORMAT;
	(void)snprintf(w->enroll_key, sizeof(w->enroll_key), "enroll/%.240s", name);
	(void)snprintf(w->hot_key, sizeof(w->hot_key), "hot/%.240s", name);
	(void)snprintf(w->pw_key, sizeof(w->pw_key), "pw/%.240s", name);
	if (strcmp(r->key, w->enroll_key) == 0)
		code = open_part(r, &w->has_enroll, e);
	if (code == 0 && strcmp(r->key, w->hot_key) == 0)
		code = open_part(r, &w->has_hot, e);
	if (code == 0 && strcmp(r->key, w->pw_key) == 0)
		code = open_part(r, &w->has_pw, e);
	return code;
}

static int restore_all(struct run *r, struct err *e)
{
	int code = next(r, e), last;

	while (code == 0 && r->key[0] != '\0')
		if ((code = read_user(r, e)) == 0 && (!r->w->has_pw || (code = restore_pw(r, e)) == 0) &&
		    (r->w->has_enroll || r->w->has_hot))
			code = restore_user(r, e);
	last = flush(r, code == 0 ? e : NULL);
	return code == 0 ? last : code;
}

/* Under the lock. */
static int run_locked(struct run *r, struct err *e)
{
	const struct restore *q = r->q;
	int there = store_has_records(q->conf, e), code;

	if (there < 0)
		return there;
	if (there > 0 && !q->replace)
		return err_set(e, ERR_REFUSED, "%s: holds records; with --replace those of the users "
		    "in the backup give way (also where a restore was interrupted)",
		    q->conf->store_dir);
	/* Before, so that a kill leaves nothing good; behind, for logins meanwhile. */
	if ((code = host_arrive(q->conf, q->clock(), e)) != 0 ||
	    (code = restore_all(r, e)) != 0)
		return code;
	return host_arrive(q->conf, q->clock(), e);
}

int restore_run(const struct restore *q, struct restore_result *res, struct err *e)
{
	struct run r = {.q = q, .res = res};
	struct secret memory = {0};
	struct store pw;
	int code;

	*res = (struct restore_result){0};
	r.items = calloc(2 * BATCH, sizeof(*r.items));
	if (r.items == NULL || secret_new(&memory, sizeof(*r.w)) != 0) {
		code = err_set(e, ERR_SYSTEM, "out of memory");
	} else if ((code = store_open_pw(&pw, q->conf, true, e)) == 0) {
		r.w = (struct work *)(void *)memory.data;
		r.pw = &pw;
		if ((code = store_lock(q->store, e)) == 0) {
			/* It was opened before, and no other key comes under the lock. */
			if ((code = store_renew_keyring(&pw, e)) == 0)
				code = run_locked(&r, e);
			store_unlock(q->store);
		}
		store_close(&pw);
	}
	secret_free(&memory);
	free(r.items);
	return code;
}
