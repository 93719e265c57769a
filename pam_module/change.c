#include "pam_module/change.h"

#include "policy/password/profile.h"

#include <pwd.h>
#include <security/pam_modutil.h>
#include <string.h>
#include <unistd.h>

bool change_is_root(int flags)
{
	return getuid() == 0 && (flags & PAM_CHANGE_EXPIRED_AUTHTOK) == 0;
}

static int trouble(struct change_trouble *t, const char *reason, int code)
{
	t->reason = reason;
	return code;
}

static int find_user(struct change *c, struct change_trouble *t)
{
	const char *user = entry_item(c->en->pamh, PAM_USER);
	const struct passwd *pw;

	if (user == NULL || user[0] == '\0')
		return trouble(t, "no_user", err_set(&t->err, ERR_NONE, "no user name"));
	if ((pw = pam_modutil_getpwnam(c->en->pamh, user)) == NULL)
		return trouble(t, "no_account", err_set(&t->err, ERR_NONE, "no such account"));
	c->user = pw->pw_name;
	c->gecos = pw->pw_gecos;
	c->uid = pw->pw_uid;
	c->gid = pw->pw_gid;
	return 0;
}

static int find_rules(struct change *c, struct change_trouble *t)
{
	const struct conf *conf = &c->en->conf;
	int r = password_policies_load(&c->policies, conf->password_policy, conf->policy_file,
	    &t->err);

	c->reuse = password_reuse(&c->policies);
	return r == 0 ? 0 : trouble(t, "policy", r);
}

int change_look(struct change *c, struct change_trouble *t)
{
	const struct shadow_files files = {NULL, NULL};
	int r = shadow_read(&files, c->user, c->shadow, &t->err);

	return r == 0 ? 0 : trouble(t, "shadow", r);
}

/* Whether the record opens, before anybody is asked for a password. */
static int read_history(struct change *c, struct change_trouble *t)
{
	const struct history_ask q = {.store = &c->store, .user = c->user,
	    .live = c->shadow->field};
	int r;

	if ((r = history_open(&c->work, &t->err)) != 0)
		return trouble(t, "system", r);
	if ((r = history_changed(&c->work, &q, &c->changed, &t->err)) != 0)
		return trouble(t, "history", r);
	return 0;
}

static int find_history(struct change *c, bool write, struct change_trouble *t)
{
	int r;

	if (!c->shadow->local)
		return 0;
	r = store_open_pw(&c->store, &c->en->conf, write, &t->err);
	if (r == ERR_INIT && c->reuse == 0) {
		c->history = CHANGE_NOT_MADE;
		return 0;
	}
	if (r == ERR_NONE && !write) { /* the directory will be made */
		c->history = CHANGE_KEPT;
		return 0;
	}
	if (r != 0)
		return trouble(t, r == ERR_INIT ? "not_initialised" : "history", r);
	c->history = CHANGE_KEPT;
	return read_history(c, t);
}

int change_begin(struct change *c, struct entry *en, int flags, bool write,
    struct change_trouble *t)
{
	int r;

	memset(c, 0, sizeof(*c));
	*t = (struct change_trouble){.reason = ""};
	c->en = en;
	c->free = en->conf.root_is_free && change_is_root(flags);
	if ((r = find_user(c, t)) != 0)
		return r;
	if (secret_new(&c->memory, sizeof(*c->shadow)) != 0)
		return trouble(t, "system", err_set(&t->err, ERR_SYSTEM, "out of memory"));
	c->shadow = (struct shadow_entry *)(void *)c->memory.data;
	if ((r = find_rules(c, t)) != 0 || (r = change_look(c, t)) != 0)
		return r;
	return find_history(c, write, t);
}

void change_end(struct change *c)
{
	history_close(&c->work);
	store_close(&c->store);
	secret_free(&c->memory);
	c->shadow = NULL;
}

int change_probe(struct entry *en, struct change_trouble *t)
{
	struct change c = {0};
	int r = change_begin(&c, en, PAM_CHANGE_EXPIRED_AUTHTOK, false, t);

	if (r == 0 && c.history == CHANGE_KEPT &&
	    (r = store_probe_pw(&en->conf, c.user, &t->err)) != 0)
		r = trouble(t, "history", r);
	change_end(&c);
	return r;
}
