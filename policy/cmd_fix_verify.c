#include "policy/cmd_fix_verify.h"

#include "enroll/language.h"
#include "policy/audit/audit.h"
#include "policy/cmd_common.h"

#include <stdio.h>
#include <time.h>

/* What is there now; whether it was used, and would come back, is another matter. */
static const struct audit_choice checks = {
    .check = "EIC-01,EIC-02,EIC-03,EIC-04,EIC-05,EIC-06"};

static int tell(const struct audit_finding *x)
{
	const enum audit_status is = audit_status_of(x);

	if (is != AUDIT_FAIL && is != AUDIT_ERROR)
		return CMD_YES;
	(void)printf(is == AUDIT_FAIL ? _("%s still fails:\n") : _("%s could not be told:\n"),
	    x->check->id);
	for (size_t i = 0; i < x->result.count; i++)
		if (x->result.note[i].status == is)
			(void)printf("  - %s\n", x->result.note[i].text);
	return is == AUDIT_FAIL ? CMD_NO : CMD_TROUBLE;
}

int cmd_fix_verify(struct facts *now)
{
	const struct audit_rules rules = {.now = (int64_t)time(NULL)};
	struct audit a = {.count = 0};
	struct err e = {0};
	int worst = CMD_YES;

	if (now->failed || audit_run(&a, now, &rules, &checks, &e) != 0) {
		audit_free(&a);
		return cmd_tell(&e, CMD_TROUBLE);
	}
	for (size_t i = 0; i < a.count; i++) {
		const int r = tell(&a.item[i]);

		/* What fails is sure. */
		worst = worst == CMD_NO || r == CMD_YES ? worst : r;
	}
	audit_free(&a);
	return worst;
}
