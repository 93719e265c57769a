/*
 * finding: what a check of the audit is, and what it has found.
 *
 * A check is a pure function of the facts: no file, no clock, no network.  Ids never
 * change.
 */
#ifndef PB_AUDIT_FINDING_H
#define PB_AUDIT_FINDING_H

#include "policy/audit/facts.h"

#include <stdbool.h>
#include <stdint.h>

/* From the best to the worst: what a check notes last does not undo what is worse.  An
 * error is never a pass. */
enum audit_status {
	AUDIT_NOTHING, /* nothing was noted: an error */
	AUDIT_PASS,
	AUDIT_INFO,
	AUDIT_SKIP,  /* it does not apply here; the reason is its note */
	AUDIT_WARN,
	AUDIT_ERROR, /* it could not be told */
	AUDIT_FAIL
};

enum audit_severity { AUDIT_LOW, AUDIT_MEDIUM, AUDIT_HIGH, AUDIT_CRITICAL };

/* "PASS", ... and "low", ... */
const char *audit_status_name(enum audit_status s);
const char *audit_severity_name(enum audit_severity s);

struct audit_note {
	enum audit_status status;
	char *text; /* "FILE:LINE: value", in the user's language where it is a sentence */
};

/* What a check has found; result_free() by who runs the checks. */
struct result {
	enum audit_status status;
	struct audit_note *note;
	size_t count, room;
	bool failed; /* memory ran out: counts as AUDIT_ERROR */
};

/* Adds a note and raises the status.  fmt is a text of po/, translated here.  The same
 * again is left out, and what comes after 1000 notes. */
void result_note(struct result *r, enum audit_status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of a fact that could not be told, or that nobody gathered: AUDIT_ERROR.  True
 * if it was so. */
bool result_untold(struct result *r, const struct fact *x, const char *kind, const char *name);

void result_free(struct result *r);

/* What the checks go by beside the facts; seconds, 0: as bastionctl.conf has it by default. */
struct audit_rules {
	int64_t now;
	int64_t key_max_age, key_unused, rotate_grace;
};

int64_t audit_key_max_age(const struct audit_rules *rules);  /* 90 days */
int64_t audit_key_unused(const struct audit_rules *rules);   /* 45 days */
int64_t audit_rotate_grace(const struct audit_rules *rules); /* 7 days */

/* What a check judges: this host, or the AWS account; one that compares the two goes with
 * either. */
enum audit_scope { AUDIT_HOST, AUDIT_ACCOUNT, AUDIT_EITHER };

struct audit_check {
	const char *id;
	enum audit_severity severity;
	enum audit_scope scope;
	const char *title, *title_ko;
	const char *rule;     /* a text of po/: what must be, with its threshold */
	const char *fix;      /* a command, or a text of po/; NULL: none */
	const char *rollback; /* likewise */
	const char *guide;    /* item of the hardening guide: "1" to "4" */
	const char *isms_p, *cis, *prowler; /* "2.5.3 2.6.6", or NULL */
	void (*run)(struct facts *f, const struct audit_rules *rules, struct result *r);
};

struct audit_group {
	const struct audit_check *check;
	size_t count;
};

/* In the order of ids, as audit.c has them. */
extern const struct audit_group audit_pam, audit_sshd, audit_enrolled, audit_clock, audit_door,
    audit_sudo, audit_eic, audit_key, audit_pam_password, audit_mirror, audit_age,
    audit_pam_counter, audit_hash, audit_history, audit_eic_return, audit_iam_mfa, audit_iam_eic,
    audit_iam_key, audit_iam_secret, audit_iam_key_initial, audit_iam_password;

#endif
