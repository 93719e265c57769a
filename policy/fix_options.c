#include "policy/fix_options.h"

#include "policy/audit/eic.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* An option in a line: from `-o` to behind its value. */
struct option {
	size_t from, to;
	const char *value; /* "Key=Value", not ended */
	size_t len;
};

/* How the value is quoted: with a backslash inside of quotes, or plainly; n bytes. */
static size_t quote_at(const char *p)
{
	if (p[0] == '\\' && (p[1] == '"' || p[1] == '\''))
		return 2;
	return p[0] == '"' || p[0] == '\'' ? 1 : 0;
}

/* A quote right behind an `=` of the shell is that of the whole, none of an option. */
static bool find_option(const char *line, size_t n, size_t from, struct option *o)
{
	for (size_t i = from; i + 2 < n; i++) {
		size_t at = i + 2, quote, len = 0;

		if (strncmp(line + i, "-o", 2) != 0 || (i > 0 && strchr(" \t\"'=", line[i - 1]) == NULL))
			continue;
		at += strspn(line + at, " \t");
		quote = quote_at(line + at);
		o->value = line + at + quote;
		if (quote > 0) {
			while (at + quote + len < n && strncmp(o->value + len, line + at, quote) != 0)
				len++;
			if (at + quote + len >= n)
				return false; /* it is not closed */
		} else {
			len = strcspn(o->value, " \t\"'\n");
		}
		*o = (struct option){i, at + 2 * quote + len, o->value, len};
		return true;
	}
	return false;
}

static bool has_key(const struct option *o, const char *key)
{
	const size_t n = strlen(key);

	return o->len > n && strncasecmp(o->value, key, n) == 0 && strchr(" \t=", o->value[n]) != NULL;
}

static bool is_user(const struct option *o)
{
	return has_key(o, "AuthorizedKeysCommandUser") || has_key(o, "AuthorizedPrincipalsCommandUser");
}

static bool is_named(const struct option *o)
{
	char value[1000];

	(void)snprintf(value, sizeof(value), "%.*s", (int)(o->len < 990 ? o->len : 990), o->value);
	return eic_is_named(value);
}

static bool is_command(const struct option *o)
{
	return has_key(o, "AuthorizedKeysCommand") || has_key(o, "AuthorizedPrincipalsCommand");
}

static void take_line(const char *line, size_t n, struct buffer *out)
{
	struct option o;
	bool named = false, own = false;
	size_t at = 0;

	for (size_t i = 0; find_option(line, n, i, &o); i = o.to) {
		named = named || (is_command(&o) && is_named(&o));
		own = own || (is_command(&o) && !is_named(&o));
	}
	for (size_t i = 0; named && find_option(line, n, i, &o); i = o.to) {
		if (!(is_command(&o) && is_named(&o)) && !(is_user(&o) && (is_named(&o) || !own)))
			continue;
		buffer_add(out, line + at, o.from - at);
		at = o.to;
		at += out->len > 0 && strchr(" \t\"'", out->data[out->len - 1]) != NULL ?
		    strspn(line + at, " \t") : 0;
	}
	buffer_add(out, line + at, n - at);
}

void fix_options(const char *text, struct buffer *out)
{
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n");

		if (text[strspn(text, " \t")] == '#')
			buffer_add(out, text, n);
		else
			take_line(text, n, out);
		text += n;
		if (*text == '\n')
			buffer_add(out, text++, 1);
	}
}
