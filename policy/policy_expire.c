#include "policy/policy_expire.h"

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

static int age_of(const struct spwd *s, int64_t now)
{
	const int64_t days = now / DAY - s->sp_lstchg;

	return s->sp_lstchg < 0 || days < 0 || days > INT_MAX ? POLICY_EXPIRE_UNKNOWN : (int)days;
}

/* Whether s expires newly, and how. */
static bool is_new(const struct spwd *s, const struct policy_ages ages[2], int64_t now,
    struct policy_expired *one)
{
	if (!is_usable(s->sp_pwdp) || s->sp_lstchg == 0)
		return false;
	one->user = s->sp_namp;
	one->days = age_of(s, now);
	one->hard = is_over(one->days, ages[1].hard);
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
