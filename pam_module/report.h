/*
 * report: the log.  One line per decision, key=value, values escaped, never a
 * code or a secret; written when nothing is held any more.
 */
#ifndef PB_REPORT_H
#define PB_REPORT_H

#include "lib/core/login.h"

#include <security/pam_modules.h>
#include <stddef.h>

/* The line of one judged answer; key is "SHA256:..." or "".  verdict: another word
 * than the result's, or NULL. */
struct report {
	const struct login_request *req;
	const struct login_result *res;
	const char *key;
	const char *verdict;
	long ms;
};
void report_login(pam_handle_t *pamh, const struct report *r);

/* A decision without an answer: exempt, bypass, remembered, grace, shown.  Texts may
 * be NULL. */
struct report_decision {
	int priority; /* LOG_... */
	const char *verdict;
	const char *reason;
	const char *device;
	const char *detail;
};
void report_decision(pam_handle_t *pamh, const struct login_request *req, const char *key,
    const struct report_decision *d);

/* A new password, good or not; rules: the broken ones by name, with commas.  reason and
 * rules may be NULL. */
struct report_change {
	const char *user;
	const char *verdict; /* "ok", "wrong" */
	const char *reason;
	const char *rules;
};
void report_change(pam_handle_t *pamh, const struct report_change *c);

/* A remark that is no decision: note=NOTE, and what it is about. */
void report_note(pam_handle_t *pamh, const char *user, const char *note, const char *detail);

/* A refusal before anything was judged: verdict=error with a reason. */
void report_trouble(pam_handle_t *pamh, const char *reason, const struct err *e);

/* Escapes text for a log value: printable ASCII stays, everything else, blank,
 * '"', '\' and '=' become \xNN.  Cuts at size.  Exposed for its test. */
void report_escape(const char *text, char *out, size_t size);

#endif
