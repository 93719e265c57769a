#include "policy/audit/sudoers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

/* ---- rules ---- */

/* A quote among the arguments of a command is like any other byte: here none hides a sign. */
static const char *find_equal(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '=')
			return text;
	return NULL;
}

/* The end of one command: its comma, or the end. */
static const char *command_end(const char *at)
{
	for (; *at != '\0' && *at != ','; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
	return at;
}

static const char *skip_tags(const char *at, bool *nopasswd)
{
	for (;;) {
		const size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		const char *colon = skip(at + n);

		if (n == 0 || *colon != ':')
			return at;
		if (n == 8 && strncmp(at, "NOPASSWD", n) == 0)
			*nopasswd = true;
		if (n == 6 && strncmp(at, "PASSWD", n) == 0)
			*nopasswd = false;
		at = skip(colon + 1);
	}
}

/* Adds a name to those that somebody becomes in place of root. */
static bool add_runas(struct sudoers_line *l, const char *name, size_t n)
{
	const size_t used = strlen(l->runas);

	/* Another name that is in small letters, without a backslash; an alias, group or id may be
	 * root, and sudo takes ROOT for root. */
	if (name[0] < 'a' || name[0] > 'z' || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.@") < n ||
	    (n == 4 && strncmp(name, "root", 4) == 0) || used + n + 2 > sizeof(l->runas))
		return false;
	(void)snprintf(l->runas + used, sizeof(l->runas) - used, "%.*s ", (int)n, name);
	return true;
}

/* "(root)", "(ALL : ALL)", "(www-data)": whether it leaves out root. */
static bool leaves_out_root(struct sudoers_line *l, const char *runas, size_t n)
{
	const char *end = memchr(runas, ':', n);
	const size_t users = end != NULL ? (size_t)(end - runas) : n;

	for (size_t i = 0; i < users;) {
		size_t m = strcspn(runas + i, ", \t:)");

		if (m > users - i)
			m = users - i;
		if (m > 0 && !add_runas(l, runas + i, m))
			return false;
		i += m > 0 ? m : 1;
	}
	return users > 0 && runas[strspn(runas, " \t")] != ':' && runas[strspn(runas, " \t")] != ')';
}

/* Who may run one of these may run any. */
static bool runs_any(const char *name, size_t n)
{
	static const char *const names[] = {"sh", "bash", "dash", "zsh", "ksh", "fish", "su", "sudo", "env",
	    "visudo", "vi", "vim", "nano", "emacs", "python3", "perl", "find", "chroot", "nsenter",
	    "systemd-run"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0)
			return true;
	return false;
}

/* A path is one command; ALL, an alias, a pattern or a directory may be any. */
static bool is_limited(const char *at, const char *end)
{
	size_t n, base;

	/* "sha256:DIGEST /path" */
	if (strncmp(at, "sha", 3) == 0 && at[3] >= '0' && at[3] <= '9')
		at = skip(at + strcspn(at, " \t,"));
	n = strcspn(at, " \t,");
	if (at[0] == '!')
		return true;
	if (at >= end || at[0] != '/' || n < 2 || at[n - 1] == '/' || strcspn(at, "*?[\\") < n)
		return false;
	for (base = n; at[base - 1] != '/'; base--)
		;
	return !runs_any(at + base, n - base);
}

static void read_commands(const char *at, struct sudoers_line *l)
{
	bool nopasswd = false, other = false;

	l->limited = true;
	while (*(at = skip(at)) != '\0') {
		const char *end;

		if (*at == '(') {
			const size_t n = strcspn(at, ")");

			other = leaves_out_root(l, at + 1, n > 0 ? n - 1 : 0);
			at = skip(at + n + (at[n] == ')'));
		}
		at = skip_tags(at, &nopasswd);
		end = command_end(at);
		if (nopasswd && !other) {
			l->harmless = false;
			l->limited = l->limited && is_limited(at, end);
		}
		at = *end == ',' ? end + 1 : end;
	}
}

/* USERS HOSTS = COMMANDS : HOSTS = COMMANDS; the first `=` outside of a command splits. */
static void read_rule(struct sudoers_line *l)
{
	const char *equal = find_equal(l->text);
	const bool root = strncmp(l->text, "root", 4) == 0 && is_blank(l->text[4]) &&
	    *skip(l->text + 4) != ',';

	l->kind = SUDOERS_RULE;
	l->harmless = true;
	if (equal != NULL)
		read_commands(equal + 1, l);
	else
		l->harmless = l->limited = false;
	/* Another one begins another list, which is not told apart: in a command it has a
	 * backslash before it. */
	if (equal != NULL && find_equal(equal + 1) != NULL)
		l->harmless = l->limited = false;
	if (root) {
		l->harmless = true;
		l->runas[0] = '\0';
	}
}

/* ---- lines ---- */

/* "@include PATH", "#includedir PATH": the word, or NULL. */
static const char *include_word(const char *text)
{
	static const char *const words[] = {"includedir", "include"};

	for (int i = 0; i < 2 && (text[0] == '@' || text[0] == '#'); i++)
		if (strncmp(text + 1, words[i], strlen(words[i])) == 0 &&
		    is_blank(text[1 + strlen(words[i])]))
			return words[i];
	return NULL;
}

/* The path up to a quote, or where none is open to a blank: a comment may stand behind it.  A
 * byte behind a backslash is what it is. */
static char *cut_path(char *text)
{
	const bool quoted = *text == '"';
	char *from = text + quoted, *to = text;

	while (*from != '\0' && *from != '"' && *from != '\r' && (quoted || !is_blank(*from))) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static bool read_include(struct sudoers_line *l, char *text)
{
	const char *word = include_word(text);

	if (word == NULL)
		return false;
	l->kind = word[7] != '\0' ? SUDOERS_INCLUDEDIR : SUDOERS_INCLUDE;
	text += 1 + strlen(word);
	text += strspn(text, " \t");
	l->path = cut_path(text);
	return true;
}

/* Where its comment begins, or its end; `#1000` and `#-1` are ids, not one. */
static size_t comment(const char *text)
{
	bool quoted = false;
	size_t at;

	for (at = 0; text[at] != '\0'; at++) {
		const char *next = text + at + 1 + (text[at + 1] == '-');

		if (text[at] == '\\' && text[at + 1] != '\0')
			at++;
		else if (text[at] == '"')
			quoted = !quoted;
		else if (text[at] == '#' && !quoted && !(*next >= '0' && *next <= '9'))
			break;
	}
	return at;
}

/* Where the word is outside of quotes, or NULL. */
static const char *find_word(const char *text, const char *word)
{
	const size_t n = strlen(word);
	bool quoted = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
			continue;
		}
		if (*at == '"')
			quoted = !quoted;
		if (!quoted && strncmp(at, word, n) == 0)
			return at;
	}
	return NULL;
}

/* "timestamp_timeout=-1": who was asked once is not asked again until the host starts anew.
 * The last of several counts for sudo, and any for who reads them. */
static bool asks_once(const char *text)
{
	static const char word[] = "timestamp_timeout";
	const char *at = text;

	while ((at = find_word(at, word)) != NULL) {
		at += sizeof(word) - 1;
		if (at[strspn(at, " \t=\"")] == '-')
			return true;
	}
	return false;
}

/* "!authenticate", wherever it stands. */
static bool asks_nobody(const char *text)
{
	const char *at = text;

	while ((at = find_word(at, "authenticate")) != NULL) {
		const char *sign = at++;

		while (sign > text && is_blank(sign[-1]))
			sign--;
		if (sign > text && sign[-1] == '!')
			return true;
	}
	return false;
}

/* "Defaults!CMND", "Defaults>www-data" do not open everything. */
static void read_defaults(struct sudoers_line *l)
{
	const char *at;

	if (asks_nobody(l->text) || find_word(l->text, "exempt_group") != NULL)
		l->kind = SUDOERS_UNASKED;
	else if (asks_once(l->text))
		l->kind = SUDOERS_ONCE;
	at = l->text + 8;
	l->scoped = *at == '!' || (*at == '>' && leaves_out_root(l, at + 1, strcspn(at + 1, " \t")));
}

static bool is_alias(const char *text)
{
	const size_t n = strcspn(text, " \t");

	return n > 6 && strncmp(text + n - 6, "_Alias", 6) == 0;
}

static void read_line(struct sudoers_line *l, char *text)
{
	size_t n;

	text += strspn(text, " \t");
	l->kind = SUDOERS_OTHER;
	l->text = text;
	if (read_include(l, text))
		return;
	text[comment(text)] = '\0';
	n = strlen(text);
	while (n > 0 && is_blank(text[n - 1]))
		text[--n] = '\0';
	if (strncmp(text, "Defaults", 8) == 0)
		read_defaults(l);
	else if (!is_alias(text) && strstr(text, "NOPASSWD") != NULL)
		read_rule(l);
}

/* The bytes before the backslash that lets the line go on, blanks behind it; or len. */
static size_t before_backslash(const char *line, size_t len)
{
	size_t n = len;

	while (n > 0 && is_blank(line[n - 1]))
		n--;
	return line[len] == '\n' && n > 0 && line[n - 1] == '\\' ? n - 1 : len;
}

/* One line with its continuations into buf; how many lines that were, 0 at the end, -1.  A
 * comment does not go on. */
static int join(const char **text, char *buf)
{
	size_t n = 0;
	int lines = 0;

	while (**text != '\0') {
		const size_t len = strcspn(*text, "\n");
		const size_t take = before_backslash(*text, len);

		if (n + len + 1 >= SUDOERS_LINE)
			return -1;
		memcpy(buf + n, *text, take);
		n += take;
		buf[n] = '\0';
		*text += len + ((*text)[len] == '\n');
		lines++;
		if (take == len || (include_word(skip(buf)) == NULL && comment(buf) < n))
			break;
	}
	buf[n] = '\0';
	return lines;
}

int sudoers_parse(const char *text, int (*each)(void *ctx, const struct sudoers_line *l),
    void *ctx)
{
	char buf[SUDOERS_LINE];
	int line = 1, n, r = 0;

	while (r == 0 && (n = join(&text, buf)) > 0) {
		struct sudoers_line l = {.line = line};

		read_line(&l, buf);
		r = each(ctx, &l);
		line += n;
	}
	return r != 0 ? r : *text != '\0' ? -1 : 0;
}

bool sudoers_takes(const char *name)
{
	const size_t n = strlen(name);

	return n > 0 && name[n - 1] != '~' && strchr(name, '.') == NULL;
}

bool sudoers_path(char *out, size_t size, const char *file, const char *path, const char *host)
{
	const char *slash = strrchr(file, '/'), *h = strstr(path, "%h");
	const int dir = path[0] == '/' || slash == NULL ? 0 : (int)(slash - file) + 1;
	const int head = h != NULL ? (int)(h - path) : (int)strlen(path);

	return snprintf(out, size, "%.*s%.*s%s%s", dir, file, head, path, h != NULL ? host : "",
	    h != NULL ? h + 2 : "") < (int)size;
}
