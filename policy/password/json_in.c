#include "policy/password/json_in.h"

#include <string.h>

struct json_in json_in_text(const char *name, const char *text, size_t len, struct err *e)
{
	return (struct json_in){.name = name, .text = text, .len = len, .e = e};
}

int json_in_at(struct json_in *in, int code)
{
	int line = 1, column = 1;

	for (size_t i = 0; i < in->mark && i < in->len; i++) {
		column++;
		if (in->text[i] == '\n')
			line++, column = 1;
	}
	return err_set(in->e, code, "%s:%d:%d: %s", in->name, line, column, in->why.text);
}

/* Over the blanks to the next piece, which is marked; its first byte, or -1. */
static int peek(struct json_in *in)
{
	while (in->at < in->len && memchr(" \t\r\n", in->text[in->at], 4) != NULL)
		in->at++;
	in->mark = in->at;
	return in->at < in->len ? (unsigned char)in->text[in->at] : -1;
}

static int expect(struct json_in *in, char c)
{
	if (peek(in) == c) {
		in->at++;
		return 0;
	}
	if (in->at >= in->len)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "ends where '%c' is expected", c));
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "'%c' is expected here", c));
}

/* A word without quotes: true, false, null, or what stands in their place. */
static size_t word_length(const struct json_in *in)
{
	size_t n = 0;

	while (in->at + n < in->len && in->text[in->at + n] >= 'a' && in->text[in->at + n] <= 'z')
		n++;
	return n;
}

static bool take_word(struct json_in *in, const char *word)
{
	(void)peek(in);
	if (word_length(in) != strlen(word) ||
	    memcmp(in->text + in->at, word, strlen(word)) != 0)
		return false;
	in->at += strlen(word);
	return true;
}

bool json_in_null(struct json_in *in)
{
	return take_word(in, "null");
}

int json_in_boolean(struct json_in *in, const char *key, bool *out)
{
	*out = take_word(in, "true");
	if (*out || take_word(in, "false"))
		return 0;
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "%s: is not true or false", key));
}

static bool is_digit(const struct json_in *in, size_t at)
{
	return at < in->len && in->text[at] >= '0' && in->text[at] <= '9';
}

int json_in_number(struct json_in *in, const char *key, int min, int max, int *out)
{
	int v = 0;
	size_t n = 0;
	bool whole;

	(void)peek(in);
	for (; is_digit(in, in->at + n) && n < 9; n++)
		v = 10 * v + (in->text[in->at + n] - '0');
	/* No other begins with 0; and 12.0, 1e2 and "12" are no whole numbers here. */
	whole = n > 0 && !(n > 1 && in->text[in->at] == '0') &&
	    (in->at + n == in->len || memchr(" \t\r\n,}]", in->text[in->at + n], 8) != NULL);
	if (!whole || v < min || v > max)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "%s: is not a whole number from %d to %d", key, min, max));
	in->at += n;
	*out = v;
	return 0;
}

int json_in_string(struct json_in *in, const char *key, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	if (peek(in) != '"')
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "%s: is not a string", key));
	for (size_t i = in->at + 1; i < in->len; i++) {
		const char c = in->text[i];

		if (c == '"') {
			out[n] = '\0';
			in->at = i + 1;
			return 0;
		}
		if (c < 0x20 || c > 0x7E || c == '\\' || n + 1 >= size)
			break;
		out[n++] = c;
	}
	out[0] = '\0';
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
	    "%s: is not a string of printable ASCII of at most %zu bytes", key, size - 1));
}

static int read_pair(struct json_in *in, int (*each)(struct json_in *in, const char *key,
    void *ctx), void *ctx)
{
	char key[JSON_IN_KEY];
	size_t mark;
	int r;

	if ((r = json_in_string(in, "key", key, sizeof(key))) != 0)
		return r;
	mark = in->mark;
	if ((r = expect(in, ':')) != 0)
		return r;
	in->mark = mark; /* of the key, for who does not know it */
	return each(in, key, ctx);
}

int json_in_object(struct json_in *in, int (*each)(struct json_in *in, const char *key,
    void *ctx), void *ctx)
{
	int r;

	if ((r = expect(in, '{')) != 0)
		return r;
	if (peek(in) == '}') {
		in->at++;
		return 0;
	}
	for (;;) {
		if ((r = read_pair(in, each, ctx)) != 0)
			return r;
		if (peek(in) != ',')
			return expect(in, '}');
		in->at++;
	}
}

int json_in_end(struct json_in *in)
{
	if (peek(in) < 0)
		return 0;
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "something stands behind the end"));
}
