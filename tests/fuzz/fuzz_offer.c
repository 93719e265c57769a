/*
 * fuzz_offer: every enrolment that can be made is shown in a prompt that fits a terminal
 * of 80 columns and 24 rows and holds its key.
 *
 * The input: the user, the issuer, then the device.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/language.h"
#include "enroll/offer.h"
#include "enroll/otpauth.h"
#include "enroll/qr.h"
#include "tests/fuzz/wrap.h"

static bool is_same_entry(const char *user, const char *issuer, const struct record_device *d)
{
	static struct otpauth o;
	char uri[OTPAUTH_URI_SIZE];

	memset(&o, 0, sizeof(o));
	if (strlen(user) > USERKEY_NAME_MAX || strlen(issuer) > OTPAUTH_ISSUER_MAX)
		return false;
	memcpy(o.user, user, strlen(user) + 1);
	memcpy(o.issuer, issuer, strlen(issuer) + 1);
	o.device = *d;
	return otpauth_format(&o, uri, sizeof(uri), NULL) == 0;
}

static void check_fits(const char *text)
{
	int rows = 1;

	for (const char *p = text; *p != '\0'; rows++) {
		const size_t n = strcspn(p, "\n");
		char line[512];

		MUST(n < sizeof(line));
		memcpy(line, p, n);
		line[n] = '\0';
		MUST(language_width(line) <= 80);
		p += n + (p[n] == '\n');
	}
	MUST(rows - 1 <= 24);
}

static void check_qr(const char *uri, bool invert)
{
	struct qr qr = {0};
	char *text = NULL;

	if (qr_encode(uri, &qr, NULL) != 0) {
		MUST(qr.dark == NULL);
		return;
	}
	MUST(qr.width >= 21 && qr.width <= QR_WIDTH_MAX);
	MUST(qr_dark(&qr, 0, 0) && !qr_dark(&qr, -1, 0) && !qr_dark(&qr, 0, qr.width));
	if (qr_render_utf8(&qr, 1, invert, &text) == 0)
		MUST(strlen(text) > (size_t)qr_rows(&qr, 1));
	qr_text_free(&text);
	if (qr_render_ansi(&qr, 2, &text) == 0)
		MUST(strlen(text) > (size_t)qr_rows(&qr, 2));
	qr_text_free(&text);
	qr_free(&qr);
}

static void read_device(struct fuzz *f, struct record_device *d)
{
	*d = (struct record_device){.id = 1, .name = "phone"};
	d->algorithm = (uint8_t)(1 + fuzz_below(f, 3));
	d->digits = (uint8_t)(6 + fuzz_below(f, 3));
	d->period = (uint8_t)(15 + fuzz_below(f, 106));
	d->secret_len = (uint8_t)(16 + fuzz_below(f, 49));
	for (int i = 0; i < d->secret_len; i++)
		d->secret[i] = fuzz_byte(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *user = fuzz_text(&f), *issuer = fuzz_text(&f), *text = NULL;
	char groups[OTPAUTH_GROUPS_SIZE];
	struct record_device d;
	struct offer o = {user, issuer, &d, fuzz_flip(&f)};
	bool can;

	read_device(&f, &d);
	can = is_same_entry(user, issuer, &d);
	wrap_begin(0, 1700000000);
	wrap_plan(&f);
	if (offer_text(&o, &text, NULL) == 0) {
		wrap_plan_none();
		MUST(text != NULL);
		MUST(otpauth_key_groups(&d, groups, sizeof(groups)) == 0);
		MUST(strstr(text, groups) != NULL);
		/* A new device has 20 bytes; longer keys take a row more. */
		if (d.secret_len <= 20 && strlen(user) <= 32)
			check_fits(text);
	} else {
		MUST(text == NULL && (!can || wrap.failed > 0));
	}
	wrap_plan_none();
	wrap_plan(&f);
	check_qr(issuer, o.invert);
	wrap_end();
	offer_free(&text);
	free(user);
	free(issuer);
	return 0;
}
