#include "policy/password/age_exempt.h"

#include "lib/core/err.h"

#include <stdbool.h>

struct looking {
	struct who_account account;
	bool unsure;
};

static int is_named(void *ctx, const struct who *who)
{
	struct looking *l = ctx;
	int r = who_is(who, &l->account);

	l->unsure = l->unsure || r < 0;
	return r > 0;
}

int age_exempt_has(const struct conf *c, const struct who_account *a)
{
	struct looking l = {.account = *a};

	if (conf_age_exempt_each(c, is_named, &l) != 0)
		return 1;
	return l.unsure ? ERR_UNAVAIL : 0;
}
