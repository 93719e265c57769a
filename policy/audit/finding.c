#include "policy/audit/finding.h"

#include "enroll/language.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *audit_status_name(enum audit_status s)
{
	static const char *const names[] = {"ERROR", "PASS", "INFO", "SKIP", "WARN", "ERROR",
	    "FAIL"};

	return names[s];
}

const char *audit_severity_name(enum audit_severity s)
{
	static const char *const names[] = {"low", "medium", "high", "critical"};

	return names[s];
}

static int64_t or_days(int64_t seconds, int64_t days)
{
	return seconds > 0 ? seconds : days * 86400;
}

int64_t audit_key_max_age(const struct audit_rules *rules)
{
	return or_days(rules->key_max_age, 90);
}

int64_t audit_key_unused(const struct audit_rules *rules)
{
	return or_days(rules->key_unused, 45);
}

int64_t audit_rotate_grace(const struct audit_rules *rules)
{
	return or_days(rules->rotate_grace, 7);
}

#define BACK 16   /* notes that a new one is compared with */
#define MOST 1000 /* notes of a check: facts may come from a stranger */

/* Two ways of looking at the same thing find the same. */
static bool is_there(const struct result *r, enum audit_status s, const char *text)
{
	for (size_t i = r->count; i > 0 && i + BACK > r->count; i--)
		if (r->note[i - 1].status == s && strcmp(r->note[i - 1].text, text) == 0)
			return true;
	return false;
}

static void add(struct result *r, enum audit_status s, char *text)
{
	struct audit_note *note = r->note;

	if (s > r->status)
		r->status = s;
	if (text != NULL && (r->count == MOST || is_there(r, s, text))) {
		free(text);
		return;
	}
	if (text != NULL && r->count == MOST - 1) {
		free(text);
		text = strdup(language_text(N_("there is more, which is left out")));
	}
	if (text != NULL && r->count == r->room) {
		note = realloc(r->note, (r->room + 16) * sizeof(*note));
		if (note != NULL)
			r->note = note, r->room += 16;
	}
	if (text == NULL || note == NULL) {
		r->failed = true;
		if (r->status < AUDIT_ERROR)
			r->status = AUDIT_ERROR;
		free(text);
		return;
	}
	r->note[r->count++] = (struct audit_note){s, text};
}

void result_note(struct result *r, enum audit_status s, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, language_text(fmt), ap) < 0)
		text = NULL;
	va_end(ap);
	add(r, s, text);
}

bool result_untold(struct result *r, const struct fact *x, const char *kind, const char *name)
{
	if (x->is == FACT_UNKNOWN)
		result_note(r, AUDIT_ERROR, N_("%s %s: was not looked at"), kind, name);
	else if (x->is == FACT_TROUBLE)
		result_note(r, AUDIT_ERROR, N_("%s %s: cannot be told: %s"), kind, name, x->text);
	else
		return false;
	return true;
}

void result_free(struct result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->note[i].text);
	free(r->note);
	*r = (struct result){.count = 0};
}
