#include "lib/core/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static err_translator *translator;

err_translator *err_translate(err_translator *with)
{
	err_translator *before = translator;

	translator = with;
	return before;
}

/* A text that was cut ends with a whole character. */
static void end_whole(char text[ERR_TEXT_MAX])
{
	size_t n = strlen(text), begin = n;

	while (begin > 0 && ((unsigned char)text[begin - 1] & 0xc0) == 0x80)
		begin--;
	if (begin > 0 && (unsigned char)text[begin - 1] >= 0xc0)
		text[begin - 1] = '\0';
}

static void say(struct err *e, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void say(struct err *e, const char *fmt, va_list ap)
{
	int n = vsnprintf(e->text, sizeof(e->text), translator != NULL ? translator(fmt) : fmt, ap);

	if (n >= (int)sizeof(e->text))
		end_whole(e->text);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(ap, fmt);
	say(e, fmt, ap);
	va_end(ap);
	return code;
}

static int code_of_errno(int number)
{
	switch (number) {
	case ENOENT:
		return ERR_NONE;
	case EEXIST:
		return ERR_CONFLICT;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ELOOP:
	case ENOTDIR:
		return ERR_UNSAFE;
	case ENOMEM:
		return ERR_SYSTEM;
	default:
		return ERR_UNAVAIL;
	}
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int number = errno;
	int code = code_of_errno(number);
	size_t used;
	va_list ap;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(ap, fmt);
	say(e, fmt, ap);
	va_end(ap);
	used = strlen(e->text);
	(void)snprintf(e->text + used, sizeof(e->text) - used, ": %s",
	    strerror(number));
	return code;
}

const char *err_name(int code)
{
	static const char *const names[] = {"ok", "none", "conflict", "unavailable",
	    "unknown_outcome", "denied", "record_bad", "syntax", "unsafe", "system",
	    "not_initialised", "keyring", "refused"};
	int i = -code;

	if (i < 0 || i >= (int)(sizeof(names) / sizeof(names[0])))
		return "error";
	return names[i];
}
