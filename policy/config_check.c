#include "policy/config_check.h"

#include "enroll/language.h"
#include "lib/core/host.h"
#include "lib/core/otp.h"
#include "lib/core/record.h"
#include "lib/core/safefile.h"
#include "lib/core/secret.h"
#include "lib/core/slot.h"
#include "lib/core/store.h"
#include "lib/core/userkey.h"
#include "policy/config_pamd.h"
#include "policy/password/profile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIGURATION "configuration"
#define STORE "store"
#define FILES "files"
#define CLOCK "clock"
#define NAMED_MAX 5 /* bad files that are named one by one */
#define DAY 86400

/* From the English text, which names it in one way. */
static void find_service(struct config_finding *f)
{
	static const char before[] = ": service ";
	const char *at = strstr(f->text, before);

	if (at != NULL)
		(void)snprintf(f->service, sizeof(f->service), "%.*s",
		    (int)strcspn(at + sizeof(before) - 1, ":"), at + sizeof(before) - 1);
}

void config_find(struct config_findings *f, enum config_level level, const char *check,
    const char *fmt, ...)
{
	struct config_finding new = {.level = level, .check = check};
	struct config_finding *more;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(new.text, sizeof(new.text), fmt, ap);
	va_end(ap);
	find_service(&new);
	va_start(ap, fmt);
	(void)vsnprintf(new.text, sizeof(new.text), language_text(fmt), ap);
	va_end(ap);
	f->failed = f->failed || level == CONFIG_FAIL;
	for (size_t i = 0; i < f->count; i++)
		if (f->item[i].level == level && strcmp(f->item[i].text, new.text) == 0)
			return;
	more = realloc(f->item, (f->count + 1) * sizeof(*more));
	if (more == NULL) {
		f->truncated = true;
		return;
	}
	f->item = more;
	f->item[f->count++] = new;
}

void config_findings_free(struct config_findings *f)
{
	free(f->item);
	*f = (struct config_findings){0};
}

static void tell_loaded(const struct conf *c, struct config_findings *f)
{
	int set = 0;

	for (int i = 0; i < CONF_KEYS; i++)
		set += c->origin[i].where == CONF_FILE;
	if (c->file_read)
		config_find(f, CONFIG_OK, CONFIGURATION, "%s: %d keys set", c->path, set);
	else
		config_find(f, CONFIG_OK, CONFIGURATION,
		    "%s: does not exist; the defaults apply", c->path);
}

void config_check_text(const char *path, const char *text, size_t len,
    struct config_findings *f)
{
	struct err why = {0};
	struct conf c;

	if (conf_parse(&c, path, text, len, &why) == 0)
		tell_loaded(&c, f);
	else
		config_find(f, CONFIG_FAIL, CONFIGURATION, "%s", why.text);
}

/* Fields of the work that may hold secrets live in secret memory. */
struct opened {
	struct store store;
	struct store_value value;
	struct record_enroll enroll;
	struct record_hot hot;
};

static int first_key(void *ctx, const char *key)
{
	char user[USERKEY_NAME_MAX + 1];

	if (userkey_decode(strchr(key, '/') + 1, user) != 0)
		return 0; /* no record; named by the look at the files */
	(void)snprintf(ctx, STORE_KEY_MAX, "%s", key);
	return 1;
}

static int read_record(struct opened *o, const char *key, struct err *e)
{
	const struct store_value *v = &o->value;
	int r = store_get(&o->store, key, NULL, &o->value, e);

	if (r != 0)
		return r;
	r = strncmp(key, "hot/", 4) == 0 ? record_get_hot(&o->hot, v->data, v->len) :
	    record_get_enroll(&o->enroll, v->data, v->len);
	return r == 0 ? 0 : err_set(e, ERR_BAD,
	    "%s: its format is not one of this version's; restore it from a backup", key);
}

/* Some reasons begin with the path of the record, others with its key. */
static void tell_record(struct config_findings *f, enum config_level level,
    const struct conf *c, const char *text)
{
	bool whole = text[0] == '/';

	config_find(f, level, STORE, "%s%s%s", whole ? "" : c->store_dir, whole ? "" : "/", text);
}

static void open_decoy(struct opened *o, const struct conf *c, const char *key,
    struct config_findings *f)
{
	struct err why = {0};
	int r = read_record(o, key, &why);

	if (r == ERR_NONE)
		(void)err_set(&why, r, "%s: does not exist: not initialised; run `enroll-mfa init`",
		    key);
	else if (r == 0)
		(void)err_set(&why, r, "%s: opens under the keyring", key);
	tell_record(f, r == 0 ? CONFIG_OK : CONFIG_FAIL, c, why.text);
}

/* Both records of a user, and whether they belong together. */
static int read_pair(struct opened *o, const char *key, const char *hot_key,
    const char *user, struct err *e)
{
	struct err why = {0};
	int r = read_record(o, key, e);

	if (r != 0)
		return r;
	if ((r = read_record(o, hot_key, &why)) == ERR_NONE)
		return err_set(e, ERR_BAD, "%s: does not exist: every login of %s is refused; run "
		    "`enroll-mfa unlock %s`", hot_key, user, user);
	if (r != 0)
		return r == ERR_BAD ? err_set(e, r, "%s; `enroll-mfa unlock %s` makes it anew",
		    why.text, user) : err_set(e, r, "%s", why.text);
	for (int i = 0; i < o->enroll.devices; i++)
		if (record_find_entry(&o->hot, o->enroll.device[i].id) == NULL)
			return err_set(e, ERR_BAD, "%s: knows nothing of the device '%s' of %s: every "
			    "code is refused; run `enroll-mfa unlock %s`", hot_key,
			    o->enroll.device[i].name, user, user);
	return 0;
}

static void open_user(struct opened *o, const struct conf *c, const char *key,
    struct config_findings *f)
{
	const struct record_enroll *n = &o->enroll;
	char user[USERKEY_NAME_MAX + 1] = "", hot_key[STORE_KEY_MAX];
	struct err why = {0};
	int r = ERR_BAD;

	(void)userkey_decode(strchr(key, '/') + 1, user);
	(void)snprintf(hot_key, sizeof(hot_key), "hot/%.*s", USERKEY_MAX, strchr(key, '/') + 1);
	/* Twice: an enrolment may go on between the two reads. */
	for (int i = 0; i < 2 && r != 0 && r != ERR_NONE; i++)
		r = read_pair(o, key, hot_key, user, &why);
	if (r == ERR_NONE)
		return; /* it was removed meanwhile */
	if (r == 0)
		(void)err_set(&why, r, "%s: opens under the keyring, and so does its state", key);
	tell_record(f, r == 0 ? CONFIG_OK : CONFIG_FAIL, c, why.text);
	/* `enroll-mfa unlock` leaves it so on purpose when it makes state anew. */
	if (r == 0 && n->recovery.id != 0 && o->hot.spent[0].id != n->recovery.id &&
	    o->hot.spent[1].id != n->recovery.id)
		config_find(f, CONFIG_WARN, STORE, "%s/%s: no recovery code of %s is good any "
		    "more; make new ones: `enroll-mfa recovery %s`", c->store_dir, hot_key, user,
		    user);
}

/* The keyring belongs to the records when a decoy's and a user's open. */
static int check_store(const struct conf *c, struct config_findings *f, struct err *e)
{
	char key[STORE_KEY_MAX] = "";
	struct err why = {0};
	struct secret memory;
	struct opened *o;
	int r;

	if (secret_new(&memory, sizeof(*o)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	o = (struct opened *)(void *)memory.data;
	if ((r = store_open(&o->store, c, &why)) == ERR_INIT) {
		config_find(f, CONFIG_FAIL, STORE, "not initialised: %s", why.text);
	} else if (r != 0) {
		config_find(f, CONFIG_FAIL, STORE, "%s", why.text);
	} else {
		config_find(f, CONFIG_OK, STORE, "%s: %d keys", c->keyring,
		    o->store.keyring->count);
		open_decoy(o, c, "enroll/.00", f);
		open_decoy(o, c, "hot/.00", f);
		(void)store_list(&o->store, "enroll/", first_key, key, NULL);
		if (key[0] != '\0')
			open_user(o, c, key, f);
		store_close(&o->store);
	}
	secret_free(&memory);
	return 0;
}

/* One directory of records. */
struct sweep {
	struct config_findings *found;
	const char *path; /* of the directory */
	int64_t now;
	int records, decoys, bad, future;
};

static bool is_decoy(const char *name)
{
	return name[0] == '.' && isxdigit((unsigned char)name[1]) &&
	    isxdigit((unsigned char)name[2]) && name[3] == '\0';
}

/* As fstatat().  A file that is removed meanwhile may still be met, without a name. */
static int stat_entry(int dir, const char *name, struct stat *st)
{
	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (st->st_nlink > 0)
		return 0;
	errno = ENOENT;
	return -1;
}

/* What is wrong with a record file, or NULL.  By stat alone: there may be many. */
static const char *fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return _("is not a regular file; move it away");
	if (st->st_uid != 0)
		return _("does not belong to root; chown root it");
	if ((st->st_mode & 0077) != 0)
		return _("others have rights to it; chmod it to 0600");
	if (st->st_nlink != 1)
		return _("has more links than one; find and remove the others");
	if (st->st_size != SLOT_FILE)
		return _("has the wrong length; remove it and enrol anew, or restore a copy");
	return NULL;
}

static void sweep_file(struct sweep *w, const char *name, const struct stat *st)
{
	char user[USERKEY_NAME_MAX + 1];
	const char *why = fault(st);

	if (is_decoy(name)) {
		w->decoys++;
	} else if (userkey_decode(name, user) == 0) {
		w->records++;
	} else {
		config_find(w->found, CONFIG_WARN, FILES,
		    "%s/%.100s: is not a record of anybody; move it away", w->path, name);
		return;
	}
	if (why != NULL && ++w->bad <= NAMED_MAX)
		config_find(w->found, CONFIG_FAIL, FILES, "%s/%s: %s", w->path, name, why);
	if (st->st_mtime > w->now + DAY)
		w->future++;
}

static void tell_sweep(const struct sweep *w)
{
	if (w->bad > NAMED_MAX)
		config_find(w->found, CONFIG_FAIL, FILES, "%s: %d more files like these",
		    w->path, w->bad - NAMED_MAX);
	if (w->decoys != STORE_DECOYS)
		config_find(w->found, CONFIG_FAIL, FILES,
		    "%s: holds %d of the %d decoys: not initialised; run `enroll-mfa init`",
		    w->path, w->decoys, STORE_DECOYS);
	if (w->future > 0)
		config_find(w->found, CONFIG_WARN, CLOCK,
		    "%s: %d records were written more than a day from now; one of the two "
		    "clocks was wrong", w->path, w->future);
	if (w->bad == 0 && w->decoys == STORE_DECOYS)
		config_find(w->found, CONFIG_OK, FILES, "%s: %d records", w->path, w->records);
}

/* Takes over fd. */
static int sweep_dir(struct sweep *w, int fd, struct err *e)
{
	struct dirent *entry;
	struct stat st;
	DIR *d = fdopendir(fd);
	int r = 0;

	if (d == NULL) {
		r = err_errno(e, "%s", w->path);
		(void)close(fd);
		return r;
	}
	for (errno = 0; r == 0 && (entry = readdir(d)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (stat_entry(fd, entry->d_name, &st) == 0)
			sweep_file(w, entry->d_name, &st);
		else if (errno != ENOENT) /* it was removed meanwhile */
			r = err_errno(e, "%s/%s", w->path, entry->d_name);
	}
	if (r == 0 && errno != 0)
		r = err_errno(e, "%s", w->path);
	(void)closedir(d);
	if (r == 0)
		tell_sweep(w);
	return r;
}

/* A descriptor, or -1 with the finding made. */
static int open_dir(int parent, const char *name, const char *path,
    struct config_findings *f)
{
	struct err why = {0};
	struct stat st;
	int fd = parent >= 0 ? safefile_open_subdir(parent, name, path, &why) :
	    safefile_open_dir(path, &why);

	if (fd == ERR_NONE)
		config_find(f, CONFIG_FAIL, FILES,
		    "%s: does not exist: not initialised; run `enroll-mfa init`", path);
	else if (fd < 0)
		config_find(f, CONFIG_FAIL, FILES, "%s", why.text);
	else if (fstat(fd, &st) == 0 && (st.st_mode & 0077) != 0)
		config_find(f, CONFIG_WARN, FILES, "%s: mode %04o; chmod it to 0700", path,
		    (unsigned)(st.st_mode & 07777));
	return fd < 0 ? -1 : fd;
}

static int check_records(const struct config_request *q, const struct conf *c,
    struct config_findings *f, struct err *e)
{
	static const char *const kinds[] = {"enroll", "hot"};
	int root = open_dir(-1, NULL, c->store_dir, f);
	int r = 0;

	for (int i = 0; i < 2 && root >= 0 && r == 0; i++) {
		char path[CONF_PATH_MAX + 16];
		struct sweep w = {.found = f, .path = path, .now = q->now};
		int fd;

		(void)snprintf(path, sizeof(path), "%s/%s", c->store_dir, kinds[i]);
		if ((fd = open_dir(root, kinds[i], path, f)) >= 0)
			r = sweep_dir(&w, fd, e);
	}
	if (root >= 0)
		(void)close(root);
	return r;
}

static int read_host(int dir, const char *path, struct err *e)
{
	int fd = openat(dir, "machine-id", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? err_errno(e, "%s", path) : host_peek(fd, path, e);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Not through host_since(): that one may write. */
static void check_host(const struct conf *c, struct config_findings *f)
{
	char path[CONF_PATH_MAX + 16];
	const char *why = NULL;
	struct err bad = {0};
	struct stat st;
	int dir = open_dir(-1, NULL, c->state_dir, f);

	if (dir < 0)
		return;
	(void)snprintf(path, sizeof(path), "%s/machine-id", c->state_dir);
	if (stat_entry(dir, "machine-id", &st) == 0) {
		st.st_size = SLOT_FILE; /* judged by the read */
		why = fault(&st);
	} else if (errno == ENOENT) {
		why = _("does not exist: not initialised; run `enroll-mfa init`");
	} else {
		why = strerror(errno);
	}
	if (why != NULL)
		config_find(f, CONFIG_FAIL, FILES, "%s: %s", path, why);
	else if (read_host(dir, path, &bad) != 0)
		config_find(f, CONFIG_FAIL, FILES, "%s; `enroll-mfa init` makes it anew", bad.text);
	(void)close(dir);
}

static void check_clock(const struct config_request *q, struct config_findings *f)
{
	if (q->now < OTP_EARLIEST)
		config_find(f, CONFIG_FAIL, CLOCK,
		    "the clock says %lld, before 2020: every code is refused; set it",
		    (long long)q->now);
	else if (!q->synchronised)
		config_find(f, CONFIG_WARN, CLOCK, "the kernel says that the clock is not "
		    "synchronised; codes need it within half a minute: run chrony or "
		    "systemd-timesyncd");
	else
		config_find(f, CONFIG_OK, CLOCK, "synchronised");
}

/* A policy that cannot be read refuses every new password. */
static void check_policies(const struct conf *c, struct config_findings *f)
{
	struct password_policies p;
	struct err why = {0};

	if (password_policies_load(&p, c->password_policy, c->policy_file, &why) != 0)
		config_find(f, CONFIG_FAIL, CONFIGURATION, "no new password will be taken: %s",
		    why.text);
}

/* Where ages are enforced and no change can be noted, nobody gets past an old password, and
 * a login of root's goes on with one (expiry.h). */
static void check_change(const struct conf *c, struct config_findings *f)
{
	struct password_policies p;
	struct err why = {0};
	int r;

	if (c->age != CONF_AGE_ENFORCE ||
	    password_policies_load(&p, c->password_policy, c->policy_file, NULL) != 0 ||
	    (r = store_probe_pw(c, NULL, &why)) == 0 ||
	    (r == ERR_INIT && password_reuse(&p) == 0))
		return;
	config_find(f, CONFIG_FAIL, FILES, "age = enforce, and no password could be changed: %s",
	    why.text);
}

/* The places from *done on. */
static int check_places(const struct config_request *q, const struct config_places *p,
    size_t *done, struct config_findings *f, struct err *e)
{
	int r = 0;

	for (; *done < p->count && r == 0; ++*done) {
		const struct conf *c = &p->item[*done];

		r = check_store(c, f, e);
		if (r == 0)
			r = check_records(q, c, f, e);
		if (r == 0)
			check_host(c, f);
		if (r == 0)
			check_change(c, f);
	}
	return r;
}

int config_check(const struct config_request *q, struct config_findings *f, struct err *e)
{
	struct config_places places = {0};
	struct err why = {0};
	struct conf c;
	size_t done = 0;
	int r = 0;

	if (conf_load(&c, q->config, &why) != 0) {
		config_find(f, CONFIG_FAIL, CONFIGURATION, "%s", why.text);
	} else {
		tell_loaded(&c, f);
		check_policies(&c, f);
		places.file = &c;
		if (config_place(&places, &c) != 0)
			r = err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (r == 0)
		r = check_places(q, &places, &done, f, e);
	if (r == 0)
		r = config_pamd(q, f, &places, e);
	/* Lines may name a store of their own. */
	if (r == 0)
		r = check_places(q, &places, &done, f, e);
	free(places.item);
	if (r == 0)
		check_clock(q, f);
	return r == 0 && f->truncated ? err_set(e, ERR_SYSTEM, "out of memory") : r;
}
