#include "policy/enable_way.h"

#include "enroll/steps.h"
#include "lib/core/day.h"
#include "lib/core/exempt.h"
#include "lib/core/recovery.h"
#include "lib/core/rollout.h"
#include "lib/core/secret.h"
#include "lib/core/sshkey.h"
#include "lib/core/store.h"
#include "lib/core/userkey.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 256
#define KEYS_MAX 65536 /* bytes of an authorized_keys that are looked at */

static bool becomes_root(const char *user, uid_t uid, gid_t gid)
{
	static const char *const names[] = {"sudo", "wheel", "admin"};
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (uid == 0)
		return true;
	if (getgrouplist(user, gid, groups, &n) < 0)
		n = n < GROUPS_MAX ? n : GROUPS_MAX;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct group *g = getgrnam(names[i]);

		for (int k = 0; g != NULL && k < n; k++)
			if (groups[k] == g->gr_gid)
				return true;
	}
	return false;
}

/* 0: fit to be the admin; ERR_REFUSED: not; trouble. */
static int judge(struct store *s, const struct enable_way *w, const char *user,
    struct err *e)
{
	const struct passwd *pw = getpwnam(user);
	struct steps q = {.store = s, .conf = w->conf, .user = user, .now = w->now};
	struct steps_status st;
	int r;

	if (pw == NULL)
		return err_set(e, ERR_REFUSED, "%s: there is no such account", user);
	q.account = true;
	q.uid = pw->pw_uid;
	if (!becomes_root(user, pw->pw_uid, pw->pw_gid))
		return err_set(e, ERR_REFUSED, "%s: cannot become root (not root, not in the group "
		    "sudo, wheel or admin); name an admin with --admin", user);
	if ((r = steps_status(&q, &st, e)) != 0)
		return r;
	if (!st.enrolled)
		return err_set(e, ERR_REFUSED, "%s: is not enrolled, so nobody could log in and mend "
		    "things; run `enroll-mfa %s` first", user, user);
	if (st.locked)
		return err_set(e, ERR_REFUSED, "%s: is locked after too many wrong codes; run "
		    "`enroll-mfa unlock %s` first", user, user);
	if (st.trouble.code != 0)
		return err_set(e, ERR_REFUSED, "%s", st.trouble.text);
	return 0;
}

struct search {
	struct store *store;
	const struct enable_way *way;
	char *user;
};

static int try_key(void *ctx, const char *key)
{
	const struct search *s = ctx;
	char user[USERKEY_NAME_MAX + 1];

	if (userkey_decode(strchr(key, '/') + 1, user) != 0 ||
	    judge(s->store, s->way, user, NULL) != 0)
		return 0;
	(void)snprintf(s->user, WHO_NAME_MAX + 1, "%s", user);
	return 1;
}

static int find_admin(struct store *s, const struct enable_way *w,
    char user[WHO_NAME_MAX + 1], struct err *e)
{
	struct search search = {s, w, user};
	int r;

	if (w->named == NULL && w->caller != NULL && judge(s, w, w->caller, NULL) == 0) {
		(void)snprintf(user, WHO_NAME_MAX + 1, "%s", w->caller);
		return 0;
	}
	if (w->named != NULL) {
		(void)snprintf(user, WHO_NAME_MAX + 1, "%s", w->named);
		return judge(s, w, w->named, e);
	}
	if ((r = store_list(s, "enroll/", try_key, &search, e)) < 0)
		return r;
	return user[0] != '\0' ? 0 : err_set(e, ERR_REFUSED, "no admin is enrolled (root, or "
	    "somebody in the group sudo, wheel or admin), so nobody could log in and mend "
	    "things; run `enroll-mfa USER` first");
}

int enable_way_admin(const struct enable_way *w, char user[WHO_NAME_MAX + 1],
    struct err *e)
{
	struct store s;
	int r = store_open(&s, w->conf, e);

	user[0] = '\0';
	if (r == 0)
		r = find_admin(&s, w, user, e);
	store_close(&s);
	return r;
}

struct walk {
	struct store *store;
	const struct enable_way *way;
	struct enable_image *image;
	struct err *e;
};

static int see_key(void *ctx, const char *key)
{
	const struct walk *k = ctx;
	char user[USERKEY_NAME_MAX + 1];
	const struct passwd *pw;
	struct steps q = {.store = k->store, .conf = k->way->conf, .user = user,
	    .now = k->way->now};
	struct steps_status st;
	int r;

	/* A file of that name is no record, and no login reads it. */
	if (userkey_decode(strchr(key, '/') + 1, user) != 0)
		return 0;
	pw = getpwnam(user);
	q.account = pw != NULL;
	q.uid = pw != NULL ? pw->pw_uid : 0;
	if ((r = steps_status(&q, &st, k->e)) != 0)
		return r;
	if (st.trouble.code != 0)
		return err_set(k->e, ERR_BAD, "%s", st.trouble.text);
	k->image->enrolled += st.devices > 0;
	if (q.account && st.invited_until > k->way->now && k->image->invited++ == 0)
		(void)snprintf(k->image->user, sizeof(k->image->user), "%s", user);
	return 0;
}

int enable_way_image(const struct enable_way *w, struct enable_image *m, struct err *e)
{
	struct store s;
	struct walk walk = {&s, w, m, e};
	int r;

	*m = (struct enable_image){.enrolled = 0};
	r = store_open(&s, w->conf, e);
	if (r == 0)
		r = store_list(&s, "enroll/", see_key, &walk, e);
	store_close(&s);
	return r;
}

bool enable_way_password(const char *user)
{
	const struct spwd *sp = getspnam(user);

	return sp != NULL && sp->sp_pwdp != NULL && sp->sp_pwdp[0] != '\0' &&
	    sp->sp_pwdp[0] != '!' && sp->sp_pwdp[0] != '*';
}

static bool is_local(const struct enable_way *w, const struct passwd *pw)
{
	struct exempt_facts f = {.account = {pw->pw_name, pw->pw_gid}, .local = true,
	    .now = w->now};
	struct exempt x;

	for (int i = 0; i < w->conf->exempts; i++) {
		enum exempt_answer a = EXEMPT_NOT;

		if (exempt_parse(conf_exempt(w->conf, i), &x, NULL) == 0 && x.from == EXEMPT_LOCAL)
			a = exempt_judge(&x, &f);
		if (a == EXEMPT_YES || a == EXEMPT_ENDING)
			return true;
	}
	return false;
}

bool enable_way_console(const struct enable_way *w, char user[WHO_NAME_MAX + 1])
{
	const struct passwd *pw;

	user[0] = '\0';
	if (w->conf->exempts == 0)
		return false;
	setpwent();
	while (user[0] == '\0' && (pw = getpwent()) != NULL)
		if (is_local(w, pw) && enable_way_password(pw->pw_name) &&
		    becomes_root(pw->pw_name, pw->pw_uid, pw->pw_gid))
			(void)snprintf(user, WHO_NAME_MAX + 1, "%s", pw->pw_name);
	endpwent();
	return user[0] != '\0';
}

enum enable_enroll enable_way_to_enroll(const struct enable_way *w,
    enum enable_target target, bool proves, const struct enable_image *m)
{
	const struct conf *c = w->conf;

	/* Whatever lets somebody in without a code of his own does so behind a proof only. */
	if (target != ENABLE_SSHD && !proves)
		return ENABLE_ENROLL_UNPROVEN;
	if (target == ENABLE_SSHD && c->enroll == CONF_ENROLL_LOGIN)
		return ENABLE_ENROLL_LOGIN;
	if (c->enroll_by > w->now && !day_is_far(c->enroll_by, w->now))
		return ENABLE_ENROLL_DAY;
	if (target == ENABLE_SSHD && c->enroll == CONF_ENROLL_INVITE)
		return m->invited > 0 ? ENABLE_ENROLL_WORD : ENABLE_ENROLL_NO_WORD;
	return ENABLE_ENROLL_NONE;
}

/* ---- the trial ---- */

static int judge_bypass(const struct enable_way *w, const char *user, struct err *e)
{
	const struct passwd *pw = getpwnam(user);
	struct store s;
	struct steps q = {.store = &s, .conf = w->conf, .user = user, .account = pw != NULL,
	    .uid = pw != NULL ? pw->pw_uid : 0, .now = w->now};
	struct steps_status st = {.enrolled = false};
	int r = store_open(&s, w->conf, e);

	if (r == 0)
		r = steps_status(&q, &st, e);
	store_close(&s);
	if (r == 0 && st.bypass_until > w->now)
		r = err_set(e, ERR_REFUSED, "%s: is on a bypass, so the trial would ask for no code; "
		    "end it with `enroll-mfa bypass %s --for 0`, or name another admin with --admin",
		    user, user);
	return r;
}

int enable_way_asked(const struct enable_way *w, const char *user, const char *host,
    bool *elsewhere, struct err *e)
{
	const struct passwd *pw = getpwnam(user);
	struct exempt_facts f = {.account = {user, pw != NULL ? pw->pw_gid : (gid_t)-1},
	    .local = host == NULL, .now = w->now};
	struct rollout x;

	*elsewhere = false;
	if (host != NULL)
		(void)address_parse(host, &f.from);
	rollout_judge(w->conf, &f, &x);
	if (x.duty == ROLLOUT_EXEMPT && f.local) {
		f.local = false;
		*elsewhere = true;
		rollout_judge(w->conf, &f, &x);
	}
	if (x.duty == ROLLOUT_EXEMPT)
		return err_set(e, ERR_REFUSED, "%s: is exempt (`exempt = %s`), so the trial would ask "
		    "for no code; name another admin with --admin", user,
		    conf_exempt(w->conf, x.rule));
	if (x.duty == ROLLOUT_NOT_REQUIRED)
		return err_set(e, ERR_REFUSED, "%s: is not required to show a code (`require = %s`), so "
		    "the trial would ask for none; name another admin with --admin", user,
		    w->conf->require);
	return judge_bypass(w, user, e);
}

struct pair {
	struct store store;
	struct store_value value;
	struct record_enroll enroll;
	struct record_hot hot;
};

static int read_pair(struct pair *p, const char *user, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r;

	if (store_key(key, "enroll", user) != 0)
		return err_set(e, ERR_BAD, "%s: no name that a record can have", user);
	if ((r = store_get(&p->store, key, NULL, &p->value, e)) != 0)
		return r;
	if (record_get_enroll(&p->enroll, p->value.data, p->value.len) != 0 ||
	    store_key(key, "hot", user) != 0)
		return err_set(e, ERR_BAD, "%s: cannot be read", key);
	if ((r = store_get(&p->store, key, NULL, &p->value, e)) != 0)
		return r;
	if (record_get_hot(&p->hot, p->value.data, p->value.len) != 0)
		return err_set(e, ERR_BAD, "%s: cannot be read", key);
	return 0;
}

int enable_way_spent(const struct enable_way *w, const char *user, struct enable_spent *out,
    struct err *e)
{
	struct secret memory;
	struct pair *p;
	int r;

	*out = (struct enable_spent){.recovery_left = 0};
	if (secret_new(&memory, sizeof(*p)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	p = (struct pair *)(void *)memory.data;
	r = store_open(&p->store, w->conf, e);
	if (r == 0)
		r = read_pair(p, user, e);
	for (int i = 0; i < p->enroll.devices && r == 0; i++) {
		const struct record_entry *entry = record_find_entry(&p->hot,
		    p->enroll.device[i].id);

		out->device[i].id = p->enroll.device[i].id;
		out->device[i].step = entry != NULL ? entry->last_step : UINT64_MAX;
		out->devices++;
	}
	if (r == 0) {
		out->recovery = p->enroll.recovery.id;
		out->recovery_left = recovery_left(&p->enroll.recovery, &p->hot);
	}
	store_close(&p->store);
	secret_free(&memory);
	return r;
}

bool enable_way_has_spent(const struct enable_spent *before, const struct enable_spent *after)
{
	bool spent = after->recovery == before->recovery &&
	    after->recovery_left < before->recovery_left;

	for (int i = 0; i < before->devices; i++)
		for (int k = 0; k < after->devices; k++)
			spent = spent || (before->device[i].id == after->device[k].id &&
			    after->device[k].step > before->device[i].step);
	return spent;
}

/* ---- a device that is bound to a key ---- */

/* The user's own file: no link, no pipe, nothing that could hold root up. */
static bool read_keys(const char *user, char text[KEYS_MAX])
{
	const struct passwd *pw = getpwnam(user);
	char path[512];
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (pw == NULL || snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", pw->pw_dir) >=
	    (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, KEYS_MAX - 1);
	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Words of a line may be options, the type, the key, a remark: each pair is tried. */
static bool find_key(const char *text, const uint8_t hash[SSHKEY_HASH], char *key,
    size_t size)
{
	struct sshkey_set set;

	while (*text != '\0') {
		size_t n = strcspn(text, " \t\r\n"), gap = strspn(text + n, " \t");
		size_t next = strcspn(text + n + gap, " \t\r\n");

		if (n > 0 && next > 0 && snprintf(key, size, "publickey %.*s %.*s", (int)n, text,
		    (int)next, text + n + gap) < (int)size) {
			sshkey_read(key, &set);
			if (sshkey_has(&set, hash))
				return true;
		}
		text += n;
		text += strspn(text, " \t\r\n");
	}
	return false;
}

static bool key_bound(struct store *s, const struct enable_way *w, const char *user,
    uint8_t hash[SSHKEY_HASH])
{
	const struct steps q = {.store = s, .conf = w->conf, .user = user, .now = w->now};
	struct steps_status st;

	if (steps_status(&q, &st, NULL) != 0 || st.devices == 0)
		return false;
	for (int i = 0; i < st.devices; i++)
		if (!st.device[i].has_key)
			return false;
	memcpy(hash, st.device[0].key, SSHKEY_HASH);
	return true;
}

bool enable_way_key(const struct enable_way *w, const char *user, char *key, size_t size)
{
	char text[KEYS_MAX];
	uint8_t hash[SSHKEY_HASH];
	struct store s;
	bool bound = store_open(&s, w->conf, NULL) == 0 && key_bound(&s, w, user, hash);

	store_close(&s);
	return bound && read_keys(user, text) && find_key(text, hash, key, size);
}
