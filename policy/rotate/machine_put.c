#include "policy/rotate/machine_in.h"

#include <stdio.h>
#include <string.h>

#define VERSIONS_MOST 3

/* ---- 7: into the home ---- */

static bool is_same(const struct rotate_pair *a, const struct rotate_pair *b)
{
	return strcmp(a->id, b->id) == 0 && secret_equal(a->secret, b->secret, sizeof(a->secret));
}

/* Whether the version holds the new key, as it is here. */
static enum rotate_end is_put(struct rotate *m, bool *yes)
{
	enum rotate_answer a = m->home->get(m->home->ctx, m->rec.token, NULL, &m->other, &m->e);

	*yes = a == ROTATE_OK && is_same(&m->other.pair, &m->rec.new);
	return a == ROTATE_OK || a == ROTATE_NONE ? ROTATE_GO : rotate_failed(a);
}

/* The version is somebody else's: another one. */
static enum rotate_end take_other_version(struct rotate *m)
{
	if (m->order.token != NULL || m->versions++ >= VERSIONS_MOST)
		return ROTATE_END(m, ROTATE_STUCK, "the version %s holds another key", m->rec.token);
	return rotate_new_token(m) != 0 ? ROTATE_STUCK : rotate_save(m, ROTATE_SAVED);
}

enum rotate_end rotate_step_saved(struct rotate *m)
{
	enum rotate_answer a = m->home->put(m->home->ctx, m->rec.token, &m->cur, &m->rec.new, &m->e);
	enum rotate_end end;
	bool yes;

	if (a != ROTATE_OK && a != ROTATE_TAKEN)
		return rotate_failed(a);
	if ((end = is_put(m, &yes)) != ROTATE_GO)
		return end;
	if (!yes)
		return a == ROTATE_TAKEN ? take_other_version(m) : ROTATE_END(m, ROTATE_STUCK,
		    "%s: what was put into the version %s is not there", m->rec.user, m->rec.token);
	if (m->home->keeps)
		secret_wipe(m->rec.new.secret, sizeof(m->rec.new.secret));
	return rotate_save(m, ROTATE_PUT);
}

/* ---- 8: the test ---- */

/* The new pair, into m->other.  ROTATE_DRIFT: nobody has it any more. */
static enum rotate_end new_pair(struct rotate *m)
{
	enum rotate_answer a;

	if (m->rec.new.secret[0] != '\0') {
		m->other.pair = m->rec.new;
		return ROTATE_GO;
	}
	a = m->home->get(m->home->ctx, m->rec.token, NULL, &m->other, &m->e);
	if (a == ROTATE_OK && strcmp(m->other.pair.id, m->rec.new.id) == 0)
		return ROTATE_GO;
	return a == ROTATE_OK || a == ROTATE_NONE ? ROTATE_DRIFT : rotate_failed(a);
}

enum rotate_end rotate_step_put(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	key = rotate_key_of(m, m->rec.new.id);
	if (key != NULL && !key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the new key %s was switched off by somebody: `bastionctl "
		    "rotate rollback %s` gives it up", m->rec.user, rotate_short(key->id).text, m->rec.user);
	if ((end = new_pair(m)) == ROTATE_AGAIN)
		return end; /* it says nothing of the key */
	if (end == ROTATE_GO)
		end = rotate_test(m, &m->other.pair);
	if (end == ROTATE_GO)
		return rotate_save(m, ROTATE_TESTED);
	if (end != ROTATE_DRIFT && end != ROTATE_AGAIN)
		return end;
	ROTATE_SAY(m, "%s: the new key %s does not work, and is taken back: %s", m->rec.user,
	    rotate_short(m->rec.new.id).text, m->e.text);
	return rotate_save(m, ROTATE_ABORT);
}

static enum rotate_end promoted(struct rotate *m);

/* The answer to its promotion was lost, or somebody else has promoted it. */
static enum rotate_end is_current_all_the_same(struct rotate *m)
{
	const enum rotate_end end = rotate_test(m, &m->cur.pair);

	if (end == ROTATE_GO || end == ROTATE_STOPPED)
		return end == ROTATE_GO ? promoted(m) : end;
	return ROTATE_END(m, ROTATE_STUCK, "%s: the key %s was given up, is the current one, and does not "
	    "work: `bastionctl rotate rollback %s` goes back to the old one", m->rec.user,
	    rotate_short(m->rec.new.id).text, m->rec.user);
}

enum rotate_end rotate_step_abort(struct rotate *m)
{
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end = rotate_look(m);

	if (end == ROTATE_GO && strcmp(m->cur.pair.id, m->rec.new.id) == 0)
		return is_current_all_the_same(m);
	if (end != ROTATE_GO || (end = rotate_remove(m, m->rec.new.id)) != ROTATE_GO)
		return end;
	if (m->rec.token[0] != '\0')
		a = m->home->drop(m->home->ctx, m->rec.token, &m->e);
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	m->gave_up = !m->order.rollback;
	m->ended = true;
	return rotate_close_record(m);
}

/* ---- 9: the promotion ---- */

static enum rotate_end promoted(struct rotate *m)
{
	/* Of a profile the old one is kept here, for a way back; the new one is where it belongs. */
	secret_wipe(m->rec.new.secret, sizeof(m->rec.new.secret));
	m->rec.t_promoted = rotate_now(m);
	if (rotate_save(m, ROTATE_OVERLAP) != ROTATE_GO)
		return ROTATE_STUCK;
	ROTATE_SAY(m, "%s: %s is the current key now", m->rec.user, rotate_short(m->rec.new.id).text);
	return ROTATE_GO;
}

/* From a version to another, if it is not there already.  id: of the key there. */
static enum rotate_end move_current(struct rotate *m, const char *to, const char *from, const char *id)
{
	enum rotate_answer a;
	struct err why;
	enum rotate_end end;

	if (strcmp(m->cur.pair.id, id) == 0)
		return ROTATE_GO;
	if (strcmp(m->cur.version, from) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s: %s was moved by somebody else meanwhile: nothing is "
		    "changed; `bastionctl rotate rollback %s` gives the new key up", m->rec.user,
		    ROTATE_CURRENT, m->rec.user);
	if ((a = m->home->move(m->home->ctx, to, from, &m->e)) == ROTATE_OK)
		return rotate_look(m);
	/* Done or not: it says itself. */
	why = m->e;
	if ((end = rotate_look(m)) != ROTATE_GO)
		return end;
	if (strcmp(m->cur.pair.id, id) == 0)
		return ROTATE_GO;
	m->e = why;
	return rotate_failed(a);
}

enum rotate_end rotate_step_tested(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	/* MUST: nobody has switched it off since the test (current_key_is_always_active). */
	if ((key = rotate_key_of(m, m->rec.new.id)) == NULL)
		return rotate_not_listed(m);
	if (!key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the new key %s was switched off by somebody: `bastionctl "
		    "rotate rollback %s` gives it up", m->rec.user, rotate_short(m->rec.new.id).text, m->rec.user);
	if (!m->home->keeps)
		a = m->home->put(m->home->ctx, m->rec.token, &m->cur, &m->rec.new, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	end = move_current(m, m->rec.token, m->rec.v_old, m->rec.new.id);
	return end == ROTATE_GO ? promoted(m) : end;
}

/* ---- the way back ---- */

/* The old pair, into m->other.  ROTATE_DRIFT: it is gone, or nobody has it any more. */
static enum rotate_end old_pair(struct rotate *m)
{
	enum rotate_answer a = ROTATE_OK;

	if (rotate_key_of(m, m->rec.old.id) == NULL)
		return ROTATE_END(m, ROTATE_DRIFT, "%s: there is no old key to go back to", m->rec.user);
	if (m->home->keeps)
		a = m->home->get(m->home->ctx, m->rec.v_old, NULL, &m->other, &m->e);
	else
		m->other.pair = m->rec.old;
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	if (a == ROTATE_NONE || strcmp(m->other.pair.id, m->rec.old.id) != 0 ||
	    m->other.pair.secret[0] == '\0')
		return ROTATE_END(m, ROTATE_DRIFT, "%s: nobody has the secret of %s any more",
		    m->rec.user, rotate_short(m->rec.old.id).text);
	return ROTATE_GO;
}

/* MUST: what people have stored stays: a file may have the only copy of its secret
 * (rollback_leaves_a_key_that_people_have_stored_where_it_is).  What is no key of the user, in a
 * file, is in nobody's way. */
static bool is_peoples(const struct rotate *m)
{
	const char *id = m->cur.pair.id;

	return strcmp(id, m->rec.new.id) != 0 && strcmp(id, m->rec.old.id) != 0 &&
	    (m->home->keeps || rotate_key_of(m, id) != NULL);
}

/* MUST: not begun where it cannot end
 * (second_rollback_of_a_profile_is_refused_and_the_rest_goes_on). */
static enum rotate_end go_back(struct rotate *m)
{
	enum rotate_end end = is_peoples(m) ? rotate_overtaken(m) : old_pair(m);

	if (end != ROTATE_GO)
		return end == ROTATE_DRIFT ? ROTATE_STUCK : end;
	/* Of one that was promoted without a word: its home has it. */
	secret_wipe(m->rec.new.secret, sizeof(m->rec.new.secret));
	if (m->rec.t_promoted == 0)
		m->rec.t_promoted = rotate_now(m);
	return rotate_save(m, ROTATE_BACK);
}

enum rotate_end rotate_begin_back(struct rotate *m)
{
	switch (m->rec.state) {
	case ROTATE_CLOSED:
		return ROTATE_END(m, ROTATE_STUCK, "%s: no rotation is under way", m->rec.user);
	case ROTATE_SUSPECT:
		/* Not ours to delete: it stays as it is. */
		m->ended = true;
		return rotate_close_record(m);
	case ROTATE_INTENT:
		return ROTATE_END(m, ROTATE_STUCK, "%s: whether a key was made is not known yet: `bastionctl "
		    "rotate resume %s`", m->rec.user, m->rec.user);
	case ROTATE_SAVED:
	case ROTATE_PUT:
	case ROTATE_TESTED:
	case ROTATE_ABORT:
		/* The answer to the promotion may have been lost. */
		return strcmp(m->cur.pair.id, m->rec.new.id) == 0 ? go_back(m) : rotate_save(m, ROTATE_ABORT);
	case ROTATE_OVERLAP:
	case ROTATE_GRACE:
		return go_back(m);
	default:
		return ROTATE_GO;
	}
}

/* The new one is the old one now, and goes its way. */
static enum rotate_end turn(struct rotate *m)
{
	struct rotate_record *r = &m->rec;
	char version[ROTATE_VERSION_MAX];

	memcpy(version, r->v_old, sizeof(version));
	memcpy(r->v_old, r->token, sizeof(version));
	memcpy(r->token, version, sizeof(version));
	m->other.pair = r->old;
	r->old = r->new;
	r->new = m->other.pair;
	secret_wipe(r->new.secret, sizeof(r->new.secret));
	secret_wipe(r->old.secret, sizeof(r->old.secret));
	r->t_off = 0;
	m->order.rollback = false;
	return promoted(m);
}

/* There is no way back: as before it was asked for. */
static enum rotate_end stay(struct rotate *m)
{
	struct err why = m->e;

	if (rotate_save(m, ROTATE_OVERLAP) == ROTATE_GO)
		m->e = why;
	return ROTATE_STUCK;
}

enum rotate_end rotate_step_back(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end = rotate_look(m);

	if (end == ROTATE_GO && is_peoples(m))
		return rotate_overtaken(m);
	if (end != ROTATE_GO || (end = old_pair(m)) != ROTATE_GO)
		return end == ROTATE_DRIFT ? stay(m) : end;
	if ((key = rotate_key_of(m, m->rec.old.id)) != NULL && !key->active)
		a = m->iam->update(m->iam->ctx, m->rec.user, key->id, true, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	if ((end = rotate_test(m, &m->other.pair)) != ROTATE_GO)
		return end == ROTATE_DRIFT ? stay(m) : end;
	if (!m->home->keeps)
		a = m->home->put(m->home->ctx, m->rec.v_old, &m->cur, &m->other.pair, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	/* Of the new key's versions the one that is current: people may have stored another. */
	end = move_current(m, m->rec.v_old, m->cur.version, m->rec.old.id);
	if (end != ROTATE_GO)
		return end;
	/* Else the next rotation of the secret fails (rollback_leaves_no_pending_label). */
	a = m->home->drop(m->home->ctx, m->rec.token, &m->e);
	return a == ROTATE_OK || a == ROTATE_NONE ? turn(m) : rotate_failed(a);
}
