#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/eic.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct pin {
	bool package, all;
	long priority;
	size_t line;
};

/* A list of names and patterns with blanks. */
static bool lists_it(const char *list)
{
	char word[256];

	while (sshd_lines_word(&list, word, sizeof(word)))
		if (sshd_match_pattern(word, EIC_NAME))
			return true;
	return false;
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

static void read_pin_line(struct pin *p, const char *text)
{
	const char *value = strchr(text, ':');

	if (value == NULL)
		return;
	value += 1 + strspn(value + 1, " \t");
	if (strncasecmp(text, "Package:", 8) == 0)
		p->package = lists_it(value);
	else if (strncasecmp(text, "Pin:", 4) == 0)
		p->all = is_every(value);
	else if (strncasecmp(text, "Pin-Priority:", 13) == 0)
		p->priority = strtol(value, NULL, 10);
}

/* The line of a stanza that keeps it out, or 0. */
static size_t find_pin(const char *text)
{
	struct pin p = {.line = 0};

	for (size_t line = 1;; line++) {
		const size_t n = strcspn(text, "\n");
		char one[1000];

		(void)snprintf(one, sizeof(one), "%.*s", (int)(n < 990 ? n : 990), text);
		if (one[strspn(one, " \t\r")] == '\0') {
			if (p.package && p.all && p.priority < 0)
				return p.line;
			p = (struct pin){.line = 0};
		} else if (one[0] != '#') {
			p.line = p.line == 0 ? line : p.line;
			read_pin_line(&p, one);
		}
		if (text[n] == '\0')
			return p.package && p.all && p.priority < 0 ? p.line : 0;
		text += n + 1;
	}
}

/* apt passes over other names. */
static bool is_preference(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] ==
	    '\0' && (dot == NULL || strcmp(dot, ".pref") == 0);
}

/* The pins that keep it out are noted; false: there is none. */
static bool find_pins(struct facts *f, struct result *r)
{
	static const char dir[] = "/etc/apt/preferences.d/", main[] = "/etc/apt/preferences";
	const struct fact *x = facts_get(f, "file", main);
	bool found = false;
	size_t line;

	if (!result_untold(r, x, "file", main) && (line = find_pin(x->text)) > 0) {
		result_note(r, AUDIT_PASS, N_("%s:%zu: apt does not install it"), x->name, line);
		found = true;
	}
	for (x = NULL; (x = facts_next(f, "file", dir, x)) != NULL;) {
		if (!is_preference(x->name + sizeof(dir) - 1) || result_untold(r, x, "file", x->name))
			continue;
		if ((line = find_pin(x->text)) == 0)
			continue;
		result_note(r, AUDIT_PASS, N_("%s:%zu: apt does not install it"), x->name, line);
		found = true;
	}
	return found;
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
		if (!lists_it(list))
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

bool eic_return_is_pinned(struct facts *f)
{
	struct result r = {.count = 0};
	const bool found = find_pins(f, &r);

	result_free(&r);
	return found;
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
	if (apt->is == FACT_TEXT && !find_pins(f, r))
		result_note(r, AUDIT_WARN, N_("apt: no pin keeps it from being installed again"));
	if (eic_return_has_dnf(f) && !find_excludes(f, r))
		result_note(r, AUDIT_WARN, N_("dnf: no exclude keeps it from being installed again"));
	judge_cloud(f, r);
	if (r->status == AUDIT_NOTHING)
		result_note(r, AUDIT_SKIP, N_("neither apt nor dnf is here"));
}
