/*
 * otp: TOTP (RFC 6238) of one device by liboath, compared the safe way.
 */
#ifndef PB_OTP_H
#define PB_OTP_H

#include "lib/core/answer.h"
#include "lib/core/record.h"

#include <stdbool.h>
#include <stdint.h>

#define OTP_CODE_SIZE 9      /* 8 digits and the terminator */
#define OTP_EARLIEST 1577836800 /* 2020-01-01: an earlier clock is wrong */

struct otp_match {
	bool hit;
	uint64_t step; /* the greatest matching time step */
	int skew;      /* that step, less the present one */
};

/* The time step of now for a period in seconds. */
uint64_t otp_step(int64_t now, int period);

/* The code of one step, zero-padded into code.  0 or ERR_SYSTEM. */
int otp_code(const struct record_device *d, uint64_t step, char code[OTP_CODE_SIZE]);

/* Compares the answer with every step of the window (each side) in constant
 * time, all of them always.  The number of digits comes from the device.
 * 0 or ERR_SYSTEM; *m says no unless 0 is returned. */
int otp_match(const struct record_device *d, const struct answer *a, int64_t now,
    int window, struct otp_match *m);

#endif
