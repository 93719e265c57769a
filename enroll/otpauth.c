#include "enroll/otpauth.h"

#include "lib/core/secret.h"
#include "lib/core/utf8.h"

#include <liboath/oath.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCHEME "otpauth://"
#define VALUE_MAX 512 /* bytes of a decoded parameter that is looked at */

struct span {
	const char *at;
	size_t len;
};

struct value {
	char text[VALUE_MAX + 1];
	size_t len;
};

static bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

/* What stands before the first c; rest goes behind it, or to the end. */
static struct span split(struct span *rest, char c)
{
	const char *hit = memchr(rest->at, c, rest->len);
	struct span part = *rest;

	if (hit != NULL)
		part.len = (size_t)(hit - rest->at);
	rest->at += part.len + (hit != NULL);
	rest->len -= part.len + (hit != NULL);
	return part;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte that the three characters at s stand for, or -1. */
static int escaped_byte(struct span s)
{
	if (s.len < 3 || hex_digit(s.at[1]) < 0 || hex_digit(s.at[2]) < 0)
		return -1;
	return hex_digit(s.at[1]) * 16 + hex_digit(s.at[2]);
}

static bool is_control(int byte)
{
	return byte < 0x20 || byte == 0x7f;
}

/* Everything, also what is ignored later, so that no reading of the URI by
 * somebody else can differ from ours. */
static int check_bytes(struct span s, struct err *e)
{
	for (; s.len > 0; s.at++, s.len--) {
		int byte = (unsigned char)*s.at;

		if (byte == '%' && (byte = escaped_byte(s)) < 0)
			return err_set(e, ERR_SYNTAX,
			    "otpauth URI: %% without two hexadecimal digits");
		if (is_control(byte))
			return err_set(e, ERR_SYNTAX, "otpauth URI: a control character");
		if (*s.at == ' ' || *s.at == '#')
			return err_set(e, ERR_SYNTAX,
			    "otpauth URI: a bare blank or #; write %%20 or %%23");
	}
	return 0;
}

/* Undoes the escapes, which check_bytes() has seen, into cap bytes with the
 * terminator.  The length, or -1 when there is no room. */
static int unescape(struct span s, bool plus_is_blank, char *out, size_t cap)
{
	size_t n = 0;

	while (s.len > 0) {
		size_t used = *s.at == '%' ? 3 : 1;

		if (n + 1 >= cap)
			return -1;
		out[n] = used == 3 ? (char)escaped_byte(s) : *s.at;
		if (plus_is_blank && *s.at == '+')
			out[n] = ' ';
		n++;
		s.at += used;
		s.len -= used;
	}
	out[n] = '\0';
	return (int)n;
}

static int check_name(const char *name, bool is_user, struct err *e)
{
	if (!utf8_is_text(name))
		return is_user ? err_set(e, ERR_SYNTAX, "otpauth URI: the user name has a "
		    "control character or is not UTF-8") : err_set(e, ERR_SYNTAX,
		    "otpauth URI: the issuer has a control character or is not UTF-8");
	/* The label has one colon, between the two. */
	if (strchr(name, ':') != NULL)
		return is_user ? err_set(e, ERR_SYNTAX, "otpauth URI: a colon in the user name") :
		    err_set(e, ERR_SYNTAX, "otpauth URI: a colon in the issuer");
	return 0;
}

static int check_names(const struct otpauth *o, struct err *e)
{
	int r;

	if (o->user[0] == '\0' || o->user[0] == ' ')
		return err_set(e, ERR_SYNTAX, "otpauth URI: no user name in the label");
	if ((r = check_name(o->user, true, e)) != 0)
		return r;
	return check_name(o->issuer, false, e);
}

static bool copy(const char *from, char *to, size_t cap)
{
	size_t n = strlen(from);

	if (n >= cap)
		return false;
	memcpy(to, from, n + 1);
	return true;
}

static int read_label(struct span label, struct otpauth *o, struct err *e)
{
	char text[OTPAUTH_ISSUER_MAX + USERKEY_NAME_MAX + 8];
	char *colon, *user = text;

	if (unescape(label, false, text, sizeof(text)) < 0)
		return err_set(e, ERR_SYNTAX, "otpauth URI: the label is too long");
	if ((colon = strchr(text, ':')) != NULL) {
		*colon = '\0';
		user = colon + 1;
		if (!copy(text, o->issuer, sizeof(o->issuer)))
			return err_set(e, ERR_SYNTAX, "otpauth URI: the issuer is too long");
	}
	user += strspn(user, " ");
	if (!copy(user, o->user, sizeof(o->user)))
		return err_set(e, ERR_SYNTAX, "otpauth URI: the user name is too long");
	return check_names(o, e);
}

/* As oath_base32_decode() does it. */
static int take_hex(const struct otpauth_secret *s, char **bytes, size_t *len)
{
	*bytes = malloc(s->len / 2 + 1);
	*len = s->len / 2;
	if (*bytes == NULL)
		return OATH_MALLOC_ERROR;
	for (size_t i = 0; i < *len; i++) {
		int high = hex_digit(s->text[2 * i]), low = hex_digit(s->text[2 * i + 1]);

		if (high < 0 || low < 0) {
			secret_wipe(*bytes, i);
			return OATH_INVALID_HEX;
		}
		(*bytes)[i] = (char)(high << 4 | low);
	}
	return s->len % 2 == 0 ? OATH_OK : OATH_INVALID_HEX;
}

/* liboath reads on behind padding, as if another text began there. */
static bool padding_is_last(const struct otpauth_secret *s)
{
	const char *at = memchr(s->text, '=', s->len);

	for (; at != NULL && at < s->text + s->len; at++)
		if (*at != '=' && *at != ' ')
			return false;
	return true;
}

static int take_base32(const struct otpauth_secret *s, char **bytes, size_t *len)
{
	return padding_is_last(s) ? oath_base32_decode(s->text, s->len, bytes, len) :
	    OATH_INVALID_BASE32;
}

int otpauth_take_secret(const struct otpauth_secret *s, struct record_device *d, struct err *e)
{
	char *bytes = NULL;
	size_t len = 0;
	int rc = s->hex ? take_hex(s, &bytes, &len) : take_base32(s, &bytes, &len);
	int r = 0;

	if (rc == OATH_MALLOC_ERROR)
		r = err_set(e, ERR_SYSTEM, "%s: out of memory", s->what);
	else if (rc != OATH_OK)
		r = s->hex ? err_set(e, ERR_SYNTAX, "%s: the secret is not hexadecimal", s->what) :
		    err_set(e, ERR_SYNTAX, "%s: the secret is not base32", s->what);
	else if (len < OTPAUTH_SECRET_MIN)
		r = err_set(e, ERR_REFUSED, "%s: the secret is shorter than 128 bits (%d characters)",
		    s->what, s->hex ? 32 : 26);
	else if (len > RECORD_SECRET_MAX)
		r = err_set(e, ERR_SYNTAX, "%s: the secret is longer than %d bytes", s->what,
		    RECORD_SECRET_MAX);
	else {
		memcpy(d->secret, bytes, len);
		d->secret_len = (uint8_t)len;
	}
	if (rc == OATH_OK)
		secret_wipe(bytes, len);
	free(bytes);
	return r;
}

static int read_secret(const struct value *v, struct otpauth *o, struct err *e)
{
	return otpauth_take_secret(&(struct otpauth_secret){"otpauth URI", v->text, v->len, false},
	    &o->device, e);
}

static int read_issuer(const struct value *v, struct otpauth *o, struct err *e)
{
	if (v->len > OTPAUTH_ISSUER_MAX)
		return err_set(e, ERR_SYNTAX, "otpauth URI: the issuer is too long");
	/* An empty one says nothing; the label's prefix stays. */
	if (v->len > 0)
		memcpy(o->issuer, v->text, v->len + 1);
	return check_name(o->issuer, false, e);
}

static const char *const algorithms[] = {
	[RECORD_SHA1] = "SHA1", [RECORD_SHA256] = "SHA256", [RECORD_SHA512] = "SHA512"};

static int read_algorithm(const struct value *v, struct otpauth *o, struct err *e)
{
	for (int i = RECORD_SHA1; i <= RECORD_SHA512; i++) {
		if (strcasecmp(v->text, algorithms[i]) == 0) {
			o->device.algorithm = (uint8_t)i;
			return 0;
		}
	}
	return err_set(e, ERR_SYNTAX,
	    "otpauth URI: the algorithm is none of SHA1, SHA256 and SHA512");
}

/* A plain number of at most three digits, or -1. */
static int small_number(const struct value *v)
{
	int n = 0;

	if (v->len < 1 || v->len > 3 || v->text[0] == '0' ||
	    strspn(v->text, "0123456789") != v->len)
		return -1;
	for (size_t i = 0; i < v->len; i++)
		n = n * 10 + (v->text[i] - '0');
	return n;
}

static bool digits_usable(int n)
{
	return n >= 6 && n <= 8;
}

static bool period_usable(int n)
{
	return n >= 15 && n <= 120;
}

static int read_digits(const struct value *v, struct otpauth *o, struct err *e)
{
	int n = small_number(v);

	if (!digits_usable(n))
		return err_set(e, ERR_SYNTAX, "otpauth URI: digits is not 6, 7 or 8");
	o->device.digits = (uint8_t)n;
	return 0;
}

static int read_period(const struct value *v, struct otpauth *o, struct err *e)
{
	int n = small_number(v);

	if (!period_usable(n))
		return err_set(e, ERR_SYNTAX, "otpauth URI: period is not 15 to 120 seconds");
	o->device.period = (uint8_t)n;
	return 0;
}

/* Steam's codes are letters: ignoring the word would enrol a device whose
 * codes never match. */
static int refuse_encoder(const struct value *v, struct otpauth *o, struct err *e)
{
	(void)v;
	(void)o;
	return err_set(e, ERR_REFUSED,
	    "otpauth URI: an encoder of its own; only digits are supported");
}

static const struct parameter {
	const char *name;
	int (*read)(const struct value *v, struct otpauth *o, struct err *e);
} parameters[] = {
	{"secret", read_secret},
	{"issuer", read_issuer},
	{"algorithm", read_algorithm},
	{"digits", read_digits},
	{"period", read_period},
	{"encoder", refuse_encoder},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static int read_value(const struct parameter *p, struct span raw, struct otpauth *o,
    struct err *e)
{
	struct value v;
	int n = unescape(raw, true, v.text, sizeof(v.text));
	int r;

	if (n < 0) {
		r = err_set(e, ERR_SYNTAX, "otpauth URI: the %s is too long", p->name);
	} else {
		v.len = (size_t)n;
		r = p->read(&v, o, e);
	}
	secret_wipe(&v, sizeof(v));
	return r;
}

static int read_parameter(struct span part, unsigned *seen, struct otpauth *o, struct err *e)
{
	struct span name = split(&part, '=');

	/* An escape in a name would hide one that is known. */
	if (name.len == 0 || memchr(name.at, '%', name.len) != NULL)
		return err_set(e, ERR_SYNTAX,
		    "otpauth URI: a parameter without a plain name (a stray &?)");
	for (size_t i = 0; i < PARAMETERS; i++) {
		if (!span_is(name, parameters[i].name))
			continue;
		if (*seen & 1U << i)
			return err_set(e, ERR_SYNTAX, "otpauth URI: %s is given twice",
			    parameters[i].name);
		*seen |= 1U << i;
		return read_value(&parameters[i], part, o, e);
	}
	return 0;
}

static int read_query(struct span query, struct otpauth *o, struct err *e)
{
	unsigned seen = 0;
	bool more = query.len > 0;
	int r;

	while (more) {
		struct span part = split(&query, '&');

		/* split() ate the & when query moved past the part's end. */
		more = query.at != part.at + part.len;
		if ((r = read_parameter(part, &seen, o, e)) != 0)
			return r;
	}
	if (o->device.secret_len == 0)
		return err_set(e, ERR_SYNTAX, "otpauth URI: no secret");
	return 0;
}

static int read_uri(struct span uri, struct otpauth *o, struct err *e)
{
	size_t scheme = strlen(SCHEME);
	struct span type, label;
	int r;

	if (uri.len > OTPAUTH_URI_MAX)
		return err_set(e, ERR_SYNTAX, "otpauth URI: longer than %d bytes",
		    OTPAUTH_URI_MAX);
	if (uri.len < scheme || strncasecmp(uri.at, SCHEME, scheme) != 0)
		return err_set(e, ERR_SYNTAX, "otpauth URI: does not begin with otpauth://");
	if ((r = check_bytes(uri, e)) != 0)
		return r;
	uri.at += scheme;
	uri.len -= scheme;
	type = split(&uri, '/');
	if (span_is(type, "hotp"))
		return err_set(e, ERR_REFUSED,
		    "otpauth URI: hotp (counted codes) is not supported, only totp");
	if (!span_is(type, "totp"))
		return err_set(e, ERR_SYNTAX,
		    "otpauth URI: does not begin with otpauth://totp/");
	label = split(&uri, '?');
	if ((r = read_label(label, o, e)) != 0)
		return r;
	return read_query(uri, o, e);
}

int otpauth_parse(const char *uri, size_t len, struct otpauth *out, struct err *e)
{
	int r;

	*out = (struct otpauth){.device = {
		.algorithm = RECORD_SHA1, .digits = 6, .period = 30}};
	r = read_uri((struct span){uri, len}, out, e);
	if (r != 0)
		secret_wipe(out, sizeof(*out));
	secret_burn_stack();
	return r;
}

struct text {
	char *at;
	size_t cap;
	size_t len;
	bool full;
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->full || n >= t->cap - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->at + t->len, s, n + 1);
	t->len += n;
}

/* RFC 3986: unreserved characters stand for themselves, and so may @ in a path. */
static void put_escaped(struct text *t, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~@";
	char one[4];

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			(void)snprintf(one, sizeof(one), "%c", *s);
		else
			(void)snprintf(one, sizeof(one), "%%%02X", (unsigned char)*s);
		put(t, one);
	}
}

static bool device_usable(const struct record_device *d)
{
	return d->algorithm >= RECORD_SHA1 && d->algorithm <= RECORD_SHA512 &&
	    digits_usable(d->digits) && period_usable(d->period) &&
	    d->secret_len >= OTPAUTH_SECRET_MIN && d->secret_len <= RECORD_SECRET_MAX;
}

static void put_parameters(struct text *t, const struct record_device *d, const char *key)
{
	char number[24];

	put(t, "?secret=");
	put(t, key);
	if (d->algorithm != RECORD_SHA1) {
		put(t, "&algorithm=");
		put(t, algorithms[d->algorithm]);
	}
	if (d->digits != 6) {
		(void)snprintf(number, sizeof(number), "&digits=%d", d->digits);
		put(t, number);
	}
	if (d->period != 30) {
		(void)snprintf(number, sizeof(number), "&period=%d", d->period);
		put(t, number);
	}
}

int otpauth_format(const struct otpauth *o, char *out, size_t cap, struct err *e)
{
	struct text t = {.at = out, .cap = cap};
	char key[OTPAUTH_KEY_SIZE];
	int r;

	if (cap == 0)
		return err_set(e, ERR_SYSTEM, "otpauth URI: no room");
	out[0] = '\0';
	if ((r = check_names(o, e)) != 0)
		return r;
	if (!device_usable(&o->device))
		return err_set(e, ERR_SYNTAX, "otpauth URI: the device is out of range");
	if (otpauth_secret_base32(&o->device, key, sizeof(key)) != 0)
		return err_set(e, ERR_SYSTEM, "otpauth URI: out of memory");
	put(&t, SCHEME "totp/");
	if (o->issuer[0] != '\0') {
		put_escaped(&t, o->issuer);
		put(&t, ":");
	}
	put_escaped(&t, o->user);
	put_parameters(&t, &o->device, key);
	secret_wipe(key, sizeof(key));
	if (t.full) {
		secret_wipe(out, cap);
		return err_set(e, ERR_SYSTEM, "otpauth URI: no room");
	}
	return 0;
}

int otpauth_secret_base32(const struct record_device *d, char *out, size_t cap)
{
	char *padded = NULL;
	size_t n = 0, keep;
	int r = 0;

	if (cap > 0)
		out[0] = '\0';
	if (d->secret_len > RECORD_SECRET_MAX ||
	    oath_base32_encode((const char *)d->secret, d->secret_len, &padded, &n) != OATH_OK)
		return ERR_SYSTEM;
	keep = strcspn(padded, "=");
	if (keep < cap) {
		memcpy(out, padded, keep);
		out[keep] = '\0';
	} else {
		r = ERR_SYSTEM;
	}
	secret_wipe(padded, n);
	free(padded);
	return r;
}

int otpauth_key_groups(const struct record_device *d, char *out, size_t cap)
{
	char key[OTPAUTH_KEY_SIZE];
	size_t len, n = 0;
	int r;

	if (cap > 0)
		out[0] = '\0';
	if ((r = otpauth_secret_base32(d, key, sizeof(key))) != 0)
		return r;
	len = strlen(key);
	if (len + (len > 0 ? (len - 1) / 4 : 0) >= cap) {
		r = ERR_SYSTEM;
	} else {
		for (size_t i = 0; i < len; i++) {
			if (i > 0 && i % 4 == 0)
				out[n++] = ' ';
			out[n++] = key[i];
		}
		out[n] = '\0';
	}
	secret_wipe(key, sizeof(key));
	return r;
}
