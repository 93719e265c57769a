#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/words.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define OFF_MOST 15000000   /* microseconds: half a time step */
#define OFF_WARN 5000000

/* ---- MFA-14 ---- */

static void check_clock(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = facts_get(f, "clock", "kernel");
	int64_t off;

	(void)rules;
	if (result_untold(r, x, "clock", "kernel"))
		return;
	off = words_number(x->text, "max_error");
	if (x->is != FACT_TEXT || off < 0)
		result_note(r, AUDIT_ERROR, N_("%s %s: cannot be told: %s"), "clock", "kernel", x->text);
	else if (!words_is(x->text, "synchronised", "yes"))
		result_note(r, AUDIT_FAIL, N_("adjtimex: %s: nothing synchronises the clock"), x->text);
	else if (off > OFF_MOST)
		result_note(r, AUDIT_FAIL, N_("adjtimex: %s: may be more than %d s off"), x->text,
		    OFF_MOST / 1000000);
	else if (off > OFF_WARN)
		result_note(r, AUDIT_WARN, N_("adjtimex: %s: may be more than %d s off"), x->text,
		    OFF_WARN / 1000000);
	else
		result_note(r, AUDIT_PASS, N_("adjtimex: %s"), x->text);
}

/* ---- MFA-15 ---- */

#define FREE_LEAST (INT64_C(16) << 20) /* bytes, below which a warning */
#define FILES_LEAST 1000

static void judge_disk(struct result *r, const char *dir, const struct fact *x)
{
	const int64_t room = words_number(x->text, "free"), files = words_number(x->text, "files_free");

	if (x->is != FACT_TEXT || room < 0 || files < 0)
		result_note(r, AUDIT_ERROR, N_("%s %s: cannot be told: %s"), "disk", dir, x->text);
	else if (!words_is(x->text, "read_only", "no") || !words_is(x->text, "writable", "yes"))
		result_note(r, AUDIT_FAIL, N_("%s: %s: cannot be written: nobody gets in by a code"), dir,
		    x->text);
	else if (!words_is(x->text, "remote", "no"))
		result_note(r, AUDIT_WARN, N_("%s: %s: on a file system of another host, whose locks and "
		    "writes are not sure to hold"), dir, x->text);
	else if (room < FREE_LEAST || (files < FILES_LEAST && words_number(x->text, "files") > 0))
		result_note(r, AUDIT_WARN, N_("%s: %s: almost full: nobody can be enrolled"), dir, x->text);
	else
		result_note(r, AUDIT_PASS, N_("%s: %s"), dir, x->text);
}

static void judge_records(struct facts *f, struct result *r, const struct fact *store)
{
	const struct fact *x = NULL;

	if (words_number(store->text, "names") < 0)
		result_note(r, AUDIT_ERROR, N_("%s %s: cannot be told: %s"), "store", "open", store->text);
	while ((x = facts_next(f, "enrolled", "", x)) != NULL)
		if (x->is == FACT_TROUBLE)
			result_note(r, AUDIT_FAIL, N_("%s: no code of theirs is taken: %s"), x->name, x->text);
	if (words_number(store->text, "foreign") > 0)
		result_note(r, AUDIT_WARN, N_("%s: files that are not records"), store->text);
	result_note(r, AUDIT_PASS, N_("%s: a code is taken once on this host; another host does not know "
	    "of it"), facts_string(f, "conf", "store"));
}

static void check_store(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *store = facts_get(f, "store", "open");
	const char *dir = facts_string(f, "conf", "store_dir");

	(void)rules;
	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login") ||
	    result_untold(r, store, "store", "open"))
		return;
	if (store->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("%s: nothing is in it yet"), dir);
		return;
	}
	if (!result_untold(r, facts_get(f, "disk", dir), "disk", dir))
		judge_disk(r, dir, facts_get(f, "disk", dir));
	judge_records(f, r, store);
}

static const struct audit_check checks[] = {
    {.id = "MFA-14", .severity = AUDIT_HIGH, .title = "Clock synchronised", .title_ko = "시각 동기화",
        .guide = "1", .rule = N_("the kernel's clock is synchronised and at most 15 s off; WARN above "
        "5 s"), .fix = "timedatectl set-ntp true", .rollback = "timedatectl set-ntp false",
        .run = check_clock},
    {.id = "MFA-15", .severity = AUDIT_HIGH, .title = "Store of used codes healthy",
        .title_ko = "재사용 방지 저장소 정상", .guide = "1",
        .rule = N_("each record opens, and their directory can be written, is local and has room"),
        .run = check_store},
};

const struct audit_group audit_clock = {checks, sizeof(checks) / sizeof(checks[0])};
