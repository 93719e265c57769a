/*
 * import: many enrolments at once: lines of otpauth:// URIs, pam_oath's users.oath,
 * google-authenticator's files.
 *
 * Batched under one sync each and restartable: what is enrolled already is
 * skipped and named, so the same input may be given again after a kill.  No
 * question is asked and no account is looked up.
 *
 * Where the old system has noted which codes it took, no code up to these is good here.
 */
#ifndef PB_IMPORT_H
#define PB_IMPORT_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum import_note { IMPORT_SKIPPED, IMPORT_REFUSED, IMPORT_WARNED };

struct import {
	struct store *store;
	const struct conf *conf;
	FILE *in;           /* of import_otpauth() and import_oath() */
	const char *name;   /* of the input, for messages */
	const char *device; /* what the devices are called */
	bool replace;       /* who is enrolled gets the new secret */
	int64_t now;
	int64_t (*clock)(void); /* when an entry is read; NULL: now */
	/* Called for every entry that was not imported; text is the user (skipped)
	 * or the reason (refused); line is 0 where the input has none.  Also for one that
	 * is taken with a warning. */
	void (*note)(void *ctx, enum import_note kind, long line, const char *text);
	/* Called after each batch with the lines and the imports so far. */
	void (*progress)(void *ctx, long lines, long imported);
	void *ctx;
};

struct import_result {
	long lines; /* blank lines and # comments not counted; or files */
	long imported;
	long replaced;
	long kept; /* with replace: has this very secret already */
	long skipped;
	long refused;
	long scratch_codes; /* of google-authenticator, not taken over */
};

/* 0 when the input was read to its end (look at res for refusals), or trouble;
 * res then says how far it came. */
int import_otpauth(const struct import *job, struct import_result *res, struct err *e);

/* The same for users.oath: what is time-based and has no PIN. */
int import_oath(const struct import *job, struct import_result *res, struct err *e);

/* The same for google-authenticator: `path` is a directory of home directories, whose
 * names are the users (user: only that one), or the file of one user, which must be
 * root's or have the uid; NULL: job->in is the file. */
struct import_google {
	const char *path;
	const char *user; /* or NULL */
	bool account;     /* user has one, with this uid: */
	uid_t uid;
};
int import_google(const struct import *job, const struct import_google *g,
    struct import_result *res, struct err *e);

#endif
