#include "lib/core/exempt.h"

#include "lib/core/day.h"

#include <string.h>

/* Behind the last '@': a network, `local`, or part of a directory's name. */
static int parse_from(const char *at, size_t n, struct exempt *out)
{
	char text[64];

	if (n == 5 && memcmp(at, "local", 5) == 0) {
		out->from = EXEMPT_LOCAL;
		return 0;
	}
	/* Only what cannot be a domain is taken for a network, right or wrong. */
	if (memchr(at, '/', n) == NULL && memchr(at, ':', n) == NULL &&
	    strspn(at, "0123456789.") < n)
		return ERR_NONE;
	if (n >= sizeof(text))
		return ERR_SYNTAX;
	memcpy(text, at, n);
	text[n] = '\0';
	out->from = EXEMPT_NET;
	return address_net_parse(text, &out->net);
}

static int parse_who(const char *text, size_t n, struct exempt *out, struct err *e)
{
	const char *at = memrchr(text, '@', n);
	size_t len = at != NULL ? (size_t)(at - text) : n;
	int r = at != NULL ? parse_from(at + 1, n - len - 1, out) : 0;

	if (r == ERR_SYNTAX)
		return err_set(e, r, "'%.*s' is not a network such as 10.0.0.0/8 (no bit set "
		    "behind the prefix), nor 'local'", (int)(n - len - 1), at + 1);
	if (who_parse(text, r == ERR_NONE ? n : len, &out->who) != 0)
		return err_set(e, ERR_SYNTAX, "'%.*s' is not user:NAME or group:NAME, with "
		    "@NETWORK or @local behind it or not", (int)n, text);
	return 0;
}

static int parse_until(const char *text, struct exempt *out, struct err *e)
{
	if (*text == '\0' && out->from == EXEMPT_LOCAL)
		return 0;
	if (*text == '\0')
		return err_set(e, ERR_SYNTAX, "needs 'until YYYY-MM-DD'; only @local may do "
		    "without");
	if (strncmp(text, "until", 5) != 0 || (text[5] != ' ' && text[5] != '\t') ||
	    day_end(text + 5 + strspn(text + 5, " \t"), &out->until) != 0)
		return err_set(e, ERR_SYNTAX, "'%s' is not 'until YYYY-MM-DD'", text);
	return 0;
}

int exempt_parse(const char *text, struct exempt *out, struct err *e)
{
	size_t n = strcspn(text, " \t");
	int r;

	*out = (struct exempt){.from = EXEMPT_ANYWHERE};
	if ((r = parse_who(text, n, out, e)) != 0)
		return r;
	return parse_until(text + n + strspn(text + n, " \t"), out, e);
}

static bool is_from(const struct exempt *x, const struct exempt_facts *f)
{
	switch (x->from) {
	case EXEMPT_ANYWHERE:
		return true;
	case EXEMPT_LOCAL:
		return f->local;
	case EXEMPT_NET:
		return !f->local && address_in(&f->from, &x->net);
	}
	return false;
}

enum exempt_answer exempt_judge(const struct exempt *x, const struct exempt_facts *f)
{
	if (!is_from(x, f) || who_is(&x->who, &f->account) != 1)
		return EXEMPT_NOT;
	if (x->until == 0)
		return EXEMPT_YES;
	if (f->now >= x->until)
		return EXEMPT_PAST;
	if (day_is_far(x->until, f->now))
		return EXEMPT_FAR;
	return x->until - f->now <= EXEMPT_WARN_DAYS * DAY_SECONDS ? EXEMPT_ENDING : EXEMPT_YES;
}
