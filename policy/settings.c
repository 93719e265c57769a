#include "policy/settings.h"

#include "lib/core/safefile.h"
#include "lib/core/text.h"

#include <stdlib.h>
#include <string.h>

#ifndef PB_SYSCONFDIR
#define PB_SYSCONFDIR "/etc"
#endif
#define DEFAULT_PATH PB_SYSCONFDIR "/pam-bastion/bastionctl.conf"

#define DAY INT64_C(86400)

enum type { DURATION, REGIONS, ROLE, PATH };

static const struct key {
	const char *name;
	enum type type;
	size_t offset; /* into struct settings */
	int64_t min, max;
	const char *fallback; /* the default, as written */
} keys[SETTINGS_KEYS] = {
#define AT(field) offsetof(struct settings, field)
    {"key_max_age", DURATION, AT(key_max_age), DAY, 3650 * DAY, "90d"},
    {"key_unused", DURATION, AT(key_unused), DAY, 3650 * DAY, "45d"},
    {"rotate_overlap", DURATION, AT(rotate_overlap), 0, 90 * DAY, "24h"},
    {"rotate_grace", DURATION, AT(rotate_grace), 0, 365 * DAY, "7d"},
    {"regions", REGIONS, AT(region), 0, 0, "none"},
    {"assume_role", ROLE, AT(assume_role), 0, 0, "none"},
    {"mute_file", PATH, AT(mute_file), 0, 0, "none"},
};

const char *settings_default_path(void)
{
	return DEFAULT_PATH;
}

/* ---- values ---- */

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

/* us-east-1, us-gov-west-1 */
static bool is_region(const char *word, size_t n)
{
	int dashes = 0;

	if (n < 5 || n >= SETTINGS_REGION_MAX || strspn(word, LOWER DIGIT "-") < n ||
	    strchr(DIGIT, word[n - 1]) == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		dashes += word[i] == '-';
		if (word[i] == '-' && (i == 0 || word[i - 1] == '-'))
			return false;
	}
	return dashes >= 2;
}

static int set_regions(struct settings *s, const char *text, struct err *e)
{
	const size_t len = strlen(text);
	const char *word;

	s->regions = 0;
	if (strcmp(text, "none") == 0)
		return 0;
	if (len > 0 && text[len - 1] == ',')
		return err_set(e, ERR_SYNTAX, "ends with a comma");
	do {
		const size_t n = conf_text_word(&text, &word);

		if (!is_region(word, n))
			return err_set(e, ERR_SYNTAX, "'%.*s' is no region such as us-east-1", (int)n, word);
		for (int i = 0; i < s->regions; i++)
			if (strlen(s->region[i]) == n && memcmp(s->region[i], word, n) == 0)
				return err_set(e, ERR_SYNTAX, "'%.*s' is named twice", (int)n, word);
		if (s->regions == SETTINGS_REGIONS)
			return err_set(e, ERR_SYNTAX, "more than %d regions", SETTINGS_REGIONS);
		memcpy(s->region[s->regions], word, n);
		s->region[s->regions++][n] = '\0';
	} while (*text != '\0');
	return 0;
}

/* arn:aws:iam::123456789012:role/PATH/NAME; a partition has its name behind aws. */
static bool is_role(const char *text)
{
	size_t n;

	if (strlen(text) >= SETTINGS_ROLE_MAX || strncmp(text, "arn:aws", 7) != 0)
		return false;
	text += 7 + strspn(text + 7, LOWER "-");
	if (strncmp(text, ":iam::", 6) != 0 || strspn(text + 6, DIGIT) != 12 ||
	    strncmp(text + 18, ":role/", 6) != 0)
		return false;
	text += 24;
	n = strlen(text);
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n > 0 && text[n - 1] != '/';
}

static int set_role(const char *text, char *out, struct err *e)
{
	const bool none = strcmp(text, "none") == 0;

	if (!none && !is_role(text))
		return err_set(e, ERR_SYNTAX, "'%.80s' is not the ARN of a role, nor 'none'", text);
	memcpy(out, none ? "" : text, none ? 1 : strlen(text) + 1);
	return 0;
}

static int set_value(struct settings *s, const struct key *k, const char *text, struct err *e)
{
	char *field = (char *)s + k->offset;

	switch (k->type) {
	case DURATION:
		return conf_text_duration(text, k->min, k->max, (int64_t *)(void *)field, e);
	case REGIONS:
		return set_regions(s, text, e);
	case ROLE:
		return set_role(text, field, e);
	case PATH:
		break;
	}
	field[0] = '\0';
	return strcmp(text, "none") == 0 ? 0 : conf_text_path(text, field, e);
}

/* ---- the file ---- */

static void set_defaults(struct settings *s, const char *path)
{
	struct text t;

	memset(s, 0, sizeof(*s));
	t = text_in(s->path, sizeof(s->path));
	text_add(&t, path);
	for (int i = 0; i < SETTINGS_KEYS; i++)
		(void)set_value(s, &keys[i], keys[i].fallback, NULL);
}

static int set_pair(void *ctx, const char *name, const char *value, int line, struct err *e)
{
	struct settings *s = ctx;
	struct err why = {0};
	int i = 0, r;

	while (i < SETTINGS_KEYS && strcmp(keys[i].name, name) != 0)
		i++;
	if (i == SETTINGS_KEYS)
		return err_set(e, ERR_SYNTAX, "unknown key '%s'", name);
	if (s->line[i] != 0)
		return err_set(e, ERR_SYNTAX, "'%s' is given twice", name);
	if (value[0] == '\0')
		return err_set(e, ERR_SYNTAX, "'%s' has no value", name);
	if ((r = set_value(s, &keys[i], value, &why)) != 0)
		return err_set(e, r, "%s: %s", name, why.text);
	s->line[i] = line;
	return 0;
}

int settings_parse(struct settings *s, const char *path, const char *text, size_t len,
    struct err *e)
{
	const struct conf_text q = {s->path, set_pair, s};
	int r;

	set_defaults(s, path);
	s->file_read = true;
	if ((r = conf_text_lines(&q, text, len, e)) != 0)
		set_defaults(s, path);
	return r;
}

int settings_load(struct settings *s, const char *path, struct err *e)
{
	const char *name = path != NULL ? path : DEFAULT_PATH;
	struct safefile_buffer buf = {.cap = SETTINGS_FILE_MAX};
	int r;

	set_defaults(s, name);
	if (strlen(name) >= sizeof(s->path))
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", name);
	r = safefile_read(name, SAFEFILE_PUBLIC, &buf, e);
	if (r == ERR_NONE && path == NULL)
		r = 0; /* the packaged file may be missing: defaults */
	else if (r == 0)
		r = settings_parse(s, name, buf.data, buf.len, e);
	free(buf.data);
	return r;
}

/* ---- for printing ---- */

const char *settings_key(int i)
{
	return keys[i].name;
}

static void print_duration(int64_t v, struct text *t)
{
	static const struct { char unit; int64_t seconds; } units[] = {
	    {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (v > 0 && v % units[i].seconds == 0) {
			text_add_number(t, (uint64_t)(v / units[i].seconds));
			text_add_char(t, units[i].unit);
			return;
		}
	text_add(t, "0");
}

void settings_value(const struct settings *s, int i, char *value)
{
	const char *field = (const char *)s + keys[i].offset;
	struct text t = text_in(value, SETTINGS_VALUE_MAX);

	switch (keys[i].type) {
	case DURATION:
		print_duration(*(const int64_t *)(const void *)field, &t);
		break;
	case REGIONS:
		for (int k = 0; k < s->regions; k++) {
			text_add(&t, k > 0 ? ", " : "");
			text_add(&t, s->region[k]);
		}
		text_add(&t, s->regions == 0 ? "none" : "");
		break;
	case ROLE:
	case PATH:
		text_add(&t, field[0] != '\0' ? field : "none");
		break;
	}
}
