#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_policy.h"
#include "policy/password/profile.h"
#include "policy/policy_store.h"
#include "policy/policy_words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SOURCE_MAX (PASSWORD_NAME_MAX + 16)

/* The mirrored policy and the one that waits: 0 it is there, ERR_NONE it is not, or why it
 * cannot be used. */
struct mirrors {
	struct policy_kept kept, staged;
	int kept_result, staged_result;
	struct err why, staged_why;
};

/* Whether a file is there: who may not look (or cannot) does not know. */
enum there { THERE_NO, THERE_YES, THERE_UNKNOWN };

static enum there is_there(int result)
{
	if (result == ERR_NONE)
		return THERE_NO;
	return result == 0 || result == ERR_SYNTAX || result == ERR_BAD ? THERE_YES : THERE_UNKNOWN;
}

static void read_mirrors(const struct conf *c, struct mirrors *m)
{
	char staged[POLICY_PATH_MAX];

	policy_staged_path(c->policy_file, staged);
	m->kept_result = policy_store_read(c->policy_file, &m->kept, &m->why);
	m->staged_result = policy_store_read(staged, &m->staged, &m->staged_why);
}

static const char *when(int64_t t, char text[32])
{
	time_t at = (time_t)t;
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

static bool is_shown(const struct password_policy *p, enum password_rule rule)
{
	return rule != PASSWORD_RULE_NUL && password_has_rule(p, rule);
}

static void print_policy(const struct password_policy *p, bool explain)
{
	(void)printf("\n%s\n", p->name);
	for (int i = 0; i < PASSWORD_RULES; i++) {
		char words[POLICY_WORDS_MAX], source[SOURCE_MAX];

		if (!is_shown(p, (enum password_rule)i))
			continue;
		policy_words(p, (enum password_rule)i, words);
		policy_source(p, (enum password_rule)i, source, sizeof(source));
		(void)printf("  %-12s  %s\n", password_rule_name((enum password_rule)i), words);
		if (explain && source[0] != '\0')
			(void)printf("  %-12s    %s\n", "", source);
		else if (explain)
			(void)printf("  %-12s    %s\n", "", _("pam-bastion, where the policy says nothing"));
	}
}

static void print_mirror(const struct conf *c, const struct mirrors *m, bool used)
{
	char at[32];

	if (m->kept_result == 0 && m->kept.mirror.known)
		(void)printf(_("\nMirrored policy of IAM: %s, of %s (%s), sha256 %s\n"), c->policy_file,
		    when(m->kept.mirror.time, at), m->kept.mirror.source, m->kept.mirror.sha256);
	else if (m->kept_result == 0)
		(void)printf(_("\nMirrored policy of IAM: %s, put there by hand\n"), c->policy_file);
	else if (m->kept_result != ERR_NONE)
		(void)printf("\n%s\n", m->why.text);
	if (m->kept_result == 0 && !used)
		(void)printf(_("password_policy does not name iam: it judges no password\n"));
}

static void print_staged(const struct conf *c, const struct mirrors *m)
{
	char staged[POLICY_PATH_MAX];

	policy_staged_path(c->policy_file, staged);
	if (m->staged_result == 0)
		(void)printf(_("%s: staged; `bastionctl policy apply` puts it in force\n"), staged);
	else if (is_there(m->staged_result) == THERE_YES)
		(void)printf(_("%s; a policy is staged, but cannot be put in force\n"),
		    m->staged_why.text);
	else if (is_there(m->staged_result) == THERE_UNKNOWN)
		(void)printf(_("%s; whether a policy is staged cannot be told\n"), m->staged_why.text);
}

/* Several together, where one number decides. */
static void print_together(const struct password_policies *p)
{
	const int age = password_max_age(p), hard = password_hard_age(p), reuse = password_reuse(p);

	(void)printf("\n%s\n", _("All together"));
	if (age != 0)
		(void)printf(_("  expires after %d days\n"), age);
	else
		(void)printf(_("  never expires\n"));
	if (hard != 0)
		(void)printf(_("  after %d days only an administrator sets a new one\n"), hard);
	if (reuse != 0)
		(void)printf(_("  none of the last %d\n"), reuse);
	if (!password_allow_change(p))
		(void)printf(_("  people may not change their own before it expires\n"));
}

static void print_text(const struct conf *c, const struct password_policies *p,
    const struct mirrors *m, bool explain)
{
	(void)printf("password_policy = %s\n", c->password_policy);
	for (int i = 0; i < p->count; i++)
		print_policy(&p->policy[i], explain);
	print_together(p);
	print_mirror(c, m, password_list_names(c->password_policy, "iam"));
	print_staged(c, m);
}

static void put_string(const char *name, const char *value)
{
	(void)printf(",\"%s\":", name);
	json_text_print(stdout, value);
}

static void json_policy(const struct password_policy *p)
{
	bool first = true;

	(void)fputs("{\"name\":", stdout);
	json_text_print(stdout, p->name);
	(void)printf(",\"count\":\"%s\",\"rules\":[", p->bytes ? "bytes" : "characters");
	for (int i = 0; i < PASSWORD_RULES; i++) {
		char value[POLICY_WORDS_MAX], source[SOURCE_MAX];

		if (!is_shown(p, (enum password_rule)i))
			continue;
		policy_value(p, (enum password_rule)i, value);
		policy_source(p, (enum password_rule)i, source, sizeof(source));
		(void)printf("%s{\"rule\":\"%s\"", first ? "" : ",",
		    password_rule_name((enum password_rule)i));
		put_string("value", value);
		put_string("source", source[0] != '\0' ? source : NULL);
		(void)putchar('}');
		first = false;
	}
	(void)fputs("]}", stdout);
}

static const char *json_there(int result)
{
	static const char *const words[] = {"false", "true", "null"};

	return words[is_there(result)];
}

static const char *json_error(int result, const struct err *why)
{
	return result != 0 && result != ERR_NONE ? why->text : NULL;
}

static void json_mirror(const struct conf *c, const struct mirrors *m)
{
	const bool known = m->kept_result == 0 && m->kept.mirror.known;
	char at[32];

	(void)fputs(",\"mirror\":{\"file\":", stdout);
	json_text_print(stdout, c->policy_file);
	(void)printf(",\"exists\":%s,\"custom\":%s", json_there(m->kept_result),
	    m->kept_result != 0 && m->kept_result != ERR_NONE ? "null" :
	    m->kept_result == 0 && m->kept.policy.custom ? "true" : "false");
	put_string("time", known ? when(m->kept.mirror.time, at) : NULL);
	put_string("source", known ? m->kept.mirror.source : NULL);
	put_string("sha256", known ? m->kept.mirror.sha256 : NULL);
	put_string("error", json_error(m->kept_result, &m->why));
	(void)printf(",\"staged\":%s", json_there(m->staged_result));
	put_string("staged_error", json_error(m->staged_result, &m->staged_why));
	(void)putchar('}');
}

static void print_json(const struct conf *c, const struct password_policies *p,
    const struct mirrors *m)
{
	(void)fputs("{\"password_policy\":", stdout);
	json_text_print(stdout, c->password_policy);
	(void)fputs(",\"policies\":[", stdout);
	for (int i = 0; i < p->count; i++) {
		(void)fputs(i > 0 ? "," : "", stdout);
		json_policy(&p->policy[i]);
	}
	(void)printf("],\"effective\":{\"max_age\":%d,\"hard_age\":%d,\"reuse\":%d,"
	    "\"allow_change\":%s}", password_max_age(p), password_hard_age(p), password_reuse(p),
	    password_allow_change(p) ? "true" : "false");
	json_mirror(c, m);
	(void)fputs("}\n", stdout);
}

int cmd_policy_show(const struct cmd_common *common, const struct policy_options *o)
{
	struct mirrors m = {.kept_result = ERR_NONE};
	struct password_policies p;
	struct err e = {0};
	struct conf c;
	int r = cmd_load(common, &c);

	if (r != CMD_YES)
		return r;
	if (password_policies_load(&p, c.password_policy, c.policy_file, &e) != 0)
		return cmd_tell(&e, CMD_TROUBLE);
	read_mirrors(&c, &m);
	if (o->json)
		print_json(&c, &p, &m);
	else
		print_text(&c, &p, &m, o->explain);
	return cmd_finish(CMD_YES);
}
