#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_policy.h"
#include "policy/password/profile.h"
#include "policy/policy_compare.h"

#include <stdio.h>

/* A value of a field as aws prints it; a number that is not there is null. */
static void value_text(enum iam_field field, int value, char text[16])
{
	if (!iam_field_is_number(field))
		(void)snprintf(text, 16, "%s", value != 0 ? "true" : "false");
	else if (value == 0)
		(void)snprintf(text, 16, "null");
	else
		(void)snprintf(text, 16, "%d", value);
}

static void print_one(enum iam_field field, const struct policy_compared *x)
{
	char wanted[16], has[16];

	value_text(field, x->wanted, wanted);
	value_text(field, x->in_force, has);
	(void)printf("{\"field\":\"%s\",\"given\":%s,\"wanted\":%s,\"in_force\":%s,\"holds\":%s}",
	    iam_field_name(field), x->given ? "true" : "false", wanted, has,
	    x->holds ? "true" : "false");
}

/* What makes rules that hold hold for some only, or where. */
static void print_notes(const struct conf *c)
{
	(void)printf("%-5s  ", "note");
	if (c->age == CONF_AGE_ENFORCE)
		(void)printf(_("age = enforce: in services with an account line of pam_bastion.so\n"));
	else if (c->age == CONF_AGE_WARN)
		(void)printf(_("age = warn: whose password is too old is told and let in; no age is "
		    "in force\n"));
	else
		(void)printf(_("age = off: nobody is asked how old a password is; no age is in "
		    "force\n"));
	if (c->age_exempt[0] != '\0')
		(void)printf(_("%-5s  age_exempt = %s: their passwords may be older\n"), "note",
		    c->age_exempt);
	if (c->root_is_free)
		(void)printf(_("%-5s  enforce_for_root = no: root may set passwords that break the "
		    "rules\n"), "note");
}

static void print_text(const struct policy_compared result[IAM_FIELDS], const struct conf *c)
{
	(void)printf(_("In force: password_policy = %s\n"), c->password_policy);
	(void)printf("%-5s  ", "");
	language_print_padded(_("field"), 26);
	(void)printf("  %-8s  %s\n", "IAM", _("in force"));
	for (int i = 0; i < IAM_FIELDS; i++) {
		char wanted[16], has[16];

		value_text((enum iam_field)i, result[i].wanted, wanted);
		value_text((enum iam_field)i, result[i].in_force, has);
		(void)printf("%-5s  %-26s  %-8s  %s\n", result[i].holds ? "ok" : "drift",
		    iam_field_name((enum iam_field)i), wanted, has);
	}
	print_notes(c);
}

static void print_json(const struct policy_compared result[IAM_FIELDS], const struct conf *c)
{
	static const char *const ages[] = {[CONF_AGE_ENFORCE] = "enforce",
	    [CONF_AGE_WARN] = "warn", [CONF_AGE_OFF] = "off"};

	(void)printf("{\"result\":\"%s\",\"password_policy\":", policy_holds(result) ? "ok" : "drift");
	json_text_print(stdout, c->password_policy);
	(void)printf(",\"age\":\"%s\",\"age_exempt\":", ages[c->age]);
	json_text_print(stdout, c->age_exempt[0] != '\0' ? c->age_exempt : NULL);
	(void)printf(",\"enforce_for_root\":%s,\"fields\":[", c->root_is_free ? "false" : "true");
	for (int i = 0; i < IAM_FIELDS; i++) {
		(void)fputs(i > 0 ? "," : "", stdout);
		print_one((enum iam_field)i, &result[i]);
	}
	(void)fputs("]}\n", stdout);
}

int cmd_policy_check(const struct cmd_common *common, const struct policy_options *o)
{
	struct policy_compared result[IAM_FIELDS];
	char text[IAM_JSON_MAX + 1];
	struct password_policies in_force;
	struct iam_policy wanted;
	const char *name;
	struct err e = {0};
	struct conf c;
	size_t len;
	int r;

	if ((r = cmd_load(common, &c)) != CMD_YES)
		return r;
	if (cmd_read(o->file, text, sizeof(text), &len, &name, &e) != 0 ||
	    iam_json_parse(&wanted, name, text, len, &e) != 0 ||
	    password_policies_load(&in_force, c.password_policy, c.policy_file, &e) != 0)
		return cmd_tell(&e, CMD_TROUBLE);
	policy_compare(&in_force, c.age, &wanted, result);
	if (o->json)
		print_json(result, &c);
	else
		print_text(result, &c);
	return cmd_finish(policy_holds(result) ? CMD_YES : CMD_NO);
}
