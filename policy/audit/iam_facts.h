/*
 * iam_facts: what the checks of an AWS account share.  Pure.
 *
 * Kinds of facts, noted by policy/iam/gather_iam.c; names of users have neither blank nor
 * slash, and where nobody has asked a fact is missing:
 *
 *   iam caller        words: account, arn (whose key has asked)
 *   iam summary       words: mfa, keys, password: of root, 0 or 1 (password: where told)
 *   iam users         words: count
 *   iam report        words: generated; of the credential report, seconds since 1970
 *   iam root-mfa      the serial number of root's virtual device; none: there is none
 *   iam policy        the password policy, as iam_json.h reads it; none: it has none
 *   iam-user NAME     words: arn, created
 *   iam-report NAME   words of a row of the report: password (true, false), changed, next
 *   iam-login NAME    may log in to the console: words created; none: may not
 *   iam-mfa NAME      words: count, by (live); of who may log in
 *   iam-keys NAME     words: count
 *   iam-key NAME/N    words: id (its ends alone), status, created
 *   iam-key-used NAME/N   words: last, service, region; none: never
 *   iam-secret NAME   words: user, key (its ends), status (Active, Inactive, gone), works (yes
 *                     or the code of the error), enabled, created (of the key; -1: not told),
 *                     changed, current, pending
 *   iam-secrets all   words: count; none: no secret was named
 *   iam-push ARN      words ACTION=allowed or denied, of the three
 *   iam-pushers all   words: count; none: was not asked for (--deep)
 *   ec2-endpoint REGION/ID    words: state, vpc
 *   ec2-endpoints REGION      words: count
 *   ec2-serial REGION         words: enabled
 *   ec2 regions       those that were asked, with blanks
 *   rotation USER     words: state, old, new (ends of ids), changed; of a journal of `bastionctl
 *                     rotate` of this account that is not closed
 */
#ifndef PB_AUDIT_IAM_FACTS_H
#define PB_AUDIT_IAM_FACTS_H

#include "policy/audit/finding.h"

/* Whether there are users to judge; else it is noted why not: none at all is INFO. */
bool iam_facts_users(struct facts *f, struct result *r);

/* What of a user could not be told is noted; false: it was. */
bool iam_facts_told(struct facts *f, struct result *r, const char *kind, const char *name);

/* The first key of a user and the next ones; NULL behind the last. */
const struct fact *iam_facts_key(struct facts *f, const char *user, const struct fact *last);

/* Seconds as "93 d 4 h", "5 h 12 min". */
#define IAM_FACTS_AGE 40
void iam_facts_age(int64_t seconds, char text[IAM_FACTS_AGE]);

/* The value of a word, for a message; "-": it is not there. */
#define IAM_FACTS_WORD 160
void iam_facts_word(const struct fact *x, const char *key, char text[IAM_FACTS_WORD]);

/* The name of the user, of NAME/N. */
void iam_facts_user(const struct fact *key, char text[IAM_FACTS_WORD]);

/* "report 3 h 12 min old, confirmed live", or "". */
void iam_facts_report(struct facts *f, int64_t now, char text[IAM_FACTS_AGE]);

#endif
