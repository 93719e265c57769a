#include "policy/audit/finding.h"

#include "enroll/language.h"

#include <string.h>

/* EIC-01: removed but configured is not installed. */
static void check_package(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	static const char *const names[] = {"ec2-instance-connect", "ec2-instance-connect-selinux"};

	(void)rules;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct fact *x = facts_get(f, "package", names[i]);
		const char *state = strchr(x->text, '\n');

		if (result_untold(r, x, "package", names[i]))
			continue;
		state = state != NULL ? state + 1 : "";
		if (x->is == FACT_NONE)
			result_note(r, AUDIT_PASS, N_("%s: not installed"), names[i]);
		else if (strncmp(state, "install ok installed\n", 21) == 0)
			result_note(r, AUDIT_FAIL, N_("%s %.*s: installed"), names[i],
			    (int)strcspn(state + 21, "\n"), state + 21);
		else
			result_note(r, AUDIT_WARN, N_("%s: %.*s: removed, its configuration is still there"),
			    names[i], (int)strcspn(state, "\n"), state);
	}
}

static const struct audit_check checks[] = {
    {.id = "EIC-01", .severity = AUDIT_HIGH, .title = "EC2 Instance Connect: package absent",
        .title_ko = "EC2 Instance Connect: 패키지 제거", .guide = "2", .isms_p = "2.6.2 2.6.6",
        .rule = N_("the packages ec2-instance-connect and ec2-instance-connect-selinux are not "
        "installed"), .run = check_package},
};

const struct audit_group audit_eic = {checks, sizeof(checks) / sizeof(checks[0])};
