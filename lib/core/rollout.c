#include "lib/core/rollout.h"

/* 1: named; 2: cannot be told, which counts as named. */
static int is_named(void *ctx, const struct who *who)
{
	int r = who_is(who, ctx);

	return r < 0 ? 2 : r;
}

static bool is_required(const struct conf *c, const struct exempt_facts *f)
{
	struct who_account account = f->account;

	return conf_require_is_all(c) || conf_require_each(c, is_named, &account) != 0;
}

static bool take_rule(struct rollout *out, enum exempt_answer answer, int i, int64_t until)
{
	switch (answer) {
	case EXEMPT_YES:
	case EXEMPT_ENDING:
		if (answer == EXEMPT_ENDING && out->ending && until <= out->until)
			return false;
		out->duty = ROLLOUT_EXEMPT;
		out->rule = i;
		out->until = until;
		out->ending = answer == EXEMPT_ENDING;
		return !out->ending;
	case EXEMPT_PAST:
	case EXEMPT_FAR:
		out->stale = i;
		return false;
	case EXEMPT_NOT:
		break;
	}
	return false;
}

void rollout_judge(const struct conf *c, const struct exempt_facts *f, struct rollout *out)
{
	bool done = false;

	*out = (struct rollout){.duty = ROLLOUT_MUST, .rule = -1, .stale = -1};
	/* A rule that goes on is taken before one that ends, and the last of these. */
	for (int i = 0; i < c->exempts && !done; i++) {
		struct exempt x;

		if (exempt_parse(conf_exempt(c, i), &x, NULL) == 0)
			done = take_rule(out, exempt_judge(&x, f), i, x.until);
	}
	if (out->duty == ROLLOUT_MUST && !is_required(c, f))
		out->duty = ROLLOUT_NOT_REQUIRED;
}
