#include "enroll/steps.h"

#include "lib/core/look.h"
#include "lib/core/otp.h"
#include "lib/core/recovery.h"
#include "lib/core/secret.h"
#include "lib/core/state.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define PUT_TRIES 8 /* somebody else changes the same user */

/* What one change works on, in secret memory. */
struct work {
	struct store_value value;
	struct record_enroll before, after;
	struct record_hot hot;
	bool found;
	char key[STORE_KEY_MAX];
	char hot_key[STORE_KEY_MAX];
	char version[STORE_VERSION_MAX];
};

static int begin(const struct steps *s, struct secret *memory, struct work **w,
    struct err *e)
{
	if (secret_new(memory, sizeof(**w)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*w = (struct work *)(void *)memory->data;
	if (store_key((*w)->key, "enroll", s->user) != 0 ||
	    store_key((*w)->hot_key, "hot", s->user) != 0) {
		secret_free(memory);
		return err_set(e, ERR_REFUSED, "'%.64s': is empty or too long for a user name",
		    s->user);
	}
	return 0;
}

/* A change: nobody else's mixes with it. */
static int begin_change(const struct steps *s, struct secret *memory, struct work **w,
    struct err *e)
{
	int r = begin(s, memory, w, e);

	if (r == 0 && (r = store_lock(s->store, e)) != 0)
		secret_free(memory);
	return r;
}

/* Gives r back.  What was looked for on the way and not there is no warning:
 * only settle_hot() leaves one behind a success. */
static int end_change(const struct steps *s, struct secret *memory, int r, struct err *e)
{
	store_unlock(s->store);
	secret_free(memory);
	if (r == 0 && e != NULL && e->code != ERR_OK)
		*e = (struct err){0};
	return r;
}

int steps_new_device(struct record_device *d, int64_t now, struct err *e)
{
	d->secret_len = d->algorithm == RECORD_SHA512 ? 64 :
	    d->algorithm == RECORD_SHA256 ? 32 : 20;
	d->created = now;
	do {
		if (RAND_bytes((unsigned char *)&d->id, sizeof(d->id)) != 1 ||
		    RAND_bytes(d->secret, d->secret_len) != 1)
			return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	} while (d->id == 0);
	return 0;
}

int steps_new_hot(struct record_hot *hot, struct err *e)
{
	memset(hot, 0, sizeof(*hot));
	hot->format = RECORD_FORMAT;
	if (RAND_bytes(hot->source_key, sizeof(hot->source_key)) != 1)
		return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	return 0;
}

int steps_encode_enroll(const struct record_enroll *r, struct store_value *v, struct err *e)
{
	int n = record_put_enroll(r, v->data);

	for (int i = 0; i < r->devices; i++)
		if (!record_device_valid(&r->device[i]))
			return err_set(e, ERR_REFUSED,
			    "the device's name or parameters are out of range");
	if (n < 0)
		return err_set(e, ERR_SYSTEM, "the enrolment does not fit its record");
	v->len = (size_t)n;
	return 0;
}

int steps_encode_hot(const struct record_hot *r, struct store_value *v, struct err *e)
{
	int n = record_put_hot(r, v->data);

	if (n < 0)
		return err_set(e, ERR_SYSTEM, "the state does not fit its record");
	v->len = (size_t)n;
	return 0;
}

/* Reads enroll into w->before; ERR_NONE and ERR_BAD are answers too. */
static int read_enroll(const struct steps *s, struct work *w, struct err *e)
{
	int r = store_get(s->store, w->key, NULL, &w->value, e);

	memset(&w->before, 0, sizeof(w->before));
	w->before.format = RECORD_FORMAT;
	(void)snprintf(w->version, sizeof(w->version), "%s", r == 0 ? w->value.version : STORE_NEW);
	w->found = r == 0;
	if (r == 0 && record_get_enroll(&w->before, w->value.data, w->value.len) != 0) {
		w->found = false;
		r = err_set(e, ERR_BAD, "%s: its format is not one of this version's", w->key);
	}
	if (!w->found) {
		memset(&w->before, 0, sizeof(w->before));
		w->before.format = RECORD_FORMAT;
	}
	return r;
}

static int read_hot(const struct steps *s, struct work *w, struct err *e)
{
	int r = store_get(s->store, w->hot_key, NULL, &w->value, e);

	if (r == 0 && record_get_hot(&w->hot, w->value.data, w->value.len) != 0)
		r = err_set(e, ERR_BAD, "%s: its format is not one of this version's",
		    w->hot_key);
	return r;
}

/* After a write whose outcome is not known: is what is there ours?  It may be so in
 * the page cache only. */
static bool is_in_force(const struct steps *s, struct work *w)
{
	struct store_value mine;
	bool same;

	memcpy(&mine, &w->value, sizeof(mine));
	same = store_get(s->store, w->key, NULL, &w->value, NULL) == 0 &&
	    w->value.len == mine.len && memcmp(w->value.data, mine.data, mine.len) == 0;
	secret_wipe(&mine, sizeof(mine));
	return same;
}

/* 0 when it is ours and durable after all. */
static int settle_unknown(const struct steps *s, struct work *w, struct err *e)
{
	struct err why = {0};
	int r = is_in_force(s, w) ? store_sync(s->store, w->key, &why) : ERR_UNKNOWN;

	if (r == 0)
		return 0;
	if (why.text[0] == '\0' && e != NULL)
		why = *e;
	return err_set(e, ERR_UNKNOWN, "%.300s; whether the change is in force is not known: mend "
	    "the disk, then give the command again", why.text);
}

static int put_enroll(const struct steps *s, struct work *w, struct err *e)
{
	int r = steps_encode_enroll(&w->after, &w->value, e);

	if (r != 0)
		return r;
	memcpy(w->value.version, w->version, sizeof(w->value.version));
	r = store_put(s->store, w->key, &w->value, e);
	return r == ERR_UNKNOWN ? settle_unknown(s, w, e) : r;
}

/* Replaces whatever is at hot by w->hot. */
static int renew_hot(const struct steps *s, struct work *w, struct err *e)
{
	int r = store_del(s->store, w->hot_key, NULL, e);

	if (r != 0 && r != ERR_NONE)
		return r;
	if ((r = steps_encode_hot(&w->hot, &w->value, e)) != 0)
		return r;
	(void)snprintf(w->value.version, sizeof(w->value.version), STORE_NEW);
	return store_put(s->store, w->hot_key, &w->value, e);
}

/* The i-th of the devices and, behind them, the pending ones. */
static const struct record_device *named(const struct record_enroll *r, int i)
{
	return i < r->devices ? &r->device[i] : &r->pending[i - r->devices].device;
}

/* Every device of r counts as used up to the present step and the window. */
static int hot_from(const struct steps *s, const struct record_enroll *r,
    struct record_hot *hot, struct err *e)
{
	int code = steps_new_hot(hot, e);

	for (int i = 0; code == 0 && i < r->devices + r->pendings; i++) {
		struct record_entry *entry = &hot->entry[hot->entries++];

		entry->id = named(r, i)->id;
		entry->last_step = otp_step(s->now, named(r, i)->period) +
		    (uint64_t)s->conf->window;
	}
	hot->ever_confirmed = r->devices > 0;
	return code;
}

typedef int (*hot_change)(struct record_hot *hot, const void *ctx);

struct change {
	hot_change change;
	const void *ctx;
	struct record_hot hot;
};

static int change_hot(void *ctx, struct store_value *v, struct err *e)
{
	struct change *c = ctx;
	int r;

	if (record_get_hot(&c->hot, v->data, v->len) != 0)
		return err_set(e, ERR_BAD, "hot: its format is not one of this version's");
	if ((r = c->change(&c->hot, c->ctx)) != 0)
		return err_set(e, r, "hot: no room for another device");
	return steps_encode_hot(&c->hot, v, e);
}

static int update_hot(const struct steps *s, const struct work *w, hot_change change,
    const void *ctx, struct err *e)
{
	struct change c = {.change = change, .ctx = ctx};

	return store_update(s->store, w->hot_key, NULL, change_hot, &c, e);
}

static bool names_device(const struct record_enroll *r, uint64_t id)
{
	for (int i = 0; i < r->devices + r->pendings; i++)
		if (named(r, i)->id == id)
			return true;
	return false;
}

/* Drops the entries and recovery sets that neither record names. */
static void keep_named(struct record_hot *hot, const struct record_enroll *a,
    const struct record_enroll *b)
{
	int n = 0;

	for (int i = 0; i < hot->entries; i++)
		if (names_device(a, hot->entry[i].id) || names_device(b, hot->entry[i].id))
			hot->entry[n++] = hot->entry[i];
	memset(&hot->entry[n], 0, sizeof(hot->entry[0]) * (size_t)(RECORD_ENTRIES - n));
	hot->entries = (uint8_t)n;
	for (int i = 0; i < 2; i++)
		if (hot->spent[i].id != a->recovery.id && hot->spent[i].id != b->recovery.id)
			hot->spent[i].id = 0, hot->spent[i].used = 0;
}

static int add_set(struct record_hot *hot, uint64_t id)
{
	for (int i = 0; i < 2; i++)
		if (hot->spent[i].id == id)
			return 0;
	for (int i = 0; i < 2; i++) {
		if (hot->spent[i].id != 0)
			continue;
		hot->spent[i].id = id;
		hot->spent[i].used = 0;
		return 0;
	}
	return ERR_SYSTEM;
}

struct staging {
	const struct record_enroll *before;
	const struct record_enroll *after;
	uint64_t device;
	uint64_t step;
};

/* First half: the new entry and set beside the old. */
static int stage(struct record_hot *hot, const void *ctx)
{
	const struct staging *g = ctx;

	keep_named(hot, g->before, g->after);
	if (g->device != 0 && record_find_entry(hot, g->device) == NULL) {
		if (hot->entries == RECORD_ENTRIES)
			return ERR_SYSTEM;
		hot->entry[hot->entries].id = g->device;
		hot->entry[hot->entries].last_step = g->step;
		hot->entries++;
	}
	return g->after->recovery.id == 0 ? 0 : add_set(hot, g->after->recovery.id);
}

/* Second half, enroll being in force: the old goes, the lock with it. */
static int settle(struct record_hot *hot, const void *ctx)
{
	const struct staging *g = ctx;

	keep_named(hot, g->after, g->after);
	memset(hot->remembered, 0, sizeof(hot->remembered));
	if (g->device != 0) {
		state_forget_codes(hot);
		hot->ever_confirmed = hot->ever_confirmed || g->step != 0;
	}
	return 0;
}

static bool is_rebound(const struct steps *s, const struct record_hot *hot)
{
	return hot->uid_bound && s->account && hot->uid != s->uid;
}

/* Enroll is in force, so a failure here is a warning: what stays behind is the
 * old entry, which the next change drops, and perhaps a lock. */
static void settle_hot(const struct steps *s, const struct work *w, const struct staging *g,
    struct err *e)
{
	struct err why = {0};
	int r = update_hot(s, w, settle, g, &why);

	if (r != 0 && r != ERR_NONE)
		(void)err_set(e, ERR_OK, "done, but the old state could not be tidied up (%s); "
		    "if %s is locked, run `enroll-mfa unlock %s`", why.text, s->user, s->user);
}

static int refuse_uid(const struct steps *s, const struct work *w, struct err *e)
{
	return err_set(e, ERR_REFUSED, "%s: is bound to uid %u, the account is uid %u; "
	    "`enroll-mfa remove` the old enrolment first", s->user, (unsigned)w->hot.uid,
	    (unsigned)s->uid);
}

/* Hot as the enrolment of before wants it, whatever is there now. */
static int stage_hot(const struct steps *s, struct work *w, const struct staging *g,
    struct err *e)
{
	int r = read_hot(s, w, e);

	if (r == 0 && is_rebound(s, &w->hot))
		return refuse_uid(s, w, e);
	if (r == 0)
		return update_hot(s, w, stage, g, e);
	if (r != ERR_NONE && r != ERR_BAD)
		return r;
	if ((r = hot_from(s, g->before, &w->hot, e)) != 0)
		return r;
	if (stage(&w->hot, g) != 0)
		return err_set(e, ERR_SYSTEM, "hot: no room for another device");
	return renew_hot(s, w, e);
}

static int add_device(struct work *w, const struct record_device *d, struct err *e)
{
	int at = w->after.devices;

	for (int i = 0; i < w->after.devices; i++) {
		const struct record_device *have = &w->after.device[i];

		if (have->secret_len == d->secret_len &&
		    secret_equal(have->secret, d->secret, d->secret_len))
			return err_set(e, ERR_REFUSED,
			    "device '%s' already has this secret; use a new one", have->name);
		if (strcmp(have->name, d->name) == 0)
			at = i;
	}
	if (at == RECORD_DEVICES)
		return err_set(e, ERR_REFUSED, "%d devices are enrolled already; remove one",
		    RECORD_DEVICES);
	w->after.device[at] = *d;
	if (at == w->after.devices)
		w->after.devices++;
	return 0;
}

static int read_any(const struct steps *s, struct work *w, struct err *e)
{
	int r = read_enroll(s, w, e);

	/* A record that cannot be read is overwritten: that is what this is for. */
	if (r == ERR_BAD)
		r = store_del(s->store, w->key, NULL, e);
	return r == ERR_NONE ? 0 : r;
}

/* Nobody's: neither enrolled, nor a state that has ever let somebody in. */
static int read_nobody(const struct steps *s, struct work *w, struct err *e)
{
	int r = read_enroll(s, w, e);

	if (r == 0 && w->before.devices > 0)
		return err_set(e, ERR_CONFLICT, "%s: is enrolled already", s->user);
	if (r != 0 && r != ERR_NONE)
		return r;
	if ((r = read_hot(s, w, e)) == ERR_NONE)
		return 0;
	if (r == ERR_BAD || (r == 0 && (w->hot.ever_confirmed || w->hot.uid_bound)))
		return err_set(e, ERR_REFUSED, "the enrolment of %s is missing, the state is not; "
		    "`enroll-mfa remove` the user first", s->user);
	return r;
}

static void end_pendings(struct record_enroll *r)
{
	secret_wipe(r->pending, sizeof(r->pending));
	r->pendings = 0;
}

void steps_end_ways(struct record_enroll *r, bool invitation)
{
	end_pendings(r);
	r->bypass_since = 0;
	r->bypass_life = 0;
	if (invitation)
		secret_wipe(&r->invite, sizeof(r->invite));
}

/* Whoever adds a device still has the codes on paper; whoever replaces one may have
 * lost them with it. */
static int codes_to_keep(const struct steps *s, struct work *w, const struct steps_device *d)
{
	for (int i = 0; i < w->before.devices; i++)
		if (strcmp(w->before.device[i].name, d->device->name) == 0)
			return 0;
	if (w->before.devices == 0 || read_hot(s, w, NULL) != 0)
		return 0;
	return recovery_left(&w->before.recovery, &w->hot);
}

static int enroll_once(const struct steps *s, struct work *w, const struct steps_device *d,
    bool only_new, struct err *e)
{
	struct staging g = {&w->before, &w->after, d->device->id, d->confirmed_step};
	int kept, r = only_new ? read_nobody(s, w, e) : read_any(s, w, e);

	if (r != 0)
		return r;
	w->after = w->before;
	if ((r = add_device(w, d->device, e)) != 0)
		return r;
	kept = codes_to_keep(s, w, d);
	if (d->codes_kept != NULL)
		*d->codes_kept = kept;
	if (d->recovery != NULL && kept == 0)
		w->after.recovery = *d->recovery;
	/* The invitation of somebody without a device has led to one. */
	steps_end_ways(&w->after, w->before.devices == 0);
	if ((r = stage_hot(s, w, &g, e)) != 0 || (r = put_enroll(s, w, e)) != 0)
		return r;
	settle_hot(s, w, &g, e);
	return 0;
}

static int enroll(const struct steps *s, const struct steps_device *d, bool only_new,
    struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin_change(s, &memory, &w, e);

	if (r != 0)
		return r;
	if (!record_device_valid(d->device))
		r = err_set(e, ERR_REFUSED, "the device's name or parameters are out of range");
	else
		r = ERR_CONFLICT;
	for (int i = 0; i < PUT_TRIES && r == ERR_CONFLICT; i++)
		r = enroll_once(s, w, d, only_new, e);
	return end_change(s, &memory, r, e);
}

int steps_enroll(const struct steps *s, const struct steps_device *d, struct err *e)
{
	return enroll(s, d, false, e);
}

int steps_enroll_new(const struct steps *s, const struct steps_device *d, struct err *e)
{
	return enroll(s, d, true, e);
}

static int check_room(const struct steps *s, struct work *w, const char *device,
    struct err *e)
{
	int r = read_enroll(s, w, e);

	for (int i = 0; i < w->before.devices; i++)
		if (strcmp(w->before.device[i].name, device) == 0)
			return 0;
	if (w->before.devices == RECORD_DEVICES)
		return err_set(e, ERR_REFUSED, "%d devices are enrolled already; remove one",
		    RECORD_DEVICES);
	return r == ERR_NONE || r == ERR_BAD ? 0 : r;
}

static int check_uid(const struct steps *s, struct work *w, struct err *e)
{
	int r = read_hot(s, w, e);

	if (r == 0 && is_rebound(s, &w->hot))
		return refuse_uid(s, w, e);
	return r == ERR_NONE || r == ERR_BAD ? 0 : r;
}

int steps_may_enroll(const struct steps *s, const char *device, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin(s, &memory, &w, e);

	if (r != 0)
		return r;
	if ((r = check_room(s, w, device, e)) == 0)
		r = check_uid(s, w, e);
	secret_free(&memory);
	return r;
}

/* An entry for everything that the record names. */
static int add_entries(struct record_hot *hot, const struct record_enroll *r)
{
	for (int i = 0; i < r->devices + r->pendings; i++) {
		if (record_find_entry(hot, named(r, i)->id) != NULL)
			continue;
		if (hot->entries == RECORD_ENTRIES)
			return ERR_SYSTEM;
		hot->entry[hot->entries++] = (struct record_entry){.id = named(r, i)->id};
	}
	return 0;
}

static int stage_change(struct record_hot *hot, const void *ctx)
{
	const struct staging *g = ctx;

	keep_named(hot, g->before, g->after);
	return add_entries(hot, g->after);
}

/* Behind a change: the entries that nothing names any more go; nothing else does. */
static int settle_change(struct record_hot *hot, const void *ctx)
{
	const struct staging *g = ctx;

	keep_named(hot, g->after, g->after);
	if (g->after->devices != g->before->devices)
		memset(hot->remembered, 0, sizeof(hot->remembered));
	return 0;
}

static int change_hot_first(const struct steps *s, struct work *w, const struct staging *g,
    struct err *e)
{
	int r = read_hot(s, w, e);

	if (r == 0 && is_rebound(s, &w->hot))
		return refuse_uid(s, w, e);
	if (r == 0 && !w->found && w->hot.ever_confirmed)
		return err_set(e, ERR_REFUSED, "%s: the enrolment is missing; `enroll-mfa remove` "
		    "and enrol anew", s->user);
	if (r == 0)
		return update_hot(s, w, stage_change, g, e);
	if (r == ERR_BAD || (r == ERR_NONE && w->before.devices > 0))
		return err_set(e, ERR_REFUSED, "%s: the state is missing or damaged; run "
		    "`enroll-mfa %s`", s->user, w->found ? "unlock" : "remove");
	if (r != ERR_NONE)
		return r;
	if ((r = steps_new_hot(&w->hot, e)) != 0)
		return r;
	if (add_entries(&w->hot, g->after) != 0)
		return err_set(e, ERR_SYSTEM, "hot: no room for another device");
	return renew_hot(s, w, e);
}

/* What has become of the user since the code was typed counts, not what was then. */
static int check_proof(const struct steps *s, const struct record_enroll *r, struct err *e)
{
	const struct steps_proof *p = s->proof;
	bool there = p == NULL || (p->recovery != 0 && r->recovery.id == p->recovery);

	for (int i = 0; p != NULL && i < r->devices; i++)
		if (r->device[i].id == p->device)
			there = true;
	if (!there || (p != NULL && !look_is_running(p->since, STEPS_PROOF_LIFE, s->now)))
		return err_set(e, ERR_REFUSED, "the code that was typed counts no longer; begin "
		    "again");
	for (int i = 0; p != NULL && i < r->devices; i++)
		if (r->device[i].has_key && r->device[i].id != p->device)
			return err_set(e, ERR_REFUSED, "this account is shared (a device of it is "
			    "bound to a key): an administrator changes its devices");
	return 0;
}

static int check_change(const struct steps *s, struct work *w, struct err *e)
{
	int r = read_enroll(s, w, e);

	return r != 0 && r != ERR_NONE ? r : check_proof(s, &w->before, e);
}

int steps_may_change(const struct steps *s, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin(s, &memory, &w, e);

	if (r != 0)
		return r;
	r = check_change(s, w, e);
	secret_free(&memory);
	return r;
}

static int change_once(const struct steps *s, struct work *w, steps_edit edit, void *ctx,
    struct err *e)
{
	struct staging g = {&w->before, &w->after, 0, 0};
	int r = check_change(s, w, e);

	if (r != 0)
		return r;
	w->after = w->before;
	if ((r = edit(ctx, &w->after, e)) != 0 || (r = change_hot_first(s, w, &g, e)) != 0 ||
	    (r = put_enroll(s, w, e)) != 0)
		return r;
	/* What stays behind when this fails, the next change drops. */
	(void)update_hot(s, w, settle_change, &g, NULL);
	return 0;
}

int steps_change(const struct steps *s, steps_edit edit, void *ctx, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin_change(s, &memory, &w, e);

	if (r != 0)
		return r;
	r = ERR_CONFLICT;
	for (int i = 0; i < PUT_TRIES && r == ERR_CONFLICT; i++)
		r = change_once(s, w, edit, ctx, e);
	return end_change(s, &memory, r, e);
}

static int recovery_once(const struct steps *s, struct work *w,
    const struct record_recovery *set, struct err *e)
{
	struct staging g = {&w->before, &w->after, 0, 0};
	int r = read_enroll(s, w, e);

	if (r != 0 || (r = check_proof(s, &w->before, e)) != 0)
		return r;
	if (w->before.devices == 0)
		return err_set(e, ERR_NONE, "%s: has no device", s->user);
	w->after = w->before;
	w->after.recovery = *set;
	end_pendings(&w->after);
	r = update_hot(s, w, stage, &g, e);
	if (r == ERR_NONE)
		return err_set(e, ERR_BAD, "%s: its state is missing; `enroll-mfa unlock %s` "
		    "first", w->hot_key, s->user);
	if (r == 0)
		r = put_enroll(s, w, e);
	if (r == 0)
		settle_hot(s, w, &g, e);
	return r;
}

int steps_recovery(const struct steps *s, const struct record_recovery *set, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin_change(s, &memory, &w, e);

	if (r != 0)
		return r;
	r = ERR_CONFLICT;
	for (int i = 0; i < PUT_TRIES && r == ERR_CONFLICT; i++)
		r = recovery_once(s, w, set, e);
	return end_change(s, &memory, r, e);
}

static int unlock(struct record_hot *hot, const void *ctx)
{
	(void)ctx;
	state_unlock(hot);
	return 0;
}

static bool hot_fits(const struct steps *s, struct work *w)
{
	for (int i = 0; i < w->before.devices + w->before.pendings; i++)
		if (record_find_entry(&w->hot, named(&w->before, i)->id) == NULL)
			return false;
	return !is_rebound(s, &w->hot);
}

/* Somebody without an enrolment: what `reserve` counts.  An account that shares a decoy's
 * counters until its first right password gets its own here, which nobody has failed on. */
static int unlock_passwords(const struct steps *s, struct work *w, struct err *e)
{
	int r = read_hot(s, w, e);

	if (r == 0 && !w->hot.ever_confirmed)
		return update_hot(s, w, unlock, NULL, e);
	if (r != ERR_NONE || !s->account)
		return r != 0 && r != ERR_NONE ? r : err_set(e, ERR_NONE, "%s: is not enrolled",
		    s->user);
	if ((r = steps_new_hot(&w->hot, e)) != 0)
		return r;
	return renew_hot(s, w, e);
}

int steps_unlock(const struct steps *s, struct steps_unlocked *u, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin_change(s, &memory, &w, e);

	*u = (struct steps_unlocked){0};
	if (r != 0)
		return r;
	if ((r = read_enroll(s, w, e)) != 0) {
		r = r == ERR_NONE ? unlock_passwords(s, w, e) : r;
		goto out;
	}
	r = read_hot(s, w, e);
	if (r == 0 && hot_fits(s, w)) {
		r = update_hot(s, w, unlock, NULL, e);
	} else if (r == 0 || r == ERR_NONE || r == ERR_BAD) {
		u->rebound = r == 0 && is_rebound(s, &w->hot);
		u->old_uid = (uid_t)w->hot.uid;
		if ((r = hot_from(s, &w->before, &w->hot, e)) == 0)
			r = renew_hot(s, w, e);
		u->recreated = r == 0;
	}
out:
	return end_change(s, &memory, r, e);
}

static int remove_all(const struct steps *s, struct work *w, struct err *e)
{
	int first = store_del(s->store, w->key, NULL, e);
	int second;

	if (first != 0 && first != ERR_NONE)
		return first;
	second = store_del(s->store, w->hot_key, NULL, e);
	if (second != 0 && second != ERR_NONE)
		return second;
	if (first == 0)
		return 0;
	/* The rest of a removal that came half way, perhaps without its sync. */
	if (second == 0)
		return store_sync(s->store, w->key, e);
	return err_set(e, ERR_NONE, "%s: is not enrolled", s->user);
}

static int remove_one(const struct steps *s, struct work *w, const char *device,
    struct err *e)
{
	struct staging g = {&w->after, &w->after, 0, 0};
	int at = -1, r = read_enroll(s, w, e);

	if (r != 0 || (r = check_proof(s, &w->before, e)) != 0)
		return r;
	for (int i = 0; i < w->before.devices; i++)
		if (strcmp(w->before.device[i].name, device) == 0)
			at = i;
	if (at < 0)
		return err_set(e, ERR_NONE, "%s: has no device '%.32s'", s->user, device);
	/* Without any, the next to come could enrol in the user's place. */
	if (w->before.devices == 1 && s->proof != NULL)
		return err_set(e, ERR_REFUSED, "this is the only device; add another one first");
	if (w->before.devices == 1)
		return remove_all(s, w, e);
	w->after = w->before;
	w->after.devices--;
	memmove(&w->after.device[at], &w->after.device[at + 1],
	    sizeof(w->after.device[0]) * (size_t)(w->after.devices - at));
	secret_wipe(&w->after.device[w->after.devices], sizeof(w->after.device[0]));
	steps_end_ways(&w->after, true);
	if ((r = put_enroll(s, w, e)) != 0)
		return r;
	settle_hot(s, w, &g, e);
	return 0;
}

int steps_remove(const struct steps *s, const char *device, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin_change(s, &memory, &w, e);

	if (r != 0)
		return r;
	r = device != NULL || s->proof == NULL ? ERR_CONFLICT :
	    err_set(e, ERR_REFUSED, "only root removes all devices");
	for (int i = 0; i < PUT_TRIES && r == ERR_CONFLICT; i++)
		r = device == NULL ? remove_all(s, w, e) : remove_one(s, w, device, e);
	return end_change(s, &memory, r, e);
}

static void fill_devices(struct work *w, bool hot, struct steps_status *st)
{
	for (int i = 0; i < w->before.devices; i++) {
		const struct record_device *d = &w->before.device[i];
		struct record_entry *entry = hot ? record_find_entry(&w->hot, d->id) : NULL;

		st->device[i].id = d->id;
		memcpy(st->device[i].name, d->name, sizeof(st->device[i].name));
		st->device[i].has_key = d->has_key;
		memcpy(st->device[i].key, d->key, sizeof(d->key));
		st->device[i].created = d->created;
		st->device[i].last_used = entry != NULL ? entry->last_used : 0;
		if (entry == NULL && st->trouble.code == 0)
			(void)err_set(&st->trouble, ERR_BAD, "%s: the state of its devices is "
			    "missing; run `enroll-mfa unlock`", w->hot_key);
	}
	st->devices = w->before.devices;
	st->enrolled = st->devices > 0;
}

static void fill_open_ways(const struct steps *s, const struct record_enroll *r,
    struct steps_status *st)
{
	if (r->invite.open && look_is_running(r->invite.since, r->invite.life, s->now))
		st->invited_until = r->invite.since + r->invite.life;
	if (look_is_running(r->bypass_since, r->bypass_life, s->now))
		st->bypass_until = r->bypass_since + r->bypass_life;
}

static int read_status(const struct steps *s, struct work *w, struct steps_status *st,
    struct err *e)
{
	int r = read_enroll(s, w, &st->trouble), h;

	if (r != 0 && r != ERR_NONE && r != ERR_BAD)
		return err_set(e, r, "%s", st->trouble.text);
	if (r == ERR_NONE)
		st->trouble = (struct err){0};
	h = read_hot(s, w, r == 0 ? &st->trouble : NULL);
	if (h != 0 && h != ERR_NONE && h != ERR_BAD)
		return err_set(e, h, "%s: cannot be read", w->hot_key);
	if (h == ERR_NONE && r == 0)
		(void)err_set(&st->trouble, ERR_BAD, "%s: the state of its devices is missing; "
		    "run `enroll-mfa unlock`", w->hot_key);
	if (h == 0) {
		st->locked = w->hot.locked_since != 0;
		st->recovery_left = recovery_left(&w->before.recovery, &w->hot);
		st->uid_bound = w->hot.uid_bound;
		st->uid = (uid_t)w->hot.uid;
		if (r == 0 && is_rebound(s, &w->hot))
			(void)err_set(&st->trouble, ERR_BAD, "%s: is bound to uid %u, the account is "
			    "uid %u: every login is refused", w->hot_key, (unsigned)w->hot.uid,
			    (unsigned)s->uid);
		if (r == ERR_NONE && w->hot.ever_confirmed)
			(void)err_set(&st->trouble, ERR_BAD, "%s: its enrolment is missing; "
			    "`enroll-mfa remove` it or restore it", w->hot_key);
	}
	st->recovery_id = w->before.recovery.id;
	fill_devices(w, h == 0, st);
	fill_open_ways(s, &w->before, st);
	return 0;
}

int steps_status(const struct steps *s, struct steps_status *st, struct err *e)
{
	struct secret memory;
	struct work *w;
	int r = begin(s, &memory, &w, e);

	memset(st, 0, sizeof(*st));
	if (r != 0)
		return r;
	r = read_status(s, w, st, e);
	secret_free(&memory);
	return r;
}
