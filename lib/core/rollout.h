/*
 * rollout: who must show a code (`require`, `exempt`).  Asked behind a proven first
 * factor only; needs neither keyring nor store.
 */
#ifndef PB_ROLLOUT_H
#define PB_ROLLOUT_H

#include "lib/core/conf.h"
#include "lib/core/exempt.h"

enum rollout_duty {
	ROLLOUT_MUST = 0,     /* zeroed memory asks for the code */
	ROLLOUT_EXEMPT,       /* by a line of `exempt` */
	ROLLOUT_NOT_REQUIRED  /* outside `require` */
};

struct rollout {
	enum rollout_duty duty;
	int rule;      /* EXEMPT: which of conf's; else -1 */
	int64_t until; /* end of its last day; 0: for ever */
	bool ending;   /* in its last EXEMPT_WARN_DAYS days */
	int stale;     /* a rule that names them and whose day does not count, or -1 */
};

/* An NSS error in `exempt` exempts nobody, in `require` lets nobody out. */
void rollout_judge(const struct conf *c, const struct exempt_facts *f, struct rollout *out);

#endif
