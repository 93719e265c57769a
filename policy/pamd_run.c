#include "policy/pamd_run.h"

#include <security/pam_appl.h>

#define MUST_FAIL PAM_PERM_DENIED

struct pamd_state pamd_state_begin(void)
{
	return (struct pamd_state){PAMD_UNDEFINED, MUST_FAIL};
}

/* A success counts only where something has counted as one. */
int pamd_state_end(const struct pamd_state *now)
{
	return now->status == PAM_SUCCESS && now->impression != PAMD_POSITIVE ? MUST_FAIL :
	    now->status;
}

/* The entry behind at's (sub)stack. */
static int behind(const struct pamd_stack *s, int at)
{
	const int level = s->entry[at].level;

	while (at + 1 < s->count && s->entry[at + 1].level >= level)
		at++;
	return at + 1;
}

/* The target of a jump; *bad when the (sub)stack is too short for it. */
static int jump(const struct pamd_stack *s, int at, int lines, bool *bad)
{
	const int level = s->entry[at].level;

	while (lines > 0 && at + 1 < s->count && s->entry[at + 1].level >= level) {
		do
			at++;
		while (at + 1 < s->count && s->entry[at + 1].level > level);
		lines--;
	}
	*bad = lines > 0;
	return at + 1;
}

static void count_ok(struct pamd_state *now, int code)
{
	if (now->impression == PAMD_UNDEFINED ||
	    (now->impression == PAMD_POSITIVE && now->status == PAM_SUCCESS))
		*now = (struct pamd_state){PAMD_POSITIVE, code};
}

/* The first failure's code stays. */
static void count_bad(struct pamd_state *now, int code)
{
	if (now->impression != PAMD_NEGATIVE)
		*now = (struct pamd_state){PAMD_NEGATIVE, code == PAM_IGNORE ? MUST_FAIL : code};
}

int pamd_step(const struct pamd_stack *s, int at, int code, const struct pamd_state *saved,
    struct pamd_state *now)
{
	const bool known = code >= 0 && code < PAMD_CODES;
	const int action = known ? s->entry[at].control.action[code] : PAMD_BAD;
	bool bad = false;
	int to = at + 1;

	if (action > 0)
		to = jump(s, at, action, &bad);
	else if (action == PAMD_OK || action == PAMD_DONE)
		count_ok(now, code);
	else if (action == PAMD_BAD || action == PAMD_DIE)
		count_bad(now, known ? code : MUST_FAIL);
	else if (action == PAMD_RESET)
		*now = *saved;
	if (bad)
		*now = (struct pamd_state){PAMD_NEGATIVE, MUST_FAIL};
	/* `done` behind a failure ends nothing. */
	if (action == PAMD_DIE || (action == PAMD_DONE && now->impression == PAMD_POSITIVE))
		to = behind(s, at);
	return to;
}

int pamd_run(const struct pamd_stack *s, pamd_answer answer, void *ctx)
{
	struct pamd_state now = pamd_state_begin(), saved[PAMD_STACK_DEPTH];

	saved[0] = now;
	for (int at = 0; at < s->count;) {
		const struct pamd_entry *x = &s->entry[at];
		int code;

		if (x->role == PAMD_SUBSTACK) {
			saved[x->level + 1] = now;
			at++;
			continue;
		}
		if ((code = answer(ctx, s, at)) == PAM_INCOMPLETE)
			return code;
		at = pamd_step(s, at, code, &saved[x->level], &now);
	}
	return pamd_state_end(&now);
}
