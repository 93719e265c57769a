#include "policy/audit/mask.h"

#include "policy/audit/eic.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_source.h"
#include "policy/pamd_stack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A newline stays, and the backslash that takes it away. */
static void cover(char *at, const char *end)
{
	for (; at < end; at++)
		if (*at != '\n' && !(*at == '\\' && at[1] == '\n'))
			*at = '*';
}

/* Whether the n bytes name EC2 Instance Connect. */
static bool is_looked_for(char *text, const char *end)
{
	char *last = text + (end - text);
	const char was = *last;
	bool named;

	*last = '\0';
	named = eic_is_named(text);
	*last = was;
	return named;
}

/* Behind the line, with those that it goes on in. */
static char *line_end(char *at)
{
	for (; *at != '\0' && *at != '\n'; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
	return at;
}

/* ---- PAM ---- */

static bool is_secret(const char *key, size_t n)
{
	static const char *const parts[] = {"pass", "pw", "secret", "token", "key", "cred"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (size_t k = 0; k + strlen(parts[i]) <= n; k++)
			if (strncasecmp(key + k, parts[i], strlen(parts[i])) == 0)
				return true;
	return false;
}

/* Blanks, and an end of line that does not end it. */
static char *skip_blanks(char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || (*at == '\\' && at[1] == '\n')))
		at++;
	return at;
}

/* Behind the control of a line, "[success=1 cred_err=die]": it is what is judged; or line. */
static char *behind_control(char *line, char *end)
{
	static const char *const types[] = {"auth", "account", "password", "session"};
	char *at = skip_blanks(line, end);

	at += at < end && *at == '-';
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char *control = at + strlen(types[i]);

		if (control > end || strncasecmp(at, types[i], strlen(types[i])) != 0)
			continue;
		control = skip_blanks(control, end);
		if (control >= end || *control != '[')
			return line;
		while (control < end && *control != ']')
			control++;
		return control;
	}
	return line;
}

static void mask_pam_line(char *line, char *end)
{
	char *from = behind_control(line, end);
	const char *word = from;
	bool bracket = false;

	for (char *at = from; at < end; at++) {
		char *last = at + 1;

		if (strchr(" \t\n[]", *at) != NULL) {
			bracket = *at == '[' || (bracket && *at != ']');
			word = at + 1;
		}
		if (*at != '=' || !is_secret(word, (size_t)(at - word)))
			continue;
		while (last < end && strchr(bracket ? "]" : " \t\n", *last) == NULL)
			last++;
		cover(at + 1, last);
		at = last - 1;
	}
}

static void mask_pam(char *text)
{
	for (char *at = text; *at != '\0';) {
		char *end = line_end(at);
		const char was = *end;
		bool ours;

		*end = '\0';
		ours = strstr(at, PAMD_OURS) != NULL; /* its words are settings, and judged */
		*end = was;
		if (!ours)
			mask_pam_line(at, end);
		at = end + (*end != '\0');
	}
}

/* ---- variables ---- */

/* Whether a unit says $NAME or ${NAME}. */
static bool says(const char *text, const char *name, size_t n)
{
	while ((text = strchr(text, '$')) != NULL) {
		text += 1 + (text[1] == '{');
		if (strncmp(text, name, n) == 0 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789_") == n)
			return true;
	}
	return false;
}

static bool is_used(struct facts *f, const char *name, size_t n)
{
	char prefix[200];

	for (size_t i = 0; unit_dir(i) != NULL; i++) {
		const struct fact *x = NULL;

		(void)snprintf(prefix, sizeof(prefix), "%s/", unit_dir(i));
		while ((x = facts_next(f, "file", prefix, x)) != NULL)
			if (x->is == FACT_TEXT && says(x->text, name, n))
				return true;
	}
	return false;
}

/* Behind a value: up to a newline, or (blanks) a blank, outside of quotes.  covers: all but
 * what the end is told by. */
static char *pass_value(char *at, const char *end, bool blanks, bool covers)
{
	char quote = '\0';

	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end) {
			if (covers && at[1] != '\n')
				cover(at, at + 2);
			at++;
		} else if (quote == '\0' && (*at == '\n' || (blanks && (*at == ' ' || *at == '\t')))) {
			break;
		} else if (quote == '\0' && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else if (quote != '\0' && *at == quote) {
			quote = '\0';
		} else if (covers) {
			cover(at, at + 1);
		}
	}
	return at;
}

/* NAME=VALUE with quotes about it or its value; behind it. */
static char *mask_variable(struct facts *f, char *at, const char *end, bool blanks)
{
	char *last = pass_value(at, end, blanks, false);
	char *name = at + (*at == '"' || *at == '\'');
	char *value = memchr(name, '=', (size_t)(last - name));
	const size_t n = value != NULL ? strcspn(name, "= \t") : 0;

	if (!(value != NULL && is_used(f, name, n)) && !is_looked_for(at, last)) {
		/* A quote before the name is closed behind the value. */
		if (name > at && value != NULL)
			cover(value + 1, last > value + 1 ? last - 1 : value + 1);
		else
			(void)pass_value(value != NULL ? value + 1 : at, last, blanks, true);
	}
	return last;
}

/* ---- files of variables ---- */

static void mask_environment(struct facts *f, char *text)
{
	const char *end = text + strlen(text);

	for (char *at = text; *at != '\0';) {
		at += strspn(at, " \t\n\r");
		if (*at == '#' || *at == ';') {
			char *last = line_end(at);

			cover(at + 1, last);
			at = last;
		} else if (*at != '\0') {
			char *last = mask_variable(f, at, end, false);

			at = last > at ? last : at + 1;
		}
	}
}

/* ---- units ---- */

static void mask_comments(char *text)
{
	for (char *at = text; *at != '\0'; at += *at == '\n') {
		char *sign = at + strspn(at, " \t");

		at += strcspn(at, "\n");
		if (*sign == '#' || *sign == ';')
			cover(sign + 1, at);
	}
}

static void mask_setting(struct facts *f, char *line, char *end)
{
	static const char *const kept[] = {"ExecStart", "EnvironmentFile"};
	char *value = memchr(line, '=', (size_t)(end - line));
	const size_t n = strcspn(line, "= \t\n");

	if (value == NULL || *line == '[' || *line == '#' || *line == ';')
		return;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strlen(kept[i]) == n && strncmp(line, kept[i], n) == 0)
			return;
	if (n != 11 || strncmp(line, "Environment", n) != 0) {
		if (!is_looked_for(line, end))
			cover(value + 1, end);
		return;
	}
	for (char *at = value + 1; at < end;) {
		if (strchr(" \t\n\r", *at) != NULL)
			at++;
		else if (*at == '\\' && at[1] == '\n')
			at += 2;
		else
			at = mask_variable(f, at, end, true);
	}
}

static void mask_unit(struct facts *f, char *text)
{
	mask_comments(text);
	for (char *at = text; *at != '\0';) {
		char *end;

		at += strspn(at, " \t");
		end = line_end(at);
		mask_setting(f, at, end);
		at = end + (*end != '\0');
	}
}

/* ---- sshd ---- */

/* "SetEnv TOKEN=...": the value behind the key, in a file and in what `sshd -T` says. */
static void mask_set_env(char *text)
{
	static const char key[] = "SetEnv";

	for (char *at = text; *at != '\0'; at += *at == '\n') {
		char *line = at + strspn(at, " \t\r\f");

		at += strcspn(at, "\n");
		if (*line == '#')
			cover(line + 1, at);
		else if (strncasecmp(line, key, sizeof(key) - 1) == 0 &&
		    strchr(" \t=", line[sizeof(key) - 1]) != NULL && line[sizeof(key) - 1] != '\0')
			cover(line + sizeof(key), at);
	}
}

/* Whether one of the lines is the path. */
static bool lists(const char *lines, const char *path)
{
	const size_t n = strlen(path);

	for (; *lines != '\0'; lines += strcspn(lines, "\n"), lines += *lines == '\n')
		if (strcspn(lines, "\n") == n && strncmp(lines, path, n) == 0)
			return true;
	return false;
}

/* A file that some sshd goes by, or includes. */
static bool is_sshd_file(struct facts *f, const struct sshd_sources *all, const char *path)
{
	const struct fact *x = NULL;

	if (strcmp(path, SSHD_LINES_MAIN) == 0)
		return true;
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(path, all->item[i].main) == 0)
			return true;
	while ((x = facts_next(f, "glob", "", x)) != NULL)
		if (x->is == FACT_TEXT && lists(x->text, path))
			return true;
	return false;
}

static void mask_sshd(struct facts *f)
{
	struct sshd_sources *all = sshd_sources(f);
	const struct fact *x = NULL;

	f->failed = f->failed || all == NULL;
	while (all != NULL && (x = facts_next(f, "file", "", x)) != NULL)
		if (is_sshd_file(f, all, x->name))
			mask_set_env(facts_edit(f, "file", x->name));
	for (x = NULL; (x = facts_next(f, "sshd", "", x)) != NULL;)
		mask_set_env(facts_edit(f, "sshd", x->name));
	sshd_sources_free(all);
}

/* ---- inetd ---- */

/* "telnet stream tcp nowait root PROGRAM WORDS": the service is what is judged. */
static void mask_inetd(char *text)
{
	for (char *at = text; *at != '\0'; at += *at == '\n') {
		char *behind = at + strcspn(at, " \t\n");

		at += strcspn(at, "\n");
		cover(behind < at ? behind + 1 : behind, at);
	}
}

/* ---- all ---- */

static bool is_unit(const char *path)
{
	for (size_t i = 0; unit_dir(i) != NULL; i++)
		if (strncmp(path, unit_dir(i), strlen(unit_dir(i))) == 0)
			return true;
	return false;
}

static void mask_files_of_variables(struct facts *f)
{
	static const char *const usual[] = {"/etc/default/ssh", "/etc/sysconfig/sshd"};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		mask_environment(f, facts_edit(f, "file", usual[i]));
	for (size_t i = 0; unit_sshd(i) != NULL; i++) {
		struct unit u;

		(void)unit_merge(f, unit_sshd(i), &u);
		for (size_t k = 0; k < u.environments; k++)
			mask_environment(f, facts_edit(f, "file", u.environment[k]));
		unit_free(&u);
	}
}

void mask_facts(struct facts *f)
{
	const struct fact *x = NULL;

	mask_files_of_variables(f);
	mask_sshd(f);
	mask_inetd(facts_edit(f, "file", "/etc/inetd.conf"));
	while ((x = facts_next(f, "file", "", x)) != NULL) {
		if (is_unit(x->name))
			mask_unit(f, facts_edit(f, "file", x->name));
		else if (facts_get(f, "trust", x->name)->is != FACT_UNKNOWN)
			mask_pam(facts_edit(f, "file", x->name));
	}
}
