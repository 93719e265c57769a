/*
 * fuzz_rules_file: a policy file that is taken ends with its last line, has every rule in
 * range, refuses the empty password, and its values as they are printed are taken as the same again; what is
 * refused says where, and leaves no rule.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/password/check.h"
#include "policy/password/rules_file.h"
#include "policy/policy_words.h"

static void check_range(const struct password_policy *p)
{
	MUST(strcmp(p->name, "/input") == 0);
	MUST(p->min_length >= 0 && p->min_length <= 255);
	MUST(p->max_length == 0 || (p->max_length >= 8 && p->max_length <= PASSWORD_LONGEST));
	MUST(p->required < 128 && p->classes >= 0 && p->classes <= 4);
	MUST(p->alternatives >= 0 && p->alternatives <= PASSWORD_ALTERNATIVES);
	MUST(p->min_length > 0 || p->alternatives > 0);
	for (int i = 0; i < p->alternatives; i++) {
		const struct password_alternative *a = &p->alternative[i];

		MUST(a->kinds >= 1 && a->kinds <= 3 && a->length >= 1 && a->length <= 255);
		/* None is of no use beside another. */
		for (int k = 0; k < i; k++)
			MUST((a->kinds < p->alternative[k].kinds) ==
			    (a->length > p->alternative[k].length));
	}
	MUST(p->min_changed >= 0 && p->min_changed <= PASSWORD_MOST_CHANGED);
	MUST(p->max_age >= 0 && p->max_age <= PASSWORD_MOST_AGE);
	MUST(p->reuse >= 0 && p->reuse <= PASSWORD_MOST_REUSE);
	MUST(!p->hard_expiry || p->max_age > 0);
}

static void check_empty_password(const struct password_policy *p)
{
	static struct password_policies all;
	const struct password_facts f = {.fresh = "", .user = "", .gecos = ""};
	struct password_broken b;

	all.count = 1;
	all.policy[0] = *p;
	password_check(&all, &f, &b);
	MUST(b.judged && b.count > 0);
}

static void add_classes(char *text, size_t size, unsigned required)
{
	static const char *const names[] = {"upper", "lower", "digit", "symbol", "letter", NULL,
	    "special"};

	for (int i = 0; i < 7; i++) {
		const size_t n = strlen(text);

		if ((required >> i & 1) != 0)
			(void)snprintf(text + n, size - n, "%s%s",
			    strchr(text, '=') != NULL && text[n - 1] != ' ' ? "," : "", names[i]);
	}
}

static void check_printed(const struct password_policy *p)
{
	char text[2048] = "", value[POLICY_WORDS_MAX];
	struct password_policy again;

	if (p->required != 0) {
		(void)snprintf(text, sizeof(text), "require = ");
		add_classes(text, sizeof(text), p->required);
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "\n");
	}
	if (p->bytes)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "count = bytes\n");
	for (int i = PASSWORD_RULE_MIN_LENGTH; i < PASSWORD_RULES; i++) {
		const enum password_rule rule = (enum password_rule)i;
		const size_t n = strlen(text);

		if (!password_has_rule(p, rule) || (rule >= PASSWORD_RULE_UPPER &&
		    rule <= PASSWORD_RULE_SPECIAL) || (rule == PASSWORD_RULE_MAX_LENGTH &&
		    p->max_length == 0))
			continue;
		policy_value(p, rule, value);
		(void)snprintf(text + n, sizeof(text) - n, "%s = %s\n", password_rule_name(rule),
		    value);
	}
	MUST(rules_file_parse(&again, "/input", text, strlen(text), NULL) == 0);
	MUST(memcmp(&again, p, offsetof(struct password_policy, origin)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct password_policy p;
	struct err e = {0};
	size_t len;
	char *text = (char *)fuzz_rest(&f, &len);

	if (rules_file_parse(&p, "/input", text, len, &e) == 0) {
		MUST(len > 0 && text[len - 1] == '\n');
		check_range(&p);
		check_empty_password(&p);
		check_printed(&p);
	} else {
		MUST(e.code == ERR_SYNTAX && strncmp(e.text, "/input:", 7) == 0);
		MUST(p.name[0] == '\0' && !p.allow_change);
	}
	free(text);
	return 0;
}
