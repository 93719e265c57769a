#include "policy/password/check.h"

#include "policy/password/kinds.h"
#include "policy/password/near.h"

#include <string.h>

#define USER_INSIDE 3 /* a shorter name stands in passwords by chance: only the same is refused */
#define GECOS_WORD 4  /* bytes of a word that counts: so much of a name is no chance */

/* What is found out about the password once, for all policies; the last three only when
 * a policy asks. */
struct found {
	size_t bytes;
	int characters;
	unsigned classes;
	int user;    /* -1: not looked yet; else enum password_user: the rule it would break */
	int gecos;   /* -1; else 0 or 1 */
	int changed; /* -1; else characters, as far as `asked` */
	int asked;
};

static struct near_text text(const char *s, size_t n)
{
	return (struct near_text){s, n};
}

static struct near_text string(const char *s)
{
	return text(s, s != NULL ? strnlen(s, PASSWORD_CHECK_TEXT) : 0);
}

static int look_for_user(const struct password_facts *f)
{
	const struct near_text fresh = text(f->fresh, f->fresh_len), user = string(f->user);

	if (user.n == 0)
		return PASSWORD_USER_ANY;
	if (near_same(fresh, user))
		return PASSWORD_USER_NOT_SAME;
	if (user.n >= USER_INSIDE &&
	    (near_inside(fresh, user) || near_inside_backwards(fresh, user)))
		return PASSWORD_USER_NOT_INSIDE;
	return PASSWORD_USER_ANY;
}

/* Letters, digits and what is beyond ASCII make words. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    ((unsigned char)c & 0x80) != 0;
}

/* Of all fields: a telephone number is as easy to find out as a name.  '&' stands for the user
 * name, which has a rule of its own. */
static int look_for_gecos(const struct password_facts *f)
{
	const struct near_text fresh = text(f->fresh, f->fresh_len), all = string(f->gecos);
	size_t n;

	for (size_t at = 0; at < all.n; at += n + 1) {
		for (n = 0; at + n < all.n && is_word(all.s[at + n]); n++)
			;
		if (n >= GECOS_WORD && near_inside(fresh, text(all.s + at, n)))
			return 1;
	}
	return 0;
}

/* How many characters are changed, up to the most that any policy asks for. */
static int look_at_old(const struct password_policies *p, const struct password_facts *f,
    int *asked)
{
	*asked = 0;
	for (int i = 0; i < p->count; i++)
		if (p->policy[i].min_changed > *asked)
			*asked = p->policy[i].min_changed;
	if (f->old == NULL)
		return *asked;
	/* What is longer than every password is not the old one with a change. */
	if (f->old_len > PASSWORD_LONGEST)
		return *asked;
	return near_changed(text(f->fresh, f->fresh_len), text(f->old, f->old_len), *asked);
}

static void add(struct password_broken *out, int policy, enum password_rule rule, int wanted,
    int has)
{
	out->item[out->count++] = (struct password_break){rule, policy, wanted, has, 0};
}

static int count_bits(unsigned v)
{
	int n = 0;

	for (; v != 0; v &= v - 1)
		n++;
	return n;
}

static void check_length(const struct password_policy *p, int policy, const struct found *x,
    struct password_broken *out)
{
	const int has = p->bytes ? (int)x->bytes : x->characters;

	if (has < p->min_length)
		add(out, policy, PASSWORD_RULE_MIN_LENGTH, p->min_length, has);
	if (p->max_length > 0 && has > p->max_length)
		add(out, policy, PASSWORD_RULE_MAX_LENGTH, p->max_length, has);
}

static void check_required(const struct password_policy *p, int policy, const struct found *x,
    struct password_broken *out)
{
	static const struct {
		unsigned class;
		enum password_rule rule;
	} rules[] = {{PASSWORD_UPPER, PASSWORD_RULE_UPPER}, {PASSWORD_LOWER, PASSWORD_RULE_LOWER},
	    {PASSWORD_DIGIT, PASSWORD_RULE_DIGIT}, {PASSWORD_SYMBOL, PASSWORD_RULE_SYMBOL},
	    {PASSWORD_LETTER, PASSWORD_RULE_LETTER}, {PASSWORD_SPECIAL, PASSWORD_RULE_SPECIAL}};
	const unsigned missing = p->required & ~x->classes;

	if (missing == 0)
		return;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((missing & rules[i].class) != 0)
			add(out, policy, rules[i].rule, 1, 0);
}

static void check_kinds(const struct password_policy *p, int policy, const struct found *x,
    struct password_broken *out)
{
	const int kinds = count_bits(x->classes &
	    (PASSWORD_LETTER | PASSWORD_NUMBER | PASSWORD_SPECIAL));
	const int has = p->bytes ? (int)x->bytes : x->characters;

	for (int i = 0; i < p->alternatives; i++)
		if (kinds >= p->alternative[i].kinds && has >= p->alternative[i].length)
			return;
	add(out, policy, PASSWORD_RULE_KINDS, 0, has);
	out->item[out->count - 1].kinds = kinds;
}

static void check_classes(const struct password_policy *p, int policy, const struct found *x,
    struct password_broken *out)
{
	const int has = count_bits(x->classes &
	    (PASSWORD_UPPER | PASSWORD_LOWER | PASSWORD_DIGIT | PASSWORD_SYMBOL));

	if (has < p->classes)
		add(out, policy, PASSWORD_RULE_CLASSES, p->classes, has);
}

/* What concerns the person: name, GECOS and old password. */
static void check_person(const struct password_policies *all, int policy,
    const struct password_facts *f, struct found *x, struct password_broken *out)
{
	const struct password_policy *p = &all->policy[policy];

	if (p->not_user != PASSWORD_USER_ANY) {
		if (x->user < 0)
			x->user = look_for_user(f);
		if (x->user != PASSWORD_USER_ANY && x->user <= (int)p->not_user)
			add(out, policy, PASSWORD_RULE_USER, (int)p->not_user, x->user);
	}
	if (p->not_gecos) {
		if (x->gecos < 0)
			x->gecos = look_for_gecos(f);
		if (x->gecos != 0)
			add(out, policy, PASSWORD_RULE_GECOS, 0, 1);
	}
	if (p->min_changed > 0) {
		if (x->changed < 0)
			x->changed = look_at_old(all, f, &x->asked);
		if (x->changed < p->min_changed)
			add(out, policy, PASSWORD_RULE_CHANGED, p->min_changed, x->changed);
	}
}

static void check_one(const struct password_policies *all, int policy,
    const struct password_facts *f, struct found *x, struct password_broken *out)
{
	const struct password_policy *p = &all->policy[policy];

	if ((x->classes & KINDS_NUL) != 0)
		add(out, policy, PASSWORD_RULE_NUL, 0, 1);
	check_length(p, policy, x, out);
	check_required(p, policy, x, out);
	if (p->classes > 0)
		check_classes(p, policy, x, out);
	if (p->alternatives > 0)
		check_kinds(p, policy, x, out);
	check_person(all, policy, f, x, out);
}

void password_check(const struct password_policies *p, const struct password_facts *f,
    struct password_broken *out)
{
	struct found x = {.bytes = f->fresh_len, .user = -1, .gecos = -1, .changed = -1};

	out->judged = false;
	out->count = 0;
	if (p->count < 1 || p->count > PASSWORD_POLICIES || f->fresh == NULL)
		return;
	/* MUST: what is too long costs nothing more (length_comes_first). */
	if (f->fresh_len > PASSWORD_LONGEST) {
		const int has = f->fresh_len > 1000000 ? 1000000 : (int)f->fresh_len;

		for (int i = 0; i < p->count; i++)
			add(out, i, PASSWORD_RULE_MAX_LENGTH, PASSWORD_LONGEST, has);
		out->judged = true;
		return;
	}
	x.classes = kinds_of(f->fresh, f->fresh_len, &x.characters);
	for (int i = 0; i < p->count; i++)
		check_one(p, i, f, &x, out);
	out->judged = true;
}

bool password_is_good(const struct password_broken *b)
{
	return b->judged && b->count == 0;
}

static bool same_alternatives(const struct password_policy *a, const struct password_policy *b)
{
	if (a->alternatives != b->alternatives || a->bytes != b->bytes)
		return false;
	for (int i = 0; i < a->alternatives; i++)
		if (a->alternative[i].kinds != b->alternative[i].kinds ||
		    a->alternative[i].length != b->alternative[i].length)
			return false;
	return true;
}

/* Whether b says what a says, to a person. */
static bool says_same(const struct password_policies *p, const struct password_break *a,
    const struct password_break *b)
{
	const struct password_policy *pa = &p->policy[a->policy], *pb = &p->policy[b->policy];

	if (a->rule != b->rule)
		return false;
	if (a->rule == PASSWORD_RULE_KINDS)
		return same_alternatives(pa, pb);
	if (a->rule == PASSWORD_RULE_MIN_LENGTH || a->rule == PASSWORD_RULE_MAX_LENGTH)
		return pa->bytes == pb->bytes;
	return true;
}

void password_broken_merge(const struct password_policies *p, struct password_broken *b)
{
	int kept = 0;

	for (int i = 0; i < b->count; i++) {
		const struct password_break *one = &b->item[i];
		int k = 0;

		while (k < kept && !says_same(p, &b->item[k], one))
			k++;
		if (k == kept)
			b->item[kept++] = *one;
		else if (one->rule == PASSWORD_RULE_MAX_LENGTH ?
		    one->wanted < b->item[k].wanted : one->wanted > b->item[k].wanted)
			b->item[k] = *one;
	}
	b->count = kept;
}
