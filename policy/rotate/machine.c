#include "policy/rotate/machine_in.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TESTS 3
#define TESTS_MOST 60 /* paces until a test is given up */
#define PACE_LEAST 2000 /* ms behind one that failed, whatever was ordered: AWS takes seconds */
#define YOUNG 900 /* seconds in which a new key may be unknown somewhere */

const struct rotate_times rotate_times_default = {.period = 90 * 86400, .overlap = 86400,
    .overlap_most = 7 * 86400, .grace = 7 * 86400, .orphan = 86400, .pace_ms = 2000};

struct rotate *rotate_new(void)
{
	struct secret memory = {NULL, 0};
	struct rotate *m;

	if (secret_new(&memory, sizeof(*m)) != 0)
		return NULL;
	m = (struct rotate *)memory.data;
	m->times = rotate_times_default;
	m->journal = (struct journal){.dir = -1, .lock = -1, .fd = -1};
	return m;
}

void rotate_free(struct rotate **m)
{
	struct secret memory = {.data = (unsigned char *)*m, .size = sizeof(**m)};

	if (*m == NULL)
		return;
	journal_close(&(*m)->journal);
	secret_free(&(*m)->cur.text);
	secret_free(&(*m)->other.text);
	secret_free(&memory);
	*m = NULL;
}

struct rotate_short rotate_short(const char *id)
{
	const size_t n = strlen(id);
	struct rotate_short s;

	if (n < 12)
		(void)snprintf(s.text, sizeof(s.text), "%.11s", id);
	else
		(void)snprintf(s.text, sizeof(s.text), "%.4s...%.4s", id, id + n - 4);
	return s;
}

struct rotate_when rotate_when(int64_t at)
{
	struct rotate_when w = {""};
	const time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(w.text, sizeof(w.text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(w.text, sizeof(w.text), "-");
	return w;
}

int64_t rotate_now(const struct rotate *m)
{
	return m->host->now(m->host->ctx);
}

enum rotate_end rotate_is_stopped(struct rotate *m)
{
	if (!m->host->stop(m->host->ctx))
		return ROTATE_GO;
	return ROTATE_END(m, ROTATE_STOPPED, "%s: stopped between two steps; "
	    "`bastionctl rotate resume` goes on", m->rec.user);
}

enum rotate_end rotate_pause(struct rotate *m, int64_t ms)
{
	m->host->sleep(m->host->ctx, ms);
	return rotate_is_stopped(m);
}

enum rotate_end rotate_failed(enum rotate_answer a)
{
	return a == ROTATE_LATER ? ROTATE_AGAIN : ROTATE_STUCK;
}

enum rotate_end rotate_save(struct rotate *m, enum rotate_state s)
{
	m->rec.state = s;
	return journal_write(&m->journal, &m->rec, &m->e) == 0 ? ROTATE_GO : ROTATE_STUCK;
}

enum rotate_end rotate_close_record(struct rotate *m)
{
	struct rotate_record *r = &m->rec;

	secret_wipe(&r->old, sizeof(r->old));
	secret_wipe(&r->new, sizeof(r->new));
	memset(r->before, 0, sizeof(r->before));
	r->token[0] = r->v_old[0] = '\0';
	r->off = false;
	r->t_closed = rotate_now(m);
	return rotate_save(m, ROTATE_CLOSED);
}

/* ---- what there is ---- */

enum rotate_end rotate_look(struct rotate *m)
{
	enum rotate_answer a = m->home->get(m->home->ctx, NULL, ROTATE_CURRENT, &m->cur, &m->e);

	if (a == ROTATE_OK && m->rec.user[0] != '\0')
		a = m->iam->list(m->iam->ctx, m->rec.user, &m->keys, &m->e);
	return a == ROTATE_OK ? ROTATE_GO : rotate_failed(a);
}

const struct rotate_key *rotate_key_of(const struct rotate *m, const char *id)
{
	for (size_t i = 0; i < m->keys.count; i++)
		if (strcmp(m->keys.key[i].id, id) == 0)
			return &m->keys.key[i];
	return NULL;
}

enum rotate_end rotate_not_listed(struct rotate *m)
{
	return ROTATE_END(m, ROTATE_AGAIN, "%s: AWS does not list the new key %s; it may be late",
	    m->rec.user, rotate_short(m->rec.new.id).text);
}

enum rotate_end rotate_is_home(struct rotate *m, const char *id, bool *yes)
{
	static const char *const labels[] = {ROTATE_CURRENT, ROTATE_PENDING, ROTATE_PREVIOUS};

	*yes = false;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]) && !*yes; i++) {
		enum rotate_answer a = m->home->get(m->home->ctx, NULL, labels[i], &m->other, &m->e);

		if (a != ROTATE_OK && a != ROTATE_NONE)
			return rotate_failed(a);
		*yes = a == ROTATE_OK && strcmp(m->other.pair.id, id) == 0;
	}
	return ROTATE_GO;
}

bool rotate_is_young(const struct rotate *m)
{
	const struct rotate_record *r = &m->rec;

	return rotate_now(m) < (r->t_suspect > r->t_intent ? r->t_suspect : r->t_intent) + YOUNG;
}

/* IAM does not know the new key.  MUST: not yet, or not any more
 * (key_that_iam_does_not_know_yet_is_not_taken_for_gone). */
static enum rotate_end is_gone(struct rotate *m, const char *id)
{
	char found[ROTATE_KEY_ID_MAX];
	enum rotate_end end = rotate_find_new(m, found);

	return end != ROTATE_GO || strcmp(found, id) != 0 ? end : rotate_not_listed(m);
}

enum rotate_end rotate_remove(struct rotate *m, const char *id)
{
	const struct rotate_key *key;
	enum rotate_answer a = ROTATE_OK;
	enum rotate_end end = rotate_look(m);

	if (end != ROTATE_GO)
		return end;
	key = rotate_key_of(m, id);
	/* MUST: never what is current, whatever the record says
	 * (key_that_became_current_meanwhile_is_not_deleted). */
	if (strcmp(m->cur.pair.id, id) == 0)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the key %s is the current one: it is not deleted",
		    m->rec.user, rotate_short(id).text);
	/* MUST: but a new key that does not work (key_that_is_switched_on_again_is_not_deleted). */
	if (key != NULL && key->active && m->rec.state != ROTATE_ABORT)
		return ROTATE_END(m, ROTATE_STUCK, "%s: the key %s was switched on again by somebody: it is "
		    "not deleted", m->rec.user, rotate_short(id).text);
	/* A list may not show a key yet that is there. */
	if (key == NULL || key->active)
		a = m->iam->update(m->iam->ctx, m->rec.user, id, false, &m->e);
	if (a == ROTATE_OK)
		a = m->iam->remove(m->iam->ctx, m->rec.user, id, &m->e);
	if (a == ROTATE_NONE && strcmp(id, m->rec.new.id) == 0 && rotate_is_young(m))
		return is_gone(m, id);
	return a == ROTATE_OK || a == ROTATE_NONE ? ROTATE_GO : rotate_failed(a);
}

enum rotate_end rotate_sign(struct rotate *m)
{
	enum rotate_answer a;

	if (m->signer_id[0] == '\0' || strcmp(m->signer_id, m->rec.old.id) != 0)
		return ROTATE_GO;
	m->by_old = true;
	a = m->iam->sign_with(m->iam->ctx, &m->cur.pair, &m->e);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	(void)snprintf(m->signer_id, sizeof(m->signer_id), "%s", m->cur.pair.id);
	return ROTATE_GO;
}

/* ---- the test of a key ---- */

static bool may_come(enum rotate_answer a)
{
	return a == ROTATE_DEAD || a == ROTATE_LATER || a == ROTATE_UNKNOWN || a == ROTATE_TROUBLE;
}

bool rotate_is_user(struct rotate *m, const struct rotate_identity *who)
{
	const size_t n = strlen(m->rec.user), len = strlen(who->arn);

	if (strcmp(who->account, m->rec.account) != 0)
		return false;
	if (m->rec.arn[0] != '\0')
		return strcmp(who->arn, m->rec.arn) == 0;
	if (len <= n || who->arn[len - n - 1] != '/' || strcmp(who->arn + len - n, m->rec.user) != 0)
		return false;
	(void)snprintf(m->rec.arn, sizeof(m->rec.arn), "%s", who->arn);
	return true;
}

enum rotate_end rotate_test(struct rotate *m, const struct rotate_pair *pair)
{
	struct rotate_identity who;
	enum rotate_end end;
	int good = 0;

	for (int i = 0; i < TESTS_MOST + TESTS; i++) {
		enum rotate_answer a = m->iam->identity(m->iam->ctx, pair, &who, &m->e);

		if (a == ROTATE_OK && !rotate_is_user(m, &who))
			return ROTATE_END(m, ROTATE_DRIFT, "the key %s is %s's, not the user %s's",
			    rotate_short(pair->id).text, who.arn, m->rec.user);
		/* A key that has just been made is known here and not yet there. */
		good = a == ROTATE_OK ? good + 1 : 0;
		if (good == TESTS)
			return ROTATE_GO;
		if (a != ROTATE_OK && !may_come(a))
			return ROTATE_STUCK;
		if ((end = rotate_pause(m, a == ROTATE_OK || m->times.pace_ms > PACE_LEAST ?
		    m->times.pace_ms : PACE_LEAST)) != ROTATE_GO)
			return end;
	}
	return ROTATE_AGAIN;
}

/* ---- the run ---- */

static bool is_far_enough(const struct rotate *m)
{
	static const enum rotate_state least[] = {[ROTATE_TO_PUT] = ROTATE_PUT,
	    [ROTATE_TO_TESTED] = ROTATE_TESTED, [ROTATE_TO_PROMOTED] = ROTATE_OVERLAP};
	const enum rotate_state s = m->rec.state;

	return m->order.until != ROTATE_TO_END && s >= least[m->order.until] && s != ROTATE_ABORT &&
	    m->order.token != NULL && strcmp(m->rec.token, m->order.token) == 0;
}

enum rotate_end rotate_run(struct rotate *m)
{
	static enum rotate_end (*const step[ROTATE_STATES])(struct rotate *m) = {
	    [ROTATE_CLOSED] = rotate_step_closed, [ROTATE_INTENT] = rotate_step_intent,
	    [ROTATE_SUSPECT] = rotate_step_suspect, [ROTATE_SAVED] = rotate_step_saved,
	    [ROTATE_PUT] = rotate_step_put, [ROTATE_TESTED] = rotate_step_tested,
	    [ROTATE_ABORT] = rotate_step_abort, [ROTATE_OVERLAP] = rotate_step_overlap,
	    [ROTATE_GRACE] = rotate_step_grace, [ROTATE_BACK] = rotate_step_back};
	enum rotate_end end = ROTATE_GO;

	if (m->order.dry_run && m->rec.state != ROTATE_CLOSED) {
		ROTATE_SAY(m, "%s: a rotation is under way (%s) and would go on", m->rec.user,
		    rotate_state_name(m->rec.state));
		return ROTATE_DONE;
	}
	if (m->order.rollback)
		end = rotate_begin_back(m);
	else if (m->order.repair)
		end = rotate_begin_repair(m);
	while (end == ROTATE_GO && !is_far_enough(m)) {
		if ((end = rotate_is_stopped(m)) == ROTATE_GO)
			end = step[m->rec.state](m);
	}
	return end == ROTATE_GO ? ROTATE_DONE : end;
}

/* ---- the beginning ---- */

/* arn:aws:iam::ACCOUNT:user/PATH/NAME */
static enum rotate_end ask_user(struct rotate *m)
{
	struct rotate_identity who;
	enum rotate_answer a = m->iam->identity(m->iam->ctx, &m->cur.pair, &who, &m->e);
	const char *name = strrchr(who.arn, '/');

	if (a == ROTATE_DEAD)
		return ROTATE_END(m, ROTATE_DRIFT, "the current key %s does not work: whose it is has to be "
		    "said (`bastionctl rotate repair USER`)", rotate_short(m->cur.pair.id).text);
	if (a != ROTATE_OK)
		return rotate_failed(a);
	if (strstr(who.arn, ":user/") == NULL || name == NULL || strlen(name + 1) >= sizeof(m->rec.user))
		return ROTATE_END(m, ROTATE_STUCK, "the key %s is %s's, who is no user of IAM",
		    rotate_short(m->cur.pair.id).text, who.arn);
	(void)snprintf(m->rec.user, sizeof(m->rec.user), "%s", name + 1);
	return ROTATE_GO;
}

/* A profile does not say whose its key is. */
static enum rotate_end find_user(struct rotate *m, const struct rotate_record *target)
{
	const char *user = m->cur.user[0] != '\0' ? m->cur.user : target->user;
	enum rotate_end end = ROTATE_GO;

	if (user[0] != '\0')
		(void)snprintf(m->rec.user, sizeof(m->rec.user), "%s", user);
	else
		end = ask_user(m);
	if (end == ROTATE_GO && target->user[0] != '\0' && strcmp(target->user, m->rec.user) != 0)
		return ROTATE_END(m, ROTATE_STUCK, "the key there is the user %s's, not %s's", m->rec.user,
		    target->user);
	return end;
}

/* The record is of the target that was asked for, or of none yet. */
static enum rotate_end take_target(struct rotate *m, const struct rotate_record *target)
{
	struct rotate_record *r = &m->rec;
	const bool same = r->home_kind == target->home_kind && strcmp(r->home, target->home) == 0 &&
	    strcmp(r->profile, target->profile) == 0;

	if (r->state != ROTATE_CLOSED && !same)
		return ROTATE_END(m, ROTATE_STUCK, "%s: a rotation of this user's key in %s is under way; "
		    "`bastionctl rotate resume %s` ends it first", r->user, r->home, r->user);
	if (same && strcmp(r->by, target->by) == 0 && strcmp(r->account, m->signer.account) == 0)
		return ROTATE_GO;
	r->home_kind = target->home_kind;
	(void)snprintf(r->home, sizeof(r->home), "%s", target->home);
	(void)snprintf(r->profile, sizeof(r->profile), "%s", target->profile);
	(void)snprintf(r->by, sizeof(r->by), "%s", target->by);
	(void)snprintf(r->account, sizeof(r->account), "%s", m->signer.account);
	/* Remembered from now on, so that later runs find it (`run --all`). */
	return m->order.dry_run ? ROTATE_GO : rotate_save(m, r->state);
}

static enum rotate_end load(struct rotate *m, const struct rotate_record *target)
{
	char user[ROTATE_USER_MAX];
	int r;

	(void)snprintf(user, sizeof(user), "%s", m->rec.user);
	r = m->order.dry_run ?
	    journal_look(m->state_dir, m->signer.account, user, &m->rec, &m->e) :
	    journal_open(&m->journal, m->state_dir, m->signer.account, user, &m->rec, &m->e);
	if (r != 0)
		return r == ERR_CONFLICT ? ROTATE_BUSY : ROTATE_STUCK;
	(void)snprintf(m->rec.user, sizeof(m->rec.user), "%s", user);
	return take_target(m, target);
}

enum rotate_end rotate_check_account(struct rotate *m, const struct rotate_record *target)
{
	if (target->account[0] == '\0' || strcmp(target->account, m->signer.account) == 0)
		return ROTATE_GO;
	return ROTATE_END(m, ROTATE_STUCK, "%s: the key has to be of the account %s, who signs is of %s",
	    target->user[0] != '\0' ? target->user : target->home, target->account, m->signer.account);
}

static bool signs_itself(const struct rotate_record *target)
{
	return target->home_kind == ROTATE_HOME_PROFILE && strcmp(target->by, target->profile) == 0;
}

/* Who signs is not known. */
static enum rotate_end no_signer(struct rotate *m, const struct rotate_record *target,
    enum rotate_answer a)
{
	const struct err why = m->e;

	if (a != ROTATE_DEAD || !signs_itself(target))
		return rotate_failed(a);
	return ROTATE_END(m, ROTATE_DRIFT, "profile %s: its own key signs, and does not work (%.300s): "
	    "`bastionctl rotate repair USER --profile %s --by PROFILE`", target->profile, why.text,
	    target->profile);
}

enum rotate_end rotate_open(struct rotate *m, const struct rotate_record *target)
{
	enum rotate_answer a;
	enum rotate_end end;

	m->started = rotate_now(m);
	a = m->iam->identity(m->iam->ctx, NULL, &m->signer, &m->e);
	if (a == ROTATE_OK)
		a = m->iam->signer(m->iam->ctx, m->signer_id, m->behind_id, &m->e);
	if (a != ROTATE_OK)
		return no_signer(m, target, a);
	if ((end = rotate_check_account(m, target)) != ROTATE_GO || (end = rotate_look(m)) != ROTATE_GO ||
	    (end = find_user(m, target)) != ROTATE_GO)
		return end;
	if ((end = load(m, target)) != ROTATE_GO)
		return end;
	/* Once more: until now nobody was kept from changing it. */
	return rotate_look(m);
}
