#include "policy/policy_expire.h"

#include "policy/password/age.h"
#include "policy/password/age_exempt.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400
#define HASH_MIN 13 /* characters: the shortest that crypt(5) knows */

/* A hash that no password has ('!', '*', too short) never logs in. */
static bool is_usable(const char *hash)
{
	return hash != NULL && hash[0] != '!' && hash[0] != '*' && strlen(hash) >= HASH_MIN;
}

static bool is_over(int days, int age)
{
	return age != 0 && (days == POLICY_EXPIRE_UNKNOWN || days >= age);
}

/* As age_judge(): a day ahead is today. */
static int age_of(const struct spwd *s, int64_t now)
{
	const int64_t days = now / DAY - s->sp_lstchg;

	if (s->sp_lstchg < 0 || days < -AGE_AHEAD || days > INT_MAX)
		return POLICY_EXPIRE_UNKNOWN;
	return days > 0 ? (int)days : 0;
}

/* Whether s expires newly, and how. */
static bool is_new(const struct spwd *s, const struct policy_expire_ask *ask,
    struct policy_expired *one)
{
	const struct policy_ages *old = &ask->in_force, *new = &ask->would_be;
	const struct passwd *pw;
	bool is_ahead, is_hard;

	if (!is_usable(s->sp_pwdp) || s->sp_lstchg == 0)
		return false;
	one->user = s->sp_namp;
	one->days = age_of(s, ask->now);
	if (!is_over(one->days, new->max) && !is_over(one->days, new->hard))
		return false;
	pw = getpwnam(s->sp_namp);
	if (pw != NULL && ask->conf != NULL &&
	    age_exempt_has(ask->conf, &(struct who_account){pw->pw_name, pw->pw_gid}) == 1)
		return false;
	is_ahead = one->days == POLICY_EXPIRE_UNKNOWN && s->sp_lstchg > 0;
	is_hard = !is_ahead && (pw == NULL || pw->pw_uid != 0);
	one->hard = is_hard && is_over(one->days, new->hard);
	if (one->hard)
		return !is_over(one->days, old->hard);
	return is_over(one->days, new->max) && !is_over(one->days, old->max);
}

int policy_expire(const struct policy_expire_ask *ask,
    void (*each)(void *ctx, const struct policy_expired *one), void *ctx, struct err *e)
{
	FILE *f = fopen(ask->shadow, "re");
	const struct spwd *s;
	int n = 0;

	if (f == NULL)
		return err_errno(e, "%s", ask->shadow);
	for (errno = 0; (s = fgetspent(f)) != NULL; errno = 0) {
		struct policy_expired one;

		if (is_new(s, ask, &one)) {
			each(ctx, &one);
			n++;
		}
	}
	if (feof(f) == 0)
		n = err_errno(e, "%s", ask->shadow);
	(void)fclose(f);
	return n;
}
