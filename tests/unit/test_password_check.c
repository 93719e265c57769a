/* What a new password must be: check.h, judged beside a reading of the rules that is
 * written down once more here. */
#include "tests/unit/scratch.h"

#include "policy/password/check.h"
#include "policy/password/kinds.h"
#include "policy/password/profile.h"

#include <ctype.h>
#include <time.h>

#define SYMBOLS "!@#$%^&*()_+-=[]{}|'"

static struct password_policies named(const char *list)
{
	struct password_policies p;
	struct err e = {0};

	memset(&p, 0xee, sizeof(p));
	if (password_policies_load(&p, list, NULL, &e) != 0)
		fail_msg("%s: %s", list, e.text);
	return p;
}

static struct password_policies one(struct password_policy rules)
{
	struct password_policies p = {.count = 1};

	rules.allow_change = true;
	p.policy[0] = rules;
	return p;
}

static struct password_broken judge(const struct password_policies *p,
    const struct password_facts *f)
{
	struct password_broken b;

	memset(&b, 0xee, sizeof(b));
	password_check(p, f, &b);
	return b;
}

static struct password_broken check(const struct password_policies *p, const char *fresh)
{
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh)};
	struct password_broken b = judge(p, &f);

	assert_true(b.judged);
	return b;
}

static bool good(const char *list, const char *fresh)
{
	const struct password_policies p = named(list);
	const struct password_broken b = check(&p, fresh);

	return password_is_good(&b);
}

static bool breaks(const struct password_broken *b, enum password_rule rule)
{
	for (int i = 0; i < b->count; i++)
		if (b->item[i].rule == rule)
			return true;
	return false;
}

static void kisa_and_iam_each_take_what_the_other_refuses(void **state)
{
	(void)state;
	assert_true(good("kisa", "password12"));
	assert_false(good("iam-default", "password12"));
	assert_false(good("kisa", "Passw0rdx"));
	assert_true(good("iam-default", "Passw0rdx"));
	assert_true(good("kisa", "pass12!!"));
	assert_true(good("iam-default", "pass12!!"));
	assert_true(good("kisa,iam-default", "pass12!!"));
	assert_false(good("kisa,iam-default", "password12"));
	assert_false(good("iam-default,kisa", "Passw0rdx"));
}

/* What libpwquality and passwdqc were measured with; the rules here are no estimate. */
static void passwords_that_peers_were_measured_with(void **state)
{
	static const char korean[] = "나는오늘도산에올랐다";
	const struct password_policies kisa = named("kisa");
	struct password_facts f = {.fresh = "alice2026!@#", .fresh_len = 12, .user = "alice"};
	struct password_broken b;

	(void)state;
	assert_true(good("kisa,iam-default", "Tr0ub4dor&3"));
	assert_true(good("kisa,iam-default", "Winter2026!!"));
	assert_true(good("kisa,iam-default,cis-aws", "P@ssw0rdP@ssw0rd"));
	assert_true(good("kisa,nist-800-63b-4", "correct horse battery staple"));
	assert_false(good("iam-default", "correct horse battery staple"));
	/* One kind; ten characters, not thirty. */
	assert_false(good("kisa", korean));
	assert_true(good("kisa-2020", korean));
	assert_false(good("nist-800-63b-4", korean));
	b = judge(&kisa, &f);
	assert_true(breaks(&b, PASSWORD_RULE_USER));
}

/* IAM's symbols, and the traps beside them. */
static void symbols_are_exactly_the_twenty_of_iam(void **state)
{
	const struct password_policies p = one((struct password_policy){
	    .required = PASSWORD_SYMBOL});
	int symbols = 0;

	(void)state;
	for (int c = 1; c < 256; c++) {
		const char fresh[] = {'a', 'B', '1', (char)c, '\0'};
		const struct password_broken b = check(&p, fresh);

		assert_int_equal(password_is_good(&b), strchr(SYMBOLS, c) != NULL);
		symbols += password_is_good(&b);
	}
	assert_int_equal(symbols, 20);
	for (const char *c = " .,/?;:\"<>~`\\"; *c != '\0'; c++) {
		const char fresh[] = {'a', *c, '\0'};
		const struct password_broken b = check(&p, fresh);

		assert_false(password_is_good(&b));
	}
	assert_false(good("iam-default", "Passwordabc."));
	assert_true(good("iam-default", "Passwordabc!"));
}

static void classes_of_iam_are_ascii(void **state)
{
	const struct password_policies p = one((struct password_policy){
	    .required = PASSWORD_UPPER | PASSWORD_LOWER | PASSWORD_DIGIT});
	/* Ä ä, full width A a 1, Arabic 1. */
	struct password_broken b = check(&p, "ÄäＡａ１١");

	(void)state;
	assert_int_equal(b.count, 3);
	b = check(&p, "aB1");
	assert_int_equal(b.count, 0);
}

/* Classes, naively: one strchr() a character. */
static unsigned oracle_classes(const char *s)
{
	unsigned classes = 0;

	for (; *s != '\0'; s++) {
		classes |= strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", *s) != NULL ? 1U : 0U;
		classes |= strchr("abcdefghijklmnopqrstuvwxyz", *s) != NULL ? 2U : 0U;
		classes |= strchr("0123456789", *s) != NULL ? 4U : 0U;
		classes |= strchr(SYMBOLS, *s) != NULL ? 8U : 0U;
		classes |= strchr(SYMBOLS " .,/?;:\"<>~`\\", *s) != NULL ? 16U : 0U;
	}
	return classes;
}

static int bit(unsigned v, unsigned mask)
{
	return (v & mask) != 0;
}

static bool oracle_kisa(const char *s)
{
	const unsigned c = oracle_classes(s);
	const int kinds = bit(c, 3) + bit(c, 4) + bit(c, 16);

	return (kinds >= 2 && strlen(s) >= 10) || (kinds >= 3 && strlen(s) >= 8);
}

static bool oracle_kisa_2020(const char *s)
{
	const unsigned c = oracle_classes(s);

	return strlen(s) >= 10 ? c != 0 : strlen(s) >= 8 && bit(c, 3) + bit(c, 4) + bit(c, 16) >= 2;
}

static bool oracle_iam(const char *s)
{
	const unsigned c = oracle_classes(s);

	return strlen(s) >= 8 && strlen(s) <= 128 && bit(c, 1) + bit(c, 2) + bit(c, 4) + bit(c, 8) >= 3;
}

static bool oracle_pci(const char *s)
{
	const unsigned c = oracle_classes(s);

	return strlen(s) >= 12 && bit(c, 3) + bit(c, 4) == 2;
}

static bool oracle_cis(const char *s)
{
	return strlen(s) >= 14 && strlen(s) <= 128;
}

static bool oracle_nist(const char *s)
{
	return strlen(s) >= 15;
}

/* Xorshift: the same passwords each time. */
static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* Printable ASCII; mostly of one or two classes, so that rules are broken, too. */
static void make(char *s, uint32_t *x)
{
	static const char *const sets[] = {"abcxyz", "ABCXYZ", "0189", SYMBOLS, " .,/?;:\"<>~`\\",
	    "aZ9!", "aA", "a1", "a ", "A'~"};
	const char *set = sets[next(x) % 10], *other = sets[next(x) % 10];
	const size_t n = next(x) % 20 == 0 ? 120 + next(x) % 20 : next(x) % 20;

	for (size_t i = 0; i < n; i++) {
		const char *from = next(x) % 4 != 0 ? set : other;

		s[i] = next(x) % 16 == 0 ? (char)(32 + next(x) % 95) : from[next(x) % strlen(from)];
	}
	s[n] = '\0';
}

static void profiles_agree_with_a_naive_reading(void **state)
{
	static const struct {
		const char *name;
		bool (*oracle)(const char *s);
	} all[] = {{"kisa", oracle_kisa}, {"kisa-2020", oracle_kisa_2020},
	    {"iam-default", oracle_iam}, {"cis-aws", oracle_cis},
	    {"nist-800-63b-4", oracle_nist}, {"pci-4.0.1", oracle_pci}};
	uint32_t x = 20261129;

	(void)state;
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		const struct password_policies p = named(all[k].name);
		int taken = 0;

		for (int i = 0; i < 40000; i++) {
			char fresh[160];
			struct password_broken b;

			make(fresh, &x);
			b = check(&p, fresh);
			if (password_is_good(&b) != all[k].oracle(fresh))
				fail_msg("%s: '%s'", all[k].name, fresh);
			taken += password_is_good(&b);
		}
		assert_true(taken > 1000 && taken < 39000); /* both sides were seen */
	}
}

/* Each rule alone, so that none hides another. */
static void required_classes_agree_with_a_naive_reading(void **state)
{
	uint32_t x = 7;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		const unsigned required = next(&x) % 16;
		const int classes = (int)(next(&x) % 5);
		const struct password_policies p = one((struct password_policy){
		    .required = required, .classes = classes});
		struct password_broken b;
		unsigned c, missing;
		char fresh[160];
		int expected;

		make(fresh, &x);
		c = oracle_classes(fresh) & 15;
		missing = required & ~c;
		expected = bit(missing, 1) + bit(missing, 2) + bit(missing, 4) + bit(missing, 8) +
		    (bit(c, 1) + bit(c, 2) + bit(c, 4) + bit(c, 8) < classes);
		b = check(&p, fresh);
		assert_int_equal(b.count, expected);
	}
}

static void all_broken_rules_are_told_with_their_numbers(void **state)
{
	const struct password_policies p = one((struct password_policy){.min_length = 12,
	    .required = PASSWORD_UPPER | PASSWORD_LOWER | PASSWORD_DIGIT | PASSWORD_SYMBOL,
	    .classes = 4, .alternatives = 1, .alternative = {{3, 9}},
	    .not_user = PASSWORD_USER_NOT_INSIDE, .not_gecos = true, .min_changed = 4});
	const struct password_facts f = {.fresh = "bobby smith", .fresh_len = 11,
	    .old = "bobbysmith", .old_len = 10, .user = "bobby", .gecos = "Bob Smith,,,"};
	static const struct password_break expected[] = {
	    {PASSWORD_RULE_MIN_LENGTH, 0, 12, 11, 0}, {PASSWORD_RULE_UPPER, 0, 1, 0, 0},
	    {PASSWORD_RULE_DIGIT, 0, 1, 0, 0}, {PASSWORD_RULE_SYMBOL, 0, 1, 0, 0},
	    {PASSWORD_RULE_CLASSES, 0, 4, 1, 0}, {PASSWORD_RULE_KINDS, 0, 0, 11, 2},
	    {PASSWORD_RULE_USER, 0, 2, 2, 0}, {PASSWORD_RULE_GECOS, 0, 0, 1, 0},
	    {PASSWORD_RULE_CHANGED, 0, 4, 1, 0}};
	const struct password_broken b = judge(&p, &f);

	(void)state;
	assert_int_equal(b.count, 9);
	for (int i = 0; i < b.count; i++) {
		assert_int_equal(b.item[i].rule, expected[i].rule);
		assert_int_equal(b.item[i].wanted, expected[i].wanted);
		assert_int_equal(b.item[i].has, expected[i].has);
		assert_int_equal(b.item[i].kinds, expected[i].kinds);
	}
}

static void lengths_count_characters_or_bytes(void **state)
{
	const struct password_policies characters = one((struct password_policy){.min_length = 4,
	    .max_length = 8});
	const struct password_policies bytes = one((struct password_policy){.bytes = true,
	    .min_length = 4, .max_length = 8});
	struct password_broken b;

	(void)state;
	b = check(&characters, "가나다");
	assert_int_equal(b.item[0].has, 3);
	b = check(&characters, "가나다라");
	assert_int_equal(b.count, 0);
	b = check(&bytes, "가나");
	assert_int_equal(b.count, 0);
	b = check(&bytes, "가나다");
	assert_int_equal(b.item[0].rule, PASSWORD_RULE_MAX_LENGTH);
	assert_int_equal(b.item[0].has, 9);
	/* What is not UTF-8 counts byte by byte: overlong, surrogate, cut, too high. */
	b = check(&characters, "\xC0\x80\x80");
	assert_int_equal(b.item[0].has, 3);
	b = check(&characters, "\xE0\x9F\xBF");
	assert_int_equal(b.item[0].has, 3);
	b = check(&bytes, "\xF0\x8F\xBF\xBF");
	assert_int_equal(b.count, 0);
	b = check(&characters, "\xF0\x8F\xBF\xBF");
	assert_int_equal(b.count, 0); /* four, not one */
	b = check(&characters, "\xED\xA0\x80");
	assert_int_equal(b.item[0].has, 3);
	b = check(&characters, "\xEA\xB0");
	assert_int_equal(b.item[0].has, 2);
	b = check(&characters, "\xF4\x90\x80\x80");
	assert_int_equal(b.count, 0);
}

/* Hangul is one kind with Latin letters; signs and pictures are special; full width digits
 * are digits. */
static void kinds_beyond_ascii(void **state)
{
	static const struct { const char *s; unsigned kind; } some[] = {{"가", PASSWORD_LETTER},
	    {"ㅎ", PASSWORD_LETTER}, {"é", PASSWORD_LETTER}, {"ß", PASSWORD_LETTER},
	    {"漢", PASSWORD_LETTER}, {"か", PASSWORD_LETTER}, {"ª", PASSWORD_LETTER},
	    {"，", PASSWORD_SPECIAL}, {"€", PASSWORD_SPECIAL}, {"×", PASSWORD_SPECIAL},
	    {"·", PASSWORD_SPECIAL}, {"★", PASSWORD_SPECIAL}, {"😀", PASSWORD_SPECIAL},
	    {"。", PASSWORD_SPECIAL}, {"７", PASSWORD_NUMBER}, {"Ｚ", PASSWORD_LETTER},
	    {"\xC2\x85", 0}, {"\x07", 0}, {"\x7F", 0}, {"\xFF", 0}, {"\xED\xA0\x80", 0}};
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_int_equal(kinds_of(some[i].s, strlen(some[i].s), &n), some[i].kind);
	assert_false(good("kisa", "비밀번호password"));
	assert_true(good("kisa", "비밀번호12345!"));
	assert_true(good("kisa", "비밀번호123456"));
}

static void what_nobody_sees_is_of_no_kind(void **state)
{
	static const char *const unseen[] = {"\xC2\xAD", "\xD8\x9C", "\xE1\xA0\x8E", "\xE2\x80\x8B",
	    "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA0", "\xEF\xB8\x8F",
	    "\xEF\xBB\xBF", "\xEF\xBF\xB9", "\xF3\xA0\x81\x81"};
	static const char *const beside[] = {"\xC2\xAC", "\xC2\xAE", "\xE2\x80\x8A", "\xE2\x80\x90",
	    "\xE2\x80\xA7", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xEF\xBF\xBC"};
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		assert_int_equal(kinds_of(unseen[i], strlen(unseen[i]), &n), 0);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		assert_int_equal(kinds_of(beside[i], strlen(beside[i]), &n), PASSWORD_SPECIAL);
	assert_false(good("kisa", "passwordpassword\xE2\x80\x8B"));
}

static void length_comes_first(void **state)
{
	static char fresh[1 << 20];
	const struct password_policies p = named("kisa,iam-default");
	struct password_facts f = {.fresh = fresh, .old = fresh, .fresh_len = sizeof(fresh),
	    .old_len = sizeof(fresh), .user = "alice", .gecos = "Alice"};
	struct timespec before, after;
	struct password_broken b;

	(void)state;
	memset(fresh, 'a', sizeof(fresh));
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	b = judge(&p, &f);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.item[1].rule, PASSWORD_RULE_MAX_LENGTH);
	assert_int_equal(b.item[1].policy, 1);
	assert_int_equal(b.item[1].wanted, PASSWORD_LONGEST);
	assert_int_equal(b.item[1].has, 1000000);
	assert_true(after.tv_sec - before.tv_sec < 2);
	f.fresh_len = PASSWORD_LONGEST + 1;
	b = judge(&p, &f);
	assert_int_equal(b.item[0].has, PASSWORD_LONGEST + 1);
	f.fresh_len = f.old_len = PASSWORD_LONGEST;
	b = judge(&p, &f);
	assert_int_equal(b.item[0].rule, PASSWORD_RULE_KINDS); /* all is judged again */
	assert_true(breaks(&b, PASSWORD_RULE_CHANGED));
}

static void nothing_to_judge_by_accepts_nothing(void **state)
{
	struct password_policies none = {.count = 0}, p = named("kisa");
	const struct password_facts f = {.fresh = "Tr0ub4dor&3", .fresh_len = 11};
	const struct password_facts no_password = {.fresh = NULL};
	struct password_broken b, zero = {.count = 0};

	(void)state;
	assert_false(password_is_good(&zero));
	b = judge(&none, &f);
	assert_false(password_is_good(&b));
	b = judge(&p, &no_password);
	assert_false(password_is_good(&b));
	p.count = PASSWORD_POLICIES + 1;
	b = judge(&p, &f);
	assert_false(password_is_good(&b));
}

static void empty_password_breaks_every_profile(void **state)
{
	(void)state;
	for (int i = 0; password_profile_name(i) != NULL; i++)
		assert_false(good(password_profile_name(i), ""));
}

static void nul_byte_breaks_every_policy(void **state)
{
	const struct password_policies p = named("kisa,nist-800-63b-4");
	const struct password_facts f = {.fresh = "Tr0ub4dor&3\0abcdefgh", .fresh_len = 20};
	const struct password_broken b = judge(&p, &f);

	(void)state;
	assert_int_equal(b.count, 2);
	assert_int_equal(b.item[0].rule, PASSWORD_RULE_NUL);
	assert_int_equal(b.item[1].policy, 1);
}

static bool has_user(enum password_user level, const char *user, const char *fresh)
{
	const struct password_policies p = one((struct password_policy){.not_user = level});
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh), .user = user};
	const struct password_broken b = judge(&p, &f);

	return breaks(&b, PASSWORD_RULE_USER);
}

static void user_name_is_found_in_any_case_and_direction(void **state)
{
	const enum password_user same = PASSWORD_USER_NOT_SAME, inside = PASSWORD_USER_NOT_INSIDE;

	(void)state;
	assert_true(has_user(same, "alice", "Alice"));
	assert_false(has_user(same, "alice", "Alice1"));
	assert_true(has_user(inside, "alice", "Alice"));
	assert_true(has_user(inside, "alice", "xxALICE1"));
	assert_true(has_user(inside, "alice", "xxEcila1"));
	assert_false(has_user(inside, "alice", "al-ice"));
	assert_false(has_user(inside, NULL, "alice"));
	assert_false(has_user(inside, "", "alice"));
	assert_false(has_user(PASSWORD_USER_ANY, "alice", "alice"));
	/* So short a name is in passwords by chance. */
	assert_false(has_user(inside, "al", "alice"));
	assert_true(has_user(inside, "al", "AL"));
	assert_true(has_user(inside, "bob", "xbobx"));
}

static bool has_gecos(const char *gecos, const char *fresh)
{
	const struct password_policies p = one((struct password_policy){.not_gecos = true});
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh), .gecos = gecos};
	const struct password_broken b = judge(&p, &f);

	return breaks(&b, PASSWORD_RULE_GECOS);
}

static void words_of_the_full_name_and_other_gecos_fields_are_found(void **state)
{
	(void)state;
	assert_true(has_gecos("Alice Liddell,Room 7,555-0123,", "xxlIDDELLxx"));
	assert_true(has_gecos("Alice Liddell,Room 7,555-0123,", "xx0123xx"));
	assert_false(has_gecos("Alice Liddell,Room 7,555-0123,", "xx555xx"));
	assert_true(has_gecos("홍길동,방,02-123-4567,", "x4567rain9!"));
	assert_true(has_gecos("김철수", "나김철수1"));
	assert_true(has_gecos("철수 김", "철수!!!!!"));
	assert_false(has_gecos("Bob de la X", "de la X bo"));
	assert_false(has_gecos("", "anything"));
	assert_false(has_gecos(NULL, "anything"));
	assert_false(has_gecos(",,,", ",,,,"));
}

static int changed(const char *fresh, const char *old, int wanted)
{
	const struct password_policies p = one((struct password_policy){.min_changed = wanted});
	const struct password_facts f = {.fresh = fresh, .fresh_len = strlen(fresh), .old = old,
	    .old_len = old != NULL ? strlen(old) : 0};
	const struct password_broken b = judge(&p, &f);

	if (b.count == 0)
		return wanted;
	assert_int_equal(b.item[0].rule, PASSWORD_RULE_CHANGED);
	assert_int_equal(b.item[0].wanted, wanted);
	return b.item[0].has;
}

static void old_password_with_a_small_change_is_refused(void **state)
{
	(void)state;
	assert_int_equal(changed("Summer2026!1", "Summer2026!1", 3), 0);
	assert_int_equal(changed("SUMMER2026!1", "Summer2026!1", 3), 0);
	assert_int_equal(changed("Summer2026!2", "Summer2026!1", 3), 1);
	assert_int_equal(changed("Summer2026!", "Summer2026!1", 3), 1);
	assert_int_equal(changed("xSummer2026!1y", "Summer2026!1", 3), 2);
	assert_int_equal(changed("1!6202remmuS", "Summer2026!1", 3), 0);
	assert_int_equal(changed("1!6202remmuSx", "Summer2026!1", 3), 1);
	assert_int_equal(changed("2026!1Summer", "Summer2026!1", 3), 0);
	assert_int_equal(changed("Winter2027!1", "Summer2026!1", 3), 3);
	assert_int_equal(changed("abc", "abcdefghijklmnop", 16), 13);
	assert_int_equal(changed("Summer2026!1", NULL, 3), 3);
	assert_int_equal(changed("", "", 3), 0);
	/* A syllable is one character, not three bytes. */
	assert_int_equal(changed("비밀번호일", "비밀번호이", 3), 1);
	assert_int_equal(changed("Summer2026!1", "Summer2026!1", 0), 0);
}

/* The whole table, for every pair. */
static int oracle_distance(const char *a, const char *b)
{
	static int d[64][64];
	const int n = (int)strlen(a), m = (int)strlen(b);

	for (int i = 0; i <= n; i++) {
		for (int j = 0; j <= m; j++) {
			int best = i == 0 ? j : j == 0 ? i : 1000;

			if (i > 0 && d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (j > 0 && d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 0 && j > 0 && d[i - 1][j - 1] +
			    (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1])) < best)
				best = d[i - 1][j - 1] +
				    (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
			d[i][j] = best;
		}
	}
	return d[n][m];
}

static int oracle_changed(const char *fresh, const char *old)
{
	char other[64], twice[128];
	const size_t n = strlen(old);
	int best, back;

	for (size_t i = 0; i <= n; i++)
		other[i] = i == n ? '\0' : old[n - 1 - i];
	best = oracle_distance(fresh, old);
	back = oracle_distance(fresh, other);
	(void)snprintf(twice, sizeof(twice), "%s%s", old, old);
	if (strlen(fresh) == n && strcasestr(twice, fresh) != NULL)
		return 0;
	return back < best ? back : best;
}

static void small_changes_agree_with_the_whole_table(void **state)
{
	uint32_t x = 99;
	int seen[PASSWORD_MOST_CHANGED + 1] = {0};

	(void)state;
	for (int i = 0; i < 60000; i++) {
		const int wanted = 1 + (int)(next(&x) % PASSWORD_MOST_CHANGED);
		char old[64], fresh[64];
		size_t n = next(&x) % 24, at;
		int expected, has;

		for (at = 0; at < n; at++)
			old[at] = "abABc1"[next(&x) % 6];
		old[n] = '\0';
		memcpy(fresh, old, n + 1);
		for (uint32_t k = next(&x) % 6; k > 0 && n > 0; k--)
			fresh[next(&x) % n] = "abABc1"[next(&x) % 6];
		at = n == 0 ? 0 : next(&x) % n;
		if (next(&x) % 3 == 0) { /* turned */
			memcpy(fresh, old + at, n - at);
			memcpy(fresh + n - at, old, at);
		} else if (next(&x) % 3 == 0) {
			fresh[at] = '\0';
		}
		expected = oracle_changed(fresh, old);
		expected = expected < wanted ? expected : wanted;
		has = changed(fresh, old, wanted);
		if (has != expected)
			fail_msg("'%s' of '%s': %d, not %d (of %d)", fresh, old, has, expected, wanted);
		seen[has]++;
	}
	assert_true(seen[0] > 100 && seen[1] > 100 && seen[4] > 100);
}

/* 511 bytes of the worst: nothing is quadratic that a person could feel. */
static void longest_passwords_are_compared_in_a_moment(void **state)
{
	const struct password_policies p = one((struct password_policy){.min_changed = 16,
	    .not_user = PASSWORD_USER_NOT_INSIDE, .not_gecos = true});
	static char fresh[PASSWORD_LONGEST], old[PASSWORD_LONGEST], gecos[600];
	const struct password_facts f = {.fresh = fresh, .fresh_len = sizeof(fresh), .old = old,
	    .old_len = sizeof(old), .user = gecos, .gecos = gecos};
	struct timespec before, after;

	(void)state;
	memset(fresh, 'a', sizeof(fresh));
	memset(old, 'a', sizeof(old));
	memset(gecos, 'a', 255);
	gecos[254] = 'b';
	old[255] = 'b', old[510] = 'c';
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 100; i++)
		(void)judge(&p, &f);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
	    (after.tv_nsec - before.tv_nsec) / 1000000 < 2000); /* 20 ms each */
}

static void merged_breaks_say_each_thing_once_and_strictest(void **state)
{
	struct password_policies p = {.count = 4};
	struct password_broken b;

	(void)state;
	p.policy[0] = (struct password_policy){.min_length = 8, .required = PASSWORD_UPPER};
	p.policy[1] = (struct password_policy){.min_length = 12, .required = PASSWORD_UPPER,
	    .alternatives = 1, .alternative = {{3, 8}}};
	p.policy[2] = (struct password_policy){.min_length = 10, .alternatives = 1,
	    .alternative = {{3, 8}}};
	p.policy[3] = (struct password_policy){.min_length = 9, .bytes = true, .alternatives = 1,
	    .alternative = {{3, 9}}};
	b = check(&p, "abc");
	assert_int_equal(b.count, 9);
	password_broken_merge(&p, &b);
	assert_int_equal(b.count, 5);
	assert_int_equal(b.item[0].rule, PASSWORD_RULE_MIN_LENGTH);
	assert_int_equal(b.item[0].wanted, 12);
	assert_true(b.judged);
}

static void numbers_in_force_are_the_strictest(void **state)
{
	struct password_policies p = {.count = 3};

	(void)state;
	p.policy[0] = (struct password_policy){.max_age = 90, .reuse = 4, .allow_change = true};
	p.policy[1] = (struct password_policy){.max_age = 0, .reuse = 24, .allow_change = true,
	    .hard_expiry = true};
	p.policy[2] = (struct password_policy){.max_age = 365, .hard_expiry = true,
	    .allow_change = true};
	assert_int_equal(password_max_age(&p), 90);
	assert_int_equal(password_hard_age(&p), 365);
	assert_true(password_hard_expiry(&p));
	assert_int_equal(password_reuse(&p), 24);
	assert_true(password_allow_change(&p));
	p.policy[1].allow_change = false;
	assert_false(password_allow_change(&p));
	p.count = 2;
	assert_false(password_hard_expiry(&p)); /* nothing expires there */
	p.count = 0;
	assert_false(password_allow_change(&p));
	assert_int_equal(password_max_age(&p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kisa_and_iam_each_take_what_the_other_refuses),
	    cmocka_unit_test(passwords_that_peers_were_measured_with),
	    cmocka_unit_test(symbols_are_exactly_the_twenty_of_iam),
	    cmocka_unit_test(classes_of_iam_are_ascii),
	    cmocka_unit_test(profiles_agree_with_a_naive_reading),
	    cmocka_unit_test(required_classes_agree_with_a_naive_reading),
	    cmocka_unit_test(all_broken_rules_are_told_with_their_numbers),
	    cmocka_unit_test(lengths_count_characters_or_bytes),
	    cmocka_unit_test(kinds_beyond_ascii),
	    cmocka_unit_test(what_nobody_sees_is_of_no_kind),
	    cmocka_unit_test(length_comes_first),
	    cmocka_unit_test(nothing_to_judge_by_accepts_nothing),
	    cmocka_unit_test(empty_password_breaks_every_profile),
	    cmocka_unit_test(nul_byte_breaks_every_policy),
	    cmocka_unit_test(user_name_is_found_in_any_case_and_direction),
	    cmocka_unit_test(words_of_the_full_name_and_other_gecos_fields_are_found),
	    cmocka_unit_test(old_password_with_a_small_change_is_refused),
	    cmocka_unit_test(small_changes_agree_with_the_whole_table),
	    cmocka_unit_test(longest_passwords_are_compared_in_a_moment),
	    cmocka_unit_test(merged_breaks_say_each_thing_once_and_strictest),
	    cmocka_unit_test(numbers_in_force_are_the_strictest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
