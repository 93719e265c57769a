#include "enroll/pending.h"

#include "lib/core/look.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <string.h>

static bool is_live(const struct record_pending *p, int64_t now)
{
	return look_is_running(p->device.created, LOOK_PENDING_LIFE, now);
}

static void drop_expired(struct record_enroll *r, int64_t now)
{
	int n = 0;

	for (int i = 0; i < r->pendings; i++)
		if (is_live(&r->pending[i], now))
			r->pending[n++] = r->pending[i];
	for (int i = n; i < r->pendings; i++)
		secret_wipe(&r->pending[i], sizeof(r->pending[i]));
	r->pendings = (uint8_t)n;
}

static bool has_name(const struct record_enroll *r, const char *name)
{
	for (int i = 0; i < r->devices; i++)
		if (strcmp(r->device[i].name, name) == 0)
			return true;
	return false;
}

/* "phone", "phone-2", ... */
static void name_device(const struct record_enroll *r, char name[RECORD_DEVICE_NAME_MAX + 1])
{
	for (unsigned n = 1; n <= RECORD_DEVICES + 1; n++) {
		struct text t = text_in(name, RECORD_DEVICE_NAME_MAX + 1);

		text_add(&t, "phone");
		if (n > 1) {
			text_add_char(&t, '-');
			text_add_number(&t, n);
		}
		if (!has_name(r, name))
			return;
	}
}

struct offering {
	const struct steps *s;
	const struct pending_offer *q;
	struct pending_shown *out;
};

static int add_pending(struct record_enroll *r, const struct offering *o, struct err *e)
{
	struct record_pending *p = &r->pending[r->pendings];
	int code;

	if (r->pendings == RECORD_PENDING)
		return err_set(e, ERR_REFUSED, "%d enrolments of %s are open; wait until they end",
		    RECORD_PENDING, o->s->user);
	memset(p, 0, sizeof(*p));
	p->device.algorithm = RECORD_SHA1;
	p->device.digits = 6;
	p->device.period = 30;
	name_device(r, p->device.name);
	if ((code = steps_new_device(&p->device, o->s->now, e)) != 0)
		return code;
	if (o->q->key != NULL) {
		p->device.has_key = true;
		memcpy(p->device.key, o->q->key, RECORD_HASH);
	}
	memcpy(p->where, o->q->place, RECORD_HASH);
	r->pendings++;
	return 0;
}

/* The word was judged before this lock: its invitation may have led to a device since,
 * have gone, or given way to another one, whose start is later. */
static bool is_invited(const struct record_enroll *r, const struct offering *o)
{
	const struct record_invite *v = &r->invite;

	return v->open && look_is_running(v->since, v->life, o->q->word) &&
	    look_is_running(v->since, v->life, o->s->now);
}

static int offer(void *ctx, struct record_enroll *r, struct err *e)
{
	const struct offering *o = ctx;
	const struct record_pending *p;
	int code;

	if (o->q->word != 0 && !is_invited(r, o))
		return err_set(e, ERR_REFUSED, "%s: the invitation is over", o->s->user);
	if (!o->q->first && o->q->word == 0 && r->devices == 0)
		return err_set(e, ERR_REFUSED, "%s: is not enrolled", o->s->user);
	if (o->q->first && r->devices > 0)
		return err_set(e, ERR_REFUSED, "%s: is enrolled already", o->s->user);
	if (r->devices == RECORD_DEVICES)
		return err_set(e, ERR_REFUSED, "%d devices are enrolled already; remove one",
		    RECORD_DEVICES);
	drop_expired(r, o->s->now);
	p = look_pending(r, o->q->place, o->s->now);
	o->out->again = p != NULL;
	if (p == NULL && (code = add_pending(r, o, e)) != 0)
		return code;
	p = look_pending(r, o->q->place, o->s->now);
	o->out->device = p->device;
	return 0;
}

int pending_offer(const struct steps *s, const struct pending_offer *q,
    struct pending_shown *out, struct err *e)
{
	struct offering o = {s, q, out};

	return steps_change(s, offer, &o, e);
}

struct confirming {
	uint64_t id;
	struct pending_others *others;
};

static void count_others(const struct record_enroll *r, const struct confirming *c)
{
	*c->others = (struct pending_others){0};
	for (int i = 0; i < r->pendings; i++) {
		if (r->pending[i].device.id == c->id)
			continue;
		c->others->count++;
		if (r->pending[i].device.created > c->others->last)
			c->others->last = r->pending[i].device.created;
	}
}

static int confirm(void *ctx, struct record_enroll *r, struct err *e)
{
	const struct confirming *c = ctx;

	count_others(r, c);
	for (int i = 0; i < r->pendings; i++) {
		if (r->pending[i].device.id != c->id)
			continue;
		if (r->devices == RECORD_DEVICES)
			return err_set(e, ERR_REFUSED, "%d devices are enrolled already; remove "
			    "one", RECORD_DEVICES);
		r->device[r->devices] = r->pending[i].device;
		name_device(r, r->device[r->devices].name);
		r->devices++;
		steps_end_ways(r, true);
		return 0;
	}
	return err_set(e, ERR_NONE, "the enrolment is no longer there");
}

int pending_confirm(const struct steps *s, uint64_t id, struct pending_others *others,
    struct err *e)
{
	struct confirming c = {id, others};

	return steps_change(s, confirm, &c, e);
}

struct inviting {
	const struct steps *s;
	uint32_t life;
	char *text;
};

static int invite(void *ctx, struct record_enroll *r, struct err *e)
{
	const struct inviting *v = ctx;

	if (r->devices == RECORD_DEVICES)
		return err_set(e, ERR_REFUSED, "%d devices are enrolled already; remove one",
		    RECORD_DEVICES);
	if (word_invite(&r->invite, v->s->now, v->life, v->text) != 0)
		return err_set(e, ERR_SYSTEM, "no random numbers from libcrypto");
	secret_wipe(r->pending, sizeof(r->pending));
	r->pendings = 0;
	return 0;
}

int pending_invite(const struct steps *s, uint32_t life, char text[WORD_TEXT_SIZE],
    struct err *e)
{
	struct inviting v = {s, life, text};

	return steps_change(s, invite, &v, e);
}

struct bypassing {
	const struct steps *s;
	uint32_t life;
};

static int bypass(void *ctx, struct record_enroll *r, struct err *e)
{
	const struct bypassing *b = ctx;

	if (r->devices == 0)
		return err_set(e, ERR_NONE, "%s: is not enrolled", b->s->user);
	r->bypass_since = b->life > 0 ? b->s->now : 0;
	r->bypass_life = b->life;
	return 0;
}

int pending_bypass(const struct steps *s, uint32_t life, struct err *e)
{
	struct bypassing b = {s, life};

	return steps_change(s, bypass, &b, e);
}
