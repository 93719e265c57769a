#include "lib/net/aws_ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file ---- */

static int check(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_UNSAFE, "%s: no regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_UNSAFE, "%s: it belongs to somebody else: it has to be yours or "
		    "root's", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(e, ERR_UNSAFE, "%s: others may write it: chmod go-w", path);
	return 0;
}

static int read_all(int fd, struct secret *s, size_t *len, const char *path, struct err *e)
{
	ssize_t n = 1;

	while (n > 0 && *len < s->size) {
		n = read(fd, s->data + *len, s->size - *len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*len += (size_t)n;
	}
	if (n < 0)
		return err_errno(e, "%s", path);
	if (*len == s->size)
		return err_set(e, ERR_BAD, "%s: too long", path);
	s->data[*len] = '\0';
	return 0;
}

int aws_ini_load(struct secret *s, size_t *len, const char *path, size_t most, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	*s = (struct secret){0};
	*len = 0;
	if (fd < 0)
		return err_errno(e, "%s", path);
	if ((r = check(fd, path, e)) == 0 && secret_new(s, most + 1) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0)
		r = read_all(fd, s, len, path, e);
	(void)close(fd);
	if (r != 0)
		secret_free(s);
	return r;
}

/* ---- its lines ---- */

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
		text[--n] = '\0';
	return text;
}

/* The words of a section with one blank between them, without quotes. */
static void plain_section(char *name)
{
	char *to = name;
	bool blank = false;

	for (const char *from = name; *from != '\0'; from++) {
		if (*from == '"' || *from == '\'')
			continue;
		if (*from == ' ' || *from == '\t') {
			blank = to > name;
			continue;
		}
		if (blank)
			*to++ = ' ';
		blank = false;
		*to++ = *from;
	}
	*to = '\0';
}

static int add(struct aws_ini *i, const struct aws_ini_key *k, size_t line, struct err *e)
{
	if (i->count == AWS_INI_KEYS_MOST)
		return err_set(e, ERR_SYNTAX, "%s:%zu: too many keys", i->path, line);
	i->key[i->count++] = *k;
	return 0;
}

static int read_head(struct aws_ini *i, char *text, size_t line, struct err *e)
{
	char *end = strchr(text, ']');
	const char *rest = end != NULL ? end + 1 + strspn(end + 1, " \t") : "";

	if (end == NULL || (*rest != '\0' && *rest != '#' && *rest != ';'))
		return err_set(e, ERR_SYNTAX, "%s:%zu: no section", i->path, line);
	*end = '\0';
	plain_section(text + 1);
	if (strcmp(text + 1, "DEFAULT") == 0)
		return err_set(e, ERR_SYNTAX, "%s:%zu: [DEFAULT] is no profile, and some tools take its keys "
		    "for all of them: [default] is the one without a name", i->path, line);
	if (text[1] == '\0')
		return err_set(e, ERR_SYNTAX, "%s:%zu: no section", i->path, line);
	if (aws_ini_has(i, text + 1))
		return err_set(e, ERR_SYNTAX, "%s:%zu: the section is there already", i->path, line);
	return add(i, &(struct aws_ini_key){.section = text + 1}, line, e);
}

static int refuse(const struct aws_ini *i, enum aws_ini_odd odd, size_t line, struct err *e)
{
	return odd == AWS_INI_MANY_LINES ?
	    err_set(e, ERR_SYNTAX, "%s:%zu: a value of several lines is not in this version", i->path,
	        line) :
	    err_set(e, ERR_SYNTAX, "%s:%zu: neither a section nor KEY = VALUE", i->path, line);
}

/* What stands in the line is not repeated in a message: it may be a secret. */
static int read_key(struct aws_ini *i, char *text, size_t line, struct err *e)
{
	char *equals = text + strcspn(text, "=:"); /* AWS's own tools part them by a colon, too */
	struct aws_ini_key k = {.section = i->count > 0 ? i->key[i->count - 1].section : NULL,
	    .odd = *equals == ':' ? AWS_INI_NO_PAIR : AWS_INI_PLAIN, .line = line};

	if (*equals == '\0' || equals == text)
		return refuse(i, AWS_INI_NO_PAIR, line, e);
	if (k.section == NULL)
		return err_set(e, ERR_SYNTAX, "%s:%zu: a key outside of a section", i->path, line);
	*equals = '\0';
	k.name = trim(text);
	k.value = trim(equals + 1);
	if (aws_ini_get(i, k.section, k.name) != NULL)
		return err_set(e, ERR_SYNTAX, "%s:%zu: the key is there already", i->path, line);
	return add(i, &k, line, e);
}

/* Further in than the key above it: that one's.  Only what holds keys of its own (`s3 =`) may
 * have such lines, which nobody here asks for: a value that lost its end would be another. */
static int pass_over(struct aws_ini *i, const char *text, size_t line, struct err *e)
{
	struct aws_ini_key *k = &i->key[i->count - 1];

	if (*text == '[')
		return refuse(i, AWS_INI_MANY_LINES, line, e);
	if (k->value[0] != '\0' && k->odd == AWS_INI_PLAIN) {
		k->odd = AWS_INI_MANY_LINES;
		k->line = line;
	}
	return 0;
}

static int read_lines(struct aws_ini *i, struct err *e)
{
	/* With a byte order mark in front, as some editors write it. */
	char *next = (char *)i->text.data + (strncmp((char *)i->text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
	size_t in = 0; /* how far in the last section or key stands */
	int r = 0;

	for (size_t line = 1; next != NULL && r == 0; line++) {
		char *text = next, *end = strchr(text, '\n');
		const size_t blanks = strspn(text, " \t");

		next = end != NULL ? end + 1 : NULL;
		if (end != NULL)
			*end = '\0';
		text = trim(text);
		if (*text == '\0' || *text == '#' || *text == ';')
			continue;
		if (i->count > 0 && i->key[i->count - 1].name != NULL && blanks > in) {
			r = pass_over(i, text, line, e);
			continue;
		}
		in = blanks;
		r = *text == '[' ? read_head(i, text, line, e) : read_key(i, text, line, e);
	}
	return r;
}

static int parse(struct aws_ini *i, size_t len, struct err *e)
{
	size_t lines = 2;

	if (memchr(i->text.data, '\0', len) != NULL)
		return err_set(e, ERR_SYNTAX, "%s: a NUL in it", i->path);
	for (size_t n = 0; n < len; n++)
		lines += i->text.data[n] == '\n';
	if ((i->key = calloc(lines, sizeof(*i->key))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return read_lines(i, e);
}

static void name_it(struct aws_ini *i, const char *name)
{
	*i = (struct aws_ini){.count = 0};
	(void)snprintf(i->path, sizeof(i->path), "%s", name);
}

int aws_ini_parse(struct aws_ini *i, const char *name, const char *text, size_t len,
    struct err *e)
{
	int r;

	name_it(i, name);
	if (len > AWS_INI_MOST)
		return err_set(e, ERR_BAD, "%s: too long", name);
	if (secret_new(&i->text, len + 1) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (len > 0)
		memcpy(i->text.data, text, len);
	if ((r = parse(i, len, e)) != 0)
		aws_ini_free(i);
	return r;
}

int aws_ini_read(struct aws_ini *i, const char *path, struct err *e)
{
	size_t len;
	int r;

	name_it(i, path);
	if ((r = aws_ini_load(&i->text, &len, path, AWS_INI_MOST, e)) == 0)
		r = parse(i, len, e);
	if (r != 0)
		aws_ini_free(i);
	return r;
}

/* ---- what is in it ---- */

bool aws_ini_has(const struct aws_ini *i, const char *section)
{
	for (size_t n = 0; n < i->count; n++)
		if (i->key[n].section != NULL && strcmp(i->key[n].section, section) == 0)
			return true;
	return false;
}

int aws_ini_whole(const struct aws_ini *i, const char *section, struct err *e)
{
	for (size_t n = 0; n < i->count; n++)
		if (i->key[n].odd != AWS_INI_PLAIN && strcmp(i->key[n].section, section) == 0)
			return refuse(i, i->key[n].odd, i->key[n].line, e);
	return 0;
}

const char *aws_ini_get(const struct aws_ini *i, const char *section, const char *name)
{
	for (size_t n = 0; n < i->count; n++)
		if (i->key[n].name != NULL && strcmp(i->key[n].section, section) == 0 &&
		    strcasecmp(i->key[n].name, name) == 0)
			return i->key[n].value;
	return NULL;
}

void aws_ini_free(struct aws_ini *i)
{
	secret_free(&i->text);
	free(i->key);
	i->key = NULL;
	i->count = 0;
}
