#include "policy/rotate/machine_in.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define CREATES_MOST 3
#define LISTS_APART 15000 /* ms, at least */

/* ---- due, and room for a new key ---- */

/* 9f8b... as a UUID of version 4. */
int rotate_new_token(struct rotate *m)
{
	unsigned char b[16];

	if (RAND_bytes(b, sizeof(b)) != 1)
		return err_set(&m->e, ERR_SYSTEM, "no random numbers");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(m->rec.token, sizeof(m->rec.token),
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
	    b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

static enum rotate_end is_due(struct rotate *m, const struct rotate_key *key)
{
	/* So that the day at which it is switched off is not behind the period; a timer comes once
	 * a day. */
	const int64_t due = key->created + m->times.period - m->times.overlap - 86400;

	if (m->order.force || rotate_now(m) >= due)
		return ROTATE_GO;
	ROTATE_SAY(m, "%s: the key %s is not due before %s", m->rec.user, rotate_short(key->id).text,
	    rotate_when(due).text);
	return ROTATE_DONE;
}

/* Since when a key is off IAM does not say: since it was seen so, or retired, here; a closed
 * record keeps that of one key, as its old one.  0: it is not known yet. */
static int64_t off_since(const struct rotate *m, const char *id)
{
	return m->rec.state == ROTATE_CLOSED && strcmp(m->rec.old.id, id) == 0 ? m->rec.t_off : 0;
}

/* It is on again: when it goes off once more, its time begins anew. */
static enum rotate_end forget_off(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->rec.old.id);

	if (m->order.dry_run || key == NULL || !key->active)
		return ROTATE_GO;
	secret_wipe(&m->rec.old, sizeof(m->rec.old));
	return rotate_save(m, ROTATE_CLOSED);
}

enum rotate_end rotate_note_off(struct rotate *m, const char *id)
{
	if (m->order.dry_run || m->rec.state != ROTATE_CLOSED)
		return ROTATE_GO;
	secret_wipe(&m->rec.old, sizeof(m->rec.old));
	(void)snprintf(m->rec.old.id, sizeof(m->rec.old.id), "%s", id);
	m->rec.t_off = rotate_now(m);
	return rotate_save(m, ROTATE_CLOSED);
}

/* Another key that is off, and no version's: whether it was off for long enough. */
static enum rotate_end may_go(struct rotate *m, const struct rotate_key *key, bool *yes)
{
	struct rotate_used used = {.at = 0};
	enum rotate_answer a;
	enum rotate_end end = rotate_is_home(m, key->id, yes);
	int64_t since, last;

	if (end != ROTATE_GO)
		return end;
	if (*yes || key->active) {
		*yes = false;
		return ROTATE_GO;
	}
	a = m->iam->used(m->iam->ctx, key->id, &used, &m->e);
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	if (off_since(m, key->id) == 0 && (end = rotate_note_off(m, key->id)) != ROTATE_GO)
		return end;
	since = off_since(m, key->id);
	last = since > used.at ? since : used.at;
	*yes = m->order.yes || (since != 0 && rotate_now(m) >= last + m->times.grace);
	return ROTATE_GO;
}

static enum rotate_end tell_no_room(struct rotate *m, const struct rotate_key *key)
{
	struct rotate_used used = {.at = 0};

	if (!key->active && off_since(m, key->id) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s has two keys, and %s is off, here seen so since %s: it "
		    "is deleted after %s, or at once by --yes", m->rec.user, rotate_short(key->id).text,
		    rotate_when(off_since(m, key->id)).text,
		    rotate_when(off_since(m, key->id) + m->times.grace).text);
	(void)m->iam->used(m->iam->ctx, key->id, &used, NULL);
	return ROTATE_END(m, ROTATE_STUCK, "%s has two keys, and what becomes of %s (%s, made %s, last "
	    "used %s) is for you to decide: `bastionctl rotate retire %s` switches it off, `aws iam "
	    "delete-access-key` deletes one that is off", m->rec.user, rotate_short(key->id).text,
	    key->active ? "Active" : "Inactive", rotate_when(key->created).text,
	    used.at != 0 ? rotate_when(used.at).text : "-", key->id);
}

static enum rotate_end make_room(struct rotate *m)
{
	enum rotate_end end;
	bool yes;

	for (size_t i = 0; i < m->keys.count; i++) {
		struct rotate_key key = m->keys.key[i];

		if (m->keys.count < ROTATE_KEYS_MOST || strcmp(key.id, m->cur.pair.id) == 0)
			continue;
		if ((end = may_go(m, &key, &yes)) != ROTATE_GO)
			return end;
		if (!yes)
			return tell_no_room(m, &key);
		ROTATE_SAY(m, "%s: the key %s is off, and goes to make room", m->rec.user,
		    rotate_short(key.id).text);
		if (m->order.dry_run)
			return ROTATE_GO;
		if ((end = rotate_remove(m, key.id)) != ROTATE_GO)
			return end;
		return rotate_look(m);
	}
	return ROTATE_GO;
}

/* ---- 4: the intent ---- */

/* What the promotion will do, with what is there. */
static enum rotate_end rehearse(struct rotate *m)
{
	const struct rotate_home *home = m->home;
	char version[ROTATE_VERSION_MAX];
	enum rotate_answer a;

	(void)snprintf(version, sizeof(version), "%s", m->cur.version);
	a = home->put(home->ctx, version, &m->cur, &m->cur.pair, &m->e);
	if (a == ROTATE_OK)
		a = home->move(home->ctx, version, version, &m->e);
	if (a == ROTATE_OK)
		a = home->drop(home->ctx, version, &m->e);
	/* Its secret may be another by now: the one that the way back needs. */
	if (a == ROTATE_OK)
		a = home->get(home->ctx, NULL, ROTATE_CURRENT, &m->cur, &m->e);
	if (a == ROTATE_OK && strcmp(m->cur.version, version) != 0)
		return ROTATE_END(m, ROTATE_AGAIN, "%s: was changed meanwhile", m->rec.home);
	return a == ROTATE_OK ? ROTATE_GO : rotate_failed(a);
}

static enum rotate_end begin(struct rotate *m)
{
	struct rotate_record *r = &m->rec;
	enum rotate_end end;

	/* MUST: see no_key_is_made_for_a_file_that_cannot_take_it. */
	if (!m->home->keeps && (end = rehearse(m)) != ROTATE_GO)
		return end;
	if (m->order.token != NULL)
		(void)snprintf(r->token, sizeof(r->token), "%s", m->order.token);
	else if (rotate_new_token(m) != 0)
		return ROTATE_STUCK;
	memset(r->before, 0, sizeof(r->before));
	for (size_t i = 0; i < m->keys.count && i < ROTATE_KEYS_MOST; i++)
		(void)snprintf(r->before[i], sizeof(r->before[i]), "%s", m->keys.key[i].id);
	(void)snprintf(r->v_old, sizeof(r->v_old), "%s", m->cur.version);
	secret_wipe(&r->new, sizeof(r->new));
	secret_wipe(&r->old, sizeof(r->old));
	if (rotate_key_of(m, m->cur.pair.id) != NULL) {
		(void)snprintf(r->old.id, sizeof(r->old.id), "%s", m->cur.pair.id);
		if (!m->home->keeps)
			(void)snprintf(r->old.secret, sizeof(r->old.secret), "%s", m->cur.pair.secret);
	}
	r->t_intent = rotate_now(m);
	r->t_suspect = r->t_promoted = r->t_off = r->t_own = 0;
	r->off = false;
	m->sure = true;
	return rotate_save(m, ROTATE_INTENT);
}

/* Who the current key is: the new one has to be the same. */
static enum rotate_end identify(struct rotate *m)
{
	struct rotate_identity who;
	enum rotate_answer a = m->iam->identity(m->iam->ctx, &m->cur.pair, &who, &m->e);

	if (a == ROTATE_DEAD)
		return ROTATE_END(m, ROTATE_DRIFT, "%s: the current key %s does not work: `bastionctl "
		    "rotate repair`", m->rec.user, rotate_short(m->cur.pair.id).text);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	if (strcmp(who.account, m->signer.account) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "the current key is of the account %s, who signs is of %s",
		    who.account, m->signer.account);
	m->rec.arn[0] = '\0';
	return rotate_is_user(m, &who) ? ROTATE_GO : ROTATE_END(m, ROTATE_DRIFT,
	    "the current key is %s's, not the user %s's", who.arn, m->rec.user);
}

enum rotate_end rotate_step_closed(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_end end;

	if (m->gave_up)
		return ROTATE_END(m, ROTATE_AGAIN, "%s: the new key did not work in time and was deleted; "
		    "the old one is as it was; try again later", m->rec.user);
	if (m->ended)
		return ROTATE_DONE;
	if (m->order.resume || m->order.rollback)
		return ROTATE_DONE;
	/* A step before this one may have deleted a key. */
	if ((end = rotate_look(m)) != ROTATE_GO || (end = forget_off(m)) != ROTATE_GO)
		return end;
	key = rotate_key_of(m, m->cur.pair.id);
	if (!m->order.repair && key == NULL)
		return ROTATE_END(m, ROTATE_DRIFT, "%s: the current key %s is gone: `bastionctl rotate repair`",
		    m->rec.user, rotate_short(m->cur.pair.id).text);
	if (!m->order.repair && !key->active)
		return ROTATE_END(m, ROTATE_DRIFT, "%s: the current key %s is Inactive: `bastionctl rotate "
		    "repair`", m->rec.user, rotate_short(m->cur.pair.id).text);
	if (!m->order.repair && ((end = is_due(m, key)) != ROTATE_GO || (end = identify(m)) != ROTATE_GO))
		return end;
	if ((end = make_room(m)) != ROTATE_GO)
		return end;
	if (m->order.dry_run) {
		ROTATE_SAY(m, "%s: a new key would be made, tested, and become the current one instead of "
		    "%s", m->rec.user, rotate_short(m->cur.pair.id).text);
		return ROTATE_DONE;
	}
	return begin(m);
}

/* ---- 5: create ---- */

static bool was_before(const struct rotate_record *r, const char *id)
{
	for (int i = 0; i < ROTATE_KEYS_MOST; i++)
		if (strcmp(r->before[i], id) == 0)
			return true;
	return false;
}

enum rotate_end rotate_find_new(struct rotate *m, char id[ROTATE_KEY_ID_MAX])
{
	const int64_t paces = m->times.pace_ms * 15 / 2;

	id[0] = '\0';
	for (int n = 0; n < ROTATE_LISTS; n++) {
		enum rotate_answer a;
		enum rotate_end end;

		if (n > 0 && (end = rotate_pause(m, paces > LISTS_APART ? paces : LISTS_APART)) != ROTATE_GO)
			return end;
		a = m->iam->list(m->iam->ctx, m->rec.user, &m->keys, &m->e);
		if (a != ROTATE_OK)
			return rotate_failed(a);
		for (size_t i = 0; i < m->keys.count; i++)
			if (!was_before(&m->rec, m->keys.key[i].id)) {
				(void)snprintf(id, ROTATE_KEY_ID_MAX, "%s", m->keys.key[i].id);
				return ROTATE_GO;
			}
	}
	return ROTATE_GO;
}

static enum rotate_end suspect(struct rotate *m, const char *id)
{
	secret_wipe(&m->rec.new, sizeof(m->rec.new));
	(void)snprintf(m->rec.new.id, sizeof(m->rec.new.id), "%s", id);
	m->rec.t_suspect = rotate_now(m);
	m->rec.off = false;
	return rotate_save(m, ROTATE_SUSPECT);
}

/* The key is there, and its secret cannot be kept: nobody will ever have it. */
static enum rotate_end undo(struct rotate *m)
{
	struct err why = m->e;
	const char *user = m->rec.user;
	char id[ROTATE_KEY_ID_MAX];

	memcpy(id, m->rec.new.id, sizeof(id));
	secret_wipe(&m->rec.new, sizeof(m->rec.new));
	/* MUST: first, for what was written may be there all the same: a later run would go on with a
	 * key that is off.  Where that fails, too, it says what becomes of the key
	 * (key_that_is_being_taken_back_is_no_hindrance). */
	if (rotate_save(m, ROTATE_INTENT) == ROTATE_GO &&
	    m->iam->update(m->iam->ctx, user, id, false, NULL) == ROTATE_OK)
		(void)m->iam->remove(m->iam->ctx, user, id, NULL);
	m->e = why;
	return ROTATE_STUCK;
}

static enum rotate_end not_made(struct rotate *m, enum rotate_answer a)
{
	const bool sure = m->sure;
	struct err why = m->e;
	char id[ROTATE_KEY_ID_MAX];
	enum rotate_end end;

	m->sure = a != ROTATE_UNKNOWN && a != ROTATE_TAKEN;
	if (a == ROTATE_UNKNOWN)
		return ROTATE_GO; /* the step begins anew, and looks */
	/* MUST: where no answer was lost, the other key is none of this rotation
	 * (key_that_took_the_room_is_no_suspect). */
	if (a == ROTATE_TAKEN && !sure) {
		/* There are two: one that no list has shown yet. */
		if ((end = rotate_find_new(m, id)) != ROTATE_GO)
			return end;
		if (id[0] != '\0')
			return suspect(m, id);
		m->e = why;
		return ROTATE_AGAIN;
	}
	/* Nothing has happened: it need not be looked for. */
	end = rotate_close_record(m);
	m->e = why;
	return end != ROTATE_GO ? end : rotate_failed(a);
}

enum rotate_end rotate_step_intent(struct rotate *m)
{
	struct rotate_record *r = &m->rec;
	char id[ROTATE_KEY_ID_MAX];
	enum rotate_answer a;
	enum rotate_end end;

	if (!m->sure) {
		if ((end = rotate_find_new(m, id)) != ROTATE_GO)
			return end;
		if (id[0] != '\0')
			return suspect(m, id);
		if (m->keys.count >= ROTATE_KEYS_MOST)
			return rotate_close_record(m);
	}
	if (m->creates++ >= CREATES_MOST)
		return ROTATE_END(m, ROTATE_AGAIN, "%s: no answer to CreateAccessKey, %d times", r->user,
		    CREATES_MOST);
	/* MUST: from here to the save nothing may come between
	 * (secret_of_a_new_key_is_on_the_disk_before_anything_else). */
	a = m->iam->create(m->iam->ctx, r->user, &r->new, &m->e);
	if (a != ROTATE_OK)
		return not_made(m, a);
	end = rotate_save(m, ROTATE_SAVED);
	return end == ROTATE_GO ? end : undo(m);
}

/* ---- a key whose secret nobody has ---- */

/* Another host, or a person, has made it: whoever stored or uses it has its secret.  MUST:
 * what is current stays on (key_that_another_host_made_current_is_not_switched_off,
 * key_that_somebody_uses_is_no_suspect). */
static enum rotate_end is_theirs(struct rotate *m, bool *yes)
{
	struct rotate_used used = {.at = 0};
	enum rotate_answer a;
	enum rotate_end end = rotate_is_home(m, m->rec.new.id, yes);

	if (end != ROTATE_GO || *yes)
		return end;
	a = m->iam->used(m->iam->ctx, m->rec.new.id, &used, &m->e);
	*yes = (a == ROTATE_OK && used.at != 0) || strcmp(m->signer_id, m->rec.new.id) == 0 ||
	    strcmp(m->behind_id, m->rec.new.id) == 0;
	return a == ROTATE_OK || a == ROTATE_NONE ? ROTATE_GO : rotate_failed(a);
}

static enum rotate_end leave(struct rotate *m)
{
	ROTATE_SAY(m, "%s: the key %s, which appeared while one was created, is stored or used: it is "
	    "somebody else's, and left alone", m->rec.user, rotate_short(m->rec.new.id).text);
	return rotate_close_record(m);
}

/* key NULL: no list shows it, now. */
static enum rotate_end switch_off(struct rotate *m, const struct rotate_key *key)
{
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end;
	bool theirs = false;

	if (!m->rec.off && (end = is_theirs(m, &theirs)) != ROTATE_GO)
		return end;
	if (theirs)
		return leave(m);
	if (m->rec.off && key != NULL && key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the key %s, which appeared while one was created, "
		    "was switched on again: it is somebody's; `bastionctl rotate rollback %s` leaves it "
		    "to him", m->rec.user, rotate_short(key->id).text, m->rec.user);
	if (m->rec.off && key != NULL)
		return ROTATE_GO;
	if (key == NULL || key->active)
		a = m->iam->update(m->iam->ctx, m->rec.user, m->rec.new.id, false, &m->e);
	if (a == ROTATE_NONE && !m->rec.off && rotate_is_young(m))
		return rotate_not_listed(m);
	if (a == ROTATE_NONE)
		return rotate_close_record(m);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	m->rec.off = true;
	return rotate_save(m, ROTATE_SUSPECT);
}

/* Nobody uses it, nobody has it. */
static enum rotate_end is_nobodys(struct rotate *m)
{
	const char *id = m->rec.new.id;
	struct rotate_used used = {.at = 0};
	enum rotate_answer a = m->iam->used(m->iam->ctx, id, &used, &m->e);
	enum rotate_end end;
	bool yes = false;

	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	if ((end = rotate_is_home(m, id, &yes)) != ROTATE_GO)
		return end;
	if (used.at != 0 || yes)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the key %s, which appeared while one was created, is "
		    "in use: it is off, and for you to decide", m->rec.user, rotate_short(id).text);
	return ROTATE_GO;
}

enum rotate_end rotate_step_suspect(struct rotate *m)
{
	const struct rotate_key *key;
	const int64_t until = m->rec.t_suspect + m->times.orphan;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	key = rotate_key_of(m, m->rec.new.id);
	if ((end = switch_off(m, key)) != ROTATE_GO || m->rec.state != ROTATE_SUSPECT)
		return end;
	if (!m->order.yes && rotate_now(m) < until)
		return ROTATE_END(m, ROTATE_AGAIN, "%s: the key %s appeared while one was created, and nobody "
		    "here has its secret: it is off, and deleted after %s unless somebody uses it (at once "
		    "by --yes)", m->rec.user, rotate_short(m->rec.new.id).text, rotate_when(until).text);
	if ((end = is_nobodys(m)) != ROTATE_GO || (end = rotate_remove(m, m->rec.new.id)) != ROTATE_GO)
		return end;
	m->creates = 0;
	return rotate_close_record(m);
}
