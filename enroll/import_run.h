/*
 * import_run: what the forms of an import have in common: the work of one run, and the
 * store behind it.
 */
#ifndef PB_IMPORT_RUN_H
#define PB_IMPORT_RUN_H

#include "enroll/import.h"
#include "enroll/otpauth.h"
#include "lib/core/otp.h"

#define IMPORT_TEXT 16384 /* bytes of a line or file, and one */

struct import_batch;
struct import_seen;

/* What the old system has noted of the codes that it took.  Zeroed: nothing. */
struct import_used {
	bool known;    /* it does note, and no code of this step or before: */
	uint64_t step; /* 0: none at all */
	char code[OTP_CODE_SIZE]; /* or the last code itself, whose step is looked for */
};

/* One file of google-authenticator. */
struct import_google_file {
	struct record_device device;
	struct import_used used;
	long used_line;
	int skew;       /* steps that the phone's clock is off */
	long skew_line;
	long scratch_codes;
};

/* What one entry works on, in secret memory. */
struct import_work {
	char text[IMPORT_TEXT];
	struct otpauth entry; /* user and device, filled by the form */
	struct import_used used;
	struct import_google_file google;
	struct record_enroll enroll;
	struct store_value value;
};

struct import_run {
	const struct import *job;
	struct import_result *res;
	struct import_batch *batch;
	void *seen; /* tsearch(3): users that this run has replaced */
	struct import_work *w;
	struct secret memory;
};

/* 0 or ERR_SYSTEM; import_end() in any case. */
int import_begin(struct import_run *r, const struct import *job, struct import_result *res,
    struct err *e);

/* Takes r->w->entry.  0 (also when it was skipped or refused), or trouble. */
int import_take(struct import_run *r, long line, struct err *e);
void import_refuse(struct import_run *r, long line, const char *reason);

/* The time of this moment. */
int64_t import_now(const struct import_run *r);

/* Stores what is left, also before trouble (code).  Gives the code of the whole. */
int import_end(struct import_run *r, int code, struct err *e);

/* The forms: one entry from text, without id, name and time.  0, ERR_SYNTAX or
 * ERR_REFUSED; no secret in the message. */
int import_oath_parse(const char *line, size_t len, struct otpauth *out,
    struct import_used *used, struct err *e);

int import_google_parse(const char *text, size_t len, struct import_google_file *out,
    struct err *e);

#endif
