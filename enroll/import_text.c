/*
 * import_text: imports of one entry a line: otpauth:// URIs, and the users.oath of
 * pam_oath: TYPE USER PIN SECRET, then what pam_oath has noted.
 */
#include "enroll/import_run.h"
#include "enroll/language.h"

#include <string.h>

#define BLANKS " \t"

/* One line into w->text.  1 got one, 0 end, ERR_SYNTAX too long or a NUL byte
 * (the rest of it is passed over). */
static int next_line(FILE *in, struct import_work *w, size_t *len)
{
	size_t n = 0;
	bool bad = false;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (c == '\0' || n + 1 >= OTPAUTH_URI_MAX)
			bad = true;
		else
			w->text[n++] = (char)c;
	}
	if (n > 0 && w->text[n - 1] == '\r')
		n--;
	w->text[n] = '\0';
	*len = n;
	if (bad)
		return ERR_SYNTAX;
	return c == EOF && n == 0 ? 0 : 1;
}

typedef int (*parse_line)(const char *line, size_t len, struct otpauth *out,
    struct import_used *used, struct err *e);

static int parse_otpauth(const char *line, size_t len, struct otpauth *out,
    struct import_used *used, struct err *e)
{
	(void)used;
	return otpauth_parse(line, len, out, e);
}

static int read_lines(struct import_run *r, parse_line parse, struct err *e)
{
	struct import_work *w = r->w;
	struct err why = {0};
	size_t len;
	int code = 0, got;

	for (long line = 1; code == 0 && (got = next_line(r->job->in, w, &len)) != 0; line++) {
		if (got == 1 && (len == 0 || w->text[0] == '#'))
			continue;
		r->res->lines++;
		w->used = (struct import_used){0};
		if (got == ERR_SYNTAX)
			import_refuse(r, line, _("the line is too long or holds a NUL byte"));
		else if (parse(w->text, len, &w->entry, &w->used, &why) != 0)
			import_refuse(r, line, why.text);
		else
			code = import_take(r, line, e);
	}
	if (code == 0 && ferror(r->job->in))
		code = err_errno(e, "%s: read", r->job->name);
	return code;
}

static int import_lines(const struct import *job, parse_line parse, struct import_result *res,
    struct err *e)
{
	struct import_run r;
	int code = import_begin(&r, job, res, e);

	if (code == 0)
		code = read_lines(&r, parse, e);
	return import_end(&r, code, e);
}

int import_otpauth(const struct import *job, struct import_result *res, struct err *e)
{
	return import_lines(job, parse_otpauth, res, e);
}

int import_oath(const struct import *job, struct import_result *res, struct err *e)
{
	return import_lines(job, import_oath_parse, res, e);
}

struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **rest)
{
	struct word w = {*rest + strspn(*rest, BLANKS), 0};

	w.len = strcspn(w.at, BLANKS);
	*rest = w.at + w.len;
	return w;
}

static bool is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

/* "HOTP/T30", "HOTP/T60/8": as liboath reads it. */
static int read_type(struct word type, struct record_device *d, struct err *e)
{
	static const struct {
		const char *name;
		uint8_t period, digits;
	} types[] = {{"HOTP/T30", 30, 6}, {"HOTP/T30/6", 30, 6}, {"HOTP/T30/7", 30, 7},
	    {"HOTP/T30/8", 30, 8}, {"HOTP/T60", 60, 6}, {"HOTP/T60/6", 60, 6},
	    {"HOTP/T60/7", 60, 7}, {"HOTP/T60/8", 60, 8}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!is(type, types[i].name))
			continue;
		d->algorithm = RECORD_SHA1;
		d->period = types[i].period;
		d->digits = types[i].digits;
		return 0;
	}
	if (is(type, "HOTP") || (type.len >= 6 && memcmp(type.at, "HOTP/E", 6) == 0))
		return err_set(e, ERR_REFUSED, "users.oath: HOTP, which counts events, is not taken; "
		    "only time-based types (HOTP/T30, HOTP/T60) are");
	return err_set(e, ERR_SYNTAX, "users.oath: the type is not one of HOTP/T30 and HOTP/T60, "
	    "with /6, /7, /8 or nothing behind it");
}

static int read_user(struct word user, struct otpauth *out, struct err *e)
{
	if (user.len > USERKEY_NAME_MAX)
		return err_set(e, ERR_SYNTAX, "users.oath: the user name is too long");
	for (size_t i = 0; i < user.len; i++)
		if ((unsigned char)user.at[i] < 0x20 || user.at[i] == 0x7f)
			return err_set(e, ERR_SYNTAX, "users.oath: a control character in the user "
			    "name");
	memcpy(out->user, user.at, user.len);
	return 0;
}

static bool is_number(struct word w)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.at[i] < '0' || w.at[i] > '9')
			return false;
	return true;
}

/* Behind the secret: a counter, which time-based entries do not use, the last code, and
 * when it was taken, in the time zone of who knows where: the code itself says more. */
static int read_used(const char *rest, int digits, struct import_used *used, struct err *e)
{
	struct word counter = next_word(&rest), code = next_word(&rest);

	*used = (struct import_used){0};
	if (code.len == 0)
		return 0;
	if (!is_number(counter) || !is_number(code) || code.len != (size_t)digits)
		return err_set(e, ERR_SYNTAX, "users.oath: behind the secret is not a counter and a "
		    "last code of %d digits", digits);
	memcpy(used->code, code.at, code.len);
	used->known = true;
	return 0;
}

int import_oath_parse(const char *line, size_t len, struct otpauth *out,
    struct import_used *used, struct err *e)
{
	const char *rest = line;
	struct word type = next_word(&rest), user = next_word(&rest), pin = next_word(&rest);
	struct word secret = next_word(&rest);
	int r;

	(void)len;
	memset(out, 0, sizeof(*out));
	if ((r = read_type(type, &out->device, e)) != 0)
		return r;
	if (secret.len == 0)
		return err_set(e, ERR_SYNTAX, "users.oath: type, user, PIN and secret are not all "
		    "there");
	if ((r = read_user(user, out, e)) != 0 ||
	    (r = read_used(rest, out->device.digits, used, e)) != 0)
		return r;
	/* "+": the password is somebody else's to judge, and not in here. */
	if (!is(pin, "-") && !is(pin, "+"))
		return err_set(e, ERR_REFUSED, "users.oath: %s has a PIN, which cannot be kept",
		    out->user);
	return otpauth_take_secret(&(struct otpauth_secret){"users.oath", secret.at, secret.len,
	    true}, &out->device, e);
}
