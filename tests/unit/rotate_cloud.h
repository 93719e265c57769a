/*
 * rotate_cloud: an IAM and a Secrets Manager in memory that outlives the process that uses
 * them, for tests that kill it.
 *
 * Each call, and each change of a file, is an event with a number; at one or two of them
 * something goes wrong.  What must never be is noted in `broken`.
 */
#ifndef PB_ROTATE_CLOUD_H
#define PB_ROTATE_CLOUD_H

#include "policy/rotate/api.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLOUD_KEYS 16
#define CLOUD_VERSIONS 32
#define CLOUD_ACCOUNT "123456789012"
#define CLOUD_OTHER_ACCOUNT "999999999999"
#define CLOUD_USER "deploy"
#define CLOUD_ARN "arn:aws:iam::" CLOUD_ACCOUNT ":user/ops/" CLOUD_USER
#define CLOUD_KILLED 9 /* exit status of who was killed */
#define CLOUD_DAY 86400

enum cloud_fault {
	CLOUD_FINE,
	CLOUD_NOT_SENT,    /* the request does not arrive */
	CLOUD_LOST,        /* it is done, and the answer is lost */
	CLOUD_THROTTLED,
	CLOUD_KILL_BEFORE,
	CLOUD_KILL_AFTER,
	CLOUD_FAULTS
};

struct cloud_key {
	char id[32], secret[48];
	bool there, active;
	int64_t created, used;
	int tests;  /* in a row, that it was asked who it is */
	int hidden; /* so many lists do not show it yet */
	bool foreign; /* it is of another account, where a user has the same name */
};

struct cloud_version {
	char id[64], key[32], secret[48], user[65];
};

struct cloud {
	int64_t now_ms;
	struct cloud_key key[CLOUD_KEYS]; /* also those that were deleted */
	int keys;
	struct cloud_version version[CLOUD_VERSIONS];
	int versions;
	int current, pending, previous; /* -1: on none */
	char signer[32];                /* the key that signs; "": a role's */
	char behind[32];                /* the key that has assumed that; "": none */
	int slow;    /* seconds in which a new key is not known everywhere */
	int hide;    /* so many lists do not show a new key */
	bool late;   /* nor is a key known to changes that lists do not show */
	bool fixed;      /* no file is replaced: it is immutable */
	int64_t stop_at; /* ms: a signal; 0: none */
	int meanwhile; /* what somebody else does to the file while it is replaced */
	int told;      /* how that has ended */
	int wake;    /* the first key is switched on by somebody before that many lists */
	bool put_is_another;            /* the version is another's */
	/* Directories with a change that the disk may not have: where one, where a journal was
	 * made, where a file was replaced.  0: none. */
	uint64_t loose[3];
	char events; /* 1: counts */
	int event;   /* the number of the last one */
	struct { int at; enum cloud_fault fault; } plan[2];
	bool unsaved; /* a key was created, and the disk has not got it */
	bool excused; /* the disk has refused it */
	int deleted, made;
	char broken[200];
	char last[256]; /* what was said last */
};

static inline void cloud_break(struct cloud *c, const char *what, const char *id)
{
	if (c->broken[0] == '\0')
		(void)snprintf(c->broken, sizeof(c->broken), "event %d: %s %s", c->event, what, id);
}

static inline struct cloud_key *cloud_key(struct cloud *c, const char *id)
{
	for (int i = 0; i < c->keys; i++)
		if (strcmp(c->key[i].id, id) == 0)
			return &c->key[i];
	return NULL;
}

static inline int cloud_count(const struct cloud *c)
{
	int n = 0;

	for (int i = 0; i < c->keys; i++)
		n += c->key[i].there && !c->key[i].foreign ? 1 : 0;
	return n;
}

static inline struct cloud_key *cloud_current(struct cloud *c)
{
	return c->current < 0 ? NULL : cloud_key(c, c->version[c->current].key);
}

static inline struct cloud_key *cloud_make(struct cloud *c)
{
	struct cloud_key *k = &c->key[c->keys];

	if (c->keys == CLOUD_KEYS)
		return NULL;
	*k = (struct cloud_key){.there = true, .active = true, .created = c->now_ms / 1000,
	    .hidden = c->hide};
	(void)snprintf(k->id, sizeof(k->id), "AKIATESTTESTTEST%04d", c->keys);
	(void)snprintf(k->secret, sizeof(k->secret), "secret/of/key/number/%019d", c->keys);
	c->keys++;
	c->made++;
	return k;
}

static inline struct cloud_version *cloud_put(struct cloud *c, const char *id, const char *key,
    const char *secret)
{
	struct cloud_version *v = &c->version[c->versions];

	if (c->versions == CLOUD_VERSIONS)
		return NULL;
	c->versions++;
	(void)snprintf(v->id, sizeof(v->id), "%.63s", id);
	(void)snprintf(v->key, sizeof(v->key), "%.31s", key);
	(void)snprintf(v->secret, sizeof(v->secret), "%.47s", secret);
	(void)snprintf(v->user, sizeof(v->user), "%s", CLOUD_USER);
	return v;
}

/* A user with a key of 100 days in AWSCURRENT. */
static inline void cloud_begin(struct cloud *c, bool self)
{
	struct cloud_key *k;

	memset(c, 0, sizeof(*c));
	c->now_ms = INT64_C(1700000000) * 1000;
	if ((k = cloud_make(c)) == NULL)
		return; /* for who reads without knowing that it is empty */
	k->created -= 100 * CLOUD_DAY;
	(void)cloud_put(c, "11111111-1111-4111-8111-111111111111", k->id, k->secret);
	c->current = 0;
	c->pending = c->previous = -1;
	if (self)
		(void)snprintf(c->signer, sizeof(c->signer), "%s", k->id);
}

/* ---- an event ---- */

static inline enum cloud_fault cloud_event(struct cloud *c)
{
	enum cloud_fault f = CLOUD_FINE;

	if (!c->events)
		return f;
	c->event++;
	for (int i = 0; i < 2; i++)
		if (c->plan[i].at == c->event)
			f = c->plan[i].fault;
	if (f == CLOUD_KILL_BEFORE)
		_exit(CLOUD_KILLED);
	return f;
}

/* Before a call: ROTATE_OK: it is done. */
static inline enum rotate_answer cloud_call(struct cloud *c, enum cloud_fault *f, struct err *e)
{
	struct cloud_key *signer = cloud_key(c, c->signer);

	if (c->unsaved && !c->excused)
		cloud_break(c, "a call before the secret is saved", "");
	*f = cloud_event(c);
	if (*f == CLOUD_NOT_SENT || *f == CLOUD_THROTTLED) {
		(void)err_set(e, ERR_UNAVAIL, "a fault: not done");
		return *f == CLOUD_NOT_SENT ? ROTATE_TROUBLE : ROTATE_LATER;
	}
	if (c->signer[0] != '\0' && (signer == NULL || !signer->there || !signer->active)) {
		(void)err_set(e, ERR_DENIED, "InvalidClientTokenId");
		return ROTATE_DEAD;
	}
	if (signer != NULL)
		signer->used = c->now_ms / 1000;
	return ROTATE_OK;
}

/* Behind it. */
static inline enum rotate_answer cloud_end(struct cloud *c, enum cloud_fault f, enum rotate_answer a,
    struct err *e)
{
	struct cloud_key *k = cloud_current(c);

	if (cloud_count(c) > 2)
		cloud_break(c, "more than two keys", "");
	if (k != NULL && (!k->there || !k->active))
		cloud_break(c, "AWSCURRENT names a key that is off or gone", k->id);
	if (f == CLOUD_KILL_AFTER)
		_exit(CLOUD_KILLED);
	if (f == CLOUD_LOST) {
		(void)err_set(e, ERR_UNAVAIL, "a fault: the answer is lost");
		return ROTATE_UNKNOWN;
	}
	if (a != ROTATE_OK)
		(void)err_set(e, ERR_REFUSED, "the cloud answers %d", (int)a);
	return a;
}

/* ---- IAM ---- */

#define CLOUD_CALL(c, f, e) \
	do { \
		enum rotate_answer a_ = cloud_call((c), &(f), (e)); \
		if (a_ != ROTATE_OK) \
			return a_; \
	} while (0)

static inline enum rotate_answer cloud_list(void *ctx, const char *user, struct rotate_keys *out,
    struct err *e)
{
	struct cloud *c = ctx;
	enum cloud_fault f;

	memset(out, 0, sizeof(*out));
	CLOUD_CALL(c, f, e);
	if (strcmp(user, CLOUD_USER) != 0)
		return cloud_end(c, f, ROTATE_NONE, e);
	if (c->wake > 0 && --c->wake == 0)
		c->key[0].active = true;
	for (int i = 0; i < c->keys; i++) {
		struct cloud_key *k = &c->key[i];

		if (!k->there || k->foreign || (k->hidden > 0 && k->hidden-- > 0) || out->count == ROTATE_KEYS_MOST)
			continue;
		(void)snprintf(out->key[out->count].id, ROTATE_KEY_ID_MAX, "%s", k->id);
		out->key[out->count].active = k->active;
		out->key[out->count++].created = k->created;
	}
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_create(void *ctx, const char *user, struct rotate_pair *out,
    struct err *e)
{
	struct cloud *c = ctx;
	struct cloud_key *k;
	enum cloud_fault f;

	(void)user;
	CLOUD_CALL(c, f, e);
	if (c->loose[0] != 0 || c->loose[1] != 0)
		cloud_break(c, "a key is created, and its journal may not stay", "");
	if (cloud_count(c) >= 2)
		return cloud_end(c, f, ROTATE_TAKEN, e);
	if ((k = cloud_make(c)) == NULL)
		return cloud_end(c, f, ROTATE_REFUSED, e);
	c->unsaved = f != CLOUD_LOST; /* else there is nothing to save */
	if (c->unsaved) {
		(void)snprintf(out->id, sizeof(out->id), "%s", k->id);
		(void)snprintf(out->secret, sizeof(out->secret), "%s", k->secret);
	}
	if (f == CLOUD_KILL_AFTER)
		c->unsaved = false;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_update(void *ctx, const char *user, const char *id, bool active,
    struct err *e)
{
	struct cloud *c = ctx;
	struct cloud_key *k = cloud_key(c, id);
	enum cloud_fault f;

	(void)user;
	CLOUD_CALL(c, f, e);
	if (k == NULL || !k->there || (c->late && k->hidden > 0))
		return cloud_end(c, f, ROTATE_NONE, e);
	k->active = active;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_remove(void *ctx, const char *user, const char *id, struct err *e)
{
	struct cloud *c = ctx;
	struct cloud_key *k = cloud_key(c, id);
	enum cloud_fault f;

	(void)user;
	CLOUD_CALL(c, f, e);
	if (k == NULL || !k->there || (c->late && k->hidden > 0))
		return cloud_end(c, f, ROTATE_NONE, e);
	if (k->active)
		cloud_break(c, "an active key is deleted", id);
	k->there = k->active = false;
	c->deleted++;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_used(void *ctx, const char *id, struct rotate_used *out,
    struct err *e)
{
	struct cloud *c = ctx;
	struct cloud_key *k = cloud_key(c, id);
	enum cloud_fault f;

	memset(out, 0, sizeof(*out));
	CLOUD_CALL(c, f, e);
	if (k == NULL || !k->there)
		return cloud_end(c, f, ROTATE_NONE, e);
	out->at = k->used;
	(void)snprintf(out->user, sizeof(out->user), CLOUD_USER);
	(void)snprintf(out->where, sizeof(out->where), "s3 in eu-west-1");
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_identity(void *ctx, const struct rotate_pair *pair,
    struct rotate_identity *out, struct err *e)
{
	struct cloud *c = ctx;
	struct cloud_key *k = pair != NULL ? cloud_key(c, pair->id) : NULL;
	enum cloud_fault f;

	memset(out, 0, sizeof(*out));
	CLOUD_CALL(c, f, e);
	(void)snprintf(out->account, sizeof(out->account), CLOUD_ACCOUNT);
	(void)snprintf(out->arn, sizeof(out->arn), pair != NULL || c->signer[0] != '\0' ? CLOUD_ARN :
	    "arn:aws:sts::" CLOUD_ACCOUNT ":assumed-role/rotator/x");
	if (pair == NULL)
		return cloud_end(c, f, ROTATE_OK, e);
	if (k == NULL || !k->there || !k->active || strcmp(k->secret, pair->secret) != 0 ||
	    c->now_ms / 1000 < k->created + c->slow) {
		if (k != NULL)
			k->tests = 0;
		return cloud_end(c, f, ROTATE_DEAD, e);
	}
	k->tests++;
	k->used = c->now_ms / 1000;
	if (k->foreign) {
		(void)snprintf(out->account, sizeof(out->account), CLOUD_OTHER_ACCOUNT);
		(void)snprintf(out->arn, sizeof(out->arn), "arn:aws:iam::" CLOUD_OTHER_ACCOUNT ":user/"
		    CLOUD_USER);
	}
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_signer(void *ctx, char id[ROTATE_KEY_ID_MAX],
    char behind[ROTATE_KEY_ID_MAX], struct err *e)
{
	(void)e;
	(void)snprintf(behind, ROTATE_KEY_ID_MAX, "%s", ((struct cloud *)ctx)->behind);
	(void)snprintf(id, ROTATE_KEY_ID_MAX, "%s", ((struct cloud *)ctx)->signer);
	return ROTATE_OK;
}

static inline enum rotate_answer cloud_sign_with(void *ctx, const struct rotate_pair *pair, struct err *e)
{
	(void)e;
	(void)snprintf(((struct cloud *)ctx)->signer, 32, "%.31s", pair->id);
	return ROTATE_OK;
}

static const struct rotate_iam cloud_iam = {.list = cloud_list, .create = cloud_create,
    .update = cloud_update, .remove = cloud_remove, .used = cloud_used, .identity = cloud_identity,
    .signer = cloud_signer, .sign_with = cloud_sign_with};

/* ---- Secrets Manager ---- */

static inline int cloud_version(const struct cloud *c, const char *id, const char *label)
{
	if (label != NULL)
		return strcmp(label, ROTATE_CURRENT) == 0 ? c->current :
		    strcmp(label, ROTATE_PENDING) == 0 ? c->pending : c->previous;
	for (int i = 0; i < c->versions; i++)
		if (strcmp(c->version[i].id, id) == 0)
			return i;
	return -1;
}

static inline enum rotate_answer cloud_get(void *ctx, const char *version, const char *label,
    struct rotate_value *out, struct err *e)
{
	struct cloud *c = ctx;
	const int i = cloud_version(c, version, label);
	enum cloud_fault f;

	CLOUD_CALL(c, f, e);
	if (i < 0 || c->version[i].key[0] == '\0')
		return cloud_end(c, f, ROTATE_NONE, e);
	secret_wipe(&out->pair, sizeof(out->pair));
	(void)snprintf(out->version, sizeof(out->version), "%s", c->version[i].id);
	(void)snprintf(out->user, sizeof(out->user), "%s", c->version[i].user);
	(void)snprintf(out->pair.id, sizeof(out->pair.id), "%s", c->version[i].key);
	(void)snprintf(out->pair.secret, sizeof(out->pair.secret), "%s", c->version[i].secret);
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_put_value(void *ctx, const char *token,
    const struct rotate_value *base, const struct rotate_pair *pair, struct err *e)
{
	struct cloud *c = ctx;
	int i = cloud_version(c, token, NULL);
	enum cloud_fault f;

	(void)base;
	CLOUD_CALL(c, f, e);
	if (c->put_is_another) {
		c->put_is_another = false;
		(void)cloud_put(c, token, "AKIAANOTHERANOTHER00", "another");
		return cloud_end(c, f, ROTATE_TAKEN, e);
	}
	if (i >= 0 && c->version[i].key[0] != '\0')
		return cloud_end(c, f, strcmp(c->version[i].key, pair->id) == 0 ? ROTATE_OK : ROTATE_TAKEN, e);
	if (i < 0)
		(void)cloud_put(c, token, pair->id, pair->secret);
	else
		(void)snprintf(c->version[i].key, 32, "%.31s", pair->id),
		(void)snprintf(c->version[i].secret, 48, "%.47s", pair->secret);
	c->pending = i < 0 ? c->versions - 1 : i;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_move(void *ctx, const char *to, const char *from, struct err *e)
{
	struct cloud *c = ctx;
	const int i = cloud_version(c, to, NULL), was = cloud_version(c, from, NULL);
	struct cloud_key *k;
	enum cloud_fault f;

	CLOUD_CALL(c, f, e);
	if (i < 0 || was < 0)
		return cloud_end(c, f, ROTATE_NONE, e);
	if (was != c->current)
		return cloud_end(c, f, ROTATE_TAKEN, e);
	k = cloud_key(c, c->version[i].key);
	if (k == NULL || !k->there || !k->active || strcmp(k->secret, c->version[i].secret) != 0 ||
	    k->tests < 3)
		cloud_break(c, "a key that did not pass the test becomes AWSCURRENT", c->version[i].key);
	c->previous = c->current;
	c->current = i;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_drop(void *ctx, const char *version, struct err *e)
{
	struct cloud *c = ctx;
	enum cloud_fault f;

	CLOUD_CALL(c, f, e);
	if (c->pending >= 0 && cloud_version(c, version, NULL) == c->pending)
		c->pending = -1;
	return cloud_end(c, f, ROTATE_OK, e);
}

static inline enum rotate_answer cloud_stages(void *ctx, const char *version, struct rotate_stages *out,
    struct err *e)
{
	struct cloud *c = ctx;
	enum cloud_fault f;

	memset(out, 0, sizeof(*out));
	CLOUD_CALL(c, f, e);
	out->rotating = true;
	if (c->current >= 0)
		(void)snprintf(out->current, sizeof(out->current), "%s", c->version[c->current].id);
	if (c->pending >= 0)
		(void)snprintf(out->pending, sizeof(out->pending), "%s", c->version[c->pending].id);
	out->known = cloud_version(c, version, NULL) >= 0;
	return cloud_end(c, f, ROTATE_OK, e);
}

static const struct rotate_home cloud_home = {.keeps = true, .get = cloud_get, .put = cloud_put_value,
    .move = cloud_move, .drop = cloud_drop, .stages = cloud_stages};

/* ---- the host ---- */

static inline int64_t cloud_now(void *ctx)
{
	return ((struct cloud *)ctx)->now_ms / 1000;
}

static inline bool cloud_stop(void *ctx)
{
	const struct cloud *c = ctx;

	return c->stop_at != 0 && c->now_ms >= c->stop_at;
}

/* A signal ends a sleep, and there is none behind it. */
static inline void cloud_sleep(void *ctx, int64_t ms)
{
	struct cloud *c = ctx;

	if (!cloud_stop(c))
		c->now_ms += ms;
}

static inline void cloud_say(void *ctx, const char *line)
{
	(void)snprintf(((struct cloud *)ctx)->last, 256, "%.255s", line);
}

static const struct rotate_host cloud_host = {.now = cloud_now, .sleep = cloud_sleep,
    .stop = cloud_stop, .say = cloud_say};

#endif
