/*
 * offer: the one prompt string in which a login shows an enrolment: QR code in half
 * blocks, the key in groups, the question.  Fits 80x24; plain where no code fits or
 * libqrencode is missing.
 */
#ifndef PB_OFFER_H
#define PB_OFFER_H

#include "lib/core/err.h"
#include "lib/core/record.h"

#include <stdbool.h>

struct offer {
	const char *user;
	const char *issuer; /* cut until the code is small enough */
	const struct record_device *device;
	bool invert; /* for a light terminal */
};

/* 0 and *text, which offer_free() wipes and frees; else a code and NULL. */
int offer_text(const struct offer *o, char **text, struct err *e);
void offer_free(char **text);

#endif
