#include "policy/audit/report_log.h"

#include <stdio.h>
#include <syslog.h>

/* What is worst comes first. */
static const char *first_note(const struct audit_finding *x, enum audit_status s, size_t *count)
{
	const char *text = NULL;

	*count = 0;
	for (size_t i = 0; i < x->result.count; i++)
		if (x->result.note[i].status == s) {
			text = text == NULL ? x->result.note[i].text : text;
			++*count;
		}
	return text != NULL ? text : "";
}

bool report_log_line(const struct audit_finding *x, char line[REPORT_LOG_MAX], int *priority)
{
	const enum audit_status s = audit_status_of(x);
	const char *note;
	size_t count;

	line[0] = '\0';
	if (x->muted != NULL || (s != AUDIT_FAIL && s != AUDIT_ERROR))
		return false;
	*priority = s == AUDIT_FAIL ? LOG_CRIT : LOG_ERR;
	note = first_note(x, s, &count);
	(void)snprintf(line, REPORT_LOG_MAX, "bastionctl: audit check=%s status=%s severity=%s notes=%zu: %s",
	    x->check->id, audit_status_name(s), audit_severity_name(x->check->severity), count, note);
	/* A name of a file must not forge a line, nor steer a terminal. */
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	return true;
}
