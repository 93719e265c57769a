/*
 * check_sshd: what is judged of sshd, for more than one check.
 */
#ifndef PB_AUDIT_CHECK_SSHD_H
#define PB_AUDIT_CHECK_SSHD_H

#include "policy/audit/finding.h"
#include "policy/audit/sshd_source.h"

#define SSHD_TRIES 6    /* of a connection at most */
#define SSHD_GRACE 120  /* seconds for a login at most */

/* How sshd holds off who guesses: MaxAuthTries, LoginGraceTime, PerSourcePenalties.
 * AUDIT_PASS, AUDIT_WARN, AUDIT_ERROR; AUDIT_SKIP without an sshd. */
void check_sshd_guessing(struct facts *f, struct result *r);

/* A fact that is missing or in trouble, or (kinds "lines" of sshd_lines.h and "unit" of
 * unit.h) something that cannot be told as a whole: AUDIT_ERROR. */
void check_sshd_untold(struct facts *f, struct result *r, const char *kind, const char *name);

/* Whether one that listens, of known start, goes by files that were changed since: AUDIT_WARN. */
void check_sshd_age(struct facts *f, struct result *r, const struct fact *listener);

/* All sshd of the host; what is not told of them as a whole is noted.  NULL: memory ran out,
 * which is noted, too. */
struct sshd_sources *check_sshd_sources(struct facts *f, struct result *r);

#endif
