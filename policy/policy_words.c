#include "policy/policy_words.h"

#include "enroll/language.h"

#include <stdio.h>
#include <string.h>

static int number(const struct password_policy *p, enum password_rule rule)
{
	switch (rule) {
	case PASSWORD_RULE_MIN_LENGTH:
		return p->min_length;
	case PASSWORD_RULE_MAX_LENGTH:
		return p->max_length != 0 ? p->max_length : PASSWORD_LONGEST;
	case PASSWORD_RULE_CLASSES:
		return p->classes;
	case PASSWORD_RULE_CHANGED:
		return p->min_changed;
	case PASSWORD_RULE_MAX_AGE:
		return p->max_age;
	default:
		return p->reuse;
	}
}

static void kinds_value(const struct password_policy *p, char *text)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < p->alternatives; i++)
		used += (size_t)snprintf(text + used, POLICY_WORDS_MAX - used, "%s%d:%d",
		    i > 0 ? ", " : "", p->alternative[i].kinds, p->alternative[i].length);
}

void policy_value(const struct password_policy *p, enum password_rule rule,
    char text[POLICY_WORDS_MAX])
{
	static const char *const user[] = {"no", "same", "inside"};
	bool yes = password_has_rule(p, rule);

	switch (rule) {
	case PASSWORD_RULE_KINDS:
		kinds_value(p, text);
		return;
	case PASSWORD_RULE_USER:
		(void)snprintf(text, POLICY_WORDS_MAX, "%s", user[p->not_user]);
		return;
	case PASSWORD_RULE_MAX_AGE:
		(void)snprintf(text, POLICY_WORDS_MAX, p->max_age != 0 ? "%dd" : "%d", p->max_age);
		return;
	case PASSWORD_RULE_ALLOW_CHANGE:
		yes = p->allow_change;
		break;
	case PASSWORD_RULE_MIN_LENGTH:
	case PASSWORD_RULE_MAX_LENGTH:
	case PASSWORD_RULE_CLASSES:
	case PASSWORD_RULE_CHANGED:
	case PASSWORD_RULE_REUSE:
		(void)snprintf(text, POLICY_WORDS_MAX, "%d", number(p, rule));
		return;
	default:
		break;
	}
	(void)snprintf(text, POLICY_WORDS_MAX, "%s", yes ? "yes" : "no");
}

static const char *words_of(const struct password_policy *p, enum password_rule rule)
{
	switch (rule) {
	case PASSWORD_RULE_NUL:
		return N_("no NUL byte");
	case PASSWORD_RULE_UPPER:
		return N_("a capital letter A to Z");
	case PASSWORD_RULE_LOWER:
		return N_("a small letter a to z");
	case PASSWORD_RULE_DIGIT:
		return N_("a digit 0 to 9");
	case PASSWORD_RULE_SYMBOL:
		return N_("one of the symbols ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '");
	case PASSWORD_RULE_LETTER:
		return N_("a letter");
	case PASSWORD_RULE_SPECIAL:
		return N_("a character that is neither letter nor digit");
	case PASSWORD_RULE_USER:
		return p->not_user == PASSWORD_USER_NOT_SAME ? N_("not the user name") :
		    N_("without the user name in it, read either way");
	case PASSWORD_RULE_GECOS:
		return N_("without a word of the account's full name or its other GECOS fields in "
		    "it");
	case PASSWORD_RULE_HARD_EXPIRY:
		return N_("when it has expired only an administrator sets a new one");
	default:
		return p->allow_change ? N_("people may change their own") :
		    N_("people may not change their own before it expires");
	}
}

static void kinds_words(const struct password_policy *p, char *text)
{
	const struct password_alternative *a = p->alternative;

	if (p->alternatives == 1)
		(void)snprintf(text, POLICY_WORDS_MAX, _("of letters, digits and special characters "
		    "%d kinds and length %d"), a[0].kinds, a[0].length);
	else if (p->alternatives == 2)
		(void)snprintf(text, POLICY_WORDS_MAX, _("of letters, digits and special characters "
		    "%d kinds and length %d, or %d kinds and length %d"), a[0].kinds, a[0].length,
		    a[1].kinds, a[1].length);
	else
		(void)snprintf(text, POLICY_WORDS_MAX, _("of letters, digits and special characters "
		    "%d kinds and length %d, or %d kinds and length %d, or %d kinds and length %d"),
		    a[0].kinds, a[0].length, a[1].kinds, a[1].length, a[2].kinds, a[2].length);
}

static void counted_words(const struct password_policy *p, enum password_rule rule, char *text)
{
	const int n = number(p, rule);

	if (rule == PASSWORD_RULE_MIN_LENGTH)
		(void)snprintf(text, POLICY_WORDS_MAX, p->bytes ? _("at least %d bytes") :
		    _("at least %d characters"), n);
	else if (rule == PASSWORD_RULE_MAX_LENGTH)
		(void)snprintf(text, POLICY_WORDS_MAX, p->bytes || p->max_length == 0 ?
		    _("at most %d bytes") : _("at most %d characters"), n);
	else if (rule == PASSWORD_RULE_CLASSES)
		(void)snprintf(text, POLICY_WORDS_MAX, _("at least %d of capital letters, small "
		    "letters, digits and the 20 symbols of IAM"), n);
	else if (rule == PASSWORD_RULE_CHANGED)
		(void)snprintf(text, POLICY_WORDS_MAX, _("other than the old one by at least %d "
		    "characters, and not the old one turned round"), n);
	else if (rule == PASSWORD_RULE_MAX_AGE)
		(void)snprintf(text, POLICY_WORDS_MAX, _("expires after %d days"), n);
	else
		(void)snprintf(text, POLICY_WORDS_MAX, _("none of the last %d"), n);
}

void policy_words(const struct password_policy *p, enum password_rule rule,
    char text[POLICY_WORDS_MAX])
{
	switch (rule) {
	case PASSWORD_RULE_KINDS:
		kinds_words(p, text);
		break;
	case PASSWORD_RULE_MIN_LENGTH:
	case PASSWORD_RULE_MAX_LENGTH:
	case PASSWORD_RULE_CLASSES:
	case PASSWORD_RULE_CHANGED:
	case PASSWORD_RULE_MAX_AGE:
	case PASSWORD_RULE_REUSE:
		counted_words(p, rule, text);
		break;
	default:
		(void)snprintf(text, POLICY_WORDS_MAX, "%s", _(words_of(p, rule)));
		break;
	}
}

void policy_source(const struct password_policy *p, enum password_rule rule, char *text,
    size_t size)
{
	const struct password_origin *o = &p->origin[rule];

	if (o->line != 0)
		(void)snprintf(text, size, "%s:%d", p->name, o->line);
	else
		(void)snprintf(text, size, "%s", o->document != NULL ? o->document : "");
}
