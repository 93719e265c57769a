#include "policy/audit/gather.h"

#include "enroll/names.h"
#include "enroll/steps.h"
#include "lib/core/rollout.h"
#include "policy/audit/words.h"
#include "policy/buffer.h"
#include "policy/policy_store.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* ---- the login configuration ---- */

static void note_conf(struct facts *f, const struct conf *c)
{
	char value[CONF_VALUE_MAX];

	for (int i = 0; i < CONF_KEYS; i++) {
		conf_value(c, i, value);
		facts_text(f, "conf", conf_key(i), value, strlen(value));
	}
	facts_format(f, "conf-number", "enroll_by", "%" PRId64, c->enroll_by);
	facts_text(f, "conf", "store_dir", c->store_dir, strlen(c->store_dir));
	if (c->file_read)
		facts_text(f, "conf-file", "login", c->path, strlen(c->path));
	else
		facts_none(f, "conf-file", "login");
}

/* The first rule that lets them off from a network. */
static void find_network(const struct conf *c, const struct exempt_facts *x, struct rollout *out)
{
	*out = (struct rollout){.duty = ROLLOUT_MUST, .rule = -1};
	for (int i = 0; i < c->exempts && out->duty != ROLLOUT_EXEMPT; i++) {
		struct exempt_facts from = *x;
		struct exempt rule;

		if (exempt_parse(conf_exempt(c, i), &rule, NULL) != 0 || rule.from != EXEMPT_NET)
			continue;
		from.from = rule.net.base;
		rollout_judge(c, &from, out);
	}
}

/* By the rules for a login from nowhere in particular; then whether a line lets them off
 * on the host itself, for ever, and from a network. */
static void note_duty(struct facts *f, const struct conf *c, const struct passwd *pw)
{
	struct exempt_facts x = {.account = {pw->pw_name, pw->pw_gid}, .now = time(NULL)};
	struct rollout r, local, net;

	rollout_judge(c, &x, &r);
	find_network(c, &x, &net);
	x.local = true;
	rollout_judge(c, &x, &local);
	facts_format(f, "duty", pw->pw_name, "duty=%s until=%" PRId64 " line=%d local=%s local_until=%"
	    PRId64 " local_line=%d net=%s net_until=%" PRId64 " net_line=%d", r.duty == ROLLOUT_MUST ? "must" :
	    r.duty == ROLLOUT_EXEMPT ? "exempt" : "not-required", r.until,
	    r.rule >= 0 ? c->exempt[r.rule].origin.line : 0,
	    local.duty == ROLLOUT_EXEMPT ? "exempt" : "must", local.until,
	    local.rule >= 0 ? c->exempt[local.rule].origin.line : 0,
	    net.duty == ROLLOUT_EXEMPT ? "exempt" : "must", net.until,
	    net.rule >= 0 ? c->exempt[net.rule].origin.line : 0);
}

/* ---- who is enrolled ---- */

static void note_status(struct facts *f, const char *user, const struct steps_status *st)
{
	int64_t last = 0;

	for (int i = 0; i < st->devices; i++)
		if (st->device[i].last_used > last)
			last = st->device[i].last_used;
	if (st->trouble.code != 0)
		facts_trouble(f, "enrolled", user, st->trouble.text);
	else if (st->enrolled || st->bypass_until > 0 || st->invited_until > 0)
		facts_format(f, "enrolled", user, "devices=%d last_used=%" PRId64 " locked=%s recovery=%d "
		    "invited_until=%" PRId64 " bypass_until=%" PRId64, st->enrolled ? st->devices : 0, last,
		    st->locked ? "yes" : "no", st->recovery_left, st->invited_until, st->bypass_until);
	else
		facts_none(f, "enrolled", user);
}

static void note_user(struct facts *f, const struct conf *c, struct store *store, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	const bool account = pw != NULL && strcmp(pw->pw_name, user) == 0;
	const struct steps s = {.store = store, .conf = c, .user = user, .account = account,
	    .uid = account ? pw->pw_uid : 0, .now = time(NULL)};
	struct steps_status st;
	struct err e = {0};

	if (account)
		note_duty(f, c, pw);
	if (steps_status(&s, &st, &e) == 0)
		note_status(f, user, &st);
	else
		facts_trouble(f, "enrolled", user, e.text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool is_noted(const struct names *n, const char *name)
{
	return n->n > 0 && bsearch(name, n->name, n->n, sizeof(*n->name), by_name) != NULL;
}

/* The local accounts that have no record; store is NULL: nobody has. */
static void note_others(struct facts *f, const struct conf *c, struct store *store,
    const struct names *names)
{
	FILE *in = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	char name[WHO_NAME_MAX + 1];
	size_t n = 0;

	while (in != NULL && n++ < GATHER_ACCOUNTS && (pw = fgetpwent(in)) != NULL) {
		if (snprintf(name, sizeof(name), "%s", pw->pw_name) >= (int)sizeof(name) ||
		    name[0] == '\0' || strchr("+-#", name[0]) != NULL || is_noted(names, name))
			continue;
		if (store == NULL) {
			note_duty(f, c, pw);
			facts_none(f, "enrolled", name);
		} else {
			note_user(f, c, store, name);
		}
	}
	if (in != NULL)
		(void)fclose(in);
}

/* Of those that may log in who is no local account and has no record: the directory's. */
static void note_logins(struct facts *f, const struct conf *c, struct store *store)
{
	struct buffer names = {0};
	const struct fact *x = NULL;
	char *save = NULL;

	while ((x = facts_next(f, "login", "", x)) != NULL)
		if (x->is == FACT_TEXT)
			buffer_format(&names, "%s\n", x->name);
	f->failed = f->failed || names.failed;
	for (char *name = strtok_r(names.data != NULL ? names.data : (char[]){""}, "\n", &save);
	    name != NULL; name = strtok_r(NULL, "\n", &save)) {
		const struct passwd *pw;

		if (facts_get(f, "duty", name)->is != FACT_UNKNOWN)
			continue;
		if (store != NULL) {
			note_user(f, c, store, name);
		} else if ((pw = getpwnam(name)) != NULL) {
			note_duty(f, c, pw);
			facts_none(f, "enrolled", name);
		}
	}
	buffer_free(&names);
}

/* Who has a record, whether there is such an account or not; then the others. */
static void note_everybody(struct facts *f, const struct conf *c, struct store *store)
{
	struct names names = {0};
	struct err e = {0};

	if (names_of(store, &names, &e) != 0)
		facts_trouble(f, "store", "open", e.text);
	else
		facts_format(f, "store", "open", "names=%zu foreign=%zu", names.n, names.foreign);
	for (size_t i = 0; i < names.n && i < GATHER_ACCOUNTS; i++)
		note_user(f, c, store, names.name[i]);
	note_others(f, c, store, &names);
	note_logins(f, c, store);
	names_free(&names);
}

static void note_enrolled(struct facts *f, const struct conf *c)
{
	const struct names nobody = {0};
	struct store store;
	struct err e = {0};
	const int r = store_open(&store, c, &e);

	if (r == 0) {
		note_everybody(f, c, &store);
		store_close(&store);
	} else if (r == ERR_INIT) {
		facts_none(f, "store", "open");
		note_others(f, c, NULL, &nobody);
		note_logins(f, c, NULL);
	} else {
		facts_trouble(f, "store", "open", e.text);
	}
}

/* ---- files and disk ---- */

#define MODES 64
#define DEPTH 3

/* Distinct owners and modes, with how many have them. */
struct modes {
	struct { struct stat st; size_t count; char example[PATH_MAX]; } item[MODES];
	size_t n;
	bool more;
};

static void add_mode(struct modes *m, const char *path, const struct stat *st)
{
	size_t i = 0;

	while (i < m->n && (m->item[i].st.st_mode != st->st_mode ||
	    m->item[i].st.st_uid != st->st_uid || m->item[i].st.st_gid != st->st_gid))
		i++;
	if (i == MODES) {
		m->more = true;
		return;
	}
	if (i == m->n) {
		m->item[i].st = *st;
		m->item[i].count = 0;
		(void)snprintf(m->item[i].example, PATH_MAX, "%s", path);
		m->n++;
	}
	m->item[i].count++;
}

static void walk(struct modes *m, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	char path[PATH_MAX];
	struct stat st;

	if (d == NULL) {
		m->more = m->more || (errno != ENOENT && errno != ENOTDIR);
		return;
	}
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		add_mode(m, path, &st);
		if (S_ISDIR(st.st_mode) && depth > 0)
			walk(m, path, depth - 1);
	}
	(void)closedir(d);
}

static void note_modes(struct facts *f, const char *dir)
{
	struct modes *m = calloc(1, sizeof(*m));
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (m == NULL || out == NULL) {
		f->failed = true;
	} else {
		walk(m, dir, DEPTH);
		for (size_t i = 0; i < m->n; i++)
			(void)fprintf(out, "%s %04o %u %u %zu %s\n",
			    S_ISDIR(m->item[i].st.st_mode) ? "dir" :
			    S_ISREG(m->item[i].st.st_mode) ? "file" : "other",
			    (unsigned)m->item[i].st.st_mode & 07777, (unsigned)m->item[i].st.st_uid,
			    (unsigned)m->item[i].st.st_gid, m->item[i].count, m->item[i].example);
	}
	if (out != NULL && fclose(out) == 0 && m != NULL) {
		if (m->more)
			facts_trouble(f, "modes", dir, "not all of it could be looked at");
		else
			facts_text(f, "modes", dir, text, len);
	}
	free(text);
	free(m);
}

/* The path and every directory above it. */
static void note_way(struct facts *f, const char *path)
{
	char part[PATH_MAX];
	size_t n;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return;
	for (n = strlen(part); n > 0; part[n] = '\0') {
		gather_file(f, part, false);
		while (n > 0 && part[n - 1] != '/')
			n--;
		while (n > 0 && part[n - 1] == '/')
			n--;
	}
	gather_file(f, "/", false);
}

#define COPIES_MOST 64

static void note_copy(struct buffer *list, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	buffer_format(list, "file %04o %u %u %lld %s\n", (unsigned)st.st_mode & 07777,
	    (unsigned)st.st_uid, (unsigned)st.st_gid, (long long)st.st_size, name);
}

/* What an editor or an admin has left beside the keyring: keyring~, .keyring.swp, keyring.bak. */
static void note_copies(struct facts *f, const char *keyring)
{
	const char *slash = strrchr(keyring, '/'), *base = slash != NULL ? slash + 1 : keyring;
	char dir[PATH_MAX];
	struct buffer list = {0};
	const struct dirent *entry;
	size_t n = 0;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(base - keyring), keyring);
	if (slash == NULL || (d = opendir(dir)) == NULL) {
		if (slash != NULL && (errno == ENOENT || errno == ENOTDIR))
			facts_none(f, "copies", keyring);
		else
			facts_trouble(f, "copies", keyring, strerror(errno));
		return;
	}
	while (n <= COPIES_MOST && (entry = readdir(d)) != NULL)
		if (strstr(entry->d_name, base) != NULL && strcmp(entry->d_name, base) != 0 &&
		    strchr(entry->d_name, '\n') == NULL) {
			note_copy(&list, dir, entry->d_name);
			n++;
		}
	(void)closedir(d);
	if (n > COPIES_MOST)
		facts_trouble(f, "copies", keyring, "more of them than are looked at");
	else
		facts_text(f, "copies", keyring, buffer_string(&list), list.len);
	f->failed = f->failed || list.failed;
	buffer_free(&list);
}

static bool is_remote(long type)
{
	/* nfs, smb, cifs, smb2, afs, ceph, 9p, fuse */
	static const unsigned types[] = {0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400,
	    0x01021997, 0x65735546};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned)type == types[i])
			return true;
	return false;
}

static void note_disk(struct facts *f, const char *dir)
{
	struct statvfs v;
	struct statfs s;

	if (statvfs(dir, &v) != 0 || statfs(dir, &s) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			facts_none(f, "disk", dir);
		else
			facts_trouble(f, "disk", dir, strerror(errno));
		return;
	}
	facts_format(f, "disk", dir, "read_only=%s writable=%s remote=%s free=%llu size=%llu files_free="
	    "%llu files=%llu", (v.f_flag & ST_RDONLY) != 0 ? "yes" : "no",
	    access(dir, R_OK | W_OK | X_OK) == 0 ? "yes" : "no", is_remote((long)s.f_type) ? "yes" : "no",
	    (unsigned long long)v.f_bavail * v.f_frsize, (unsigned long long)v.f_blocks * v.f_frsize,
	    (unsigned long long)v.f_favail, (unsigned long long)v.f_files);
}

/* The files that `password_policy` names. */
static void note_own_policies(struct facts *f, const struct conf *c)
{
	char path[CONF_POLICY_MAX];

	for (const char *at = c->password_policy; *at != '\0'; at += *at == ',') {
		size_t n;

		at += strspn(at, " \t");
		n = strcspn(at, ",");
		(void)snprintf(path, sizeof(path), "%.*s", (int)n, at);
		at += n;
		while (n > 0 && (path[n - 1] == ' ' || path[n - 1] == '\t'))
			path[--n] = '\0';
		if (path[0] == '/')
			gather_file(f, path, true);
	}
}

static void note_places(struct facts *f, const struct conf *c)
{
	note_way(f, c->keyring);
	note_copies(f, c->keyring);
	note_way(f, c->state_dir);
	note_way(f, c->store_dir);
	note_modes(f, c->state_dir);
	if (strcmp(c->store_dir, c->state_dir) != 0)
		note_modes(f, c->store_dir);
	note_disk(f, c->store_dir);
	gather_file(f, c->policy_file, true);
	note_own_policies(f, c);
}

void gather_enrolled(struct facts *f, const struct gather_request *q)
{
	struct conf *c = calloc(1, sizeof(*c));
	struct err e = {0};

	if (c == NULL) {
		f->failed = true;
	} else if (conf_load(c, q->config, &e) != 0) {
		facts_trouble(f, "conf-file", "login", e.text);
	} else {
		note_conf(f, c);
		note_places(f, c);
		note_enrolled(f, c);
	}
	free(c);
}
