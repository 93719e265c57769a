#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/eic.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum named { NAMED_NOT, NAMED_MAYBE, NAMED };

/* A stanza of apt's preferences. */
struct pin {
	enum named package;
	bool all;       /* every version of it */
	bool names;     /* the field that goes on is Package */
	long priority;
	size_t line;    /* where it begins; 0: nowhere */
};

/* A pattern that is not taken apart here may be its name: a regular expression, one of its
 * source or of an architecture.  A lone * is no name of any package: what names one comes first. */
static enum named names_it(const char *word)
{
	if (strcmp(word, "*") == 0)
		return NAMED_NOT;
	if (word[0] == '/' || word[0] == '?' || word[0] == '~' || strpbrk(word, ":[") != NULL)
		return NAMED_MAYBE;
	return sshd_match_pattern(word, EIC_NAME) ? NAMED : NAMED_NOT;
}

/* A list of names and patterns with blanks. */
static enum named lists_it(const char *list)
{
	enum named most = NAMED_NOT;
	char word[256];

	while (sshd_lines_word(&list, word, sizeof(word))) {
		const enum named is = names_it(word);

		most = is > most ? is : most;
	}
	return most;
}

/* Every version, release or origin: other patterns leave some out. */
static bool is_every(const char *value)
{
	static const char *const kinds[] = {"release", "version", "origin"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t n = strlen(kinds[i]);

		if (strncasecmp(value, kinds[i], n) != 0 || strchr(" \t", value[n]) == NULL)
			continue;
		value += n + strspn(value + n, " \t");
		return value[0] == '*' && value[1 + strspn(value + 1, " \t\r")] == '\0';
	}
	return false;
}

static void read_pin_line(struct pin *p, const char *text, bool cut)
{
	const bool goes_on = text[0] == ' ' || text[0] == '\t';
	const char *value = goes_on ? text : strchr(text, ':');
	enum named named;

	if (value == NULL)
		return;
	value += goes_on ? 0 : 1;
	value += strspn(value, " \t");
	p->names = strncasecmp(text, "Package:", 8) == 0 || (goes_on && p->names);
	if (p->names) {
		named = lists_it(value);
		if (cut && named == NAMED_NOT)
			named = NAMED_MAYBE;
		p->package = named > p->package ? named : p->package;
	} else if (strncasecmp(text, "Pin:", 4) == 0) {
		p->all = is_every(value);
	} else if (strncasecmp(text, "Pin-Priority:", 13) == 0) {
		p->priority = strtol(value, NULL, 10);
	}
}

/* What decides whether apt installs it. */
enum pinned { PIN_NONE, PIN_KEEPS_OUT, PIN_LETS_IN };

/* apt takes the first stanza that names the package and fits a version. */
static enum pinned judge_pin(const struct pin *p)
{
	if (p->package == NAMED_NOT)
		return PIN_NONE;
	if (p->priority >= 0)
		return PIN_LETS_IN; /* also where it fits some versions alone */
	return p->package == NAMED && p->all ? PIN_KEEPS_OUT : PIN_NONE;
}

/* The first stanza of a file that decides, and its line. */
static enum pinned find_pin(const char *text, size_t *at)
{
	struct pin p = {.line = 0};
	enum pinned is = PIN_NONE;

	for (size_t line = 1; is == PIN_NONE; line++) {
		const size_t n = strcspn(text, "\n");
		char one[1000];

		(void)snprintf(one, sizeof(one), "%.*s", (int)(n < 990 ? n : 990), text);
		if (one[0] != '#' && one[strspn(one, " \t\r")] != '\0') {
			p.line = p.line == 0 ? line : p.line;
			read_pin_line(&p, one, n >= 990);
		} else if (one[0] != '#' || text[n] == '\0') {
			is = judge_pin(&p);
			*at = p.line;
			p = (struct pin){.line = 0};
		}
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	if (is != PIN_NONE || p.line == 0)
		return is;
	*at = p.line;
	return judge_pin(&p);
}

/* apt passes over other names. */
static bool is_preference(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0' &&
	    (dot == NULL || strcmp(dot, ".pref") == 0);
}

/* The file and line that decide, in the order that apt reads them; what is not told is noted. */
static enum pinned find_pins(struct facts *f, struct result *r, const struct fact **file, size_t *line)
{
	static const char dir[] = "/etc/apt/preferences.d/", main[] = "/etc/apt/preferences";
	const struct fact *x = facts_get(f, "file", main);
	enum pinned is = PIN_NONE;

	*file = x;
	if (!result_untold(r, x, "file", main) && (is = find_pin(x->text, line)) != PIN_NONE)
		return is;
	for (x = NULL; is == PIN_NONE && (x = facts_next(f, "file", dir, x)) != NULL;) {
		*file = x;
		if (is_preference(x->name + sizeof(dir) - 1) && !result_untold(r, x, "file", x->name))
			is = find_pin(x->text, line);
	}
	return is;
}

static void judge_pins(struct facts *f, struct result *r)
{
	const struct fact *file;
	size_t line = 0;

	switch (find_pins(f, r, &file, &line)) {
	case PIN_KEEPS_OUT:
		result_note(r, AUDIT_PASS, N_("%s:%zu: apt does not install it"), file->name, line);
		break;
	case PIN_LETS_IN:
		result_note(r, AUDIT_WARN, N_("%s:%zu: apt: no pin keeps it from being installed again: this "
		    "one comes first and does not"), file->name, line);
		break;
	case PIN_NONE:
		result_note(r, AUDIT_WARN, N_("apt: no pin keeps it from being installed again"));
		break;
	}
}

/* Likewise the excludes. */
static bool find_excludes(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;
	bool found = false;

	while ((x = facts_next(f, "dnf-exclude", "", x)) != NULL) {
		char list[4000];

		if (x->is == FACT_TROUBLE)
			(void)result_untold(r, x, "dnf-exclude", x->name);
		(void)snprintf(list, sizeof(list), "%s", x->text);
		for (char *p = list; *p != '\0'; p++)
			if (strchr(",=\n", *p) != NULL)
				*p = ' ';
		if (lists_it(list) != NAMED)
			continue;
		result_note(r, AUDIT_PASS, N_("%s: dnf does not install it"), x->name);
		found = true;
	}
	return found;
}

bool eic_return_has_dnf(struct facts *f)
{
	return facts_get(f, "dnf-exclude", "/etc/dnf/dnf.conf")->is >= FACT_TEXT ||
	    facts_get(f, "dnf-exclude", "/etc/yum.conf")->is >= FACT_TEXT;
}

static const char *const places[] = {"/etc/cloud/", "/var/lib/cloud/"};

bool eic_return_is_cloud(const char *path)
{
	return strncmp(path, places[0], strlen(places[0])) == 0 ||
	    strncmp(path, places[1], strlen(places[1])) == 0;
}

bool eic_return_is_pinned(struct facts *f, const char *path, const char **file, size_t *line)
{
	struct result r = {.count = 0};
	const struct fact *x;
	const enum pinned is = find_pins(f, &r, &x, line);

	result_free(&r);
	/* The main file is read first, and its name comes first. */
	*file = is == PIN_LETS_IN && strcmp(x->name, path) < 0 ? x->name : NULL;
	return is == PIN_KEEPS_OUT;
}

bool eic_return_is_excluded(struct facts *f)
{
	struct result r = {.count = 0};
	const bool found = find_excludes(f, &r);

	result_free(&r);
	return found;
}

static void judge_cloud(struct facts *f, struct result *r)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct fact *x = NULL;

		while ((x = facts_next(f, "eic-in", places[i], x)) != NULL)
			if (x->is == FACT_TROUBLE)
				(void)result_untold(r, x, "eic-in", x->name);
			else if (x->is == FACT_TEXT)
				result_note(r, AUDIT_WARN, N_("%s:%s: cloud-init would install it again"), x->name,
				    x->text);
	}
}

void check_eic_return(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *apt = facts_get(f, "meta", "/etc/apt");
	const struct fact *dnf = facts_get(f, "dnf-exclude", "/etc/dnf/dnf.conf");

	(void)rules;
	(void)result_untold(r, apt, "meta", "/etc/apt");
	(void)result_untold(r, dnf, "dnf-exclude", "/etc/dnf/dnf.conf");
	if (apt->is == FACT_TEXT)
		judge_pins(f, r);
	if (eic_return_has_dnf(f) && !find_excludes(f, r))
		result_note(r, AUDIT_WARN, N_("dnf: no exclude keeps it from being installed again"));
	judge_cloud(f, r);
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_SKIP, N_("neither apt nor dnf is here"));
}
