/*
 * report: findings as a person, or another program, reads them.
 */
#ifndef PB_AUDIT_REPORT_H
#define PB_AUDIT_REPORT_H

#include "policy/audit/audit.h"

#include <stdio.h>

struct report {
	const struct audit *audit;
	struct facts *facts; /* of the host: its name and time */
	unsigned statuses;   /* bits 1 << enum audit_status that are shown; the sums count all */
	bool color;
	bool korean;         /* titles of people's formats */
};

/* Each writes to out; the caller looks at ferror(out). */
void report_text(const struct report *r, FILE *out);
void report_json(const struct report *r, FILE *out);

/* Whether a finding is to be shown. */
bool report_shows(const struct report *r, const struct audit_finding *x);

#endif
