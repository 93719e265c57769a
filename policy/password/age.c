#include "policy/password/age.h"

#include "lib/core/day.h"

static bool is_ahead(const struct age_facts *f, int64_t today)
{
	return f->last != AGE_UNSET && f->last > today + AGE_AHEAD;
}

/* The day a password was set, or AGE_UNSET. */
static int64_t day_set(const struct age_facts *f, int64_t today, int64_t now)
{
	const int64_t last = f->last > today ? today : f->last;
	const int64_t set = f->last > 0 && !is_ahead(f, today) ? last : AGE_UNSET;
	const int64_t own = f->own > 0 && f->own <= now ? f->own / DAY_SECONDS : AGE_UNSET;

	return own > set ? own : set;
}

static enum age_what too_old(const struct age_facts *f, const struct age_rule *rule,
    int64_t today)
{
	return rule->hard_expiry && f->uid != 0 && !is_ahead(f, today) ? AGE_EXPIRED : AGE_CHANGE;
}

static struct age_verdict judge_days(const struct age_facts *f, const struct age_rule *rule,
    int64_t now)
{
	const int64_t today = now / DAY_SECONDS;
	const int64_t set = day_set(f, today, now);
	const int64_t left = rule->max_age - (today - set);

	if (set == AGE_UNSET)
		return (struct age_verdict){too_old(f, rule, today), AGE_NOT_KNOWN, 0};
	if (left <= 0)
		return (struct age_verdict){too_old(f, rule, today), AGE_OLD, left};
	return (struct age_verdict){left <= rule->warn_days ? AGE_WARN : AGE_FINE,
	    left <= rule->warn_days ? AGE_SOON : AGE_YOUNG, left};
}

void age_judge(const struct age_facts *f, const struct age_rule *rule, int64_t now,
    struct age_verdict *out)
{
	*out = (struct age_verdict){0};
	if (rule->max_age <= 0)
		*out = (struct age_verdict){AGE_FINE, AGE_NO_RULE, 0};
	else if (f->exempt)
		*out = (struct age_verdict){AGE_FINE, AGE_IS_EXEMPT, 0};
	else if (f->no_password)
		*out = (struct age_verdict){AGE_FINE, AGE_NO_PASSWORD, 0};
	else if (f->last == 0)
		*out = (struct age_verdict){AGE_CHANGE, AGE_ADMINISTRATOR, 0};
	else
		*out = judge_days(f, rule, now);
}

void age_judge_both(const struct age_facts *f, const struct age_rule *rule, int hard_age,
    int64_t now, struct age_verdict *out)
{
	const struct age_rule last = {.max_age = hard_age, .hard_expiry = true,
	    .warn_days = rule->warn_days};
	struct age_verdict hard;

	age_judge(f, rule, now, out);
	age_judge(f, &last, now, &hard);
	if (hard.what == AGE_EXPIRED)
		*out = hard;
}

const char *age_reason(enum age_why why)
{
	switch (why) {
	case AGE_OLD:
		return "old";
	case AGE_NOT_KNOWN:
		return "not_known";
	case AGE_ADMINISTRATOR:
		return "administrator";
	case AGE_SOON:
		return "soon";
	case AGE_YOUNG:
		return "young";
	case AGE_NO_RULE:
		return "no_rule";
	case AGE_IS_EXEMPT:
		return "exempt";
	case AGE_NO_PASSWORD:
		return "no_password";
	}
	return "not_known";
}
