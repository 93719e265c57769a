#include "pam_module/decide.h"

#include "lib/core/day.h"

static enum decide_way without_device(const struct conf *c, const struct conf_words *w,
    const struct login_request *req, struct decide *out)
{
	out->far = day_is_far(c->enroll_by, req->now);
	out->grace = req->now < c->enroll_by && !out->far;
	out->take_word = out->look.invited && w->enroll_here && c->enroll != CONF_ENROLL_ADMIN;
	if (c->enroll == CONF_ENROLL_LOGIN && w->enroll_here)
		return DECIDE_SHOW;
	if (out->take_word)
		return DECIDE_CODE;
	return out->grace ? DECIDE_GRACE : DECIDE_CODE;
}

static enum decide_way by_records(const struct conf *c, const struct conf_words *w,
    const struct login_request *req, struct decide *out)
{
	const struct look *l = &out->look;

	/* Trouble with the records: the prompt comes, and login() says what it is. */
	if (look(c, req, &out->look, NULL) != 0)
		return DECIDE_CODE;
	if (l->bypass_until != 0)
		return DECIDE_BYPASS;
	if (l->remembered_until != 0)
		return DECIDE_REMEMBERED;
	if (!l->enrolled)
		return without_device(c, w, req, out);
	/* Another person of a shared account, by an invitation of the administrator's. */
	out->take_word = l->invited && w->enroll_here && c->enroll != CONF_ENROLL_ADMIN;
	return DECIDE_CODE;
}

void decide(const struct conf *c, const struct conf_words *w, const struct login_request *req,
    const struct exempt_facts *who, struct decide *out)
{
	*out = (struct decide){.way = DECIDE_CODE, .rollout = {.rule = -1, .stale = -1}};
	if (!req->proven || !req->account)
		return;
	rollout_judge(c, who, &out->rollout);
	if (out->rollout.duty == ROLLOUT_EXEMPT)
		out->way = DECIDE_EXEMPT;
	else if (out->rollout.duty == ROLLOUT_NOT_REQUIRED)
		out->way = DECIDE_NOT_REQUIRED;
	else
		out->way = by_records(c, w, req, out);
}
