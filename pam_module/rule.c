#include "pam_module/rule.h"

#include "lib/core/day.h"
#include "lib/core/text.h"
#include "pam_module/report.h"

#include <syslog.h>

/* "exempt = user:deploy ... (line 12)" */
static void name_rule(const struct conf *c, int i, struct text *t)
{
	text_add(t, "exempt = ");
	text_add(t, conf_exempt(c, i));
	if (c->exempt[i].origin.where != CONF_FILE)
		return;
	text_add(t, " (line ");
	text_add_number(t, (uint64_t)c->exempt[i].origin.line);
	text_add(t, ")");
}

void rule_report(const struct attempt *a, const struct rollout *r)
{
	char detail[400];
	struct text t = text_in(detail, sizeof(detail));
	struct report_decision d = {LOG_NOTICE, "exempt", NULL, NULL, detail};

	name_rule(&a->en->conf, r->rule, &t);
	if (r->ending) {
		d.priority = LOG_WARNING;
		d.reason = "ends_soon";
		text_add(&t, ": ends in ");
		text_add_number(&t, (uint64_t)((r->until - a->req.now) / DAY_SECONDS));
		text_add(&t, " days");
	}
	report_decision(a->en->pamh, &a->req, a->key, &d);
}

void rule_note_stale(const struct attempt *a, const struct rollout *r)
{
	char detail[400];
	struct text t = text_in(detail, sizeof(detail));

	if (r->stale < 0)
		return;
	name_rule(&a->en->conf, r->stale, &t);
	text_add(&t, ": its day is past, or more than 366 days ahead: it exempts nobody");
	report_note(a->en->pamh, a->req.user, "exemption_without_effect", detail);
}

void rule_note_far(const struct attempt *a)
{
	char day[DAY_TEXT], detail[120];
	struct text t = text_in(detail, sizeof(detail));

	day_text(a->en->conf.enroll_by, day);
	text_add(&t, "enroll_by = ");
	text_add(&t, day);
	text_add(&t, ": is more than 366 days ahead: it lets nobody in");
	report_note(a->en->pamh, a->req.user, "enroll_by_without_effect", detail);
}
