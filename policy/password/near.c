#include "policy/password/near.h"

#include "lib/core/secret.h"
#include "policy/password/kinds.h"
#include "policy/password/policy.h"

#include <stdint.h>
#include <string.h>

static unsigned char fold(char c)
{
	const unsigned char u = (unsigned char)c;

	return (unsigned char)(u - 'A') < 26 ? u | 32 : u;
}

bool near_same(struct near_text a, struct near_text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.s[i]) != fold(b.s[i]))
			return false;
	return true;
}

/* Whether part stands at s; step -1: from its end. */
static bool stands_at(const char *s, struct near_text part, bool backwards)
{
	for (size_t i = 0; i < part.n; i++)
		if (fold(s[i]) != fold(part.s[backwards ? part.n - 1 - i : i]))
			return false;
	return true;
}

static bool find(struct near_text whole, struct near_text part, bool backwards)
{
	unsigned char first;

	if (part.n == 0)
		return false;
	first = fold(part.s[backwards ? part.n - 1 : 0]);
	for (size_t at = 0; at + part.n <= whole.n; at++)
		if (fold(whole.s[at]) == first && stands_at(whole.s + at, part, backwards))
			return true;
	return false;
}

bool near_inside(struct near_text whole, struct near_text part)
{
	return find(whole, part, false);
}

bool near_inside_backwards(struct near_text whole, struct near_text part)
{
	return find(whole, part, true);
}

/* The characters of a text, each as one number, so that a syllable of Hangul counts as
 * the one character it is. */
struct characters {
	uint32_t c[PASSWORD_LONGEST];
	int n;
};

static void spell(struct characters *to, struct near_text text)
{
	to->n = 0;
	for (size_t at = 0, len; at < text.n; at += len) {
		uint32_t c = kinds_decode(text.s + at, text.n - at, &len);

		to->c[to->n++] = c < 0x80 ? fold((char)c) : c;
	}
}

static void turn_round(struct characters *t)
{
	for (int i = 0, j = t->n - 1; i < j; i++, j--) {
		const uint32_t c = t->c[i];

		t->c[i] = t->c[j];
		t->c[j] = c;
	}
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, or most.  What is below most lies within most of the diagonal:
 * cell k of a row is b's character i + k - most. */
static int distance(const struct characters *a, const struct characters *b, int most)
{
	int before[2 * PASSWORD_MOST_CHANGED + 1] = {0}, row[2 * PASSWORD_MOST_CHANGED + 1] = {0};
	const int width = 2 * most + 1;

	if (a->n - b->n >= most || b->n - a->n >= most)
		return most;
	for (int k = 0; k < width; k++)
		before[k] = k < most ? most : k - most;
	for (int i = 1; i <= a->n; i++) {
		int best = most;

		for (int k = 0; k < width; k++) {
			const int j = i + k - most;
			int d = most;

			if (j == 0)
				d = i;
			else if (j > 0 && j <= b->n) {
				d = before[k] + (a->c[i - 1] != b->c[j - 1]);
				d = k + 1 < width ? least(d, before[k + 1] + 1) : d;
				d = k > 0 ? least(d, row[k - 1] + 1) : d;
			}
			row[k] = least(d, most);
			best = least(best, row[k]);
		}
		if (best >= most)
			return most;
		memcpy(before, row, sizeof(before));
	}
	return before[b->n - a->n + most];
}

/* Where the least of all turns of t begins: two candidates, of which each step rules out
 * at least one place. */
static int least_turn(const struct characters *t)
{
	int i = 0, j = 1, k = 0;

	while (i < t->n && j < t->n && k < t->n) {
		const uint32_t a = t->c[(i + k) % t->n], b = t->c[(j + k) % t->n];

		if (a == b) {
			k++;
			continue;
		}
		if (a > b)
			i += k + 1;
		else
			j += k + 1;
		j += i == j;
		k = 0;
	}
	return least(i, j);
}

static bool is_turned(const struct characters *a, const struct characters *b)
{
	int at, bt;

	if (a->n != b->n)
		return false;
	at = least_turn(a), bt = least_turn(b);
	for (int k = 0; k < a->n; k++)
		if (a->c[(at + k) % a->n] != b->c[(bt + k) % b->n])
			return false;
	return true;
}

int near_changed(struct near_text fresh, struct near_text old, int most)
{
	struct characters a, b;
	int d = 0;

	if (fresh.n > PASSWORD_LONGEST || old.n > PASSWORD_LONGEST || most < 1 ||
	    most > PASSWORD_MOST_CHANGED)
		return 0;
	spell(&a, fresh);
	spell(&b, old);
	if (!is_turned(&a, &b)) {
		d = distance(&a, &b, most);
		turn_round(&b);
		d = least(d, distance(&a, &b, most));
	}
	secret_wipe(&a, sizeof(a));
	secret_wipe(&b, sizeof(b));
	return d;
}
