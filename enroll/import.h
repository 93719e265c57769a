/*
 * import: many enrolments at once, from lines of otpauth:// URIs.
 *
 * Batched under one sync each and restartable: what is enrolled already is
 * skipped and named, so the same file may be given again after a kill.  No
 * question is asked and no account is looked up.
 */
#ifndef PB_IMPORT_H
#define PB_IMPORT_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/store.h"

#include <stdint.h>
#include <stdio.h>

enum import_note { IMPORT_SKIPPED, IMPORT_REFUSED };

struct import {
	struct store *store;
	const struct conf *conf;
	FILE *in;
	const char *name;   /* of the input, for messages */
	const char *device; /* what the devices are called */
	int64_t now;
	/* Called for every line that was not imported; text is the user (skipped)
	 * or the reason (refused). */
	void (*note)(void *ctx, enum import_note kind, long line, const char *text);
	/* Called after each batch with the lines and the imports so far. */
	void (*progress)(void *ctx, long lines, long imported);
	void *ctx;
};

struct import_result {
	long lines; /* blank lines and # comments not counted */
	long imported;
	long skipped;
	long refused;
};

/* 0 when the input was read to its end (look at res for refusals), or trouble;
 * res then says how far it came. */
int import_otpauth(const struct import *job, struct import_result *res, struct err *e);

#endif
