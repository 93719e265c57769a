#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/words.h"

#include <string.h>

#define KIND "probe"

/* A step that is not as expected: refused by what it says. */
static bool is_missing(struct facts *f, struct result *r, const char *step)
{
	return result_untold(r, facts_get(f, KIND, step), KIND, step);
}

/* Without these a refusal proves nothing. */
static void judge_before(struct facts *f, struct result *r)
{
	const struct fact *x = facts_get(f, KIND, "push");

	if (!is_missing(f, r, "push") && !words_is(x->text, "success", "yes"))
		result_note(r, AUDIT_ERROR, N_("the key was not pushed: %s"), x->text);
	x = facts_get(f, KIND, "offered");
	if (!is_missing(f, r, "offered") && strcmp(x->text, "yes") != 0)
		result_note(r, AUDIT_ERROR, N_("the metadata service does not offer the key that was pushed: a "
		    "refusal proves nothing"));
	x = facts_get(f, KIND, "banner");
	if (!is_missing(f, r, "banner") && strncmp(x->text, "SSH-", 4) != 0)
		result_note(r, AUDIT_ERROR, N_("what answers is not sshd: %s"), x->text);
}

/* sshd took the key, whatever it wanted beside. */
static void judge_login(struct facts *f, struct result *r, const char *asked)
{
	const struct fact *x = facts_get(f, KIND, "login");
	const char *said = facts_string(f, KIND, "said");

	if (is_missing(f, r, "login"))
		return;
	if (words_is(x->text, "status", "0"))
		result_note(r, AUDIT_FAIL, N_("%s: logged in with a key that EC2 Instance Connect has pushed"),
		    asked);
	else if (!words_is(x->text, "partial", "no"))
		result_note(r, AUDIT_FAIL, N_("%s: sshd takes a key that EC2 Instance Connect has pushed as a "
		    "first factor"), asked);
	else if (!words_is(x->text, "accepted", "no"))
		result_note(r, AUDIT_FAIL, N_("%s: sshd accepts a key that EC2 Instance Connect has pushed"),
		    asked);
	else if (!words_is(x->text, "status", "255") || !words_is(x->text, "denied", "yes"))
		result_note(r, AUDIT_ERROR, N_("%s: the login was not refused, it broke: %s"), asked,
		    said[0] != '\0' ? said : x->text);
	else
		result_note(r, AUDIT_PASS, N_("%s: a key that was pushed, and that the metadata service offers, is "
		    "refused: %s"), asked, said);
}

void check_probe(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = facts_get(f, KIND, "asked");

	(void)rules;
	if (result_untold(r, x, KIND, "asked"))
		return;
	if (x->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("not asked for: --probe pushes a key and tries it"));
		return;
	}
	judge_before(f, r);
	if (facts_get(f, KIND, "push")->is == FACT_TEXT)
		judge_login(f, r, facts_string(f, KIND, "asked"));
}
