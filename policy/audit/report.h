/*
 * report: findings as a person, or another program, reads them.
 *
 *   text, html             for people, in their language
 *   json csv ocsf asff     for machines, always in English
 */
#ifndef PB_REPORT_H
#define PB_REPORT_H

#include "policy/audit/audit.h"
#include "policy/audit/mute.h"
#include "policy/buffer.h"

#include <stdio.h>

struct report {
	const struct audit *audit;
	struct facts *facts; /* of the host: its name and time, its people */
	unsigned statuses;   /* bits 1 << enum audit_status that are shown; the sums count all */
	bool color;
	bool korean;         /* titles of people's formats */
	bool verbose;        /* text: what was seen where nothing is wrong, and references */
	enum audit_framework framework; /* people's formats are parted by its items */
	const char *account, *region;   /* of the cloud, or NULL: not known */
};

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_OCSF, REPORT_ASFF,
	REPORT_HTML, REPORT_FORMATS };

/* "text", ...; the format of a name, or REPORT_FORMATS. */
const char *report_format_name(enum report_format f);
enum report_format report_format_of(const char *name);
bool report_is_for_machines(enum report_format f);

/* Writes to out; the caller looks at ferror(out). */
void report_print(const struct report *r, enum report_format f, FILE *out);

/* ---- for those who write one ---- */

void report_text(const struct report *r, FILE *out);
void report_json(const struct report *r, FILE *out);
void report_csv(const struct report *r, FILE *out);
void report_ocsf(const struct report *r, FILE *out);
void report_asff(const struct report *r, FILE *out);
void report_html(const struct report *r, FILE *out);

/* Whether a finding is to be shown. */
bool report_shows(const struct report *r, const struct audit_finding *x);

/* When the facts were gathered, in seconds since 1970; 0: they do not say. */
int64_t report_time(const struct report *r);
#define REPORT_TIME sizeof("2026-11-30T01:57:21Z")
void report_time_text(int64_t t, char text[REPORT_TIME]);

/* "" where the facts do not say; the instance of the cloud, or the host. */
const char *report_host(const struct report *r);
const char *report_machine(const struct report *r);

/* What was noted, in one line. */
void report_evidence(const struct audit_finding *x, struct buffer *b);

/* The bytes of what is at text when it is not drawn as it stands: a control character, no UTF-8,
 * or one that turns the direction of a line or is drawn as nothing, by which the name of a file
 * could turn a verdict round.  0: it is drawn.  Newline and tab are for the caller. */
size_t report_unseen(const char *text);

/* A text with its control characters made harmless for a terminal; where a line ends, so
 * many blanks follow the newline. */
void report_plain(FILE *out, const char *text, int indent);

/* ,"key":"value" and ,"key":["a","b"], of the items in a list. */
void report_pair(FILE *out, const char *key, const char *value);
void report_items(FILE *out, const char *key, const char *list);

/* A cell of CSV, quoted where it has to be. */
void report_cell(FILE *out, const char *text);

/* A text in HTML: nothing of it is markup. */
void report_escaped(FILE *out, const char *text);
/* Bars of enrolments and of ages of passwords, where the facts tell of any. */
void report_people(const struct report *r, FILE *out);
/* The looks of the page: what stands in <style>. */
extern const char report_style[];

/* Sorts indices of the findings that are shown, the worst first, muted ones behind WARN;
 * order has room for all.  How many. */
size_t report_sort(const struct report *r, size_t *order);

/* ---- items of a framework ---- */

struct report_item {
	char name[16];
};

/* The items of the framework in the findings that are shown, in order of their numbers; to
 * be freed.  NULL: none, or no memory. */
struct report_item *report_all_items(const struct report *r, size_t *count);
bool report_is_of_item(const struct report *r, const struct audit_finding *x, const char *item);

/* What an item asks for, in the user's language; "" where it is not known. */
const char *report_item_title(enum audit_framework w, const char *item);
/* The framework's name, likewise. */
const char *report_framework_title(enum audit_framework w);

#endif
