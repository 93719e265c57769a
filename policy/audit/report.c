#include "policy/audit/report.h"

bool report_shows(const struct report *r, const struct audit_finding *x)
{
	const enum audit_status s = x->result.status == AUDIT_NOTHING ? AUDIT_ERROR :
	    x->result.status;

	return (r->statuses & 1U << s) != 0;
}
