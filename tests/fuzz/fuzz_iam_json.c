/*
 * fuzz_iam_json: an account password policy that is taken has every field in range, is
 * kept and read as the same again, and asks for what its fields say; what is refused says
 * where, and leaves nothing to be used.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/password/iam_json.h"

static void check_range(const struct iam_policy *p)
{
	MUST(p->custom && p->given < 1U << IAM_FIELDS);
	MUST(p->value[IAM_MINIMUM_PASSWORD_LENGTH] >= 6 &&
	    p->value[IAM_MINIMUM_PASSWORD_LENGTH] <= 128);
	MUST(p->value[IAM_MAX_PASSWORD_AGE] >= 0 && p->value[IAM_MAX_PASSWORD_AGE] <= 1095);
	MUST(p->value[IAM_PASSWORD_REUSE_PREVENTION] >= 0 &&
	    p->value[IAM_PASSWORD_REUSE_PREVENTION] <= 24);
	MUST(p->value[IAM_EXPIRE_PASSWORDS] == (p->value[IAM_MAX_PASSWORD_AGE] != 0));
	for (int i = 0; i < IAM_FIELDS; i++) {
		MUST(iam_field_is_number((enum iam_field)i) || p->value[i] == 0 || p->value[i] == 1);
		/* Of what is absent no class and no time is asked. */
		MUST((p->given >> i & 1) != 0 || i == IAM_EXPIRE_PASSWORDS ||
		    i == IAM_MINIMUM_PASSWORD_LENGTH || p->value[i] == 0);
	}
}

static bool is_same(const struct iam_policy *a, const struct iam_policy *b)
{
	return a->custom == b->custom && a->given == b->given &&
	    memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

static void check_rules(const struct iam_policy *p)
{
	struct password_policy r;

	iam_policy_rules(p, &r);
	MUST(strcmp(r.name, "iam") == 0 && !r.bytes && r.max_length == 128);
	MUST(r.min_length >= 6 && r.min_length <= 128);
	MUST(r.max_age >= 0 && r.max_age <= PASSWORD_MOST_AGE);
	MUST(r.reuse >= 0 && r.reuse <= PASSWORD_MOST_REUSE);
	if (!p->custom)
		return;
	MUST(((r.required & PASSWORD_SYMBOL) != 0) == (p->value[IAM_REQUIRE_SYMBOLS] != 0));
	MUST(r.allow_change == (p->value[IAM_ALLOW_USERS_TO_CHANGE_PASSWORD] != 0));
}

/* Kept, and read again. */
static void check_kept(const struct iam_policy *p, const struct iam_mirror *from)
{
	struct iam_mirror m = from != NULL ? *from : (struct iam_mirror){.time = 1764445200,
	    .source = "fuzz"}, back;
	struct iam_policy again;
	char text[IAM_JSON_TEXT];
	struct err e = {0};
	size_t len;

	MUST(iam_json_write(p, &m, text, &len, &e) == 0 && len < sizeof(text));
	MUST(iam_json_parse_kept(&again, &back, "kept", text, len, &e) == 0);
	MUST(is_same(&again, p));
	MUST(back.known && back.time == m.time && strcmp(back.source, m.source) == 0);
}

static void check_error(const struct err *e, int r)
{
	MUST(r == ERR_SYNTAX || r == ERR_BAD);
	MUST(e->code == r && strncmp(e->text, "input:", 6) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct iam_policy p, kept;
	struct iam_mirror m;
	struct err e = {0};
	size_t len;
	/* A block of its own, so that a read behind it is seen. */
	char *text = (char *)fuzz_rest(&f, &len);
	int r = iam_json_parse(&p, "input", text, len, &e);

	if (r == 0) {
		check_range(&p);
		check_rules(&p);
		check_kept(&p, NULL);
		MUST(iam_json_parse_kept(&kept, &m, "input", text, len, &e) == 0);
		MUST(!m.known && is_same(&kept, &p));
	} else {
		check_error(&e, r);
		MUST(!p.custom && p.given == 0);
		r = iam_json_parse_kept(&kept, &m, "input", text, len, &e);
		if (r == 0) {
			MUST(m.known);
			if (kept.custom)
				check_range(&kept);
			check_rules(&kept);
			check_kept(&kept, &m);
		} else {
			check_error(&e, r);
			MUST(!m.known && !kept.custom && kept.given == 0);
		}
	}
	free(text);
	return 0;
}
