/* The policies that `password_policy` names: profile.h; and their sentences: text.h. */
#include "tests/unit/scratch.h"

#include "enroll/language.h"
#include "policy/password/profile.h"
#include "policy/password/rules_file.h"
#include "policy/password/text.h"
#include "policy/policy_words.h"

static int load(struct password_policies *p, const char *list, const char *file, struct err *e)
{
	memset(p, 0xee, sizeof(*p));
	return password_policies_load(p, list, file, e);
}

static void profiles_have_the_numbers_of_their_documents(void **state)
{
	struct password_policy p;

	(void)state;
	assert_int_equal(password_profile("kisa", &p), 0);
	assert_int_equal(p.alternatives, 2);
	assert_int_equal(p.alternative[0].kinds, 2);
	assert_int_equal(p.alternative[0].length, 10);
	assert_int_equal(p.alternative[1].kinds, 3);
	assert_int_equal(p.alternative[1].length, 8);
	assert_int_equal(p.max_age, 90);
	assert_int_equal(password_profile("kisa-2020", &p), 0);
	assert_int_equal(p.alternative[0].kinds, 2);
	assert_int_equal(p.alternative[0].length, 8);
	assert_int_equal(p.alternative[1].kinds, 1);
	assert_int_equal(p.alternative[1].length, 10);
	assert_int_equal(p.max_age, 0);
	assert_int_equal(password_profile("iam-default", &p), 0);
	assert_int_equal(p.min_length, 8);
	assert_int_equal(p.max_length, 128);
	assert_int_equal(p.classes, 3);
	assert_int_equal(p.max_age, 0);
	assert_int_equal(password_profile("cis-aws", &p), 0);
	assert_int_equal(p.min_length, 14);
	assert_int_equal(p.reuse, 24);
	assert_int_equal(p.max_age, 0);
	assert_int_equal(password_profile("nist-800-63b-4", &p), 0);
	assert_int_equal(p.min_length, 15);
	assert_int_equal(p.required | (unsigned)p.classes | (unsigned)p.alternatives, 0);
	assert_int_equal(p.max_age, 0);
	assert_true(p.max_length == 0 || p.max_length >= 64);
	assert_int_equal(password_profile("pci-4.0.1", &p), 0);
	assert_int_equal(p.min_length, 12);
	assert_int_equal(p.required, PASSWORD_LETTER | PASSWORD_DIGIT);
	assert_int_equal(p.reuse, 4);
	assert_int_equal(p.max_age, 90);
}

static void every_rule_of_a_profile_has_its_source(void **state)
{
	(void)state;
	for (int i = 0; password_profile_name(i) != NULL; i++) {
		struct password_policy p;

		assert_int_equal(password_profile(password_profile_name(i), &p), 0);
		assert_string_equal(p.name, password_profile_name(i));
		assert_true(p.allow_change);
		for (int r = PASSWORD_RULE_MIN_LENGTH; r < PASSWORD_RULES; r++) {
			const bool ours = r == PASSWORD_RULE_ALLOW_CHANGE ||
			    (r == PASSWORD_RULE_MAX_LENGTH && p.max_length == 0);

			if (password_has_rule(&p, (enum password_rule)r) && !ours)
				assert_non_null(p.origin[r].document);
		}
	}
}

/* The configuration knows the same names, since it refuses others at load. */
static void configuration_knows_the_names(void **state)
{
	struct conf c;
	char text[128];

	(void)state;
	for (int i = 0; password_profile_name(i) != NULL; i++) {
		(void)snprintf(text, sizeof(text), "password_policy = %s", password_profile_name(i));
		assert_int_equal(conf_parse(&c, "f", text, strlen(text), NULL), 0);
	}
	assert_int_equal(CONF_POLICIES, PASSWORD_POLICIES);
	assert_true(CONF_POLICY_MAX <= PASSWORD_NAME_MAX);
}

static void names_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", ",", "kisa,", ",kisa", "kisa,,iam-default", "KISA",
	    "kisa2020", "kisa,kisa", "kisa, kisa", "none", "iam-mirror", "kisa.conf", "./kisa"};
	struct password_policies p;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load(&p, bad[i], NULL, &e), ERR_SYNTAX);
		assert_int_equal(p.count, 0);
	}
	assert_int_equal(load(&p, " kisa , iam-default\t", NULL, &e), 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.policy[1].name, "iam-default");
}

static void nothing_is_weakened_by_a_missing_file(void **state)
{
	static const char good[] = "{\"PasswordPolicy\":{\"MinimumPasswordLength\":20}}";
	struct password_policies p;
	char path[512], list[600];
	struct err e = {0};
	struct scratch s;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	assert_int_equal(load(&p, "kisa,iam", path, &e), ERR_NONE);
	assert_int_equal(p.count, 0);
	assert_non_null(strstr(e.text, "bastionctl policy import"));
	assert_int_equal(load(&p, "iam", NULL, &e), ERR_NONE);
	/* Of no use to a list that does not name it. */
	assert_int_equal(load(&p, "kisa", path, &e), 0);
	scratch_write(path, good, sizeof(good) - 1, 0644);
	assert_int_equal(load(&p, "kisa,iam", path, &e), 0);
	assert_int_equal(p.policy[1].min_length, 20);
	scratch_write(path, good, sizeof(good) - 1, 0666);
	assert_int_equal(load(&p, "kisa,iam", path, &e), ERR_UNSAFE);
	assert_int_equal(p.count, 0);
	scratch_write(path, good, sizeof(good) - 3, 0644);
	assert_int_equal(load(&p, "kisa,iam", path, &e), ERR_SYNTAX);
	assert_int_equal(p.count, 0);
	scratch_path(&s, path, "own");
	(void)snprintf(list, sizeof(list), "kisa,%s", path);
	assert_int_equal(load(&p, list, NULL, &e), ERR_NONE);
	scratch_write(path, "min_length = 0\n", 15, 0644);
	assert_int_equal(load(&p, list, NULL, &e), ERR_SYNTAX);
	assert_int_equal(p.count, 0);
	scratch_write(path, "min_length = 9\n", 15, 0664);
	assert_int_equal(load(&p, list, NULL, &e), ERR_UNSAFE);
	scratch_write(path, "min_length = 9\n", 15, 0644);
	assert_int_equal(load(&p, list, NULL, &e), 0);
	assert_string_equal(p.policy[1].name, path);
	assert_int_equal(p.policy[1].min_length, 9);
	scratch_remove(&s);
}

/* The file `own` beside the names of a list; a code, and *p and e of it. */
static int load_beside(const char *names, const char *own, struct password_policies *p,
    struct err *e)
{
	char path[512], more[512], list[1200];
	struct scratch s;
	int r;

	scratch_dir(&s);
	scratch_path(&s, path, "own");
	scratch_path(&s, more, "more");
	scratch_write(path, own, strlen(own), 0644);
	scratch_write(more, "min_length = 60\ncount = bytes\n", 30, 0644);
	(void)snprintf(list, sizeof(list), "%s,%s", strcmp(names, "more") == 0 ? more : names,
	    path);
	r = load(p, list, NULL, e);
	scratch_remove(&s);
	return r;
}

static void policies_that_no_password_can_keep_are_refused_and_both_are_named(void **state)
{
	struct password_policies p;
	struct err e = {0};

	(void)state;
	assert_int_equal(load_beside("cis-aws", "min_length = 8\nmax_length = 13\n", &p, &e),
	    ERR_REFUSED);
	assert_int_equal(p.count, 0);
	assert_non_null(strstr(e.text, "'cis-aws', which asks for length 14 at least"));
	assert_non_null(strstr(e.text, "/own', which takes 13 at most"));
	assert_null(strchr(e.text, '\n'));
	assert_int_equal(load_beside("cis-aws", "min_length = 8\nmax_length = 14\n", &p, &e), 0);
	/* The other way round, and by the shortest of the alternatives. */
	assert_int_equal(load_beside("iam-default", "kinds = 1:140, 2:130\n", &p, &e),
	    ERR_REFUSED);
	assert_non_null(strstr(e.text, "/own', which asks for length 130 at least"));
	assert_int_equal(load_beside("iam-default", "kinds = 1:140, 2:128\n", &p, &e), 0);
	assert_int_equal(load_beside("nist-800-63b-4", "min_length = 255\n", &p, &e), 0);
}

static void bytes_and_characters_clash_only_where_it_is_sure(void **state)
{
	struct password_policies p;
	struct err e = {0};

	(void)state;
	/* 14 characters are 14 bytes or more. */
	assert_int_equal(load_beside("cis-aws", "kinds = 1:8\nmax_length = 13\ncount = bytes\n",
	    &p, &e), ERR_REFUSED);
	assert_int_equal(load_beside("cis-aws", "kinds = 1:8\nmax_length = 14\ncount = bytes\n",
	    &p, &e), 0);
	/* 60 bytes are 15 characters or more. */
	assert_int_equal(load_beside("more", "kinds = 1:8\nmax_length = 15\n", &p, &e), 0);
	assert_int_equal(load_beside("more", "kinds = 1:8\nmax_length = 14\n", &p, &e),
	    ERR_REFUSED);
	assert_int_equal(load_beside("more", "kinds = 1:8\nmax_length = 59\ncount = bytes\n",
	    &p, &e), ERR_REFUSED);
}

static void names_in_a_list_are_found_whole(void **state)
{
	(void)state;
	assert_true(password_list_names("iam", "iam"));
	assert_true(password_list_names("kisa, iam ,cis-aws", "iam"));
	assert_false(password_list_names("kisa,iam-default", "iam"));
	assert_false(password_list_names("/iam,xiam", "iam"));
	assert_false(password_list_names("", "iam"));
}

static const char *in_korean(const void *ctx, const char *fmt)
{
	(void)ctx;
	return language_text(fmt);
}

/* Every rule broken, in a policy of every kind. */
static void every_broken_rule_has_a_sentence_with_its_numbers(void **state)
{
	struct password_policies p = {.count = 4};
	const struct password_facts f = {.fresh = "bob\0", .fresh_len = 4, .user = "bob",
	    .gecos = "bob", .old = "bob", .old_len = 3};
	struct password_broken b;
	char text[PASSWORD_TEXT_MAX];

	(void)state;
	for (int i = 0; i < 4; i++)
		p.policy[i] = (struct password_policy){.bytes = i == 1, .min_length = 77,
		    .max_length = i < 2 ? 3 : 99, .required = 127U & ~(unsigned)PASSWORD_LETTER &
		    ~(unsigned)PASSWORD_LOWER, .classes = 4, .alternatives = i,
		    .alternative = {{1, 40}, {2, 30}, {3, 20}}, .not_gecos = true, .min_changed = 5,
		    .not_user = (enum password_user)(i % 3)};
	password_check(&p, &f, &b);
	assert_true(b.count > 30);
	for (int i = 0; i < b.count; i++) {
		memset(text, '#', sizeof(text));
		password_text(&p, &b.item[i], NULL, text);
		assert_true(strlen(text) > 10);
		assert_non_null(strchr(".'", text[strlen(text) - 1]));
		if (b.item[i].rule == PASSWORD_RULE_MIN_LENGTH)
			assert_non_null(strstr(text, ": 4 "));
		if (b.item[i].rule == PASSWORD_RULE_MIN_LENGTH)
			assert_non_null(strstr(text, " 77 "));
		/* Pure: what it is given speaks. */
		password_text(&p, &b.item[i], &(struct password_tongue){in_korean, NULL}, text);
		assert_true(strlen(text) > 10);
	}
	password_text(&p, &(struct password_break){PASSWORD_RULE_KINDS, 2, 0, 4, 1}, NULL, text);
	assert_string_equal(text, "It has 1 of the 3 kinds letters, digits and special characters, "
	    "and length 4; needed are 1 kinds and length 40, or 2 kinds and length 30.");
}

static const char *long_translation(const void *ctx, const char *fmt)
{
	static char all[PASSWORD_TEXT_MAX * 3 + 1];

	(void)ctx, (void)fmt;
	for (size_t i = 0; i < PASSWORD_TEXT_MAX; i++)
		memcpy(all + 3 * i, "가", 3);
	return all;
}

static void used_password_is_named_as_such(void **state)
{
	char text[PASSWORD_TEXT_MAX];

	(void)state;
	password_history_text(HISTORY_FREE, 4, NULL, text);
	assert_string_equal(text, "");
	password_history_text(HISTORY_IN_FORCE, 4, NULL, text);
	assert_string_equal(text, "It is the present password.");
	password_history_text(HISTORY_USED, 4, NULL, text);
	assert_string_equal(text, "It has been used before: neither the present password nor the 4 "
	    "before it are taken.");
}

static void sentence_that_is_cut_ends_with_a_character(void **state)
{
	const struct password_policies p = {.count = 1};
	const struct password_break b = {PASSWORD_RULE_USER, 0, 0, 1, 0};
	char text[PASSWORD_TEXT_MAX];

	(void)state;
	password_text(&p, &b, &(struct password_tongue){long_translation, NULL}, text);
	assert_int_equal(strlen(text) % 3, 0);
	assert_true(strlen(text) > PASSWORD_TEXT_MAX - 4);
}

/* What `policy show --json` prints is what a policy file takes. */
static void values_are_those_of_a_policy_file(void **state)
{
	(void)state;
	for (int i = 0; password_profile_name(i) != NULL; i++) {
		char text[2048] = "", value[POLICY_WORDS_MAX], words[POLICY_WORDS_MAX];
		struct password_policy p, again;
		struct err e = {0};

		assert_int_equal(password_profile(password_profile_name(i), &p), 0);
		for (int r = 0; r < PASSWORD_RULES; r++) {
			const size_t n = strlen(text);
			const bool class = r >= PASSWORD_RULE_UPPER && r <= PASSWORD_RULE_SPECIAL;

			if (r == PASSWORD_RULE_NUL || !password_has_rule(&p, (enum password_rule)r))
				continue;
			policy_value(&p, (enum password_rule)r, value);
			policy_words(&p, (enum password_rule)r, words);
			assert_true(strlen(words) > 5);
			if (class)
				assert_string_equal(value, "yes");
			else
				(void)snprintf(text + n, sizeof(text) - n, "%s = %s\n",
				    password_rule_name((enum password_rule)r), value);
		}
		if (rules_file_parse(&again, p.name, text, strlen(text), &e) != 0)
			fail_msg("%s: %s", text, e.text);
		again.required = p.required;
		again.max_length = p.max_length;
		assert_memory_equal(&again, &p, offsetof(struct password_policy, origin));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(profiles_have_the_numbers_of_their_documents),
	    cmocka_unit_test(every_rule_of_a_profile_has_its_source),
	    cmocka_unit_test(configuration_knows_the_names),
	    cmocka_unit_test(names_that_are_none_are_refused),
	    cmocka_unit_test(nothing_is_weakened_by_a_missing_file),
	    cmocka_unit_test(policies_that_no_password_can_keep_are_refused_and_both_are_named),
	    cmocka_unit_test(bytes_and_characters_clash_only_where_it_is_sure),
	    cmocka_unit_test(names_in_a_list_are_found_whole),
	    cmocka_unit_test(every_broken_rule_has_a_sentence_with_its_numbers),
	    cmocka_unit_test(used_password_is_named_as_such),
	    cmocka_unit_test(sentence_that_is_cut_ends_with_a_character),
	    cmocka_unit_test(values_are_those_of_a_policy_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
