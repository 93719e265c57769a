#include "policy/audit/people.h"
#include "policy/audit/report.h"

#include "enroll/language.h"
#include "lib/core/day.h"

#define ROWS_MOST 2000 /* people with a row of their own */

static const char *state_class(const struct person *x)
{
	static const char *const names[] = {[PERSON_NOT_ENROLLED] = "FAIL", [PERSON_ENROLLED] = "PASS",
	    [PERSON_LOCKED] = "WARN", [PERSON_UNTOLD] = "ERROR"};

	return names[x->enrolled];
}

static const char *state_name(enum person_enrolled e)
{
	return e == PERSON_ENROLLED ? _("enrolled") : e == PERSON_LOCKED ? _("enrolled, locked") :
	    e == PERSON_NOT_ENROLLED ? _("not enrolled") : _("cannot be told");
}

static void print_bar(FILE *out, const char *name, long permille)
{
	(void)fprintf(out, "<i class=\"%s\" style=\"width:%ld.%ld%%\"></i>", name, permille / 10,
	    permille % 10);
}

static void print_enrolment(const struct people *p, FILE *out)
{
	static const enum person_enrolled order[] = {PERSON_ENROLLED, PERSON_LOCKED,
	    PERSON_NOT_ENROLLED, PERSON_UNTOLD};

	(void)fprintf(out, "<h2>%s</h2>\n<div class=\"bar\" id=\"enrolment\" aria-hidden=\"true\">",
	    _("Enrolment"));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct person one = {.enrolled = order[i]};
		const size_t n = people_count(p, order[i]);

		if (n > 0)
			print_bar(out, state_class(&one), (long)(1000 * n / p->count));
	}
	(void)fputs("</div>\n<ul class=\"sums\">", out);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct person one = {.enrolled = order[i]};

		(void)fprintf(out, "<li class=\"%s\"><span class=\"tag\">%s</span> <b>%zu</b></li>",
		    state_class(&one), state_name(order[i]), people_count(p, order[i]));
	}
	(void)fputs("</ul>\n", out);
}

/* The bar is full where the password is as old as it may become. */
static void print_age(const struct person *x, FILE *out)
{
	const long most = x->most > 0 ? x->most : 365;
	const long part = x->age >= most ? 1000 : x->age > 0 ? 1000 * x->age / most : 0;

	if (x->age < 0) {
		(void)fprintf(out, "<td></td><td class=\"soft\">%s</td>", _("not known"));
		return;
	}
	(void)fputs("<td><div class=\"bar age\" aria-hidden=\"true\">", out);
	print_bar(out, x->most < 0 ? "INFO" : x->age > x->most ? "FAIL" : part > 850 ? "WARN" : "PASS",
	    part);
	(void)fputs("</div></td><td class=\"n\">", out);
	if (x->most >= 0)
		(void)fprintf(out, _("%ld of %ld days"), x->age, x->most);
	else
		(void)fprintf(out, _("%ld days, no limit"), x->age);
	(void)fputs("</td>", out);
}

static void print_person(const struct people *p, const struct person *x, FILE *out)
{
	char time[REPORT_TIME] = "";

	(void)fputs("<tr><th scope=\"row\" class=\"any\">", out);
	report_escaped(out, x->name);
	(void)fputs("</th>", out);
	if (p->enrolment) {
		if (x->last_used > 0)
			report_time_text(x->last_used, time);
		(void)fprintf(out, "<td class=\"%s\"><span class=\"tag\">%s</span></td><td class=\"n\">%ld"
		    "</td><td class=\"n\">%.10s</td>", state_class(x), state_name(x->enrolled), x->devices,
		    time);
	}
	print_age(x, out);
	(void)fputs("</tr>\n", out);
}

static void print_rows(const struct people *p, FILE *out)
{
	const size_t shown = p->count < ROWS_MOST ? p->count : ROWS_MOST;

	(void)fprintf(out, "<h2>%s</h2>\n<div class=\"wide\"><table id=\"people\">\n<thead><tr><th scope=\"col\">%s</th>",
	    _("Accounts"), _("name"));
	if (p->enrolment)
		(void)fprintf(out, "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s"
		    "</th>", _("enrolment"), _("devices"), _("last code"));
	(void)fprintf(out, "<th scope=\"col\" colspan=\"2\">%s</th></tr></thead>\n<tbody>\n",
	    _("age of the password"));
	for (size_t i = 0; i < shown; i++)
		print_person(p, &p->item[i], out);
	(void)fputs("</tbody>\n</table></div>\n", out);
	if (p->count > shown) {
		(void)fputs("<p class=\"soft\">", out);
		(void)fprintf(out, _("%zu more are in the list of the evidence."), p->count - shown);
		(void)fputs("</p>\n", out);
	}
}

void report_people(const struct report *r, FILE *out)
{
	struct people p = {.count = 0};

	people_of(&p, r->facts, report_time(r));
	if (p.count > 0) {
		(void)fputs("<section>\n", out);
		if (p.enrolment)
			print_enrolment(&p, out);
		print_rows(&p, out);
		(void)fputs("</section>\n", out);
	}
	people_free(&p);
}
