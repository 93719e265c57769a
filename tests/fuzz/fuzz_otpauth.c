/*
 * fuzz_otpauth: a URI that is taken has every field in range, and what is written of
 * it is read as the same again.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/otpauth.h"
#include "lib/core/secret.h"

static void check_range(const struct otpauth *o)
{
	const struct record_device *d = &o->device;

	MUST(d->algorithm >= RECORD_SHA1 && d->algorithm <= RECORD_SHA512);
	MUST(d->digits >= 6 && d->digits <= 8);
	MUST(d->period >= 15 && d->period <= 120);
	MUST(d->secret_len >= OTPAUTH_SECRET_MIN && d->secret_len <= RECORD_SECRET_MAX);
	MUST(d->id == 0 && d->name[0] == '\0' && d->created == 0 && !d->has_key);
	MUST(o->user[0] != '\0' && o->user[0] != ' ' && strchr(o->user, ':') == NULL);
	MUST(strlen(o->user) <= USERKEY_NAME_MAX && strlen(o->issuer) <= OTPAUTH_ISSUER_MAX);
	MUST(strchr(o->issuer, ':') == NULL);
	for (const char *p = o->user; *p != '\0'; p++)
		MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
	for (const char *p = o->issuer; *p != '\0'; p++)
		MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static bool is_same(const struct otpauth *a, const struct otpauth *b)
{
	return strcmp(a->user, b->user) == 0 && strcmp(a->issuer, b->issuer) == 0 &&
	    a->device.algorithm == b->device.algorithm && a->device.digits == b->device.digits &&
	    a->device.period == b->device.period &&
	    a->device.secret_len == b->device.secret_len &&
	    memcmp(a->device.secret, b->device.secret, RECORD_SECRET_MAX) == 0;
}

/* The key that people type is the secret too. */
static void check_groups(const struct record_device *d)
{
	char groups[OTPAUTH_GROUPS_SIZE], small[8];
	struct record_device again = {0};
	struct otpauth_secret typed = {"groups", groups, 0, false};

	MUST(otpauth_key_groups(d, groups, sizeof(groups)) == 0);
	typed.len = strlen(groups);
	MUST(otpauth_take_secret(&typed, &again, NULL) == 0);
	MUST(again.secret_len == d->secret_len);
	MUST(memcmp(again.secret, d->secret, d->secret_len) == 0);
	MUST(otpauth_key_groups(d, small, sizeof(small)) != 0 && small[0] == '\0');
}

static void check_written(const struct otpauth *o)
{
	char uri[OTPAUTH_URI_SIZE], small[64];
	struct otpauth again;
	struct err e = {0};

	MUST(otpauth_format(o, uri, sizeof(uri), &e) == 0);
	MUST(otpauth_parse(uri, strlen(uri), &again, &e) == 0);
	MUST(is_same(o, &again));
	/* All of it or nothing. */
	if (otpauth_format(o, small, sizeof(small), NULL) != 0)
		MUST(small[0] == '\0');
	else
		MUST(strcmp(small, uri) == 0);
	check_groups(&o->device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct otpauth wiped;
	struct fuzz f = {data, size};
	struct otpauth o;
	struct err e = {0};
	size_t n;
	char *uri = (char *)fuzz_rest(&f, &n);

	if (otpauth_parse(uri, n, &o, &e) == 0) {
		check_range(&o);
		check_written(&o);
	} else {
		MUST(memcmp(&o, &wiped, sizeof(o)) == 0);
		MUST(e.text[0] != '\0' && (e.code == ERR_SYNTAX || e.code == ERR_REFUSED));
	}
	free(uri);
	return 0;
}
