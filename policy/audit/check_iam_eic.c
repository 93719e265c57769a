#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/iam_facts.h"
#include "policy/audit/words.h"

#include <stdio.h>
#include <string.h>

/* ---- EIC-09 ---- */

static void judge_region(struct facts *f, struct result *r, const char *region)
{
	const struct fact *serial = facts_get(f, "ec2-serial", region), *x = NULL;
	char prefix[80], state[IAM_FACTS_WORD];

	(void)snprintf(prefix, sizeof(prefix), "%.64s/", region);
	if (iam_facts_told(f, r, "ec2-endpoints", region))
		while ((x = facts_next(f, "ec2-endpoint", prefix, x)) != NULL) {
			iam_facts_word(x, "state", state);
			if (strncmp(state, "delete-complete", 15) != 0)
				result_note(r, AUDIT_WARN, N_("%s: an EC2 Instance Connect endpoint (%s): it reaches "
				    "port 22 without any software on the host"), x->name, state);
		}
	if (!result_untold(r, serial, "ec2-serial", region) && !words_is(serial->text, "enabled", "no"))
		result_note(r, AUDIT_WARN, N_("%s: access to serial consoles is enabled"), region);
}

static void check_ways(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *regions = facts_get(f, "ec2", "regions");
	char region[80];
	size_t n, count = 0;

	(void)rules;
	if (result_untold(r, regions, "ec2", "regions"))
		return;
	for (const char *at = regions->text; *at != '\0'; at += n, at += strspn(at, ", \n")) {
		n = strcspn(at, ", \n");
		(void)snprintf(region, sizeof(region), "%.*s", (int)(n < 64 ? n : 64), at);
		if (n > 0)
			judge_region(f, r, region), count++;
	}
	if (count == 0)
		result_note(r, AUDIT_ERROR, N_("no region was asked"));
	else if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_PASS, N_("%s: no endpoint, and no access to serial consoles"),
		    regions->text);
}

/* ---- EIC-10 ---- */

static bool may_push(const char *words, char actions[200])
{
	static const char *const all[] = {"SendSSHPublicKey", "SendSerialConsoleSSHPublicKey",
	    "OpenTunnel"};
	size_t n = 0;

	actions[0] = '\0';
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (words_is(words, all[i], "allowed"))
			n += (size_t)snprintf(actions + n, 200 - n, "%s%s", n > 0 ? " " : "", all[i]);
	return n > 0;
}

static void check_who(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *all = facts_get(f, "iam-pushers", "all"), *x = NULL;
	char actions[200];
	size_t n = 0;
	bool users;

	(void)rules;
	if (result_untold(r, all, "iam-pushers", "all"))
		return;
	if (all->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("was not asked for: --deep asks IAM about each user and role"));
		return;
	}
	/* Those who could not be named were not asked about. */
	users = iam_facts_told(f, r, "iam", "users");
	for (; (x = facts_next(f, "iam-push", "", x)) != NULL; n++)
		if (!result_untold(r, x, "iam-push", x->name) && may_push(x->text, actions))
			result_note(r, AUDIT_WARN, "%s: %s", x->name, actions);
	if (n == 0 && users)
		result_note(r, AUDIT_INFO, N_("the account has neither users nor roles"));
	else if (r->status <= AUDIT_PASS)
		result_note(r, AUDIT_INFO, N_("%zu users and roles: none may push a key to all instances; "
		    "whether to some alone, or under conditions, was not asked"), n);
}

static const struct audit_check checks[] = {
    {.id = "EIC-09", .severity = AUDIT_MEDIUM, .scope = AUDIT_ACCOUNT,
        .title = "No endpoint, no serial console", .title_ko = "EIC 엔드포인트·시리얼 콘솔",
        .guide = "2", .isms_p = "2.10.2",
        .rule = N_("in the regions of this account there is no EC2 Instance Connect endpoint, and access "
        "to serial consoles is disabled"), .fix = N_("aws ec2 delete-instance-connect-endpoint; aws ec2 "
        "disable-serial-console-access"), .rollback = N_("create the endpoint, or enable the access, "
        "again"), .run = check_ways},
    {.id = "EIC-10", .severity = AUDIT_MEDIUM, .scope = AUDIT_ACCOUNT, .title = "Who may push keys",
        .title_ko = "키 푸시 권한", .guide = "2", .isms_p = "~2.6.2",
        .rule = N_("no user and no role may push a key or open a tunnel by EC2 Instance Connect"),
        .fix = N_("deny ec2-instance-connect:SendSSHPublicKey, SendSerialConsoleSSHPublicKey and "
        "OpenTunnel by a policy"), .run = check_who},
};

const struct audit_group audit_iam_eic = {checks, sizeof(checks) / sizeof(checks[0])};
