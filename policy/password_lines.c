#include "policy/password_lines.h"

#include "enroll/language.h"
#include "policy/password/policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SIZE 65536

_Static_assert(SIZE > 2 * PASSWORD_LONGEST, "a password fits");

int password_lines_open(struct password_lines *l, int fd, struct err *e)
{
	*l = (struct password_lines){.fd = fd};
	return secret_new(&l->memory, SIZE) == 0 ? 0 : err_set(e, ERR_SYSTEM, "out of memory");
}

void password_lines_close(struct password_lines *l)
{
	secret_free(&l->memory);
}

/* Reads more behind what is there: 0, also at the end of the input, or a code. */
static int fill(struct password_lines *l, struct err *e)
{
	ssize_t n;

	if (l->at > 0)
		memmove(l->memory.data, l->memory.data + l->at, l->end - l->at);
	l->end -= l->at, l->at = 0;
	do
		n = read(l->fd, l->memory.data + l->end, SIZE - l->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, "%s", _("standard input"));
	l->ended = n == 0;
	l->end += (size_t)n;
	return 0;
}

int password_lines_next(struct password_lines *l, const char **line, size_t *len,
    struct err *e)
{
	size_t passed = 0, seen = 0;

	for (;;) {
		const char *text = (const char *)l->memory.data + l->at;
		const size_t left = l->end - l->at;
		const char *newline = memchr(text + seen, '\n', left - seen);
		int r;

		if (newline != NULL || (l->ended && passed + left > 0)) {
			const size_t n = newline != NULL ? (size_t)(newline - text) : left;

			*line = text, *len = passed + n;
			l->at += n + (newline != NULL);
			return 1;
		}
		if (l->ended)
			return 0;
		seen = left;
		if (left == SIZE) { /* far longer than a password: only its length counts */
			passed += left, seen = 0;
			l->at = l->end;
		}
		if ((r = fill(l, e)) != 0)
			return r;
	}
}
