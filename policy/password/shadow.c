#include "policy/password/shadow.h"

#include "lib/core/secret.h"
#include "lib/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096 /* of a user's line; those of others may be longer */
#define CHUNK 8192
#define NUMBER_MAX INT64_C(99999999) /* days: the year 275,759 */

/* In secret memory: everybody's hashes pass here. */
struct reader {
	const char *path;
	int fd;
	char chunk[CHUNK];
	size_t at, len;
	char line[LINE_BYTES];
	int number; /* of the line */
	bool cut;   /* it is longer */
};

/* The next byte: 0; ERR_NONE at the end; trouble. */
static int next(struct reader *r, char *c, struct err *e)
{
	if (r->at == r->len) {
		ssize_t n;

		while ((n = read(r->fd, r->chunk, sizeof(r->chunk))) < 0 && errno == EINTR)
			;
		if (n < 0)
			return err_errno(e, "%s", r->path);
		r->at = 0;
		r->len = (size_t)n;
		if (n == 0)
			return ERR_NONE;
	}
	*c = r->chunk[r->at++];
	return 0;
}

/* isspace(3) of the C locale. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Into r->line, without its end and the blanks at its front.  0; ERR_NONE at the end of the
 * file; trouble. */
static int next_line(struct reader *r, struct err *e)
{
	size_t n = 0;
	char c = '\0';
	int code;

	r->cut = false;
	r->number++;
	while ((code = next(r, &c, e)) == 0 && c != '\n') {
		if (n == 0 && is_blank(c))
			continue;
		if (n < sizeof(r->line) - 1)
			r->line[n++] = c;
		else
			r->cut = true;
	}
	r->line[n] = '\0';
	r->cut = r->cut || strlen(r->line) != n;
	return code == ERR_NONE && (n > 0 || r->cut) ? 0 : code;
}

static bool is_of(const struct reader *r, const char *user)
{
	size_t n = strlen(user);

	return n > 0 && strchr("+-#", user[0]) == NULL && strchr(user, ':') == NULL &&
	    strncmp(r->line, user, n) == 0 && r->line[n] == ':';
}

/* The user's first line.  0; ERR_NONE: there is none (also where e is not set). */
static int find(struct reader *r, const char *path, const char *user, bool *found,
    struct err *e)
{
	int code;

	*found = false;
	*r = (struct reader){.path = path};
	if ((r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return err_errno(e, "%s", path);
	while ((code = next_line(r, e)) == 0 && !(*found = is_of(r, user)))
		;
	(void)close(r->fd);
	if (*found && r->cut)
		return err_set(e, ERR_BAD, "%s:%d: the line is too long, or has a NUL byte in it",
		    r->path, r->number);
	return code == ERR_NONE ? 0 : code;
}

/* The field at *at, which goes behind it; NULL: there is none. */
static char *field(char **at)
{
	char *start = *at, *end;

	if (start == NULL)
		return NULL;
	end = strchr(start, ':');
	if (end != NULL)
		*end = '\0';
	*at = end != NULL ? end + 1 : NULL;
	return start;
}

/* Digits, or what says that there is none: nothing, -1, the end of the line.  Else ERR_BAD,
 * and *out is unset too. */
static int number(char **at, int64_t *out)
{
	const char *text = field(at);
	int64_t n = 0;

	*out = SHADOW_UNSET;
	if (text == NULL || text[0] == '\0' || strcmp(text, "-1") == 0)
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return ERR_BAD;
		n = n * 10 + (*text - '0');
		if (n > NUMBER_MAX)
			return ERR_BAD;
	}
	*out = n;
	return 0;
}

static int take_field(struct reader *r, char **at, struct shadow_entry *out, struct err *e)
{
	const char *text = field(at);
	struct text t = text_in(out->field, sizeof(out->field));

	if (text == NULL)
		return err_set(e, ERR_BAD, "%s:%d: the line has no password field", r->path,
		    r->number);
	text_add(&t, text);
	if (t.cut)
		return err_set(e, ERR_BAD, "%s:%d: the password field is too long", r->path,
		    r->number);
	return 0;
}

/* Nothing is judged by the numbers behind the last change, so none of them is in its way. */
static int take_shadow(struct reader *r, struct shadow_entry *out, struct err *e)
{
	int64_t *const others[] = {&out->min, &out->max, &out->warn, &out->inactive, &out->expire};
	char *at = r->line;
	int code;

	(void)field(&at);
	if ((code = take_field(r, &at, out, e)) != 0)
		return code;
	if (number(&at, &out->last) != 0)
		return err_set(e, ERR_BAD, "%s:%d: the day of the last change is no number of days",
		    r->path, r->number);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		(void)number(&at, others[i]);
	return 0;
}

static void unset(struct shadow_entry *out)
{
	secret_wipe(out, sizeof(*out));
	out->last = out->min = out->max = out->warn = out->inactive = out->expire = SHADOW_UNSET;
}

/* In passwd, with the field that stands there; then in shadow. */
static int look(struct reader *r, const struct shadow_files *files, const char *user,
    struct shadow_entry *out, struct err *e)
{
	const char *shadow = files->shadow != NULL ? files->shadow : SHADOW_PATH;
	char *at = r->line;
	bool found;
	int code = find(r, files->passwd != NULL ? files->passwd : SHADOW_PASSWD_PATH, user, &found,
	    e);

	if (code != 0 || !found)
		return code;
	(void)field(&at);
	if ((code = take_field(r, &at, out, e)) != 0)
		return code;
	out->local = true;
	if (strcmp(out->field, "x") != 0)
		return 0;
	memcpy(out->field, "*", sizeof("*"));
	if ((code = find(r, shadow, user, &found, e)) != 0)
		return code;
	if (!found)
		return 0;
	return take_shadow(r, out, e);
}

int shadow_read(const struct shadow_files *files, const char *user, struct shadow_entry *out,
    struct err *e)
{
	struct secret memory;
	int r;

	unset(out);
	if (secret_new(&memory, sizeof(struct reader)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = look((struct reader *)(void *)memory.data, files, user, out, e);
	secret_free(&memory);
	if (r != 0)
		unset(out);
	return r;
}

bool shadow_is_usable(const struct shadow_entry *s)
{
	return s->field[0] != '\0' && s->field[0] != '!' && s->field[0] != '*';
}
