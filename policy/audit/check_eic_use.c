#include "policy/audit/check_eic.h"

#include "enroll/language.h"
#include "policy/audit/eic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHOWN 3 /* of a source, the last ones */

static void note_use(struct result *r, const char *where, const char *line, size_t n, int64_t now)
{
	char *rest, when[32] = "?", text[700];
	const int64_t at = strtoll(line, &rest, 10);
	const time_t seconds = (time_t)at;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	rest += *rest == ' ';
	(void)snprintf(text, sizeof(text), "%.*s", (int)(n - (size_t)(rest - line)), rest);
	result_note(r, now - at <= EIC_RECENT_DAYS * 86400 ? AUDIT_WARN : AUDIT_INFO,
	    N_("%s: %s uid %s"), where, when, text);
}

/* How many lines of a source are of the last days; the last ones are shown. */
static void judge_use(struct result *r, const struct fact *x, int64_t now)
{
	const char *last[SHOWN] = {NULL};
	size_t count = 0;

	for (const char *p = x->text; *p != '\0';) {
		if (now - strtoll(p, NULL, 10) <= (int64_t)EIC_DAYS * 86400)
			last[count++ % SHOWN] = p;
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	if (count > 0)
		result_note(r, AUDIT_INFO, N_("%s: keys handed out in the last %d days: %zu"), x->name,
		    EIC_DAYS, count);
	for (size_t i = count > SHOWN ? count - SHOWN : 0; i < count; i++)
		note_use(r, x->name, last[i % SHOWN], strcspn(last[i % SHOWN], "\n"), now);
}

void check_eic_use(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	static const char *const files[] = {"/var/log/auth.log", "/var/log/secure"};
	const struct fact *journal = facts_get(f, "eic-use", "journal"), *x = NULL;
	bool any = false;

	(void)result_untold(r, journal, "eic-use", "journal");
	while ((x = facts_next(f, "eic-use", "", x)) != NULL) {
		any = any || x->is == FACT_TEXT;
		if (x->is == FACT_TROUBLE && x != journal)
			(void)result_untold(r, x, "eic-use", x->name);
		else if (x->is == FACT_TEXT)
			judge_use(r, x, rules->now);
	}
	if (r->status != AUDIT_NOTHING)
		return;
	if (!any)
		result_note(r, AUDIT_SKIP, N_("there is neither a journal, nor %s, nor %s"), files[0],
		    files[1]);
	else
		result_note(r, AUDIT_PASS, N_("nothing in the logs of the last %d days, as far as they go"),
		    EIC_DAYS);
}
