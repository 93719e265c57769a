/*
 * fuzz_net_document: an answer of IAM about the account or a user.  A password policy that is
 * taken is in range, and is printed as the same again; a document is decoded to no more than
 * it was, and two are the same only where both say it.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seen.h"

#include "policy/iam/fix_account.h"
#include "policy/iam/fix_user.h"

static void check_policy(const struct iam_policy *p)
{
	struct buffer text = {0};
	struct iam_policy again, merged;

	MUST(p->custom && p->value[IAM_MINIMUM_PASSWORD_LENGTH] >= 6 &&
	    p->value[IAM_MINIMUM_PASSWORD_LENGTH] <= 128);
	iam_policy_print(p, &text);
	MUST(iam_json_parse(&again, "again", buffer_string(&text), text.len, NULL) == 0);
	MUST(again.given == p->given && memcmp(again.value, p->value, sizeof(again.value)) == 0);
	/* Never weaker, and what was asked for is there. */
	fix_account_merge(p, FIX_ACCOUNT_BIT(2) | FIX_ACCOUNT_BIT(3) | FIX_ACCOUNT_BIT(4), &merged);
	for (int i = 0; i < IAM_FIELDS; i++)
		MUST(i == IAM_MAX_PASSWORD_AGE || merged.value[i] >= p->value[i]);
	MUST(merged.value[IAM_MAX_PASSWORD_AGE] >= 1 && merged.value[IAM_MAX_PASSWORD_AGE] <= 90);
	buffer_free(&text);
	seen("policy");
}

static void check_answer(const char *text, size_t len)
{
	struct iam_policy p;
	struct err e = {0};
	struct xml x;

	if (xml_read(&x, text, len, NULL) == 0) {
		const int r = iam_policy_read(&p, x.root, &e);

		MUST(r == 0 || (r == ERR_BAD && e.code == ERR_BAD && !p.custom && p.given == 0));
		if (r == 0)
			check_policy(&p);
		else
			seen("refused");
	}
	xml_free(&x);
}

static void check_document(const char *text)
{
	struct buffer out = {0};

	if (!fix_user_decode(text, &out)) {
		MUST(out.data == NULL && out.len == 0);
		seen("undecoded");
		return;
	}
	MUST(out.len == strlen(buffer_string(&out)) && out.len <= strlen(text));
	MUST(strchr(text, '%') != NULL || strcmp(buffer_string(&out), text) == 0);
	MUST(fix_user_same(buffer_string(&out), buffer_string(&out)));
	if (fix_user_same(buffer_string(&out), fix_user_document())) {
		MUST(strstr(buffer_string(&out), "Deny") != NULL || strchr(buffer_string(&out), '\\') != NULL);
		seen("same");
	} else {
		MUST(!fix_user_same(fix_user_document(), buffer_string(&out)));
		seen("other");
	}
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	size_t len;
	char *block = (char *)fuzz_rest(&f, &len), *text = strndup(block, len);

	MUST(text != NULL);
	check_answer(block, len);
	check_document(text);
	free(text);
	free(block);
	return 0;
}
