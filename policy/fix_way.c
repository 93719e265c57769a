#include "policy/fix_way.h"

#include "enroll/language.h"
#include "lib/core/day.h"
#include "policy/audit/eic.h"
#include "policy/audit/eic_log.h"
#include "policy/audit/pam_lines.h"
#include "policy/audit/sshd_source.h"
#include "policy/audit/words.h"
#include "policy/sshd_said.h"

#include <stdio.h>
#include <string.h>

#define OURS "pam_bastion.so"
#define UNIX "pam_unix.so"
#define GRACE_LEAST 600 /* seconds */
#define SLACK 60        /* between clocks of the log and the kernel */

/* One account that is judged, and why it does not count. */
struct judging {
	struct facts *f;
	const char *user;
	int64_t now;
	char *why;
	size_t size;
};

static bool no(const struct judging *j, const char *why)
{
	if (j->why[0] == '\0')
		(void)snprintf(j->why, j->size, "%s: %s", j->user, why);
	return false;
}

const struct fact *fix_way_said(struct facts *f, const char *source, const char *user)
{
	char name[FIX_WAY_NAME];
	const struct fact *x;

	(void)snprintf(name, sizeof(name), "%s:%s", source, user);
	x = facts_get(f, "sshd-class", name);
	if (x->is != FACT_TEXT)
		return x->is == FACT_TROUBLE ? x : facts_get(f, "sshd", "");
	(void)snprintf(name, sizeof(name), "%s:%.*s", source, (int)strcspn(x->text, "\n"), x->text);
	return facts_get(f, "sshd", name);
}

/* ---- PAM ---- */

enum line { LINE_NONE, LINE_THERE, LINE_UNTOLD };

static enum line find_line(const struct judging *j, const char *service, enum pamd_type type,
    const char *module, struct pam_place *place)
{
	const int r = pam_lines_find(j->f, service, type, module, place, NULL);

	return r == 0 ? LINE_THERE : r == ERR_NONE ? LINE_NONE : LINE_UNTOLD;
}

static bool is_let_off(const struct judging *j)
{
	const char *duty = facts_string(j->f, "duty", j->user);
	const int64_t until = words_number(duty, "until");

	return (words_is(duty, "duty", "exempt") || words_is(duty, "duty", "not-required")) &&
	    (until <= 0 || until - DAY_SECONDS > j->now);
}

/* Whether he has a code to show, or may do without for a day at least. */
static bool has_code(const struct judging *j)
{
	const char *words = facts_string(j->f, "enrolled", j->user);
	char by[40];

	(void)snprintf(by, sizeof(by), "n=%.18s", facts_string(j->f, "conf-number", "enroll_by"));
	if (is_let_off(j) || (words_number(words, "devices") > 0 && words_is(words, "locked", "no")))
		return true;
	return facts_get(j->f, "enrolled", j->user)->is != FACT_TROUBLE &&
	    words_number(words, "devices") <= 0 && words_number(by, "n") - DAY_SECONDS > j->now;
}

/* Of a directory's account nobody knows. */
static bool has_password(const struct judging *j)
{
	const char *words = facts_string(j->f, "account", j->user);

	return words[0] == '\0' || (!words_is(words, "hash", "locked") &&
	    !words_is(words, "hash", "star") && !words_is(words, "hash", "none"));
}

/* Whether he can answer what the auth lines of the service ask for. */
static bool can_answer(const struct judging *j, const char *service)
{
	struct pam_place place;
	const enum line ours = find_line(j, service, PAMD_AUTH, OURS, &place);
	const enum line password = find_line(j, service, PAMD_AUTH, UNIX, &place);

	if (ours == LINE_UNTOLD || password == LINE_UNTOLD)
		return no(j, _("what PAM asks for could not be told"));
	if (ours == LINE_THERE && !has_code(j))
		return no(j, _("is asked for a code, and has none that counts"));
	if (password == LINE_THERE && !has_password(j))
		return no(j, _("is asked for a password, and has none"));
	return true;
}

/* Whether the account lines let in who has shown a key alone. */
static bool passes_guard(const struct judging *j, const char *service)
{
	struct pam_place place;

	switch (find_line(j, service, PAMD_ACCOUNT, OURS, &place)) {
	case LINE_NONE:
		return true;
	case LINE_THERE:
		return strstr(place.args, "need_auth") == NULL || is_let_off(j) ||
		    no(j, _("has to show a code, and sshd asks for none"));
	case LINE_UNTOLD:
		break;
	}
	return no(j, _("what PAM asks for could not be told"));
}

/* Modules that may turn away who has shown everything, by files of their own: that they do not
 * is not told by anything here. */
static bool is_admitted(const struct judging *j, const char *service, enum pamd_type type)
{
	static const char *const gates[] = {"pam_access.so", "pam_listfile.so", "pam_time.so"};
	struct pam_place place;
	char text[200];

	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
		if (find_line(j, service, type, gates[i], &place) != LINE_NONE) {
			(void)snprintf(text, sizeof(text), _("whether %s lets them in could not be told"), gates[i]);
			return no(j, text);
		}
	return true;
}

/* ---- sshd ---- */

/* Whether sshd offers a method of AuthenticationMethods at all. */
static bool is_offered(const char *said, const char *method, size_t n)
{
	if (n == 9 && strncmp(method, "publickey", n) == 0)
		return sshd_said_yes(said, "pubkeyauthentication");
	if (n >= 20 && strncmp(method, "keyboard-interactive", 20) == 0)
		return sshd_said_yes(said, "kbdinteractiveauthentication");
	return n == 8 && strncmp(method, "password", n) == 0 &&
	    sshd_said_yes(said, "passwordauthentication");
}

/* How a list of methods lets a key in. */
enum key_way { KEY_NO, KEY_ALONE, KEY_AND_ANSWER };

static enum key_way way_of(const char *said, const char *list)
{
	bool key = false, other = false;

	for (const char *p = list; *p != '\0'; p += *p == ',') {
		const size_t n = strcspn(p, ",");
		const bool is_key = n == 9 && strncmp(p, "publickey", n) == 0;

		/* A second key has to be another one. */
		if (!is_offered(said, p, n) || (key && is_key))
			return KEY_NO;
		key = key || is_key;
		other = other || !is_key;
		p += n;
	}
	return !key ? KEY_NO : other ? KEY_AND_ANSWER : KEY_ALONE;
}

/* Whether what the list asks for beside the key can be shown by its methods: a code is asked for
 * by keyboard-interactive alone, which without PAM asks nothing. */
static bool can_show(const struct judging *j, const char *list, bool pam, const char *service)
{
	const bool kbdint = strstr(list, "keyboard-interactive") != NULL;
	struct pam_place place;

	if (pam && !kbdint && !is_let_off(j) &&
	    find_line(j, service, PAMD_AUTH, OURS, &place) != LINE_NONE)
		return no(j, _("has to show a code, and sshd asks for none"));
	return pam || !kbdint || no(j, "UsePAM no, keyboard-interactive");
}

/* Whether he gets through one of the lists: UsePAM no asks for a password of its own. */
static bool gets_through(const struct judging *j, const char *said, const char *list,
    const char *service)
{
	const bool pam = sshd_said_yes(said, "usepam");

	switch (way_of(said, list)) {
	case KEY_NO:
		return no(j, "AuthenticationMethods, PubkeyAuthentication");
	case KEY_ALONE:
		return !pam || (passes_guard(j, service) && is_admitted(j, service, PAMD_ACCOUNT));
	case KEY_AND_ANSWER:
		break;
	}
	if (!can_show(j, list, pam, service))
		return false;
	if (pam)
		return can_answer(j, service) && is_admitted(j, service, PAMD_AUTH) &&
		    is_admitted(j, service, PAMD_ACCOUNT);
	return has_password(j) || no(j, _("is asked for a password, and has none"));
}

static bool takes_key(const struct judging *j, const char *said, const char *program)
{
	char list[1024] = "any", service[64];

	(void)snprintf(service, sizeof(service), "%.60s", program);
	(void)sshd_said_value(said, "pamservicename", service, sizeof(service));
	if (!sshd_said_value(said, "authenticationmethods", list, sizeof(list)) ||
	    strcmp(list, "any") == 0)
		return gets_through(j, said, "publickey", service);
	for (char *save = NULL, *one = strtok_r(list, " ", &save); one != NULL;
	    one = strtok_r(NULL, " ", &save))
		if (gets_through(j, said, one, service))
			return true;
	return false;
}

/* What gives no shell, whatever is shown. */
static bool gives_shell(const struct judging *j, const char *said)
{
	static const struct { const char *key, *name; } keys[] = {{"forcecommand", "ForceCommand"},
	    {"chrootdirectory", "ChrootDirectory"}};
	const struct fact *root = facts_get(j->f, "own-root", j->user);
	char value[300], text[400];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (sshd_said_value(said, keys[i].key, value, sizeof(value)) && strcmp(value, "none") != 0) {
			(void)snprintf(text, sizeof(text), "%s %s", keys[i].name, value);
			return no(j, text);
		}
	if (strcmp(root->text, "root") == 0 &&
	    sshd_said_value(said, "permitrootlogin", value, sizeof(value)) &&
	    strcmp(value, "forced-commands-only") == 0)
		return no(j, "PermitRootLogin forced-commands-only");
	return true;
}

/* By one sshd; what could not be told lets nobody in. */
static bool gets_in_by(const struct judging *j, const char *source, const char *program)
{
	const struct fact *said = fix_way_said(j->f, source, j->user), *x;
	char name[FIX_WAY_NAME];

	(void)snprintf(name, sizeof(name), "%s:%s", source, j->user);
	x = facts_get(j->f, "own-key", name);
	if (x->is != FACT_TEXT)
		return no(j, x->is == FACT_TROUBLE ? x->text : _("no key of their own that gives a shell"));
	x = facts_get(j->f, "sshd-refuses", name);
	if (x->is != FACT_NONE)
		return no(j, x->is == FACT_UNKNOWN ? _("sshd was not asked whether it lets them in") : x->text);
	if (said->is != FACT_TEXT)
		return no(j, _("sshd was not asked whether it lets them in"));
	if (sshd_said_value(said->text, "usepam", name, sizeof(name)) && strcmp(name, "no") == 0 &&
	    words_is(facts_string(j->f, "account", j->user), "hash", "locked"))
		return no(j, _("UsePAM no, and the password is locked"));
	return gives_shell(j, said->text) && takes_key(j, said->text, program);
}

/* ---- the account ---- */

/* Neither the account nor its password is past its time, or will be in a day: who has to change
 * one that he does not know is not in. */
static bool is_in_time(const struct judging *j)
{
	const struct fact *x = facts_get(j->f, "account", j->user);
	const int64_t soon = j->now / DAY_SECONDS + 1, last = words_number(x->text, "last");
	const int64_t max = words_number(x->text, "max"), expire = words_number(x->text, "expire");

	if (x->is == FACT_UNKNOWN && facts_get(j->f, "accounts", "local")->is == FACT_TEXT)
		return true; /* of a directory */
	if (x->is != FACT_TEXT)
		return no(j, _("the account could not be told"));
	if (expire >= 0 && soon >= expire)
		return no(j, _("the account is past its time, or has a day left"));
	if (last == 0 || (max >= 0 && soon - last > max))
		return no(j, _("the password has to be changed"));
	return true;
}

static bool becomes_root(const struct judging *j)
{
	const struct fact *x = facts_get(j->f, "own-root", j->user);

	if (x->is != FACT_TEXT)
		return no(j, _("becomes root neither by themselves nor by sudo"));
	return strcmp(x->text, "sudo") != 0 || can_answer(j, "sudo");
}

/* By each sshd of the host, and by the file alone, which is what may be left of it, also from
 * where this login comes. */
static bool gets_in(const struct judging *j, const struct sshd_sources *all)
{
	if (strcmp(j->user, EIC_NAME) == 0 || !gets_in_by(j, SSHD_SOURCE_FILE, "sshd") ||
	    !is_in_time(j) || !becomes_root(j))
		return false;
	if (facts_get(j->f, "own-login", "from")->is == FACT_TEXT &&
	    !gets_in_by(j, FIX_WAY_HERE, "sshd"))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->item[i].name, SSHD_SOURCE_FILE) != 0 &&
		    !gets_in_by(j, all->item[i].name, all->item[i].program))
			return false;
	return !all->more;
}

/* ---- the judgement ---- */

/* It has handed out the key with this fingerprint; "": any. */
static bool has_handed_out(struct facts *f, const char *print)
{
	const struct fact *x = NULL;

	while ((x = facts_next(f, "eic-use", "", x)) != NULL)
		if (x->is == FACT_TEXT && x->text[0] != '\0' && strstr(x->text, print) != NULL)
			return true;
	return false;
}

/* The longest that a login may take by any sshd; 0: for ever. */
static int64_t grace_of(struct facts *f)
{
	const struct fact *x = NULL;
	int64_t most = GRACE_LEAST;
	char text[40] = "n=", *value = text + 2;

	while ((x = facts_next(f, "sshd", "", x)) != NULL) {
		if (x->is != FACT_TEXT || !sshd_said_value(x->text, "logingracetime", value, sizeof(text) - 2))
			continue;
		if (words_number(text, "n") <= 0)
			return 0;
		most = words_number(text, "n") > most ? words_number(text, "n") : most;
	}
	return most;
}

/* Whether a line of a log, "TIME ...", is of that time, or there are as many as are kept. */
static bool has_line(const char *text, int64_t from, int64_t to)
{
	char time[24];
	int n = 0;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n', n++) {
		(void)snprintf(time, sizeof(time), "n=%.*s", (int)strcspn(text, " \n"), text);
		if (words_number(time, "n") < 0 || (words_number(time, "n") >= from &&
		    words_number(time, "n") <= to))
			return true;
	}
	return n >= EIC_LOG_MOST;
}

/* Whether it has handed out a key while this login came in, as far as logs go back for sure. */
static bool was_at_work(struct facts *f, int64_t now)
{
	const struct fact *x = NULL;
	const int64_t grace = grace_of(f);
	char text[40];
	int64_t begun;

	(void)snprintf(text, sizeof(text), "n=%.20s", facts_string(f, "own-login", "begun"));
	begun = words_number(text, "n");
	if (begun < now - DAY_SECONDS || begun > now + SLACK || grace == 0)
		return has_handed_out(f, "");
	while ((x = facts_next(f, "eic-use", "", x)) != NULL)
		if (x->is == FACT_TEXT && has_line(x->text, begun - grace - SLACK, begun + SLACK))
			return true;
	return false;
}

/* Why no log tells whether it has handed out any; NULL: one does, or there is none to read. */
static const struct fact *find_unread(struct facts *f)
{
	const struct fact *x = NULL, *unread = NULL;

	while ((x = facts_next(f, "eic-use", "", x)) != NULL) {
		if (x->is == FACT_TEXT)
			return NULL;
		if (x->is == FACT_TROUBLE)
			unread = x;
	}
	return unread;
}

static int judge_login(struct facts *f, int64_t now, struct err *e)
{
	const struct fact *x = facts_get(f, "own-login", "fingerprint"), *unread = find_unread(f);

	if (x->is == FACT_TEXT && has_handed_out(f, x->text))
		return err_set(e, ERR_REFUSED, "this login came in by EC2 Instance Connect (%s); log in "
		    "with a key of your own, or give --i-have-console", x->text);
	if (x->is != FACT_TROUBLE && x->is != FACT_UNKNOWN)
		return 0;
	if (unread != NULL)
		return err_set(e, ERR_REFUSED, "it could not be told whether this login came in by EC2 "
		    "Instance Connect, nor whether it was in use: %s; give --i-have-console", unread->text);
	if (was_at_work(f, now))
		return err_set(e, ERR_REFUSED, "it could not be told whether this login came in by EC2 "
		    "Instance Connect, and it was in use lately; give --i-have-console");
	return 0;
}

/* The first who gets in; x is his key by the file alone.  admins: of those who become root;
 * else of the others, whom nothing but the reason is asked of. */
static bool find_one(struct judging *j, const struct sshd_sources *all, bool admins,
    const struct fact **x)
{
	static const char prefix[] = SSHD_SOURCE_FILE ":";

	for (*x = NULL; (*x = facts_next(j->f, "own-key", prefix, *x)) != NULL;) {
		j->user = (*x)->name + sizeof(prefix) - 1;
		if ((*x)->is != FACT_NONE && admins == (facts_get(j->f, "own-root", j->user)->is ==
		    FACT_TEXT) && gets_in(j, all))
			return true;
	}
	return false;
}

int fix_way_judge(struct facts *f, const struct fix_way_who *w, struct err *e)
{
	struct sshd_sources *all = sshd_sources(f);
	struct judging j = {.f = f, .now = w->now, .why = w->why, .size = w->size};
	const struct fact *x = NULL;
	int r = judge_login(f, w->now, e);
	bool in = false;

	w->who[0] = w->why[0] = '\0';
	if (r == 0 && all == NULL)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0)
		in = find_one(&j, all, true, &x) || find_one(&j, all, false, &x);
	if (in)
		(void)snprintf(w->who, w->size, "%s (%s)", j.user, x->text);
	sshd_sources_free(all);
	if (r != 0 || in)
		return r;
	return err_set(e, ERR_REFUSED, "nobody who may log in, and is root or becomes it by sudo, has a "
	    "key of their own that gives them a shell, so without EC2 Instance Connect nobody would get "
	    "in; put one in place, or give --i-have-console");
}

/* ---- sudo ---- */

/* The next of a list with "," between, without the blanks around it; "\\," is part of one. */
static bool next_of(const char **p, char *one, size_t size)
{
	const char *from = *p + strspn(*p, " ,");
	size_t n = 0;

	while (from[n] != '\0' && from[n] != ',')
		n += from[n] == '\\' && from[n + 1] != '\0' ? 2 : 1;
	*p = from + n;
	while (n > 0 && from[n - 1] == ' ')
		n--;
	(void)snprintf(one, size, "%.*s", (int)n, from);
	return n > 0;
}

/* Whether "bob, root" names root, and nothing of it leaves root out. */
static bool is_as_root(const char *list)
{
	char one[300];
	bool is = false;

	while (next_of(&list, one, sizeof(one))) {
		if (strcmp(one, "!root") == 0 || strcmp(one, "!#0") == 0)
			return false;
		is = is || strcmp(one, "ALL") == 0 || strcmp(one, "root") == 0;
	}
	return is;
}

/* Behind options and tags, "TIMEOUT=30 NOPASSWD: SETENV: ". */
static const char *pass_tags(const char *command, bool *unasked)
{
	for (size_t n; (n = strcspn(command, " ")) > 0 && command[n] == ' ' && (command[n - 1] == ':' ||
	    (command[0] != '/' && memchr(command, '=', n) != NULL)); command += n + 1)
		if (strncmp(command, "NOPASSWD:", n) == 0)
			*unasked = true;
		else if (strncmp(command, "PASSWD:", n) == 0)
			*unasked = false;
	return command;
}

/* "(ALL : ALL) NOPASSWD: SETENV: ALL, PASSWD: /bin/x": 1 without a password, 0 with one, -1: it
 * does not say it of a shell of root's. */
static int rule_is_unasked(const char *line)
{
	const char *p = strchr(line, ')'), *command;
	bool unasked = false;
	int is = -1;
	char runas[300], one[1000];

	if (p == NULL)
		return -1;
	(void)snprintf(runas, sizeof(runas), "%.*s", (int)(p - line - 1), line + 1);
	runas[strcspn(runas, ":")] = '\0';
	if (!is_as_root(runas))
		return -1;
	for (p++; next_of(&p, one, sizeof(one));) {
		command = pass_tags(one, &unasked);
		if (strcmp(command, "ALL") == 0 || strcmp(command, "/bin/sh") == 0)
			is = unasked;
	}
	return is;
}

bool fix_way_unasked(const char *text)
{
	bool unasked = false;
	char line[2000];

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *p = text + strspn(text, " \t");
		int is;

		if (p == text || *p != '(')
			continue;
		(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		if ((is = rule_is_unasked(line)) >= 0)
			unasked = is > 0;
	}
	return unasked;
}
