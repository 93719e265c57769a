#include "policy/audit/people.h"

#include "lib/core/day.h"
#include "policy/audit/report.h"
#include "policy/audit/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void look_at_enrolment(struct person *x, struct facts *f)
{
	const struct fact *e = facts_get(f, "enrolled", x->name);
	const int64_t devices = e->is == FACT_TEXT ? words_number(e->text, "devices") : -1;
	const int64_t used = e->is == FACT_TEXT ? words_number(e->text, "last_used") : -1;

	x->devices = devices > 0 ? (long)devices : 0;
	x->last_used = used > 0 ? used : 0;
	x->enrolled = e->is == FACT_NONE || devices == 0 ? PERSON_NOT_ENROLLED :
	    devices < 0 ? PERSON_UNTOLD : words_is(e->text, "locked", "no") ? PERSON_ENROLLED :
	    words_is(e->text, "locked", "yes") ? PERSON_LOCKED : PERSON_UNTOLD;
}

static void look_at_password(struct person *x, const char *words, int64_t now)
{
	const int64_t last = words_number(words, "last"), most = words_number(words, "max");
	const int64_t today = now / DAY_SECONDS;

	/* 0 is "has to be changed": of no day.  99999 is shadow's "never". */
	x->age = last > 0 && last <= today ? (long)(today - last) : -1;
	x->most = most >= 0 && most < 99999 ? (long)most : -1;
}

void people_of(struct people *p, struct facts *f, int64_t now)
{
	const struct fact *x = NULL;
	size_t n = 0;

	p->enrolment = facts_next(f, "enrolled", "", NULL) != NULL;
	while ((x = facts_next(f, "account", "", x)) != NULL)
		n++;
	if ((p->item = calloc(n + 1, sizeof(*p->item))) == NULL) {
		p->failed = true;
		return;
	}
	while ((x = facts_next(f, "account", "", x)) != NULL) {
		struct person *one = &p->item[p->count];

		if (x->is != FACT_TEXT || !words_have_shell(x->text))
			continue;
		one->name = x->name;
		look_at_enrolment(one, f);
		look_at_password(one, x->text, now);
		p->count++;
	}
}

size_t people_count(const struct people *p, enum person_enrolled e)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->item[i].enrolled == e;
	return n;
}

static void print_number(FILE *out, long n)
{
	if (n >= 0)
		(void)fprintf(out, ";%ld", n);
	else
		(void)putc(';', out);
}

void people_csv(const struct people *p, FILE *out)
{
	static const char *const names[] = {[PERSON_NOT_ENROLLED] = "no", [PERSON_ENROLLED] = "yes",
	    [PERSON_LOCKED] = "locked", [PERSON_UNTOLD] = "unknown"};

	(void)fputs("NAME;ENROLLED;DEVICES;LAST_USED;PASSWORD_AGE;PASSWORD_MAX_AGE\r\n", out);
	for (size_t i = 0; i < p->count; i++) {
		const struct person *x = &p->item[i];
		char time[REPORT_TIME] = "";

		if (x->last_used > 0)
			report_time_text(x->last_used, time);
		report_cell(out, x->name);
		(void)fprintf(out, ";%s;%ld;%s", names[x->enrolled], x->devices, time);
		print_number(out, x->age);
		print_number(out, x->most);
		(void)fputs("\r\n", out);
	}
}

void people_free(struct people *p)
{
	free(p->item);
	*p = (struct people){.count = 0};
}
