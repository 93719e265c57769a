#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "lib/core/day.h"
#include "policy/audit/meta.h"
#include "policy/audit/words.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* "2027-03-01"; a saved fact may say any number. */
static const char *day_of(int64_t end, char text[DAY_TEXT])
{
	if (end > 0 && end < INT64_C(253402300800))
		day_text(end, text);
	else
		(void)snprintf(text, DAY_TEXT, "-");
	return text;
}

/* ---- MFA-12 ---- */

/* Somebody who can log in: with a shell, and a password or a key. */
static bool logs_in(const char *words, int64_t now)
{
	const int64_t expire = words_number(words, "expire");
	const bool password = !words_is(words, "hash", "locked") && !words_is(words, "hash", "star");

	return words_have_shell(words) && (password || !words_is(words, "keys", "no")) &&
	    (expire < 0 || now / DAY_SECONDS < expire);
}

/* Who is asked for no code, by the configuration: true where that decides. */
static bool judge_exempt(struct result *r, const char *name, const struct fact *duty,
    const char *conf)
{
	const int64_t until = words_number(duty->text, "until");
	const int64_t line = words_number(duty->text, "line");
	char day[DAY_TEXT];

	if (words_is(duty->text, "duty", "not-required"))
		result_note(r, AUDIT_WARN, N_("%s: asked for no code, without a last day: outside `require` "
		    "of %s"), name, conf);
	else if (!words_is(duty->text, "duty", "exempt"))
		return false;
	else if (until <= 0)
		result_note(r, AUDIT_WARN, N_("%s:%lld: %s: exempt without a last day"), conf,
		    (long long)line, name);
	else
		result_note(r, AUDIT_INFO, N_("%s:%lld: %s: exempt until %s"), conf, (long long)line, name,
		    day_of(until, day));
	return true;
}

/* At the console alone a line may do without a day. */
static void judge_local(struct result *r, const char *name, const struct fact *duty,
    const char *conf)
{
	if (words_is(duty->text, "local", "exempt") && words_number(duty->text, "local_until") <= 0)
		result_note(r, AUDIT_WARN, N_("%s:%lld: %s: exempt on the host itself, without a last day"),
		    conf, (long long)words_number(duty->text, "local_line"), name);
}

static void judge_codeless(struct facts *f, struct result *r, const char *name,
    const struct audit_rules *rules)
{
	const struct fact *x = facts_get(f, "conf-number", "enroll_by");
	char number[24], day[DAY_TEXT];
	int64_t by;

	if (result_untold(r, x, "conf-number", "enroll_by"))
		return;
	(void)snprintf(number, sizeof(number), "n=%.18s", x->text);
	by = words_number(number, "n");
	if (by > rules->now)
		result_note(r, AUDIT_WARN, N_("%s: not enrolled, and let in without a code until %s "
		    "(enroll_by)"), name, day_of(by, day));
	else
		result_note(r, AUDIT_FAIL, N_("%s: not enrolled"), name);
}

static void judge_enrolment(struct facts *f, struct result *r, const char *name,
    const struct audit_rules *rules)
{
	const struct fact *x = facts_get(f, "enrolled", name);
	char day[DAY_TEXT];
	int64_t bypass;

	if (result_untold(r, x, "enrolled", name))
		return;
	bypass = words_number(x->text, "bypass_until");
	if (x->is == FACT_TEXT && words_number(x->text, "devices") < 0)
		result_note(r, AUDIT_ERROR, N_("%s %s: cannot be told: %s"), "enrolled", name, x->text);
	else if (bypass > rules->now)
		result_note(r, AUDIT_INFO, N_("%s: an administrator has switched the code off until %s"),
		    name, day_of(bypass, day));
	else if (x->is == FACT_NONE || words_number(x->text, "devices") == 0)
		judge_codeless(f, r, name, rules);
	else if (words_is(x->text, "locked", "yes"))
		result_note(r, AUDIT_INFO, N_("%s: enrolled, and locked after wrong codes"), name);
	else
		result_note(r, AUDIT_PASS, N_("%s: enrolled, %lld devices"), name,
		    (long long)words_number(x->text, "devices"));
}

static void judge_account(struct facts *f, struct result *r, const char *name,
    const struct audit_rules *rules)
{
	const struct fact *duty = facts_get(f, "duty", name);
	const struct fact *conf = facts_get(f, "conf-file", "login");
	const char *path = conf->is == FACT_TEXT ? conf->text : "pam_bastion.conf";

	if (result_untold(r, duty, "duty", name))
		return;
	if (judge_exempt(r, name, duty, path))
		return;
	judge_local(r, name, duty, path);
	judge_enrolment(f, r, name, rules);
}

static void check_enrolled(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *x = NULL;
	bool any = false;

	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login") ||
	    result_untold(r, facts_get(f, "accounts", "local"), "accounts", "local") ||
	    result_untold(r, facts_get(f, "store", "open"), "store", "open"))
		return;
	while ((x = facts_next(f, "account", "", x)) != NULL) {
		if (x->is == FACT_TROUBLE)
			(void)result_untold(r, x, "account", x->name);
		if (x->is != FACT_TEXT || !logs_in(x->text, rules->now))
			continue;
		judge_account(f, r, x->name, rules);
		any = true;
	}
	if (!any)
		result_note(r, AUDIT_SKIP, N_("no local account has a shell and a password or a key"));
}

/* ---- MFA-13 ---- */

static void judge_keyring(struct facts *f, struct result *r, const char *path)
{
	const struct fact *x = facts_get(f, "meta", path);
	struct meta m;

	if (result_untold(r, x, "meta", path))
		return;
	if (x->is == FACT_NONE)
		result_note(r, AUDIT_FAIL, N_("%s: there are records, and no keyring that opens them"), path);
	else if (!meta_read(x, &m) || strcmp(m.type, "file") != 0 || m.uid != 0 || (m.mode & 077) != 0)
		result_note(r, AUDIT_FAIL, N_("%s: %s: has to be a file of root's alone, 0600"), path,
		    x->text);
	else if (meta_way_is_safe(f, r, path))
		result_note(r, AUDIT_PASS, N_("%s: mode %04o, owner %u, and so the way to it"), path, m.mode,
		    m.uid);
}

/* "file 0600 0 0 12 /path", a line each. */
static void judge_modes(struct facts *f, struct result *r, const char *dir)
{
	const struct fact *x = facts_get(f, "modes", dir);
	bool fine = true;

	if (result_untold(r, x, "modes", dir))
		return;
	for (const char *at = x->text; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		struct meta m;

		if (meta_parse(at, &m) && m.uid == 0 && (m.mode & 077) == 0)
			continue;
		result_note(r, AUDIT_FAIL, N_("%s: %.*s: others than root may read or write it"), dir,
		    (int)strcspn(at, "\n"), at);
		fine = false;
	}
	if (fine)
		result_note(r, AUDIT_PASS, N_("%s: everything in it is root's alone"), dir);
}

static void judge_dir(struct facts *f, struct result *r, const char *dir)
{
	const struct fact *x = facts_get(f, "meta", dir);
	char inside[PATH_MAX + 2];
	struct meta m;

	if (result_untold(r, x, "meta", dir))
		return;
	if (x->is == FACT_NONE) {
		result_note(r, AUDIT_FAIL, N_("%s: there is a keyring, and no directory of records"), dir);
		return;
	}
	if (!meta_read(x, &m) || strcmp(m.type, "dir") != 0 || m.uid != 0 || (m.mode & 077) != 0)
		result_note(r, AUDIT_FAIL, N_("%s: %s: has to be a directory of root's alone, 0700"), dir,
		    x->text);
	(void)snprintf(inside, sizeof(inside), "%s/x", dir);
	(void)meta_way_is_safe(f, r, inside);
	judge_modes(f, r, dir);
}

static void check_secrets(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	const struct fact *store = facts_get(f, "store", "open");
	char keyring[PATH_MAX], state[PATH_MAX], records[PATH_MAX];

	(void)rules;
	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login"))
		return;
	(void)snprintf(keyring, sizeof(keyring), "%s", facts_string(f, "conf", "keyring"));
	(void)snprintf(state, sizeof(state), "%s", facts_string(f, "conf", "state_dir"));
	(void)snprintf(records, sizeof(records), "%s", facts_string(f, "conf", "store_dir"));
	if (store->is == FACT_UNKNOWN || keyring[0] != '/' || state[0] != '/' || records[0] != '/') {
		result_note(r, AUDIT_ERROR, N_("%s %s: was not looked at"), "store", "open");
	} else if (store->is == FACT_NONE && facts_get(f, "meta", keyring)->is == FACT_NONE) {
		result_note(r, AUDIT_SKIP, N_("%s: does not exist: there are no secrets yet"), keyring);
	} else {
		judge_keyring(f, r, keyring);
		judge_dir(f, r, state);
		if (strcmp(state, records) != 0)
			judge_dir(f, r, records);
	}
}

static const struct audit_check checks[] = {
    {.id = "MFA-12", .severity = AUDIT_HIGH, .title = "Users enrolled", .title_ko = "사용자 등록률",
        .guide = "1", .isms_p = "~2.5.3", .rule = N_("everybody with a shell and a password or a key is "
        "enrolled, or let off until a day; FAIL behind enroll_by, WARN without a last day"),
        .fix = "enroll-mfa enroll USER", .rollback = "enroll-mfa remove USER",
        .run = check_enrolled},
    {.id = "MFA-13", .severity = AUDIT_CRITICAL, .title = "Protection of the secrets",
        .title_ko = "OTP 비밀 키 보호", .guide = "1", .isms_p = "~2.7.2",
        .rule = N_("keyring (0600) and records are root's alone, and nobody else may write a directory "
        "above them"), .fix = "bastionctl fix MFA-13", .rollback = "bastionctl rollback",
        .run = check_secrets},
};

const struct audit_group audit_enrolled = {checks, sizeof(checks) / sizeof(checks[0])};
