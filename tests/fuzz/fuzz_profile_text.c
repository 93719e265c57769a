/*
 * fuzz_profile_text: where a profile is said to have its key, a value stands behind its name
 * on one line of that section, without blanks at its ends; putting another value there and
 * looking again finds that one, and nothing else has moved.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seen.h"

#include "policy/rotate/profile_text.h"

#define NEW "AKIANEW0000000000000"

static bool is_edge(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void check_part(const char *text, size_t len, struct profile_part p)
{
	MUST(p.at <= len && p.len <= len - p.at);
	MUST(memchr(text + p.at, '\n', p.len) == NULL);
	MUST(p.len == 0 || (!is_edge(text[p.at]) && !is_edge(text[p.at + p.len - 1])));
}

/* The name that stands before a value, on its line. */
static void check_name(const char *text, struct profile_part p, const char *name)
{
	size_t at = p.at;

	while (at > 0 && text[at - 1] != '\n')
		at--;
	MUST(p.at - at > strlen(name) && memcmp(text + at, name, strlen(name)) == 0);
	MUST(memchr(text + at, '=', p.at - at) != NULL);
}

/* As a rotation does: the id gives way to another. */
static void check_put(const char *text, size_t len, const char *name, const struct profile_place *p)
{
	const size_t more = strlen(NEW), rest = len - p->id.at - p->id.len;
	char *out = malloc(len + more + 1);
	struct profile_place q;

	MUST(out != NULL);
	memcpy(out, text, p->id.at);
	memcpy(out + p->id.at, NEW, more);
	memcpy(out + p->id.at + more, text + p->id.at + p->id.len, rest);
	MUST(profile_text_find(out, p->id.at + more + rest, name, &q));
	MUST(q.has_id && q.id.at == p->id.at && q.id.len == more);
	MUST(q.has_secret == p->has_secret && q.secret.len == p->secret.len && q.twice == p->twice);
	MUST(!p->has_secret || memcmp(out + q.secret.at, text + p->secret.at, q.secret.len) == 0);
	free(out);
	seen("put");
}

static void check_find(const char *text, size_t len, const char *name)
{
	struct profile_place p;

	MUST(profile_text_find(text, len, name, &p));
	if (p.has_id) {
		check_part(text, len, p.id);
		check_name(text, p.id, "aws_access_key_id");
	}
	if (p.has_secret) {
		check_part(text, len, p.secret);
		check_name(text, p.secret, "aws_secret_access_key");
	}
	if (p.twice)
		seen("twice");
	if (p.has_token)
		seen("token");
	if (p.has_id && p.has_secret && !p.twice)
		check_put(text, len, name, &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct profile_place p;
	struct profile_part part;
	size_t len, at = 0, before = 0, count = 0;
	char *text = (char *)fuzz_rest(&f, &len);

	while (count++ < 64 && profile_text_section(text, len, &at, &part)) {
		char *name = strndup(text + part.at, part.len);

		MUST(name != NULL && at > before && at <= len);
		check_part(text, len, part);
		if (strlen(name) == part.len)
			check_find(text, len, name);
		before = at;
		free(name);
	}
	MUST(!profile_text_find(text, len, "\n", &p) && !p.has_id && !p.has_secret && !p.twice);
	if (before == 0)
		seen("nothing");
	free(text);
	return 0;
}
