/*
 * fuzz_password: every password is judged, by several policies as by each alone, and by
 * the plain rules as by a reading that is written down once more here; each broken rule
 * has a sentence.
 *
 * The input: a byte for the number of policies, bytes for the rules of each, and the new
 * password, the old one, user and GECOS as lines of text; a byte more says that there is
 * no old one.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/password/check.h"
#include "policy/password/kinds.h"
#include "policy/password/text.h"

static void read_policy(struct password_policy *p, struct fuzz *f)
{
	*p = (struct password_policy){.bytes = fuzz_flip(f), .min_length = (int)fuzz_below(f, 20),
	    .max_length = (int)fuzz_below(f, 24), .required = fuzz_below(f, 128),
	    .classes = (int)fuzz_below(f, 5), .alternatives = (int)fuzz_below(f, 4),
	    .not_user = (enum password_user)fuzz_below(f, 3), .not_gecos = fuzz_flip(f),
	    .min_changed = (int)fuzz_below(f, PASSWORD_MOST_CHANGED + 1)};
	for (int i = 0; i < p->alternatives; i++)
		p->alternative[i] = (struct password_alternative){1 + (int)fuzz_below(f, 3),
		    1 + (int)fuzz_below(f, 20)};
}

static bool breaks(const struct password_broken *b, enum password_rule rule)
{
	for (int i = 0; i < b->count; i++)
		if (b->item[i].rule == rule)
			return true;
	return false;
}

static void check_items(const struct password_policies *p, const struct password_broken *b)
{
	MUST(b->judged && b->count >= 0 && b->count <= PASSWORD_BREAKS);
	MUST(password_is_good(b) == (b->count == 0));
	for (int i = 0; i < b->count; i++) {
		const struct password_break *x = &b->item[i];
		char text[PASSWORD_TEXT_MAX];

		MUST(x->rule <= PASSWORD_RULE_CHANGED && x->policy >= 0 && x->policy < p->count);
		MUST(i == 0 || x[-1].policy < x->policy ||
		    (x[-1].policy == x->policy && x[-1].rule < x->rule));
		password_text(p, x, NULL, text);
		MUST(text[0] != '\0' && strlen(text) < sizeof(text));
	}
}

/* The same broken by each policy alone. */
static void check_alone(const struct password_policies *p, const struct password_facts *f,
    const struct password_broken *all)
{
	static struct password_policies alone;
	struct password_broken b;
	int at = 0;

	for (int i = 0; i < p->count; i++) {
		alone.count = 1;
		alone.policy[0] = p->policy[i];
		password_check(&alone, f, &b);
		for (int k = 0; k < b.count; k++, at++) {
			MUST(at < all->count && all->item[at].policy == i);
			MUST(b.item[k].rule == all->item[at].rule && b.item[k].has == all->item[at].has);
			MUST(b.item[k].wanted == all->item[at].wanted);
		}
	}
	MUST(at == all->count);
}

static bool has_any(const char *s, size_t n, const char *set)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\0' && strchr(set, s[i]) != NULL)
			return true;
	return false;
}

/* IAM's classes, of the first policy. */
static void check_classes(const struct password_policies *p, const struct password_facts *f,
    const struct password_broken *b)
{
	static const struct { unsigned class; const char *set; enum password_rule rule; } all[] = {
	    {PASSWORD_UPPER, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", PASSWORD_RULE_UPPER},
	    {PASSWORD_LOWER, "abcdefghijklmnopqrstuvwxyz", PASSWORD_RULE_LOWER},
	    {PASSWORD_DIGIT, "0123456789", PASSWORD_RULE_DIGIT},
	    {PASSWORD_SYMBOL, "!@#$%^&*()_+-=[]{}|'", PASSWORD_RULE_SYMBOL}};
	int classes = 0;

	if (p->count != 1 || f->fresh_len > PASSWORD_LONGEST)
		return;
	for (int i = 0; i < 4; i++) {
		const bool has = has_any(f->fresh, f->fresh_len, all[i].set);

		classes += has;
		MUST(breaks(b, all[i].rule) ==
		    (!has && (p->policy[0].required & all[i].class) != 0));
	}
	MUST(breaks(b, PASSWORD_RULE_CLASSES) == (classes < p->policy[0].classes));
}

static void check_decoding(const char *s, size_t n)
{
	int count = 0, characters;

	for (size_t at = 0, len; at < n; at += len) {
		const uint32_t c = kinds_decode(s + at, n - at, &len);

		MUST(len >= 1 && len <= 4 && at + len <= n);
		MUST(c < 0x110000 ? (c < 0xD800 || c > 0xDFFF) : len == 1 && c < 0x110100);
		count++;
	}
	(void)kinds_of(s, n, &characters);
	MUST(characters == count);
}

static void check_merged(const struct password_policies *p, struct password_broken *b)
{
	const int before = b->count;

	password_broken_merge(p, b);
	MUST(b->judged && b->count <= before && (b->count > 0) == (before > 0));
}

/* A line as a block of exactly its size. */
static char *read_text(struct fuzz *f, size_t *len)
{
	char *line = fuzz_text(f), *block;

	*len = strlen(line);
	block = malloc(*len > 0 ? *len : 1);
	MUST(block != NULL);
	memcpy(block, line, *len);
	free(line);
	return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct password_policies p;
	struct fuzz in = {data, size};
	struct password_facts f = {.user = NULL};
	struct password_broken b;
	char *fresh, *old, *user, *gecos;

	p.count = 1 + (int)fuzz_below(&in, PASSWORD_POLICIES);
	for (int i = 0; i < p.count; i++)
		read_policy(&p.policy[i], &in);
	fresh = read_text(&in, &f.fresh_len);
	old = read_text(&in, &f.old_len);
	user = fuzz_text(&in);
	gecos = fuzz_text(&in);
	f.fresh = fresh, f.old = fuzz_flip(&in) ? NULL : old, f.user = user, f.gecos = gecos;
	password_check(&p, &f, &b);
	check_items(&p, &b);
	check_alone(&p, &f, &b);
	check_classes(&p, &f, &b);
	check_decoding(f.fresh, f.fresh_len);
	check_merged(&p, &b);
	free(fresh);
	free(old);
	free(user);
	free(gecos);
	return 0;
}
