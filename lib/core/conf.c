#include "lib/core/conf.h"

#include "lib/core/day.h"
#include "lib/core/exempt.h"
#include "lib/core/safefile.h"
#include "lib/core/text.h"
#include "lib/core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PB_SYSCONFDIR
#define PB_SYSCONFDIR "/etc"
#endif
#ifndef PB_LOCALSTATEDIR
#define PB_LOCALSTATEDIR "/var"
#endif
#define DEFAULT_CONF PB_SYSCONFDIR "/pam-bastion/pam_bastion.conf"
#define DEFAULT_STATE PB_LOCALSTATEDIR "/lib/pam-bastion"

#define POLICY_NAME "/policy.json" /* in state_dir, which it follows */

/* ABSENT: the feature is not in this version, so every value is an error;
 * EXEMPT and AGELESS may repeat. */
enum type { PATH, STORE, INT, DURATION, ISSUER, ENROLL, DAY, REQUIRE, EXEMPT, POLICY, AGE, AGELESS, ROOT,
    ABSENT };

struct key {
	const char *name;
	enum type type;
	size_t offset;        /* into struct conf */
	int64_t min, max;
	const char *fallback; /* the default, as written */
};

#define AT(field) offsetof(struct conf, field)

static const struct key keys[CONF_KEYS] = {
    {"store", STORE, AT(store_dir), 0, 0, "file:" DEFAULT_STATE},
    {"state_dir", PATH, AT(state_dir), 0, 0, DEFAULT_STATE},
    {"keyring", PATH, AT(keyring), 0, 0, PB_SYSCONFDIR "/pam-bastion/keyring"},
    {"helper_dir", ABSENT, 0, 0, 0, "/usr/libexec/pam-bastion"},
    {"store_timeout", ABSENT, 0, 0, 0, "5s"},
    {"window", INT, AT(window), 0, 2, "1"},
    {"remember", DURATION, AT(remember), 0, 43200, "0"},
    {"enroll", ENROLL, AT(enroll), 0, 0, "invite"},
    {"enroll_by", DAY, AT(enroll_by), 0, 0, "none"},
    {"require", REQUIRE, AT(require), 0, 0, "all"},
    {"exempt", EXEMPT, AT(exempt), 0, 0, "none"},
    {"issuer", ISSUER, AT(issuer), 0, 0, ""},
    {"throttle_free", INT, AT(throttle_free), 1, 20, "3"},
    {"throttle_base", DURATION, AT(throttle_base), 1, 86400, "30s"},
    {"throttle_max", DURATION, AT(throttle_max), 1, 86400, "1h"},
    {"lock_after", INT, AT(lock_after), 1, 100, "100"},
    {"retry", INT, AT(retry), 1, 5, "3"},
    {"password_policy", POLICY, AT(password_policy), 0, 0, "kisa"},
    {"policy_file", PATH, AT(policy_file), 0, 0, DEFAULT_STATE POLICY_NAME},
    {"age", AGE, AT(age), 0, 0, "warn"},
    {"age_exempt", AGELESS, AT(age_exempt), 0, 0, "none"},
    {"warn_days", INT, AT(warn_days), 0, 365, "14"},
    {"enforce_for_root", ROOT, AT(root_is_free), 0, 0, "yes"},
    {"breach_filter", ABSENT, 0, 0, 0, "none"},
    {"breach_at_login", ABSENT, 0, 0, 0, "no"},
    {"reserve_wait", DURATION, AT(reserve_wait), 1, 300, "15s"},
};

const char *conf_default_path(void)
{
	return DEFAULT_CONF;
}

static int set_store(const char *text, char *out, struct err *e)
{
	if (strncmp(text, "dynamodb:", 9) == 0 || strncmp(text, "etcd:", 5) == 0)
		return err_set(e, ERR_SYNTAX,
		    "'%s': this version has the store 'file:DIRECTORY' only", text);
	if (strncmp(text, "file:", 5) != 0)
		return err_set(e, ERR_SYNTAX, "'%s' is not 'file:DIRECTORY'", text);
	return conf_text_path(text + 5, out, e);
}

static int set_issuer(const char *text, char *out, struct err *e)
{
	if (strlen(text) >= CONF_ISSUER_MAX)
		return err_set(e, ERR_SYNTAX, "longer than %d bytes", CONF_ISSUER_MAX - 1);
	if (strchr(text, ':') != NULL)
		return err_set(e, ERR_SYNTAX,
		    "a colon cannot stand in it: authenticator apps split there");
	if (!utf8_is_text(text))
		return err_set(e, ERR_SYNTAX, "has a control character or is not UTF-8");
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static const char *const enroll_names[] = {"admin", "invite", "login"};

static int set_enroll(const char *text, enum conf_enroll *out, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(text, enroll_names[i]) == 0) {
			*out = (enum conf_enroll)i;
			return 0;
		}
	}
	return err_set(e, ERR_SYNTAX, "'%s' is not one of admin, invite, login", text);
}

static const char *const age_names[] = {"enforce", "warn", "off"};

static int set_age(const char *text, enum conf_age *out, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(text, age_names[i]) == 0) {
			*out = (enum conf_age)i;
			return 0;
		}
	}
	return err_set(e, ERR_SYNTAX, "'%s' is not one of off, warn, enforce", text);
}

static int set_root(const char *text, bool *is_free, struct err *e)
{
	*is_free = strcmp(text, "no") == 0;
	if (*is_free || strcmp(text, "yes") == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "'%s' is not yes or no", text);
}

static int set_number(const struct key *k, const char *text, int64_t *v, struct err *e)
{
	return k->type == INT ? conf_text_int(text, k->min, k->max, v, e) :
	    conf_text_duration(text, k->min, k->max, v, e);
}

static int set_day(const char *text, int64_t *out, struct err *e)
{
	*out = 0;
	if (strcmp(text, "none") == 0 || day_end(text, out) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "'%s' is not a day YYYY-MM-DD, nor 'none'", text);
}

/* Users and groups with commas, or alone, which stands for something else. */
static int check_list(const char *text, const char *alone, struct err *e)
{
	const char *rest = text, *word;
	struct who who;
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == ',')
		return err_set(e, ERR_SYNTAX, "ends with a comma");
	do {
		n = conf_text_word(&rest, &word);
		if (who_parse(word, n, &who) != 0)
			return err_set(e, ERR_SYNTAX, "'%.*s' is not user:NAME or group:NAME "
			    "(or '%s' alone)", (int)n, word, alone);
	} while (*rest != '\0');
	return 0;
}

static int set_require(const char *text, char *out, struct err *e)
{
	size_t n = strlen(text);

	if (n >= CONF_REQUIRE_MAX)
		return err_set(e, ERR_SYNTAX, "longer than %d bytes", CONF_REQUIRE_MAX - 1);
	memcpy(out, text, n + 1);
	return strcmp(text, "all") == 0 ? 0 : check_list(text, "all", e);
}

static int add_age_exempt(const char *text, char *out, struct err *e)
{
	size_t there = strlen(out);
	struct text t;
	int r;

	if (strcmp(text, "none") == 0)
		return 0;
	if ((r = check_list(text, "none", e)) != 0)
		return r;
	t = text_in(out + there, CONF_AGE_EXEMPT_MAX - there);
	text_add(&t, there > 0 ? ", " : "");
	text_add(&t, text);
	if (!t.cut)
		return 0;
	out[there] = '\0';
	return err_set(e, ERR_SYNTAX, "more than %d bytes in all; name groups",
	    CONF_AGE_EXEMPT_MAX - 1);
}

bool conf_require_is_all(const struct conf *c)
{
	return strcmp(c->require, "all") == 0;
}

static int each_word(const char *rest, int (*each)(void *ctx, const struct who *who),
    void *ctx)
{
	const char *word;
	int r = 0;

	while (r == 0 && *rest != '\0') {
		struct who who;
		size_t n = conf_text_word(&rest, &word);

		if (who_parse(word, n, &who) == 0)
			r = each(ctx, &who);
	}
	return r;
}

/* The names that policy/password knows; test_password_profile.c compares them. */
static const char policy_names[] =
    "kisa, kisa-2020, iam-default, cis-aws, nist-800-63b-4, pci-4.0.1, iam";

static bool is_policy_name(const char *word, size_t n)
{
	const char *rest = policy_names, *name;

	while (*rest != '\0')
		if (conf_text_word(&rest, &name) == n && memcmp(name, word, n) == 0)
			return true;
	return false;
}

static int check_policy(const char *word, size_t n, struct err *e)
{
	char path[CONF_PATH_MAX], ignored[CONF_PATH_MAX];

	if (n == 0 || word[0] != '/') {
		if (n > 0 && is_policy_name(word, n))
			return 0;
		return err_set(e, ERR_SYNTAX, "'%.*s' is no policy: name one of %s, or a file by "
		    "its absolute path", (int)n, word, policy_names);
	}
	memcpy(path, word, n); /* no longer than CONF_POLICY_MAX */
	path[n] = '\0';
	return conf_text_path(path, ignored, e);
}

static int set_policy(const char *text, char *out, struct err *e)
{
	const char *rest = text, *word, *before[CONF_POLICIES];
	size_t n = strlen(text), length[CONF_POLICIES];
	int count = 0, r;

	if (n >= CONF_POLICY_MAX)
		return err_set(e, ERR_SYNTAX, "longer than %d bytes", CONF_POLICY_MAX - 1);
	if (n > 0 && text[n - 1] == ',')
		return err_set(e, ERR_SYNTAX, "ends with a comma");
	memcpy(out, text, n + 1);
	do {
		n = conf_text_word(&rest, &word);
		if ((r = check_policy(word, n, e)) != 0)
			return r;
		for (int i = 0; i < count; i++)
			if (length[i] == n && memcmp(before[i], word, n) == 0)
				return err_set(e, ERR_SYNTAX, "'%.*s' is named twice", (int)n, word);
		if (count == CONF_POLICIES)
			return err_set(e, ERR_SYNTAX, "more than %d policies", CONF_POLICIES);
		before[count] = word, length[count++] = n;
	} while (*rest != '\0');
	return 0;
}

int conf_require_each(const struct conf *c, int (*each)(void *ctx, const struct who *who),
    void *ctx)
{
	return conf_require_is_all(c) ? 0 : each_word(c->require, each, ctx);
}

int conf_age_exempt_each(const struct conf *c,
    int (*each)(void *ctx, const struct who *who), void *ctx)
{
	return each_word(c->age_exempt, each, ctx);
}

static int add_exempt(struct conf *c, const char *text, struct conf_origin origin,
    struct err *e)
{
	struct exempt x;
	size_t n = strlen(text) + 1;
	int r;

	if (strcmp(text, "none") == 0)
		return 0;
	if ((r = exempt_parse(text, &x, e)) != 0)
		return r;
	if (c->exempts == CONF_EXEMPTS || n > sizeof(c->exempt_text) - c->exempt_used)
		return err_set(e, ERR_SYNTAX, "more than %d exemptions, or %d bytes of them; "
		    "name groups", CONF_EXEMPTS, CONF_EXEMPT_TEXT);
	memcpy(c->exempt_text + c->exempt_used, text, n);
	c->exempt[c->exempts++] = (struct conf_exempt){c->exempt_used, origin};
	c->exempt_used += n;
	return 0;
}

static int set_value(struct conf *c, const struct key *k, const char *text, struct err *e)
{
	char *field = (char *)c + k->offset;
	int64_t v;
	int r;

	switch (k->type) {
	case PATH:
		return conf_text_path(text, field, e);
	case STORE:
		return set_store(text, field, e);
	case ISSUER:
		return set_issuer(text, field, e);
	case ENROLL:
		return set_enroll(text, &c->enroll, e);
	case INT:
		if ((r = set_number(k, text, &v, e)) == 0)
			*(int *)(void *)field = (int)v;
		return r;
	case DURATION:
		if ((r = set_number(k, text, &v, e)) == 0)
			*(int64_t *)(void *)field = v;
		return r;
	case DAY:
		return set_day(text, (int64_t *)(void *)field, e);
	case REQUIRE:
		return set_require(text, field, e);
	case POLICY:
		return set_policy(text, field, e);
	case AGE:
		return set_age(text, &c->age, e);
	case AGELESS:
		return add_age_exempt(text, field, e);
	case ROOT:
		return set_root(text, &c->root_is_free, e);
	case EXEMPT: /* set_pair() adds it: it keeps its own line */
	case ABSENT:
		break;
	}
	return err_set(e, ERR_SYNTAX, "this version does not have it; remove the line");
}

static void set_defaults(struct conf *c, const char *path)
{
	struct text t;

	memset(c, 0, offsetof(struct conf, require));
	c->age_exempt[0] = '\0';
	t = text_in(c->path, sizeof(c->path));
	text_add(&t, path);
	for (int i = 0; i < CONF_KEYS; i++)
		if (keys[i].type != EXEMPT && keys[i].type != ABSENT)
			(void)set_value(c, &keys[i], keys[i].fallback, NULL);
}

static int find_key(const char *name, size_t n)
{
	for (int i = 0; i < CONF_KEYS; i++)
		if (strlen(keys[i].name) == n && memcmp(keys[i].name, name, n) == 0)
			return i;
	return -1;
}

static bool may_repeat(const struct key *k)
{
	return k->type == EXEMPT || k->type == AGELESS;
}

/* Those of the PAM line replace all of the file's. */
static void forget_others(struct conf *c, const struct key *k)
{
	if (k->type == EXEMPT)
		c->exempts = 0, c->exempt_used = 0;
	else if (k->type == AGELESS)
		c->age_exempt[0] = '\0';
}

/* Sets `name = value` from one place; the place's own prefix is put before
 * the reason by the caller. */
static int set_pair(struct conf *c, const char *name, const char *value,
    struct conf_origin origin, struct err *e)
{
	int i = find_key(name, strlen(name));
	struct err why = {0};
	int r;

	if (i < 0)
		return err_set(e, ERR_SYNTAX, "unknown key '%s'", name);
	if (c->origin[i].where == origin.where && !may_repeat(&keys[i]))
		return err_set(e, ERR_SYNTAX, "'%s' is given twice", name);
	if (value[0] == '\0')
		return err_set(e, ERR_SYNTAX, "'%s' has no value", name);
	if (c->origin[i].where != origin.where)
		forget_others(c, &keys[i]);
	r = keys[i].type == EXEMPT ? add_exempt(c, value, origin, &why) :
	    set_value(c, &keys[i], value, &why);
	if (r != 0)
		return err_set(e, r, "%s: %s", name, why.text);
	c->origin[i] = origin;
	return 0;
}

/* What follows another key where it is not set itself, and what two keys say together. */
static int check_whole(struct conf *c, struct err *e)
{
	if (c->origin[find_key("policy_file", 11)].where == CONF_DEFAULT) {
		struct text t = text_in(c->policy_file, sizeof(c->policy_file));

		text_add(&t, c->state_dir); /* conf_text_path() has left room */
		text_add(&t, POLICY_NAME);
	}
	if (c->throttle_max < c->throttle_base)
		return err_set(e, ERR_SYNTAX,
		    "%s: throttle_max (%llds) is less than throttle_base (%llds)", c->path,
		    (long long)c->throttle_max, (long long)c->throttle_base);
	return 0;
}

static int set_line(void *ctx, const char *key, const char *value, int line, struct err *e)
{
	return set_pair(ctx, key, value, (struct conf_origin){CONF_FILE, line}, e);
}

/* Over the defaults that c holds. */
static int parse_text(struct conf *c, const char *text, size_t len, struct err *e)
{
	const struct conf_text q = {c->path, set_line, c};
	int r;

	c->file_read = true;
	r = conf_text_lines(&q, text, len, e);
	return r == 0 ? check_whole(c, e) : r;
}

int conf_parse(struct conf *c, const char *path, const char *text, size_t len,
    struct err *e)
{
	set_defaults(c, path);
	return parse_text(c, text, len, e);
}

int conf_load(struct conf *c, const char *path, struct err *e)
{
	const char *name = path != NULL ? path : DEFAULT_CONF;
	struct safefile_buffer buf = {.cap = CONF_FILE_MAX};
	int r;

	set_defaults(c, name);
	if (strlen(name) >= sizeof(c->path))
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", name);
	r = safefile_read(name, SAFEFILE_PUBLIC, &buf, e);
	c->judged = r == 0;
	if (r == ERR_NONE && path == NULL)
		r = 0; /* the packaged file may be missing: defaults */
	else if (r == 0)
		r = parse_text(c, buf.data, buf.len, e);
	free(buf.data);
	return r;
}

static int set_word(struct conf_words *w, enum conf_group group, const char *word,
    struct err *e)
{
	static const struct {
		const char *name;
		enum conf_group group;
		size_t offset;
	} words[] = {
	    {"need_auth", CONF_ACCOUNT, offsetof(struct conf_words, need_auth)},
	    {"after_password", CONF_AUTH, offsetof(struct conf_words, after_password)},
	    {"after_login", CONF_AUTH, offsetof(struct conf_words, after_login)},
	    {"enroll_here", CONF_AUTH, offsetof(struct conf_words, enroll_here)},
	    {"reserve", CONF_AUTH, offsetof(struct conf_words, reserve)},
	    {"use_authtok", CONF_PASSWORD, offsetof(struct conf_words, use_authtok)},
	    {"use_first_pass", CONF_PASSWORD, offsetof(struct conf_words, use_authtok)},
	    {"try_first_pass", CONF_PASSWORD, offsetof(struct conf_words, try_first_pass)},
	};
	static const char *const types[] = {"auth", "account", "password", "session"};

	if (strcmp(word, "debug") == 0) {
		w->debug = true;
		return 0;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].name) != 0)
			continue;
		if (group != words[i].group)
			return err_set(e, ERR_SYNTAX, "'%s' belongs on a line of type %s", word,
			    types[words[i].group]);
		*(bool *)(void *)((char *)w + words[i].offset) = true;
		return 0;
	}
	return err_set(e, ERR_SYNTAX, "unknown word '%s'", word);
}

static int set_argument(struct conf *c, struct conf_words *w, enum conf_group group,
    const char *arg, struct err *e)
{
	const char *equals = strchr(arg, '=');
	char name[32];

	if (equals == NULL)
		return set_word(w, group, arg, e);
	if ((size_t)(equals - arg) >= sizeof(name))
		return err_set(e, ERR_SYNTAX, "unknown key '%.40s'", arg);
	memcpy(name, arg, (size_t)(equals - arg));
	name[equals - arg] = '\0';
	return set_pair(c, name, equals + 1, (struct conf_origin){CONF_PAM_LINE, 0}, e);
}

/* It asks for the password; theirs are lines behind it. */
static int check_words(const struct conf_words *w, struct err *e)
{
	const char *other = w->after_password ? "after_password" : w->after_login ?
	    "after_login" : w->enroll_here ? "enroll_here" : NULL;

	if (!w->reserve || other == NULL)
		return 0;
	return err_set(e, ERR_SYNTAX, "'reserve' and '%s' cannot stand on one line: `reserve` "
	    "stands above the password, '%s' on the line below it", other, other);
}

static int find_conf_argument(const struct conf_args *a, const char **path, struct err *e)
{
	*path = NULL;
	for (int i = 0; i < a->argc; i++) {
		if (strncmp(a->argv[i], "conf=", 5) != 0)
			continue;
		if (*path != NULL)
			return err_set(e, ERR_SYNTAX, "%s: 'conf' is given twice", a->what);
		*path = a->argv[i] + 5;
		if ((*path)[0] != '/')
			return err_set(e, ERR_SYNTAX, "%s: conf: '%s' is not an absolute path",
			    a->what, *path);
	}
	return 0;
}

int conf_load_args(struct conf *c, struct conf_words *w, enum conf_group group,
    const struct conf_args *args, struct err *e)
{
	struct err why = {0};
	const char *path;
	int r;

	*w = (struct conf_words){0};
	if ((r = find_conf_argument(args, &path, e)) != 0) {
		set_defaults(c, DEFAULT_CONF);
		return r;
	}
	if ((r = conf_load(c, path, e)) != 0)
		return r;
	for (int i = 0; i < args->argc; i++) {
		if (strncmp(args->argv[i], "conf=", 5) == 0)
			continue;
		if ((r = set_argument(c, w, group, args->argv[i], &why)) != 0)
			return err_set(e, r, "%s: %s", args->what, why.text);
	}
	if ((r = check_words(w, &why)) != 0)
		return err_set(e, r, "%s: %s", args->what, why.text);
	return check_whole(c, e);
}

const char *conf_key(int i)
{
	return keys[i].name;
}

bool conf_key_built(int i)
{
	return keys[i].type != ABSENT;
}

static void print_duration(int64_t s, char *value)
{
	const char *unit = "s";

	if (s != 0 && s % 86400 == 0)
		s /= 86400, unit = "d";
	else if (s != 0 && s % 3600 == 0)
		s /= 3600, unit = "h";
	else if (s != 0 && s % 60 == 0)
		s /= 60, unit = "m";
	(void)snprintf(value, CONF_VALUE_MAX, "%lld%s", (long long)s, unit);
}

static void print_day(int64_t end, char *value)
{
	if (end == 0)
		(void)snprintf(value, CONF_VALUE_MAX, "none");
	else
		day_text(end, value);
}

static void print_text(const char *text, char *value)
{
	struct text t = text_in(value, CONF_VALUE_MAX - 4);

	text_add(&t, text);
	if (t.cut)
		memcpy(value + t.len, "...", 4);
}

static void print_exempts(const struct conf *c, char *value)
{
	struct text t = text_in(value, CONF_VALUE_MAX - 4);

	for (int i = 0; i < c->exempts; i++) {
		text_add(&t, i > 0 ? ", " : "");
		text_add(&t, conf_exempt(c, i));
	}
	text_add(&t, c->exempts == 0 ? "none" : "");
	if (t.cut)
		memcpy(value + t.len, "...", 4);
}

void conf_value(const struct conf *c, int i, char *value)
{
	const char *field = (const char *)c + keys[i].offset;

	switch (keys[i].type) {
	case STORE:
		(void)snprintf(value, CONF_VALUE_MAX, "file:%s", field);
		break;
	case PATH:
	case ISSUER:
		(void)snprintf(value, CONF_VALUE_MAX, "%s", field);
		break;
	case INT:
		(void)snprintf(value, CONF_VALUE_MAX, "%d", *(const int *)(const void *)field);
		break;
	case DURATION:
		print_duration(*(const int64_t *)(const void *)field, value);
		break;
	case ENROLL:
		(void)snprintf(value, CONF_VALUE_MAX, "%s", enroll_names[c->enroll]);
		break;
	case DAY:
		print_day(*(const int64_t *)(const void *)field, value);
		break;
	case REQUIRE:
	case POLICY:
		print_text(field, value);
		break;
	case EXEMPT:
		print_exempts(c, value);
		break;
	case AGE:
		(void)snprintf(value, CONF_VALUE_MAX, "%s", age_names[c->age]);
		break;
	case AGELESS:
		print_text(c->age_exempt[0] != '\0' ? c->age_exempt : "none", value);
		break;
	case ROOT:
		(void)snprintf(value, CONF_VALUE_MAX, "%s", c->root_is_free ? "no" : "yes");
		break;
	case ABSENT:
		(void)snprintf(value, CONF_VALUE_MAX, "%s", keys[i].fallback);
		break;
	}
}
