#include "pam_module/weigh.h"

#include "lib/core/text.h"

#include <string.h>
#include <time.h>

/* PAM's: "" is none, as root and chpasswd have it. */
static const char *old_one(const struct change *c)
{
	const char *old = entry_item(c->en->pamh, PAM_OLDAUTHTOK);

	return old != NULL && old[0] != '\0' ? old : NULL;
}

struct history_ask weigh_ask(struct change *c, const char *fresh)
{
	const char *old = old_one(c);
	struct timespec now = {0};
	struct history_ask q = {.store = &c->store, .user = c->user, .live = c->shadow->field,
	    .new = {fresh, strlen(fresh)}, .reuse = c->reuse};

	/* One that is longer has never been a password that crypt(3) took. */
	if (old != NULL && strlen(old) <= HISTORY_PASSWORD_MAX)
		q.old = (struct history_text){old, strlen(old)};
	(void)clock_gettime(CLOCK_REALTIME, &now);
	q.now = now.tv_sec;
	return q;
}

static void check(const struct change *c, const char *fresh, struct password_broken *broken)
{
	const char *old = old_one(c);
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh), .old = old,
	    .old_len = old != NULL ? strlen(old) : 0, .user = c->user, .gecos = c->gecos};

	password_check(&c->policies, &f, broken);
	secret_burn_stack();
}

static void add_name(struct text *t, const char *name)
{
	if (t->len > 0)
		text_add_char(t, ',');
	text_add(t, name);
}

static void name_rules(struct weighed *w)
{
	struct text t = text_in(w->rules, sizeof(w->rules));
	unsigned seen = 0;

	for (int i = 0; i < w->broken.count; i++) {
		const enum password_rule rule = w->broken.item[i].rule;

		if ((seen & 1U << rule) == 0)
			add_name(&t, password_rule_name(rule));
		seen |= 1U << rule;
	}
	if (w->said != HISTORY_FREE)
		add_name(&t, password_rule_name(PASSWORD_RULE_REUSE));
}

int weigh(struct change *c, const char *fresh, struct weighed *out, struct change_trouble *t)
{
	const size_t len = strlen(fresh);
	int r;

	memset(out, 0, sizeof(*out));
	check(c, fresh, &out->broken);
	out->possible = out->broken.judged && len > 0 && len <= HISTORY_PASSWORD_MAX;
	out->said = HISTORY_FREE;
	if (c->history == CHANGE_KEPT && out->possible) {
		const struct history_ask q = weigh_ask(c, fresh);

		r = history_check(&c->work, &q, &out->said, &t->err);
		secret_burn_stack();
		if (r != 0) {
			t->reason = "history";
			return r;
		}
	}
	out->good = out->possible && password_is_good(&out->broken) && out->said == HISTORY_FREE;
	name_rules(out);
	password_broken_merge(&c->policies, &out->broken);
	return 0;
}
