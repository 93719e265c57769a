#include "policy/enable_people.h"

#include "enroll/language.h"
#include "enroll/steps.h"
#include "lib/core/store.h"
#include "lib/core/userkey.h"
#include "policy/enable_keys.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELSEWHERE "another-machine" /* no number: no network has it */
#define NAMED 5 /* of each kind; the rest is counted */

struct person {
	char name[WHO_NAME_MAX + 1];
	bool password; /* and a shell to use it for */
};

struct crowd {
	struct person *person;
	int count;
	bool more; /* than are in it */
	const char *admin;
};

/* What each is judged by. */
struct asking {
	const struct enable_way *way;
	const struct enable_sshd *sshd;
	struct store *store;
};

static void add_person(struct crowd *c, const char *name, bool password)
{
	if (strcmp(name, c->admin) == 0)
		return;
	for (int i = 0; i < c->count; i++)
		if (strcmp(c->person[i].name, name) == 0) {
			c->person[i].password = c->person[i].password || password;
			return;
		}
	/* sshd -T does not take every name. */
	if (c->count == ENABLE_PEOPLE_MOST || strpbrk(name, ",= ") != NULL) {
		c->more = true;
		return;
	}
	(void)snprintf(c->person[c->count].name, sizeof(c->person[0].name), "%s", name);
	c->person[c->count++].password = password;
}

bool enable_people_logs_in(const struct passwd *pw)
{
	static const char *const none[] = {"nologin", "false", "sync", "shutdown", "halt"};
	const char *name = strrchr(pw->pw_shell, '/');

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (name != NULL && strcmp(name + 1, none[i]) == 0)
			return false;
	return true;
}

/* Root's way in is the drop-in's PermitRootLogin, which the difference shows. */
static void add_accounts(struct crowd *c)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL)
		if (pw->pw_uid != 0 && enable_people_logs_in(pw))
			add_person(c, pw->pw_name, enable_way_password(pw->pw_name));
	endpwent();
}

static int add_enrolled(void *ctx, const char *key)
{
	struct crowd *c = ctx;
	char user[USERKEY_NAME_MAX + 1];
	const struct passwd *pw;

	if (userkey_decode(strchr(key, '/') + 1, user) == 0 && (pw = getpwnam(user)) != NULL &&
	    pw->pw_uid != 0)
		add_person(c, pw->pw_name, false);
	return c->count == ENABLE_PEOPLE_MOST ? 1 : 0;
}

static void add_name(struct enable_names *n, const char *name)
{
	size_t len = strlen(n->text);

	if (n->count++ < NAMED && len + strlen(name) + 20 < sizeof(n->text))
		(void)snprintf(n->text + len, sizeof(n->text) - len, "%s%s", len > 0 ? ", " : "",
		    name);
}

/* Neither a device nor a way to one, and a code is asked for. */
static bool has_no_code(const struct asking *a, const char *user)
{
	const struct conf *c = a->way->conf;
	const struct steps s = {.store = a->store, .conf = c, .user = user, .now = a->way->now};
	struct steps_status st;
	bool elsewhere;

	/* Who may enrol at the prompt, and who is let in until a day. */
	if (c->enroll == CONF_ENROLL_LOGIN || c->enroll_by > a->way->now)
		return false;
	return steps_status(&s, &st, NULL) == 0 && st.trouble.code == 0 && st.devices == 0 &&
	    st.invited_until == 0 && enable_way_asked(a->way, user,
	    a->sshd->addr != NULL ? a->sshd->addr : ELSEWHERE, &elsewhere, NULL) == 0;
}

static int judge(const struct asking *a, const struct person *p, struct enable_people *out,
    struct err *e)
{
	struct enable_sshd q = {a->sshd->config, a->sshd->shown, p->name, a->sshd->addr};
	struct buffer said = {0};
	enum enable_keys keys;
	char why[400];
	int r = enable_sshd_ask(&q, &said, e);
	const char *text = buffer_string(&said);

	if (r == 0 && !enable_sshd_turns_away(&q, text, why, sizeof(why))) {
		r = enable_sshd_judge(&q, text, e);
		if (r != 0 && !enable_sshd_unproven(text)) {
			add_name(&out->other, p->name);
			r = 0;
		}
		keys = enable_keys(text, p->name, why, sizeof(why));
		if (p->password && keys == ENABLE_KEYS_NONE)
			add_name(&out->keyless, p->name);
		if (keys == ENABLE_KEYS_SOME && has_no_code(a, p->name))
			add_name(&out->codeless, p->name);
	}
	buffer_free(&said);
	return r;
}

static void end_names(struct enable_names *n)
{
	size_t len = strlen(n->text);
	int named = len > 0;

	for (const char *p = n->text; (p = strstr(p, ", ")) != NULL; p += 2)
		named++;
	if (n->count > named)
		(void)snprintf(n->text + len, sizeof(n->text) - len, _(" and %d more"),
		    n->count - named);
}

int enable_people_look(const struct enable_way *w, const struct enable_sshd *q,
    const char *admin, struct enable_people *out, struct err *e)
{
	struct crowd c = {.admin = admin};
	struct store s;
	const struct asking a = {w, q, &s};
	int r;

	*out = (struct enable_people){.more = false};
	if ((c.person = calloc(ENABLE_PEOPLE_MOST, sizeof(*c.person))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = store_open(&s, w->conf, e);
	if (r == 0)
		r = store_list(&s, "enroll/", add_enrolled, &c, e);
	c.more = c.more || r > 0;
	if (r >= 0) {
		r = 0;
		add_accounts(&c);
	}
	for (int i = 0; i < c.count && r == 0; i++)
		r = judge(&a, &c.person[i], out, e);
	store_close(&s);
	end_names(&out->keyless);
	end_names(&out->codeless);
	end_names(&out->other);
	out->more = c.more;
	free(c.person);
	return r;
}
