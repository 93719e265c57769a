/*
 * credential_report: the credential report of IAM, a table that is up to four hours old.
 * Pure.
 *
 * Columns are found by the names in the first line, in any order; those that are not known
 * are passed over, one that is missing is an error.  Values: booleans in any case; times as
 * 2026-11-30T05:12:18Z or with +00:00; N/A, no_information and not_supported are none.
 */
#ifndef PB_AUDIT_CREDENTIAL_REPORT_H
#define PB_AUDIT_CREDENTIAL_REPORT_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CREDENTIAL_REPORT_ROOT "<root_account>"

struct credential_row {
	const char *user;
	bool password; /* has one; of root what the report says */
	int64_t changed, next; /* seconds since 1970, -1: none */
};

/* Zeroed memory is an empty one; credential_report_free() in any case. */
struct credential_report {
	struct credential_row *row; /* in order of users */
	size_t count;
	char *text;
};

/* A copy of len bytes is read.  0; ERR_BAD with line and reason (then it is empty);
 * ERR_SYSTEM. */
int credential_report_read(struct credential_report *t, const char *text, size_t len,
    struct err *e);
void credential_report_free(struct credential_report *t);

#endif
