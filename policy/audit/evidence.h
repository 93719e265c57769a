/*
 * evidence: an audit as a directory that can be handed to an auditor.
 *
 *     about.txt                   host, time, program, sums
 *     report.txt report.html      in the user's language
 *     report.json report.csv report.ocsf.json report.asff.json
 *     facts.txt                   all that was judged: `audit --facts` says the same again
 *     enrolment.csv               where the facts tell of enrolments
 *     SHA256SUMS                  of all of them, for `sha256sum -c`
 *
 * It appears complete or not at all: it is made under a name of its own beside, synced,
 * and renamed.  The directory is 0700, the files 0600.
 */
#ifndef PB_EVIDENCE_H
#define PB_EVIDENCE_H

#include "policy/audit/report.h"

#define EVIDENCE_SUM 65 /* hexadecimal digits of a SHA-256, and the terminator */

struct evidence {
	const struct report *people;   /* findings in the user's language */
	const struct report *machines; /* the same in English */
	char sum[EVIDENCE_SUM];        /* out: of SHA256SUMS, to be noted elsewhere */
};

/* 0; ERR_CONFLICT: dir exists and is not an empty directory; or as err_errno().  After an
 * error nothing is left. */
int evidence_write(struct evidence *v, const char *dir, struct err *e);

/* Writes the facts into a file, 0600, which appears complete or stays as it was.  0;
 * ERR_UNSAFE: there is something else than a file; or as err_errno(). */
int evidence_save_facts(struct facts *f, const char *path, struct err *e);

#endif
