/*
 * decide: which prompt comes, if any (pam_bastion(8), ROLL-OUT).
 *
 * Behind a proven first factor only; without one the code prompt comes, whoever it
 * is.  Nothing read here lets a code in: login() reads all anew.
 */
#ifndef PB_DECIDE_H
#define PB_DECIDE_H

#include "lib/core/conf.h"
#include "lib/core/exempt.h"
#include "lib/core/login.h"
#include "lib/core/look.h"
#include "lib/core/rollout.h"

enum decide_way {
	DECIDE_CODE = 0, /* ask for the code; zeroed memory does */
	DECIDE_SHOW,     /* show an enrolment */
	DECIDE_EXEMPT,   /* these let in without a prompt */
	DECIDE_NOT_REQUIRED,
	DECIDE_BYPASS,
	DECIDE_REMEMBERED,
	DECIDE_GRACE
};

struct decide {
	enum decide_way way;
	bool take_word; /* the code prompt takes an invitation word too */
	bool far;       /* grace would be, were conf's enroll_by not too far ahead */
	bool grace;     /* an empty answer is let in until conf's enroll_by */
	struct rollout rollout;
	struct look look;
};

/* who: the account as exemptions see it. */
void decide(const struct conf *c, const struct conf_words *w, const struct login_request *req,
    const struct exempt_facts *who, struct decide *out);

#endif
