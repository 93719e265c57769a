#include "policy/rotate/machine_in.h"

#include <string.h>

#define LATE 900 /* seconds in which AWS notes a use: the dates of uses are that coarse */

/* AWSCURRENT is where this rotation has put it. */
static enum rotate_end check_current(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	if (strcmp(m->cur.pair.id, m->rec.new.id) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key is %s, not %s, which this rotation made: "
		    "somebody has changed it; nothing is switched off", m->rec.user,
		    rotate_short(m->cur.pair.id).text, rotate_short(m->rec.new.id).text);
	key = rotate_key_of(m, m->rec.new.id);
	if (key == NULL && rotate_now(m) < m->rec.t_promoted + LATE)
		return rotate_not_listed(m);
	if (key == NULL || !key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s is off or gone: nothing more is "
		    "switched off; `bastionctl rotate rollback %s` goes back to the old one", m->rec.user,
		    rotate_short(m->rec.new.id).text, m->rec.user);
	return rotate_sign(m);
}

static enum rotate_end finish(struct rotate *m)
{
	/* The pair that signs may be wiped with the record; the id is for people. */
	const struct rotate_short old = rotate_short(m->rec.old.id);
	enum rotate_end end = rotate_close_record(m);

	if (end != ROTATE_GO)
		return end;
	m->ended = true;
	ROTATE_SAY(m, "%s: the rotation is done; the old key %s is gone", m->rec.user, old.text);
	return ROTATE_GO;
}

static enum rotate_end tell_waits(struct rotate *m, int64_t until, bool off)
{
	if (off)
		ROTATE_SAY(m, "%s: the old key %s is off, and deleted after %s", m->rec.user,
		    rotate_short(m->rec.old.id).text, rotate_when(until).text);
	else
		ROTATE_SAY(m, "%s: both keys are active; the old one, %s, is switched off after %s",
		    m->rec.user, rotate_short(m->rec.old.id).text, rotate_when(until).text);
	return ROTATE_DONE;
}

/* ---- 11, 12: both are active, until nobody uses the old one ---- */

/* Whether somebody has used it since it is the old one.  A rotation that its own key signs
 * uses it too, until it knows the new one: those uses are told by their time. */
static bool is_used(const struct rotate *m, int64_t at)
{
	const int64_t own = m->rec.t_own > m->rec.t_promoted ? m->rec.t_own : m->rec.t_promoted;

	return at > own + LATE && !(m->by_old && at >= m->started);
}

static enum rotate_end drain(struct rotate *m)
{
	struct rotate_used used = {.at = 0};
	const int64_t most = m->rec.t_promoted + m->times.overlap_most;
	enum rotate_answer a;
	enum rotate_end end;

	if (m->order.yes)
		return ROTATE_GO;
	a = m->iam->used(m->iam->ctx, m->rec.old.id, &used, &m->e);
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	if (a == ROTATE_NONE || !is_used(m, used.at))
		return ROTATE_GO;
	if (m->by_old) {
		m->rec.t_own = rotate_now(m);
		if ((end = rotate_save(m, m->rec.state)) != ROTATE_GO)
			return end;
	}
	if (rotate_now(m) >= most)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the old key %s is still used (%s, %s): it stays on; "
		    "mend who uses it, or switch it off by --yes", m->rec.user, rotate_short(m->rec.old.id).text,
		    rotate_when(used.at).text, used.where);
	ROTATE_SAY(m, "%s: warning: the old key %s is still used (%s, %s): it stays on until %s at most",
	    m->rec.user, rotate_short(m->rec.old.id).text, rotate_when(used.at).text, used.where,
	    rotate_when(most).text);
	return ROTATE_DONE;
}

enum rotate_end rotate_step_overlap(struct rotate *m)
{
	const int64_t until = m->rec.t_promoted + m->times.overlap;
	const struct rotate_key *key;
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end = check_current(m);

	if (end != ROTATE_GO)
		return end;
	if (m->rec.old.id[0] == '\0' || (key = rotate_key_of(m, m->rec.old.id)) == NULL)
		return finish(m);
	if (key->active && rotate_now(m) < until)
		return tell_waits(m, until, false);
	if (key->active && (end = drain(m)) != ROTATE_GO)
		return end;
	if (key->active)
		a = m->iam->update(m->iam->ctx, m->rec.user, m->rec.old.id, false, &m->e);
	if (a != ROTATE_OK && a != ROTATE_NONE)
		return rotate_failed(a);
	m->rec.t_off = rotate_now(m);
	return rotate_save(m, ROTATE_GRACE);
}

/* ---- 14, 15: off, until it is deleted ---- */

enum rotate_end rotate_step_grace(struct rotate *m)
{
	const int64_t until = m->rec.t_off + m->times.grace;
	const struct rotate_key *key;
	enum rotate_end end = check_current(m);

	if (end != ROTATE_GO)
		return end;
	if ((key = rotate_key_of(m, m->rec.old.id)) == NULL)
		return finish(m);
	if (key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the old key %s was switched on again by somebody: it "
		    "stays; `bastionctl rotate retire %s` switches it off", m->rec.user,
		    rotate_short(key->id).text, key->id);
	if (rotate_now(m) < until)
		return tell_waits(m, until, true);
	end = rotate_remove(m, m->rec.old.id);
	return end == ROTATE_GO ? finish(m) : end;
}

/* ---- where AWSCURRENT names no key that works ---- */

/* A version of the home whose key is active and works becomes the current one. */
static enum rotate_end try_label(struct rotate *m, const char *label, bool *done)
{
	const struct rotate_key *key;
	enum rotate_answer a = m->home->get(m->home->ctx, NULL, label, &m->other, &m->e);
	enum rotate_end end;

	*done = false;
	if (a == ROTATE_NONE)
		return ROTATE_GO;
	if (a != ROTATE_OK)
		return rotate_failed(a);
	key = rotate_key_of(m, m->other.pair.id);
	if (key == NULL || !key->active || strcmp(m->other.version, m->cur.version) == 0)
		return ROTATE_GO;
	if ((end = rotate_test(m, &m->other.pair)) != ROTATE_GO)
		return end == ROTATE_STUCK ? end : ROTATE_GO;
	a = m->home->move(m->home->ctx, m->other.version, m->cur.version, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	ROTATE_SAY(m, "%s: %s is the current key now", m->rec.user, rotate_short(m->other.pair.id).text);
	*done = true;
	return ROTATE_GO;
}

/* The current key itself.  ROTATE_DONE: it works. */
static enum rotate_end try_current(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->cur.pair.id);
	enum rotate_answer a;
	enum rotate_end end;

	if (key == NULL)
		return ROTATE_GO;
	if (!key->active && !m->order.yes)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s is Inactive: --yes switches it on",
		    m->rec.user, rotate_short(key->id).text);
	if (!key->active) {
		a = m->iam->update(m->iam->ctx, m->rec.user, key->id, true, &m->e);
		if (a != ROTATE_OK)
			return rotate_failed(a);
	}
	end = rotate_test(m, &m->cur.pair);
	if (end == ROTATE_GO)
		ROTATE_SAY(m, "%s: the current key %s works", m->rec.user, rotate_short(key->id).text);
	return end == ROTATE_GO ? ROTATE_DONE : end == ROTATE_STUCK ? end : ROTATE_GO;
}

enum rotate_end rotate_begin_repair(struct rotate *m)
{
	static const char *const labels[] = {ROTATE_PENDING, ROTATE_PREVIOUS};
	enum rotate_end end;
	bool done;

	if ((end = try_current(m)) != ROTATE_GO)
		return end;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if ((end = try_label(m, labels[i], &done)) != ROTATE_GO || done)
			return end != ROTATE_GO ? end : ROTATE_DONE;
	/* None of them: a new one, where there is room. */
	return ROTATE_GO;
}
