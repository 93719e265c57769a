#include "policy/policy_expire.h"

#include "policy/password/age.h"

#include <errno.h>
#include <limits.h>
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
static bool is_new(const struct spwd *s, const struct policy_ages ages[2], int64_t now,
    struct policy_expired *one)
{
	bool is_ahead;

	if (!is_usable(s->sp_pwdp) || s->sp_lstchg == 0)
		return false;
	one->user = s->sp_namp;
	one->days = age_of(s, now);
	is_ahead = one->days == POLICY_EXPIRE_UNKNOWN && s->sp_lstchg > 0;
	one->hard = !is_ahead && is_over(one->days, ages[1].hard);
	if (one->hard)
		return !is_over(one->days, ages[0].hard);
	return is_over(one->days, ages[1].max) && !is_over(one->days, ages[0].max);
}

int policy_expire(const char *shadow, const struct policy_ages ages[2], int64_t now,
    void (*each)(void *ctx, const struct policy_expired *one), void *ctx, struct err *e)
{
	FILE *f = fopen(shadow, "re");
	const struct spwd *s;
	int n = 0;

	if (f == NULL)
		return err_errno(e, "%s", shadow);
	for (errno = 0; (s = fgetspent(f)) != NULL; errno = 0) {
		struct policy_expired one;

		if (is_new(s, ages, now, &one)) {
			each(ctx, &one);
			n++;
		}
	}
	if (feof(f) == 0)
		n = err_errno(e, "%s", shadow);
	(void)fclose(f);
	return n;
}
