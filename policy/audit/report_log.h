/*
 * report_log: what fails, or cannot be told, as a line for syslog.
 *
 *     bastionctl: audit check=MFA-11 status=FAIL severity=critical notes=2: FIRST NOTE
 */
#ifndef PB_REPORT_LOG_H
#define PB_REPORT_LOG_H

#include "policy/audit/audit.h"

#define REPORT_LOG_MAX 900 /* bytes of a line: of a longer one its beginning */

/* True with the line and its priority (LOG_CRIT what fails, LOG_ERR what could not be told);
 * false: there is none, it is muted or neither.  Notes are those of the language that the
 * checks ran in; what could end a line is '?' in it. */
bool report_log_line(const struct audit_finding *x, char line[REPORT_LOG_MAX], int *priority);

#endif
