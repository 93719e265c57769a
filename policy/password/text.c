#include "policy/password/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define N_(text) text /* in the catalogue; translated by the caller's function */

struct sentence {
	const struct password_tongue *tongue;
	char *text;
};

/* A text that was cut ends with a whole character. */
static void end_whole(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
		n--;
	if (n > 0 && (unsigned char)text[n - 1] >= 0xC0)
		text[n - 1] = '\0';
}

static void say(const struct sentence *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct sentence *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text, PASSWORD_TEXT_MAX, s->tongue != NULL ?
	    s->tongue->translate(s->tongue->ctx, fmt) : fmt, ap);
	va_end(ap);
	if (n >= PASSWORD_TEXT_MAX)
		end_whole(s->text);
}

static void say_length(const struct password_policy *p, const struct password_break *b,
    const struct sentence *s)
{
	if (b->rule == PASSWORD_RULE_MIN_LENGTH && p->bytes)
		say(s, N_("It is too short: %d bytes, and at least %d are needed."), b->has,
		    b->wanted);
	else if (b->rule == PASSWORD_RULE_MIN_LENGTH)
		say(s, N_("It is too short: %d characters, and at least %d are needed."), b->has,
		    b->wanted);
	else if (p->bytes || b->wanted == PASSWORD_LONGEST)
		say(s, N_("It is too long: %d bytes, and at most %d are taken."), b->has,
		    b->wanted);
	else
		say(s, N_("It is too long: %d characters, and at most %d are taken."), b->has,
		    b->wanted);
}

static void say_kinds(const struct password_policy *p, const struct password_break *b,
    const struct sentence *s)
{
	const struct password_alternative *a = p->alternative;

	if (p->alternatives == 1)
		say(s, N_("It has %d of the 3 kinds letters, digits and special characters, and "
		    "length %d; needed are %d kinds and length %d."), b->kinds, b->has, a[0].kinds,
		    a[0].length);
	else if (p->alternatives == 2)
		say(s, N_("It has %d of the 3 kinds letters, digits and special characters, and "
		    "length %d; needed are %d kinds and length %d, or %d kinds and length %d."),
		    b->kinds, b->has, a[0].kinds, a[0].length, a[1].kinds, a[1].length);
	else
		say(s, N_("It has %d of the 3 kinds letters, digits and special characters, and "
		    "length %d; needed are %d kinds and length %d, or %d kinds and length %d, or %d "
		    "kinds and length %d."), b->kinds, b->has, a[0].kinds, a[0].length, a[1].kinds,
		    a[1].length, a[2].kinds, a[2].length);
}

static void say_changed(const struct password_break *b, const struct sentence *s)
{
	if (b->has == 0)
		say(s, N_("It is the old password, or the same turned round."));
	else
		say(s, N_("It is too close to the old password: characters that differ: %d, and "
		    "at least %d are needed."), b->has, b->wanted);
}

/* The rules about single characters. */
static void say_missing(const struct password_break *b, const struct sentence *s)
{
	switch (b->rule) {
	case PASSWORD_RULE_UPPER:
		say(s, N_("It has no capital letter (A to Z)."));
		break;
	case PASSWORD_RULE_LOWER:
		say(s, N_("It has no small letter (a to z)."));
		break;
	case PASSWORD_RULE_DIGIT:
		say(s, N_("It has no digit (0 to 9)."));
		break;
	case PASSWORD_RULE_SYMBOL:
		say(s, N_("It has none of the symbols ! @ # $ %% ^ & * ( ) _ + - = [ ] { } | '"));
		break;
	case PASSWORD_RULE_LETTER:
		say(s, N_("It has no letter."));
		break;
	default:
		say(s, N_("It has no special character: one that is neither letter nor digit."));
		break;
	}
}

void password_text(const struct password_policies *p, const struct password_break *b,
    const struct password_tongue *tongue, char *text)
{
	const struct password_policy *policy = &p->policy[b->policy];
	const struct sentence s = {tongue, text};

	switch (b->rule) {
	case PASSWORD_RULE_NUL:
		say(&s, N_("It has a NUL byte in it."));
		break;
	case PASSWORD_RULE_MIN_LENGTH:
	case PASSWORD_RULE_MAX_LENGTH:
		say_length(policy, b, &s);
		break;
	case PASSWORD_RULE_CLASSES:
		say(&s, N_("It has %d of the 4 classes capital letters, small letters, digits and "
		    "symbols (! @ # $ %% ^ & * ( ) _ + - = [ ] { } | '); at least %d are needed."),
		    b->has, b->wanted);
		break;
	case PASSWORD_RULE_KINDS:
		say_kinds(policy, b, &s);
		break;
	case PASSWORD_RULE_USER:
		if (b->has == PASSWORD_USER_NOT_SAME)
			say(&s, N_("It is the user name."));
		else
			say(&s, N_("It has the user name in it."));
		break;
	case PASSWORD_RULE_GECOS:
		say(&s, N_("It has a word of the account's full name or its other GECOS fields in "
		    "it."));
		break;
	case PASSWORD_RULE_CHANGED:
		say_changed(b, &s);
		break;
	default:
		say_missing(b, &s);
		break;
	}
}

void password_history_text(enum history_said said, int reuse,
    const struct password_tongue *tongue, char *text)
{
	const struct sentence s = {tongue, text};

	text[0] = '\0';
	if (said == HISTORY_IN_FORCE)
		say(&s, N_("It is the present password."));
	else if (said == HISTORY_USED)
		say(&s, N_("It has been used before: neither the present password nor the %d before "
		    "it are taken."), reuse);
}
