#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "lib/core/day.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/meta.h"
#include "policy/audit/sshd_source.h"
#include "policy/audit/words.h"
#include "policy/sshd_said.h"

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

#define BYTES_MOST ((size_t)256 << 20)

/* Whether keys may be elsewhere than in the files that were looked for. */
static bool has_more_keys(const char *said)
{
	static const char *const keys[] = {"authorizedkeyscommand", "trustedusercakeys"};
	static const char *const usual[] = {"none", ".ssh/authorized_keys", ".ssh/authorized_keys2",
	    "%h/.ssh/authorized_keys", "%h/.ssh/authorized_keys2"};
	char value[1024] = "", *save = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (sshd_said_value(said, keys[i], value, sizeof(value)) && strcmp(value, "none") != 0)
			return true;
	if (!sshd_said_value(said, "authorizedkeysfile", value, sizeof(value)))
		return true;
	for (char *p = strtok_r(value, " ", &save); p != NULL; p = strtok_r(NULL, " ", &save)) {
		bool is_usual = false;

		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			is_usual = is_usual || strcmp(usual[i], p) == 0;
		if (!is_usual)
			return true;
	}
	return false;
}

enum keys { KEYS_NONE, KEYS_MAYBE, KEYS_UNTOLD };

/* The sshd of the host, and for each what its blocks of Match say of keys. */
struct places {
	struct sshd_sources *all;
	enum keys match[SSHD_SOURCES];
	bool matches[SSHD_SOURCES]; /* it has such blocks */
	size_t left; /* bytes of answers that are looked through: a saved file may have any */
};

static enum keys keys_by(struct places *p, const struct fact *said)
{
	const size_t n = strlen(said->text);

	if (said->is == FACT_NONE)
		return KEYS_NONE;
	if (said->is != FACT_TEXT || n > p->left)
		return KEYS_UNTOLD;
	p->left -= n;
	return has_more_keys(said->text) ? KEYS_MAYBE : KEYS_NONE;
}

static void find_places(struct facts *f, struct places *p)
{
	*p = (struct places){.all = sshd_sources(f), .left = BYTES_MOST};
	for (size_t i = 0; p->all != NULL && i < p->all->count; i++) {
		static const char *const kinds[] = {"match", "place"};

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			const struct fact *x = NULL;
			char under[320];

			(void)snprintf(under, sizeof(under), "%s:%s:", p->all->item[i].name, kinds[k]);
			while (p->match[i] == KEYS_NONE && (x = facts_next(f, "sshd", under, x)) != NULL) {
				p->matches[i] = true;
				p->match[i] = keys_by(p, x);
			}
		}
	}
}

/* Whether one sshd may let him in by a key that nobody has looked for. */
static enum keys find_keys(struct facts *f, struct places *p, size_t i, const char *user)
{
	const struct sshd_source *s = &p->all->item[i];
	const struct fact *x;
	char name[700];
	enum keys keys;

	(void)snprintf(name, sizeof(name), "%s:%.256s", s->name, user);
	if (facts_get(f, "sshd-refuses", name)->is == FACT_TEXT && !p->matches[i])
		return KEYS_NONE;
	x = facts_get(f, "sshd-class", name);
	if (x->is == FACT_TEXT)
		(void)snprintf(name, sizeof(name), "%s:%.256s", s->name, x->text);
	if (s->untold[0] != '\0')
		return KEYS_UNTOLD;
	keys = keys_by(p, facts_get(f, "sshd", x->is == FACT_TEXT ? name : s->name));
	return keys == KEYS_NONE ? p->match[i] : keys;
}

/* By all of them; what is not told is noted. */
static bool may_have_keys(struct facts *f, struct result *r, struct places *p, const char *user)
{
	bool may = false;

	for (size_t i = 0; p->all != NULL && i < p->all->count; i++) {
		const enum keys keys = find_keys(f, p, i, user);

		may = may || keys == KEYS_MAYBE;
		if (keys == KEYS_UNTOLD)
			result_note(r, AUDIT_ERROR, N_("%s: sshd has not told where keys are (%s)"), user,
			    p->all->item[i].name);
	}
	return may;
}

/* Somebody who can log in: with a shell, and a password or a key. */
static bool logs_in(struct facts *f, struct result *r, struct places *p,
    const struct fact *account, int64_t now)
{
	const char *words = account->text;
	const int64_t expire = words_number(words, "expire");
	const bool password = !words_is(words, "hash", "locked") && !words_is(words, "hash", "star");

	return words_have_shell(words) && (expire < 0 || now / DAY_SECONDS < expire) && (password ||
	    !words_is(words, "keys", "no") || may_have_keys(f, r, p, account->name));
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

/* A machine's account: from its network alone it comes in without a code, and from elsewhere not
 * at all. */
static bool judge_network(struct result *r, const char *name, const struct fact *duty,
    const char *conf, int64_t now)
{
	const int64_t until = words_number(duty->text, "net_until");
	char day[DAY_TEXT];

	if (!words_is(duty->text, "net", "exempt") || until <= now)
		return false;
	result_note(r, AUDIT_INFO, N_("%s:%lld: %s: not enrolled, and exempt from a network until %s"),
	    conf, (long long)words_number(duty->text, "net_line"), name, day_of(until, day));
	return true;
}

static const char *conf_path(struct facts *f)
{
	const struct fact *conf = facts_get(f, "conf-file", "login");

	return conf->is == FACT_TEXT ? conf->text : "pam_bastion.conf";
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
	else if (!judge_network(r, name, facts_get(f, "duty", name), conf_path(f), rules->now))
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
	const char *path = conf_path(f);

	if (result_untold(r, duty, "duty", name))
		return;
	if (judge_exempt(r, name, duty, path))
		return;
	judge_local(r, name, duty, path);
	judge_enrolment(f, r, name, rules);
}

struct people {
	size_t all, asked;
};

static void judge_person(struct facts *f, struct result *r, const struct audit_rules *rules,
    const char *name, struct people *n)
{
	judge_account(f, r, name, rules);
	n->all++;
	n->asked += !words_is(facts_string(f, "duty", name), "duty", "not-required");
}

static void judge_local_accounts(struct facts *f, struct result *r,
    const struct audit_rules *rules, struct people *n)
{
	const struct fact *x = NULL;
	struct places p;

	find_places(f, &p);
	while ((x = facts_next(f, "account", "", x)) != NULL) {
		if (x->is == FACT_TROUBLE)
			(void)result_untold(r, x, "account", x->name);
		if (x->is == FACT_TEXT && logs_in(f, r, &p, x, rules->now))
			judge_person(f, r, rules, x->name, n);
	}
	r->failed = r->failed || p.all == NULL || p.all->failed;
	if (p.all != NULL && p.all->more)
		result_note(r, AUDIT_ERROR, N_("there are more kinds of sshd than are looked at"));
	sshd_sources_free(p.all);
}

/* Of a directory: whether they have a password or a key is not told on this host. */
static void judge_other_logins(struct facts *f, struct result *r, const struct audit_rules *rules,
    struct people *n)
{
	const struct fact *x = NULL;

	(void)result_untold(r, facts_get(f, "login", LOGINS_NOBODY), "login", LOGINS_NOBODY);
	while ((x = facts_next(f, "login", "", x)) != NULL) {
		if (x->is == FACT_TROUBLE)
			(void)result_untold(r, x, "login", x->name);
		if (x->is == FACT_TEXT && facts_get(f, "account", x->name)->is == FACT_UNKNOWN)
			judge_person(f, r, rules, x->name, n);
	}
}

static void check_enrolled(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct people n = {0, 0};

	if (result_untold(r, facts_get(f, "conf-file", "login"), "conf-file", "login") ||
	    result_untold(r, facts_get(f, "accounts", "local"), "accounts", "local") ||
	    result_untold(r, facts_get(f, "store", "open"), "store", "open"))
		return;
	judge_local_accounts(f, r, rules, &n);
	judge_other_logins(f, r, rules, &n);
	if (n.all > 0 && n.asked == 0)
		result_note(r, AUDIT_FAIL, N_("nobody is asked for a code: `require` leaves out all %zu accounts "
		    "that log in"), n.all);
	if (n.all == 0)
		result_note(r, AUDIT_SKIP, N_("nobody who has a shell has a password or may have a key"));
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

/* "file 0600 0 0 100 keyring~", a line each: whoever reads one opens the records. */
static void judge_copies(struct facts *f, struct result *r, const char *keyring)
{
	const struct fact *x = facts_get(f, "copies", keyring);

	if (result_untold(r, x, "copies", keyring))
		return;
	for (const char *at = x->text; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		struct meta m;

		if (!meta_parse(at, &m) || m.uid != 0 || (m.mode & 077) != 0)
			result_note(r, AUDIT_FAIL, N_("%s: %.*s: a copy beside it that others than root may read or "
			    "write; remove it"), keyring, (int)strcspn(at, "\n"), at);
	}
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
		judge_copies(f, r, keyring);
		judge_dir(f, r, state);
		if (strcmp(state, records) != 0)
			judge_dir(f, r, records);
	}
}

static const struct audit_check checks[] = {
    {.id = "MFA-12", .severity = AUDIT_HIGH, .title = "Users enrolled", .title_ko = "사용자 등록률",
        .guide = "1", .isms_p = "~2.5.3", .rule = N_("everybody with a shell and a password or a key, or "
        "a place of keys that cannot be looked at, is enrolled, or let off until a day; FAIL behind enroll_by, WARN without a last day"),
        .fix = "enroll-mfa enroll USER", .rollback = "enroll-mfa remove USER",
        .run = check_enrolled},
    {.id = "MFA-13", .severity = AUDIT_CRITICAL, .title = "Protection of the secrets",
        .title_ko = "OTP 비밀 키 보호", .guide = "1", .isms_p = "~2.7.2",
        .rule = N_("keyring (0600) and records are root's alone, and nobody else may write a directory "
        "above them"), .fix = "bastionctl fix MFA-13", .rollback = "bastionctl rollback",
        .run = check_secrets},
};

const struct audit_group audit_enrolled = {checks, sizeof(checks) / sizeof(checks[0])};
