#include "policy/audit/iam_facts.h"

#include "enroll/language.h"
#include "policy/audit/words.h"

#include <stdio.h>
#include <string.h>

bool iam_facts_users(struct facts *f, struct result *r)
{
	const struct fact *users = facts_get(f, "iam", "users");

	if (result_untold(r, users, "iam", "users"))
		return false;
	if (facts_next(f, "iam-user", "", NULL) != NULL)
		return true;
	result_note(r, AUDIT_INFO, N_("the account has no IAM users: there is nobody to judge"));
	return false;
}

bool iam_facts_told(struct facts *f, struct result *r, const char *kind, const char *name)
{
	return !result_untold(r, facts_get(f, kind, name), kind, name);
}

const struct fact *iam_facts_key(struct facts *f, const char *user, const struct fact *last)
{
	char prefix[IAM_FACTS_WORD];

	(void)snprintf(prefix, sizeof(prefix), "%.150s/", user);
	return facts_next(f, "iam-key", prefix, last);
}

void iam_facts_age(int64_t seconds, char text[IAM_FACTS_AGE])
{
	const long long s = seconds < 0 ? 0 : (long long)seconds;

	if (s >= 86400)
		(void)snprintf(text, IAM_FACTS_AGE, "%lld d %lld h", s / 86400, s % 86400 / 3600);
	else
		(void)snprintf(text, IAM_FACTS_AGE, "%lld h %lld min", s / 3600, s % 3600 / 60);
}

void iam_facts_word(const struct fact *x, const char *key, char text[IAM_FACTS_WORD])
{
	size_t n = 0;
	const char *value = words_value(x->text, key, &n);

	(void)snprintf(text, IAM_FACTS_WORD, "%.*s", value != NULL ? (int)(n < 150 ? n : 150) : 1,
	    value != NULL ? value : "-");
}

void iam_facts_user(const struct fact *key, char text[IAM_FACTS_WORD])
{
	const size_t n = strcspn(key->name, "/");

	(void)snprintf(text, IAM_FACTS_WORD, "%.*s", (int)(n < 150 ? n : 150), key->name);
}

void iam_facts_report(struct facts *f, int64_t now, char text[IAM_FACTS_AGE])
{
	const int64_t at = words_number(facts_string(f, "iam", "report"), "generated");

	if (at < 0)
		(void)snprintf(text, IAM_FACTS_AGE, "-");
	else
		iam_facts_age(now - at, text);
}
