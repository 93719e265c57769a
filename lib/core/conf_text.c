#include "lib/core/conf_text.h"

#include "lib/core/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
	char *end;
	long long v;

	if (text[0] < '0' || text[0] > '9')
		return ERR_SYNTAX;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return ERR_SYNTAX;
	*out = v;
	return 0;
}

static int parse_duration(const char *text, int64_t min, int64_t max, int64_t *out)
{
	static const struct { char unit; int64_t seconds; } units[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t n = strlen(text);
	char number[12];

	if (min == 0 && strcmp(text, "0") == 0) {
		*out = 0;
		return 0;
	}
	if (n < 2 || n > sizeof(number))
		return ERR_SYNTAX;
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[n - 1] != units[i].unit)
			continue;
		if (parse_int(number, 0, max / units[i].seconds, out) != 0)
			return ERR_SYNTAX;
		*out *= units[i].seconds;
		return *out < min ? ERR_SYNTAX : 0;
	}
	return ERR_SYNTAX;
}

int conf_text_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	if (parse_int(text, min, max, out) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "'%s' is not a whole number from %lld to %lld", text,
	    (long long)min, (long long)max);
}

int conf_text_duration(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	if (parse_duration(text, min, max, out) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX,
	    "'%s' is not a duration from %llds to %llds such as 30s, 5m, 1h", text,
	    (long long)min, (long long)max);
}

int conf_text_path(const char *text, char *out, struct err *e)
{
	size_t n = strlen(text);

	if (text[0] != '/')
		return err_set(e, ERR_SYNTAX, "'%s' is not an absolute path", text);
	if (n >= CONF_TEXT_PATH_MAX - 32)
		return err_set(e, ERR_SYNTAX, "the path is longer than %d bytes",
		    CONF_TEXT_PATH_MAX - 33);
	if (strstr(text, "/../") != NULL || (n >= 3 && strcmp(text + n - 3, "/..") == 0))
		return err_set(e, ERR_SYNTAX, "'%s': '..' is not allowed", text);
	memcpy(out, text, n + 1);
	while (n > 1 && out[n - 1] == '/')
		out[--n] = '\0';
	return 0;
}

size_t conf_text_word(const char **text, const char **word)
{
	size_t n;

	*word = *text + strspn(*text, " \t");
	n = strcspn(*word, ",");
	*text = *word + n + ((*word)[n] == ',');
	while (n > 0 && ((*word)[n - 1] == ' ' || (*word)[n - 1] == '\t'))
		n--;
	return n;
}

static int parse_line(const struct conf_text *q, char *line, int number, struct err *e)
{
	struct err why = {0};
	char *key, *value;
	int r;

	pair_split(line, &key, &value);
	if (value == NULL && key[0] == '\0')
		return 0;
	if (value == NULL)
		return err_set(e, ERR_SYNTAX, "%s:%d: '%.60s' is not 'key = value'", q->path, number,
		    key);
	if ((r = q->pair(q->ctx, key, value, number, &why)) != 0)
		return err_set(e, r, "%s:%d: %s", q->path, number, why.text);
	return 0;
}

int conf_text_lines(const struct conf_text *q, const char *text, size_t len, struct err *e)
{
	char line[CONF_TEXT_LINE_MAX];
	size_t at = 0;
	int r;

	for (int number = 1; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (text + at)) : len - at;

		if (n >= sizeof(line))
			return err_set(e, ERR_SYNTAX, "%s:%d: longer than %d bytes", q->path, number,
			    CONF_TEXT_LINE_MAX - 1);
		memcpy(line, text + at, n);
		line[n] = '\0';
		if (strlen(line) != n)
			return err_set(e, ERR_SYNTAX, "%s:%d: a NUL byte", q->path, number);
		if ((r = parse_line(q, line, number, e)) != 0)
			return r;
		at += n + 1;
	}
	return 0;
}
