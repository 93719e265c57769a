#include "pam_module/show.h"

#include "enroll/notice.h"
#include "enroll/offer.h"
#include "enroll/pending.h"
#include "lib/core/answer.h"
#include "lib/core/look.h"
#include "lib/core/secret.h"
#include "pam_module/report.h"
#include "pam_module/talk.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define INVERSIONS 8 /* how often the picture is drawn again for one login */

/* In secret memory. */
struct work {
	struct pending_shown shown;
	struct pending_others others;
	uint8_t place[RECORD_HASH];
	char issuer[CONF_ISSUER_MAX];
};

static void refused(struct attempt *a, int code, const struct err *e)
{
	const struct report_decision d = {LOG_ERR, "error", err_name(code), NULL, e->text};

	report_decision(a->en->pamh, &a->req, a->key, &d);
	talk_say(a->en->pamh, PAM_ERROR_MSG, code == ERR_REFUSED ?
	    "Refused: enrolment is not open." : "Refused: wrong code.");
}

/* An open store, for what enrolment does besides a login. */
static int with_store(struct attempt *a, int (*act)(const struct steps *s, void *ctx,
    struct err *e), void *ctx, struct err *e)
{
	struct store store;
	struct steps s = {&store, &a->en->conf, a->req.user, true, a->req.uid, a->req.now,
	    NULL};
	int r = store_open(&store, &a->en->conf, e);

	if (r != 0)
		return r;
	r = act(&s, ctx, e);
	store_close(&store);
	return r;
}

struct offering {
	struct attempt *a;
	struct work *w;
	bool word;
};

static int make_offer(const struct steps *s, void *ctx, struct err *e)
{
	struct offering *o = ctx;
	const struct sshkey_set *keys = &o->a->keys;
	const struct pending_offer q = {o->w->place, keys->count > 0 ? keys->hash[0] : NULL,
	    !o->word, o->word ? o->a->req.now : 0};

	return pending_offer(s, &q, &o->w->shown, e);
}

static int make_confirm(const struct steps *s, void *ctx, struct err *e)
{
	const struct offering *o = ctx;

	return pending_confirm(s, o->w->shown.device.id, &o->w->others, e);
}

/* The first showing of this login is logged; drawing it the other way is not one. */
static void report_shown(struct attempt *a, const struct work *w)
{
	const struct report_decision d = {LOG_NOTICE, "shown", w->shown.again ? "again" : NULL,
	    w->shown.device.name, NULL};

	report_decision(a->en->pamh, &a->req, a->key, &d);
}

static const char *issuer_of(const struct attempt *a, struct work *w)
{
	const char *set = a->en->conf.issuer;

	if (set[0] != '\0')
		return set;
	if (gethostname(w->issuer, sizeof(w->issuer) - 1) != 0)
		w->issuer[0] = '\0';
	w->issuer[strcspn(w->issuer, ":")] = '\0';
	return w->issuer;
}

/* 0 and what was typed at the picture (NULL: nothing), or no conversation. */
static int ask(struct attempt *a, struct work *w, char **typed)
{
	struct offer o = {a->req.user, issuer_of(a, w), &w->shown.device, false};
	int r = 0;

	*typed = NULL;
	for (int i = 0; i < INVERSIONS && r == 0; i++) {
		char *text;

		if ((r = offer_text(&o, &text, NULL)) != 0)
			return r;
		r = talk_ask_text(a->en->pamh, text, typed);
		offer_free(&text);
		if (r != 0 || *typed == NULL ||
		    (strcmp(*typed, "i") != 0 && strcmp(*typed, "I") != 0))
			return r;
		talk_wipe(typed);
		o.invert = !o.invert;
	}
	return ERR_UNAVAIL;
}

static enum show_end put_in_force(struct attempt *a, struct work *w)
{
	struct offering o = {a, w, false};
	struct err e = {0};
	int r = with_store(a, make_confirm, &o, &e);

	if (r != 0) {
		refused(a, r, &e);
		return SHOW_REFUSED;
	}
	report_login(a->en->pamh, &(struct report){&a->req, &a->res, a->key, "enrolled", 0});
	if (notice_send(NOTICE_ENROLLED, a->req.user, w->shown.device.name, &e) != 0)
		report_note(a->en->pamh, a->req.user, "notify_not_run", e.text);
	talk_welcome(a->en->pamh, &a->res);
	talk_enrolled(a->en->pamh, w->others.count, w->others.last);
	return SHOW_ENROLLED;
}

static enum show_end confirm(struct attempt *a, struct work *w, bool grace)
{
	a->req.place = w->place;
	for (int i = 0; i < a->en->conf.retry; i++) {
		char *typed;
		int r = i == 0 ? ask(a, w, &typed) : talk_ask(a->en->pamh, &typed);
		bool wait;

		if (r != 0) {
			report_trouble(a->en->pamh, "conversation", NULL);
			return SHOW_NO_CONVERSATION;
		}
		wait = grace && answer_is_empty(typed);
		if (!wait)
			attempt_judge(a, typed);
		talk_wipe(&typed);
		if (wait)
			return SHOW_GRACE;
		if (a->res.verdict == LOGIN_OK)
			return put_in_force(a, w);
		talk_refused(a->en->pamh, &a->res, a->req.proven);
	}
	return SHOW_REFUSED;
}

enum show_end show(struct attempt *a, bool grace, bool word)
{
	enum show_end end = SHOW_REFUSED;
	struct secret memory;
	struct offering o = {a, NULL, word};
	struct err e = {0};
	int r;

	if (secret_new(&memory, sizeof(*o.w)) != 0)
		return SHOW_REFUSED;
	o.w = (struct work *)(void *)memory.data;
	r = look_place(&a->req, o.w->place);
	if (r == 0)
		r = with_store(a, make_offer, &o, &e);
	if (r == 0) {
		report_shown(a, o.w);
		end = confirm(a, o.w, grace);
	} else if (grace) {
		/* What cannot be shown must not keep somebody out who may come in without. */
		report_note(a->en->pamh, a->req.user, "not_shown", e.text);
		end = SHOW_GRACE;
	} else {
		refused(a, r, &e);
	}
	a->req.place = NULL;
	secret_free(&memory);
	return end;
}
