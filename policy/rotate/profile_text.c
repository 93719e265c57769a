#include "policy/rotate/profile_text.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct profile_part trim(const char *text, struct profile_part p)
{
	while (p.len > 0 && is_blank(text[p.at]))
		p.at++, p.len--;
	while (p.len > 0 && is_blank(text[p.at + p.len - 1]))
		p.len--;
	return p;
}

static bool is_word(const char *text, struct profile_part p, const char *word)
{
	return p.len == strlen(word) && memcmp(text + p.at, word, p.len) == 0;
}

/* A line without its end; *at moves to the next. */
static struct profile_part next_line(const char *text, size_t len, size_t *at)
{
	const char *end = memchr(text + *at, '\n', len - *at);
	const struct profile_part line = {*at, end != NULL ? (size_t)(end - text) - *at : len - *at};

	*at = line.at + line.len + (end != NULL ? 1 : 0);
	return line;
}

/* Without the remark that may stand behind a heading. */
static struct profile_part without_remark(const char *text, struct profile_part line)
{
	const char *end = memchr(text + line.at, ']', line.len);
	const size_t n = end != NULL ? (size_t)(end - text) + 1 - line.at : line.len;
	const struct profile_part rest = trim(text, (struct profile_part){line.at + n, line.len - n});

	if (rest.len > 0 && (text[rest.at] == '#' || text[rest.at] == ';'))
		line.len = n;
	return line;
}

static bool is_section(const char *text, struct profile_part line, struct profile_part *name)
{
	line = without_remark(text, trim(text, line));
	if (line.len < 2 || text[line.at] != '[' || text[line.at + line.len - 1] != ']')
		return false;
	*name = trim(text, (struct profile_part){line.at + 1, line.len - 2});
	return true;
}

bool profile_text_section(const char *text, size_t len, size_t *at, struct profile_part *name)
{
	while (*at < len)
		if (is_section(text, next_line(text, len, at), name))
			return true;
	return false;
}

static void take(struct profile_part *to, bool *has, struct profile_place *p, struct profile_part value)
{
	p->twice = p->twice || *has;
	*has = true;
	*to = value;
}

/* `name = value`.  What begins with a blank belongs to the line before it. */
static void read_pair(const char *text, struct profile_part line, struct profile_place *p)
{
	const char *equals = memchr(text + line.at, '=', line.len);
	struct profile_part name, value, none;

	if (line.len == 0 || equals == NULL || is_blank(text[line.at]) || text[line.at] == '#' ||
	    text[line.at] == ';')
		return;
	name = trim(text, (struct profile_part){line.at, (size_t)(equals - text) - line.at});
	value = trim(text, (struct profile_part){(size_t)(equals - text) + 1,
	    line.at + line.len - (size_t)(equals - text) - 1});
	if (is_word(text, name, "aws_access_key_id"))
		take(&p->id, &p->has_id, p, value);
	else if (is_word(text, name, "aws_secret_access_key"))
		take(&p->secret, &p->has_secret, p, value);
	else if (is_word(text, name, "aws_session_token"))
		take(&none, &p->has_token, p, value);
}

bool profile_text_find(const char *text, size_t len, const char *name, struct profile_place *p)
{
	bool inside = false, found = false;
	size_t at = 0;

	*p = (struct profile_place){.has_id = false};
	while (at < len) {
		const struct profile_part line = next_line(text, len, &at);
		struct profile_part section;

		if (is_section(text, line, &section)) {
			inside = is_word(text, section, name);
			p->twice = p->twice || (inside && found);
			found = found || inside;
		} else if (inside) {
			read_pair(text, line, p);
		}
	}
	return found;
}
