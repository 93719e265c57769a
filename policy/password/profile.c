#include "policy/password/profile.h"

#include "lib/core/safefile.h"
#include "policy/password/iam_json.h"
#include "policy/password/rules_file.h"

#include <stdlib.h>
#include <string.h>

#define FROM(rule, text) [PASSWORD_RULE_##rule] = {.document = (text)}

#define KISA "KISA password guide (Korea Internet & Security Agency)"
#define PIPC "PIPC guide of 2020-12 (Personal Information Protection Commission of Korea)"
#define IAM "IAM User Guide, default password policy"
#define CIS "CIS AWS Foundations Benchmark 5 (1.7, 1.8), 6 (2.7, 2.8), 7 (2.8, 2.9)"
#define NIST "NIST SP 800-63B-4, 3.1.1"
#define PCI "PCI DSS 4.0.1, "

static const struct password_policy profiles[] = {
    {.name = "kisa", .alternatives = 2, .alternative = {{2, 10}, {3, 8}},
     .not_user = PASSWORD_USER_NOT_INSIDE, .not_gecos = true, .min_changed = 3, .max_age = 90,
     .allow_change = true,
     .origin = {FROM(KINDS, KISA ": 2 kinds and 10 long, or 3 kinds and 8 long"),
         FROM(USER, KISA ": nothing of the user's own in it"),
         FROM(GECOS, KISA ": nothing of the user's own in it"),
         FROM(CHANGED, KISA ": unlike the one before; the number is pam-bastion's"),
         FROM(MAX_AGE, KISA ": changed every quarter")}},
    {.name = "kisa-2020", .alternatives = 2, .alternative = {{2, 8}, {1, 10}},
     .not_user = PASSWORD_USER_NOT_INSIDE, .not_gecos = true, .min_changed = 3,
     .allow_change = true,
     .origin = {FROM(KINDS, PIPC ": 8 long with 2 kinds, or 10 long with one"),
         FROM(USER, KISA ": nothing of the user's own in it"),
         FROM(GECOS, KISA ": nothing of the user's own in it"),
         FROM(CHANGED, KISA ": unlike the one before; the number is pam-bastion's")}},
    {.name = "iam-default", .min_length = 8, .max_length = 128, .classes = 3,
     .not_user = PASSWORD_USER_NOT_SAME, .allow_change = true,
     .origin = {FROM(MIN_LENGTH, IAM), FROM(MAX_LENGTH, IAM), FROM(CLASSES, IAM),
         FROM(USER, IAM ": not the name of the account")}},
    {.name = "cis-aws", .min_length = 14, .max_length = 128, .reuse = 24, .allow_change = true,
     .origin = {FROM(MIN_LENGTH, CIS), FROM(MAX_LENGTH, "IAM: the longest password"),
         FROM(REUSE, CIS)}},
    {.name = "nist-800-63b-4", .min_length = 15, .not_user = PASSWORD_USER_NOT_INSIDE,
     .allow_change = true,
     .origin = {FROM(MIN_LENGTH, NIST ": 15 where it is the only factor"),
         FROM(USER, NIST ": the user name is on the list of what is refused")}},
    {.name = "pci-4.0.1", .min_length = 12, .required = PASSWORD_LETTER | PASSWORD_DIGIT,
     .max_age = 90, .reuse = 4, .allow_change = true,
     .origin = {FROM(MIN_LENGTH, PCI "8.3.6"), FROM(LETTER, PCI "8.3.6"),
         FROM(DIGIT, PCI "8.3.6"), FROM(REUSE, PCI "8.3.7"),
         FROM(MAX_AGE, PCI "8.3.9: 90 days where it is the only factor")}},
};

#define PROFILES (int)(sizeof(profiles) / sizeof(profiles[0]))

int password_profile(const char *name, struct password_policy *p)
{
	for (int i = 0; i < PROFILES; i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			*p = profiles[i];
			return 0;
		}
	}
	*p = (struct password_policy){.name = ""};
	return ERR_NONE;
}

const char *password_profile_name(int i)
{
	return i >= 0 && i < PROFILES ? profiles[i].name : NULL;
}

/* What the administrator has said is a rule of the system that cannot be read: no change
 * is taken then (MUST: nothing_is_weakened_by_a_missing_file). */
static int read_mirrored(struct password_policy *p, const char *path, struct err *e)
{
	struct safefile_buffer buf = {.cap = IAM_JSON_MAX + 1};
	struct iam_policy policy;
	struct iam_mirror mirror;
	int r;

	if (path == NULL)
		return err_set(e, ERR_NONE, "password_policy: iam: there is no policy_file");
	r = safefile_read(path, SAFEFILE_PUBLIC, &buf, e);
	if (r == ERR_NONE)
		(void)err_set(e, r, "password_policy: iam: %s is not there; bring it by `bastionctl "
		    "policy import`", path);
	if (r == 0)
		r = iam_json_parse_kept(&policy, &mirror, path, buf.data, buf.len, e);
	if (r == 0)
		iam_policy_rules(&policy, p);
	free(buf.data);
	return r;
}

static int read_own(struct password_policy *p, const char *path, struct err *e)
{
	struct safefile_buffer buf = {.cap = RULES_FILE_MAX + 1};
	int r = safefile_read(path, SAFEFILE_PUBLIC, &buf, e);

	if (r == 0)
		r = rules_file_parse(p, path, buf.data, buf.len, e);
	free(buf.data);
	return r;
}

/* Where `iam` comes from: a file, or what is in memory. */
struct origin {
	const char *file;
	const struct iam_policy *mirrored;
};

static int read_one(struct password_policies *p, const char *name, const struct origin *from,
    struct err *e)
{
	struct password_policy *one = &p->policy[p->count];

	for (int i = 0; i < p->count; i++)
		if (strcmp(p->policy[i].name, name) == 0)
			return err_set(e, ERR_SYNTAX, "password_policy: '%s' is named twice", name);
	if (name[0] == '/')
		return read_own(one, name, e);
	if (strcmp(name, "iam") == 0 && from->mirrored != NULL) {
		iam_policy_rules(from->mirrored, one);
		return 0;
	}
	if (strcmp(name, "iam") == 0)
		return read_mirrored(one, from->file, e);
	if (password_profile(name, one) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "password_policy: '%s' is no policy: name one of %s, or a "
	    "file by its absolute path", name,
	    "kisa, kisa-2020, iam-default, cis-aws, nist-800-63b-4, pci-4.0.1, iam");
}

static int read_list(struct password_policies *p, const char *list, const struct origin *from,
    struct err *e)
{
	for (const char *rest = list;; rest++) {
		char name[PASSWORD_NAME_MAX];
		size_t n;
		int r;

		rest += strspn(rest, " \t");
		n = strcspn(rest, ",");
		if (n >= sizeof(name))
			return err_set(e, ERR_SYNTAX, "password_policy: a name is too long");
		memcpy(name, rest, n);
		rest += n;
		while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t'))
			n--;
		name[n] = '\0';
		if (p->count == PASSWORD_POLICIES)
			return err_set(e, ERR_SYNTAX, "password_policy: more than %d policies",
			    PASSWORD_POLICIES);
		if ((r = read_one(p, name, from, e)) != 0)
			return r;
		p->count++;
		if (*rest == '\0')
			return 0;
	}
}

/* Policies that no password keeps together: that is a word amiss, and whoever set them
 * should hear of it here and not from people whose every password is refused. */
static int check_together(const struct password_policies *p, struct err *e)
{
	for (int i = 0; i < p->count; i++) {
		for (int k = 0; k < p->count; k++) {
			const struct password_policy *least = &p->policy[i], *most = &p->policy[k];

			if (i != k && password_lengths_clash(least, most))
				return err_set(e, ERR_REFUSED, "password_policy: no password can keep both "
				    "'%.150s', which asks for length %d at least, and '%.150s', which "
				    "takes %d at most", least->name, password_least_length(least),
				    most->name, most->max_length);
		}
	}
	return 0;
}

static int load(struct password_policies *p, const char *list, const struct origin *from,
    struct err *e)
{
	int r;

	p->count = 0;
	r = read_list(p, list, from, e);
	if (r == 0)
		r = check_together(p, e);
	if (r != 0)
		p->count = 0;
	return r;
}

int password_policies_load(struct password_policies *p, const char *list,
    const char *policy_file, struct err *e)
{
	const struct origin from = {policy_file, NULL};

	return load(p, list, &from, e);
}

int password_policies_load_with(struct password_policies *p, const char *list,
    const struct iam_policy *mirrored, struct err *e)
{
	const struct origin from = {NULL, mirrored};

	return load(p, list, &from, e);
}

bool password_list_names(const char *list, const char *name)
{
	const size_t n = strlen(name);

	for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',') {
		const char *word = at + strspn(at, " \t");

		if (strncmp(word, name, n) == 0 && (word[n] == '\0' ||
		    strchr(", \t", word[n]) != NULL))
			return true;
	}
	return false;
}
