/*
 * otpauth: the `otpauth://totp/` URI that a phone scans, read and written.
 *
 * The URI is the secret: it never stands in a message, and the caller keeps
 * URI, key texts and struct otpauth in memory that it wipes.
 */
#ifndef PB_OTPAUTH_H
#define PB_OTPAUTH_H

#include "lib/core/err.h"
#include "lib/core/record.h"
#include "lib/core/userkey.h"

#include <stdbool.h>
#include <stddef.h>

#define OTPAUTH_URI_MAX 4096    /* bytes; longer URIs are refused */
#define OTPAUTH_URI_SIZE 1536   /* holds every URI that otpauth_format() makes */
#define OTPAUTH_ISSUER_MAX 128  /* bytes */
#define OTPAUTH_SECRET_MIN 16   /* bytes: 128 bits, RFC 4226 section 4, R6 */
#define OTPAUTH_KEY_SIZE 104    /* 64 bytes in base32 and the terminator */
#define OTPAUTH_GROUPS_SIZE 129 /* the same with a blank between groups of four */

struct otpauth {
	char user[USERKEY_NAME_MAX + 1];     /* what stands after the label's colon */
	char issuer[OTPAUTH_ISSUER_MAX + 1]; /* "": none */
	struct record_device device;         /* algorithm, digits, period, secret */
};

/* Reads the len bytes at uri.  Strict: bad escapes, control characters, a
 * parameter given twice and values out of range are errors; parameters that do
 * not change the codes (`image`, `lock`) are ignored.  `issuer=` wins over the
 * label's prefix.  id, name, created and key of the device are left 0.
 * 0; ERR_SYNTAX; ERR_REFUSED (hotp, another encoder, a short secret);
 * ERR_SYSTEM.  After an error *out is wiped. */
int otpauth_parse(const char *uri, size_t len, struct otpauth *out, struct err *e);

/* Writes the shortest URI: the issuer once, as the label's prefix, and only
 * parameters that differ from SHA1, 6 digits and 30 seconds.
 * 0; ERR_SYNTAX (a name with a colon or control character, a device out of
 * range); ERR_SYSTEM (no room).  After an error out is "". */
int otpauth_format(const struct otpauth *o, char *out, size_t cap, struct err *e);

/* Reads a secret from text into d, blanks and padding of base32 allowed; what names the
 * input in messages.  0; ERR_SYNTAX; ERR_REFUSED (shorter than 128 bits); ERR_SYSTEM. */
struct otpauth_secret {
	const char *what;
	const char *text;
	size_t len;
	bool hex; /* not base32 */
};
int otpauth_take_secret(const struct otpauth_secret *s, struct record_device *d, struct err *e);

/* The secret in base32 without padding.  0, or ERR_SYSTEM with out "". */
int otpauth_secret_base32(const struct record_device *d, char *out, size_t cap);

/* The same for people: groups of four with a blank between them. */
int otpauth_key_groups(const struct record_device *d, char *out, size_t cap);

#endif
