#include "policy/rotate/machine_in.h"

#include <string.h>

#define LATE 900 /* seconds in which AWS notes a use: the dates of uses are that coarse */

enum rotate_end rotate_overtaken(struct rotate *m)
{
	return ROTATE_END(m, ROTATE_STUCK, "%s: the current key is %s, not %s, which this rotation made: "
	    "somebody has changed it; nothing is switched off; `bastionctl rotate repair %s` ends this "
	    "rotation", m->rec.user, rotate_short(m->cur.pair.id).text,
	    rotate_short(m->rec.new.id).text, m->rec.user);
}

/* AWSCURRENT is where this rotation has put it. */
static enum rotate_end check_current(struct rotate *m)
{
	const struct rotate_key *key;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	if (strcmp(m->cur.pair.id, m->rec.new.id) != 0)
		return rotate_overtaken(m);
	key = rotate_key_of(m, m->rec.new.id);
	if (key == NULL && rotate_now(m) < m->rec.t_promoted + LATE)
		return rotate_not_listed(m);
	if (key == NULL || !key->active)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s is off or gone: nothing more is "
		    "switched off; `bastionctl rotate rollback %s` goes back to the old one, `bastionctl rotate "
		    "repair %s` helps where that is gone, too", m->rec.user, rotate_short(m->rec.new.id).text,
		    m->rec.user, m->rec.user);
	return rotate_sign(m);
}

/* MUST: before the old one goes, whose secret may be the last that is right
 * (old_key_stays_where_the_current_one_does_not_work). */
static enum rotate_end check_works(struct rotate *m)
{
	struct rotate_identity who;
	const enum rotate_answer a = m->iam->identity(m->iam->ctx, &m->cur.pair, &who, &m->e);

	m->rec.arn[0] = '\0'; /* he may have another path now */
	if (a == ROTATE_DEAD || (a == ROTATE_OK && !rotate_is_user(m, &who)))
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s does not work as it is stored: the "
		    "old one stays as it is; store it right, or `bastionctl rotate rollback %s`", m->rec.user,
		    rotate_short(m->cur.pair.id).text, m->rec.user);
	return a == ROTATE_OK ? ROTATE_GO : rotate_failed(a);
}

static enum rotate_end finish(struct rotate *m)
{
	/* The pair that signs may be wiped with the record; the id is for people. */
	const struct rotate_short old = rotate_short(m->rec.old.id);
	enum rotate_end end = rotate_close_record(m);

	if (end != ROTATE_GO)
		return end;
	m->ended = true;
	if (old.text[0] == '\0') /* of a repair */
		ROTATE_SAY(m, "%s: the rotation is done", m->rec.user);
	else
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

/* So that later runs know this one's uses from those of others. */
static enum rotate_end note_own(struct rotate *m)
{
	m->rec.t_own = rotate_now(m);
	return rotate_save(m, m->rec.state);
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
	if (m->by_old && (end = note_own(m)) != ROTATE_GO)
		return end;
	if (rotate_now(m) >= most)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the old key %s is still used (%s, %s): it stays on; "
		    "mend who uses it, or switch it off by --yes", m->rec.user, rotate_short(m->rec.old.id).text,
		    rotate_when(used.at).text, used.where);
	ROTATE_SAY(m, "%s: warning: the old key %s is still used (%s, %s): it stays on until %s at most",
	    m->rec.user, rotate_short(m->rec.old.id).text, rotate_when(used.at).text, used.where,
	    rotate_when(most).text);
	return ROTATE_DONE;
}

/* The old key signs here, or assumes the role that does, from where no rotation replaces it:
 * every later run would be refused.  A profile whose own key signs has the new one, unless the
 * AWS tools read one of its name in another file
 * (old_key_that_a_file_of_others_signs_with_is_not_switched_off). */
static bool would_lock_out(const struct rotate *m)
{
	const bool own = !m->home->keeps && strcmp(m->rec.by, m->rec.profile) == 0;
	const bool behind = strcmp(m->behind_id, m->rec.old.id) == 0;

	return own ? behind && m->started > m->rec.t_promoted : behind || m->by_old;
}

/* MUST: not even by --yes (key_that_signs_here_is_not_switched_off). */
static enum rotate_end keep_signer(struct rotate *m)
{
	enum rotate_end end = note_own(m);

	return end != ROTATE_GO ? end : ROTATE_END(m, ROTATE_STUCK, "%s: the old key %s is what signs here "
	    "(environment or profile): it stays on until %s is there instead", m->rec.user,
	    rotate_short(m->rec.old.id).text, rotate_short(m->rec.new.id).text);
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
		return would_lock_out(m) && (end = note_own(m)) != ROTATE_GO ? end :
		    tell_waits(m, until, false);
	if (key->active && would_lock_out(m))
		return keep_signer(m);
	if (key->active && ((end = drain(m)) != ROTATE_GO || (end = check_works(m)) != ROTATE_GO))
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
	if ((end = check_works(m)) != ROTATE_GO)
		return end;
	end = rotate_remove(m, m->rec.old.id);
	return end == ROTATE_GO ? finish(m) : end;
}

/* ---- where AWSCURRENT names no key that works ---- */

/* A test that could not be made says nothing of the key. */
static bool tells_nothing(enum rotate_end test)
{
	return test == ROTATE_STUCK || test == ROTATE_STOPPED;
}

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
		return tells_nothing(end) ? end : ROTATE_GO;
	*done = true;
	if (m->order.dry_run) {
		ROTATE_SAY(m, "%s: %s would become the current key", m->rec.user,
		    rotate_short(m->other.pair.id).text);
		return ROTATE_GO;
	}
	a = m->home->move(m->home->ctx, m->other.version, m->cur.version, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	ROTATE_SAY(m, "%s: %s is the current key now", m->rec.user, rotate_short(m->other.pair.id).text);
	return ROTATE_GO;
}

/* IAM does not list it.  ROTATE_GO: it is gone.  MUST: what works is in nobody's way, be it
 * whose it may (repair_leaves_the_key_of_another_account_where_it_is). */
static enum rotate_end no_list_has_it(struct rotate *m)
{
	const char *id = m->cur.pair.id;
	struct rotate_identity who;
	const enum rotate_answer a = m->iam->identity(m->iam->ctx, &m->cur.pair, &who, &m->e);

	if (a == ROTATE_DEAD)
		return ROTATE_GO;
	if (a != ROTATE_OK)
		return rotate_failed(a);
	if (!rotate_is_user(m, &who))
		return ROTATE_END(m, ROTATE_STUCK, "the key %s works, and is %s's, not the user %s's in the "
		    "account %s: nothing is changed", rotate_short(id).text, who.arn, m->rec.user, m->rec.account);
	return ROTATE_END(m, ROTATE_AGAIN, "%s: the current key %s works, and AWS does not list it: one of "
	    "both may be late", m->rec.user, rotate_short(id).text);
}

/* The current key itself.  ROTATE_DONE: it works. */
static enum rotate_end try_current(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->cur.pair.id);
	enum rotate_answer a;
	enum rotate_end end;

	if (key == NULL)
		return no_list_has_it(m);
	if (!key->active && !m->order.yes)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s is Inactive: --yes switches it on",
		    m->rec.user, rotate_short(key->id).text);
	if (!key->active && m->order.dry_run) {
		ROTATE_SAY(m, "%s: the current key %s would be switched on", m->rec.user,
		    rotate_short(key->id).text);
		return ROTATE_DONE;
	}
	if (!key->active) {
		a = m->iam->update(m->iam->ctx, m->rec.user, key->id, true, &m->e);
		if (a != ROTATE_OK)
			return rotate_failed(a);
	}
	end = rotate_test(m, &m->cur.pair);
	if (end == ROTATE_GO)
		ROTATE_SAY(m, "%s: the current key %s works", m->rec.user, rotate_short(key->id).text);
	return end == ROTATE_GO ? ROTATE_DONE : tells_nothing(end) ? end : ROTATE_GO;
}

static enum rotate_end repair_current(struct rotate *m)
{
	static const char *const labels[] = {ROTATE_PENDING, ROTATE_PREVIOUS};
	enum rotate_end end;
	bool done;

	m->rec.arn[0] = '\0'; /* he may have another path now */
	if ((end = try_current(m)) != ROTATE_GO)
		return end;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if ((end = try_label(m, labels[i], &done)) != ROTATE_GO || done)
			return end != ROTATE_GO ? end : ROTATE_DONE;
	/* None of them: a new one, where there is room. */
	return ROTATE_GO;
}

/* ---- where a rotation is under way that people have overtaken ---- */

/* Its keys are for people from now on. */
static enum rotate_end forget(struct rotate *m)
{
	if (m->rec.old.secret[0] != '\0' && rotate_key_of(m, m->rec.old.id) != NULL && !m->order.yes)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the secret of %s is in the journal alone: --yes ends "
		    "the rotation and forgets it", m->rec.user, rotate_short(m->rec.old.id).text);
	ROTATE_SAY(m, "%s: the rotation of %s is ended as it is: somebody has changed the current key",
	    m->rec.user, rotate_short(m->rec.old.id).text);
	return rotate_close_record(m);
}

/* The current key is another than the rotation's. */
static enum rotate_end repair_overtaken(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->cur.pair.id);
	bool works = key != NULL && key->active;
	enum rotate_end end = works ? rotate_test(m, &m->cur.pair) : ROTATE_GO;

	if (tells_nothing(end))
		return end;
	works = works && end == ROTATE_GO;
	end = forget(m);
	if (end != ROTATE_GO || !works)
		return end != ROTATE_GO ? end : repair_current(m);
	m->ended = true;
	return ROTATE_DONE;
}

/* It is the rotation's. */
static enum rotate_end repair_new(struct rotate *m)
{
	const struct rotate_key *key = rotate_key_of(m, m->cur.pair.id);
	enum rotate_end end;

	if (key == NULL && rotate_now(m) < m->rec.t_promoted + LATE)
		return rotate_not_listed(m);
	/* As long as the old one is there, a way back is better than another key. */
	if (key == NULL && rotate_key_of(m, m->rec.old.id) != NULL)
		return ROTATE_GO;
	if (key == NULL)
		return (end = forget(m)) != ROTATE_GO ? end : repair_current(m);
	if (key->active && m->rec.state != ROTATE_BACK)
		return ROTATE_GO;
	if ((end = try_current(m)) == ROTATE_GO)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the current key %s does not work: `bastionctl rotate "
		    "rollback %s` goes back to the old one", m->rec.user, rotate_short(key->id).text,
		    m->rec.user);
	return end == ROTATE_DONE ? rotate_save(m, ROTATE_OVERLAP) : end;
}

enum rotate_end rotate_begin_repair(struct rotate *m)
{
	const struct rotate_record *r = &m->rec;

	if (r->state == ROTATE_CLOSED)
		return repair_current(m);
	if (r->state != ROTATE_OVERLAP && r->state != ROTATE_GRACE && r->state != ROTATE_BACK)
		return ROTATE_GO;
	if (strcmp(m->cur.pair.id, r->new.id) == 0)
		return repair_new(m);
	/* The way back has come so far already. */
	if (r->state == ROTATE_BACK && strcmp(m->cur.pair.id, r->old.id) == 0)
		return ROTATE_GO;
	return repair_overtaken(m);
}
