#include "enroll/import_run.h"

#include "enroll/language.h"
#include "enroll/steps.h"
#include "lib/core/otp.h"
#include "lib/core/secret.h"

#include <openssl/rand.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 400 /* users; two files each are open at once */
#define FAR_AHEAD 30 /* steps: what a window of pam_oath may have taken */

struct import_batch {
	struct store_item *items; /* BATCH hot ones, then BATCH enroll ones */
	struct {
		long line;
		char user[USERKEY_NAME_MAX + 1];
	} who[BATCH];
	int n;
	char key_id[KEYRING_ID_MAX + 1]; /* that its items are sealed under */
};

int64_t import_now(const struct import_run *r)
{
	return r->job->clock != NULL ? r->job->clock() : r->job->now;
}

/* The step of the last code that was taken elsewhere; 0 where it is so old that no
 * window holds it any more. */
static int find_step(const struct import_run *r, const struct record_device *d, uint64_t *step,
    struct err *e)
{
	const uint64_t present = otp_step(import_now(r), d->period);
	const uint64_t window = (uint64_t)r->job->conf->window;
	char code[OTP_CODE_SIZE];
	int code_of = 0;

	*step = 0;
	for (uint64_t at = present - window; at <= present + FAR_AHEAD && code_of == 0; at++) {
		code_of = otp_code(d, at, code);
		if (code_of == 0 && secret_equal(code, r->w->used.code, sizeof(code)))
			*step = at;
	}
	secret_wipe(code, sizeof(code));
	return code_of == 0 ? 0 : err_set(e, ERR_SYSTEM, "liboath cannot make a code");
}

/* No code up to that step is good, of a device that comes now; 0 where the old system
 * notes none: it did not refuse a used code either. */
static int last_step(const struct import_run *r, const struct record_device *d, uint64_t *step,
    struct err *e)
{
	*step = r->w->used.step;
	return r->w->used.code[0] != '\0' ? find_step(r, d, step, e) : 0;
}

static void skip(struct import_run *r, long line, const char *user)
{
	r->res->skipped++;
	r->job->note(r->job->ctx, IMPORT_SKIPPED, line, user);
}

void import_refuse(struct import_run *r, long line, const char *reason)
{
	r->res->refused++;
	r->job->note(r->job->ctx, IMPORT_REFUSED, line, reason);
}

static struct store_item *hot_item(const struct import_batch *b, int i)
{
	return &b->items[i];
}

static struct store_item *enroll_item(const struct import_batch *b, int i)
{
	return &b->items[BATCH + i];
}

/* What cannot be read is neither enrolled nor free: the import stops. */
static int unreadable(const struct import_run *r, long line, const char *user, const struct err *why,
    struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s:%ld: the records of %.64s cannot be read (%.200s); mend "
	    "that and give the same input again", r->job->name, line, user, why->text);
}

static void refuse_bad(struct import_run *r, long line, const char *user)
{
	char reason[USERKEY_NAME_MAX + 128];

	(void)snprintf(reason, sizeof(reason), _("a record of %s is damaged; see `enroll-mfa status`, "
	    "then `enroll-mfa remove` the user, and import anew"), user);
	import_refuse(r, line, reason);
}

/* Whether item i of the batch may be stored.  Under the lock: whoever was enrolled
 * while the batch was made keeps theirs. */
static int is_free(struct import_run *r, int i, bool *is, struct err *e)
{
	const struct import_batch *b = r->batch;
	const char *user = b->who[i].user;
	long line = b->who[i].line;
	struct err why = {0};
	int code = store_get(r->job->store, enroll_item(b, i)->key, NULL, &r->w->value, &why);
	bool enrolled = code == 0;

	*is = false;
	if (code == ERR_NONE)
		code = store_get(r->job->store, hot_item(b, i)->key, NULL, &r->w->value, &why);
	*is = code == ERR_NONE;
	if (enrolled)
		skip(r, line, user);
	else if (code == 0)
		import_refuse(r, line, _("an enrolment of the user began meanwhile; give the line again"));
	else if (code == ERR_BAD)
		refuse_bad(r, line, user);
	else if (code != ERR_NONE)
		return unreadable(r, line, user, &why, e);
	return 0;
}

static int drop_taken(struct import_run *r, struct err *e)
{
	struct import_batch *b = r->batch;
	int n = 0, code = 0;

	for (int i = 0; i < b->n; i++) {
		bool is;

		if ((code = is_free(r, i, &is, e)) != 0)
			return code;
		if (is && n != i) {
			*hot_item(b, n) = *hot_item(b, i);
			*enroll_item(b, n) = *enroll_item(b, i);
			b->who[n] = b->who[i];
		}
		n += is ? 1 : 0;
	}
	b->n = n;
	return 0;
}

static int create(struct import_run *r, struct err *e)
{
	struct import_batch *b = r->batch;
	int code;

	/* The enroll half moves up behind the hot half: one order, hot first. */
	memmove(&b->items[b->n], &b->items[BATCH], sizeof(b->items[0]) * (size_t)b->n);
	code = store_create(r->job->store, b->items, 2 * (size_t)b->n, e);
	for (int i = 0; i < 2 * b->n && code == 0; i++)
		if (b->items[i].result != 0)
			code = err_set(e, ERR_UNAVAIL, "%s: %s cannot be stored", r->job->name,
			    b->items[i].key);
	if (code == 0)
		r->res->imported += b->n;
	return code;
}

/* The keyring has just been read anew. */
static int check_key(const struct import_run *r, struct err *e)
{
	if (strcmp(r->batch->key_id, r->job->store->keyring->key[0].id) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT, "%s: another master key seals since this began; give the "
	    "same input again", r->job->name);
}

static int flush(struct import_run *r, struct err *e)
{
	int code;

	if (r->batch->n == 0)
		return 0;
	if ((code = store_lock(r->job->store, e)) == 0) {
		if ((code = check_key(r, e)) == 0 && (code = drop_taken(r, e)) == 0)
			code = create(r, e);
		store_unlock(r->job->store);
	}
	r->batch->n = 0;
	r->job->progress(r->job->ctx, r->res->lines, r->res->imported);
	return code;
}

static bool in_batch(const struct import_batch *b, const char *key)
{
	for (int i = 0; i < b->n; i++)
		if (strcmp(enroll_item(b, i)->key, key) == 0)
			return true;
	return false;
}

/* Seals the pair of files of one user into the batch. */
static int add(struct import_run *r, long line, struct err *e)
{
	struct import_batch *b = r->batch;
	struct store_item *hot = hot_item(b, b->n), *enroll = enroll_item(b, b->n);
	struct record_hot state;
	int code;

	if (b->n == 0)
		memcpy(b->key_id, r->job->store->keyring->key[0].id, sizeof(b->key_id));
	memset(&r->w->enroll, 0, sizeof(r->w->enroll));
	r->w->enroll.format = RECORD_FORMAT;
	r->w->enroll.devices = 1;
	r->w->enroll.device[0] = r->w->entry.device;
	if ((code = steps_new_hot(&state, e)) != 0)
		return code;
	state.entries = 1;
	state.entry[0].id = r->w->entry.device.id;
	if ((code = last_step(r, &r->w->entry.device, &state.entry[0].last_step, e)) != 0)
		return code;
	if ((code = steps_encode_hot(&state, &r->w->value, e)) != 0 ||
	    (code = store_seal_item(r->job->store, hot, &r->w->value, e)) != 0 ||
	    (code = steps_encode_enroll(&r->w->enroll, &r->w->value, e)) != 0 ||
	    (code = store_seal_item(r->job->store, enroll, &r->w->value, e)) != 0)
		return code;
	b->who[b->n].line = line;
	memcpy(b->who[b->n].user, r->w->entry.user, sizeof(b->who[b->n].user));
	b->n++;
	return 0;
}

static int fill_device(struct import_run *r, struct err *e)
{
	struct record_device *d = &r->w->entry.device;

	(void)snprintf(d->name, sizeof(d->name), "%s", r->job->device);
	d->created = r->job->now;
	do {
		if (RAND_bytes((unsigned char *)&d->id, sizeof(d->id)) != 1)
			return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	} while (d->id == 0);
	return 0;
}

/* A state without its enrolment: what a killed enrolment left behind is taken the
 * careful way, what has ever let somebody in is not. */
static int enroll_alone(struct import_run *r, long line, struct err *e)
{
	struct steps_device d = {.device = &r->w->entry.device};
	struct steps s = {.store = r->job->store, .conf = r->job->conf,
	    .user = r->w->entry.user, .now = r->job->now};
	struct err why = {0};
	int code = last_step(r, d.device, &d.confirmed_step, &why);

	if (code == 0)
		code = steps_enroll_new(&s, &d, &why);
	if (code == 0)
		r->res->imported++;
	else if (code == ERR_CONFLICT)
		skip(r, line, s.user);
	else if (code == ERR_BAD)
		refuse_bad(r, line, s.user);
	else if (code == ERR_REFUSED)
		import_refuse(r, line, why.text);
	else
		return err_set(e, code, "%s:%ld: %s", r->job->name, line, why.text);
	return 0;
}

/* Whether there is a record: 0, ERR_NONE, ERR_BAD, or trouble that is told in e. */
static int look(struct import_run *r, long line, const char *key, struct err *e)
{
	struct err why = {0};
	int code = store_get(r->job->store, key, NULL, &r->w->value, &why);

	if (code == 0 || code == ERR_NONE || code == ERR_BAD)
		return code;
	return unreadable(r, line, r->w->entry.user, &why, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_seen(const struct import_run *r, const char *user)
{
	return tfind(user, &r->seen, by_name) != NULL;
}

/* For --replace: a second entry of the user would take the place of this one. */
static int mark_seen(struct import_run *r, struct err *e)
{
	char *user;

	if (!r->job->replace)
		return 0;
	user = strdup(r->w->entry.user);
	if (user != NULL && tsearch(user, &r->seen, by_name) != NULL)
		return 0;
	free(user);
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* A further entry of a user in one input. */
static void take_again(struct import_run *r, long line)
{
	char reason[USERKEY_NAME_MAX + 128];

	if (!r->job->replace) {
		skip(r, line, r->w->entry.user);
		return;
	}
	(void)snprintf(reason, sizeof(reason), _("%s has an entry above; for one more device give "
	    "the input again with --device and another name"), r->w->entry.user);
	import_refuse(r, line, reason);
}

/* Who has no enroll record, as far as can be seen without the lock. */
static int take_new(struct import_run *r, long line, struct err *e)
{
	struct import_batch *b = r->batch;
	int code = fill_device(r, e);

	if (code != 0)
		return code;
	if (!record_device_valid(&r->w->entry.device)) {
		import_refuse(r, line, _("the device's name or parameters are out of range"));
		return 0;
	}
	code = look(r, line, hot_item(b, b->n)->key, e);
	if (code == 0 || code == ERR_BAD)
		return enroll_alone(r, line, e);
	if (code != ERR_NONE)
		return code;
	if ((code = add(r, line, e)) == 0 && (code = mark_seen(r, e)) == 0 && b->n == BATCH)
		code = flush(r, e);
	return code;
}

static const struct record_device *same_secret(const struct record_enroll *r,
    const struct record_device *d)
{
	for (int i = 0; i < r->devices; i++)
		if (r->device[i].secret_len == d->secret_len &&
		    secret_equal(r->device[i].secret, d->secret, d->secret_len))
			return &r->device[i];
	return NULL;
}

struct raise {
	uint64_t id, step;
	struct record_hot hot;
};

static int raise_step(void *ctx, struct store_value *v, struct err *e)
{
	struct raise *c = ctx;
	struct record_entry *entry;

	if (record_get_hot(&c->hot, v->data, v->len) != 0 ||
	    (entry = record_find_entry(&c->hot, c->id)) == NULL)
		return err_set(e, ERR_BAD, "hot: is not the state of this enrolment");
	if (entry->last_step < c->step)
		entry->last_step = c->step;
	return steps_encode_hot(&c->hot, v, e);
}

/* What the old system has taken since counts here too. */
static int note_used(struct import_run *r, const struct record_device *has, struct err *e)
{
	struct raise c = {.id = has->id};
	char key[STORE_KEY_MAX];
	int code;

	if (!r->w->used.known)
		return 0;
	if ((code = last_step(r, has, &c.step, e)) != 0 || c.step == 0)
		return code;
	if (store_key(key, "hot", r->w->entry.user) != 0)
		return err_set(e, ERR_SYSTEM, "the user name is too long");
	return store_update(r->job->store, key, NULL, raise_step, &c, e);
}

/* Its id stays and its last step never falls, so that no used code is good again. */
static int keep(struct import_run *r, long line, const struct record_device *has, struct err *e)
{
	const struct record_device *d = &r->w->entry.device;
	char reason[USERKEY_NAME_MAX + 128];
	struct err why = {0};
	int code;

	if (has->algorithm != d->algorithm || has->digits != d->digits ||
	    has->period != d->period) {
		(void)snprintf(reason, sizeof(reason), _("device '%s' of %s has this secret with other "
		    "parameters; remove it first"), has->name, r->w->entry.user);
		import_refuse(r, line, reason);
		return 0;
	}
	code = note_used(r, has, &why);
	if (code == ERR_BAD || code == ERR_NONE) {
		refuse_bad(r, line, r->w->entry.user);
		return 0;
	}
	if (code != 0)
		return err_set(e, code, "%s:%ld: %s", r->job->name, line, why.text);
	r->res->kept++;
	return strcmp(has->name, r->job->device) == 0 ? mark_seen(r, e) : 0;
}

static int replace(struct import_run *r, long line, struct err *e)
{
	struct steps_device d = {.device = &r->w->entry.device};
	struct steps s = {.store = r->job->store, .conf = r->job->conf,
	    .user = r->w->entry.user, .now = r->job->now};
	struct err why = {0};
	int code = fill_device(r, e);

	if (code != 0 || (code = last_step(r, d.device, &d.confirmed_step, e)) != 0)
		return code;
	code = steps_enroll(&s, &d, &why);
	if (code == ERR_REFUSED) {
		import_refuse(r, line, why.text);
		return 0;
	}
	if (code != 0)
		return err_set(e, code, "%s:%ld: %s", r->job->name, line, why.text);
	r->res->replaced++;
	if (r->res->replaced % BATCH == 0)
		r->job->progress(r->job->ctx, r->res->lines, r->res->imported + r->res->replaced);
	return mark_seen(r, e);
}

/* Who has an enroll record, which has just been read. */
static int take_enrolled(struct import_run *r, long line, struct err *e)
{
	const struct record_device *has;
	int code = 0;

	if (record_get_enroll(&r->w->enroll, r->w->value.data, r->w->value.len) != 0) {
		refuse_bad(r, line, r->w->entry.user);
	} else if (r->w->enroll.devices == 0) {
		/* Invited, no more. */
		if ((code = fill_device(r, e)) == 0)
			code = enroll_alone(r, line, e);
	} else if (!r->job->replace) {
		skip(r, line, r->w->entry.user);
	} else if ((has = same_secret(&r->w->enroll, &r->w->entry.device)) != NULL) {
		code = keep(r, line, has, e);
	} else {
		code = replace(r, line, e);
	}
	return code;
}

int import_take(struct import_run *r, long line, struct err *e)
{
	struct import_batch *b = r->batch;
	const char *user = r->w->entry.user;
	char *enroll_key = enroll_item(b, b->n)->key;
	int code;

	if (store_key(enroll_key, "enroll", user) != 0 ||
	    store_key(hot_item(b, b->n)->key, "hot", user) != 0) {
		import_refuse(r, line, _("the user name is too long"));
		return 0;
	}
	if (in_batch(b, enroll_key) || is_seen(r, user)) {
		take_again(r, line);
		return 0;
	}
	code = look(r, line, enroll_key, e);
	if (code == ERR_NONE)
		return take_new(r, line, e);
	if (code == 0)
		return take_enrolled(r, line, e);
	if (code == ERR_BAD)
		refuse_bad(r, line, user);
	return code == ERR_BAD ? 0 : code;
}

int import_begin(struct import_run *r, const struct import *job, struct import_result *res,
    struct err *e)
{
	*r = (struct import_run){.job = job, .res = res};
	*res = (struct import_result){0};
	r->batch = calloc(1, sizeof(*r->batch));
	if (r->batch != NULL)
		r->batch->items = calloc(2 * BATCH, sizeof(*r->batch->items));
	if (r->batch == NULL || r->batch->items == NULL ||
	    secret_new(&r->memory, sizeof(struct import_work)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r->w = (struct import_work *)(void *)r->memory.data;
	return 0;
}

int import_end(struct import_run *r, int code, struct err *e)
{
	int last = r->w != NULL ? flush(r, code == 0 ? e : NULL) : 0;

	tdestroy(r->seen, free);
	secret_free(&r->memory);
	if (r->batch != NULL)
		free(r->batch->items);
	free(r->batch);
	return code == 0 ? last : code;
}

