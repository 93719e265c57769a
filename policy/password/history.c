#include "policy/password/history.h"

#include "lib/core/seal.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <crypt.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HISTORY_PASSWORD_MAX < CRYPT_MAX_PASSPHRASE_SIZE, "crypt(3) takes all of it");

#define TRIES 8 /* a record that others make or change meanwhile */

/* In secret memory. */
struct work {
	struct crypt_data crypt;
	char phrase[HISTORY_PASSWORD_MAX + 1];
	char key[STORE_KEY_MAX];
	struct store_value value;
	struct record_pw record; /* as it was read last, or a new one */
	struct record_pw made;   /* what that was, where it is not in the store */
	bool fresh;              /* it is not */
	/* What this password is under this salt and key; salt "": not computed. */
	char of[HISTORY_PASSWORD_MAX + 1];
	size_t of_len;
	char salt[RECORD_PW_SALT_MAX + 1];
	uint8_t mac_key[RECORD_HASH];
	struct record_pw_entry new;
	bool has_old;
	uint8_t old[RECORD_HASH];
};

static struct work *work_of(const struct history *h)
{
	return (struct work *)(void *)h->memory.data;
}

int history_open(struct history *h, struct err *e)
{
	if (secret_new(&h->memory, sizeof(struct work)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

void history_close(struct history *h)
{
	secret_free(&h->memory);
}

static int check_text(const struct history_text *t, struct err *e)
{
	if (t->len == 0)
		return err_set(e, ERR_SYNTAX, "an empty password");
	if (t->len > HISTORY_PASSWORD_MAX)
		return err_set(e, ERR_SYNTAX, "a password of more than %d bytes",
		    HISTORY_PASSWORD_MAX);
	if (memchr(t->data, '\0', t->len) != NULL)
		return err_set(e, ERR_SYNTAX, "a password with a NUL byte in it");
	return 0;
}

/* *out: in w->crypt, until the next call; NULL where the setting is none (a locked or
 * foreign field). */
static int hash(struct work *w, const struct history_text *t, const char *setting,
    const char **out, struct err *e)
{
	const char *said;

	*out = NULL;
	secret_wipe(&w->crypt, sizeof(w->crypt));
	memcpy(w->phrase, t->data, t->len);
	w->phrase[t->len] = '\0';
	errno = 0;
	said = crypt_r(w->phrase, setting, &w->crypt);
	secret_wipe(w->phrase, sizeof(w->phrase));
	secret_burn_stack();
	if (said != NULL && said[0] != '*')
		*out = said;
	else if (errno != EINVAL && errno != ERANGE)
		return err_set(e, ERR_SYSTEM, "crypt(3) failed");
	return 0;
}

/* Locking a password changes nothing about which one it is. */
static const char *unlocked(const char *live)
{
	return live + strspn(live, "!");
}

/* Which shadow field this is, for nobody without the record's key. */
static int make_tag(const struct store *s, const struct record_pw *r, const char *live,
    uint8_t tag[RECORD_PW_TAG])
{
	char text[CRYPT_OUTPUT_SIZE + 16];
	struct text t = text_in(text, sizeof(text));
	uint8_t mac[RECORD_HASH];
	int code;

	memset(tag, 0, RECORD_PW_TAG);
	if (live == NULL)
		return 0;
	text_add(&t, "shadow:");
	text_add(&t, unlocked(live));
	code = seal_hmac(s->keyring, &(struct seal_text){r->key, sizeof(r->key)},
	    &(struct seal_text){text, t.len}, mac);
	if (code == 0)
		memcpy(tag, mac, RECORD_PW_TAG);
	secret_wipe(text, sizeof(text));
	secret_wipe(mac, sizeof(mac));
	return code;
}

static int make_mac(struct work *w, const struct history_ask *q, const struct history_text *t,
    uint8_t mac[RECORD_HASH], struct err *e)
{
	const char *out;
	int r = hash(w, t, w->record.salt, &out, e);

	if (r == 0 && out == NULL)
		r = err_set(e, ERR_SYSTEM, "crypt(3) does not know the record's yescrypt");
	if (r == 0 && seal_hmac(q->store->keyring,
	    &(struct seal_text){w->record.key, sizeof(w->record.key)},
	    &(struct seal_text){out, strlen(out)}, mac) != 0)
		r = err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	secret_wipe(&w->crypt, sizeof(w->crypt));
	return r;
}

/* A call may be about another password than the one before. */
static void take_text(struct work *w, const struct history_text *t)
{
	if (t->len == w->of_len && secret_equal(t->data, w->of, t->len))
		return;
	w->salt[0] = '\0';
	secret_wipe(w->of, sizeof(w->of));
	memcpy(w->of, t->data, t->len);
	w->of_len = t->len;
}

static bool is_computed(const struct work *w, const struct record_pw *r)
{
	return strcmp(w->salt, r->salt) == 0 &&
	    secret_equal(w->mac_key, r->key, sizeof(w->mac_key));
}

/* Under the salt of w->record, unless it has been done. */
static int compute(struct work *w, const struct history_ask *q, struct err *e)
{
	int r;

	if (is_computed(w, &w->record))
		return 0;
	w->salt[0] = '\0';
	w->has_old = false;
	if ((r = make_mac(w, q, &q->new, w->new.mac, e)) != 0)
		return r;
	memcpy(w->salt, w->record.salt, sizeof(w->salt));
	memcpy(w->mac_key, w->record.key, sizeof(w->mac_key));
	return 0;
}

static int fresh_record(struct work *w, struct err *e)
{
	char *salt = crypt_gensalt_ra("$y$", 0, NULL, 0);
	int r = salt != NULL ? record_pw_new(&w->record, salt) : ERR_SYNTAX;

	free(salt);
	w->fresh = r == 0;
	w->made = w->record;
	if (r == ERR_SYNTAX)
		return err_set(e, ERR_SYSTEM, "crypt(3) of this system has no yescrypt");
	return r == 0 ? 0 : err_set(e, r, "no random numbers from libcrypto");
}

static int decode(struct record_pw *r, const struct store_value *v, const char *key,
    struct err *e)
{
	if (record_pw_get(r, v->data, v->len) == 0)
		return 0;
	return err_set(e, ERR_BAD, "%s: its format is not one of this version's", key);
}

static int encode(const struct record_pw *r, struct store_value *v, struct err *e)
{
	int n = record_pw_put(r, v->data);

	v->len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : err_set(e, ERR_SYSTEM, "the password history cannot be encoded");
}

/* The user's record into w->record: 0; ERR_NONE; trouble. */
static int load(struct work *w, const struct history_ask *q, struct err *e)
{
	int r;

	w->fresh = false;
	if (store_key(w->key, "pw", q->user) != 0)
		return err_set(e, ERR_SYNTAX, "'%.64s' cannot be a user's name", q->user);
	if ((r = store_get(q->store, w->key, NULL, &w->value, e)) == 0)
		r = decode(&w->record, &w->value, w->key, e);
	secret_wipe(w->value.data, sizeof(w->value.data));
	return r;
}

/* Whether a change has to note the old password too, at one call of crypt(3): it is at hand,
 * and the record may not know it. */
static bool notes_old(const struct work *w, const struct history_ask *q,
    const uint8_t live[RECORD_PW_TAG])
{
	return q->old.data != NULL && (history_list_is_empty(&w->record, live) ||
	    history_list_is_unsure(&w->record, live));
}

static bool is_live(struct work *w, const struct history_ask *q, const char *live, int *r,
    struct err *e)
{
	const char *out;
	bool is;

	*r = hash(w, &q->new, live, &out, e);
	is = *r == 0 && out != NULL && strlen(out) == strlen(live) &&
	    secret_equal(out, live, strlen(live));
	secret_wipe(&w->crypt, sizeof(w->crypt));
	return is;
}

/* Where the call of crypt(3) is needed for the old password, which pam_unix has judged, the
 * two are compared as they are. */
static int is_in_force(struct work *w, const struct history_ask *q, bool known, bool *is,
    struct err *e)
{
	const char *live = q->live != NULL ? unlocked(q->live) : "";
	uint8_t tag[RECORD_PW_TAG];
	int r = 0;

	*is = false;
	if (live[0] == '\0' || live[0] == '*')
		return 0;
	if (known && make_tag(q->store, &w->record, q->live, tag) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	if (known ? notes_old(w, q, tag) : q->old.data != NULL)
		*is = q->old.len == q->new.len &&
		    secret_equal(q->old.data, q->new.data, q->new.len);
	else
		*is = is_live(w, q, live, &r, e);
	return r;
}

static int compare(struct work *w, const struct history_ask *q, enum history_said *said,
    struct err *e)
{
	uint8_t live[RECORD_PW_TAG];
	int r;

	if ((r = compute(w, q, e)) != 0)
		return r;
	if (make_tag(q->store, &w->record, q->live, live) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	if (!history_list_has(&w->record, live, q->reuse, w->new.mac))
		*said = HISTORY_FREE;
	return 0;
}

int history_check(struct history *h, const struct history_ask *q, enum history_said *said,
    struct err *e)
{
	struct work *w = work_of(h);
	bool known, in_force;
	int r;

	*said = HISTORY_USED;
	if ((r = check_text(&q->new, e)) != 0)
		return r;
	take_text(w, &q->new);
	if (q->reuse <= 0) {
		*said = HISTORY_FREE;
		return 0;
	}
	r = load(w, q, e);
	known = r == 0;
	if ((r != 0 && r != ERR_NONE) || (r = is_in_force(w, q, known, &in_force, e)) != 0)
		return r;
	if (known && w->record.entries > 0 && !in_force)
		return compare(w, q, said, e);
	*said = in_force ? HISTORY_IN_FORCE : HISTORY_FREE;
	return 0;
}

/* Pure.  ERR_CONFLICT: it has another salt than what was computed. */
static int add(struct work *w, struct record_pw *r, struct err *e)
{
	const bool first = history_list_is_empty(r, w->new.before);

	if (!is_computed(w, r))
		return err_set(e, ERR_CONFLICT, "%s: somebody else has made it meanwhile", w->key);
	if (w->has_old && history_list_is_unsure(r, w->new.before))
		history_list_settle(r, w->new.before, w->old);
	if (history_list_add(r, &w->new) != 0)
		return err_set(e, ERR_UNAVAIL, "%s: %d changes of this password are under way; try "
		    "again in a minute", w->key, HISTORY_AT_ONCE);
	if (first && w->has_old)
		history_list_add_oldest(r, w->old);
	return 0;
}

static int judge(void *ctx, struct store_value *v, struct err *e)
{
	struct work *w = ctx;
	int r = 0;

	if (v->len == 0) /* of store_make() */
		w->record = w->made;
	else
		r = decode(&w->record, v, w->key, e);
	if (r == 0)
		r = add(w, &w->record, e);
	return r == 0 ? encode(&w->record, v, e) : r;
}

static int add_once(struct work *w, const struct history_ask *q, struct err *e)
{
	int r = load(w, q, e);

	if (r == ERR_NONE)
		r = fresh_record(w, e);
	if (r != 0 || (r = compute(w, q, e)) != 0)
		return r;
	if (make_tag(q->store, &w->record, q->live, w->new.before) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	w->new.set = q->now;
	if (!w->has_old && notes_old(w, q, w->new.before)) {
		if ((r = make_mac(w, q, &q->old, w->old, e)) != 0)
			return r;
		w->has_old = true;
	}
	return w->fresh ? store_make(q->store, w->key, judge, w, e) :
	    store_update(q->store, w->key, NULL, judge, w, e);
}

int history_add(struct history *h, const struct history_ask *q, struct err *e)
{
	int r;

	if ((r = check_text(&q->new, e)) != 0 ||
	    (q->old.data != NULL && (r = check_text(&q->old, e)) != 0))
		return r;
	take_text(work_of(h), &q->new);
	r = ERR_CONFLICT;
	for (int i = 0; i < TRIES && (r == ERR_CONFLICT || r == ERR_NONE); i++)
		r = add_once(work_of(h), q, e);
	return r;
}

void history_forget(struct history *h)
{
	struct work *w = work_of(h);

	secret_wipe(&w->crypt, sizeof(w->crypt));
	secret_wipe(w->phrase, sizeof(w->phrase));
	secret_wipe(&w->value, sizeof(w->value));
	secret_wipe(&w->record, sizeof(w->record));
	secret_wipe(&w->made, sizeof(w->made));
	secret_wipe(w->of, sizeof(w->of));
	secret_wipe(w->old, sizeof(w->old));
	w->of_len = 0;
}

struct withdrawal {
	struct work *work;
	const struct history_ask *ask;
};

static int withdraw(void *ctx, struct store_value *v, struct err *e)
{
	const struct withdrawal *d = ctx;
	struct work *w = d->work;
	uint8_t live[RECORD_PW_TAG];
	int r = decode(&w->record, v, w->key, e);

	if (r != 0)
		return r;
	if (!is_computed(w, &w->record))
		return ERR_NONE;
	if (make_tag(d->ask->store, &w->record, d->ask->live, live) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	history_list_withdraw(&w->record, live, w->new.mac);
	return encode(&w->record, v, e);
}

int history_withdraw(struct history *h, const struct history_ask *q, struct err *e)
{
	struct withdrawal d = {work_of(h), q};
	int r;

	if (d.work->salt[0] == '\0')
		return 0;
	r = store_update(q->store, d.work->key, NULL, withdraw, &d, e);
	return r == ERR_NONE ? 0 : r;
}

int history_changed(struct history *h, const struct history_ask *q, int64_t *when,
    struct err *e)
{
	struct work *w = work_of(h);
	uint8_t live[RECORD_PW_TAG];
	int r = load(w, q, e);

	*when = 0;
	if (r != 0)
		return r == ERR_NONE ? 0 : r;
	if (make_tag(q->store, &w->record, q->live, live) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	*when = history_list_changed(&w->record, live);
	return 0;
}
