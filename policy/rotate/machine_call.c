#include "policy/rotate/machine_in.h"

#include <stdio.h>
#include <string.h>

/* ---- the four steps of Secrets Manager ---- */

/* Whether the version is to be rotated to.  ROTATE_DONE: it is current already. */
static enum rotate_end check_version(struct rotate *m)
{
	struct rotate_stages s;
	enum rotate_answer a = m->home->stages(m->home->ctx, m->order.token, &s, &m->e);

	if (a != ROTATE_OK)
		return rotate_failed(a);
	if (!s.rotating)
		return ROTATE_END(m, ROTATE_STUCK, "the secret has no rotation (RotationEnabled is false)");
	if (!s.known)
		return ROTATE_END(m, ROTATE_STUCK, "the secret has no version %s", m->order.token);
	if (strcmp(s.current, m->order.token) == 0)
		return ROTATE_DONE;
	if (strcmp(s.pending, m->order.token) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "the version %s does not have the label %s", m->order.token,
		    ROTATE_PENDING);
	return ROTATE_GO;
}

static bool is_ours(const struct rotate *m)
{
	return m->rec.state != ROTATE_CLOSED && strcmp(m->rec.token, m->order.token) == 0;
}

/* A key that was made for a version that was given up goes into this one. */
static enum rotate_end take_over(struct rotate *m)
{
	struct rotate_record *r = &m->rec;
	enum rotate_answer a = ROTATE_OK;

	if (is_ours(m) || (r->state != ROTATE_SAVED && r->state != ROTATE_PUT &&
	    r->state != ROTATE_TESTED))
		return ROTATE_GO;
	/* It was not given up: the note of its promotion is missing
	 * (next_version_does_not_take_a_key_that_is_current). */
	if (strcmp(m->cur.pair.id, r->new.id) == 0)
		return ROTATE_GO;
	if (r->new.secret[0] == '\0')
		a = m->home->get(m->home->ctx, r->token, NULL, &m->other, &m->e);
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	if (r->new.secret[0] == '\0' && (a == ROTATE_NONE || strcmp(m->other.pair.id, r->new.id) != 0))
		return rotate_save(m, ROTATE_ABORT);
	if (r->new.secret[0] == '\0')
		r->new = m->other.pair;
	(void)snprintf(r->token, sizeof(r->token), "%s", m->order.token);
	return rotate_save(m, ROTATE_SAVED);
}

/* MUST: no key is made for a version that cannot take it. */
static enum rotate_end is_free(struct rotate *m)
{
	enum rotate_answer a;

	if (m->rec.state != ROTATE_CLOSED)
		return ROTATE_GO;
	a = m->home->get(m->home->ctx, m->order.token, NULL, &m->other, &m->e);
	if (a == ROTATE_OK)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the version %s holds the key %s, which was not made here",
		    m->rec.user, m->order.token, rotate_short(m->other.pair.id).text);
	return a == ROTATE_NONE ? ROTATE_GO : rotate_failed(a);
}

/* The one before may have to be ended first. */
static enum rotate_end create(struct rotate *m)
{
	enum rotate_end end = is_free(m);

	if (end != ROTATE_GO || (end = take_over(m)) != ROTATE_GO)
		return end;
	m->order.force = true;
	for (int i = 0; i < 2; i++) {
		end = rotate_run(m);
		if (end != ROTATE_DONE || m->rec.state != ROTATE_CLOSED)
			break;
		m->ended = false;
	}
	if (end == ROTATE_DONE && !is_ours(m))
		return ROTATE_END(m, ROTATE_AGAIN, "%s: the rotation before this one is not done (%s)",
		    m->rec.user, rotate_state_name(m->rec.state));
	return end;
}

/* Neither lists over half a minute nor a change know it; the change makes it what it is. */
static enum rotate_end is_gone(struct rotate *m)
{
	char found[ROTATE_KEY_ID_MAX];
	enum rotate_answer a;
	enum rotate_end end = rotate_find_new(m, found);

	if (end != ROTATE_GO)
		return end;
	if (strcmp(found, m->rec.new.id) == 0)
		return rotate_not_listed(m);
	a = m->iam->update(m->iam->ctx, m->rec.user, m->rec.new.id, true, &m->e);
	return a == ROTATE_NONE ? ROTATE_GO : a == ROTATE_OK ? rotate_not_listed(m) : rotate_failed(a);
}

/* IAM knows the key since it was created; one that is gone or off is given up. */
static enum rotate_end set(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->rec.new.id);
	enum rotate_end end;

	if (key != NULL && key->active && m->rec.state >= ROTATE_PUT)
		return ROTATE_DONE;
	/* MUST: a list may be late (new_key_that_no_list_shows_yet_is_not_taken_back). */
	if (key == NULL && rotate_is_young(m) && (end = is_gone(m)) != ROTATE_GO)
		return end;
	if (m->rec.state == ROTATE_PUT || m->rec.state == ROTATE_TESTED) {
		if ((end = rotate_save(m, ROTATE_ABORT)) != ROTATE_GO ||
		    (end = rotate_step_abort(m)) != ROTATE_GO)
			return end;
	}
	return ROTATE_END(m, ROTATE_STUCK, "%s: the key of the version %s is not there or not active",
	    m->rec.user, m->order.token);
}

enum rotate_end rotate_call(struct rotate *m, const char *step)
{
	enum rotate_end end = check_version(m);

	if (end != ROTATE_GO)
		return end;
	if (strcmp(step, "createSecret") == 0) {
		m->order.until = ROTATE_TO_PUT;
		return create(m);
	}
	if (!is_ours(m))
		return ROTATE_END(m, ROTATE_STUCK, "%s: no key was made for the version %s here: createSecret "
		    "comes first", m->rec.user, m->order.token);
	if (strcmp(step, "setSecret") == 0)
		return set(m);
	m->order.resume = true;
	m->order.until = strcmp(step, "testSecret") == 0 ? ROTATE_TO_TESTED : ROTATE_TO_PROMOTED;
	return rotate_run(m);
}

/* ---- retire ---- */

static enum rotate_end may_retire(struct rotate *m, const char *id)
{
	size_t others = 0;

	for (size_t i = 0; i < m->keys.count; i++)
		if (m->keys.key[i].active && strcmp(m->keys.key[i].id, id) != 0)
			others++;
	if (m->home != NULL && strcmp(m->cur.pair.id, id) == 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s: %s is the current key", m->rec.user, rotate_short(id).text);
	if (m->rec.state != ROTATE_CLOSED && strcmp(m->rec.new.id, id) == 0 &&
	    m->rec.state != ROTATE_SUSPECT)
		return ROTATE_END(m, ROTATE_STUCK, "%s: %s is the new key of a rotation that is under way",
		    m->rec.user, rotate_short(id).text);
	if (strcmp(m->signer_id, id) == 0 || strcmp(m->behind_id, id) == 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s: %s is the key that signs this", m->rec.user,
		    rotate_short(id).text);
	if (others == 0 && !m->order.yes)
		return ROTATE_END(m, ROTATE_STUCK, "%s: %s is the only active key: --yes switches it off",
		    m->rec.user, rotate_short(id).text);
	return ROTATE_GO;
}

/* From when on it is off: it may be needed again for as long as any other. */
static enum rotate_end note_retired(struct rotate *m, const char *id)
{
	if (m->rec.account[0] == '\0')
		(void)snprintf(m->rec.account, sizeof(m->rec.account), "%s", m->signer.account);
	if (m->rec.state != ROTATE_GRACE || strcmp(m->rec.old.id, id) != 0)
		return rotate_note_off(m, id);
	m->rec.t_off = rotate_now(m);
	return rotate_save(m, m->rec.state);
}

enum rotate_end rotate_retire(struct rotate *m, const struct rotate_record *target, const char *id)
{
	const char *user = target->user;
	const struct rotate_key *key;
	enum rotate_answer a;
	enum rotate_end end = rotate_check_account(m, target);
	int r;

	if (end != ROTATE_GO)
		return end;
	if ((r = journal_open(&m->journal, m->state_dir, m->signer.account, user, &m->rec, &m->e)) != 0)
		return r == ERR_CONFLICT ? ROTATE_BUSY : ROTATE_STUCK;
	(void)snprintf(m->rec.user, sizeof(m->rec.user), "%s", user);
	if (m->home != NULL && (a = m->home->get(m->home->ctx, NULL, ROTATE_CURRENT, &m->cur, &m->e)) !=
	    ROTATE_OK)
		return rotate_failed(a);
	if ((a = m->iam->list(m->iam->ctx, user, &m->keys, &m->e)) != ROTATE_OK)
		return rotate_failed(a);
	if ((key = rotate_key_of(m, id)) == NULL)
		return ROTATE_END(m, ROTATE_DRIFT, "%s: there is no key %s", user, rotate_short(id).text);
	if (key->active && (end = may_retire(m, id)) != ROTATE_GO)
		return end;
	a = key->active ? m->iam->update(m->iam->ctx, user, id, false, &m->e) : ROTATE_OK;
	if (a != ROTATE_OK)
		return rotate_failed(a);
	if (key->active && (end = note_retired(m, id)) != ROTATE_GO)
		return end;
	ROTATE_SAY(m, "%s: the key %s is off; `aws iam update-access-key --status Active` switches it on "
	    "again", user, rotate_short(id).text);
	return ROTATE_DONE;
}
