#include "policy/pamd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t"
#define JUMP_MAX 1000

static const char *const types[] = {"auth", "account", "password", "session"};

static const char *const codes[PAMD_CODES] = {
    [PAM_SUCCESS] = "success", [PAM_OPEN_ERR] = "open_err",
    [PAM_SYMBOL_ERR] = "symbol_err", [PAM_SERVICE_ERR] = "service_err",
    [PAM_SYSTEM_ERR] = "system_err", [PAM_BUF_ERR] = "buf_err",
    [PAM_PERM_DENIED] = "perm_denied", [PAM_AUTH_ERR] = "auth_err",
    [PAM_CRED_INSUFFICIENT] = "cred_insufficient",
    [PAM_AUTHINFO_UNAVAIL] = "authinfo_unavail", [PAM_USER_UNKNOWN] = "user_unknown",
    [PAM_MAXTRIES] = "maxtries", [PAM_NEW_AUTHTOK_REQD] = "new_authtok_reqd",
    [PAM_ACCT_EXPIRED] = "acct_expired", [PAM_SESSION_ERR] = "session_err",
    [PAM_CRED_UNAVAIL] = "cred_unavail", [PAM_CRED_EXPIRED] = "cred_expired",
    [PAM_CRED_ERR] = "cred_err", [PAM_NO_MODULE_DATA] = "no_module_data",
    [PAM_CONV_ERR] = "conv_err", [PAM_AUTHTOK_ERR] = "authtok_err",
    [PAM_AUTHTOK_RECOVERY_ERR] = "authtok_recover_err",
    [PAM_AUTHTOK_LOCK_BUSY] = "authtok_lock_busy",
    [PAM_AUTHTOK_DISABLE_AGING] = "authtok_disable_aging", [PAM_TRY_AGAIN] = "try_again",
    [PAM_IGNORE] = "ignore", [PAM_ABORT] = "abort",
    [PAM_AUTHTOK_EXPIRED] = "authtok_expired", [PAM_MODULE_UNKNOWN] = "module_unknown",
    [PAM_BAD_ITEM] = "bad_item", [PAM_CONV_AGAIN] = "conv_again",
    [PAM_INCOMPLETE] = "incomplete"};

const char *pamd_type_name(enum pamd_type type)
{
	return type < PAMD_ANY ? types[type] : "@include";
}

const char *pamd_code_name(int code)
{
	return code >= 0 && code < PAMD_CODES ? codes[code] : "?";
}

/* The next word, cut out of *at in place: NULL at the end of the line.  *open
 * says that a bracket is never closed. */
static char *next_word(char **at, bool *open)
{
	char *s = *at + strspn(*at, BLANKS);
	char *to, *end;

	if (*s == '\0')
		return NULL;
	if (*s != '[') {
		end = s + strcspn(s, BLANKS);
		*at = *end != '\0' ? end + 1 : end;
		*end = '\0';
		return s;
	}
	for (to = end = ++s; *end != '\0' && *end != ']'; to++, end++) {
		if (end[0] == '\\' && end[1] == ']')
			end++;
		*to = *end;
	}
	*open = *end == '\0';
	*at = *end != '\0' ? end + 1 : end;
	*to = '\0';
	return s;
}

static bool is_include(const char *control)
{
	return strcasecmp(control, "include") == 0 || strcasecmp(control, "substack") == 0;
}

/* The type field, and of an `@include` the control field too. */
static int read_type(struct pamd_line *l, const char *word, struct err *e)
{
	if (word == NULL)
		return err_set(e, ERR_SYNTAX, "%s:%d: nothing but a continuation", l->file,
		    l->line);
	if (strcasecmp(word, "@include") == 0) {
		l->type = PAMD_ANY;
		l->control = "include";
		return 0;
	}
	l->quiet = word[0] == '-';
	for (int i = 0; i < PAMD_ANY; i++) {
		if (strcasecmp(word + (l->quiet ? 1 : 0), types[i]) == 0) {
			l->type = (enum pamd_type)i;
			return 0;
		}
	}
	return err_set(e, ERR_SYNTAX, "%s:%d: '%.40s' is not one of auth, account, password, "
	    "session, @include", l->file, l->line, word);
}

static int read_words(struct pamd_line *l, char *text, const char **argv, struct err *e)
{
	bool open = false;
	const char *word;
	int r;

	if ((r = read_type(l, next_word(&text, &open), e)) != 0)
		return r;
	if (l->control == NULL)
		l->control = next_word(&text, &open);
	l->module = l->control != NULL ? next_word(&text, &open) : NULL;
	while (l->module != NULL && (word = next_word(&text, &open)) != NULL) {
		if (l->argc == PAMD_ARGS_MAX)
			return err_set(e, ERR_SYNTAX, "%s:%d: more than %d arguments", l->file,
			    l->line, PAMD_ARGS_MAX);
		argv[l->argc++] = word;
	}
	l->argv = argv;
	if (open)
		return err_set(e, ERR_SYNTAX, "%s:%d: a '[' without its ']'", l->file, l->line);
	if (l->control == NULL)
		return err_set(e, ERR_SYNTAX, "%s:%d: no control field", l->file, l->line);
	if (l->module == NULL || l->module[0] == '\0')
		return is_include(l->control) ? err_set(e, ERR_SYNTAX,
		    "%s:%d: no file name behind '%.40s'", l->file, l->line, l->control) :
		    err_set(e, ERR_SYNTAX, "%s:%d: no module behind '%.40s'", l->file, l->line,
		    l->control);
	return 0;
}

static int finish(const char *file, int number, char *text, pamd_each each, void *ctx,
    struct err *e)
{
	struct pamd_line l = {.file = file, .line = number};
	const char *argv[PAMD_ARGS_MAX + 1] = {NULL};
	struct pamd_control unused;
	struct err why = {0};
	int r;

	if ((r = read_words(&l, text, argv, e)) != 0)
		return r;
	if (!is_include(l.control) && pamd_control(l.control, &unused, &why) != 0)
		return err_set(e, ERR_SYNTAX, "%s:%d: %s", file, number, why.text);
	return each(ctx, &l);
}

struct assembly {
	char text[PAMD_LINE_MAX];
	size_t len;
	int first;     /* number of its first line */
	bool continued;
};

/* Takes one line of the file.  1 when a->text is whole, 0 when not, or a code. */
static int add_line(struct assembly *a, const char *file, int number, const char *s,
    size_t n, struct err *e)
{
	const char *hash = memchr(s, '#', n);
	size_t keep = hash != NULL ? (size_t)(hash - s) : n;
	size_t skip = 0;

	if (n >= PAMD_LINE_MAX || a->len + n >= PAMD_LINE_MAX)
		return err_set(e, ERR_SYNTAX, "%s:%d: longer than %d bytes; libpam before 1.6 "
		    "reads the rest as a line of its own", file, number, PAMD_LINE_MAX - 1);
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F)
			return s[i] == '\r' ? err_set(e, ERR_SYNTAX, "%s:%d: a control character "
			    "(0x0d); save it with Unix line ends", file, number) :
			    err_set(e, ERR_SYNTAX, "%s:%d: a control character (0x%02x)", file,
			    number, (unsigned)(unsigned char)s[i]);
	while (skip < keep && strchr(BLANKS, s[skip]) != NULL)
		skip++;
	while (keep > skip && strchr(BLANKS, s[keep - 1]) != NULL)
		keep--;
	if (keep == skip && a->continued)
		return err_set(e, ERR_SYNTAX, "%s:%d: the line above is continued here, with "
		    "nothing; remove its backslash", file, number);
	if (keep == skip)
		return 0;
	if (!a->continued)
		a->first = number;
	memcpy(a->text + a->len, s + skip, keep - skip);
	a->len += keep - skip;
	a->text[a->len] = '\0';
	a->continued = hash == NULL && s[keep - 1] == '\\';
	if (a->continued)
		a->text[a->len - 1] = ' ';
	return a->continued ? 0 : 1;
}

int pamd_parse(const char *file, const char *text, size_t len, pamd_each each, void *ctx,
    struct err *e)
{
	struct assembly a = {.len = 0};
	size_t at = 0;
	int number, r;

	for (number = 1; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (text + at)) : len - at;

		r = add_line(&a, file, number, text + at, n, e);
		if (r == 1) {
			r = finish(file, a.first, a.text, each, ctx, e);
			a = (struct assembly){.len = 0};
		}
		if (r != 0)
			return r;
		at += n + 1;
	}
	if (a.continued)
		return err_set(e, ERR_SYNTAX, "%s:%d: the file ends in a continuation; libpam "
		    "refuses the whole file", file, a.first);
	return 0;
}

static int read_file(int fd, const char *path, char *text, size_t *len, struct err *e)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_BAD, "%s: is not a regular file", path);
	for (*len = 0; n != 0 && *len <= PAMD_FILE_MAX;) {
		n = read(fd, text + *len, PAMD_FILE_MAX + 1 - *len);
		if (n < 0 && errno != EINTR)
			return err_errno(e, "%s", path);
		if (n > 0)
			*len += (size_t)n;
	}
	if (*len > PAMD_FILE_MAX)
		return err_set(e, ERR_BAD, "%s: is longer than %d bytes", path, PAMD_FILE_MAX);
	return 0;
}

int pamd_read(const char *path, pamd_each each, void *ctx, struct err *e)
{
	char *text = malloc(PAMD_FILE_MAX + 1);
	size_t len = 0;
	int fd, r;

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = fd < 0 ? err_errno(e, "%s", path) : read_file(fd, path, text, &len, e);
	if (fd >= 0)
		(void)close(fd);
	if (r == 0)
		r = pamd_parse(path, text, len, each, ctx, e);
	free(text);
	return r;
}

#define UNSET (-6)

static void set_rest(struct pamd_control *c, int action)
{
	for (int i = 0; i < PAMD_CODES; i++)
		if (c->action[i] == UNSET)
			c->action[i] = action;
}

static void set_all(struct pamd_control *c, int action)
{
	for (int i = 0; i < PAMD_CODES; i++)
		c->action[i] = action;
}

static bool read_keyword(const char *text, struct pamd_control *c)
{
	static const struct { const char *name; int success, ignore, rest; } keywords[] = {
	    {"required", PAMD_OK, PAMD_IGNORE, PAMD_BAD},
	    {"requisite", PAMD_OK, PAMD_IGNORE, PAMD_DIE},
	    {"optional", PAMD_OK, PAMD_IGNORE, PAMD_IGNORE},
	    {"sufficient", PAMD_DONE, PAMD_IGNORE, PAMD_IGNORE}};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcasecmp(text, keywords[i].name) != 0)
			continue;
		set_all(c, keywords[i].rest);
		c->action[PAM_SUCCESS] = c->action[PAM_NEW_AUTHTOK_REQD] = keywords[i].success;
		c->action[PAM_IGNORE] = keywords[i].ignore;
		return true;
	}
	return false;
}

static bool same(const char *s, size_t n, const char *name)
{
	return strlen(name) == n && memcmp(s, name, n) == 0;
}

static int read_action(const char *s, size_t n, int *action)
{
	static const char *const names[] = {"ignore", "ok", "done", "bad", "die", "reset"};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		if (same(s, n, names[i])) {
			*action = -i;
			return 0;
		}
	}
	*action = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]) || *action > JUMP_MAX)
			return ERR_SYNTAX;
		*action = *action * 10 + (s[i] - '0');
	}
	return *action > 0 && *action <= JUMP_MAX ? 0 : ERR_SYNTAX;
}

/* As libpam does: a code's last mention counts, and the first default. */
static int set_code(struct pamd_control *c, const char *s, size_t n, int action)
{
	if (same(s, n, "default")) {
		set_rest(c, action);
		return 0;
	}
	for (int i = 0; i < PAMD_CODES; i++) {
		if (same(s, n, codes[i])) {
			c->action[i] = action;
			return 0;
		}
	}
	return ERR_SYNTAX;
}

/* One code=action at *at. */
static int read_pair(const char **at, struct pamd_control *c, struct err *e)
{
	static const char spaces[] = " \t\n\v\f\r";
	const char *code = *at, *value;
	size_t n = strcspn(code, " \t\n\v\f\r="), m;
	int action;

	value = code + n + strspn(code + n, spaces);
	if (*value != '=')
		return err_set(e, ERR_SYNTAX, "control: no '=' behind '%.*s'",
		    (int)(n < 40 ? n : 40), code);
	value++;
	value += strspn(value, spaces);
	m = strcspn(value, spaces);
	if (read_action(value, m, &action) != 0)
		return err_set(e, ERR_SYNTAX, "control: '%.*s' is not one of ignore, ok, done, "
		    "bad, die, reset, or a number of lines", (int)(m < 40 ? m : 40), value);
	if (set_code(c, code, n, action) != 0)
		return err_set(e, ERR_SYNTAX, "control: '%.*s' is not a return code of libpam",
		    (int)(n < 40 ? n : 40), code);
	*at = value + m + strspn(value + m, spaces);
	return 0;
}

int pamd_control(const char *text, struct pamd_control *c, struct err *e)
{
	const char *at = text + strspn(text, " \t\n\v\f\r");
	int r = 0;

	if (read_keyword(text, c))
		return 0;
	set_all(c, UNSET);
	if (*at == '\0')
		r = err_set(e, ERR_SYNTAX, "control: empty brackets");
	else if (strchr(text, '=') == NULL)
		r = err_set(e, ERR_SYNTAX, "control: '%.40s' is not one of required, requisite, "
		    "sufficient, optional, include, substack, [code=action ...]", text);
	while (r == 0 && *at != '\0')
		r = read_pair(&at, c, e);
	if (r != 0)
		set_all(c, PAMD_BAD);
	set_rest(c, PAMD_BAD);
	return r;
}
