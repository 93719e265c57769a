#include "lib/core/otp.h"

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <liboath/oath.h>
#include <string.h>

uint64_t otp_step(int64_t now, int period)
{
	return now < 0 || period < 1 ? 0 : (uint64_t)now / (uint64_t)period;
}

int otp_code(const struct record_device *d, uint64_t step, char code[OTP_CODE_SIZE])
{
	int flags = d->algorithm == RECORD_SHA256 ? OATH_TOTP_HMAC_SHA256 :
	    d->algorithm == RECORD_SHA512 ? OATH_TOTP_HMAC_SHA512 : 0;

	memset(code, 0, OTP_CODE_SIZE);
	if (!record_device_valid(d))
		return ERR_SYSTEM;
	if (oath_totp_generate2((const char *)d->secret, d->secret_len,
	    (time_t)(step * d->period), d->period, 0, d->digits, flags, code) != OATH_OK)
		return ERR_SYSTEM;
	return 0;
}

int otp_match(const struct record_device *d, const struct answer *a, int64_t now,
    int window, struct otp_match *m)
{
	uint64_t present = otp_step(now, d->period);
	char typed[OTP_CODE_SIZE] = "", code[OTP_CODE_SIZE];
	int r = 0;

	*m = (struct otp_match){0};
	if (now < OTP_EARLIEST)
		return ERR_SYSTEM;
	if (a->kind == ANSWER_CODE)
		memcpy(typed, a->text, OTP_CODE_SIZE - 1);
	for (int i = -window; i <= window && r == 0; i++) {
		uint64_t step = present + (uint64_t)(int64_t)i;

		r = otp_code(d, step, code);
		/* Zero-padded, so another number of digits never matches. */
		if (r == 0 && secret_equal(typed, code, OTP_CODE_SIZE))
			*m = (struct otp_match){.hit = true, .step = step, .skew = i};
	}
	if (r != 0 || a->kind != ANSWER_CODE)
		*m = (struct otp_match){0};
	secret_wipe(typed, sizeof(typed));
	secret_wipe(code, sizeof(code));
	return r;
}
