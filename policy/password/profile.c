#include "policy/password/profile.h"

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
    {.name = "pci-4.0.1", .min_length = 12, .required = PASSWORD_LETTER | PASSWORD_NUMBER,
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

static int read_one(struct password_policies *p, const char *name, const char *policy_file,
    struct err *e)
{
	(void)policy_file;
	for (int i = 0; i < p->count; i++)
		if (strcmp(p->policy[i].name, name) == 0)
			return err_set(e, ERR_SYNTAX, "password_policy: '%s' is named twice", name);
	if (password_profile(name, &p->policy[p->count]) == 0)
		return 0;
	return err_set(e, ERR_SYNTAX, "password_policy: '%s' is no policy: name %s or a file "
	    "/PATH", name, "kisa, kisa-2020, iam-default, cis-aws, nist-800-63b-4, pci-4.0.1, iam");
}

static int read_list(struct password_policies *p, const char *list, const char *policy_file,
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
		if ((r = read_one(p, name, policy_file, e)) != 0)
			return r;
		p->count++;
		if (*rest == '\0')
			return 0;
	}
}

int password_policies_load(struct password_policies *p, const char *list,
    const char *policy_file, struct err *e)
{
	int r;

	p->count = 0;
	if ((r = read_list(p, list, policy_file, e)) != 0)
		p->count = 0;
	return r;
}
