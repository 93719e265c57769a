#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/check_sshd.h"
#include "policy/audit/probe.h"
#include "policy/audit/words.h"
#include "policy/sshd_said.h"

#include <stdio.h>
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

/* Whether sshd starts some way in with a key, and takes one of this kind. */
static bool takes_keys(const char *said)
{
	char list[1024] = "any", types[4096] = "";
	bool first = false, type = false;

	(void)sshd_said_value(said, "authenticationmethods", list, sizeof(list));
	for (const char *p = list; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		const size_t n = strcspn(p, ", ");

		first = first || (n == 9 && memcmp(p, "publickey", n) == 0) ||
		    (n == 3 && memcmp(p, "any", n) == 0);
	}
	/* The other name was OpenSSH's until 8.5. */
	if (!sshd_said_value(said, "pubkeyacceptedalgorithms", types, sizeof(types)))
		(void)sshd_said_value(said, "pubkeyacceptedkeytypes", types, sizeof(types));
	for (const char *p = types; *p != '\0'; p += strcspn(p, ","), p += *p == ',')
		type = type || (strcspn(p, ",") == 11 && memcmp(p, "ssh-ed25519", 11) == 0);
	return sshd_said_yes(said, "pubkeyauthentication") && first && type;
}

/* The control: where sshd turns the account away whatever it shows, or takes no keys, a
 * refusal says nothing of the key.  Which sshd answers is not known: each has to take it. */
static void judge_source(struct facts *f, struct result *r, const struct sshd_source *s,
    const char *user)
{
	const struct fact *said, *refuses;
	char name[600];

	(void)snprintf(name, sizeof(name), "%.300s:probe:%.200s", s->name, user);
	said = facts_get(f, "sshd", name);
	refuses = facts_get(f, "sshd-refuses", name);
	if (result_untold(r, said, "sshd", name))
		return;
	if (said->is == FACT_NONE) {
		result_note(r, AUDIT_ERROR, N_("%s: cannot be asked: %s"), s->name, _("there is no sshd"));
		return;
	}
	if (!result_untold(r, refuses, "sshd-refuses", name) && refuses->is == FACT_TEXT)
		result_note(r, AUDIT_ERROR, N_("%s: %s is turned away whatever the key is: a refusal proves "
		    "nothing: %s"), s->name, user, refuses->text);
	if (!takes_keys(said->text))
		result_note(r, AUDIT_ERROR, N_("%s: lets %s show no ed25519 key at first: a refusal proves "
		    "nothing"), s->name, user);
	if (!sshd_said_yes(said->text, "usepam") &&
	    !words_is(facts_string(f, KIND, "account"), "locked", "no"))
		result_note(r, AUDIT_ERROR, N_("%s: %s is turned away whatever the key is: a refusal proves "
		    "nothing: %s"), s->name, user, _("the account is locked"));
}

static void judge_control(struct facts *f, struct result *r, const char *asked)
{
	struct sshd_sources *all = check_sshd_sources(f, r);
	const struct fact *x = facts_get(f, KIND, "account");
	char user[64] = "";
	size_t n = 0;
	const char *value = words_value(asked, "user", &n);

	if (value != NULL)
		(void)snprintf(user, sizeof(user), "%.*s", (int)(n < sizeof(user) ? n : sizeof(user)), value);
	if (!is_missing(f, r, "account") && !words_is(x->text, "shell", "yes"))
		result_note(r, AUDIT_ERROR, N_("%s: the account has no shell that runs: sshd refuses any key"),
		    user);
	for (size_t i = 0; all != NULL && i < all->count; i++)
		judge_source(f, r, &all->item[i], user);
	sshd_sources_free(all);
}

/* A denial alone is none of the key: ssh may not have shown it. */
static bool judge_refusal(struct result *r, const char *words, const char *asked, const char *said)
{
	const int64_t after = words_number(words, "after");

	if (!words_is(words, "status", "255") || !words_is(words, "denied", "yes"))
		result_note(r, AUDIT_ERROR, N_("%s: the login was not refused, it broke: %s"), asked,
		    said[0] != '\0' ? said : words);
	else if (!words_is(words, "offered", "yes") || !words_is(words, "refused", "yes"))
		result_note(r, AUDIT_ERROR, N_("%s: ssh has not shown the key to sshd: a refusal proves nothing: "
		    "%s"), asked, said);
	else if (after < 0 || after >= PROBE_SECONDS)
		result_note(r, AUDIT_ERROR, N_("%s: the refusal came %lld s after the push, when the key may have "
		    "been over"), asked, (long long)after);
	else
		return true;
	return false;
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
	else if (judge_refusal(r, x->text, asked, said))
		result_note(r, AUDIT_PASS, N_("%s: a key that was pushed, and that the metadata service offers, is "
		    "refused: %s"), asked, said);
	judge_control(f, r, asked);
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
