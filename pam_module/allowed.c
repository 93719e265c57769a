#include "pam_module/allowed.h"

#include "lib/core/day.h"
#include "policy/password/age.h"
#include "policy/password/age_exempt.h"

#include <time.h>
#include <unistd.h>

/* Shadow's own rules, which pam_unix keeps: too old, or the administrator wants another. */
static bool shadow_wants(const struct shadow_entry *s, int64_t now)
{
	return s->last == 0 || (s->last > 0 && s->max >= 0 && now / DAY_SECONDS - s->last >= s->max);
}

static void judge_age(const struct change *c, int64_t now, struct age_verdict *v)
{
	const struct conf *conf = &c->en->conf;
	const struct who_account who = {c->user, c->gid};
	const struct age_rule rule = {.max_age = password_max_age(&c->policies)};
	const struct age_facts facts = {.no_password = !shadow_is_usable(c->shadow),
	    .exempt = age_exempt_has(conf, &who) == 1, .uid = c->uid, .last = c->shadow->last,
	    .own = c->changed};

	*v = (struct age_verdict){.what = AGE_FINE};
	if (conf->age != CONF_AGE_OFF)
		age_judge_both(&facts, &rule, password_hard_age(&c->policies), now, v);
}

enum allowed allowed_judge(const struct change *c, int flags)
{
	const bool open = password_allow_change(&c->policies);
	struct timespec t = {0};
	struct age_verdict v;

	if (getuid() == 0)
		return ALLOWED_YES;
	/* A directory knows the age of its own, and says so by the flag alone. */
	if (!c->shadow->local)
		return open || (flags & PAM_CHANGE_EXPIRED_AUTHTOK) != 0 ? ALLOWED_YES : ALLOWED_NOT;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	judge_age(c, t.tv_sec, &v);
	if (v.what == AGE_EXPIRED && c->en->conf.age == CONF_AGE_ENFORCE)
		return ALLOWED_NO_MORE;
	if (open || v.what == AGE_EXPIRED || v.what == AGE_CHANGE)
		return ALLOWED_YES;
	return shadow_wants(c->shadow, t.tv_sec) ? ALLOWED_YES : ALLOWED_NOT;
}
