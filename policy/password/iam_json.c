#include "policy/password/iam_json.h"

#include "lib/core/day.h"
#include "lib/core/text.h"
#include "policy/password/json_in.h"
#include "policy/password/profile.h"

#include <string.h>

#include <openssl/evp.h>

#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */

enum type { BOOLEAN, NUMBER };

static const struct field {
	const char *name;
	enum type type;
	int min, max;
	int fallback;
} fields[IAM_FIELDS] = {
    [IAM_MINIMUM_PASSWORD_LENGTH] = {"MinimumPasswordLength", NUMBER, 6, 128, 6},
    [IAM_REQUIRE_SYMBOLS] = {"RequireSymbols", BOOLEAN, 0, 1, 0},
    [IAM_REQUIRE_NUMBERS] = {"RequireNumbers", BOOLEAN, 0, 1, 0},
    [IAM_REQUIRE_UPPERCASE_CHARACTERS] = {"RequireUppercaseCharacters", BOOLEAN, 0, 1, 0},
    [IAM_REQUIRE_LOWERCASE_CHARACTERS] = {"RequireLowercaseCharacters", BOOLEAN, 0, 1, 0},
    [IAM_ALLOW_USERS_TO_CHANGE_PASSWORD] = {"AllowUsersToChangePassword", BOOLEAN, 0, 1, 0},
    [IAM_EXPIRE_PASSWORDS] = {"ExpirePasswords", BOOLEAN, 0, 1, 0},
    [IAM_MAX_PASSWORD_AGE] = {"MaxPasswordAge", NUMBER, 1, 1095, 0},
    [IAM_PASSWORD_REUSE_PREVENTION] = {"PasswordReusePrevention", NUMBER, 1, 24, 0},
    [IAM_HARD_EXPIRY] = {"HardExpiry", BOOLEAN, 0, 1, 0},
};

const char *iam_field_name(enum iam_field field)
{
	return fields[field].name;
}

bool iam_field_is_number(enum iam_field field)
{
	return fields[field].type == NUMBER;
}

static void set_defaults(struct iam_policy *p)
{
	*p = (struct iam_policy){.custom = true};
	for (int i = 0; i < IAM_FIELDS; i++)
		p->value[i] = fields[i].fallback;
}

static int find_field(const char *key)
{
	for (int i = 0; i < IAM_FIELDS; i++)
		if (strcmp(fields[i].name, key) == 0)
			return i;
	return -1;
}

static int read_field(struct json_in *in, const char *key, void *ctx)
{
	struct iam_policy *p = ctx;
	const int i = find_field(key);
	bool yes = false;
	int r;

	if (i < 0)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "'%s' is no field of an account password policy", key));
	if ((p->given & 1U << i) != 0)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "'%s' is given twice", key));
	p->given |= 1U << i;
	if (fields[i].type == NUMBER)
		return json_in_number(in, key, fields[i].min, fields[i].max, &p->value[i]);
	r = json_in_boolean(in, key, &yes);
	p->value[i] = yes;
	return r;
}

/* The object behind "PasswordPolicy". */
static int read_policy(struct json_in *in, struct iam_policy *p)
{
	int *const expires = &p->value[IAM_EXPIRE_PASSWORDS];
	bool aged;
	int r;

	set_defaults(p);
	if ((r = json_in_object(in, read_field, p)) != 0)
		return r;
	aged = (p->given & 1U << IAM_MAX_PASSWORD_AGE) != 0;
	if ((p->given & 1U << IAM_EXPIRE_PASSWORDS) == 0)
		*expires = aged;
	if (*expires != 0 && !aged)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "ExpirePasswords is true, and MaxPasswordAge is not there"));
	if (*expires == 0 && aged)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "ExpirePasswords is false, and MaxPasswordAge is there"));
	return 0;
}

/* The text as a whole. */
struct whole {
	struct iam_policy *p;
	struct iam_mirror *m; /* NULL: not a kept file */
	bool has_policy;
	unsigned given;       /* of the mirror's members */
};

enum member { FORMAT, TIME, SOURCE, SHA256, MEMBERS };

#define FORMAT_NUMBER 1

/* "2026-11-29T19:40:00Z" */
static int read_time(struct json_in *in, const char *key, int64_t *out)
{
	char text[21], day[DAY_TEXT];
	int64_t end;
	int part[3] = {0, 0, 0};
	int r;

	if ((r = json_in_string(in, key, text, sizeof(text))) != 0)
		return r;
	if (strlen(text) == 20 && text[10] == 'T' && text[19] == 'Z') {
		memcpy(day, text, 10);
		day[10] = '\0';
		for (int i = 0; i < 3; i++) {
			const char *s = text + 11 + 3 * i;

			if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' ||
			    (i < 2 && s[2] != ':'))
				part[i] = 99;
			else
				part[i] = 10 * (s[0] - '0') + s[1] - '0';
		}
		if (part[0] < 24 && part[1] < 60 && part[2] < 60 && day_end(day, &end) == 0) {
			*out = end - DAY_SECONDS + 3600 * part[0] + 60 * part[1] + part[2];
			return 0;
		}
	}
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
	    "%s: is not a time like 2026-11-29T19:40:00Z", key));
}

static int read_mirror_member(struct json_in *in, const char *key, void *ctx)
{
	static const char *const names[MEMBERS] = {"format", "time", "source", "sha256"};
	struct whole *w = ctx;
	int i = 0, format;

	while (i < MEMBERS && strcmp(names[i], key) != 0)
		i++;
	if (i == MEMBERS)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "'%s' is no field of Mirror",
		    key));
	if ((w->given & 1U << i) != 0)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "'%s' is given twice", key));
	w->given |= 1U << i;
	switch ((enum member)i) {
	case FORMAT:
		return json_in_number(in, key, FORMAT_NUMBER, FORMAT_NUMBER, &format);
	case TIME:
		return read_time(in, key, &w->m->time);
	case SOURCE:
		return json_in_string(in, key, w->m->source, sizeof(w->m->source));
	case SHA256:
	case MEMBERS:
		break;
	}
	return json_in_string(in, key, w->m->sha256, sizeof(w->m->sha256));
}

static int read_mirror(struct json_in *in, struct whole *w)
{
	int r = json_in_object(in, read_mirror_member, w);

	if (r == 0 && w->given != (1U << MEMBERS) - 1)
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
		    "Mirror: format, time, source or sha256 is not there"));
	w->m->known = r == 0;
	return r;
}

static int read_top(struct json_in *in, const char *key, void *ctx)
{
	struct whole *w = ctx;

	if (strcmp(key, "PasswordPolicy") == 0 && !w->has_policy) {
		w->has_policy = true;
		if (w->m != NULL && json_in_null(in))
			return 0;
		return read_policy(in, w->p);
	}
	if (w->m != NULL && strcmp(key, "Mirror") == 0 && !w->m->known)
		return read_mirror(in, w);
	if (strcmp(key, "PasswordPolicy") == 0 || (w->m != NULL && strcmp(key, "Mirror") == 0))
		return json_in_at(in, err_set(&in->why, ERR_SYNTAX, "'%s' is given twice", key));
	return json_in_at(in, err_set(&in->why, ERR_SYNTAX,
	    "'%s': only the object PasswordPolicy is expected here", key));
}

static int read_whole(struct json_in *in, struct whole *w)
{
	int r;

	if (in->len > IAM_JSON_MAX)
		return err_set(in->e, ERR_SYNTAX, "%s: is longer than %d bytes", in->name,
		    IAM_JSON_MAX);
	if ((r = json_in_object(in, read_top, w)) != 0 || (r = json_in_end(in)) != 0)
		return r;
	if (!w->has_policy || (!w->p->custom && !w->m->known))
		return err_set(in->e, ERR_SYNTAX, "%s: the object PasswordPolicy is not there",
		    in->name);
	return 0;
}

int iam_json_parse(struct iam_policy *p, const char *name, const char *text, size_t len,
    struct err *e)
{
	struct json_in in = json_in_text(name, text, len, e);
	struct whole w = {.p = p};
	int r;

	*p = (struct iam_policy){.custom = false};
	if ((r = read_whole(&in, &w)) != 0)
		*p = (struct iam_policy){.custom = false};
	return r;
}

int iam_json_parse_kept(struct iam_policy *p, struct iam_mirror *m, const char *name,
    const char *text, size_t len, struct err *e)
{
	struct json_in in = json_in_text(name, text, len, e);
	struct whole w = {.p = p, .m = m};
	char sha256[IAM_MIRROR_SHA256];
	int r;

	*p = (struct iam_policy){.custom = false};
	*m = (struct iam_mirror){.known = false};
	r = read_whole(&in, &w);
	if (r == 0 && m->known) {
		r = iam_json_fingerprint(p, sha256);
		if (r != 0)
			(void)err_set(e, r, "%s: libcrypto failed", name);
		else if (strcmp(sha256, m->sha256) != 0)
			r = err_set(e, ERR_BAD, "%s: the policy is not the one that was kept (its "
			    "sha256 differs); import it again", name);
	}
	if (r != 0) {
		*p = (struct iam_policy){.custom = false};
		*m = (struct iam_mirror){.known = false};
	}
	return r;
}

/* {"PasswordPolicy":...} without its end, so that more can follow; between pieces sep. */
static void write_policy(struct text *t, const struct iam_policy *p, const char *sep)
{
	bool first = true;

	text_add(t, "{\"PasswordPolicy\":");
	if (!p->custom) {
		text_add(t, "null");
		return;
	}
	text_add(t, "{");
	for (int i = 0; i < IAM_FIELDS; i++) {
		if ((p->given & 1U << i) == 0)
			continue;
		text_add(t, first ? sep : ",");
		text_add(t, first ? "" : sep);
		text_add(t, "\"");
		text_add(t, fields[i].name);
		text_add(t, "\":");
		if (fields[i].type == NUMBER)
			text_add_number(t, (uint64_t)p->value[i]);
		else
			text_add(t, p->value[i] != 0 ? "true" : "false");
		first = false;
	}
	text_add(t, first || sep[0] == '\0' ? "}" : "\n}");
}

int iam_json_fingerprint(const struct iam_policy *p, char sha256[IAM_MIRROR_SHA256])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	char buffer[IAM_JSON_TEXT];
	struct text t = text_in(buffer, sizeof(buffer));

	sha256[0] = '\0';
	write_policy(&t, p, "");
	text_add(&t, "}");
	if (t.cut || EVP_Digest(buffer, t.len, md, NULL, EVP_sha256(), NULL) != 1)
		return ERR_SYSTEM;
	for (int i = 0; i < 32; i++) {
		sha256[2 * i] = digits[md[i] >> 4];
		sha256[2 * i + 1] = digits[md[i] & 15];
	}
	sha256[64] = '\0';
	return 0;
}

static void add_two(struct text *t, int64_t n)
{
	text_add_char(t, (char)('0' + n / 10));
	text_add_char(t, (char)('0' + n % 10));
}

static void add_time(struct text *t, int64_t time)
{
	const int64_t second = time % DAY_SECONDS;
	char day[DAY_TEXT];

	day_text(time - second + DAY_SECONDS, day);
	text_add(t, day);
	text_add_char(t, 'T');
	add_two(t, second / 3600);
	text_add_char(t, ':');
	add_two(t, second / 60 % 60);
	text_add_char(t, ':');
	add_two(t, second % 60);
	text_add_char(t, 'Z');
}

static bool is_source(const char *s)
{
	if (strlen(s) >= IAM_MIRROR_SOURCE)
		return false;
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7E || *s == '"' || *s == '\\')
			return false;
	return true;
}

int iam_json_write(const struct iam_policy *p, const struct iam_mirror *m,
    char text[IAM_JSON_TEXT], size_t *len, struct err *e)
{
	struct text t = text_in(text, IAM_JSON_TEXT);
	char sha256[IAM_MIRROR_SHA256];

	*len = 0;
	if (!is_source(m->source) || m->time < 0 || m->time > LAST_SECOND)
		return err_set(e, ERR_SYNTAX, "policy_file: the source or the time cannot be kept");
	if (iam_json_fingerprint(p, sha256) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto failed");
	write_policy(&t, p, "\n  ");
	text_add(&t, ",\n\"Mirror\":{\n  \"format\":1,\n  \"time\":\"");
	add_time(&t, m->time);
	text_add(&t, "\",\n  \"source\":\"");
	text_add(&t, m->source);
	text_add(&t, "\",\n  \"sha256\":\"");
	text_add(&t, sha256);
	text_add(&t, "\"\n}}\n");
	if (t.cut)
		return err_set(e, ERR_SYSTEM, "policy_file: longer than %d bytes", IAM_JSON_TEXT);
	*len = t.len;
	return 0;
}

#define GIVEN "IAM account password policy: "
#define ABSENT ", which is absent: IAM's default"

static const char *origin(const struct iam_policy *p, enum iam_field field)
{
	static const char *const given[IAM_FIELDS] = {GIVEN "MinimumPasswordLength",
	    GIVEN "RequireSymbols", GIVEN "RequireNumbers", GIVEN "RequireUppercaseCharacters",
	    GIVEN "RequireLowercaseCharacters", GIVEN "AllowUsersToChangePassword",
	    GIVEN "ExpirePasswords", GIVEN "MaxPasswordAge", GIVEN "PasswordReusePrevention",
	    GIVEN "HardExpiry"};

	if ((p->given & 1U << field) != 0)
		return given[field];
	if (field == IAM_MINIMUM_PASSWORD_LENGTH)
		return GIVEN "MinimumPasswordLength" ABSENT;
	if (field == IAM_ALLOW_USERS_TO_CHANGE_PASSWORD)
		return GIVEN "AllowUsersToChangePassword" ABSENT;
	return NULL;
}

void iam_policy_rules(const struct iam_policy *p, struct password_policy *out)
{
	static const struct {
		enum iam_field field;
		enum password_rule rule;
		unsigned class;
	} rules[] = {
	    {IAM_MINIMUM_PASSWORD_LENGTH, PASSWORD_RULE_MIN_LENGTH, 0},
	    {IAM_REQUIRE_SYMBOLS, PASSWORD_RULE_SYMBOL, PASSWORD_SYMBOL},
	    {IAM_REQUIRE_NUMBERS, PASSWORD_RULE_DIGIT, PASSWORD_DIGIT},
	    {IAM_REQUIRE_UPPERCASE_CHARACTERS, PASSWORD_RULE_UPPER, PASSWORD_UPPER},
	    {IAM_REQUIRE_LOWERCASE_CHARACTERS, PASSWORD_RULE_LOWER, PASSWORD_LOWER},
	    {IAM_MAX_PASSWORD_AGE, PASSWORD_RULE_MAX_AGE, 0},
	    {IAM_HARD_EXPIRY, PASSWORD_RULE_HARD_EXPIRY, 0},
	    {IAM_PASSWORD_REUSE_PREVENTION, PASSWORD_RULE_REUSE, 0},
	    {IAM_ALLOW_USERS_TO_CHANGE_PASSWORD, PASSWORD_RULE_ALLOW_CHANGE, 0}};

	if (!p->custom) {
		(void)password_profile("iam-default", out);
		memcpy(out->name, "iam", sizeof("iam"));
		return;
	}
	*out = (struct password_policy){.name = "iam", .max_length = 128};
	out->min_length = p->value[IAM_MINIMUM_PASSWORD_LENGTH];
	out->max_age = p->value[IAM_MAX_PASSWORD_AGE];
	out->hard_expiry = p->value[IAM_HARD_EXPIRY] != 0;
	out->reuse = p->value[IAM_PASSWORD_REUSE_PREVENTION];
	out->allow_change = p->value[IAM_ALLOW_USERS_TO_CHANGE_PASSWORD] != 0;
	out->origin[PASSWORD_RULE_MAX_LENGTH].document = "IAM: the longest password";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (p->value[rules[i].field] != 0)
			out->required |= rules[i].class;
		out->origin[rules[i].rule].document = origin(p, rules[i].field);
	}
}
