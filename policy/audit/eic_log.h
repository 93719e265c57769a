/*
 * eic_log: logins by EC2 Instance Connect, from what the system has logged.  Pure.
 */
#ifndef PB_AUDIT_EIC_LOG_H
#define PB_AUDIT_EIC_LOG_H

#include "policy/buffer.h"

#include <stddef.h>
#include <stdint.h>

#define EIC_LOG_MOST 200 /* the last ones are kept */

/* Adds a line "TIME UID MESSAGE" for each to out: of the journal's export format, where
 * the uid is the kernel's word; of a log file (syslog's traditional or ISO 8601 times;
 * a year that is not there is the last that is not after now), where "-" stands for it. */
void eic_log_journal(const char *data, size_t len, struct buffer *out);
void eic_log_file(const char *text, int64_t now, struct buffer *out);

#endif
