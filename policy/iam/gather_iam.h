/*
 * gather_iam: the facts of an AWS account (policy/audit/iam_facts.h).  Asks and changes
 * nothing, but for the credential report, which IAM makes anew when it is asked.
 *
 * What IAM does not tell, because it refuses, or is not there, is a fact that could not be
 * told.  The credential report, which may be four hours old, is asked for what no call tells,
 * when passwords were changed, and is believed about nothing else.
 * Access keys are noted by the ends of their ids; a secret is read and never noted.
 */
#ifndef PB_IAM_GATHER_IAM_H
#define PB_IAM_GATHER_IAM_H

#include "policy/audit/facts.h"
#include "policy/iam/account.h"

struct gather_iam {
	struct account_options account;
	const char *regions;    /* between commas or blanks; NULL: that of the session */
	const char *secrets;    /* names or ARNs between commas, or NULL */
	bool deep;              /* ask who may push keys */
	const char *rotate_dir; /* of the journals of rotations, or NULL */
	void (*progress)(size_t done, size_t all); /* or NULL */
	int64_t now;
};

void gather_iam(struct facts *f, const struct gather_iam *q);

/* ---- its parts ---- */

struct flight;
struct credential_report;

/* What the parts share. */
struct gather_iam_part {
	struct facts *f;
	const struct gather_iam *q;
	struct aws *aws;
	struct credential_report *report; /* empty: there is none */
	int64_t report_time;              /* -1 */
	size_t users, pushers;
	bool strange; /* a user that has no name: not all are known */
};

/* The report, into p->report and facts of its rows. */
void gather_iam_report(struct gather_iam_part *p);
/* Root, the policy, the users and all of theirs, into the queue. */
void gather_iam_account(struct gather_iam_part *p, struct flight *queue);
/* Who may push keys, into the queue: roles; and one principal more. */
void gather_iam_roles(struct gather_iam_part *p, struct flight *queue);
void gather_iam_simulate(struct flight *queue, const char *arn);
/* Endpoints and serial consoles of all regions. */
void gather_iam_regions(struct gather_iam_part *p);
/* The secrets that were named. */
void gather_iam_secrets(struct gather_iam_part *p);

/* "AKIA...WXYZ", for messages and facts. */
#define GATHER_IAM_ID 16
void gather_iam_key_id(const char *id, char text[GATHER_IAM_ID]);
/* Seconds of a time as AWS writes it; -1. */
int64_t gather_iam_time(const char *text);
/* Whether it has the list, to its end.  Of a user's keys and devices there are so few that one
 * page has them all. */
bool gather_iam_is_whole(const struct aws_answer *r, const char *list);

#endif
