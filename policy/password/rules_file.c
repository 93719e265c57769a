#include "policy/password/rules_file.h"

#include "lib/core/pair.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512

/* What is read, and the line that each key stood in. */
struct reading {
	struct password_policy *p;
	int line;
	int seen[13]; /* of keys[] */
};

/* Digits only, within the range; end: what may stand behind them. */
static int read_number(const char *text, const char *end, int min, int max, int *out)
{
	long v;
	char *rest;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 6)
		return ERR_SYNTAX;
	v = strtol(text, &rest, 10);
	if (strcmp(rest, end) != 0 || v < min || v > max)
		return ERR_SYNTAX;
	*out = (int)v;
	return 0;
}

static int set_number(const char *value, int min, int max, int *out, struct err *e)
{
	if (read_number(value, "", min, max, out) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "'%.60s' is not a whole number from %d to %d", value, min,
	    max);
}

static int set_yes(const char *value, bool *out, struct err *e)
{
	*out = strcmp(value, "yes") == 0;
	return *out || strcmp(value, "no") == 0 ? 0 :
	    err_set(e, ERR_SYNTAX, "'%.60s' is not yes or no", value);
}

static int set_min_length(struct reading *r, const char *value, struct err *e)
{
	return set_number(value, 1, 255, &r->p->min_length, e);
}

static int set_max_length(struct reading *r, const char *value, struct err *e)
{
	return set_number(value, 8, PASSWORD_LONGEST, &r->p->max_length, e);
}

static int set_count(struct reading *r, const char *value, struct err *e)
{
	r->p->bytes = strcmp(value, "bytes") == 0;
	return r->p->bytes || strcmp(value, "characters") == 0 ? 0 :
	    err_set(e, ERR_SYNTAX, "'%.60s' is not characters or bytes", value);
}

/* The next word of a list with commas, without blanks around it, into word; false when it
 * is too long. */
static bool next_word(const char **rest, char *word, size_t size)
{
	const char *at = *rest + strspn(*rest, " \t");
	size_t n = strcspn(at, ",");

	*rest = at + n + (at[n] == ',');
	while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
		n--;
	if (n >= size)
		return false;
	memcpy(word, at, n);
	word[n] = '\0';
	return true;
}

static bool ends_in_comma(const char *value)
{
	return value[strlen(value) - 1] == ',';
}

static int set_require(struct reading *r, const char *value, struct err *e)
{
	static const struct {
		const char *name;
		unsigned class;
		enum password_rule rule;
	} words[] = {{"upper", PASSWORD_UPPER, PASSWORD_RULE_UPPER},
	    {"lower", PASSWORD_LOWER, PASSWORD_RULE_LOWER},
	    {"digit", PASSWORD_DIGIT, PASSWORD_RULE_DIGIT},
	    {"symbol", PASSWORD_SYMBOL, PASSWORD_RULE_SYMBOL},
	    {"letter", PASSWORD_LETTER, PASSWORD_RULE_LETTER},
	    {"special", PASSWORD_SPECIAL, PASSWORD_RULE_SPECIAL}};
	const char *rest = value;
	char word[16];

	do {
		size_t i = 0;

		if (!next_word(&rest, word, sizeof(word)))
			return err_set(e, ERR_SYNTAX, "'%.60s' is not a list of upper, lower, digit, "
			    "symbol, letter, special, each once", value);
		while (i < 6 && strcmp(words[i].name, word) != 0)
			i++;
		if (i == 6 || (r->p->required & words[i].class) != 0)
			return err_set(e, ERR_SYNTAX, "'%.60s' is not a list of upper, lower, digit, "
			    "symbol, letter, special, each once", value);
		r->p->required |= words[i].class;
		r->p->origin[words[i].rule].line = r->line;
	} while (*rest != '\0');
	return ends_in_comma(value) ? err_set(e, ERR_SYNTAX, "ends with a comma") : 0;
}

static int set_classes(struct reading *r, const char *value, struct err *e)
{
	return set_number(value, 1, 4, &r->p->classes, e);
}

static int set_kinds(struct reading *r, const char *value, struct err *e)
{
	const char *rest = value;
	char word[16];

	do {
		struct password_alternative a = {0, 0};

		if (r->p->alternatives == PASSWORD_ALTERNATIVES)
			return err_set(e, ERR_SYNTAX, "more than %d alternatives",
			    PASSWORD_ALTERNATIVES);
		if (!next_word(&rest, word, sizeof(word)) || word[0] < '1' || word[0] > '3' ||
		    word[1] != ':' || read_number(word + 2, "", 1, 255, &a.length) != 0)
			return err_set(e, ERR_SYNTAX, "'%.60s' is not a list of KINDS:LENGTH such as "
			    "2:10, 3:8", value);
		a.kinds = word[0] - '0';
		for (int i = 0; i < r->p->alternatives; i++)
			if (a.kinds == r->p->alternative[i].kinds ||
			    a.length == r->p->alternative[i].length ||
			    (a.kinds > r->p->alternative[i].kinds) !=
			    (a.length < r->p->alternative[i].length))
				return err_set(e, ERR_SYNTAX, "'%.60s': an alternative with more "
				    "kinds must be a shorter one", value);
		r->p->alternative[r->p->alternatives++] = a;
	} while (*rest != '\0');
	return ends_in_comma(value) ? err_set(e, ERR_SYNTAX, "ends with a comma") : 0;
}

static int set_not_user(struct reading *r, const char *value, struct err *e)
{
	static const char *const words[] = {"no", "same", "inside"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(words[i], value) == 0) {
			r->p->not_user = (enum password_user)i;
			return 0;
		}
	}
	return err_set(e, ERR_SYNTAX, "'%.60s' is not no, same or inside", value);
}

static int set_not_gecos(struct reading *r, const char *value, struct err *e)
{
	return set_yes(value, &r->p->not_gecos, e);
}

static int set_min_changed(struct reading *r, const char *value, struct err *e)
{
	return set_number(value, 0, PASSWORD_MOST_CHANGED, &r->p->min_changed, e);
}

static int set_max_age(struct reading *r, const char *value, struct err *e)
{
	r->p->max_age = 0;
	if (strcmp(value, "0") == 0 ||
	    read_number(value, "d", 1, PASSWORD_MOST_AGE, &r->p->max_age) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "'%.60s' is not 0 (never) or days from 1d to 1095d",
	    value);
}

static int set_hard_expiry(struct reading *r, const char *value, struct err *e)
{
	return set_yes(value, &r->p->hard_expiry, e);
}

static int set_reuse(struct reading *r, const char *value, struct err *e)
{
	return set_number(value, 0, PASSWORD_MOST_REUSE, &r->p->reuse, e);
}

static int set_allow_change(struct reading *r, const char *value, struct err *e)
{
	return set_yes(value, &r->p->allow_change, e);
}

static const struct {
	const char *name;
	int (*set)(struct reading *r, const char *value, struct err *e);
	enum password_rule rule; /* PASSWORD_RULES: none, or set() notes the line */
} keys[] = {
    {"min_length", set_min_length, PASSWORD_RULE_MIN_LENGTH},
    {"max_length", set_max_length, PASSWORD_RULE_MAX_LENGTH},
    {"count", set_count, PASSWORD_RULES},
    {"require", set_require, PASSWORD_RULES},
    {"classes", set_classes, PASSWORD_RULE_CLASSES},
    {"kinds", set_kinds, PASSWORD_RULE_KINDS},
    {"not_user", set_not_user, PASSWORD_RULE_USER},
    {"not_gecos", set_not_gecos, PASSWORD_RULE_GECOS},
    {"min_changed", set_min_changed, PASSWORD_RULE_CHANGED},
    {"max_age", set_max_age, PASSWORD_RULE_MAX_AGE},
    {"hard_expiry", set_hard_expiry, PASSWORD_RULE_HARD_EXPIRY},
    {"reuse", set_reuse, PASSWORD_RULE_REUSE},
    {"allow_change", set_allow_change, PASSWORD_RULE_ALLOW_CHANGE},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int set_pair(struct reading *r, const char *name, const char *value, struct err *e)
{
	struct err why = {0};
	size_t i = 0;

	while (i < KEYS && strcmp(keys[i].name, name) != 0)
		i++;
	if (i == KEYS)
		return err_set(e, ERR_SYNTAX, "unknown key '%.60s'", name);
	if (r->seen[i] != 0)
		return err_set(e, ERR_SYNTAX, "'%s' is given twice", name);
	if (value[0] == '\0')
		return err_set(e, ERR_SYNTAX, "'%s' has no value", name);
	r->seen[i] = r->line;
	if (keys[i].set(r, value, &why) != 0)
		return err_set(e, ERR_SYNTAX, "%s: %s", name, why.text);
	if (keys[i].rule != PASSWORD_RULES)
		r->p->origin[keys[i].rule].line = r->line;
	return 0;
}

static int read_line(struct reading *r, char *line, struct err *e)
{
	char *key, *value;

	pair_split(line, &key, &value);
	if (value != NULL)
		return set_pair(r, key, value, e);
	return key[0] == '\0' ? 0 : err_set(e, ERR_SYNTAX, "'%.60s' is not 'key = value'", key);
}

static int read_lines(struct reading *r, const char *text, size_t len, struct err *e)
{
	char line[LINE_MAX_BYTES];
	size_t at = 0;

	for (r->line = 1; at < len; r->line++) {
		const char *end = memchr(text + at, '\n', len - at);
		const size_t n = end != NULL ? (size_t)(end - (text + at)) : 0;

		/* `min_length = 14` whose end was never written is `min_length = 1`. */
		if (end == NULL)
			return err_set(e, ERR_SYNTAX, "the last line has no newline: its end may be "
			    "missing");
		if (n >= sizeof(line))
			return err_set(e, ERR_SYNTAX, "longer than %d bytes", LINE_MAX_BYTES - 1);
		if (memchr(text + at, '\0', n) != NULL)
			return err_set(e, ERR_SYNTAX, "a NUL byte");
		memcpy(line, text + at, n);
		line[n] = '\0';
		if (read_line(r, line, e) != 0)
			return ERR_SYNTAX;
		at += n + 1;
	}
	return 0;
}

static int longest_wanted(const struct password_policy *p)
{
	int most = p->min_length;

	for (int i = 0; i < p->alternatives; i++)
		if (p->alternative[i].length > most)
			most = p->alternative[i].length;
	return most;
}

/* The rules together; the line that is named is one of those to mend. */
static int check_whole(struct reading *r, struct err *e)
{
	const struct password_policy *p = r->p;

	r->line = p->origin[PASSWORD_RULE_MAX_LENGTH].line;
	if (p->max_length != 0 && p->max_length < longest_wanted(p))
		return err_set(e, ERR_SYNTAX, "max_length (%d) is less than another rule asks for "
		    "(%d)", p->max_length, longest_wanted(p));
	r->line = p->origin[PASSWORD_RULE_HARD_EXPIRY].line;
	if (p->hard_expiry && p->max_age == 0)
		return err_set(e, ERR_SYNTAX, "hard_expiry without max_age: nothing expires");
	r->line = 0;
	if (p->min_length == 0 && p->alternatives == 0)
		return err_set(e, ERR_SYNTAX, "says neither min_length nor kinds: how long must a "
		    "password be?");
	return 0;
}

int rules_file_parse(struct password_policy *p, const char *path, const char *text,
    size_t len, struct err *e)
{
	struct reading r = {.p = p};
	struct err why = {0};
	int result;

	*p = (struct password_policy){.allow_change = true};
	if (strlen(path) >= sizeof(p->name))
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", path);
	memcpy(p->name, path, strlen(path) + 1);
	result = read_lines(&r, text, len, &why);
	if (result == 0)
		result = check_whole(&r, &why);
	if (result == 0)
		return 0;
	*p = (struct password_policy){.name = ""};
	if (r.line == 0)
		return err_set(e, result, "%s: %s", path, why.text);
	return err_set(e, result, "%s:%d: %s", path, r.line, why.text);
}
